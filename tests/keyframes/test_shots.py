"""Cuts, dissolves and fades of known place are found there; flashes, motion, light and captions are none."""

from __future__ import annotations

import csv
import itertools
import json
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from known_scenes import BASE, CLIPS, STEP, changes, dissolve, fade, flat, scan_of, scene

from verikit.keyframes.shots import Shot, detect_shots
from verikit.media.scanning import scan_video
from verikit.media.video import open_video


def found(*parts, **keywords):
    return changes(detect_shots(scan_of(np.concatenate(parts), **keywords)))


# Cuts


@given(lengths=st.lists(st.integers(3, 30), min_size=1, max_size=6), motion=st.floats(0, 1.5))
@settings(max_examples=25, deadline=None)
def test_every_cut_between_scenes_of_three_frames_or_more_is_found_where_it_is(lengths, motion):
    parts = [scene(seed, length, motion=motion) for seed, length in enumerate(lengths)]
    assert found(*parts) == [("cut", at, at) for at in np.cumsum(lengths)[:-1]]


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("glare", [255, 60])
def test_a_flash_is_no_cut(frames, glare):
    view = scene(1, 60, motion=0.5)
    view[30 : 30 + frames] = np.clip(view[30 : 30 + frames] + glare, 0, 255)
    assert found(view) == []


def test_a_whip_pan_is_no_cut():
    assert found(scene(1, 10), scene(1, 60, motion=5)[:60]) == []


def test_a_jolt_is_no_cut():
    view = scene(1, 40)
    view[20:] = np.roll(view[20:], (3, 10), (1, 2))
    assert found(view) == []


def test_a_jump_of_exposure_is_no_cut():
    view = scene(1, 40)
    view[20:] = view[20:] * 0.5 + 20
    assert found(view) == []


def test_a_caption_that_appears_is_no_cut():
    view = scene(1, 40)
    view[20:, 26:34, 4:60] = 235
    assert found(view) == []


def test_a_wall_that_passes_before_the_lens_is_no_cut():
    view = scene(1, 60)
    view[20:40] = scene(2, 20)
    for step in range(8):  # it comes in bit by bit and is gone at once
        view[12 + step, :, : 8 * step] = scene(2, 1)[0, :, : 8 * step]
    assert found(view) == []


def test_a_blaze_that_dies_away_slowly_is_no_cut():
    for seed in range(3):
        blaze = np.zeros((80, 1, 1))
        blaze[30:60, 0, 0] = np.exp(-np.arange(30) / 6)
        assert found(scene(seed, 80, motion=0.2) * (1 - blaze) + 250 * blaze) == []


def test_a_jump_within_one_take_is_a_cut():
    # The same thing before the same soft background, in another place; it moves a little all the time.
    for seed in range(4):
        rng = np.random.default_rng(seed)
        background = cv2.GaussianBlur(scene(seed, 1)[0], (0, 0), 6)
        take = background + rng.normal(0, 1, (80, 36, 64))
        thing = scene(seed + 500, 1)[0, :30, :34]
        for number, sway in enumerate(np.clip(np.cumsum(rng.normal(0, 0.2, 80)), -2, 2).round().astype(int)):
            left = (4 if number < 40 else 18) + sway
            covered = take[number, 4:34, left : left + 34]
            covered[:] = 0.25 * covered + 0.75 * thing
        assert found(take) == [("cut", 40, 40)]


def test_a_picture_that_comes_back_after_a_shot_of_four_frames_or_more_gives_two_cuts():
    assert found(scene(1, 20), scene(2, 4), scene(1, 20)) == [("cut", 20, 20), ("cut", 24, 24)]


def test_a_cut_inside_static_black_bars_is_found_as_without_them():
    narrow = np.zeros((60, 36, 64))
    narrow[:, :, 24:40] = np.concatenate([scene(1, 30), scene(2, 30)])[:, :, 24:40]
    assert found(narrow) == [("cut", 30, 30)]


def test_a_cut_that_only_colour_shows_is_found():
    chroma = np.full((40, 2, 9, 16), 90, np.uint8)
    chroma[20:] = 170
    view = scene(1, 40)
    view[:] = 120  # nothing to tell apart by luma
    assert found(view, chroma=chroma) == [("cut", 20, 20)]


# Gradual transitions


