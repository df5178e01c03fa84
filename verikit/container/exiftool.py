"""A further opinion: what exiftool says, where it is on the machine and is asked for. It knows most makers' notes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from verikit._tools import run_tool
from verikit.container.elements import MOST_TEXT, Tag
from verikit.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_exiftool"]

SECONDS = 30.0
MOST_TAGS = 5000
# Of the file system and of exiftool itself, not of what the file says.
HEADERS, BARE = re.compile(r"QuickTime|Track\d+"), re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d")
LEFT_OUT = frozenset({"System", "File", "ExifTool", "SourceFile"})


def read_exiftool(path: Path) -> tuple[Tag, ...]:
    """Exiftool's tags of the file at `path`, each with its version, group and name as origin; at most 5,000.

    Dates of QuickTime headers get "UTC" behind them, which is what the format says and exiftool leaves out. Raises MissingToolError where exiftool is
    absent, TimeoutError after 30 s, and MediaError where its answer cannot be read.
    """
    asked = [
        "-json",
        "-groupNames1",
        "-duplicates",
        "-api",
        "QuickTimeUTC=1",
        "-charset",
        "filename=utf8",
        "--",
        str(path),
    ]
    code, text, said = run_tool("exiftool", asked, seconds=SECONDS)
    try:
        rows = json.loads(text or "[]", strict=False)
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{path}: exiftool's answer is no JSON ({error}); look at it with exiftool alone") from error
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        raise MediaError(f"{path}: exiftool gave no answer (exit {code}: {said.strip()[:200]})")
    version = str(rows[0].get("ExifTool:ExifToolVersion", "unknown version"))
    found = []
    for name, value in rows[0].items():
        group, _, key = str(name).rpartition(":")
        if group in LEFT_OUT or name in LEFT_OUT or not isinstance(value, str | int | float):
            continue
        origin = f"ExifTool {version} {group}/{key}"
        kept = str(value)[:MOST_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")
        if HEADERS.fullmatch(group) and BARE.fullmatch(kept):
            kept += " UTC"
        found.append(Tag(group=f"ExifTool {group}", key=key, value=kept, origin=origin))
    return tuple(found[:MOST_TAGS])
