"""The names of a package's members: which could lead astray, which fall together, and how a fault is told."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Self

from verikit._files import HIDDEN_CATEGORIES, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MOST_NAME", "Problem", "name_problem", "twin_problems"]

# Longer names do not exist on the file systems that a package is unpacked on.
MOST_NAME, MOST_PARTS = 1000, 32
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault as a fact: its kind in a word, the member or file it is about ("" for the whole), and a sentence."""

    kind: str
    path: str
    detail: str

    def __post_init__(self) -> None:
        # Names come from strangers and go to terminals, pages and JSON.
        object.__setattr__(self, "path", plain(self.path))
        object.__setattr__(self, "detail", plain(self.detail))

    def to_dict(self) -> dict[str, Any]:
        """The problem as the contract writes it."""
        return {"kind": self.kind, "path": self.path, "detail": self.detail}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(kind=data["kind"], path=data["path"], detail=data["detail"])

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}" if self.path else self.detail


def name_problem(name: str) -> str:
    """Why a member's name could lead astray, in a sentence; empty when it cannot."""
    if any(unicodedata.category(letter) in HIDDEN_CATEGORIES for letter in name):
        return "its name holds control, format or unassigned characters"
    if not name or len(name.encode("utf-8")) > MOST_NAME:
        return f"its name is empty or longer than {MOST_NAME} bytes"
    if name.startswith("/") or _DRIVE.match(name):
        return "its name is absolute"
    if "\\" in name or ":" in name:
        return "its name holds a backslash or a colon, which some systems read as a path"
    if not name.isascii() and unicodedata.normalize("NFC", name) != name:
        return "its name is not in Unicode's composed form (NFC)"
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts) or len(parts) > MOST_PARTS:
        return f"its name has an empty part, '.' or '..', or more than {MOST_PARTS} parts"
    if any(part[-1] in ". " or part[0] == " " for part in parts):
        return "a part of its name ends in a dot or begins or ends with a space, which some systems drop"
    return ""


def _folded(name: str) -> str:
    """The name as file systems that ignore case and form see it."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def twin_problems(names: Iterable[str]) -> list[Problem]:
    """The names that fall together on some file systems, and those that are a file and a folder at once."""
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for name in sorted(names):
        first = seen.setdefault(_folded(name), name)
        if first != name:
            problems.append(Problem(kind="twin", path=name, detail=f"its name falls together with {first!r}"))
    for folded, name in seen.items():
        parts = folded.split("/")
        problems += [
            Problem(kind="twin", path=name, detail=f"{'/'.join(parts[:k])!r} is a file and a folder at once")
            for k in range(1, len(parts))
            if "/".join(parts[:k]) in seen
        ]
    return problems
