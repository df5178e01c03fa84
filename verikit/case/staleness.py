"""Saved notebooks held against what the journal knows of the live work on them: which cells are stale, and why.

A notebook on the screen says nothing of the order in which its cells ran, of cells that were deleted after they ran, or
of text that was changed afterwards. The journal does. What ran before the notebook's last clean run is not looked at:
that run shows what the notebook as saved comes to. Where nobody worked on a notebook since, it is held against that run;
where it never ran, there is nothing to hold it against.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain, sha256_bytes
from verikit.case.auditing import FINISHED, TEMPLATES, latest_runs
from verikit.case.cells import as_kept, cell_digests, load_notebook, output_digest, source_of
from verikit.case.derived import confined
from verikit.errors import AuditError
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from verikit.case.auditing import Run
    from verikit.case.cells import CellDigest
    from verikit.case.folder import Case
    from verikit.case.journal import Entry

__all__ = ["StaleCell", "live_since", "never_ran", "stale_cells", "to_run"]


# What changes a case, whether a run's cells did it or a hand.
_CHANGES = frozenset({"acquired", "derived", "withdrawn", "archive", "decision", "note", "transfer"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StaleCell:
    """One cell whose place in the notebook is not what ran: the notebook's file, the cell's id, what kind, and a sentence.

    Kinds: edited (with no cell where the notebook's file was), out-of-order, deleted, not-run, error, outputs (they are not those that the kernel sent), outside (run
    in the same kernel by something else than a cell of the notebook), unreadable. `index` is None for what is not there.
    """

    notebook: str
    index: int | None
    id: str
    kind: str
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The cell as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError for a missing field."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})

    def __str__(self) -> str:
        place = "" if self.index is None else f" cell {self.index}"
        return plain(f"{self.notebook}{place} ({self.id or 'no cell'}): {self.detail}")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = _records([self])._repr_mimebundle_()
        return mimebundle(self, plain_text=str(self), html=shown["text/html"])


def _records(found: Iterable[StaleCell]) -> Records[StaleCell]:
    return Records(found, caption="Stale cells", columns=("notebook", "index", "id", "kind", "detail"))


def stale_cells(case: Case) -> Records[StaleCell]:
    """The stale cells of a case's saved notebooks, notebook by notebook; empty where what is saved is what ran."""
    entries = case.entries
    runs = latest_runs(entries)
    found: list[StaleCell] = []
    for path in sorted((case.folder / TEMPLATES).glob("*.ipynb")):
        live, run = live_since(entries, TEMPLATES + path.name), runs.get(path.name)
        if not live and run is None:
            continue
        data = confined(case.folder, TEMPLATES + path.name).read_bytes()
        if not live and run is not None and run.start.get("sha256") == sha256_bytes(data):
            continue
        try:
            notebook = load_notebook(data)
        except AuditError as fault:
            found.append(StaleCell(notebook=path.name, index=None, id="", kind="unreadable", detail=str(fault)))
            continue
        found += _stale(path.name, notebook, live) if live or run is None else _since_run(path.name, notebook, run)
    gone = (name for name in sorted(runs) if not (case.folder / TEMPLATES / name).exists())
    detail = "the notebook ran, and is no longer in notebooks/"
    found += [StaleCell(notebook=name, index=None, id="", kind="deleted", detail=detail) for name in gone]
    return _records(found)


def never_ran(case: Case) -> tuple[str, ...]:
    """The notebooks of which no cell ever ran, so that there is nothing to compare them with, by their file names."""
    ran = {entry.body.get("notebook") for entry in case.entries if entry.kind in {"run-start", "live-cell"}}
    names = sorted(path.name for path in (case.folder / TEMPLATES).glob("*.ipynb"))
    return tuple(name for name in names if TEMPLATES + name not in ran)


def _since_run(name: str, notebook: Mapping[str, Any], run: Run) -> Iterable[StaleCell]:
    """Where a notebook is not what `verikit run` ran last: its cells with other text, new and gone, or what else it is."""
    cells = cell_digests(notebook)
    sealed = {str(body.get("id")): body.get("source_sha256") for body in run.sealed}
    there = {cell.id for cell in cells}
    found = [
        StaleCell(notebook=name, index=cell.index, id=cell.id, kind=kind, detail=detail)
        for cell in cells
        if sealed
        for kind, detail in (
            ("edited", "its source was edited after the notebook last ran")
            if cell.id in sealed
            else ("not-run", "it was added after the notebook last ran"),
        )
        if sealed.get(cell.id) != cell.source_sha256
    ]
    gone = "it was in the notebook when that last ran, and is no longer"
    found += [
        StaleCell(notebook=name, index=None, id=key, kind="deleted", detail=gone) for key in sealed if key not in there
    ]
    if found:
        return found
    detail = "not as when it last ran: the order, tags or outputs of its cells, or what else is in its file"
    return [StaleCell(notebook=name, index=None, id="", kind="edited", detail=detail)]


