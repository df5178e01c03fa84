"""What the report is put together from: sections, paragraphs, tables. All of it is written by `_html`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit import _html
from verikit.case.sanitising import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from verikit._html import Html

__all__ = ["code", "lines", "paragraph", "section", "table", "table_by"]


def section(title: str, *parts: object) -> Html:
    """A part of the page under a heading of level 2."""
    return _html.element("section", _html.element("h2", title), "\n", _html.join(parts))


def paragraph(*parts: object) -> Html:
    """A paragraph."""
    return _html.element("p", *parts)


def code(words: str) -> Html:
    """Names, digests and addresses: words that are to be read letter by letter."""
    return _html.element("code", words)


def lines(words: str) -> Html:
    """Text whose line ends stay line ends, also without a style sheet. Which way it runs follows from its letters."""
    return _html.join((line.rstrip("\r") for line in words.split("\n")), "<br>\n")


def table(rows: Iterable[Sequence[object]], *, head: Sequence[str], caption: str) -> Html:
    """A table whose rows stand as short lists on a narrow screen; the first cell is the row's heading."""
    written = [
        _html.element(
            "tr",
            *(
                _html.element("th", cell, scope="row", data_label=name)
                if name == head[0]
                else _html.element("td", cell, data_label=name)
                for name, cell in zip(head, row, strict=True)
            ),
        )
        for row in rows
    ]
    top = _html.element("tr", *(_html.element("th", name, scope="col") for name in head))
    body = _html.element("tbody", _html.join(["", *written, ""]))
    parts = (_html.element("caption", caption), _html.element("thead", top), body)
    return folded(_html.element("table", *parts, class_="stacked"))


def table_by(rows: Sequence[Sequence[object]], *, head: Sequence[str], caption: str) -> Html:
    """A table whose last column says who; without that column where nobody said."""
    if not any(row[-1] for row in rows):
        rows, head = [row[:-1] for row in rows], head[:-1]
    return table(rows, head=head, caption=caption)
