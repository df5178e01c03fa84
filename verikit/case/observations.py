"""What a person saw, heard, read, or was told: the form for everything that no program here finds.

One form for all kinds. Which of its fields belong to a kind says KINDS; a field that does not belong is refused, so that a
language never stands with a sound and coordinates never with a voice.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain
from verikit.case.claims import check_text, fields_of, in_words, span_of_date
from verikit.geo import Point, read_point
from verikit.records import Records, Span, mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["FITS", "KINDS", "SURE", "Observation", "observations_table", "spans_of"]

_WORDS = frozenset({"language", "script", "text", "translation", "translator"})
_AGAINST = frozenset({"about", "fits", "compared_with"})
# The kinds, what each is, and which fields it may have beside what, by, sure, at and note.
KINDS = {
    "speech": ("words that are heard", _WORDS | _AGAINST),
    "sound": ("another sound: music, a motor, a shot, silence", _AGAINST),
    "lettering": ("letters in the picture: captions, signs, watermarks, screens", _WORDS | _AGAINST),
    "seen": ("things in the picture: people, clothing, insignia, objects", _AGAINST),
    "place": ("what tells where: landmarks, light, plants, sockets, coordinates", _AGAINST | {"point", "within"}),
    "time": ("what tells when: shadows, season, clocks, the order of posts", _AGAINST | {"earliest", "latest"}),
    "told": ("what someone who may know said: an uploader, a witness, an expert", _WORDS - {"script"} | _AGAINST),
}
# How sure the person is, in words: nobody can defend a number.
SURE = ("certain", "probable", "possible", "cannot_tell")
FITS = ("fits", "does_not_fit", "undecided")
_IN_THE_CLIP = frozenset({"speech", "sound", "lettering", "seen"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a person observed: its kind, what it is in their words, who, at which seconds, and how sure they are.

    `about` is the part of the claim that it is held against ("S2"), `fits` whether it fits, `compared_with` what was laid
    beside it. `point` is a place and `within` the metres around it in which it lies; `earliest` and `latest` are ISO 8601
    dates between which it happened. Raises ValueError or TypeError, naming the field, for what does not belong together.
    """

    kind: str
    what: str
    by: str
    sure: str
    at: tuple[Span, ...] = ()
    language: str = ""
    script: str = ""
    text: str = ""
    translation: str = ""
    translator: str = ""
    about: str = ""
    fits: str = ""
    compared_with: str = ""
    point: Point | None = None
    within: float | None = None
    earliest: str = ""
    latest: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        self._check_words()
        where = self.where
        if self.kind in _IN_THE_CLIP and not self.at:
            raise ValueError(f"{where}: at (which seconds of the clip) is missing, such as at=(0, 2.5)")
        if self.translation and not self.translator:
            raise ValueError(f"{where}: translator (who or what translated it) is missing")
        if self.kind in {"place", "time"} and not (self.about and self.fits):
            raise ValueError(f"{where}: about (the part of the claim) and fits ({', '.join(FITS)}) are missing")
        if self.fits in {"fits", "does_not_fit"} and not self.compared_with:
            raise ValueError(f"{where}: compared_with (what was laid beside it) is missing")
        if (self.point is None) != (self.within is None):
            raise ValueError(f"{where}: point and within (metres around it) belong together: no place is exact")
        if self.within is not None and not 0 < self.within <= 20_000_000:
            raise ValueError(f"{where}: within is metres, more than 0, not {self.within}")
        self._check_dates()

    def _check_words(self) -> None:
        for field in dataclasses.fields(self):
            if field.name not in {"at", "point", "within"}:
                needed = field.name in {"what", "by"}
                check_text(getattr(self, field.name), where=f"observation: {field.name}", needed=needed)
        for name, known in (("kind", tuple(KINDS)), ("sure", SURE), ("fits", ("", *FITS))):
            if getattr(self, name) not in known:
                said = plain(getattr(self, name))[:40]
                raise ValueError(f"observation: {name} is one of {', '.join(filter(None, known))}, not {said!r}")
        foreign = sorted(set(self.given) - KINDS[self.kind][1] - {"at", "note"})
        if foreign:
            raise ValueError(f"{self.where}: {', '.join(foreign)} does not belong to it")

    def _check_dates(self) -> None:
        first, last = (
            span_of_date(value, where=f"{self.where}: {name}") if value else None
            for name, value in (("earliest", self.earliest), ("latest", self.latest))
        )
        if first is not None and last is not None and first[0] > last[1]:
            raise ValueError(f"{self.where}: earliest {self.earliest} comes after latest {self.latest}")

    @property
    def where(self) -> str:
        """How errors call it."""
        return f"observation of {self.kind}"

    @property
    def given(self) -> dict[str, Any]:
        """The fields that are filled in, beside kind, what, by and sure."""
        names = [field.name for field in dataclasses.fields(self)][4:]
        return {name: value for name in names if (value := getattr(self, name)) not in {"", (), None}}

    def to_dict(self) -> dict[str, Any]:
        """The observation as JSON."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        point = None if self.point is None else self.point.to_dict()
        return given | {"at": [span.to_list() for span in self.at], "point": point}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError."""
        point = None if data["point"] is None else Point.from_dict(data["point"])
        at = tuple(Span.from_list(pair) for pair in data["at"])
        return cls(**fields_of(cls, data) | {"at": at, "point": point})

    def _rows(self) -> list[tuple[str, str]]:
        shown = {"at": "; ".join(map(str, self.at)), "fits": in_words(self.fits)}
        shown["within"] = "" if self.within is None else f"{self.within:g} m"
        names = {"at": "when in the clip", "about": "part of the claim", "fits": "does it fit", "text": "its words"}
        rows = [("kind", f"{self.kind}: {KINDS[self.kind][0]}"), ("what", self.what), ("by", self.by)]
        rows.append(("how sure", in_words(self.sure)))
        return rows + [(names.get(n, in_words(n)), str(shown.get(n) or value)) for n, value in self.given.items()]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = self._rows()
        shown = _html.definition(rows, caption="What a person observed")
        return mimebundle(self, plain_text="\n".join(f"{name}: {plain(value)}" for name, value in rows), html=shown)


