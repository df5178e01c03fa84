"""Running: notebooks run in order in fresh kernels, and the journal tells what happened."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from verikit._files import sha256_bytes, sha256_file
from verikit.case.cells import cell_digests, load_notebook, order_problems
from verikit.case.claims import Claim
from verikit.case.opening import new_case
from verikit.case.report import write_report
from verikit.case.running import NotebookRun, environment, fill_cells, run_case
from verikit.case.sealing import seal_case
from verikit.case.verifying import verify_package
from verikit.errors import AuditError

if TYPE_CHECKING:
    from pathlib import Path

    from verikit.case.folder import Case
    from verikit.case.journal import Entry


def notebook(*sources: str, tags: tuple[str, ...] = (), tagged: int = -1) -> bytes:
    """A notebook with one code cell a source; one of them carries the tags. Outputs of an older run stand in it."""
    old = {"outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}], "execution_count": 9}
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number:03d}", "metadata": {}, "source": source} | old
        for number, source in enumerate(sources)
    ]
    cells[tagged]["metadata"] = {"tags": list(tags), "papermill": {"duration": 1.0}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"widgets": {}}, "cells": cells}).encode()


def make(place: Path, **notebooks: bytes) -> Case:
    (place / "templates").mkdir()
    for name, data in notebooks.items():
        (place / "templates" / f"{name}.ipynb").write_bytes(data)
    (place / "clip.mp4").write_bytes(b"moving pictures")
    claim = Claim.from_text("a post")
    return new_case(place / "case", video=place / "clip.mp4", claim=claim, notebooks=place / "templates")


def text(output: dict[str, Any]) -> str:
    return "".join(output["text"])


RECORDING = """from verikit.case.opening import open_case
case = open_case()
case.keep_bytes(b"words", name="words.txt", operation="writing")
case"""
LOOKING = """import os, sys
from IPython import get_ipython
print(os.getcwd() == str(case.folder), sys.executable, os.environ["PYTHONHASHSEED"], flush=True)
print("PYTHONSTARTUP" in os.environ, "started" in globals())
print("to stderr", file=sys.stderr)"""


@dataclasses.dataclass(frozen=True)
class Ran:
    """A case that was run, and what was seen of it right after."""

    case: Case
    runs: tuple[NotebookRun, ...]
    told: list[str]
    entries: tuple[Entry, ...]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A case with one notebook that runs, one that fails, and one that then must not run; run where start-up files wait."""
    place = tmp_path_factory.mktemp("running")
    case = make(
        place,
        **{
            "01_open": notebook(RECORDING, " ", LOOKING),
            "02_fails": notebook("print(1)", "1 / 0", "print(2)", tags=("raises-exception",), tagged=1),
            "03_never": notebook("print(3)"),
        },
    )
    startup = place / "home" / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("started = True")
    (place / "startup.py").write_text("started = True")
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(place / "home" / ".ipython"))
        patch.setenv("PYTHONSTARTUP", str(place / "startup.py"))
        runs = run_case(case, progress=told.append)
    return Ran(case, tuple(runs), told, case.entries)


def test_notebooks_run_in_order_up_to_the_first_that_fails(ran: Ran) -> None:
    case, runs, told = ran.case, ran.runs, ran.told
    assert [(run.notebook, run.state, run.cells) for run in runs] == [
        ("01_open.ipynb", "ran", 2),
        ("02_fails.ipynb", "failed", 2),
    ]
    assert runs[1].error == "ZeroDivisionError: division by zero"
    assert told == [
        "01_open: cell 0 (c000)",
        "01_open: cell 2 (c002)",
        "02_fails: cell 0 (c000)",
        "02_fails: cell 1 (c001)",
    ]
    assert [path.name for path in (case.folder / "executed").iterdir()] == ["01_open.ipynb"]
    assert [path.name for path in (case.folder / "failed").iterdir()] == ["02_fails.ipynb"]
    assert NotebookRun.from_dict(runs[1].to_dict()) == runs[1]


def test_a_result_that_cannot_be_shown_ends_the_run_with_its_own_error(tmp_path: Path) -> None:
    shown = "class Odd:\n    def _repr_mimebundle_(self, **_):\n        raise LookupError('no picture')\nOdd()"
    case = make(tmp_path, **{"01_shows": notebook(shown)})
    assert run_case(case)[0].error == "LookupError: no picture"


