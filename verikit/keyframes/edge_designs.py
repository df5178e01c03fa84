"""Wipes told by their edge alone: in the order of some wipe's design, part after part of the picture changes suddenly.

What moves on either side of the edge does not matter: it changes its parts at any time, the edge changes each part when
it is there. So the changes of all parts are added up along each design, of each length, from each moment on.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from verikit.keyframes.passing_edge import changes
from verikit.keyframes.stretches import GRID, Explanation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from verikit.keyframes.stretches import Stretch

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["Edge", "find_edges"]

# Lengths in seconds, in steps of three tenths, and the least number of pictures between both ends.
LENGTHS = (0.28, 0.36, 0.46, 0.6, 0.78, 1.0, 1.3, 1.7)
LEAST_STEPS = 5
# A picture is compared with the one a tenth of the wipe later, six pictures at most; soft edges need that long to pass.
PARTS_OF_LENGTH, MOST_LAG = 10, 6
# A part's change counts in terms of its usual one within this many seconds, to which some grey levels of noise are added,
# at most so often; changes below so many grey levels are never sudden.
USUAL_SECONDS, NOISE, MOST_TIMES, LEAST_CHANGE = 1.0, 3.0, 4.0, 5.0
# Moments at which the usual change is looked up: their median is near that of all.
LOOKS = 20
# Steps between the moments at which an edge is looked for, in parts of its length.
STEP = 16
# So long before and after the edge a part must change less, in parts of the length.
ASIDE = 0.2
# Mean difference of both ends in grey levels, as for other wipes.
LEAST_DIFFERENCE = 7.0
# How many times its usual change a part changes on the edge, on average, and by how much more than beside the edge. Of
# 131 wipes in films with known ones 115 reach 1.0 (and show another view after), of all that moves 17 things do.
LEAST_SUDDEN, LEAST_CLEAR = 1.5, 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A wipe told by its edge. `clear`: how much more parts change on the edge than beside it, in their usual changes.

    `straight`: it runs along or across the picture, as pushes and slides do.
    """

    first: int
    last: int
    clear: float
    straight: bool

    @property
    def explained(self) -> Explanation:
        """The wipe as others are."""
        return Explanation(kind="wipe", first=self.first, last=self.last, unexplained=1 / self.clear)


def find_edges(stretch: Stretch) -> list[Edge]:
    """The clearest edges of a stretch, apart from each other, the clearest first."""
    found = [edge for length in LENGTHS for edge in _of_length(stretch, length)]
    kept: list[Edge] = []
    for edge in sorted(found, key=lambda edge: -edge.clear):
        if not any(edge.first < other.last and edge.last > other.first for other in kept):
            kept.append(edge)
    return kept


def _of_length(stretch: Stretch, length: float) -> Iterator[Edge]:
    """Edges that take some time to pass; many tell of the same."""
    usual = max(float(np.median(np.diff(stretch.times))), 1e-6)
    pictures = length / usual
    lag = int(np.clip(round(pictures / PARTS_OF_LENGTH), 1, MOST_LAG))
    starts = np.arange(0, len(stretch) - int(pictures) - lag, max(1, int(pictures / STEP)))
    if pictures < LEAST_STEPS or not len(starts):
        return
    ends = np.minimum(starts + round(pictures), len(stretch) - 1)
    starts = starts[np.abs(stretch.rows[ends] - stretch.rows[starts]).mean(axis=1) >= LEAST_DIFFERENCE]
    times = _sudden(changes(stretch.luma[:-lag], stretch.luma[lag:]), reach=int(max(8, USUAL_SECONDS / usual)))
    for name, order in DESIGNS.items():
        on_edge, clear = _along(times, order, starts=starts, pictures=pictures, lag=lag)
        for at in np.flatnonzero((on_edge >= LEAST_SUDDEN) & (clear >= LEAST_CLEAR)):
            first = int(starts[at])
            last = min(len(stretch) - 1, first + round(pictures))
            yield Edge(first=first, last=last, clear=float(clear[at]), straight=name in STRAIGHT)


def _sudden(changed: Floats, *, reach: int) -> Floats:
    """How many times its usual change each part changes; float32 (n, 144)."""
    flat = changed.reshape(len(changed), -1)
    wide = np.pad(flat, ((reach, reach), (0, 0)), mode="reflect" if len(flat) > reach else "edge")
    offsets = range(0, 2 * reach + 1, max(1, (2 * reach + 1) // LOOKS))
    usual = np.median(np.stack([wide[offset : offset + len(flat)] for offset in offsets]), axis=0)
    times = np.minimum(flat / (usual + NOISE), MOST_TIMES)
    return np.where(flat < LEAST_CHANGE, np.minimum(times, 1.0), times).astype(np.float32)


def _along(times: Floats, order: Floats, *, starts: Rows, pictures: float, lag: int) -> tuple[Floats, Floats]:
    """Mean of the parts' changes where the edge is, and by how much that is over those beside it; for each start."""
    moments = starts[:, None] + np.round(order * pictures - lag / 2).astype(np.int64)
    parts, most = np.arange(times.shape[1]), len(times) - 1
    aside = max(lag + 1, round(pictures * ASIDE))
    on_edge, *beside = (times[np.clip(moments + off, 0, most), parts].mean(axis=1) for off in (0, -aside, aside))
    return on_edge, on_edge - np.maximum(*beside)


def _designs() -> Iterator[tuple[str, Floats]]:
    """When each part turns to the new view, 0 to 1, in the wipes that there are; float32 (144,)."""
    height, width = GRID
    tall, wide = 0.5, width / height / 2
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (((x + 0.5) / width - 0.5) * 2 * wide).ravel(), ((y + 0.5) / height - 0.5).ravel()
    for angle in range(0, 360, 45):
        right, down = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        most = wide * abs(right) + tall * abs(down)
        yield f"line {angle}", (x * right + y * down + most) / (2 * most)
    for angle in range(-90, 181, 90):
        turned = np.mod(np.arctan2(y, x) - np.deg2rad(angle), 2 * np.pi) / (2 * np.pi)
        yield f"clock {angle}", turned
        yield f"clock back {angle}", 1 - turned
    for name, outward in (
        ("iris", np.hypot(x, y) / np.hypot(wide, tall)),
        ("doors", np.abs(x) / wide),
        ("shutters", np.abs(y) / tall),
    ):
        yield f"{name} out", outward
        yield f"{name} in", 1 - outward


DESIGNS = {name: order.astype(np.float32) for name, order in _designs()}
STRAIGHT = {f"line {angle}" for angle in range(0, 360, 90)}
