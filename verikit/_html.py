"""The only writer of HTML. Names and tags come from strangers: everything is escaped here and nowhere else.

What is written reads right with all CSS stripped: real tables with captions and scopes, headings, alt texts; no script,
no outside reference; a style sheet, and names of places to jump to, only in a whole page.
"""

from __future__ import annotations

import base64
import html
import re
import urllib.parse
from typing import TYPE_CHECKING

from verikit._files import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A language as BCP 47 writes it, or near enough for a browser to take.
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_PLACE = re.compile(r"[a-z]+(-[a-z0-9]+)*", re.ASCII)
# A cell of a table that says nothing of its look.
_CELL = re.compile(r"<(t[hd])(?=[ >])(?![^>]* style=)")


class Html(str):
    """Text that is already HTML. Only this module makes it out of plain text."""

    __slots__ = ()


def text(value: object) -> Html:
    """`value` as escaped text; line feeds stay, other hidden letters become a visible mark. Html passes through."""
    if isinstance(value, Html):
        return value
    return Html("\n".join(html.escape(plain(line)) for line in str(value).split("\n")))


def element(tag: str, *children: object, **attributes: str) -> Html:
    """`<tag>children</tag>`; an attribute's trailing underline is dropped (`class_`), other underlines become dashes."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(plain(value))}"' for name, value in attributes.items()
    )
    return Html(f"<{tag}{written}>{''.join(text(child) for child in children)}</{tag}>")


def join(parts: Iterable[object], separator: str = "\n") -> Html:
    """The parts one after another."""
    return Html(separator.join(text(part) for part in parts))


def table(rows: Iterable[Sequence[object]], *, head: Sequence[str], caption: str) -> Html:
    """A table with a caption, column headings and, in each row, its first cell as the row's heading."""
    top = element("tr", *(element("th", name, scope="col") for name in head))
    body = [
        element("tr", *(element("th", c, scope="row") if i == 0 else element("td", c) for i, c in enumerate(row)))
        for row in rows
    ]
    return element("table", element("caption", caption), element("thead", top), element("tbody", *body))


def definition(pairs: Iterable[tuple[str, object]], *, caption: str) -> Html:
    """A two-column table of names and values."""
    return table(pairs, head=("what", "value"), caption=caption)


def details(summary: str, *children: object) -> Html:
    """A part that a reader may fold; it stands open, so that stripped of all behaviour it still reads."""
    return element("details", element("summary", summary), *children, open="open")


def image(data: bytes, *, mime: str, alt: str) -> Html:
    """A picture inside the page. `mime` is image/png or image/jpeg."""
    if mime not in {"image/png", "image/jpeg"}:
        raise ValueError(f"mime: image/png or image/jpeg, not {mime!r}")
    code = base64.b64encode(data).decode("ascii")
    return Html(f'<img src="data:{mime};base64,{code}" alt="{html.escape(plain(alt))}">')


def picture_file(path: str, *, alt: str, width: int) -> Html:
    """A picture in a file beside the page, shown `width` pixels wide. `path` is relative to the page."""
    return Html(f'<img src="{_beside(path)}" alt="{html.escape(plain(alt))}" width="{int(width)}">')


def file_link(path: str, *children: object) -> Html:
    """A link to a file beside the page. `path` is relative to the page."""
    return Html(f'<a href="{_beside(path)}">{"".join(text(child) for child in children)}</a>')


def outside_link(address: str, *children: object) -> Html:
    """A link that leaves this machine when a person clicks it, and does not tell where from. https only."""
    if not address.startswith("https://"):
        raise ValueError(f"address: https:// only, not {plain(address)[:80]!r}")
    return element("a", *children, href=address, rel="noreferrer noopener", target="_blank")


def jump(place: str, *children: object) -> Html:
    """A link to a place in the same page: to the element whose `id` is `place`."""
    if not _PLACE.fullmatch(place):
        raise ValueError(f"place: small letters, digits and dashes only, not {plain(place)[:80]!r}")
    return element("a", *children, href=f"#{place}")


def in_language(words: object, language: str, *, tag: str = "span") -> Html:
    """Words in a language (BCP 47, such as "ko"; others are left out): readers aloud and fonts need to know."""
    known = {"lang": language} if LANGUAGE.fullmatch(language) else {}
    return element(tag, words, dir="auto", **known)


def from_the_left(shown: Html) -> Html:
    """Our own HTML with the cells of its tables flush left: JupyterLab sets them flush right, sentences too."""
    return Html(_CELL.sub(r'<\1 style="text-align:left"', shown))


def _beside(path: str) -> str:
    """A relative path as an address; nothing in it can be read as a scheme or a host."""
    if path.startswith("/"):
        raise ValueError(f"path: relative to the page, not {plain(path)[:80]!r}")
    return html.escape(urllib.parse.quote(path, errors="surrogateescape"))