def test_the_journal_tells_the_run_from_start_to_end(ran: Ran) -> None:
    case = ran.case
    entries = [entry for entry in ran.entries if entry.seq > 1]
    kinds = [entry.kind for entry in entries]
    sealed = ["cell-sealed"] * 3
    assert kinds == [
        *("run-start", "derived", "cell", "cell", *sealed, "run-end"),
        *("run-start", "cell", "cell", *sealed, "run-end"),
    ]
    start, end = entries[0].body, entries[7].body
    assert start["sha256"] == sha256_file(case.folder / "notebooks" / "01_open.ipynb")
    assert start["environment"] == sha256_file(case.folder / "environment.json")
    assert end["sha256"] == sha256_file(case.folder / "executed" / "01_open.ipynb")
    assert (end["state"], end["cells"], end["error"]) == ("done", 2, "")
    assert entries[-1].body["state"] == "failed"
    assert [entry.body["status"] for entry in entries if entry.kind == "cell"] == ["ok", "ok", "ok", "error"]


def test_what_a_notebook_derives_is_bound_to_it(ran: Ran) -> None:
    case = ran.case
    assert case.derived["words.txt"].notebook == "notebooks/01_open.ipynb"
    case.keep_bytes(b"by hand", name="by_hand.txt", operation="writing")
    assert case.derived["by_hand.txt"].notebook == ""


def test_the_executed_copy_is_one_clean_run_as_the_journal_sealed_it(ran: Ran) -> None:
    case = ran.case
    for folder, name in (("executed", "01_open.ipynb"), ("failed", "02_fails.ipynb")):
        executed = load_notebook((case.folder / folder / name).read_bytes())
        sealed = [
            entry.body
            for entry in ran.entries
            if entry.kind == "cell-sealed" and entry.body["notebook"] == f"notebooks/{name}"
        ]
        assert [cell.digest for cell in cell_digests(executed)] == [body["digest"] for body in sealed]
        assert [cell.id for cell in cell_digests(executed)] == [body["id"] for body in sealed]
        assert "papermill" not in json.dumps(executed)
        assert "widgets" not in executed["metadata"]
        assert not any("old" in text(o) for cell in executed["cells"] for o in cell["outputs"] if "text" in o)
        assert bool(order_problems(executed)) is (name == "02_fails.ipynb")


def test_the_kernel_is_this_python_in_the_case_without_a_persons_settings(ran: Ran) -> None:
    import sys

    case = ran.case
    cell = load_notebook((case.folder / "executed" / "01_open.ipynb").read_bytes())["cells"][2]
    assert text(cell["outputs"][0]).splitlines() == [f"True {sys.executable} 0", "False False"]
    assert cell["outputs"][1]["name"] == "stderr"


def test_saving_the_executed_copy_again_in_jupyters_way_keeps_its_bytes(ran: Ran) -> None:
    import nbformat

    case = ran.case
    data = (case.folder / "executed" / "01_open.ipynb").read_text(encoding="utf-8")
    assert nbformat.writes(nbformat.reads(data, as_version=4)) + "\n" == data


def test_running_again_gives_the_same_bytes(ran: Ran) -> None:
    case = ran.case
    before = (case.folder / "executed" / "01_open.ipynb").read_bytes()
    runs = run_case(case, only=["01_open"])
    assert [run.state for run in runs] == ["ran"]
    assert (case.folder / "executed" / "01_open.ipynb").read_bytes() == before
    assert sha256_bytes(before) == case.entries[-1].body["sha256"]


DERIVING = """from verikit.case.opening import open_case
case = open_case()
for name in (case.folder.parent / "names").read_text().split():
    case.keep_bytes(name.encode(), name=name, operation="writing")
if (case.folder.parent / "fails").exists():
    1 / 0"""


def test_what_a_notebook_does_not_derive_again_is_withdrawn_when_it_ran_through(tmp_path: Path) -> None:
    case = make(
        tmp_path,
        **{"01_first": notebook(DERIVING), "02_second": notebook(DERIVING.replace("name=name", "name='2_' + name"))},
    )
    names, fails = tmp_path / "names", tmp_path / "fails"
    names.write_text("evidence_1.png evidence_2.png")
    run_case(case)
    case.keep_bytes(b"x", name="by_hand.txt", operation="writing")
    names.write_text("evidence_2.png")
    fails.touch()
    run_case(case, only=["01_first"])
    # A run that failed cannot know what it would have derived.
    assert "evidence_1.png" in case.derived
    fails.unlink()
    lost = case.derived["evidence_1.png"]
    run_case(case, only=["01_first"])
    gone = [entry for entry in case.entries if entry.kind == "withdrawn"]
    wanted = {"name": lost.name, "path": lost.path, "sha256": lost.sha256, "notebook": "notebooks/01_first.ipynb"}
    assert [entry.body for entry in gone] == [wanted]
    assert case.entries[-1].kind == "run-end"
    there = {"evidence_2.png", "by_hand.txt", "2_evidence_1.png", "2_evidence_2.png"}
    assert set(case.derived) == there == {path.name for path in (case.folder / "derived").iterdir()}
    names.write_text("evidence_1.png")
    run_case(case, only=["01_first"])
    assert set(case.derived) == there - {"evidence_2.png"} | {"evidence_1.png"}
    assert verify_package(seal_case(case.folder).package).ok


