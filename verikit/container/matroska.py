"""The elements of Matroska and WebM that say where a file comes from: Info, Tracks, Tags, Attachments.

A small bounded EBML reader: clusters are stepped over, never loaded. Live recorders (a browser's MediaRecorder) leave
sizes unknown; such an element ends where something stands that cannot lie in it. Source: RFC 8794 (EBML), RFC 9559
(Matroska).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Fault, Structure, Tag, TreeBuilder, read_at, tidy_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["is_matroska", "read_elements", "read_matroska_tags"]

MOST_ELEMENTS = 60_000
MOST_TAGS = 1000
MOST_DEPTH = 12
EPOCH = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)

# Elements that hold others and are read, by identifier (RFC 9559 section 5).
MASTERS = {
    0x1A45DFA3: "EBML",
    0x18538067: "Segment",
    0x1549A966: "Info",
    0x1654AE6B: "Tracks",
    0xAE: "TrackEntry",
    0xE0: "Video",
    0xE1: "Audio",
    0x1254C367: "Tags",
    0x7373: "Tag",
    0x63C0: "Targets",
    0x67C8: "SimpleTag",
    0x1941A469: "Attachments",
    0x61A7: "AttachedFile",
    0x1043A770: "Chapters",
    0x45B9: "EditionEntry",
    0xB6: "ChapterAtom",
    0x80: "ChapterDisplay",
    0x55B0: "Colour",
    0x55D0: "MasteringMetadata",
    0x7670: "Projection",
}
LEAVES = {
    0x4282: "DocType",
    0x4D80: "MuxingApp",
    0x5741: "WritingApp",
    0x4461: "DateUTC",
    0x7BA9: "Title",
    0x4489: "Duration",
    0x2AD7B1: "TimestampScale",
    0x7384: "SegmentFilename",
    0xD7: "TrackNumber",
    0x83: "TrackType",
    0x86: "CodecID",
    0x536E: "Name",
    0x22B59C: "Language",
    0x22B59D: "LanguageBCP47",
    0xB0: "PixelWidth",
    0xBA: "PixelHeight",
    0x45A3: "TagName",
    0x4487: "TagString",
    0x63C5: "TagTrackUID",
    0x466E: "FileName",
    0x4660: "FileMediaType",
    0x114D9B74: "SeekHead",
    0x1C53BB6B: "Cues",
    0x91: "ChapterTimeStart",
    0x85: "ChapString",
    0x55BA: "TransferCharacteristics",
    0x55BB: "Primaries",
    0x55BC: "MaxCLL",
    0x55BD: "MaxFALL",
    0x55D9: "LuminanceMax",
    0x7675: "ProjectionPoseRoll",
    0x1F43B675: "Cluster",
    0xEC: "Void",
    0xBF: "CRC-32",
}
TOP = frozenset({0x1A45DFA3, 0x18538067})
# What stands directly in a Segment: each of them ends a cluster of unknown size.
IN_SEGMENT = frozenset({0x1F43B675, 0x1549A966, 0x1654AE6B, 0x1254C367, 0x1941A469, 0x114D9B74, 0x1C53BB6B, 0x1043A770})
TEXTS = frozenset(
    {"DocType", "MuxingApp", "WritingApp", "Title", "SegmentFilename", "CodecID", "Name", "Language", "LanguageBCP47"}
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The head of an element: identifier, payload size (None where unknown) and the head's own length."""

    id: int
    size: int | None
    length: int


def is_matroska(stream: BinaryIO) -> bool:
    """Whether the file starts with an EBML header."""
    return read_at(stream, 0, 4) == b"\x1a\x45\xdf\xa3"


def read_elements(path: Path) -> Structure:
    """The element tree of a Matroska or WebM file down to names, tags and tracks, and what is wrong in it.

    At most 60,000 elements; clusters appear as one element each and are not loaded.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        walk = _Walk(stream, size)
        walk.run()
    return Structure(format="Matroska", boxes=walk.tree.build(), faults=tuple(walk.faults), count=len(walk.tree))


class _Walk:
    """One pass over one file; `open` are the elements that the next one may lie in: end (None: unknown) and number."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.size = size
        self.tree = TreeBuilder()
        self.faults: list[Fault] = []
        self.open: list[tuple[int, int, bool, int]] = [(size, -1, True, 0)]  # end, number, end is known, identifier

    def run(self) -> None:
        at = 0
        steps = 0
        while at < self.size:
            steps += 1
            if steps > MOST_ELEMENTS:
                self.fault("too many boxes", at, f"more than {MOST_ELEMENTS} elements; the rest is unread")
                return
            while len(self.open) > 1 and at >= self.open[-1][0]:
                self.open.pop()
            head = _read_head(self.stream, at)
            if head is None:
                self.fault("trailing bytes", at, f"{self.size - at} bytes at the end that are no element")
                return
            at = self.step(at, head)

    def fault(self, kind: str, offset: int, detail: str) -> None:
        path = self.tree.path(self.open[-1][1])
        self.faults.append(Fault(kind=kind, path=path, offset=offset, detail=detail))

    def step(self, at: int, head: _Head) -> int:
        """Note the element at byte `at`; returns where the next one starts: in it or behind it."""
        self._close_unknown(head.id)
        end, parent, _, holder = self.open[-1]
        start = at + head.length
        inside_cluster = holder == 0x1F43B675
        stop = end if head.size is None else start + head.size
        if stop > end:
            whose = "the file" if end == self.size else "its parent"
            name = MASTERS.get(head.id) or LEAVES.get(head.id) or f"0x{head.id:X}"
            detail = f"{name} claims {stop - at} bytes, {stop - end} more than there are up to the end of {whose}"
            # What lies in a cut element is cut with it: told once.
            if not any(fault.kind == f"past end of {whose}" for fault in self.faults):
                self.fault(f"past end of {whose}", at, detail)
            stop = end
        if inside_cluster:  # blocks of a cluster of unknown size are counted by nobody; they are stepped over
            return stop
        name = MASTERS.get(head.id) or LEAVES.get(head.id) or f"0x{head.id:X}"
        claimed = stop - at if head.size is None else head.length + head.size
        number = self.tree.add(parent, kind=name, offset=at, size=claimed, header=head.length)
        unknown_cluster = head.id == 0x1F43B675 and head.size is None
        if (head.id in MASTERS or unknown_cluster) and len(self.open) < MOST_DEPTH:
            self.open.append((stop, number, head.size is not None, head.id))
            return start
        return stop

    def _close_unknown(self, identifier: int) -> None:
        """An element of unknown size ends before one that cannot lie in it (RFC 8794 section 6.2)."""
        while len(self.open) > 1:
            _, _, known, holder = self.open[-1]
            ends = identifier in TOP if holder == 0x18538067 else identifier in IN_SEGMENT | TOP
            if known or not ends:
                return
            self.open.pop()


