"""Whether a case's files are those that its journal tells of: what sealing refuses, and what verifying calls broken.

One look for both sides of the seal, so that nothing can be sealed that would not verify. It works on names, digests and
streams, and so on a folder as well as on a package that is never unpacked. Everything in a journal's body may be a lie:
it is compared, never followed.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from verikit.case.bag import MOST_TEXT, Problem, read_member
from verikit.case.cells import cell_digests, load_notebook, order_problems
from verikit.case.corrections import BECAUSE, SUPERSEDES, correction_of
from verikit.case.derived import withdrawn_of
from verikit.case.header import CASE, FORMAT, header_problems
from verikit.case.journal import journal_problems, read_journal, strict_json
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from verikit.case.bag import Member
    from verikit.case.cells import CellDigest
    from verikit.case.journal import Entry

__all__ = ["Audit", "Run", "audit_case", "info_fields", "last_done", "latest_runs", "redacted_of", "withheld_of"]

JOURNAL, ENVIRONMENT = "journal.jsonl", "environment.json"
# Files that belong to every case without an entry that names them; the seal covers them.
OWN_FILES = frozenset({CASE, ENVIRONMENT, "report.html", JOURNAL})
# executed/ holds each notebook as it last ran through, failed/ what a run that did not left of one.
TEMPLATES, EXECUTED, FAILED = "notebooks/", "executed/", "failed/"
FINISHED = "done"
# What is said when a case is sealed, after its last run.
AT_SEALING = frozenset({"consent", "withheld", "left-out", "supersedes"})
# Notebooks stay below 10 MB, case.json below some KB; an entry of the journal has some 300 bytes and more.
MOST_NOTEBOOK, MOST_HEADER, MOST_LINES = 32 << 20, 4 << 20, 100_000
# python's JSON makes some 100 bytes of "{}" and more of a key: without a bound, a small file would fill the memory. Commas
# in texts, as in a printed table, do not count.
MOST_BRACKETS = MOST_COMMAS = 1_000_000
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What came of comparing a case with its journal: the entries (none where it does not hold) and the faults.

    `journal` are faults of the journal itself and of files that it names; `notebook` those of notebooks and their cells.
    `notebooks` counts the notebooks that ran. Paths are relative to the case.
    """

    entries: tuple[Entry, ...]
    journal: tuple[Problem, ...]
    notebook: tuple[Problem, ...]
    notebooks: int


@dataclasses.dataclass(slots=True, kw_only=True)
class Run:
    """The latest run of one notebook as the journal tells it, and the latest that ran through: its copy is kept."""

    start: Mapping[str, Any]
    last_seq: int = -1
    through: Run | None = None
    sealed: list[Mapping[str, Any]] = dataclasses.field(default_factory=list)
    end: Mapping[str, Any] | None = None


def audit_case(members: Mapping[str, Member], *, digests: Mapping[str, str]) -> Audit:
    """All that differs between a case's files and its journal. Names are relative to the case; `digests` are SHA-256.

    Where the journal itself does not hold, it is the only thing reported: nothing can be compared with it.
    """
    if JOURNAL not in members:
        return _unreadable("missing", "missing")
    try:
        data = _json_bytes(members[JOURNAL])
    except AuditError as fault:
        return _unreadable("unreadable", str(fault))
    broken = [Problem(kind=found.kind, path=JOURNAL, detail=str(found)) for found in journal_problems(data)]
    if broken:
        return Audit(entries=(), journal=tuple(broken), notebook=(), notebooks=0)
    entries = read_journal(data)
    runs = latest_runs(entries)
    return Audit(
        entries=entries,
        journal=(
            *_end_problems(entries),
            *_header_problems(entries, members.get(CASE)),
            *_resting_problems(entries),
            *_file_problems(entries, members, digests, runs=runs),
        ),
        notebook=tuple(_notebook_problems(members, digests, runs=runs, redacted=redacted_of(entries))),
        notebooks=len(runs),
    )


