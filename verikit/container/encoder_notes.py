"""What encoders and cameras write into the stream itself: x264's and x265's settings, AVCHD's camera block.

Each is a message for anyone ("user data unregistered", ITU-T H.264 section D.1.7) with a fixed number before it, so
it can be found without decoding. It survives a change of container; a new encode replaces it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.container.camera_blocks import MDPM, avchd_tags
from verikit.container.elements import Structure, Tag, read_at
from verikit.container.mpegts import picture_bytes
from verikit.container.samples import sample_places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["read_encoder_notes"]

# The first stretch of the file and of each run of media that is searched. The note stands before the first picture,
# which is within these bytes for everything but a first picture above half a megabyte with sound before it.
STRETCH = 512 * 1024
MOST_STRETCHES = 8
MARKS = {
    "x264": bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef"),
    "x265": bytes.fromhex("2ca2de09b51747dbbb55a4fe7fc2fc4e"),
}


def read_encoder_notes(path: Path, structure: Structure) -> tuple[Tag, ...]:
    """The notes of x264, x265 and AVCHD cameras in the stream, as tags; none where none is found in what is searched.

    Searches at most eight stretches of 512 KiB. Not finding one proves nothing: it may lie deeper or have been removed.
    """
    found: dict[tuple[str, str], Tag] = {}
    with path.open("rb") as stream:
        for start, data in _stretches(stream, structure):
            # In a transport stream the data lies in packets: its place is told by the first of them.
            packed = structure.format == "MPEG-TS"
            for tag in (*_notes(data, start, packed=packed), *_camera(data, start, packed=packed)):
                found.setdefault((tag.key, tag.value), tag)
    return tuple(found.values())


def _stretches(stream: BinaryIO, structure: Structure) -> Iterator[tuple[int, bytes]]:
    """(byte, data) of what is searched; of MPEG-TS the pictures alone, freed of their packets."""
    if structure.format == "MPEG-TS":
        yield from picture_bytes(stream, structure, most=4 * STRETCH)
        return
    starts = [0, *(box.offset for box in structure.boxes if box.type == "mdat")]
    # Where an edit list or a late video track puts the first picture elsewhere, its own place is searched too.
    for track in structure.find("moov/trak")[:8]:
        starts += [at for at, _ in sample_places(stream, track, most=1)]
    # The parameters of avc1 and hvc1 may hold a note as well.
    starts += [box.offset for box in structure.walk() if box.type in {"avcC", "hvcC"}][:4]
    done: list[int] = []
    for start in starts:
        if len(done) >= MOST_STRETCHES or any(0 <= start - other < STRETCH // 2 for other in done):
            continue
        done.append(start)
        yield start, read_at(stream, start, STRETCH)


def _notes(data: bytes, start: int, *, packed: bool) -> Iterator[Tag]:
    for name, mark in MARKS.items():
        at = data.find(mark)
        if at >= 0:
            text = _text(data[at + 16 : at + 16 + 2048])
            origin = f"{name} note in the stream@{start if packed else start + at}"
            yield Tag(group="stream", key=f"{name} note", value=text, origin=origin)


def _camera(data: bytes, start: int, *, packed: bool) -> Iterator[Tag]:
    at = data.find(MDPM)
    if at >= 0:
        # 00 00 03 stands for 00 00 (ITU-T H.264 section 7.4.1).
        block = data[at + len(MDPM) : at + len(MDPM) + 2048].replace(b"\0\0\3", b"\0\0")
        yield from avchd_tags(block, origin=f"AVCHD camera block in the stream@{start if packed else start + at}")


def _text(data: bytes) -> str:
    """The printable beginning; a zero or the stop bit (0x80) ends it."""
    length = next((i for i, byte in enumerate(data) if not 0x20 <= byte < 0x7F), len(data))
    return data[:length].decode("ascii")
