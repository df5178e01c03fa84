"""The structure of a file as a tree that a person can read: each box with its place, its size and what it is for."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import plain
from verikit.records import mimebundle

if TYPE_CHECKING:
    from verikit.container.description import Container

__all__ = ["Tree", "tree_of"]

MOST_LINES = 400
# Boxes of one kind in a row, of which the first few show what the rest is like.
MOST_ALIKE = 4
ROLES = {
    "ftyp": "type of file and what it is compatible with",
    "moov": "header: what tracks there are and where their samples lie",
    "mdat": "the media: pictures and sound",
    "free": "declared free",
    "skip": "declared free",
    "wide": "room for a longer size",
    "uuid": "a program's own",
    "moof": "header of one fragment",
    "mfra": "index of fragments",
    "sidx": "index of segments",
    "styp": "type of a segment",
    "meta": "tags",
    "udta": "user data: tags of makers and programs",
    "mvhd": "movie header: times and length",
    "trak": "one track",
    "tkhd": "track header: times, size, turn",
    "edts": "edits",
    "elst": "edit list: what of the media is played",
    "mdia": "the track's media",
    "mdhd": "media header: clock, length, language",
    "hdlr": "kind of media and name of the writer",
    "minf": "how the media is coded",
    "vmhd": "header of pictures",
    "smhd": "header of sound",
    "dinf": "where the media is kept",
    "dref": "which files the media is kept in",
    "tapt": "sizes for showing",
    "avcC": "settings of H.264",
    "hvcC": "settings of HEVC",
    "av1C": "settings of AV1",
    "esds": "settings of the sound or of MPEG-4",
    "colr": "colour",
    "pasp": "shape of a pixel",
    "stbl": "tables of samples",
    "stsd": "codecs and their settings",
    "stts": "how long each sample lasts",
    "ctts": "how far showing lags behind decoding",
    "stss": "samples that stand alone (key pictures)",
    "stsz": "size of each sample",
    "stsc": "samples in each chunk",
    "stco": "where each chunk lies",
    "co64": "where each chunk lies",
    "ilst": "list of tags",
    "keys": "names of tags",
    "tref": "which track refers to which",
    "sefd": "Samsung's trailer",
    "beam": "WhatsApp's mark",
    "loop": "WhatsApp's mark of an animated clip",
    "Segment": "all of a Matroska file behind its header",
    "Info": "title, dates, programs",
    "Tracks": "the tracks",
    "Cluster": "a stretch of media",
    "Cues": "index",
    "SeekHead": "where things stand",
    "Tags": "tags",
    "Attachments": "files inside the file",
    "Chapters": "chapters",
    "Void": "declared free",
    "hdrl": "headers",
    "movi": "the media: pictures and sound",
    "idx1": "index",
    "INFO": "tags",
    "strl": "one stream",
    "JUNK": "declared free",
    "TS": "a row of packets",
}
UUIDS = {
    "d8fec3d6-1b0e-483c-9297-5828877ec481": "Content Credentials (C2PA)",
    "be7acfcb-97a9-42e8-9c71-999491e3afac": "XMP: history of editing",
    "85c0b687-820f-11e0-8111-f4ce462b6a48": "Canon's own",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Lines of (depth, type, first byte, size, role or marks), at most 400; `left` boxes are not among them."""

    name: str
    lines: tuple[tuple[int, str, int, int, str], ...]
    left: int

    def to_dict(self) -> dict[str, Any]:
        """The tree as JSON."""
        names = ("depth", "type", "offset", "size", "role")
        return {
            "name": self.name,
            "left": self.left,
            "lines": [dict(zip(names, line, strict=True)) for line in self.lines],
        }

    def __str__(self) -> str:
        written = [
            f"{'  ' * depth}{kind:<6} {size:>13,} bytes at {at:<13,} {role}"
            for depth, kind, at, size, role in self.lines
        ]
        rest = [f"... and {self.left:,} more"] if self.left > 0 else []
        return "\n".join(plain(line.rstrip()) for line in [*written, *rest])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = _html.element("section", _html.element("h4", f"Structure of {self.name}"), self.html())
        return mimebundle(self, plain_text=str(self), html=shown)

    def html(self) -> _html.Html:
        """Nested lists, so that the tree reads right without any style."""
        # One frame for each open level: what stands in it so far.
        frames: list[list[_html.Html]] = [[]]
        for depth, kind, at, size, role in self.lines:
            while len(frames) > depth + 1:
                _close(frames)
            while len(frames) < depth + 1:
                frames.append([])
            told = f" {size:,} bytes at {at:,}" + (f": {role}" if role else "")
            frames[-1].append(_html.join([_html.element("code", kind), _html.text(told)], ""))
        while len(frames) > 1:
            _close(frames)
        rest = _html.element("p", f"... and {self.left:,} more") if self.left > 0 else _html.Html("")
        return _html.join([_list(frames[0]), rest], "")


def _close(frames: list[list[_html.Html]]) -> None:
    inner = _list(frames.pop())
    if frames[-1]:
        frames[-1][-1] = _html.join([frames[-1][-1], inner], "")
    else:
        frames[-1].append(inner)


def _list(items: list[_html.Html]) -> _html.Html:
    return _html.element("ul", *(_html.element("li", item) for item in items))


def tree_of(container: Container) -> Tree:
    """The boxes of a container as a tree; rows of boxes of one kind are cut after the first few, and counted."""
    lines: list[tuple[int, str, int, int, str]] = []
    work = [(box, 0) for box in reversed(container.boxes)]
    alike: dict[tuple[int, str], int] = {}
    while work and len(lines) < MOST_LINES:
        box, depth = work.pop()
        # A level begins anew below each box: counts of deeper levels are forgotten.
        alike = {key: count for key, count in alike.items() if key[0] <= depth}
        count = alike[depth, box.type] = alike.get((depth, box.type), 0) + 1
        if count > MOST_ALIKE and box.type in {"moof", "mdat", "Cluster", "free", "sidx", "JUNK", "Void"}:
            continue
        role = UUIDS.get(box.uuid, box.uuid) if box.uuid else ROLES.get(box.type, "")
        over = box.offset + box.size > container.size
        told = role + (", reaches past the end of the file" if over else "")
        lines.append((depth, box.type, box.offset, box.size, told.removeprefix(", ")))
        work.extend((child, depth + 1) for child in reversed(box.children))
    return Tree(name=container.name, lines=tuple(lines), left=container.boxes_read - len(lines))
