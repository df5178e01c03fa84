"""PDQ lists as ThreatExchange's tools write them: read into Listed values, written again from a video's stills.

Read are the lines of pdq-photo-hasher (`hash,quality,file` and `hash=...,quality=...,filename=...`), bare hashes, a
hash with whatever follows it after a comma, vPDQ's lines (`frame,quality,hash,seconds`), python-threatexchange's vPDQ
signal (a JSON list of `hash,quality,seconds`, and the older JSON object), and its `dataset --csv` tables.
"""

from __future__ import annotations

import csv
import json
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from verikit._files import plain
from verikit.errors import MediaError
from verikit.matching.lists import Listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["WRITERS", "pdq_lines", "read_pdq_list", "vpdq_json", "vpdq_lines"]

# A list is read whole. A million hashes with a path each stay below.
MOST_BYTES = 1 << 28
MOST_LABEL = 500

_HASH = re.compile(r"(?:hash=)?([0-9a-fA-F]{64})")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?")


def read_pdq_list(path: Path) -> tuple[Listed, ...]:
    """What a PDQ list tells: one value for its stills, and one for each video where it tells of videos.

    Raises MediaError, naming the line, where it is none of the formats above: nothing of a list is taken in silently
    in part.
    """
    if path.stat().st_size > MOST_BYTES:
        raise MediaError(f"{path}: larger than {MOST_BYTES >> 20} MB; split it into several lists")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MediaError(f"{path}: not a list of hashes (not UTF-8 text)") from error
    try:
        found = _read(text, path.name)
    except (ValueError, csv.Error, RecursionError) as error:
        raise MediaError(f"{path}: {plain(str(error))}") from error
    if not found:
        raise MediaError(f"{path}: no PDQ hash in it; it should hold 64 hex digits a line, or be a vPDQ signal")
    return tuple(found)


def _read(text: str, origin: str) -> list[Listed]:
    name = origin.rpartition(".")[0] or origin
    if text.lstrip().startswith(("[", "{")):
        return [_listed(_signal(text), name=name, origin=origin)]
    lines = text.splitlines()
    if lines and lines[0].startswith("signal_type,"):
        return list(_dataset(lines, origin))
    rows = [_row(line, number) for number, line in enumerate(lines, start=1) if _counts(line)]
    return [_listed(rows, name=name, origin=origin)] if rows else []


def _counts(line: str) -> bool:
    """Whether a line is neither empty, nor a comment, nor the head of a table."""
    return (
        bool(line.strip()) and not line.startswith("#") and not re.fullmatch(r"(?i)(file_?path|hash|pdq)(,.*)?", line)
    )


# One hash: its hex, its quality, its seconds or NaN, and what stands beside it.
_Row = tuple[str, int, float, str]


def _row(line: str, number: int) -> _Row:
    """One line of any of the line formats."""
    fields = [field.strip() for field in line.split(",")]
    if len(fields) == 4 and fields[0].isdecimal() and _HASH.fullmatch(fields[2]) and _NUMBER.fullmatch(fields[3]):
        frame, quality, code, seconds = fields
        return _checked(code, quality=quality, seconds=seconds, label=f"frame {frame}", where=f"line {number}")
    places = [place for place, field in enumerate(fields) if _HASH.fullmatch(field)]
    if not places or places[0] not in {0, len(fields) - 1}:
        raise ValueError(f"line {number}: no PDQ hash of 64 hex digits in {line[:80]!r}")
    (place, *_) = places
    rest = [field for at, field in enumerate(fields) if at != place]
    named = dict(field.split("=", 1) for field in rest if re.match(r"(norm|delta|quality|filename)=", field))
    if fields[place].startswith("hash="):
        label, quality = named.get("filename", ""), named.get("quality", "100")
    elif place == 0 and len(rest) > 1 and re.fullmatch(r"\d{1,3}", rest[0]) and int(rest[0]) <= 100:
        quality, label = rest[0], ",".join(rest[1:])
    else:
        quality, label = "100", ",".join(rest)
    return _checked(fields[place], quality=quality, label=label, where=f"line {number}")