def _json_bytes(member: Member, *, most: int = MOST_TEXT) -> bytes:
    """A member's bytes, bounded in all that makes reading JSON expensive. Raises AuditError beyond the bounds."""
    data = read_member(member, most=most)
    if data.count(b"\n") > MOST_LINES and member.name == JOURNAL:
        raise AuditError(f"more than {MOST_LINES} lines")
    if data.count(b"{") + data.count(b"[") > MOST_BRACKETS:
        raise AuditError(f"more than {MOST_BRACKETS} brackets: nothing that a case writes")
    commas = data.count(b",")
    if commas > MOST_COMMAS and commas - sum(text[0].count(b",") for text in _STRING.finditer(data)) > MOST_COMMAS:
        raise AuditError(f"more than {MOST_COMMAS} values: nothing that a case writes")
    return data


def _unreadable(kind: str, detail: str) -> Audit:
    problem = Problem(kind=kind, path=JOURNAL, detail=detail)
    return Audit(entries=(), journal=(problem,), notebook=(), notebooks=0)


def info_fields(entries: tuple[Entry, ...], payload: Iterable[Member], *, agent: str) -> dict[str, str]:
    """The fields of bag-info.txt in their order, all but the agent following from the case: packed twice, they are equal."""
    sizes = [member.size for member in payload]
    last, correction = entries[-1], correction_of(entries)
    superseding = {} if correction is None else {SUPERSEDES: "seal", BECAUSE: "because"}
    return {
        "External-Identifier": last.case,
        # The date of the last entry, not of today.
        "Bagging-Date": last.time[:10],
        "Bag-Software-Agent": agent,
        # RFC 8493, 2.2.2: bytes, a full stop, the number of files.
        "Payload-Oxum": f"{sum(sizes)}.{len(sizes)}",
        "Verikit-Format": FORMAT,
        "Verikit-Journal-Head": last.hash,
        "Verikit-Journal-Count": str(len(entries)),
    } | {field: str((correction or {}).get(name, "")) for field, name in superseding.items()}


def last_done(entries: Sequence[Entry]) -> Entry:
    """The last entry about work on the case: what is said at its sealing comes after it."""
    return next((entry for entry in reversed(entries) if entry.kind not in AT_SEALING), entries[0])


