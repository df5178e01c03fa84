"""The tables of a case as files for other programs: what was derived, what was decided, and the journal."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit._files import safe_name
from verikit.records import FORMATS, Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from verikit.case.folder import Case

__all__ = ["export_case", "tables_of_case"]

# How deep a table may lie in a result: its own key, or one within another.
_DEEPEST = 3


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """One row of a table, as it was written down."""

    cells: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return dict(self.cells)


def export_case(case: Case, folder: Path, *, form: str = "csv") -> tuple[Path, ...]:
    """Write every table of a case to `folder`, each as NAME.csv, .json or .parquet (`form`); returns their paths.

    The case is not changed. See `Records.save` for the forms. Raises ValueError for another form, AuditError where the
    case's files are not as its journal says, and MissingToolError for "parquet" without pyarrow.
    """
    if form not in FORMATS:
        raise ValueError(f"format: one of {', '.join(FORMATS)}, not {form[:20]!r}")
    return tuple(
        table.save(folder / f"{safe_name(name)}.{form}") for name, table in tables_of_case(case).items() if len(table)
    )


def tables_of_case(case: Case) -> dict[str, Records[_Row]]:
    """The tables of a case by name: `journal`, `sub_claims`, `decisions`, and every table within what was derived.

    A table within a result is named for both: `keyframes_shots` are the shots of the result `keyframes`. Results of one
    form under one name, such as `observed/voice` and `observed/sign`, are the rows of a table of that name.
    """
    claim = case.claim
    found = {
        "journal": _table("journal", [entry.to_dict() for entry in case.entries]),
        "sub_claims": _table("sub_claims", [part.to_dict() for part in claim.sub_claims]),
        "decisions": _table("decisions", [decision.to_dict() for decision in case.decisions]),
    }
    results = {
        name: case.evidence(name) for name, thing in sorted(case.derived.items()) if thing.path.endswith(".json")
    }
    for name, value in results.items():
        found |= {key: _table(key, rows) for key, rows in _within(name, value, depth=_DEEPEST)}
    return found | {name: _table(name, rows) for name, rows in _alike(results)}


def _alike(results: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Results under one name with a stroke in it, if all have the same fields, as rows of one table."""
    named = {name: value for name, value in results.items() if "/" in name and isinstance(value, dict)}
    for group in dict.fromkeys(name.rpartition("/")[0] for name in named):
        rows = {name: value for name, value in named.items() if name.rpartition("/")[0] == group}
        if len({frozenset(value) for value in rows.values()}) == 1:
            yield group, [{"name": name.rpartition("/")[2]} | value for name, value in rows.items()]


def _within(name: str, value: Any, *, depth: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The lists of objects in a result, each by its path."""
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        yield name, value
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            # A row of values that shows itself as a table holds them under this key; it needs no name of its own.
            yield from _within(name if key == "records" else f"{name}_{key}", inner, depth=depth - 1)


def _table(name: str, rows: list[dict[str, Any]]) -> Records[_Row]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return Records([_Row(row) for row in rows], caption=name, columns=columns)
