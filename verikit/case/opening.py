"""Making a case and finding one again."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import itertools
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import safe_name, sha256_bytes
from verikit._version import __version__
from verikit.case.cells import require_notebooks
from verikit.case.derived import confined, copy_and_hash, pretty_json
from verikit.case.folder import JOURNAL, Case
from verikit.case.header import CASE, FORMAT, header_problems, read_header, seen_from
from verikit.case.journal import append, sync_folder
from verikit.case.posts import POST, further_posts, read_post
from verikit.errors import AuditError, MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verikit.case.claims import Claim

__all__ = ["Further", "extend_case", "new_case", "open_case", "require_case"]

# The names that posts have in a case; no video takes one.
_POSTS = re.compile(r"post(_\d+)?\.json")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """The clips and the posts (each the bytes of a post.json) that go with the same claim beside the first ones."""

    videos: tuple[Path, ...] = ()
    posts: tuple[bytes, ...] = ()


def new_case(
    folder: Path,
    *,
    video: Path,
    claim: Claim,
    notebooks: Path,
    archive: Path | None = None,
    post: bytes | None = None,
    by: str = "",
    further: Further | None = None,
) -> Case:
    """A new case in `folder`: a checked copy of the video, the post as it came, and the notebooks of a folder to work in.

    `post` is the post's JSON, kept byte for byte; `archive` the archive of earlier videos that the notebooks search; `by`
    who opens the case; `further` the clips and posts beside the first ones. The folder appears whole or not at all.

    Raises FileExistsError where the folder already holds something, FileNotFoundError for a missing video or where there
    are no notebooks, MediaError for an empty video, ValueError for a further post that is none, and AuditError for a
    notebook that is not of format 4.5.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link in the folder's own place
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise FileExistsError(f"{folder}: exists and is not an empty folder; choose another for the case")
    templates = {path.name: path.read_bytes() for path in sorted(Path(notebooks).glob("*.ipynb"))}
    if not templates:
        raise FileNotFoundError(f"{notebooks}: no notebooks (*.ipynb) in it")
    require_notebooks(templates)
    with _made_aside(folder) as aside:
        now = dt.datetime.now(dt.UTC)
        name = f"case-{now:%Y%m%d}-{secrets.token_hex(4)}"
        taken = [*_take_all(Further(videos=(video,)), aside, url=claim.url)]
        if post is not None:
            taken.append(_take_post(post, aside / "inputs" / POST, url=claim.url))
        taken += _take_all(further or Further(), aside)
        (aside / "scans").mkdir()
        (aside / "notebooks").mkdir()
        for file, data in templates.items():
            (aside / "notebooks" / file).write_bytes(data)
        about = {key: taken[0][key] for key in ("path", "name", "sha256", "size")}
        header: dict[str, Any] = {
            "format": FORMAT,
            "id": name,
            "created": now.isoformat(timespec="milliseconds"),
            "claim": claim.to_dict(),
            "video": about,
            "archive": None if archive is None else seen_from(folder, Path(archive)),
        }
        (aside / CASE).write_bytes(pretty_json(header))
        digests = {f"notebooks/{file}": sha256_bytes(data) for file, data in templates.items()}
        opened = {key: header[key] for key in ("claim", "archive")}
        opened |= {"by": by, "verikit": __version__, "notebooks": digests}
        append(aside / JOURNAL, "case-open", opened, case=name, time=now)
        for body in taken:
            append(aside / JOURNAL, "acquired", body | {"by": by}, case=name)
    return Case(folder=folder.resolve())


