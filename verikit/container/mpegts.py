"""The programs and streams of an MPEG transport stream (TS, and M2TS of AVCHD cameras and Blu-ray).

Packets of 188 bytes, with 4 bytes of arrival time before them in M2TS or 16 of correction behind. Only the beginning
and the end are read. Source: ISO/IEC 13818-1 sections 2.4.3 and 2.4.4; ETSI EN 300 468 for service names.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Fault, Structure, Tag, TreeBuilder, read_at, tidy_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["is_transport_stream", "picture_bytes", "read_transport_stream"]

SYNC = 0x47
# (packet length, bytes before the sync byte)
FORMS = ((188, 0), (192, 4), (204, 0))
BEGINNING, ENDING = 3 * 1024 * 1024, 512 * 1024
MOST_PROGRAMS, MOST_STREAMS = 64, 64
MOST_PICTURES = 120
# Stream types of ISO/IEC 13818-1 table 2-34 and, from 0x80, of Blu-ray.
KINDS = {
    0x01: "MPEG-1 video",
    0x02: "MPEG-2 video",
    0x03: "MPEG-1 audio",
    0x04: "MPEG-2 audio",
    0x06: "private data",
    0x0F: "AAC",
    0x10: "MPEG-4 video",
    0x11: "AAC (LATM)",
    0x15: "metadata",
    0x1B: "H.264",
    0x24: "HEVC",
    0x33: "VVC",
    0x80: "LPCM or private",
    0x81: "AC-3",
    0x82: "DTS",
    0x84: "E-AC-3",
    0x90: "PGS subtitles",
    0xEA: "VC-1",
}
PICTURES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x24, 0x33, 0xEA})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Packet:
    """One packet: its byte in the file, its stream, whether a unit starts in it, its counter, clock and payload."""

    at: int
    pid: int
    starts: bool
    counter: int
    clock: int | None
    payload: bytes


def is_transport_stream(stream: BinaryIO) -> bool:
    """Whether the file starts with packets of a transport stream: five sync bytes where they belong."""
    return _form(read_at(stream, 0, 1100)) is not None


def read_transport_stream(path: Path) -> tuple[Structure, tuple[Tag, ...]]:
    """Programs and streams as a tree, what is wrong, and tags: service names, languages, the clock's first and last.

    Reads the first 3 MB and the last half of one.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        length, before = _form(read_at(stream, 0, 1100)) or FORMS[0]
        reading = _Reading()
        faults = reading.take(read_at(stream, 0, BEGINNING), 0, length=length, before=before)
        if size > BEGINNING + ENDING:
            at = (size - ENDING) // length * length
            reading.counters.clear()
            faults += reading.take(read_at(stream, at, ENDING + length), at, length=length, before=before)
    if size % length:
        faults.append(
            Fault(
                kind="trailing bytes",
                path="TS",
                offset=size - size % length,
                detail=f"{size % length} bytes too few for a packet",
            )
        )
    tree = TreeBuilder()
    top = tree.add(-1, kind="TS", offset=0, size=size, header=0)
    for number, (at, streams) in sorted(reading.programs.items())[:MOST_PROGRAMS]:
        program = tree.add(top, kind=f"program {number}", offset=at, size=length, header=before + 4)
        for pid, kind in sorted(streams.items())[:MOST_STREAMS]:
            name = f"stream 0x{pid:X} {KINDS.get(kind, f'type 0x{kind:02X}')}"
            tree.add(program, kind=name, offset=reading.first.get(pid, at), size=length, header=before + 4)
    structure = Structure(format="MPEG-TS", boxes=tree.build(), faults=tuple(faults[:50]), count=len(tree))
    return structure, tuple(reading.tags(length))


def picture_bytes(stream: BinaryIO, structure: Structure, *, most: int) -> Iterator[tuple[int, bytes]]:
    """(byte of the first packet, data) of the first pictures of the first video stream, without the packets around them."""
    length, before = _form(read_at(stream, 0, 1100)) or FORMS[0]
    wanted = {
        int(b.type.split()[1], 16) for b in structure.walk() if b.type.startswith("stream ") and _is_picture(b.type)
    }
    data, at, count = bytearray(), -1, 0
    for packet in _packets(read_at(stream, 0, most), 0, length=length, before=before):
        if packet.pid not in wanted:
            continue
        if packet.starts:
            if at >= 0:
                yield at, bytes(data)
                count += 1
            if count >= MOST_PICTURES:
                return
            data, at = bytearray(), packet.at
        data += packet.payload
    if at >= 0:
        yield at, bytes(data)


def _is_picture(name: str) -> bool:
    return any(name.endswith(f" {KINDS[kind]}") for kind in PICTURES)


def _form(head: bytes) -> tuple[int, int] | None:
    for length, before in FORMS:
        places = range(before, min(len(head), before + 5 * length), length)
        if len(head) >= 2 * length and all(head[at] == SYNC for at in places):
            return length, before
    return None


