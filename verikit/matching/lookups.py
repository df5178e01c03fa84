"""Looking up in the index: every instant whose code is near, every local feature of the same visual word.

Shards are read one after another in blocks, so that memory depends on what is asked and found, not on the archive.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import itertools
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit.errors import AuditError
from verikit.matching.features import SIGNATURE, pairs_alike
from verikit.matching.shards import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from verikit.matching.engines import Engine, Near
    from verikit.matching.index import Index
    from verikit.matching.shards import Shard

__all__ = ["MOST_HITS", "MOST_ROWS_OF_WORD", "FeatureHits", "Hits", "features_alike", "features_of_words", "nearest"]

# Codes of a shard that are compared at once: 2 MB, which stays in a core's own cache while all queries pass over it.
BLOCK = 65_536
# Queries that are compared with a block at once; with BLOCK it bounds the pairs that one step can find.
GROUP = 32
# A query's hits beyond these, the farthest, are cut off, and that is told.
MOST_HITS = 5_000
# Hits that are held back before the farthest of them are dropped.
PENDING = 500_000
# Pairs of features that are compared at once: arrays of 2 MB, which the allocator hands out again without clearing pages.
PAIRS = 1 << 18
# A visual word of more rows than these is left out, and that is told.
MOST_ROWS_OF_WORD = 200_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hits:
    """Instants of the archive near queried codes: h hits for n queries, by video, then by query, then by instant.

    rows: int64 (h,) the query; videos: uint32 (h,) the video's number; instants: uint32 (h,) the fingerprint's instant;
    distances: uint16 (h,) bits that differ.
    found: int64 (n,) hits of each query before any were cut off; found_videos: int64 (n,) in how many videos.
    compared: codes that each query was compared with. most: hits a query may have; those beyond it, the farthest, were
    cut off where `found` is larger.
    """

    rows: NDArray[np.int64]
    videos: NDArray[np.uint32]
    instants: NDArray[np.uint32]
    distances: NDArray[np.uint16]
    found: NDArray[np.int64]
    found_videos: NDArray[np.int64]
    compared: int
    radius: int
    most: int

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Which queries lost hits to the limit: bool (n,)."""
        return self.found > self.most

    def without(self, queries: NDArray[np.bool_]) -> Hits:
        """The hits of all queries but those marked in `queries`, bool (n,)."""
        kept = ~queries[self.rows]
        names = ("rows", "videos", "instants", "distances")
        return dataclasses.replace(self, **{name: getattr(self, name)[kept] for name in names})

    def to_dict(self) -> dict[str, Any]:
        """What a re-check needs, as JSON: radius, limit, what was compared and what was cut."""
        return {
            "radius": self.radius,
            "compared": self.compared,
            "hits": int(self.found.sum()),
            "most_hits": self.most,
            "capped": [int(row) for row in np.nonzero(self.cut)[0]],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureHits:
    """Local features of the archive that share a queried feature's visual word: h hits, by video, still and query.

    rows: int64 (h,) the query; videos: uint32 (h,); stills: uint32 (h,) the video's still; features: uint32 (h,) which
    of the fingerprint's features; distances: uint16 (h,) bits in which the signatures differ; places: uint8 (h, 4) roughly
    where it lies (`rough_places`), in a still of sizes: uint16 (h, 2), width and height.
    common_words: the queried words that were left out because more than `most_rows` features have them.
    """

    rows: NDArray[np.int64]
    videos: NDArray[np.uint32]
    stills: NDArray[np.uint32]
    features: NDArray[np.uint32]
    distances: NDArray[np.uint16]
    places: NDArray[np.uint8]
    sizes: NDArray[np.uint16]
    common_words: tuple[int, ...]
    radius: int
    most_rows: int

    def to_dict(self) -> dict[str, Any]:
        """What a re-check needs, as JSON: radius, limit, and the words that were left out."""
        return {
            "radius": self.radius,
            "hits": len(self.rows),
            "most_rows_of_word": self.most_rows,
            "common_words": list(self.common_words),
        }


def nearest(index: Index, codes: NDArray[np.uint8], *, radius: int, most: int = MOST_HITS) -> Hits:
    """Every instant of the index whose code differs from a queried one in at most `radius` bits.

    `codes` is uint8 (n, 32). Exact: every code is compared with every other. Where a query has more than `most` hits,
    the nearest are kept, equal ones in the order of video and instant, so that the result does not depend on the shards.
    """
    count = len(codes)
    found, found_videos = np.zeros(count, np.int64), np.zeros(count, np.int64)
    held, fresh = _table(0), [_table(0)]
    farthest = np.full(count, np.iinfo(np.int64).max)
    pending = compared = 0
    for shard in index.parts():
        alive = np.isin(shard.videos, index.live)
        compared += int(np.diff(shard.starts)[alive].sum())
        last = np.full(count, -1, np.int64)
        for new, places in _near(index, shard, codes, radius=radius, alive=alive):
            found += np.bincount(new["row"], minlength=count)
            found_videos += _first_of_videos(new["row"], places, last=last)
            # Of a flood most is farther than what is held already.
            fresh.append(new[_rank(new) <= farthest[new["row"]]])
            pending += len(fresh[-1])
            if pending > PENDING + len(held):
                held, fresh, pending = _nearest_only(np.concatenate([held, *fresh]), most), [], 0
                farthest = _farthest(held, most, count=count)
    held = _nearest_only(np.concatenate([held, *fresh]), most)
    held = held[np.lexsort((held["instant"], held["row"], held["video"]))]
    return Hits(
        rows=held["row"].astype(np.int64),
        videos=held["video"].copy(),
        instants=held["instant"].copy(),
        distances=held["distance"].copy(),
        found=found,
        found_videos=found_videos,
        compared=compared,
        radius=radius,
        most=most,
    )


_HIT = np.dtype([("row", np.uint32), ("video", np.uint32), ("instant", np.uint32), ("distance", np.uint16)])


def _table(count: int) -> NDArray[np.void]:
    return np.empty(count, _HIT)


def _rank(hits: NDArray[np.void]) -> NDArray[np.int64]:
    """Hits as numbers that order them by distance, then by video."""
    rank: NDArray[np.int64] = (hits["distance"].astype(np.int64) << 32) | hits["video"]
    return rank


def _farthest(held: NDArray[np.void], most: int, *, count: int) -> NDArray[np.int64]:
    """The rank beyond which a query's hits need not be looked at: that of its last where it has as many as it may."""
    last = np.zeros(count, np.int64)
    np.maximum.at(last, held["row"], _rank(held))
    full = np.bincount(held["row"], minlength=count) >= most
    return np.where(full, last, np.iinfo(np.int64).max)


def _near(
    index: Index, shard: Shard, codes: NDArray[np.uint8], *, radius: int, alive: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.void], NDArray[np.int64]]]:
    """The hits in one shard, block by block, each with the place of its video in the shard."""
    whole = bool(alive.all())
    for first, start, found in _compared(index.engine, shard, codes, radius=radius):
        columns = found.columns + first
        places = np.searchsorted(shard.starts, columns, side="right") - 1
        kept = slice(None) if whole else alive[places]
        new = _table(len(columns[kept]))
        new["row"], new["video"] = found.rows[kept] + start, shard.videos[places[kept]]
        new["instant"], new["distance"] = shard.instants[columns[kept]], found.distances[kept]
        yield new, places[kept]


