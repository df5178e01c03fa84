"""How a file was made, as a fingerprint of its structure, and how alike two files were made.

The fingerprint is a set of symbols after Yang et al. (arXiv 2101.10795): the paths of its boxes, and path=value for
the fields that a writer sets the same way in all its files: brands, handlers, codecs, clocks, flags, keys. Sizes, times
and places are left out: they belong to the recording, not to the writer.
"""

from __future__ import annotations

import dataclasses
import re
import struct
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from verikit import _html
from verikit._files import plain
from verikit.container.elements import Box, Structure, read_at, tidy_text
from verikit.container.movie import read_handler
from verikit.container.samples import child
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from verikit.container.movie import Movie

__all__ = ["Likeness", "compare_making", "edits_of", "read_symbols"]

MOST_SYMBOLS = 1500
MOST_BOXES = 4000
MOST_SHOWN = 12
# Of the 1,711 pairs of 59 public files 12 share nine tenths of their symbols and more: each is of one writer in one
# setting. FFmpeg's files in different settings share seven to nine tenths; files of different writers mostly under half.
ALIKE, RELATED = 0.9, 0.7
TEXTS = frozenset({"DocType", "CodecID", "MuxingApp", "WritingApp"})
NUMBERS = frozenset({"TrackType", "TimestampScale"})
# How many fragments and samples there are is the recording's.
REPEATED = frozenset({"moof", "sidx", "emsg", "prft", "Cluster", "mdat"})


def edits_of(movie: Movie) -> tuple[tuple[int, float, float | None, float], ...]:
    """The raw edit lists: (track, seconds shown, first second of the media or None for a wait, speed) of each entry."""
    return tuple((track.id, e.duration, e.start, e.rate) for track in movie.tracks for e in track.edits)[:500]


def read_symbols(path: Path, structure: Structure) -> tuple[str, ...]:
    """The structure fingerprint of a file: sorted symbols, at most 1,500; none where no own reader knows the format."""
    found: set[str] = set()
    with path.open("rb") as stream:
        for count, (name, box) in enumerate(_named(stream, structure)):
            if count >= MOST_BOXES or len(found) >= MOST_SYMBOLS:
                break
            found.add(name)
            found |= {f"{name}:{field}={plain(value)[:120]}" for field, value in _values(stream, box, name)}
    order: dict[str, None] = {}
    for number, box in enumerate(structure.boxes[:MOST_BOXES]):
        order[box.type if box.type in REPEATED else f"{box.type}{' again' * (box.type in order)}"] = None
        if number > 40 and len(order) >= 40:
            break
    if order:
        found.add("order=" + ",".join(list(order)[:40]))
    return tuple(sorted(found))


def _named(stream: BinaryIO, structure: Structure) -> Iterator[tuple[str, Box]]:
    """Each box with its path, in which a track bears its kind."""
    work: list[tuple[Box, str]] = [(box, "") for box in reversed(structure.boxes)]
    while work:
        box, above = work.pop()
        kind = box.type
        if structure.format == "ISO-BMFF" and kind == "trak":
            handler = child(box, "mdia", "hdlr")
            code = read_at(stream, handler.offset + handler.header + 8, 4) if handler else b""
            kind = f"trak[{tidy_text(code, encoding='latin-1')}]"
        elif structure.format == "MPEG-TS" and kind.startswith("program "):
            kind = "program"
        elif box.path.endswith(("ilst/" + kind,)) and kind.startswith("#"):
            kind = "item"
        name = f"{above}/{kind}" if above else kind
        yield name, box
        if kind not in {"moof", "mfra"}:
            work.extend((inner, name) for inner in reversed(box.children))


def _values(stream: BinaryIO, box: Box, name: str) -> Iterator[tuple[str, str]]:
    """(field, value) of what a writer sets in one box, whatever it writes."""
    data = read_at(stream, box.offset + box.header, max(0, min(box.size - box.header, 512)))
    wide = data[:1] == b"\1"
    match box.type:
        case "ftyp" if len(data) >= 8:
            yield "major", tidy_text(data[:4], encoding="latin-1")
            yield "minor", str(int.from_bytes(data[4:8]))
            yield "brands", " ".join(tidy_text(data[i : i + 4], encoding="latin-1") for i in range(8, len(data) - 3, 4))
        case "mvhd" | "mdhd" if len(data) >= 32:
            yield "version", str(data[0])
            yield "clock", str(int.from_bytes(data[20:24] if wide else data[12:16]))
            at = 32 if wide else 20
            yield ("language" if box.type == "mdhd" else "rate"), data[at : at + (2 if box.type == "mdhd" else 6)].hex()
        case "tkhd" if len(data) >= 84:
            yield "flags", data[:4].hex()
            yield "layer, group, volume", data[(44 if wide else 32) : (50 if wide else 38)].hex()
        case "hdlr" if len(data) >= 24:
            yield "class", tidy_text(data[4:12], encoding="latin-1")
            # Google's servers write the day into the name.
            yield "name", re.sub(r"\d\d/\d\d/\d{4}", "a day", read_handler(stream, box)[1])
        case "elst" if len(data) >= 8:
            yield "version", str(data[0])
        case "stsd" | "vmhd" | "smhd" | "dref" | "url ":
            yield "flags", data[:4].hex()
        case "avcC" if len(data) >= 4:
            yield "profile", data[1:4].hex()
        case "colr":
            yield "colour", data[:11].hex()
        case "keys" if len(data) >= 8:
            yield "keys", ",".join(_keys(data))
        case "strh" if len(data) >= 8:
            yield "kind, codec", tidy_text(data[:8].replace(b"\0", b" "), encoding="latin-1")
        case kind if kind in TEXTS:
            yield "value", tidy_text(data)
        case kind if kind in NUMBERS:
            yield "value", data[:8].hex()
        case kind if box.path.endswith("stsd/" + kind) and len(data) >= 75:
            yield from _entry_values(data, name)
        case _:
            return


