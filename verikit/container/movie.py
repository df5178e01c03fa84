"""What the boxes of an MP4 or QuickTime file say: brands, times, tracks, edit lists.

Times are kept as the file has them: whole seconds since 1904-01-01 (ISO/IEC 14496-12 section 8.2.2 says UTC; some
cameras write local time), 0 where unset.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Box, Structure, read_at, tidy_text
from verikit.container.samples import child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Edit", "Movie", "Track", "movie_time", "read_movie"]

EPOCH = dt.datetime(1904, 1, 1, tzinfo=dt.UTC)
MOST_TRACKS = 200
MOST_EDITS = 2000
# The matrices of tkhd that turn the picture, by (a, b): degrees clockwise.
TURNS = {(1, 0): 0, (0, 1): 90, (-1, 0): 180, (0, -1): 270}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One entry of an edit list: show `duration` seconds from media second `start`; None is an empty edit (a wait).

    `rate` is the speed of playing, 0 for a held picture.
    """

    duration: float
    start: float | None
    rate: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track as its boxes describe it.

    `created` and `modified` are (tkhd, mdhd) pairs in seconds since 1904; `duration` is that of the media in seconds,
    before any edit; `samples` is the count in stsz; `rotation` is degrees clockwise; `shown_size` is width and height at
    which the header shows the pictures; unknown is None or empty. `enabled` is False where the header switches the track
    off, so that players leave it out; `chapters` are the numbers of the tracks that it calls its chapters. The origins are those of `trak`, `tkhd`, `mdhd`, the
    first sample description, and both `hdlr`, with their bytes; empty where there is no such box.
    """

    id: int
    kind: str
    handler: str
    codec: str
    compressor: str
    vendor: str
    language: str
    created: tuple[int, int]
    modified: tuple[int, int]
    duration: float | None
    samples: int | None
    width: int | None
    height: int | None
    rotation: int | None
    shown_size: tuple[float, float] | None
    enabled: bool
    edits: tuple[Edit, ...]
    chapters: tuple[int, ...]
    origin: str
    header_origin: str
    media_origin: str
    entry_origin: str
    handler_origin: str
    data_handler: str
    data_handler_origin: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """What an MP4 or QuickTime file says: brands, the movie header's times and duration, and its tracks."""

    major: str = ""
    minor: int = 0
    brands: tuple[str, ...] = ()
    brands_origin: str = ""
    created: int | None = None
    modified: int | None = None
    duration: float | None = None
    origin: str = ""
    tracks: tuple[Track, ...] = ()


