"""Which videos of an archive a query is held against: all of a small one, of a large one those that its index points to."""

from __future__ import annotations

import dataclasses
import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit.matching.gate import gate_of
from verikit.matching.lookups import features_alike, nearest
from verikit.matching.pointing import agreeing_places

if TYPE_CHECKING:
    from verikit.matching.gate import Gate
    from verikit.matching.index import Index
    from verikit.matching.lookups import FeatureHits, Hits
    from verikit.matching.probing import Probe, Variant

__all__ = ["Shortlist", "shortlist_of"]

# An archive of at most so many videos is looked through whole: it takes a few seconds and nothing can escape the index.
ALL = 40
# Bits of 256 by which an instant may differ to point to a video. Chance brings about one pair in a hundred million so near.
NEAR = 60
# Bits of 256 by which a local feature may, the stills and the features of each that are looked up, and the videos that
# features point to. In one still of a picture in a corner of a fifth of the width some twenty features lie so near.
ALIKE, STILLS, OF_A_STILL, MOST_BY_FEATURES = 24, 8, 300, 24


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shortlist:
    """The videos to look into, by their numbers, and how they were chosen. `whole`: all of them, nothing was looked up."""

    videos: tuple[int, ...]
    whole: bool
    index: Index
    hits: Hits | None = None
    gate: Gate | None = None
    features: tuple[FeatureHits, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What a re-check needs, as JSON."""
        told: dict[str, Any] = {"looked_into": len(self.videos), "whole": self.whole, "index": self.index.to_dict()}
        if self.hits is not None and self.gate is not None:
            told |= {"hashes": self.hits.to_dict(), "gate": self.gate.to_dict()}
            told["features"] = [found.to_dict() for found in self.features]
        return told

    def sentence(self) -> str:
        """What was not looked into, for people; empty where everything was."""
        if self.whole:
            return ""
        told = (
            f"Of {len(self.index.videos)} videos the index pointed to {len(self.videos)}, which were looked into; "
            "a small or worn picture within the clip can escape it."
        )
        return f"{told} {self.gate.sentence() if self.gate is not None else ''}".strip()


def shortlist_of(made: Probe, index: Index) -> Shortlist:
    """The videos of an index to hold a query against: those near in hashes, then those with most like local features."""
    if len(index.videos) <= ALL:
        return Shortlist(videos=tuple(index.videos), whole=True, index=index)
    straight = [turned.codes[made.query.usable] for turned in made.turned if turned.rotated == 0]
    hits = nearest(index, np.concatenate(straight), radius=NEAR)
    gate = gate_of(hits, videos=len(index.videos))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        features = tuple(pool.map(functools.partial(_alike, index), made.variants))
    chosen = dict.fromkeys([*(int(number) for number in gate.videos), *_pointed_to(made, features)])
    return Shortlist(videos=tuple(chosen), whole=False, index=index, hits=hits, gate=gate, features=features)


def _alike(index: Index, variant: Variant) -> FeatureHits:
    """The archive's features that are like a variant's strongest, of a few of its stills; rows are those of the variant."""
    starts = variant.features.starts
    stills = np.unique(np.linspace(0, len(starts) - 2, min(STILLS, len(starts) - 1)).astype(np.int64))
    # The features of a still come the strongest of each part first.
    rows = [np.arange(starts[still], min(starts[still + 1], starts[still] + OF_A_STILL)) for still in stills]
    chosen = np.concatenate(rows) if rows else np.empty(0, np.int64)
    asked = np.repeat(chosen, variant.words.shape[1])
    found = features_alike(
        index, variant.words[chosen].ravel(), signatures=variant.features.signatures[asked], radius=ALIKE
    )
    return dataclasses.replace(found, rows=asked[found.rows])


def _pointed_to(made: Probe, features: tuple[FeatureHits, ...]) -> list[int]:
    """The videos of which most places agree with one variant of the query on how it lies there, those with most first."""
    size = np.array(made.query.still_size, np.float64)
    most: dict[int, int] = {}
    for variant, found in zip(made.variants, features, strict=True):
        for number, places in agreeing_places(variant.features.places, found, size=size).items():
            most[number] = max(most.get(number, 0), places)
    return sorted(most, key=lambda number: (-most[number], number))[:MOST_BY_FEATURES]
