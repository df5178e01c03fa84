"""Which videos like features point to: places that agree on where the query lies count, and those all over do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.features import places_in, rough_places
from verikit.matching.lookups import FeatureHits
from verikit.matching.pointing import LEAST_PLACES, agreeing_places

WIDE, HIGH = 480, 270
SIZE = np.array([WIDE, HIGH], np.float64)


def scattered(count, *, seed):
    """Features anywhere in a still, of any size and direction."""
    rng = np.random.default_rng(seed)
    columns = (
        rng.uniform(0, WIDE, count),
        rng.uniform(0, HIGH, count),
        rng.uniform(3, 30, count),
        rng.uniform(0, 360, count),
    )
    return np.column_stack(columns).astype(np.float32)


def moved(places, *, scale, turn, x, y):
    """Where these features lie in a picture that was enlarged, turned clockwise and moved."""
    angle = np.deg2rad(turn)
    there = scale * (places[:, :2] @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])) + (
        x,
        y,
    )
    return np.column_stack([there, places[:, 2] * scale, (places[:, 3] + turn) % 360]).astype(np.float32)


def hits(parts):
    """What the index answers: for each video its number, the rows of the query and where the like features lie."""
    places = np.concatenate([places for _, _, places in parts])
    count = len(places)
    return FeatureHits(
        rows=np.concatenate([rows for _, rows, _ in parts]).astype(np.int64),
        videos=np.concatenate([np.full(len(rows), number) for number, rows, _ in parts]).astype(np.uint32),
        stills=np.zeros(count, np.uint32),
        features=np.arange(count, dtype=np.uint32),
        distances=np.zeros(count, np.uint16),
        places=rough_places(places, (WIDE, HIGH)),
        sizes=np.full((count, 2), (WIDE, HIGH), np.uint16),
        common_words=(),
        radius=24,
        most_rows=10,
    )


def inside(places):
    return (places[:, :2] >= 0).all(axis=1) & (places[:, :2] < SIZE).all(axis=1)


@given(st.floats(0.3, 3), st.floats(-180, 180), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_a_copy_in_which_a_few_features_agree_is_before_videos_with_ten_times_as_many_hits(scale, turn, seed):
    mine = scattered(400, seed=seed)
    middle = moved(np.array([[WIDE / 2, HIGH / 2, 1, 0]], np.float32), scale=scale, turn=turn, x=0, y=0)[0, :2]
    there = moved(mine, scale=scale, turn=turn, x=WIDE / 2 - middle[0], y=HIGH / 2 - middle[1])
    rows = np.flatnonzero(inside(there))[:16]
    others = [(number, np.arange(160), scattered(160, seed=1000 * seed + number)) for number in range(2, 40)]
    found = agreeing_places(mine, hits([(1, rows, there[rows]), *others]), size=SIZE)
    assert max(found, key=found.get) == 1
    # Where neither picture is the larger, rough sizes send one half of them the one way and the other the other.
    assert found[1] >= 0.4 * len(rows)


def test_one_place_that_is_hit_again_and_again_counts_once():
    mine = np.repeat(scattered(1, seed=1), 50, axis=0)
    assert agreeing_places(mine, hits([(7, np.arange(50), mine)]), size=SIZE) == {}


def test_features_all_over_agree_on_nothing():
    mine = scattered(60, seed=1)
    found = agreeing_places(mine, hits([(3, np.arange(60), scattered(60, seed=2))]), size=SIZE)
    assert max(found.values(), default=0) <= 2 * LEAST_PLACES


def test_nothing_found_points_nowhere():
    assert (
        agreeing_places(scattered(5, seed=1), hits([(1, np.empty(0), np.empty((0, 4), np.float32))]), size=SIZE) == {}
    )


def test_the_answer_does_not_depend_on_the_order_of_the_hits():
    mine = scattered(200, seed=5)
    parts = [
        (number, np.arange(0, 200, number), moved(mine, scale=1, turn=0, x=9, y=-4)[::number]) for number in (1, 2, 9)
    ]
    told = agreeing_places(mine, hits(parts), size=SIZE)
    assert told == agreeing_places(mine, hits(parts[::-1]), size=SIZE)
    assert told[1] > told[2] > told[9]


@given(st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_rough_places_are_off_by_less_than_a_vote_minds(seed):
    places = scattered(50, seed=seed)
    back = places_in(rough_places(places, (WIDE, HIGH)), np.full((50, 2), (WIDE, HIGH), np.uint16))
    assert np.abs(back[:, :2] - places[:, :2]).max() <= WIDE / 512 + 1e-3
    assert np.abs(np.log2(back[:, 2] / places[:, 2])).max() <= 1 / 32 + 1e-6
    assert np.abs((back[:, 3] - places[:, 3] + 180) % 360 - 180).max() <= 360 / 512 + 1e-3


@pytest.mark.parametrize("place", [(WIDE, HIGH, 0.5, 360.0), (-1.0, -1.0, 1e9, -0.1)])
def test_a_place_beyond_the_still_is_kept_at_its_edge(place):
    (back,) = places_in(rough_places(np.array([place], np.float32), (WIDE, HIGH)), np.array([(WIDE, HIGH)], np.uint16))
    assert 0 <= back[0] < WIDE
    assert 0 <= back[1] < HIGH
    assert back[2] >= 1
    assert 0 <= back[3] < 360
