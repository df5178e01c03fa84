"""Stretches: planted lines are found at their speed and place, chance makes none, and each excerpt is found once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.alignment import change_by_offset, find_stretches
from verikit.matching.fingerprinting import COURSE_PER_SECOND
from verikit.matching.likeness import Likeness
from verikit.media.scan import HASHES_PER_SECOND

seeds = st.integers(0, 2**32 - 1)
POINTS = 200
# Mean squared grey levels of what changes: a lively scene.
POWER = 40.0


class Footage:
    """Made footage: what its points change by at any time, smooth in time, unlike that of every other seed."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.waves = rng.uniform(0.1, 1.2, (6, POINTS))
        self.begin = rng.uniform(0, 2 * np.pi, (6, POINTS))

    def at(self, times):
        """Points at these times in seconds: float64 (times, points), mean square 1."""
        return np.cos(2 * np.pi * self.waves[None] * np.asarray(times)[:, None, None] + self.begin).sum(1) / 3**0.5


def table(query, reference, *, noise=0.0, same_place=False, seed=0):
    """The Likeness of a query's points at its instants and a reference's at its own, both of mean square 1."""
    rng = np.random.default_rng(seed)
    mine = np.sqrt(POWER) * (query + noise * rng.normal(0, 1, query.shape))
    theirs = np.sqrt(POWER) * reference
    looks = (mine / np.linalg.norm(mine, axis=1, keepdims=True)) @ (
        theirs / np.linalg.norm(theirs, axis=1, keepdims=True)
    ).T
    # Of what is seen, most stands still: in one place it agrees at every instant.
    picture = 0.9 + 0.1 * looks if same_place else np.clip(1.1 * looks, -1, 1)
    return Likeness(
        picture=picture.astype(np.float32),
        change=(mine @ theirs.T / POINTS).astype(np.float32),
        query_change=(mine**2).mean(axis=1).astype(np.float32),
        reference_change=(theirs**2).mean(axis=1).astype(np.float32),
        reference_next=(theirs * np.roll(theirs, -1, axis=0)).mean(axis=1).astype(np.float32),
    )


def instants(count):
    return np.arange(count) / HASHES_PER_SECOND


def course(seconds):
    return np.arange(round(seconds * COURSE_PER_SECOND)) / COURSE_PER_SECOND


def pasted(*pieces, rows, seed):
    """A query of unrelated footage with excerpts in it: (first row, rows, reference time, speed) of each."""
    shown = Footage(seed + 1).at(instants(rows))
    for start, length, at, speed in pieces:
        shown[start : start + length] = Footage(seed).at(at + instants(length) / speed)
    return shown


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 60))
def test_a_film_aligned_with_itself_is_the_diagonal(seed, rows):
    footage = Footage(seed)
    (stretch,) = find_stretches(table(footage.at(instants(rows)), footage.at(course(rows / HASHES_PER_SECOND))))
    assert (stretch.first, stretch.last, stretch.speed) == (0, rows, 1.0)
    assert stretch.offset == pytest.approx(0, abs=0.03)
    assert stretch.change > 0.97
    assert stretch.changing == pytest.approx(rows, rel=0.1)
    assert stretch.picture > 0.97


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    speed=st.one_of(st.just(1.0), st.floats(0.72, 0.92), st.floats(1.08, 1.38)),
    start=st.integers(0, 12),
    at=st.floats(0, 6),
    length=st.integers(28, 40),
    noise=st.floats(0, 0.7),
)
def test_a_planted_excerpt_of_any_speed_is_found_under_noise(seed, speed, start, at, length, noise):
    query = pasted((start, length, at, speed), rows=start + length + 8, seed=seed)
    found = find_stretches(table(query, Footage(seed).at(course(21)), noise=noise, seed=seed))
    stretch = found[0]
    assert stretch.speed == pytest.approx(speed, abs=0.02)
    assert abs(stretch.first - start) <= 2
    assert abs(stretch.last - (start + length)) <= 2
    for row in (start, start + length - 1):
        truth = at + (row - start) / HASHES_PER_SECOND / speed
        assert stretch.offset + row / HASHES_PER_SECOND / stretch.speed == pytest.approx(truth, abs=0.13)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.floats(0.5, 20), st.booleans())
def test_unrelated_films_have_no_stretch_even_of_one_place(seed, rows, seconds, same_place):
    """Of one place the pictures agree all along, and only what changes tells the two takes apart."""
    query, reference = Footage(seed).at(instants(rows)), Footage(seed + 1).at(course(seconds))
    found = find_stretches(table(query, reference, same_place=same_place))
    assert not [stretch for stretch in found if stretch.weight > 2.5]


def test_two_excerpts_of_one_reference_are_both_found_whatever_their_order():
    query = pasted((0, 20, 15.0, 1.0), (24, 20, 3.0, 1.0), rows=44, seed=5)
    found = sorted(find_stretches(table(query, Footage(5).at(course(25)))), key=lambda stretch: stretch.first)
    assert [(stretch.first, stretch.last) for stretch in found] == [(0, 20), (24, 44)]
    assert [stretch.offset + stretch.first / HASHES_PER_SECOND for stretch in found] == pytest.approx(
        [15.0, 3.0], abs=0.05
    )


