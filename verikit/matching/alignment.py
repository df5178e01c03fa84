"""Temporal vote: the straight lines along which the instants of a query match the instants of a reference.

A copy puts its matches on a line reference time = (query time - start) / speed. Chance matches, and pictures that recur,
do not line up. Every pair of instants within the radius votes for the lines through it; the best line is read off, its
instants are taken out, and the vote is repeated, so that several excerpts of one reference are all found.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["RADIUS", "SPEEDS", "Line", "find_lines"]

# Bits of 256. Unrelated pictures lie at 128 +- 12 (measured on real clips); the vote over time makes up for the few
# chance pairs that a radius this wide lets through, and captions and small crops need the width.
RADIUS = 84

# Query seconds per reference second. Uploaders speed clips up or down by up to a quarter to slip past filters.
SPEEDS = (1.0, 0.8, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2, 1.25)

# Width of a vote, in seconds: the step between hashed instants.
BIN = 0.25
# Instants of one excerpt lie no further apart than this.
LONGEST_GAP = 1.5
# A line needs this many instants, or two chance pairs would make one.
LEAST_INSTANTS = 4
# A line is fitted to its own instants only if there are this many, and kept if it explains this much more.
LEAST_TO_FIT, FIT_MARGIN = 8, 1.02
MOST_SLOW, MOST_FAST = 0.7, 1.4
# Larger than any distance.
FAR = 1 << 20
# Another speed than 1 must explain this much more, since with ten speeds to choose from one always fits a little better.
SPEED_MARGIN = 1.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """An aligned stretch: reference time = offset + query time / speed.

    queries, references: rows of the instants that agree; distances: their Hamming distances in bits; weight: the sum
    of the votes, each 1 - distance / radius.
    """

    speed: float
    offset: float
    queries: NDArray[np.int64]
    references: NDArray[np.int64]
    distances: NDArray[np.int64]
    weight: float

    def joined(self, other: Line) -> Line:
        """This stretch and one that goes on from it."""
        return dataclasses.replace(
            self,
            queries=np.concatenate([self.queries, other.queries]),
            references=np.concatenate([self.references, other.references]),
            distances=np.concatenate([self.distances, other.distances]),
            weight=self.weight + other.weight,
        )


def find_lines(
    distances: NDArray[np.uint16],
    query_times: NDArray[np.float64],
    reference_times: NDArray[np.float64],
    *,
    radius: int = RADIUS,
    most: int = 5,
) -> list[Line]:
    """The strongest lines, best first. `distances` is (queries, references) in bits; unusable instants exceed `radius`."""
    left = distances.copy()
    lines: list[Line] = []
    while len(lines) < most:
        line = _strongest(left, query_times, reference_times, radius=radius)
        if line is None:
            break
        lines.append(line)
        # What this excerpt explains votes no more; the reference stays free, since an excerpt may be used twice.
        left[line.queries[0] : line.queries[-1] + 1] = radius + 1
    return lines


def _strongest(
    distances: NDArray[np.uint16],
    query_times: NDArray[np.float64],
    reference_times: NDArray[np.float64],
    *,
    radius: int,
) -> Line | None:
    rows, columns = np.nonzero(distances <= radius)
    if len(rows) < LEAST_INSTANTS:
        return None
    votes = 1 - distances[rows, columns] / radius
    best: Line | None = None
    for speed in SPEEDS:
        offsets = reference_times[columns] - query_times[rows] / speed
        for offset in _peaks(offsets, rows, votes):
            line = _along(distances, query_times, reference_times, radius=radius, speed=speed, offset=offset)
            margin = 1.0 if best is None or best.speed != 1.0 else SPEED_MARGIN
            if line is not None and (best is None or line.weight > margin * best.weight):
                best = line
    return None if best is None else _fitted(distances, query_times, reference_times, line=best, radius=radius)


def _fitted(
    distances: NDArray[np.uint16],
    query_times: NDArray[np.float64],
    reference_times: NDArray[np.float64],
    *,
    line: Line,
    radius: int,
) -> Line:
    """The line through its own instants, where it explains more than the one of the nearest speed tried.

    A speed between two that were tried drifts off at the ends of a long stretch, which would then be reported short.
    """
    if len(line.queries) < LEAST_TO_FIT:
        return line
    slope, start = np.polyfit(
        query_times[line.queries], reference_times[line.references], 1, w=1 - line.distances / (radius + 1)
    )
    if not MOST_SLOW <= slope <= MOST_FAST:
        return line
    found = _along(distances, query_times, reference_times, radius=radius, speed=1 / float(slope), offset=float(start))
    return found if found is not None and found.weight > FIT_MARGIN * line.weight else line


def _peaks(offsets: NDArray[np.float64], rows: NDArray[np.int64], votes: NDArray[np.float64]) -> Iterator[float]:
    """The offset with the most votes; an instant of the query votes once for each offset, with its best pair."""
    bins = np.round((offsets - offsets.min()) / BIN).astype(np.int64)
    most = int(bins.max()) + 2
    board = np.zeros((int(rows.max()) + 1, most))
    np.maximum.at(board, (rows, bins), votes)
    total = board.sum(axis=0)
    # Two neighbouring bins together, since a true offset may fall between them.
    pairs = total[:-1] + total[1:]
    top = int(np.argmax(pairs))
    inside = (bins == top) | (bins == top + 1)
    yield float(np.average(offsets[inside], weights=votes[inside] + 1e-9))


def _along(
    distances: NDArray[np.uint16],
    query_times: NDArray[np.float64],
    reference_times: NDArray[np.float64],
    *,
    radius: int,
    speed: float,
    offset: float,
) -> Line | None:
    """The best unbroken stretch of the line with this speed and offset."""
    expected = offset + query_times / speed
    # The few instants of the reference around each expected one; the rest of the row is not looked at.
    around = np.searchsorted(reference_times, expected)[:, None] + np.arange(-2, 2)
    inside = (around >= 0) & (around < len(reference_times))
    around = np.clip(around, 0, len(reference_times) - 1)
    near = inside & (np.abs(reference_times[around] - expected[:, None]) <= BIN)
    along = np.where(near, distances[np.arange(len(expected))[:, None], around].astype(np.int64), FAR)
    best = along.argmin(axis=1)
    nearest, chosen = along[np.arange(len(along)), best], around[np.arange(len(along)), best]
    queries = np.nonzero(nearest <= radius)[0]
    if len(queries) < LEAST_INSTANTS:
        return None
    breaks = np.nonzero(np.diff(query_times[queries]) > LONGEST_GAP)[0] + 1
    runs = np.split(queries, breaks)
    weights = [float((1 - nearest[run] / radius).sum()) for run in runs]
    run, weight = max(zip(runs, weights, strict=True), key=lambda pair: pair[1])
    if len(run) < LEAST_INSTANTS:
        return None
    return Line(
        speed=speed,
        offset=offset,
        queries=run,
        references=chosen[run],
        distances=nearest[run],
        weight=weight,
    )
