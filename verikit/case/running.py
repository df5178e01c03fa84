"""Running a case: each notebook from top to bottom in a fresh kernel, told to the journal cell by cell.

A fresh kernel has no hidden state: what an executed notebook shows follows from the notebook, the case and the
environment. The kernel is this interpreter, with no IPython or Jupyter settings of the person at the desk.

executed/ holds each notebook as it last ran through. A run that fails leaves that copy alone and puts its own, as far as
it came, into failed/; a run that ends well takes the place of both, and withdraws what the notebook derived before and
not this time. So a case can be sealed, and its executed copies are those of the journal's latest runs, or neither.

Not shut out: what a package reads by itself from the home folder (matplotlibrc, for one) and site-wide settings.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import time
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain, sha256_bytes, sha256_text, write_bytes
from verikit._version import __version__
from verikit.case.auditing import EXECUTED, FAILED, FINISHED
from verikit.case.cells import cell_digests, load_notebook, require_notebooks, source_of, tags_of
from verikit.case.derived import confined, not_derived_again, pretty_json
from verikit.case.journal import append
from verikit.case.kernel import execute_notebook
from verikit.case.sameness import notebook_differences
from verikit.errors import AuditError
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from verikit.case.folder import Case
    from verikit.case.journal import Entry

__all__ = ["NotebookRun", "environment", "fill_cells", "run_case"]

ENVIRONMENT = "environment.json"
# Written by other tools at every run: times and widget states, which differ each time and say nothing.
_VOLATILE_CELL = ("execution", "papermill", "ExecuteTime", "trusted")
_VOLATILE_NOTEBOOK = ("widgets", "papermill", "signature")
_MOST_MESSAGE = 2000
_MOST_DIFFERENCES = 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotebookRun:
    """One notebook's run: how many cells ran, how long it took in seconds, "ran" or "failed", and the error if any.

    `differs` says where it came to something else than the notebook as saved shows of cells that had run before.
    """

    notebook: str
    cells: int
    seconds: float
    state: str
    error: str = ""
    differs: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON."""
        return dataclasses.asdict(self) | {"differs": list(self.differs)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError for a missing field."""
        given = {field.name: data[field.name] for field in dataclasses.fields(cls)}
        return cls(**given | {"differs": tuple(given["differs"])})

    def __str__(self) -> str:
        told = f"{self.notebook}: {self.state}, {self.cells} cells in {self.seconds:.1f} s"
        told += f", other than saved in {len(self.differs)} places" if self.differs else ""
        return f"{told}: {plain(self.error)}" if self.error else told

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        runs = Records([self], caption="Notebook run", columns=("notebook", "state", "cells", "seconds", "error"))
        return mimebundle(self, plain_text=str(self), html=runs._repr_mimebundle_()["text/html"])


def environment() -> dict[str, Any]:
    """What the notebooks run in: Python, the system's kind, and every installed distribution.

    A distribution is its name, version and the SHA-256 of its RECORD, which lists the digest of each of its files; the
    digest is empty where an installer left no RECORD. No path, no host or user name.
    """
    found = set()
    for dist in importlib.metadata.distributions():
        record = dist.read_text("RECORD")
        found.add((dist.name or "", dist.version or "", sha256_text(record) if record else ""))
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        "verikit": __version__,
        "distributions": [
            {"name": name, "version": version, "record_sha256": digest} for name, version, digest in sorted(found)
        ],
    }


def run_case(
    case: Case,
    *,
    only: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
    seconds_per_cell: float = 600,
) -> Records[NotebookRun]:
    """The runs of a case's notebooks, in the order of their names, each in a fresh kernel; the executed copies are kept.

    `only` names the notebooks to run, with or without .ipynb. A notebook that fails is the last to run: it is kept in
    failed/ as far as it came, and its executed copy stays the one of the last run that ended well. `progress` is told each
    cell before it runs.

    Raises ValueError for a notebook that is not there, and AuditError for one that is not of format 4.5 or where the
    video is not the one that was taken in.
    """
    chosen = _chosen(case, only)
    case.check_video()
    surroundings = pretty_json(environment())
    write_bytes(confined(case.folder, ENVIRONMENT), surroundings)
    tell = progress if progress is not None else _silent
    runs: list[NotebookRun] = []
    for path, data in chosen:
        run = _Run(case=case, path=path, data=data, tell=tell, seconds_per_cell=seconds_per_cell)
        runs.append(run.whole(environment_sha256=sha256_bytes(surroundings)))
        if runs[-1].state != "ran":
            break
    return Records(runs, caption="Notebook runs", columns=("notebook", "state", "cells", "seconds", "error"))


def _silent(_: str) -> None:
    """For those who do not watch."""


def _chosen(case: Case, only: Sequence[str]) -> list[tuple[Path, bytes]]:
    """The notebooks to run and their bytes, all of them readable."""
    there = {path.name: path for path in sorted((case.folder / "notebooks").glob("*.ipynb"))}
    wanted = {name if name.endswith(".ipynb") else f"{name}.ipynb" for name in only}
    unknown = sorted(wanted - set(there))
    if unknown or not there:
        raise ValueError(f"notebooks: no {', '.join(unknown) or '*.ipynb'}; there are: {', '.join(there) or 'none'}")
    chosen = [
        (path, confined(case.folder, f"notebooks/{name}").read_bytes())
        for name, path in there.items()
        if not wanted or name in wanted
    ]
    require_notebooks({path.name: data for path, data in chosen})
    return chosen


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One notebook about to run."""

    case: Case
    path: Path
    data: bytes
    tell: Callable[[str], None]
    seconds_per_cell: float

    def _journal(self, kind: str, body: Mapping[str, Any]) -> Entry:
        about = {"notebook": f"notebooks/{self.path.name}"}
        return append(self.case.journal, kind, about | dict(body), case=self.case.id)

    def whole(self, *, environment_sha256: str) -> NotebookRun:
        """Run the notebook, keep the executed copy and tell the journal all of it."""
        began = time.monotonic()
        start = {
            "sha256": sha256_bytes(self.data),
            "python": platform.python_version(),
            "verikit": __version__,
            "environment": environment_sha256,
            "video": self.case.video_sha256,
            "parameters": {
                cell["id"]: source_of(cell)
                for cell in load_notebook(self.data)["cells"]
                if "parameters" in tags_of(cell)
            },
            "tz": os.environ.get("TZ", ""),
            "utc_offset": time.strftime("%z"),
            "locale": os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG", ""),
            "hash_seed": "0",
        }
        since = self._journal("run-start", start).seq
        ran: list[int] = []
        end: dict[str, Any] = {"state": "stopped", "error": "stopped from outside"}
        try:
            notebook, error = self._execute(ran)
            data, error = self._sealed(notebook, error)
            if not error:
                self._withdraw(since)
            self._keep(data, error)
            differs = [] if data is None else self._differs(load_notebook(data))
            end = {
                "state": "failed" if error else FINISHED,
                "error": error,
                "sha256": None if data is None else sha256_bytes(data),
            } | ({"differs": differs} if differs else {})
        finally:
            # Also after Ctrl-C: a run without an end would claim whatever is derived by hand later.
            self._journal("run-end", end | {"cells": len(ran)})
        return NotebookRun(
            notebook=self.path.name,
            cells=len(ran),
            seconds=round(time.monotonic() - began, 3),
            state="failed" if end["error"] else "ran",
            error=end["error"],
            differs=tuple(end.get("differs", ())),
        )

    def _differs(self, made: Mapping[str, Any]) -> list[str]:
        """Where the run came to something else than the notebook showed, as saved, of the cells that had run."""
        seen = [cell for cell in load_notebook(self.data)["cells"] if cell.get("execution_count") is not None]
        names = {cell["id"] for cell in seen}
        again = [cell for cell in made["cells"] if cell["id"] in names]
        found = notebook_differences({"cells": seen}, {"cells": again})
        return [f"{self.path.name} {one_line(detail)}" for _, detail in found][:_MOST_DIFFERENCES]

    def _execute(self, ran: list[int]) -> tuple[Any, str]:
        """The notebook as far as it ran, and what stopped it, if anything did. `ran` gathers the cells' indexes."""
        # Imported here: it takes a second, and only running needs it.
        import nbformat  # noqa: PLC0415

        notebook = nbformat.reads(self.data.decode("utf-8"), as_version=4)  # type: ignore[no-untyped-call] # not typed
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        error = execute_notebook(
            notebook,
            cwd=self.case.folder,
            seconds_per_cell=self.seconds_per_cell,
            before=self._before_cell,
            after=lambda **seen: self._after_cell(ran, **seen),
        )
        return notebook, one_line(error)

    def _before_cell(self, *, cell: Any, cell_index: int) -> None:
        self.tell(f"{self.path.stem}: cell {cell_index} ({cell['id']})")

    def _after_cell(self, ran: list[int], *, cell: Any, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        ran.append(cell_index)
        body = {
            "index": cell_index,
            "id": cell["id"],
            "n": cell["execution_count"],
            "status": execute_reply["content"]["status"],
            "source_sha256": sha256_text(source_of(cell)),
        }
        self._journal("cell", body)

    def _sealed(self, notebook: Any, error: str) -> tuple[bytes | None, str]:
        """The executed copy, its cells sealed in the journal, and the error so far.

        None for one that `verify` could not read: that is an error itself.
        """
        import nbformat  # noqa: PLC0415 - takes a second, and only running needs it

        for name in _VOLATILE_NOTEBOOK:
            notebook.metadata.pop(name, None)
        for cell in notebook.cells:
            for name in _VOLATILE_CELL:
                cell.metadata.pop(name, None)
        # nbformat cuts long texts into lines; the rest of the form is ours.
        try:
            text = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call] # nbformat is not typed
            data = pretty_json(json.loads(text))
            digests = cell_digests(load_notebook(data))
        except (AuditError, ValueError) as fault:
            return None, error or one_line(f"the executed notebook cannot be kept: {fault}")
        for cell in digests:
            body = dataclasses.asdict(cell) | {"outputs": list(cell.outputs)}
            self._journal("cell-sealed", body)
        return data, error

    def _withdraw(self, since: int) -> None:
        """What this notebook derived before and not since entry `since` goes, and the journal says so."""
        about = f"notebooks/{self.path.name}"
        for thing in not_derived_again(self.case.entries, notebook=about, since=since):
            # The file first: should only this be done, the next run does the rest.
            confined(self.case.folder, thing.path).unlink(missing_ok=True)
            self._journal("withdrawn", {"name": thing.name, "path": thing.path, "sha256": thing.sha256})

    def _keep(self, data: bytes | None, error: str) -> None:
        """The copy in its place: executed/, or failed/ where the notebook did not run through."""
        failed = confined(self.case.folder, FAILED + self.path.name)
        if data is not None:
            write_bytes(failed if error else confined(self.case.folder, EXECUTED + self.path.name), data)
        if not error or data is None:
            failed.unlink(missing_ok=True)
        if failed.parent.is_dir() and not any(failed.parent.iterdir()):
            failed.parent.rmdir()


def one_line(text: str) -> str:
    """`text` from a stranger on one line of a bearable length."""
    return plain(" ".join(text.split()))[:_MOST_MESSAGE]


def fill_cells(notebook_path: Path, *, tag_sources: Mapping[str, str]) -> None:
    """Write new sources into the cells that carry these tags, as a person does in JupyterLab. Their outputs go.

    Raises ValueError, and changes nothing, where no cell carries one of the tags.
    """
    notebook = load_notebook(notebook_path.read_bytes())
    missing = set(tag_sources)
    for cell in notebook["cells"]:
        tags = [tag for tag in tags_of(cell) if tag in tag_sources]
        missing -= set(tags)
        if tags:
            cell["source"] = tag_sources[tags[0]].splitlines(keepends=True)
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    if missing:
        raise ValueError(f"{notebook_path.name}: no cell is tagged {', '.join(sorted(missing))}")
    write_bytes(notebook_path, pretty_json(notebook))
