"""Fades: one view sinks into black, white or a plain colour, and another rises from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from verikit.keyframes.mixture_ends import true_ends
from verikit.keyframes.mixtures import Mixture
from verikit.keyframes.small_pictures import FLAT
from verikit.keyframes.stretches import Explanation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.keyframes.stretches import Stretch

    Floats = NDArray[np.float32]

__all__ = ["find_fades", "shows_nothing"]

# A picture is plain where its contrast sinks below this part of what is before and after within REACH seconds. Two
# unlike views mixed evenly keep 0.7.
PLAIN_PART, REACH = 0.25, 1.5
# Mean luma on either side of which a plain picture is called black or white.
BLACK, WHITE = 40.0, 208.0
# Lengths in seconds that half a fade is looked for at.
HALVES = (0.12, 0.24, 0.48, 0.96, 1.9)
# Frames that half a fade lasts at least.
LEAST_STEPS = 3
# Longest plain time within one transition, in seconds. What stays plain longer is shown for its own sake.
PLAIN_SECONDS = 2.0
# What an even mixture with the plain picture may leave unexplained: fades of films leave 0.05, with motion 0.25.
MOST_UNEXPLAINED = 0.5


def find_fades(stretch: Stretch) -> list[Explanation]:
    """The fades of a stretch in order of time.

    At its beginning or end (a cut to black or from it) half a fade counts, else one half may be sudden.
    """
    found: list[Explanation] = []
    for start, stop in _plain_runs(stretch):
        out = _half(stretch, start, back=True, stop=found[-1].last if found else 0, other=stop)
        back = _half(stretch, stop, back=False, stop=len(stretch) - 1, other=start)
        if out is None and back is None:
            continue
        if stretch.times[stop] - stretch.times[start] > PLAIN_SECONDS:
            found += [half for half in (out, back) if half is not None]
            continue
        first = out.first if out else max(0, start - 1)
        last = back.last if back else min(len(stretch) - 1, stop + 1)
        rest = max(half.unexplained for half in (out, back) if half)
        both = out is not None and back is not None
        found.append(Explanation(kind="fade" if both else "half", first=first, last=last, unexplained=rest))
    return found


def shows_nothing(stretch: Stretch, row: int) -> bool:
    """Whether a picture is all black or all white."""
    light = float(stretch.luma[row].mean())
    return bool(stretch.contrast[row] < FLAT) and not BLACK <= light <= WHITE


def _plain_runs(stretch: Stretch) -> list[tuple[int, int]]:
    """First and last row of each run of plain pictures."""
    contrast = stretch.contrast
    reach = max(1, int(REACH / max(float(np.median(np.diff(stretch.times))), 1e-6)))
    wide = np.pad(contrast, reach)
    most = np.lib.stride_tricks.sliding_window_view(wide, reach).max(axis=1)
    before, after = most[: len(contrast)], most[reach + 1 :]
    light = stretch.luma.reshape(len(stretch), -1).mean(axis=1, dtype=np.float32)
    plain = (contrast < FLAT) | (contrast < PLAIN_PART * np.minimum(before, after))
    plain &= (light < BLACK) | (light > WHITE)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], plain, [False]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _half(stretch: Stretch, plain: int, *, back: bool, stop: int, other: int) -> Explanation | None:
    """The fade into (back) or out of the plain picture at row `plain`; None where it comes or goes suddenly."""
    best: Explanation | None = None
    most = 0.0
    for length in HALVES:
        time = stretch.times[plain] - length if back else stretch.times[plain] + length
        seed = int(np.searchsorted(stretch.times, time))
        seed = max(stop, min(seed, plain - 2)) if back else min(stop, max(seed, plain + 2))
        if abs(seed - plain) < 2:
            continue
        begin, end, within = (seed, plain, (stop, other)) if back else (plain, seed, (other, stop))
        first, last = true_ends(stretch, begin, end, within=within)
        view, flat = (first, last) if back else (last, first)
        reaches = min(plain, other) - 1 <= flat <= max(plain, other) + 1
        if not reaches or last - first < LEAST_STEPS or stretch.contrast[view] < FLAT:
            continue
        mixture = Mixture.between(stretch.rows, first=first, last=last, low=first, high=last)
        rest = float(mixture.left_over(mixture.evenly()))
        score = float(np.abs(mixture.whole).mean()) * (1 - 2 * rest)
        if rest <= MOST_UNEXPLAINED and score > most:
            best, most = Explanation(kind="half", first=first, last=last, unexplained=rest), score
    return best
