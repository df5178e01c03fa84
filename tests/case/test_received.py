"""What a recipient sees of a package: checked first, then its verdict line by line; nothing of a package that does not hold."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import reads

from benchmarks.tampers import JOURNAL, pack, read, refit
from verikit import cli
from verikit.case.opening import open_case
from verikit.case.received import CHECK, VerdictLine, is_package, open_package, prepare_check
from verikit.case.verifying import verify_package
from verikit.errors import AuditError

SEALED = Path(__file__).parent / "sealed"
WORKED = Path(__file__).resolve().parents[2] / "sample_data/worked_case"


def text(value):
    return value._repr_mimebundle_()["text/plain"]


@pytest.fixture
def package(tmp_path):
    return Path(shutil.copy(WORKED / "worked_case.zip", tmp_path / "case.zip"))


def test_a_package_is_checked_and_shown_without_being_unpacked(package):
    received = open_package(package, expect_seal=(WORKED / "SEAL.txt").read_text(encoding="utf-8"))
    assert received.verification == verify_package(package, expect_seal=received.verification.seal)
    assert "seal       holds" in text(received)
    assert "verdict: recycled" in text(received.card)
    assert "Dissents on S5" in text(received.card)
    assert "post 2: @night_digest_example" in text(received.card)
    assert "anyone can write" in text(received.not_shown)
    line = received.lines[4]
    assert (line.part, line.outcome, line.evidence[0]) == ("S3", "contradicted", "copies")
    assert VerdictLine.from_dict(json.loads(json.dumps(line.to_dict()))) == line
    assert [path.name for path in package.parent.iterdir()] == ["case.zip"]


@pytest.mark.parametrize("name", [path.name for path in sorted(SEALED.glob("*.zip"))])
def test_packages_of_earlier_versions_are_shown_too(name):
    received = open_package(SEALED / name)
    assert received.verification.ok
    assert "claim: " in text(received.card)
    assert [(line.part, line.outcome) for line in received.lines] == [("label", "no verdict"), ("S4", "contradicted")]
    assert text(received.not_shown)


def test_of_a_package_that_does_not_hold_nothing_is_shown(package):
    changed = package.with_name("changed.zip")
    changed.write_bytes(package.read_bytes().replace(b"a made-up second reader", b"a well-known one reader"))
    received = open_package(changed)
    assert not received.verification.ok
    assert text(received.card) == "The package does not hold, so nothing of its case is shown here."
    assert (len(received.lines), received.verdict, received.second_reading) == (0, None, None)
    assert "hashes     broken" in text(received)


@pytest.mark.parametrize("change", [(b'"because":"an older copy"', b'"because":7'), (b'"asked":', b'"sked":')])
def test_a_journal_that_holds_and_tells_nonsense_is_refused_and_named(sealed, tmp_path, change):
    files = read(sealed.package)
    assert files[JOURNAL].count(change[0]) >= 1
    files[JOURNAL] = files[JOURNAL].replace(*change)
    refit(files)
    odd = pack(tmp_path / "odd.zip", files)
    assert verify_package(odd)["journal"].state == "holds"
    with pytest.raises(AuditError, match="is not of a case's form"):
        open_package(odd)


def test_a_review_is_signed_and_the_seal_stays(package, keys):
    received = open_package(package)
    assert "No review is recorded" in text(received.review(""))
    with pytest.raises(ValueError, match="key is missing"):
        received.review("Cy", agrees=["S1"])
    with pytest.raises(ValueError, match="says nothing"):
        received.review("Cy", key=keys / "analyst")
    with pytest.raises(ValueError, match="no 'S9'"):
        received.review("Cy", agrees=["S9"], key=keys / "analyst")
    done = received.review("Cy", agrees=["S1"], dissents={"S3": "a tag is no date"}, key=keys / "analyst")
    again = open_package(package, expect_seal=received.verification.seal, review_key=keys / "analyst.pub")
    assert again.verification["review"].state == "holds"
    assert done.review.text == "Second reader: Cy. Agrees on S1. Dissents on S3: a tag is no date."
    assert done.review.text in again.verification["review"].says


def test_a_review_on_the_command_line_agrees_and_dissents_by_part(package, keys, capsys):
    words = ["review", str(package), "--sign", str(keys / "analyst"), "--by", "Cy", "--json"]
    assert cli.main([*words, "--agree", "S1", "--agree", "media", "--dissent", "S3", "a tag is no date"]) == 0
    said = json.loads(capsys.readouterr().out)["review"]["text"]
    assert said == "Second reader: Cy. Agrees on S1, media. Dissents on S3: a tag is no date."
    assert cli.main([*words, "--agree", "S9"]) == 2
    assert "the verdict has no 'S9'" in capsys.readouterr().err
    assert cli.main(words) == 2


def test_without_a_package_the_case_at_hand_is_shown_as_its_recipient_will_see_it(case, monkeypatch):
    monkeypatch.chdir(case)
    received = open_package("")
    assert "No package is named" in text(received)
    assert open_case(case).id in text(received.card)
    before = len(open_case(case).entries)
    received.review("")
    assert open_case(case).entries[before].body["text"].startswith("Step 09 ran, before sealing")


def test_without_a_package_or_a_case_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="not a case"):
        open_package("")
    with pytest.raises(FileNotFoundError, match=r"gone\.zip"):
        open_package("gone.zip")


def test_the_notebook_of_a_recipient_runs_from_top_to_bottom_with_the_package_filled_in(package):
    folder = prepare_check(package)
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*.ipynb")] == [f"notebooks/{CHECK}"]
    notebook = reads((folder / "notebooks" / CHECK).read_text(encoding="utf-8"), as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(folder / "notebooks")}}).execute()
    shown = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert "a BagIt bag that holds a sealed case" in shown
    assert "No review is recorded" in shown
    assert '"output_type": "error"' not in shown
    # What a recipient wrote there is theirs.
    (folder / "notebooks" / CHECK).write_text("mine", encoding="utf-8")
    assert prepare_check(package) == folder
    assert (folder / "notebooks" / CHECK).read_text(encoding="utf-8") == "mine"


def test_what_is_a_package_is_told_from_a_case(package, case, tmp_path):
    assert is_package(package)
    assert not is_package(case)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "bag")
    assert is_package(tmp_path / "bag")
    (tmp_path / "text.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(AuditError, match="not a zip"):
        prepare_check(tmp_path / "text.zip")
    assert not (tmp_path / "text-check").exists()
