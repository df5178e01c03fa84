"""Hard cuts: where one shot gives way to another from one frame to the next."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.keyframes.small_pictures import SmallPictures

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]
    Times = NDArray[np.float64]

__all__ = ["SAME_VIEW", "Transition", "find_cuts"]

# A flash or strobe lasts at most this many seconds (three frames at 25 a second); a picture that stays longer is a shot.
# In frames it is at least three and, where the rate is high, at most eight.
FLASH_SECONDS, FLASH_FRAMES = 0.13, (3, 8)
# Correlation from which two pictures may be the same view. On six films with known cuts the two sides of a cut reach
# 0.71, those of jolts start at 0.89.
SAME_VIEW = 0.85
# From this many times the steps around, a jump stands alone: then only the same view in detail speaks against a cut.
ALONE = 3.0
# From this many times, it is no jolt, of which there is some before or after: there only views that are nearly the same
# picture in another light speak against a cut, as jumps of exposure leave them. Jumps within one take reach 0.88.
FAR_ALONE, SAME_IN_OTHER_LIGHT = 5.0, 0.89
# What a flash ends with is a jump too, of this part of the first at least.
LEAST_JUMP_BACK = 0.35
# Share of a picture's texture that stays in place: at the films' cuts at most 0.25, where a banner over a fifth of the
# picture appears mostly 0.4 to 1.
BACKGROUND_KEPT = 0.35
# How far around a jump the same view is looked for, in seconds, and at how many moments: something that passes before
# the lens, or damage, begins or ends suddenly and then the same view is back without a second cut.
RETURN_SECONDS, RETURN_LOOKS = 2.0, 12
# Then it differs from the one before by less than this part of the jump: 0.08 to 0.35 in films with known cuts. After a
# jump within one take the view is the same too, but what moved is elsewhere: 0.67 and more in nine of ten.
MOST_OF_JUMP = 0.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of shot: the first frame of the transition and the first frame wholly of the new shot.

    They are the same for a cut.
    """

    kind: Literal["cut", "dissolve", "fade", "wipe"]
    first: int
    full: int


def find_cuts(
    pictures: SmallPictures, times: Times, *, least_difference: float, least_ratio: float, most_likeness: float
) -> tuple[Transition, ...]:
    """The hard cuts, ascending: jumps to another view that stand out from the steps around and do not go back."""
    if len(pictures) < 2:
        return ()
    rows = np.arange(len(pictures))
    step = np.concatenate([np.zeros(1, np.float32), pictures.differences(rows[:-1], rows[1:])])
    wide = np.pad(step, 2)
    around = np.max([wide[:-4], wide[1:-3], wide[3:-1], wide[4:]], axis=0)
    jumps = np.flatnonzero((step >= least_difference) & (step >= least_ratio * around))
    likeness = pictures.likeness(jumps - 1, jumps)
    alike = likeness >= most_likeness
    stands_out = step[jumps] / np.maximum(around[jumps], 1e-6)
    same = pictures.same_view(jumps - 1, jumps) & ((stands_out < FAR_ALONE) | (likeness >= SAME_IN_OTHER_LIGHT))
    jumps = jumps[~(alike & ((stands_out < ALONE) | same))]
    jumps = jumps[pictures.background_kept(jumps - 1, jumps) < BACKGROUND_KEPT]
    jumps = jumps[~_flashes(pictures, times, jumps, step=step)]
    kept: list[int] = []
    for jump, after in itertools.pairwise([*map(int, jumps), len(rows)]):
        between = (kept[-1] if kept else 0, after)
        if not _returns(pictures, times, jump, between=between, most=MOST_OF_JUMP * float(step[jump])):
            kept.append(jump)
    return tuple(Transition(kind="cut", first=jump, full=jump) for jump in kept)


def _flashes(pictures: SmallPictures, times: Times, jumps: Rows, *, step: Floats) -> NDArray[np.bool_]:
    """Which jumps lead into or out of a flash: the view before is back within a few frames, by another jump."""
    last = len(pictures) - 1
    usual = max(float(np.median(np.diff(times))), 1e-6)
    most = int(np.clip(FLASH_SECONDS / usual + 1e-6, *FLASH_FRAMES))
    found = np.zeros(len(jumps), np.bool_)
    for length in range(1, most + 1):
        for before, after, way in ((jumps - 1, jumps + length, 1), (jumps - 1 - length, jumps, -1)):
            others = np.clip(jumps + way * np.arange(1, length + 1)[:, None], 0, last)
            inside = (before >= 0) & (after <= last) & (step[others].max(axis=0) >= LEAST_JUMP_BACK * step[jumps])
            one, two = before[inside], after[inside]
            # A flash over a flat picture leaves nothing to correlate: there the plain difference decides.
            back = pictures.differences(one, two) < 0.2 * step[jumps[inside]]
            found[inside] |= back | pictures.same_view(one, two)
    return found


def _returns(pictures: SmallPictures, times: Times, jump: int, *, between: tuple[int, int], most: float) -> bool:
    """Whether the view on one side of a jump is seen again on its other side before the next jump.

    It may differ by `most` grey levels.
    """
    stop = min(between[1], int(np.searchsorted(times, times[jump] + RETURN_SECONDS)))
    start = max(between[0], int(np.searchsorted(times, times[jump] - RETURN_SECONDS)))
    later = np.unique(np.linspace(jump + 1, stop - 1, RETURN_LOOKS).astype(np.int64)) if stop > jump + 1 else _NONE
    earlier = np.unique(np.linspace(start, jump - 2, RETURN_LOOKS).astype(np.int64)) if start <= jump - 2 else _NONE
    before = np.concatenate([np.full(len(later), jump - 1), earlier])
    after = np.concatenate([later, np.full(len(earlier), jump)])
    alike = (pictures.likeness(before, after) >= SAME_VIEW) & (pictures.differences(before, after) <= most)
    return bool(pictures.same_view(before[alike], after[alike]).any())


_NONE = np.empty(0, np.int64)
