"""Where a stretch begins and ends: carried on while the picture goes on agreeing, then to the cut beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from verikit.matching.fingerprinting import COURSE_PER_SECOND
from verikit.media.scan import HASHES_PER_SECOND
from verikit.records import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.alignment import Stretch
    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.likeness import Likeness

__all__ = ["settled_span"]

# A stretch is carried on over instants whose picture agrees at most so much less than its own median.
LESS_ALIKE = 0.15
# Instants that may be left out on the way: a flash, a caption that comes in.
MOST_MISSED = 1
# A cut is looked for so many seconds about the end of a stretch, and differs so many times more than what lies around it.
REACH, SUDDEN = 0.6, 4.0
# Nearer than this to a video's own end, a stretch ends there.
AT_THE_END = 0.3
STEP = 1 / HASHES_PER_SECOND


def settled_span(
    query: Fingerprint, reference: Fingerprint, *, stretch: Stretch, likeness: Likeness, start: int
) -> tuple[Span, Span]:
    """The seconds of the query that a stretch covers, and those of the reference; `start` is the first row's instant."""
    first, last = _carried_on(stretch, likeness, start)
    begin = _settled(query, (start + first) * STEP, early=True)
    end = _settled(query, (start + last) * STEP, early=False)
    # No further than the reference goes.
    begin = max(begin, -stretch.offset * stretch.speed, 0.0)
    end = min(end, (reference.duration - stretch.offset) * stretch.speed, query.duration)
    end = max(end, begin + STEP)
    there = [stretch.offset + time / stretch.speed for time in (begin, end)]
    # Whole microseconds, as JSON writes them, so that a match read back equals the match.
    mine = Span(round(begin, 6), round(end, 6))
    return mine, Span(round(max(there[0], 0.0), 6), round(min(max(there), reference.duration), 6))


def _carried_on(stretch: Stretch, likeness: Likeness, start: int) -> tuple[int, int]:
    """The first row and the row after the last for which the picture goes on agreeing."""
    rows = np.arange(len(likeness.picture))
    place = (stretch.offset + (start + rows) * STEP / stretch.speed) * COURSE_PER_SECOND
    column = np.clip(np.round(place).astype(np.int64), 0, likeness.picture.shape[1] - 1)
    alike = likeness.picture[rows, column]
    least = float(np.median(alike[stretch.first : stretch.last])) - LESS_ALIKE
    good = (alike >= least) & (place >= -0.5) & (place <= likeness.picture.shape[1] - 0.5)
    return _last_good(good[: stretch.first][::-1], stretch.first, -1), _last_good(good[stretch.last :], stretch.last, 1)


def _last_good(good: NDArray[np.bool_], edge: int, step: int) -> int:
    """How far `edge` may be carried on over good instants, missing few on the way."""
    reached = missed = 0
    for number, fine in enumerate(good, start=1):
        missed = 0 if fine else missed + 1
        if missed > MOST_MISSED:
            break
        reached = number if fine else reached
    return edge + step * reached


def _settled(query: Fingerprint, time: float, *, early: bool) -> float:
    """The time of a stretch's beginning (`early`) or end, moved to the query's own end or to the cut beside it."""
    if early and time <= AT_THE_END:
        return 0.0
    if not early and time >= query.duration - AT_THE_END:
        return query.duration
    near = np.nonzero(np.abs(query.frame_times - time) <= REACH)[0]
    if len(near) < 4:
        return time
    change = query.frame_change[near]
    top = int(np.argmax(change))
    rest = float(np.median(np.delete(change, top)))
    return float(query.frame_times[near[top]]) if change[top] > SUDDEN * max(rest, 1.0) else time
