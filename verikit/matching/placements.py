"""How a query may lie on a reference: the similarity that most matched features of all their stills agree on.

An edit lays the whole clip in one place, so the features of all stills vote together: a picture in a corner that has
five matches in one still has sixty in twelve. Each match of two features, with their sizes and directions, tells of one
similarity; those that tell of the same are counted by distinct places, so that what stands still in every still counts
once.

Source: Lowe, IJCV 2004, section 7.3 (the vote), with the votes of all stills together.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.matching.features import pairs_alike
from verikit.matching.voting import OCTAVE, TURN, bins_of, cells_of, told_by
from verikit.matching.words import WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.features import Features
    from verikit.matching.voting import Told

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["Filed", "Placement", "filed", "find_placements"]

# Bits of 256 by which two features may differ: of true pairs a half lie under 30, of chance pairs of one word one in fifty.
RADIUS = 36
# So many of the most crowded bins are counted place by place, and so many of the fullest of these are fitted.
MOST_CROWDED, MOST_BINS = 24, 3
# Fewer distinct places agree by chance.
LEAST_PLACES = 8
# Pixels of a still, in the smaller of the two pictures, that a match may lie off.
TOLERANCE = 5.0
# Beyond this enlargement either way nothing of one picture shows in the other.
MOST_SCALE, MOST_SQUEEZE = 8.0, 2.5
# A freer map always finds a few matches more; it is taken only where it finds so many times as many.
FREER = 1.15
# Matches that one feature may have in one video: what is everywhere says nothing about where.
MOST_OF_ONE = 40


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filed:
    """Features in the order of their words: rows int64 (k,) into the features, bounds int64 (WORDS + 1,) into rows."""

    rows: Rows
    bounds: Rows


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """One way in which a query's stills lie on a reference's.

    matrix: float64 (3, 3), query still's pixels to reference still's. places: how many distinct places agree.
    queries, references: rows of the features that do, of one still or many.
    """

    matrix: Floats
    places: int
    queries: Rows
    references: Rows


def filed(words: NDArray[np.uint16]) -> Filed:
    """The features of a reference, uint16 (k,) a word each, so that those of one word are found at once."""
    rows = np.argsort(words, kind="stable")
    return Filed(rows=rows, bounds=np.searchsorted(words[rows], np.arange(WORDS + 1)))


def find_placements(
    query: Features, words: NDArray[np.uint16], *, reference: Features, index: Filed, sizes: tuple[Floats, Floats]
) -> list[Placement]:
    """The ways in which most features agree, best first; none where no more do than by chance.

    `words`: uint16 (k, m), the words to look each query feature up under. `sizes`: width and height of the query's and
    of the reference's stills.
    """
    pairs = _alike(query, words, reference=reference, index=index)
    if len(pairs) < LEAST_PLACES:
        return []
    told = told_by(
        query.places[pairs[:, 0]].astype(np.float64), reference.places[pairs[:, 1]].astype(np.float64), sizes
    )
    found: list[Placement] = []
    for members in _fullest(told, pairs, query=query, reference=reference):
        placement = _fitted(members, pairs, told=told, query=query, reference=reference)
        if placement is not None and not any(_same(placement.matrix, other.matrix, sizes[0]) for other in found):
            found.append(placement)
    return sorted(found, key=lambda placement: -placement.places)


def _alike(query: Features, words: NDArray[np.uint16], *, reference: Features, index: Filed) -> Rows:
    """Pairs of rows whose features share a word and differ by few bits, int64 (n, 2)."""
    first, last = index.bounds[words], index.bounds[words.astype(np.int64) + 1]
    counts = (last - first).ravel()
    rows = np.repeat(np.repeat(np.arange(len(words)), words.shape[1]), counts)
    starts = np.repeat(first.ravel() - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    others = index.rows[np.arange(len(rows)) + starts]
    near, _ = pairs_alike(query.signatures, rows, theirs=reference.signatures, others=others, radius=RADIUS)
    rows, others = rows[near], others[near]
    crowded = np.bincount(rows, minlength=len(query)) > MOST_OF_ONE
    keep = ~crowded[rows]
    return np.stack([rows[keep], others[keep]], axis=1)


def _fullest(told: Told, pairs: Rows, *, query: Features, reference: Features) -> list[Rows]:
    """Rows of pairs in the bins with the most distinct places, the fullest first."""
    bins = bins_of(told)
    held = np.bincount(bins.ravel())
    crowded = np.argsort(-held, kind="stable")[:MOST_CROWDED]
    mine, theirs = cells_of(query.places[pairs[:, 0]]), cells_of(reference.places[pairs[:, 1]])
    found: list[tuple[int, Rows]] = []
    for number in crowded[held[crowded] >= LEAST_PLACES]:
        rows = np.nonzero((bins == number).any(axis=0))[0]
        places = min(len(np.unique(mine[rows])), len(np.unique(theirs[rows])))
        if places >= LEAST_PLACES:
            found.append((places, rows))
    found.sort(key=lambda one: -one[0])
    return [rows for _, rows in found[:MOST_BINS]]


def _fitted(members: Rows, pairs: Rows, *, told: Told, query: Features, reference: Features) -> Placement | None:
    """The map that most of the bin's matches agree with, and then all matches that agree with it."""
    mine = query.places[pairs[:, 0], :2].astype(np.float64)
    theirs = reference.places[pairs[:, 1], :2].astype(np.float64)
    # Measured in the smaller picture, so that a picture in a corner may be as many pixels off as a whole one.
    inwards = bool(np.median(told.octave[members]) > 0)
    source, target = (theirs, mine) if inwards else (mine, theirs)
    matrix = _similarity(source[members], target[members])
    if matrix is None:
        return None
    turn, octave = _turn_and_octave(matrix, inwards=inwards)
    like = (np.abs((told.turn - turn + 180) % 360 - 180) <= TURN) & (np.abs(told.octave - octave) <= OCTAVE)
    rows = np.nonzero(like)[0]
    matrix = _freed(source[rows], target[rows], matrix)
    inside = rows[_off(matrix, source[rows], target[rows]) <= TOLERANCE]
    if len(inside) < LEAST_PLACES or not _plausible(matrix):
        return None
    whole = np.linalg.inv(matrix) if inwards else matrix
    cells = (cells_of(side.places[pairs[inside, column]]) for column, side in enumerate((query, reference)))
    places = min(len(np.unique(cell)) for cell in cells)
    if places < LEAST_PLACES:
        return None
    return Placement(matrix=whole / whole[2, 2], places=places, queries=pairs[inside, 0], references=pairs[inside, 1])


