"""A container as files for others: JSON, and tables that spreadsheets open without running anything."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from verikit._files import harmless_cell, plain, write_bytes, write_text
from verikit.container.dates import dates_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from verikit.container.description import Container

__all__ = ["export_container"]


def export_container(container: Container, folder: Path) -> tuple[Path, ...]:
    """Write container.json, facts.csv, dates.csv, tags.csv, traces.csv and findings.csv to `folder`; returns their paths.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it; hidden letters become a visible mark.
    The JSON keeps every value as it is.
    """
    said = [(s.fact, s.value, origin) for s in container.facts.said for origin in s.origins]
    dates = [(d.value, d.basis, d.kind, d.meaning, d.origin) for d in dates_of(container)]
    tags = [(t.group, t.key, t.value, t.origin) for t in container.tags]
    traces = [(t.trace, t.reliability, t.suggests, "; ".join(t.seen), t.source) for t in container.traces]
    findings = [
        (f.check, f.params.get("strength", ""), f.outcome.value, f.summary, f.limits, f.measures.get("base_rate", ""))
        for f in container.findings
    ]
    tables: tuple[tuple[str, tuple[str, ...], Sequence[tuple[Any, ...]]], ...] = (
        ("facts.csv", ("fact", "value", "origin"), said),
        ("dates.csv", ("value", "basis", "kind", "meaning", "origin"), dates),
        ("tags.csv", ("group", "key", "value", "origin"), tags),
        ("traces.csv", ("trace", "reliability", "suggests", "seen", "source"), traces),
        ("findings.csv", ("check", "strength", "outcome", "summary", "limits", "base_rate"), findings),
    )
    text = json.dumps(container.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    written = [write_text(folder / "container.json", text + "\n")]
    return (*written, *(write_bytes(folder / name, _csv(head, rows)) for name, head, rows in tables))


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table in UTF-8 with a mark that spreadsheets need to see it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([harmless_cell(plain(str(cell))) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")
