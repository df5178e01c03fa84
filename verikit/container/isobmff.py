"""The box tree of MP4, QuickTime and their kin (ISO/IEC 14496-12; QuickTime File Format).

Own code, because every reader in reach either hides boxes or falls over on hostile nesting. The walker seeks from
header to header, loads no payload, keeps its own stack, and treats each size as a claim to be held against the end of
the parent and of the file. What does not hold becomes a `Fault`; what can be read is read.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, BinaryIO

from verikit.container.elements import Fault, Structure, TreeBuilder, read_at

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_isobmff", "read_boxes"]

# A two-hour film in one-second fragments has about 60,000 boxes; real nesting stays below 12.
MOST_BOXES = 80_000
MOST_DEPTH = 24
MOST_FAULTS = 50
# Four printable letters, or the sign of copyright that Apple's tags begin with.
TYPE = re.compile(rb"[\x20-\x7e\xa9]{4}")

CONTAINERS = frozenset(
    {
        "clip",
        "dinf",
        "edts",
        "gmhd",
        "hinf",
        "hnti",
        "ilst",
        "ipco",
        "iprp",
        "matt",
        "mdia",
        "meco",
        "mfra",
        "minf",
        "moof",
        "moov",
        "mvex",
        "rinf",
        "schi",
        "sinf",
        "stbl",
        "strd",
        "strk",
        "tapt",
        "traf",
        "trak",
        "tref",
        "udta",
        "wave",
    }
)
TOP_LEVEL = frozenset(
    {
        "PICT",
        "beam",
        "emsg",
        "free",
        "ftyp",
        "junk",
        "loop",
        "mdat",
        "meta",
        "mfra",
        "moof",
        "moov",
        "mpvd",
        "pdin",
        "pict",
        "pnot",
        "prft",
        "sefd",
        "sidx",
        "skip",
        "ssix",
        "styp",
        "udta",
        "uuid",
        "wide",
    }
)
VISUAL_ENTRIES = frozenset(
    {
        "SVQ1",
        "SVQ3",
        "XAVC",
        "ap4h",
        "ap4x",
        "apch",
        "apcn",
        "apco",
        "apcs",
        "av01",
        "avc1",
        "avc2",
        "avc3",
        "avc4",
        "cvid",
        "dva1",
        "dvav",
        "dvh1",
        "dvhe",
        "encv",
        "h263",
        "hev1",
        "hvc1",
        "icod",
        "jpeg",
        "mjp2",
        "mjpa",
        "mjpb",
        "mp4v",
        "png ",
        "raw ",
        "rle ",
        "s263",
        "vp08",
        "vp09",
        "vvc1",
        "vvi1",
    }
)
SOUND_ENTRIES = frozenset(
    {
        ".mp3",
        "Opus",
        "QDM2",
        "ac-3",
        "alac",
        "alaw",
        "ec-3",
        "enca",
        "fLaC",
        "fl32",
        "fl64",
        "ima4",
        "in24",
        "in32",
        "lpcm",
        "mp4a",
        "raw ",
        "samr",
        "sawb",
        "sowt",
        "twos",
        "ulaw",
    }
)


@dataclasses.dataclass(slots=True)
class _Level:
    """A stretch of bytes that is read as boxes: where the next one starts, where the stretch ends, whose it is."""

    at: int
    end: int
    owner: int
    kind: str
    depth: int
    clipped: bool = False


class _Walk:
    """One pass over one file."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.size = size
        self.tree = TreeBuilder()
        self.faults: list[Fault] = []
        self.stack = [_Level(at=0, end=size, owner=-1, kind="", depth=0)]

    def run(self) -> None:
        while self.stack:
            if len(self.tree) >= MOST_BOXES:
                self.fault(
                    "too many boxes", -1, self.stack[-1].at, detail=f"more than {MOST_BOXES} boxes; the rest is unread"
                )
                return
            level = self.stack[-1]
            if level.end - level.at < 8:
                self.close(level)
                self.stack.pop()
            elif not self.step(level):
                self.stack.pop()

    def close(self, level: _Level) -> None:
        """Up to 7 bytes are left over: the closing zeros of a QuickTime user data list, or trailing bytes."""
        left = level.end - level.at
        if left and not level.clipped and level.kind != "wave" and any(read_at(self.stream, level.at, left)):
            self.fault("trailing bytes", level.owner, level.at, detail=f"{left} bytes too few for a box")

    def fault(self, kind: str, owner: int, offset: int, *, detail: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(kind=kind, path=self.tree.path(owner), offset=offset, detail=detail))

    def step(self, level: _Level) -> bool:
        """Read the box at `level.at` and go on behind it; False ends the level."""
        start = level.at
        head = read_at(self.stream, start, 32)
        claimed, code = int.from_bytes(head[:4]), head[4:8]
        if claimed == 0 and level.owner >= 0:
            # Zero closes a QuickTime list; a box inside another may not run to the end of the file.
            # What follows in a `wave` is the codec's own.
            if level.kind != "wave" and any(head[: level.end - start]):
                self.fault("trailing bytes", level.owner, start, detail=f"{level.end - start} bytes that are no box")
            return False
        size, header = self._size(claimed, head, start)
        # Text that was appended may read like a box of some type, whose size then is wild.
        unknown = start > 0 and start + size > self.size and _name(code) not in TOP_LEVEL
        if level.owner < 0 and (unknown or not _is_type(code)):
            self.fault("trailing bytes", -1, start, detail=f"{self.size - start} bytes at the end that are no box")
            return False
        if size < header:
            detail = f"{_name(code)} claims {size} bytes, less than its header"
            self.fault("impossible size", level.owner, start, detail=detail)
            return False
        uuid = ""
        if code == b"uuid" and len(head) >= header + 16 and size >= header + 16:
            uuid = _uuid(head[header : header + 16])
            header += 16
        kind = _name(code)
        index = self.tree.add(level.owner, kind=kind, offset=start, size=size, header=header, uuid=uuid)
        clipped = start + size > level.end
        if clipped and not level.clipped:  # what lies in a cut box is cut with it: told once
            whose = "the file" if level.end == self.size else "its parent"
            over = start + size - level.end
            said = f"{kind} claims {size} bytes, {over} more than there are up to the end of {whose}"
            self.fault(f"past end of {whose}", index, start, detail=said)
        end = min(start + size, level.end)
        level.at = end
        skip = self._skip(level.kind, kind, at=start + header, end=end)
        if skip is not None:
            inside = _Level(at=start + header + skip, end=end, owner=index, kind=kind, depth=level.depth + 1)
            inside.clipped = clipped
            self._descend(inside)
        return True

    def _size(self, claimed: int, head: bytes, start: int) -> tuple[int, int]:
        if claimed == 0:
            return self.size - start, 8
        if claimed == 1 and len(head) >= 16:
            return int.from_bytes(head[8:16]), 16
        return claimed, 8

    def _descend(self, inside: _Level) -> None:
        if inside.at >= inside.end:
            return
        if inside.depth >= MOST_DEPTH:
            detail = f"boxes nest deeper than {MOST_DEPTH}; what lies below is unread"
            self.fault("too deep", inside.owner, inside.at, detail=detail)
            return
        self.stack.append(inside)

    def _skip(self, parent: str, kind: str, *, at: int, end: int) -> int | None:
        """How many bytes of payload stand before the children of this box; None where it has none."""
        if kind in CONTAINERS or parent == "ilst":
            return 0
        if kind == "meta":
            # QuickTime writes a plain box, MP4 a full box with 4 bytes of version: the first child tells.
            return 0 if read_at(self.stream, at + 4, 4) == b"hdlr" else 4
        if kind in {"stsd", "dref"}:
            return 8
        if parent == "stsd":
            return self._entry_skip(kind, at, end)
        return None

    def _entry_skip(self, kind: str, at: int, end: int) -> int | None:
        if kind in VISUAL_ENTRIES and end - at > 78:
            return 78
        if kind in SOUND_ENTRIES and end - at > 28:
            version = int.from_bytes(read_at(self.stream, at + 8, 2))
            return {0: 28, 1: 44, 2: 64}.get(version)
        return None


