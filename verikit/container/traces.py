"""Traces of software, platforms and devices, looked up in the rows of `traces.toml`.

A trace says what the file is consistent with. All of it can be written by anyone with a hex editor, and platforms
remove most of it: a trace is a lead, its absence is nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from verikit.container.movie import EPOCH
from verikit.container.movie_tags import C2PA_UUID
from verikit.container.times_places import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from verikit.container.elements import Structure, Tag
    from verikit.container.movie import Movie

__all__ = ["Evidence", "Trace", "TraceRule", "find_traces", "gather_evidence", "load_rules"]

RELIABILITIES = ("strong", "moderate", "weak")
STRONG_NEEDS = 4
FEATURES = frozenset(
    {
        "format",
        "major",
        "minor",
        "brands",
        "brands_are",
        "box",
        "no_box",
        "order",
        "top_end",
        "handler",
        "no_handler",
        "tag",
        "no_tag",
        "signal",
        "name",
    }
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A trace that was found: its name, what it suggests, how reliable, its public source, and what was seen."""

    trace: str
    suggests: str
    reliability: str
    source: str
    seen: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The trace as JSON."""
        return {
            **{name: getattr(self, name) for name in ("trace", "suggests", "reliability", "source")},
            "seen": list(self.seen),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(
            trace=data["trace"],
            suggests=data["suggests"],
            reliability=data["reliability"],
            source=data["source"],
            seen=tuple(data["seen"]),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceRule:
    """One row of traces.toml: the features that must all be there, and what they suggest together."""

    trace: str
    suggests: str
    reliability: str
    source: str
    needs: tuple[Mapping[str, Any], ...]

    def __post_init__(self) -> None:
        if self.reliability not in RELIABILITIES:
            raise ValueError(f"{self.trace}: reliability is one of {RELIABILITIES}, not {self.reliability!r}")
        if self.reliability == "strong" and self.features < STRONG_NEEDS:
            raise ValueError(f"{self.trace}: strong needs {STRONG_NEEDS} features or more, not {self.features}")
        if not self.needs or not all(FEATURES & set(need) for need in self.needs):
            raise ValueError(f"{self.trace}: every need names one of {sorted(FEATURES)}")

    @property
    def features(self) -> int:
        """How many different things must be seen; the same thing twice, and what must be absent, count for nothing."""
        kept = [need for need in self.needs if not any(name.startswith("no_") for name in need)]
        return len({(name, str(need[name])) for need in kept for name in FEATURES & set(need)})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rules look at: name and format, brands, top-level order, box paths, handlers, tags and signals."""

    name: str
    format: str
    major: str
    minor: int
    brands: tuple[str, ...]
    top: tuple[str, ...]
    paths: frozenset[str]
    handlers: tuple[str, ...]
    tags: tuple[Tag, ...]
    signals: frozenset[str]


@functools.cache
def load_rules() -> tuple[TraceRule, ...]:
    """The rows of traces.toml. Raises ValueError for a row that promises more than its features carry."""
    text = Path(__file__).with_name("traces.toml").read_text(encoding="utf-8")
    return tuple(TraceRule(**{**row, "needs": tuple(row["needs"])}) for row in tomllib.loads(text)["trace"])


def gather_evidence(*, name: str, form: str, structure: Structure, movie: Movie, tags: Sequence[Tag]) -> Evidence:
    """What the rules look at, from what was read. `form` is the format's name as `inspect` tells it."""
    handlers = [name for track in movie.tracks for name in (track.handler, track.data_handler) if name]
    handlers.extend(tag.value for tag in tags if tag.key.lower() == "handler_name")
    return Evidence(
        name=name,
        format=form,
        major=movie.major,
        minor=movie.minor,
        brands=movie.brands,
        top=tuple(box.type for box in structure.boxes),
        paths=frozenset(box.path for box in structure.walk()),
        handlers=tuple(dict.fromkeys(handlers)),
        tags=tuple(tags),
        signals=frozenset(_signals(structure, movie, tags)),
    )


