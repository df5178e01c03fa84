"""Where a match begins and ends: at the cut beside it, at the video's own ends, or where the picture stops agreeing."""

from __future__ import annotations

import dataclasses

import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.alignment import Stretch
from verikit.matching.ends import settled_span
from verikit.matching.fingerprinting import COURSE_PER_SECOND, fingerprint
from verikit.matching.likeness import Likeness
from verikit.media.scan import HASHES_PER_SECOND


@pytest.fixture(scope="module")
def query():
    """Ten seconds in which every picture differs from the last by 2 grey levels."""
    made = fingerprint(filmed.scanned(filmed.pictures(10)))
    return dataclasses.replace(made, frame_change=np.full(len(made.frame_times), 2.0, np.float32))


@pytest.fixture(scope="module")
def reference():
    return fingerprint(filmed.scanned(filmed.pictures(20)))


def cut_at(query, *times):
    change = query.frame_change.copy()
    for time in times:
        change[np.argmin(np.abs(query.frame_times - time))] = 60.0
    return dataclasses.replace(query, frame_change=change)


def stretch(first, last, *, offset=3.0, speed=1.0):
    return Stretch(
        first=first,
        last=last,
        speed=speed,
        offset=offset,
        weight=9.0,
        change=0.9,
        changing=9.0,
        picture=0.9,
        elsewhere=0.1,
        second=0.1,
    )


def alike(query, reference, first, last):
    """Pictures that agree in rows `first` to `last` (one past), whatever they are compared with, and in no other."""
    rows, columns = len(query.times), len(reference.course)
    picture = np.full((rows, columns), 0.1, np.float32)
    picture[first:last] = 0.9
    nothing = np.zeros((rows, columns), np.float32)
    return Likeness(
        picture=picture,
        change=nothing,
        query_change=nothing[:, 0],
        reference_change=nothing[0],
        reference_next=nothing[0],
    )


def settled(query, reference, found, *, agreeing=None):
    rows = agreeing or (found.first, found.last)
    return settled_span(query, reference, stretch=found, likeness=alike(query, reference, *rows), start=0)


def test_without_a_cut_a_stretch_ends_where_its_instants_do(query, reference):
    mine, theirs = settled(query, reference, stretch(8, 28))
    assert mine.to_list() == [2.0, 7.0]
    assert theirs.to_list() == [5.0, 10.0]


def test_a_stretch_is_moved_to_the_cuts_beside_it(query, reference):
    mine, theirs = settled(cut_at(query, 1.84, 7.12), reference, stretch(8, 28))
    assert mine.to_list() == pytest.approx([1.84, 7.12])
    assert theirs.to_list() == pytest.approx([4.84, 10.12])


def test_a_cut_far_from_the_ends_moves_nothing(query, reference):
    mine, _ = settled(cut_at(query, 3.6, 5.2), reference, stretch(8, 28))
    assert mine.to_list() == [2.0, 7.0]


def test_a_stretch_near_the_videos_own_ends_reaches_to_them(query, reference):
    mine, theirs = settled(query, reference, stretch(1, 39))
    assert mine.to_list() == [0.0, query.duration]
    assert theirs.to_list() == [3.0, 3.0 + query.duration]


def test_a_stretch_is_carried_on_while_the_picture_agrees(query, reference):
    """What changes was told from row 12 on; the pictures agree from row 6 on, but for one flash."""
    mine, _ = settled(query, reference, stretch(12, 28), agreeing=(6, 32))
    assert mine.to_list() == [1.5, 8.0]
    likeness = alike(query, reference, 6, 32)
    likeness.picture[10] = 0.0
    mine, _ = settled_span(query, reference, stretch=stretch(12, 28), likeness=likeness, start=0)
    assert mine.to_list() == [1.5, 8.0]


def test_a_stretch_goes_no_further_than_the_reference(query, reference):
    mine, theirs = settled(query, reference, stretch(2, 30, offset=-1.0))
    assert mine.start == pytest.approx(1.0)
    assert theirs.start == pytest.approx(0.0)
    mine, theirs = settled(query, reference, stretch(4, 40, offset=14.0))
    assert theirs.end == pytest.approx(reference.duration)
    assert mine.end == pytest.approx(6.0)


@settings(max_examples=40, deadline=None)
@given(
    first=st.integers(0, 34),
    length=st.integers(4, 40),
    offset=st.floats(-4, 16),
    speed=st.sampled_from([0.7, 0.8, 1.0, 1.25, 1.4]),
)
def test_spans_lie_within_both_videos_and_lead_to_each_other(query, reference, first, length, offset, speed):
    last = min(first + length, len(query.times))
    inside = [
        0 <= offset + row / HASHES_PER_SECOND / speed <= reference.duration - 1 / COURSE_PER_SECOND
        for row in (first, last - 1)
    ]
    if not all(inside):
        return
    found = stretch(first, last, offset=offset, speed=speed)
    mine, theirs = settled(query, reference, found)
    assert 0 <= mine.start < mine.end <= query.duration + 1e-6
    assert 0 <= theirs.start <= theirs.end <= reference.duration + 1e-6
    assert theirs.start == pytest.approx(max(0.0, offset + mine.start / speed), abs=1e-5)
    assert theirs.end == pytest.approx(min(reference.duration, offset + mine.end / speed), abs=1e-5)
