"""How far each instant of a query agrees with each of a reference: in the picture, and in what changes in it.

Two takes of one room look alike and change unlike; a copy does both. What changes is a picture less the mean of the
second before and after it, less its own mean: captions, stickers and what stands still drop out, and so does flicker.
Every pair of instants is one product of rows, so that all alignments are weighed at once.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from verikit.matching.fingerprinting import COURSE_PER_SECOND
from verikit.media.scan import HASHES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.laying import Laid

    Table = NDArray[np.float32]
    Row = NDArray[np.float32]

__all__ = ["Likeness", "backwards", "likeness"]

# Instants before and after that the mean is taken over: a second each way.
AROUND = HASHES_PER_SECOND
# A part whose luma has a smaller standard deviation than this, in grey levels, hardly says anything.
FLAT = 3.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likeness:
    """Agreement of a query's hashed instants (rows) with a reference's course (columns, COURSE_PER_SECOND), float32.

    picture: (q, r) correlation of the points' luma, -1 to 1. change: (q, r) mean product of what changes;
    query_change (q,) and reference_change (r,): its mean square on each side, in squared grey levels;
    reference_next (r,): mean product with the reference's next instant.
    """

    picture: Table
    change: Table
    query_change: Row
    reference_change: Row
    reference_next: Row


def likeness(laid: Laid, *, negative: bool) -> Likeness:
    """The Likeness of two laid videos; of a negative, with light and dark exchanged."""
    mine = _changing(laid.query, laid.query_shots)
    theirs = np.empty_like(laid.reference)
    # Of instants as far apart as the query's, so that both means are of the same kind.
    for phase in range(COURSE_PER_SECOND // HASHES_PER_SECOND):
        rows = slice(phase, None, COURSE_PER_SECOND // HASHES_PER_SECOND)
        theirs[rows] = _changing(laid.reference[rows], laid.reference_shots[rows])
    sign = -1.0 if negative else 1.0
    points = laid.query.shape[1]
    following = np.roll(theirs, -1, axis=0)
    return Likeness(
        picture=_pictures(sign * laid.query, laid.reference, laid.parts),
        change=sign * (mine @ theirs.T) / points,
        query_change=(mine**2).mean(axis=1),
        reference_change=(theirs**2).mean(axis=1),
        reference_next=(theirs * following).mean(axis=1),
    )


def backwards(forwards: Likeness) -> Likeness:
    """The Likeness of the query played backwards."""
    return dataclasses.replace(
        forwards,
        picture=np.ascontiguousarray(forwards.picture[::-1]),
        change=np.ascontiguousarray(forwards.change[::-1]),
        query_change=np.ascontiguousarray(forwards.query_change[::-1]),
    )


def _pictures(mine: Table, theirs: Table, parts: NDArray[np.int64]) -> Table:
    """Correlation of the luma, the mean over the better half of the picture's parts: the rest may be covered."""
    found = [_unit(mine[:, parts == part]) @ _unit(theirs[:, parts == part]).T for part in np.unique(parts)]
    better = (len(found) + 1) // 2
    most_alike = np.partition(np.stack(found), len(found) - better, axis=0)[len(found) - better :]
    return np.asarray(most_alike.mean(axis=0), np.float32)


def _unit(points: Table) -> Table:
    """Each row without its mean, of length one; a flat one is of length nearly nothing."""
    centred = points - points.mean(axis=1, keepdims=True)
    least = FLAT * np.sqrt(points.shape[1])
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), least), np.float32)


def _changing(points: Table, shots: NDArray[np.int64]) -> Table:
    """Each row less the mean of the rows of its shot around it, less its own mean."""
    count = len(points)
    sums = np.concatenate([np.zeros((1, points.shape[1]), np.float64), np.cumsum(points, axis=0, dtype=np.float64)])
    first = np.maximum(np.arange(count) - AROUND, np.searchsorted(shots, shots))
    last = np.minimum(np.arange(count) + AROUND + 1, np.searchsorted(shots, shots, side="right"))
    mean = (sums[last] - sums[first]) / (last - first)[:, None]
    moving = (points - mean).astype(np.float32)
    return np.asarray(moving - moving.mean(axis=1, keepdims=True), np.float32)
