"""Searching the archive: the hidden footage comes first, and how far was looked is told."""

from __future__ import annotations

import json

import pytest

from verikit.matching.comparing import RADIUS, compare
from verikit.matching.fingerprinting import METHOD
from verikit.matching.matches import Match
from verikit.matching.searching import LIMITS, search
from verikit.matching.store import create_archive
from verikit.records import RESULT_MIME


@pytest.fixture(scope="module")
def archive(tmp_path_factory, sample_print, truth):
    made = create_archive(tmp_path_factory.mktemp("known"))
    for name in truth["archive"]:
        made.put(sample_print(name), size=1, facts={})
    return made


@pytest.fixture(scope="module")
def viral(archive, sample_print):
    told = []
    return search(archive, sample_print("viral.mp4"), progress=lambda *done: told.append(done)), told


def test_the_viral_clip_is_found_in_the_archive(viral, truth):
    found, _ = viral
    hidden = truth["viral.mp4"]
    assert [match.reference for match in found.matches if match.confirmed] == [hidden["reference"].split("/")[1]]
    best = found.matches[0]
    assert best.confirmed
    assert best.reference_span.to_list() == pytest.approx(hidden["reference_span"], abs=0.1)
    assert best.mirrored is hidden["mirrored"]


def test_a_search_says_how_far_it_looked(viral, archive, truth, sample_print):
    found, told = viral
    count = len(truth["archive"])
    assert told == [(done, count) for done in range(1, count + 1)]
    assert (found.videos, found.hasher, found.of_other_methods) == (count, METHOD, 0)
    assert found.frames == sum(len(sample_print(name).times) for name in truth["archive"])
    written = json.loads(json.dumps(found.to_dict()))
    assert (written["searched"]["videos"], written["searched"]["radius"]) == (count, RADIUS)
    assert written["searched"]["exact"] is found.shortlist.whole
    assert written["limits"] == LIMITS
    assert [Match.from_dict(match) for match in written["matches"]] == list(found.matches)


@pytest.mark.parametrize("name", ["decoy.mp4", "loop.mp4", "no_match.mp4"])
def test_nothing_is_confirmed_for_clips_whose_pictures_are_not_in_the_archive(archive, sample_print, truth, name):
    found = search(archive, sample_print(name))
    assert not [match for match in found.matches if match.confirmed]
    assert found.summary().startswith(f"No confirmed match. {len(truth['archive'])} videos (")


def test_matches_of_all_videos_are_ranked_together(archive, sample_print, truth):
    ((one, other),) = truth["same_scene"]
    found = search(archive, sample_print(one))
    scores = [match.score for match in found.matches]
    assert scores == sorted(scores, reverse=True)
    assert {match.reference for match in found.matches} >= {name.split("/")[1] for name in (one, other)}
    assert [match.reference for match in found.matches if match.confirmed] == [one.split("/")[1]]
    assert compare(sample_print(one), sample_print(other))[0] in list(found.matches)


def test_an_empty_archive_has_no_match(tmp_path, sample_print):
    found = search(create_archive(tmp_path), sample_print("viral.mp4"))
    assert (list(found.matches), found.videos, found.frames) == ([], 0, 0)
    assert "No confirmed match. 0 videos" in found.summary()


def test_a_search_shows_its_matches_and_its_limits(viral):
    found, _ = viral
    shown = found._repr_mimebundle_()
    assert "1 confirmed match. 0:00.0 to 0:06.0 of the clip, mirrored," in shown["text/plain"]
    assert LIMITS in shown["text/plain"]
    assert "<table>" in shown["text/html"]
    assert "not which came first" in shown["text/html"]
    assert shown[RESULT_MIME] == {"kind": "Search", "value": found.to_dict()}


def test_a_large_archive_is_searched_by_what_its_index_points_to(archive, sample_print, truth, viral, monkeypatch):
    from verikit.matching import shortlist

    monkeypatch.setattr(shortlist, "ALL", 0)
    found = search(archive, sample_print("viral.mp4"))
    assert [match.to_dict() for match in found.matches if match.confirmed] == [
        match.to_dict() for match in viral[0].matches if match.confirmed
    ]
    told = json.loads(json.dumps(found.to_dict()))["searched"]
    assert (told["exact"], told["videos"]) == (False, len(truth["archive"]))
    assert told["looked_into"] == len(found.shortlist.videos)
    assert f"Of {len(truth['archive'])} videos the index pointed to" in found.summary()
