"""The tags of an MP4 or QuickTime file, each with the box and byte that it was read from.

User data (`udta`: Apple's ©xyz, 3GPP's titl and loci, the makers' own boxes), lists of items (`ilst`, with or without
`keys`), XMP packets and C2PA boxes. Sources: QuickTime File Format; 3GPP TS 26.244 section 8; Adobe XMP part 3.
"""

from __future__ import annotations

import itertools
import re
import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import MOST_TEXT, Box, Structure, Tag, tidy_text
from verikit.container.movie import Movie, movie_time, payload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["C2PA_UUID", "XMP_UUID", "movie_tags", "read_movie_tags", "xmp_tags"]

XMP_UUID = "be7acfcb-97a9-42e8-9c71-999491e3afac"
C2PA_UUID = "d8fec3d6-1b0e-483c-9297-5828877ec481"
MOST_TAGS = 1000
MOST_XMP = 1_000_000
# 3GPP text boxes: version and flags, packed language, text (TS 26.244 section 8.2).
TEXT_3GPP = frozenset({"titl", "dscp", "cprt", "perf", "auth", "gnre", "albm", "kywd"})
# The keys of XMP that tell of tools and times. A pattern, not an XML parser: the packet is a stranger's.
XMP_KEYS = (
    "x:xmptk|xmp:CreatorTool|xmp:CreateDate|xmp:ModifyDate|xmp:MetadataDate|xmpMM:DocumentID|xmpMM:InstanceID|"
    "xmpMM:OriginalDocumentID|tiff:Make|tiff:Model|exif:GPSLatitude|exif:GPSLongitude|dc:format|"
    "photoshop:DateCreated|xmpDM:startTimecode|stEvt:softwareAgent|stRef:filePath"
)
XMP_PATTERN = re.compile(rf'({XMP_KEYS})(?:\s*=\s*["\']([^"\'<]{{1,300}})["\']|>([^<]{{1,300}})<)')


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
        add(group, "data handler", track.data_handler, origin=track.origin)
        add(group, "compressor", track.compressor, origin=track.origin)
        add(group, "vendor", track.vendor, origin=track.origin)
        for verb, (header, media) in (("created", track.created), ("modified", track.modified)):
            add(group, f"track {verb}", movie_time(header), origin=track.origin)
            add(group, f"media {verb}", movie_time(media), origin=track.origin)
    return tuple(found)


def _all(stream: BinaryIO, structure: Structure) -> Iterator[Tag]:
    for box in structure.walk():
        if box.type == "udta":
            for child in box.children:
                yield from _user_data(stream, child)
        elif box.type == "meta":
            yield from _items(stream, box)
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
        yield from _gopro(data, box)
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


def _gopro(data: bytes, box: Box) -> Iterator[Tag]:
    """The texts in GoPro's settings (GPMF: a four-letter key, a type, a size, a repeat; padded to four bytes)."""
    at = 0
    while at + 8 <= len(data):
        key, kind = data[at : at + 4], data[at + 4 : at + 5]
        length = data[at + 5] * int.from_bytes(data[at + 6 : at + 8])
        if kind == b"c" and key.isalnum():
            name = key.decode("ascii")
            yield Tag(group="GPMF", key=name, value=tidy_text(data[at + 8 : at + 8 + length]), origin=box.at)
        # A key of type zero holds further keys: step into it.
        at += 8 if kind == b"\0" else 8 + (length + 3) // 4 * 4


def xmp_tags(data: bytes, *, origin: str) -> Iterator[Tag]:
    """The tools, times and documents that an XMP packet names, each once; and that it is there at all."""
    yield Tag(group="XMP", key="packet", value=f"{len(data)} bytes", origin=origin)
    text = data.decode("utf-8", "backslashreplace")
    seen: set[tuple[str, str]] = set()
    for match in XMP_PATTERN.finditer(text):
        pair = (match[1], (match[2] or match[3] or "").strip())
        if pair[1] and pair not in seen:
            seen.add(pair)
            yield Tag(group="XMP", key=pair[0], value=pair[1], origin=origin)
