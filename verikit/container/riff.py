"""The chunks of AVI and WAVE files: headers, stream names, and the texts in INFO lists.

Source: Microsoft's RIFF and AVI file reference; OpenDML AVI 1.02 for files of several RIFF parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from verikit.container.camera_blocks import nikon_avi_tags
from verikit.container.elements import Box, Fault, Structure, Tag, TreeBuilder, read_at, tidy_text
from verikit.container.exif import exif_tags
from verikit.container.xmp import MOST_XMP, xmp_tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["is_riff", "read_chunks", "read_riff_tags"]

MOST_CHUNKS = 20_000
MOST_DEPTH = 8
FORMS = frozenset({b"AVI ", b"AVIX", b"WAVE"})
# Lists that are read; `movi` holds the pictures and is stepped over.
LISTS = frozenset({"hdrl", "strl", "INFO", "odml", "ncdt", "exif"})
# Chunks of a `LIST exif` (Exif 2.32 section 5.6.4).
EXIF_TEXTS = {"ecor": "Make", "emdl": "Model", "etim": "Time", "erel": "RelatedImageFile"}


def is_riff(stream: BinaryIO) -> bool:
    """Whether the file starts as AVI or WAVE. A WebP picture, though RIFF, does not."""
    head = read_at(stream, 0, 12)
    return head[:4] in {b"RIFF", b"RF64"} and head[8:12] in FORMS


def read_chunks(path: Path) -> Structure:
    """The chunk tree of an AVI or WAVE file and what is wrong in it; at most 20,000 chunks, none loaded.

    Lists carry their own name: the type of `LIST hdrl` is `hdrl`.
    """
    size = path.stat().st_size
    tree, faults = TreeBuilder(), list[Fault]()
    with path.open("rb") as stream:
        levels = [(0, size, -1)]
        while levels:
            at, end, owner = levels.pop()
            if end - at < 8 or len(tree) >= MOST_CHUNKS:
                continue
            code, claimed, form = _head(stream, at)
            if not code.isascii() or not code.decode("latin-1").isprintable():
                place = tree.path(owner)
                faults.append(
                    Fault(kind="trailing bytes", path=place, offset=at, detail=f"{end - at} bytes that are no chunk")
                )
                continue
            listed = code in {b"RIFF", b"RF64", b"LIST"}
            name = form.decode("latin-1").strip() if listed else code.decode("latin-1")
            number = tree.add(owner, kind=name, offset=at, size=8 + claimed, header=12 if listed else 8)
            stop = at + 8 + claimed
            if stop > end:
                whose = "the file" if end == size else "its parent"
                detail = f"{name} claims {8 + claimed} bytes, {stop - end} more than there are up to the end of {whose}"
                faults.append(Fault(kind=f"past end of {whose}", path=tree.path(number), offset=at, detail=detail))
            levels.append((stop + claimed % 2, end, owner))
            if listed and (name in LISTS or code != b"LIST") and tree.path(number).count("/") < MOST_DEPTH:
                levels.append((at + 12, min(stop, end), number))
    return Structure(format="RIFF", boxes=tree.build(), faults=tuple(faults[:50]), count=len(tree))


def _head(stream: BinaryIO, at: int) -> tuple[bytes, int, bytes]:
    head = read_at(stream, at, 12)
    return head[:4], int.from_bytes(head[4:8], "little"), head[8:12]


def read_riff_tags(path: Path, structure: Structure) -> tuple[Tag, ...]:
    """The texts of INFO lists (ISFT, ICRD, INAM ...), IDIT dates and stream names and codecs, each with its chunk."""
    with path.open("rb") as stream:
        return tuple(_all(stream, structure))


def _all(stream: BinaryIO, structure: Structure) -> Iterator[Tag]:
    for box in structure.walk():
        data = read_at(stream, box.offset + box.header, min(max(box.size - box.header, 0), 4096))
        if "/INFO/" in box.path or box.type in {"IDIT", "ISFT"}:
            yield Tag(group="INFO", key=box.type, value=tidy_text(data), origin=box.at)
        elif box.type == "strn":
            yield Tag(group="strl", key="strn", value=tidy_text(data), origin=box.at)
        elif box.type == "strh" and len(data) >= 8:
            yield Tag(group="strl", key="strh", value=tidy_text(data[:8].replace(b"\0", b" ")), origin=box.at)
        elif box.type in {"strd", "thmb", "exif"}:
            yield from exif_tags(read_at(stream, box.offset + box.header, _room(box, 65_536)), origin=box.at)
        elif box.type == "nctg":
            yield from nikon_avi_tags(data, origin=box.at)
        elif box.type == "_PMX":
            yield from xmp_tags(read_at(stream, box.offset + box.header, _room(box, MOST_XMP)), origin=box.at)
        elif box.type == "bext":
            yield from _broadcast(data, box.at)
        elif box.type in EXIF_TEXTS and "/exif/" in box.path:
            yield Tag(group="exif", key=EXIF_TEXTS[box.type], value=tidy_text(data), origin=box.at)
        elif box.type == "JUNK" and (text := _junk(data)):
            # Some writers (Lavf, VirtualDub, cameras) leave their name in the padding.
            yield Tag(group="JUNK", key="JUNK", value=text, origin=box.at)


def _room(box: Box, most: int) -> int:
    return max(0, min(box.size - box.header, most))


def _broadcast(data: bytes, origin: str) -> Iterator[Tag]:
    """Description, originator and date of a broadcast wave (EBU Tech 3285)."""
    date, time = tidy_text(data[320:330]), tidy_text(data[330:338])
    for key, value in (
        ("Description", tidy_text(data[:256])),
        ("Encoded_By", tidy_text(data[256:288])),
        ("OriginationDate", f"{date} {time}".strip()),
    ):
        if value:
            yield Tag(group="bext", key=key, value=value, origin=origin)


def _junk(data: bytes) -> str:
    kept = data[:256].split(b"\0", 1)[0]
    # MPlayer fills the space with one phrase over and over; it tells its name elsewhere.
    if kept.startswith(b"[= "):
        return ""
    return kept.decode("ascii") if len(kept) >= 6 and kept.isascii() and kept.decode("ascii").isprintable() else ""
