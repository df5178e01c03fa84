"""What an analyst leaves out is out, everywhere where it can be; what is left still checks, and what was left out is said."""

from __future__ import annotations

import base64
import json
import re
import zipfile

import pytest

from benchmarks.tampers import PIXEL, pack, read, rehash, running_case, tell, tell_run
from verikit._files import sha256_file
from verikit.case.cells import LEFT_OUT, cell_digests, load_notebook, output_digest, stated_digest
from verikit.case.journal import append, read_journal
from verikit.case.leaving_out import LeftOut, tells
from verikit.case.opening import open_case
from verikit.case.report import report_page
from verikit.case.rerunning import rerun_package
from verikit.case.sealing import say_left_out, seal_case
from verikit.case.verifying import verify_package
from verikit.errors import AuditError

FACE = base64.b64decode(PIXEL)
EXECUTED = "data/executed/01_claim.ipynb"


@pytest.fixture
def shown(case):
    """The case with the picture that its notebooks show kept as a file, too, and a note; it ends with a run."""
    tell(case, "run-start", notebook="notebooks/01_claim.ipynb", **begun(case, "01_claim.ipynb"))
    opened = open_case(case)
    opened.keep_bytes(FACE, name="seen/face.png", operation="figure")
    opened.keep_bytes(b"01_claim.ipynb", name="01_claim.png", operation="still", parents=["video"])
    opened.note("The woman at the door is\nMaria Petrova of the bakery.")
    tell_run(case, "01_claim.ipynb", (case / "executed/01_claim.ipynb").read_bytes())
    return case


def begun(case, name):
    start = next(e for e in open_case(case).entries if e.kind == "run-start" and e.body["notebook"].endswith(name))
    return {field: start.body[field] for field in ("sha256", "environment")}


def note_of(case):
    return next(entry.seq for entry in open_case(case).entries if entry.kind == "note")


def test_a_picture_is_out_of_files_notebooks_and_report_and_the_package_still_checks(shown):
    code = PIXEL.encode()
    assert code in (shown / "executed/01_claim.ipynb").read_bytes()
    seal = seal_case(shown, leave_out={"seen/face.png": "she did not agree"})
    with zipfile.ZipFile(seal.package) as package:
        held = {name: package.read(name) for name in package.namelist()}
    assert "data/derived/seen/face.png" not in held
    assert not [name for name, data in held.items() if code in data or FACE in data]
    checked = verify_package(seal.package, expect_seal=seal.seal)
    assert (checked.ok, checked.exit_code) == (True, 3)
    assert {part.name for part in checked.properties if part.state == "limited"} == {"hashes", "notebook"}
    assert "outputs left out by the analyst" in str(checked["notebook"].problems[0])
    page = held["data/report.html"].decode()
    assert "[Left out by the analyst: she did not agree. " in page
    assert "Left out: derived/seen/face.png. The reason: she did not agree" in page
    # The case itself keeps all of it, and sealed twice it is the same.
    assert code in (shown / "executed/01_claim.ipynb").read_bytes()
    assert seal_case(shown).package.read_bytes() == seal.package.read_bytes()


def test_a_cells_outputs_are_out_and_their_digests_are_those_that_were_sealed(shown):
    before = cell_digests(load_notebook((shown / "executed/01_claim.ipynb").read_bytes()))
    cell = next(cell for cell in before if cell.outputs)
    seal = seal_case(shown, leave_out={f"01_claim.ipynb:{cell.id}": "names a source"})
    packed = load_notebook(read(seal.package)[EXECUTED])
    stood_in = [output for one in packed["cells"] if one["id"] == cell.id for output in one["outputs"]]
    assert [stated_digest(output) for output in stood_in] == list(cell.outputs)
    assert all("names a source" in output["data"]["text/plain"] for output in stood_in)
    assert cell_digests(packed, left_out=cell.outputs) == before
    assert cell_digests(packed) != before
    assert verify_package(seal.package).exit_code == 3


def test_a_note_is_out_of_the_report_alone_and_that_is_said(shown):
    number = note_of(shown)
    assert "Maria" in report_page(open_case(shown))
    seal = seal_case(shown, leave_out={f"note:{number}": "protects a witness"})
    assert f"the note of entry {number} is left out of report.html alone" in " ".join(seal.warnings)
    held = read(seal.package)
    page = held["data/report.html"].decode()
    assert "Maria" not in page
    assert "Left out of this page by the analyst: protects a witness. The journal in the package holds it" in page
    assert b"Maria" in held["data/journal.jsonl"]
    assert verify_package(seal.package).exit_code == 0


