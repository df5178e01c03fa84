"""What the report says of its own worth: the seal, how others check it, what that does not show, and what it was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit import _html
from verikit._files import sha256_bytes
from verikit.case.auditing import ENVIRONMENT
from verikit.case.derived import confined
from verikit.case.journal import strict_json
from verikit.case.pieces import code, paragraph, section
from verikit.case.verification import NOT_SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from verikit._html import Html
    from verikit.case.journal import Entry

__all__ = ["checking_html", "environment_html", "seal_html"]


def seal_html() -> Html:
    """The section on the seal string, with a place for it: the page is sealed itself and cannot hold it."""
    rows = [
        ("begins with", code("verikit-seal:1:sha256:")),
        ("is told by", _html.join([code("verikit seal"), ", when the package is made"], "")),
        ("was published at", "__________________________________________"),
    ]
    said = (
        "The seal string is the fingerprint of the whole package, this page included, and so it cannot stand in the page. "
        "Look for it where whoever gave you this page published it: in the article, in a post, in a letter."
    )
    return section("seal", "The seal", paragraph(said), _html.definition(rows, caption="The seal string"))


def checking_html(entries: Sequence[Entry]) -> Html:
    """The section on checking the package and this page with it, and what none of that shows."""
    steps = (
        ["Get the sealed package of this case, a zip that holds this report and everything that it speaks of."],
        ["Run ", code("verikit verify PACKAGE"), ". It works offline and answers with a line for each property."],
        [
            "Compare its seal string with the one that was published elsewhere: ",
            code("verikit verify PACKAGE --expect-seal STRING"),
            ".",
        ],
        [
            f"This report was made of the first {len(entries)} entries of the journal; the hash of the last is ",
            code(entries[-1].hash),
            ". Where it is current, the package names the same two in ",
            code("bag-info.txt"),
            ".",
        ],
    )
    return section(
        "check",
        "How to check this report",
        _html.element("ol", *(_html.element("li", *step) for step in steps)),
        paragraph("Sealing shows whether something was changed afterwards. It does not show:"),
        _html.element("ul", *(_html.element("li", limit) for limit in NOT_SHOWN)),
    )


def environment_html(folder: Path, entries: Sequence[Entry]) -> Html:
    """The section on the environment of the last run, as far as the journal vouches for it."""
    start = next((entry.body for entry in reversed(entries) if entry.kind == "run-start"), None)
    if start is None:
        return section("environment", "Environment", paragraph("No notebook has run."))
    path = confined(folder, ENVIRONMENT)
    data = path.read_bytes() if path.is_file() else b"{}"
    digest = str(start.get("environment", ""))
    counted = ""
    if sha256_bytes(data) == digest:
        said = strict_json(data)
        found = said.get("distributions") if isinstance(said, dict) else None
        counted = f", {len(found)} distributions" if isinstance(found, list) else ""
    line = f"Python {start.get('python', '')}, verikit {start.get('verikit', '')}{counted}; "
    return section(
        "environment", "Environment", paragraph(line, code(ENVIRONMENT), " has the SHA-256 ", code(digest), ".")
    )
