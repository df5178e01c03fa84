"""What is kept of each decoded picture: small luma and chroma, sharpness, change, and a still a second.

The rules for luma: planar video of 8 to 16 bits is read as coded and averaged in its own depth, then brought to 8 bits;
all else is first converted by FFmpeg to 8-bit yuv420p. There is no tone mapping: HDR pictures look dull, and alike in
all copies. Limited range (16 to 235) is widened to 0 to 255, so that copies of either range look alike. Interlaced
pictures are looked at as they are coded, both fields woven.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from verikit.media.decoding import square_size, upright

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.media.decoding import Picture

    Plane = NDArray[Any]

__all__ = ["THUMB_SIZE", "Sample", "Sampler"]

# Width and height.
THUMB_SIZE = (64, 36)
CHROMA_SIZE = (16, 9)

# Planes whose shorter side has this many lines or more are large: of these the thumbnail is made of every second row,
# ten of twenty and more for each of its own, and sharpness is measured in every n-th, at full size, where the finest
# detail is. Rows that are spread over the whole picture rank the pictures of a shot much as all rows do (correlation of
# ranks 0.98 to 0.99 in the median shot of six films); six bands of a twenty-fourth of the height gave 0.84 to 0.88.
# Five has no common factor with the eight of a codec's blocks.
LARGE = 720
SHARPNESS_ROWS = 5
# A plane this many times the thumbnail is halved before the last averaging: halving is what OpenCV does fastest.
ENOUGH = 3
# Colour is looked at in every n-th pixel each way, so that about this many columns are left: five for each that is kept.
CHROMA_COLUMNS = 80

STILL_LONG_SIDE = 480
STILL_EVERY = 1.0
JPEG_QUALITY = 85

# ITU-R BT.601 and BT.709: limited-range luma is 16 to 235.
WIDEN = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """What is kept of one picture: its row of the frame table, thumbnail, chroma, and a JPEG if one is due."""

    row: tuple[Any, ...]
    thumb: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    still: bytes | None


class Sampler:
    """Takes pictures one after another. Beside the picture before, it keeps only what it knows of the whole film."""

    def __init__(self) -> None:
        self.count = 0
        self.width = self.height = self.turn = 0
        self.pixel_format = ""
        self.transfer: str | None = None
        self.full_range = self.interlaced = self.mirrored = False
        self.seconds = 0.0
        self._first_pts = 0
        self._tick = 0.0
        self._next_still = 0.0
        self._before: NDArray[np.uint8] | None = None

    def take(self, picture: Picture) -> Sample:
        """What a Scan keeps of `picture`."""
        if not self.count:
            self._describe(picture)
        self.count += 1
        self.seconds = (picture.pts - self._first_pts) * self._tick
        self.interlaced = self.interlaced or picture.interlaced
        plane = picture.luma[::2] if min(picture.luma.shape) >= LARGE else picture.luma
        thumb = _eight_bits(_squeezed(plane, picture.turn, size=THUMB_SIZE), picture.depth)
        if not picture.full_range:
            thumb = WIDEN[thumb]
        sharpness = _sharpness(picture.luma) / 4 ** (picture.depth - 8)
        luma, contrast = (float(value[0, 0]) for value in cv2.meanStdDev(thumb))
        change, motion = self._changed(thumb)
        row = (picture.pts, picture.type.encode(), picture.key, picture.corrupt)
        still = self._still(picture) if self.seconds >= self._next_still else None
        return Sample((*row, luma, contrast, sharpness, change, motion), thumb, _small_chroma(picture), still)

    def _changed(self, thumb: NDArray[np.uint8]) -> tuple[float, float]:
        before, self._before = self._before, thumb
        if before is None:
            return 0.0, 0.0
        difference = cv2.subtract(thumb, before, dtype=cv2.CV_16S)
        return cv2.norm(difference, cv2.NORM_L1) / thumb.size, float(cv2.meanStdDev(difference)[1][0, 0])

    def _describe(self, picture: Picture) -> None:
        self._first_pts = picture.pts
        self._tick = float(picture.time_base)
        width, height = square_size(picture.frame.width, picture.frame.height, picture.pixel_aspect)
        sideways = round(picture.turn / 90) % 2 == 1
        self.width, self.height = (height, width) if sideways else (width, height)
        self.turn, self.mirrored = picture.turn, picture.mirrored
        self.pixel_format = picture.frame.format.name
        self.full_range = picture.full_range
        self.transfer = picture.transfer

    def _still(self, picture: Picture) -> bytes | None:
        # The first picture of each second that has one: a gap in the film leaves a gap in the stills.
        self._next_still = math.floor(self.seconds / STILL_EVERY) * STILL_EVERY + STILL_EVERY
        image = cv2.cvtColor(picture.rgb(long_side=STILL_LONG_SIDE), cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return data.tobytes() if done else None


def _sharpness(plane: Plane) -> float:
    """The mean square of the Laplacian over four neighbours; of large planes, of what it is made of, in some rows.

    Over eight neighbours it takes two thirds of the time, but ranks the pictures of a shot a little differently, and so
    the keyframes chosen by it are less often among the sharpest as the usual variance of the Laplacian has it.
    """
    if min(plane.shape) < LARGE:
        depth = cv2.CV_16S if plane.dtype == np.uint8 else cv2.CV_32F
        return cv2.norm(cv2.Laplacian(plane, depth), cv2.NORM_L2SQR) / plane.size
    above, row, below = plane[:-2:SHARPNESS_ROWS], plane[1:-1:SHARPNESS_ROWS], plane[2::SHARPNESS_ROWS]
    # Second differences down and across, squared apart: as good a rank as their sum's square, in 8 bits at a third of
    # the time. They are twice and three times what a pixel differs from its neighbours' mean, and from the mean of the
    # three; of noise the Laplacian's square is five thirds as large.
    down = 4 * cv2.norm(row, cv2.addWeighted(above, 0.5, below, 0.5, 0), cv2.NORM_L2SQR)
    across = 9 * cv2.norm(row, cv2.blur(row, (3, 1)), cv2.NORM_L2SQR)
    return 5 / 3 * (down + across) / row.size


def _eight_bits(plane: Plane, depth: int) -> NDArray[np.uint8]:
    return plane if depth == 8 else cv2.convertScaleAbs(plane, alpha=1 / (1 << (depth - 8)))  # type: ignore[return-value] # uint8 by OpenCV


def _squeezed(plane: Plane, turn: int, *, size: tuple[int, int]) -> Plane:
    """The upright plane averaged down to `size`, width and height."""
    wide, high = size[::-1] if round(turn / 90) % 2 else size
    while plane.shape[1] >= 2 * ENOUGH * wide and plane.shape[0] >= 2 * ENOUGH * high:
        # A last odd row or column is left out.
        size = plane.shape[1] // 2, plane.shape[0] // 2
        plane = cv2.resize(plane[: 2 * size[1], : 2 * size[0]], size, interpolation=cv2.INTER_AREA)
    return upright(np.asarray(cv2.resize(plane, (wide, high), interpolation=cv2.INTER_AREA)), turn)


def _small_chroma(picture: Picture) -> NDArray[np.uint8]:
    high, wide = picture.blue.shape
    every = max(1, min(wide // CHROMA_COLUMNS, high // (CHROMA_COLUMNS // 2)))
    turned = round(picture.turn / 90) % 2
    made = np.empty((2, *CHROMA_SIZE[::-1]), np.uint8)
    for number, plane in enumerate((picture.blue, picture.red)):
        size = CHROMA_SIZE[::-1] if turned else CHROMA_SIZE
        small = cv2.resize(plane[::every, ::every], size, interpolation=cv2.INTER_AREA)
        made[number] = upright(_eight_bits(small, picture.depth), picture.turn)
    return made