def test_an_excerpt_that_is_used_twice_is_found_twice():
    query = pasted((0, 16, 10.0, 1.0), (20, 16, 10.0, 1.0), rows=40, seed=6)
    found = sorted(find_stretches(table(query, Footage(6).at(course(25)))), key=lambda stretch: stretch.first)
    assert [(stretch.first, stretch.last) for stretch in found] == [(0, 16), (20, 36)]
    assert [stretch.offset + stretch.first / HASHES_PER_SECOND for stretch in found] == pytest.approx(
        [10.0, 10.0], abs=0.05
    )


@pytest.mark.parametrize(("gap", "found"), [(2, [(0, 42)]), (60, [(0, 20), (80, 100)])])
def test_a_short_gap_is_bridged_and_a_long_one_is_not(gap, found):
    """Unrelated footage laid over a copy: half a second of it, and fifteen seconds."""
    query = pasted((0, 20, 2.0, 1.0), (20 + gap, 20, 2.0 + (20 + gap) / HASHES_PER_SECOND, 1.0), rows=40 + gap, seed=7)
    stretches = find_stretches(table(query, Footage(7).at(course(32))))
    assert sorted((stretch.first, stretch.last) for stretch in stretches) == found


def test_the_heaviest_stretch_comes_first_and_no_two_share_an_instant():
    query = pasted((0, 12, 16.0, 1.0), (24, 28, 1.0, 1.0), (60, 20, 18.0, 1.0), rows=84, seed=8)
    found = find_stretches(table(query, Footage(8).at(course(25))))
    assert [(stretch.first, stretch.last) for stretch in found] == [(24, 52), (60, 80), (0, 12)]
    assert [stretch.weight for stretch in found] == sorted((stretch.weight for stretch in found), reverse=True)


def test_times_are_counted_from_where_the_piece_of_the_query_starts():
    """A long query is aligned piece by piece: rows are the piece's own, the offset is of the whole."""
    footage = Footage(9)
    alike = table(footage.at(4 + instants(40)), footage.at(course(30)))
    (stretch,) = find_stretches(alike, start=100.0)
    assert (stretch.first, stretch.last) == (0, 40)
    assert stretch.offset == pytest.approx(4 - 100.0, abs=0.03)


def test_three_instants_are_too_few():
    footage = Footage(10)
    assert find_stretches(table(footage.at(instants(3)), footage.at(course(1)))) == []
    assert find_stretches(table(pasted((8, 3, 2.0, 1.0), rows=20, seed=10), footage.at(course(10)))) == []


def test_a_still_scene_is_a_stretch_of_whose_change_nothing_is_told():
    rows, columns = 40, 120
    nothing = np.zeros(rows, np.float32), np.zeros(columns, np.float32)
    alike = Likeness(
        picture=np.ones((rows, columns), np.float32),
        change=np.zeros((rows, columns), np.float32),
        query_change=nothing[0],
        reference_change=nothing[1],
        reference_next=nothing[1],
    )
    for stretch in find_stretches(alike):
        assert (stretch.change, stretch.changing) == (None, pytest.approx(0))
        assert stretch.picture == pytest.approx(1)


def test_what_changes_on_one_side_only_is_no_copy():
    """A film and a photograph of its place."""
    footage = Footage(11)
    alike = table(footage.at(instants(40)), footage.at(course(10)), same_place=True)
    names = ("change", "reference_change", "reference_next")
    still = dataclasses.replace(alike, **{name: 0 * getattr(alike, name) for name in names})
    assert not [stretch for stretch in find_stretches(still) if (stretch.change or 0) > 0.3]


def test_the_same_table_gives_the_same_stretches_and_is_left_as_it_was():
    alike = table(pasted((4, 26, 3.0, 1.1), rows=34, seed=12), Footage(12).at(course(15)), noise=0.3)
    before = alike.picture.copy(), alike.change.copy()
    assert find_stretches(alike) == find_stretches(alike)
    np.testing.assert_array_equal(alike.picture, before[0])
    np.testing.assert_array_equal(alike.change, before[1])


def test_a_copy_shows_as_one_peak_over_all_offsets():
    footage = Footage(13)
    alike = table(footage.at(6 + instants(24)), footage.at(course(20)), noise=0.3)
    offsets, agreement = change_by_offset(alike, first=0, last=24, speed=1.0)
    assert len(offsets) == len(agreement)
    best = int(np.nanargmax(agreement))
    assert offsets[best] == pytest.approx(6.0, abs=0.1)
    assert agreement[best] > 0.85
    assert np.nanmax(agreement[np.abs(offsets - 6.0) > 1.5]) < 0.6
    # Where the stretch runs out of the reference there is nothing to compare.
    assert np.isnan(agreement[offsets < -3.5]).all()


def test_the_peak_of_a_later_part_lies_at_the_same_offset():
    footage = Footage(14)
    alike = table(footage.at(3 + instants(40)), footage.at(course(20)))
    offsets, agreement = change_by_offset(alike, first=20, last=36, speed=1.0)
    assert offsets[int(np.nanargmax(agreement))] == pytest.approx(3.0, abs=0.1)
