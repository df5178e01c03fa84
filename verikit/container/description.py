"""A Container: what a file says of itself, and how it is read.

As text it is one screen, the facts first; as HTML it is tables with the origin of each value.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain
from verikit.container.agreement import Disagreement
from verikit.container.card import Card, card_of, location_line
from verikit.container.claimed import Claimed
from verikit.container.dates import Dated, dates_of
from verikit.container.elements import Box, Tag
from verikit.container.facts import Facts
from verikit.container.showing import container_html, stream_text
from verikit.container.streams import StreamFacts
from verikit.container.timing import Hidden
from verikit.container.traces import Trace
from verikit.container.tree import Tree, tree_of
from verikit.records import Finding, Outcome, Records, mimebundle, texts_are_whole, timecode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

__all__ = ["Container", "disagreements_table", "findings_table", "traces_table"]

MOST_LINES = 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a file says of itself: format, boxes, streams, tags, facts, traces and findings.

    `edits` are the raw edit lists (track, seconds shown, first second or None, speed); `symbols` is the structure
    fingerprint (see `compare_making`); `hidden` are samples that no player shows. `duration` is in seconds; `boxes` are at most 2,000, `boxes_read` says how many the file holds; None is unknown.
    """

    name: str
    size: int
    sha256: str
    format: str
    brands: tuple[str, ...]
    duration: float | None
    boxes: tuple[Box, ...]
    boxes_read: int
    boxes_shown: int
    edits: tuple[tuple[int, float, float | None, float], ...]
    symbols: tuple[str, ...]
    streams: tuple[StreamFacts, ...]
    tags: tuple[Tag, ...]
    facts: Facts
    disagreements: Records[Disagreement]
    hidden: tuple[Hidden, ...]
    claimed: Claimed
    traces: Records[Trace]
    findings: Records[Finding]

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON of `verikit inspect`."""
        return {
            "file": {"name": self.name, "size": self.size, "sha256": self.sha256},
            "container": {
                "format": self.format,
                "brands": list(self.brands),
                "duration": self.duration,
                "boxes": [box.to_dict() for box in self.boxes],
                "boxes_read": self.boxes_read,
                "boxes_shown": self.boxes_shown,
                "edit_lists": [
                    {"track": track, "duration": duration, "start": start, "rate": rate}
                    for track, duration, start, rate in self.edits
                ],
                "fingerprint": list(self.symbols),
            },
            "streams": [stream.to_dict() for stream in self.streams],
            "tags": [tag.to_dict() for tag in self.tags],
            "facts": self.facts.to_dict(),
            "disagreements": [one.to_dict() for one in self.disagreements],
            "hidden": [one.to_dict() for one in self.hidden],
            "claimed": self.claimed.to_dict(),
            "traces": [trace.to_dict() for trace in self.traces],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError for a missing field."""
        container = data["container"]
        return cls(
            name=data["file"]["name"],
            size=data["file"]["size"],
            sha256=data["file"]["sha256"],
            format=container["format"],
            brands=tuple(container["brands"]),
            duration=container["duration"],
            boxes=tuple(Box.from_dict(box) for box in container["boxes"]),
            boxes_read=container["boxes_read"],
            boxes_shown=container["boxes_shown"],
            edits=tuple((e["track"], e["duration"], e["start"], e["rate"]) for e in container["edit_lists"]),
            symbols=tuple(container["fingerprint"]),
            streams=tuple(StreamFacts.from_dict(stream) for stream in data["streams"]),
            tags=tuple(Tag.from_dict(tag) for tag in data["tags"]),
            facts=Facts.from_dict(data["facts"]),
            disagreements=disagreements_table(Disagreement.from_dict(one) for one in data["disagreements"]),
            hidden=tuple(Hidden.from_dict(one) for one in data["hidden"]),
            claimed=Claimed.from_dict(data["claimed"]),
            traces=traces_table(Trace.from_dict(trace) for trace in data["traces"]),
            findings=findings_table(Finding.from_dict(finding) for finding in data["findings"]),
        )

    def to_frame(self) -> pd.DataFrame:
        """A DataFrame of all tags: group, key, value, origin."""
        import pandas as pd  # noqa: PLC0415 - pandas takes longer to import than inspect takes to run

        return pd.DataFrame([tag.to_dict() for tag in self.tags], columns=["group", "key", "value", "origin"])

    def __str__(self) -> str:
        return container_text(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return mimebundle(self, plain_text=container_text(self), html=container_html(self))

    @property
    def card(self) -> Card:
        """The ten facts that an analyst looks at first, each with its origin."""
        return card_of(self)

    @property
    def dates(self) -> Records[Dated]:
        """All dates of the file and its claim, the earliest first, each with its basis and meaning."""
        columns = ("value", "basis", "kind", "meaning", "origin")
        return Records(dates_of(self), caption="Dates", columns=columns)

    @property
    def tree(self) -> Tree:
        """The structure as a tree that a person can read, with what its boxes are for."""
        return tree_of(self)


def traces_table(found: Iterable[Trace]) -> Records[Trace]:
    """Traces as a table."""
    columns = ("trace", "suggests", "reliability", "source")
    return Records(found, caption="Traces of programs and platforms", columns=columns)


def disagreements_table(found: Iterable[Disagreement]) -> Records[Disagreement]:
    """Disagreements of the readers as a table."""
    return Records(found, caption="Where the readers disagree", columns=("fact", "said"))


def findings_table(found: Iterable[Finding]) -> Records[Finding]:
    """Findings as a table."""
    return Records(found, caption="Consistency", columns=("check", "outcome", "summary", "limits"))


def container_text(container: Container) -> str:
    """The container on at most 30 lines, unless all is wanted: facts first, then traces, then what did not fit together."""
    lines = [f"{name:<12}{_short(value)}{_first_origin(origin)}" for name, value, origin in _fact_rows(container)]
    lines += _listed("trace", [f"{t.reliability}: {t.trace} - {t.suggests}" for t in container.traces], most=6)
    odd = [f for f in container.findings if f.outcome is Outcome.ANOMALY]
    lines += _listed("finding", [f"{f.check}: {f.summary}" for f in odd], most=6)
    rest = len(container.findings) - len(odd)
    lines.append(
        f"{'':<12}{rest} {'other ' if odd else ''}checks found nothing or could not tell; {len(container.tags)} tags, "
        f"{container.boxes_read} boxes in .tags and .boxes"
    )
    return "\n".join(lines if texts_are_whole() else lines[:MOST_LINES])


def _first_origin(origin: str) -> str:
    """Where the value was read first, and how many more places say the same; streams name their reader in HTML only."""
    first, *more = origin.split("; ")
    if "@" not in first and "/" not in first:
        return ""
    return plain(f"  [{first}{f' and {len(more)} more' if more else ''}]")


def _listed(name: str, texts: Sequence[str], *, most: int) -> list[str]:
    if not texts:
        return [f"{name + 's':<12}none found"]
    most = len(texts) if texts_are_whole() else most
    lines = [f"{name if i == 0 else '':<12}{_short(text)}" for i, text in enumerate(texts[:most])]
    return [*lines, *([f"{'':<12}and {len(texts) - most} more"] if len(texts) > most else [])]


def _short(text: str, *, most: int = 200) -> str:
    line = plain(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def _fact_rows(container: Container) -> list[tuple[str, str, str]]:
    """(name, value, origin) of the facts that come first."""
    facts = container.facts
    brands = f" ({', '.join(b.strip() for b in container.brands)})" if container.brands else ""
    length = f", {timecode(container.duration)}" if container.duration is not None else ", length unknown"
    rows = [
        ("file", f"{container.name}, {container.size:,} bytes", ""),
        ("SHA-256", container.sha256, ""),
        ("format", f"{container.format}{brands}{length}", ""),
    ]
    rows += [(s.type, stream_text(s), s.reader) for s in container.streams if s.type in {"video", "audio"}][:4]
    rows += _created_rows(facts)
    later = [v for v in facts.values("modified") if v not in {c.value for c in facts.created}]
    if later:
        rows.append(("modified", "; ".join(later[:3]), "; ".join(facts.origins("modified", later[0]))))
    device = " ".join(value for value in (facts.make, facts.model) if value)
    origins = [
        o for fact, value in (("make", facts.make), ("model", facts.model)) for o in facts.origins(fact, value or "")
    ]
    rows.append(("device", device or "no tags of a device", "; ".join(origins)))
    for name, values in (("software", facts.software), ("encoder", facts.encoder)):
        told = "; ".join(o for value in values for o in facts.origins(name, value))
        rows.append((name, "; ".join(values) or "none named", told))
    place, origin = location_line(container)
    rows.append(("location", place, origin))
    for name in ("title", "comment"):
        values = facts.values(name)
        rows += (
            [(name, "; ".join(values), "; ".join(o for v in values for o in facts.origins(name, v)))] if values else []
        )
    rows.append(("credentials", facts.credentials.summary, facts.credentials.origin))
    return rows


def _created_rows(facts: Facts) -> list[tuple[str, str, str]]:
    if not facts.created:
        return [("created", "no time of creation", "")]
    rows = [("created" if i == 0 else "", f"{c.value} ({c.basis})", c.origin) for i, c in enumerate(facts.created[:4])]
    if len(facts.created) > 4:
        rows.append(("", f"and {len(facts.created) - 4} more", ""))
    return rows
