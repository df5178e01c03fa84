"""Fragments of an MP4 that gave no packet. FFmpeg passes over a damaged one, or stops before it, without a word."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["unread_fragment"]

# Boxes at the top of a file: two for each fragment, of which a film has a few a second at most.
MOST_BOXES = 200_000
# Boxes that may stand at the top of an MP4 (ISO/IEC 14496-12, table 1, and what QuickTime and Adobe add).
KNOWN = frozenset(
    b"ftyp styp moov moof mdat mfra sidx ssix free skip wide uuid meta emsg prft pdin udta abst afra pnot".split()
)


def unread_fragment(path: Path, positions: Sequence[int]) -> str | None:
    """What is the first part of a fragmented MP4 that cannot be read, in words; None if there is none.

    `positions` are where the packets that were read begin in the file. Boxes: ISO/IEC 14496-12, 4.2 and 8.8.
    """
    read = sorted(positions)
    size, place, fragmented = path.stat().st_size, 0, False
    with path.open("rb") as stream:
        for _ in range(MOST_BOXES):
            if place == size:
                return None
            stream.seek(place)
            head = stream.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            begin = 16 if length == 1 else 8
            if length == 1:
                length = int.from_bytes(head[8:], "big")
            elif length == 0 and kind == b"mdat":
                length = size - place
            fragmented = fragmented or kind == b"moof"
            if kind not in KNOWN or length < begin or place + length > size:
                return f"no whole box from byte {place} of {size} on" if fragmented else None
            if kind == b"mdat" and fragmented and length > begin:
                first = bisect.bisect_left(read, place)
                if first == len(read) or read[first] >= place + length:
                    return f"no packet can be read from the fragment at bytes {place} to {place + length}"
            place += length
    return None
