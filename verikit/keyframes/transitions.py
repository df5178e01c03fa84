"""Where one shot gives way to another: hard cuts, dissolves and fades, in frame numbers.

Wipes are not looked for: a slow one is taken for motion and a fast one may come out as a cut.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Literal

import numpy as np

from verikit.keyframes.small_pictures import FLAT, LUMA_VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from verikit.keyframes.small_pictures import SmallPictures

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["Transition", "find_cuts", "find_gradual"]

# A flash or strobe lasts at most three frames; a picture that stays longer is a shot.
FLASH_FRAMES = 3
# Correlation from which two pictures count as the same view. On the six films measured the two sides of a cut
# reach 0.71, those of jolts start at 0.89.
SAME_VIEW = 0.85
# Share of a picture's texture that stays in place: at the films' cuts at most 0.25, where a banner over a fifth of the
# picture appears mostly 0.4 to 1.
BACKGROUND_KEPT = 0.35
# How far the same view is looked for around a jump, in frames (two seconds at 25 a second): something that passes
# before the lens, or damage, begins or ends suddenly and then the same view is back without a second cut.
RETURN_FRAMES = 50
RETURN_STEP = 4

# Lengths at which gradual transitions are looked for, in frames: a quarter of a second to three seconds at 25 a
# second, in steps of a third.
LENGTHS = (6, 8, 11, 15, 20, 26, 34, 45, 60, 80)
# Mean difference of the pictures at both ends, in grey levels, less what is uneven or unexplained; below it noise and
# slow motion look like a blend.
LEAST_QUALITY = 7.0
# How far from its even pace a blend may be at a quarter, half and three quarters of its length.
MOST_UNEVEN = 0.15
# Both ends of a gradual transition must be less alike than this; pans and changing light keep the view.
ENDS_ALIKE = 0.7
# Where the picture brightens as a whole, the middle half of its blocks change alike: by 0.03 of the mean change when a
# camera adapts its exposure, by 0.27 and more in the films' dissolves.
EVEN_LIGHT = 0.12
# Luma on either side of which a flat picture is called black or white.
BLACK, WHITE = 32.0, 224.0
# Black between a fade out and a fade in, in frames, that still belongs to one transition.
BLACK_FRAMES = 50
# Part of the blend at which a transition is taken to begin (and, from 1, to end): above the noise of motion.
EDGE = 0.05


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of shot: the first frame of the transition and the first frame wholly of the new shot.

    They are the same for a cut.
    """

    kind: Literal["cut", "dissolve", "fade"]
    first: int
    full: int


def find_cuts(
    pictures: SmallPictures, *, least_difference: float, least_ratio: float, most_likeness: float
) -> tuple[Transition, ...]:
    """The hard cuts, ascending: jumps to another view that stand out from the steps around and do not go back."""
    if len(pictures) < 2:
        return ()
    rows = np.arange(len(pictures))
    step = np.concatenate([np.zeros(1, np.float32), pictures.differences(rows[:-1], rows[1:])])
    wide = np.pad(step, 2)
    around = np.max([wide[:-4], wide[1:-3], wide[3:-1], wide[4:]], axis=0)
    jumps = np.flatnonzero((step >= least_difference) & (step >= least_ratio * around))
    jumps = jumps[pictures.likeness(jumps - 1, jumps) < most_likeness]
    jumps = jumps[pictures.background_kept(jumps - 1, jumps) < BACKGROUND_KEPT]
    jumps = jumps[~_flashes(pictures, jumps, step=step)]
    kept: list[int] = []
    for jump, after in itertools.pairwise([*map(int, jumps), len(rows)]):
        if not _returns(pictures, jump, start=kept[-1] if kept else 0, stop=after):
            kept.append(jump)
    return tuple(Transition(kind="cut", first=jump, full=jump) for jump in kept)


def _flashes(pictures: SmallPictures, jumps: Rows, *, step: Floats) -> NDArray[np.bool_]:
    """Which jumps lead into or out of a flash: the view before is back within a few frames."""
    last = len(pictures) - 1
    found = np.zeros(len(jumps), np.bool_)
    for length in range(1, FLASH_FRAMES + 1):
        for before, after in ((jumps - 1, jumps + length), (jumps - 1 - length, jumps)):
            inside = (before >= 0) & (after <= last)
            one, two = before[inside], after[inside]
            # A flash over a flat picture leaves nothing to correlate: there the plain difference decides.
            same = pictures.likeness(one, two) >= SAME_VIEW
            found[inside] |= same | (pictures.differences(one, two) < 0.2 * step[jumps[inside]])
    return found


def _returns(pictures: SmallPictures, jump: int, *, start: int, stop: int) -> bool:
    """Whether the view on one side of a jump is seen again on its other side before the next jump."""
    later = np.arange(jump + 1, min(stop, jump + RETURN_FRAMES), RETURN_STEP)
    earlier = np.arange(jump - 2, max(start, jump - RETURN_FRAMES) - 1, -RETURN_STEP)
    before = np.concatenate([np.full(len(later), jump - 1), earlier])
    after = np.concatenate([later, np.full(len(earlier), jump)])
    return bool((pictures.likeness(before, after) >= SAME_VIEW).any())


