"""Which of two copies of one piece of footage is fuller, larger, less degraded and, by its own claims, earlier."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.records import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verikit.matching.fuller import Shared

__all__ = ["CopyFacts", "CopyQuestion", "copies_compared", "copies_table", "dates_in_words", "which_copy"]

# Seconds that a copy may lack at its ends and still be whole: spans are good to about a tenth.
WHOLE = 0.5
# Parts of a picture by which two copies must differ before one is said to show more, and times that their detail must.
MORE_OF_PICTURE, MORE_DETAIL = 0.05, 1.25
# A time of no known zone may be so many hours off.
ZONES = 14.0
UNKNOWN = "cannot be said"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """What one copy of the footage is, by its file: seconds, pixels, bytes, and the dates it claims of itself.

    created: the dates of `facts.created`, each with its value (ISO 8601) and basis.
    """

    name: str
    role: str
    duration: float
    width: int
    height: int
    size: int
    created: tuple[dict[str, Any], ...]
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """The copy as JSON."""
        return {
            "name": self.name,
            "role": self.role,
            "duration": self.duration,
            "picture": f"{self.width} x {self.height}",
            "size": self.size,
            "claims_created": dates_in_words(self.created),
            "sha256": self.sha256,
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CopyQuestion:
    """One question about two copies: what is seen of the query's file, what of the reference's, and which it is."""

    question: str
    query: str
    reference: str
    which: str

    def to_dict(self) -> dict[str, Any]:
        """The question as JSON."""
        return dataclasses.asdict(self)


def copies_table(rows: Sequence[CopyFacts]) -> Records[CopyFacts]:
    """The copies of one piece of footage side by side."""
    columns = ("name", "role", "duration", "picture", "size", "claims_created", "sha256")
    return Records(rows, caption="The copies, by what their files say", columns=columns)


def dates_in_words(created: Sequence[dict[str, Any]]) -> str:
    """The distinct dates that a file claims, with what each is reckoned in."""
    said = dict.fromkeys(f"{fact['value']} ({fact['basis']})" for fact in created)
    return "; ".join(said) or "no date in the file"


def which_copy(query: CopyFacts, reference: CopyFacts, shared: Shared) -> tuple[CopyQuestion, ...]:
    """Which of two copies is fuller, larger, less degraded and earlier by its own claims, a row for each.

    Of one file twice there is nothing to ask: then one row says so. Limits: a copy with more seconds, pixels or detail need not be the earlier one, since footage can be enlarged,
    sharpened and extended; a date in a file is a claim.
    """
    if query.sha256 == reference.sha256:
        same, which = f"SHA-256 {query.sha256}", "the same file, byte for byte"
        return (CopyQuestion(question="which of the two", query=same, reference="the same SHA-256", which=which),)
    sides = (query, reference)
    rows = (
        ("fuller in time", _seconds(shared), _fuller_in_time(shared)),
        ("fuller in picture", [f"{part:.2f} of its picture lies in the other" for part in shared.picture], _whose(_outside(shared), by=MORE_OF_PICTURE)),
        ("larger", [f"{side.width} x {side.height}" for side in sides], _larger(query, reference)),
        ("less degraded", _details(shared), _less_degraded(shared)),
        ("earlier by its own claims", [dates_in_words(side.created) for side in sides], _earlier(query, reference)),
    )  # fmt: skip
    return tuple(
        CopyQuestion(question=name, query=told[0], reference=told[1], which=which) for name, told, which in rows
    )


def copies_compared(rows: Sequence[CopyQuestion], *, query: str, reference: str) -> Records[CopyQuestion]:
    """The answers about two copies as a table."""
    return Records(
        rows,
        caption=f"Which copy is it: {plain(query)} (query) or {plain(reference)} (reference)?",
        columns=("question", "query", "reference", "which"),
    )


def _whose(values: tuple[float, float], *, by: float) -> str:
    """The side whose value is larger by more than `by`."""
    if abs(values[0] - values[1]) <= by:
        return "neither"
    return "query" if values[0] > values[1] else "reference"


def _seconds(shared: Shared) -> list[str]:
    pairs = zip(shared.seconds, shared.duration, strict=True)
    return [f"{part:.1f} s of {whole:.1f} s lie in the other" for part, whole in pairs]


def _fuller_in_time(shared: Shared) -> str:
    """The side that has seconds beside what both share, where only one has."""
    more = [whole - part > WHOLE for part, whole in zip(shared.seconds, shared.duration, strict=True)]
    if all(more):
        return "each has seconds that the other lacks"
    return "neither" if not any(more) else ("query", "reference")[more.index(True)]


def _outside(shared: Shared) -> tuple[float, float]:
    """The part of each picture that the other does not show."""
    return 1 - shared.picture[0], 1 - shared.picture[1]


def _larger(query: CopyFacts, reference: CopyFacts) -> str:
    return _whose((query.width * query.height, reference.width * reference.height), by=0)


def _details(shared: Shared) -> list[str]:
    if shared.detail is None:
        return ["not measured", "not measured"]
    return [f"{times:.2f} times the other's fine detail" for times in shared.detail]


def _less_degraded(shared: Shared) -> str:
    if shared.detail is None:
        return UNKNOWN
    if max(shared.detail) < MORE_DETAIL:
        return "neither"
    return "query" if shared.detail[0] > 1 else "reference"


def _earlier(query: CopyFacts, reference: CopyFacts) -> str:
    """The side whose earliest date is surely before the other's, zones considered."""
    first = [_earliest(side.created) for side in (query, reference)]
    if first[0] is None or first[1] is None:
        return UNKNOWN
    apart = (first[0][0] - first[1][0]).total_seconds() / 3600
    if abs(apart) <= first[0][1] + first[1][1]:
        return "neither" if apart == 0 else UNKNOWN
    return "query" if apart < 0 else "reference"


def _earliest(created: Sequence[dict[str, Any]]) -> tuple[dt.datetime, float] | None:
    """The earliest date claimed, and how many hours it may be off."""
    found = []
    for fact in created:
        try:
            moment = dt.datetime.fromisoformat(str(fact["value"]))
        except ValueError:
            continue
        known = moment.tzinfo is not None or fact["basis"] == "utc"
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
        found.append((moment, 0.0 if known else ZONES))
    return min(found, default=None)
