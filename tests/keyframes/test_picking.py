"""Keyframes are sharp, still, away from transitions and unlike each other, and say what they stand for."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from known_scenes import STEP, dissolve, encode, flat, scan_of, scene

from verikit.errors import IncompatibleError
from verikit.keyframes.covering import Aims, choose
from verikit.keyframes.picking import Keyframe, pick_keyframes
from verikit.keyframes.shots import detect_shots
from verikit.media.hash_rows import hamming, phash_rows
from verikit.media.scanning import scan_video
from verikit.media.video import open_video


def picked(luma, *, most=None, enough=0.95, most_repeats=0.08, **keywords):
    scan = scan_of(luma, **keywords)
    return pick_keyframes(scan, detect_shots(scan), most=most, enough=enough, most_repeats=most_repeats)


def as_one_shot(scan):
    """The shots that a detector gives which sees no cut."""
    return detect_shots(scan, detector=lambda _: ())


def hashes(scan, rows):
    return phash_rows(scan.thumbs[rows])


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


@given(st.lists(st.integers(12, 30), min_size=2, max_size=4), st.integers(0, 99))
@settings(max_examples=8, deadline=None)
def test_no_keyframe_lies_beside_a_cut_however_sharp(lengths, seed):
    cuts = np.cumsum(lengths)
    sharpness = np.random.default_rng(seed).uniform(0, 100, cuts[-1])
    for cut in cuts[:-1]:
        sharpness[cut - 1 : cut + 1] = 1000
    luma = np.concatenate([scene(number, length) for number, length in enumerate(lengths)])
    got = rows(picked(luma, sharpness=sharpness))
    assert len(got) == len(lengths)
    assert all(row < cut - 1 or row >= cut + 1 for row in got for cut in cuts[:-1])


def test_at_many_pictures_a_second_the_margin_holds_in_seconds():
    sharpness = np.ones(200)
    sharpness[95:105] = 100
    step = STEP // 10  # 250 a second, so that 0.03 s are eight pictures
    luma = np.concatenate([scene(1, 100), scene(2, 100)])
    scan = scan_of(luma, pts=np.arange(200) * step, sharpness=sharpness)
    found = [keyframe.pts // step for keyframe in pick_keyframes(scan, detect_shots(scan))]
    assert len(found) == 2
    assert all(row < 93 or row >= 107 for row in found)


def test_uneven_pace_moves_no_keyframe_off_its_pts():
    pts = np.cumsum(np.random.default_rng(5).integers(100, 2000, 60))
    scan = scan_of(np.concatenate([scene(1, 30), scene(2, 30)]), pts=pts)
    for keyframe in pick_keyframes(scan, detect_shots(scan)):
        assert keyframe.pts in pts
        assert keyframe.time == pytest.approx((keyframe.pts - pts[0]) / 12800)


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


def test_a_view_that_comes_back_changed_gives_a_keyframe_of_its_own():
    back = 0.8 * scene(1, 30) + 0.2 * scene(7, 30)
    scan = scan_of(np.concatenate([scene(1, 30), scene(2, 30), back]))
    between = int(hamming(hashes(scan, [5]), hashes(scan, [75]))[0, 0])
    assert 2 < between <= 10
    assert [keyframe.shot for keyframe in pick_keyframes(scan, detect_shots(scan))] == [0, 1, 2]


def test_repeats_are_kept_as_far_as_they_are_few():
    luma = np.concatenate([scene(number, 12) for number in (*range(1, 10), 1, 2, 3, 4)])
    few, many = picked(luma, most_repeats=0.1), picked(luma, most_repeats=0.5)
    assert [keyframe.shot for keyframe in many] == list(range(13))
    assert len(few) == 10
    assert sum(len(keyframe.same_view) for keyframe in few) == 3
    assert "which look like others throughout" in repr(few)


def test_a_cut_that_is_none_repeats_nothing():
    scan = scan_of(scene(1, 60))
    [whole] = detect_shots(scan)
    half = dataclasses.replace(whole, end=1.2, end_pts=30 * STEP, frames=30)
    rest = dataclasses.replace(
        whole, index=1, start=1.2, start_pts=30 * STEP, full_pts=30 * STEP, transition_in="cut", frames=30
    )
    [keyframe] = pick_keyframes(scan, [half, rest])
    assert len(keyframe.same_view) == 1


def test_a_cut_that_was_missed_gives_a_keyframe_on_either_side():
    scan = scan_of(np.concatenate([scene(1, 30), scene(2, 30)]))
    shots = as_one_shot(scan)
    assert len(shots) == 1
    found = rows(pick_keyframes(scan, shots))
    assert len(found) == 2
    assert found[0] < 30 <= found[1]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(6, 40), st.floats(0, 2)), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_every_usable_picture_looks_like_a_keyframe_and_no_two_keyframes_are_alike(scenes):
    luma = np.concatenate([scene(seed, length, motion=motion) for seed, length, motion in scenes])
    scan = scan_of(luma)
    found = rows(pick_keyframes(scan, as_one_shot(scan), enough=1.0, most_repeats=0.0))
    apart = hamming(hashes(scan, np.arange(len(luma))), hashes(scan, found))
    assert (apart.min(axis=1) <= 10).all()
    between = apart[found]
    assert (between[~np.eye(len(found), dtype=bool)] > 10).all()


def test_a_view_of_half_a_second_is_not_left_out_of_a_long_film():
    luma = np.concatenate([scene(1, 1000), scene(2, 16), scene(1, 1000)])
    scan = scan_of(luma)
    assert any(1000 <= row < 1016 for row in rows(pick_keyframes(scan, as_one_shot(scan), enough=0.5)))


def test_what_a_blur_alone_shows_is_left_out_or_called_blurred():
    luma = np.concatenate([scene(1, 100), scene(2, 2), scene(3, 100)])
    sharpness = np.full(202, 100.0)
    sharpness[100:102] = 1
    scan = scan_of(luma, sharpness=sharpness)
    shots = as_one_shot(scan)
    assert not [row for row in rows(pick_keyframes(scan, shots)) if 100 <= row < 102]
    [blurred] = [one for one in pick_keyframes(scan, shots, enough=1.0) if 100 <= one.pts // STEP < 102]
    assert blurred.reason.endswith("; blurred: 99 % of the shot is sharper, but shows another view")
    assert blurred.rank == 2


def test_a_blurred_view_that_lasts_a_fifth_of_a_second_is_not_left_out():
    luma = np.concatenate([scene(1, 100), scene(2, 5), scene(3, 1000)])
    sharpness = np.full(1105, 100.0)
    sharpness[100:105] = 1
    scan = scan_of(luma, sharpness=sharpness)
    assert any(100 <= row < 105 for row in rows(pick_keyframes(scan, as_one_shot(scan), enough=0.5)))


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
    assert sorted(keyframe.rank for keyframe in everything) == list(range(len(everything)))
    assert sorted(keyframe.rank for keyframe in some) == list(range(len(some)))


def test_most_of_none_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        picked(scene(1, 10), most=0)


def test_shots_of_another_scan_are_refused():
    with pytest.raises(IncompatibleError, match="detect shots again"):
        pick_keyframes(scan_of(scene(1, 10)), detect_shots(scan_of(scene(1, 10), pts=np.arange(10) * 7 + 3)))


def test_the_reason_says_what_the_keyframe_was_chosen_from():
    keyframes = picked(np.concatenate([scene(1, 30), scene(2, 30)]))
    assert keyframes[1].reason == "sharp, still and typical among 30 frames in shot 1, 0:01.200 to 0:02.360"
    assert [keyframe.stands_for for keyframe in keyframes] == [30, 30]


def test_a_single_picture_is_its_own_keyframe():
    [keyframe] = picked(scene(1, 1))
    assert keyframe.reason == "the only usable frame of shot 0"


def test_a_pale_shot_whose_detail_the_small_picture_averages_away_is_told_from_a_plain_one_by_its_still():
    view = scene(1, 40)
    pale = 128 + (view - view.mean()) / view.std() * 7
    detail = np.kron(np.indices((36, 64)).sum(axis=0) % 2 * 2 - 1, np.array([[1, -1], [-1, 1]]))
    still = np.kron(pale[10], np.ones((2, 2)))
    scan = scan_of(pale)
    assert len(pick_keyframes(scan, detect_shots(scan))) == 0
    for size, expected in ((0, 0), (5, 1)):
        done, data = cv2.imencode(".jpg", (still + size * detail).round().astype(np.uint8))
        assert done
        known = dataclasses.replace(scan, stills=(data.tobytes(),), still_frames=np.array([10]))
        assert len(pick_keyframes(known, detect_shots(known))) == expected


def test_a_scan_that_is_read_from_its_file_gives_the_same_keyframes(tmp_path):
    luma = np.concatenate([scene(1, 30), scene(2, 30, motion=1)])
    video = open_video(encode(tmp_path / "made.mp4", luma, pts=np.arange(60) * 40))
    fresh = scan_video(video, cache=tmp_path)
    known = scan_video(video, cache=tmp_path)
    keyframes = pick_keyframes(known, detect_shots(known))
    assert len(keyframes) >= 2
    assert keyframes == pick_keyframes(fresh, detect_shots(fresh))


def test_a_still_that_does_not_decode_changes_nothing():
    view = scene(1, 40)
    scan = scan_of(128 + (view - view.mean()) / view.std() * 7)
    broken = dataclasses.replace(scan, stills=(b"no picture",), still_frames=np.array([10]))
    assert len(pick_keyframes(broken, detect_shots(broken))) == 0


def test_the_keyframes_of_hours_of_changing_views_are_bounded():
    count = 20_000
    bits = np.random.default_rng(3).integers(0, 2**63, count).astype(np.uint64)
    every = np.ones(count, bool)
    aims = Aims(alike=10, enough=1.0, price=2.25, reach=13, most_repeats=0.08)
    chosen = choose(
        bits,
        shown=every,
        counted=every,
        groups=[np.arange(count)],
        quality=np.ones(count, np.float32),
        sharp=np.arange(count) % 4 == 0,
        aims=aims,
    )
    assert len(chosen.rows) == 3001
    assert len(set(chosen.rows)) == 3001


def test_all_views_that_sharp_pictures_show_are_taken_before_blurred_ones():
    # Pictures in pairs that look alike, a blurred one and a sharp one; every fourth pair has no sharp one.
    pair = np.arange(400) // 2
    bits = np.random.default_rng(5).integers(0, 2**63, 200).astype(np.uint64)[pair]
    sharp = (np.arange(400) % 2 == 1) & (pair % 4 != 0)
    every = np.ones(400, bool)
    chosen = choose(
        bits,
        shown=every,
        counted=every,
        groups=[np.arange(400)],
        quality=np.where(sharp, 0.9, 0.3).astype(np.float32),
        sharp=sharp,
        aims=Aims(alike=10, enough=0.894, price=2.25, reach=13, most_repeats=0.08),
    )
    assert set(np.flatnonzero(sharp)) <= set(chosen.rows)
    # Of the blurred views so many as are needed: 150 views are sharp, 29 more make 179 of 200, 0.895 of all.
    assert len(chosen.rows) == 179


def test_of_views_that_are_worth_as_much_the_one_that_shows_most_news_ranks_first():
    # Four views of one shot; the second and third differ from the first in 12 bits of 64, the last in 30.
    views = np.array([0, 2**12 - 1, 2**12 - 1 << 12, 2**30 - 1 << 34], np.uint64)
    bits, every = views[np.arange(170) // 50 % 4], np.ones(170, bool)
    bits[150:] = views[3]
    chosen = choose(
        bits,
        shown=every,
        counted=every,
        groups=[np.arange(170)],
        quality=np.where(np.arange(170) < 50, 0.95, 0.9).astype(np.float32),
        sharp=every,
        aims=Aims(alike=10, enough=1.0, price=2.25, reach=13, most_repeats=0.0),
    )
    # It is seen for the shortest time of all.
    assert [int(bits[row]) for row in chosen.rows][:2] == [int(views[0]), int(views[3])]
    assert {int(bits[row]) for row in chosen.rows} == set(views.tolist())


def test_a_keyframe_comes_back_from_its_json():
    for keyframe in picked(np.concatenate([scene(1, 30), scene(2, 30), scene(1, 30)])):
        assert Keyframe.from_dict(json.loads(json.dumps(keyframe.to_dict()))) == keyframe
