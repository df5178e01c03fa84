"""Wipes of every kind are found with their ends; what only looks like one, or lasts a moment, is none."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from known_scenes import STEP, changes, dissolve, fade, flat, scan_of

from verikit.keyframes.shots import detect_shots

DOWN, RIGHT = (np.mgrid[0:36, 0:64] + 0.5) / np.array([36, 64])[:, None, None]
FROM_MIDDLE = np.hypot((RIGHT - 0.5) * 16 / 9, DOWN - 0.5)
# When an edge takes each pixel, 0 to 1.
ORDERS = {
    "left": 1 - RIGHT,
    "right": RIGHT,
    "up": 1 - DOWN,
    "down": DOWN,
    "across": (RIGHT + DOWN) / 2,
    "iris": FROM_MIDDLE / FROM_MIDDLE.max(),
    "doors": np.abs(RIGHT - 0.5) * 2,
    "clock": np.arctan2(RIGHT - 0.5, 0.5 - DOWN) / (2 * np.pi) % 1,
}


def view(seed, count, *, jitter=0.0):
    """`count` pictures of a detailed view, held by a hand that shakes by `jitter` pixels."""
    rng = np.random.default_rng(seed)
    large = rng.uniform(0, 255, (60, 90))
    wide = sum(weight * cv2.GaussianBlur(large, (0, 0), size) for size, weight in ((6, 1.0), (2, 0.12), (0.8, 0.03)))
    wide = np.clip((wide - wide.mean()) / wide.std() * 48 + rng.uniform(90, 160), 5, 250)
    steps = np.clip(np.round(np.cumsum(rng.normal(0, jitter, (count, 2)), axis=0)), -10, 10).astype(int)
    return np.stack([wide[12 + y : 48 + y, 12 + x : 76 + x] for y, x in steps])


def swelling(seed, count):
    """`count` pictures of a detailed view that grows and shrinks by a fifth."""
    sizes = 1.1 + 0.2 * np.sin(2 * np.pi * np.arange(count) / 30)
    places = [np.float32([[size, 0, 32 * (1 - size)], [0, size, 18 * (1 - size)]]) for size in sizes]
    picture = view(seed, 1)[0]
    return np.stack([cv2.warpAffine(picture, place, (64, 36), borderMode=cv2.BORDER_REFLECT) for place in places])


def blurred_pan(seed, length, *, way):
    """A still view, a pan by `way` pixels in `length` pictures that are blurred by it, and where it leads."""
    rng = np.random.default_rng(seed)
    large = rng.uniform(0, 255, (60, 184 + way))
    wide = sum(weight * cv2.GaussianBlur(large, (0, 0), size) for size, weight in ((6, 1.0), (2, 0.12), (0.8, 0.03)))
    wide = np.clip((wide - wide.mean()) / wide.std() * 48 + rng.uniform(90, 160), 5, 250)
    part = np.clip((np.arange(101 + length) - 50) / length, 0, 1)
    at = 20 + way * part * part * (3 - 2 * part)
    exposed = [np.linspace(begin, end, 12, endpoint=False).astype(int) for begin, end in itertools.pairwise(at)]
    return np.stack([np.mean([wide[12:48, left : left + 64] for left in lefts], axis=0) for lefts in exposed])


def wiped(before, after, length, *, order, soft=0.02):
    """The two scenes, joined over `length` pictures by an edge that takes each pixel at its part of the time."""
    parts = np.arange(1, length + 1)[:, None, None] / (length + 1)
    shares = np.clip((parts * (1 + soft) - order) / soft, 0, 1)
    return np.concatenate([before[:-length], before[-length:] * (1 - shares) + after[:length] * shares, after[length:]])


def slid(before, after, length, *, moves):
    """The new scene from the right; `moves` says whether the old and the new one travel."""
    joined = []
    for number in range(length):
        edge = round(64 * (number + 1) / (length + 1))
        old, new = before[number - length], after[number]
        left = old[:, edge:] if moves[0] else old[:, : 64 - edge]
        joined.append(np.concatenate([left, new[:, :edge] if moves[1] else new[:, 64 - edge :]], axis=1))
    return np.concatenate([before[:-length], joined, after[length:]])


def found(luma, **keywords):
    return changes(detect_shots(scan_of(luma, **keywords)))


def assert_one(got, kind, *, first, full, slack):
    [(got_kind, got_first, got_full)] = got
    assert got_kind == kind
    assert abs(got_first - first) <= slack
    assert abs(got_full - full) <= slack


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("length", [12, 30])
def test_a_wipe_of_any_shape_is_found_with_its_ends(order, length):
    got = found(wiped(view(1, 70), view(2, 70), length, order=ORDERS[order]))
    # Its corners come first or last: a tenth of the length, and 0.3 s at most.
    assert_one(got, "wipe", first=70 - length, full=70, slack=2 + length / 6)


@pytest.mark.parametrize("soft", [0.1, 0.3])
def test_a_wipe_with_a_soft_edge_is_one(soft):
    got = found(wiped(view(3, 70), view(4, 70), 25, order=ORDERS["left"], soft=soft))
    assert_one(got, "wipe", first=45, full=70, slack=6)


@pytest.mark.parametrize("moves", [(True, True), (False, True), (True, False)], ids=["push", "cover", "reveal"])
def test_a_view_that_slides_is_a_wipe(moves):
    assert_one(found(slid(view(31, 70), view(32, 70), 24, moves=moves)), "wipe", first=46, full=70, slack=4)


def test_a_slide_between_views_that_swell_is_found():
    # Both views grow and shrink by a fifth all the time, which no slide explains; the edge travels evenly all the same.
    for seed in range(4):
        got = found(slid(swelling(seed, 70), swelling(seed + 50, 70), 24, moves=(True, True)))
        assert_one(got, "wipe", first=46, full=70, slack=7)


def test_a_wipe_between_shaking_views_is_found():
    kinds = [
        found(wiped(view(n, 60, jitter=0.3), view(n + 50, 60, jitter=0.3), 20, order=ORDERS["right"])) for n in range(8)
    ]
    # What moves is what no wipe explains: one may be missed.
    assert sum([kind for kind, _, _ in got] == ["wipe"] for got in kinds) >= 7


@pytest.mark.parametrize("jitter", [0.5, 1.0])
@pytest.mark.parametrize("length", [24, 40])
def test_a_dissolve_between_shaking_views_is_found_with_its_ends(jitter, length):
    for seed in range(5):
        luma = dissolve(view(seed, 110, jitter=jitter), view(seed + 50, 110, jitter=jitter), length)
        # 0.3 s at 25 pictures a second.
        assert_one(found(luma), "dissolve", first=110 - length, full=110, slack=7)


@pytest.mark.parametrize("jitter", [0.3, 0.5, 1.2])
def test_a_view_that_shakes_is_one_shot(jitter):
    assert [found(view(seed, 160, jitter=jitter)) for seed in range(200, 206)] == [[]] * 6


@pytest.mark.parametrize("order", ["right", "iris", "clock"])
def test_an_edge_tells_a_wipe_between_views_in_which_everything_moves(order):
    got = [
        found(wiped(view(n, 60, jitter=0.8), view(n + 50, 60, jitter=0.8), 20, order=ORDERS[order])) for n in range(4)
    ]
    in_place = [
        kinds for kinds in got if any(k == "wipe" and abs(a - 40) <= 6 and abs(b - 60) <= 6 for k, a, b in kinds)
    ]
    assert len(in_place) >= 3


def test_a_view_that_a_wipe_takes_away_may_come_back_later():
    away = wiped(view(11, 60), view(12, 80), 16, order=ORDERS["right"])
    got = found(wiped(away, view(11, 60), 16, order=ORDERS["down"]))
    assert [kind for kind, _, _ in got] == ["wipe", "wipe"]
    assert [first for _, first, _ in got] == pytest.approx([44, 108], abs=4)


def test_what_passes_before_the_lens_is_no_wipe():
    luma = view(7, 80)
    wall = view(8, 1)[0] * 0.3
    for number in range(16):
        left, right = max(0, 8 * number - 64), min(64, 8 * number)
        luma[30 + number, :, left:right] = wall[:, left:right]
    assert found(luma) == []


def test_a_banner_that_slides_in_is_no_wipe():
    luma = view(9, 80)
    for number in range(30, 80):
        luma[number, 36 - min(9, number - 29) :] = 200
    assert found(luma) == []


def test_a_pan_across_a_detailed_view_is_no_wipe():
    rng = np.random.default_rng(10)
    wide = sum(w * cv2.GaussianBlur(rng.uniform(0, 255, (36, 320)), (0, 0), s) for s, w in ((6, 1.0), (1, 0.2)))
    wide = np.clip((wide - wide.mean()) / wide.std() * 50 + 120, 5, 250)
    for pace in (1, 2, 4):
        shown = np.clip(np.arange(90) * pace - 20 * pace, 0, 256)
        assert found(np.stack([wide[:, x : x + 64] for x in shown])) == []


def test_the_blur_of_a_fast_pan_does_not_make_it_a_dissolve():
    reported = [found(blurred_pan(seed, length, way=way)) for seed in range(8) for length, way in ((9, 48), (12, 96))]
    # What travels faster than a pan is looked for may look mixed: one of sixteen.
    assert sum(got != [] for got in reported) <= 1


def test_two_shots_may_be_joined_by_each_kind_in_one_film():
    scenes = [view(seed, 60) for seed in range(20, 25)]
    film = np.concatenate([dissolve(scenes[0], scenes[1], 20), flat(0)])
    film = wiped(film, scenes[2], 20, order=ORDERS["down"])
    film = np.concatenate([fade(film, scenes[3], 12), scenes[4]])
    assert [kind for kind, _, _ in found(film)] == ["dissolve", "wipe", "fade", "cut"]


def test_lengths_are_seconds_whatever_the_rate():
    # The same second of film at 50 pictures a second and at 15.
    for rate in (15, 50):
        length, before = rate, 2 * rate
        luma = dissolve(view(11, before + length), view(12, before + length), length)
        shots = detect_shots(scan_of(luma, pts=np.arange(len(luma)) * (12800 // rate)))
        assert [shot.transition_in for shot in shots] == ["start", "dissolve"]
        assert shots[1].transition_span.start == pytest.approx(2.0, abs=0.15)
        assert shots[1].transition_span.end == pytest.approx(3.0, abs=0.15)


def test_a_wipe_in_a_film_of_variable_rate_has_exact_pts():
    luma = wiped(view(13, 60), view(14, 60), 20, order=ORDERS["left"])
    steps = np.random.default_rng(3).choice([STEP - 200, STEP, STEP + 300], len(luma))
    pts = np.cumsum(steps)
    shots = detect_shots(scan_of(luma, pts=pts))
    assert [shot.transition_in for shot in shots] == ["start", "wipe"]
    rows = np.searchsorted(pts, [shots[1].start_pts, shots[1].full_pts])
    assert pts[rows].tolist() == [shots[1].start_pts, shots[1].full_pts]
    assert abs(rows - [40, 60]).max() <= 4
