"""The gate: common footage does not flood, nothing is lost by it, and what was left out is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from known_videos import BASE, flipped, some_codes, video

from verikit.matching.gate import gate_of, most_common
from verikit.matching.index import open_index
from verikit.matching.lookups import nearest
from verikit.matching.store import create_archive

INTRO, OWN = some_codes(3, seed=1), some_codes(40, seed=2)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Thirty videos that begin with one intro; video n goes on with its own picture. The last has no intro."""
    archive = create_archive(tmp_path_factory.mktemp("archive"))
    for number in range(30):
        codes = np.concatenate([flipped(INTRO, number % 7, seed=number), OWN[number : number + 1]])
        archive.put(video(str(number), codes), size=1, facts={})
    archive.put(video("31", OWN[30:31]), size=1, facts={})
    return archive


def found(archive, codes, **rest):
    return nearest(open_index(archive, hasher=BASE.hasher), codes, radius=31, **rest)


def test_a_common_intro_brings_in_a_few_videos_and_own_footage_all_of_its_own(archive):
    query = np.concatenate([INTRO, OWN[[5, 30]]])
    gate = gate_of(found(archive, query), videos=31, limit=4)
    assert gate.common.tolist() == [True, True, True, False, False]
    # Number 6 holds the intro and its own picture, 31 its own alone; then come four of the 29 that share the intro.
    assert gate.videos[:2].tolist() == [6, 31]
    # Those whose intro is nearest: their numbers are one more than a multiple of seven.
    assert gate.videos[2:].tolist() == [1, 8, 15, 22]
    assert gate.left_out == 25
    assert "25 were not looked into" in gate.sentence()


def test_a_clip_of_nothing_but_common_footage_still_finds_it(archive):
    gate = gate_of(found(archive, INTRO), videos=31, limit=4)
    assert gate.common.all()
    assert (len(gate.videos), gate.left_out) == (4, 26)


def test_nothing_is_left_out_where_nothing_is_common(archive):
    gate = gate_of(found(archive, INTRO), videos=31, limit=30)
    assert not gate.common.any()
    assert (len(gate.videos), gate.left_out, gate.sentence()) == (30, 0, "")
    assert gate.to_dict()["common_instants"] == []


def test_what_the_limit_on_hits_cut_off_counts_as_left_out(archive):
    gate = gate_of(found(archive, INTRO[:1], most=6), videos=31, limit=4)
    assert (len(gate.videos), gate.left_out) == (4, 26)


def test_no_hits_no_videos(archive):
    gate = gate_of(found(archive, some_codes(2, seed=77)), videos=31)
    assert (gate.videos.tolist(), gate.common.tolist(), gate.left_out) == ([], [False, False], 0)


def test_the_gate_tells_the_seconds_that_are_common(archive):
    gate = gate_of(found(archive, np.concatenate([OWN[:1], INTRO])), videos=31, limit=4)
    assert json.loads(json.dumps(gate.to_dict([0.0, 0.25, 0.5, 0.75]))) == {
        "looked_into": 5,
        "common_instants": [0.25, 0.5, 0.75],
        "common_means_more_videos_than": 4,
        "videos_left_out": 25,
    }


@pytest.mark.parametrize(("videos", "most"), [(0, 20), (100, 20), (400, 20), (10_000, 100), (1_000_000, 1000)])
def test_more_is_common_in_a_larger_archive(videos, most):
    assert most_common(videos) == most
