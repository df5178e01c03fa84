"""Filling the archive of known footage from files and folders: resumable, on all cores, each video in its own process."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import errno
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.errors import AuditError, VerikitError
from verikit.matching.index import index_problems, mend_index, refresh_index
from verikit.matching.store import create_archive, open_archive, was_left_unmade
from verikit.media.isolation import STALL_SECONDS, Stopped, answer_of_child, expendable
from verikit.media.video import open_video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Added", "ArchiveCheck", "add_to_archive", "check_archive"]

# What a folder is searched for when it is added to an archive. Anything else is added by naming it.
VIDEO_ENDINGS = frozenset(
    {
        *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
    }
)

# How SQLite names a disk that is full.
SQLITE_FULL = 13
NO_ROOM = "not tried: there is no room left on the disk; make room, then add it again"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of the files that were to go into an archive. `failed` are pairs of a file and what was wrong."""

    added: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON of `archive add`: counts, and the failed files with their errors."""
        return {
            "added": len(self.added),
            "skipped": len(self.skipped),
            "failed": [{"file": file, "error": error} for file, error in self.failed],
        }


def add_to_archive(
    archive: Path,
    paths: Sequence[Path],
    *,
    workers: int | None = None,
    stall: float = STALL_SECONDS,
    progress: Callable[[str, int, int], None] | None = None,
) -> Added:
    """Fingerprint files and folders into the archive in a folder, which is made when the first video goes in.

    Each video is in as soon as it is done, so that the work can be stopped or killed and taken up again; what is in is
    skipped. `workers` videos are worked on at once, as many as there are cores unless said, each in a process of its
    own: one that crashes, or is silent for `stall` seconds, is listed as failed and never stops the others. `progress` is
    called with each file's name, its number and how many there are, and between them with how far the work is.
    """
    work = _Work(archive=archive, stall=stall)
    files = list(_videos_in(paths))
    results: list[_Result] = []
    with concurrent.futures.ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
        futures = [pool.submit(work.add, path) for path in files]
        try:
            for number, (path, future) in enumerate(zip(files, futures, strict=True), start=1):
                if progress is not None:
                    progress(path.name, number, len(files))
                while not concurrent.futures.wait([future], timeout=1.0).done:
                    if progress is not None and (beats := work.beats()):
                        progress(beats, number, len(files))
                results.append(future.result())
        finally:
            work.stop.set()
            pool.shutdown(cancel_futures=True)
    if any(result.kind == "added" for result in results):
        refresh_index(open_archive(archive))
    return Added(
        added=tuple(path.name for path, result in zip(files, results, strict=True) if result.kind == "added"),
        skipped=tuple(path.name for path, result in zip(files, results, strict=True) if result.kind == "skipped"),
        failed=tuple((str(p), r.error) for p, r in zip(files, results, strict=True) if r.kind in {"failed", "full"}),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCheck:
    """Whether an archive holds. `videos` and `removed` are None where it does not.

    index: what of the shards did not hold. They are no part of the truth: those were removed, a search makes them anew.
    """

    problems: tuple[str, ...]
    videos: int | None = None
    removed: int | None = None
    index: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything holds that cannot be made anew."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """The check as JSON."""
        return {
            "ok": self.ok,
            "videos": self.videos,
            "removed": self.removed,
            "problems": list(self.problems),
            "index": list(self.index),
        }

    def summary(self) -> str:
        """The check for people, a line for each problem."""
        mended = [f"{problem}: removed, the next search makes it anew" for problem in self.index]
        held = [f"all holds: {self.videos} videos, {self.removed} removed, none lost"] if self.ok else []
        return "\n".join([*self.problems, *mended, *held])


def check_archive(archive: Path) -> ArchiveCheck:
    """Whether the archive in a folder holds, every byte of it read. Shards that do not are removed.

    Raises FileNotFoundError where there is no archive.
    """
    try:
        opened = open_archive(archive)
        problems = opened.problems()
        if problems:
            return ArchiveCheck(problems=problems)
        videos, removed = len(opened.entries()), opened.removed()
    except AuditError as error:
        # SQLite itself cannot read it through: that is the answer, not an error.
        return ArchiveCheck(problems=(str(error).split("; ")[0],))
    try:
        mended = mend_index(opened)
    except OSError as error:
        return ArchiveCheck(problems=(*index_problems(opened), str(error)))
    return ArchiveCheck(problems=(), videos=videos, removed=removed, index=mended)


def _videos_in(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in VIDEO_ENDINGS and p.is_file())
        else:
            yield path


@dataclasses.dataclass(frozen=True, slots=True)
class _Result:
    """added, skipped, failed, or full where the disk was."""

    kind: str
    error: str = ""


class _Work:
    """What the threads share: where to, whether to go on, and what each is at."""

    def __init__(self, *, archive: Path, stall: float) -> None:
        self.archive, self.stall = archive, stall
        self.stop, self.full = threading.Event(), threading.Event()
        self._at: dict[int, str] = {}

    def beats(self) -> str:
        """What is being worked on, and how far each is."""
        return ", ".join(sorted(self._at.copy().values()))

    def add(self, path: Path) -> _Result:
        """Add one file, in a process of its own unless it is in or cannot even be read."""
        if self.full.is_set():
            return _Result("failed", NO_ROOM)
        try:
            result = self._added(path)
        except (VerikitError, OSError) as error:
            result = _Result("failed", plain(_named(path, error)))
        except Stopped:
            result = _Result("failed", "stopped")
        finally:
            self._at.pop(threading.get_ident(), None)
        if result.kind == "full":
            self.full.set()
        return result

    def _added(self, path: Path) -> _Result:
        if path.exists() and not path.is_file():
            raise OSError(f"{path}: not a file")
        # Hashed here, so that taking up the work again costs no process for what is in.
        sha256 = open_video(path).sha256
        there = self.archive.is_dir() and any(self.archive.iterdir()) and not was_left_unmade(self.archive)
        if there and open_archive(self.archive).holds(sha256):
            return _Result("skipped")
        told = answer_of_child(
            "verikit.workflow.archiving",
            [str(self.archive), str(path)],
            stop=self.stop,
            stall=self.stall,
            beat=lambda done: self._at.update({threading.get_ident(): f"{path.name}: {done}"}),
        )
        return _Result(**json.loads(told))


def _named(path: Path, error: Exception) -> str:
    """What went wrong, naming the file."""
    told = str(error)
    return told if path.name in told else f"{path}: {told}"


# ------------------------------------------------------------------------------------------------------ in the child


def _child(archive: Path, path: Path) -> _Result:
    """Fingerprint a file and put it into the archive, which is made where there is none."""
    # What a child alone needs.
    from verikit.container.inspection import inspect  # noqa: PLC0415
    from verikit.matching.fingerprinting import fingerprint  # noqa: PLC0415
    from verikit.media.scanning import scan_video  # noqa: PLC0415
    from verikit.workflow.copies import claimed_facts  # noqa: PLC0415

    try:
        # A name on Linux may be any bytes; the archive keeps text.
        video = dataclasses.replace(open_video(path), name=os.fsencode(path.name).decode("utf-8", "replace"))
        made = fingerprint(scan_video(video, progress=_beat()))
        facts = claimed_facts(inspect(video), made)
        new = create_archive(archive).put(made, size=video.size, facts=facts)
    except (VerikitError, OSError) as error:
        cause = error.__cause__ or error
        full = getattr(cause, "sqlite_errorcode", None) == SQLITE_FULL or getattr(cause, "errno", 0) == errno.ENOSPC
        return _Result("full" if full else "failed", plain(_named(path, error)))
    return _Result("added" if new else "skipped")


def _beat() -> Callable[[float, float | None], None]:
    """Tells on stdout how far the scan is, at most once a second. Where nobody listens any more, that ends the process."""
    last = [0.0]

    def tell(done: float, whole: float | None) -> None:
        if time.monotonic() - last[0] >= 1:
            last[0] = time.monotonic()
            _write(f"{done:.0f} s" + (f" of {whole:.0f} s" if whole else ""))

    return tell


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    expendable()
    _write(json.dumps(dataclasses.asdict(_child(Path(sys.argv[1]), Path(sys.argv[2])))))
