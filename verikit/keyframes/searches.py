"""The record of searches that people make outside: a table that they fill in, and its strict reading.

The table is a CSV file that opens in any spreadsheet. What a person wrote in it is never lost: it is merged into the next
table, and a file that cannot be read as the table is left as it is.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import re
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import FORMULA, harmless_cell, plain, write_bytes
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["OUTCOMES", "Search", "Searches", "read_searches", "update_searches"]

OUTCOMES = ("found", "nothing", "not searched")
# No table that a person fills in is larger; a larger file is not read.
MOST_BYTES, MOST_ROWS = 8_000_000, 50_000
# Tables beside each other, when those that are there cannot be read.
MOST_TABLES = 100
SHOWN = ("still", "variant", "engine", "searched_by", "searched_at", "outcome", "earliest_result_url")

_PART_OF_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search with one picture in one engine, as the person who made it wrote it down.

    `outcome` is found, nothing or not searched. Dates are ISO 8601; `earliest_result_date` is what the result says of
    itself, a claim, and may be only a year or a month.
    """

    still: str
    variant: str
    engine: str
    searched_by: str = ""
    searched_at: str = ""
    outcome: str = "not searched"
    earliest_result_url: str = ""
    earliest_result_date: str = ""
    archived_copy: str = ""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The search as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**data)

    @property
    def untouched(self) -> bool:
        """Whether nobody has written in this row."""
        return self == Search(still=self.still, variant=self.variant, engine=self.engine)

    def problems(self) -> tuple[str, ...]:
        """What is missing or not of its form, a sentence each."""
        told = []
        if not self.still or not self.engine:
            told.append("still and engine must be filled in")
        if self.outcome not in OUTCOMES:
            told.append(f"outcome: {', '.join(OUTCOMES)}, not {plain(self.outcome)[:40]!r}")
        elif self.outcome != "not searched":
            if not self.searched_by:
                told.append("searched_by: say who searched")
            if not _is_moment(self.searched_at):
                told.append(f"searched_at: a day such as 2024-11-05, not {plain(self.searched_at)[:40]!r}")
        if self.outcome == "found" and not self.earliest_result_url:
            told.append("earliest_result_url: found, but where?")
        for name in ("earliest_result_url", "archived_copy"):
            address = getattr(self, name)
            if address and not address.startswith(("http://", "https://")):
                told.append(f"{name}: an address that begins with https://, not {plain(address)[:40]!r}")
        date = self.earliest_result_date
        if date and not (_PART_OF_DATE.fullmatch(date) or _is_moment(date)):
            told.append(f"earliest_result_date: 2024, 2024-11 or 2024-11-05, not {plain(date)[:40]!r}")
        return tuple(told)


COLUMNS = tuple(field.name for field in dataclasses.fields(Search))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Searches:
    """The searches that were made, and how many rows of the table were not searched."""

    made: Records[Search]
    not_searched: int

    def to_dict(self) -> dict[str, Any]:
        """The searches as JSON."""
        return {"searches": [search.to_dict() for search in self.made], "not_searched": self.not_searched}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        if len(self.made):
            bundle = self.made._repr_mimebundle_()
            return mimebundle(self, plain_text=bundle["text/plain"], html=_html.Html(bundle["text/html"]))
        told = f"No search outside is recorded ({self.not_searched} rows of the table are still to be filled in)."
        return mimebundle(self, plain_text=told, html=_html.element("p", told))


def read_searches(data: bytes, *, name: str = "searches.csv") -> Searches:
    """The searches in a filled-in table. Raises ValueError that names every row that is not as it should be."""
    told = []
    searches = []
    for number, cells in _table(data, name=name).rows:
        search = Search(**{column: cells.get(column, "") for column in COLUMNS})
        outcome = " ".join(search.outcome.split()).lower() or "not searched"
        searches.append(search := dataclasses.replace(search, outcome=outcome))
        told += [f"row {number}: {problem}" for problem in search.problems()]
    if told:
        more = f"; and {len(told) - 20} more" if len(told) > 20 else ""
        raise ValueError(f"{name}: {'; '.join(told[:20])}{more}")
    made = [search for search in searches if search.outcome != "not searched"]
    found = sum(search.outcome == "found" for search in made)
    left = len(searches) - len(made)
    caption = f"Searches outside: {found} found something, {len(made) - found} found nothing, {left} not made"
    return Searches(made=Records(made, caption=caption, columns=SHOWN), not_searched=left)


