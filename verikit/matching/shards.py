"""A shard: what a search reads of many videos, as memory-mapped arrays in one folder. Derived, never the truth.

Codes are one table, video after video. Local features are sorted by their visual word, with a table of where each word
begins, so that a search reads the rows of its own words alone. A shard is written aside and renamed; its manifest holds
the size and checksum of every file, and what does not agree with it is not read but made anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from verikit._files import canonical_json, sha256_file, sha256_text
from verikit.matching.engines import CODE_BYTES
from verikit.matching.features import SIGNATURE, rough_places
from verikit.matching.features import joined as joined_features
from verikit.matching.fingerprinting import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from verikit.matching.lists import Listed

__all__ = [
    "WORDS",
    "Columns",
    "Shard",
    "columns_of",
    "columns_of_shard",
    "drop_shards",
    "joined",
    "open_shard",
    "problems_of",
    "swept",
    "write_shard",
]

FORMAT = "verikit-shard/2"
MANIFEST = "manifest.json"
ASIDE = ".writing-"
WORDS = 65_536

# Each array with its type; all have one axis but those with a width. The big tables of features are only sized up when a shard is
# opened, since a search reads a small part of them; `problems_of` reads everything.
_ARRAYS: dict[str, Any] = {
    "videos": np.uint32,
    "starts": np.int64,
    "codes": np.uint8,
    "instants": np.uint32,
    "still_videos": np.uint32,
    "still_numbers": np.uint32,
    "still_sizes": np.uint16,
    "word_starts": np.uint32,
    "signatures": np.uint64,
    "still_rows": np.uint32,
    "features": np.uint32,
    "places": np.uint8,
}
_WIDTHS: dict[str, tuple[int]] = {
    "codes": (CODE_BYTES,),
    "signatures": (SIGNATURE,),
    "still_sizes": (2,),
    "places": (4,),
}
_OF_FEATURES = ("signatures", "still_rows", "features", "places")
_ONLY_SIZED = frozenset(_OF_FEATURES)

# The tables of a shard that is being made: a word for each feature and a count for each video in place of the starts.
Columns: TypeAlias = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shard:
    """What a search reads of v videos with n codes, s stills and k local features.

    videos: uint32 (v,) their numbers in the archive; starts: int64 (v + 1,) where the codes of each begin.
    codes: uint8 (n, 32); instants: uint32 (n,) which of the fingerprint's instants each is. Unusable ones are left out.
    still_videos, still_numbers: uint32 (s,) the video of each still and which of its stills it is. still_sizes: uint16 (s, 2),
    width and height.
    word_starts: uint32 (65537,) where the features of each visual word begin, or (1,) where there is none. signatures: uint64 (k, 4); still_rows:
    uint32 (k,) rows of the stills' tables; features: uint32 (k,) which of the fingerprint's features each is; places: uint8
    (k, 4) roughly where it lies, how large it is and which way it points (`rough_places`).
    """

    hasher: str
    videos: NDArray[np.uint32]
    starts: NDArray[np.int64]
    codes: NDArray[np.uint8]
    instants: NDArray[np.uint32]
    still_videos: NDArray[np.uint32]
    still_numbers: NDArray[np.uint32]
    still_sizes: NDArray[np.uint16]
    word_starts: NDArray[np.uint32]
    signatures: NDArray[np.uint64]
    still_rows: NDArray[np.uint32]
    features: NDArray[np.uint32]
    places: NDArray[np.uint8]

    @property
    def size(self) -> int:
        """Rows of both kinds."""
        return len(self.codes) + len(self.signatures)


def columns_of(made: Fingerprint | Listed, number: int) -> Columns:
    """What a shard keeps of one fingerprint or list. `number` is the video's in the archive.

    Instants that are not usable are left out; a fingerprint need not have local features.
    """
    usable = np.nonzero(made.usable)[0]
    features = made.features if isinstance(made, Fingerprint) else joined_features(())
    words = made.words if isinstance(made, Fingerprint) else np.empty(0, np.uint16)
    size = made.still_size if isinstance(made, Fingerprint) else (1, 1)
    numbers, still_rows = np.unique(features.stills, return_inverse=True)
    return {
        "videos": np.array([number], np.uint32),
        "counts": np.array([len(usable)], np.int64),
        "codes": made.codes[usable],
        "instants": usable.astype(np.uint32),
        "still_videos": np.full(len(numbers), number, np.uint32),
        "still_numbers": numbers.astype(np.uint32),
        "still_sizes": np.full((len(numbers), 2), size, np.uint16),
        "words": words,
        "signatures": features.signatures,
        "still_rows": still_rows.astype(np.int64),
        "features": np.arange(len(words), dtype=np.uint32),
        "places": rough_places(features.places, size),
    }


def columns_of_shard(shard: Shard, *, live: NDArray[np.uint32]) -> Columns:
    """What a shard keeps of the videos that are still in the archive: those with the numbers `live`."""
    columns: Columns = {name: getattr(shard, name) for name in _ARRAYS}
    counts = np.diff(columns.pop("starts"))
    counts_of_words = np.diff(columns.pop("word_starts"))
    words = np.repeat(np.arange(len(counts_of_words), dtype=np.uint16), counts_of_words)
    columns |= {"counts": counts, "words": words}
    kept, stills = np.isin(shard.videos, live), np.isin(shard.still_videos, live)
    rows, features = np.repeat(kept, counts), stills[shard.still_rows]
    masks = {"videos": kept, "counts": kept, "codes": rows, "instants": rows}
    masks |= dict.fromkeys(("still_videos", "still_numbers", "still_sizes"), stills)
    masks |= dict.fromkeys(("words", *_OF_FEATURES), features)
    columns = {name: column[masks[name]] for name, column in columns.items()}
    columns["still_rows"] = (np.cumsum(stills) - 1)[columns["still_rows"]]
    return columns


def joined(hasher: str, parts: Sequence[Columns]) -> Shard:
    """One shard, in memory, of the columns of videos and of shards, all of one hasher."""
    offsets = np.cumsum([0, *(len(part["still_videos"]) for part in parts)])
    parts = [{**part, "still_rows": part["still_rows"] + offset} for part, offset in zip(parts, offsets, strict=False)]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    counts, words = whole.pop("counts"), whole.pop("words")
    order = np.argsort(words, kind="stable")
    for name in _OF_FEATURES:
        whole[name] = whole[name][order].astype(_ARRAYS[name])
    return Shard(
        hasher=hasher,
        starts=_starts(counts),
        word_starts=_starts(np.bincount(words, minlength=WORDS) if len(words) else words).astype(np.uint32),
        **whole,
    )


def _starts(counts: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def write_shard(shard: Shard, folder: Path) -> Path:
    """Write a shard into a new folder within `folder`, aside and renamed. Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(8)
    aside = folder / f"{ASIDE}{name}"
    aside.mkdir()
    files = {}
    try:
        for array in _ARRAYS:
            path = aside / f"{array}.npy"
            with path.open("wb") as stream:
                np.save(stream, getattr(shard, array), allow_pickle=False)
                if array in _ONLY_SIZED:
                    # What a loss of power does to the others is seen when they are opened.
                    stream.flush()
                    os.fsync(stream.fileno())
            files[array] = {"size": path.stat().st_size, "sum": _sum(path), "sha256": sha256_file(path)}
        told = {"format": FORMAT, "hasher": shard.hasher, "files": files}
        checked = {**told, "checksum": sha256_text(canonical_json(told))}
        (aside / MANIFEST).write_text(canonical_json(checked), encoding="utf-8")
        aside.rename(folder / name)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return folder / name


