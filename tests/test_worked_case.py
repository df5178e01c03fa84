"""The worked case that is shipped: it verifies, and a fresh run comes to the same claim, decisions and results."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import pytest

from verikit.case.derived import derived_of
from verikit.case.journal import read_journal, strict_json
from verikit.case.opening import open_case
from verikit.case.received import open_package
from verikit.case.sameness import json_difference
from verikit.case.verifying import verify_package

AGAIN = "it differs from what a run makes now; `make worked-case` makes it anew"


@pytest.fixture(scope="session")
def shipped(sample_data):
    """The folder of the worked case."""
    return sample_data / "worked_case"


@pytest.fixture(scope="session")
def files(shipped):
    """What is in the package, by name."""
    with zipfile.ZipFile(shipped / "worked_case.zip") as package:
        return {name.removeprefix("data/"): package.read(name) for name in package.namelist()}


@pytest.fixture(scope="session")
def entries(files):
    """The journal of the worked case."""
    return read_journal(files["journal.jsonl"])


def said(entries):
    """What people said, in its order, without the digests of evidence, which are compared as files."""
    kinds = {"decision", "note", "transfer"}
    return [
        (e.kind, {name: value for name, value in e.body.items() if name != "evidence"})
        for e in entries
        if e.kind in kinds
    ]


def test_it_verifies_with_the_seal_that_lies_beside_it(shipped):
    seal = (shipped / "SEAL.txt").read_text(encoding="utf-8").strip()
    done = subprocess.run(
        [sys.executable, "-m", "verikit.cli", "verify", shipped / "worked_case.zip", "--expect-seal", seal, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ok"] is True


def test_it_is_small(shipped):
    assert (shipped / "worked_case.zip").stat().st_size < 6_000_000


def test_it_says_that_it_is_made_up(files, entries):
    assert "the clip is rendered" in " ".join(body["text"] for kind, body in said(entries) if kind == "note")
    assert "rendered for this demonstration" in strict_json(files["derived/verdict.json"])["limits"]
    for name in ("inputs/post.json", "inputs/post_2.json"):
        assert "ade up for the demonstration" in strict_json(files[name])["note"]


def test_every_line_of_its_verdict_names_evidence_in_the_package(shipped, files):
    received = open_package(shipped / "worked_case.zip")
    assert [line.part for line in received.lines] == ["label", "media", "S1", "S2", "S3", "S4", "S5"]
    for line in received.lines:
        assert line.evidence
        assert not line.changed
        assert set(line.files) <= set(files)


def test_its_notebooks_and_inputs_are_those_of_today(demo, files):
    case = demo.folder / "case"
    for folder in ("notebooks", "inputs"):
        now = {f"{folder}/{path.name}": path.read_bytes() for path in (case / folder).iterdir()}
        then = {name: data for name, data in files.items() if name.startswith(f"{folder}/")}
        assert now.keys() == then.keys(), AGAIN
        for name, data in now.items():
            assert data == then[name], f"{name}: {AGAIN}"


def test_a_fresh_run_comes_to_the_same_claim_and_decisions(demo, entries):
    now = said(open_case(demo.folder / "case").entries)
    then = said(entries)
    assert len(now) == len(then), AGAIN
    for one, other in zip(then, now, strict=True):
        assert json_difference(list(one), list(other)) == "", f"{one[0]}: {AGAIN}"


def test_a_fresh_run_comes_to_the_same_results(demo, files, entries):
    case = open_case(demo.folder / "case")
    there, now = derived_of(entries), case.derived
    assert there.keys() == now.keys(), AGAIN
    for name, thing in there.items():
        if thing.path.endswith(".json"):
            found = json_difference(strict_json(files[thing.path]), case.evidence(name))
            assert found == "", f"{name}: {found}: {AGAIN}"


def test_a_letter_changed_in_it_is_found(shipped, files, tmp_path):
    changed = tmp_path / "changed.zip"
    data = (shipped / "worked_case.zip").read_bytes()
    # Stored, not deflated: the words stand in the package as they are.
    assert data.count(b"a made-up second reader") > 1
    changed.write_bytes(data.replace(b"a made-up second reader", b"a well-known one reader"))
    checked = verify_package(changed)
    assert not checked.ok
    assert any("second_reading" in problem.path for problem in checked["hashes"].problems)
