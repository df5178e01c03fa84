"""Where one picture lies inside another: local features, matched and held to one similarity transform.

This is the evidence that a person can check by eye: the matched points and the outlined region.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Features", "Registration", "features_of", "register"]

MOST_FEATURES = 600
# Lowe's ratio test (IJCV 2004): a match whose second best is nearly as good says nothing.
RATIO = 0.8
# Pixels of a 480 wide still that a matched point may lie off the transform.
TOLERANCE = 5.0
# Fewer points than this agree by chance: on real clips unrelated pairs reach 4 to 8.
LEAST_INLIERS = 10
# Beyond this enlargement either way the features of one picture do not show in the other.
MOST_SCALE = 6.0
# 16:9 squeezed to 9:16 would be 3.2; upright reframing crops instead.
MOST_SQUEEZE = 2.5
# An affine map has more freedom and so always finds a few points more.
AFFINE_MARGIN = 1.2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Local features of a picture: points float32 (n, 2) in its pixels, descriptors float32 (n, 128), RootSIFT."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    width: int
    height: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """How a query picture lies on a reference picture.

    homography: float64 (3, 3), maps query pixels to reference pixels, the flip of a mirrored query included.
    inliers: matched points that agree with it; query_points and reference_points: float32 (inliers, 2).
    """

    homography: NDArray[np.float64]
    query_points: NDArray[np.float32]
    reference_points: NDArray[np.float32]

    @property
    def inliers(self) -> int:
        """How many matched points agree."""
        return len(self.query_points)

    def scaled(self, *, query: tuple[float, float], reference: tuple[float, float]) -> NDArray[np.float64]:
        """The homography between enlarged pictures: factors (x, y) by which each was enlarged."""
        back = np.diag([1 / query[0], 1 / query[1], 1.0])
        return np.diag([reference[0], reference[1], 1.0]) @ self.homography @ back

    def to_dict(self) -> dict[str, Any]:
        """The contract's geometry."""
        return {"homography": [[round(float(v), 6) for v in row] for row in self.homography], "inliers": self.inliers}


def features_of(image: NDArray[np.uint8]) -> Features:
    """RootSIFT features of an RGB picture, shape (height, width, 3).

    Source: Lowe, IJCV 2004; Arandjelovic and Zisserman, CVPR 2012 (the square root).
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    found, descriptors = cv2.SIFT.create(nfeatures=MOST_FEATURES).detectAndCompute(grey, None)
    height, width = grey.shape[:2]
    if descriptors is None or not len(found):
        return Features(
            points=np.empty((0, 2), np.float32), descriptors=np.empty((0, 128), np.float32), width=width, height=height
        )
    root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
    points = np.array([point.pt for point in found], np.float32)
    return Features(points=points, descriptors=root.astype(np.float32), width=width, height=height)


def register(query: Features, reference: Features) -> Registration | None:
    """The similarity transform from query to reference that most matched points agree with; None below chance.

    Neither is flipped here: flip a mirrored query's picture first.
    """
    pairs = _matched(query, reference)
    if len(pairs) < LEAST_INLIERS:
        return None
    source, target = query.points[pairs[:, 0]], reference.points[pairs[:, 1]]
    matrix, inside = _fitted(source, target)
    # Points on one spot are one piece of evidence.
    _, first = np.unique(np.round(source[inside] / 4), axis=0, return_index=True)
    inside = inside[np.sort(first)]
    if len(inside) < LEAST_INLIERS or not _plausible(matrix):
        return None
    homography = np.vstack([matrix, [0, 0, 1]]).astype(np.float64)
    return Registration(homography=homography, query_points=source[inside], reference_points=target[inside])


def _fitted(source: NDArray[np.float32], target: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The transform that most points agree with, (2, 3), and which do: a similarity, or an affine map if it is clearly better.

    A copy that was squeezed, or lost its pixel aspect, has other scales across and down, which a similarity cannot have.
    """
    options = {"method": cv2.RANSAC, "ransacReprojThreshold": TOLERANCE, "maxIters": 2000, "confidence": 0.999}
    found: list[tuple[NDArray[np.float64], NDArray[np.int64]]] = []
    for estimate in (cv2.estimateAffinePartial2D, cv2.estimateAffine2D):
        # OpenCV's RANSAC draws from its own generator; seeding it makes the same pictures give the same answer.
        cv2.setRNGSeed(1)
        matrix, mask = estimate(source, target, **options)  # type: ignore[call-overload] # the same arguments for both
        if matrix is not None:
            found.append((np.asarray(matrix, np.float64), np.nonzero(np.asarray(mask).ravel())[0]))
    if not found:
        return np.zeros((2, 3)), np.empty(0, np.int64)
    stiff, loose = found[0], found[-1]
    return loose if len(loose[1]) > AFFINE_MARGIN * len(stiff[1]) else stiff


def _plausible(matrix: NDArray[np.float64]) -> bool:
    """Whether a (2, 3) transform enlarges within reason, about as much across as down, and does not flip."""
    sizes = np.linalg.svd(matrix[:, :2], compute_uv=False)
    if np.linalg.det(matrix[:, :2]) <= 0 or sizes[1] < 1 / MOST_SCALE:
        return False
    return bool(sizes[0] <= MOST_SCALE and sizes[0] / sizes[1] <= MOST_SQUEEZE)


def unflipped(registration: Registration, *, width: int) -> Registration:
    """The registration of a query that was flipped left to right before matching, in the unflipped query's pixels."""
    flip = np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]], np.float64)
    points = registration.query_points.copy()
    points[:, 0] = width - 1 - points[:, 0]
    return dataclasses.replace(registration, homography=registration.homography @ flip, query_points=points)


def _matched(query: Features, reference: Features) -> NDArray[np.int64]:
    """Rows of query and reference features that are each other's clear best."""
    if min(len(query.points), len(reference.points)) < 2:
        return np.empty((0, 2), np.int64)
    # RootSIFT vectors have unit length, so nearness is the dot product.
    likeness = query.descriptors @ reference.descriptors.T
    first = likeness.argmax(axis=1)
    rows = np.arange(len(likeness))
    best = likeness[rows, first].copy()
    likeness[rows, first] = -1
    second = likeness.max(axis=1)
    # Distances of unit vectors: d^2 = 2 - 2 cos.
    clear = (2 - 2 * best) < RATIO**2 * (2 - 2 * second)
    return np.stack([rows[clear], first[clear]], axis=1)