def is_isobmff(stream: BinaryIO, size: int) -> bool:
    """Whether the file starts like MP4 or QuickTime: a known top-level box of a possible size."""
    head = read_at(stream, 0, 16)
    if len(head) < 8 or head[4:8].decode("latin-1") not in TOP_LEVEL:
        return False
    claimed = int.from_bytes(head[:4])
    # Old QuickTime files start with a bare `mdat` of any size; for the rest a wild size means other data.
    return claimed in {0, 1} or 8 <= claimed <= max(size, 64) or head[4:8] in {b"mdat", b"moov", b"ftyp"}


def read_boxes(path: Path) -> Structure:
    """The box tree of an MP4 or QuickTime file, with what is wrong in it.

    Reads headers only: no payload is loaded, whatever sizes the file claims. At most 80,000 boxes and 24 levels.
    Source: ISO/IEC 14496-12 section 4.2; QuickTime File Format, "Atoms".
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        walk = _Walk(stream, size)
        walk.run()
    return Structure(format="ISO-BMFF", boxes=walk.tree.build(), faults=tuple(walk.faults), count=len(walk.tree))


def _is_type(code: bytes) -> bool:
    return TYPE.fullmatch(code) is not None


def _name(code: bytes) -> str:
    # Entries of a keyed list have a number for a type; anything else that is no text is shown as hex.
    if _is_type(code):
        return code.decode("latin-1")
    number = int.from_bytes(code)
    return f"#{number}" if number < 0x10000 else f"0x{number:08x}"


def _uuid(data: bytes) -> str:
    text = data.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
