"""Live work without a browser: what the kernel tells the journal, what is stale, and what sealing then does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verikit.case.cells import as_kept, load_notebook, output_digest
from verikit.case.claims import Claim
from verikit.case.derived import pretty_json
from verikit.case.live import SESSION_NAME, Shown, as_shown, watch
from verikit.case.opening import new_case
from verikit.case.sealing import seal_case
from verikit.case.verifying import verify_package
from verikit.errors import AuditError

FIRST = "%load_ext verikit\nfrom verikit.case.opening import open_case\ncase = open_case()"


def notebook(*sources):
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]
    return pretty_json({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


class Desk:
    """A kernel that a Jupyter server would have started for a notebook of a case, and the saved notebook."""

    def __init__(self, path, *, named=True):
        from jupyter_client.manager import KernelManager

        self.path = path
        self.manager = KernelManager()
        environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
        environment |= {SESSION_NAME: str(path)} if named else {}
        with Path(os.devnull).open("w") as nowhere:
            self.manager.start_kernel(cwd=str(path.parent), env=environment, stderr=nowhere)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, source, cell):
        """Run a cell as JupyterLab asks for it. Returns its outputs as the notebook would hold them, and its count."""
        from nbformat.v4 import output_from_msg

        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}}
        message = self.client.session.msg(
            "execute_request", content | {"allow_stdin": False}, metadata={"cellId": cell}
        )
        self.client.shell_channel.send(message)
        outputs, count = [], None
        while True:
            told = self.client.get_iopub_msg(timeout=60)
            if told["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if told["msg_type"] in {"stream", "display_data", "execute_result", "error"}:
                outputs.append(json.loads(json.dumps(output_from_msg(told))))
            elif told["msg_type"] == "execute_input":
                count = told["content"]["execution_count"]
            elif told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                return outputs, count

    def run_all(self):
        content = load_notebook(self.path.read_bytes())
        for cell in content["cells"]:
            cell["outputs"], cell["execution_count"] = self.run(cell["source"], cell["id"])
        self.save(content)

    def save(self, content):
        self.path.write_bytes(pretty_json(content))

    def edit(self, index, **fields):
        content = load_notebook(self.path.read_bytes())
        content["cells"][index] |= fields
        self.save(content)


def make(place, *sources, name="01_look"):
    given = place / "given"
    given.mkdir(exist_ok=True)
    (given / f"{name}.ipynb").write_bytes(notebook(*sources))
    (place / "clip.mp4").write_bytes(b"moving pictures")
    return new_case(place / "case", video=place / "clip.mp4", claim=Claim.from_text("a post"), notebooks=given)


@pytest.fixture
def desk_for(request):
    """Opens a desk on a notebook of a case; its kernel is gone when the test is over."""

    def opened(case, name="01_look", **options):
        desk = Desk(case.folder / "notebooks" / f"{name}.ipynb", **options)
        request.addfinalizer(desk.close)
        return desk

    return opened


def test_live_work_is_journaled_sealed_by_a_clean_run_and_what_differs_is_said(tmp_path, desk_for):
    case = make(tmp_path, FIRST, "x = 1\nprint(x)", "import os\nos.environ.get('PYTHONHASHSEED')", "case.note('seen')")
    desk = desk_for(case)
    desk.run_all()
    assert list(case.stale_cells()) == []
    told = [entry.body for entry in case.entries if entry.kind == "live-cell"]
    assert [(body["id"], body["n"], body["status"], len(body["outputs"])) for body in told] == [
        *(("c0", 1, "ok", 0), ("c1", 2, "ok", 1), ("c2", 3, "ok", 0), ("c3", 4, "ok", 0)),
    ]
    assert [body["source"] for body in told] == [
        FIRST,
        "x = 1\nprint(x)",
        "import os\nos.environ.get('PYTHONHASHSEED')",
        "case.note('seen')",
    ]
    # The cell is edited after it ran, and not run again: what is saved is not what was seen.
    desk.edit(1, source="x = 2\nprint(x)")
    assert [(cell.index, cell.id, cell.kind) for cell in case.stale_cells()] == [(1, "c1", "edited")]
    seal = seal_case(case.folder)
    assert verify_package(seal.package, expect_seal=seal.seal).exit_code == 0
    warned = "\n".join(seal.warnings)
    assert "stale as saved: 01_look.ipynb cell 1 (c1): its source was edited after it ran" in warned
    assert "run again in a fresh kernel: 01_look.ipynb" in warned
    assert "01_look.ipynb cell c1 output 0: what it printed differs" in warned
    assert "01_look.ipynb cell c2 has 0 outputs before, 1 now" in warned
    end = case.entries[-1]
    assert (end.kind, len(end.body["differs"])) == ("run-end", 2)
    # Nothing was done since: sealing again runs nothing and gives the same bytes.
    whole = seal.package.read_bytes()
    again = seal_case(case.folder)
    assert (again.warnings, again.package.read_bytes()) == (
        ("nobody has concluded this case: no verdict is recorded",),
        whole,
    )


def test_a_runner_s_kernel_journals_nothing_of_its_own(tmp_path, monkeypatch):
    case = make(tmp_path, FIRST, "1 + 1")
    monkeypatch.setenv(SESSION_NAME, str(case.folder / "notebooks/01_look.ipynb"))
    from verikit.case.running import run_case

    assert [run.state for run in run_case(case)] == ["ran"]
    assert not [entry for entry in case.entries if entry.kind.startswith("live")]


def test_what_ran_beside_the_notebook_or_ended_in_an_error_is_named_and_a_lost_journal_is_said(tmp_path, desk_for):
    case = make(tmp_path, FIRST, "1 / 0", "print(3)")
    desk = desk_for(case)
    desk.run_all()
    desk.run("hidden = 1", "")
    desk.run("late = 2", "c9")
    assert [(cell.id, cell.kind) for cell in case.stale_cells()] == [
        ("c1", "error"),
        ("", "outside"),
        ("c9", "deleted"),
    ]
    with pytest.raises(AuditError, match="not all notebooks run through"):
        seal_case(case.folder)
    # What is no longer in the notebook, or never was, is known as it ran.
    told = {entry.body["id"]: entry.body["source"] for entry in case.entries if entry.kind == "live-cell"}
    assert (told[""], told["c9"]) == ("hidden = 1", "late = 2")
    desk.run("x = 1  #" + "x" * (1 << 16), "c2")
    assert (case.entries[-1].body["source"], case.entries[-1].body["status"]) == ("", "ok")
    case.journal.write_bytes(case.journal.read_bytes() + b"torn")
    outputs, _ = desk.run("print(4)", "c2")
    assert "THIS IS NOT IN THE JOURNAL" in "".join(output.get("text", "") for output in outputs)


def test_a_kernel_that_nobody_named_is_at_work_on_the_notebook_whose_cells_it_runs(tmp_path, desk_for):
    given = tmp_path / "given"
    given.mkdir()
    (given / "02_other.ipynb").write_bytes(notebook(FIRST, "print('other')"))
    case = make(tmp_path, FIRST, "print('mine')")
    desk = desk_for(case, named=False)
    desk.run(FIRST, "c0")
    # The first cell is both notebooks': it waits.
    assert case.entries[-1].kind == "acquired"
    desk.run("print('mine')", "c1")
    told = [(entry.kind, entry.body["notebook"], entry.body.get("id")) for entry in case.entries[2:]]
    mine = "notebooks/01_look.ipynb"
    assert told == [("live-start", mine, None), ("live-cell", mine, "c0"), ("live-cell", mine, "c1")]


class Shell:
    """As much of a shell as the extension asks before it decides to stay away."""

    def __init__(self, **names):
        self.user_ns = names
        self.kernel = object()


def test_outside_of_a_case_it_says_so_and_elsewhere_it_is_silent(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SESSION_NAME, "")
    watch(Shell())
    assert capsys.readouterr().err == ""
    monkeypatch.delenv(SESSION_NAME)
    watch(Shell(__vsc_ipynb_file__=str(tmp_path / "x.ipynb")))
    assert "nothing is journaled here" in capsys.readouterr().err
    case = make(tmp_path, "1")
    monkeypatch.chdir(case.folder / "notebooks")
    monkeypatch.setenv(SESSION_NAME, str(tmp_path / "other.ipynb"))
    watch(Shell())
    assert "other.ipynb is no notebook of this case" in capsys.readouterr().err


def test_outputs_are_kept_as_jupyterlab_keeps_them():
    shown = Shown()
    data = {"text/plain": "1"}
    shown.take("stream", {"name": "stdout", "text": "a"})
    shown.take("stream", {"name": "stdout", "text": "b"})
    shown.take("stream", {"name": "stderr", "text": "c"})
    shown.take("display_data", {"data": data, "metadata": {}, "transient": {"display_id": "x"}})
    shown.take("update_display_data", {"data": {"text/plain": "2"}, "metadata": {}, "transient": {"display_id": "x"}})
    assert [output.get("text", output.get("data")) for output in shown.outputs] == ["ab", "c", {"text/plain": "2"}]
    shown.take("clear_output", {"wait": True})
    assert len(shown.outputs) == 3
    shown.take("execute_result", {"data": data, "metadata": {}, "execution_count": 4})
    assert shown.outputs == [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 4}]
    shown.take("clear_output", {"wait": False})
    assert shown.outputs == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("10%\r100%", "100%"),
        ("100%\r10%", "10%%"),
        ("a\r\nb", "a\nb"),
        ("ab\bc", "ac"),
        ("ab\b\bc", "c"),
        ("\n\bx", "\n\bx"),
        ("no controls\n", "no controls\n"),
    ],
)
def test_a_stream_is_read_as_a_terminal_shows_it(sent, kept):
    assert as_shown(sent) == kept


@given(text=st.text(alphabet="ab\r\n", max_size=40))
def test_what_a_terminal_shows_it_shows_again(text):
    assert as_shown(as_shown(text)) == as_shown(text)


def test_an_output_s_digest_does_not_depend_on_how_its_lines_are_held():
    whole = {"output_type": "stream", "name": "stdout", "text": "a\nb\n"}
    assert output_digest(whole) == output_digest(whole | {"text": ["a\n", "b\n"]})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("6.0", "6"),
        ("-0.0", "0"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("9007199254740993", "9007199254740992"),
        ("12345678901234567890", "12345678901234567000"),
        ("1e-07", "1e-07"),
        ("0.1", "0.1"),
        ('[true, null, "6.0", {"a": 2.50}]', '[true, null, "6.0", {"a": 2.5}]'),
    ],
)
def test_numbers_are_kept_as_a_browser_writes_them(sent, kept):
    assert json.dumps(as_kept(json.loads(sent))) == kept


@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**25), 10**25))
def test_what_a_browser_wrote_it_writes_again(value):
    once = as_kept(value)
    assert as_kept(once) == once
    assert float(once) == float(value)
