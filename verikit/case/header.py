"""case.json: what a case is about, at a glance. Each of its fields follows from the journal and is held to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import canonical_json, plain
from verikit.case.journal import strict_json
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verikit.case.journal import Entry

__all__ = ["CASE", "FORMAT", "header_problems", "journaled_header", "read_header", "seen_from"]

CASE = "case.json"
FORMAT = "verikit-case/1"
_FORMS: dict[str, type | tuple[type, ...]] = {
    "format": str,
    "id": str,
    "created": str,
    "claim": dict,
    "video": dict,
    "archive": (str, type(None)),
}
_VIDEO: dict[str, type] = {"path": str, "name": str, "sha256": str, "size": int}


def read_header(folder: Path) -> dict[str, Any]:
    """case.json, with exactly the fields that a case has, each of its form. Raises AuditError."""
    try:
        header = strict_json((folder / CASE).read_bytes())
    except ValueError as broken:
        raise AuditError(f"{folder.name}: {CASE} is not JSON: {plain(str(broken))[:200]}") from broken
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise AuditError(f"{folder.name}: {CASE} is not of the format {FORMAT}")
    wrong = _misfits(header, _FORMS) or _misfits(header["video"], _VIDEO)
    if wrong:
        raise AuditError(f"{folder.name}: {CASE}: {', '.join(wrong)}: missing, not of its form, or not a field of it")
    return header


def _misfits(found: dict[str, Any], forms: dict[str, Any]) -> list[str]:
    """The names of fields that are missing, of another form, or unknown."""
    wrong = [
        name
        for name, form in forms.items()
        if not isinstance(found.get(name, ...), form) or isinstance(found[name], bool)
    ]
    return wrong + [plain(name)[:80] for name in found if name not in forms][:5]


def journaled_header(entries: Sequence[Entry]) -> dict[str, Any]:
    """What case.json has to say by the journal. A field is None where the journal does not tell it."""
    first = entries[0]
    claims = [e.body["claim"] for e in entries if e.kind in {"case-open", "decision"} and "claim" in e.body]
    archives = [e.body["archive"] for e in entries if e.kind in {"case-open", "archive"} and "archive" in e.body]
    # The video is what was taken in first.
    video = next((e.body for e in entries if e.kind == "acquired"), {})
    return {
        "format": FORMAT,
        "id": first.case,
        "created": first.time,
        "claim": claims[-1] if claims else None,
        "video": {name: video.get(name) for name in _VIDEO},
        "archive": archives[-1] if archives else None,
    }


def header_problems(header: object, entries: Sequence[Entry]) -> list[str]:
    """Where case.json says otherwise than the journal, a sentence for each field; empty where it does not."""
    if not isinstance(header, dict) or not isinstance(header.get("video"), dict):
        return ["it does not say which video it is about"]
    told = journaled_header(entries)
    problems = [
        f"its {name} is not the one in the journal"
        for name, value in told.items()
        if name not in header or canonical_json(header[name]) != canonical_json(value)
    ]
    return problems + [f"{plain(name)[:80]!r} is no field of a case" for name in sorted(header.keys() - told.keys())]


def seen_from(folder: Path, archive: Path) -> str:
    """The way from the case to the archive: a case that is passed on names no home folder."""
    try:
        return Path(os.path.relpath(archive.resolve(), folder.resolve())).as_posix()
    except ValueError:
        # Another drive on Windows: there is no way from here to there.
        return archive.resolve().as_posix()
