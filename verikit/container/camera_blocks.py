"""What single makers write in forms of their own: AVCHD's camera block, Sony's XML, Nikon's lists, DJI's and Google's tracks.

All offsets and meanings after exiftool's H264.pm, Nikon.pm, DJI.pm and Sony's NonRealTimeMeta; Camera Motion Metadata:
developers.google.com/streetview/publish/camm-spec.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Box, Tag, read_at, tidy_text
from verikit.container.samples import sample_places
from verikit.container.telemetry import gopro_description, gopro_telemetry, place_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MDPM", "avchd_tags", "nikon_avi_tags", "nikon_tags", "recorder_xml_tags", "track_camera_tags"]

# "user data unregistered" of AVCHD: its number, then the name of the block.
MDPM = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66") + b"MDPM"
MAKERS = {0x0103: "Panasonic", 0x0108: "Sony", 0x1011: "Canon", 0x1104: "JVC"}
NIKON = {1: "Make", 2: "Model", 3: "Software", 0x11: "CreateDate", 0x12: "DateTimeOriginal"}
NIKON_AVI = {3: "Make", 4: "Model", 5: "Software", 0x13: "DateTimeOriginal", 0x14: "CreateDate"}
MOST_SAMPLES = 60
# An XML attribute of Sony's recorders; the element names the thing.
RECORDER = re.compile(r"<(Device|CreationDate|LastUpdate|Duration|LtcChange|Item)\b([^<>]{1,600})/?>")
ATTRIBUTE = re.compile(r'(\w{1,40})\s*=\s*"([^"<]{1,300})"')


def avchd_tags(data: bytes, *, origin: str) -> Iterator[Tag]:
    """Time with zone, maker, model, exposure and place in one MDPM block; `data` starts behind the name.

    The stream's own padding (00 00 03) must be gone. Numbers of makers that are not known are told as numbers.
    """
    rows: dict[int, bytes] = {}
    for number in range(data[0] if data else 0):
        row = data[1 + 5 * number : 6 + 5 * number]
        if len(row) < 5 or (rows and row[0] <= max(rows)):
            break
        rows[row[0]] = row[1:]

    def tag(key: str, value: str) -> Iterator[Tag]:
        if value:
            yield Tag(group="MDPM", key=key, value=value, origin=origin)

    if 0x13 in rows:
        yield from tag("timecode", ":".join(f"{byte & 0x7F:02x}" for byte in reversed(rows[0x13])))
    if 0x18 in rows and 0x19 in rows:
        yield from tag("DateTimeOriginal", _avchd_time(rows[0x18] + rows[0x19]))
    if 0xE0 in rows:
        maker = int.from_bytes(rows[0xE0][:2])
        yield from tag("Make", MAKERS.get(maker, f"maker number {maker}"))
        if maker == 0x0108:
            yield from tag("Model", tidy_text(b"".join(rows.get(code, b"") for code in (0xE4, 0xE5, 0xE6))))
    for code, key in ((0xA0, "ExposureTime"), (0xA1, "FNumber")):
        if code in rows:
            above, below = struct.unpack(">HH", rows[code])
            yield from tag(key, f"{above / below:g}" if below else "")
    yield from tag("GPS position", _avchd_place(rows))


def _avchd_time(data: bytes) -> str:
    """Eight bytes: the zone, then century, year, month, day, hour, minute, second as decimal digits."""
    zone, digits = data[0], data[1:8].hex()
    if not digits.isdecimal():
        return ""
    offset = f"{'-' if zone & 0x20 else '+'}{zone >> 1 & 15:02d}:{'30' if zone & 1 else '00'}"
    day = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    return f"{day}T{digits[8:10]}:{digits[10:12]}:{digits[12:14]}{'' if zone & 0x80 else offset}"


def _avchd_place(rows: dict[int, bytes]) -> str:
    parts = []
    for first, ref in ((0xB2, 0xB1), (0xB6, 0xB5)):
        fractions = [struct.unpack(">HH", rows[code]) for code in range(first, first + 3) if code in rows]
        if len(fractions) < 3 or not all(below for _, below in fractions):
            return ""
        degrees, minutes, seconds = (above / below for above, below in fractions)
        value = degrees + minutes / 60 + seconds / 3600
        parts.append(-value if rows.get(ref, b"")[:1] in {b"S", b"W"} else value)
    return place_text(parts[0], parts[1], None) if abs(parts[0]) <= 90 and abs(parts[1]) <= 180 else ""


def recorder_xml_tags(data: bytes, *, origin: str) -> Iterator[Tag]:
    """Device, times and GPS items of the XML that Sony's recorders write (NonRealTimeMeta)."""
    text = data.decode("utf-8", "backslashreplace")
    place: dict[str, str] = {}
    for element, attributes in RECORDER.findall(text)[:200]:
        pairs = dict(ATTRIBUTE.findall(attributes))
        if element == "Device":
            for name, key in (("manufacturer", "Make"), ("modelName", "Model"), ("serialNo", "SerialNumber")):
                if pairs.get(name):
                    yield Tag(group="NonRealTimeMeta", key=key, value=pairs[name], origin=origin)
        elif element in {"CreationDate", "LastUpdate"} and pairs.get("value"):
            yield Tag(group="NonRealTimeMeta", key=element, value=pairs["value"], origin=origin)
        elif element == "Item" and pairs.get("name") and pairs.get("value"):
            place[pairs["name"]] = pairs["value"]
    if text_place := _recorder_place(place):
        yield Tag(group="NonRealTimeMeta", key="GPS position", value=text_place, origin=origin)


