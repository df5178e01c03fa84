"""The evidence of a case on the report's page: every derived file in a table, and the way from a decision to it.

Where the page shows a picture, the picture and its row lead to each other.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit.case.auditing import redacted_of
from verikit.case.derived import derived_of, withdrawn_of
from verikit.case.leaving_out import LeftOut
from verikit.case.pieces import code, paragraph, section, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit._html import Html
    from verikit.case.derived import Derived
    from verikit.case.journal import Entry

__all__ = ["Places", "evidence_html"]


@dataclasses.dataclass(slots=True, kw_only=True)
class Places:
    """Where things stand on one page: rows of derived things and notebooks by name.

    `pictures` are the derived things by their SHA-256; `shown` the numbers of those that the page shows as pictures;
    `left_out` is what the page leaves out, and `notes` the words of notes that are.
    """

    rows: Mapping[str, str]
    notebooks: Mapping[str, str]
    pictures: Mapping[str, Derived]
    left_out: LeftOut
    notes: Sequence[str]
    redacted: Mapping[str, Mapping[str, Any]]
    shown: dict[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, entries: Sequence[Entry], *, notebooks: Sequence[str]) -> Self:
        """The places of a page that shows these notebooks, in their order, and a row for everything derived."""
        ordered = sorted(derived_of(entries).values(), key=lambda thing: thing.path)
        left_out = LeftOut.of(entries)
        return cls(
            rows={thing.name: f"evidence-{number}" for number, thing in enumerate(ordered, start=1)},
            notebooks={name: f"step-{number}" for number, name in enumerate(notebooks, start=1)},
            pictures={thing.sha256: thing for thing in ordered},
            left_out=left_out,
            notes=[str(entry.body.get("text", "")) for entry in entries if entry.seq in left_out.notes],
            redacted=redacted_of(entries),
        )

    def row(self, name: str) -> Html:
        """The name of something derived, leading to its row where there is one."""
        return _html.jump(self.rows[name], code(name)) if name in self.rows else code(name)

    def figure(self, picture: Html, sha256: str) -> Html:
        """A picture as a figure. One that is kept in the case has a number and says as which file."""
        if sha256 not in self.pictures:
            return _html.element("figure", picture)
        here = {} if sha256 in self.shown else {"id_": f"picture-{len(self.shown) + 1}"}
        number = self.shown.setdefault(sha256, len(self.shown) + 1)
        kept = self.row(self.pictures[sha256].name)
        return _html.element(
            "figure", picture, _html.element("figcaption", f"Picture {number}, kept in the case as ", kept), **here
        )

    def stand_in(self, reason: str, sha256: str) -> Html:
        """What stands where the analyst left something out: that it was, why, and what it was by its SHA-256."""
        kept = [self.row(self.pictures[sha256].name), ", "] if sha256 in self.pictures else []
        words = f"[Left out by the analyst: {reason}. "
        return _html.element("p", words, *kept, "SHA-256 ", code(sha256), "]", class_="left-out")

    def picture(self, sha256: str) -> Html:
        """The way to a picture that the page shows."""
        return _html.jump(f"picture-{self.shown[sha256]}", f"picture {self.shown[sha256]}")

    def pictures_of(self, name: str) -> list[Html]:
        """The ways to the pictures of a result that the page shows: its own file, or those kept under its name."""
        named = {thing.sha256 for thing in self.pictures.values() if f"{thing.name}/".startswith(f"{name}/")}
        return [self.picture(sha256) for sha256 in self.shown if sha256 in named]


def evidence_html(entries: Sequence[Entry], places: Places) -> Html:
    """The section of evidence: each derived file with its digest, how it was made, and where this page shows it."""
    derived = derived_of(entries)
    gone = [code(name) for name in sorted(withdrawn_of(entries))]
    why = "Withdrawn, as a later run of the same notebook did not derive it again: "
    lost = [paragraph(why, _html.join(gone, ", "), ".")] if gone else []
    if not derived:
        return section("evidence", "Evidence", paragraph("Nothing was derived from the file."), *lost)
    rows = [
        (
            _html.element("span", _name(thing), id_=places.rows[thing.name]),
            _html.join([code(thing.path), f"{thing.size} bytes", code(thing.sha256)], "<br>\n"),
            _made(thing),
            _shown(thing, places),
        )
        for thing in sorted(derived.values(), key=lambda thing: thing.path)
    ]
    head = ("name", "file, size, SHA-256", "how it was made", "where it is shown")
    said = "Every file that was derived, as the journal's latest entry tells of it. They lie in the case's package, but for those left out."
    return section("evidence", "Evidence", paragraph(said), table(rows, head=head, caption="Derived files"), *lost)


def _name(thing: Derived) -> Html:
    return _html.join([code(thing.name), f" ({thing.kind})" if thing.kind != thing.operation else ""], "")


def _made(thing: Derived) -> Html:
    parents = ", ".join(name for name, _ in thing.parents) or "nothing named"
    given = [f"{key}: {value}" for key, value in thing.arguments.items() if value not in ("", None)]
    return _html.join([f"{thing.operation}, from {parents}", *given], "<br>\n")


def _shown(thing: Derived, places: Places) -> Html:
    if thing.sha256 in places.left_out.pictures:
        return _html.text(f"left out by the analyst: {places.left_out.pictures[thing.sha256]}")
    if thing.sha256 in places.shown:
        return places.picture(thing.sha256)
    notebook = thing.notebook.removeprefix("notebooks/")
    if notebook in places.notebooks:
        return _html.join(["made in ", _html.jump(places.notebooks[notebook], code(notebook))], "")
    return _html.text(f"made in {notebook}" if notebook else "made by hand")