def find_gradual(
    pictures: SmallPictures, cuts: Sequence[Transition], *, most_residual: float
) -> tuple[Transition, ...]:
    """Dissolves and fades, ascending, apart from each other and from `cuts`.

    A transition mixes the pictures at its two ends, so that each picture between is a blend of them: what no blend
    explains (the residual, 0 for a perfect mix, above 1 for motion) must stay under `most_residual`. Where the film
    begins or ends in black, its first fade in and last fade out lead to no other shot and are not reported.
    """
    rows = pictures.blurred()
    contrast, brightness = pictures.contrast(), pictures.brightness()
    dark = (contrast < FLAT) & ((brightness < BLACK) | (brightness > WHITE))
    edges = [0, *(cut.first for cut in cuts), len(rows)]
    found = []
    for start, stop in itertools.pairwise(edges):
        part = slice(start, stop)
        blends = _apart(_blends(rows[part], most_residual=most_residual))
        for first, last in _through_black(blends, dark=dark[part]):
            before, after = _trimmed(rows[part], dark[part], first=first, last=last)
            fade = bool(dark[start + before : start + after + 1].any())
            if fade or _another_view(pictures, rows, first=start + before, last=start + after):
                kind: Literal["dissolve", "fade"] = "fade" if fade else "dissolve"
                found.append(Transition(kind=kind, first=start + before + 1, full=start + after))
    shown = contrast >= FLAT
    return tuple(change for change in found if shown[: change.first].any() and shown[change.full :].any())


def _blends(rows: Floats, *, most_residual: float) -> list[tuple[float, int, int]]:
    """(quality, first row, last row) of stretches in which the pictures go over steadily from one to the other."""
    found: list[tuple[float, int, int]] = []
    for length in LENGTHS:
        starts = np.arange(max(0, len(rows) - length))
        quality = np.abs(rows[length:] - rows[: len(starts)]).mean(axis=1) if len(starts) else np.empty(0, np.float32)
        # The cheap and strict point comes first: few stretches are left for the other two.
        for part in (0.5, 0.25, 0.75):
            starts, quality = starts[quality >= LEAST_QUALITY], quality[quality >= LEAST_QUALITY]
            whole = rows[starts + length] - rows[starts]
            middle = round(part * length)
            done = rows[starts + middle] - rows[starts]
            share = np.einsum("ij,ij->i", done, whole) / np.maximum(np.einsum("ij,ij->i", whole, whole), 1e-6)
            size = np.abs(whole).mean(axis=1)
            residual = np.abs(done - share[:, None] * whole).mean(axis=1) / np.maximum(size / 2, 1e-6)
            uneven = np.abs(share - middle / length)
            good = (residual <= most_residual) & (uneven <= MOST_UNEVEN)
            starts, quality = starts[good], (quality * (1 - residual / 2) * (1 - uneven))[good]
        kept = quality >= LEAST_QUALITY
        found += [(float(q), int(at), int(at) + length) for q, at in zip(quality[kept], starts[kept], strict=True)]
    return found


def _apart(blends: Sequence[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """The best stretches that don't overlap, in order of time."""
    kept: list[tuple[int, int]] = []
    for _, first, last in sorted(blends, key=lambda blend: (-blend[0], blend[1], blend[2])):
        if all(last <= other[0] or first >= other[1] for other in kept):
            kept.append((first, last))
    return sorted(kept)


def _through_black(blends: Sequence[tuple[int, int]], *, dark: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """A fade out and the fade in after it made one."""
    merged: list[tuple[int, int]] = []
    for first, last in blends:
        out = merged[-1][1] if merged else first
        # The two may have been found some frames short of the black between them.
        black = int(dark[max(0, out - 3) : first + 4].sum())
        if merged and first - out <= BLACK_FRAMES and black >= max(1, first - out - 6):
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged


def _trimmed(rows: Floats, dark: NDArray[np.bool_], *, first: int, last: int) -> tuple[int, int]:
    """The last row before a transition sets in and the first row after it is done."""
    # The stretch was found on a grid of lengths: look a little further out on both sides.
    slack = max(2, (last - first) // 6)
    first, last = max(0, first - slack), min(len(rows) - 1, last + slack)
    black = np.flatnonzero(dark[first : last + 1])
    if len(black) == 0:
        share = _shares(rows, first, last)
        return _begin(share, first), _end(share, last)
    # Through black there are two blends, each with the black picture at one end.
    out, back = first + int(black[0]), first + int(black[-1])
    before = out if out == first else _begin(_shares(rows, first, out), first)
    after = back if back == last else _end(_shares(rows, back, last), last)
    return before, after


def _shares(rows: Floats, first: int, last: int) -> Floats:
    """How far the blend from `first` to `last` has come in each row between; 0 to 1 in a steady one."""
    whole = rows[last] - rows[first]
    shares: Floats = (rows[first : last + 1] - rows[first]) @ whole / max(float(whole @ whole), 1e-6)
    return shares


def _begin(share: Floats, first: int) -> int:
    return first + max(0, int(np.argmax(share > EDGE)) - 1)


def _end(share: Floats, last: int) -> int:
    return last - max(0, int(np.argmax(share[::-1] < 1 - EDGE)) - 1)


def _another_view(pictures: SmallPictures, rows: Floats, *, first: int, last: int) -> bool:
    """Whether the view after is another than before, not the same one in other light."""
    change = (rows[last] - rows[first])[:LUMA_VALUES]
    low, high = np.percentile(change, (25, 75))
    even = (high - low) / 2 < EVEN_LIGHT * np.abs(change).mean()
    alike = pictures.likeness(np.array([first]), np.array([last]))[0] >= ENDS_ALIKE
    return not (even or alike)