def _recorder_place(items: dict[str, str]) -> str:
    values = []
    for name in ("Latitude", "Longitude"):
        numbers = re.fullmatch(r"(\d{1,3}):(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)", items.get(name, ""))
        if not numbers:
            return ""
        value = int(numbers[1]) + int(numbers[2]) / 60 + float(numbers[3]) / 3600
        values.append(-value if items.get(f"{name}Ref") in {"S", "W"} else value)
    return place_text(values[0], values[1], None) if abs(values[0]) <= 90 and abs(values[1]) <= 180 else ""


def nikon_tags(data: bytes, *, origin: str) -> Iterator[Tag]:
    """Maker, model, software and times in a Nikon `NCTG` list: tag (4 bytes), type (2), count (2), value."""
    at = data.find(b"NCTG") + 4
    for _ in range(100):
        if at < 4 or at + 8 > len(data):
            return
        code, kind, count = struct.unpack_from(">IHH", data, at)
        length = count * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8}.get(kind, 1)
        if code in NIKON and kind == 2 and (text := tidy_text(data[at + 8 : at + 8 + length])):
            yield Tag(group="Nikon", key=NIKON[code], value=text, origin=origin)
        at += 8 + length


def nikon_avi_tags(data: bytes, *, origin: str) -> Iterator[Tag]:
    """The same of a Nikon AVI's `nctg` chunk: tag (2 bytes), size (2), text, in little endian."""
    at = 0
    for _ in range(100):
        if at + 4 > len(data):
            return
        code, size = struct.unpack_from("<HH", data, at)
        if code in NIKON_AVI and (text := tidy_text(data[at + 4 : at + 4 + size].replace(b"\0", b""))):
            yield Tag(group="Nikon", key=NIKON_AVI[code], value=text, origin=origin)
        at += 4 + size


def track_camera_tags(stream: BinaryIO, track: Box, *, codec: str) -> Iterator[Tag]:
    """What a track of telemetry says of device, time and place; `codec` is its sample entry (gpmd, camm, djmd ...)."""
    if codec == "gpmd":
        yield from gopro_telemetry(stream, track)
    elif codec == "fdsc":
        yield from gopro_description(stream, track)
    elif codec == "camm":
        yield from _camm(stream, track)
    elif codec in {"djmd", "dbgi"}:
        at, size = next(sample_places(stream, track, most=1), (0, 0))
        found = re.search(rb"(dvtm_[\w-]{2,40})\.proto", read_at(stream, at, min(size, 4096)))
        if found:
            name = found[1].decode("ascii")
            yield Tag(group="DJI", key="device", value=name, origin=f"{track.path} samples@{at}")
    if codec in {"gpmd", "camm", "djmd", "rtmd", "mebx"}:
        yield Tag(group="track", key="telemetry track", value=codec, origin=track.at)


def _camm(stream: BinaryIO, track: Box) -> Iterator[Tag]:
    """The first and last place of a camera motion track: packets of type 5 (degrees) and 6 (time and degrees)."""
    places: list[tuple[str, int]] = []
    for at, size in sample_places(stream, track, most=MOST_SAMPLES * 60):
        data = read_at(stream, at, min(size, 64))
        kind = int.from_bytes(data[2:4], "little")
        if kind == 5 and len(data) >= 28:
            latitude, longitude, altitude = struct.unpack_from("<ddd", data, 4)
        elif kind == 6 and len(data) >= 44:
            latitude, longitude, altitude = struct.unpack_from("<ddf", data, 16)
        else:
            continue
        if abs(latitude) <= 90 and abs(longitude) <= 180 and abs(altitude) < 1e6:
            places.append((place_text(latitude, longitude, altitude), at))
    for word, found in zip(("first", "last"), [places[0], places[-1]] if places else [], strict=False):
        yield Tag(group="camm", key=f"GPS position, {word}", value=found[0], origin=f"{track.path} samples@{found[1]}")
