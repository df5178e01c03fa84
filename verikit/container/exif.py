"""Exif blocks that cameras put into videos: maker, model, software, times and place.

Canon, Nikon, Panasonic, Olympus, Casio and others keep one in a thumbnail or beside the header (boxes `CNTH`, `NCTG`,
`PANA`, `TAGS`, Canon's own `uuid`; AVI chunks `strd`). A small bounded reader of TIFF directories (TIFF 6.0; Exif 2.32,
CIPA DC-008): ASCII, numbers and fractions of the few entries that say who, when and where.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from verikit.container.elements import Tag, tidy_text
from verikit.container.telemetry import place_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["exif_tags"]

MOST_ENTRIES = 200
MOST_DIRECTORIES = 6
NAMES = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized",
    0x9010: "OffsetTime",
    0x9011: "OffsetTimeOriginal",
    0xA431: "BodySerialNumber",
    0xA434: "LensModel",
}
BELOW = {0x8769: "Exif", 0x8825: "GPS"}
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}


def exif_tags(data: bytes, *, origin: str) -> Iterator[Tag]:
    """The telling entries of the first TIFF header in `data`; none where there is none."""
    start = next((at for mark in (b"II*\0", b"MM\0*") if (at := data.find(mark)) >= 0), -1)
    if start < 0:
        return
    block = data[start:]
    order = "<" if block[:2] == b"II" else ">"
    work, done = [("IFD0", _number(block, 4, order))], set[int]()
    while work and len(done) < MOST_DIRECTORIES:
        directory, at = work.pop(0)
        if at in done or not 8 <= at < len(block):
            continue
        done.add(at)
        place: dict[int, bytes] = {}
        for code, kind, value in _entries(block, at, order):
            if code in BELOW and kind in {4, 9}:
                work.append((BELOW[code], _number(value, 0, order)))
            elif directory == "GPS":
                place[code] = value
            elif code in NAMES and kind == 2 and (text := tidy_text(value)):
                yield Tag(group="Exif", key=NAMES[code], value=text, origin=f"{origin} Exif/{directory}")
        if place and (text := _place(place, order)):
            yield Tag(group="Exif", key="GPS position", value=text, origin=f"{origin} Exif/GPS")
        if directory == "GPS" and (text := _moment(place, order)):
            yield Tag(group="Exif", key="GPS time", value=text, origin=f"{origin} Exif/GPS")


def _number(data: bytes, at: int, order: str) -> int:
    return int.from_bytes(data[at : at + 4], "little" if order == "<" else "big")


def _entries(block: bytes, at: int, order: str) -> Iterator[tuple[int, int, bytes]]:
    """(tag, type, bytes) of one directory; values that lie outside the block are left out."""
    count = int.from_bytes(block[at : at + 2], "little" if order == "<" else "big")
    for number in range(min(count, MOST_ENTRIES)):
        here = at + 2 + 12 * number
        if here + 12 > len(block):
            return
        code, kind, amount = struct.unpack_from(order + "HHI", block, here)
        length = WIDTHS.get(kind, 0) * amount
        if not 0 < length <= 65_536:
            continue
        where = here + 8 if length <= 4 else _number(block, here + 8, order)
        if where + length <= len(block):
            yield code, kind, block[where : where + length]


def _fractions(data: bytes, order: str) -> list[float]:
    pairs = struct.iter_unpack(order + "II", data[: len(data) // 8 * 8])
    return [above / below if below else 0.0 for above, below in pairs]


def _place(found: dict[int, bytes], order: str) -> str:
    parts = []
    for name, ref in ((2, 1), (4, 3)):
        degrees = _fractions(found.get(name, b""), order)
        if len(degrees) < 3:
            return ""
        value = degrees[0] + degrees[1] / 60 + degrees[2] / 3600
        parts.append(-value if found.get(ref, b"")[:1] in {b"S", b"W"} else value)
    height = _fractions(found.get(6, b""), order)
    if abs(parts[0]) > 90 or abs(parts[1]) > 180:
        return ""
    below = found.get(5, b"\0")[:1] == b"\1"
    return place_text(parts[0], parts[1], (-height[0] if below else height[0]) if height else None)


def _moment(found: dict[int, bytes], order: str) -> str:
    """GPSDateStamp and GPSTimeStamp as one time in UTC."""
    clock, day = _fractions(found.get(7, b""), order), tidy_text(found.get(29, b""))
    if len(clock) < 3 or len(day) != 10:
        return ""
    return f"{day} {int(clock[0]):02d}:{int(clock[1]):02d}:{int(clock[2]):02d}Z"
