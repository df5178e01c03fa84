"""Dissolves, fades and wipes: where one view goes over into another by and by.

Each kind has a way to explain the pictures between (`mixtures`, `slides`, `fades`); what is explained well counts if the
view after is another one, stays, and does not give way to the old one again.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from verikit.keyframes.edge_designs import find_edges
from verikit.keyframes.fades import find_fades, shows_nothing
from verikit.keyframes.mixture_ends import true_ends
from verikit.keyframes.mixtures import candidates, explain_dissolve, explain_wipe
from verikit.keyframes.slides import find_slides
from verikit.keyframes.small_pictures import FLAT, LUMA_VALUES
from verikit.keyframes.stretches import overlap, stretches
from verikit.keyframes.transitions import SAME_VIEW, Transition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from verikit.keyframes.edge_designs import Edge
    from verikit.keyframes.small_pictures import SmallPictures
    from verikit.keyframes.stretches import Explanation, Stretch

    Window = tuple[int, int]

__all__ = ["find_gradual"]

# Where the picture brightens as a whole, the middle half of its blocks change alike: by 0.03 of the mean change when a
# camera adapts its exposure, by 0.27 and more in the films' dissolves.
EVEN_LIGHT = 0.12
# How long the old view is looked for after a transition, and the new one before it, in seconds, and every how many
# frames. What passes before the lens goes away again.
RETURN_SECONDS, RETURN_STEP = 2.0, 4
# A fade out of a view and back into it must be this good: lamps that go out and hands before the lens leave more.
STRICT = 0.25
# Share of the texture that may stay in place: a picture that is mixed in over a part of the other leaves the rest.
MOST_KEPT = 0.15
# The greatest step from frame to frame, as a part of the whole change: more is a sudden change with motion around it.
MOST_SUDDEN = 0.5
# Both views must be there for so many seconds, changing by less than this part of the difference between them. After a
# dissolve of so many seconds the old view may come back: nothing that passes levels the contrast for so long.
STAY_SECONDS, MOST_RESTLESS = 0.32, 0.6
LONG_DISSOLVE = 0.6
# How restless they may be where detail is levelled as in a dissolve; and how clean such a dissolve must be to be one within
# one take.
LEVELLED_MOST_RESTLESS, CLEAN = 0.9, 0.3
# Up to this doubt hardly anything but mixing levels detail so: both views may shake and travel. On films with 128 known
# dissolves 108 come below, and one other thing, a slow change of exposure.
SURELY_LEVELLED, SURELY_LEVELLED_MOST_RESTLESS = 0.5, 1.4
# The same for a wipe whose edge was seen pass.
EDGE_MOST_SUDDEN, EDGE_MOST_RESTLESS = 0.6, 0.9
# From this clearness on an edge tells more than how well a dissolve explains; and that from which on pictures that travel
# are not taken for a pan.
CLEAR_EDGE, TRAVELLING_EDGE = 1.3, 1.2
# From this clearness on, with steps below this part of the whole change, the edge of what passes before the lens is told
# from a wipe by what stays behind it: in films with known ones the former changes by 0.74 of the whole at once, the latter
# by 0.58 at most.
SURE_EDGE, SURE_SUDDEN, SURE_RETURN_SECONDS = 1.45, 0.4, 1.0
# What one shift of the whole picture must leave over where views mix in place: dissolves and wipes 0.48 and more, steady
# pans 0.04; and how far it is looked for, in pixels of the small picture.
LEAST_UNCARRIED, SHIFT_X, SHIFT_Y = 0.4, 10, 6
# The part of all steps' way that they come to together: in pans all of it, where a hand shakes a third.
ADDS_UP = 0.6
# How fast a picture must travel before or after a slide to be a pan, in parts of the slide's own pace; and beside an edge,
# where a pan's goes with the picture: 0.8 and more over simulated pans, less in the films' wipes.
LEAST_TRAVEL, LEAST_TRAVEL_OF_EDGE = 0.5, 0.8
# Windows that overlap by this part tell of the same transition.
SAME_WINDOW = 0.7


def find_gradual(
    pictures: SmallPictures, times: NDArray[np.float64], cuts: Sequence[int], *, most_unexplained: float
) -> tuple[Transition, ...]:
    """Dissolves, fades and wipes, ascending, apart from each other, between the `cuts` (first frames of new shots).

    A dissolve may leave `most_unexplained` of its pictures, 1 being what a jump in the middle would leave. Where the film
    begins or ends in black, its first fade in and last fade out lead to no other shot and are not reported.
    """
    found: list[Transition] = []
    shown = np.flatnonzero(pictures.contrast() >= FLAT)
    for stretch, own_from, own_to in stretches(pictures, times, cuts):
        fades = [fade for fade in find_fades(stretch) if _leads_on(pictures, stretch, fade)]
        others = _mixtures(pictures, stretch, fades, most_unexplained=most_unexplained)
        for one in [*fades, *others]:
            change = _in_frames(stretch, one, last_frame=len(times) - 1)
            inside = own_from <= (change.first + change.full) // 2 < own_to
            if inside and len(shown) and shown[0] < change.first and shown[-1] >= change.full:
                found.append(change)
    return tuple(sorted(found, key=lambda change: change.first))


def _in_frames(stretch: Stretch, one: Explanation, *, last_frame: int) -> Transition:
    first, full = int(stretch.frames[one.first]) + 1, int(stretch.frames[one.last])
    # Where the stretch begins or ends in plain pictures, between a fade and a cut, they are of the transition.
    if one.first == 0 and stretch.contrast[0] < FLAT:
        first = int(stretch.frames[0])
    if one.last == len(stretch) - 1 and stretch.contrast[-1] < FLAT:
        full = min(last_frame, int(stretch.frames[-1]) + 1)
    kinds: dict[str, Literal["dissolve", "fade", "wipe"]] = {"dissolve": "dissolve", "wipe": "wipe"}
    return Transition(kind=kinds.get(one.kind, "fade"), first=first, full=full)


def _leads_on(pictures: SmallPictures, stretch: Stretch, one: Explanation) -> bool:
    """Whether a fade leads to another view, or is so good that only an editor can have made it."""
    if pictures.likeness(*_ends(stretch, one))[0] < SAME_VIEW:
        return True
    return one.kind == "fade" and one.unexplained <= STRICT


def _mixtures(
    pictures: SmallPictures, stretch: Stretch, fades: Sequence[Explanation], *, most_unexplained: float
) -> list[Explanation]:
    """Clear edges first, then dissolves, as they are told apart best, then wipes and slides in the order of their doubt."""
    kept = list(fades)
    edges = [edge for edge in find_edges(stretch) if _edge_is_change(pictures, stretch, edge)]
    for edge in edges:
        if edge.clear >= CLEAR_EDGE and not _overlaps(kept, edge.first, edge.last):
            kept.append(edge.explained)
    windows = _distinct(candidates(stretch))
    dissolves = []
    for first, last in windows:
        if not _overlaps(kept, first, last):
            one = explain_dissolve(stretch, first, last, most_unexplained=most_unexplained)
            dissolves += [] if one is None else [one]
    for one in sorted(dissolves, key=lambda one: one.doubt):
        if not _overlaps(kept, one.first, one.last) and _is_change(pictures, stretch, one):
            kept.append(one)
    # What else is seen of an edge comes before wipes that are told without one.
    kept += [edge.explained for edge in edges if not _overlaps(kept, edge.first, edge.last)]
    wipes = []
    for first, last in windows:
        if _overlaps(kept, first, last):
            continue
        for begin, end in {(first, last), true_ends(stretch, first, last, within=(0, len(stretch) - 1))}:
            one = explain_wipe(stretch, begin, end)
            if one is not None:
                wipes.append(one)
    for one in sorted([*wipes, *find_slides(stretch)], key=lambda one: one.doubt):
        if not _overlaps(kept, one.first, one.last) and _is_change(pictures, stretch, one):
            kept.append(one)
    return kept[len(fades) :]


def _distinct(found: Sequence[tuple[float, int, int]]) -> list[Window]:
    """The best of the windows that tell of the same."""
    windows: list[Window] = []
    for _, first, last in found:
        if not any(overlap((first, last), window, share=SAME_WINDOW) for window in windows):
            windows.append((first, last))
    return windows


def _overlaps(kept: Sequence[Explanation], first: int, last: int) -> bool:
    return any(first < one.last and last > one.first for one in kept)


def _ends(stretch: Stretch, one: Explanation) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return stretch.frames[[one.first]], stretch.frames[[one.last]]


def _is_change(pictures: SmallPictures, stretch: Stretch, one: Explanation) -> bool:
    """Whether the view after is another one than that before, came by and by, and stays."""
    # A view that travels changes all over from one frame to the next; there the edge tells a jump.
    if not _shows_another(pictures, stretch, one) or (not one.moves and _jumps(pictures, stretch, one) > MOST_SUDDEN):
        return False
    # A view that shakes does not make detail sink and rise like that; a pan may, by its blur.
    surely, most_restless = False, MOST_RESTLESS
    if one.kind == "dissolve":
        surely = one.doubt <= SURELY_LEVELLED
        most_restless = SURELY_LEVELLED_MOST_RESTLESS if surely else LEVELLED_MOST_RESTLESS
    pans = _travels_throughout(stretch, one, one_way=True) if surely else _pans(stretch, one)
    if pans or not _stays(pictures, stretch, one, most_restless=most_restless):
        return False
    # Such a dissolve only an editor can have made, and so clean a one, though both views be of one take.
    if surely or (one.kind == "dissolve" and one.unexplained <= CLEAN):
        return True
    lasts = stretch.times[one.last] - stretch.times[one.first]
    if pictures.same_view(*_ends(stretch, one))[0]:
        return False
    return (one.kind == "dissolve" and bool(lasts >= LONG_DISSOLVE)) or not _returns(
        pictures, stretch, one, seconds=RETURN_SECONDS
    )


def _edge_is_change(pictures: SmallPictures, stretch: Stretch, edge: Edge) -> bool:
    """The same for a wipe whose edge was seen, which speaks for it: what stays may move more, and views may travel."""
    one = edge.explained
    jumps = _jumps(pictures, stretch, one)
    if not _shows_another(pictures, stretch, one) or jumps > EDGE_MOST_SUDDEN:
        return False
    if _pans(stretch, one):
        # What travels behind a clear edge may be the views; a pan goes on beside it, and an upright thing in it is an edge.
        travelling = edge.straight and edge.clear >= TRAVELLING_EDGE
        if not travelling or _travels_beside(stretch, one, least=LEAST_TRAVEL_OF_EDGE):
            return False
    same = bool(pictures.same_view(*_ends(stretch, one))[0])
    # What passes before the lens does not stay behind so clear an edge: where the view does, it may be of the same take,
    # or give way to the old one again, though not at once.
    if edge.clear >= SURE_EDGE and jumps <= SURE_SUDDEN and _stays(pictures, stretch, one, most_restless=MOST_RESTLESS):
        return same or not _returns(pictures, stretch, one, seconds=SURE_RETURN_SECONDS)
    if same or _returns(pictures, stretch, one, seconds=RETURN_SECONDS):
        return False
    return _stays(pictures, stretch, one, most_restless=EDGE_MOST_RESTLESS)


def _shows_another(pictures: SmallPictures, stretch: Stretch, one: Explanation) -> bool:
    """Whether both ends show something, and not the same in another light or with something before it."""
    if shows_nothing(stretch, one.first) or shows_nothing(stretch, one.last):
        return False
    change = (stretch.rows[one.last] - stretch.rows[one.first])[:LUMA_VALUES]
    low, high = np.percentile(change, (25, 75))
    if (high - low) / 2 < EVEN_LIGHT * np.abs(change).mean():
        return False
    return bool(pictures.background_kept(*_ends(stretch, one))[0] <= MOST_KEPT)


def _jumps(pictures: SmallPictures, stretch: Stretch, one: Explanation) -> float:
    """The greatest step from frame to frame, as a part of the whole change."""
    frames = stretch.frames[one.first : one.last + 1]
    whole = max(float(pictures.differences(*_ends(stretch, one))[0]), 1e-6)
    return float(pictures.differences(frames[:-1], frames[1:]).max()) / whole


def _pans(stretch: Stretch, one: Explanation) -> bool:
    """Whether the camera moves rather than views: one shift of the whole picture explains what changes.

    Where views travel by themselves it would explain that too: there the picture must not travel before or after.
    """
    return _travels_beside(stretch, one, least=LEAST_TRAVEL) if one.moves else _travels_throughout(stretch, one)


def _travels_throughout(stretch: Stretch, one: Explanation, *, one_way: bool = False) -> bool:
    """Whether the picture travels from step to step; `one_way`: and its steps add up, as in a pan.

    Where a hand shakes they take each other back.
    """
    picked = np.unique(np.linspace(one.first, one.last, 9).round().astype(np.int64))
    carried, still, steps = zip(*(_carried(stretch, *pair) for pair in itertools.pairwise(picked)), strict=True)
    if sum(carried) >= LEAST_UNCARRIED * sum(still):
        return False
    way, whole = np.linalg.norm(np.sum(steps, axis=0)), np.linalg.norm(steps, axis=1).sum()
    return not one_way or bool(way >= ADDS_UP * whole)


def _travels_beside(stretch: Stretch, one: Explanation, *, least: float) -> bool:
    eighth = max(1, (one.last - one.first) // 8)
    # A little away, since the slide may begin earlier or end later than it seems.
    before, after = max(0, one.first - 3 * eighth), min(len(stretch) - 1, one.last + 3 * eighth)
    sides = [(before, min(before + eighth, one.first)), (max(after - eighth, one.last), after)]
    least_way = least * stretch.luma.shape[1] * eighth / (one.last - one.first)
    for side in sides:
        carried, still, step = _carried(stretch, *side)
        if np.hypot(*step) >= least_way and carried < LEAST_UNCARRIED * still:
            return True
    return False


def _carried(stretch: Stretch, before: int, after: int) -> tuple[float, float, tuple[int, int]]:
    """Squared differences of two pictures after the best shift and without any, and that shift (down, right) in pixels."""
    template = np.ascontiguousarray(stretch.luma[before, SHIFT_Y:-SHIFT_Y, SHIFT_X:-SHIFT_X].astype(np.float32))
    rests = cv2.matchTemplate(stretch.luma[after].astype(np.float32), template, cv2.TM_SQDIFF)
    down, right = np.unravel_index(int(rests.argmin()), rests.shape)
    step = int(down) - SHIFT_Y, int(right) - SHIFT_X
    return max(float(rests.min()), 0.0), float(rests[SHIFT_Y, SHIFT_X]), step


def _stays(pictures: SmallPictures, stretch: Stretch, one: Explanation, *, most_restless: float) -> bool:
    times, frames = stretch.times, stretch.frames
    later = min(len(times) - 1, int(np.searchsorted(times, times[one.last] + STAY_SECONDS)))
    earlier = max(0, int(np.searchsorted(times, times[one.first] - STAY_SECONDS)))
    before, after = [one.first, one.last, earlier], [one.last, later, one.first]
    change, *rest = pictures.differences(frames[before], frames[after])
    return bool(max(rest) < most_restless * change)


def _returns(pictures: SmallPictures, stretch: Stretch, one: Explanation, *, seconds: float) -> bool:
    times = stretch.times
    begins, ends = times[one.first], times[one.last]
    later = np.flatnonzero((times > ends) & (times <= ends + seconds))[::RETURN_STEP]
    earlier = np.flatnonzero((times < begins) & (times >= begins - seconds))[::RETURN_STEP]
    before = np.concatenate([np.full(len(later), one.first), earlier])
    after = np.concatenate([later, np.full(len(earlier), one.last)])
    return bool(pictures.same_view(stretch.frames[before], stretch.frames[after]).any())
