"""Composed copies are what their truth says, and the scorer counts as it says."""

from __future__ import annotations

import csv
import math

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import copy_scores
from benchmarks.copies import Bench, copied, later, middle
from benchmarks.copy_scores import Found, Segment, Set, at_no_false, average_precision, placed, read_set, upper
from benchmarks.distortions import DISTORTIONS, Kit, Plan
from benchmarks.footage import CARDS, Source, fitted, footage_of, read_sources

RATE, SECONDS = 12.5, 6.0
DARK, BRIGHT = 30, 210


def write_ramp(path, *, falling=False):
    """A clip that tells the time by its brightness, and left from right by a bright mark on the left."""
    count = int(RATE * SECONDS)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for row in range(count):
            share = 1 - row / count if falling else row / count
            picture = np.full((72, 128, 3), DARK + (BRIGHT - DARK) * share, np.uint8)
            picture[8:16, 8:24] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = row * 2
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def told_time(picture):
    """The second of the rising clip that a picture shows."""
    return (float(np.median(picture)) - DARK) / (BRIGHT - DARK) * SECONDS


def shown_at(path, moment):
    """What a player shows then."""
    with av.open(str(path)) as container:
        pictures = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    return next(picture for time, picture in reversed(pictures) if time <= moment + 1e-6)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies")
    for name in ("references", "queries"):
        (folder / name).mkdir()
    write_ramp(folder / "rising.mp4")
    write_ramp(folder / "falling.mp4", falling=True)
    made = Bench(out=folder, held=False, seed=3)
    made.begin()
    mine = Source(path=folder / "rising.mp4", role="original", scene="here")
    other = Source(path=folder / "falling.mp4", role="other", scene="there")
    made.others = [footage_of(other, short_side=72)]
    made.add_reference(mine, "original", intro="title")
    made.add_reference(Source(path=folder / "falling.mp4", role="distractor", scene="here"), "distractor")
    only = {"excerpt4", "splice4", "twice", "speed1.3", "speed0.85", "mirror", "rot90", "8fps"}
    copied(made, mine, footage_of(mine, short_side=72), (mine, footage_of(mine, short_side=72)), only)
    return made