@given(length=st.integers(6, 60), seed=st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_a_dissolve_is_found_once_and_in_its_place(length, seed):
    [(kind, first, full)] = found(dissolve(scene(seed, 90), scene(seed + 100, 90), length))
    assert kind == "dissolve"
    # One step of a long blend is below what tells it from noise; a tenth of the length is.
    slack = 2 + length / 10
    assert abs(first - (90 - length)) <= slack
    assert abs(full - 90) <= slack


def test_a_dissolve_between_moving_scenes_is_found():
    kinds = [found(dissolve(scene(n, 60, motion=0.2), scene(n + 100, 60, motion=0.2), 20)) for n in range(20)]
    # What moves through the blend is what no mix explains: a few are missed.
    assert sum([kind for kind, _, _ in got] == ["dissolve"] for got in kinds) >= 18


@pytest.mark.parametrize("length", [8, 12, 25])
@pytest.mark.parametrize("black", [0, 3, 30])
def test_a_fade_through_black_is_one_transition(length, black):
    [(kind, first, full)] = found(fade(scene(1, 60), scene(2, 60), length, black=black))
    assert kind == "fade"
    assert abs(first - (60 - length)) <= 2
    assert abs(full - (60 + black + length)) <= 2


def test_a_fade_to_white_is_a_fade():
    white = np.concatenate(
        [dissolve(scene(1, 60), flat(13, luma=255), 12), dissolve(flat(12, luma=255), scene(2, 60), 12)]
    )
    assert [kind for kind, _, _ in found(white)] == ["fade"]


def test_the_fade_in_at_the_start_and_the_fade_out_at_the_end_lead_to_no_other_shot():
    assert found(dissolve(flat(40), scene(1, 80), 20), dissolve(scene(1, 60), flat(60), 20)) == []


def test_slow_light_on_one_view_is_no_dissolve():
    view = scene(1, 80)
    view[20:60] *= np.linspace(1, 0.5, 40)[:, None, None]
    view[60:] *= 0.5
    assert found(view) == []


@given(motion=st.floats(0, 2.5), seed=st.integers(0, 50))
# Upright things that cross the whole picture with the pan, as the edge of a wipe would.
@example(motion=1.5, seed=9)
@example(motion=1.5, seed=35)
@example(motion=2.25, seed=40)
@example(motion=2.5, seed=19)
@settings(max_examples=20, deadline=None)
def test_a_steady_pan_is_one_shot(motion, seed):
    assert found(scene(seed, 120, motion=motion)) == []


# The values


@given(st.lists(st.integers(1, 4000), min_size=39, max_size=39), st.integers(-9000, 9000))
@settings(max_examples=20, deadline=None)
def test_times_are_exact_pts_of_a_variable_rate(steps, first):
    pts = first + np.concatenate([[0], np.cumsum(steps)])
    shots = detect_shots(scan_of(np.concatenate([scene(1, 25), scene(2, 15)]), pts=pts))
    assert [shot.start_pts for shot in shots] == [pts[0], pts[25]]
    assert shots[0].end_pts == shots[1].start_pts == shots[1].full_pts
    assert shots[1].start == float((int(pts[25]) - first) * BASE)
    assert shots[1].end_pts > pts[-1]
    assert sum(shot.frames for shot in shots) == 40


def test_shots_follow_each_other_without_gaps_and_a_gradual_one_begins_with_its_transition():
    shots = detect_shots(scan_of(np.concatenate([dissolve(scene(1, 60), scene(2, 60), 20), scene(3, 30)])))
    assert [shot.transition_in for shot in shots] == ["start", "dissolve", "cut"]
    assert [shot.index for shot in shots] == [0, 1, 2]
    for before, after in itertools.pairwise(shots):
        assert (before.end, before.end_pts) == (after.start, after.start_pts)
    assert shots[1].transition_span.start == shots[1].start
    assert shots[1].full_pts > shots[1].start_pts
    assert shots[2].transition_span is None


def test_a_shot_comes_back_from_its_json():
    for shot in detect_shots(scan_of(dissolve(scene(1, 60), scene(2, 60), 20))):
        data = json.loads(json.dumps(shot.to_dict()))
        assert Shot.from_dict(data).to_dict() == data
        assert Shot.from_dict(data).time_base == Fraction(1, 12800)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_film_of_a_few_frames_is_one_shot(count):
    [shot] = detect_shots(scan_of(scene(1, count)))
    assert (shot.frames, shot.transition_in, shot.start) == (count, "start", 0.0)
    assert shot.end_pts == (count - 1) * STEP + (STEP if count > 1 else 1)


def test_a_black_film_is_one_shot():
    assert found(flat(200)) == []


# Real films


def truth(path):
    with path.open(newline="") as stream:
        return [(row[0], int(row[1]), int(row[2])) for row in list(csv.reader(stream))[1:]]


@pytest.mark.skipif(not (CLIPS / "shots").is_dir(), reason="the real clips are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "least_f1", "least_gradual"),
    [
        ("c1_hardcuts", 0.98, None),
        ("c2_gradual", 0.98, 1.0),
        ("real_bikes.mp4", 0.98, None),
        ("real_testvideo.mp4", 0.98, 1.0),
    ],
)
def test_transitions_of_real_films_are_found(name, least_f1, least_gradual):
    scan = scan_video(open_video(CLIPS / "shots" / (name if name.endswith(".mp4") else f"{name}.mp4")))
    known = truth(CLIPS / "shots" / f"{name}.gt.csv")
    pts = scan.frames["pts"]
    got = [
        (s.transition_in, *map(int, np.searchsorted(pts, [s.start_pts, s.full_pts]))) for s in detect_shots(scan)[1:]
    ]
    cuts = [first for kind, first, _ in known if kind == "cut"]
    found_cuts = [first for kind, first, _ in got if kind == "cut"]
    hits = sum(any(abs(cut - other) <= 2 for other in found_cuts) for cut in cuts)
    assert 2 * hits / (len(cuts) + len(found_cuts)) >= least_f1
    if least_gradual is not None:
        gradual = [(first, full) for kind, first, full in known if kind not in {"cut", "ignore"}]
        spans = [(first, full) for kind, first, full in got if kind != "cut"]
        hits = sum(any(a < full and b > first for a, b in spans) for first, full in gradual)
        assert hits / len(gradual) >= least_gradual


@pytest.mark.skipif(not (CLIPS / "copies").is_dir(), reason="the real clips are not beside the checkout")
@pytest.mark.parametrize("name", ["armwrestle.mp4", "car-detection.mp4", "pattern-longer-no-bar.mp4", "pool.mp4"])
def test_a_single_take_stays_whole(name):
    assert len(detect_shots(scan_video(open_video(CLIPS / "copies" / name)))) == 1
