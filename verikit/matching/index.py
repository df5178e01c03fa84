"""The index of an archive: shards that cover its videos, kept up to date where that may be written, and never believed.

What is in is decided by the archive alone. A shard that is missing, damaged or out of date is made anew; where nothing
may be written, or while another writer is at it, what no shard covers is read from the archive itself. So a search finds
the same either way; it only takes longer.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import math
import os
from typing import TYPE_CHECKING

import numpy as np

from verikit.matching.engines import best_engine
from verikit.matching.shards import (
    ASIDE,
    columns_of,
    columns_of_shard,
    drop_shards,
    joined,
    open_shard,
    problems_of,
    swept,
    write_shard,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from verikit.matching.engines import Engine
    from verikit.matching.shards import Columns, Shard
    from verikit.matching.store import Archive

__all__ = ["FOLDER", "Index", "index_problems", "mend_index", "open_index", "refresh_index"]

FOLDER = "index"
LOCK = ".lock"

# A shard made of fingerprints holds about so many rows; that bounds the memory it takes to make it.
BATCH_ROWS = 1 << 20
# Shards are merged up to about so many rows (a feature's row takes 44 bytes and a code's 36), and left alone from then on.
MOST_ROWS = 1 << 24
# So many shards of about one size (within a factor of TIER) are merged: each row is written anew only a few times.
MERGED = 8
TIER = 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Index:
    """The videos of one hasher in an archive as they were when it was opened, ready to be looked up.

    videos: each video's number and SHA-256. shards: the shards that are read; unindexed: numbers of the videos that no
    shard covers, which are read from the archive. engine: what compares codes.
    """

    archive: Archive
    hasher: str
    videos: Mapping[int, str]
    live: NDArray[np.uint32]
    shards: tuple[Shard, ...]
    unindexed: tuple[int, ...]
    engine: Engine

    def parts(self) -> Iterator[Shard]:
        """The shards, then the videos that no shard covers as shards in memory, one after another."""
        yield from self.shards
        unindexed = {number: self.videos[number] for number in self.unindexed}
        for batch in _batches(self.archive, self.hasher, videos=unindexed):
            yield joined(self.hasher, batch)

    def to_dict(self) -> dict[str, object]:
        """What a re-check needs to know of the way the search was done, as JSON."""
        return {
            "videos": len(self.videos),
            "hasher": self.hasher,
            "engine": self.engine.name,
            "engine_version": self.engine.version,
            "exact": True,
            "shards": len(self.shards),
            "read_from_archive": len(self.unindexed),
        }


def open_index(archive: Archive, *, hasher: str, engine: Engine | None = None, refresh: bool = True) -> Index:
    """The index of an archive's videos of one hasher, brought up to date first where that may be written.

    `engine` is the best one at hand unless it is named. Where `refresh` is False nothing is written.
    """
    index, whole = _as_it_is(archive, hasher, engine=engine or best_engine())
    if refresh and not (whole and not index.unindexed) and refresh_index(archive):
        index, _ = _as_it_is(archive, hasher, engine=index.engine)
    return index


def _as_it_is(archive: Archive, hasher: str, *, engine: Engine) -> tuple[Index, bool]:
    """The index as it stands, and whether all of its shards hold."""
    videos = archive.numbers().get(hasher, {})
    live = np.array(sorted(videos), np.uint32)
    opened = _opened(archive.folder / FOLDER)
    chosen, _ = _chosen(opened, hasher, live=live)
    covered = {int(number) for shard in chosen.values() for number in shard.videos}
    index = Index(
        archive=archive,
        hasher=hasher,
        videos=videos,
        live=live,
        shards=tuple(chosen.values()),
        unindexed=tuple(number for number in videos if number not in covered),
        engine=engine,
    )
    return index, len(opened) == len(_paths(archive.folder / FOLDER))


def refresh_index(archive: Archive) -> bool:
    """Make shards for the videos that none covers, drop damaged ones, merge small ones. True where it was done.

    False where nothing may be written, the disk is full, or another writer is at it: the archive is as good as before.
    """
    folder = archive.folder / FOLDER
    with contextlib.suppress(OSError), _locked(folder) as held:
        if held:
            swept(folder)
            opened = _opened(folder)
            drop_shards(path for path in _paths(folder) if path not in opened)
            numbers = archive.numbers()
            for hasher in {*numbers, *(shard.hasher for shard in opened.values())}:
                mine = {path: shard for path, shard in opened.items() if shard.hasher == hasher}
                _refresh(archive, hasher, opened=mine, videos=numbers.get(hasher, {}))
            return True
    return False


def index_problems(archive: Archive) -> tuple[str, ...]:
    """What of the shards does not hold, a line each, every byte of them read. They can be made anew at any time."""
    return tuple(problem for path in _paths(archive.folder / FOLDER) for problem in problems_of(path))


def mend_index(archive: Archive) -> tuple[str, ...]:
    """Remove the shards that do not hold. Returns what did not hold, a line each; the next search makes them anew.

    Raises OSError where that may not be written, BlockingIOError where another writer is at it.
    """
    folder = archive.folder / FOLDER
    damaged = {path: found for path in _paths(folder) if (found := problems_of(path))}
    if damaged:
        with _locked(folder) as held:
            if not held:
                raise BlockingIOError(f"{folder}: another writer is at the index; check again when it is done")
            drop_shards(damaged)
    return tuple(problem for found in damaged.values() for problem in found)


def _refresh(archive: Archive, hasher: str, *, opened: dict[Path, Shard], videos: Mapping[int, str]) -> None:
    live = np.array(sorted(videos), np.uint32)
    chosen, spare = _chosen(opened, hasher, live=live)
    drop_shards(spare)
    folder = archive.folder / FOLDER
    covered = {int(number) for shard in chosen.values() for number in shard.videos}
    uncovered = {number: sha256 for number, sha256 in videos.items() if number not in covered}
    for batch in _batches(archive, hasher, videos=uncovered):
        path = write_shard(joined(hasher, batch), folder)
        chosen[path] = open_shard(path)
    for path, shard in list(chosen.items()):
        # Half of it is of videos that were removed.
        if 2 * np.isin(shard.videos, live).sum() < len(shard.videos):
            _merge(hasher, [path], chosen=chosen, live=live)
    while group := _to_merge(chosen):
        _merge(hasher, group, chosen=chosen, live=live)


def _merge(hasher: str, group: list[Path], *, chosen: dict[Path, Shard], live: NDArray[np.uint32]) -> None:
    """Put one shard in the place of several. Until the old ones are gone readers see both, and read the larger."""
    columns = [columns_of_shard(chosen[path], live=live) for path in group]
    path = write_shard(joined(hasher, columns), group[0].parent)
    for old in group:
        del chosen[old]
    drop_shards(group)
    chosen[path] = open_shard(path)


def _to_merge(shards: Mapping[Path, Shard]) -> list[Path]:
    """The shards to merge next: as many of about one size as it takes."""
    tiers: dict[int, list[Path]] = {}
    for path, shard in sorted(shards.items()):
        if shard.size < MOST_ROWS // 2:
            tiers.setdefault(int(math.log(max(shard.size, 1), TIER)), []).append(path)
    for _, paths in sorted(tiers.items()):
        if len(paths) >= MERGED:
            group: list[Path] = []
            rows = 0
            for path in paths:
                if group and rows + shards[path].size > MOST_ROWS:
                    break
                group.append(path)
                rows += shards[path].size
            return group
    return []


def _chosen(
    opened: Mapping[Path, Shard], hasher: str, *, live: NDArray[np.uint32]
) -> tuple[dict[Path, Shard], list[Path]]:
    """Shards of one hasher that hold each video once, the largest first, and those that are not needed beside them."""
    chosen: dict[Path, Shard] = {}
    spare: list[Path] = []
    covered = np.empty(0, np.uint32)
    mine = [(path, shard) for path, shard in opened.items() if shard.hasher == hasher]
    for path, shard in sorted(mine, key=lambda pair: (-len(pair[1].videos), pair[0])):
        wanted = np.isin(shard.videos, live)
        # A removed video's rows in two shards are read in neither.
        if not wanted.any() or np.isin(shard.videos[wanted], covered).any():
            spare.append(path)
            continue
        chosen[path] = shard
        covered = np.concatenate([covered, shard.videos[wanted]])
    return chosen, spare


def _opened(folder: Path) -> dict[Path, Shard]:
    """The shards of a folder that hold."""
    found = {}
    for path in _paths(folder):
        # One that is damaged, or that a merge has just replaced: its videos are read from the archive.
        with contextlib.suppress(ValueError):
            found[path] = open_shard(path)
    return found


def _paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(ASIDE))


def _batches(archive: Archive, hasher: str, *, videos: Mapping[int, str]) -> Iterator[list[Columns]]:
    """What shards keep of these videos, in lists of about BATCH_ROWS rows. One that was removed meanwhile is left out."""
    batch: list[Columns] = []
    rows = 0
    for number, sha256 in videos.items():
        with contextlib.suppress(KeyError):
            batch.append(columns_of(archive.indexed(hasher, sha256), number))
            rows += len(batch[-1]["codes"]) + len(batch[-1]["words"])
        if rows >= BATCH_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether this process may change the shards meanwhile: one at a time may. The system lets go of a killed one's lock."""
    folder.mkdir(exist_ok=True)
    opened = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(opened)