def withheld_of(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The files that are withheld from packages of the case, by their path: the entry that says why."""
    return {str(entry.body.get("path")): entry for entry in entries if entry.kind == "withheld"}


def redacted_of(entries: Iterable[Entry]) -> dict[str, Mapping[str, Any]]:
    """The executed notebooks that packages hold with outputs left out, by path: {"path", "sha256", "outputs"}."""
    return {
        str(entry.body.get("path")): entry.body
        for entry in entries
        if entry.kind == "left-out" and _is_digests(entry.body.get("outputs"))
    }


def _is_digests(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(digest, str) for digest in value)


def _end_problems(entries: tuple[Entry, ...]) -> list[Problem]:
    last = last_done(entries)
    if last.kind == "run-end":
        return []
    detail = f"it ends with {last.kind}, not with run-end: cut short, or the case was changed since it last ran"
    return [Problem(kind="end", path=JOURNAL, detail=detail)]


def latest_runs(entries: tuple[Entry, ...]) -> dict[str, Run]:
    """The latest run of each notebook by its file name."""
    runs: dict[str, Run] = {}
    for entry in entries:
        name = PurePosixPath(str(entry.body.get("notebook", ""))).name
        if entry.kind == "run-start":
            before = runs.get(name)
            runs[name] = Run(start=entry.body, through=None if before is None else _through(before))
        elif entry.kind == "cell-sealed" and name in runs:
            runs[name].sealed.append(entry.body)
        elif entry.kind == "run-end" and name in runs:
            runs[name].end, runs[name].last_seq = entry.body, entry.seq
    return runs


def _through(run: Run) -> Run | None:
    """This run if it ran through, or else the last one before it that did."""
    return run if run.end is not None and run.end.get("state") == FINISHED else run.through


# ------------------------------------------------------------------------------------------------------------------- files


def _header_problems(entries: tuple[Entry, ...], member: Member | None) -> list[Problem]:
    """Where case.json says otherwise than the journal, or more."""
    if member is None:
        return [Problem(kind="missing", path=CASE, detail="missing")]
    try:
        header = strict_json(_json_bytes(member, most=MOST_HEADER))
    except (AuditError, ValueError) as fault:
        return [Problem(kind="header", path=CASE, detail=f"cannot be read: {fault}")]
    return [Problem(kind="header", path=CASE, detail=detail) for detail in header_problems(header, entries)]


def _resting_problems(entries: tuple[Entry, ...]) -> list[Problem]:
    """Decisions that still count and rest on evidence that was withdrawn since."""
    gone = withdrawn_of(entries)
    counting: dict[str, tuple[str, object]] = {}
    for entry in entries:
        body = entry.body
        if entry.kind == "decision" and "sub_claim" in body:
            key = str(body["sub_claim"])
            counting[key] = (f"the decision on {key}", body.get("rests_on"))
        elif entry.kind == "decision" and isinstance(body.get("verdict"), dict):
            copy = body["verdict"].get("earlier_copy")
            counting[""] = ("the verdict", [copy.get("evidence")] if isinstance(copy, dict) else [])
    if "verdict" in gone:
        counting.pop("", None)
    return [
        Problem(
            kind="withdrawn",
            path=JOURNAL,
            detail=f"{who} rests on {name}, which entry {gone[name].seq} withdrew: decide again, and run the case",
        )
        for who, names in counting.values()
        if isinstance(names, list)
        for name in names
        if isinstance(name, str) and name in gone
    ]


def _file_problems(
    entries: tuple[Entry, ...], members: Mapping[str, Member], digests: Mapping[str, str], *, runs: Mapping[str, Run]
) -> list[Problem]:
    """Inputs and derived files that are not as the latest entry about them says, and files that no entry knows."""
    kinds = {"acquired", "derived", "withdrawn"}
    told = {str(entry.body.get("path")): entry for entry in entries if entry.kind in kinds}
    withheld = {path: entry.body.get("sha256") for path, entry in withheld_of(entries).items()}
    problems = []
    for path, entry in told.items():
        wanted, place = entry.body.get("sha256"), f"entry {entry.seq} ({entry.kind})"
        if entry.kind == "withdrawn":
            if path in members:
                detail = f"withdrawn by entry {entry.seq}, and still there: move it out of the case"
                problems.append(Problem(kind="withdrawn", path=path, detail=detail))
        elif path not in members:
            if path not in withheld or withheld[path] != wanted:
                problems.append(Problem(kind="missing", path=path, detail=f"missing; {place} tells of it"))
        elif path in digests and digests[path] != wanted:
            detail = f"not the file of {place}: its SHA-256 is {digests[path]}, the journal says {wanted}"
            problems.append(Problem(kind="changed", path=path, detail=detail))
        elif entry.body.get("size", members[path].size) != members[path].size:
            detail = f"{members[path].size} bytes where {place} says {entry.body['size']}"
            problems.append(Problem(kind="changed", path=path, detail=detail))
    known = OWN_FILES | set(told) | {folder + name for name in runs for folder in (TEMPLATES, EXECUTED)}
    known |= {FAILED + name for name, run in runs.items() if _through(run) is not run}
    # A notebook that never ran has its own fault.
    unknown = [name for name in members if name not in known and not name.startswith((TEMPLATES, EXECUTED))]
    problems += [Problem(kind="unknown", path=name, detail="no entry of the journal tells of it") for name in unknown]
    return problems


# --------------------------------------------------------------------------------------------------------------- notebooks


def _notebook_problems(
    members: Mapping[str, Member],
    digests: Mapping[str, str],
    *,
    runs: Mapping[str, Run],
    redacted: Mapping[str, Mapping[str, Any]],
) -> list[Problem]:
    problems = []
    for name in members:
        folder, _, file = name.partition("/")
        if name.startswith((TEMPLATES, EXECUTED)) and file not in runs:
            detail = "it never ran" if folder + "/" == TEMPLATES else "no entry tells of its run"
            problems.append(Problem(kind="unknown", path=name, detail=f"{detail}: run the case"))
    for file, run in sorted(runs.items()):
        problems += _run_problems(file, run)
        problems += _start_problems(file, run, digests)
        through = _through(run)
        if EXECUTED + file in members:
            problems += _executed_problems(
                members[EXECUTED + file],
                through or run,
                digest=digests.get(EXECUTED + file),
                redacted=redacted.get(EXECUTED + file, {}),
            )
        elif through is not None:
            detail = "missing; the journal tells of its run"
            problems.append(Problem(kind="missing", path=EXECUTED + file, detail=detail))
    return problems


def _run_problems(file: str, run: Run) -> list[Problem]:
    if run.end is None:
        return [Problem(kind="run", path=EXECUTED + file, detail="its last run has no end in the journal")]
    if run.end.get("state") != FINISHED:
        detail = f"its last run ended as {str(run.end.get('state'))[:40]!r}, not as {FINISHED!r}"
        return [Problem(kind="run", path=EXECUTED + file, detail=detail)]
    return []


def _start_problems(file: str, run: Run, digests: Mapping[str, str]) -> list[Problem]:
    """What the run began with and is no longer so: the notebook as written, and the environment."""
    problems = []
    template, environment = TEMPLATES + file, digests.get(ENVIRONMENT)
    if template not in digests:
        problems.append(Problem(kind="missing", path=template, detail="missing; the journal tells of its run"))
    elif digests[template] != run.start.get("sha256"):
        problems.append(Problem(kind="edited", path=template, detail="edited after it ran: run the case again"))
    if environment != run.start.get("environment"):
        detail = f"not the environment that {file} ran in, or edited since"
        problems.append(Problem(kind="environment", path=ENVIRONMENT, detail=detail))
    return problems


def _executed_problems(member: Member, run: Run, *, digest: str | None, redacted: Mapping[str, Any]) -> list[Problem]:
    """Where an executed notebook differs from what the journal sealed of it, by cell and output.

    `redacted` is what the journal says of the notebook with outputs left out; nothing where it says nothing.
    """
    try:
        notebook = load_notebook(_json_bytes(member, most=MOST_NOTEBOOK))
    except AuditError as fault:
        return [Problem(kind="notebook", path=member.name, detail=str(fault))]
    found = cell_digests(notebook, left_out=redacted.get("outputs", ()))
    problems = _cell_problems(member.name, found, run.sealed)
    known = {redacted.get("sha256")} | ({run.end.get("sha256")} if run.end is not None else {digest})
    if not problems and digest not in known:
        detail = (
            "re-saved, content unchanged: text, tags and outputs of all cells are as sealed, spacing or metadata is not"
        )
        problems.append(Problem(kind="re-saved", path=member.name, detail=detail))
    problems += [Problem(kind="order", path=member.name, detail=detail) for detail in order_problems(notebook)]
    return problems


def _cell_problems(path: str, found: tuple[CellDigest, ...], sealed: list[Mapping[str, Any]]) -> list[Problem]:
    problems = []
    there = {cell.id: cell for cell in found}
    wanted: dict[str, Mapping[str, Any]] = {str(body.get("id")): body for body in sealed}
    for name, body in wanted.items():
        cell = there.get(name)
        place = f"cell {body.get('index')} ({name}):"
        if cell is None:
            problems.append(Problem(kind="cell", path=path, detail=f"{place} removed; the journal sealed it"))
        elif cell.digest != body.get("digest"):
            problems.append(Problem(kind="cell", path=path, detail=f"{place} {_difference(cell, body)}"))
        elif cell.index != body.get("index"):
            problems.append(Problem(kind="cell", path=path, detail=f"{place} moved; it now stands at {cell.index}"))
    for cell in found:
        if cell.id not in wanted:
            detail = f"cell {cell.index} ({cell.id}): not in the journal; added after it ran"
            problems.append(Problem(kind="cell", path=path, detail=detail))
    return problems


def _difference(cell: CellDigest, body: Mapping[str, Any]) -> str:
    """What of a cell is not as sealed, as exactly as the journal allows to say."""
    parts = []
    if "source_sha256" in body and body["source_sha256"] != cell.source_sha256:
        parts.append("its source differs from the journal")
    if "n" in body and body["n"] != cell.n:
        parts.append("its execution count differs from the journal")
    if "type" in body and body["type"] != cell.type:
        parts.append("its type differs from the journal")
    outputs = body.get("outputs")
    if isinstance(outputs, list):
        if len(outputs) != len(cell.outputs):
            parts.append(f"{len(cell.outputs)} outputs where the journal has {len(outputs)}")
        pairs = enumerate(zip(outputs, cell.outputs, strict=False))
        parts += [f"output {index} differs from the journal" for index, (told, has) in pairs if told != has]
    return "; ".join(parts) or "its tags or attachments differ from the journal"
