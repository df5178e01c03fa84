"""Stretches of film between cuts, a few thousand pictures at most, as what gradual transitions are looked for in."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from verikit.keyframes.small_pictures import SmallPictures

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["CHANNELS", "GRID", "Explanation", "Stretch", "overlap", "paces", "stretches"]

# Height and width of the grid that pictures are averaged to, and the planes (luma, Cb, Cr) in a row.
GRID = (9, 16)
CHANNELS = 3
# Detail is what a blur by so many pixels takes away, and it is taken over so large parts (down, across) that motion
# hardly carries it from one to the next.
FINE, LARGE_PARTS = 2.0, (3, 4)
# Pictures looked at in one go, and how far two of these windows overlap: 80 s and 20 s at 30 a second, so that each
# transition lies in one of them whole. Bounds the memory whatever the length of a take.
WINDOW, OVERLAP = 2400, 600
# Fewer pictures than this hold no gradual transition.
LEAST = 4
# Pictures a second that gradual transitions are looked for at; of more, every second, third ... is taken.
MOST_RATE = 60.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Pictures without a cut among them.

    frames: (n,) their numbers in the film; times: (n,) seconds; luma: uint8 (n, 36, 64); rows: float32 (n, 432), luma
    and colour averaged to 16x9, in which mixing two pictures mixes their rows and small motion hardly shows; contrast:
    (n,) standard deviation of luma; roughness: float32 (n, 12), mean square of the fine detail in each large part.
    """

    frames: Rows
    times: NDArray[np.float64]
    luma: NDArray[np.uint8]
    rows: Floats
    contrast: Floats
    roughness: Floats

    def __len__(self) -> int:
        return len(self.frames)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a stretch of pictures goes from one view to another.

    `first` is the last row that shows the old view alone, `last` the first that shows the new one alone.
    `unexplained` is what this kind of transition leaves over, 1 being what a sudden change in the middle would leave.
    `doubt` ranks accounts of one place, those by dissolves and those by different kinds of wipes apart. `moves`: a whole
    view travels in it.
    """

    kind: str
    first: int
    last: int
    unexplained: float
    doubt: float = 0.0
    moves: bool = False


def overlap(one: tuple[int, int], other: tuple[int, int], *, share: float) -> bool:
    """Whether two windows (first row, last row) have over this share of what they span together in common."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    return common > share * (max(one[1], other[1]) - min(one[0], other[0]))


def stretches(
    pictures: SmallPictures, times: NDArray[np.float64], cuts: Sequence[int]
) -> Iterator[tuple[Stretch, int, int]]:
    """Each stretch between cuts, in windows, with the frames [from, to) whose transitions are this window's to report."""
    for start, stop in itertools.pairwise([0, *cuts, len(times)]):
        if stop - start < LEAST:
            continue
        step = max(1, int((stop - start) / max(float(times[stop - 1] - times[start]), 1e-6) / MOST_RATE))
        frames = np.arange(start, stop, step)
        if len(frames) < LEAST:
            continue
        begin = 0
        while True:
            part = frames[begin : begin + WINDOW]
            is_last = begin + WINDOW >= len(frames)
            own_from = start if begin == 0 else int(part[OVERLAP // 2])
            own_to = stop if is_last else int(part[-(OVERLAP // 2)])
            yield _stretch(pictures, times, part), own_from, own_to
            if is_last:
                break
            begin += WINDOW - OVERLAP


def paces(due: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The two ways in which editors let a transition go from 0 to 1 as its time goes from 0 to 1: evenly, and S-shaped."""
    return due, due * due * (3 - 2 * due)


def _stretch(pictures: SmallPictures, times: NDArray[np.float64], frames: Rows) -> Stretch:
    luma, rows = pictures.read(frames)
    contrast = luma.reshape(len(luma), -1).std(axis=1, dtype=np.float32)
    roughness = _roughness(luma)
    return Stretch(frames=frames, times=times[frames], luma=luma, rows=rows, contrast=contrast, roughness=roughness)


def _roughness(luma: NDArray[np.uint8]) -> Floats:
    parts = np.empty((len(luma), *LARGE_PARTS), np.float32)
    for part, picture in zip(parts, luma, strict=True):
        plane = picture.astype(np.float32)
        detail = plane - cv2.GaussianBlur(plane, (0, 0), FINE)
        part[:] = cv2.resize(detail * detail, LARGE_PARTS[::-1], interpolation=cv2.INTER_AREA)
    return parts.reshape(len(luma), -1)
