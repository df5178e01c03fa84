"""Stretches: seconds of a query that run along seconds of a reference, at one speed.

A copy agrees along a line, reference time = offset + query time / speed. Every line is weighed instant by instant: for
what changes alike, for a picture that looks alike, against what changes unlike. The unbroken part of a line with the
largest sum is a stretch; its instants are taken out and the rest is looked at again, so that several excerpts are found.

The unbroken part with the largest sum: Bentley, Programming Pearls, CACM 1984.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from verikit.matching.fingerprinting import COURSE_PER_SECOND
from verikit.media.scan import HASHES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.likeness import Likeness

    Floats = NDArray[np.float64]

__all__ = ["Stretch", "change_by_offset", "find_stretches"]

# Query seconds per reference second. Uploaders speed clips up or down by up to a third to slip past filters.
SPEEDS = (1.0, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4)
# Change counts by its correlation less this; the picture by its correlation less that, and so much less.
LEAST_CHANGE_LIKE, LEAST_LIKE, PICTURE_COUNTS = 0.35, 0.6, 0.4
# Mean squared grey levels of change at which an instant counts half: below, codec noise is most of it.
HALF = 1.5
# Part of one side's change that the other's is at least taken for.
FADED = 0.3
# A stretch's weight is at least this, and it has at least so many instants.
LEAST_WEIGHT, LEAST_INSTANTS = 1.2, 4
# With fifteen speeds to choose from, one always fits a little better: another than 1 must weigh this much more.
SPEED_MARGIN = 1.15
# At the reference's own speed, a weight for each instant at which no other speed is tried.
SURE = 0.6
# The vote is good to a step between instants and a twentieth of speed; the rest is found by these, coarsely then finely.
FINER = (
    (np.arange(-0.2, 0.201, 0.04), np.arange(-0.04, 0.0401, 0.01)),
    (np.arange(-0.03, 0.0301, 0.01), np.arange(-0.008, 0.00801, 0.002)),
)
# A stretch ends where its sum falls by more than this: two seconds of pictures that neither look nor change alike.
DEEPEST_GAP = 3.0
MOST = 6
# Seconds beside a stretch's own offset that are not elsewhere: what moves slowly still agrees there.
BESIDE = 0.75


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Instants `first` to `last` (one past) of a query along reference time = offset + query time / speed.

    weight: the sum over its instants. change: correlation of what changes, None where nothing does; changing: over how
    many instants' worth of change. picture: mean correlation of the luma. elsewhere: the same with all other moments of
    the reference, the median; as high as `picture` where the scene stands still. second: the best correlation of what
    changes anywhere else in the reference, None where there is nowhere else; of a copy it lies far below `change`.
    """

    first: int
    last: int
    speed: float
    offset: float
    weight: float
    change: float | None
    changing: float
    picture: float
    elsewhere: float
    second: float | None


def find_stretches(likeness: Likeness, *, start: float = 0.0) -> list[Stretch]:
    """The heaviest stretches that share no instant of the query, heaviest first. `start`: time of the first row, seconds."""
    rows = len(likeness.query_change)
    free = np.ones(rows, np.bool_)
    times = start + np.arange(rows) / HASHES_PER_SECOND
    found: list[Stretch] = []
    while len(found) < MOST:
        stretch = _heaviest(likeness, times, free=free)
        if stretch is None:
            break
        found.append(stretch)
        free[stretch.first : stretch.last] = False
    return found


