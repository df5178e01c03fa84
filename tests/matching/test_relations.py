"""What makes a stretch the same take: each bound holds by itself, and more agreement never makes it less sure."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verikit.matching.alignment import Stretch
from verikit.matching.relations import relation_of, score_of

COPY = Stretch(
    first=0,
    last=32,
    speed=1.0,
    offset=2.0,
    weight=20.0,
    change=0.9,
    changing=30.0,
    picture=0.95,
    elsewhere=0.3,
    second=0.1,
)
# A fixed camera: the picture agrees with every moment.
STANDING = dataclasses.replace(COPY, elsewhere=0.95)


def told(stretch, **changed):
    return relation_of(dataclasses.replace(stretch, **changed))


def test_a_copy_is_the_same_footage():
    assert told(COPY) == told(STANDING) == "same_footage"


@pytest.mark.parametrize("changed", [{"change": None, "second": None}, {"changing": 5.0}, {"weight": 4.0}])
def test_what_hardly_changes_or_weighs_little_is_undecided(changed):
    assert told(COPY, **changed) == "undecided"


def test_where_the_scene_stands_still_a_middling_agreement_needs_to_stand_alone():
    assert told(STANDING, change=0.55) == "same_footage"
    assert told(STANDING, change=0.55, second=0.3) == "undecided"
    assert told(STANDING, change=0.55, second=None) == "undecided"
    assert told(STANDING, change=0.55, changing=12.0) == "undecided"
    # As far as people who do the same in the same room agreed.
    assert told(STANDING, change=0.44) == "undecided"


def test_at_another_speed_it_must_agree_and_weigh_more():
    other = dataclasses.replace(STANDING, speed=1.15)
    assert told(other, change=0.62) == "same_footage"
    assert told(other, change=0.55) == "undecided"
    assert told(other, change=0.62, second=0.4) == "undecided"
    assert told(other, weight=7.0) == "undecided"


share = st.floats(0, 1)


@given(
    change=share,
    more=share,
    second=st.none() | share,
    picture=share,
    elsewhere=share,
    changing=st.floats(0, 60),
    weight=st.floats(0, 60),
    speed=st.sampled_from([1.0, 0.85, 1.3]),
)
def test_more_agreement_never_makes_it_less_sure(change, more, second, picture, elsewhere, changing, weight, speed):
    one = dataclasses.replace(
        COPY,
        change=change,
        second=second,
        picture=picture,
        elsewhere=elsewhere,
        changing=changing,
        weight=weight,
        speed=speed,
    )
    if relation_of(one) == "same_footage":
        assert told(one, change=max(change, more)) == "same_footage"
        assert told(one, weight=weight + 1, changing=changing + 1) == "same_footage"
    assert 0 <= score_of(one, places=0) <= score_of(one, places=30) <= 1