def movie_time(seconds: int) -> str | None:
    """Seconds since 1904 as ISO 8601 in UTC, or None for 0 and for what no calendar holds."""
    if seconds <= 0:
        return None
    try:
        return (EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return None


def read_movie(path: Path, structure: Structure) -> Movie:
    """Brands, times, tracks and edit lists of the boxes in `structure`, read from the file at `path`.

    A box that is cut short gives what is left of it. Source: ISO/IEC 14496-12 sections 4.3, 8.2 to 8.6.
    """
    with path.open("rb") as stream:
        major, minor, brands, brands_origin = _brands(stream, structure)
        header = next(iter(structure.find("moov/mvhd")), None)
        created, modified, scale, ticks = _times(stream, header)
        tracks = tuple(
            _track(stream, box, scale) for box, _ in zip(structure.find("moov/trak"), range(MOST_TRACKS), strict=False)
        )
    return Movie(
        major=major,
        minor=minor,
        brands=brands,
        brands_origin=brands_origin,
        created=created,
        modified=modified,
        duration=_seconds(ticks, scale),
        origin=header.at if header else "",
        tracks=tracks,
    )


def payload(stream: BinaryIO, box: Box | None, *, most: int) -> bytes:
    """At most `most` bytes of what the box holds; nothing where there is no box."""
    if box is None:
        return b""
    return read_at(stream, box.offset + box.header, max(0, min(box.size - box.header, most)))


def _brands(stream: BinaryIO, structure: Structure) -> tuple[str, int, tuple[str, ...], str]:
    for box in structure.boxes:
        if box.type in {"ftyp", "styp"}:
            data = payload(stream, box, most=8 + 4 * 64)
            names = [data[i : i + 4].decode("latin-1") for i in range(8, len(data) - 3, 4)]
            kept = tuple(dict.fromkeys(name for name in names if name.strip("\0 ")))
            return data[:4].decode("latin-1"), int.from_bytes(data[4:8]), kept, box.at
    return "", 0, (), ""


def _times(stream: BinaryIO, box: Box | None) -> tuple[int | None, int | None, int, int | None]:
    """Creation, modification, time scale and duration of an mvhd or mdhd box; versions 0 (32 bit) and 1 (64 bit)."""
    data = payload(stream, box, most=36)
    layout = ">4xQQIQ" if data[:1] == b"\1" else ">4xIIII"
    if len(data) < struct.calcsize(layout):
        return None, None, 0, None
    created, modified, scale, ticks = struct.unpack_from(layout, data)
    unset = 2 ** (64 if data[:1] == b"\1" else 32) - 1
    return created, modified, scale, None if ticks == unset else ticks


def _seconds(ticks: int | None, scale: int) -> float | None:
    return ticks / scale if ticks is not None and scale > 0 else None


def _track(stream: BinaryIO, box: Box, movie_scale: int) -> Track:
    header = child(box, "tkhd")
    number, track_times, rotation, shown_size = _track_header(stream, header)
    media = child(box, "mdia")
    media_header = child(media, "mdhd")
    created, modified, scale, ticks = _times(stream, media_header)
    handler, data_handler = child(media, "hdlr"), child(media, "minf", "hdlr")
    kind, name = read_handler(stream, handler)
    table = child(media, "minf", "stbl")
    entry = next(iter(getattr(child(table, "stsd"), "children", ())), None)
    looks = _entry(stream, entry) if kind == "vide" else ("", "", None, None)
    sizes = payload(stream, child(table, "stsz"), most=12)
    return Track(
        id=number,
        kind=kind,
        handler=name,
        codec=entry.type if entry else "",
        compressor=looks[0],
        vendor=looks[1],
        language=_language(payload(stream, media_header, most=40)),
        created=(track_times[0], created or 0),
        modified=(track_times[1], modified or 0),
        duration=_seconds(ticks, scale),
        samples=int.from_bytes(sizes[8:12]) if len(sizes) == 12 else None,
        width=looks[2],
        height=looks[3],
        rotation=rotation if kind == "vide" else None,
        shown_size=shown_size if kind == "vide" else None,
        enabled=_enabled(payload(stream, header, most=4)),
        edits=tuple(_edits(stream, child(box, "edts", "elst"), movie_scale=movie_scale, media_scale=scale)),
        chapters=_numbers(payload(stream, child(box, "tref", "chap"), most=64)),
        origin=box.at,
        header_origin=header.at if header else "",
        media_origin=media_header.at if media_header else "",
        entry_origin=entry.at if entry else "",
        handler_origin=handler.at if handler else "",
        data_handler=read_handler(stream, data_handler)[1],
        data_handler_origin=data_handler.at if data_handler else "",
    )


def _track_header(
    stream: BinaryIO, box: Box | None
) -> tuple[int, tuple[int, int], int | None, tuple[float, float] | None]:
    """Number, times, turn, and the size at which the pictures are shown, of a tkhd box."""
    data = payload(stream, box, most=104)
    wide = data[:1] == b"\1"
    layout = ">4xQQI" if wide else ">4xIII"
    if len(data) < struct.calcsize(layout):
        return 0, (0, 0), None, None
    created, modified, number = struct.unpack_from(layout, data)
    matrix = data[52:60] if wide else data[40:48]
    turn = None
    if len(matrix) == 8:
        a, b = struct.unpack(">ii", matrix)
        turn = TURNS.get((round(a / 65536), round(b / 65536)))
    sides = data[88:96] if wide else data[76:84]
    shown = (int.from_bytes(sides[:4]) / 65536, int.from_bytes(sides[4:]) / 65536) if len(sides) == 8 else None
    return number, (created, modified), turn, shown


def _numbers(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 4]) for at in range(0, len(data) - 3, 4))


def _enabled(data: bytes) -> bool:
    """The first flag of a tkhd box (ISO/IEC 14496-12 section 8.3.2); a header that is not there switches nothing off."""
    return len(data) < 4 or bool(data[3] & 1)


def read_handler(stream: BinaryIO, box: Box | None) -> tuple[str, str]:
    """The handler's type (vide, soun ...) and its name; QuickTime counts the name's bytes, MP4 ends it with zero."""
    data = payload(stream, box, most=24 + 512)
    name = data[24:]
    counted = name and (data[4:8] in {b"mhlr", b"dhlr"} or name[0] == len(name) - 1)
    if counted and name[0] < len(name):
        name = name[1 : 1 + name[0]]
    return data[8:12].decode("latin-1").strip("\0"), tidy_text(name)


def _entry(stream: BinaryIO, box: Box | None) -> tuple[str, str, int | None, int | None]:
    """Compressor name, vendor, width and height of a visual sample entry (ISO/IEC 14496-12 section 12.1.3)."""
    data = payload(stream, box, most=78)
    if len(data) < 74:
        return "", "", None, None
    width, height = struct.unpack_from(">HH", data, 24)
    return tidy_text(data[43 : 43 + min(data[42], 31)]), tidy_text(data[12:16]), width, height


def _language(data: bytes) -> str:
    """The packed ISO 639-2 code of an mdhd box; a QuickTime language number is left out."""
    at = 32 if data[:1] == b"\1" else 20
    packed = int.from_bytes(data[at : at + 2])
    if packed < 0x400 or packed == 0x7FFF:
        return ""
    code = "".join(chr(0x60 + (packed >> shift & 31)) for shift in (10, 5, 0))
    return code if code.isalpha() else ""


def _edits(stream: BinaryIO, box: Box | None, *, movie_scale: int, media_scale: int) -> Iterator[Edit]:
    data = payload(stream, box, most=8 + 20 * MOST_EDITS)
    if len(data) < 8 or movie_scale <= 0 or media_scale <= 0:
        return
    layout = ">Qqhh" if data[:1] == b"\1" else ">Iihh"
    step = struct.calcsize(layout)
    count = min(int.from_bytes(data[4:8]), MOST_EDITS, (len(data) - 8) // step)
    for number in range(count):
        duration, start, whole, part = struct.unpack_from(layout, data, 8 + number * step)
        begin = None if start < 0 else start / media_scale
        yield Edit(duration=duration / movie_scale, start=begin, rate=whole + (part & 0xFFFF) / 65536)
