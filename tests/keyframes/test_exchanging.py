"""A choice of frames gets better by every exchange, and keeps what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.keyframes.exchanging import Choice, exchange, fill, take_unlike

PRICE = 2.0


def choice_of(hashes, worth, *, group=None, most_repeats=0.0, repeat=0.85):
    return Choice(
        hashes=np.asarray(hashes, np.uint64),
        wanted=np.ones(len(hashes), np.float32),
        worth=np.asarray(worth, np.float32),
        group=np.zeros(len(hashes), np.int64) if group is None else np.asarray(group),
        alike=10,
        repeat=repeat,
        most_repeats=most_repeats,
    )


def counts(choice):
    """What the choice counts, told anew from its rows."""
    rows = np.array(sorted(choice.rows), np.int64)
    near = choice.near(rows, np.arange(len(choice.hashes)))
    pairs = (near[:, rows].sum() - len(rows)) // 2
    assert (near.sum(axis=0) == choice.count).all()
    assert pairs == choice.pairs
    return near.any(axis=0).sum() + PRICE * (choice.worth[rows].sum() - choice.repeat * pairs)


def ones(*spans):
    """A hash with these bits set."""
    return sum(1 << bit for start, stop in spans for bit in range(start, stop))


def walk(seed, length):
    """Hashes that drift by a bit or some from one to the next, and worths without order."""
    chance = np.random.default_rng(seed)
    steps = [sum(1 << int(bit) for bit in chance.integers(0, 63, chance.integers(1, 5))) for _ in range(length)]
    return np.bitwise_xor.accumulate(np.array(steps, np.uint64)), chance.uniform(-1.2, 0.7, length)


def test_a_blurred_frame_gives_way_to_a_sharp_one_that_stands_for_the_same():
    choice = choice_of([0, ones((0, 2)), ones((0, 4))], [-1, 0.5, -0.5])
    choice.take(0)
    exchange(choice, price=PRICE)
    assert choice.rows == {1}


def test_a_blurred_frame_between_two_views_gives_way_to_a_sharp_one_of_either():
    # The ends are 16 bits apart, and each 8 from the one between.
    choice = choice_of([0, ones((0, 8)), ones((0, 16))], [0.5, -1, 0.5])
    choice.take(1)
    exchange(choice, price=PRICE)
    assert choice.rows == {0, 2}


def test_a_blurred_frame_that_stands_for_too_little_is_given_up():
    choice = choice_of([0, ones((0, 30))], [0.5, -1])
    choice.take(0)
    choice.take(1)
    exchange(choice, price=PRICE)
    assert choice.rows == {0}


def test_the_last_frame_of_a_group_is_not_given_up_for_one_of_another():
    choice = choice_of([0, 1, ones((20, 50))], [-1, 0.5, -1], group=[0, 1, 2])
    choice.take(0)
    choice.take(2)
    exchange(choice, price=PRICE)
    assert choice.rows == {0, 2}


@pytest.mark.parametrize(("worth", "rows"), [(0.5, {0, 1}), (-0.5, {0})])
def test_a_frame_that_looks_like_a_chosen_one_is_taken_only_if_it_is_sharp_and_shows_more(worth, rows):
    # The second looks like the first; the third, which is none to choose, looks like the second alone.
    choice = choice_of([0, ones((0, 8)), ones((0, 16))], [0.7, worth, -np.inf], most_repeats=1.0)
    choice.take(0)
    fill(choice, price=PRICE, most=9)
    assert choice.rows == rows


def test_a_frame_that_shows_nothing_new_is_never_added():
    choice = choice_of([0, 1, 2, 3], [0.7] * 4, most_repeats=1.0)
    fill(choice, price=PRICE, most=9)
    assert len(choice.rows) == 1


@given(st.integers(0, 999), st.integers(1, 120), st.sampled_from([0.0, 0.1, 1.0]))
@settings(max_examples=40, deadline=None)
def test_no_step_makes_a_choice_count_less(seed, length, most_repeats):
    hashes, worth = walk(seed, length)
    choice = choice_of(hashes, worth, most_repeats=most_repeats)
    take_unlike(choice, np.flatnonzero(choice.worth > 0.4), most=1000)
    before = counts(choice)
    for step in (fill, exchange, fill, exchange):
        if step is fill:
            fill(choice, price=PRICE, most=1000)
        else:
            exchange(choice, price=PRICE)
        after = counts(choice)
        assert after >= before - 1e-4
        before = after
    if not most_repeats:
        assert choice.pairs == 0


@given(st.integers(0, 999), st.integers(1, 120))
@settings(max_examples=20, deadline=None)
def test_at_no_price_every_frame_comes_to_look_like_a_chosen_one(seed, length):
    hashes, worth = walk(seed, length)
    choice = choice_of(hashes, worth)
    fill(choice, price=0.0, most=1000)
    assert (choice.count > 0).all()
