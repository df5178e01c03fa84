"""The query's small pictures laid on the reference's: the same points of the scene, side by side, at every instant."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.matching.fingerprinting import COURSE_PER_SECOND
from verikit.media.scan import HASHES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint

    Floats = NDArray[np.float64]
    Points = NDArray[np.float32]

__all__ = ["Laid", "Laying", "apart", "by_areas", "corners_of", "from_stills", "lay", "onto_course"]

# Fewer points of the small pictures than this are too few to compare.
LEAST_POINTS = 30
# A point of the coarser grid lies wholly in the other picture if so much of it does.
COVERED = 0.99
# A shot ends where two pictures of the course correlate less than this and differ by more than this many grey levels on
# average; a picture whose luma is shorter than FLAT is flat.
UNLIKE, DIFFERING, FLAT = 0.7, 10.0, 70.0
# The course's step from one hashed instant to the next.
STEP = COURSE_PER_SECOND // HASHES_PER_SECOND
# Points across of a part.
LEAST_PART = 4


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laying:
    """How a query's picture lies on a reference's.

    placing: float64 (3, 3), upright pixels of the query to upright pixels of the reference, both full size. What was
    done to the reference to give the query: mirrored left to right, then turned clockwise by `rotated` degrees;
    negative: light and dark exchanged. places: distinct places of local features that agree, 0 where none were asked.
    """

    placing: Floats
    mirrored: bool = False
    rotated: int = 0
    negative: bool = False
    places: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """The points that two videos share: query (instants, points) and reference (instants, points), float32 luma.

    parts: int64 (points,), which of nine parts of what they share each point lies in. query_shots, reference_shots:
    int64 (instants,), a number for the shot that each instant is of.
    """

    query: Points
    reference: Points
    parts: NDArray[np.int64]
    query_shots: NDArray[np.int64]
    reference_shots: NDArray[np.int64]


def by_areas(query: Fingerprint, reference: Fingerprint, *, mirrored: bool, rotated: int, negative: bool) -> Laying:
    """The laying of the query's whole picture, without its borders, on the reference's."""
    corners = [corners_of(side) for side in (query, reference)]
    order = [1, 0, 3, 2] if mirrored else [0, 1, 2, 3]
    # Turned clockwise, what was bottom left comes to lie top left.
    order = [order[(number - rotated // 90) % 4] for number in range(4)]
    placing = cv2.getPerspectiveTransform(corners[0], corners[1][order])
    return Laying(placing=np.asarray(placing, np.float64), mirrored=mirrored, rotated=rotated, negative=negative)


def apart(one: Laying, other: Laying, reference: Fingerprint) -> float:
    """How far apart two layings put the reference's corners in the query and back, at most, as a part of its width."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [reference.width, reference.height]
    back = np.c_[corners, np.ones(4)] @ (other.placing @ np.linalg.inv(one.placing)).T
    return float(np.hypot(*(back[:, :2] / back[:, 2:] - corners).T).max() / reference.width)


def from_stills(
    matrix: Floats, query: Fingerprint, reference: Fingerprint, *, mirrored: bool, negative: bool, places: int
) -> Laying:
    """The laying of a matrix between stills, of which the query's were flipped left to right where `mirrored`."""
    flip = np.array([[-1.0, 0, query.still_size[0] - 1], [0, 1, 0], [0, 0, 1]])
    whole = matrix @ flip if mirrored else matrix
    placing = _scale(reference.width / reference.still_size[0]) @ whole @ _scale(query.still_size[0] / query.width)
    # Where the middle of the query goes, and how the picture is turned about it.
    middle = np.array([query.width / 2, query.height / 2])
    slope = np.linalg.inv(_slope(placing, middle))
    if mirrored:
        slope = slope @ np.diag([-1.0, 1.0])
    turn = round(float(np.rad2deg(np.arctan2(slope[1, 0], slope[0, 0]))) / 90) * 90 % 360
    return Laying(placing=placing, mirrored=mirrored, rotated=turn, negative=negative, places=places)


