"""Keyframes are sharp, still, away from transitions and unlike each other, and say what they stand for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from known_scenes import STEP, dissolve, flat, scan_of, scene

from verikit.errors import IncompatibleError
from verikit.keyframes.picking import Keyframe, pick_keyframes
from verikit.keyframes.shots import detect_shots


def picked(luma, **keywords):
    most = keywords.pop("most", None)
    scan = scan_of(luma, **keywords)
    return pick_keyframes(scan, detect_shots(scan), most=most)


def rows(keyframes):
    return [keyframe.pts // STEP for keyframe in keyframes]


def test_each_shot_gives_its_sharpest_frame():
    sharpness = np.full(60, 50.0)
    sharpness[[11, 44]] = 90
    assert rows(picked(np.concatenate([scene(1, 30), scene(2, 30)]), sharpness=sharpness)) == [11, 44]


def test_of_equally_sharp_frames_the_one_that_moves_least_is_taken():
    view = scene(1, 40) + np.random.default_rng(3).normal(0, 4, (40, 36, 64))
    view[20:25] = view[20]
    assert 20 <= rows(picked(view))[0] < 25


@given(st.lists(st.integers(12, 30), min_size=2, max_size=5), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_no_keyframe_lies_within_three_frames_of_a_cut_however_sharp(lengths, seed):
    cuts = np.cumsum(lengths)
    sharpness = np.random.default_rng(seed).uniform(0, 100, cuts[-1])
    for cut in cuts[:-1]:
        sharpness[cut - 3 : cut + 3] = 1000
    luma = np.concatenate([scene(number, length) for number, length in enumerate(lengths)])
    got = rows(picked(luma, sharpness=sharpness))
    assert len(got) == len(lengths)
    assert all(row < cut - 3 or row >= cut + 3 for row in got for cut in cuts[:-1])


def test_no_keyframe_lies_inside_a_dissolve():
    sharpness = np.ones(100)
    sharpness[40:60] = 100
    assert all(
        row < 40 or row >= 60 for row in rows(picked(dissolve(scene(1, 60), scene(2, 60), 20), sharpness=sharpness))
    )


def test_a_shot_of_three_frames_still_gives_one():
    keyframes = picked(np.concatenate([scene(1, 30), scene(2, 3), scene(3, 30)]))
    assert [keyframe.shot for keyframe in keyframes] == [0, 1, 2]


def test_a_plain_shot_gives_none_and_that_is_said():
    keyframes = picked(np.concatenate([scene(1, 30), flat(30, luma=200), scene(2, 30)]))
    assert [keyframe.shot for keyframe in keyframes] == [0, 2]
    assert "none in shots 1" in repr(keyframes)


def test_a_plain_picture_between_black_bars_is_plain():
    luma = np.zeros((60, 36, 64))
    luma[:, :, 20:44] = scene(1, 60)[:, :, 20:44]
    luma[30:, :, 20:44] = 200
    assert [keyframe.shot for keyframe in picked(luma)] == [0]


def test_a_black_film_gives_none():
    assert len(picked(flat(50))) == 0


def test_damaged_frames_are_left_out():
    sharpness, corrupt = np.ones(40), np.zeros(40, bool)
    sharpness[10], corrupt[10] = 100, True
    assert rows(picked(scene(1, 40), sharpness=sharpness, corrupt=corrupt)) != [10]


def test_a_view_that_comes_back_is_noted_and_not_repeated():
    keyframes = picked(np.concatenate([scene(1, 30), scene(2, 30), scene(1, 30)]))
    assert [keyframe.shot for keyframe in keyframes] == [0, 1]
    [back] = keyframes[0].same_view
    assert 60 * 0.04 <= back < 90 * 0.04
    assert keyframes[1].same_view == ()


def test_a_camera_that_moves_on_gives_a_keyframe_for_each_view():
    still = np.concatenate([scene(1, 30), scene(1, 300, motion=1)[:200]])
    spots = rows(picked(still))
    assert len(spots) >= 4
    assert len(rows(picked(scene(1, 230)))) == 1


@given(st.integers(1, 9))
@settings(max_examples=9, deadline=None)
def test_most_keeps_that_many_spread_over_the_shots(most):
    luma = np.concatenate([scene(1, 250, motion=0.5), scene(2, 30), scene(3, 30), scene(4, 40)])
    everything, some = picked(luma), picked(luma, most=most)
    assert len(everything) >= 6
    assert len(some) == min(most, len(everything))
    assert set(some) <= set(everything)
    assert len({keyframe.shot for keyframe in some}) == min(most, 4)
    assert [keyframe.pts for keyframe in some] == sorted(keyframe.pts for keyframe in some)


def test_most_of_none_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        picked(scene(1, 10), most=0)


def test_shots_of_another_scan_are_refused():
    with pytest.raises(IncompatibleError, match="detect shots again"):
        pick_keyframes(scan_of(scene(1, 10)), detect_shots(scan_of(scene(1, 10), pts=np.arange(10) * 7 + 3)))


def test_the_reason_says_what_the_keyframe_was_chosen_from():
    reasons = [keyframe.reason for keyframe in picked(np.concatenate([scene(1, 30), scene(2, 30)]))]
    assert reasons[1] == "sharp, still and typical among 27 frames in shot 1, 0:01.320 to 0:02.360"


def test_a_keyframe_comes_back_from_its_json():
    for keyframe in picked(np.concatenate([scene(1, 30), scene(2, 30), scene(1, 30)])):
        assert Keyframe.from_dict(json.loads(json.dumps(keyframe.to_dict()))) == keyframe
