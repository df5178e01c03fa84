"""What encoders write into the stream itself: x264 and x265 leave their version and settings beside the first picture.

The note is a message for anyone ("user data unregistered", ITU-T H.264 section D.1.7) with a fixed number before it, so
it can be found without decoding. It survives a change of container; a new encode replaces it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.container.elements import Structure, Tag, read_at

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_encoder_notes"]

# The first stretch of the file and of each run of media that is searched. The note stands before the first picture,
# which is within these bytes for everything but a first picture above half a megabyte with sound before it.
STRETCH = 512 * 1024
MOST_STRETCHES = 6
MARKS = {
    "x264": bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef"),
    "x265": bytes.fromhex("2ca2de09b51747dbbb55a4fe7fc2fc4e"),
}


def read_encoder_notes(path: Path, structure: Structure) -> tuple[Tag, ...]:
    """The notes of x264 and x265 in the stream, as tags; none where neither is found in the first stretches of media.

    Searches at most six stretches of 512 KiB. Not finding one proves nothing: it may lie deeper or have been removed.
    """
    starts = [0, *(box.offset for box in structure.boxes if box.type == "mdat")]
    found: dict[tuple[str, str], Tag] = {}
    with path.open("rb") as stream:
        for start in starts[:MOST_STRETCHES]:
            data = read_at(stream, start, STRETCH)
            for name, mark in MARKS.items():
                at = data.find(mark)
                if at < 0:
                    continue
                text = _text(data[at + 16 : at + 16 + 2048])
                origin = f"{name} note in the stream@{start + at}"
                found.setdefault((name, text), Tag(group="stream", key=f"{name} note", value=text, origin=origin))
    return tuple(found.values())


def _text(data: bytes) -> str:
    """The printable beginning; a zero or the stop bit (0x80) ends it."""
    length = next((i for i, byte in enumerate(data) if not 0x20 <= byte < 0x7F), len(data))
    return data[:length].decode("ascii")
