"""The parts that every container format is made of: boxes in a tree, tags with an origin, faults of structure.

Boxes of ISO-BMFF and QuickTime, elements of Matroska and chunks of RIFF are all kept as `Box`: a type, a place, a size
and what lies inside. Everything here comes from a stranger's file, so trees are built and walked without recursion.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, BinaryIO, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["MOST_TEXT", "Box", "Fault", "Structure", "Tag", "TreeBuilder", "cut_tree", "tidy_text"]

# The longest text kept of one tag. Descriptions fit; a text that fills a disk does not.
MOST_TEXT = 4096
# Beyond 8 TiB common file systems refuse to seek, and no video lies there.
FAR = 2**43


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One statement found in the file: who says it (`group`), its name, its value, and where it was read.

    `origin` is a box path with its byte offset (`moov/udta/©xyz@1234`) for what this package read itself, or the
    program that read it, its version and its name for the field (`MediaInfo 24.12 General/Encoded_Date`).
    """

    group: str
    key: str
    value: str
    origin: str

    def to_dict(self) -> dict[str, Any]:
        """The tag as JSON."""
        return {"group": self.group, "key": self.key, "value": self.value, "origin": self.origin}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(group=data["group"], key=data["key"], value=data["value"], origin=data["origin"])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box, element or chunk: its type, the byte where it starts, its size and header size in bytes, its children.

    `path` is the types from the top, joined by slashes. `size` is what the file claims; where that is more than there
    is, a `Fault` says so. `uuid` is the extended type of a `uuid` box, else empty.
    """

    type: str
    offset: int
    size: int
    header: int
    path: str
    uuid: str = ""
    children: tuple[Box, ...] = ()

    @property
    def at(self) -> str:
        """Path and byte offset, as origins are written: `moov/mvhd@36`."""
        return f"{self.path}@{self.offset}"

    def to_dict(self) -> dict[str, Any]:
        """The box and all below it as JSON. The path is left out: it follows from the nesting."""
        top: list[dict[str, Any]] = []
        work: list[tuple[Box, list[dict[str, Any]]]] = [(self, top)]
        while work:
            box, place = work.pop()
            node: dict[str, Any] = {"type": box.type, "offset": box.offset, "size": box.size, "header": box.header}
            if box.uuid:
                node["uuid"] = box.uuid
            node["children"] = []
            place.append(node)
            work.extend((child, node["children"]) for child in reversed(box.children))
        return top[0]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Box:
        """The inverse of `to_dict`."""
        builder = TreeBuilder()
        work: list[tuple[Mapping[str, Any], int]] = [(data, -1)]
        while work:
            node, parent = work.pop()
            index = builder.add(
                parent,
                kind=node["type"],
                offset=node["offset"],
                size=node["size"],
                header=node["header"],
                uuid=node.get("uuid", ""),
            )
            work.extend((child, index) for child in reversed(node["children"]))
        return builder.build()[0]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with the structure: its kind in a word, the path and byte where, and a sentence."""

    kind: str
    path: str
    offset: int
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The fault as JSON."""
        return {"kind": self.kind, "path": self.path, "offset": self.offset, "detail": self.detail}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The structure of one file: the format's name, its top-level boxes, what is wrong, and how many boxes were read."""

    format: str
    boxes: tuple[Box, ...]
    faults: tuple[Fault, ...] = ()
    count: int = 0
    _by_path: dict[str, list[Box]] = dataclasses.field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        # Asked some sixty times for one file: a hostile one has tens of thousands of boxes to look through.
        for box in self.walk():
            self._by_path.setdefault(box.path, []).append(box)

    def walk(self) -> Iterator[Box]:
        """Every box in the order of the file."""
        work = list(reversed(self.boxes))
        while work:
            box = work.pop()
            yield box
            work.extend(reversed(box.children))

    def find(self, path: str) -> tuple[Box, ...]:
        """The boxes whose path is `path`, in the order of the file."""
        return tuple(self._by_path.get(path, ()))


class TreeBuilder:
    """Collects boxes in the order of the file and builds the frozen tree from the last to the first."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, Box]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, parent: int, *, kind: str, offset: int, size: int, header: int, uuid: str = "") -> int:
        """Add a box below the box numbered `parent` (-1 for the top). Returns its number."""
        path = kind if parent < 0 else f"{self._rows[parent][1].path}/{kind}"
        self._rows.append((parent, Box(type=kind, offset=offset, size=size, header=header, path=path, uuid=uuid)))
        return len(self._rows) - 1

    def path(self, index: int) -> str:
        """The path of the box numbered `index`, or nothing for the top."""
        return "" if index < 0 else self._rows[index][1].path

    def build(self) -> tuple[Box, ...]:
        """The top-level boxes with all below them."""
        below: list[list[Box]] = [[] for _ in self._rows]
        top: list[Box] = []
        for index in range(len(self._rows) - 1, -1, -1):
            parent, box = self._rows[index]
            full = dataclasses.replace(box, children=tuple(reversed(below[index]))) if below[index] else box
            (top if parent < 0 else below[parent]).append(full)
        return tuple(reversed(top))


def cut_tree(boxes: Sequence[Box], *, most: int) -> tuple[Box, ...]:
    """The same tree with its first `most` boxes, level by level, so that the outline survives where depth is cut."""
    builder = TreeBuilder()
    level: list[tuple[Box, int]] = [(box, -1) for box in boxes]
    while level and len(builder) < most:
        below: list[tuple[Box, int]] = []
        for box, parent in level[: most - len(builder)]:
            index = builder.add(
                parent, kind=box.type, offset=box.offset, size=box.size, header=box.header, uuid=box.uuid
            )
            below.extend((child, index) for child in box.children)
        level = below
    return builder.build()


def read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    """At most `length` bytes from byte `offset`; fewer where the file ends. Never more than the file holds is asked.

    A place before the file or beyond any file, and a length below zero, hold nothing: both come from sums of claims.
    """
    if length <= 0 or not 0 <= offset < FAR:
        return b""
    stream.seek(offset)
    return stream.read(length)


def tidy_text(data: bytes, *, encoding: str = "utf-8") -> str:
    r"""Bytes of a text field as text: at most MOST_TEXT of them, without the closing zeros.

    Bytes that are no text in `encoding` become visible escapes (`\xff`), so that nothing is lost and JSON can carry it.
    """
    kept = data[:MOST_TEXT]
    if encoding == "utf-8":
        kept = kept.split(b"\0", 1)[0]
    text = kept.decode(encoding, "backslashreplace")
    return text.strip("\0").strip()
