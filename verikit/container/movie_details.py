"""What an MP4 or QuickTime file says of its pictures beyond their size: turn, colour and HDR, time code, chapters.

Sources: ISO/IEC 14496-12 section 12.1.5 (colr), ISO/IEC 23008-15 and 23091 (mastering display, light levels, code
points), Dolby Vision streams within the ISO base media file format, QuickTime File Format (tmcd, chapter tracks).
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.camera_blocks import track_camera_tags
from verikit.container.elements import Box, Structure, Tag, read_at, tidy_text
from verikit.container.movie import MOST_TRACKS, Movie, payload
from verikit.container.picture_messages import HEVC, light_text, stream_lights
from verikit.container.samples import child, sample_places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from verikit.container.movie import Track

__all__ = ["read_movie_details"]

MOST_CHAPTERS = 200
TRANSFERS = {
    1: "BT.709",
    6: "BT.601",
    13: "sRGB",
    14: "BT.2020 10 bit",
    16: "PQ (SMPTE ST 2084)",
    18: "HLG (ARIB STD-B67)",
}
PRIMARIES = {1: "BT.709", 5: "BT.601 625", 6: "BT.601 525", 9: "BT.2020", 12: "Display P3"}
# Transfers above the range of a usual display (ITU-T H.273 table 3).
HIGH_RANGE = frozenset({16, 18})


def read_movie_details(path: Path, structure: Structure, movie: Movie) -> tuple[Tag, ...]:
    """Rotation, colour, HDR, time code, chapters and telemetry of the tracks in `structure`, as tags with their boxes.

    Reads the beginnings of a few samples where the answer stands there. At most 2,000 tags.
    """
    boxes = structure.find("moov/trak")[:MOST_TRACKS]
    with path.open("rb") as stream:
        numbered = list(zip(movie.tracks, boxes, strict=False))
        return tuple(itertools.islice(_all(stream, numbered, structure), 2000))


def _all(stream: BinaryIO, numbered: list[tuple[Track, Box]], structure: Structure) -> Iterator[Tag]:
    for number, (track, box) in enumerate(numbered, start=1):
        group = f"track {number}"
        if track.rotation:
            yield Tag(
                group=group, key="rotation", value=f"{track.rotation} degrees clockwise", origin=track.header_origin
            )
        entry = next(iter(getattr(child(box, "mdia", "minf", "stbl", "stsd"), "children", ())), None)
        if track.kind == "vide" and entry is not None:
            for inner in entry.children:
                yield from _looks(stream, inner, group=group)
            if entry.type in HEVC:
                yield from stream_lights(stream, box, entry)
        if track.codec == "tmcd" and entry is not None:
            yield from _timecode(stream, box, entry, group=group)
        yield from track_camera_tags(stream, box, codec=track.codec)
    for found in structure.find("moov/udta/chpl"):
        yield from _nero_chapters(stream, found)
    yield from _chapter_tracks(stream, numbered)


def _looks(stream: BinaryIO, box: Box, *, group: str) -> Iterator[Tag]:
    """Colour and HDR boxes of one sample entry."""
    data = payload(stream, box, most=64)

    def tag(key: str, value: str) -> Tag:
        return Tag(group=group, key=key, value=value, origin=box.at)

    if box.type == "colr" and data[:4] in {b"nclx", b"nclc"} and len(data) >= 10:
        primaries, transfer, matrix = struct.unpack_from(">HHH", data, 4)
        full = data[:4] == b"nclx" and len(data) > 10 and data[10] & 0x80
        told = f"primaries {_named(primaries, PRIMARIES)}, transfer {_named(transfer, TRANSFERS)}, matrix {matrix}"
        yield tag("colour", told + (", full range" if full else ""))
        if transfer in HIGH_RANGE:
            yield tag("HDR", f"transfer {_named(transfer, TRANSFERS)}")
    elif box.type == "colr" and data[:4] in {b"prof", b"rICC"} and len(data) >= 24:
        # ICC.1 section 7.2: the header's size, and what space it maps for what device.
        kind = tidy_text(data[16:24], encoding="latin-1")
        yield tag("ICC profile", f"{int.from_bytes(data[4:8])} bytes, {kind}")
    elif (light := light_text(box.type, data)) is not None:
        yield tag(*light)
    elif box.type in {"dvcC", "dvvC", "dvwC"} and len(data) >= 4:
        profile, level = data[2] >> 1, (data[2] & 1) << 5 | data[3] >> 3
        yield tag("Dolby Vision", f"version {data[0]}.{data[1]}, profile {profile}, level {level}")


def _named(number: int, names: dict[int, str]) -> str:
    return f"{number} ({names[number]})" if number in names else str(number)


def _timecode(stream: BinaryIO, track: Box, entry: Box, *, group: str) -> Iterator[Tag]:
    """The first time code of a `tmcd` track: a count of frames (QuickTime File Format, "Timecode media")."""
    head = payload(stream, entry, most=26)
    at, size = next(sample_places(stream, track, most=1), (0, 0))
    data = read_at(stream, at, 4) if size >= 4 else b""
    if len(head) < 25 or len(data) < 4:
        return
    flags, scale, duration, rate = struct.unpack_from(">IIIB", head, 12)
    count = int.from_bytes(data)
    if not rate or not scale or not duration or count >= 24 * 3600 * rate * 2:
        return
    drop = bool(flags & 1)
    if drop and rate in {30, 60}:
        # Two (four) numbers are left out each minute but the tenth (SMPTE ST 12-1).
        skipped, tens = rate // 15, 600 * rate - 9 * (rate // 15)
        minutes = count // tens
        rest = count % tens
        more = (rest - skipped) // (60 * rate - skipped) if rest >= skipped else 0
        count += 9 * skipped * minutes + skipped * max(0, more)
    seconds, frame = divmod(count, rate)
    text = f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{';' if drop else ':'}{frame:02d}"
    yield Tag(group=group, key="timecode", value=text, origin=f"{track.path} samples@{at}")


def _nero_chapters(stream: BinaryIO, box: Box) -> Iterator[Tag]:
    data = payload(stream, box, most=65_536)
    at = 9
    for _ in range(min(data[8] if len(data) > 8 else 0, MOST_CHAPTERS)):
        if at + 9 > len(data):
            return
        start, length = int.from_bytes(data[at : at + 8]) / 1e7, data[at + 8]
        name = tidy_text(data[at + 9 : at + 9 + length])
        yield Tag(group="chapters", key="chapter", value=f"{start:.3f} s: {name}", origin=box.at)
        at += 9 + length


def _chapter_tracks(stream: BinaryIO, numbered: list[tuple[Track, Box]]) -> Iterator[Tag]:
    """The names in text tracks that another track calls its chapters (`tref/chap`)."""
    called = {number for track, _ in numbered for number in track.chapters}
    for track, box in numbered:
        if track.id in called and track.kind in {"text", "sbtl"}:
            for at, size in sample_places(stream, box, most=MOST_CHAPTERS):
                data = read_at(stream, at, min(size, 512))
                name = tidy_text(data[2 : 2 + int.from_bytes(data[:2])])
                if name:
                    yield Tag(group="chapters", key="chapter", value=name, origin=f"{box.path} samples@{at}")
