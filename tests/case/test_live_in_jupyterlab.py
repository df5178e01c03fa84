"""Live work in a true JupyterLab: what runs there is in the journal, and what was done behind its back is named."""

from __future__ import annotations

import json
import shutil

import pytest
from lab import PANEL, opened

from benchmarks.tampers import read, unpack
from verikit.case.claims import Claim
from verikit.case.opening import new_case, open_case
from verikit.case.sealing import seal_case
from verikit.case.verifying import verify_package

SOURCES = (
    "%load_ext verikit\nfrom verikit.case.opening import open_case\ncase = open_case()",
    "print('one'); print('two')\n1 + 1",
    "import sys\nprint('10%\\r100%')\nsys.stderr.write('careful\\n')\n{'three': 3.5}",
    "case.note('the sign is in Thai')",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>four</b>'), display_id='x')\nprint('äöü')",
)


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """A case on whose notebook someone worked in JupyterLab: ran all, ran one again, edited, deleted, and saved."""
    place = tmp_path_factory.mktemp("lab")
    (place / "given").mkdir()
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(SOURCES)
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    (place / "given" / "01_look.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})
    )
    (place / "clip.mp4").write_bytes(b"moving pictures")
    claim = Claim.from_text("a post")
    case = new_case(place / "case", video=place / "clip.mp4", claim=claim, notebooks=place / "given")
    with opened(case.folder, place, "01_look.ipynb") as page:
        page.run("jupyterapp.commands.execute('notebook:run-all-cells')")
        cells = f"{PANEL}.content.widgets"
        page.until(f"{cells}.every(cell => cell.model.executionCount && cell.model.executionState !== 'running')")
        page.run("jupyterapp.commands.execute('docmanager:save')")
        clean = (stale(case), case.entries)
        # The second cell runs again after the third; the fourth is edited and not run; the fifth is deleted.
        page.run(f"{PANEL}.content.activeCellIndex = 1")
        page.run("jupyterapp.commands.execute('notebook:run-cell')")
        page.until(f"{cells}[1].model.executionCount === 6")
        page.run(f"{cells}[3].model.sharedModel.setSource(\"case.note('the sign is in Lao')\")")
        page.run(f"{PANEL}.content.activeCellIndex = 4")
        page.run("jupyterapp.commands.execute('notebook:delete-cell')")
        page.run("jupyterapp.commands.execute('docmanager:save')")
    return case, clean, stale(case)


def stale(case):
    return [(cell.id, cell.kind) for cell in case.stale_cells()]


def test_each_cell_is_in_the_journal_with_what_it_showed_and_a_saved_notebook_is_what_ran(worked):
    _, (found, entries), _ = worked
    assert found == []
    told = [entry.body for entry in entries if entry.kind == "live-cell"]
    assert [(body["id"], body["n"], body["status"]) for body in told] == [(f"c{n}", n + 1, "ok") for n in range(5)]
    assert [len(body["outputs"]) for body in told] == [0, 2, 3, 0, 2]
    assert "the sign is in Thai" in [entry.body["text"] for entry in entries if entry.kind == "note"]
    assert {body["notebook"] for body in told} == {"notebooks/01_look.ipynb"}


def test_what_was_edited_deleted_or_run_in_another_order_is_named(worked):
    case, _, found = worked
    assert found == [
        ("c2", "out-of-order"),
        ("c3", "edited"),
        ("c3", "out-of-order"),
        ("c4", "deleted"),
    ]
    assert "the sign is in Lao" not in [entry.body.get("text") for entry in open_case(case.folder).entries]


def test_jupyterlab_opens_a_sealed_notebook_and_shows_what_was_sealed(worked, tmp_path):
    case = worked[0]
    seal = seal_case(case.folder, package=tmp_path / "sealed.zip")
    data = unpack(tmp_path / "unpacked", read(seal.package)) / "data"
    sealed = json.loads((data / "executed/01_look.ipynb").read_bytes())
    (tmp_path / "desk").mkdir()
    with opened(data, tmp_path / "desk", "../executed/01_look.ipynb") as page:
        shown = page.run(f"JSON.stringify({PANEL}.content.model.toJSON().cells)")
        errors = page.run("document.querySelectorAll('.jp-Dialog').length")
    found = json.loads(shown)
    assert [cell["id"] for cell in found] == [cell["id"] for cell in sealed["cells"]]
    assert [len(cell["outputs"]) for cell in found] == [len(cell["outputs"]) for cell in sealed["cells"]]
    assert errors == 0
    # JupyterLab leaves a checkpoint beside what it opens, which is told; else, looking changed nothing.
    assert "executed/.ipynb_checkpoints/" in str(verify_package(data.parent))
    shutil.rmtree(data / "executed/.ipynb_checkpoints")
    assert verify_package(data.parent, expect_seal=seal.seal).exit_code == 0
