"""`verikit lab`: where it opens, what it leaves out, and that closing it leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from lab import TOKEN, lab

from verikit.case.claims import Claim
from verikit.case.journal import append
from verikit.case.lab import current_notebook, lab_command
from verikit.case.opening import new_case
from verikit.case.running import run_case


def notebook(*sources):
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def case(tmp_path):
    """A case of three notebooks of two cells, none of which ran; the last has an empty cell besides."""
    given = tmp_path / "given"
    given.mkdir()
    for name, empty in (("01_open", []), ("02_look", []), ("03_end", [""])):
        (given / f"{name}.ipynb").write_text(notebook("1 + 1", "2 + 2", *empty))
    (tmp_path / "clip.mp4").write_bytes(b"moving pictures")
    return new_case(tmp_path / "case", video=tmp_path / "clip.mp4", claim=Claim.from_text("a post"), notebooks=given)


def worked(case, name, *cells, status="ok"):
    """What the kernel tells the journal of cells that run in JupyterLab."""
    for cell in cells:
        append(case.journal, "live-cell", {"notebook": f"notebooks/{name}", "id": cell, "status": status}, case=case.id)


# -------------------------------------------------------------------------------------------------------- where it opens


def test_a_new_case_opens_on_its_first_notebook(case):
    assert current_notebook(case) == "01_open.ipynb"


def test_a_notebook_of_which_a_cell_has_not_run_or_ended_in_an_error_is_where_the_analyst_is(case):
    worked(case, "01_open.ipynb", "c0")
    assert current_notebook(case) == "01_open.ipynb"
    worked(case, "01_open.ipynb", "c1", status="error")
    assert current_notebook(case) == "01_open.ipynb"
    worked(case, "01_open.ipynb", "c1")
    assert current_notebook(case) == "02_look.ipynb"


def test_what_was_run_by_the_command_is_behind_the_analyst(case):
    run_case(case, only=["01_open"])
    assert current_notebook(case) == "02_look.ipynb"


def test_where_all_ran_it_is_the_one_last_worked_on_and_else_the_first(case):
    run_case(case)
    assert current_notebook(case) == "01_open.ipynb"
    worked(case, "03_end.ipynb", "c0")
    worked(case, "02_look.ipynb", "c0")
    assert current_notebook(case) == "02_look.ipynb"
    (case.folder / "notebooks/02_look.ipynb").unlink()
    assert current_notebook(case) == "03_end.ipynb"


def test_an_empty_cell_needs_no_run_and_a_broken_notebook_needs_the_analyst(case):
    for name in ("01_open.ipynb", "02_look.ipynb", "03_end.ipynb"):
        worked(case, name, "c0", "c1")
    assert current_notebook(case) == "03_end.ipynb"
    (case.folder / "notebooks/02_look.ipynb").write_text("broken")
    assert current_notebook(case) == "02_look.ipynb"


def test_a_folder_of_notebooks_without_a_journal_opens_on_the_first(case):
    case.journal.unlink()
    assert current_notebook(case) == "01_open.ipynb"


def test_a_case_without_notebooks_says_so(case):
    for path in (case.folder / "notebooks").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="no notebooks in notebooks/"):
        lab_command(case)


def test_the_command_serves_the_case_alone_quotes_names_and_hands_options_on(case):
    (case.folder / "notebooks/01_open.ipynb").rename(case.folder / "notebooks/00 what? #1.ipynb")
    command, _ = lab_command(case, options=["--port=9"])
    assert f"--ServerApp.root_dir={case.folder}" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/00%20what%3F%20%231.ipynb" in command
    assert command[-1] == "--port=9"


# --------------------------------------------------------------------------------------------------------- closing it


def children(number):
    """The processes that a process started, and that those started."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name is in brackets and may hold anything; the parent is the second word after it.
            found[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    under = {number}
    while more := {child for child, parent in found.items() if parent in under} - under:
        under |= more
    return under - {number}


def alive(number):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=["SIGTERM", "SIGINT", "SIGHUP"])
def test_closing_lab_leaves_no_process(how, tmp_path, case):
    if signal.getsignal(how) is signal.SIG_IGN:
        pytest.skip(f"whoever runs the tests ignores {how.name} (as nohup does), and so does what they start")
    with lab(case.folder, tmp_path / "home", stdin=subprocess.DEVNULL, start_new_session=True) as server:
        asked = {"path": "notebooks/01_open.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        request = urllib.request.Request(
            server.address("api/sessions"),
            data=json.dumps(asked).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"token {TOKEN}"},
        )
        with urllib.request.urlopen(request) as made:
            assert made.status == 201
        started = children(server.process.pid)
        assert started
        # As closing the terminal does: the whole group is told.
        os.killpg(server.process.pid, how)
        server.process.wait(timeout=20)
        until = time.monotonic() + 20
        while any(map(alive, started)) and time.monotonic() < until:
            time.sleep(0.1)
        assert [number for number in started if alive(number)] == []
        with pytest.raises(ProcessLookupError):
            os.killpg(server.process.pid, 0)


def test_a_package_that_was_received_opens_on_the_notebook_that_checks_it(sample_data, tmp_path):
    from verikit.case.folder import Case
    from verikit.case.received import prepare_check

    package = tmp_path / "received.zip"
    package.write_bytes((sample_data / "worked_case" / "worked_case.zip").read_bytes())
    folder = prepare_check(package)
    command, _ = lab_command(Case(folder=folder))
    assert "--LabApp.default_url=/lab/tree/notebooks/09_check_a_case.ipynb" in command
