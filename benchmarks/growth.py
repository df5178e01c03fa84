"""What is lost when an archive grows: `python -m benchmarks.growth FOLDER --others FOLDER... --times 100`.

FOLDER is a set that `benchmarks.copies` composed; its copies are searched for in an archive of its references, and then
in one a hundred times as large. What is added is told apart: real videos first (those in --others, of which no query
holds anything), and beyond them films recombined of these: runs of two to five seconds in another order, half of them
mirrored, a quarter in negative colours, with bits of every hash and local feature turned over as another encoding turns
them. Recall is of pairs that are confirmed, and of pairs above the highest pair that is none.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.copy_runs import read
from benchmarks.copy_scores import Found, at_no_false, read_set, upper
from benchmarks.shots import wilson
from benchmarks.takes import CLIPS
from verikit.matching.features import joined, mirrored, negative
from verikit.matching.fingerprinting import COURSE_PER_SECOND, Fingerprint
from verikit.matching.index import refresh_index
from verikit.matching.searching import search
from verikit.matching.store import create_archive
from verikit.matching.words import words_of
from verikit.media.hashing import LumaDCT
from verikit.media.scan import HASHES_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from benchmarks.copy_scores import Pair, Set
    from verikit.matching.features import Features
    from verikit.matching.store import Archive

# Bits of 256 that are turned over: of a picture's hash, and of each local feature.
OF_A_HASH, OF_A_FEATURE = 8, 12
SECONDS = (8, 20)
RUN = (2, 5)
# Stills of what is recombined are only counted, so that a small JPEG stands for them.
WHOLE = (0.0, 0.0, 1.0, 1.0)
NOTHING = b"\xff\xd8\xff\xd9"


def noisy(codes: NDArray[np.uint8], rng: np.random.Generator, *, bits: int) -> NDArray[np.uint8]:
    """The codes, uint8 (n, 32), each with about so many bits turned over."""
    return codes ^ np.packbits(rng.random((len(codes), 256)) < bits / 256, axis=1)


def recombined(sources: Sequence[Fingerprint], rng: np.random.Generator, *, name: str) -> Fingerprint:
    """A fingerprint of runs of others."""
    wanted, held = int(rng.integers(*SECONDS)), 0
    thumbs, courses, features = [], [], []
    size = (0, 0)
    while held < wanted:
        source = sources[int(rng.integers(len(sources)))]
        last = int(source.duration)
        if last < RUN[0]:
            continue
        seconds = min(int(rng.integers(*RUN)), last)
        first = int(rng.integers(0, last - seconds + 1))
        flip, inverse = rng.random() < 0.5, rng.random() < 0.25
        size = source.still_size
        for still in range(first, min(first + seconds, len(source.stills))):
            one = source.features.of(still)
            one = mirrored(one, width=size[0]) if flip else one
            features.append(negative(one) if inverse else one)
        pictures = (
            source.thumbs[first * HASHES_PER_SECOND : (first + seconds) * HASHES_PER_SECOND],
            source.course[first * COURSE_PER_SECOND : (first + seconds) * COURSE_PER_SECOND],
        )
        for kept, shown in zip((thumbs, courses), pictures, strict=True):
            shown = shown[:, :, ::-1] if flip else shown  # noqa: PLW2901 each step takes the picture of the one before
            kept.append(255 - shown if inverse else shown)
        held += seconds
    films = np.concatenate(thumbs), np.ascontiguousarray(np.concatenate(courses))
    return _as_fingerprint(sources[0], films, joined(features), size=size, rng=rng, name=name)


def _as_fingerprint(
    base: Fingerprint,
    films: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    features: Features,
    *,
    size: tuple[int, int],
    rng: np.random.Generator,
    name: str,
) -> Fingerprint:
    thumbs, course = films
    codes = noisy(features.codes, rng, bits=OF_A_FEATURE)
    stills = len(features.starts) - 1
    return dataclasses.replace(
        base,
        name=name,
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        duration=len(thumbs) / HASHES_PER_SECOND,
        area=WHOLE,
        times=np.arange(len(thumbs)) / HASHES_PER_SECOND,
        usable=np.ones(len(thumbs), np.bool_),
        codes=noisy(LumaDCT().many(thumbs), rng, bits=OF_A_HASH),
        thumbs=thumbs,
        course=course,
        frame_times=np.arange(len(course)) / COURSE_PER_SECOND,
        frame_change=np.ones(len(course), np.float32),
        stills=(NOTHING,) * stills,
        still_times=np.arange(stills, dtype=np.float64),
        still_size=size,
        feature_places=features.places,
        feature_codes=codes,
        feature_starts=features.starts,
        words=words_of(codes)[:, 0],
    )


def searched(archive: Archive, queries: dict[str, Fingerprint]) -> tuple[Found, float]:
    """What is found of all queries in an archive, and the median of the seconds that a search took."""
    names = {entry.sha256: entry.name for entry in archive.entries()}
    matches: dict[Pair, tuple] = {}
    seconds = []
    for query, made in queries.items():
        began = time.perf_counter()
        found = search(archive, made).matches
        seconds.append(time.perf_counter() - began)
        for match in found:
            pair = query, names[match.reference_sha256]
            matches[pair] = (*matches.get(pair, ()), match.to_dict())
    return Found(matches=matches, version="", minutes=1, reading=0, searching=0), float(np.median(seconds))


def told(truth: Set, found: Found, *, title: str, searched: int, videos: int, seconds: float) -> None:
    """Print what was found of each family, and what was falsely confirmed of the pairs that were `searched`."""
    known = truth.positive.keys() | truth.same_scene
    others = {pair for pair in found.matches if pair not in known}
    highest = max((found.score(pair) for pair in others), default=-np.inf)
    false = sum(found.confirmed(pair) for pair in others)
    total = searched - len(known)
    print(f"\n{title}: {videos} videos, median search {seconds:.2f} s")
    for family in ("common", "hard"):
        pairs = [pair for pair in truth.positive if truth.queries[pair[0]][0] == family and pair[1] not in truth.second]
        sure = sum(found.confirmed(pair) for pair in pairs)
        above = at_no_false([found.score(pair) for pair in pairs], highest)
        print(
            f"  {family:8}{len(pairs):5} pairs, confirmed {sure} ({wilson(sure, len(pairs))} %), above all others {above:.3f}"
        )
    print(f"  falsely confirmed {false} of {total} pairs, at most {100 * upper(false, total):.4f} %")


def main(arguments: Sequence[str] | None = None) -> None:
    """Search the copies of a set in its own archive and in a larger one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what `python -m benchmarks.copies compose` wrote")
    parser.add_argument("--others", type=Path, nargs="+", required=True, help="folders of videos that no query is of")
    parser.add_argument("--times", type=int, default=100, help="how many times as large the archive grows")
    parser.add_argument("--only", default="", help="distortions, separated by commas; the negative queries stay in")
    parser.add_argument(
        "--copies", action="store_true", help="leave the negative queries out: they take two thirds of the time"
    )
    parser.add_argument("--cache", type=Path, help="where scans are kept; beside the set by default")
    options = parser.parse_args(arguments)
    cache = options.cache or options.folder / "scans"
    cache.mkdir(parents=True, exist_ok=True)
    truth = read_set(options.folder, only=set(filter(None, options.only.split(","))))
    own = [read(options.folder / "references" / name, cache)[0] for name in truth.references]
    others = [read(path, cache)[0] for path in clips_in(options.others)]
    asked = [name for name, (family, *_) in truth.queries.items() if family != "negative" or not options.copies]
    queries = {name: read(options.folder / "queries" / name, cache)[0] for name in asked}
    with tempfile.TemporaryDirectory(prefix="verikit-bench-") as aside:
        archive = create_archive(Path(aside) / "archive")
        steps = (
            ("its references", own),
            ("and real videos", others),
            ("and recombined ones", films_of(others, len(own) * options.times - len(own) - len(others))),
        )
        videos = 0
        for title, added in steps:
            for made in added:
                videos += archive.put(made, size=1, facts={})
            refresh_index(archive)
            found, seconds = searched(archive, queries)
            told(truth, found, title=title, searched=len(queries) * videos, videos=videos, seconds=seconds)


def clips_in(folders: Sequence[Path]) -> Iterator[Path]:
    """The clips in some folders, by name."""
    for folder in folders:
        yield from sorted(path for path in folder.iterdir() if path.suffix.lower() in CLIPS)


def films_of(sources: Sequence[Fingerprint], count: int) -> Iterator[Fingerprint]:
    """So many films recombined of others. The same sources give the same films."""
    rng = np.random.default_rng(1)
    for number in range(count):
        yield recombined(sources, rng, name=f"recombined-{number:05}.mp4")


if __name__ == "__main__":
    main(sys.argv[1:])