def test_what_runs_again_leaves_out_the_same(shown):
    say_left_out(shown, {"seen/face.png": "she did not agree", f"note:{note_of(shown)}": "a witness"})
    tell(shown, "run-start", notebook="notebooks/01_claim.ipynb", **begun(shown, "01_claim.ipynb"))
    case = open_case(shown)
    case.note("The woman at the door is\nMaria Petrova of the bakery.")
    case.keep_bytes(FACE + b"\n", name="seen/face.png", operation="figure")
    case.keep_bytes(b"01_claim.ipynb", name="01_claim.png", operation="still", parents=["video"])
    tell_run(shown, "01_claim.ipynb", (shown / "executed/01_claim.ipynb").read_bytes())
    assert "Maria" not in report_page(open_case(shown))
    seal = seal_case(shown)
    assert "data/derived/seen/face.png" not in read(seal.package)
    assert verify_package(seal.package).exit_code == 3


def test_a_stand_in_that_no_entry_tells_of_is_a_changed_output(shown, tmp_path):
    seal = seal_case(shown)
    files = read(seal.package)
    notebook = json.loads(files[EXECUTED])
    output = next(cell for cell in notebook["cells"] if cell.get("outputs"))["outputs"]
    digest = output_digest(output[0])
    output[0] = {"output_type": "display_data", "metadata": {}, "data": {LEFT_OUT: {"digest": digest, "reason": "x"}}}
    files[EXECUTED] = json.dumps(notebook).encode()
    rehash(files)
    checked = verify_package(pack(tmp_path / "x.zip", files))
    assert checked["notebook"].state == "broken"
    assert "output 0 differs from the journal" in str(checked["notebook"].problems)


def test_more_left_out_than_the_journal_says_or_another_reason_is_seen(shown, tmp_path):
    seal = seal_case(shown, leave_out={"seen/face.png": "she did not agree"})
    files = read(seal.package)
    files[EXECUTED] = files[EXECUTED].replace(b"she did not agree", b"she is a suspect!")
    rehash(files)
    checked = verify_package(pack(tmp_path / "x.zip", files))
    assert checked["notebook"].state == "broken"
    assert "re-saved" in str(checked["notebook"].problems)


def test_what_is_not_there_cannot_be_left_out_and_a_reason_is_asked_for(shown):
    for name, said in [
        ("seen/other.png", "no derived file of that name"),
        ("01_claim.ipynb:nothing", "no such cell with outputs"),
        ("note:0", "entry 0 of the journal is no note"),
    ]:
        with pytest.raises(ValueError, match=said):
            seal_case(shown, leave_out={name: "why"})
    with pytest.raises(ValueError, match="say why it is left out"):
        seal_case(shown, leave_out={"seen/face.png": "  "})
    assert not [e for e in open_case(shown).entries if e.kind in {"left-out", "withheld"}]


def test_a_notebook_that_was_saved_with_the_picture_is_refused_until_its_outputs_are_cleared(shown):
    path = shown / "notebooks/01_claim.ipynb"
    notebook = json.loads(path.read_bytes())
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL}}]
    path.write_bytes(json.dumps(notebook).encode())
    start = begun(shown, "01_claim.ipynb") | {"sha256": sha256_file(path)}
    tell(shown, "run-start", notebook="notebooks/01_claim.ipynb", **start)
    case = open_case(shown)
    for name, data in (("seen/face.png", FACE), ("01_claim.png", b"01_claim.ipynb")):
        case.keep_bytes(data, name=name, operation="figure")
    tell_run(shown, "01_claim.ipynb", (shown / "executed/01_claim.ipynb").read_bytes())
    with pytest.raises(AuditError, match="clear its outputs"):
        seal_case(shown, leave_out={"seen/face.png": "she did not agree"})


def test_what_is_left_out_is_held_against_a_new_run_by_its_digest(tmp_path):
    case = running_case(tmp_path / "case")
    cells = cell_digests(load_notebook((case / "executed/01_claim.ipynb").read_bytes()))
    wanted = {f"01_claim.ipynb:{next(cell.id for cell in cells if cell.outputs)}": "x", "01_claim.png": "y"}
    seal = seal_case(case, leave_out=wanted)
    again = rerun_package(verify_package(seal.package), seal.package)
    assert again["rerun"].state == "holds", again["rerun"]
    assert again.exit_code == 3


def test_words_of_a_note_are_known_among_code_and_line_ends_and_others_are_not():
    note = "The woman at the door is\nMaria Petrova."
    assert tells('case.note(\n    "The woman at the door is\\n"\n    "Maria Petrova.")', [note])
    assert tells("... woman at the door is Maria ...", [note])
    assert tells("seen", ["seen"])
    assert not tells("The woman left.", [note])
    assert not tells("anything", [])
    assert not tells("anything", ["", "?!"])


def test_an_entry_of_any_form_leaves_nothing_out_by_accident(case):
    for body in ({}, {"entry": "1", "reason": "x"}, {"outputs": "abc", "path": "executed/01_claim.ipynb"}, {"id": 5}):
        append(case / "journal.jsonl", "left-out", body, case=open_case(case).id)
    entries = read_journal((case / "journal.jsonl").read_bytes())
    assert LeftOut.of(entries).notes == {}
    assert re.search("Left out", report_page(open_case(case)))
    assert verify_package(seal_case(case).package).exit_code == 0