def _signals(structure: Structure, movie: Movie, tags: Sequence[Tag]) -> Iterator[str]:
    """What no single box or tag says: how times and boxes stand to each other."""
    created = movie.created or 0
    tracks = [track.created[0] for track in movie.tracks]
    kinds = [box.type for box in structure.boxes]
    if created and created == movie.modified:
        yield "movie created and modified at once"
    if created and any(0 < created - time <= 600 for time in tracks):
        yield "a track begins before the movie"
    if created and tracks and not any(tracks):
        yield "the movie has a time and its tracks have none"
    if kinds.count("mdat") > 1 and "moof" not in kinds:
        yield "several mdat without fragments"
    if any(box.uuid == C2PA_UUID for box in structure.walk()):
        yield "C2PA box"
    dated = next((tag.value for tag in tags if tag.key == "com.apple.quicktime.creationdate"), "")
    read = parse_time(dated)
    if read and created:
        moment = dt.datetime.fromisoformat(read[0])
        if moment.tzinfo and (EPOCH + dt.timedelta(seconds=min(created, 2**36)) - moment).total_seconds() > 60:
            yield "the header is later than the date of recording"


def find_traces(evidence: Evidence) -> tuple[Trace, ...]:
    """The rules whose features are all there, strongest first, each with what was seen."""
    found = []
    for rule in load_rules():
        seen = [_seen(need, evidence) for need in rule.needs]
        if all(text is not None for text in seen):
            told = tuple(dict.fromkeys(text for text in seen if text))
            found.append(
                Trace(
                    trace=rule.trace,
                    suggests=rule.suggests,
                    reliability=rule.reliability,
                    source=rule.source,
                    seen=told,
                )
            )
    return tuple(sorted(found, key=lambda trace: RELIABILITIES.index(trace.reliability)))


def _seen(need: Mapping[str, Any], evidence: Evidence) -> str | None:
    """What was seen of one need, in words; None where it does not hold."""
    feature, wanted = next((name, value) for name, value in need.items() if name in FEATURES)
    if feature == "name":
        return f"file name {evidence.name}" if re.fullmatch(str(wanted), evidence.name, re.IGNORECASE) else None
    if feature in {"tag", "no_tag"}:
        hit = _tag(
            evidence.tags, key=str(wanted), value=str(need.get("value", ".*")), group=str(need.get("group", ".*"))
        )
        if feature == "no_tag":
            return "" if hit is None else None
        return None if hit is None else f"{hit.key} = {hit.value[:80]} ({hit.origin})"
    if feature in {"box", "no_box"}:
        path = _first(str(wanted), sorted(evidence.paths))
        return _either(path, feature == "no_box", "box")
    if feature in {"handler", "no_handler"}:
        return _either(_first(str(wanted), evidence.handlers), feature == "no_handler", "handler")
    said = " ".join(wanted) if isinstance(wanted, list) else wanted
    return f"{feature.replace('_', ' ')} {said}".strip() if _holds(feature, wanted, evidence=evidence) else None


def _holds(feature: str, wanted: Any, *, evidence: Evidence) -> bool:
    """Whether a feature of format, brands, order or signals is there."""
    match feature:
        case "format":
            return re.fullmatch(wanted, evidence.format) is not None
        case "major":
            return bool(evidence.major == wanted)
        case "minor":
            return bool(evidence.major) and bool(evidence.minor == wanted)
        case "brands":
            return set(wanted) <= {evidence.major, *evidence.brands}
        case "brands_are":
            return tuple(wanted) == evidence.brands
        case "order":
            return _in_order(wanted, evidence.top)
        case "top_end":
            return evidence.top[-1:] == (wanted,)
        case _:
            return wanted in evidence.signals


def _either(found: str | None, absent: bool, noun: str) -> str | None:  # noqa: FBT001 - which of two opposite needs
    if absent:
        return "" if found is None else None
    return None if found is None else f"{noun} {found}"


def _first(pattern: str, texts: Sequence[str]) -> str | None:
    return next((text for text in texts if re.fullmatch(pattern, text)), None)


def _tag(tags: Sequence[Tag], *, key: str, value: str, group: str) -> Tag | None:
    keys, values, groups = re.compile(key, re.IGNORECASE), re.compile(value, re.DOTALL), re.compile(group)
    return next(
        (t for t in tags if keys.fullmatch(t.key) and groups.fullmatch(t.group) and values.fullmatch(t.value)), None
    )


def _in_order(wanted: Sequence[str], top: Sequence[str]) -> bool:
    rest = iter(top)
    return all(kind in rest for kind in wanted)
