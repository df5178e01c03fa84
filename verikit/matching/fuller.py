"""How two copies of one piece of footage differ: how much of each the other shows, and which has more fine detail left."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.matching.geometry import evened
from verikit.matching.laying import corners_of
from verikit.matching.stills import spread, still_image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.matches import Match

    Floats = NDArray[np.float64]

__all__ = ["Shared", "shared_by"]

# Pairs of stills whose fine detail is measured.
MOST_PAIRS = 4
# Fine detail is what a blur of so many pixels takes away, on the grid of the finer of the two pictures.
FINE = 1.5
# Of the points that both show the half that differs least is measured: captions and stickers are no detail of the scene.
ALIKE = 50
# Fewer points than these say nothing.
LEAST_POINTS = 2000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What two copies share, each number of the query and then of the reference.

    seconds: of its time that lie in the other. duration: all its seconds. picture: the part of its picture, 0 to 1,
    that the other shows, borders left out. detail: its fine detail as a multiple of the other's where both show the
    same, None where that cannot be measured.
    """

    seconds: tuple[float, float]
    duration: tuple[float, float]
    picture: tuple[float, float]
    detail: tuple[float, float] | None


def shared_by(query: Fingerprint, reference: Fingerprint, matches: Iterable[Match]) -> Shared:
    """What a query and a reference share by their matches, of which the surest comes first; at least one is needed."""
    held = list(matches)
    surest = held[0]
    seconds = [_covered([span(match) for match in held]) for span in (_of_query, _of_reference)]
    detail = _detail(query, reference, surest)
    return Shared(
        seconds=(seconds[0], seconds[1]),
        duration=(query.duration, reference.duration),
        picture=_pictures(query, reference, np.array(surest.homography)),
        detail=None if detail is None else (round(detail, 3), round(1 / detail, 3)),
    )


def _of_query(match: Match) -> tuple[float, float]:
    return match.query_span.start, match.query_span.end


def _of_reference(match: Match) -> tuple[float, float]:
    return match.reference_span.start, match.reference_span.end


def _covered(spans: list[tuple[float, float]]) -> float:
    """Seconds that lie in at least one span."""
    covered, reached = 0.0, -np.inf
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return round(covered, 3)


def _pictures(query: Fingerprint, reference: Fingerprint, placing: Floats) -> tuple[float, float]:
    """The part of the query's picture that lies in the reference's, and the other way round."""
    mine, theirs = corners_of(query), corners_of(reference)
    there = cv2.perspectiveTransform(mine[None], placing)[0].astype(np.float32)
    shared = cv2.intersectConvexConvex(there, theirs)[0]
    parts = [min(1.0, shared / max(abs(cv2.contourArea(side)), 1e-6)) for side in (there, theirs)]
    return round(parts[0], 3), round(parts[1], 3)


def _detail(query: Fingerprint, reference: Fingerprint, match: Match) -> float | None:
    """How many times the reference's fine detail the query has left: the median over some pairs of stills.

    Stills are at most 480 pixels across, so that detail finer than that is not seen.
    """
    inside = np.nonzero((query.still_times >= match.query_span.start) & (query.still_times <= match.query_span.end))[0]
    found = []
    for row in spread(inside, most=MOST_PAIRS) if len(inside) else ():
        moment = match.offset + float(query.still_times[row]) / match.speed
        other = int(np.argmin(np.abs(reference.still_times - moment)))
        one, two = still_image(query.stills[row]), still_image(reference.stills[other])
        grow = np.diag([query.width / one.shape[1], query.height / one.shape[0], 1.0])
        shrink = np.diag([two.shape[1] / reference.width, two.shape[0] / reference.height, 1.0])
        found.append(_finer(one, two, shrink @ np.array(match.homography) @ grow))
    told = [one for one in found if one is not None]
    return float(np.median(told)) if told else None


def _finer(query: NDArray[np.uint8], reference: NDArray[np.uint8], placing: Floats) -> float | None:
    """How many times the reference's fine detail one picture has, on the grid of whichever has the smaller pixels."""
    one, other = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (query, reference))
    middle = np.array([[[query.shape[1] / 2, query.shape[0] / 2]]])
    steps = cv2.perspectiveTransform(middle + np.array([[[1.0, 0.0]]]), placing) - cv2.perspectiveTransform(
        middle, placing
    )
    if float(np.hypot(*steps[0, 0])) >= 1:
        one, inside = _laid(one, placing, like=other)
    else:
        other, inside = _laid(other, np.asarray(np.linalg.inv(placing)), like=one)
    if inside.sum() < LEAST_POINTS:
        return None
    one, _ = evened(one, other, where=inside)
    off = np.abs(cv2.GaussianBlur(one, (0, 0), FINE) - cv2.GaussianBlur(other, (0, 0), FINE))
    alike = inside & (off <= np.percentile(off[inside], ALIKE))
    fine = [float(np.std((picture - cv2.GaussianBlur(picture, (0, 0), FINE))[alike])) for picture in (one, other)]
    return fine[0] / fine[1] if min(fine) > 0 else None


def _laid(
    picture: NDArray[np.float32], placing: Floats, *, like: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A grey picture laid on another's grid, and where it covers that."""
    size = (like.shape[1], like.shape[0])
    cover = cv2.warpPerspective(np.ones_like(picture), placing, size)
    laid = cv2.warpPerspective(picture, placing, size, flags=cv2.INTER_CUBIC)
    return np.asarray(laid, np.float32), np.asarray(cv2.erode(cover, np.ones((5, 5))) > 0.99)
