"""What was derived in a case: one name, one file under derived/, and the latest journal entry about it.

A notebook that runs again derives its things anew. What it derived before and not this time is withdrawn when the run
has come to its end: the file goes, and the journal says so ({"name", "path", "sha256", "notebook"}).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Self

from verikit._files import canonical_json, plain, sha256_file
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from verikit.case.journal import Entry

__all__ = [
    "VERDICT",
    "Derived",
    "Made",
    "confined",
    "copy_and_hash",
    "derived_of",
    "kind_of",
    "name_parts",
    "not_derived_again",
    "plan_derived",
    "pretty_json",
    "withdrawn_of",
]

# The name that a case's verdict is kept under.
VERDICT = "verdict"
# Plain names only: they become files that must unpack alike on every system.
_PART = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One thing that was derived: its name, its file's path in the case, size and SHA-256, and what made it of what.

    `kind` is the type of the value ("Match") or the operation that made the file; `parents` are (name, SHA-256);
    `notebook` is the one that was running, empty where the value came from a hand at work. `arguments` are those of the
    operation, as JSON; entries of before 0.3 tell none.
    """

    name: str
    path: str
    sha256: str
    size: int
    operation: str
    kind: str
    parents: tuple[tuple[str, str], ...] = ()
    notebook: str = ""
    arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The body of the journal's entry."""
        parents = [{"name": name, "sha256": digest} for name, digest in self.parents]
        return dataclasses.asdict(self) | {"parents": parents}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError or TypeError."""
        parents = tuple((parent["name"], parent["sha256"]) for parent in data["parents"])
        told = {"arguments": {}} | dict(data)
        if not isinstance(told["arguments"], dict):
            raise TypeError("arguments: not an object")
        return cls(**{field.name: told[field.name] for field in dataclasses.fields(cls)} | {"parents": parents})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What makes a thing: the operation and its arguments, the names of what it was made from, and its kind if it is a value."""

    operation: str
    parents: Sequence[str] = ()
    arguments: Mapping[str, Any] | None = None
    kind: str = ""


def plan_derived(name: str, *, file: str, made: Made, entries: Sequence[Entry], video_sha256: str) -> Derived:
    """What is about to be derived as derived/`file`, still without digest and size, in a case with these entries.

    Raises ValueError for a name that is taken and for unknown parents, TypeError for arguments that are no JSON.
    """
    # What is no JSON is refused before a file is written.
    canonical_json(made.arguments or {})
    path = f"derived/{file}"
    derived = derived_of(entries)
    taken = {thing.path.casefold(): (thing.name, thing.path) for thing in derived.values()}
    taken.setdefault(f"derived/{VERDICT}.json", (VERDICT, f"derived/{VERDICT}.json"))
    # Names that differ in case alone are one file on other systems.
    owner = taken.get(path.casefold(), (name, path))
    if owner != (name, path):
        raise ValueError(f"{name}: derived/{file} is the file of {owner[0]!r}; choose another name")
    known = {thing.name: thing.sha256 for thing in derived.values()}
    known |= {entry.body["path"]: entry.body["sha256"] for entry in entries if entry.kind == "acquired"}
    known["video"] = video_sha256
    parents = made.parents
    unknown = [parents] if isinstance(parents, str) else [parent for parent in parents if parent not in known]
    if unknown:
        raise ValueError(f"parents: nothing derived or taken in is called {', '.join(map(repr, unknown))}")
    # The notebook that runs now is the one whose run-start has no run-end yet.
    last = next((entry for entry in reversed(entries) if entry.kind in {"run-start", "run-end"}), None)
    return Derived(
        name=name,
        path=path,
        sha256="",
        size=0,
        operation=made.operation,
        kind=made.kind or made.operation,
        parents=tuple((parent, known[parent]) for parent in parents),
        notebook=str(last.body["notebook"]) if last is not None and last.kind == "run-start" else "",
        arguments=dict(made.arguments or {}),
    )


def derived_of(entries: Iterable[Entry]) -> dict[str, Derived]:
    """The latest of each name in a journal, but what was withdrawn. Raises AuditError for an entry not of its form."""
    found: dict[str, Derived] = {}
    for entry in entries:
        if entry.kind == "derived":
            try:
                thing = Derived.from_dict(entry.body)
            except (KeyError, TypeError) as fault:
                raise AuditError(f"journal entry {entry.seq}: no description of a derived file ({fault!r})") from fault
            found[thing.name] = thing
        elif entry.kind == "withdrawn":
            name = str(entry.body.get("name"))
            if name in found and found[name].path == entry.body.get("path"):
                del found[name]
    return found


def withdrawn_of(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The entry of each name that was withdrawn and not derived again."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "withdrawn":
            found[str(entry.body.get("name"))] = entry
        elif entry.kind == "derived":
            found.pop(str(entry.body.get("name")), None)
    return found


def not_derived_again(entries: Iterable[Entry], *, notebook: str, since: int) -> tuple[Derived, ...]:
    """What this notebook derived before entry `since` and not after it: each file by the latest entry about it."""
    latest = {entry.body.get("path"): entry for entry in entries if entry.kind in {"derived", "withdrawn"}}
    return tuple(
        Derived.from_dict(entry.body)
        for entry in latest.values()
        if entry.kind == "derived" and entry.body.get("notebook") == notebook and entry.seq < since
    )


def name_parts(name: str) -> tuple[str, ...]:
    """The parts of a plain relative name such as frames/0001.jpg. Raises AuditError for any other."""
    parts = tuple(name.split("/")) if isinstance(name, str) else ()
    if not 1 <= len(parts) <= 4 or not all(_PART.fullmatch(part) for part in parts):
        raise AuditError(
            f"{plain(str(name))[:80]!r}: not a name of a file in the case; use letters, digits, dot, dash and underline, "
            "such as matches or frames/0001.jpg"
        )
    return parts


def confined(folder: Path, path: str) -> Path:
    """The file at a relative path inside `folder`. Raises AuditError for a path or a link that leads out of it."""
    pure = PurePosixPath(path)
    if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path or "\0" in path:
        raise AuditError(f"{plain(path)[:80]!r}: leads out of the case")
    place = folder
    for part in pure.parts:
        place = place / part
        if place.is_symlink():
            raise AuditError(f"{plain(path)[:80]!r}: goes through a link; a case holds its files itself")
    return place


def pretty_json(value: Any) -> bytes:
    """JSON for people and for machines: sorted keys, indented by one, UTF-8, one line feed at the end, no NaN.

    It is how nbformat writes notebooks, too, so that saving one again without a change keeps its bytes.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def kind_of(value: object) -> str:
    """The type's name of a value; of a row of values that of its first, so that matches are of the kind Match."""
    first = value[0] if isinstance(value, Sequence) and len(value) else value
    return type(first).__name__


def copy_and_hash(source: Path, target: Path) -> tuple[str, int]:
    """The SHA-256 and the size of a file, copied to `target` while it was read and compared with what arrived there.

    Raises FileNotFoundError, ValueError for what is no regular file, and OSError where the copy differs.
    """
    if source.exists() and not source.is_file():
        raise ValueError(f"{source}: not a regular file")
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as given, target.open("wb") as made:
        while block := given.read(1 << 20):
            digest.update(block)
            size += made.write(block)
        made.flush()
        os.fsync(made.fileno())
    if sha256_file(target) != digest.hexdigest():
        raise OSError(f"{target}: not what was read from {source}; is the disk sound?")
    return digest.hexdigest(), size
