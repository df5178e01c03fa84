"""The vote of matched features: each tells of one similarity, and those that tell of the same lie in one bin.

Source: Lowe, Distinctive Image Features from Scale-Invariant Keypoints, IJCV 2004, section 7.3.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = [
    "BINS",
    "CELLS",
    "OCTAVE",
    "OCTAVES",
    "TURN",
    "TURNS",
    "Told",
    "bins_of",
    "cells_of",
    "octave_steps",
    "told_by",
    "turn_steps",
]

# A vote's bin: degrees, octaves, pixels of a still. Matches vote for both neighbours of each.
TURN, OCTAVE, SHIFT = 30.0, 0.75, 48.0
# Octaves and pixels beyond which a match tells of nothing that could be seen.
MOST_OCTAVE, MOST_SHIFT = 3.0, 480.0
# Pixels of a still: what lies in one square of so many counts as one place. Squares are numbered below CELLS.
CELL, CELLS = 6.0, 1 << 20

# Bins along each axis, and of all: twice as many, since whichever picture is the larger is told apart.
TURNS, OCTAVES, SHIFTS = round(360 / TURN), round(2 * MOST_OCTAVE / OCTAVE) + 2, round(2 * MOST_SHIFT / SHIFT) + 2
BINS = 2 * TURNS * OCTAVES * SHIFTS * SHIFTS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """The similarity that each match tells of: degrees, octaves, and where the middle of the larger picture comes to lie.

    All float64 (n,).
    """

    turn: Floats
    octave: Floats
    x: Floats
    y: Floats


def told_by(mine: Floats, theirs: Floats, sizes: tuple[Floats, Floats]) -> Told:
    """What matches tell of, by the places of their features, float64 (n, 4) as `Features` holds them.

    `sizes`: width and height of the stills that they lie in, float64 (2,) or (n, 2) each.
    """
    turn = (theirs[:, 3] - mine[:, 3]) % 360
    octave = np.log2(theirs[:, 2] / mine[:, 2])
    larger = octave > 0
    # Where the query's features are the smaller ones, the reference's middle is laid into the query, and vice versa:
    # the other way round a few degrees or per cent off would throw it far.
    source = np.where(larger[:, None], theirs[:, :2], mine[:, :2])
    target = np.where(larger[:, None], mine[:, :2], theirs[:, :2])
    middle = np.where(larger[:, None], sizes[1] / 2, sizes[0] / 2)
    angle = np.deg2rad(np.where(larger, -turn, turn))
    scale = 2.0 ** -np.abs(octave)
    away = middle - source
    x = target[:, 0] + scale * (np.cos(angle) * away[:, 0] - np.sin(angle) * away[:, 1])
    y = target[:, 1] + scale * (np.sin(angle) * away[:, 0] + np.cos(angle) * away[:, 1])
    return Told(turn=turn, octave=octave, x=x, y=y)


def bins_of(told: Told) -> Rows:
    """The sixteen bins that each match votes for, int64 (16, n): the nearer two on each of the four axes."""
    axes = (
        (told.turn / TURN, TURNS),
        (_octaves(told) / OCTAVE, OCTAVES),
        ((np.clip(told.x, -MOST_SHIFT / 2, 1.5 * MOST_SHIFT) + MOST_SHIFT / 2) / SHIFT, SHIFTS),
        ((np.clip(told.y, -MOST_SHIFT / 2, 1.5 * MOST_SHIFT) + MOST_SHIFT / 2) / SHIFT, SHIFTS),
    )
    bins = np.tile((told.octave > 0).astype(np.int64), (16, 1))
    for axis, (place, count) in enumerate(axes):
        lower = np.floor(place - 0.5).astype(np.int64)
        for corner in range(16):
            bins[corner] = bins[corner] * count + (lower + (corner >> axis & 1)) % count
    return bins


def turn_steps(told: Told) -> Rows:
    """The bin of each match's turn alone, below TURNS, int64 (n,)."""
    return (told.turn / TURN).astype(np.int64) % TURNS


def octave_steps(told: Told) -> Rows:
    """The bin of each match's size alone, below OCTAVES, int64 (n,)."""
    return (_octaves(told) / OCTAVE).astype(np.int64)


def _octaves(told: Told) -> Floats:
    """Octaves from nothing up to what can be seen."""
    return np.asarray(np.clip(told.octave, -MOST_OCTAVE, MOST_OCTAVE) + MOST_OCTAVE, np.float64)


def cells_of(places: NDArray[np.float32]) -> Rows:
    """A number for the small square that each place lies in."""
    squares = np.floor(places[:, :2] / CELL).astype(np.int64)
    return np.asarray(squares[:, 0] * 1024 + squares[:, 1], np.int64)
