"""The notebooks that are committed are what their sources make, and are clean."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9]*.py"))


def test_every_notebook_is_what_its_source_makes():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", NOTEBOOKS / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_template_is_clean_and_has_a_decision_to_make(source):
    cells = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert [cell["id"] for cell in cells] == [f"c{number:03d}" for number in range(len(cells))]
    assert any(tag.startswith("decide-") for cell in code for tag in cell["metadata"].get("tags", []))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_each_notebook_says_what_it_can_and_cannot_show_before_it_does_anything(source):
    first = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"][0]
    told = "".join(first["source"])
    assert first["cell_type"] == "markdown"
    assert told.startswith(f"# {source.stem[:2]} ")
    assert "What it cannot show" in told or "What it does not do" in told


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_cell_but_a_decision_holds_more_than_five_lines_of_logic(source):
    for cell in json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code" or cell["metadata"].get("tags"):
            continue
        logic = [
            line
            for line in "".join(cell["source"]).splitlines()
            if line.strip() and not line.startswith(("import", "from", "#"))
        ]
        assert len(logic) <= 5, cell["id"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_first_cell_that_runs_starts_the_journal(source):
    """What ran before that would be in no journal, and every saved notebook would be called stale."""
    cells = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    assert "".join(first["source"]).startswith("%load_ext verikit\n")
