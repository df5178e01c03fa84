"""Hashes by the thousand: rows of bytes in, rows of bytes or distances out, all at once."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from verikit.errors import IncompatibleError

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

__all__ = ["LARGEST_SIDE", "hamming", "luma_rows", "phash_rows"]

# A film's thumbnails are 64 x 36. Up to here the sums of `luma_rows` are exact.
LARGEST_SIDE = 256


def luma_rows(thumbs: Bytes, *, size: int) -> Bytes:
    """The `LumaDCT` hashes of n thumbnails: uint8 (n, height, width) in, uint8 (n, `size`² / 8) out, row for row.

    Bits are the signs of the `size`² lowest waves about their median, row by row from the mean's, which is always 0.
    Raises ValueError for sides outside `size` to 256 and TypeError for another type than uint8.
    """
    if not isinstance(thumbs, np.ndarray) or thumbs.dtype != np.uint8:
        raise TypeError("thumbs: a numpy array of uint8")
    if thumbs.ndim != 3 or not all(size <= side <= LARGEST_SIDE for side in thumbs.shape[1:]):
        raise ValueError(f"thumbs: shape (n, height, width), sides {size} to {LARGEST_SIDE}, not {thumbs.shape}")
    hashes = np.empty((len(thumbs), size * size // 8), dtype=np.uint8)
    rows = _whole_cosines(thumbs.shape[1], size)
    columns = _whole_cosines(thumbs.shape[2], size).T
    for start in range(0, len(thumbs), 512):  # blocks, so that memory does not grow with the film
        block = thumbs[start : start + 512].astype(np.float64)
        waves = np.matmul(rows, block @ columns).reshape(len(block), -1)
        # Without the mean's wave the count is odd (255), so the median is one of them.
        bits = waves > np.median(waves[:, 1:], axis=1, keepdims=True)
        bits[:, 0] = False
        hashes[start : start + 512] = np.packbits(bits, axis=1)
    return hashes


@functools.lru_cache(maxsize=16)
def _whole_cosines(length: int, count: int) -> npt.NDArray[np.float64]:
    """The first `count` rows of the `length`-point DCT-II in whole numbers, (count, length).

    A product of two with a pixel is under 2**34 and at most 2**16 are summed: far below 2**53, hence exact.
    """
    waves, places = np.arange(count)[:, None], np.arange(length)[None, :]
    rounded: npt.NDArray[np.float64] = np.rint(8192 * np.cos(math.pi / (2 * length) * waves * (2 * places + 1)))
    rounded.setflags(write=False)
    return rounded


def phash_rows(thumbs: Bytes) -> Bytes:
    """What `PHash(size=8)` would say of n pictures, told from their thumbnails: uint8 (n, height, width) in, (n, 8) out.

    pHash shrinks a picture to 32 x 32 with Lanczos' window and keeps the 8 x 8 lowest waves of its cosine transform
    about their median. Shrinking and transform are both sums, so one table takes a thumbnail of 64 x 36 straight to the
    waves. Over 23 real clips 0.6 of the 64 bits differ from the full picture's on average, and in 20 of them at most 2 in
    19 of 20 frames: thumbnails are averages in whole grey levels, and their luma is the file's, not that of RGB.
    Raises ValueError for sides outside 8 to 256 and TypeError for another type than uint8.
    """
    if not isinstance(thumbs, np.ndarray) or thumbs.dtype != np.uint8:
        raise TypeError("thumbs: a numpy array of uint8")
    if thumbs.ndim != 3 or not all(8 <= side <= LARGEST_SIDE for side in thumbs.shape[1:]):
        raise ValueError(f"thumbs: shape (n, height, width), sides 8 to {LARGEST_SIDE}, not {thumbs.shape}")
    hashes = np.empty((len(thumbs), 8), dtype=np.uint8)
    rows, columns = _shrinking_cosines(thumbs.shape[1]), _shrinking_cosines(thumbs.shape[2]).T
    for start in range(0, len(thumbs), 512):  # blocks, so that memory does not grow with the film
        block = thumbs[start : start + 512].astype(np.float64)
        waves = np.matmul(rows, block @ columns).reshape(len(block), 64)
        hashes[start : start + 512] = np.packbits(waves > np.median(waves, axis=1, keepdims=True), axis=1)
    return hashes


@functools.lru_cache(maxsize=16)
def _shrinking_cosines(length: int) -> npt.NDArray[np.float64]:
    """The 8 lowest waves of `length` pixels after Lanczos' shrinking to 32, in whole numbers, (8, length).

    The window as Pillow lays it: three lobes wide, in pixels of whichever side is coarser, cut at the edge and summing
    to one. Whole numbers as in `_whole_cosines`, so that every machine finds the same bits.
    """
    scale = length / 32
    reach = max(scale, 1.0)
    places = np.arange(length)[None, :] + 0.5 - (np.arange(32)[:, None] + 0.5) * scale
    window = np.where(np.abs(places) < 3 * reach, np.sinc(places / reach) * np.sinc(places / (3 * reach)), 0.0)
    window /= window.sum(axis=1, keepdims=True)
    cosines = np.cos(math.pi / 64 * np.arange(8)[:, None] * (2 * np.arange(32)[None, :] + 1))
    rounded: npt.NDArray[np.float64] = np.rint(8192 * (cosines @ window))
    rounded.setflags(write=False)
    return rounded


def hamming(first: Bytes, second: Bytes) -> npt.NDArray[np.uint16]:
    """How many bits differ between every row of one and every row of the other: uint16 (n, m).

    `first` is uint8 (n, width), `second` uint8 (m, width), bytes of hashes of one hasher. Exact; beside the result it
    takes a copy of both and under 1 MB. Raises IncompatibleError for unequal widths, TypeError and ValueError for other arrays.
    """
    for rows in (first, second):
        if rows.dtype != np.uint8:
            raise TypeError(f"hamming: rows of uint8, not {rows.dtype}")
        if rows.ndim != 2 or rows.shape[1] > 8191:
            raise ValueError(f"hamming: shape (n, width) with at most 8191 bytes a row, not {rows.shape}")
    if first.shape[1] != second.shape[1]:
        raise IncompatibleError(f"hamming: rows of {first.shape[1]} and of {second.shape[1]} bytes")
    left, right = _words(first), _words(second)
    distances = np.zeros((len(first), len(second)), dtype=np.uint16)
    # 2**16 pairs at a time stay in a processor's cache: faster than bigger blocks, and memory does not grow.
    wide = min(max(1, len(second)), 1 << 16)
    tall = (1 << 16) // wide
    for top in range(0, len(first), tall):
        for start in range(0, len(second), wide):
            part = distances[top : top + tall, start : start + wide]
            for ours, theirs in zip(left, right, strict=True):
                part += np.bitwise_count(ours[top : top + tall, None] ^ theirs[None, start : start + wide])
    return distances


def _words(rows: Bytes) -> npt.NDArray[np.uint64]:
    """Rows of bytes as 64-bit words, one line a word: (n, width) in, (words, n) out; short rows end with zeros."""
    missing = -rows.shape[1] % 8
    full = np.ascontiguousarray(np.pad(rows, ((0, 0), (0, missing))))
    return np.ascontiguousarray(full.view(np.uint64).T)
