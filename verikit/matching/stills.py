"""The stills of a fingerprint as pictures, and the choice of a few of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.errors import MediaError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["resized_by", "spread", "still_image"]


def spread(rows: NDArray[np.int64], *, most: int) -> NDArray[np.int64]:
    """At most `most` of the rows, evenly spread, the first and the last among them."""
    chosen: NDArray[np.int64] = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))]
    return chosen


def still_image(data: bytes) -> NDArray[np.uint8]:
    """A JPEG still as RGB, shape (height, width, 3)."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise MediaError("a still that is no JPEG picture; scan the video again")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def resized_by(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """A picture made smaller, each pixel the mean of those it stands for."""
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