def _compared(
    engine: Engine, shard: Shard, codes: NDArray[np.uint8], *, radius: int
) -> Iterator[tuple[int, int, Near]]:
    """Each block of a shard compared with each group of queries, on all cores, told in order: (block, group, pairs)."""
    places = itertools.product(range(0, len(shard.codes), BLOCK), range(0, len(codes), GROUP))

    def compare(place: tuple[int, int]) -> tuple[int, int, Near]:
        first, start = place
        block = shard.codes[first : first + BLOCK]
        return first, start, engine.within(codes[start : start + GROUP], block, radius=radius)

    cores = len(os.sched_getaffinity(0))
    if cores == 1 or len(shard.codes) <= BLOCK:
        yield from map(compare, places)
        return
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        # A few ahead and no more: what was found and not yet taken in is held in memory.
        ahead = collections.deque(pool.submit(compare, place) for place in itertools.islice(places, 2 * cores))
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(pool.submit(compare, place) for place in itertools.islice(places, 1))


def _first_of_videos(
    rows: NDArray[np.uint32], places: NDArray[np.int64], *, last: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each query, in how many videos it was found for the first time. `last` is carried from block to block.

    Within a block hits come by query and then by video, and a video's blocks follow each other.
    """
    if not len(rows):
        return np.zeros(len(last), np.int64)
    begins = np.r_[True, rows[1:] != rows[:-1]]
    before = np.where(begins, last[rows], np.r_[-1, places[:-1]])
    counted = np.bincount(rows[places != before], minlength=len(last))
    last[rows] = places
    return counted


def _nearest_only(hits: NDArray[np.void], most: int) -> NDArray[np.void]:
    """The `most` nearest hits of each query; equally near ones in the order of video and instant."""
    counts = np.bincount(hits["row"])
    if not len(counts) or counts.max() <= most:
        return hits
    crowded = counts[hits["row"]] > most
    over = hits[crowded]
    over = over[np.lexsort((over["instant"], over["video"], over["distance"], over["row"]))]
    starts = np.searchsorted(over["row"], over["row"], side="left")
    return np.concatenate([hits[~crowded], over[np.arange(len(over)) - starts < most]])


def features_alike(
    index: Index,
    words: NDArray[np.uint16],
    *,
    signatures: NDArray[np.uint64],
    radius: int,
    most_rows: int = MOST_ROWS_OF_WORD,
) -> FeatureHits:
    """Local features of the index with the same visual word as a queried one and a signature within `radius` bits.

    `words` is uint16 (n,), `signatures` uint64 (n, 4). Only the rows of these words are read. A word that more than
    `most_rows` features of the archive have says little and costs much: it is left out and named in the result.
    """
    totals = np.zeros(WORDS, np.int64)
    for shard in index.parts():
        totals += np.diff(shard.word_starts) if len(shard.signatures) else 0
    common = totals > most_rows
    asked = np.nonzero(~common[words])[0]
    # By word, so that the rows are read in the order in which they lie.
    asked = asked[np.argsort(words[asked], kind="stable")]
    held = [np.empty(0, _FEATURE)]
    for shard in index.parts():
        if not len(shard.signatures):
            continue
        alive = np.isin(shard.still_videos, index.live)
        held += _alike(shard, asked, words=words, signatures=signatures, radius=radius, alive=alive)
    hits = np.concatenate(held)
    hits = hits[np.lexsort((hits["feature"], hits["row"], hits["still"], hits["video"]))]
    return FeatureHits(
        rows=hits["row"].astype(np.int64),
        videos=hits["video"].copy(),
        stills=hits["still"].copy(),
        features=hits["feature"].copy(),
        distances=hits["distance"].copy(),
        places=hits["place"].copy(),
        sizes=hits["size"].copy(),
        common_words=tuple(int(word) for word in np.unique(words[common[words]])),
        radius=radius,
        most_rows=most_rows,
    )


def features_of_words(index: Index, words: NDArray[np.uint16], *, most_rows: int = MOST_ROWS_OF_WORD) -> FeatureHits:
    """Every local feature of the index with one of `words`, uint16 (n,), whatever its signature.

    The distances say how many bits of each signature are set, since nothing is compared.
    """
    return features_alike(
        index,
        words,
        signatures=np.zeros((len(words), SIGNATURE), np.uint64),
        radius=64 * SIGNATURE,
        most_rows=most_rows,
    )


_FEATURE = np.dtype(
    [
        *(("row", np.uint32), ("video", np.uint32), ("still", np.uint32)),
        *(("feature", np.uint32), ("distance", np.uint16), ("place", np.uint8, (4,)), ("size", np.uint16, (2,))),
    ]
)


def _alike(
    shard: Shard,
    asked: NDArray[np.int64],
    *,
    words: NDArray[np.uint16],
    signatures: NDArray[np.uint64],
    radius: int,
    alive: NDArray[np.bool_],
) -> Iterator[NDArray[np.void]]:
    """The hits of the queried features `asked` in one shard, about PAIRS pairs at a time."""
    starts = shard.word_starts[words[asked]].astype(np.int64)
    counts = shard.word_starts[words[asked].astype(np.int64) + 1] - starts
    ends = np.cumsum(counts)
    first = 0
    while first < len(asked):
        past = int(ends[first - 1]) if first else 0
        after = max(first + 1, int(np.searchsorted(ends, past + PAIRS, side="right")))
        some = slice(first, after)
        first = after
        number = counts[some]
        rows = np.repeat(asked[some], number)
        # Each query's rows are neighbours: where they begin, and then one after another.
        places = np.arange(len(rows)) + np.repeat(starts[some] - (ends[some] - number - past), number)
        near, distances = pairs_alike(signatures, rows, theirs=shard.signatures, others=places, radius=radius)
        rows, places = rows[near], places[near]
        stills = shard.still_rows[places]
        if len(stills) and int(stills.max()) >= len(shard.still_videos):
            raise AuditError("the archive's index is damaged; `verikit archive check` says what holds and mends it")
        kept = alive[stills]
        rows, places, distances, stills = rows[kept], places[kept], distances[kept], stills[kept]
        new = np.empty(len(rows), _FEATURE)
        new["row"], new["distance"] = rows, distances
        new["video"], new["still"] = shard.still_videos[stills], shard.still_numbers[stills]
        new["feature"], new["place"], new["size"] = (
            shard.features[places],
            shard.places[places],
            shard.still_sizes[stills],
        )
        yield new