def update_searches(path: Path, *, stills: Sequence[str], engines: Iterable[str]) -> Path:
    """The table at `path` with a row to fill in for each still in each engine; what people wrote in it stays.

    Rows that nobody touched are made anew; all others stay as they are, columns that a person added included. A file
    there that cannot be read as the table is left alone, and the new one is written beside it as searches_2.csv and so
    on. Returns the path of the table.
    """
    wanted = [(still, engine) for still in stills for engine in engines]
    path, old, table = _free(path)
    kept = [cells for _, cells in table.rows if not _untouched(cells)]
    done = {(cells["still"], cells["engine"]) for cells in kept}
    fresh = [
        Search(still=still, variant="plain", engine=engine).to_dict()
        for still, engine in wanted
        if (still, engine) not in done
    ]
    place = {pair: number for number, pair in enumerate(wanted)}
    # What a person wrote stands where its row stood; rows of stills that were not chosen this time come last.
    every = sorted(kept + fresh, key=lambda cells: place.get((cells["still"], cells["engine"]), len(place)))
    text = io.StringIO()
    writer = csv.DictWriter(text, table.columns, restval="", delimiter=table.mark)
    writer.writeheader()
    writer.writerows({name: harmless_cell(cell) for name, cell in cells.items()} for cells in every)
    # The mark at the start makes spreadsheets read UTF-8.
    data = text.getvalue().encode("utf-8-sig")
    return path if data == old else write_bytes(path, data)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Rows with their numbers, the columns in their order, and what stands between cells."""

    rows: tuple[tuple[int, dict[str, str]], ...] = ()
    columns: tuple[str, ...] = COLUMNS
    mark: str = ","


def _free(path: Path) -> tuple[Path, bytes, _Table]:
    """The first of PATH, PATH_2 and so on that is not there or can be read, its bytes and what they hold."""
    for number in range(1, MOST_TABLES):
        place = path if number == 1 else path.with_name(f"{path.stem}_{number}{path.suffix}")
        if not place.exists():
            return place, b"", _Table()
        data = place.read_bytes()
        try:
            return place, data, _table(data, name=place.name)
        except ValueError:
            continue
    raise FileExistsError(f"{path}: {MOST_TABLES - 1} tables that cannot be read are in the way; move them elsewhere")


def _table(data: bytes, *, name: str) -> _Table:
    """The table in a file's bytes. Raises ValueError where it is none."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"{name}: {len(data)} bytes; a table of searches has at most {MOST_BYTES}")
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: not UTF-8 text; save it as CSV in UTF-8") from error
    first = text.split("\n", 1)[0]
    # Spreadsheets write what their country uses between cells.
    mark = max(",;\t", key=first.count)
    try:
        lines = list(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=mark), start=1))
    except csv.Error as error:
        raise ValueError(f"{name}: not a table of comma-separated values: {plain(str(error))}") from error
    columns = tuple(cell.strip() for cell in lines[0][1]) if lines else ()
    missing = [column for column in COLUMNS if column not in columns]
    if missing or len(set(columns)) != len(columns):
        raise ValueError(f"{name}: its first row must name each column once; not there: {', '.join(missing) or 'none'}")
    if len(lines) > MOST_ROWS:
        raise ValueError(f"{name}: {len(lines)} rows; a table of searches has at most {MOST_ROWS}")
    wide = [number for number, row in lines if any(cell.strip() for cell in row[len(columns) :])]
    if wide:
        raise ValueError(f"{name}: row {wide[0]} has more cells than the first row has columns")
    filled = [(number, row + [""] * len(columns)) for number, row in lines[1:] if any(cell.strip() for cell in row)]
    rows = tuple((number, {c: _meant(cell) for c, cell in zip(columns, row, strict=False)}) for number, row in filled)
    return _Table(rows=rows, columns=columns, mark=mark)


def _untouched(cells: Mapping[str, str]) -> bool:
    known = Search(**{column: cells.get(column, "") for column in COLUMNS})
    more = any(cell for name, cell in cells.items() if name not in COLUMNS)
    return known.untouched and known.variant == "plain" and not more


def _meant(cell: str) -> str:
    """What a cell says, without the apostrophe that makes it harmless."""
    cell = cell.strip(" ")
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA, "'")) else cell


def _is_moment(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text