def lay(query: Fingerprint, reference: Fingerprint, laying: Laying, *, rows: slice = slice(None)) -> Laid | None:
    """The points shared under a laying, on the grid of whichever small picture is the coarser; None where too few.

    `rows` are the query's hashed instants that are laid; of the reference the whole course is. A finer picture is
    blurred first to what the coarser could show.
    """
    mine, theirs = query.thumbs[rows], reference.course
    there = _between(laying.placing, (query, mine.shape[1:]), (reference, theirs.shape[1:]))
    middle = np.array([mine.shape[2] / 2, mine.shape[1] / 2])
    # Small steps of the query's grid about its middle, measured on the reference's.
    enlarging = float(np.sqrt(abs(np.linalg.det(_slope(there, middle)))))
    if enlarging > 1:
        laid, inside = _seen(theirs, np.asarray(np.linalg.inv(there)), size=mine.shape[1:], blur=enlarging)
        pair = mine[:, inside].astype(np.float32), laid[:, inside]
    else:
        laid, inside = _seen(mine, there, size=theirs.shape[1:], blur=1 / max(enlarging, 1e-3))
        pair = laid[:, inside], theirs[:, inside].astype(np.float32)
    if inside.sum() < LEAST_POINTS:
        return None
    # By the course on both sides: at four pictures a second, whoever pans fast would seem to cut.
    instants = np.minimum(np.arange(len(query.thumbs))[rows] * STEP, len(query.course) - 1)
    return Laid(
        query=pair[0],
        reference=pair[1],
        parts=_parts(inside),
        query_shots=_shots(query.course)[instants],
        reference_shots=_shots(reference.course),
    )


def _shots(course: NDArray[np.uint8]) -> NDArray[np.int64]:
    """A number for the shot that each small picture is of: a new one begins where one is unlike the one before it."""
    rows = course.reshape(len(course), -1).astype(np.float32)
    centred = rows - rows.mean(axis=1, keepdims=True)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), FLAT)
    alike = (unit[1:] * unit[:-1]).sum(axis=1)
    differing = np.abs(rows[1:] - rows[:-1]).mean(axis=1)
    return np.concatenate([[0], np.cumsum((alike < UNLIKE) & (differing > DIFFERING))]).astype(np.int64)


def onto_course(placing: Floats, query: Fingerprint, reference: Fingerprint) -> Floats:
    """A map between full-size pictures as a map from the query's thumbnails to the pictures of the reference's course."""
    return _between(placing, (query, query.thumbs.shape[1:]), (reference, reference.course.shape[1:]))


def _parts(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which of three by three parts of the covered box each covered point lies in; by two or one where it is small."""
    down, along = np.nonzero(inside)
    rows = (down - down.min()) * min(3, max(1, int(np.ptp(down)) // LEAST_PART)) // (np.ptp(down) + 1)
    columns = (along - along.min()) * min(3, max(1, int(np.ptp(along)) // LEAST_PART)) // (np.ptp(along) + 1)
    return np.asarray(rows * 3 + columns, np.int64)


def _seen(
    thumbs: NDArray[np.uint8], matrix: Floats, *, size: tuple[int, ...], blur: float
) -> tuple[Points, NDArray[np.bool_]]:
    """Small pictures laid on the other grid, (height, width), by `matrix`, and which points of that grid they cover."""
    height, width = size
    # A box of `blur` pixels has this standard deviation.
    sigma = np.sqrt(max(blur**2 - 1, 0) / 12)
    laid = np.empty((len(thumbs), height, width), np.float32)
    for row, thumb in enumerate(thumbs):
        soft = cv2.GaussianBlur(thumb, (0, 0), sigma) if sigma > 0.2 else thumb
        laid[row] = cv2.warpPerspective(soft.astype(np.float32), matrix, (width, height))
    cover = cv2.warpPerspective(np.ones(thumbs.shape[1:], np.float32), matrix, (width, height))
    return laid, np.asarray(cover > COVERED)


def corners_of(side: Fingerprint) -> NDArray[np.float32]:
    """The corners of a picture without its borders, clockwise from top left, in full-size pixels."""
    left, top, right, bottom = side.area
    parts = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return np.asarray(parts * [side.width, side.height] - 0.5, np.float32)


def _between(
    placing: Floats, query: tuple[Fingerprint, tuple[int, ...]], reference: tuple[Fingerprint, tuple[int, ...]]
) -> Floats:
    """A map between full-size pictures as a map between small ones of the given (height, width)."""
    grow = np.diag([query[0].width / query[1][1], query[0].height / query[1][0], 1.0])
    shrink = np.diag([reference[1][1] / reference[0].width, reference[1][0] / reference[0].height, 1.0])
    # Pixel centres lie at half steps, so the scaling is done about them.
    centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return np.asarray(np.linalg.inv(centre) @ shrink @ centre @ placing @ np.linalg.inv(centre) @ grow @ centre)


def _scale(factor: float) -> Floats:
    """Enlarging by a factor about the outer corner of the first pixel."""
    shift = (factor - 1) / 2
    return np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]])


def _slope(matrix: Floats, point: Floats) -> Floats:
    """How a map turns and enlarges near a point, float64 (2, 2)."""
    x, y, depth = matrix @ np.append(point, 1.0)
    return np.asarray((matrix[:2, :2] - np.outer([x / depth, y / depth], matrix[2, :2])) / depth)
