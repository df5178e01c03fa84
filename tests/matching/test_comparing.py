"""Comparing: what is hidden in the sample clips is found, and nothing else is."""

from __future__ import annotations

import dataclasses
import json

import cv2
import filmed
import numpy as np
import pytest

from verikit.errors import MediaError
from verikit.matching.comparing import compare, compare_probe, likeness_under
from verikit.matching.fingerprinting import fingerprint
from verikit.matching.matches import Match, match_records, rank
from verikit.matching.probing import probe
from verikit.matching.stills import spread, still_image
from verikit.records import RESULT_MIME, Span


def near(span, truth):
    return span.start == pytest.approx(truth[0], abs=0.1) and span.end == pytest.approx(truth[1], abs=0.1)


@pytest.fixture(scope="module")
def viral(sample_print, truth):
    """The match of the viral clip with its reference."""
    (found,) = compare(sample_print("viral.mp4"), sample_print(truth["viral.mp4"]["reference"]))
    return found


def test_the_viral_clip_is_the_hidden_stretch_mirrored(viral, truth, sample_print):
    hidden = truth["viral.mp4"]
    assert viral.reference == hidden["reference"].removeprefix("archive/")
    assert viral.reference_sha256 == sample_print(hidden["reference"]).sha256
    assert near(viral.query_span, hidden["query_span"])
    assert near(viral.reference_span, hidden["reference_span"])
    assert (viral.mirrored, viral.speed) == (hidden["mirrored"], pytest.approx(hidden["speed"], abs=0.01))
    assert (viral.confirmed, viral.relation) == (True, "same_footage")
    assert viral.motion > 0.7
    assert viral.inliers >= 15


def test_the_homography_lays_the_viral_clip_on_its_crop(viral, truth):
    """The corners of the clip, mirrored, are the corners of the crop."""
    left, top, wide, high = truth["viral.mp4"]["crop"]
    width, height = truth["viral.mp4"]["size"]
    for x, y in ((0, 0), (width, 0), (0, height), (width, height)):
        there = np.array(viral.homography) @ (x, y, 1)
        assert there[:2] == pytest.approx((left + wide - x * wide / width, top + y * high / height), abs=4)


@pytest.mark.parametrize("name", ["decoy.mp4", "no_match.mp4", "loop.mp4"])
def test_clips_that_share_no_picture_with_the_archive_have_no_match(name, sample_print, truth):
    made = probe(sample_print(name))
    for reference in truth["archive"]:
        assert not [match for match in compare_probe(made, sample_print(reference)) if match.confirmed]


def test_no_two_films_of_the_archive_are_confirmed(sample_print, truth):
    names = list(truth["archive"])
    scenes = {frozenset(pair) for pair in truth["same_scene"]}
    for row, name in enumerate(names):
        made = probe(sample_print(name))
        for other in names[row + 1 :]:
            found = compare_probe(made, sample_print(other))
            assert not any(match.confirmed for match in found)
            if frozenset((name, other)) not in scenes:
                assert not any(match.relation == "same_scene" for match in found)


def test_two_takes_of_one_place_are_the_same_scene_and_not_the_same_footage(sample_print, truth):
    for pair in truth["same_scene"]:
        for one, other in (pair, pair[::-1]):
            found = compare(sample_print(one), sample_print(other))
            assert found[0].relation == "same_scene"
            assert not any(match.confirmed or match.relation == "same_footage" for match in found)
            assert "not shown to be the same take" in found[0].sentence()


@pytest.mark.parametrize("name", ["viral.mp4", "loop.mp4", "archive/harbour.mp4"])
def test_a_file_against_itself_is_the_diagonal(name, sample_print):
    print_ = sample_print(name)
    best = compare(print_, print_)[0]
    for span in (best.query_span, best.reference_span):
        assert near(span, (0, print_.duration))
    assert (best.speed, best.mirrored, best.rotated, best.negative) == (pytest.approx(1, abs=0.001), False, 0, False)
    assert (best.confirmed, best.backwards) == (True, False)
    assert best.motion > 0.95
    assert best.picture > 0.99
    np.testing.assert_allclose(best.homography, np.eye(3), atol=0.05)


def changed(shown, **facts):
    return fingerprint(filmed.scanned(shown, **facts))


@pytest.fixture(scope="module")
def reference():
    return changed(FILM, name="reference.mp4", sha256="aa" * 32)


FILM = filmed.pictures(12, size=(240, 135), seed=3)
CUT = FILM[100:225]


def inset(picture):
    """The picture at two fifths of its size, in the corner of another film."""
    around = filmed.scene(50.0, size=(240, 135), seed=9).copy()
    around[20:74, 120:216] = cv2.resize(picture, (96, 54), interpolation=cv2.INTER_AREA)
    return around


