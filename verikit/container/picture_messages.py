"""What is said beside the pictures of the light they were made for: mastering display, light levels, ambient viewing.

The same three messages stand in boxes of MP4 (mdcv, clli, amve: ISO/IEC 14496-12 section 12.1.5) and in HEVC's stream
(ITU-T H.265 sections D.2.28, D.2.35 and D.2.39), laid out alike.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Box, Tag, read_at
from verikit.container.samples import child, sample_places

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEVC", "light_text", "stream_lights"]

HEVC = frozenset({"hvc1", "hev1", "dvh1", "dvhe"})
# The message's number in HEVC, its name here, and its length.
MESSAGES = {137: ("mastering display", 24), 144: ("content light level", 4), 148: ("ambient viewing", 8)}
BOXES = {"mdcv": 137, "clli": 144, "amve": 148}
PREFIX_MESSAGE = 39
# The messages stand before the first picture, which may be large.
MOST = 64 * 1024
MOST_UNITS = 64


def light_text(box: str, data: bytes) -> tuple[str, str] | None:
    """(name, value) of a box of light; None for other boxes and for one that is cut short."""
    return _said(BOXES.get(box, 0), data)


def stream_lights(stream: BinaryIO, track: Box, entry: Box) -> Iterator[Tag]:
    """The messages of an HEVC track's parameters and of its first picture, as tags with the box or byte of each, once."""
    held = child(entry, "hvcC")
    if held is None:
        return
    parameters = read_at(stream, held.offset + held.header, max(0, min(held.size - held.header, MOST)))
    units = [(held.at, unit) for unit in _parameter_units(parameters)]
    for at, size in sample_places(stream, track, most=1):
        length = (parameters[21] & 3) + 1 if len(parameters) > 21 else 4
        units += [(f"{track.path} samples@{at}", unit) for unit in _units(read_at(stream, at, min(size, MOST)), length)]
    seen: set[str] = set()
    for origin, unit in units:
        if unit[0] >> 1 != PREFIX_MESSAGE:
            continue
        for number, payload in _messages(unit[2:].replace(b"\0\0\3", b"\0\0")):
            told = _said(number, payload)
            if told is not None and told[0] not in seen:
                seen.add(told[0])
                yield Tag(group="stream", key=told[0], value=told[1], origin=origin)


def _parameter_units(data: bytes) -> Iterator[bytes]:
    """The units in the arrays of an hvcC box (ISO/IEC 14496-15 section 8.3.3.1.2)."""
    at, left = 23, MOST_UNITS
    for _ in range(data[22] if len(data) > 22 else 0):
        count, at = int.from_bytes(data[at + 1 : at + 3]), at + 3
        for _ in range(count):
            length = int.from_bytes(data[at : at + 2])
            unit, at, left = data[at + 2 : at + 2 + length], at + 2 + length, left - 1
            if len(unit) < 3 or left < 0:
                return
            yield unit


def _units(data: bytes, size: int) -> Iterator[bytes]:
    at = 0
    for _ in range(MOST_UNITS):
        length = int.from_bytes(data[at : at + size])
        unit = data[at + size : at + size + length]
        if len(unit) < 3:
            return
        yield unit
        at += size + length


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, payload) of each message in a unit (H.265 section 7.3.5): both counts go on while their byte is 255."""
    at = 0
    for _ in range(MOST_UNITS):
        counts = []
        for _ in range(2):
            value = 0
            while at < len(data) and data[at] == 255:
                value, at = value + 255, at + 1
            if at >= len(data):
                return
            counts.append(value + data[at])
            at += 1
        yield counts[0], data[at : at + counts[1]]
        at += counts[1]


def _said(number: int, data: bytes) -> tuple[str, str] | None:
    name, length = MESSAGES.get(number, ("", 0))
    if not name or len(data) < length:
        return None
    if number == 137:
        most, least = struct.unpack_from(">II", data, 16)
        return name, f"{most / 10_000:g} to {least / 10_000:g} cd/m2"
    if number == 144:
        most, mean = struct.unpack_from(">HH", data)
        return name, f"at most {most}, frame average at most {mean} cd/m2"
    return name, f"{int.from_bytes(data[:4]) / 10_000:g} lux"
