"""Where the first samples of a track lie, so that what cameras hide in them (telemetry, time code) can be read.

Only the beginnings of the tables are read: ISO/IEC 14496-12 sections 8.7.2 to 8.7.5.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Box, read_at

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["child", "sample_places"]

# The beginning of a table: enough rows for all samples that are asked for.
MOST_ROWS = 4096


def child(box: Box | None, *names: str) -> Box | None:
    """The first box below `box` by the names of its path, or None."""
    for name in names:
        box = next((inner for inner in box.children if inner.type == name), None) if box else None
    return box


def sample_places(stream: BinaryIO, track: Box, *, most: int) -> Iterator[tuple[int, int]]:
    """(byte, size) of the first `most` samples of the `trak` box; none where the tables are damaged or absent."""
    table = child(track, "mdia", "minf", "stbl")
    sizes = _payload(stream, child(table, "stsz"), 12 + 4 * most)
    wide = child(table, "co64")
    starts = _payload(stream, wide or child(table, "stco"), 8 + (8 if wide else 4) * min(most, MOST_ROWS))
    shares = _payload(stream, child(table, "stsc"), 8 + 12 * MOST_ROWS)
    if len(sizes) < 12 or len(starts) < 8 or len(shares) < 20:
        return
    uniform, count = struct.unpack_from(">II", sizes, 4)
    places = [n for (n,) in struct.iter_unpack(">Q" if wide else ">I", _whole(starts[8:], 8 if wide else 4))]
    rows = list(struct.iter_unpack(">III", _whole(shares[8:], 12)))
    number, row = 0, 0
    for chunk, at in enumerate(places, start=1):
        while row + 1 < len(rows) and rows[row + 1][0] <= chunk:
            row += 1
        for _ in range(rows[row][1]):
            here = 12 + 4 * number
            if number >= min(count, most) or (not uniform and here + 4 > len(sizes)):
                return
            size = uniform or int.from_bytes(sizes[here : here + 4])
            yield at, size
            at, number = at + size, number + 1  # noqa: PLW2901 - a chunk's samples lie one behind the other


def _payload(stream: BinaryIO, box: Box | None, most: int) -> bytes:
    if box is None:
        return b""
    return read_at(stream, box.offset + box.header, max(0, min(box.size - box.header, most)))


def _whole(data: bytes, width: int) -> bytes:
    return data[: len(data) // width * width]
