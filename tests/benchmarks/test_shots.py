"""The scoring of detectors, on reports whose worth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.shots import Film, Row, main, read_film, score, wilson

TIMES = np.arange(1000) / 25


def row(kind, first, full=None):
    return Row(kind=kind, first=first, full=first if full is None else full)


TRUTH = (row("cut", 100), row("dissolve", 200, 230), row("cut", 300), row("fade", 400, 440), row("ignore", 900, 950))
FILM = Film(path=Path("film.mp4"), truth=TRUTH, distractors=(row("flash", 600, 602), row("banner", 700, 740)))


def scored(*reports, knows_gradual=True):
    return score(FILM, reports, TIMES, knows_gradual=knows_gradual)


def test_the_truth_itself_scores_full():
    result = scored(*(r for r in TRUTH if r.kind != "ignore"))
    assert (result.met, result.cuts, result.false) == (2, 2, 0)
    assert result.found == {"dissolve": [1, 1], "fade": [1, 1]}
    assert (result.span, result.kind, result.reported) == (2, 2, 2)
    assert result.errors == []


@given(off=st.integers(-6, 6))
@settings(max_examples=13, deadline=None)
def test_a_cut_counts_up_to_two_pictures_off(off):
    result = scored(row("cut", 100 + off))
    assert result.met == (abs(off) <= 2)
    assert result.false == (abs(off) > 2)


def test_a_second_report_of_one_cut_is_false():
    result = scored(row("cut", 99), row("cut", 101))
    assert (result.met, result.false) == (1, 1)


def test_a_mark_inside_a_gradual_transition_is_false_only_of_those_who_know_gradual_ones():
    assert scored(row("cut", 215), knows_gradual=False).false == 0
    result = scored(row("cut", 215))
    assert result.false == 1
    assert result.marked["dissolve"] == [1, 1]
    assert result.found["dissolve"] == [0, 1]


def test_a_cut_at_the_edge_of_a_fade_is_not_false():
    assert scored(row("cut", 440)).false == 0
    assert scored(row("cut", 420)).false == 1


def test_a_gradual_report_elsewhere_is_false_and_a_second_of_the_same_too():
    result = scored(row("dissolve", 198, 215), row("dissolve", 216, 231), row("wipe", 800, 820))
    assert result.found["dissolve"] == [1, 1]
    assert (result.reported, result.span) == (3, 0)
    assert sum("false" in error for error in result.errors) == 2


def test_what_is_reported_on_ignored_stretches_counts_nowhere():
    result = scored(row("cut", 920), row("fade", 895, 955))
    assert (result.false, result.reported) == (0, 0)


def test_a_distractor_is_raised_by_a_false_report_on_it():
    result = scored(row("cut", 603), row("cut", 760))
    assert result.distractors == {"flash": [1, 1], "banner": [0, 1]}
    assert result.false == 2


def test_counts_add_up_over_films():
    both = scored(row("cut", 100), row("cut", 600))
    both.add(scored(row("cut", 300), row("fade", 405, 440)))
    assert (both.cuts, both.met, both.false, both.reported) == (4, 2, 1, 1)
    assert both.found == {"dissolve": [0, 2], "fade": [1, 2]}
    assert both.distractors == {"flash": [1, 2], "banner": [0, 2]}


@given(total=st.integers(1, 400), data=st.data())
@settings(max_examples=30, deadline=None)
def test_the_interval_holds_the_share(total, data):
    hits = data.draw(st.integers(0, total))
    share, low, high = (
        float(part) for part in wilson(hits, total).replace("(", " ").replace(")", "").replace("-", " ").split()
    )
    assert low - 0.1 <= share <= high + 0.1
    assert 0 <= low <= high <= 100


def test_the_interval_is_wilsons():
    assert wilson(81, 263).split() == ["30.8", "(25.5-", "36.6)"]  # Newcombe 1998, table I: 0.2553 to 0.3662


def test_truth_is_read_beside_the_film_by_either_name(tmp_path):
    film = tmp_path / "a.mp4"
    assert read_film(film) is None
    (tmp_path / "a.gt.csv").write_text("kind,first,full,note\ncut,3,3,x\n")
    assert read_film(film).truth == (Row(kind="cut", first=3, full=3, note="x"),)
    (tmp_path / "a.mp4.gt.csv").write_text("kind,first,full,note\nwipe,3,9,y\n")
    assert read_film(film).truth[0].gradual


def test_an_absent_folder_is_skipped_and_said(tmp_path, capsys):
    main([str(tmp_path / "nothing")])
    assert "skipped" in capsys.readouterr().out
