"""The tags of an MP4 or QuickTime file, each with the box and byte that it was read from.

User data (`udta`: Apple's ©xyz, 3GPP's titl and loci, the makers' own boxes), lists of items (`ilst`, with or without
`keys`), XMP packets and C2PA boxes. Sources: QuickTime File Format; 3GPP TS 26.244 section 8; Adobe XMP part 3.
"""

from __future__ import annotations

import itertools
import re
import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.camera_blocks import nikon_tags, recorder_xml_tags
from verikit.container.elements import MOST_TEXT, Box, Structure, Tag, tidy_text
from verikit.container.exif import exif_tags
from verikit.container.movie import Movie, movie_time, payload
from verikit.container.telemetry import gopro_settings
from verikit.container.xmp import MOST_XMP, xmp_tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["C2PA_UUID", "XMP_UUID", "movie_tags", "read_movie_tags"]

XMP_UUID = "be7acfcb-97a9-42e8-9c71-999491e3afac"
C2PA_UUID = "d8fec3d6-1b0e-483c-9297-5828877ec481"
CANON_UUID = "85c0b687-820f-11e0-8111-f4ce462b6a48"
MOST_TAGS = 1000
# Boxes of user data in which cameras keep an Exif block or a list of their own (exiftool QuickTime.pm, UserData).
CAMERA_BLOCKS = frozenset(
    {"CNTH", "MVTG", "NCDT", "PANA", "LEIC", "PENT", "PXTH", "QVMI", "TAGS", "exif", "Exif", "thmb"}
)
MOST_BLOCK = 256 * 1024
# 3GPP text boxes: version and flags, packed language, text (TS 26.244 section 8.2).
TEXT_3GPP = frozenset({"titl", "dscp", "cprt", "perf", "auth", "gnre", "albm", "kywd"})


def read_movie_tags(path: Path, structure: Structure) -> tuple[Tag, ...]:
    """The tags in user data, item lists, XMP and C2PA boxes of `structure`, read from `path`; at most 1,000.

    What is no text is told by its length. A C2PA box is named, not read.
    """
    with path.open("rb") as stream:
        return tuple(itertools.islice(_all(stream, structure), MOST_TAGS))


def movie_tags(movie: Movie) -> tuple[Tag, ...]:
    """Brands, times, handlers and compressor names of `movie` as tags, with the boxes that hold them."""
    found: list[Tag] = []

    def add(group: str, key: str, value: str | None, *, origin: str) -> None:
        if value:
            found.append(Tag(group=group, key=key, value=value, origin=origin))

    add("ftyp", "major_brand", movie.major, origin=movie.brands_origin)
    add("ftyp", "minor_version", str(movie.minor) if movie.major else None, origin=movie.brands_origin)
    add("ftyp", "compatible_brands", " ".join(movie.brands), origin=movie.brands_origin)
    add("movie", "movie created", movie_time(movie.created or 0), origin=movie.origin)
    add("movie", "movie modified", movie_time(movie.modified or 0), origin=movie.origin)
    for number, track in enumerate(movie.tracks, start=1):
        group = f"track {number}"
        add(group, "handler", track.handler, origin=track.handler_origin)
        add(group, "data handler", track.data_handler, origin=track.data_handler_origin)
        add(group, "compressor", track.compressor, origin=track.entry_origin)
        add(group, "vendor", track.vendor, origin=track.entry_origin)
        for verb, (header, media) in (("created", track.created), ("modified", track.modified)):
            add(group, f"track {verb}", movie_time(header), origin=track.header_origin)
            add(group, f"media {verb}", movie_time(media), origin=track.media_origin)
    return tuple(found)


def _all(stream: BinaryIO, structure: Structure) -> Iterator[Tag]:
    for box in structure.walk():
        if box.type == "udta":
            for child in box.children:
                yield from _user_data(stream, child)
        elif box.type == "meta":
            yield from _items(stream, box)
        elif box.uuid == CANON_UUID:
            yield from exif_tags(payload(stream, box, most=MOST_BLOCK), origin=box.at)
        elif box.uuid == XMP_UUID:
            yield from xmp_tags(payload(stream, box, most=MOST_XMP), origin=box.at)
        elif box.uuid == C2PA_UUID:
            yield Tag(group="C2PA", key="manifest box", value=f"{box.size} bytes", origin=box.at)


def _user_data(stream: BinaryIO, box: Box) -> Iterator[Tag]:
    if box.type == "meta":
        return
    data = payload(stream, box, most=MOST_TEXT)
    if box.type == "XMP_":
        yield from xmp_tags(payload(stream, box, most=MOST_XMP), origin=box.at)
    elif box.type == "GPMF":
        yield from gopro_settings(payload(stream, box, most=MOST_BLOCK), origin=box.at)
    elif box.type in CAMERA_BLOCKS:
        block = payload(stream, box, most=MOST_BLOCK)
        yield Tag(group="udta", key=box.type, value=_text_or_length(data, box.size - box.header), origin=box.at)
        yield from exif_tags(block, origin=box.at)
        yield from nikon_tags(block, origin=box.at) if b"NCTG" in block else ()
        yield from _printed(block, box) if box.type == "TAGS" else ()
    elif box.type.startswith("©"):
        for number, text in enumerate(_counted_texts(data)):
            yield Tag(group="udta", key=box.type, value=text, origin=box.at if not number else f"{box.at}[{number}]")
    elif box.type == "loci":
        yield Tag(group="udta", key="loci", value=_loci(data), origin=box.at)
    elif box.type in TEXT_3GPP and data[:4] == b"\0\0\0\0":
        yield Tag(group="udta", key=box.type, value=_text_3gpp(data[6:]), origin=box.at)
    else:
        yield Tag(group="udta", key=box.type, value=_text_or_length(data, box.size - box.header), origin=box.at)


