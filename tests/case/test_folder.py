"""The case: what is derived, noted and decided is bound to the journal, and nothing leads out of the folder."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from verikit.case.claims import Claim, SubClaim
from verikit.case.derived import Derived
from verikit.case.journal import append
from verikit.case.opening import new_case, open_case
from verikit.case.verdicts import EarlierCopy, Label, Media, Status, Verdict
from verikit.errors import AuditError
from verikit.records import Finding, Outcome, Records

if TYPE_CHECKING:
    from pathlib import Path

    from verikit.case.folder import Case

FINDING = Finding(check="freeze", outcome=Outcome.NONE_FOUND, summary="é <b>", limits="l", measures={"a": 0.1})
OTHER = dataclasses.replace(FINDING, summary="other")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.ipynb").write_bytes(b'{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}')
    (tmp_path / "clip.mp4").write_bytes(b"moving pictures")
    parts = tuple(SubClaim(key=f"S{n}", asks="what", text=f"part {n}") for n in (1, 2))
    claim = Claim(text="a post", posted="2024-11-03T10:00:00Z", sub_claims=parts)
    return new_case(
        tmp_path / "case", video=tmp_path / "clip.mp4", claim=claim, notebooks=tmp_path / "templates", by="Ada"
    )


def verdict(case: Case, label: str = "miscaptioned", **more: object) -> Verdict:
    fields = {"media": (Media.UNDETERMINED,), "summary": "s", "limits": "l", "decisions": case.decisions}
    return Verdict(label=Label(label), **fields | more)


def test_what_is_recorded_is_written_and_told_and_reads_back(case: Case) -> None:
    assert case.record(FINDING, name="freeze", parents=["video"]) == "freeze"
    assert Finding.from_dict(case.evidence("freeze")) == FINDING
    thing = case.derived["freeze"]
    assert (thing.path, thing.kind, thing.operation, thing.notebook) == ("derived/freeze.json", "Finding", "record", "")
    assert thing.parents == (("video", case.video_sha256),)
    assert thing.size == case.evidence_path("freeze").stat().st_size
    assert case.entries[-1].body == thing.to_dict()
    assert type(thing).from_dict(thing.to_dict()) == thing


def test_what_made_a_thing_is_told_with_its_arguments(case: Case) -> None:
    case.record(FINDING, name="freeze", operation="find_freezes", parents=["video"], arguments={"longest": 0.5})
    case.keep_bytes(b"x", name="still.png", operation="still", parents=["freeze"], arguments={"pts": 9000})
    told = [(thing.operation, thing.arguments, thing.kind) for thing in case.derived.values()]
    assert told == [("find_freezes", {"longest": 0.5}, "Finding"), ("still", {"pts": 9000}, "still")]
    assert case.entries[-1].body["arguments"] == {"pts": 9000}
    with pytest.raises(TypeError, match="not JSON serializable"):
        case.keep_bytes(b"x", name="other.png", operation="still", arguments={"pts": object()})
    assert not (case.folder / "derived/other.png").exists()


def test_an_entry_of_before_arguments_were_told_still_reads(case: Case) -> None:
    case.record(FINDING, name="freeze")
    body = {name: value for name, value in case.entries[-1].body.items() if name != "arguments"}
    assert Derived.from_dict(body).arguments == {}
    with pytest.raises(TypeError, match="arguments: not an object"):
        Derived.from_dict(body | {"arguments": []})


def test_many_values_are_of_the_kind_of_one(case: Case) -> None:
    case.record(Records([FINDING], caption="Findings", columns=("check",)), name="findings")
    case.record(Records([], caption="Findings", columns=("check",)), name="none")
    assert (case.derived["findings"].kind, case.derived["none"].kind) == ("Finding", "Records")


def test_files_and_bytes_are_kept_under_their_names(case: Case, tmp_path: Path) -> None:
    (tmp_path / "sheet.jpg").write_bytes(b"picture")
    assert (
        case.keep_file(tmp_path / "sheet.jpg", name="frames/sheet.jpg", operation="contact sheet") == "frames/sheet.jpg"
    )
    case.keep_bytes(b"text", name="words.txt", operation="ocr", parents=["frames/sheet.jpg"])
    assert case.evidence_path("frames/sheet.jpg").read_bytes() == b"picture"
    assert case.derived["words.txt"].parents == (("frames/sheet.jpg", case.derived["frames/sheet.jpg"].sha256),)
    with pytest.raises(ValueError, match="evidence_path"):
        case.evidence("words.txt")


def test_a_name_written_again_counts_as_it_was_written_last(case: Case) -> None:
    case.record(FINDING, name="freeze")
    case.record(OTHER, name="freeze")
    assert case.evidence("freeze")["summary"] == "other"
    assert [entry.kind for entry in case.entries][-2:] == ["derived", "derived"]


def test_evidence_that_was_changed_by_hand_is_refused(case: Case) -> None:
    case.record(FINDING, name="freeze")
    path = case.evidence_path("freeze")
    path.write_bytes(path.read_bytes().replace(b"none_found", b"anomaly"))
    with pytest.raises(AuditError, match="derive it again"):
        case.evidence("freeze")
    path.unlink()
    with pytest.raises(AuditError, match="missing"):
        case.evidence("freeze")


@pytest.mark.parametrize(
    "name",
    ["../out", "/etc/x", "a/../../b", "", ".hidden", "a//b", "a\\b", "c:x", "a\x00", "é", "a/b/c/d/e", "x.", "a b"],
)
def test_a_name_that_is_not_plain_is_refused(case: Case, name: str) -> None:
    before = case.journal.read_bytes()
    with pytest.raises(AuditError, match="name of a file"):
        case.keep_bytes(b"x", name=name, operation="o")
    with pytest.raises(AuditError, match="name of a file"):
        case.record(FINDING, name=name)
    assert case.journal.read_bytes() == before


def test_no_link_leads_out_of_the_case(case: Case, tmp_path: Path) -> None:
    case.keep_bytes(b"x", name="kept/a.txt", operation="o")
    outside = tmp_path / "outside"
    outside.mkdir()
    (case.folder / "derived" / "linked").symlink_to(outside)
    with pytest.raises(AuditError, match="link"):
        case.keep_bytes(b"x", name="linked/a.txt", operation="o")
    assert list(outside.iterdir()) == []
    (outside / "a.txt").write_bytes(b"x")
    case.evidence_path("kept/a.txt").unlink()
    (case.folder / "derived" / "kept" / "a.txt").symlink_to(outside / "a.txt")
    with pytest.raises(AuditError, match="link"):
        case.evidence_path("kept/a.txt")


def test_a_path_in_the_journal_is_not_followed_out_of_the_case(case: Case) -> None:
    body = {"name": "x", "path": "../clip.mp4", "sha256": case.video_sha256, "size": 15, "operation": "o", "kind": "k"}
    append(case.journal, "derived", body | {"parents": [], "notebook": ""}, case=case.id)
    with pytest.raises(AuditError, match="leads out"):
        case.evidence_path("x")


def test_two_names_never_share_a_file(case: Case) -> None:
    case.record(FINDING, name="freeze")
    with pytest.raises(ValueError, match="another name"):
        case.keep_bytes(b"{}", name="freeze.json", operation="o")
    with pytest.raises(ValueError, match="another name"):
        case.record(FINDING, name="Freeze")
    with pytest.raises(ValueError, match="conclude"):
        case.record(FINDING, name="verdict")
    with pytest.raises(ValueError, match="another name"):
        case.keep_bytes(b"{}", name="verdict.json", operation="o")


def test_parents_and_evidence_must_exist(case: Case) -> None:
    with pytest.raises(ValueError, match="'nothing'"):
        case.record(FINDING, name="freeze", parents=["nothing"])
    with pytest.raises(ValueError, match="'freeze'"):
        case.decide("S1", status="supported", because="seen", rests_on=["freeze"])
    case.record(FINDING, name="freeze")
    with pytest.raises(ValueError, match="'freeze'"):
        case.decide("S1", status="supported", because="seen", rests_on="freeze")
    with pytest.raises(ValueError, match="S7"):
        case.decide("S7", status="supported", because="seen")
    with pytest.raises(ValueError, match="certain"):
        case.decide("S1", status="certain", because="seen")
    with pytest.raises(ValueError, match="'nothing'"):
        case.note("text", about=["nothing"])
    with pytest.raises(ValueError, match="nothing"):
        case.note(" ")


def test_the_latest_decision_on_each_part_counts(case: Case) -> None:
    case.record(FINDING, name="freeze")
    case.decide("S2", status="not_checked", because="")
    case.decide("S1", status="supported", because="first")
    case.decide("S1", status=Status.CONTRADICTED, because="then", rests_on=["freeze"], by="Grace")
    assert [(d.sub_claim, d.status, d.because, d.by) for d in case.decisions] == [
        ("S1", "contradicted", "then", "Grace"),
        ("S2", "not_checked", "", "Ada"),
    ]
    body = [entry.body for entry in case.entries if entry.kind == "decision"][-1]
    assert body["evidence"] == {"freeze": case.derived["freeze"].sha256}
    assert body["asked"] == "part 1"


def test_a_note_names_what_it_is_about(case: Case) -> None:
    case.record(FINDING, name="freeze")
    case.note("Look again.", about=["S1", "freeze"])
    said = case.entries[-1]
    assert (said.kind, said.body["about"], said.body["by"]) == ("note", ["S1", "freeze"], "Ada")
    assert said.body["evidence"] == {"freeze": case.derived["freeze"].sha256}


def test_splitting_a_claim_anew_is_told_once(case: Case) -> None:
    parts = (SubClaim(key="S1", asks="where", text="In the harbour"),)
    case.split_claim(parts)
    count = len(case.entries)
    assert case.split_claim(parts) == case.claim
    assert len(case.entries) == count
    assert case.claim.sub_claims == parts
    assert open_case(case.folder).claim.text == "a post"


def test_a_verdict_is_kept_once_its_rule_is(case: Case) -> None:
    case.record(FINDING, name="freeze")
    case.decide("S1", status="contradicted", because="seen", rests_on=["freeze"])
    with pytest.raises(AuditError, match="S2: no decision"):
        case.conclude(verdict(case))
    assert case.verdict is None
    case.decide("S2", status="not_established", because="no trace")
    case.conclude(verdict(case))
    assert case.verdict == verdict(case)
    assert case.derived["verdict"].parents == (("freeze", case.derived["freeze"].sha256),)
    assert case.entries[-1].body["verdict"] == verdict(case).to_dict()
    assert "miscaptioned" in case.card()._repr_mimebundle_()["text/plain"]


def test_a_verdict_holds_to_what_was_decided_and_on_which_evidence(case: Case) -> None:
    case.record(FINDING, name="freeze")
    case.decide("S1", status="contradicted", because="seen", rests_on=["freeze"])
    case.decide("S2", status="not_checked", because="")
    other = tuple(dataclasses.replace(decision, because="otherwise") for decision in case.decisions)
    with pytest.raises(AuditError, match="not as it was decided"):
        case.conclude(verdict(case, decisions=other))
    case.record(OTHER, name="freeze")
    with pytest.raises(AuditError, match="derived anew"):
        case.conclude(verdict(case))
    case.record(FINDING, name="freeze")
    copy = EarlierCopy(reference="a", dated="2024-10-01", date_is="published", basis="b", evidence="nothing")
    with pytest.raises(AuditError, match="'nothing'"):
        case.conclude(verdict(case, "recycled", earlier_copy=copy))
    case.conclude(verdict(case))


def test_withdrawn_evidence_is_not_evidence_any_more_and_is_named(case: Case) -> None:
    case.record(FINDING, name="freeze")
    case.decide("S1", status="contradicted", because="seen", rests_on=["freeze"])
    case.decide("S2", status="not_checked", because="")
    thing = case.derived["freeze"]
    case.evidence_path("freeze").unlink()
    body = {"name": "freeze", "path": thing.path, "sha256": thing.sha256, "notebook": ""}
    append(case.journal, "withdrawn", body, case=case.id)
    assert case.derived == {}
    with pytest.raises(AuditError, match="S1: freeze was withdrawn since; decide again"):
        case.conclude(verdict(case))
    with pytest.raises(ValueError, match=r"'freeze'.*withdrawn, as the notebook"):
        case.decide("S1", status="contradicted", because="seen", rests_on=["freeze"])
    case.record(FINDING, name="freeze")
    case.conclude(verdict(case))


def test_an_archive_is_named_anew_in_case_json_and_the_journal(case: Case, tmp_path: Path) -> None:
    assert case.archive is None
    (tmp_path / "known").mkdir()
    assert case.use_archive(tmp_path / "known") == tmp_path / "known"
    assert case.archive == tmp_path / "known"
    assert (case.entries[-1].kind, case.entries[-1].body) == ("archive", {"archive": "../known", "by": "Ada"})
    count = len(case.entries)
    case.use_archive(tmp_path / "known")
    assert len(case.entries) == count
    assert open_case(case.folder).archive == tmp_path / "known"
    before = (case.folder / "case.json").read_bytes(), case.journal.read_bytes()
    with pytest.raises(FileNotFoundError, match="no such archive"):
        case.use_archive(tmp_path / "nothing")
    assert ((case.folder / "case.json").read_bytes(), case.journal.read_bytes()) == before


def test_case_json_is_left_alone_where_the_journal_cannot_be_told(case: Case, tmp_path: Path) -> None:
    before = (case.folder / "case.json").read_bytes()
    with case.journal.open("ab") as stream:
        stream.write(b"torn")
    with pytest.raises(AuditError, match="torn"):
        case.use_archive(tmp_path)
    assert (case.folder / "case.json").read_bytes() == before
    assert not list(case.folder.glob(".writing-*"))


def test_evidence_of_one_kind_under_two_names_does_not_confirm(case: Case) -> None:
    for name in ("one", "two"):
        case.record(FINDING, name=name)
    case.keep_bytes(b"picture", name="sheet.jpg", operation="contact sheet")
    for key in ("S1", "S2"):
        case.decide(key, status="supported", because="seen", rests_on=["one", "two", "sheet.jpg"])
    with pytest.raises(AuditError, match="two kinds"):
        case.conclude(verdict(case, "confirmed"))
    case.observe("voice", kind="speech", what="a man calls a name", at=(0, 1), sure="certain")
    for key in ("S1", "S2"):
        case.decide(key, status="supported", because="seen", rests_on=["one", "observed/voice"])
    case.conclude(verdict(case, "confirmed"))


def test_the_case_shows_itself_without_the_machines_paths(case: Case) -> None:
    shown = case._repr_mimebundle_()
    assert "a post" in shown["text/plain"]
    assert str(case.folder) not in json.dumps(shown)
