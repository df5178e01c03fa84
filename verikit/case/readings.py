"""The second reader: someone who did not decide says, part by part, whether they come to the same.

Before sealing it is recorded in the case, about the very verdict that was read; after sealing a signed review does the
same from outside. Dissent stops nothing. It is shown beside what it is about.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain
from verikit.case.claims import check_text
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verikit.case.verdicts import Verdict

__all__ = ["READING", "Reading", "reading_of", "reading_text"]

# The name that a second reader's reading is kept under.
READING = "second_reading"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a second reader says of a verdict: who, with which parts they agree, and where they do not, each with the reason.

    A part is a sub-claim ("S3"), "label" or "media".
    """

    by: str
    agrees: tuple[str, ...] = ()
    dissents: tuple[tuple[str, str], ...] = ()
    text: str = ""

    def __post_init__(self) -> None:
        check_text(self.by, where="second reader: by", needed=True)
        check_text(self.text, where="second reader: text")
        for part, because in self.dissents:
            check_text(because, where=f"second reader: the reason for dissent on {plain(str(part))[:20]}", needed=True)
        both = {*self.agrees} & {part for part, _ in self.dissents}
        if both:
            raise ValueError(f"second reader: agrees with and dissents from {', '.join(sorted(both))}")
        if not (self.agrees or self.dissents or self.text.strip()):
            raise ValueError("second reader: says nothing; name parts in agrees or dissents, or write a text")

    def to_dict(self) -> dict[str, Any]:
        """The reading as JSON."""
        dissents = [{"part": part, "because": because} for part, because in self.dissents]
        return {"by": self.by, "agrees": list(self.agrees), "dissents": dissents, "text": self.text}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError."""
        dissents = tuple((one["part"], one["because"]) for one in data["dissents"])
        return cls(by=data["by"], agrees=tuple(data["agrees"]), dissents=dissents, text=data["text"])

    def __str__(self) -> str:
        return plain(reading_text(self))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(part, "agrees", "") for part in self.agrees]
        rows += [(part, "dissents", because) for part, because in self.dissents]
        parts = [_html.element("p", f"Second reader: {self.by}. {self.text}".strip())]
        if rows:
            parts.append(_html.table(rows, head=("part", "the second reader", "because"), caption="Second reading"))
        return mimebundle(self, plain_text=str(self), html=_html.join(parts))


def reading_text(reading: Reading) -> str:
    """A reading in sentences, as a note or a review says it."""
    said = [f"Second reader: {reading.by}."]
    if reading.agrees:
        said.append(f"Agrees on {', '.join(reading.agrees)}.")
    said += [f"Dissents on {part}: {because.rstrip('.')}." for part, because in reading.dissents]
    return " ".join([*said, reading.text]).strip()


def reading_of(
    verdict: Verdict, *, by: str, agrees: tuple[str, ...], dissents: Mapping[str, str], text: str
) -> Reading:
    """A second reader's reading of a verdict. Raises ValueError for parts that it does not have, and where they decided it."""
    reading = Reading(by=by, agrees=agrees, dissents=tuple(dissents.items()), text=text)
    known = {decision.sub_claim for decision in verdict.decisions} | {"label", "media"}
    unknown = sorted({*agrees, *dissents} - known)
    if unknown:
        raise ValueError(
            f"second reader: the verdict has no {', '.join(map(repr, unknown))}; it has {', '.join(sorted(known))}"
        )
    same = by.strip().casefold()
    if any(decision.by.strip().casefold() == same for decision in verdict.decisions):
        raise ValueError(f"second reader: {plain(by)} decided parts of this verdict; a second reader is someone else")
    return reading
