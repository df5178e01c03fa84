"""The same take, or only the same scene? Pictures of one place look alike; what moves in them, and when, does not.

Two copies of one take agree in what changes: where in the picture, when, and which way. Two takes of one room agree in
what stays. So what stays is taken away (each point's mean over the stretch, and each picture's mean over its points)
and the rest is correlated over space and time, once the query is laid on the reference.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.records import Span

__all__ = ["Laying", "MotionAgreement", "agreement_backwards", "agreement_by_offset", "compare_motion"]

# A shorter stretch holds too little movement to tell takes apart.
LEAST_SECONDS = 1.0
LEAST_INSTANTS = 4
# Grey levels by which an instant's mean may differ from the stretch's: exposure drifts less within a shot.
MOST_LIGHT = 24.0
# An instant counts for at most so many times the median one.
MOST_OF_ONE = 9.0
# Mean square of what changes, in luma steps: below this the scene stands still and codec noise is all there is.
LEAST_CHANGE = 1.0
# The vote is good to a step between hashed instants and a twentieth of speed; the rest is found here, coarsely, then finely.
LAGS = np.arange(-0.4, 0.4001, 0.05)
FINE_LAGS = np.arange(-0.06, 0.0601, 0.02)
OTHER_SPEEDS = np.arange(0.75, 1.3001, 0.025)
FINE_SPEEDS = np.arange(-0.02, 0.0201, 0.005)
# An agreement at speed 1 above this needs no search for another.
SURE = 0.98
# Another speed than 1 counts only if it leaves at most this part of what speed 1 leaves unexplained: with twenty speeds
# to choose from, one always agrees a little better.
UNEXPLAINED = 0.75
# Seconds between the offsets that are tried where a stretch might lie anywhere.
OFFSET_STEP = 0.1
# The two pictures must share this part of the reference's, or too few points are compared.
LEAST_SHARED = 0.1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Laying:
    """How a stretch of a query is laid on a reference: reference time = offset + query time / speed, over `span`."""

    span: Span
    speed: float
    offset: float
    mirrored: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MotionAgreement:
    """How far two stretches change alike: correlation, -1 to 1, along reference time = offset + query time / speed.

    Speed and offset are those, near the ones asked for, at which the two agree best.
    """

    correlation: float
    speed: float
    offset: float

    def to_dict(self) -> dict[str, Any]:
        """The agreement as JSON."""
        return dataclasses.asdict(self)


def compare_motion(
    query: Fingerprint, reference: Fingerprint, *, laying: Laying, placing: NDArray[np.float64] | None
) -> MotionAgreement | None:
    """How far query and reference change alike along a laying, or the one near it at which they agree best.

    `placing` maps query pixels to reference pixels, both upright and full size, flip included, float64 (3, 3); None
    lays the query's picture area, flipped if mirrored, on the reference's. Returns None where the stretch is too
    short, shares too little of the picture, or stands still.
    """
    course = _course(query, reference, laying=laying, placing=placing)
    if course is None:
        return None
    middle = float(course.times.mean())
    # Speeds turn the line about the middle of the stretch, where the vote is surest.
    there = laying.offset + middle / laying.speed
    plain = course.best(middle, there, speeds=np.ones(1), lags=LAGS)
    plain = None if plain is None else course.near(plain, speeds=np.zeros(1))
    if plain is not None and plain.correlation >= SURE:
        return plain
    other = course.best(middle, there, speeds=np.append(OTHER_SPEEDS, laying.speed), lags=LAGS)
    other = None if other is None else course.near(other, speeds=FINE_SPEEDS)
    if plain is None or other is None:
        return plain or other
    return other if 1 - other.correlation <= UNEXPLAINED * (1 - plain.correlation) else plain


def agreement_backwards(
    query: Fingerprint, reference: Fingerprint, *, laying: Laying, placing: NDArray[np.float64] | None
) -> float | None:
    """The best agreement of the stretch played backwards, anywhere in the reference; None where nothing compares."""
    course = _course(query, reference, laying=laying, placing=placing)
    if course is None:
        return None
    turned = dataclasses.replace(course, points=course.points[::-1])
    offsets = np.arange(-query.duration, reference.duration, OFFSET_STEP)
    found = [turned.agreement(offset + course.times) for offset in offsets]
    return max((value for value in found if value is not None), default=None)


def agreement_by_offset(
    query: Fingerprint,
    reference: Fingerprint,
    *,
    laying: Laying,
    placing: NDArray[np.float64] | None,
    step: float = OFFSET_STEP,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where else the stretch might lie: every offset in steps of `step` seconds, and the correlation of change there.

    Two float64 arrays of equal length; correlation is nan where nothing can be compared. A copy shows as one peak.
    """
    offsets = np.arange(-query.duration, reference.duration, step)
    course = _course(query, reference, laying=laying, placing=placing)
    if course is None:
        return offsets, np.full(len(offsets), np.nan)
    found = [course.agreement(offset + course.times / laying.speed) for offset in offsets]
    return offsets, np.array([np.nan if value is None else value for value in found])