def live_since(entries: Sequence[Entry], notebook: str) -> list[Entry]:
    """The live cells of a notebook in its kernel's latest session, oldest first; none where a clean run came after it."""
    ran: list[Entry] = []
    for entry in entries:
        if entry.body.get("notebook") != notebook:
            continue
        if entry.kind == "live-start" or (entry.kind == "run-end" and entry.body.get("state") == FINISHED):
            # A new kernel knows nothing of what ran in the one before.
            ran = []
        elif entry.kind == "live-cell":
            ran.append(entry)
    return ran


def _stale(name: str, notebook: Mapping[str, Any], ran: Sequence[Entry]) -> list[StaleCell]:
    """What of one notebook is stale, in the order of its cells; then what is no longer or was never in it."""
    last = {str(entry.body.get("id")): entry for entry in ran}
    cells = {cell.id: cell for cell in cell_digests(notebook) if cell.type == "code"}
    found: list[StaleCell] = []

    def tell(cell: CellDigest | None, kind: str, detail: str, *, key: str) -> None:
        place = None if cell is None else cell.index
        found.append(StaleCell(notebook=name, index=place, id=key, kind=kind, detail=detail))

    latest: tuple[int, CellDigest] | None = None
    for key, cell in cells.items():
        entry = last.get(key)
        if entry is None:
            if source_of(notebook["cells"][cell.index]).strip():
                tell(cell, "not-run", "it did not run in the kernel's last session", key=key)
            continue
        kept = [output_digest(as_kept(output)) for output in notebook["cells"][cell.index]["outputs"]]
        for kind, detail in _differences(cell, entry.body, kept=kept):
            tell(cell, kind, detail, key=key)
        if latest is not None and latest[0] > entry.seq:
            above = latest[1]
            detail = f"it ran before cell {above.index} ({above.id}), which stands above it and ran later"
            tell(cell, "out-of-order", detail, key=key)
        if latest is None or entry.seq > latest[0]:
            latest = (entry.seq, cell)
    for key, entry in last.items():
        if not key:
            tell(None, "outside", "something else than a cell of the notebook ran in the same kernel", key="")
        elif key not in cells:
            tell(None, "deleted", f"it ran as {entry.body.get('n')} and is no longer in the notebook", key=key)
    return found


def _differences(cell: CellDigest, body: Mapping[str, Any], *, kept: Sequence[str]) -> Iterable[tuple[str, str]]:
    """How a saved cell, with these digests of its outputs as they are kept, differs from its last run."""
    if body.get("source_sha256") != cell.source_sha256:
        yield "edited", "its source was edited after it ran"
    elif body.get("status") != "ok":
        yield "error", "its last run ended in an error"
    elif body.get("outputs") != kept:
        yield "outputs", "what it shows as saved is not what the kernel sent: edited, cleared, or not saved since"


def to_run(entries: tuple[Entry, ...], templates: Mapping[str, str]) -> tuple[str, ...]:
    """The notebooks that have to run again before a case is sealed, as what was last run is not what is there now.

    `templates` are the digests of the notebooks as saved, by file name. A notebook does not match that was edited, or
    worked on in JupyterLab, after it ran; after anything else that was done in the case, none does. Later notebooks rest
    on earlier ones, so all from the first that does not match are named. A case that nobody worked on since a run that
    failed, or that never ran, has none: its faults are told instead.
    """
    runs = latest_runs(entries)
    worked = [entry for entry in entries if entry.kind == "live-cell"]
    if not runs and not worked:
        return ()
    names = sorted(templates)
    ends = {name: run.last_seq for name, run in runs.items()}
    if _done_by_hand(entries[max(ends.values(), default=-1) + 1 :]):
        return tuple(names)
    for number, name in enumerate(names):
        run = runs.get(name)
        stale = bool(worked) if run is None else run.start.get("sha256") != templates[name]
        live = (entry for entry in worked if entry.body.get("notebook") == TEMPLATES + name)
        if stale or any(entry.seq > ends[name] for entry in live):
            return tuple(names[number:])
    return ()


def _done_by_hand(entries: Sequence[Entry]) -> bool:
    """Whether something in the case was changed by other than a notebook's cell: its entry is followed by that cell's."""
    by_cell = False
    for entry in reversed(entries):
        if entry.kind in {"live-cell", "live-start"}:
            by_cell = entry.kind == "live-cell"
        elif entry.kind in _CHANGES and not by_cell:
            return True
    return False
