"""Tables of a page that is read on any screen: a long one folded, one of several columns as short lists where it is narrow.

Both work on HTML that this package wrote: every tag is closed in its place, every attribute in double quotes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verikit._html import Html, element

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_ROWS", "folded", "stacked", "too_wide"]

# A table of more rows stands folded: its summary says how many there are.
MOST_ROWS = 40
# From this many columns on a table is wider than a telephone; from MANY on, than a printed page in letters of usual size;
# from TOO_MANY on it is a list of short lists on every screen.
SEVERAL, MANY, TOO_MANY = 3, 6, 10
_TABLE = re.compile(r"<(/?)table(?=[ >])[^>]*+>|<tr(?=[ >])|(</thead>)")
_CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)
_ROW = re.compile(r"<tr(?=[ >])[^>]*+>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd](?=[ >])")
_HEAD = re.compile(r"<thead>\s*<tr>(.*?)</tr>\s*</thead>", re.DOTALL)
_HEADING = re.compile(r"<th(?=[ >])[^>]*+>(.*?)</th>", re.DOTALL)
_TAG = re.compile(r"<[^>]*+>")


def folded(shown: Html) -> Html:
    """Our own HTML with each table of more than MOST_ROWS rows folded under a line that says its caption and rows."""
    parts: list[str] = []
    at = 0
    for start, end, rows in _outermost(shown):
        if rows > MOST_ROWS:
            parts += [shown[at:start], _fold(Html(shown[start:end]), rows=rows)]
            at = end
    return Html("".join([*parts, shown[at:]]))


def stacked(shown: Html) -> Html:
    """Our own HTML whose tables of several columns stand as lists on a narrow screen: each cell knows its heading.

    A table that is no plain grid under one row of headings stays as it is.
    """
    parts: list[str] = []
    at = 0
    for start, end, _ in _outermost(shown):
        parts += [shown[at:start], _labelled(shown[start:end])]
        at = end
    return Html("".join([*parts, shown[at:]]))


def too_wide(shown: Html) -> bool:
    """Whether it may have to be moved sideways: a table of many columns, or of several that does not stack."""
    tables = (shown[start:end] for start, end, _ in _outermost(shown))
    return any(
        not table.startswith('<table class="stacked always')
        and len(_CELL.findall(row[1])) > (MANY - 1 if table.startswith('<table class="stacked') else SEVERAL)
        for table in tables
        for row in _ROW.finditer(table)
    )


def _outermost(shown: str) -> Iterator[tuple[int, int, int]]:
    """Each table that lies in no other: where it begins and ends, and how many rows it has under its heading."""
    depth = rows = start = 0
    for match in _TABLE.finditer(shown):
        if match[1] is not None and not match[1]:
            depth += 1
            if depth == 1:
                start, rows = match.start(), 0
        elif match[1] and depth:
            depth -= 1
            if not depth:
                yield start, match.end(), rows
        elif depth == 1:
            # A heading's rows do not count.
            rows = 0 if match[2] else rows + 1


def _fold(table: Html, *, rows: int) -> Html:
    caption = _CAPTION.search(table)
    about = Html(_TAG.sub("", caption[1])) if caption else "Table"
    return element("details", element("summary", about, f": {rows} rows"), table, class_="long")


def _labelled(table: str) -> str:
    head = _HEAD.search(table)
    if head is None or not table.startswith("<table>") or "span=" in table or table.count("<table") > 1:
        return table
    names = [_TAG.sub("", name).replace('"', "&quot;") for name in _HEADING.findall(head[1])]
    body = list(_ROW.finditer(table, head.end()))
    if len(names) < SEVERAL or any(len(_CELL.findall(row[1])) != len(names) for row in body):
        return table
    look = "stacked always" if len(names) >= TOO_MANY else "stacked many" if len(names) >= MANY else "stacked"
    parts, at = [f'<table class="{look}">'], len("<table>")
    for row in body:
        for name, cell in zip(names, _CELL.finditer(table, row.start(1), row.end(1)), strict=True):
            parts += [table[at : cell.end()], f' data-label="{name}"']
            at = cell.end()
    return "".join([*parts, table[at:]])
