"""The vote over time: planted lines are found, chance makes none, and each excerpt is found once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.alignment import RADIUS, SPEEDS, find_lines

seeds = st.integers(0, 2**32 - 1)


def unrelated(rng, rows, columns):
    """Distances of unrelated pictures: 256 fair bits, as on real clips."""
    return rng.binomial(256, 0.5, (rows, columns)).astype(np.uint16)


def times(count):
    return np.arange(count) / 4


def planted(rng, *, rows, columns, start, speed=1.0, at=0.0, length=None, noise=30.0):
    """Chance distances with a copy in them: from query row `start`, reference time = at + (time - start) / speed."""
    distances = unrelated(rng, rows, columns)
    plant(distances, rng, start=start, speed=speed, at=at, length=length or rows - start, noise=noise)
    return distances


def plant(distances, rng, *, start, at, length, speed=1.0, noise=30.0):
    for row in range(start, start + length):
        column = round(4 * (at + (row - start) / 4 / speed))
        if column < distances.shape[1]:
            distances[row, column] = min(RADIUS, abs(rng.normal(noise, 15)))


def lines(distances, **choices):
    return find_lines(distances, times(distances.shape[0]), times(distances.shape[1]), **choices)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(6, 60))
def test_a_film_aligned_with_itself_is_the_diagonal(seed, count):
    rng = np.random.default_rng(seed)
    distances = unrelated(rng, count, count)
    np.fill_diagonal(distances, 0)
    line = lines(distances)[0]
    assert (line.speed, line.offset) == (1.0, pytest.approx(0, abs=0.13))
    assert line.queries.tolist() == line.references.tolist() == list(range(count))
    assert line.distances.tolist() == [0] * count
    assert line.weight == pytest.approx(count)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    speed=st.sampled_from(SPEEDS),
    start=st.integers(0, 20),
    at=st.floats(0, 10),
    length=st.integers(28, 60),
)
def test_a_planted_excerpt_of_any_speed_is_found_under_noise(seed, speed, start, at, length):
    distances = planted(
        np.random.default_rng(seed),
        rows=start + length + 8,
        columns=160,
        start=start,
        speed=speed,
        at=at,
        length=length,
    )
    line = lines(distances)[0]
    assert line.speed == pytest.approx(speed, abs=0.051)
    assert abs(line.queries[0] - start) <= 4
    assert abs(line.queries[-1] - (start + length - 1)) <= 4
    # Within a step of the truth at both ends.
    for row in (start, start + length - 1):
        assert line.offset + row / 4 / line.speed == pytest.approx(at + (row - start) / 4 / speed, abs=0.4)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 80), st.integers(1, 120))
def test_unrelated_films_have_no_line(seed, rows, columns):
    assert lines(unrelated(np.random.default_rng(seed), rows, columns)) == []


def test_two_excerpts_of_one_reference_are_both_found_whatever_their_order():
    rng = np.random.default_rng(5)
    distances = planted(rng, rows=44, columns=200, start=0, at=30.0, length=20)
    plant(distances, rng, start=24, at=6.0, length=20)
    found = sorted(lines(distances), key=lambda line: line.queries[0])
    assert [(line.queries[0], line.queries[-1]) for line in found] == [(0, 19), (24, 43)]
    assert [line.references[0] for line in found] == [120, 24]


def test_an_excerpt_that_is_used_twice_is_found_twice():
    rng = np.random.default_rng(6)
    distances = planted(rng, rows=40, columns=100, start=0, at=10.0, length=16)
    plant(distances, rng, start=20, at=10.0, length=16)
    found = sorted(lines(distances), key=lambda line: line.queries[0])
    assert [line.references[0] for line in found] == [40, 40]
    assert [line.queries[0] for line in found] == [0, 20]


def test_short_gaps_are_bridged_and_long_ones_are_not():
    rng = np.random.default_rng(7)
    distances = planted(rng, rows=40, columns=60, start=0, at=2.0)
    distances[10:14] = 257
    assert (lines(distances)[0].queries[[0, -1]] == (0, 39)).all()
    distances[10:22] = 257
    assert sorted(int(line.queries[0]) for line in lines(distances)) == [0, 22]


def test_no_more_lines_than_asked_for_and_the_strongest_first():
    rng = np.random.default_rng(8)
    distances = unrelated(rng, 70, 200)
    for number, length in enumerate((8, 20, 12)):
        plant(distances, rng, start=24 * number, at=12.0 * number, length=length)
    found = lines(distances)
    assert [len(line.queries) for line in found] == [20, 12, 8]
    assert [line.weight for line in found] == sorted((line.weight for line in found), reverse=True)
    assert [len(line.queries) for line in lines(distances, most=1)] == [20]


def test_three_instants_are_too_few():
    rng = np.random.default_rng(9)
    assert lines(planted(rng, rows=3, columns=3, start=0)) == []
    assert lines(planted(rng, rows=20, columns=20, start=0, length=3)) == []
    # Many pairs, but scattered over the query so widely that no stretch holds four.
    scattered = unrelated(rng, 60, 60)
    scattered[np.arange(0, 60, 12), np.arange(0, 60, 12)] = 0
    assert lines(scattered) == []


def test_instants_that_are_unusable_take_no_part():
    rng = np.random.default_rng(10)
    distances = planted(rng, rows=30, columns=30, start=0)
    distances[:] = 257
    assert lines(distances) == []


def test_the_same_distances_give_the_same_lines_and_are_left_as_they_were():
    distances = planted(np.random.default_rng(11), rows=30, columns=60, start=4, speed=1.1, at=3.0)
    before = distances.copy()
    one, other = lines(distances), lines(distances)
    np.testing.assert_array_equal(distances, before)
    assert [(a.speed, a.offset, a.weight) for a in one] == [(b.speed, b.offset, b.weight) for b in other]
