"""A query made ready to be held against many references: its hashes and features as they would be, flipped, turned or negative."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np

from verikit.matching.features import joined, mirrored, negative
from verikit.matching.fingerprinting import features_in, fresh_stills, through
from verikit.matching.stills import spread
from verikit.matching.words import words_of
from verikit.media.hashing import LumaDCT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.features import Features
    from verikit.matching.fingerprinting import Fingerprint

__all__ = ["Probe", "Turned", "Variant", "probe"]

# Stills whose features are looked up, evenly spread: an edit lays them all in one place.
MOST_STILLS = 16
# Features of each.
MOST_LOOKED_UP = 1000
# Words that each feature is looked up under: so many branches of the tree, and so many leaves of each.
BRANCHES, LEAVES = 2, 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turned:
    """The query's hashes with an edit undone: codes uint8 (m, 32), of a query that was flipped, then turned clockwise."""

    mirrored: bool
    rotated: int
    codes: NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """The features of some stills with an edit undone, and uint16 (k, words) the words to look them up under."""

    mirrored: bool
    negative: bool
    features: Features
    words: NDArray[np.uint16]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Probe:
    """A query and all that is looked up of it. stills: int64 (s,), the rows of the query's stills that are looked up."""

    query: Fingerprint
    turned: tuple[Turned, ...]
    variants: tuple[Variant, ...]
    stills: NDArray[np.int64]


def probe(query: Fingerprint) -> Probe:
    """The Probe of a query."""
    whole = through(query.thumbs, query.area)
    chosen = spread(fresh_stills(query), most=MOST_STILLS)
    # More of a still than are kept: a small picture within the query has only a few of them.
    features = joined(features_in(query.stills[row], size=query.still_size, most=MOST_LOOKED_UP) for row in chosen)
    variants = []
    for flipped, inverse in itertools.product((False, True), repeat=2):
        made = mirrored(features, width=query.still_size[0]) if flipped else features
        made = negative(made) if inverse else made
        words = words_of(made.codes, branches=BRANCHES, leaves=LEAVES)
        variants.append(Variant(mirrored=flipped, negative=inverse, features=made, words=words))
    turned = tuple(
        Turned(mirrored=flipped, rotated=turn, codes=_codes(whole, flipped=flipped, turn=turn))
        for flipped, turn in itertools.product((False, True), (0, 90, 180, 270))
    )
    return Probe(query=query, turned=turned, variants=tuple(variants), stills=chosen)


def _codes(thumbs: NDArray[np.uint8], *, flipped: bool, turn: int) -> NDArray[np.uint8]:
    """Hashes of thumbnails turned back anticlockwise and flipped back; a quarter turn is squeezed into the same shape."""
    height, width = thumbs.shape[1:]
    back = np.rot90(thumbs, turn // 90, axes=(1, 2))
    if back.shape[1:] != (height, width):
        import cv2  # noqa: PLC0415

        back = np.stack(
            [cv2.resize(np.ascontiguousarray(t), (width, height), interpolation=cv2.INTER_AREA) for t in back]
        )
    return LumaDCT().many(np.ascontiguousarray(back[:, :, ::-1] if flipped else back))
