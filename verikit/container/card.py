"""The card: the ten facts that an analyst looks at first, each with its origin, and the line of the place."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import plain
from verikit.container.examined import Strength
from verikit.geo import Point, distance
from verikit.records import Outcome, mimebundle, timecode

if TYPE_CHECKING:
    from verikit.container.description import Container

__all__ = ["Card", "card_of", "location_line"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Ten rows of (what, value, where it was read)."""

    name: str
    rows: tuple[tuple[str, str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON."""
        return {"name": self.name, "rows": [list(row) for row in self.rows]}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        wide = max(len(row[0]) for row in self.rows) + 2
        lines = [
            plain(f"{what:<{wide}}{value}" + (f"  [{origin}]" if origin else "")) for what, value, origin in self.rows
        ]
        head = ("what", "value", "where it was read")
        caption = f"Ten facts to look at first: {self.name}"
        return mimebundle(self, plain_text="\n".join(lines), html=_html.table(self.rows, head=head, caption=caption))


def location_line(container: Container) -> tuple[str, str]:
    """The place in one line with its accuracy and its distance to the claimed one, and where it was read. No map."""
    place = container.facts.location
    if place is None:
        return "none; platforms strip it, so nothing follows", ""
    accuracy = next((f.measures.get("accuracy") for f in container.findings if f.check == "claimed_place"), None)
    told = f"{place.latitude:.5f}, {place.longitude:.5f}"
    told += "" if place.altitude is None else f", {place.altitude:.0f} m high"
    told += f", accurate to {accuracy:.0f} m by its own word" if accuracy else ", accuracy not given"
    others = len(container.facts.locations) - 1
    told += f", and {others} more" if others > 0 else ""
    if container.claimed.place is not None:
        gap = distance(container.claimed.place, Point(latitude=place.latitude, longitude=place.longitude))
        told += (
            f"; {gap / 1000:,.1f} km from the claimed place" if gap >= 1000 else f"; {gap:.0f} m from the claimed place"
        )
    return told, place.origin.split("; ")[0]


def card_of(container: Container) -> Card:
    """The ten facts of a container: file, pictures, recorded, written, device, programs, place, hidden, credentials, contradictions."""
    facts = container.facts
    video = next((s for s in container.streams if s.type == "video"), None)
    length = "length unknown" if container.duration is None else timecode(container.duration)
    pictures = "none"
    if video is not None:
        turned = f", turned {video.rotation}°" if video.rotation else ""
        pictures = f"{video.codec or 'unknown codec'}, {video.width} x {video.height}{turned}"
        pictures += f", {video.frame_rate:.3f} a second" if video.frame_rate else ""
    recorded = next((c for c in facts.created if c.basis == "local"), None)
    written = next((c for c in facts.created if c is not recorded), None)
    device = " ".join(filter(None, (facts.make, facts.model)))
    traces = [f"{t.trace} ({t.reliability})" for t in container.traces]
    hidden = [h for h in container.hidden if h.samples]
    odd = [f for f in container.findings if f.outcome is Outcome.ANOMALY]
    against = [f for f in odd if f.params.get("strength") == Strength.CONTRADICTION.value]
    place = location_line(container)
    rows = [
        ("file", f"{container.format}, {length}, {container.size:,} bytes", ""),
        ("pictures", pictures, "" if video is None else video.reader),
        (
            "recorded",
            f"{recorded.value} ({recorded.basis})" if recorded else "no date in the recorder's own zone",
            _first(recorded.origin if recorded else ""),
        ),
        (
            "written",
            f"{written.value} ({written.basis})" if written else "no date",
            _first(written.origin if written else ""),
        ),
        (
            "device",
            device or "no tags of a device; nothing follows",
            _first("; ".join(facts.origins("model", facts.model or "") or facts.origins("make", facts.make or ""))),
        ),
        ("programs", "; ".join(traces) or "no trace found; nothing follows", ""),
        ("place", *place),
        (
            "not shown",
            "; ".join(map(str, hidden)) or ("nothing is known to be hidden" if container.edits else "no edit list"),
            "edit list" if hidden else "",
        ),
        ("credentials", facts.credentials.summary, facts.credentials.origin),
        (
            "contradictions",
            "; ".join(f.summary.removeprefix("Contradiction: ") for f in against[:3])
            + (f" and {len(against) - 3} more" if len(against) > 3 else "")
            or f"none among {len(container.findings)} checks; {len(odd)} traces to look at",
            "",
        ),
    ]
    return Card(name=container.name, rows=tuple((what, value[:400], origin[:200]) for what, value, origin in rows))


def _first(origins: str) -> str:
    return origins.split("; ", maxsplit=1)[0]
