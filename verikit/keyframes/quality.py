"""How sharp and how still pictures are among those of their shot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from verikit.media.scan import Scan

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["TICK", "qualities", "ranks", "sharpest", "usual_step"]

# How stillness weighs against sharpness, both as ranks within the shot. 0.05 and 0.25 gave keyframes as sharp at the same
# recall; more gives stiller ones.
STILL_WEIGHT = 0.15
# From this rank within its shot a picture is among the sharpest, and all views that such pictures show are taken. Of 0.82
# to 0.88 none gave sharper keyframes than another up to 0.85, and duller ones beyond, on films with known shots.
SHARPEST = 0.84
# Seconds; below any difference of time between pictures, above its rounding.
TICK = 1e-6


def qualities(scan: Scan, groups: Sequence[Rows]) -> Floats:
    """How sharp and still each usable row is among those of its shot, above 0 to 1; 0 for all others."""
    times = scan.times
    # A picture that comes late has more time to differ; in film of even pace this leaves the motion as it is.
    gaps = np.diff(times, prepend=times[0]) / usual_step(times)
    pace = scan.frames["motion"] / np.clip(gaps, 1, 5).astype(np.float32)
    # A picture is still if it resembles the one before and the one after.
    motion = np.maximum(pace, np.append(pace[1:], np.float32(0)))
    quality = np.zeros(len(times), np.float32)
    for rows in groups:
        if len(rows):
            still = ranks(-motion[rows])
            quality[rows] = ranks(scan.frames["sharpness"][rows]) * (1 - STILL_WEIGHT + STILL_WEIGHT * still)
    return quality


def sharpest(scan: Scan, groups: Sequence[Rows]) -> NDArray[np.bool_]:
    """Which rows are among the sharpest of their shot."""
    among = np.zeros(len(scan.frames), np.bool_)
    for rows in groups:
        among[rows] = ranks(scan.frames["sharpness"][rows]) >= SHARPEST
    return among


def ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The share of the values that are not greater, for each of them."""
    return np.searchsorted(np.sort(values), values, side="right") / len(values)


def usual_step(times: NDArray[np.float64]) -> float:
    """Median seconds from one picture to the next."""
    return max(float(np.median(np.diff(times))), TICK) if len(times) > 1 else 1.0