@contextlib.contextmanager
def _made_aside(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` that takes its place when the block ends well, and vanishes when it does not."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".new-case-", dir=folder.parent))
    try:
        yield aside
        # mkdtemp makes folders that only their owner can enter; give it the rights any new folder has.
        mask = os.umask(0)
        os.umask(mask)
        aside.chmod(0o777 & ~mask)
        if folder.is_dir():
            # Only an empty one goes; Windows does not rename over it.
            folder.rmdir()
        aside.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def extend_case(case: Case, further: Further) -> Case:
    """The case with further clips and posts of the same claim taken in, each told to the journal.

    Raises ValueError for a post that is none, and MediaError for an empty video.
    """
    for post in further.posts:
        # Before anything is copied: a file that no entry tells of could not be sealed.
        read_post(post, name="further post")
    before = len(further_posts(case.entries))
    for body in _take_all(further, case.folder, first=before + 2):
        case.tell("acquired", body | {"by": case.by})
    return case


def _take_all(given: Further, case: Path, *, url: str = "", first: int = 2) -> Iterator[dict[str, Any]]:
    """Clips and further posts copied into the case, as the journal tells of each; `first` numbers the posts."""
    for video in given.videos:
        yield _take_video(Path(video), case, url)
    for number, post in enumerate(given.posts, start=first):
        yield _take_post(post, case / "inputs" / f"post_{number}.json", url=read_post(post, name="further post").url)


def _take_video(video: Path, case: Path, url: str) -> dict[str, Any]:
    """The video copied into the case under a name that is safe everywhere, as the journal tells it."""
    # A name on Linux may be any bytes; what is not UTF-8 is shown as such.
    given = os.fsencode(video.name).decode("utf-8", "replace")
    suffix = "." + safe_name(video.suffix, most=12) if video.suffix else ""
    stem = safe_name(video.stem.encode("utf-8", "replace").decode("utf-8"), most=60)
    if _POSTS.fullmatch(f"{stem}{suffix}".casefold()):
        stem = f"video_{stem}"
    target = _free(case / "inputs", stem, suffix)
    if video.is_file() and not video.stat().st_size:
        raise MediaError(f"{video}: an empty file; download the video again")
    sha256, size = copy_and_hash(video, target)
    # A working copy is to be looked at, not changed.
    target.chmod(0o444)
    modified = dt.datetime.fromtimestamp(video.stat().st_mtime, dt.UTC).isoformat(timespec="seconds")
    return {
        "path": f"inputs/{target.name}",
        "name": given,
        "sha256": sha256,
        "size": size,
        "how": "copied from a file",
        "role": "video",
        # What the file system says; anyone can set it.
        "modified": modified,
        "url": url,
    }


def _free(folder: Path, stem: str, suffix: str) -> Path:
    """STEM.mp4 in the folder, or STEM_2.mp4 and so on where clips have the same name, whatever case it is written in."""
    folder.mkdir(exist_ok=True)
    there = {path.name.casefold() for path in folder.iterdir()}
    names = (f"{stem}{suffix}" if number == 1 else f"{stem}_{number}{suffix}" for number in itertools.count(1))
    return folder / next(name for name in names if name.casefold() not in there)


def _take_post(post: bytes, target: Path, *, url: str) -> dict[str, Any]:
    target.write_bytes(post)
    return {
        "path": f"inputs/{target.name}",
        "name": target.name,
        "sha256": sha256_bytes(post),
        "size": len(post),
        "how": "given with the video",
        "role": "post",
        "url": url,
    }


def require_case(folder: Path) -> None:
    """Raises FileNotFoundError for what is no case at all, as `open_case` does; whether it is in order is not asked."""
    if not any((Path(folder) / name).is_file() for name in (CASE, JOURNAL)):
        raise _no_case(Path(folder), where="no case.json in it")


def _no_case(place: Path, *, where: str) -> FileNotFoundError:
    if not place.exists():
        return FileNotFoundError(f"{place}: not there; check its name and place")
    return FileNotFoundError(f"{place}: not a case: {where}; make one with `verikit new`")


def open_case(folder: Path | None = None) -> Case:
    """The case in a folder; without one, the case that the working directory lies in.

    Raises FileNotFoundError where there is none, and AuditError where its journal, its claim or its video is not in order.
    """
    start = Path.cwd() if folder is None else Path(folder)
    places = [start, *start.resolve().parents] if folder is None else [start]
    found = next((place.resolve() for place in places if (place / CASE).is_file()), None)
    if found is None:
        raise _no_case(start, where="neither here nor in any folder above" if folder is None else "no case.json in it")
    case = Case(folder=found)
    if not case.journal.is_file() or not case.video.is_file():
        raise AuditError(f"{found.name}: its journal or its video is missing")
    _ = case.claim
    header = read_header(found)
    if problems := header_problems(header, case.entries):
        raise AuditError(f"{found.name}: {CASE} is not as the journal tells", problems=problems)
    for clip in case.videos:
        path = confined(found, clip.path)
        if not path.is_file() or path.stat().st_size != clip.size:
            said = "missing" if not path.is_file() else "its size differs"
            raise AuditError(f"{path.name}: not the video that was taken in: {said}; put the original back")
    return case