def rows_of(bench, distortion):
    with (bench.out / "truth.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["distortion"] == distortion]
    return [row for row in rows if row["relation"] == "same_footage"]


@pytest.mark.parametrize("distortion", ["excerpt4", "splice4", "twice", "speed1.3", "speed0.85", "mirror", "8fps"])
def test_the_query_shows_at_each_moment_of_a_segment_what_the_truth_says_of_the_reference(bench, distortion):
    rows = rows_of(bench, distortion)
    assert len(rows) == (2 if distortion == "twice" else 1)
    for row in rows:
        start, end, first, last, speed = (
            float(row[name]) for name in ("query_start", "query_end", "reference_start", "reference_end", "speed")
        )
        assert last - first == pytest.approx((end - start) / speed, abs=1e-3)
        for share in (0.02, 0.3, 0.6, 0.97):
            moment = start + share * (end - start)
            seen = told_time(shown_at(bench.out / "queries" / row["query"], moment))
            there = told_time(shown_at(bench.out / "references" / row["reference"], first + (moment - start) / speed))
            # One picture of the copy and one of the original, and what coding does to grey.
            assert seen == pytest.approx(there, abs=1 / 8 + 1 / RATE + 0.05)


def test_what_stands_before_and_after_a_spliced_segment_is_other_footage(bench):
    (row,) = rows_of(bench, "splice4")
    path = bench.out / "queries" / row["query"]
    first = told_time(shown_at(path, 0.1)), told_time(shown_at(path, 0.6))
    inside = (
        told_time(shown_at(path, float(row["query_start"]))),
        told_time(shown_at(path, float(row["query_end"]) - 0.1)),
    )
    assert inside[1] - inside[0] == pytest.approx(3.9, abs=0.3)
    assert abs(abs(first[1] - first[0]) - 0.5) < 0.2


def test_a_mirrored_copy_is_mirrored_and_a_turned_one_is_turned_clockwise(bench):
    (mirrored,), (turned,) = rows_of(bench, "mirror"), rows_of(bench, "rot90")
    assert (mirrored["mirrored"], mirrored["rotated"]) == ("1", "0")
    assert (turned["mirrored"], turned["rotated"]) == ("0", "90")
    picture = shown_at(bench.out / "queries" / mirrored["query"], 0.1).astype(int)
    assert picture[12, 112].mean() > picture[12, 16].mean() + 20
    picture = shown_at(bench.out / "queries" / turned["query"], 0.1).astype(int)
    # Clockwise, the mark at the top left comes to the top right.
    assert picture.shape == (128, 72, 3)
    assert picture[16, 60].mean() > picture[112, 60].mean() + 20


def test_a_take_of_the_same_scene_is_named_as_that_and_not_as_a_copy(bench):
    truth = read_set(bench.out)
    assert {reference for _, reference in truth.same_scene} == {"falling.mp4"}
    assert {reference for _, reference in truth.positive} == {"rising.mp4"}
    assert not truth.negative()


def test_a_reference_that_is_taken_out_of_the_table_is_not_asked_for(bench, tmp_path):
    (tmp_path / "queries").symlink_to(bench.out / "queries")
    (tmp_path / "truth.csv").write_bytes((bench.out / "truth.csv").read_bytes())
    lines = (bench.out / "references.csv").read_text().splitlines()
    (tmp_path / "references.csv").write_text("\n".join(line for line in lines if not line.startswith("rising")))
    truth = read_set(tmp_path)
    assert not truth.positive
    assert {reference for _, reference in truth.same_scene} == {"falling.mp4"}


def test_a_set_comes_out_alike_from_one_seed(bench, tmp_path):
    mine = bench.references[0][0]
    again = Bench(out=tmp_path, held=False, seed=3)
    for name in ("references", "queries"):
        (tmp_path / name).mkdir()
    again.begin()
    again.others = bench.others
    again.references = list(bench.references)
    copied(again, mine, footage_of(mine, short_side=72), (mine, footage_of(mine, short_side=72)), {"excerpt4"})
    assert rows_of(again, "excerpt4") == rows_of(bench, "excerpt4")


@given(name=st.sampled_from(sorted(DISTORTIONS)), held=st.booleans(), seed=st.integers(0, 99), tall=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_distortion_keeps_one_size_over_time_and_leaves_its_picture_alone(name, held, seed, tall):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (160, 90, 3) if tall else (90, 160, 3), dtype=np.uint8)
    kit = Kit(rng=rng, held=held, other=lambda now: np.full((90, 160, 3), int(now * 9) % 256, np.uint8))
    plan = DISTORTIONS[name](kit)
    before, sizes = picture.copy(), set()
    for now in (0.0, 0.04, 5.0):
        drawn = picture
        for step in plan.steps:
            drawn = step(drawn, now)
        assert drawn.dtype == np.uint8
        sizes.add(drawn.shape)
    assert len(sizes) == 1
    assert (picture == before).all()
    if plan.steps:
        assert drawn.shape != picture.shape or (drawn != picture).any()


def test_plans_add_up():
    both = Plan(speed=1.1, mirrored=True, crf=30) + Plan(speed=0.9, rotated=90, crf=27, seconds=4)
    assert (both.speed, both.mirrored, both.rotated, both.crf, both.seconds) == (pytest.approx(0.99), True, 90, 30, 4)


@pytest.mark.parametrize("held", [False, True])
def test_cards_have_the_size_that_is_asked_for(held):
    assert {draw(320, 180, held).shape for draw in CARDS.values()} == {(180, 320, 3)}


def test_a_picture_is_fitted_whole_or_cut():
    picture = np.full((90, 160, 3), 200, np.uint8)
    assert (fitted(picture, (90, 90), cover=True) == 200).all()
    whole = fitted(picture, (160, 160))
    assert (whole[80] == 200).all()
    assert not whole[0].any()


def test_without_a_table_clips_are_dealt_by_turns_so_that_the_sets_share_none(tmp_path):
    for number in range(12):
        (tmp_path / f"{number:02}.mp4").touch()
    dev, held = read_sources(tmp_path, held=False), read_sources(tmp_path, held=True)
    assert {source.path for source in dev}.isdisjoint({source.path for source in held})
    assert [source.role for source in dev] == ["original", "original", "other"] * 2
    take = Source(path=tmp_path, role="take", start=10, end=30)
    assert middle(take) < later(take).start < later(take).end == take.end


def match(score, query=(0.0, 4.0), reference=(2.0, 6.0), **said):
    return {
        "score": score,
        "query_span": list(query),
        "reference_span": list(reference),
        "speed": 1.0,
        "mirrored": False,
        "rotated": 0,
        "confirmed": False,
        "relation": "undecided",
    } | said


SEGMENT = Segment(query=(0.0, 4.0), reference=(2.0, 6.0), speed=1.0, mirrored=False, rotated=0)


def small_set(tmp_path):
    """Two copies of two references, one negative query, one other take."""
    return Set(
        folder=tmp_path,
        queries={
            "a": ("common", "crop20"),
            "b": ("hard", "pip20"),
            "n": ("negative", "plain"),
            "t": ("other_take", "plain"),
        },
        references=("A", "B"),
        positive={("a", "A"): (SEGMENT,), ("b", "B"): (SEGMENT,)},
        same_scene=frozenset({("t", "A")}),
    )


def found(matches):
    return Found(matches={pair: (m,) for pair, m in matches.items()}, version="", minutes=1, reading=0, searching=0)


def test_recall_without_false_calls_counts_what_lies_above_the_highest_negative_pair(tmp_path):
    said = found(
        {
            ("a", "A"): match(0.9, confirmed=True, relation="same_footage"),
            ("b", "B"): match(0.5),
            ("n", "B"): match(0.5, confirmed=True),
            ("t", "A"): match(0.95, relation="same_footage"),
        }
    )
    measured = copy_scores.table(small_set(tmp_path), said)
    assert measured["negative_pairs"] == 5
    assert measured["rows"]["all common"]["recall_at_no_false"] == 1
    assert measured["rows"]["all hard"]["recall_at_no_false"] == 0
    assert measured["oracle_recall"] == measured["confirmed_recall"] == 0.5
    assert measured["false_confirmed"] == [("n", "B")]
    assert measured["other_takes"]["other_take"] == {"same_footage": 1}
    # The tie at 0.5 counts against the finder: 1/1 for the first, 2/3 for the second.
    assert measured["rows"]["all"]["uap"] == pytest.approx((1 + 2 / 3) / 2)


def test_nothing_found_is_worth_nothing(tmp_path):
    measured = copy_scores.table(small_set(tmp_path), found({}))
    assert measured["rows"]["all"]["recall_at_no_false"] == measured["rows"]["all"]["uap"] == 0
    assert measured["highest_negative"] is None


@given(
    positive=st.lists(st.floats(0, 1), min_size=1, max_size=8),
    negative=st.lists(st.floats(0, 1), max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_precision_is_whole_where_every_positive_pair_leads_and_never_above(positive, negative):
    worth = average_precision(positive, negative)
    assert 0 <= worth <= 1
    highest = max(negative, default=-math.inf)
    assert (worth == 1) == (at_no_false(positive, highest) == 1)


def test_spans_are_held_against_the_match_that_overlaps_most(tmp_path):
    far, near = (
        match(0.9, query=(3.5, 8.0)),
        match(0.1, query=(0.2, 4.0), reference=(2.0, 6.4), speed=1.05, mirrored=True),
    )
    told = placed(SEGMENT, [far, near])
    assert told["query"] == pytest.approx(0.1)
    assert told["reference"] == pytest.approx(0.2)
    assert told["speed"] == pytest.approx(0.05)
    assert (told["mirrored"], told["rotated"]) == (0, 1)
    assert placed(SEGMENT, [match(1, reference=(7.0, 9.0))]) is None


def test_seconds_that_are_no_copy_are_told_where_they_are_confirmed(tmp_path):
    wrong = match(0.9, query=(5.0, 8.0), confirmed=True, relation="same_footage")
    measured = copy_scores.table(
        small_set(tmp_path), found({("a", "A"): wrong, ("b", "B"): match(0.8, confirmed=True)})
    )
    assert measured["confirmed_elsewhere"] == [("a", "A")]


@pytest.mark.parametrize(("hits", "total", "share"), [(0, 100, 0.02951), (0, 100_000, 0.00002996), (2, 50, 0.1206)])
def test_the_upper_bound_of_a_share_is_clopper_and_pearsons(hits, total, share):
    assert upper(hits, total) == pytest.approx(share, rel=2e-3)
