"""The nouns that every wing shares: Span, Outcome, Finding, and Records that show themselves as a table."""

from __future__ import annotations

import contextlib
import contextvars
import csv
import dataclasses
import enum
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload

from verikit import _html
from verikit._files import harmless_cell, plain, write_text, written_aside
from verikit.errors import MissingToolError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = [
    "FORMATS",
    "RESULT_MIME",
    "Finding",
    "Outcome",
    "Records",
    "Shown",
    "Span",
    "mimebundle",
    "texts_are_whole",
    "whole_texts",
]

RESULT_MIME = "application/vnd.verikit.result.v1+json"
# What a table can be saved as.
FORMATS = ("csv", "json", "parquet")


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time [start, end) in seconds from the first presented video frame."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.end)) or self.end < self.start:
            raise ValueError(f"Span: start and end must be finite and in order, not {self.start}, {self.end}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def __contains__(self, time: float) -> bool:
        return self.start <= time < self.end

    def overlap(self, other: Span) -> float:
        """Seconds that both spans hold."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def to_list(self) -> list[float]:
        """[start, end] to the microsecond, as JSON writes it."""
        return [round(self.start, 6), round(self.end, 6)]

    @classmethod
    def from_list(cls, pair: Sequence[float]) -> Self:
        """The inverse of `to_list`."""
        start, end = pair
        return cls(float(start), float(end))

    def __str__(self) -> str:
        return f"{timecode(self.start)} to {timecode(self.end)}"


def timecode(seconds: float) -> str:
    """Seconds as people read them on a time line: 0:04.360, 1:02:03.500; a minus sign before the first frame."""
    sign = "-" if seconds < 0 else ""
    whole = round(abs(seconds) * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
    return f"{sign}{hours}:{minutes:02d}:{tail}" if hours else f"{sign}{minutes}:{tail}"


class Outcome(enum.StrEnum):
    """What a check came to. There is no 'fake' and no 'real' here: people judge."""

    ANOMALY = "anomaly"
    NONE_FOUND = "none_found"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"


class Shown(Protocol):
    """A value that can write itself down: `to_dict` for machines, `summary_rows` for people."""

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON."""


# What an output of a notebook holds at most: lines of plain text, and rows of a table. GitHub and nbviewer fail to show
# notebooks of several megabytes; a film of two hours has thousands of shots.
MOST_LINES, MOST_SHOWN = 20, 200
_WHOLE = contextvars.ContextVar("whole texts", default=False)


@contextlib.contextmanager
def whole_texts() -> Iterator[None]:
    """While the block lasts, plain texts of results are whole, however many lines they have: a terminal can scroll."""
    token = _WHOLE.set(True)
    try:
        yield
    finally:
        _WHOLE.reset(token)


def texts_are_whole() -> bool:
    """Whether whoever asks for a text now wants all of it."""
    return _WHOLE.get()


def mimebundle(value: Shown, *, plain_text: str, html: _html.Html) -> dict[str, Any]:
    """The three forms in which a result shows itself in a notebook: text, HTML, and JSON (the source of truth).

    A text of many lines says how many more there are; `print` shows all of it.
    """
    kind, lines = type(value).__name__, plain_text.split("\n")
    if len(lines) > MOST_LINES and not texts_are_whole():
        shown = MOST_LINES - 1
        plain_text = "\n".join([*lines[:shown], f"... {len(lines) - shown} more lines: print() shows all"])
    shown_html = str(_html.from_the_left(html))
    return {"text/plain": plain_text, "text/html": shown_html, RESULT_MIME: {"kind": kind, "value": value.to_dict()}}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check saw. Never a verdict.

    `limits` says what the finding suggests and what it does not prove; `measures` are the numbers it rests on.
    """

    check: str
    outcome: Outcome
    summary: str
    limits: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    span: Span | None = None
    measures: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The finding as the contract's FINDING."""
        return {
            "check": self.check,
            "params": dict(self.params),
            "outcome": self.outcome.value,
            "summary": self.summary,
            "span": None if self.span is None else self.span.to_list(),
            "measures": dict(self.measures),
            "limits": self.limits,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError for a missing field and ValueError for an unknown outcome."""
        return cls(
            check=data["check"],
            params=dict(data["params"]),
            outcome=Outcome(data["outcome"]),
            summary=data["summary"],
            span=None if data["span"] is None else Span.from_list(data["span"]),
            measures=dict(data["measures"]),
            limits=data["limits"],
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(name.replace("_", " "), value) for name, value in self.to_dict().items()]
        text = "\n".join(f"{name}: {plain(str(value))}" for name, value in rows)
        return mimebundle(self, plain_text=text, html=_html.definition(rows, caption=f"Finding: {self.check}"))


T = TypeVar("T", bound=Shown)


class Records(Sequence[T]):
    """An immutable row of values of one kind that shows itself as a table.

    `columns` names the keys of `to_dict` that the table shows; `.to_frame()` gives all of them as a DataFrame.
    """

    __slots__ = ("_caption", "_columns", "_values")

    def __init__(self, values: Iterable[T], *, caption: str, columns: Sequence[str]) -> None:
        self._values: tuple[T, ...] = tuple(values)
        self._caption = caption
        self._columns = tuple(columns)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Records[T]: ...
    def __getitem__(self, index: int | slice) -> T | Records[T]:
        if isinstance(index, slice):
            return Records(self._values[index], caption=self._caption, columns=self._columns)
        return self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return self._text()

    def to_dict(self) -> dict[str, Any]:
        """All values under one key, as JSON."""
        return {"caption": self._caption, "records": [value.to_dict() for value in self._values]}

    def to_frame(self) -> pd.DataFrame:
        """A pandas DataFrame with a row for each value and a column for each key of its `to_dict`."""
        import pandas as pd  # noqa: PLC0415 - pandas takes longer to import than most verbs take to run

        return pd.DataFrame([value.to_dict() for value in self._values])

    def save(self, path: Path) -> Path:
        """Write all keys of all values to `path` as its ending says: .csv, .json or .parquet. Returns `path`.

        JSON is that of `to_dict`. In the other two, lists and objects are JSON texts. In CSV (UTF-8 with the mark that
        spreadsheets look for) a text that a spreadsheet would run as a formula gets an apostrophe before it, and hidden
        letters become a visible mark. Written aside and renamed. Raises ValueError for another ending, and
        MissingToolError where .parquet needs pyarrow, which is optional.
        """
        kind = path.suffix.lower().removeprefix(".")
        if kind not in FORMATS:
            raise ValueError(f"{path.name}: a table is saved as .csv, .json or .parquet")
        if kind == "json":
            return write_text(path, json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n")
        if kind == "csv":
            return write_text(path, _csv(self._flat(), head=self._keys()))
        return self._save_parquet(path)

    def _keys(self) -> list[str]:
        """The keys of all values, in the order in which they first stand; of no values, those that the table shows."""
        found = dict.fromkeys(name for value in self._values for name in value.to_dict())
        return list(found) or list(self._columns)

    def _flat(self) -> list[dict[str, Any]]:
        """All values as rows of plain numbers, texts and nothing; lists and objects as JSON texts."""
        return [{name: _flat(cell) for name, cell in value.to_dict().items()} for value in self._values]

    def _save_parquet(self, path: Path) -> Path:
        try:
            import pyarrow as pa  # noqa: PLC0415 - optional
            import pyarrow.parquet as pq  # noqa: PLC0415 - the same
        except ImportError as missing:
            raise MissingToolError("pyarrow: not installed; pip install 'verikit[parquet]'") from missing
        rows = self._flat()
        columns = {name: _one_kind([row.get(name) for row in rows]) for name in self._keys()}
        with written_aside(path) as aside:
            pq.write_table(pa.table(columns), aside)
        return path

    def _cells(self) -> list[list[str]]:
        return [[_cell(value.to_dict().get(name)) for name in self._columns] for value in self._values]

    def _text(self) -> str:
        if not self._values:
            return f"{self._caption}: none"
        lines = [[name.replace("_", " ") for name in self._columns], *self._cells()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self._columns))]
        written = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([f"{self._caption} ({len(self)})", *(line.rstrip() for line in written)])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        more = len(self) - MOST_SHOWN
        caption = f"{self._caption} ({len(self)}{f', the first {MOST_SHOWN} shown; .to_frame() has all' * (more > 0)})"
        head = [name.replace("_", " ") for name in self._columns]
        few = self if more <= 0 else self[:MOST_SHOWN]
        shown = (
            _html.table(self._cells()[:MOST_SHOWN], head=head, caption=caption)
            if self._values
            else _html.element("p", f"{self._caption}: none")
        )
        bundle = mimebundle(few, plain_text=self._text(), html=shown)
        if more > 0:
            bundle[RESULT_MIME]["value"]["more"] = more
        return bundle


def _flat(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def _one_kind(values: Sequence[object]) -> Sequence[object]:
    """The values of a column of a Parquet file, which has one kind: numbers as such, else texts where kinds differ."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(str(value)) for value in values]
    if len(kinds) <= 1:
        return values
    return [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]


def _csv(rows: Iterable[Mapping[str, object]], *, head: Sequence[str]) -> str:
    """A table for spreadsheets: with the mark by which they know UTF-8, and no text that they would run."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([harmless_cell(plain(name)) for name in head])
    for row in rows:
        cells = (row.get(name) for name in head)
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue()


def _harmless(cell: str) -> str:
    return harmless_cell("\n".join(map(plain, cell.split("\n"))))


def _cell(value: object) -> str:
    """One value as short text: floats to the millisecond, lists joined, hidden letters made visible."""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}={_cell(item)}" for name, item in value.items())
    return "" if value is None else plain(str(value))