def spans_of(at: Span | Sequence[float] | Sequence[Sequence[float]]) -> tuple[Span, ...]:
    """The stretches of time that someone wrote as (0, 2.5), as [(0, 2.5), (4, 5)], or as Span. Nothing gives none."""
    if isinstance(at, Span):
        return (at,)
    given: list[Any] = list(at)
    if given and not isinstance(given[0], list | tuple | Span):
        given = [given]
    try:
        return tuple(one if isinstance(one, Span) else Span.from_list(one) for one in given)
    except (TypeError, ValueError) as fault:
        raise ValueError(f"at: seconds from and to, such as (0, 2.5), not {plain(str(at))[:60]}") from fault


def point_of(place: Point | str | None) -> Point | None:
    """The place that someone wrote as "51.5335,-0.1261", or as Point."""
    return read_point(place) if isinstance(place, str) else place


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """An observation with the name that it has in the case."""

    name: str
    observation: Observation

    def to_dict(self) -> dict[str, Any]:
        return (
            {"evidence": self.name}
            | self.observation.to_dict()
            | {
                "at": "; ".join(map(str, self.observation.at)),
                "sure": in_words(self.observation.sure),
                "fits": in_words(self.observation.fits),
            }
        )


def observations_table(named: Iterable[tuple[str, Observation]]) -> Records[Any]:
    """Observations as a table, each with the name that decisions rest on it by."""
    rows = [_Named(name=name, observation=observation) for name, observation in named]
    columns = ("evidence", "kind", "what", "at", "language", "text", "translation", "sure", "about", "fits", "by")
    return Records(rows, caption="What people observed", columns=columns)