def _entry_values(data: bytes, name: str) -> Iterator[tuple[str, str]]:
    """What a sample description names: entries of pictures a compressor, those of sound a vendor too."""
    if "trak[vide]" in name:
        yield "compressor", tidy_text(data[43 : 43 + min(data[42], 31)], encoding="latin-1")
    if "trak[vide]" in name or "trak[soun]" in name:
        yield "vendor", tidy_text(data[12:16], encoding="latin-1")


def _keys(data: bytes) -> Iterator[str]:
    at = 8
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if size < 8:
            return
        yield tidy_text(data[at + 8 : at + size])
        at += size


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two files were made: the parts of their symbols that both have, and what each has alone.

    `paths` and `values` are shared symbols over all (Jaccard index), from 0 to 1, of the boxes and of the fields'
    values; `likeness` is that of all symbols together.
    """

    one: str
    other: str
    likeness: float
    paths: float
    values: float
    shared: int
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The likeness in a sentence."""
        if not self.shared and not self.only_one and not self.only_other:
            return "No structure to compare: neither file is of a format whose boxes are read"
        if self.likeness >= ALIKE:
            said = "made alike: consistent with one writer in one setting, and with any other that writes the same"
        elif self.likeness >= RELATED:
            said = "made in a related way: consistent with one library in different settings or versions"
        else:
            said = "made differently: consistent with different writers, or one that changed much"
        return (
            f"{said} ({self.likeness:.0%} of the symbols are shared: boxes {self.paths:.0%}, values {self.values:.0%})"
        )

    def to_dict(self) -> dict[str, Any]:
        """The likeness as JSON."""
        data = dataclasses.asdict(self)
        return data | {"only_one": list(self.only_one), "only_other": list(self.only_other), "summary": self.summary}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        kept = {f.name: data[f.name] for f in dataclasses.fields(cls)}
        return cls(**{**kept, "only_one": tuple(data["only_one"]), "only_other": tuple(data["only_other"])})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(side, symbol) for side, symbols in self._sides() for symbol in symbols[:200]]
        lines = [f"{self.one} and {self.other}: {self.summary}"]
        for side, symbols in self._sides():
            lines += [f"only in {side}: {plain(symbol)}" for symbol in symbols[:MOST_SHOWN]]
            lines += [f"... and {len(symbols) - MOST_SHOWN} more"] if len(symbols) > MOST_SHOWN else []
        shown = _html.join(
            [
                _html.element("p", lines[0]),
                _html.table(rows, head=("only in", "box or value"), caption="What one file has and the other has not")
                if rows
                else _html.element("p", "Every symbol of one is in the other."),
            ]
        )
        return mimebundle(self, plain_text="\n".join(plain(line) for line in lines), html=shown)

    def _sides(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (self.one, self.only_one), (self.other, self.only_other)


def compare_making(
    one: Sequence[str], other: Sequence[str], *, names: tuple[str, str] = ("the first", "the second")
) -> Likeness:
    """How alike two structure fingerprints (`Container.symbols`) are, and which symbols only one of them has.

    Limits: programs can imitate each other, platforms write millions of files alike, and a file that was only re-wrapped
    looks like its last writer. Source: Yang et al., arXiv 2101.10795; Iuliani et al., doi 10.1109/TIFS.2018.2859760.
    """
    mine, theirs = frozenset(one), frozenset(other)

    def part(values: bool | None) -> float:  # noqa: FBT001 - which half of the symbols; None is all
        a, b = ({s for s in side if values is None or ("=" in s) is values} for side in (mine, theirs))
        return round(len(a & b) / len(a | b), 4) if a | b else 0.0

    return Likeness(
        one=names[0],
        other=names[1],
        likeness=part(None),
        paths=part(False),
        values=part(True),
        shared=len(mine & theirs),
        only_one=tuple(sorted(mine - theirs)),
        only_other=tuple(sorted(theirs - mine)),
    )
