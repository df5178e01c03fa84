"""What GoPro cameras write beside the pictures: device, settings, and where the camera was (GPMF).

A stream of keys (four letters), each with a type, a size and a count, padded to four bytes; a key of type zero holds
further keys. Source: github.com/gopro/gpmf-parser; GPRI and SYST of the Karma drone: exiftool GoPro.pm.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Box, Tag, read_at, tidy_text
from verikit.container.samples import sample_places

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["gopro_description", "gopro_settings", "gopro_telemetry", "place_text"]

# A sample holds a second; two minutes tell where a recording began. Its own size is some 10 to 60 KB.
MOST_SAMPLES = 120
MOST_SAMPLE = 256 * 1024
MOST_KEYS = 20_000
NUMBERS = {b"b": "b", b"B": "B", b"s": "h", b"S": "H", b"l": "i", b"L": "I", b"j": "q", b"J": "Q", b"f": "f", b"d": "d"}
POSITIONS = frozenset({"GPS5", "GPS9", "GPRI"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """One key: its name, its type, the size of one value, and the bytes."""

    name: str
    kind: bytes
    size: int
    data: bytes


@dataclasses.dataclass(slots=True)
class _Seen:
    """What the telemetry has told so far."""

    devices: dict[str, int] = dataclasses.field(default_factory=dict)
    streams: dict[str, int] = dataclasses.field(default_factory=dict)
    times: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    places: list[tuple[float, float, float | None, int]] = dataclasses.field(default_factory=list)
    clock: tuple[float, float] | None = None


def gopro_settings(data: bytes, *, origin: str) -> Iterator[Tag]:
    """The texts in a `GPMF` box of user data: model, firmware, serial numbers and settings."""
    for key in _keys(data):
        if key.kind == b"c" and key.name.isalnum():
            yield Tag(group="GPMF", key=key.name, value=tidy_text(key.data), origin=origin)


def gopro_telemetry(stream: BinaryIO, track: Box) -> Iterator[Tag]:
    """Devices, streams, times and the first and last place in a `gpmd` track, from its first two minutes.

    A place is told only where the receiver had a fix. Times are the satellites' own, in UTC.
    """
    seen = _Seen()
    for number, (at, size) in enumerate(sample_places(stream, track, most=MOST_SAMPLES)):
        _sample(read_at(stream, at, min(size, MOST_SAMPLE)), at, seen)
        if number == 0 and not seen.streams:
            return  # not GPMF at all
    place = f"{track.path} samples"
    for name, at in seen.devices.items():
        yield Tag(group="GPMF", key="device", value=name, origin=f"{place}@{at}")
    for name, count in seen.streams.items():
        yield Tag(group="GPMF", key="telemetry", value=f"{name} ({count} readings)", origin=track.at)
    for word, (text, at) in zip(("first", "last"), _ends(seen.times), strict=False):
        yield Tag(group="GPMF", key=f"GPS time, {word}", value=text, origin=f"{place}@{at}")
    for word, found in zip(("first", "last"), _ends(seen.places), strict=False):
        text = place_text(found[0], found[1], found[2])
        yield Tag(group="GPMF", key=f"GPS position, {word}", value=text, origin=f"{place}@{found[3]}")


def gopro_description(stream: BinaryIO, track: Box) -> Iterator[Tag]:
    """Firmware, serial number and model in a GoPro's `fdsc` track (places after exiftool GoPro.pm)."""
    for at, size in sample_places(stream, track, most=4):
        data = read_at(stream, at, min(size, 256))
        if data.startswith(b"GPRO"):
            for key, start, length in (("firmware", 8, 15), ("SerialNumber", 0x17, 16), ("Model", 0x66, 16)):
                if text := tidy_text(data[start : start + length], encoding="latin-1").split("\0")[0]:
                    yield Tag(group="GoPro", key=key, value=text, origin=f"{track.path} samples@{at + start}")
            return


def place_text(latitude: float, longitude: float, altitude: float | None) -> str:
    """A place as ISO 6709, to seven digits of a degree."""
    height = "" if altitude is None else f"{altitude:+.3f}"
    return f"{latitude:+011.7f}{longitude:+012.7f}{height}/"


def _ends(values: list[tuple[str, int]] | list[tuple[float, float, float | None, int]]) -> list[tuple]:  # type: ignore[type-arg] # either row
    return [values[0], values[-1]] if len(values) > 1 else list(values)