def _similarity(source: Floats, target: Floats, *, tolerance: float = 2 * TOLERANCE) -> Floats | None:
    # OpenCV's RANSAC draws from its own generator; seeding it makes the same pictures give the same answer.
    cv2.setRNGSeed(1)
    matrix, _ = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=1000, confidence=0.999
    )
    return None if matrix is None else np.vstack([matrix, [0, 0, 1]])


def _turn_and_octave(matrix: Floats, *, inwards: bool) -> tuple[float, float]:
    turn = float(np.rad2deg(np.arctan2(matrix[1, 0], matrix[0, 0])))
    octave = float(np.log2(max(np.hypot(matrix[0, 0], matrix[1, 0]), 1e-6)))
    return (-turn, -octave) if inwards else (turn, octave)


def _freed(source: Floats, target: Floats, matrix: Floats) -> Floats:
    """The similarity, or an affine map or a homography where that agrees with clearly more matches.

    A squeezed copy has other scales across and down; a filmed screen is seen at a slant.
    """
    near = _off(matrix, source, target) <= 4 * TOLERANCE
    stiff = _similarity(source[near], target[near], tolerance=TOLERANCE / 2) if near.sum() >= LEAST_PLACES else None
    best = matrix if stiff is None or not _plausible(stiff) else stiff
    most = int((_off(best, source, target) <= TOLERANCE).sum())
    # Matches that lie on one spot could be fitted by anything.
    spread = len(np.unique(cells_of(source[near].astype(np.float32)))) if near.any() else 0
    if min(most, spread) < 2.5 * LEAST_PLACES:
        return best
    cv2.setRNGSeed(1)
    affine, _ = cv2.estimateAffine2D(source[near], target[near], method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE)
    cv2.setRNGSeed(1)
    slanted, _ = cv2.findHomography(source[near], target[near], cv2.RANSAC, TOLERANCE, maxIters=300)
    squeezed = None if affine is None else np.vstack([affine, [0, 0, 1]])
    for freer, times in ((squeezed, FREER), (slanted, FREER**2)):
        map_ = matrix if freer is None else np.asarray(freer, np.float64)
        agreeing = int((_off(map_, source, target) <= TOLERANCE).sum())
        if _plausible(map_) and agreeing > times * most:
            best, most = map_, agreeing
    return best


def _off(matrix: Floats, source: Floats, target: Floats) -> Floats:
    """How many pixels each match lies off."""
    laid = np.c_[source, np.ones(len(source))] @ matrix.T
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.hypot(*(laid[:, :2] / laid[:, 2:] - target).T)
    return np.where(np.isfinite(off) & (laid[:, 2] > 0), off, np.inf)


def _plausible(matrix: Floats) -> bool:
    """Whether a map enlarges within reason, about as much across as down, does not flip and hardly slants."""
    if abs(matrix[2, 2]) < 1e-9:
        return False
    plain = matrix / matrix[2, 2]
    if np.linalg.det(plain[:2, :2]) <= 0 or np.abs(plain[2, :2]).max() > 2e-3:
        return False
    large, small = np.linalg.svd(plain[:2, :2], compute_uv=False)
    return bool(small > 1 / MOST_SCALE and large < MOST_SCALE and large / small < MOST_SQUEEZE)


def _same(one: Floats, other: Floats, size: Floats) -> bool:
    """Whether two maps bring the corners of the query to nearly the same places."""
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], [size[0], size[1]]])
    scale = np.sqrt(abs(np.linalg.det(one[:2, :2])))
    return bool(np.median(_off(other, corners, _laid(one, corners))) <= 4 * TOLERANCE * max(1.0, scale))


def _laid(matrix: Floats, points: Floats) -> Floats:
    laid = np.c_[points, np.ones(len(points))] @ matrix.T
    return np.asarray(laid[:, :2] / laid[:, 2:])
