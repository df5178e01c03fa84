"""What MediaInfo says of a file, through pymediainfo, which brings the library with it.

A second opinion beside the own readers and FFmpeg. The file is handed over as bytes, not by name, so that MediaInfo
follows no reference out of it, and in a process of its own.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from typing import TYPE_CHECKING, Any

from verikit._tools import run_tool
from verikit.container.elements import MOST_TEXT, Tag

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MediaInfoReport", "MediaInfoTrack", "read_mediainfo"]

# What the process does. The file is opened here and handed over as bytes; memory and time are limited where the system
# can (Windows cannot), since a file may claim any size.
ALONE = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except ImportError:
    pass
from pymediainfo import MediaInfo
with open(sys.argv[1], "rb") as stream:
    text = MediaInfo.parse(stream, output="JSON", full=False, encoding_errors="backslashreplace")
sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
"""
# It reads headers and takes a tenth of a second; what takes longer is a damaged file that it is lost in.
SECONDS = 3.0

MOST_TRACKS = 200
MOST_FIELDS = 300
# Bookkeeping of sizes and counts that says nothing beyond `streams`.
LEFT_OUT = ("Count", "StreamSize", "DataSize", "HeaderSize", "FooterSize", "FileSize", "Source_StreamSize", "@")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfoTrack:
    """One part of MediaInfo's report (General, Video, Audio, Text, Image, Menu, Other) and its fields."""

    kind: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The field's value, or None."""
        return next((value for key, value in self.fields if key == name), None)

    def number(self, name: str) -> float | None:
        """The field's value as a number, or None where it is none."""
        try:
            value = float(self.get(name) or "")
        except ValueError:
            return None
        return value if math.isfinite(value) else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfoReport:
    """MediaInfo's report: its version, its parts, and why there are none where it could not answer."""

    version: str = ""
    tracks: tuple[MediaInfoTrack, ...] = ()
    problem: str = ""

    @property
    def general(self) -> MediaInfoTrack:
        """The part about the file as a whole; empty where MediaInfo gave none."""
        return next((t for t in self.tracks if t.kind == "General"), MediaInfoTrack(kind="General", fields=()))

    @property
    def has_media(self) -> bool:
        """Whether MediaInfo found video or audio. A picture counts as neither."""
        return any(track.kind in {"Video", "Audio"} for track in self.tracks)

    def stream(self, index: int) -> MediaInfoTrack | None:
        """The part about the stream that FFmpeg numbers `index`."""
        return next((t for t in self.tracks if t.kind != "General" and t.get("StreamOrder") == str(index)), None)

    def tags(self) -> tuple[Tag, ...]:
        """Every field as a tag, but sizes and counts."""
        return tuple(
            Tag(
                group=f"MediaInfo {track.kind}",
                key=key,
                value=value,
                origin=f"MediaInfo {self.version} {track.kind}/{key}",
            )
            for track in self.tracks
            for key, value in track.fields
            if not key.endswith("Count") and not key.startswith(LEFT_OUT)
        )


def read_mediainfo(path: Path) -> MediaInfoReport:
    """MediaInfo's report on the file at `path`. A report that cannot be had or read says why in `problem`.

    MediaInfo runs in a process of its own: some damaged files crash it, and the crash must stay there.
    """
    try:
        code, text, said = run_tool(sys.executable, ["-P", "-c", ALONE, str(path)], seconds=SECONDS)
    except TimeoutError:
        return MediaInfoReport(problem=f"MediaInfo gave no answer within {SECONDS:.0f} s")
    if code:
        reason = f"crashed, signal {-code}" if code < 0 else (said.strip().splitlines() or ["no reason given"])[-1]
        return MediaInfoReport(problem=f"MediaInfo could not read it ({reason[:300]})")
    try:
        # Control characters inside a text are not JSON, but they are in files.
        data = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        return MediaInfoReport(problem=f"MediaInfo's report is not JSON ({error})")
    return _report(data)


def _report(data: Any) -> MediaInfoReport:
    """The report from MediaInfo's JSON; parts that are not as expected are left out."""
    library = data.get("creatingLibrary") if isinstance(data, dict) else None
    media = data.get("media") if isinstance(data, dict) else None
    listed = media.get("track") if isinstance(media, dict) else None
    tracks = (
        [_track(part) for part in listed[:MOST_TRACKS] if isinstance(part, dict)] if isinstance(listed, list) else []
    )
    version = str(library.get("version", "")) if isinstance(library, dict) else ""
    return MediaInfoReport(version=version, tracks=tuple(tracks))


def _track(part: dict[str, Any]) -> MediaInfoTrack:
    fields: list[tuple[str, str]] = []
    for key, value in part.items():
        inner = value.items() if isinstance(value, dict) else [(key, value)]
        fields.extend((str(name), _text(item)) for name, item in inner if isinstance(item, str | int | float))
    return MediaInfoTrack(kind=str(part.get("@type", "")), fields=tuple(fields[:MOST_FIELDS]))


def _text(value: str | float) -> str:
    # Lone surrogates (from "\\ud800" in the JSON) cannot be written as UTF-8; they become visible escapes.
    return str(value)[:MOST_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")
