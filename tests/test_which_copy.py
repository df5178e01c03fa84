"""Which copy is fuller, larger, less degraded and earlier by its own claims: what is said follows from what is known."""

from __future__ import annotations

import dataclasses

import pytest

from verikit.matching.fuller import Shared
from verikit.workflow.which_copy import CopyFacts, copies_compared, which_copy

COPY = CopyFacts(
    name="clip.mp4", role="query", duration=8.0, width=640, height=360, size=1000, created=(), sha256="1" * 64
)
OTHER = dataclasses.replace(COPY, sha256="2" * 64)
SHARED = Shared(seconds=(8.0, 8.0), duration=(8.0, 8.0), picture=(1.0, 1.0), detail=(1.0, 1.0))


def answers(*, query=COPY, reference=OTHER, shared=SHARED):
    return {row.question: row.which for row in which_copy(query, reference, shared)}


def dated(*dates, copy=COPY):
    return dataclasses.replace(copy, created=tuple({"value": value, "basis": basis} for value, basis in dates))


def test_of_two_equal_copies_neither_is_more():
    assert answers() == {
        "fuller in time": "neither",
        "fuller in picture": "neither",
        "larger": "neither",
        "less degraded": "neither",
        "earlier by its own claims": "cannot be said",
    }


def test_of_one_file_twice_nothing_is_asked_but_it_is_said():
    (row,) = which_copy(COPY, dataclasses.replace(COPY, name="again.mp4"), SHARED)
    assert row.which == "the same file, byte for byte"
    assert COPY.sha256 in row.query


@pytest.mark.parametrize(
    ("seconds", "duration", "which"),
    [
        ((6.0, 6.0), (6.0, 14.0), "reference"),
        ((6.0, 6.0), (14.0, 6.2), "query"),
        ((6.0, 6.0), (9.0, 14.0), "each has seconds that the other lacks"),
        ((5.8, 5.8), (6.0, 6.0), "neither"),
    ],
)
def test_the_fuller_in_time_is_the_one_with_seconds_that_the_other_lacks(seconds, duration, which):
    shared = dataclasses.replace(SHARED, seconds=seconds, duration=duration)
    assert answers(shared=shared)["fuller in time"] == which


@pytest.mark.parametrize(
    ("picture", "which"), [((1.0, 0.64), "reference"), ((0.09, 1.0), "query"), ((0.97, 1.0), "neither")]
)
def test_the_fuller_picture_is_the_one_of_which_the_other_shows_less(picture, which):
    assert answers(shared=dataclasses.replace(SHARED, picture=picture))["fuller in picture"] == which


@pytest.mark.parametrize(
    ("detail", "which"), [((0.5, 2.0), "reference"), ((2.0, 0.5), "query"), ((0.9, 1.11), "neither"), (None, "cannot be said")]
)  # fmt: skip
def test_less_degraded_needs_a_clear_difference(detail, which):
    assert answers(shared=dataclasses.replace(SHARED, detail=detail))["less degraded"] == which


def test_the_larger_has_more_pixels():
    assert answers(reference=dataclasses.replace(OTHER, width=1280, height=720))["larger"] == "reference"


@pytest.mark.parametrize(
    ("one", "other", "which"),
    [
        ([("2023-02-11T19:42:07Z", "utc")], [("2024-11-02T06:00:00Z", "utc")], "query"),
        ([("2024-11-02T06:00:00Z", "utc")], [("2023-02-11T19:42:07+09:00", "local")], "reference"),
        # An hour apart, but of a zone that nobody knows.
        ([("2024-11-02T06:00:00", "unknown")], [("2024-11-02T07:00:00Z", "utc")], "cannot be said"),
        ([("2024-10-02T06:00:00", "unknown")], [("2024-11-02T07:00:00", "local")], "query"),
        ([("2024-11-02T06:00:00Z", "utc")], [("2024-11-02T06:00:00Z", "utc")], "neither"),
        ([], [("2024-11-02T06:00:00Z", "utc")], "cannot be said"),
        ([("no date", "unknown")], [("2024-11-02T06:00:00Z", "utc")], "cannot be said"),
        ([("2025-01-01T00:00:00Z", "utc"), ("2022-01-01T00:00:00Z", "utc")], [("2024-11-02T06:00:00Z", "utc")], "query"),
    ],
)  # fmt: skip
def test_the_earlier_is_told_only_where_no_zone_could_turn_it(one, other, which):
    assert answers(query=dated(*one), reference=dated(*other, copy=OTHER))["earlier by its own claims"] == which


def test_the_table_names_both_files_and_hides_no_letter():
    hostile = dataclasses.replace(COPY, name="evil\u202egpj.mp4")
    table = copies_compared(which_copy(hostile, OTHER, SHARED), query=hostile.name, reference=OTHER.name)
    shown = table._repr_mimebundle_()
    assert "\u202e" not in shown["text/plain"] + shown["text/html"]
    assert "clip.mp4 (reference)" in shown["text/plain"]
    assert len(table) == 5
