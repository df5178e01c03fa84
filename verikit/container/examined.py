"""What the consistency checks look at, and the three strengths in which they speak."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.container.claimed import Claimed
from verikit.container.times_places import parse_time
from verikit.records import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from verikit.container.agreement import Disagreement
    from verikit.container.completeness import MediaList
    from verikit.container.elements import Structure, Tag
    from verikit.container.facts import Facts, Location
    from verikit.container.movie import Movie
    from verikit.container.streams import StreamFacts
    from verikit.container.timing import Hidden, SampleTimes
    from verikit.container.traces import Evidence, Trace
    from verikit.media.parameter_sets import ParameterSet
    from verikit.media.scan import Scan

__all__ = ["Examined", "Strength", "told"]


class Strength(enum.StrEnum):
    """How much a finding says.

    A contradiction: two statements of the file cannot both hold. A trace: a program or a platform touched it. Context:
    it is usual or unusual, and nothing follows from it alone.
    """

    CONTRADICTION = "contradiction"
    TRACE = "trace"
    CONTEXT = "context"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Everything that was read of one file. `scan` and `claimed` are there only where they were given.

    `parameters` are the sequence parameter sets in the packets, read only beside a scan.
    """

    name: str
    size: int
    format: str
    today: dt.date
    structure: Structure
    movie: Movie
    tags: tuple[Tag, ...]
    facts: Facts
    streams: tuple[StreamFacts, ...]
    evidence: Evidence
    traces: tuple[Trace, ...]
    disagreements: tuple[Disagreement, ...]
    problems: tuple[str, ...]
    media: MediaList
    times: tuple[SampleTimes, ...]
    hidden: tuple[Hidden, ...]
    stuffing: Mapping[int, int]
    scan: Scan | None = None
    parameters: tuple[ParameterSet, ...] = ()
    claimed: Claimed = dataclasses.field(default_factory=Claimed)

    @property
    def is_movie(self) -> bool:
        """Whether the file is MP4, QuickTime or their kin, with a movie header."""
        return self.structure.format == "ISO-BMFF" and bool(self.movie.origin)

    @property
    def trace_names(self) -> frozenset[str]:
        """The names of the traces that were found."""
        return frozenset(trace.trace for trace in self.traces)

    @property
    def picture_times(self) -> SampleTimes | None:
        """The sample times of the first video track, or None."""
        return next((times for times in self.times if times.kind == "video" and len(times.decode)), None)

    def value(self, key: str) -> str:
        """The value of the first tag with this key; empty where there is none."""
        return next((tag.value for tag in self.tags if tag.key == key), "")

    def moments(self, *keys: str) -> Iterator[tuple[str, dt.datetime, str]]:
        """(text, moment, origin) of every tag with one of these keys whose time has a zone."""
        for tag in self.tags:
            read = parse_time(tag.value) if tag.key in keys else None
            if read is not None:
                moment = dt.datetime.fromisoformat(read[0])
                if moment.tzinfo is not None:
                    yield read[0], moment, tag.origin

    @property
    def recorded(self) -> tuple[str, dt.datetime, str] | None:
        """The date of recording that the camera wrote beside the header, with its zone; None where there is none."""
        keys = ("com.apple.quicktime.creationdate", "DateTimeOriginal", "CreationDate")
        return next(self.moments(*keys), None)

    @property
    def header(self) -> tuple[str, dt.datetime, str] | None:
        """The time of creation in the movie header or Matroska's Info; None where it is unset."""
        return next(self.moments("movie created", "DateUTC"), None)

    @property
    def location(self) -> Location | None:
        """The first place that the file gives."""
        return self.facts.location


def told(  # noqa: PLR0913 - one word for each thing that a finding says
    check: str,
    strength: Strength,
    *,
    odd: str = "",
    fine: str = "",
    absent: str = "",
    limits: str,
    base_rate: str = "",
    params: Mapping[str, Any] | None = None,
    measures: Mapping[str, Any] | None = None,
) -> Finding:
    """A finding in one of the three strengths: `odd` is what was seen, `absent` why it does not apply, else `fine`.

    What is context alone never becomes an anomaly: its outcome is inconclusive. `base_rate` is how often the same is
    seen in public files that nobody doubts, where it was counted.
    """
    if absent:
        outcome, summary = Outcome.NOT_APPLICABLE, absent
    elif odd:
        outcome = Outcome.INCONCLUSIVE if strength is Strength.CONTEXT else Outcome.ANOMALY
        summary = f"{strength.value.capitalize()}: {odd}"
    else:
        outcome, summary = Outcome.NONE_FOUND, fine
    counted = {"base_rate": base_rate} if base_rate else {}
    return Finding(
        check=check,
        outcome=outcome,
        summary=plain(summary),
        limits=limits,
        params={**(params or {}), "strength": strength.value},
        measures={**(measures or {}), **counted},
    )


def listed(texts: Sequence[str], *, most: int = 4) -> str:
    """The first texts in a row, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def long_time(seconds: float) -> str:
    """Seconds as a length that people read."""
    for size, name in ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.1f} s"