def test_a_run_that_fails_leaves_the_last_good_copy_and_the_next_good_one_takes_both_places(tmp_path: Path) -> None:
    source = "import pathlib\nassert not pathlib.Path('../fails').exists()\nprint('good')"
    case = make(tmp_path, **{"01_only": notebook(source)})
    executed, failed = case.folder / "executed" / "01_only.ipynb", case.folder / "failed" / "01_only.ipynb"
    run_case(case)
    good = executed.read_bytes()
    (tmp_path / "fails").touch()
    assert run_case(case)[0].state == "failed"
    assert executed.read_bytes() == good
    assert case.entries[-1].body["sha256"] == sha256_file(failed)
    with pytest.raises(AuditError, match="cannot be sealed") as caught:
        seal_case(case.folder)
    # The copy is as its own run left it: only that the latest run failed stands against sealing.
    assert caught.value.problems == ("executed/01_only.ipynb: its last run ended as 'failed', not as 'done'",)
    page = write_report(case).read_text(encoding="utf-8")
    assert "executed/01_only.ipynb is of an earlier run" in page
    assert "This step ended in an error." in page
    executed.write_bytes(good.replace(b"good", b"evil"))
    with pytest.raises(AuditError, match="differs from the journal"):
        seal_case(case.folder)
    (tmp_path / "fails").unlink()
    run_case(case)
    assert executed.read_bytes() == good
    assert not failed.parent.exists()
    assert verify_package(seal_case(case.folder).package).ok


def test_a_cell_that_takes_too_long_and_a_kernel_that_dies_are_told(tmp_path: Path) -> None:
    slow = notebook("import time", "time.sleep(60)")
    case = make(tmp_path, slow=slow, dies=notebook("import os; os._exit(3)"))
    assert run_case(case, only=["slow"], seconds_per_cell=0.5)[0].error == "TimeoutError: cell 1 ran longer than 0.5 s"
    run = run_case(case, only=["dies"])[0]
    assert (run.state, run.error[:21]) == ("failed", "Kernel died in cell 0")
    assert [entry.body["state"] for entry in case.entries if entry.kind == "run-end"] == ["failed", "failed"]


def test_ctrl_c_stops_the_kernel_and_leaves_no_half_file(tmp_path: Path) -> None:
    source = "import os, pathlib; pathlib.Path('pid').write_text(str(os.getpid()))"
    case = make(tmp_path, slow=notebook(source, "import time; time.sleep(60)"))

    def interrupt(told: str) -> None:
        if "cell 1" in told:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        run_case(case, progress=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int((case.folder / "pid").read_text()), 0)
    assert not (case.folder / "executed").exists()
    assert (case.entries[-1].kind, case.entries[-1].body["state"]) == ("run-end", "stopped")


def test_what_cannot_be_run_is_refused_before_anything_runs(tmp_path: Path) -> None:
    case = make(tmp_path, good=notebook("1"))
    before = case.journal.read_bytes()
    with pytest.raises(ValueError, match=r"no other\.ipynb; there are: good\.ipynb"):
        run_case(case, only=["other"])
    (case.folder / "notebooks" / "worse.ipynb").write_bytes(b"{}")
    with pytest.raises(AuditError, match=r"worse\.ipynb"):
        run_case(case)
    case.video.chmod(0o644)
    case.video.write_bytes(b"MOVING PICTURES")
    with pytest.raises(AuditError, match="not the video"):
        run_case(case, only=["good"])
    assert case.journal.read_bytes() == before


def test_the_environment_names_every_distribution_and_no_person() -> None:
    import platform

    found = environment()
    names = {dist["name"].lower(): dist for dist in found["distributions"]}
    assert {"numpy", "nbclient", "ipykernel"} <= set(names)
    assert len(names["numpy"]["record_sha256"]) == 64
    assert found["python"] == platform.python_version()
    assert platform.node() not in json.dumps({key: value for key, value in found.items() if key != "distributions"})
    assert found == environment()


def test_cells_are_filled_by_their_tag_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(notebook("print(1)", "decide()", tags=("decision",)))
    before = load_notebook(path.read_bytes())
    fill_cells(path, tag_sources={"decision": "x = 1\nx"})
    after = load_notebook(path.read_bytes())
    assert after["cells"][0] == before["cells"][0]
    assert after["cells"][1]["source"] == ["x = 1\n", "x"]
    assert (after["cells"][1]["outputs"], after["cells"][1]["execution_count"]) == ([], None)
    kept = path.read_bytes()
    with pytest.raises(ValueError, match="verdict"):
        fill_cells(path, tag_sources={"decision": "y", "verdict": "z"})
    assert path.read_bytes() == kept