def change_by_offset(
    likeness: Likeness, *, first: int, last: int, speed: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where else rows `first` to `last` (one past) might lie: offsets in seconds, and the correlation of change at each.

    Two float64 arrays of equal length; nan where less than half of the rows lies in the reference. A copy shows one peak.
    """
    times = np.arange(len(likeness.query_change)) / HASHES_PER_SECOND
    return _by_offset(likeness, times, rows=slice(first, last), speed=speed)


def _by_offset(likeness: Likeness, times: Floats, *, rows: slice, speed: float) -> tuple[Floats, Floats]:
    last = (len(likeness.reference_change) - 1) / COURSE_PER_SECOND
    offsets = np.arange(-times[rows.stop - 1] / speed, last - times[rows.start] / speed, 1 / COURSE_PER_SECOND)
    cells = _cells(likeness, times, offsets=offsets, speed=speed).of(rows)
    found = _correlation(cells, likeness.query_change[None, rows])
    return offsets, np.where(cells.inside.mean(axis=1) >= 0.5, found, np.nan)


def _correlation(cells: _Cells, mine: NDArray[np.float32]) -> NDArray[np.float64]:
    """The correlation of change along each line, in which no single instant, such as a cut, outweighs the rest."""
    theirs = cells.reference_change
    even = np.where(cells.inside, 1 / np.maximum(_scale(mine, theirs), HALF), 0.0)
    power = np.sqrt((mine * even).sum(axis=1) * (theirs * even).sum(axis=1))
    return np.asarray((cells.change * even).sum(axis=1) / np.maximum(power, 1e-9), np.float64)


def _heaviest(likeness: Likeness, times: Floats, *, free: NDArray[np.bool_]) -> Stretch | None:
    best: tuple[float, float, float] | None = None
    for speed in SPEEDS:
        low, high = -times[-1] / speed, (len(likeness.reference_change) - 1) / COURSE_PER_SECOND - times[0] / speed
        offsets = (
            np.arange(np.floor(low * COURSE_PER_SECOND), np.ceil(high * COURSE_PER_SECOND) + 1) / COURSE_PER_SECOND
        )
        sums = _largest_sum(_worth(likeness, times, offsets=offsets, speed=speed, free=free))
        top = int(np.argmax(sums))
        if best is None or sums[top] > (SPEED_MARGIN if best[1] == 1.0 else 1.0) * best[0]:
            best = float(sums[top]), speed, float(offsets[top])
        if speed == 1.0 and best is not None and best[0] > SURE * free.sum():
            break
    if best is None or best[0] < LEAST_WEIGHT:
        return None
    weight, speed, offset = best
    for lags, speeds in FINER:
        weight, speed, offset = _finer(likeness, times, free=free, line=(weight, speed, offset), steps=(lags, speeds))
    return _described(likeness, times, free=free, speed=speed, offset=offset)


def _finer(
    likeness: Likeness,
    times: Floats,
    *,
    free: NDArray[np.bool_],
    line: tuple[float, float, float],
    steps: tuple[Floats, Floats],
) -> tuple[float, float, float]:
    """The heaviest line near one, as (weight, speed, offset): turned about the middle of its stretch, and shifted."""
    _, speed, offset = line
    worth = _worth(likeness, times, offsets=np.array([offset]), speed=speed, free=free)
    middle = float(times[_largest_part(worth[0])].mean())
    there = offset + middle / speed
    best = line
    for change in steps[1]:
        # A clip at its own speed stays there: only what was found at another is measured finer.
        tried = speed + float(change)
        if speed == 1.0 and change:
            continue
        offsets = there + steps[0] - middle / tried
        sums = _largest_sum(_worth(likeness, times, offsets=offsets, speed=tried, free=free))
        top = int(np.argmax(sums))
        if sums[top] > best[0]:
            best = float(sums[top]), tried, float(offsets[top])
    return best


def _described(
    likeness: Likeness, times: Floats, *, free: NDArray[np.bool_], speed: float, offset: float
) -> Stretch | None:
    cells = _cells(likeness, times, offsets=np.array([offset]), speed=speed)
    worth = _of_cells(cells, likeness, free)[0]
    rows = _without_gaps(worth, _largest_part(worth))
    weight = float(worth[rows].sum())
    if rows.stop - rows.start < LEAST_INSTANTS or weight < LEAST_WEIGHT:
        return None
    part, mine = cells.of(rows), likeness.query_change[None, rows]
    changing = float(_weight(mine, part.reference_change).sum())
    return Stretch(
        first=rows.start,
        last=rows.stop,
        speed=speed,
        offset=offset,
        weight=weight,
        change=float(_correlation(part, mine)[0]) if changing >= 1.0 else None,
        changing=changing,
        picture=float(part.picture.mean()),
        elsewhere=float(np.median(likeness.picture[rows])),
        second=_second(likeness, times, rows=rows, line=(speed, offset)) if changing >= 1.0 else None,
    )


def _second(likeness: Likeness, times: Floats, *, rows: slice, line: tuple[float, float]) -> float | None:
    """The best correlation of change that the rows have anywhere else in the reference; None where it is too short."""
    speed, offset = line
    offsets, agreement = _by_offset(likeness, times, rows=rows, speed=speed)
    elsewhere = agreement[(np.abs(offsets - offset) > BESIDE) & ~np.isnan(agreement)]
    return float(elsewhere.max()) if len(elsewhere) else None


def _without_gaps(worth: NDArray[np.float32], rows: slice) -> slice:
    """The heaviest run of rows that no gap breaks: instants over which the sum falls further than it may.

    What lies on one line before and after other footage is two stretches, however much the two weigh.
    """
    best = slice(rows.start, rows.start)
    most = total = highest = 0.0
    start = end = rows.start
    for row in range(rows.start, rows.stop):
        total += float(worth[row])
        if total > highest:
            highest, end = total, row + 1
        if highest > most:
            best, most = slice(start, end), highest
        if total < highest - DEEPEST_GAP or total < 0:
            start, end, total, highest = row + 1, row + 1, 0.0, 0.0
    return best


def _weight(mine: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much the change at each instant counts, 0 to 1: it takes both sides to change, or one to change much."""
    energy = (mine + theirs) / 2
    return np.asarray(energy / (energy + HALF), np.float32)


def _scale(mine: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the product of change at each instant is measured by: that of two sides which change alike.

    A faded copy changes less than its original, but not by any factor: what changes on one side only is no copy.
    """
    return np.asarray(np.maximum(np.sqrt(mine * theirs), FADED * np.maximum(mine, theirs)), np.float32)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cells:
    """Along each line (lines, rows): product of change, the reference's change, picture, and whether the reference is there."""

    change: NDArray[np.float32]
    reference_change: NDArray[np.float32]
    picture: NDArray[np.float32]
    inside: NDArray[np.bool_]

    def of(self, rows: slice) -> _Cells:
        """The same of some rows."""
        names = (field.name for field in dataclasses.fields(self))
        return _Cells(**{name: getattr(self, name)[:, rows] for name in names})


def _cells(likeness: Likeness, times: Floats, *, offsets: Floats, speed: float) -> _Cells:
    """What lies along each line; between two instants of the reference, it is blended from both."""
    place = (offsets[:, None] + times[None, :] / speed) * COURSE_PER_SECOND
    count = len(likeness.reference_change)
    inside = (place >= -0.5) & (place <= count - 0.5)
    low = np.clip(np.floor(place), 0, max(count - 2, 0)).astype(np.int64)
    part = np.clip(place - low, 0, 1).astype(np.float32)
    # Cells by their place in the flat tables, which numpy takes several times faster than by row and column.
    here = low + count * np.arange(len(times))
    power = likeness.reference_change
    if not part.any():
        # At the reference's own speed every instant of the query falls on one of the reference.
        change, picture, theirs = likeness.change.take(here), likeness.picture.take(here), power.take(low)
    else:
        rest, after = 1 - part, int(count > 1)
        change = likeness.change.take(here) * rest + likeness.change.take(here + after) * part
        picture = likeness.picture.take(here) * rest + likeness.picture.take(here + after) * part
        theirs = power.take(low) * rest**2 + power.take(low + after) * part**2
        theirs += 2 * likeness.reference_next.take(low) * part * rest
    return _Cells(change=change, reference_change=np.maximum(theirs, 0), picture=picture, inside=inside)


def _worth(
    likeness: Likeness, times: Floats, *, offsets: Floats, speed: float, free: NDArray[np.bool_]
) -> NDArray[np.float32]:
    return _of_cells(_cells(likeness, times, offsets=offsets, speed=speed), likeness, free)


def _of_cells(cells: _Cells, likeness: Likeness, free: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What each instant adds to each line, (lines, rows)."""
    mine, theirs = likeness.query_change[None, :], cells.reference_change
    agreeing = cells.change / np.maximum(_scale(mine, theirs), 1e-6)
    worth = _weight(mine, theirs) * (agreeing - LEAST_CHANGE_LIKE) + PICTURE_COUNTS * (cells.picture - LEAST_LIKE)
    return np.where(cells.inside & free[None, :], worth, np.float32(-10.0))


def _sums(worth: NDArray[np.float32]) -> Floats:
    """The sums of each line's first instants, from none to all."""
    return np.concatenate([np.zeros((len(worth), 1)), np.cumsum(worth, axis=1, dtype=np.float64)], axis=1)


def _largest_sum(worth: NDArray[np.float32]) -> Floats:
    """Of each line the largest sum of an unbroken part."""
    sums = _sums(worth)
    return np.asarray((sums - np.minimum.accumulate(sums, axis=1)).max(axis=1), np.float64)


def _largest_part(worth: NDArray[np.float32]) -> slice:
    """The rows of the unbroken part of one line, float32 (rows,), that has the largest sum."""
    sums = _sums(worth[None])[0]
    last = int(np.argmax(sums - np.minimum.accumulate(sums)))
    return slice(int(np.argmin(sums[: last + 1])), last)
