"""Observations: what people heard, read, saw or were told is evidence like any other, with who, when and how sure."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit._files import package_folder
from verikit.case.claims import Claim, SubClaim
from verikit.case.evidence_kinds import independent_kinds, positive
from verikit.case.observations import FITS, KINDS, SURE, Observation, spans_of
from verikit.case.opening import new_case
from verikit.geo import Point
from verikit.media.scanning import scan_video
from verikit.media.video import open_video
from verikit.records import RESULT_MIME, Span

if TYPE_CHECKING:
    from verikit.case.folder import Case

SPEECH = {
    "kind": "speech",
    "what": "a man says a short sentence",
    "by": "N. Listener",
    "sure": "probable",
    "at": (Span(1.5, 3.0),),
    "language": "ko",
    "text": "<b>안녕</b>",
    "translation": "hello",
    "translator": "N. Listener",
    "about": "S1",
    "fits": "undecided",
}
PLACE = {
    "kind": "place",
    "what": "a bridge of three arches",
    "by": "N. N.",
    "sure": "possible",
    "about": "S2",
    "fits": "fits",
    "compared_with": "a satellite picture of 2024-06-01",
    "point": Point(latitude=51.5, longitude=-0.1),
    "within": 50.0,
}
TIME = {
    "kind": "time",
    "what": "bare trees",
    "by": "N. N.",
    "sure": "possible",
    "about": "S1",
    "fits": "undecided",
    "earliest": "2023-11",
    "latest": "2024-04",
}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    (tmp_path / "clip.mp4").write_bytes(b"moving pictures")
    parts = tuple(SubClaim(key=f"S{n}", asks="what", text=f"part {n}") for n in (1, 2))
    claim = Claim(text="a post", sub_claims=parts)
    notebooks = Path(__file__).resolve().parents[2] / "notebooks"
    return new_case(tmp_path / "case", video=tmp_path / "clip.mp4", claim=claim, notebooks=notebooks, by="Ada")


@pytest.mark.parametrize("fields", [SPEECH, PLACE, TIME], ids=lambda fields: fields["kind"])
def test_an_observation_shows_all_that_was_filled_in_and_escapes_it(fields):
    seen = Observation(**fields)
    shown = seen._repr_mimebundle_()
    assert "<b>" not in shown["text/html"]
    assert shown[RESULT_MIME]["value"] == seen.to_dict()
    for name in ("what", "by", "compared_with", "translation", "earliest"):
        if fields.get(name):
            assert fields[name] in shown["text/plain"]
    assert ("within: 50 m" in shown["text/plain"]) is (fields is PLACE)


@pytest.mark.parametrize(
    ("base", "change", "said"),
    [
        (SPEECH, {"kind": "rumour"}, "kind is one of speech"),
        (SPEECH, {"sure": "0.9"}, "sure is one of certain"),
        (SPEECH, {"by": " "}, "by"),
        (SPEECH, {"what": ""}, "what"),
        (SPEECH, {"at": ()}, "at .which seconds"),
        (SPEECH, {"translator": ""}, "translator"),
        (SPEECH, {"fits": "fits"}, "compared_with"),
        (SPEECH, {"point": PLACE["point"], "within": 5.0}, "point, within does not belong"),
        (SPEECH, {"kind": "sound"}, "language, text, translation, translator does not belong"),
        (PLACE, {"within": None}, "belong together"),
        (PLACE, {"within": -3.0}, "metres"),
        (PLACE, {"about": ""}, "about"),
        (PLACE, {"language": "ko"}, "language does not belong"),
        (TIME, {"earliest": "2024-06"}, "comes after"),
        (TIME, {"earliest": "last winter"}, "ISO 8601"),
        (TIME, {"fits": "maybe"}, "fits is one of"),
    ],
)
def test_what_does_not_belong_together_is_refused_and_named(base, change, said):
    with pytest.raises(ValueError, match=said):
        Observation(**base | change)


@given(
    seen=st.builds(
        Observation,
        kind=st.just("speech"),
        what=st.text(min_size=1).filter(str.strip),
        by=st.text(min_size=1).filter(str.strip),
        sure=st.sampled_from(SURE),
        at=st.lists(st.builds(lambda a, b: Span(a, a + b), st.floats(0, 99), st.floats(0, 9)), min_size=1).map(
            lambda spans: tuple(Span.from_list(span.to_list()) for span in spans)
        ),
        fits=st.sampled_from(["", "undecided"]),
        note=st.text(),
    )
)
@settings(max_examples=40, deadline=None)
def test_from_dict_is_the_inverse_of_to_dict(seen):
    assert Observation.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen


def test_seconds_are_written_as_people_write_them():
    assert spans_of((0, 2.5)) == spans_of([(0, 2.5)]) == spans_of(Span(0, 2.5)) == (Span(0, 2.5),)
    assert spans_of([(0, 1), (3, 4)]) == (Span(0, 1), Span(3, 4))
    assert spans_of(()) == ()
    for wrong in ((3,), (2, 1), ("a", "b"), [(1, 2), 3]):
        with pytest.raises(ValueError, match="seconds from and to"):
            spans_of(wrong)


def test_an_observation_is_evidence_by_its_name(case: Case):
    seen = case.observe("voice", kind="speech", what="a name is called", at=(0, 1), sure="certain", language="ko")
    assert (seen.by, case.derived["observed/voice"].parents) == ("Ada", (("video", case.video_sha256),))
    assert Observation.from_dict(case.evidence("observed/voice")) == seen
    case.decide("S1", status="supported", because="heard", rests_on=["observed/voice"])
    case.observe(
        "arches", kind="place", what="a bridge", sure="probable", by="B.", about="S2", fits="fits",
        compared_with="a map", point="51.5,-0.1", within=20,
    )  # fmt: skip
    table = case.observations
    assert [row.name for row in table] == ["observed/arches", "observed/voice"]
    assert "observed/voice" in table._repr_mimebundle_()["text/plain"]


def test_the_form_names_what_it_does_not_know(case: Case):
    with pytest.raises(TypeError, match="no field colour; there are about"):
        case.observe("hat", kind="seen", what="a hat", at=(0, 1), sure="certain", colour="red")
    with pytest.raises(ValueError, match="about 'S9': the claim has S1, S2"):
        case.observe("hat", kind="seen", what="a hat", at=(0, 1), sure="certain", about="S9")
    with pytest.raises(ValueError, match="place"):
        case.observe("hat", kind="place", what="a hat", sure="certain", about="S1", fits="undecided", point="here")
    assert len(case.observations) == 0


def test_seconds_after_the_end_of_the_clip_are_refused_once_it_was_scanned(case: Case):
    seen = {"kind": "seen", "what": "a hat", "sure": "certain"}
    case.observe("before_the_scan", at=(90, 91), **seen)
    scan = scan_video(open_video(package_folder("sample_data") / "viral.mp4"))
    case.record(scan, name="scan", operation="scan_video", parents=["video"])
    case.observe("to_the_end", at=(0, math.ceil(scan.duration)), **seen)
    with pytest.raises(ValueError, match=f"at 91 s: the clip ends at {scan.duration:.1f} s"):
        case.observe("late", at=[(0, 1), (90, 91)], **seen)
    assert [row.name for row in case.observations] == ["observed/before_the_scan", "observed/to_the_end"]


def test_readings_of_one_picture_are_one_kind_of_evidence(case: Case):
    common = {"at": (0, 1), "sure": "certain"}
    for kind in ("speech", "sound", "lettering", "seen"):
        case.observe(kind, kind=kind, what="something", **common)
    case.observe("told", kind="told", what="the uploader says that he filmed it", sure="possible")
    names = [f"observed/{kind}" for kind in ("speech", "sound", "lettering", "seen", "told")]
    kinds = independent_kinds(names, case.derived, case.evidence)
    assert kinds["observed/lettering"] == kinds["observed/seen"]
    assert kinds["observed/speech"] == kinds["observed/sound"]
    assert len(positive(kinds.values())) == 3


def test_what_there_is_to_rest_on_is_listed_with_what_it_was_read_from(case: Case):
    assert len(case.grounds) == 0
    case.observe("voice", kind="speech", what="a name is called", at=(0, 1), sure="certain")
    case.keep_bytes(b"x", name="still.png", operation="still", parents=["video"])
    (ground,) = case.grounds
    assert ground.to_dict() == {
        "evidence": "observed/voice",
        "read_from": "the sound",
        "what": "a name is called",
        "notebook": "by hand",
    }


def test_every_kind_has_words_and_the_lists_are_closed():
    assert set(KINDS) == {"speech", "sound", "lettering", "seen", "place", "time", "told"}
    assert "" not in {*SURE, *FITS}
