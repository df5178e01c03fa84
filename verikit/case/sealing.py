"""Sealing: a case becomes one package that others can check without the person who made it.

Sealing refuses what verifying would call broken (`auditing` looks for both) and says all of it at once. It judges
nothing: a sealed case may be wrong; it cannot be changed unseen.
"""

from __future__ import annotations

import dataclasses
import getpass
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import sha256_bytes, sha256_file
from verikit._version import __version__
from verikit.case import signing
from verikit.case.auditing import EXECUTED, MOST_NOTEBOOK, audit_case, info_fields
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
    read_member,
    seal_string,
)
from verikit.case.cells import load_notebook
from verikit.case.opening import open_case
from verikit.case.report import REPORT, report_page, write_report
from verikit.case.zips import write_zip
from verikit.errors import AuditError
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from verikit.case.bag import Contents, Member
    from verikit.case.journal import Entry

__all__ = ["Seal", "seal_case"]

# A cache of decoded clips and the pictures to search with, large and made again at will (what people wrote in the kit's
# table is packed as derived/searches.csv); what an interrupted write, JupyterLab and macOS leave behind.
NOT_PACKED = ("scans/", "search_kit/", ".writing-", ".ipynb_checkpoints", ".DS_Store")

# Paths that name a person's account, on Linux, macOS and Windows.
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})[\w.\-]+|/root\b")
# Names too common to say who someone is; shorter ones than _LEAST letters stand in other words.
_NOBODY = frozenset({"admin", "debian", "jovyan", "localhost", "root", "runner", "ubuntu", "user"})
_LEAST = 4


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


def seal_case(case_folder: Path, *, package: Path | None = None, key: Path | None = None) -> Seal:
    """The sealed package of a case: a zip that `verify_package`, and sha256sum and ssh-keygen without us, can check.

    `package` is CASE.zip beside the folder where it is not given; an older one is replaced. `key` is the private SSH key
    that signs it. The same case gives the same bytes, always (with an Ed25519 key, signed as well). report.html is written
    anew where it is not what the case says.

    Raises AuditError with all that stands against sealing: a journal that does not hold or does not end with a run, a
    notebook that never ran, failed, or was edited after it ran, files that are not as the journal says or that it does
    not know. Raises FileNotFoundError without a case, ValueError for a package inside the case or an unusable key, and
    MissingToolError where signing needs ssh-keygen.
    """
    case_folder = Path(case_folder)
    if not case_folder.is_dir():
        raise FileNotFoundError(f"{case_folder}: no such case folder")
    root = case_folder.resolve()
    target = root.parent / f"{root.name}.zip" if package is None else Path(package)
    if target.resolve().is_relative_to(root):
        raise ValueError(f"{target}: a package cannot lie inside its own case; choose a place outside")
    contents = folder_contents(root, leave_out=NOT_PACKED)
    digests, unreadable = hash_members(contents.members.values())
    audit = audit_case(contents.members, digests=digests)
    # A bag holds files; a folder that is still empty is simply not in it.
    shape = [problem for problem in contents.problems if problem.kind != "empty-folder"]
    problems = [*shape, *unreadable, *audit.journal, *audit.notebook]
    if problems:
        raise AuditError(f"{case_folder}: cannot be sealed", problems=[str(problem) for problem in problems])
    warnings = _report_anew(root)
    page = folder_contents(root, leave_out=NOT_PACKED).members[REPORT]
    contents = dataclasses.replace(contents, members=dict(sorted({**contents.members, REPORT: page}.items())))
    digests |= hash_members([page])[0]
    members, tagmanifest = _package(contents, digests, audit.entries)
    if key is not None:
        members.append(bytes_member(SIGNATURE, signing.sign(tagmanifest, key=Path(key))))
    write_zip(target, members, digests=_digests(members, digests))
    return Seal(
        package=target,
        seal=seal_string(tagmanifest),
        sha256=sha256_file(target),
        signed=key is not None,
        warnings=(*warnings, *_traces_of_people(contents)),
    )


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
    payload = [dataclasses.replace(member, name=PAYLOAD + name) for name, member in contents.members.items()]
    fields = info_fields(entries, payload, agent=f"verikit {__version__}")
    tags = {
        BAGIT: BAGIT_TEXT.encode("utf-8"),
        BAG_INFO: info_text(fields).encode("utf-8"),
        MANIFEST: manifest_text({PAYLOAD + name: digest for name, digest in digests.items()}).encode("utf-8"),
    }
    tagmanifest = manifest_text({name: sha256_bytes(data) for name, data in tags.items()}).encode("utf-8")
    tags[TAGMANIFEST] = tagmanifest
    return payload + [bytes_member(name, data) for name, data in tags.items()], tagmanifest


def _digests(members: list[Member], digests: Mapping[str, str]) -> dict[str, str]:
    """The SHA-256 that each member of the package must have when it is written."""
    payload = {PAYLOAD + name: digest for name, digest in digests.items()}
    tags, _ = hash_members(member for member in members if member.name not in payload)
    return payload | tags


# ------------------------------------------------------------------------------------------- what should not be published


def _traces_of_people(contents: Contents) -> Iterator[str]:
    """Home folders, and the names of this machine and its user, in the outputs of executed notebooks: a line each."""
    names = {socket.gethostname().split(".")[0], _user()}
    telling = sorted(name for name in names if len(name) >= _LEAST and name.casefold() not in _NOBODY)
    pattern = re.compile("|".join([_HOME.pattern, *(rf"\b{re.escape(name)}\b" for name in telling)]), re.IGNORECASE)
    for name, member in contents.members.items():
        if not name.startswith(EXECUTED):
            continue
        notebook = load_notebook(read_member(member, most=MOST_NOTEBOOK))
        for index, cell in enumerate(notebook["cells"]):
            found = {match[0] for text in _texts(cell.get("outputs", [])) for match in pattern.finditer(text)}
            if found:
                said = ", ".join(sorted(found))
                yield f"{name} cell {index} ({cell['id']}): its output names {said}, which may tell who or where you are"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no account has: then there is no name to give away.
        return ""


def _texts(outputs: list[Any]) -> Iterator[str]:
    """Every text in a cell's outputs but the code of pictures and sound. A stack, as nesting comes from a file."""
    waiting: list[Any] = list(outputs)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [part for key, part in value.items() if not key.startswith(("image/", "audio/", "video/"))]
