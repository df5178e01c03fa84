"""Running a sealed package again from its inputs, and saying where it comes to something else than what was sealed.

The case is set up anew in a folder aside as it stood before the first sealed run: the inputs, the notebooks as written,
the journal up to there. Then each sealed run is done again, in its order, in a fresh kernel. Nothing is taken from the
sealed outputs. What it shows is that the outputs follow from the inputs, here and now; notes remain what someone wrote.
What runs left that others took the place of is put back before, as far as the journal or the package holds it (`restoring`).

This runs the code in the package with the rights of whoever asks for it, as opening its notebooks and running them would.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import platform
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from verikit._files import plain, sha256_file, write_bytes
from verikit._version import __version__
from verikit.case import bag
from verikit.case.auditing import ENVIRONMENT, EXECUTED, FAILED, FINISHED, JOURNAL, MOST_NOTEBOOK, TEMPLATES
from verikit.case.bag import Problem, read_member
from verikit.case.cells import load_notebook
from verikit.case.derived import confined, derived_of, pretty_json
from verikit.case.folder import Case
from verikit.case.header import CASE, journaled_header
from verikit.case.journal import append, read_journal, strict_json
from verikit.case.restoring import Restoring, unpack
from verikit.case.running import environment, run_case
from verikit.case.sameness import NOT_COMPARED, file_difference, json_difference, notebook_differences
from verikit.case.verification import Property, Verification
from verikit.case.verifying import opened_package
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from verikit.case.bag import Member
    from verikit.case.journal import Entry

__all__ = ["rerun_package"]

# What came between two sealed runs, by hand or in a run that a later one took the place of, is done again as the journal
# tells it; what a sealed run does, the run does again itself.
_REPLAYED = frozenset({"acquired", "decision", "derived", "gentle", "note", "transfer", "withdrawn"})
_SAID = frozenset({"decision", "note"})
# Derived files are read whole to be compared; larger ones are compared by their digest alone.
MOST_COMPARED = 256 << 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Sealed:
    """A run that the package's executed copy came from: the notebook's file name, and its first and last entry."""

    file: str
    first: int
    last: int


def rerun_package(
    verification: Verification,
    path: Path,
    *,
    archive: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Verification:
    """The verification of the package at `path` with its notebooks run again: the property `rerun` says what came of it.

    "holds": every output and derived file is the same within the tolerances of `sameness`. "broken": some are not, each
    named. "limited": it could not be done, or not to the end, and why. `archive` is the folder of the archive that the
    notebooks search, which no package holds; without it, one that lies beside the package where the case names it is taken.
    """
    began = time.monotonic()
    cannot = next(
        (f"not run again: {name} is broken" for name in ("shape", "journal") if verification[name].state == "broken"),
        "",
    )
    if cannot:
        return _with(verification, "limited", says=cannot)
    with contextlib.ExitStack() as stack:
        contents = stack.enter_context(opened_package(Path(path)))
        members = {
            name.removeprefix(bag.PAYLOAD): member
            for name, member in contents.members.items()
            if name.startswith(bag.PAYLOAD)
        }
        entries = read_journal(read_member(members[JOURNAL]))
        withheld = sorted({str(e.body.get("path")) for e in entries if e.kind == "withheld"} - members.keys())
        if any(path.startswith("inputs/") for path in withheld):
            says = f"not run again: withheld from the package: {', '.join(withheld)}"
            return _with(verification, "limited", says=says)
        aside = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="verikit-rerun-", ignore_cleanup_errors=True))
        )
        again = _Again(members=members, entries=entries, folder=aside / "case", tell=progress or (lambda _: None))
        again.set_up(_archive(Path(path), entries, archive))
        again.run_all()
        return again.verdict(verification, began)


def _with(verification: Verification, state: str, *, says: str, problems: Sequence[Problem] = ()) -> Verification:
    part = Property(name="rerun", state=state, says=plain(says), problems=tuple(problems))
    parts = tuple(part if one.name == "rerun" else one for one in verification.properties)
    return dataclasses.replace(verification, asked=(*verification.asked, "rerun"), properties=parts)


def _archive(package: Path, entries: Sequence[Entry], given: Path | None) -> Path | None:
    """The archive to search: the given one, or the one that lies where the case names it, seen from the package."""
    if given is not None:
        if not given.is_dir():
            raise FileNotFoundError(f"{given}: no such archive; name the folder of one that is there")
        return given.resolve()
    named = journaled_header(entries)["archive"]
    if not isinstance(named, str) or not named or Path(named).is_absolute():
        return None
    beside = Path(os.path.normpath(package.resolve().parent / "case" / named))
    return beside if beside.is_dir() else None


@dataclasses.dataclass(slots=True, kw_only=True)
class _Again:
    """A package's case, set up anew in `folder` to run again."""

    members: Mapping[str, Member]
    entries: Sequence[Entry]
    folder: Path
    tell: Callable[[str], None]
    problems: list[Problem] = dataclasses.field(default_factory=list)
    undone: list[Problem] = dataclasses.field(default_factory=list)
    cells: int = 0
    earlier: Restoring = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.earlier = Restoring.of(self.entries, members=self.members, folder=self.folder)

    @property
    def case(self) -> Case:
        """The case that runs again."""
        return Case(folder=self.folder)

    def runs(self) -> list[_Sealed]:
        """The runs that the executed copies came from, in the order in which they were done."""
        found: dict[str, _Sealed] = {}
        first: dict[str, int] = {}
        for entry in self.entries:
            file = PurePosixPath(str(entry.body.get("notebook", ""))).name
            if entry.kind == "run-start":
                first[file] = entry.seq
            elif entry.kind == "run-end" and entry.body.get("state") == FINISHED and file in first:
                found[file] = _Sealed(file=file, first=first[file], last=entry.seq)
        there = [run for run in found.values() if {TEMPLATES + run.file, EXECUTED + run.file} <= self.members.keys()]
        return sorted(there, key=lambda run: run.first)

    def set_up(self, archive: Path | None) -> None:
        """The case as it stood before the first sealed run, at `folder`."""
        runs = self.runs()
        if not runs:
            return
        for name, member in self.members.items():
            if name.startswith((TEMPLATES, "inputs/")):
                unpack(member, confined(self.folder, name))
        for thing in derived_of(self.entries[: runs[0].first]).values():
            self.earlier.put_back(thing.to_dict())
        for name in self.members:
            # What people wrote in the table of searches is theirs, as decisions are; the kit around it is made again.
            if name.startswith("derived/") and name.endswith("searches.csv"):
                unpack(self.members[name], confined(self.folder, f"search_kit/{name.removeprefix('derived/')}"))
        lines = read_member(self.members[JOURNAL]).split(b"\n")[: runs[0].first]
        write_bytes(self.folder / JOURNAL, b"\n".join([*lines, b""]))
        self._keep_header()
        if archive is not None:
            self.case.use_archive(archive)

    def run_all(self) -> None:
        """Each sealed run again, in its order, with what people did between two of them done again as well."""
        starts = {run.first: run for run in self.runs()}
        at = min(starts, default=len(self.entries))
        while at < len(self.entries):
            entry, run = self.entries[at], starts.get(at)
            if run is not None:
                self._run(run)
                at = run.last + 1
                continue
            self._replay(entry)
            at += 1

    def _replay(self, entry: Entry) -> None:
        """What the journal tells, done again without running anything."""
        if entry.kind not in _REPLAYED:
            return
        if entry.kind == "derived":
            self.earlier.put_back(entry.body)
        elif entry.kind == "withdrawn":
            self.earlier.take_away(entry.body)
        append(self.case.journal, entry.kind, entry.body, case=entry.case)
        if entry.kind in {"acquired", "decision"}:
            self._keep_header()

    def _keep_header(self) -> None:
        """case.json as the journal of the case that runs again tells it."""
        entries = read_journal((self.folder / JOURNAL).read_bytes())
        write_bytes(self.folder / CASE, pretty_json(journaled_header(entries)))

    def _run(self, run: _Sealed) -> None:
        """One sealed run again, compared with what was sealed of it."""
        sealed_path = EXECUTED + run.file
        since = len(self.case.entries)
        try:
            done = run_case(self.case, only=[run.file], progress=self.tell)[0]
            made = confined(self.folder, (EXECUTED if done.state == "ran" else FAILED) + run.file)
            again = load_notebook(made.read_bytes()) if made.is_file() else None
            sealed = load_notebook(read_member(self.members[sealed_path], most=MOST_NOTEBOOK))
        except (AuditError, ValueError) as fault:
            self._undone(sealed_path, f"could not be run again: {fault}")
            return
        self.cells += done.cells
        excuse = "" if done.state == "ran" else self._excuse(since, done.error)
        if again is not None:
            for _, detail in notebook_differences(sealed, again):
                open_ = NOT_COMPARED in detail or (bool(excuse) and "ended in an error" in detail)
                kind = self.undone if open_ else self.problems
                kind.append(Problem(kind="output", path=bag.PAYLOAD + sealed_path, detail=detail))
        if excuse:
            self._undone(sealed_path, f"not run to its end: {excuse}")
        elif done.state != "ran":
            self._broken(sealed_path, f"it ran through when it was sealed, and not now: {done.error}")
        if done.state == "ran":
            self._compare_derived(run, since)
            self._compare_said(run, since)
        else:
            self._restore(run)

    def _excuse(self, since: int, error: str) -> str:
        """What the package does not hold and the run ended for, in words; empty where there is nothing of the kind."""
        if lost := self.earlier.lost(self.case.entries[:since], error=error):
            return f"it reads {lost} as an earlier run left it, which is not in the package"
        named = self.case.archive
        if named is not None and not named.is_dir():
            return "it searches an archive that is not in the package; name it with --archive"
        return ""

    def _undone(self, path: str, detail: str) -> None:
        self.undone.append(Problem(kind="not-run", path=bag.PAYLOAD + path, detail=detail))

    def _broken(self, path: str, detail: str, *, kind: str = "rerun") -> None:
        self.problems.append(Problem(kind=kind, path=bag.PAYLOAD + path, detail=detail))

    def _span(self, run: _Sealed) -> Sequence[Entry]:
        return self.entries[run.first : run.last + 1]

    def _compare_derived(self, run: _Sealed, since: int) -> None:
        """The files that the run derived, held against those that it derived now."""
        # A later run may have derived some of them again; then that one is compared.
        latest = {e.body.get("path"): e.seq for e in self.entries if e.kind in {"derived", "withdrawn"}}
        sealed = {
            str(e.body["path"]): e.body
            for e in self._span(run)
            if e.kind == "derived" and latest.get(e.body.get("path")) == e.seq
        }
        now = {str(e.body["path"]): e.body for e in self.case.entries[since:] if e.kind == "derived"}
        for path in sorted(sealed.keys() - now.keys()):
            self._broken(path, "not derived when run again", kind="derived")
        for path in sorted(now.keys() - {str(e.body.get("path")) for e in self._span(run) if e.kind == "derived"}):
            self._broken(path, "derived when run again, and not in the package", kind="derived")
        for path in sorted(sealed.keys() & now.keys() - self.members.keys()):
            if sealed[path].get("sha256") != now[path].get("sha256"):
                self._undone(path, NOT_COMPARED)
        for path in sorted(sealed.keys() & now.keys() & self.members.keys()):
            if found := _making_difference(sealed[path], now[path]):
                self._broken(path, f"the journal tells otherwise how it was made: {found}", kind="derived")
            member, made = self.members[path], confined(self.folder, path)
            if max(member.size, made.stat().st_size) > MOST_COMPARED:
                found = "" if self.earlier.digest(path) == sha256_file(made) else "its bytes differ"
            else:
                found = file_difference(path, read_member(member, most=MOST_COMPARED), made.read_bytes())
            if found:
                self._broken(path, f"run again, it comes out otherwise: {found}", kind="derived")

    def _compare_said(self, run: _Sealed, since: int) -> None:
        """The notes and decisions that the run's cells made, held against those that they made now."""
        sealed, now = (
            [(e.kind, _without_digests(e.body)) for e in entries if e.kind in _SAID]
            for entries in (self._span(run), self.case.entries[since:])
        )
        places = [e.seq for e in self._span(run) if e.kind in _SAID]
        if len(sealed) != len(now):
            self._broken(JOURNAL, f"{run.file} makes {len(now)} notes and decisions, the journal has {len(sealed)}")
        for seq, one, other in zip(places, sealed, now, strict=False):
            found = json_difference(list(one), list(other))
            if found:
                detail = f"line {seq + 1} ({one[0]}): not what the cells of {run.file} say: {found}"
                self._broken(JOURNAL, detail, kind="decision")

    def _restore(self, run: _Sealed) -> None:
        """What a run that could not be done again left in the sealed case, so that later notebooks find it."""
        for entry in self._span(run):
            self._replay(entry)

    def verdict(self, verification: Verification, began: float) -> Verification:
        """The verification with what came of running again."""
        count = len(self.runs())
        told = f"{count} notebooks, {self.cells} cells run again in {time.monotonic() - began:.0f} s"
        surroundings = "; ".join(self._surroundings())
        told += f"; another environment: {surroundings}" if surroundings else "; in the same environment"
        if self.problems:
            says = f"{len(self.problems)} differences; {told}"
            return _with(verification, "broken", says=says, problems=[*self.problems, *self.undone])
        if self.undone or not count:
            says = f"not all of it could be run again; {told}" if count else "no notebook that could be run again"
            return _with(verification, "limited", says=says, problems=self.undone)
        return _with(verification, "holds", says=f"all outputs, derived files and decisions the same; {told}")

    def _surroundings(self) -> Iterator[str]:
        """How the environment differs from the sealed one, in a few words each."""
        try:
            sealed = strict_json(read_member(self.members[ENVIRONMENT]))
            there = {(d["name"], d["version"], d["record_sha256"]) for d in sealed["distributions"]}
        except (AuditError, ValueError, KeyError, TypeError):
            yield "the sealed one is not known"
            return
        for name, now in (
            ("python", platform.python_version()),
            ("machine", platform.machine()),
            ("verikit", __version__),
        ):
            if sealed.get(name) != now:
                yield f"{name} {sealed.get(name)} then, {now} now"
        here = {(d["name"], d["version"], d["record_sha256"]) for d in environment()["distributions"]}
        if here != there:
            yield f"{len({d[0] for d in here ^ there})} packages differ"


def _making_difference(sealed: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """How what the journal says of a derived file's making differs from now; entries of before 0.3 told no arguments."""
    if "arguments" not in sealed:
        return ""
    one, other = (
        {
            "operation": body["operation"],
            "arguments": body["arguments"],
            "parents": [p["name"] for p in body["parents"]],
        }
        for body in (sealed, now)
    )
    return json_difference(one, other)


def _without_digests(body: Mapping[str, Any]) -> dict[str, Any]:
    """A note or decision without the digests of the evidence, which are compared as files."""
    kept = {name: value for name, value in body.items() if name != "evidence"}
    evidence = body.get("evidence")
    return kept | {"evidence": sorted(evidence) if isinstance(evidence, dict) else []}
