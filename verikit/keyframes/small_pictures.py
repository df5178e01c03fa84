"""Comparing the small pictures of a Scan: motion-tolerant differences, likeness under wide shifts, contrast."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from verikit.media.scan import Scan

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["FLAT", "LUMA_VALUES", "SmallPictures"]

WIDTH, HEIGHT = 64, 36
# The first values in a row of `SmallPictures.blurred`.
LUMA_VALUES = WIDTH // 4 * HEIGHT // 4

# Luma standard deviation below which a picture shows nothing: black, white or plain frames, noise included.
FLAT = 8.0

# Rows and columns that never get brighter than this are bars. Black is 0 after widening; noise and blur add some.
BAR_LUMA = 22
# Height and width of a block, a sixth and an eighth of the picture: so large that texture in one picture seldom matches
# other texture by chance.
BLOCK = (6, 8)
# Standard deviation of luma from which a block can be told from another, and how many such blocks make a background.
TEXTURE = 5.0
LEAST_TEXTURED = 4
# Pixels of the small picture; 2 of 64 is a pan of 3 % of the width from one frame to the next.
REACH = 2
# A difference in colour counts half: it is coarse and lags behind the luma in compressed video.
CHROMA_WEIGHT = 0.5
# Pictures worked on at once, which bounds the memory to some megabytes whatever the film's length.
CHUNK = 512
# Wide shifts, in pixels of the coarse picture (16x9), for whip pans and jolts: a quarter of the picture each way.
WIDE_X, WIDE_Y = 4, 2
# Correlation from which coarse pictures are alike, and of fine detail from which they then show the same view. Of 3000
# pairs of unlike views 1 % reach 0.78 in the large and 1 % 0.27 in detail; a view and itself 0.2 s later reach 0.4 in 90 %.
MAYBE_ALIKE, ALIKE = 0.5, 0.78
SAME_DETAIL, SURELY_SAME_DETAIL = 0.3, 0.4
# Standard deviation of fine detail, in grey levels, below which there is none to compare.
LEAST_DETAIL = 0.5
SAME_WITHOUT_DETAIL = 0.85


class Planes(Protocol):
    """Pictures as an array, or what reads like one from a file: by slices and by arrays of numbers."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: Any, /) -> NDArray[np.uint8]: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Between:
    """What is between the bars of each picture, stretched to the size of the whole when it is read."""

    planes: Planes
    rows: slice
    columns: slice

    def __len__(self) -> int:
        return len(self.planes)

    def __getitem__(self, which: Any, /) -> NDArray[np.uint8]:
        whole = self.planes[which]
        size = (whole.shape[-1], whole.shape[-2])
        flat = whole.reshape(-1, *whole.shape[-2:])[:, self.rows, self.columns]
        if len(flat) == 0:
            return whole
        return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in flat]).reshape(
            whole.shape
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmallPictures:
    """What is compared: luma uint8 (n, 36, 64) and chroma uint8 (n, 2, 9, 16), the film without its black bars."""

    luma: Planes
    chroma: Planes

    @classmethod
    def of(cls, scan: Scan) -> SmallPictures:
        """The pictures of a scan; where bars stay black throughout, what is between them is stretched to the whole."""
        brightest = np.zeros((HEIGHT, WIDTH), np.uint8)
        for start in range(0, len(scan.thumbs), CHUNK):
            np.maximum(brightest, scan.thumbs[start : start + CHUNK].max(axis=0), out=brightest)
        rows, columns = _live(brightest.max(axis=1)), _live(brightest.max(axis=0))
        if (rows, columns) == (slice(0, HEIGHT), slice(0, WIDTH)):
            return cls(luma=scan.thumbs, chroma=scan.chroma)
        # A pixel of chroma covers four by four of luma.
        small_rows = slice(rows.start // 4, -(-rows.stop // 4))
        small_columns = slice(columns.start // 4, -(-columns.stop // 4))
        return cls(
            luma=_Between(planes=scan.thumbs, rows=rows, columns=columns),
            chroma=_Between(planes=scan.chroma, rows=small_rows, columns=small_columns),
        )

    def __len__(self) -> int:
        return len(self.luma)

    def contrast(self) -> Floats:
        """Standard deviation of the luma of each picture, in grey levels; float32 (n,)."""
        parts = [part.reshape(len(part), -1).std(axis=1, dtype=np.float32) for part in _chunks(self.luma)]
        return np.concatenate([np.empty(0, np.float32), *parts])

    def read(self, frames: Rows) -> tuple[NDArray[np.uint8], Floats]:
        """Some pictures' luma, and each as a row of luma and colour averaged to 16x9; float32 (n, 432).

        Mixing two pictures mixes their rows, and small motion hardly shows.
        """
        pictures, colour = self.luma[frames], self.chroma[frames]
        rows = np.empty((len(frames), 3 * LUMA_VALUES), np.float32)
        rows[:, :LUMA_VALUES] = _coarse(pictures).reshape(len(frames), -1)
        rows[:, LUMA_VALUES:] = CHROMA_WEIGHT * colour.reshape(len(frames), -1).astype(np.float32)
        return pictures, rows

    def differences(self, before: Rows, after: Rows) -> Floats:
        """How much the pictures `after` differ from those `before`, in grey levels; float32 (pairs,).

        Each block of luma is compared under all shifts of up to two pixels and its least difference counts, so that
        motion costs little; the difference of colour is added.
        """
        parts = [np.empty(0, np.float32)]
        for one, two in zip(_chunks(before), _chunks(after), strict=True):
            luma = _least_difference(self.luma[one], self.luma[two]).mean(axis=(1, 2), dtype=np.float32)
            chroma = np.abs(self.chroma[one].astype(np.int16) - self.chroma[two]).mean(axis=(2, 3)).sum(axis=1)
            parts.append((luma + CHROMA_WEIGHT * chroma).astype(np.float32))
        return np.concatenate(parts)

    def background_kept(self, before: Rows, after: Rows) -> Floats:
        """The share of the blocks with texture in `before` that `after` still shows, 0 to 1; float32 (pairs,)."""
        parts = [np.empty(0, np.float32)]
        for one, two in zip(_chunks(before), _chunks(after), strict=True):
            tall = self.luma[one].reshape(len(one), HEIGHT // BLOCK[0], BLOCK[0], WIDTH // BLOCK[1], BLOCK[1])
            texture = tall.std(axis=(2, 4), dtype=np.float32)
            textured = texture > TEXTURE
            kept = textured & (_least_difference(self.luma[one], self.luma[two]) < 1 + texture / 3)
            count = textured.sum(axis=(1, 2))
            parts.append((kept.sum(axis=(1, 2)) / np.maximum(count, LEAST_TEXTURED)).astype(np.float32))
        return np.concatenate(parts)

    def likeness(self, before: Rows, after: Rows) -> Floats:
        """Greatest correlation of luma over shifts of up to a quarter of the picture, -1 to 1; float32 (pairs,).

        Brightness and contrast drop out, so that a jolt, a whip pan or a jump of exposure keeps it high. A flat
        picture is like nothing: 0.
        """
        parts = [np.empty(0, np.float32)]
        for one, two in zip(_chunks(before), _chunks(after), strict=True):
            parts.append(_wide_likeness(_coarse(self.luma[one]), _coarse(self.luma[two]))[0])
        return np.concatenate(parts)

    def same_view(self, before: Rows, after: Rows) -> NDArray[np.bool_]:
        """Whether the pictures `after` show what those `before` show, shifted or in other light; bool (pairs,).

        They must be alike in the large, and their fine detail must then lie in the same place: unlike views that are
        alike in the large by chance do not agree in detail.
        """
        parts = [np.empty(0, np.bool_)]
        for one, two in zip(_chunks(before), _chunks(after), strict=True):
            old, new = self.luma[one], self.luma[two]
            likeness, shifts = _wide_likeness(_coarse(old), _coarse(new))
            same = np.zeros(len(one), np.bool_)
            for pair in np.flatnonzero(likeness >= MAYBE_ALIKE):
                detail = _detail(old[pair], new[pair], shift=shifts[pair], likeness=float(likeness[pair]))
                same[pair] = detail >= (SAME_DETAIL if likeness[pair] >= ALIKE else SURELY_SAME_DETAIL)
            parts.append(same)
        return np.concatenate(parts)


def _detail(one: NDArray[np.uint8], two: NDArray[np.uint8], *, shift: NDArray[np.int64], likeness: float) -> float:
    """Greatest correlation of fine detail near a shift of the coarse picture (down, right), -1 to 1."""
    y, x = (4 * int(step) for step in shift)
    fine = [plane.astype(np.float32) - cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 2.0) for plane in (one, two)]
    first = fine[0][max(0, y) : HEIGHT + min(0, y), max(0, x) : WIDTH + min(0, x)]
    second = fine[1][max(0, -y) : HEIGHT + min(0, -y), max(0, -x) : WIDTH + min(0, -x)]
    template = np.ascontiguousarray(first[4:-4, 4:-4])
    if template.std() < LEAST_DETAIL:
        # Fog and blur have none: what is alike in the large must do, if it is very alike.
        return float(likeness >= SAME_WITHOUT_DETAIL)
    return float(cv2.matchTemplate(np.ascontiguousarray(second), template, cv2.TM_CCOEFF_NORMED).max())


def _live(brightest: NDArray[np.uint8]) -> slice:
    """From the first row or column that is ever bright to the last; all of them if that leaves under a quarter."""
    bright = np.flatnonzero(brightest > BAR_LUMA)
    if len(bright) == 0 or bright[-1] + 1 - bright[0] < len(brightest) // 4:
        return slice(0, len(brightest))
    # The outermost line next to a bar is mixed from both.
    start, stop = int(bright[0]), int(bright[-1]) + 1
    return slice(start + (start > 0), stop - (stop < len(brightest)))


def _chunks(array: Any) -> Iterator[Any]:
    for start in range(0, len(array), CHUNK):
        yield array[start : start + CHUNK]


def _least_difference(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """For each block the least mean absolute difference over all small shifts; uint8 (pairs, 6, 8)."""
    count = len(one)
    padded = np.pad(two, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    # All pictures stand below each other as one tall one, which OpenCV averages block by block in one go.
    flat = one.reshape(count * HEIGHT, WIDTH)
    size = (WIDTH // BLOCK[1], count * HEIGHT // BLOCK[0])
    least: Any = None
    for y in range(2 * REACH + 1):
        for x in range(2 * REACH + 1):
            shifted = padded[:, y : y + HEIGHT, x : x + WIDTH].reshape(count * HEIGHT, WIDTH)
            blocks = cv2.resize(cv2.absdiff(flat, shifted), size, interpolation=cv2.INTER_AREA)
            least = blocks if least is None else np.minimum(least, blocks)
    blocks_each: NDArray[np.uint8] = least.reshape(count, HEIGHT // BLOCK[0], WIDTH // BLOCK[1])
    return blocks_each


def _coarse(luma: NDArray[np.uint8]) -> Floats:
    """Pictures averaged to 16x9; float32 (n, 9, 16)."""
    parts = [np.empty((0, HEIGHT // 4, WIDTH // 4), np.float32)]
    for part in _chunks(luma):
        blocks = part.reshape(len(part), HEIGHT // 4, 4, WIDTH // 4, 4)
        # Sums before the mean: uint16 holds sixteen bytes and adds faster than float.
        parts.append(blocks.sum(axis=2, dtype=np.uint16).sum(axis=3, dtype=np.uint16) / np.float32(16))
    return np.concatenate(parts)


def _wide_likeness(one: Floats, two: Floats) -> tuple[Floats, Rows]:
    """The greatest correlation over all wide shifts, and the shift (down, right) that gives it."""
    best = np.full(len(one), -1.0, np.float32)
    shifts = np.zeros((len(one), 2), np.int64)
    height, width = one.shape[1:]
    for y in range(-WIDE_Y, WIDE_Y + 1):
        for x in range(-WIDE_X, WIDE_X + 1):
            first = one[:, max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)]
            second = two[:, max(0, -y) : height + min(0, -y), max(0, -x) : width + min(0, -x)]
            found = _correlation(first, second)
            better = found > best
            best[better], shifts[better] = found[better], (y, x)
    return best, shifts


def _correlation(one: Floats, two: Floats) -> Floats:
    """Pearson's correlation of each pair of pictures; 0 where either is flat."""
    first = one - one.mean(axis=(1, 2), keepdims=True)
    second = two - two.mean(axis=(1, 2), keepdims=True)
    area = one.shape[1] * one.shape[2]
    spread = np.sqrt((first**2).sum(axis=(1, 2)) * (second**2).sum(axis=(1, 2))) / area
    shared = (first * second).sum(axis=(1, 2)) / area
    usable = spread > FLAT**2
    return np.where(usable, shared / np.where(usable, spread, 1.0), 0.0).astype(np.float32)
