"""ISO 24138 Video-Codes: made by iscc-lib from frame signatures that FFmpeg's program wrote, compared bit by bit.

The signatures are MPEG-7's, five pictures a second, as the standard's own tools take them. The FFmpeg inside PyAV has no
filter for them, so the program makes them:
`ffmpeg -i FILE -vf fps=fps=5,signature=format=xml:filename=FILE.xml -f null -`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from verikit.errors import IncompatibleError, MediaError, MissingToolError
from verikit.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from verikit.matching.store import ArchiveEntry

__all__ = ["IsccNear", "distance", "nearest_codes", "read_signatures", "video_code"]

# Bits of a code. The standard's default of 64 tells too few videos apart.
BITS = 256
# Values of one frame's signature: 0, 1 or 2 each.
VALUES = 380
MOST_BYTES = 1 << 28

_SIGNATURE = re.compile(r"<FrameSignature>([0-2 ]{0,4000})</FrameSignature>")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IsccNear:
    """A video of the archive by its Video-Code: in how many bits, of how many compared, it differs from the one asked."""

    name: str
    sha256: str
    iscc: str
    distance: int
    bits: int

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON."""
        return dataclasses.asdict(self)


def read_signatures(path: Path) -> list[list[int]]:
    """The frame signatures in an XML file of FFmpeg's signature filter: 380 values of 0 to 2 each.

    Raises MediaError where it is none.
    """
    if path.stat().st_size > MOST_BYTES:
        raise MediaError(f"{path}: larger than {MOST_BYTES >> 20} MB; a day of film takes less")
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError as error:
        raise MediaError(f"{path}: not an XML file of FFmpeg's signature filter") from error
    # Searched, not parsed: what a stranger's XML declares is not carried out.
    found = [[int(value) for value in match[1].split()] for match in _SIGNATURE.finditer(text)]
    if not found or any(len(values) != VALUES for values in found):
        raise MediaError(f"{path}: no frame signatures of {VALUES} values; write them with FFmpeg's signature filter")
    return found


def video_code(signatures: Iterable[list[int]]) -> str:
    """The ISCC Video-Code, 256 bits, of a video's frame signatures. Raises MissingToolError without iscc-lib."""
    return str(_library().gen_video_code_v0(list(signatures), bits=BITS)["iscc"])


def distance(one: str, other: str) -> tuple[int, int]:
    """In how many bits two Video-Codes differ, and how many were compared: those of the shorter one.

    Raises IncompatibleError where one is no Video-Code, ValueError where it is no ISCC at all.
    """
    first, second = _bits(one), _bits(other)
    size = min(len(first), len(second))
    return (int.from_bytes(first[:size]) ^ int.from_bytes(second[:size])).bit_count(), 8 * size


def nearest_codes(entries: Iterable[ArchiveEntry], code: str) -> Records[IsccNear]:
    """The archive's videos that have a Video-Code, nearest first. It is for whoever looks to say what is near."""
    rows = []
    for entry in entries:
        if entry.iscc is not None:
            bits, compared = distance(entry.iscc, code)
            rows.append(IsccNear(name=entry.name, sha256=entry.sha256, iscc=entry.iscc, distance=bits, bits=compared))
    rows.sort(key=lambda row: (row.distance / row.bits, row.name))
    return Records(rows, caption="Videos by their ISCC Video-Code", columns=("name", "distance", "bits", "sha256"))


def _bits(code: str) -> bytes:
    library = _library()
    try:
        kind, content, version, _, digest = library.iscc_decode(code)
    except ValueError as error:
        raise ValueError(f"{code[:80]!r}: not an ISCC") from error
    if (int(kind), int(content), int(version)) != (library.MT.CONTENT, 3, 0):
        raise IncompatibleError(f"{code}: not a Video-Code of ISO 24138; only those are compared")
    return bytes(digest)


def _library() -> Any:
    try:
        import iscc_lib  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingToolError("iscc-lib: not installed; pip install 'verikit[iscc]'") from error
    return iscc_lib
