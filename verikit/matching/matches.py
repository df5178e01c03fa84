"""A Match: seconds of a query that agree with seconds of a reference, and how it is told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain
from verikit.records import Records, Span, mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


__all__ = ["Match", "match_records", "rank"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Seconds of a query that agree with seconds of a reference.

    speed: query seconds per reference second. mirrored: left and right are exchanged. score: higher is surer, from 0
    to 1, comparable across queries and references; it is no probability. confirmed: the toolkit's own decision.
    relation: same_footage, same_scene (the place agrees, what changes in it does not) or undecided. backwards: the
    stretch agrees when it is played backwards. homography: row by row, maps upright pixels of
    the query to upright pixels of the reference, None where no geometry holds. distance: mean Hamming distance in bits.
    motion: correlation of the course of change, None where too short or too still to tell.
    """

    reference: str
    reference_sha256: str
    query_span: Span
    reference_span: Span
    speed: float
    mirrored: bool
    rotated: int
    negative: bool
    score: float
    matched_frames: int
    confirmed: bool
    relation: str
    backwards: bool
    inliers: int
    homography: tuple[tuple[float, ...], ...]
    picture: float
    motion: float | None
    weight: float
    changing: float

    def to_dict(self) -> dict[str, Any]:
        """The contract's MATCH, with the mean distance and the motion correlation."""
        return {
            "reference": self.reference,
            "reference_sha256": self.reference_sha256,
            "query_span": self.query_span.to_list(),
            "reference_span": self.reference_span.to_list(),
            "speed": self.speed,
            "mirrored": self.mirrored,
            "rotated": self.rotated,
            "negative": self.negative,
            "score": self.score,
            "matched_frames": self.matched_frames,
            "confirmed": self.confirmed,
            "relation": self.relation,
            "backwards": self.backwards,
            "geometry": {
                "homography": [list(row) for row in self.homography],
                "inliers": self.inliers,
            },
            "picture": self.picture,
            "motion": self.motion,
            "weight": self.weight,
            "changing": self.changing,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        geometry = data["geometry"]
        plain_fields = {name: value for name, value in data.items() if name != "geometry"}
        return cls(
            **{
                **plain_fields,
                "query_span": Span.from_list(data["query_span"]),
                "reference_span": Span.from_list(data["reference_span"]),
                "inliers": geometry["inliers"],
                "homography": tuple(tuple(row) for row in geometry["homography"]),
            }
        )

    @property
    def offset(self) -> float:
        """Reference time = offset + query time / speed, in seconds."""
        return self.reference_span.start - self.query_span.start / self.speed

    def sentence(self) -> str:
        """The match in one sentence, in words that claim no more than was seen."""
        kind = {
            "same_footage": "is consistent with the same footage as",
            "same_scene": "shows the same scene as, but is not shown to be the same take as,",
            "undecided": "resembles, without enough to decide,",
        }[self.relation]
        kind = "is, played backwards, consistent with footage around" if self.backwards else kind
        flipped = ", mirrored," if self.mirrored else ""
        one, other = _tenths(self.query_span), _tenths(self.reference_span)
        return f"{one} of the clip{flipped} {kind} {other} of {plain(self.reference)}."

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(name.replace("_", " "), str(value)) for name, value in self.to_dict().items()]
        text = "\n".join([self.sentence(), *(f"{name}: {plain(value)}" for name, value in rows)])
        html = _html.join([_html.element("p", self.sentence()), _html.definition(rows, caption="Match")])
        return mimebundle(self, plain_text=text, html=html)


def rank(matches: Iterable[Match]) -> list[Match]:
    """Matches with the surest first; equal scores in the order of names and spans, so that the order is stable."""
    return sorted(matches, key=lambda m: (-m.score, m.reference, m.query_span.start))


def match_records(matches: Iterable[Match]) -> Records[Match]:
    """Matches as a table."""
    columns = (
        "reference",
        "query_span",
        "reference_span",
        "speed",
        "mirrored",
        "backwards",
        "relation",
        "confirmed",
        "score",
    )
    return Records(matches, caption="Matches, surest first", columns=columns)


def _tenths(span: Span) -> str:
    """A span as far as it is known: to about a tenth of a second."""
    return f"{timecode(span.start)[:-2]} to {timecode(span.end)[:-2]}"
