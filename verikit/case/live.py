"""Live work in JupyterLab: each cell that runs is told to the case's journal by the kernel, as it happens.

`%load_ext verikit` in a notebook of a case starts it. An entry holds the cell's id, its source and the source's digest, its
execution count, whether it ended well, how long it took, and the digests of its outputs as the kernel sent them, in the
form in which JupyterLab keeps them. What was deleted or edited since is thus still known as it ran. So a saved notebook can later be held against what really ran (`staleness`).

Where our own runner executes the notebook, it tells the journal itself and this stays silent: its kernel has an empty
session name. A kernel that was started without any is at work on the notebook whose cells it runs; until only one of the
case has them, what it tells waits. What a cell prints after it has ended (from a thread) is in no entry.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import re
import secrets
import sys
import time
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from verikit._files import plain, sha256_text
from verikit._version import __version__
from verikit.case.cells import as_kept, cell_digests, load_notebook, output_digest
from verikit.case.journal import append
from verikit.case.opening import open_case
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verikit.case.folder import Case

__all__ = ["SESSION_NAME", "Shown", "as_shown", "watch"]

# Jupyter's server tells a kernel which notebook it was started for.
SESSION_NAME = "JPY_SESSION_NAME"
_SHOWN = ("stream", "display_data", "execute_result", "error", "update_display_data", "clear_output")
# A cell that is longer is told by its digest alone: an entry has to stay below the journal's own bound.
MOST_SOURCE = 1 << 16
_BACK = re.compile("[^\n\b]\b")


class Shown:
    """The outputs of one cell, gathered from the messages that its kernel sends, as JupyterLab would keep them."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []
        self._named: dict[str, list[dict[str, Any]]] = {}
        self._clear_next = False

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """One message of the kernel. Those that show nothing are let pass."""
        if kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self.outputs.clear()
            return
        if kind == "update_display_data":
            for output in self._named.get(str(content.get("transient", {}).get("display_id")), []):
                output |= {"data": dict(content["data"]), "metadata": dict(content["metadata"])}
            return
        if self._clear_next:
            self.outputs.clear()
            self._clear_next = False
        if kind == "stream":
            self._stream(content)
            return
        names = {
            "display_data": ("data", "metadata"),
            "execute_result": ("data", "metadata", "execution_count"),
            "error": ("ename", "evalue", "traceback"),
        }[kind]
        output = {"output_type": kind} | {name: content[name] for name in names}
        self.outputs.append(output)
        if "display_id" in content.get("transient", {}):
            self._named.setdefault(str(content["transient"]["display_id"]), []).append(output)

    def _stream(self, content: Mapping[str, Any]) -> None:
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == content["name"]:
            last["text"] += content["text"]
        else:
            self.outputs.append({"output_type": "stream", "name": content["name"], "text": content["text"]})


def as_shown(text: str) -> str:
    """A stream's text as a terminal leaves it, which is what JupyterLab keeps: carriage returns and backspaces obeyed."""
    while _BACK.search(text):
        text = _BACK.sub("", text)
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(_overwritten(line) if "\r" in line else line for line in lines)


def _overwritten(line: str) -> str:
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown


