"""What an output gives away of the people and machines behind a case, and their consent to publish it, cell by cell.

Home folders, and the names of this machine and of its user. Which names those are is known at the desk alone, so it is
asked when a case is sealed; the consent stands in the journal, bound to the cell as it ran: when its outputs change, it is
asked for anew.
"""

from __future__ import annotations

import dataclasses
import getpass
import re
import socket
from typing import TYPE_CHECKING, Any

from verikit.case.auditing import EXECUTED, MOST_NOTEBOOK, TEMPLATES
from verikit.case.bag import read_member
from verikit.case.cells import cell_digests, load_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from verikit.case.bag import Member
    from verikit.case.journal import Entry

__all__ = ["Trace", "consented", "traces_of_people"]

# Paths that name a person's account, on Linux, macOS and Windows.
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})[\w.\-]+|/root\b")
# Names too common to say who someone is; shorter ones than _LEAST letters stand in other words.
_NOBODY = frozenset({"admin", "debian", "jovyan", "localhost", "root", "runner", "ubuntu", "user"})
_LEAST = 4
# What is code to people, and what of it is written in letters after all.
_CODED, _DRAWN = ("image/", "audio/", "video/"), frozenset({"image/svg+xml"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A cell whose outputs name people or machines: the notebook's place in the case, the cell, its digest, what was found."""

    path: str
    index: int
    id: str
    digest: str
    found: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the cell is named to consent, as it ran and as it was saved: NOTEBOOK.ipynb:CELL."""
        return f"{self.path.rpartition('/')[2]}:{self.id}"

    def __str__(self) -> str:
        said = ", ".join(self.found)
        place = f"{self.path} cell {self.index} ({self.id})"
        return f"{place}: its output names {said}, which may tell who or where you are; to publish it, consent to {self.name}"


def traces_of_people(members: Mapping[str, Member]) -> Iterator[Trace]:
    """The cells of a case's notebooks, as they ran and as they were saved, that name a home folder, this machine or its user."""
    names = {socket.gethostname().split(".")[0], _user()}
    telling = sorted(name for name in names if len(name) >= _LEAST and name.casefold() not in _NOBODY)
    pattern = re.compile("|".join([_HOME.pattern, *(rf"\b{re.escape(name)}\b" for name in telling)]), re.IGNORECASE)
    for name, member in members.items():
        if not name.startswith((EXECUTED, TEMPLATES)):
            continue
        notebook = load_notebook(read_member(member, most=MOST_NOTEBOOK))
        for cell, digest in zip(notebook["cells"], cell_digests(notebook), strict=True):
            found = {match[0] for text in _texts(cell.get("outputs", [])) for match in pattern.finditer(text)}
            if found:
                yield Trace(
                    path=name,
                    index=digest.index,
                    id=digest.id,
                    digest=digest.digest,
                    found=tuple(sorted(found)),
                )


def consented(trace: Trace, entries: Sequence[Entry]) -> bool:
    """Whether the journal holds the consent to publish this cell as it ran."""
    wanted = {"path": trace.path, "id": trace.id, "digest": trace.digest}
    return any(e.kind == "consent" and wanted.items() <= e.body.items() for e in entries)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no account has: then there is no name to give away.
        return ""


def _texts(outputs: list[Any]) -> Iterator[str]:
    """Every text in a cell's outputs, names of fields too, but the code of pictures and sound."""
    # A stack, as nesting comes from a file.
    waiting: list[Any] = list(outputs)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            yield from value
            waiting += [part for key, part in value.items() if key in _DRAWN or not key.startswith(_CODED)]