def _course(
    query: Fingerprint, reference: Fingerprint, *, laying: Laying, placing: NDArray[np.float64] | None
) -> _Course | None:
    span = laying.span
    rows = np.nonzero((query.times >= span.start - 1e-6) & (query.times < span.end - 1e-6))[0]
    # A fade or flash at an end of the stretch would be all the change there is; its instants are left out.
    light = query.thumbs[rows].mean(axis=(1, 2)) if len(rows) else np.empty(0)
    rows = rows[np.abs(light - np.median(light)) <= MOST_LIGHT] if len(rows) else rows
    if span.duration < LEAST_SECONDS or len(rows) < LEAST_INSTANTS:
        return None
    areas = _areas(query, reference, laying.mirrored)
    laid, inside = _laid(query.thumbs[rows], areas if placing is None else _on_thumbs(placing, query, reference))
    if inside.mean() < LEAST_SHARED:
        return None
    return _Course(times=query.times[rows], points=laid[:, inside], inside=inside, reference=reference)


def _better(one: MotionAgreement, other: MotionAgreement | None) -> MotionAgreement:
    return other if other is not None and other.correlation > one.correlation else one


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """The query's points over time, (times, points), laid on the reference's grid where `inside`."""

    times: NDArray[np.float64]
    points: NDArray[np.float32]
    inside: NDArray[np.bool_]
    reference: Fingerprint

    def best(
        self, middle: float, there: float, *, speeds: NDArray[np.float64], lags: NDArray[np.float64]
    ) -> MotionAgreement | None:
        """The speed and lag of the best agreement, for lines through query time `middle`, reference time `there`."""
        found: MotionAgreement | None = None
        for speed in speeds:
            for lag in lags:
                offset = there + lag - middle / speed
                correlation = self.agreement(offset + self.times / speed)
                if correlation is not None and (found is None or correlation > found.correlation):
                    found = MotionAgreement(correlation=correlation, speed=float(speed), offset=float(offset))
        return found

    def near(self, found: MotionAgreement, *, speeds: NDArray[np.float64]) -> MotionAgreement:
        """The best agreement near one that was found coarsely; `speeds` are added to its speed."""
        middle = float(self.times.mean())
        there = found.offset + middle / found.speed
        return _better(found, self.best(middle, there, speeds=found.speed + speeds, lags=FINE_LAGS))

    def agreement(self, places: NDArray[np.float64]) -> float | None:
        """Correlation of what changes, at reference times `places`; None where too little can be compared."""
        there = (places >= self.reference.times[0] - 0.1) & (places <= self.reference.times[-1] + 0.1)
        # A line that runs out of the reference would be judged on what little is left.
        if there.sum() < max(LEAST_INSTANTS, 0.8 * len(places)):
            return None
        mine = _evened(_changing(self.points[there]))
        theirs = _evened(_changing(_between(self.reference, places[there])[:, self.inside]))
        power = float(np.sqrt((mine**2).mean() * (theirs**2).mean()))
        return None if power < LEAST_CHANGE else float((mine * theirs).mean()) / power


def _changing(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """What changes: each point less its mean over time, each picture less its mean over points. (times, points)."""
    moving = points - points.mean(axis=0, keepdims=True)
    return np.asarray(moving - moving.mean(axis=1, keepdims=True), np.float32)


def _evened(changing: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same, but no single instant outweighs the rest: a fade or a cut at the stretch's end is one instant, not the film."""
    power = (changing**2).mean(axis=1, keepdims=True)
    most = MOST_OF_ONE * np.median(power) + LEAST_CHANGE
    return np.asarray(changing * np.sqrt(np.minimum(1.0, most / np.maximum(power, 1e-9))), np.float32)


def _between(reference: Fingerprint, times: NDArray[np.float64]) -> NDArray[np.float32]:
    """The reference's small pictures at `times`, blended between the two hashed instants around each."""
    place = np.interp(times, reference.times, np.arange(len(reference.times)))
    low = np.minimum(place.astype(int), len(reference.times) - 1)
    high = np.minimum(low + 1, len(reference.times) - 1)
    part = (place - low).astype(np.float32)[:, None, None]
    return np.asarray(reference.thumbs[low] * (1 - part) + reference.thumbs[high] * part, np.float32)


def _laid(thumbs: NDArray[np.uint8], matrix: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The query's small pictures on the reference's grid, and where on it they lie wholly."""
    height, width = thumbs.shape[1:]
    laid = np.stack([cv2.warpPerspective(t.astype(np.float32), matrix, (width, height)) for t in thumbs])
    cover = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, (width, height))
    return np.asarray(laid, np.float32), np.asarray(cover > 0.99)


def _on_thumbs(placing: NDArray[np.float64], query: Fingerprint, reference: Fingerprint) -> NDArray[np.float64]:
    """A map between full-size pictures as a map between their small ones."""
    height, width = query.thumbs.shape[1:]
    grow = np.diag([query.width / width, query.height / height, 1.0])
    shrink = np.diag([width / reference.width, height / reference.height, 1.0])
    centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    # Pixel centres lie at half steps, so the scaling is done about them.
    return np.asarray(np.linalg.inv(centre) @ shrink @ placing @ grow @ centre, np.float64)


def _areas(query: Fingerprint, reference: Fingerprint, mirrored: bool) -> NDArray[np.float64]:  # noqa: FBT001 - a fact of the match
    """The map that lays one picture area on the other."""
    height, width = query.thumbs.shape[1:]
    size = np.array([width, height, width, height])
    one, other = np.array(query.area) * size - 0.5, np.array(reference.area) * size - 0.5
    across, down = (other[2] - other[0]) / (one[2] - one[0]), (other[3] - other[1]) / (one[3] - one[1])
    straight = np.array([[across, 0, other[0] - across * one[0]], [0, down, other[1] - down * one[1]], [0, 0, 1]])
    flip = np.array([[-1.0, 0, one[0] + one[2]], [0, 1, 0], [0, 0, 1]])
    return straight @ flip if mirrored else straight