# What was done to the copy, and the facts that must be told: mirrored, turned clockwise, negative.
COPIES = {
    "as it is": (lambda p: p, (False, 0, False)),
    "mirrored": (lambda p: p[:, ::-1].copy(), (True, 0, False)),
    "turned a quarter": (lambda p: np.rot90(p, -1).copy(), (False, 90, False)),
    "upside down": (lambda p: np.rot90(p, 2).copy(), (False, 180, False)),
    "turned three quarters": (lambda p: np.rot90(p, 1).copy(), (False, 270, False)),
    "mirrored and turned a quarter": (lambda p: np.rot90(p[:, ::-1], -1).copy(), (True, 90, False)),
    "negative": (lambda p: 255 - p, (False, 0, True)),
    "letterboxed": (lambda p: np.pad(p, ((30, 30), (0, 0), (0, 0))), (False, 0, False)),
    "darker": (lambda p: (p * 0.6).astype(np.uint8), (False, 0, False)),
    "half as large": (lambda p: cv2.resize(p, (120, 67), interpolation=cv2.INTER_AREA), (False, 0, False)),
    "captioned": (lambda p: cv2.rectangle(p.copy(), (20, 105), (220, 125), (255, 255, 255), -1), (False, 0, False)),
    "cropped at a corner": (lambda p: p[: 135 * 9 // 10, : 240 * 9 // 10].copy(), (False, 0, False)),
    "cropped to three fifths": (lambda p: p[27:108, 48:192].copy(), (False, 0, False)),
    "in a corner of another film": (inset, (False, 0, False)),
}


@pytest.mark.parametrize("change", COPIES)
def test_a_changed_copy_is_found_where_it_lies(reference, change):
    edit, told = COPIES[change]
    best = compare(changed([edit(p) for p in CUT]), reference)[0]
    assert (best.confirmed, best.relation) == (True, "same_footage")
    assert (best.mirrored, best.rotated, best.negative) == told
    assert best.speed == 1.0
    assert near(best.reference_span, (4.0, 9.0))
    assert near(best.query_span, (0.0, 5.0))


@pytest.mark.parametrize(
    ("change", "corners"),
    [
        ("mirrored", [(239, 0), (0, 0), (239, 134), (0, 134)]),
        ("turned a quarter", [(0, 134), (0, 0), (239, 134), (239, 0)]),
        ("cropped to three fifths", [(48, 27), (191, 27), (48, 107), (191, 107)]),
        ("in a corner of another film", None),
    ],
)
def test_the_homography_lays_the_copy_on_the_reference(reference, change, corners):
    shown = [COPIES[change][0](p) for p in CUT]
    height, width = shown[0].shape[:2]
    best = compare(changed(shown), reference)[0]
    points = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    if corners is None:
        points, corners = [(120, 20), (215, 20), (120, 73), (215, 73)], [(0, 0), (239, 0), (0, 134), (239, 134)]
    for (x, y), there in zip(points, corners, strict=True):
        laid = np.array(best.homography) @ (x, y, 1)
        assert laid[:2] / laid[2] == pytest.approx(there, abs=3)


def test_a_copy_played_backwards_is_not_told_to_be_another_take(reference):
    (best, *_) = compare(changed(CUT[::-1]), reference)
    assert (best.backwards, best.relation, best.confirmed) == (True, "undecided", False)
    assert near(best.reference_span, (4.0, 9.0))


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_a_copy_at_another_speed_is_found_with_its_speed(reference, speed):
    """Query seconds per reference second: at 1.25 the copy runs slower."""
    shown = [filmed.scene(3.0 + i / 25 / speed, size=(240, 135), seed=3) for i in range(125)]
    best = compare(changed(shown), reference)[0]
    assert best.speed == pytest.approx(speed, abs=0.02)
    assert best.confirmed
    assert near(best.reference_span, (3.0, 3.0 + 5.0 / speed))


def test_two_excerpts_in_one_clip_are_two_matches(reference):
    between = filmed.pictures(3, size=(240, 135), seed=77)
    found = [match for match in compare(changed(FILM[200:275] + between + FILM[25:100]), reference) if match.confirmed]
    found.sort(key=lambda match: match.query_span.start)
    assert len(found) == 2
    assert near(found[0].query_span, (0, 3))
    assert near(found[0].reference_span, (8, 11))
    assert near(found[1].query_span, (6, 9))
    assert near(found[1].reference_span, (1, 4))


def test_matching_black_pictures_is_no_match(reference):
    black = changed([np.zeros((135, 240, 3), np.uint8)] * 100)
    assert list(compare(black, reference)) == []
    assert list(compare(black, black)) == []


def test_a_still_scene_is_undecided():
    """Equal pictures without movement: hashes and points agree, but nothing tells this take from another."""
    still = changed([filmed.scene(0.0, size=(240, 135))] * 100)
    best = compare(still, still)[0]
    assert (best.relation, best.confirmed, best.motion) == ("undecided", False, None)
    assert "without enough to decide" in best.sentence()


def test_another_take_of_a_place_is_the_same_scene_and_not_the_same_footage():
    """A disc walks about before a still wall, in each take another way."""

    def take(seed):
        steps = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (150, 2)), (1, 31), sigmaX=0.1, sigmaY=6)
        ways = 120 + 170 * np.sin(steps[:, 0] * 4), 67 + 95 * np.sin(steps[:, 1] * 4)
        wall = filmed.scene(0.0, size=(240, 135), seed=4)
        discs = [(round(x), round(y)) for x, y in zip(*ways, strict=True)]
        return changed([cv2.circle(wall.copy(), at, 22, (250, 250, 250), -1) for at in discs])

    one, other = take(0), take(2)
    assert compare(one, one)[0].relation == "same_footage"
    for best in (compare(one, other)[0], compare(other, one)[0]):
        assert (best.relation, best.confirmed) == ("same_scene", False)


