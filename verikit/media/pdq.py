"""PDQ, Meta's perceptual hash of stills, bit for bit: 256 bits and a quality from 0 to 100.

The steps and their names follow the published algorithm (Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm", 2019): luma, a two-pass Jarosz box filter, 64 x 64 samples, a 16 x 16 cosine transform, the
median. The reference computes in float32 with running sums, so equal bits need equal sums in equal order: a faster
filter (cv2.boxFilter, cumulative sums) rounds differently and flips bits that lie near the median. Every sum here
runs along one axis in the reference's order while numpy carries the other axis, and the samples that nobody reads
are left out.

Read before comparing: the reference tools shrink big pictures before they hash (each with its own resampling), so
two tools can differ by a few bits on the same file; here the picture is hashed as it is handed over.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

__all__ = ["SMALLEST_SIDE", "pdq_bits"]

SAMPLES = 64
FREQUENCIES = 16
# The reference gives pictures with a side under 5 pixels the all-zero hash and quality 0.
SMALLEST_SIDE = 5


def pdq_bits(image: npt.NDArray[np.uint8]) -> tuple[bytes, int]:
    """The 32 bytes of a picture's PDQ hash, as its hex reads, and its quality from 0 to 100.

    `image` is uint8, RGB of shape (height, width, 3) or grey of shape (height, width). No resizing, no turning.
    Pictures with a side under 5 pixels give zero bytes and quality 0, as the reference does.
    """
    if min(image.shape[:2]) < SMALLEST_SIDE:
        return bytes(FREQUENCIES * FREQUENCIES // 8), 0
    samples = _sampled(_luma(image))
    spectrum = _transformed(samples)
    # 256 is even and the reference takes the lower of the two middle values (Torben's median).
    middle = np.partition(spectrum, spectrum.size // 2 - 1, axis=None)[spectrum.size // 2 - 1]
    # The hex starts with the highest frequency: bit 255 first.
    bits = (spectrum > middle).ravel()[::-1]
    return np.packbits(bits).tobytes(), _quality(samples)


def _luma(image: npt.NDArray[np.uint8]) -> Floats:
    """0.299 R + 0.587 G + 0.114 B, rounded once to float32, of shape (height, width).

    Thousandths are whole numbers below 2**24, exact in float32 in any order; one division rounds. The same values
    come from float64 sums that are rounded to float32 at the end: no thousandth lies near a rounding border.
    """
    if image.ndim == 2:
        return image.astype(np.float32)
    thousandths = cv2.transform(image.astype(np.float32), np.array([[299.0, 587.0, 114.0]], dtype=np.float32))
    divided: Floats = np.divide(thousandths, np.float32(1000.0), dtype=np.float32)
    return divided


def _sampled(luma: Floats) -> Floats:
    """The luma after two passes of the box filter, at 64 x 64 points."""
    height, width = luma.shape
    once = _box(_turned(luma), size=_window(width), keep=slice(None))
    once = _box(_turned(once), size=_window(height), keep=slice(None))
    # The last filter along an axis is read at the 64 points only.
    twice = _box(_turned(once), size=_window(width), keep=_points(width))
    return _box(_turned(twice), size=_window(height), keep=_points(height))


def _turned(lines: Floats) -> Floats:
    """Rows as columns, copied so that each line lies in one piece (three times as fast as numpy's copy)."""
    turned: Floats = cv2.transpose(lines).astype(np.float32, copy=False)
    return turned


def _window(length: int) -> int:
    """The box filter's width for one axis: half of what one of the 64 samples stands for, rounded up."""
    return (length + 2 * SAMPLES - 1) // (2 * SAMPLES)


def _points(length: int) -> npt.NDArray[np.intp]:
    """Which of `length` positions the 64 samples read: the middles of 64 equal parts."""
    return np.array([int((part + 0.5) * length / SAMPLES) for part in range(SAMPLES)], dtype=np.intp)


def _box(lines: Floats, *, size: int, keep: slice | npt.NDArray[np.intp]) -> Floats:
    """The running mean over `size` neighbours along the first axis, at the positions of `keep`.

    Near both ends the window holds fewer values and the mean is over those. The sum is one running float32: the next
    value is added, then the oldest is taken away, and the order of the two decides the last bit.
    """
    count = len(lines)
    ahead = (size + 2) // 2 - 1  # values of the window that lie after its own position
    behind = size - ahead - 1
    sums = np.empty((count, lines.shape[1]), dtype=np.float32)
    running = sums[0]
    running[...] = lines[0]
    for line in lines[1 : ahead + 1]:
        np.add(running, line, out=running)
    for position in range(1, count):
        new, old = position + ahead, position - behind - 1
        if new < count:
            running = np.add(running, lines[new], out=sums[position])
            if old >= 0:
                np.subtract(running, lines[old], out=running)
        else:
            running = np.subtract(running, lines[old], out=sums[position])
    places = np.arange(count)[keep]
    held = np.minimum(places + ahead, count - 1) - np.maximum(places - behind, 0) + 1
    means = sums[keep]
    means /= held.astype(np.float32)[:, None]
    return means


def _cosines() -> Floats:
    """Rows 1 to 16 of the 64-point cosine transform, of shape (16, 64): the constant row 0 is not used."""
    # The reference rounds the scale to float32 and multiplies it by a float64 cosine. math.cos is the C library's.
    scale = float(np.float32(math.sqrt(2.0 / SAMPLES)))
    step = math.pi / 2.0 / SAMPLES
    rows = range(1, FREQUENCIES + 1)
    return np.array(
        [[scale * math.cos(step * row * (2 * column + 1)) for column in range(SAMPLES)] for row in rows],
        dtype=np.float32,
    )


COSINES = _cosines()


def _transformed(samples: Floats) -> Floats:
    """The 16 x 16 lowest frequencies but the constant ones; float32 sums in the order of the samples."""
    halfway = np.zeros((FREQUENCIES, SAMPLES), dtype=np.float32)
    for k in range(SAMPLES):
        halfway += COSINES[:, k, None] * samples[None, k, :]
    spectrum = np.zeros((FREQUENCIES, FREQUENCIES), dtype=np.float32)
    for k in range(SAMPLES):
        spectrum += halfway[:, k, None] * COSINES[None, :, k]
    return spectrum


def _quality(samples: Floats) -> int:
    """From 0 (featureless) to 100: the sum of brightness steps between neighbouring samples, each cut to a percent."""
    percent, full = np.float32(100.0), np.float32(255.0)
    steps = sum(
        int(np.abs(((first - second) * percent / full).astype(np.int32)).sum())
        for first, second in ((samples[:-1], samples[1:]), (samples[:, :-1], samples[:, 1:]))
    )
    # 90 is the reference's own scale.
    return min(100, steps // 90)
