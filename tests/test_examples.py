"""The examples run as they are written, and come to what the notebooks come to."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from verikit.case.opening import open_case
from verikit.case.running import run_case
from verikit.case.sameness import json_difference

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/case_in_20_lines.py"
STEPS = {
    "02_what_is_this_file": ["container"],
    "03_frames_to_search": ["scan", "keyframes"],
    "04_seen_before": ["copies"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder that the script made, and what it printed."""
    folder = tmp_path_factory.mktemp("example") / "made"
    done = subprocess.run([sys.executable, "-W", "error", EXAMPLE, folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


def test_it_is_twenty_lines_at_most():
    body = ast.parse(EXAMPLE.read_text(encoding="utf-8")).body
    work = [statement for statement in body[1:] if not isinstance(statement, ast.Import | ast.ImportFrom)]
    assert work[-1].end_lineno - work[0].lineno + 1 <= 20


def test_it_finds_the_earlier_footage_and_says_what_is_established(made):
    folder, told = made
    assert "mirrored, is consistent with the same footage as 0:04.3 to 0:10.3 of dormitory_evening.mp4." in told
    case = open_case(folder / "case")
    assert case.verdict.label == "recycled"
    assert [decision.status for decision in case.decisions].count("contradicted") == 1
    assert "recycled" in (case.folder / "report.html").read_text(encoding="utf-8")
    assert list(pd.read_csv(folder / "copies.csv", encoding="utf-8-sig")["role"]) == ["the clip", "in the archive"]


def test_the_notebooks_come_to_the_same(made):
    case = open_case(made[0] / "case")
    names = [name for step in STEPS.values() for name in step]
    before = {name: case.evidence(name) for name in names}
    assert {run.state for run in run_case(case, only=list(STEPS))} == {"ran"}
    assert {name: json_difference(before[name], case.evidence(name)) for name in names} == dict.fromkeys(names, "")