@dataclasses.dataclass(slots=True, kw_only=True)
class _Watch:
    """One kernel at work on one notebook of a case."""

    case: Case
    notebook: str
    session: str
    shell: Any
    # Where nobody said which notebook: those that hold all cells seen so far, by the digests of their sources.
    candidates: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    waiting: list[tuple[str, Mapping[str, Any]]] = dataclasses.field(default_factory=list)
    shown: Shown = dataclasses.field(default_factory=Shown)
    began: float | None = None

    def tell(self, kind: str, body: Mapping[str, Any]) -> None:
        """An entry in the journal; where that fails, a line that cannot be overlooked. The cell's work is not stopped."""
        if not self.notebook:
            self.waiting.append((kind, body))
            return
        about = {"notebook": self.notebook, "session": self.session}
        try:
            append(self.case.journal, kind, about | dict(body), case=self.case.id)
        except (AuditError, OSError, ValueError) as fault:
            print(f"verikit: THIS IS NOT IN THE JOURNAL: {plain(str(fault))}", file=sys.stderr)  # noqa: T201 - the analyst looks here

    def settle(self, source_sha256: str) -> None:
        """Which notebook this is, by one more of its cells; what waited for that is told."""
        left = {name: sources for name, sources in self.candidates.items() if source_sha256 in sources}
        self.candidates = left or self.candidates
        if len(self.candidates) == 1:
            (self.notebook,) = self.candidates
            for kind, body in self.waiting:
                self.tell(kind, body)

    def listen(self) -> None:
        """See every message that the kernel sends to those who look on."""
        session = self.shell.kernel.session
        send = session.send

        def heard(stream: Any, message: Any, content: Any = None, *rest: Any, **named: Any) -> Any:
            kind = message["header"]["msg_type"] if isinstance(message, dict) else message
            if kind in _SHOWN:
                self.shown.take(kind, message["content"] if isinstance(message, dict) else content)
            return send(stream, message, content, *rest, **named)

        session.send = heard

    def before(self, _: Any) -> None:
        """A cell begins."""
        self.shown, self.began = Shown(), time.monotonic()

    def after(self, result: Any) -> None:
        """A cell has ended: tell the journal."""
        info = result.info
        if info is None or info.silent or not info.store_history:
            # What extensions of JupyterLab ask of the kernel is no cell.
            return
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        outputs = [
            output | {"text": as_shown(output["text"])} if output["output_type"] == "stream" else output
            for output in self.shown.outputs
        ]
        body = {
            "id": str(info.cell_id or ""),
            "n": result.execution_count,
            "status": "ok" if result.success else "error",
            "source": str(info.raw_cell) if len(str(info.raw_cell)) <= MOST_SOURCE else "",
            "source_sha256": sha256_text(str(info.raw_cell)),
            "outputs": [output_digest(as_kept(output)) for output in outputs],
            "seconds": None if self.began is None else round(time.monotonic() - self.began, 3),
        }
        if not self.notebook:
            self.settle(str(body["source_sha256"]))
        self.tell("live-cell", body)


def watch(shell: Any) -> None:
    """Tell the journal of each cell that this IPython shell runs from now on, if it works on a notebook of a case.

    Elsewhere it says so in a line on stderr and does nothing; in a kernel of our own runner it is silent.
    """
    name = os.environ.get(SESSION_NAME, shell.user_ns.get("__vsc_ipynb_file__"))
    if name == "" or getattr(shell, "kernel", None) is None:
        return
    try:
        case = open_case()
    except (FileNotFoundError, AuditError) as fault:
        print(f"verikit: nothing is journaled here: {plain(str(fault))}", file=sys.stderr)  # noqa: T201 - the analyst looks here
        return
    watching = _Watch(case=case, notebook="", session=secrets.token_hex(8), shell=shell)
    if name is None:
        watching.candidates = _sources(case)
    else:
        # Windows' own separator may stand in it.
        file = PureWindowsPath(str(name)).name if "\\" in str(name) else Path(str(name)).name
        watching.notebook = f"notebooks/{file}"
        if not (case.folder / "notebooks" / file).is_file():
            print(f"verikit: {plain(file)} is no notebook of this case; nothing is journaled", file=sys.stderr)  # noqa: T201 - the same
            return
    watching.tell("live-start", {"python": platform.python_version(), "verikit": __version__})
    watching.listen()
    shell.events.register("pre_run_cell", watching.before)
    shell.events.register("post_run_cell", watching.after)


def _sources(case: Case) -> dict[str, frozenset[str]]:
    """The digests of the sources of each notebook's code cells, as saved; one that cannot be read has none."""
    found: dict[str, frozenset[str]] = {}
    for path in sorted((case.folder / "notebooks").glob("*.ipynb")):
        try:
            cells = cell_digests(load_notebook(path.read_bytes()))
        except AuditError:
            continue
        found[f"notebooks/{path.name}"] = frozenset(cell.source_sha256 for cell in cells if cell.type == "code")
    return found