def _read_head(stream: BinaryIO, at: int) -> _Head | None:
    data = read_at(stream, at, 12)
    if not data or data[0] < 0x10:
        return None
    id_length = 9 - data[0].bit_length()
    rest = data[id_length:]
    if not rest or rest[0] == 0:
        return None
    size_length = 9 - rest[0].bit_length()
    if len(rest) < size_length:
        return None
    mask = (1 << (7 * size_length)) - 1
    size = int.from_bytes(rest[:size_length]) & mask
    return _Head(
        id=int.from_bytes(data[:id_length]), size=None if size == mask else size, length=id_length + size_length
    )


def read_matroska_tags(path: Path, structure: Structure) -> tuple[Tag, ...]:
    """Info, track names and codecs, tags and names of attachments of the elements in `structure`; at most 1,000."""
    with path.open("rb") as stream:
        return tuple(itertools.islice(_all(stream, structure), MOST_TAGS))


def _all(stream: BinaryIO, structure: Structure) -> Iterator[Tag]:
    name = ""
    track = 0
    scale = 1_000_000
    for box in structure.walk():
        if box.type == "TrackEntry":
            track += 1
        data = read_at(stream, box.offset + box.header, min(box.size, 4096) - box.header) if not box.children else b""
        group = f"track {track}" if "TrackEntry" in box.path else box.path.split("/")[-2] if "/" in box.path else "EBML"
        if box.type in TEXTS:
            yield Tag(group=group, key=box.type, value=tidy_text(data), origin=box.at)
        elif box.type == "DateUTC" and len(data) == 8:
            yield Tag(group=group, key="DateUTC", value=_date(int.from_bytes(data, signed=True)), origin=box.at)
        elif box.type == "TimestampScale" and 0 < len(data) <= 8:
            scale = int.from_bytes(data)
        elif box.type == "Duration" and len(data) in {4, 8}:
            value = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
            yield Tag(group=group, key="Duration", value=f"{value * scale / 1e9:.3f} s", origin=box.at)
        elif box.type == "TagName":
            name = tidy_text(data)
        elif box.type == "TagString" and name:
            yield Tag(group="Tags", key=name, value=tidy_text(data), origin=box.at)
        elif box.type in {"ChapString", "FileName"}:
            key = "chapter" if box.type == "ChapString" else "FileName"
            yield Tag(group=group, key=key, value=tidy_text(data), origin=box.at)
        elif "TrackEntry" in box.path and 0 < len(data) <= 8 and (found := _looks(box.type, data)):
            yield Tag(group=group, key=found[0], value=found[1], origin=box.at)


def _looks(kind: str, data: bytes) -> tuple[str, str] | None:
    """Colour, HDR and turn of a track as (key, value); None for anything else (RFC 9559 section 5.1.4.1.28)."""
    number = int.from_bytes(data)
    if kind == "ProjectionPoseRoll":
        roll = struct.unpack(">f" if len(data) == 4 else ">d", data)[0] if len(data) in {4, 8} else 0.0
        return ("rotation", f"{round(-roll) % 360} degrees clockwise") if math.isfinite(roll) and roll else None
    if kind == "TransferCharacteristics":
        return ("HDR", f"transfer {number}") if number in {16, 18} else ("colour", f"transfer {number}")
    if kind in {"MaxCLL", "MaxFALL"}:
        return "content light level", f"{kind} {number} cd/m2"
    return ("colour", f"primaries {number}") if kind == "Primaries" else None


def _date(nanoseconds: int) -> str:
    """Nanoseconds since 2001 as ISO 8601 in UTC; any 64-bit count lies within the calendar (1708 to 2293)."""
    return (EPOCH + dt.timedelta(microseconds=nanoseconds // 1000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def document_type(tags: tuple[Tag, ...]) -> str:
    """`webm` or `matroska`, as the file calls itself; empty where it does not say."""
    return next((tag.value for tag in tags if tag.key == "DocType"), "")


def element_duration(tags: tuple[Tag, ...]) -> float | None:
    """The duration in seconds that Info gives, or None."""
    for tag in tags:
        if tag.key == "Duration" and tag.group == "Info":
            value = float(tag.value.removesuffix(" s"))
            return value if 0 <= value < 1e9 else None
    return None
