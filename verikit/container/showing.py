"""How a container looks in a notebook: tables that read right without any style, the telling ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit import _html
from verikit.container.tree import tree_of
from verikit.records import Outcome

if TYPE_CHECKING:
    from verikit.container.description import Container
    from verikit.container.streams import StreamFacts
    from verikit.records import Finding

__all__ = ["container_html", "stream_text"]

MOST_SHOWN_TAGS = 400
MOST_SHOWN_FACTS = 200


def container_html(container: Container) -> _html.Html:
    """The container as tables: the card, every fact with its origins, disagreements, traces, findings, tags, the tree."""
    parts = [
        _html.table(
            container.card.rows, head=("what", "value", "where it was read"), caption="Ten facts to look at first"
        ),
        _findings_html(container),
        _traces_html(container),
        _disagreements_html(container),
        _dates_html(container),
        _html.details("Everything it says, with where it says so", _facts_html(container)),
        _html.details("Streams", _streams_html(container)),
        _html.details(f"All tags ({len(container.tags)})", _tags_html(container)),
        _html.details(f"Structure ({container.boxes_read} boxes)", tree_of(container).html()),
    ]
    return _html.element("section", _html.element("h3", f"Container: {container.name}"), _html.join(parts))


def _findings_html(container: Container) -> _html.Html:
    """What was seen, contradictions first; checks that found nothing are named in a line."""
    seen = [f for f in container.findings if f.outcome in {Outcome.ANOMALY, Outcome.INCONCLUSIVE}]
    quiet = [f for f in container.findings if f.outcome is Outcome.NONE_FOUND]
    idle = [f for f in container.findings if f.outcome is Outcome.NOT_APPLICABLE]
    head = ("check", "what was seen", "how usual that is", "what it suggests and what it does not prove")
    rows = [(_words(f), f.summary, f.measures.get("base_rate", "not counted"), f.limits) for f in seen]
    caption = "Does it fit together? Contradictions, then traces, then context"
    shown = _html.table(rows, head=head, caption=caption) if rows else _html.element("p", "No check saw anything.")
    rest = f"Nothing found: {', '.join(map(_words, quiet)) or 'none'}. Not applicable: {', '.join(map(_words, idle)) or 'none'}."
    return _html.join([shown, _html.element("p", rest)])


def _words(finding: Finding) -> str:
    return finding.check.replace("_", " ")


def _disagreements_html(container: Container) -> _html.Html:
    if not container.disagreements:
        return _html.element("p", "Where the readers tell the same fact, they agree.")
    rows = [(d.fact, reader, value, origin) for d in container.disagreements for reader, value, origin in d.said]
    head = ("fact", "reader", "value", "where it was read")
    return _html.table(rows, head=head, caption="Where the readers disagree")


def _dates_html(container: Container) -> _html.Html:
    rows = [(d.value, d.basis, d.kind, d.meaning, _cut(d.origin)) for d in container.dates]
    if not rows:
        return _html.element("p", "Dates: none.")
    head = ("date", "basis", "kind", "what it means", "where it was read")
    return _html.table(rows, head=head, caption="All dates, the earliest first")


def _facts_html(container: Container) -> _html.Html:
    rows = [(s.fact, _cut(s.value), "; ".join(s.origins)) for s in container.facts.said[:MOST_SHOWN_FACTS]]
    return _html.table(rows, head=("fact", "value", "where it was read"), caption="Facts with their origins")


def _traces_html(container: Container) -> _html.Html:
    if not container.traces:
        return _html.element("p", "Traces of software, platforms and devices: none found. Nothing follows from that.")
    rows = [(t.trace, t.reliability, t.suggests, "; ".join(t.seen), t.source) for t in container.traces]
    head = ("trace", "reliability", "suggests", "seen", "source")
    return _html.table(rows, head=head, caption="Traces of software, platforms and devices (each can be forged)")


def _streams_html(container: Container) -> _html.Html:
    rows = [
        (s.index, s.type, stream_text(s), s.level or "", s.bit_rate or "", s.language or "", s.reader)
        for s in container.streams
    ]
    head = ("index", "type", "stream", "level", "bits a second", "language", "read by")
    return _html.table(rows, head=head, caption="Streams")


def _tags_html(container: Container) -> _html.Html:
    shown = container.tags[:MOST_SHOWN_TAGS]
    rows = [(tag.group, tag.key, _cut(tag.value), tag.origin) for tag in shown]
    left = len(container.tags) - len(shown)
    caption = "Tags" if not left else f"Tags: the first {len(shown)}; {left} more in .to_frame()"
    return _html.table(rows, head=("group", "key", "value", "where it was read"), caption=caption)


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"


def stream_text(stream: StreamFacts) -> str:
    """One stream in a line of words."""
    parts = [" ".join(part for part in (stream.codec or "unknown codec", stream.profile) if part)]
    if stream.width and stream.height:
        parts.append(f"{stream.width}x{stream.height}")
    if stream.rotation:
        parts.append(f"turned {stream.rotation}° clockwise")
    if stream.frame_rate:
        parts.append(f"{stream.frame_rate:.3f} fps")
    if stream.vfr is not None:
        # Named, since the decoded instants may say otherwise: readers differ in how many ticks they overlook.
        kind = ("varying" if stream.vfr else "constant") + (f", says {stream.vfr_reader}" if stream.vfr_reader else "")
        parts.append(f"{parts.pop()} ({kind})" if stream.frame_rate else f"frame rate {kind}")
    if stream.sample_rate:
        parts.append(f"{stream.sample_rate} Hz")
    if stream.channels:
        parts.append(f"{stream.channels} channels" if stream.channels > 1 else "1 channel")
    if stream.duration:
        parts.append(f"{stream.duration:.3f} s")
    if stream.handler:
        parts.append(f'"{stream.handler}"')
    return ", ".join(parts)