def open_shard(folder: Path) -> Shard:
    """The shard in a folder, memory-mapped. Raises ValueError where it is damaged or of another format.

    The manifest, every size, every shape and the sums of all but the big tables of features are checked.
    """
    try:
        return _opened(folder)
    except (OSError, EOFError, KeyError, TypeError) as error:
        raise ValueError(f"{folder.name}: {error}") from error


def problems_of(folder: Path) -> tuple[str, ...]:
    """What of a shard does not hold, a line each, every byte of it read."""
    try:
        _opened(folder)
        files = _manifest(folder)["files"]
        return tuple(
            f"index/{folder.name}/{name}.npy differs from its checksum"
            for name in _ARRAYS
            if sha256_file(folder / f"{name}.npy") != files[name]["sha256"]
        )
    except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
        return (f"index/{folder.name}: {error}",)


def _opened(folder: Path) -> Shard:
    told = _manifest(folder)
    arrays: dict[str, Any] = {}
    for name, kind in _ARRAYS.items():
        path = folder / f"{name}.npy"
        if path.stat().st_size != told["files"][name]["size"]:
            raise ValueError(f"{path.name} has another size than its manifest says")
        if name not in _ONLY_SIZED and _sum(path) != told["files"][name]["sum"]:
            raise ValueError(f"{path.name} differs from its sum")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if array.dtype != kind or array.shape != (len(array), *_WIDTHS.get(name, ())):
            raise ValueError(f"{path.name} has another shape than a shard's")
        arrays[name] = array.view(np.ndarray)
    shard = Shard(hasher=told["hasher"], **arrays)
    _require_agreement(shard)
    return shard


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if path.stat().st_size > 100_000:
        raise ValueError("a manifest is shorter")
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    checksum = told.pop("checksum")
    if checksum != sha256_text(canonical_json(told)):
        raise ValueError("the manifest differs from its checksum")
    if told["format"] != FORMAT:
        raise ValueError(f"not a shard of format {FORMAT}")
    return told


def _require_agreement(shard: Shard) -> None:
    """Raise ValueError unless the tables agree in length and each row they point at is there."""
    rows, features, stills = len(shard.codes), len(shard.signatures), len(shard.still_videos)
    if (
        len(shard.starts) != len(shard.videos) + 1
        or len(shard.instants) != rows
        or {len(shard.still_numbers), len(shard.still_sizes)} != {stills}
        or len(shard.word_starts) != (WORDS + 1 if features else 1)
        or {len(shard.still_rows), len(shard.features), len(shard.places)} != {features}
        or not _leads(shard.starts, to=rows)
        or not _leads(shard.word_starts, to=features)
    ):
        raise ValueError("its tables do not agree")


def _leads(starts: NDArray[Any], *, to: int) -> bool:
    return bool(starts[0] == 0 and starts[-1] == to and (starts[1:] >= starts[:-1]).all())


def _sum(path: Path) -> str:
    """A sum and a parity of a file's 64-bit words: seven times as fast as a CRC, and any bit that is lost shows."""
    total = parity = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            words = np.frombuffer(block + bytes(-len(block) % 8), np.uint64)
            total = (total + int(np.add.reduce(words))) % 2**64
            parity ^= int(np.bitwise_xor.reduce(words))
    return f"{total:016x}{parity:016x}"


def swept(folder: Path) -> None:
    """Remove what killed writers left in a folder of shards. Only whoever holds the folder's lock may call this."""
    for left in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)


def drop_shards(folders: Iterable[Path]) -> None:
    """Remove shards. Whoever has one open goes on reading it."""
    for folder in folders:
        # Renamed first: a shard that is half removed must not look like a damaged one.
        gone = folder.with_name(f"{ASIDE}{folder.name}-gone")
        with contextlib.suppress(OSError):
            folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
