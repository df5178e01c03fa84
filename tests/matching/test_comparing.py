"""Comparing: what is hidden in the sample clips is found, and nothing else is."""

from __future__ import annotations

import dataclasses
import json

import cv2
import filmed
import numpy as np
import pytest

from verikit.errors import MediaError
from verikit.matching.comparing import _relation, compare
from verikit.matching.fingerprinting import fingerprint
from verikit.matching.matches import Match, match_records, rank
from verikit.matching.motion import Laying, MotionAgreement
from verikit.matching.stills import still_image, still_pairs
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
    for reference in truth["archive"]:
        assert not [match for match in compare(sample_print(name), sample_print(reference)) if match.confirmed]


def test_no_two_films_of_the_archive_are_confirmed(sample_print, truth):
    names = list(truth["archive"])
    scenes = {frozenset(pair) for pair in truth["same_scene"]}
    for row, name in enumerate(names):
        for other in names[row + 1 :]:
            found = compare(sample_print(name), sample_print(other))
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
    assert (best.speed, best.mirrored, best.confirmed, best.distance) == (pytest.approx(1, abs=0.001), False, True, 0)
    assert best.motion > 0.99
    np.testing.assert_allclose(best.homography, np.eye(3), atol=0.05)


def changed(shown, **facts):
    return fingerprint(filmed.scanned(shown, **facts))


@pytest.fixture(scope="module")
def reference():
    return changed(filmed.pictures(12, size=(240, 135), seed=3), name="reference.mp4", sha256="aa" * 32)


CUT = filmed.pictures(12, size=(240, 135), seed=3)[100:225]
COPIES = {
    "as it is": lambda p: p,
    "mirrored": lambda p: p[:, ::-1].copy(),
    "letterboxed": lambda p: np.pad(p, ((30, 30), (0, 0), (0, 0))),
    "darker": lambda p: (p * 0.6).astype(np.uint8),
    "half as large": lambda p: cv2.resize(p, (120, 67), interpolation=cv2.INTER_AREA),
    "captioned": lambda p: cv2.rectangle(p.copy(), (20, 105), (220, 125), (255, 255, 255), -1),
    "cropped at a corner": lambda p: p[: 135 * 9 // 10, : 240 * 9 // 10].copy(),
}


@pytest.mark.parametrize("change", COPIES)
def test_a_changed_copy_is_found_where_it_lies(reference, change):
    copy = changed([COPIES[change](p) for p in CUT])
    best = compare(copy, reference)[0]
    assert (best.confirmed, best.relation, best.mirrored) == (True, "same_footage", change == "mirrored")
    assert near(best.reference_span, (4.0, 9.0))
    assert near(best.query_span, (0.0, 5.0))


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_a_copy_at_another_speed_is_found_with_its_speed(reference, speed):
    """Query seconds per reference second: at 1.25 the copy runs slower."""
    shown = [filmed.scene(3.0 + i / 25 / speed, size=(240, 135), seed=3) for i in range(125)]
    best = compare(changed(shown), reference)[0]
    assert best.speed == pytest.approx(speed, abs=0.02)
    assert best.confirmed
    assert near(best.reference_span, (3.0, 3.0 + 5.0 / speed))


def test_two_excerpts_in_one_clip_are_two_matches(reference):
    film = filmed.pictures(12, size=(240, 135), seed=3)
    between = filmed.pictures(3, size=(240, 135), seed=77)
    found = [match for match in compare(changed(film[200:275] + between + film[25:100]), reference) if match.confirmed]
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


def test_without_stills_hashes_and_motion_decide(reference):
    bare = dataclasses.replace(changed(CUT), stills=(), still_times=np.zeros(0))
    best = compare(bare, reference)[0]
    assert (best.inliers, best.homography, best.confirmed) == (0, None, True)


def test_a_match_comes_back_from_its_dict(viral, sample_print, reference):
    bare = dataclasses.replace(changed(CUT), stills=(), still_times=np.zeros(0))
    for match in (viral, compare(bare, reference)[0], *compare(changed(CUT[3:]), reference)):
        assert Match.from_dict(json.loads(json.dumps(match.to_dict()))) == match


def test_a_match_has_the_fields_of_the_contract(viral):
    told = viral.to_dict()
    assert set(told) >= {
        "reference", "reference_sha256", "query_span", "reference_span", "speed", "mirrored", "rotated", "score",
        "matched_frames", "confirmed", "relation", "geometry",
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


def test_the_laying_of_a_match_leads_from_its_query_span_to_its_reference_span(viral):
    laying = viral.laying
    for mine, theirs in zip(viral.query_span.to_list(), viral.reference_span.to_list(), strict=True):
        assert laying.offset + mine / laying.speed == pytest.approx(theirs, abs=0.001)
    assert (laying.span, laying.mirrored) == (viral.query_span, viral.mirrored)


@pytest.mark.parametrize(
    ("motion", "inliers", "relation"),
    [
        (0.71, 0, "same_footage"),
        (0.69, 99, "undecided"),
        (0.36, 99, "undecided"),
        (0.34, 99, "same_scene"),
        (-0.2, 15, "same_scene"),
        (-0.2, 14, "undecided"),
        (None, 99, "undecided"),
    ],
)
def test_motion_tells_the_take_and_points_tell_the_scene(motion, inliers, relation):
    agreement = None if motion is None else MotionAgreement(correlation=motion, speed=1.0, offset=0.0)
    assert _relation(agreement, inliers=inliers) == relation


def test_matches_are_ranked_by_score_then_name_then_time(viral):
    def made(score, name, start):
        return dataclasses.replace(viral, score=score, reference=name, query_span=Span(start, start + 1))

    ranked = [made(0.9, "b", 0), made(0.5, "a", 0), made(0.5, "a", 2), made(0.5, "b", 0)]
    assert rank(reversed(ranked)) == ranked
    assert match_records(ranked)._repr_mimebundle_()["text/plain"].startswith("Matches, surest first (4)")


def test_still_pairs_are_of_one_moment_and_the_best_comes_first(sample_print, viral, truth):
    query, other = sample_print("viral.mp4"), sample_print(truth["viral.mp4"]["reference"])
    pairs = still_pairs(query, other, laying=viral.laying)
    assert [pair.inliers for pair in pairs] == sorted((pair.inliers for pair in pairs), reverse=True)
    for pair in pairs:
        assert pair.reference_time == pytest.approx(viral.laying.offset + pair.query_time, abs=0.6)
        assert pair.query in query.stills
        assert pair.reference in other.stills
    beyond = Laying(span=Span(0, 6), speed=1.0, offset=500.0, mirrored=True)
    assert still_pairs(query, other, laying=beyond) == []
    assert still_pairs(dataclasses.replace(query, stills=()), other, laying=viral.laying) == []


def test_a_still_is_read_as_rgb_and_a_damaged_one_is_an_error():
    red = np.zeros((40, 60, 3), np.uint8)
    red[:, :, 0] = 250
    assert np.abs(still_image(filmed.still(red)).astype(int) - red).max() < 12
    with pytest.raises(MediaError, match="no JPEG"):
        still_image(b"no picture")
