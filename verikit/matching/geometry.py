"""Where one picture lies inside another: matched local features that agree on one map.

This is the evidence that a person can check by eye: the matched points and the outlined region.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit.matching.features import features_of, negative
from verikit.matching.features import mirrored as mirrored_features
from verikit.matching.placements import filed, find_placements
from verikit.matching.voting import CELL
from verikit.matching.words import words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Registration", "evened", "register_pictures"]

# Features of each picture, and words of the tree under which each is looked up: there are only two pictures to compare.
MOST_FEATURES, BRANCHES, LEAVES = 1000, 4, 4


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """How a query picture lies on a reference picture.

    homography: float64 (3, 3), maps query pixels to reference pixels, the flip of a mirrored query included.
    inliers: matched points that agree with it; query_points and reference_points: float32 (inliers, 2).
    """

    homography: NDArray[np.float64]
    query_points: NDArray[np.float32]
    reference_points: NDArray[np.float32]

    @property
    def inliers(self) -> int:
        """How many matched points agree."""
        return len(self.query_points)

    def to_dict(self) -> dict[str, Any]:
        """The contract's geometry."""
        return {"homography": [[round(float(v), 6) for v in row] for row in self.homography], "inliers": self.inliers}


def register_pictures(
    query: NDArray[np.uint8], reference: NDArray[np.uint8], *, mirrored: bool = False, inverted: bool = False
) -> Registration | None:
    """The map from one RGB picture to another that most matched points agree with; None where no more do than by chance.

    `mirrored`: the query is flipped left to right; `inverted`: it is a negative.
    """
    width = query.shape[1]
    mine, theirs = features_of(query, most=MOST_FEATURES), features_of(reference, most=MOST_FEATURES)
    mine = mirrored_features(mine, width=width) if mirrored else mine
    mine = negative(mine) if inverted else mine
    sizes = tuple(np.array(picture.shape[1::-1], np.float64) for picture in (query, reference))
    found = find_placements(
        mine,
        words_of(mine.codes, branches=BRANCHES, leaves=LEAVES),
        reference=theirs,
        index=filed(words_of(theirs.codes)[:, 0]),
        sizes=(sizes[0], sizes[1]),
    )
    if not found:
        return None
    best = found[0]
    points = mine.places[best.queries, :2]
    # Points on one spot are one piece of evidence.
    first = np.sort(np.unique(np.floor(points / CELL), axis=0, return_index=True)[1])
    flip = np.diag([-1.0 if mirrored else 1.0, 1.0, 1.0])
    flip[0, 2] = width - 1 if mirrored else 0
    shown = points[first].copy()
    shown[:, 0] = width - 1 - shown[:, 0] if mirrored else shown[:, 0]
    return Registration(
        homography=best.matrix @ flip, query_points=shown, reference_points=theirs.places[best.references[first], :2]
    )


def evened(
    one: NDArray[np.float32], other: NDArray[np.float32], *, where: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A grey picture with its tones fitted to another's, and how far it then differs; three arrays of (height, width).

    A darker or paler copy does not differ by that alone. `where` both show something; it must not be empty.
    """
    used = where
    # Twice: what differs most, such as a caption, is left out of the second fit.
    for _ in range(2):
        # A picture of one tone, such as a black frame, has no slope. In single precision a pale one would seem to have none.
        given, wanted = one[used].astype(np.float64), other[used].astype(np.float64)
        slope, start = (1.0, np.mean(wanted - given)) if np.ptp(given) < 1 else np.polyfit(given, wanted, 1)
        fitted = (slope * one + start).astype(np.float32)
        off = np.abs(fitted - other)
        used = where & (off <= np.percentile(off[where], 75))
    return fitted, off
