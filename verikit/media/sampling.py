"""What is kept of each decoded picture: small luma and chroma, sharpness, change, and a still a second.

The rules for luma: planar 8-bit video is read as coded; all else is first brought to 8-bit yuv420p by FFmpeg, without
tone mapping. Limited range (16 to 235) is widened to 0 to 255, so that copies of either range look alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.media.decoding import square_size, upright

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.media.decoding import Picture

__all__ = ["THUMB_SIZE", "Sampler"]

# Width and height.
THUMB_SIZE = (64, 36)
CHROMA_SIZE = (16, 9)

# Sharpness is measured at about this many lines, whatever the file has, so that copies of other sizes compare.
WORKING_LINES = 360

STILL_LONG_SIDE = 480
STILL_EVERY = 1.0
JPEG_QUALITY = 85

# ITU-R BT.601 and BT.709: limited-range luma is 16 to 235.
WIDEN = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)


class Sampler:
    """Takes pictures one after another and keeps what a Scan holds. Its lists grow by one with each `take`."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, bytes, bool, bool, float, float, float, float]] = []
        self.thumbs: list[NDArray[np.uint8]] = []
        self.chroma: list[NDArray[np.uint8]] = []
        self.stills: list[bytes] = []
        self.still_frames: list[int] = []
        self.width = self.height = self.turn = 0
        self.pixel_format = ""
        self.full_range = False
        self.seconds = 0.0
        self._first_pts = 0
        self._next_still = 0.0

    @property
    def count(self) -> int:
        """Pictures taken so far."""
        return len(self.rows)

    def take(self, picture: Picture) -> None:
        """Keep what a Scan holds of `picture`."""
        if not self.rows:
            self._describe(picture)
        self.seconds = float((picture.pts - self._first_pts) * picture.time_base)
        working = _reduced(picture.luma)
        thumb = self._thumb(picture, working)
        change = float(cv2.absdiff(thumb, self.thumbs[-1]).mean()) if self.thumbs else 0.0
        laplacian = cv2.Laplacian(working, cv2.CV_16S)
        sharpness = float(cv2.meanStdDev(laplacian)[1][0, 0]) ** 2
        row = (picture.pts, picture.type.encode(), picture.key, picture.corrupt)
        self.rows.append((*row, float(thumb.mean()), float(thumb.std()), sharpness, change))
        self.thumbs.append(thumb)
        self.chroma.append(_small_chroma(picture))
        if self.seconds >= self._next_still:
            self._keep_still(picture)

    def _describe(self, picture: Picture) -> None:
        self._first_pts = picture.pts
        width, height = square_size(picture.frame.width, picture.frame.height, picture.pixel_aspect)
        sideways = round(picture.turn / 90) % 2 == 1
        self.width, self.height = (height, width) if sideways else (width, height)
        self.turn = picture.turn
        self.pixel_format = picture.frame.format.name
        self.full_range = picture.full_range

    def _thumb(self, picture: Picture, working: NDArray[np.uint8]) -> NDArray[np.uint8]:
        small = _squeezed(working, picture.turn, size=THUMB_SIZE)
        return small if picture.full_range else WIDEN[small]

    def _keep_still(self, picture: Picture) -> None:
        image = cv2.cvtColor(picture.rgb(long_side=STILL_LONG_SIDE), cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if done:
            self.stills.append(data.tobytes())
            self.still_frames.append(self.count - 1)
        # The first picture of each second that has one: a gap in the film leaves a gap in the stills.
        self._next_still = math.floor(self.seconds / STILL_EVERY) * STILL_EVERY + STILL_EVERY


def _reduced(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma at about `WORKING_LINES` lines. A whole factor keeps OpenCV on its fast path for area averaging."""
    factor = min(luma.shape) // WORKING_LINES
    if factor < 2:
        return luma
    height, width = luma.shape[0] // factor, luma.shape[1] // factor
    return _averaged(luma[: height * factor, : width * factor], (width, height))


def _averaged(plane: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The plane averaged down to `size`, width and height."""
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)


def _squeezed(plane: NDArray[np.uint8], turn: int, *, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The upright plane averaged down to `size`, width and height."""
    return upright(_averaged(plane, size[::-1] if round(turn / 90) % 2 else size), turn)


def _small_chroma(picture: Picture) -> NDArray[np.uint8]:
    planes = (picture.blue, picture.red)
    return np.stack([_squeezed(plane, picture.turn, size=CHROMA_SIZE) for plane in planes])
