r"""The journal of a case: one line for everything that happened to it, each bound to the line before by its hash.

A line is canonical JSON (`_files.canonical_json`: sorted keys, no spaces, UTF-8) and ends with a single line feed:

    {"body":{},"case":ID,"hash":HEX,"kind":KIND,"prev":HEX,"seq":N,"time":"2026-11-02T10:15:00.000+00:00","v":1}

`hash` is SHA-256 of "verikit-journal-v1\n" and the canonical JSON of the entry without `hash`; `prev` is the hash of
the line before, 64 zeros in the first. Numbers with a fraction may stand in a body only as Python's json writes them
(the shortest text that reads back as the same double): a line that is not byte for byte what this room would write
is a fault, so there is one way to write an entry and every changed byte shows.

A chain shows that nothing between its ends was changed. It cannot show by itself that its end is the end: the seal does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Self

from verikit._files import canonical_json, plain, sha256_text
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = [
    "FIRST_PREV",
    "KINDS",
    "Entry",
    "JournalProblem",
    "append",
    "is_time",
    "journal_problems",
    "read_journal",
    "strict_json",
    "sync_folder",
]

KINDS = (
    "case-open",
    "acquired",
    "run-start",
    "cell",
    "derived",
    "withdrawn",
    "archive",
    "decision",
    "note",
    "transfer",
    # That pictures are shown gently from then on.
    "gentle",
    "cell-sealed",
    "run-end",
    # What an analyst does in JupyterLab, told by the kernel as it happens.
    "live-start",
    "live-cell",
    # What is said at the time of sealing, after the last run.
    "consent",
    "withheld",
    "left-out",
    "supersedes",
)
FIRST_PREV = "0" * 64
# A body is names, digests and what an analyst typed. The bound lets the tail be found by reading a known amount.
MOST_LINE = 1 << 20
_FIELDS = frozenset({"v", "case", "seq", "time", "kind", "body", "prev", "hash"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}(\d{3})?)?\+00:00", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TORN = (
    "the last line is torn: it has no line feed, so its writing was cut off and nobody was told that it is in the journal; "
    "keep a copy of the file, then take that last piece of a line away to go on"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal. `time` is ISO 8601 in UTC, `body` is JSON, `prev` and `hash` are lower-case hex."""

    case: str
    seq: int
    time: str
    kind: str
    body: Mapping[str, Any]
    prev: str
    hash: str

    def to_dict(self) -> dict[str, Any]:
        """The entry as its line holds it."""
        return {"v": 1} | {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises AuditError that lists what is wrong with the fields or the hash."""
        problems = _entry_problems(data)
        if problems:
            raise AuditError("journal entry", problems=[detail for _, detail in problems])
        return cls(**{name: data[name] for name in _FIELDS - {"v"}})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JournalProblem:
    """One fault of a journal: the line (from 1; 0 for the journal as a whole), its kind in a word, and a sentence.

    Kinds: empty, torn, line-end, too-long, not-json, duplicate-key, not-canonical, fields, hash, case, seq, prev, first.
    """

    line: int
    kind: str
    detail: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.detail}" if self.line else self.detail


class _DuplicateKeyError(ValueError):
    """An object that names a key twice."""


def strict_json(data: bytes) -> Any:
    """What `data` says as JSON, read strictly. Raises ValueError for whatever two readers could read in two ways.

    Refused: other than UTF-8, a byte order mark, a key twice in one object, NaN and infinity, half a surrogate pair,
    and nesting deeper than Python's own parser goes.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        # Half a surrogate pair and numbers beyond a double are only seen when they are written again.
        canonical_json(value).encode("utf-8")
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _DuplicateKeyError(f"the key {plain(name)[:80]!r} stands twice in one object")
        found[name] = value
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _digest(entry: Mapping[str, Any]) -> str:
    """The hash of an entry given as a dict; its own `hash` is left out."""
    bare = {name: value for name, value in entry.items() if name != "hash"}
    return sha256_text("verikit-journal-v1\n" + canonical_json(bare))


def is_time(value: object) -> bool:
    """Whether this is a time as entries have it: ISO 8601 in UTC, written as +00:00."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _entry_problems(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with one entry on its own, as (kind, sentence)."""
    unknown, missing = sorted(set(data) - _FIELDS), sorted(_FIELDS - set(data))
    if unknown or missing:
        said = [f"unknown field {plain(name)[:80]!r}" for name in unknown[:5]]
        return [("fields", ", ".join(said + [f"missing field {name!r}" for name in missing]))]
    right = {
        "v": type(data["v"]) is int and data["v"] == 1,
        "case": isinstance(data["case"], str) and data["case"] != "",
        "seq": type(data["seq"]) is int and data["seq"] >= 0,
        "time": is_time(data["time"]),
        "kind": data["kind"] in KINDS,
        "body": isinstance(data["body"], dict),
        "prev": _is_hex(data["prev"]),
        "hash": _is_hex(data["hash"]),
    }
    faults = [
        ("fields", f"{name} is not of its form: {plain(str(data[name]))[:80]!r}")
        for name, ok in right.items()
        if not ok
    ]
    if not faults and data["hash"] != _digest(data):
        faults.append(("hash", "the entry does not match its hash: it was changed after it was written"))
    return faults


def _read_line(raw: bytes) -> tuple[dict[str, Any] | None, list[tuple[str, str]]]:
    """One line without its line feed, as a dict and its faults; None where it is no JSON object."""
    if len(raw) > MOST_LINE:
        return None, [("too-long", f"{len(raw)} bytes; an entry has at most {MOST_LINE}")]
    if b"\r" in raw:
        return None, [("line-end", "a carriage return; lines end with a single line feed")]
    try:
        data = strict_json(raw)
    except _DuplicateKeyError as twice:
        return None, [("duplicate-key", str(twice))]
    except ValueError as broken:
        return None, [("not-json", f"not JSON: {plain(str(broken))[:200]}")]
    if not isinstance(data, dict):
        return None, [("not-json", "not a JSON object")]
    faults = _entry_problems(data)
    if canonical_json(data).encode("utf-8") != raw:
        faults.append(("not-canonical", "not written as canonical JSON: spaces, order, escapes or numbers differ"))
    return data, faults


def journal_problems(data: bytes) -> tuple[JournalProblem, ...]:
    """Everything that is wrong with the bytes of a journal, in the order of its lines; empty when it holds.

    Each line is compared with what the line before states, so a fault is told where it stands and not on every line
    after it.
    """
    return _examine(data)[1]


def read_journal(data: bytes) -> tuple[Entry, ...]:
    """The entries in the bytes of a journal, oldest first. Raises AuditError whose problems name the lines at fault."""
    entries, problems = _examine(data)
    if problems:
        raise AuditError("journal does not hold", problems=[str(problem) for problem in problems])
    return entries


def _examine(data: bytes) -> tuple[tuple[Entry, ...], tuple[JournalProblem, ...]]:
    """The entries that could be read and all faults."""
    if not data:
        return (), (JournalProblem(line=0, kind="empty", detail="the journal is empty"),)
    lines = data.split(b"\n")
    entries: list[Entry] = []
    problems: list[JournalProblem] = []
    before: dict[str, Any] | None = None
    for number, raw in enumerate(lines[:-1], start=1):
        found, faults = _read_line(raw)
        if found is not None and not any(kind == "fields" for kind, _ in faults):
            if number == 1 or before is not None:
                faults += _link_problems(found, before)
            entries.append(Entry(**{name: found[name] for name in _FIELDS - {"v"}}))
            before = found
        else:
            before = None
        problems += [JournalProblem(line=number, kind=kind, detail=detail) for kind, detail in faults]
    if lines[-1]:
        detail = "the last line is torn: it does not end with a line feed"
        problems.append(JournalProblem(line=len(lines), kind="torn", detail=detail))
    return tuple(entries), tuple(problems)


def _link_problems(entry: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What is wrong between an entry and the one before it (None: it stands first)."""
    faults = []
    if (entry["kind"] == "case-open") != (before is None):
        faults.append(("first", f"{entry['kind']}: the first entry, and only the first, is case-open"))
    if before is not None and entry["case"] != before["case"]:
        faults.append(("case", f"of another case: {plain(entry['case'])[:80]!r}"))
    expected = 0 if before is None else before["seq"] + 1
    if entry["seq"] != expected:
        faults.append(("seq", f"number {entry['seq']} where {expected} follows: entries are missing, added or moved"))
    if entry["prev"] != (FIRST_PREV if before is None else before["hash"]):
        faults.append(("prev", "does not continue the entry before it: entries are missing, added, moved or changed"))
    return faults


def append(path: Path, kind: str, body: Mapping[str, Any], *, case: str, time: dt.datetime | None = None) -> Entry:
    """Write one entry at the end of the journal at `path` and return it once it is on the disk.

    The file is locked while its last line is read and the new one written, so that a runner and the kernel it started
    can both write. `time` (with its zone) is now where it is not given. Only case-open makes the file.

    Raises AuditError where the last line is torn, broken or of another case, and ValueError or TypeError for a body
    that is not JSON, an unknown kind or a time without a zone; FileNotFoundError where there is no journal.
    """
    with _locked(path, new=kind == "case-open") as handle:
        before = _last(handle, path)
        moment = dt.datetime.now(dt.UTC) if time is None else time
        if moment.tzinfo is None:
            raise ValueError("time: needs its zone, such as datetime.now(UTC)")
        entry: dict[str, Any] = {
            "v": 1,
            "case": case,
            "seq": 0 if before is None else before["seq"] + 1,
            "time": moment.astimezone(dt.UTC).isoformat(timespec="milliseconds"),
            "kind": kind,
            # There and back: tuples become lists and keys text, so that what is hashed is what will be read.
            "body": strict_json(canonical_json(dict(body)).encode("utf-8")),
            "prev": FIRST_PREV if before is None else before["hash"],
        }
        entry["hash"] = _digest(entry)
        line = canonical_json(entry).encode("utf-8")
        faults = _entry_problems(entry) + _link_problems(entry, before)
        if len(line) > MOST_LINE:
            faults.append(("too-long", f"{len(line)} bytes; an entry has at most {MOST_LINE}"))
        if any(fault == "case" for fault, _ in faults):
            raise AuditError(f"{path.name}: cannot append", problems=[detail for _, detail in faults])
        if faults:
            raise ValueError(f"{path.name}: cannot append: " + "; ".join(detail for _, detail in faults))
        _write(handle, line + b"\n")
        if before is None:
            sync_folder(path.parent)
    return Entry.from_dict(entry)


@contextlib.contextmanager
def _locked(path: Path, *, new: bool) -> Iterator[int]:
    """The open journal, held by this process alone. Waits for others. Only where it is `new` may it be absent."""
    # O_NOFOLLOW: a link in the journal's place would lead the writing out of the case.
    flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags | os.O_CREAT if new else flags, 0o666)
    try:
        if sys.platform == "win32":
            # Locks bind there, also for readers: take one byte far behind the end.
            os.lseek(handle, 1 << 40, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        # Closing frees the lock.
        os.close(handle)


def _last(handle: int, path: Path) -> dict[str, Any] | None:
    """The last entry, examined on its own; None for an empty file. Raises AuditError where it does not hold."""
    size = os.fstat(handle).st_size
    if size == 0:
        return None
    start = max(0, size - MOST_LINE - 2)
    os.lseek(handle, start, os.SEEK_SET)
    tail = b""
    while len(tail) < size - start:
        block = os.read(handle, size - start - len(tail))
        if not block:
            break
        tail += block
    if not tail.endswith(b"\n"):
        raise AuditError(f"{path.name}: cannot append", problems=[_TORN])
    found, faults = _read_line(tail[:-1].rpartition(b"\n")[2])
    if found is None or faults:
        raise AuditError(f"{path.name}: cannot append", problems=[f"last line: {detail}" for _, detail in faults])
    return found


def _write(handle: int, line: bytes) -> None:
    """The line in one write, on the disk. A write that stops halfway is undone: the journal never stays torn."""
    size = os.fstat(handle).st_size
    written = os.write(handle, line)
    if written != len(line):
        os.ftruncate(handle, size)
        raise OSError(f"journal: only {written} of {len(line)} bytes could be written; is the disk full?")
    os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk: without it, a new file can be gone after a power cut, however well written."""
    # Windows opens no folders, and puts names on the disk by itself.
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
