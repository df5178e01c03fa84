"""Seeing a wipe's edge pass: each part of the picture changes suddenly, once, and after its neighbours.

This holds where things move in both views, in which what is between is no mixture of the first picture and the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.keyframes.stretches import GRID, Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from verikit.keyframes.stretches import Stretch

    Floats = NDArray[np.float32]
    Changes = Mapping[int, NDArray[np.uint8]]

__all__ = ["find_passing"]

# Lengths in seconds at which wipes are looked for, in steps of a fifth, and the mean change in grey levels that they
# begin with.
LENGTHS, STEPS = (0.32, 0.56, 1.0, 1.75), 5
LEAST_CHANGE = 7.0

# Pictures are compared with those a sixth of the wipe later, by one of these numbers of frames: an edge that is slow or
# soft needs as long to cross a part.
LAGS = (1, 2, 3, 4, 6, 8)
PARTS_OF_LENGTH = 6
# Pixels of the small picture by which a part may move meanwhile.
REACH = 2
# A part's greatest change, in grey levels, and over its usual one, that is sudden.
LEAST_JUMP, LEAST_RATIO, NOISE = 8.0, 2.5, 2.0
# The share of the parts that must change suddenly, how far in time they may be from their neighbours on average and how
# far apart they must go over (standard deviation), both as parts of the wipe. Among windows of 24 films with 188 wipes these
# limits find 130 and take five things that move for wipes; a disorder of 0.1 finds 143 and takes 18.
LEAST_SHARE, MOST_DISORDER, LEAST_SPREAD = 0.5, 0.08, 0.2
# While the ends are looked for, fewer parts do; those farther from their neighbours are left aside.
ENOUGH, MOST_ALONE = 0.25, 0.15
# Frames and seconds that a wipe lasts at least.
LEAST_STEPS, LEAST_TIME = 4, 0.28
# Disorder by which what is left here compares with the doubt of other wipes: clean mixtures and slides come first, as
# they know their ends better.
DOUBT = 40.0
# Pictures worked on at once.
CHUNK = 512


def find_passing(stretch: Stretch) -> list[Explanation]:
    """The wipes of a stretch whose edge is seen to pass, whatever moves on either side of it; some may overlap."""
    times = stretch.times
    found: dict[tuple[int, int], Explanation] = {}
    usual = max(float(np.median(np.diff(times))), 1e-6)
    changes: Changes = {}
    for length in LENGTHS:
        starts = np.arange(0, len(times), max(1, int(length / usual / STEPS)))
        ends = np.searchsorted(times, times[starts] + length - 1e-6)
        starts, ends = starts[ends < len(times)], ends[ends < len(times)]
        change = np.abs(stretch.rows[ends] - stretch.rows[starts]).mean(axis=1)
        for first, last in zip(starts[change >= LEAST_CHANGE], ends[change >= LEAST_CHANGE], strict=True):
            changes = changes or _changes(stretch)
            one = _explained(stretch, changes, between=(int(first), int(last)))
            if one is not None:
                found[one.first, one.last] = one
    return list(found.values())


def _changes(stretch: Stretch) -> Changes:
    """How much each part changes within so many frames, at least, under small shifts; by lag uint8 (n - lag, 9, 16)."""
    return {
        lag: np.concatenate(
            [
                _least_changes(stretch.luma[at : min(at + CHUNK, len(stretch) - lag)], stretch.luma[at + lag :])
                for at in range(0, len(stretch) - lag, CHUNK)
            ]
        )
        for lag in LAGS
        if len(stretch) > lag
    }


def _least_changes(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, height, width = before.shape
    wide = np.pad(after[:count], ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    # All pictures stand below each other as one tall one, which OpenCV averages part by part in one go.
    flat = before.reshape(count * height, width)
    least = np.full((count * GRID[0], GRID[1]), 255, np.uint8)
    for y in range(2 * REACH + 1):
        for x in range(2 * REACH + 1):
            shifted = wide[:, y : y + height, x : x + width].reshape(count * height, width)
            parts = cv2.resize(cv2.absdiff(flat, shifted), (GRID[1], count * GRID[0]), interpolation=cv2.INTER_AREA)
            np.minimum(least, parts, out=least)
    return least.reshape(count, *GRID)


def _explained(stretch: Stretch, changes: Changes, *, between: tuple[int, int]) -> Explanation | None:
    """The wipe around two rows whose edge is seen to pass, from its own first to its own last row; None if none is."""
    first, last = between
    for _ in range(3):
        slack = max(2, (last - first) // 3)
        low, high = max(0, first - slack), min(len(stretch) - 1, last + slack)
        lag = _lag(first, last)
        part = changes[lag][low : high - lag + 1] if lag in changes else np.empty((0, *GRID), np.uint8)
        if len(part) < 2 * lag + 2:
            return None
        moments, sudden, jump = _moments(part, lag)
        known, alone = _among_neighbours(moments / np.float32(high - low + 1), sudden)
        orderly = known & (alone <= MOST_ALONE)
        if orderly.mean() < ENOUGH:
            return None
        # By rank, without the outermost parts; the edge needs half its width and half a part to come and to go.
        ordered = np.sort(moments[orderly])
        outermost = len(ordered) // 50
        begin, end = float(ordered[outermost]), float(ordered[-1 - outermost])
        width = float(np.median((part >= jump / 2).sum(axis=0)[orderly])) - lag
        margin = max(0.0, width) / 2 + (end - begin) / (2 * max(GRID))
        first = max(0, int(np.floor(low + begin - margin)))
        last = min(len(stretch) - 1, int(np.ceil(low + end + margin)))
        if last - first < LEAST_STEPS:
            return None
    return _passing(stretch, changes, first=first, last=last)


def _lag(first: int, last: int) -> int:
    return max(lag for lag in LAGS if lag <= max(1, round((last - first + 1) / PARTS_OF_LENGTH)))


def _passing(stretch: Stretch, changes: Changes, *, first: int, last: int) -> Explanation | None:
    lag, count = _lag(first, last), last - first + 1
    part = changes[lag][first : last - lag + 1]
    if len(part) < 2 * lag + 2 or stretch.times[last] - stretch.times[first] < LEAST_TIME:
        return None
    moments, sudden, _ = _moments(part, lag)
    if sudden.mean() < LEAST_SHARE:
        return None
    known, alone = _among_neighbours(moments / np.float32(count), sudden)
    disorder = float(alone[known].mean()) if known.any() else 1.0
    if disorder > MOST_DISORDER or float(moments[sudden].std()) < LEAST_SPREAD * count:
        return None
    return Explanation(kind="wipe", first=first, last=last, unexplained=disorder, doubt=DOUBT * disorder, passes=True)


def _moments(part: NDArray[np.uint8], lag: int) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """When each part changes most, in rows from the first, whether that is sudden, and by how much; each (9, 16)."""
    jump, usual = part.max(axis=0).astype(np.float32), np.median(part, axis=0)
    sudden = (jump >= LEAST_JUMP) & (jump >= LEAST_RATIO * (usual + NOISE))
    return (part.argmax(axis=0) + lag / 2).astype(np.float32), sudden, jump


def _among_neighbours(moments: Floats, sudden: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Floats]:
    """Which of the parts that change suddenly have neighbours that do, and how far each is from their mean moment."""
    weights = np.pad(sudden.astype(np.float32), 1)
    wide = np.pad(moments, 1) * weights
    total, count = (one[:-2, 1:-1] + one[2:, 1:-1] + one[1:-1, :-2] + one[1:-1, 2:] for one in (wide, weights))
    return sudden & (count > 0), np.abs(moments - total / np.maximum(count, 1))
