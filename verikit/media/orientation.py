"""How a picture lies: mirrored, turned, with square pixels, as a player shows it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

__all__ = ["orientation", "square_size", "upright"]


def square_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height in square pixels: the longer way is stretched, so that nothing coded is thrown away."""
    if aspect > 1:
        return round(width * aspect), height
    return width, round(height / aspect)


def upright(array: NDArray[np.uint8], turn: int, *, mirrored: bool = False) -> NDArray[np.uint8]:
    """`array` with left and right exchanged if `mirrored`, then turned by `turn` degrees to the nearest quarter.

    Degrees count counter-clockwise.
    """
    quarters = round(turn / 90) % 4
    if mirrored:
        array = array[:, ::-1]
    return np.ascontiguousarray(np.rot90(array, quarters)) if quarters or mirrored else array


def orientation(matrix: bytes, *, angle: int) -> tuple[int, bool]:
    """By how many degrees counter-clockwise a picture is turned to be upright, and whether it is mirrored before that.

    From a display matrix as FFmpeg holds it (ISO/IEC 14496-12, 8.3.2: x' = ax + cy, y' = bx + dy) and its `angle` by
    FFmpeg, which is what the matrix does to the x axis: all of it, unless the matrix mirrors. One that flattens the
    picture is not followed.
    """
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    area = a * d - b * c
    if area > 0:
        return angle, False
    if area == 0:
        return 0, False
    if abs(b) + abs(c) > abs(a) + abs(d):
        return (90 if b + c > 0 else -90), True
    return (0 if d > a else -180), True
