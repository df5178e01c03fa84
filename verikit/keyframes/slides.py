"""Pushes, covers and reveals: wipes in which a view moves: the new one pushes the old one out, slides over it or is left bare.

All directions are turned into one: the old view lies left of an edge that travels from the right side to the left one,
the new view right of it; either of them stands still or travels along.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from verikit.keyframes.stretches import Explanation, overlap, paces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from verikit.keyframes.stretches import Stretch

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["find_slides"]

# Lengths in seconds, in steps so wide as the place of the edge half way may differ from the middle (between these parts).
LENGTHS = (0.32, 0.56, 1.0, 1.75)
EARLIEST, LATEST = 0.3, 0.7
# Frames and seconds that a slide lasts at least, and the mean change in grey levels, as for other wipes.
LEAST_STEPS, LEAST_TIME = 5, 0.28
LEAST_CHANGE = 7.0
# What the moved pictures may leave of the change in the middle, and of what they would leave standing still.
MOST_LEFT, MOST_OF_STILL = 0.6, 0.7
# What they may leave over the whole, 1 being what a jump in the middle would, and for each square root of a second.
MOST_UNEXPLAINED, UNEXPLAINED_RATE = 1.2, 0.95
# An edge that crosses the whole picture at an even pace is seldom had by chance: where it is at most this far off on
# average, in parts of the way, and lasts longer than whip pans do (seconds), the views may move and leave more.
EVEN_PACE, EVEN_TIME, EVEN_MOST_UNEXPLAINED = 0.06, 0.4, 1.5
# How far the edge may travel to and fro in all, and from one frame to the next, in parts of the way.
MOST_TRAVEL, MOST_LEAP = 1.3, 0.4
# The old view's edge and the new one's don't belong together: their step, in parts of the strong steps elsewhere. Whip
# pans, in which there is no edge, reach 1.28 on films with known slides, slides begin at 1.7.
LEAST_SEAM = 1.4
# A standard spread of moments, by which what is left here compares with the doubt of other wipes.
STEADY_SPREAD = 0.29
# Windows that overlap by this part tell of the same slide.
SAME_WINDOW = 0.5
# Whether the old view and the new one travel.
KINDS = ((True, True), (False, True), (True, False))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One of four directions: pictures are transposed and flipped until the edge travels to the left."""

    transposed: bool
    flipped: bool

    def turned(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pictures (n, height, width) as seen from this way."""
        turned = pictures.transpose(0, 2, 1) if self.transposed else pictures
        return turned[:, :, ::-1] if self.flipped else turned


WAYS = tuple(Way(transposed=transposed, flipped=flipped) for transposed in (False, True) for flipped in (False, True))


def find_slides(stretch: Stretch) -> list[Explanation]:
    """The pushes, covers and reveals that a stretch may hold; some may overlap."""
    found = []
    for way in WAYS:
        pictures = way.turned(stretch.luma)
        tested: list[tuple[int, int, int]] = []
        for _, first, last, kind in sorted(_candidates(stretch, pictures), reverse=True):
            if not any(kind == other[2] and overlap((first, last), other[:2], share=SAME_WINDOW) for other in tested):
                tested.append((first, last, kind))
                one = _explained(stretch, pictures, between=(first, last), kind=KINDS[kind])
                if one is not None:
                    found.append(one)
    return found


def _candidates(stretch: Stretch, pictures: NDArray[np.uint8]) -> Iterator[tuple[float, int, int, int]]:
    """(score, first row, last row, kind) of what in its middle looks as if cut together from moved pictures."""
    profiles = _profiles(pictures)
    times = stretch.times
    usual = max(float(np.median(np.diff(times))), 1e-6)
    for length in LENGTHS:
        starts = np.arange(0, len(times), max(1, int(length / usual / 6)))
        ends = np.searchsorted(times, times[starts] + length - 1e-6)
        starts = np.append(starts, np.searchsorted(times, times[-1] - length))
        ends = np.append(ends, len(times) - 1)
        inside = (ends < len(times)) & (ends - starts >= LEAST_STEPS)
        starts, ends = starts[inside], ends[inside]
        change = np.abs(profiles[ends] - profiles[starts]).mean(axis=(1, 2))
        enough = change >= LEAST_CHANGE
        starts, ends, change = starts[enough], ends[enough], change[enough]
        middles = np.searchsorted(times, (times[starts] + times[ends]) / 2 - 1e-6)
        rests = _rests(profiles[starts], profiles[ends], profiles[middles]) / np.maximum(change, 1e-6)
        for kind, rest in enumerate(rests):
            for at in np.flatnonzero(rest <= MOST_LEFT):
                yield float(change[at] * (1 - rest[at])), int(starts[at]), int(ends[at]), kind


def _rests(old: Floats, new: Floats, middle: Floats) -> Floats:
    """What each kind of slide leaves of each middle, with the edge in the best place; float32 (kinds, windows).

    Infinite where what should move fits no better than standing still.
    """
    count, bands, width = middle.shape
    least = np.full((len(KINDS), count), np.inf, np.float32)
    for gone in range(int(EARLIEST * width), int(LATEST * width) + 1):
        left, right = middle[:, :, : width - gone], middle[:, :, width - gone :]
        olds = [np.abs(left - old[:, :, : width - gone]), np.abs(left - old[:, :, gone:])]
        news = [np.abs(right - new[:, :, width - gone :]), np.abs(right - new[:, :, :gone])]
        olds, news = ([part.sum(axis=(1, 2)) / bands / width for part in side] for side in (olds, news))
        for kind, moves in enumerate(KINDS):
            rest = olds[moves[0]] + news[moves[1]]
            for moved, side in zip(moves, (olds, news), strict=True):
                if moved:
                    rest = np.where(side[1] <= MOST_OF_STILL * side[0], rest, np.inf)
            np.minimum(least[kind], rest, out=least[kind])
    return least


def _profiles(pictures: NDArray[np.uint8]) -> Floats:
    """Each picture as four bands of mean luma along the way, at half the resolution; float32 (n, 4, width / 2)."""
    count, height, width = pictures.shape
    bands = pictures.reshape(count, 4, height // 4, width // 2, 2)
    profiles: Floats = bands.mean(axis=(2, 4), dtype=np.float32)
    return profiles


def _explained(
    stretch: Stretch, pictures: NDArray[np.uint8], *, between: tuple[int, int], kind: tuple[bool, bool]
) -> Explanation | None:
    """The slide between two rows, from its own first to its own last row; None if it is none."""
    first, last = between
    for _ in range(2):
        slack = max(2, (last - first) // 4)
        low, high = max(0, first - slack), min(len(pictures) - 1, last + slack)
        part = _halved(pictures[low : high + 1])
        edges, rests = _edges(part, part[first - low], part[last - low], kind=kind)
        over = np.flatnonzero(edges >= 0.5)
        begun = np.flatnonzero(edges[: over[0] if len(over) else len(edges)] <= 0.04)
        first = low + (int(begun[-1]) if len(begun) else 0)
        done = np.flatnonzero(edges >= 0.96)
        done = done[done > first - low]
        last = low + (int(done[0]) if len(done) else len(part) - 1)
        if last - first < LEAST_STEPS or stretch.times[last] - stretch.times[first] < LEAST_TIME:
            return None
    inside = slice(first - low, last - low + 1)
    change = float(np.abs(part[last - low] - part[first - low]).mean())
    rest = 4 * float(rests[inside].mean()) / max(change, 1e-6)
    steps, times = np.diff(edges[inside]), stretch.times[first : last + 1]
    steady = float(np.abs(steps).sum()) <= MOST_TRAVEL and float(np.abs(steps).max()) <= MOST_LEAP
    lasts = float(times[-1] - times[0])
    most = min(MOST_UNEXPLAINED, UNEXPLAINED_RATE * lasts**0.5)
    if lasts >= EVEN_TIME and _off_pace(edges[inside], (times - times[0]) / lasts) <= EVEN_PACE:
        most = EVEN_MOST_UNEXPLAINED
    if rest > most or not steady or change < LEAST_CHANGE:
        return None
    if _seam(pictures[first : last + 1], edges[inside]) < LEAST_SEAM:
        return None
    return Explanation(kind="wipe", first=first, last=last, unexplained=rest, doubt=rest / STEADY_SPREAD, moves=True)


def _off_pace(edges: Floats, due: NDArray[np.float64]) -> float:
    """How far an edge is off an even or an S-shaped pace, on average."""
    return min(float(np.abs(edges - pace).mean()) for pace in paces(due))


def _halved(pictures: NDArray[np.uint8]) -> Floats:
    count, height, width = pictures.shape
    halved: Floats = pictures.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4), dtype=np.float32)
    return halved


def _edges(part: Floats, old: Floats, new: Floats, *, kind: tuple[bool, bool]) -> tuple[Floats, Floats]:
    """How far the edge has come in each picture, 0 to 1, and the mean difference that is left."""
    count, _, width = part.shape
    left_over = np.empty((width + 1, count), np.float32)
    for gone in range(width + 1):
        left = old[:, gone:] if kind[0] else old[:, : width - gone]
        right = new[:, :gone] if kind[1] else new[:, width - gone :]
        left_over[gone] = np.abs(part - np.concatenate([left, right], axis=1)).mean(axis=(1, 2))
    return (left_over.argmin(axis=0) / width).astype(np.float32), left_over.min(axis=0)


def _seam(pictures: NDArray[np.uint8], edges: Floats) -> float:
    """How much stronger the step at the edge is than those between other neighbours; in a pan there is no edge: 1."""
    width = pictures.shape[2]
    at_edge, usual = [], []
    for picture, edge in zip(pictures, edges, strict=True):
        if 0.1 <= edge <= 0.9:
            steps = np.abs(np.diff(picture.astype(np.int16), axis=1)).mean(axis=0)
            place = round(width * (1 - float(edge))) - 1
            at_edge.append(steps[max(0, place - 2) : place + 3].max())
            usual.append(np.sort(steps)[-max(1, len(steps) // 6)])
    return float(np.mean(at_edge) / max(float(np.mean(usual)), 1.0)) if at_edge else 0.0
