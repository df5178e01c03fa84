"""Seeing a wipe's edge pass: each part of the picture changes suddenly, once, and after its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.keyframes.stretches import GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["changes", "edge_passes"]

# Pictures are compared with those a twelfth of the wipe later, four frames at most: a slow edge needs as long to cross
# a part.
PARTS_OF_LENGTH, MOST_LAG = 12, 4
# Pixels of the small picture by which a part may move meanwhile.
REACH = 1
# A part's greatest change, in grey levels, and over its usual one, that is sudden.
LEAST_JUMP, LEAST_RATIO, NOISE = 8.0, 2.5, 2.0
# The share of the parts that must change suddenly, and how far in time they may be from their neighbours on average, as
# a part of the wipe. On films with known wipes 0.01 to 0.06 for hard edges, things that move from 0.06 on.
LEAST_SHARE, MOST_DISORDER = 0.7, 0.06


def edge_passes(luma: NDArray[np.uint8]) -> bool:
    """Whether an edge is seen to pass over pictures uint8 (n, 36, 64): most parts change suddenly, one after another."""
    lag = int(np.clip(round(len(luma) / PARTS_OF_LENGTH), 1, MOST_LAG))
    if len(luma) < 3 * lag + 2:
        return False
    found = changes(luma[:-lag], luma[lag:])
    moments = found.argmax(axis=0) / len(found)
    jump, usual = found.max(axis=0), np.median(found, axis=0)
    sudden = (jump >= LEAST_JUMP) & (jump >= LEAST_RATIO * (usual + NOISE))
    if sudden.mean() < LEAST_SHARE:
        return False
    weights = np.pad(sudden.astype(np.float32), 1)
    wide = np.pad(moments, 1) * weights
    total, count = (one[:-2, 1:-1] + one[2:, 1:-1] + one[1:-1, :-2] + one[1:-1, 2:] for one in (wide, weights))
    known = sudden & (count > 0)
    return bool(np.abs(moments - total / np.maximum(count, 1))[known].mean() <= MOST_DISORDER)


def changes(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Floats:
    """How much each part changes, at least, under small shifts; float32 (n, 9, 16)."""
    count, height, width = before.shape
    wide = np.pad(after, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    flat, least = before.reshape(count * height, width), None
    for y in range(2 * REACH + 1):
        for x in range(2 * REACH + 1):
            shifted = wide[:, y : y + height, x : x + width].reshape(count * height, width)
            parts = cv2.resize(cv2.absdiff(flat, shifted), (GRID[1], count * GRID[0]), interpolation=cv2.INTER_AREA)
            least = parts if least is None else np.minimum(least, parts)
    return np.asarray(least, np.float32).reshape(count, *GRID)