def _counted_texts(data: bytes) -> Iterator[str]:
    """QuickTime's international texts: length, language, text, once a language. Some writers put bare text instead."""
    at = 0
    while at + 4 <= len(data) and at < MOST_TEXT:
        length = int.from_bytes(data[at : at + 2])
        if not 0 < length <= len(data) - at - 4:
            break
        yield tidy_text(data[at + 4 : at + 4 + length])
        at += 4 + length
    if at == 0 and data.strip(b"\0"):
        yield tidy_text(data.lstrip(b"\0"))


def _text_3gpp(data: bytes) -> str:
    if data[:2] in {b"\xfe\xff", b"\xff\xfe"}:
        return tidy_text(data, encoding="utf-16")
    return tidy_text(data)


def _loci(data: bytes) -> str:
    """3GPP's place: name, then longitude, latitude and altitude as 16.16 numbers; written here in ISO 6709."""
    rest = data[6:]
    if rest[:2] == b"\xfe\xff":
        end = next((i for i in range(0, len(rest) - 1, 2) if rest[i : i + 2] == b"\0\0"), len(rest))
        name, rest = rest[:end].decode("utf-16", "backslashreplace"), rest[end + 2 :]
    else:
        raw, _, rest = rest.partition(b"\0")
        name = tidy_text(raw)
    if len(rest) < 13:
        return name or f"{len(data)} bytes"
    longitude, latitude, altitude = (number / 65536 for number in struct.unpack_from(">iii", rest, 1))
    return f"{latitude:+09.5f}{longitude:+010.5f}{altitude:+.3f}/" + (f" {name}" if name else "")


def _text_or_length(data: bytes, size: int) -> str:
    """The bytes as text where they are text, else their number."""
    kept = data.rstrip(b"\0")
    if kept and all(byte in {9, 10, 13} or 0x20 <= byte != 0x7F for byte in kept):
        try:
            return kept.decode("utf-8").strip()
        except UnicodeDecodeError:
            pass
    return f"{size} bytes"


def _items(stream: BinaryIO, meta: Box) -> Iterator[Tag]:
    """The items of a metadata box, under their key where `keys` names them, else under their own type."""
    keys: dict[str, str] = {}
    for child in meta.children:
        if child.type == "keys":
            keys = _keys(payload(stream, child, most=64_000))
        elif child.type == "ilst":
            for item in child.children:
                yield from _item(stream, item, keys)
        elif child.type == "XMP_":
            yield from xmp_tags(payload(stream, child, most=MOST_XMP), origin=child.at)
        elif child.type == "xml ":
            yield from recorder_xml_tags(payload(stream, child, most=MOST_BLOCK), origin=child.at)


def _keys(data: bytes) -> dict[str, str]:
    names: dict[str, str] = {}
    at, number = 8, 1
    while at + 8 <= len(data) and number <= MOST_TAGS:
        size = int.from_bytes(data[at : at + 4])
        if size < 8:
            break
        # An item's type is its key's number; four bytes that happen to be letters are shown as letters.
        names[f"#{number}"] = tidy_text(data[at + 8 : at + size])
        at, number = at + size, number + 1
    return names


def _item(stream: BinaryIO, item: Box, keys: dict[str, str]) -> Iterator[Tag]:
    """An ilst item holds its value in `data` boxes; a `----` item names itself in `mean` and `name`."""
    data = payload(stream, item, most=MOST_TEXT + 64)
    parts: dict[bytes, list[bytes]] = {}
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        if size < 8:
            break
        parts.setdefault(data[at + 4 : at + 8], []).append(data[at + 8 : at + size])
        at += size
    key = keys.get(item.type, item.type)
    if item.type == "----":
        key = tidy_text(parts.get(b"name", [b""])[0][4:]) or key
    for value in parts.get(b"data", []):
        group = "keys" if item.type in keys else "ilst"
        yield Tag(group=group, key=key, value=_value(value, item.size), origin=item.at)


def _value(data: bytes, size: int) -> str:
    """The value of a `data` box by its well-known type (QuickTime File Format, "Well-known types")."""
    kind, body = int.from_bytes(data[1:4]), data[8:]
    if kind == 1:
        return tidy_text(body)
    if kind == 2:
        return tidy_text(body, encoding="utf-16-be")
    if kind in {21, 22} and 0 < len(body) <= 8:
        return str(int.from_bytes(body, signed=kind == 21))
    if kind in {23, 24} and len(body) == (4 if kind == 23 else 8):
        return f"{struct.unpack('>f' if kind == 23 else '>d', body)[0]:g}"
    return f"{size} bytes" if kind in {13, 14, 27} else _text_or_length(body, len(body))


def _printed(data: bytes, box: Box) -> Iterator[Tag]:
    """The maker and the model that older cameras print at the start of a `TAGS` box."""
    texts = re.findall(rb"[\x20-\x7e]{4,40}", data[:128])
    for key, text in zip(("Make", "Model"), texts, strict=False):
        yield Tag(group="TAGS", key=key, value=text.decode("ascii").strip(), origin=box.at)
