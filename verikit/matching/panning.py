"""A laying corrected for a camera that moves: stills a second apart tell of a place that the picture had left since.

The nearest stills of two copies are up to half a second apart. Where the camera pans, their features agree on a place
that is off by what it panned meanwhile, always the same way. So the small pictures of the same moment are laid on each
other at every offset in time and every shift in the picture, and the best of all is taken.

Source: Kuglin and Hines, The phase correlation image alignment method, 1975 (here plain correlation, summed over time).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.matching.fingerprinting import COURSE_PER_SECOND
from verikit.matching.laying import onto_course
from verikit.media.scan import HASHES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.laying import Laying

__all__ = ["shifted"]

# Instants of the query that are laid, from its middle: thirty seconds show how the camera moves.
MOST_INSTANTS = 120
# Instants that must lie in the reference at an offset that is tried.
LEAST_INSTANTS = 8
# The course's step from one hashed instant to the next.
STEP = COURSE_PER_SECOND // HASHES_PER_SECOND


def shifted(query: Fingerprint, reference: Fingerprint, laying: Laying) -> Laying:
    """The laying, shifted in the picture to where the small pictures of one moment agree best, at the best offset in time."""
    matrix = onto_course(laying.placing, query, reference)
    first = max(0, (len(query.thumbs) - MOST_INSTANTS) // 2)
    mine = _laid(query.thumbs[first : first + MOST_INSTANTS], matrix, shape=reference.course.shape[1:])
    theirs = reference.course.astype(np.float32)
    theirs = _even(theirs - theirs.mean(axis=(1, 2), keepdims=True))
    height, width = reference.course.shape[1:]
    # Twice the size, so that a shift past one edge does not come in at the other.
    size = (2 * height, 2 * width)
    one, other = np.conj(np.fft.rfft2(mine, s=size)), np.fft.rfft2(theirs, s=size)
    best: tuple[float, int, int] = (0.0, 0, 0)
    rows = np.arange(len(mine))
    for offset in range(-STEP * (len(mine) - LEAST_INSTANTS), len(theirs) - STEP * LEAST_INSTANTS):
        columns = offset + STEP * rows
        inside = (columns >= 0) & (columns < len(theirs))
        if inside.sum() < LEAST_INSTANTS:
            continue
        product = (one[inside] * other[columns[inside]]).sum(axis=0)
        alike = np.fft.irfft2(product, s=size) / np.sqrt(inside.sum() * len(mine))
        top = int(np.argmax(alike))
        if alike.flat[top] > best[0]:
            best = float(alike.flat[top]), top // size[1], top % size[1]
    down, along = (shift - whole if shift > whole / 2 else shift for shift, whole in zip(best[1:], size, strict=True))
    move = np.eye(3)
    move[:2, 2] = along * reference.width / width, down * reference.height / height
    return dataclasses.replace(laying, placing=move @ laying.placing)


def _laid(thumbs: NDArray[np.uint8], matrix: NDArray[np.float64], *, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The query's small pictures on the reference's grid, without their mean; nothing where they do not lie."""
    height, width = shape
    cover = cv2.warpPerspective(np.ones(thumbs.shape[1:], np.float32), matrix, (width, height)) > 0.99
    laid = np.stack([cv2.warpPerspective(t.astype(np.float32), matrix, (width, height)) for t in thumbs])
    count = max(int(cover.sum()), 1)
    centred = (laid - laid[:, cover].sum(axis=1)[:, None, None] / count) * cover
    return _even(np.asarray(centred, np.float32))


def _even(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each picture of length one; a flat one of nearly none."""
    length = np.sqrt((pictures**2).sum(axis=(1, 2), keepdims=True))
    return np.asarray(pictures / np.maximum(length, 20.0), np.float32)
