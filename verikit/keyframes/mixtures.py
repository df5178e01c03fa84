"""Dissolves and wipes: pictures that go over from one view to another in the same place, all over or part by part.

Where two views are mixed in place, each part of each picture between lies between what it was before and what it will be
after: mixed from both in a dissolve, the one or the other in a wipe. Motion and pans leave that line.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from verikit.keyframes.mixture_ends import levelled, true_ends
from verikit.keyframes.passing_edge import edge_passes
from verikit.keyframes.stretches import CHANNELS, GRID, Explanation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.keyframes.stretches import Stretch

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["Mixture", "candidates", "explain_dissolve", "explain_wipe"]

# Lengths in seconds at which gradual transitions are looked for, in steps of a third; real ones last 0.3 to 3 s.
LENGTHS = (0.24, 0.32, 0.44, 0.6, 0.8, 1.04, 1.36, 1.8, 2.4, 3.2)
# With fewer pictures than this between both ends nothing can be told from a jump.
LEAST_STEPS = 4
# Seconds that a dissolve and a wipe last at least. Shorter wipes look like something that passes.
LEAST_DISSOLVE, LEAST_WIPE = 0.15, 0.28
# Mean difference of both ends in grey levels below which noise and slow motion look like a mixture. The films'
# transitions begin at 12.
LEAST_CHANGE = 7.0
# How far outside the line between its ends a picture may be on average, in parts of their distance (views that have
# nothing to do with each other: 1), and how far from an even pace. Wide nets: what is caught is examined.
MOST_ASIDE, MOST_UNEVEN = 0.5, 0.3
# Squared change of a part's three values below which it cannot tell how far the transition has come there.
LEAST_PART = 64.0
# How suddenly a part goes over in a wipe, in parts of the whole: from a hard edge to a very soft one.
EDGES = (0.06, 0.12, 0.25, 0.5, 0.8)
# Wipes take the parts one after another: standard deviation of their moments, in parts of the whole. A steady wipe has
# 0.29, a very soft one 0.1, dissolves 0.0 to 0.1.
LEAST_SPREAD = 0.1
# The share of the parts that must change enough to tell how far they have come.
LEAST_TOLD = 0.5
# Mixing levels the detail: by how much at least for that to tell anything, and how much better than a straight passage
# it must explain how rough the pictures are. On films with 128 known dissolves 118 reach it, and four things that are none.
LEAST_DUE, LEAST_LEVELLED = 0.12, 0.35
# More than this many times as much as is due sinks where a fast pan blurs the picture: 95 % of dissolves stay below 1.1.
MOST_SUNK = 1.25
# A dissolve that leaves less than this is no wipe; of others a wipe that leaves this part of it is the better account.
SURELY, WIPE_BETTER = 0.2, 0.6
# What a wipe may leave, for each unit of spread and square root of its seconds: short and narrow ones must be clean, for
# they are soon had by chance. On films with known wipes motion came to 4.5 and more.
WIPE_EVIDENCE, WIPE_MOST = 3.9, 1.0
# What it may leave where its edge is seen to pass.
WIPE_WITH_EDGE = 1.5
# A wipe's own ends lie at most this many times as far apart as those of the window in which it was seen.
MOST_LONGER = 2.0
# Rows of a wipe that are looked at: enough for its shape.
SAMPLES = 24


def candidates(stretch: Stretch) -> list[tuple[float, int, int]]:
    """(score, first row, last row) of what might be a mixture of both ends, best first."""
    times, rows = stretch.times, stretch.rows
    usual = float(np.median(np.diff(times)))
    found: list[tuple[float, int, int]] = []
    for length in LENGTHS:
        starts = np.arange(0, len(rows), max(1, int(length / max(usual, 1e-6) / 10)))
        ends = np.searchsorted(times, times[starts] + length - 1e-6)
        # One that ends with the stretch, in a cut, and one that begins with it.
        starts = np.append(starts, np.searchsorted(times, times[-1] - length))
        ends = np.append(ends, len(times) - 1)
        inside = (ends < len(rows)) & (ends - starts >= LEAST_STEPS)
        found += _on_the_line(rows, times, starts=starts[inside], ends=ends[inside].astype(np.int64))
    return sorted(found, reverse=True)


def _on_the_line(rows: Floats, times: Doubles, *, starts: Rows, ends: Rows) -> list[tuple[float, int, int]]:
    """Those of the windows whose pictures at a quarter, half and three quarters lie between both ends."""
    change = np.abs(rows[ends] - rows[starts]).mean(axis=1)
    enough = change >= LEAST_CHANGE
    starts, ends, score = starts[enough], ends[enough], change[enough]
    # The middle comes first: it leaves few for the other two.
    for part in (0.5, 0.25, 0.75):
        middle = np.searchsorted(times, times[starts] + part * (times[ends] - times[starts]) - 1e-6)
        middle = np.clip(middle, starts + 1, ends - 1)
        gone = np.abs(rows[middle] - rows[starts]).mean(axis=1)
        to_go = np.abs(rows[ends] - rows[middle]).mean(axis=1)
        change = np.abs(rows[ends] - rows[starts]).mean(axis=1)
        aside = (gone + to_go) / np.maximum(change, 1e-6) - 1
        due = (times[middle] - times[starts]) / (times[ends] - times[starts])
        uneven = np.abs(gone / np.maximum(gone + to_go, 1e-6) - due)
        good = (aside <= MOST_ASIDE) & (uneven <= MOST_UNEVEN)
        starts, ends = starts[good], ends[good]
        score = (score * (1 - aside / 2) * (1 - uneven))[good]
    return [(float(q), int(a), int(b)) for q, a, b in zip(score, starts, ends, strict=True)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixture:
    """How far each part of the picture has come from the first row to the last.

    away: (n, 432) what has changed since the first row; whole: (432,) what will; shares: (n, 144), 0 to 1 in a steady
    one; weights: (144,) how much each part changes, 0 where too little to tell.
    """

    away: Floats
    whole: Floats
    shares: Floats
    weights: Floats

    @classmethod
    def between(cls, rows: Floats, *, first: int, last: int, low: int, high: int) -> Mixture:
        """The mixture of rows `first` and `last` over rows `low` to `high`, which may reach beyond both."""
        whole = rows[last] - rows[first]
        away = rows[low : high + 1] - rows[first]
        parts = whole.reshape(CHANNELS, -1)
        squared = (parts**2).sum(axis=0)
        shares = np.einsum("tcb,cb->tb", away.reshape(len(away), CHANNELS, -1), parts) / np.maximum(squared, LEAST_PART)
        weights = np.sqrt(squared) * (squared > LEAST_PART)
        return cls(away=away, whole=whole, shares=shares.astype(np.float32), weights=weights.astype(np.float32))

    def left_over(self, shares: Floats) -> Floats:
        """What mixing each part by these shares, (..., n, 144) or (..., n, 1), does not explain; float32 (...).

        1 is what a jump in the middle leaves.
        """
        away = self.away.reshape(len(self.away), CHANNELS, -1)
        rest = np.abs(away - shares[..., None, :] * self.whole.reshape(CHANNELS, -1)).mean(axis=(-3, -2, -1))
        size = max(float(np.abs(self.whole).mean()), 1e-6)
        left_over: Floats = (4 * rest / size).astype(np.float32)
        return left_over

    def told(self) -> float:
        """The share of the parts that change enough to tell how far they have come."""
        return float((self.weights > 0).mean())

    def evenly(self) -> Floats:
        """One share for the whole of each picture, the best one; (n, 1)."""
        shares = self.away @ self.whole / max(float(self.whole @ self.whole), 1e-6)
        evenly: Floats = np.clip(shares, 0, 1)[:, None].astype(np.float32)
        return evenly


def explain_dissolve(stretch: Stretch, first: int, last: int, *, most_unexplained: float) -> Explanation | None:
    """The dissolve that a candidate is a part of, from its own first to its own last row; None if it is none.

    A wipe with an edge so soft that it is nearly a dissolve comes out as a wipe.
    """
    best: Explanation | None = None
    for begin, end in {(first, last), true_ends(stretch, first, last, within=(0, len(stretch) - 1))}:
        one = _dissolve(stretch, begin, end, most_unexplained=most_unexplained)
        if one and (best is None or one.doubt < best.doubt):
            best = one
    if best is None or best.unexplained < SURELY:
        return best
    wipe = explain_wipe(stretch, best.first, best.last)
    return wipe if wipe and wipe.unexplained < WIPE_BETTER * best.unexplained else best


def _long_enough(stretch: Stretch, first: int, last: int, *, least: float) -> bool:
    return last - first > LEAST_STEPS and bool(stretch.times[last] - stretch.times[first] >= least)


def _dissolve(stretch: Stretch, first: int, last: int, *, most_unexplained: float) -> Explanation | None:
    if not _long_enough(stretch, first, last, least=LEAST_DISSOLVE):
        return None
    mixture = Mixture.between(stretch.rows, first=first, last=last, low=first, high=last)
    rest = float(mixture.left_over(mixture.evenly()))
    if rest > most_unexplained or mixture.told() < LEAST_TOLD:
        return None
    level, due, sunk = levelled(stretch, first, last)
    if level < LEAST_LEVELLED or due < LEAST_DUE or sunk > MOST_SUNK:
        return None
    return Explanation(kind="dissolve", first=first, last=last, unexplained=rest, doubt=1 - level)


def explain_wipe(stretch: Stretch, first: int, last: int) -> Explanation | None:
    """The wipe around two rows; its ends are where the first and the last parts go over."""
    most = MOST_LONGER * (last - first)
    for _ in range(3):
        slack = max(3, (last - first) // 3)
        low, high = max(0, first - slack), min(len(stretch) - 1, last + slack)
        wiped = _wiped(stretch, low, high)
        if wiped.rest > WIPE_WITH_EDGE or wiped.spread < LEAST_SPREAD / 2:
            return None
        first, last = wiped.first, wiped.last
        if last - first > most:
            return None
        if first > low + 1 and last < high - 1:
            break
    if not _long_enough(stretch, first, last, least=LEAST_WIPE):
        return None
    wiped = _wiped(stretch, first, last)
    lasts = float(stretch.times[last] - stretch.times[first])
    if wiped.spread < LEAST_SPREAD or wiped.told < LEAST_TOLD or wiped.rest > WIPE_WITH_EDGE:
        return None
    clean = wiped.rest <= min(WIPE_MOST, WIPE_EVIDENCE * wiped.spread * lasts**0.5)
    if not clean and not edge_passes(stretch.luma[first : last + 1]):
        return None
    doubt = wiped.rest / wiped.spread / wiped.told
    return Explanation(kind="wipe", first=first, last=last, unexplained=wiped.rest, doubt=doubt)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wiped:
    """What a wipe leaves unexplained, how far apart in time its parts go over, and when the first and the last does."""

    rest: float
    spread: float
    told: float
    first: int
    last: int


def _wiped(stretch: Stretch, low: int, high: int) -> Wiped:
    """The best wipe from row `low` to row `high`.

    Each part's moment is taken from its neighbours' alone: what wipes takes neighbours one after another, whatever the
    wipe's shape, while objects that move take them in no order.
    """
    picked = np.unique(np.linspace(low, high, min(SAMPLES, high - low + 1)).round().astype(np.int64))
    mixture = Mixture.between(stretch.rows[picked], first=0, last=len(picked) - 1, low=0, high=len(picked) - 1)
    times = stretch.times[low : high + 1]
    due = (stretch.times[picked] - times[0]) / max(times[-1] - times[0], 1e-6)
    shares = np.clip(mixture.shares, 0, 1)
    moments = 1 - ((shares[1:] + shares[:-1]) / 2 * np.diff(due)[:, None]).sum(axis=0)
    weights, weight = mixture.weights, max(float(mixture.weights.sum()), 1e-6)
    spread = np.sqrt((((moments - (moments * weights).sum() / weight) ** 2) * weights).sum() / weight)
    expected, known = _from_neighbours(moments, weights)
    edges = np.array(EDGES)[:, None, None, None]
    wiped = np.clip((due[:, None] - expected[:, None, :]) / edges + 0.5, 0, 1).astype(np.float32)
    rests = mixture.left_over(wiped)
    edge, way = np.unravel_index(int(rests.argmin()), rests.shape)
    begin, end = 0.0, 1.0
    if known[way].any():
        # By rank, without the outermost parts: a steady edge passes the first and the last of 144 at 0.3 and 99.7 %.
        ordered = np.sort(expected[way][known[way]])
        outermost = len(ordered) // 50
        begin, end = float(ordered[outermost]) - EDGES[edge] / 2, float(ordered[-1 - outermost]) + EDGES[edge] / 2
    steps = (times - times[0]) / max(times[-1] - times[0], 1e-6)
    first = low + max(0, int(np.searchsorted(steps, begin, side="right")) - 1)
    last = low + min(high - low, int(np.searchsorted(steps, end)))
    return Wiped(rest=float(rests.min()), spread=float(spread), told=mixture.told(), first=first, last=last)


def _from_neighbours(moments: Floats, weights: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The weighted mean moment of each part's neighbours above and below, left and right, and of all four; (3, 144).

    Its own does not count. And where there are such neighbours.
    """
    wide = np.pad((moments * weights).reshape(GRID), 1), np.pad(weights.reshape(GRID), 1)
    total, count = (np.stack([w[:-2, 1:-1] + w[2:, 1:-1], w[1:-1, :-2] + w[1:-1, 2:]]) for w in wide)
    total, count = (np.concatenate([one, one.sum(axis=0, keepdims=True)]).reshape(3, -1) for one in (total, count))
    return (total / np.maximum(count, 1e-6)).astype(np.float32), count > 1
