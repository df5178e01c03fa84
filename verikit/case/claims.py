"""What was claimed: the post word for word, and the parts of it that can be checked one by one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from typing import TYPE_CHECKING, Any, Self, TypeVar

from verikit import _html
from verikit._files import plain
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["QUESTIONS", "Claim", "SubClaim", "check_text", "fields_of", "in_words", "span_of_date", "word_of"]

_Word = TypeVar("_Word", bound=enum.StrEnum)

# What each question asks, and what would speak against it, phrased so that neither answer is expected. They stand ready
# for the analyst to rewrite in the words of the post.
QUESTIONS = {
    "who": (
        "The people shown are who the post says they are.",
        "Speech, insignia, a name or a fuller copy that identifies someone else.",
    ),
    "what": (
        "What happens in the picture is what the post says happens.",
        "A fuller copy, or details in the picture, that show something else.",
    ),
    "where": (
        "It was recorded where the post says.",
        "Landmarks, signs, language or light that belong to another place.",
    ),
    "when": (
        "It was recorded when the post says.",
        "A copy published before that time, or season and light that do not agree with it.",
    ),
    "source": (
        "The account recorded it or had it from someone who did.",
        "An earlier copy from another account, or the account's own word that it found it elsewhere.",
    ),
}
MOST_TEXT = 100_000
_KEY = re.compile(r"S[1-9][0-9]?", re.ASCII)
_DATE = re.compile(r"(?:1[89]|2\d)\d\d(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII)


def in_words(words: str) -> str:
    """A value of a closed list as people read it: not_established becomes "not established"."""
    return words.replace("_", " ")


def check_text(value: object, *, where: str, needed: bool = False) -> None:
    """Raises TypeError or ValueError that names `where` unless `value` is text of a bearable length."""
    if not isinstance(value, str):
        raise TypeError(f"{where}: text, not {type(value).__name__}")
    if len(value) > MOST_TEXT:
        raise ValueError(f"{where}: {len(value)} letters; at most {MOST_TEXT}")
    if needed and not value.strip():
        raise ValueError(f"{where}: must not be empty")


def word_of(kind: type[_Word], value: str, *, where: str) -> _Word:
    """A word of a closed list. Raises ValueError that names `where` and the words."""
    try:
        return kind(value)
    except ValueError as unknown:
        raise ValueError(f"{where}: one of {', '.join(kind)}, not {plain(str(value))[:40]!r}") from unknown


def span_of_date(text: str, *, where: str) -> tuple[dt.datetime, dt.datetime]:
    """The first and the last moment that an ISO 8601 date of any precision may mean, in UTC.

    A date without a zone may be any zone's (UTC+14 to UTC-12), so two neighbouring days cannot be put in order.
    """
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(
            f"{where}: {plain(text)[:40]!r} is no ISO 8601 date such as 2024-11-03 or 2024-11-03T10:15+02:00"
        )
    month, day, clock, seconds, _, zone = found.groups()
    try:
        first = dt.datetime.fromisoformat(text + ("" if day else "-01" if month else "-01-01"))
    except ValueError as wrong:
        raise ValueError(f"{where}: {text!r}: {wrong}") from wrong
    if clock:
        last = first + (dt.timedelta(seconds=1) if seconds else dt.timedelta(minutes=1))
    elif day:
        last = first + dt.timedelta(days=1)
    else:
        last = first.replace(
            year=first.year + (not month or first.month == 12), month=first.month % 12 + 1 if month else 1
        )
    if zone:
        return first.astimezone(dt.UTC), last.astimezone(dt.UTC)
    first, last = first.replace(tzinfo=dt.UTC), last.replace(tzinfo=dt.UTC)
    return first - dt.timedelta(hours=14), last + dt.timedelta(hours=12)


def fields_of(kind: type, data: Mapping[str, Any], *, optional: bool = False) -> dict[str, Any]:
    """The fields of a dataclass out of JSON. Raises KeyError for a missing one unless they are optional."""
    names = [field.name for field in dataclasses.fields(kind)]
    return {name: data[name] for name in names if not optional or name in data}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SubClaim:
    """One part of a claim that can be checked alone: its key ("S1"), the question it asks, and what would contradict it."""

    key: str
    asks: str
    text: str
    would_contradict: str = ""

    def __post_init__(self) -> None:
        check_text(self.key, where="sub-claim: key")
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"sub-claim: its key is S1 to S99, not {plain(self.key)[:20]!r}")
        if self.asks not in QUESTIONS:
            raise ValueError(f"{self.key}: asks one of {', '.join(QUESTIONS)}, not {plain(str(self.asks))[:20]!r}")
        check_text(self.text, where=f"{self.key}: text", needed=True)
        check_text(self.would_contradict, where=f"{self.key}: would_contradict")

    def to_dict(self) -> dict[str, Any]:
        """The sub-claim as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError."""
        return cls(**fields_of(cls, data))


def _default_parts() -> tuple[SubClaim, ...]:
    return tuple(
        SubClaim(key=f"S{number}", asks=asks, text=text, would_contradict=against)
        for number, (asks, (text, against)) in enumerate(QUESTIONS.items(), start=1)
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a post says about a video, word for word, and the sub-claims it is split into.

    `posted` is an ISO 8601 date as precise as it is known; `archived` is the address of an archived copy of the post;
    what is unknown is empty.
    """

    text: str
    language: str = ""
    url: str = ""
    account: str = ""
    posted: str = ""
    translation: str = ""
    translator: str = ""
    archived: str = ""
    sub_claims: tuple[SubClaim, ...] = dataclasses.field(default_factory=_default_parts)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if field.name != "sub_claims":
                check_text(getattr(self, field.name), where=f"claim: {field.name}", needed=field.name == "text")
        if self.posted:
            span_of_date(self.posted, where="claim: posted")
        keys = [part.key for part in self.sub_claims]
        if not keys or len(set(keys)) != len(keys):
            raise ValueError("claim: it needs sub-claims, each with a key of its own")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """A claim of which nothing but its words is known, split by the five questions."""
        return cls(text=text)

    @classmethod
    def from_post(cls, post: Mapping[str, Any]) -> Self:
        """The claim in a post.json: `text` and whatever else of a claim's fields it gives; other fields are left alone.

        Raises KeyError without text, TypeError or ValueError for fields not of their form.
        """
        given = {name: value for name, value in fields_of(cls, post, optional=True).items() if value is not None}
        if "text" not in given:
            raise KeyError("text")
        if "sub_claims" in given:
            given["sub_claims"] = tuple(SubClaim.from_dict(part) for part in given["sub_claims"])
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """The claim as JSON."""
        return dataclasses.asdict(self) | {"sub_claims": [part.to_dict() for part in self.sub_claims]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError."""
        parts = tuple(SubClaim.from_dict(part) for part in data["sub_claims"])
        return cls(**fields_of(cls, data) | {"sub_claims": parts})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        given = [(in_words(name), value) for name, value in self.to_dict().items() if value and name != "sub_claims"]
        head = ("part", "asks", "what is claimed", "what would contradict it")
        rows = [(part.key, part.asks, part.text, part.would_contradict) for part in self.sub_claims]
        shown = _html.join(
            [_html.definition(given, caption="The claim"), _html.table(rows, head=head, caption="Its parts")]
        )
        lines = [f"{name}: {plain(str(value))}" for name, value in given]
        return mimebundle(self, plain_text="\n".join(lines + [plain(": ".join(row[:3])) for row in rows]), html=shown)
