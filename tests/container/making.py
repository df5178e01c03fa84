"""Boxes, elements and chunks made by hand, so that what is read is known beforehand."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from verikit.container.encoder_notes import read_encoder_notes
from verikit.container.isobmff import read_boxes
from verikit.container.movie import read_movie
from verikit.container.movie_tags import movie_tags, read_movie_tags
from verikit.container.traces import Trace, find_traces, gather_evidence

if TYPE_CHECKING:
    from pathlib import Path


def box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind.encode("latin-1") + body


def full(kind: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, bytes([version]) + flags.to_bytes(3), *parts)


def ftyp(major: str = "isom", minor: int = 512, brands: tuple[str, ...] = ("isom", "iso2", "avc1", "mp41")) -> bytes:
    return box("ftyp", major.encode(), struct.pack(">I", minor), "".join(brands).encode())


def mvhd(created: int = 0, modified: int = 0, *, scale: int = 1000, duration: int = 4000, version: int = 0) -> bytes:
    layout = ">QQIQ" if version else ">IIII"
    return full("mvhd", struct.pack(layout, created, modified, scale, duration), bytes(80), version=version)


def hdlr(kind: str, name: bytes) -> bytes:
    return full("hdlr", bytes(4), kind.encode(), bytes(12), name)


def sample_tables(sizes: tuple[int, ...], *starts: int, share: int = 1, uniform: int = 0, wide: bool = False) -> bytes:
    """stsz, stsc and stco (or co64) of chunks at `starts`, each of `share` samples; all of one size where `uniform`."""
    table = b"" if uniform else struct.pack(f">{len(sizes)}I", *sizes)
    stsz = full("stsz", struct.pack(">II", uniform, len(sizes)), table)
    stsc = full("stsc", struct.pack(">IIII", 1, 1, share, 1))
    offsets = struct.pack(f">I{len(starts)}{'Q' if wide else 'I'}", len(starts), *starts)
    return stsz + stsc + full("co64" if wide else "stco", offsets)


def data_reference(*, flags: int) -> bytes:
    """A dinf box with one reference; flags 1 says that the media lies in this file."""
    return box("dinf", full("dref", struct.pack(">I", 1), box("url ", struct.pack(">I", flags))))


def trak(
    *,
    created: int = 0,
    scale: int = 1000,
    duration: int = 4000,
    kind: str = "vide",
    name: bytes = b"VideoHandle\0",
    edits: tuple[tuple[int, int], ...] = (),
    samples: int = 100,
    turn: tuple[int, int] = (1, 0),
    tables: bytes | None = None,
    reference: bytes = b"",
    shown: bool = True,
) -> bytes:
    matrix = struct.pack(">iiiiiiiii", turn[0] << 16, turn[1] << 16, 0, -turn[1] << 16, turn[0] << 16, 0, 0, 0, 1 << 30)
    times = struct.pack(">III", created, created, 1)
    tkhd = full("tkhd", times, bytes(8), bytes(16), matrix, bytes(8), flags=7 if shown else 6)
    mdhd = full("mdhd", struct.pack(">IIII", created, created, scale, duration), struct.pack(">HH", 0x15C7, 0))
    rows = b"".join(struct.pack(">IiI", length, start, 0x10000) for length, start in edits)
    edts = box("edts", full("elst", struct.pack(">I", len(edits)), rows)) if edits else b""
    stbl = box("stbl", full("stsz", struct.pack(">II", 0, samples)) if tables is None else tables)
    return box("trak", tkhd, edts, box("mdia", mdhd, hdlr(kind, name), box("minf", reference, stbl)))


def international(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">HH", len(data), 0x15C7) + data


def keyed_meta(pairs: dict[str, str]) -> bytes:
    """A QuickTime metadata box: keys, and an ilst whose items are numbered after them."""
    keys = b"".join(struct.pack(">I", 8 + len(k)) + b"mdta" + k.encode() for k in pairs)
    items = b""
    for number, value in enumerate(pairs.values(), start=1):
        data = box("data", struct.pack(">II", 1, 0), value.encode())
        items += struct.pack(">II", 8 + len(data), number) + data
    return box("meta", hdlr("mdta", b"\0"), full("keys", struct.pack(">I", len(pairs)), keys), box("ilst", items))


def element(identifier: str, body: bytes, *, unknown: bool = False) -> bytes:
    size = b"\x01\xff\xff\xff\xff\xff\xff\xff" if unknown else struct.pack(">Q", len(body) | 1 << 56)
    return bytes.fromhex(identifier) + size + body


def chunk(kind: str, body: bytes) -> bytes:
    return kind.encode() + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def listed(kind: str, form: str, *parts: bytes) -> bytes:
    return chunk(kind, form.encode() + b"".join(parts))


def traces_in(path: Path) -> tuple[Trace, ...]:
    """The traces that the own readers find in an MP4 file, without the processes that `inspect` starts."""
    structure = read_boxes(path)
    movie = read_movie(path, structure)
    tags = (*movie_tags(movie), *read_movie_tags(path, structure), *read_encoder_notes(path, structure))
    return find_traces(gather_evidence(name=path.name, form="MP4", structure=structure, movie=movie, tags=tags))
