"""Sealing: a case becomes one package that others can check without the person who made it.

Sealing refuses what verifying would call broken (`auditing` looks for both) and says all of it at once. It judges
nothing: a sealed case may be wrong; it cannot be changed unseen.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain, sha256_bytes, sha256_file
from verikit._version import __version__
from verikit.case import signing
from verikit.case.auditing import JOURNAL, TEMPLATES, audit_case, info_fields, withheld_of
from verikit.case.bag import (
    BAG_INFO,
    BAGIT,
    BAGIT_TEXT,
    MANIFEST,
    PAYLOAD,
    SIGNATURE,
    TAGMANIFEST,
    bytes_member,
    folder_contents,
    hash_members,
    info_text,
    manifest_text,
    seal_string,
)
from verikit.case.consenting import consented, traces_of_people
from verikit.case.crate import CRATE, crate_bytes
from verikit.case.derived import derived_of, pretty_json
from verikit.case.earlier_package import set_aside
from verikit.case.journal import read_journal
from verikit.case.leaving_out import (
    LeftOut,
    leave_out_entries,
    notebook_entries,
    packed_notebooks,
    unclean_templates,
)
from verikit.case.opening import open_case
from verikit.case.report import REPORT, report_page, write_report
from verikit.case.running import environment, run_case
from verikit.case.staleness import to_run
from verikit.case.zips import write_zip
from verikit.errors import AuditError
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from verikit.case.bag import Contents, Member
    from verikit.case.corrections import Correction
    from verikit.case.folder import Case
    from verikit.case.journal import Entry

__all__ = ["Seal", "say_left_out", "seal_case"]

# A cache of decoded clips and the pictures to search with, large and made again at will (what people wrote in the kit's
# table is packed as derived/searches.csv); what an interrupted write, JupyterLab and macOS leave behind.
NOT_PACKED = ("scans/", "search_kit/", ".writing-", ".ipynb_checkpoints", ".DS_Store")

# From here on a file is read only while it is packed.
LARGE = 64 << 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A sealed package: where it is, the seal string to publish, the SHA-256 of the zip, and warnings.

    The seal string names the content and stays the same when the package is packed anew; `sha256` is of this one file.
    `warnings` are to be looked at before publishing: traces of the machine or the person in the notebooks' outputs, and a
    report that had to be written anew.
    """

    package: Path
    seal: str
    sha256: str
    signed: bool
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The seal as the contract writes it."""
        return dataclasses.asdict(self) | {"package": str(self.package), "warnings": list(self.warnings)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{**data, "package": Path(data["package"]), "warnings": tuple(data["warnings"])})

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("package", str(self.package)),
            ("SHA-256 of the file", self.sha256),
            ("seal string", self.seal),
            ("signed", "yes" if self.signed else "no"),
        ]
        return rows + [("look at this before publishing", warning) for warning in self.warnings]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._rows())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = _html.definition(self._rows(), caption="Sealed package")
        return mimebundle(self, plain_text=str(self), html=shown)


def seal_case(
    case_folder: Path,
    *,
    package: Path | None = None,
    key: Path | None = None,
    consent: Sequence[str] = (),
    withhold: Mapping[str, str] | None = None,
    leave_out: Mapping[str, str] | None = None,
    supersedes: Correction | None = None,
    progress: Callable[[str], None] | None = None,
) -> Seal:
    """The sealed package of a case: a zip that `verify_package`, and sha256sum and ssh-keygen without us, can check.

    `package` is CASE.zip beside the folder where it is not given; one that stands there and was sealed as something else is
    kept under another name, which is among the warnings. `key` is the private SSH key
    that signs it. The same case gives the same bytes, always (with an Ed25519 key, signed as well). report.html is written
    anew where it is not what the case says.

    Notebooks that were edited or worked on after their last clean run are run again first, in fresh kernels; stale cells,
    and where the clean run comes to something else than the saved notebook shows, are among the warnings. What is said
    here goes into the journal: `consent` names cells (NOTEBOOK.ipynb:CELL) whose outputs may be published although they
    tell of people or machines; `withhold` files that do not go into the package, with the reason for each; `leave_out`
    what `say_left_out` takes; `supersedes` the seal that this one corrects, and why.

    Raises AuditError with all that stands against sealing: a journal that does not hold or does not end with a run, a
    notebook that never ran, failed, or differs from its run, files that are not as the journal says or that it does
    not know, outputs that tell of people without consent. Raises FileNotFoundError without a case, ValueError for a
    package inside the case, an unusable key, and cells or files that are not there, and MissingToolError where nothing
    can sign.
    """
    case_folder = Path(case_folder)
    if not case_folder.is_dir():
        raise FileNotFoundError(f"{case_folder}: no such case folder")
    root = case_folder.resolve()
    target = root.parent / f"{root.name}.zip" if package is None else Path(package)
    if target.resolve().is_relative_to(root):
        raise ValueError(f"{target}: a package cannot lie inside its own case; choose a place outside")
    warnings = _clean_runs(root, case_folder, progress or (lambda _: None))
    contents = folder_contents(root, leave_out=NOT_PACKED)
    _say_at_sealing(root, contents, consent=consent, withhold=withhold or {}, supersedes=supersedes)
    say_left_out(root, leave_out or {})
    contents = folder_contents(root, leave_out=NOT_PACKED)
    digests, entries = _audited(contents, case_folder)
    warnings += [*_report_anew(root), *_notes_left_out(entries)]
    anew = {name: member for name, (member, _) in packed_notebooks(contents.members, entries).items()}
    anew[REPORT] = folder_contents(root, leave_out=NOT_PACKED).members[REPORT]
    kept = {name: member for name, member in contents.members.items() if name not in withheld_of(entries)}
    contents = dataclasses.replace(contents, members=dict(sorted({**kept, **anew}.items())))
    digests |= hash_members(anew.values())[0]
    members, tagmanifest = _package(contents, digests, entries)
    if key is not None:
        members.append(bytes_member(SIGNATURE, signing.sign(tagmanifest, key=Path(key))))
    seal = seal_string(tagmanifest)
    aside = set_aside(target, seal=seal, names={member.name for member in members})
    warnings += filter(None, [aside, _not_concluded(entries)])
    write_zip(target, members, digests=_digests(members, digests))
    return Seal(
        package=target,
        seal=seal,
        sha256=sha256_file(target),
        signed=key is not None,
        warnings=tuple(warnings),
    )


def _not_concluded(entries: tuple[Entry, ...]) -> str:
    concluded = any(entry.kind == "decision" and "verdict" in entry.body for entry in entries)
    return "" if concluded else "nobody has concluded this case: no verdict is recorded"


def _audited(contents: Contents, case_folder: Path) -> tuple[dict[str, str], tuple[Entry, ...]]:
    """The digests of a case's files and its journal. Raises AuditError with all that stands against sealing it.

    A large file is read once, when it is packed: until then the digest that the journal tells stands for it, and packing
    refuses a file that has another.
    """
    large = [
        member
        for name, member in contents.members.items()
        if member.size >= LARGE and name.startswith(("inputs/", "derived/"))
    ]
    digests, unreadable = hash_members(member for member in contents.members.values() if member not in large)
    audit = audit_case(contents.members, digests=digests)
    # A bag holds files; a folder that is still empty is simply not in it.
    shape = [problem for problem in contents.problems if problem.kind != "empty-folder"]
    problems = [str(problem) for problem in (*shape, *unreadable, *audit.journal, *audit.notebook)]
    if not audit.notebook:
        problems += [str(trace) for trace in traces_of_people(contents.members) if not consented(trace, audit.entries)]
        problems += unclean_templates(contents.members, audit.entries)
    if problems:
        raise AuditError(f"{case_folder}: cannot be sealed", problems=problems)
    told = {
        str(e.body.get("path")): str(e.body.get("sha256")) for e in audit.entries if e.kind in {"acquired", "derived"}
    }
    # The audit refused every file that no entry tells of.
    return digests | {member.name: told[member.name] for member in large}, audit.entries


def _clean_runs(root: Path, case_folder: Path, tell: Callable[[str], None]) -> list[str]:
    """Run again what was edited or worked on since its last clean run. Returns stale cells and differences, a line each.

    Raises AuditError where a notebook does not run through.
    """
    try:
        entries = read_journal((root / JOURNAL).read_bytes())
    except (AuditError, OSError):
        # What is wrong with the journal is told with all other faults.
        return []
    templates = {path.name: sha256_file(path) for path in (root / TEMPLATES).glob("*.ipynb") if path.is_file()}
    again = to_run(entries, templates)
    if not again:
        return []
    # A case has one environment: where this one is another, the earlier notebooks run in it as well.
    here = sha256_bytes(pretty_json(environment()))
    ran_in = {str(e.body.get("notebook")): e.body.get("environment") for e in entries if e.kind == "run-start"}
    if any(ran_in.get(TEMPLATES + name) != here for name in templates if name not in again):
        again = tuple(sorted(templates))
    case = open_case(root)
    warnings = [f"stale as saved: {cell}" for cell in case.stale_cells()]
    runs = run_case(case, only=again, progress=tell)
    failed = [str(run) for run in runs if run.state != "ran"]
    if failed:
        raise AuditError(f"{case_folder}: cannot be sealed: not all notebooks run through", problems=failed)
    warnings += [f"run again in a fresh kernel: {', '.join(run.notebook for run in runs)}"]
    return warnings + [f"the clean run differs from what was seen: {found}" for run in runs for found in run.differs]


def _say_at_sealing(
    root: Path,
    contents: Contents,
    *,
    consent: Sequence[str],
    withhold: Mapping[str, str],
    supersedes: Correction | None,
) -> None:
    """Write into the journal what is said at sealing, unless it stands there already: sealed twice, a case is the same."""
    if not (consent or withhold or supersedes):
        return
    case = open_case(root)
    entries = case.entries
    traces = list(traces_of_people(contents.members)) if consent else []
    unknown = sorted(set(consent) - {trace.name for trace in traces})
    if unknown:
        raise ValueError(
            f"consent: no output that tells of people in {', '.join(unknown)}; name cells as NOTEBOOK.ipynb:CELL"
        )
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("consent", {"path": trace.path, "id": trace.id, "digest": trace.digest})
        for trace in traces
        if trace.name in consent
    ]
    known = {str(e.body.get("path")): e.body for e in entries if e.kind in {"acquired", "derived"}}
    for path, reason in withhold.items():
        if path not in known or path not in contents.members:
            raise ValueError(
                f"{plain(path)}: cannot be withheld: no input or derived file of the case (inputs/..., derived/...)"
            )
        if not reason.strip():
            raise ValueError(f"{plain(path)}: say why it is withheld")
        told = {name: known[path].get(name) for name in ("sha256", "size")}
        bodies.append(("withheld", {"path": path, **told, "reason": reason}))
    if supersedes is not None:
        bodies.append(("supersedes", supersedes.to_dict()))
    for kind, body in bodies:
        _say(case, kind, body)


def say_left_out(root: Path, wanted: Mapping[str, str]) -> None:
    """Write into the journal what packages and the report leave out, with the reasons, unless it stands there already.

    Named are a derived picture or file ("copies/evidence_2.jpg"), which is withheld and gives way in the notebooks, too; a
    cell's outputs ("04_seen_before.ipynb:c005"); or a note ("note:57", by its number in the journal), which the report
    alone leaves out. Raises ValueError for what is not there.
    """
    if not wanted and not _leaves_out(root):
        return
    members = folder_contents(root, leave_out=NOT_PACKED).members
    case = open_case(root)
    said = leave_out_entries(wanted, members, case.entries)
    # What was left out stays so, also where it came out otherwise in a later run.
    latest = {thing.path: thing for thing in derived_of(case.entries).values()}
    for path, entry in withheld_of(case.entries).items():
        if path in latest and latest[path].sha256 != entry.body.get("sha256"):
            told = {"path": path, "sha256": latest[path].sha256, "size": latest[path].size}
            said.append(("withheld", told | {"reason": entry.body.get("reason")}))
    for kind, body in said:
        _say(case, kind, body)
    for body in notebook_entries(members, case.entries):
        case.tell("left-out", body | {"by": case.by})


def _leaves_out(root: Path) -> bool:
    """Whether the journal leaves anything out; not where it cannot be read, which sealing tells with all other faults."""
    try:
        return any(entry.kind in {"withheld", "left-out"} for entry in read_journal((root / JOURNAL).read_bytes()))
    except (AuditError, OSError):
        return False


def _say(case: Case, kind: str, body: Mapping[str, Any]) -> None:
    """An entry of what is said at sealing, unless it stands there already."""
    if not any(e.kind == kind and body.items() <= e.body.items() for e in case.entries):
        case.tell(kind, {**body, "by": case.by})


def _notes_left_out(entries: Sequence[Entry]) -> list[str]:
    return [
        f"the note of entry {seq} is left out of {REPORT} alone: the journal and the notebooks in the package hold it"
        for seq in LeftOut.of(entries).notes
    ]


def _report_anew(root: Path) -> list[str]:
    """report.html as the case says it, written where it is not so already; a warning where another was there."""
    try:
        case = open_case(root)
        page = report_page(case).encode("utf-8")
    except (KeyError, TypeError, ValueError) as fault:
        raise AuditError(f"{root.name}: cannot be sealed: no report can be made of it ({fault!r})") from fault
    path = root / REPORT
    there = path.read_bytes() if path.is_file() else None
    if there == page:
        return []
    write_report(case)
    return [] if there is None else [f"{REPORT} was not what the case says; it was written anew"]


def _package(contents: Contents, digests: Mapping[str, str], entries: tuple[Entry, ...]) -> tuple[list[Member], bytes]:
    """All members of the package but the signature, and the bytes of the tagmanifest, which is what gets signed."""
    files = {name: (member.size, digests[name]) for name, member in contents.members.items()}
    crate = bytes_member(PAYLOAD + CRATE, crate_bytes(entries, files))
    payload = [dataclasses.replace(member, name=PAYLOAD + name) for name, member in contents.members.items()]
    listed = {PAYLOAD + name: digest for name, (_, digest) in files.items()} | hash_members([crate])[0]
    payload.append(crate)
    fields = info_fields(entries, payload, agent=f"verikit {__version__}")
    tags = {
        BAGIT: BAGIT_TEXT.encode("utf-8"),
        BAG_INFO: info_text(fields).encode("utf-8"),
        MANIFEST: manifest_text(listed).encode("utf-8"),
    }
    tagmanifest = manifest_text({name: sha256_bytes(data) for name, data in tags.items()}).encode("utf-8")
    tags[TAGMANIFEST] = tagmanifest
    return payload + [bytes_member(name, data) for name, data in tags.items()], tagmanifest


def _digests(members: list[Member], digests: Mapping[str, str]) -> dict[str, str]:
    """The SHA-256 that each member of the package must have when it is written."""
    payload = {PAYLOAD + name: digest for name, digest in digests.items()}
    tags, _ = hash_members(member for member in members if member.name not in payload)
    return payload | tags