def test_films_of_other_places_have_no_match(reference):
    for seed in (40, 41):
        assert list(compare(changed(filmed.pictures(5, size=(240, 135), seed=seed)), reference)) == []


def test_a_probe_serves_for_many_references(reference):
    made = probe(changed(CUT))
    assert compare_probe(made, reference) == list(compare(changed(CUT), reference))
    assert compare_probe(made, made.query)[0].query_span.to_list() == [0.0, 5.0]


def test_without_stills_hashes_and_motion_decide(reference):
    cut = changed(CUT)
    nothing = {name: getattr(cut, name)[:0] for name in ("still_times", "feature_places", "feature_codes", "words")}
    best = compare(dataclasses.replace(cut, stills=(), feature_starts=np.zeros(1, np.int64), **nothing), reference)[0]
    assert (best.inliers, best.confirmed) == (0, True)
    np.testing.assert_allclose(best.homography, np.eye(3), atol=0.05)


def test_a_match_comes_back_from_its_dict(viral, sample_print, reference):
    for match in (viral, *compare(changed(CUT[3:]), reference)):
        assert Match.from_dict(json.loads(json.dumps(match.to_dict()))) == match


def test_a_match_has_the_fields_of_the_contract(viral):
    told = viral.to_dict()
    assert set(told) >= {
        "reference", "reference_sha256", "query_span", "reference_span", "speed", "mirrored", "rotated", "score",
        "matched_frames", "confirmed", "relation", "geometry", "negative", "backwards", "picture", "motion", "weight",
        "changing",
    }  # fmt: skip
    assert 0 <= told["score"] <= 1
    assert set(told["geometry"]) == {"homography", "inliers"}


def test_a_match_shows_itself_and_escapes_the_name_of_the_reference(viral):
    hostile = dataclasses.replace(viral, reference="<img src=x>\u202e.mp4")
    shown = hostile._repr_mimebundle_()
    assert "mirrored, is consistent with the same footage as" in shown["text/plain"]
    assert "<img" not in shown["text/html"]
    assert "\u202e" not in shown["text/html"] + shown["text/plain"]
    assert Match.from_dict(shown[RESULT_MIME]["value"]) == hostile


def test_offset_and_speed_lead_from_the_query_span_to_the_reference_span(viral):
    for mine, theirs in zip(viral.query_span.to_list(), viral.reference_span.to_list(), strict=True):
        assert viral.offset + mine / viral.speed == pytest.approx(theirs, abs=0.02)


def test_under_a_match_both_films_look_alike_where_it_says(viral, sample_print, truth):
    alike = likeness_under(sample_print("viral.mp4"), sample_print(truth["viral.mp4"]["reference"]), viral)
    assert np.median(alike.picture.max(axis=1)) > 0.9
    away = dataclasses.replace(viral, homography=((1.0, 0.0, 1e5), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    assert likeness_under(sample_print("viral.mp4"), sample_print(truth["viral.mp4"]["reference"]), away) is None


def test_matches_are_ranked_by_score_then_name_then_time(viral):
    def made(score, name, start):
        return dataclasses.replace(viral, score=score, reference=name, query_span=Span(start, start + 1))

    ranked = [made(0.9, "b", 0), made(0.5, "a", 0), made(0.5, "a", 2), made(0.5, "b", 0)]
    assert rank(reversed(ranked)) == ranked
    assert match_records(ranked)._repr_mimebundle_()["text/plain"].startswith("Matches, surest first (4)")


def test_a_few_of_many_rows_are_spread_over_all_of_them():
    rows = np.arange(10, 110)
    assert spread(rows, most=4).tolist() == [10, 43, 76, 109]
    assert spread(rows[:3], most=16).tolist() == [10, 11, 12]
    assert spread(rows[:0], most=4).tolist() == []


def test_a_still_is_read_as_rgb_and_a_damaged_one_is_an_error():
    red = np.zeros((40, 60, 3), np.uint8)
    red[:, :, 0] = 250
    assert np.abs(still_image(filmed.still(red)).astype(int) - red).max() < 12
    with pytest.raises(MediaError, match="no JPEG"):
        still_image(b"no picture")
