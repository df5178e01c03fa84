"""The clips of a case: a claim may go with several, and each step can be done for each of them.

The first keeps plain names for what is derived from it ("copies"); what is derived from a further one has its name before
that ("clip_2/copies"), so that a case of one clip is what it always was.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from verikit.case.journal import Entry

__all__ = ["Clip", "clips_of"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A clip of a case: its name there ("clip_1"), its place, the name that it came with, SHA-256, size, and address.

    `number` and `of` say which of how many it is; `url` is where it was posted, empty where nobody said.
    """

    name: str
    path: str
    file: str
    sha256: str
    size: int
    url: str = ""
    number: int = 1
    of: int = 1

    def to_dict(self) -> dict[str, Any]:
        """The clip as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError for a missing field."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})

    def __str__(self) -> str:
        return plain(f"Clip {self.number} of {self.of}: {self.file}")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return mimebundle(self, plain_text=str(self), html=_html.element("h3", str(self)))


def clips_of(entries: Iterable[Entry]) -> Records[Clip]:
    """The clips that a journal tells of, in the order in which they were taken in."""
    taken = [entry.body for entry in entries if entry.kind == "acquired"]
    # Before there could be several, the video was simply what was taken in first.
    bodies = [body for at, body in enumerate(taken) if at == 0 or body.get("role") == "video"]
    found = [
        Clip(
            name=f"clip_{number}",
            path=str(body.get("path")),
            file=str(body.get("name")),
            sha256=str(body.get("sha256")),
            size=int(body.get("size", 0)),
            url=str(body.get("url", "")),
            number=number,
            of=len(bodies),
        )
        for number, body in enumerate(bodies, start=1)
    ]
    return Records(found, caption="Clips", columns=("name", "file", "size", "sha256", "url"))