def _keys(data: bytes) -> Iterator[_Key]:
    """Every key in the order of the bytes; those that hold others are entered. At most 20,000."""
    at, count = 0, 0
    while at + 8 <= len(data) and count < MOST_KEYS:
        kind, size, repeat = data[at + 4 : at + 5], data[at + 5], int.from_bytes(data[at + 6 : at + 8])
        length = size * repeat
        inside = kind == b"\0"
        name = tidy_text(data[at : at + 4], encoding="latin-1")
        yield _Key(name=name, kind=kind, size=size, data=b"" if inside else data[at + 8 : at + 8 + length])
        at += 8 if inside else 8 + (length + 3) // 4 * 4
        count += 1


def _sample(data: bytes, at: int, seen: _Seen) -> None:
    scales: list[float] = []
    layout, fix, name = "", True, ""
    for key in _keys(data):
        match key.name:
            case "DVNM":
                # "Camera" is what every GoPro calls itself.
                if (device := tidy_text(key.data)) not in {"", "Camera"}:
                    seen.devices.setdefault(device, at)
            case "STRM":
                scales, layout, name = [], "", ""
            case "STNM":
                name = tidy_text(key.data, encoding="latin-1")
            case "SCAL":
                scales = [row[0] for row in _rows(key, "")]
            case "TYPE":
                layout = tidy_text(key.data)
            case "GPSF":
                fix = int.from_bytes(key.data[:4]) in {2, 3}
            case "GPSU":
                seen.times += [(text, at)] if fix and (text := _gps_time(key.data)) else []
            case "SYST":
                rows = _scaled(_rows(key, layout), scales)
                seen.clock = (rows[0][0], rows[0][1]) if rows and len(rows[0]) == 2 else seen.clock
            case _ if key.name in POSITIONS:
                _position(key, _scaled(_rows(key, layout), scales), at=at, fix=fix, seen=seen)
        if key.name in POSITIONS | {"ACCL", "GYRO", "MAGN", "GLPI", "KBAT", "ATTD", "ISOE", "SHUT", "CORI", "GRAV"}:
            count = len(key.data) // key.size if key.size else 0
            label = f"{key.name} {name}".strip()
            seen.streams[label] = seen.streams.get(label, 0) + count


def _rows(key: _Key, layout: str) -> list[tuple[float, ...]]:
    """The values as rows of numbers; a complex key is laid out as its TYPE says."""
    letters = layout.encode("latin-1", "replace") if key.kind == b"?" else key.kind
    codes = [NUMBERS.get(letters[i : i + 1]) for i in range(len(letters))]
    if not codes or None in codes:
        return []
    row = ">" + "".join(code or "" for code in codes)
    if key.kind != b"?" and key.size:
        row = ">" + (codes[0] or "") * max(1, key.size // struct.calcsize(row))
    step = struct.calcsize(row)
    whole = len(key.data) // step * step
    return list(struct.iter_unpack(row, key.data[:whole]))


def _scaled(rows: list[tuple[float, ...]], scales: list[float]) -> list[tuple[float, ...]]:
    if not scales or not all(scales):
        return []
    return [
        tuple(v / (scales[i] if len(scales) > 1 else scales[0]) for i, v in enumerate(r[: len(scales)])) for r in rows
    ]


def _position(key: _Key, rows: list[tuple[float, ...]], *, at: int, fix: bool, seen: _Seen) -> None:
    for row in rows:
        start = 1 if key.name == "GPRI" else 0
        if len(row) < start + 3:
            return
        latitude, longitude, altitude = row[start : start + 3]
        sure = fix and (key.name != "GPS9" or (len(row) >= 9 and row[8] >= 2))
        if sure and abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude or longitude):
            seen.places.append((latitude, longitude, altitude, at))
            if key.name == "GPS9" and (text := _since_2000(row[5], row[6])):
                seen.times.append((text, at))
            if key.name == "GPRI" and seen.clock and (text := _system_time(row[0], seen.clock)):
                seen.times.append((text, at))


def _gps_time(data: bytes) -> str:
    """`yymmddhhmmss.sss` of the satellites as ISO 8601 in UTC; empty where it is none."""
    try:
        moment = dt.datetime.strptime(data[:12].decode("ascii"), "%y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _since_2000(days: float, seconds: float) -> str:
    if not (0 < days < 40_000 and 0 <= seconds < 86_400):
        return ""
    return (dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=days, seconds=seconds)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def _system_time(reading: float, clock: tuple[float, float]) -> str:
    """The Karma counts its own seconds; SYST says which Unix time one of them was."""
    seconds = clock[1] + reading - clock[0]
    if not 946_684_800 < seconds < 4_102_444_800:
        return ""
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