# --------------------------------------------------------------------------------------------------------------- a whole page

# Colours always as a pair, nothing told by colour alone. System fonts: a page asks for nothing from outside.
_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1c1a; --faint: #595955; --line: #c8c8c2; --shade: #f4f4f0 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #171819; --ink: #e9e7e3; --faint: #aaa9a3; --line: #4a4c4e; --shade: #222426 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.25rem 3rem; font: 1rem/1.55 system-ui, sans-serif;
  background: var(--paper); color: var(--ink); overflow-wrap: break-word }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.5em 0 .5em }
h1 { font-size: 1.8rem; margin-top: .5em } h2 { font-size: 1.4rem; padding-top: .6em; border-top: 2px solid var(--line) }
h3 { font-size: 1.15rem } h4, h5, h6 { font-size: 1rem }
p, ul, ol, dl, blockquote, pre, figure, table, details { margin: .6em 0 }
blockquote { padding: .4em 1em; border-left: .3rem solid var(--line); background: var(--shade); color: var(--ink) }
pre, code { font: .875rem/1.45 ui-monospace, monospace } pre code { font-size: inherit } th code { font-weight: 600 }
pre { padding: .6em .8em; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--shade); color: var(--ink) }
code, td:nth-child(2):last-child { overflow-wrap: anywhere }
table { border-collapse: collapse; font-size: .925rem }
caption { padding: .3em 0; text-align: left; font-weight: 600 }
th, td { padding: .3em .7em .3em 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top }
thead th { color: var(--faint); font-weight: 600 }
img { max-width: 100%; height: auto; background: #fff; color: #1c1c1a }
.left-out { padding: .6em .8em; border: 1px dashed; overflow-wrap: anywhere }
figcaption { font-size: .875rem; color: var(--faint) }
a { color: inherit; text-underline-offset: .15em } :focus-visible { outline: 3px solid; outline-offset: 2px }
:target { scroll-margin-top: 1rem; outline: 2px dashed; outline-offset: 4px }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none }
summary { color: var(--faint); cursor: pointer } .whole { white-space: nowrap }
.wide { overflow-x: auto } .wide th, .wide td { min-width: 5em } .outcome { font-size: 1.5rem; margin: .2em 0 }
.always, .always caption, .always tbody, .always tr, .always th, .always td { display: block }
.always thead { display: none }
.always tr { padding: .5em 0; border-top: 1px solid var(--line) }
.always th, .always td { padding: .1em 0; border: 0 } .always td:empty { display: none }
.always :is(th, td)[data-label]:not([data-label=""])::before { content: attr(data-label) ": "; color: var(--faint); font-weight: 400 }
@media (max-width: 44rem) {
  body { padding: .5rem .8rem 2rem } ul ul { padding-left: 1rem } ul ul ul ul { padding-left: .5rem }
  .stacked, .stacked caption, .stacked tbody, .stacked tr, .stacked th, .stacked td { display: block }
  .stacked thead { display: none }
  .stacked tr { padding: .5em 0; border-top: 1px solid var(--line) }
  .stacked th, .stacked td { padding: .1em 0; border: 0 } .stacked td:empty { display: none }
  .stacked :is(th, td)[data-label]:not([data-label=""])::before { content: attr(data-label) ": "; color: var(--faint); font-weight: 400 }
}
@page { margin: 16mm 14mm }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --line: #aaa; --shade: #f4f4f0; font-size: 10pt }
  body { max-width: none; padding: 0 } :target { outline: 0 }
  h1, h2, h3, h4, h5, h6, caption, thead { break-after: avoid } figcaption { break-before: avoid }
  img, figure, tr, blockquote, summary { break-inside: avoid } img { max-height: 200mm }
  nav, details:not([open], .long) { display: none }
  .long::details-content { content-visibility: visible; block-size: auto }
  table { font-size: 8.5pt } .many, .wide table { font-size: 7.5pt } .wide { overflow: visible } .wide th, .wide td { min-width: 0 }
}
"""
# A browser that reads this loads nothing and runs nothing, whatever else should stand in the page.
_POLICY = "default-src 'none'; img-src {}; style-src 'unsafe-inline'"
BESIDE = "'self' file:"


def page(title: str, *body: object, language: str = "en", pictures: str = "data:") -> Html:
    """A whole document: the fixed style sheet, a policy that forbids loading and running anything, and the body.

    `pictures` is where they may come from: inside the page, or with BESIDE from files beside it; never from elsewhere.
    """
    policy = _POLICY.format(pictures)
    head = (
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="referrer" content="no-referrer">'),
        element("title", title),
        element("style", Html(_STYLE)),
    )
    whole = element("html", element("head", join(head)), "\n", element("body", "\n", join(body), "\n"), lang=language)
    return Html(f"<!DOCTYPE html>\n{whole}\n")
