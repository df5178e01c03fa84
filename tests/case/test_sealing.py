"""Sealing: the same case gives the same bytes, and what would not verify is refused, all of it at once."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from verikit._files import sha256_bytes, sha256_file
from verikit.case import bag
from verikit.case.journal import append, read_journal
from verikit.case.opening import open_case
from verikit.case.sealing import Seal, seal_case
from verikit.case.verifying import verify_package
from verikit.errors import AuditError
from verikit.records import RESULT_MIME

# What is said of a case without a verdict.
OPEN = "nobody has concluded this case: no verdict is recorded"
EXECUTED = "executed/02_what_is_this_file.ipynb"


def note(case, kind, /, **body):
    first = read_journal((case / "journal.jsonl").read_bytes())[0]
    append(case / "journal.jsonl", kind, body, case=first.case)


def refused(case, **options):
    with pytest.raises(AuditError, match="cannot be sealed") as caught:
        seal_case(case, **options)
    assert not case.with_suffix(".zip").exists()
    return "\n".join(caught.value.problems)


def edit(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def test_a_package_lies_beside_its_case_and_its_seal_string_names_its_tagmanifest(case):
    seal = seal_case(case)
    assert seal.package == case.parent / "flood.zip"
    assert seal.sha256 == sha256_file(seal.package)
    with zipfile.ZipFile(seal.package) as archive:
        tagmanifest = archive.read("tagmanifest-sha256.txt")
    assert seal.seal == "verikit-seal:1:sha256:" + sha256_bytes(tagmanifest)
    assert (seal.signed, seal.warnings) == (False, (OPEN,))


def test_packing_twice_on_two_places_gives_the_same_bytes(case, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(case, elsewhere)
    (elsewhere / "scans/clip.bin").write_bytes(b"another cache")
    one, two = seal_case(case), seal_case(elsewhere, package=tmp_path / "out" / "x.zip")
    assert one.package.read_bytes() == two.package.read_bytes()
    assert one.seal == two.seal


def test_what_is_packed_as_the_report_is_what_the_case_says(case):
    page = case / "report.html"
    whole = page.read_bytes()
    first = seal_case(case)
    packed = first.package.read_bytes()
    assert first.warnings == (OPEN,)
    page.write_bytes(whole.replace(b"contradicted", b"supported"))
    second = seal_case(case)
    assert second.warnings == ("report.html was not what the case says; it was written anew", OPEN)
    assert page.read_bytes() == whole
    assert second.package.read_bytes() == packed
    # One that is not there is written, and nothing need be said.
    page.unlink()
    third = seal_case(case)
    assert (third.warnings, third.package.read_bytes()) == ((OPEN,), packed)
    with zipfile.ZipFile(third.package) as archive:
        assert archive.read("data/report.html") == whole


def test_a_case_of_which_no_report_can_be_made_is_refused(case):
    note(case, "decision", sub_claim="S1", status="sure", because="x", rests_on=[])
    last = read_journal((case / "journal.jsonl").read_bytes())[-2]
    note(case, "run-end", **last.body)
    with pytest.raises(AuditError, match="cannot be sealed: no report can be made of it"):
        seal_case(case)
    assert not case.with_suffix(".zip").exists()


def test_signing_twice_gives_the_same_bytes_and_the_same_seal_string_as_not_signing(case, keys):
    plain = seal_case(case)
    one = seal_case(case, key=keys / "analyst")
    first = one.package.read_bytes()
    assert seal_case(case, key=keys / "analyst").package.read_bytes() == first
    assert one.seal == plain.seal
    assert one.signed


def test_caches_and_leftovers_stay_out_and_empty_folders_do_no_harm(case):
    (case / "notes").mkdir()
    (case / "notebooks/.ipynb_checkpoints").mkdir()
    (case / "notebooks/.ipynb_checkpoints/01_claim-checkpoint.ipynb").write_text("{}")
    with zipfile.ZipFile(seal_case(case).package) as archive:
        names = archive.namelist()
    assert not [name for name in names if "scans" in name or ".writing" in name or "checkpoints" in name]
    assert "data/inputs/clip.mp4" in names


def test_bag_info_says_what_follows_from_the_journal(case):
    entries = read_journal((case / "journal.jsonl").read_bytes())
    with zipfile.ZipFile(seal_case(case).package) as archive:
        info = bag.parse_info(archive.read("bag-info.txt"))
        payload = [member for member in archive.infolist() if member.filename.startswith("data/")]
    assert info["External-Identifier"] == entries[0].case
    assert info["Bagging-Date"] == entries[-1].time[:10]
    assert info["Payload-Oxum"] == f"{sum(member.file_size for member in payload)}.{len(payload)}"
    assert info["Verikit-Journal-Head"] == entries[-1].hash
    assert info["Verikit-Journal-Count"] == str(len(entries))
    assert info["Verikit-Format"] == "verikit-case/1"


REFUSED = {
    "journal broken": (lambda case: edit(case / "journal.jsonl", b"flood", b"blood"), "does not match its hash"),
    "journal missing": (lambda case: (case / "journal.jsonl").unlink(), "journal.jsonl: missing"),
    "changed since it ran": (
        lambda case: note(case, "note", text="one more thing"),
        "01_claim.ipynb: failed, 1 cells",
    ),
    "run failed": (
        lambda case: note(
            case, "run-end", notebook="notebooks/02_what_is_this_file.ipynb", sha256="0" * 64, state="failed"
        ),
        f"{EXECUTED}: its last run ended as 'failed'",
    ),
    "run not ended": (
        lambda case: note(
            case, "run-start", notebook="notebooks/01_claim.ipynb", sha256="0" * 64, environment="0" * 64
        ),
        "01_claim.ipynb: failed, 1 cells",
    ),
    "output edited": (lambda case: edit(case / EXECUTED, b"0.91", b"0.99"), "cell 1 (c001): output 0 differs"),
    "template edited": (
        lambda case: edit(case / "notebooks/01_claim.ipynb", b"0.5", b"0.6"),
        "01_claim.ipynb: failed, 1 cells",
    ),
    "never run": (
        lambda case: shutil.copy(case / "notebooks/01_claim.ipynb", case / "notebooks/03_new.ipynb"),
        "notebooks/03_new.ipynb: it never ran",
    ),
    "executed missing": (lambda case: (case / EXECUTED).unlink(), f"{EXECUTED}: missing"),
    "input edited": (
        lambda case: (case / "inputs/clip.mp4").write_bytes(bytes(4096)),
        "inputs/clip.mp4: not the file of entry 1 (acquired)",
    ),
    "derived missing": (
        lambda case: (case / "derived/01_claim.png").unlink(),
        "derived/01_claim.png: missing; entry",
    ),
    "unknown file": (lambda case: (case / "inputs/b.mp4").write_bytes(b"x"), "inputs/b.mp4: no entry of the journal"),
    "environment edited": (lambda case: (case / "environment.json").write_bytes(b"{}"), "not the environment"),
    "link": (lambda case: (case / "inputs/link").symlink_to("/etc/passwd"), "inputs/link: a link"),
    "bad name": (lambda case: (case / "inputs/a\u202eb").write_bytes(b"x"), "control, format"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_would_not_verify_is_refused_and_named(case, fault):
    change, said = REFUSED[fault]
    change(case)
    assert said in refused(case)


def withdraw(case, *, keep=False):
    """What a run that does not derive a still again leaves."""
    thing = open_case(case).derived["01_claim.png"]
    if not keep:
        (case / thing.path).unlink()
    last = read_journal((case / "journal.jsonl").read_bytes())[-1]
    body = {"name": thing.name, "path": thing.path, "sha256": thing.sha256, "notebook": "notebooks/01_claim.ipynb"}
    note(case, "withdrawn", **body)
    note(case, "run-end", **last.body)


def test_what_was_withdrawn_need_not_be_there_and_must_not(case, tmp_path):
    other = shutil.copytree(case, tmp_path / "other")
    withdraw(case)
    package = seal_case(case).package
    assert verify_package(package).ok
    with zipfile.ZipFile(package) as archive:
        assert "data/derived/01_claim.png" not in archive.namelist()
    withdraw(other, keep=True)
    assert "derived/01_claim.png: withdrawn by entry" in refused(other)


def test_a_decision_that_rests_on_withdrawn_evidence_is_named_until_it_is_made_again(case):
    opened = open_case(case)
    opened.decide("S4", status="contradicted", because="an older copy", rests_on=["01_claim.png"])
    withdraw_after = open_case(case).entries[-2]
    note(case, "run-end", **withdraw_after.body)
    withdraw(case)
    assert "the decision on S4 rests on 01_claim.png, which entry" in refused(case)
    opened.decide("S4", status="not_established", because="the copy is gone")
    note(case, "run-end", **withdraw_after.body)
    assert verify_package(seal_case(case).package).ok


def test_all_faults_are_told_at_once(case):
    for fault in ("output edited", "derived missing", "input edited", "unknown file"):
        REFUSED[fault][0](case)
    problems = refused(case)
    assert all(REFUSED[fault][1] in problems for fault in ("output edited", "derived missing", "input edited"))
    assert problems.count("\n") >= 3


def test_the_latest_entry_about_a_file_is_the_one_that_counts(case):
    data = b"a better still"
    (case / "derived/01_claim.png").write_bytes(data)
    entries = read_journal((case / "journal.jsonl").read_bytes())
    before = next(e.body for e in entries if e.body.get("path") == "derived/01_claim.png")
    note(case, "derived", **before | {"sha256": sha256_bytes(data), "size": len(data)})
    last = read_journal((case / "journal.jsonl").read_bytes())[-2]
    note(case, "run-end", **last.body)
    assert verify_package(seal_case(case).package).ok


def telling(case, **data):
    """The case with an executed notebook whose output names a home folder, as its journal has it."""
    notebook = json.loads((case / EXECUTED).read_bytes())
    shown = {"text/plain": "read /home/ann.lee/clip.mp4 and C:\\Users\\Ann\\x"} | data
    notebook["cells"][2]["outputs"][0]["data"] |= shown
    notebook["cells"][1]["outputs"][1]["data"]["image/png"] = "/home/nobody/in/a/picture"
    reseal(case, case / EXECUTED, notebook)


def test_a_home_folder_in_an_output_needs_consent_for_that_cell_and_pictures_are_not_searched(case):
    telling(case)
    problems = refused(case)
    assert problems.startswith(f"{EXECUTED} cell 2 (c002): its output names /home/ann.lee, C:\\Users\\Ann")
    assert problems.count("\n") == 0
    with pytest.raises(ValueError, match=r"consent: no output that tells of people in 01_claim\.ipynb:c001"):
        seal_case(case, consent=["01_claim.ipynb:c001"])
    seal = seal_case(case, consent=["02_what_is_this_file.ipynb:c002"])
    assert verify_package(seal.package, expect_seal=seal.seal).exit_code == 0
    consent = read_journal((case / "journal.jsonl").read_bytes())[-1]
    assert (consent.kind, consent.body["path"], consent.body["id"]) == ("consent", EXECUTED, "c002")
    # Said once, it stays said: the same case gives the same bytes.
    whole = seal.package.read_bytes()
    assert seal_case(case).package.read_bytes() == whole
    # Another output of the same cell is another question.
    telling(case, **{"text/html": "/Users/ann"})
    seal.package.unlink()
    assert "/Users/ann" in refused(case)


@pytest.mark.parametrize(
    "data",
    [
        {"image/svg+xml": "<svg><text>/home/ann.lee</text></svg>"},
        {"application/json": {"files": {"/home/ann.lee/clip.mp4": 1}}},
        {"application/json": [[{"path": "file:///home/ann.lee/clip.mp4"}]]},
    ],
    ids=["a drawing", "a field's name", "deep in a result"],
)
def test_a_home_folder_is_seen_wherever_an_output_has_letters(case, data):
    telling(case, **{"text/plain": "nothing"} | data)
    assert "cell 2 (c002): its output names /home/ann.lee" in refused(case)


def reseal(case, path, notebook):
    """Let the journal tell of a new run that came to `notebook`."""
    from verikit.case.cells import cell_digests, load_notebook

    data = json.dumps(notebook).encode()
    path.write_bytes(data)
    entries = read_journal((case / "journal.jsonl").read_bytes())
    start = next(e for e in entries if e.kind == "run-start" and e.body["notebook"] == f"notebooks/{path.name}")
    note(case, "run-start", **start.body)
    for cell in cell_digests(load_notebook(data)):
        note(case, "cell-sealed", notebook=f"notebooks/{path.name}", index=cell.index, id=cell.id, digest=cell.digest)
    note(case, "run-end", notebook=f"notebooks/{path.name}", sha256=sha256_bytes(data), state="done")


def test_a_package_inside_its_case_or_of_no_case_is_refused(case, tmp_path):
    with pytest.raises(ValueError, match="inside its own case"):
        seal_case(case, package=case / "x.zip")
    with pytest.raises(FileNotFoundError, match="no such case"):
        seal_case(tmp_path / "none")


def test_a_seal_reads_back_and_shows_itself(case):
    seal = seal_case(case)
    assert Seal.from_dict(json.loads(json.dumps(seal.to_dict()))) == seal
    shown = seal._repr_mimebundle_()
    assert seal.seal in shown["text/plain"]
    assert seal.seal in shown["text/html"]
    assert shown[RESULT_MIME]["value"]["package"] == str(seal.package)
    assert isinstance(seal.package, Path)


def test_a_package_that_was_sealed_before_is_kept_under_another_name(case):
    first = seal_case(case)
    held = first.package.read_bytes()
    again = seal_case(case)
    assert (again.seal, again.warnings) == (first.seal, first.warnings)
    changed = seal_case(case, withhold={"derived/01_claim.png": "a face"})
    assert changed.seal != first.seal
    (told,) = [warning for warning in changed.warnings if "is kept as" in warning]
    assert first.seal in told
    (kept,) = first.package.parent.glob("flood.*.zip")
    assert kept.name in told
    assert kept.read_bytes() == held
    assert verify_package(kept, expect_seal=first.seal).ok


def test_what_is_no_package_is_not_written_over_either(case, tmp_path):
    target = tmp_path / "holiday.zip"
    target.write_bytes(b"pictures of mine")
    seal = seal_case(case, package=target)
    assert any("the file that stood there is kept as" in warning for warning in seal.warnings)
    (kept,) = tmp_path.glob("holiday.*.zip")
    assert kept.read_bytes() == b"pictures of mine"


def test_a_package_that_was_damaged_is_kept_as_it_is(case):
    package = seal_case(case).package
    held = bytearray(package.read_bytes())
    at = held.index(b"tagmanifest-sha256.txt") + len("tagmanifest-sha256.txt")
    held[at : at + 20] = b"\xff" * 20
    package.write_bytes(held)
    seal_case(case)
    (kept,) = case.parent.glob("flood.*.zip")
    assert kept.read_bytes() == held
