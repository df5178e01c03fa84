"""What the report is put together from: sections, paragraphs, tables. All of it is written by `_html`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit import _html
from verikit.case.tables import folded, stacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from verikit._html import Html

__all__ = ["bdi", "code", "lines", "moment", "moment_words", "paragraph", "section", "table", "table_by"]


def section(place: str, title: str, *parts: object) -> Html:
    """A part of the page under a heading of level 2, to which `#place` leads."""
    return _html.element("section", _html.element("h2", title, id_=place), "\n", _html.join(parts))


def paragraph(*parts: object) -> Html:
    """A paragraph."""
    return _html.element("p", *parts)


def code(words: str) -> Html:
    """Names, digests and addresses: words that are to be read letter by letter."""
    return _html.element("code", words)


def moment(time: str) -> Html:
    """A time of the journal as people read it, to the second, in UTC; its day and its clock stay whole."""
    return _html.join([_html.element("span", part, class_="whole") for part in moment_words(time).split(" ", 1)], " ")


def moment_words(time: str) -> str:
    """A time of the journal to the second, in UTC, as plain words."""
    return f"{time[:10]} {time[11:19]} UTC"


def lines(words: str) -> Html:
    """Text whose line ends stay line ends, also without a style sheet. Which way it runs follows from its letters."""
    return bdi(_html.join((line.rstrip("\r") for line in words.split("\n")), "<br>\n"))


def bdi(words: object) -> Html:
    """A stranger's words in a line of ours: which way they run changes nothing around them."""
    return _html.element("bdi", words)


def table(rows: Iterable[Sequence[object]], *, head: Sequence[str], caption: str) -> Html:
    """A table whose rows stand as short lists on a narrow screen; the first cell is the row's heading."""
    return folded(stacked(_html.table(rows, head=head, caption=caption)))


def table_by(rows: Sequence[Sequence[object]], *, head: Sequence[str], caption: str) -> Html:
    """A table whose last column says who; without that column where nobody said."""
    if not any(row[-1] for row in rows):
        rows, head = [row[:-1] for row in rows], head[:-1]
    return table(rows, head=head, caption=caption)