def _checked(code: str, *, quality: str = "100", seconds: str | None = None, label: str = "", where: str) -> _Row:
    match = _HASH.fullmatch(code)
    if match is None:
        raise ValueError(f"{where}: not a PDQ hash of 64 hex digits")
    if not re.fullmatch(r"\d{1,3}", quality) or int(quality) > 100:
        raise ValueError(f"{where}: a quality is a whole number from 0 to 100")
    if seconds is not None and not _NUMBER.fullmatch(seconds):
        raise ValueError(f"{where}: seconds are a number of at least 0")
    return match[1].lower(), int(quality), math.nan if seconds is None else float(seconds), label[:MOST_LABEL]


def _signal(text: str) -> list[_Row]:
    """python-threatexchange's vPDQ signal: a list of "hash,quality,seconds", or the older object by frame number."""
    data = json.loads(text)
    rows = []
    if isinstance(data, dict):
        for frame, one in data.items():
            if not isinstance(one, dict) or not {"hash", "quality", "timestamp"} <= set(one):
                raise ValueError(f"frame {frame[:20]}: hash, quality and timestamp are wanted")
            label = f"frame {frame[:20]}"
            told = {"quality": str(one["quality"]), "seconds": str(one["timestamp"])}
            rows.append(_checked(str(one["hash"]), **told, label=label, where=label))
        return rows
    for number, one in enumerate(data, start=1):
        fields = one.split(",") if isinstance(one, str) else []
        if len(fields) != 3:
            raise ValueError(f"entry {number}: 'hash,quality,seconds' is wanted")
        rows.append(_checked(fields[0], quality=fields[1], seconds=fields[2], where=f"entry {number}"))
    return rows


def _dataset(lines: list[str], origin: str) -> Iterator[Listed]:
    """`threatexchange dataset --csv`: its PDQ signals as one set of stills, each vPDQ signal as a video."""
    stills: list[_Row] = []
    # A video's signal is one long field.
    limit = csv.field_size_limit(MOST_BYTES)
    try:
        table = list(csv.DictReader(lines))
    finally:
        csv.field_size_limit(limit)
    for number, row in enumerate(table, start=2):
        kind, signal = row.get("signal_type"), row.get("signal_str") or ""
        said = " ".join(filter(None, (row.get("collab"), row.get("category"), row.get("tags"))))
        if kind == "pdq":
            stills.append(_checked(signal, label=said, where=f"line {number}"))
        elif kind == "vpdq":
            yield _listed(_signal(signal), name=f"{origin}, line {number}: {said}"[:MOST_LABEL], origin=origin)
    if stills:
        yield _listed(stills, name=origin.rpartition(".")[0] or origin, origin=origin)


def _listed(rows: list[_Row], *, name: str, origin: str) -> Listed:
    if not rows:
        raise ValueError("a signal without a hash")
    codes = np.frombuffer(bytes.fromhex("".join(row[0] for row in rows)), np.uint8).reshape(-1, 32)
    return Listed(
        name=name,
        origin=origin,
        codes=codes,
        qualities=np.array([row[1] for row in rows], np.uint8),
        times=np.array([row[2] for row in rows], np.float64),
        labels=tuple(row[3] for row in rows),
    )


def vpdq_json(listed: Listed) -> str:
    """A video's hashes as python-threatexchange's vPDQ signal: a JSON list of "hash,quality,seconds"."""
    return json.dumps([f"{code},{quality},{time:.3f}" for code, quality, time, _ in _rows(listed)])


def vpdq_lines(listed: Listed) -> str:
    """A video's hashes as vPDQ's own tools write them: a line "frame,quality,hash,seconds" each, frames counted from 0."""
    return "".join(f"{n},{quality},{code},{time:.3f}\n" for n, (code, quality, time, _) in enumerate(_rows(listed)))


def pdq_lines(listed: Listed) -> str:
    """Hashes as pdq-photo-hasher writes them: a line "hash,quality,name" each; a video's name with its seconds."""
    return "".join(
        f"{code},{quality},{label if math.isnan(time) else f'{plain(listed.name)}@{time:.3f}'}\n"
        for code, quality, time, label in _rows(listed)
    )


# Formats to write: a video's signal is one file, a list of stills may go on in it.
WRITERS = {"vpdq-json": vpdq_json, "vpdq": vpdq_lines, "pdq": pdq_lines}


def _rows(listed: Listed) -> Iterator[_Row]:
    codes = (code.tobytes().hex() for code in listed.codes)
    yield from zip(codes, listed.qualities.tolist(), listed.times.tolist(), map(plain, listed.labels), strict=True)