def _packets(data: bytes, start: int, *, length: int, before: int) -> Iterator[_Packet]:
    for at in range(0, len(data) - length + 1, length):
        head = at + before
        if data[head] != SYNC:
            yield _Packet(at=start + at, pid=-1, starts=False, counter=0, clock=None, payload=b"")
            continue
        control = data[head + 3]
        body, clock = head + 4, None
        if control & 0x20:
            field = data[head + 4]
            body += 1 + field
            if field >= 7 and data[head + 5] & 0x10:
                clock = int.from_bytes(data[head + 6 : head + 10]) << 1 | data[head + 10] >> 7
        yield _Packet(
            at=start + at,
            pid=(data[head + 1] & 0x1F) << 8 | data[head + 2],
            starts=bool(data[head + 1] & 0x40),
            counter=control & 15,
            clock=clock,
            payload=data[body : head + 188] if control & 0x10 else b"",
        )


class _Reading:
    """What the packets tell: programs, streams, services, clocks, and where counting breaks."""

    def __init__(self) -> None:
        self.programs: dict[int, tuple[int, dict[int, int]]] = {}
        self.tables: dict[int, int] = {}
        self.first: dict[int, int] = {}
        self.counters: dict[int, int] = {}
        self.clocks: list[tuple[int, int]] = []
        self.breaks: list[int] = []
        self.found: list[Tag] = []

    def take(self, data: bytes, start: int, *, length: int, before: int) -> list[Fault]:
        faults: list[Fault] = []
        for packet in _packets(data, start, length=length, before=before):
            if packet.pid < 0:
                if not faults:
                    faults.append(
                        Fault(
                            kind="lost sync",
                            path="TS",
                            offset=packet.at,
                            detail="a packet does not begin where it should",
                        )
                    )
                continue
            self.first.setdefault(packet.pid, packet.at)
            if packet.clock is not None:
                self.clocks = (
                    [self.clocks[0], (packet.clock, packet.at)] if self.clocks else [(packet.clock, packet.at)]
                )
            if packet.payload and packet.pid != 0x1FFF:
                last = self.counters.get(packet.pid)
                if last is not None and packet.counter not in {last, (last + 1) & 15}:
                    self.breaks.append(packet.at)
                self.counters[packet.pid] = packet.counter
            if packet.starts and packet.payload:
                self._section(packet)
        return faults

    def _section(self, packet: _Packet) -> None:
        table = packet.payload[1 + packet.payload[0] :]
        end = min(len(table), 3 + (int.from_bytes(table[1:3]) & 0xFFF)) - 4
        if packet.pid == 0 and table[:1] == b"\0":
            for at in range(8, end - 3, 4):
                number, pid = int.from_bytes(table[at : at + 2]), int.from_bytes(table[at + 2 : at + 4]) & 0x1FFF
                if number and len(self.tables) < MOST_PROGRAMS:
                    self.tables.setdefault(pid, number)
        elif packet.pid in self.tables and table[:1] == b"\2" and self.tables[packet.pid] not in self.programs:
            self._program(table, end, packet)
        elif packet.pid == 0x11 and table[:1] == b"\x42":
            self._services(table, end, packet)

    def _program(self, table: bytes, end: int, packet: _Packet) -> None:
        streams: dict[int, int] = {}
        at = 12 + (int.from_bytes(table[10:12]) & 0xFFF)
        while at + 5 <= end and len(streams) < MOST_STREAMS:
            pid, size = int.from_bytes(table[at + 1 : at + 3]) & 0x1FFF, int.from_bytes(table[at + 3 : at + 5]) & 0xFFF
            streams[pid] = table[at]
            for kind, body in _descriptors(table[at + 5 : at + 5 + size]):
                if kind == 0x0A and len(body) >= 3:
                    self._tag(f"stream 0x{pid:X}", "language", tidy_text(body[:3], encoding="latin-1"), at=packet.at)
                elif kind == 0x05:
                    self._tag(
                        f"stream 0x{pid:X}", "registration", tidy_text(body[:4], encoding="latin-1"), at=packet.at
                    )
            at += 5 + size
        self.programs[self.tables[packet.pid]] = (packet.at, streams)

    def _services(self, table: bytes, end: int, packet: _Packet) -> None:
        at = 11
        while at + 5 <= end and len(self.found) < 200:
            size = int.from_bytes(table[at + 3 : at + 5]) & 0xFFF
            for kind, body in _descriptors(table[at + 5 : at + 5 + size]):
                if kind == 0x48 and len(body) > 2:
                    provider = body[2 : 2 + body[1]]
                    name = body[3 + body[1] : 3 + body[1] + (body[2 + body[1]] if len(body) > 2 + body[1] else 0)]
                    self._tag("service", "service_provider", tidy_text(provider), at=packet.at)
                    self._tag("service", "service_name", tidy_text(name), at=packet.at)
            at += 5 + size

    def _tag(self, group: str, key: str, value: str, *, at: int) -> None:
        tag = Tag(group=group, key=key, value=value, origin=f"TS packet@{at}")
        if value and not any((t.group, t.key, t.value) == (group, key, value) for t in self.found):
            self.found.append(tag)

    def tags(self, length: int) -> Iterator[Tag]:
        yield Tag(group="TS", key="packet length", value=f"{length} bytes", origin="TS packet@0")
        yield from self.found
        for word, (clock, at) in zip(("first", "last"), self.clocks, strict=False):
            yield Tag(group="TS", key=f"clock, {word}", value=f"{clock / 90_000:.3f} s", origin=f"TS packet@{at}")
        if self.breaks:
            told = f"{len(self.breaks)} times in the part read"
            yield Tag(group="TS", key="counting breaks", value=told, origin=f"TS packet@{self.breaks[0]}")


def _descriptors(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(data):
        yield data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
