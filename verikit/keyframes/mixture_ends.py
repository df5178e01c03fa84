"""Whether two views are mixed, and where the mixture begins and ends, though both of them move.

How far each picture has come is read from two things: the means of its parts, which go from the old view's to the new
one's, and how rough each large part is, which sinks and rises as the square of what is left and what has come: the fine
detail of two views has nothing to do with each other, and it sinks the same wherever things move to. What changes by
itself before or after tells less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from verikit.keyframes.stretches import paces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.keyframes.stretches import Stretch

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

__all__ = ["levelled", "true_ends"]

# How far each picture may have come: a little outside of 0 to 1, since the ends are still being looked for.
SHARES = np.linspace(-0.3, 1.3, 49).astype(np.float32)
# Over which part of the length, and how many times as far beside it, a part's own changes are taken.
OWN_PART, OWN_REACH = 3, 3
# Squared grey levels that coding moves a part by anyhow; for roughness, squares of these squares, and of a part of it:
# coders smooth what has just changed.
NOISE, ROUGH_NOISE, ROUGH_UNSURE = 2.0, 4.0, 0.1


def true_ends(stretch: Stretch, first: int, last: int, *, within: tuple[int, int]) -> tuple[int, int]:
    """Where the transition that a candidate is a part of, or contains, begins and ends; not beyond rows `within`."""
    for _ in range(4):
        slack = max(3, (last - first) // 2)
        low, high = max(within[0], first - slack), min(within[1], last + slack)
        course = _course(stretch, first, last, low=low, high=high)
        if course is None:
            return first, last
        begin, end = _fitted(course, stretch.times[low : high + 1], first=first - low, last=last - low)
        if (low + begin, low + end) == (first, last):
            break
        first, last = low + begin, low + end
        if last - first < 2:
            break
    return first, last


def _course(stretch: Stretch, first: int, last: int, *, low: int, high: int) -> Floats | None:
    """How far each row from `low` to `high` has come from row `first`, 0, to row `last`, 1; None where nothing changes."""
    rows, rough = stretch.rows, stretch.roughness
    whole, away = rows[last] - rows[first], rows[low : high + 1] - rows[first]
    trust = whole / (_own_changes(rows, first, last) + NOISE)
    size = float(whole @ trust) / len(whole)
    if size <= 0:
        return None
    costs = size * SHARES**2 - 2 * SHARES * (away @ trust / len(whole))[:, None]
    expected = _mixed(SHARES, rough[first], rough[last])
    spread = _spread(rough[[first, last]], _own_changes(rough, first, last))
    costs += ((rough[low : high + 1, None] - expected) ** 2 / spread).mean(axis=2)
    course: Floats = SHARES[costs.argmin(axis=1)]
    return course


def _mixed(course: Floats, old: Floats, new: Floats) -> Floats:
    """How rough each part of two mixed views is when they have come so far."""
    share = np.clip(course, 0, 1)[:, None]
    mixed: Floats = (1 - share) ** 2 * old + share**2 * new
    return mixed


def _straight(course: Floats, old: Floats, new: Floats) -> Floats:
    """The same of what goes over from one view to the other without mixing them."""
    share = np.clip(course, 0, 1)[:, None]
    straight: Floats = (1 - share) * old + share * new
    return straight


def _spread(rough: Floats, own: Floats) -> Floats:
    """Squared deviation to expect of each part's roughness, between a first and a last row."""
    spread: Floats = own + (ROUGH_UNSURE * np.maximum(rough[0], rough[-1])) ** 2 + ROUGH_NOISE
    return spread


def levelled(stretch: Stretch, first: int, last: int) -> tuple[float, float, float]:
    """How much better mixing explains how rough the pictures are than going over straight, at most 1; what is due; what sinks.

    Two views that have nothing to do with each other level each other out, whatever moves in them: roughness follows a
    parabola. In motion, in changing light and behind a passing edge it does not. The mean for two courses: the one that
    the pictures tell, and a steady or an S-shaped one. What is due: the part of the roughness that mixing takes away; what
    sinks: how many times as much does.
    Source: A. M. Alattar, Detecting and compressing dissolve regions in video sequences (1993), for the variance.
    """
    rough, times = stretch.roughness[first : last + 1], stretch.times[first : last + 1]
    told = _course(stretch, first, last, low=first, high=last)
    if told is None:
        return 0.0, 0.0, 0.0
    rise = ((times - times[0]) / (times[-1] - times[0])).astype(np.float32)
    trust = 1 / np.sqrt(_spread(rough, _own_changes(stretch.roughness, first, last)))
    better = []
    for course in (told, *paces(rise)):
        ways = (way(course, rough[0], rough[-1]) for way in (_mixed, _straight))
        mixed, straight = (float((np.abs(rough - way) * trust).sum()) for way in ways)
        better.append(1 - mixed / max(straight, 1e-6))
    plain = _straight(told, rough[0], rough[-1])
    due, sinks = (float((plain - other).sum()) for other in (_mixed(told, rough[0], rough[-1]), rough))
    level = (max(better[0], -1.0) + max(*better[1:], -1.0)) / 2
    return level, due / max(float(plain.sum()), 1e-6), sinks / max(due, 1e-6)


def _own_changes(values: Floats, first: int, last: int) -> Floats:
    """Mean square by which each value changes before row `first` and after row `last`, where there are such rows."""
    lag = max(1, (last - first) // OWN_PART)
    before = values[max(0, first - OWN_REACH * lag) : first + 1]
    after = values[last : last + OWN_REACH * lag + 1]
    steps = np.concatenate([side[lag:] - side[:-lag] for side in (before, after)])
    changed: Floats = (steps**2).mean(axis=0) if len(steps) else np.zeros(values.shape[1], np.float32)
    return changed


def _fitted(course: Floats, times: Doubles, *, first: int, last: int) -> tuple[int, int]:
    """The rows at which a course that is 0 at `first` and 1 at `last` begins and ends to rise, straight or S-shaped.

    The least mean distance over all pairs of rows, from a coarse grid to a fine one: what moves disturbs single rows,
    hardly the whole course.
    """
    best, step = (first, last), max(1, len(course) // 16)
    begins = ends = np.arange(0, len(course), step)
    while True:
        one, two = (grid.ravel() for grid in np.meshgrid(begins, ends, indexing="ij"))
        one, two = one[two > one], two[two > one]
        if len(one):
            rise = np.clip((times - times[one][:, None]) / (times[two] - times[one])[:, None], 0, 1)
            costs = []
            for shape in paces(rise):
                low, span = shape[:, first, None], (shape[:, last] - shape[:, first])[:, None]
                expected = (shape - low) / np.maximum(span, 0.3)
                costs.append(np.abs(expected - course).mean(axis=1) + (span[:, 0] < 0.3))
            cost = np.minimum(*costs)
            best = (int(one[cost.argmin()]), int(two[cost.argmin()]))
        if step == 1:
            return best
        step = max(1, step // 2)
        near = np.arange(-2, 3) * step
        begins, ends = (np.unique(np.clip(row + near, 0, len(course) - 1)) for row in best)
