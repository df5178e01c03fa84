"""The search kit's page: each still with its pictures and where to search with them. It asks for nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit.keyframes.engines import engines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit._html import Html

__all__ = ["search_page"]

# A picture is shown in a box of this size, in CSS pixels.
BOX_WIDTH, BOX_HEIGHT = 260, 240

PRIVACY = (
    "This page and its pictures lie on this machine. They ask for nothing from the network until you click a link. "
    "Uploading a picture sends it to a company, which may keep it, and which learns that someone is looking for it."
)
PEOPLE = (
    "Consider the people in the picture before you upload it: a victim, a child, a witness, someone whom being found "
    "would put at risk. If the search could harm them, leave it, or search with a copy from which you have cut them out."
)
OPEN = "Open an engine's page from the table below, or from the still's own line."
DRAG = "Drag the picture from this page into it, or choose the file from this folder."
# What a gentle page shows is not what to search with.
CHOOSE = (
    "Choose the file there that this page names under the still. Do not drag the picture shown: it is the gentle view."
)
STEPS = (
    "Search with the mirrored and the trimmed picture too: copies are often mirrored, cropped or framed anew.",
    "Look for the earliest result and archive it before you go on. A date on a page is what the page says, no proof.",
)
NOTHING = (
    "Nothing found is a result: write it down. It does not show that the footage is new; engines know a part of the web, "
    "and of videos mostly their cover pictures."
)


def search_page(stills: Sequence[Mapping[str, Any]], *, name: str, stills_beside: str, gentle: str, table: str) -> Html:
    """The page as HTML. `stills_beside` is the way from the page's folder to the stills'; `table` the file to fill in.

    A still has title, exact, reason, file, sha256, preview (a file or None), small, and pictures (variant, file,
    sha256, width, height, size).
    """
    body = [
        _html.element("h1", f"Search kit: {name}"),
        _html.element("p", _html.element("strong", "Nothing has been uploaded. "), PRIVACY),
        _html.element("p", PEOPLE),
        *([_html.element("p", _html.element("strong", "Gentle view. "), _gentle(gentle))] if gentle else []),
        _html.element("h2", "How to search"),
        _html.element(
            "ol",
            *(_html.element("li", step) for step in (OPEN, CHOOSE if gentle else DRAG, *STEPS)),
            _recording(table),
        ),
        _html.element("p", NOTHING),
        _html.element("h2", "Engines"),
        _html.element("div", _engines(), class_="wide"),
        _html.element("h2", f"Stills ({len(stills)})"),
        _html.element("p", "The most telling first: sharp, still, and standing for the most of the film."),
    ]
    if not stills:
        body.append(
            _html.element("p", "No still was worth choosing: the film shows nothing but plain or damaged pictures.")
        )
    for number, still in enumerate(stills, start=1):
        body += [_html.element("h3", f"{number}. {still['title']}"), *_still(still, stills_beside=stills_beside)]
    return _html.page(f"Search kit: {name}", *body, pictures=_html.BESIDE)


def _gentle(told: str) -> str:
    return f"{told} The files behind the links are unaltered: stills are evidence, and a search needs the picture as it is."


def _recording(table: str) -> Html:
    said = (
        " (one row for each still and engine; add a row for another picture): who searched, when, and found or nothing."
    )
    return _html.element("li", "Write down every search in ", _html.file_link(table, table), said)


def _engines() -> Html:
    rows = [
        (
            _html.outside_link(engine.page, engine.name),
            engine.how,
            engine.good_at,
            f"{engine.most_bytes / 1e6:.0f} MB" if engine.most_bytes else "not known",
            _html.join((_html.outside_link(source, _short(source)) for source in engine.sources), ", "),
        )
        for engine in engines()
    ]
    day = min(engine.checked for engine in engines()).isoformat()
    head = ("engine", "begin", "good at", "takes up to", "who says so")
    return _html.table(rows, head=head, caption=f"Where to upload. Read on {day}; engines change without telling.")


def _short(address: str) -> str:
    """Whose page it is: a site, or an owner and a repository."""
    site, *parts = address.removeprefix("https://").removeprefix("www.").split("/")
    return "/".join(parts[:2]) if site == "github.com" else site


def _still(still: Mapping[str, Any], *, stills_beside: str) -> list[Html]:
    pictures = still["pictures"]
    full = _html.file_link(f"{stills_beside}/{still['file']}", still["file"])
    first = pictures[0]
    parts = []
    shown: list[Html] = []
    if still["preview"] is None:
        shown = [_picture(p["file"], f"{still['title']}, {p['variant']}", shape=p) for p in pictures]
    else:
        parts.append(_html.element("p", _picture(still["preview"], f"{still['title']}, gentle view", shape=first)))
    rows = [
        *([("shown", *shown)] if shown else []),
        ("file", *(_html.file_link(p["file"], _html.element("code", p["file"])) for p in pictures)),
        ("size", *(f"{p['width']} x {p['height']}, {p['size'] / 1000:.0f} kB" for p in pictures)),
        ("SHA-256", *(_html.element("code", picture["sha256"]) for picture in pictures)),
    ]
    head = ("picture", *(picture["variant"] for picture in pictures))
    table = _html.table(rows, head=head, caption="To search with")
    links = _html.join((_html.outside_link(engine.page, engine.name) for engine in engines()), ", ")
    small = " This picture is small: engines may find little in it." if still["small"] else ""
    return [
        *parts,
        _html.element("div", table, class_="wide"),
        _html.element(
            "p", "Full size: ", full, f", {still['exact']}, SHA-256 ", _html.element("code", still["sha256"])
        ),
        _html.element("p", f"Chosen because: {still['reason']}.{small}"),
        _html.element("p", "Search in: ", links),
    ]


def _picture(path: str, alt: str, *, shape: Mapping[str, Any]) -> Html:
    scale = min(BOX_WIDTH / shape["width"], BOX_HEIGHT / shape["height"])
    return _html.picture_file(path, alt=f"Still at {alt}", width=max(1, round(shape["width"] * scale)))
