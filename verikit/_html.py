"""The only writer of HTML. Names and tags come from strangers: everything is escaped here and nowhere else.

What is written reads right with all CSS stripped: real tables with captions and scopes, headings, alt texts; no script,
no identifier, no outside reference, and a style sheet only around a whole page.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
from typing import TYPE_CHECKING

from verikit._files import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


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
pre, code { font: .875rem/1.45 ui-monospace, monospace } pre code { font-size: inherit }
pre { padding: .6em .8em; overflow-x: auto; background: var(--shade); color: var(--ink) }
code, td:nth-child(2):last-child { overflow-wrap: anywhere }
table { border-collapse: collapse; font-size: .925rem }
caption { padding: .3em 0; text-align: left; font-weight: 600 }
th, td { padding: .3em .7em .3em 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top }
thead th { color: var(--faint); font-weight: 600 }
img { max-width: 100%; height: auto; background: #fff; color: #1c1c1a }
summary { color: var(--faint); cursor: pointer }
.wide { overflow-x: auto } .wide th, .wide td { min-width: 5em } .outcome { font-size: 1.5rem; margin: .2em 0 }
@media (max-width: 44rem) {
  body { padding: .5rem .8rem 2rem } .wide table:has(th:nth-child(4)) { min-width: 44rem }
  .stacked, .stacked caption, .stacked tbody, .stacked tr, .stacked th, .stacked td { display: block }
  .stacked thead { display: none }
  .stacked tr { padding: .5em 0; border-top: 1px solid var(--line) }
  .stacked th, .stacked td { padding: .1em 0; border: 0 }
  .stacked th::before, .stacked td::before { content: attr(data-label) ": "; color: var(--faint); font-weight: 400 }
}
@page { size: A4; margin: 16mm 14mm }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --line: #aaa; --shade: #f4f4f0 }
  body { max-width: none; padding: 0; font-size: 10pt }
  h1, h2, h3, h4, h5, h6, caption, thead { break-after: avoid }
  img, figure, tr, blockquote { break-inside: avoid } img { max-height: 220mm }
  pre { overflow: visible; white-space: pre-wrap; overflow-wrap: anywhere }
  .wide { overflow: visible } .wide table { font-size: 7.5pt; min-width: 0 } .wide th, .wide td { min-width: 0 }
}
"""
# A browser that reads this loads nothing and runs nothing, whatever else should stand in the page.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title: str, *body: object, language: str = "en") -> Html:
    """A whole document: the fixed style sheet, a policy that forbids loading and running anything, and the body."""
    head = (
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="referrer" content="no-referrer">'),
        element("title", title),
        element("style", Html(_STYLE)),
    )
    whole = element("html", element("head", join(head)), "\n", element("body", "\n", join(body), "\n"), lang=language)
    return Html(f"<!DOCTYPE html>\n{whole}\n")


# ------------------------------------------------------------------------------------------------------- HTML from strangers

# More HTML than this in one piece is not read: a result of ours has some ten kilobytes.
MOST_HTML = 1_000_000
_MOST_DEPTH = 60
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset({"p", *_HEADINGS, "table", "ul", "ol", "dl", "pre", "blockquote", "details", "hr"})
# Where a tag opens, these end that stand open right around it: their end tags may be left out.
_ENDED_BY = {tag: {"p"} for tag in _BLOCKS} | {
    "li": {"p", "li"},
    "dt": {"p", "dt", "dd"},
    "dd": {"p", "dt", "dd"},
    "td": {"p", "td", "th"},
    "th": {"p", "td", "th"},
    "tr": {"p", "td", "th", "tr"},
    "tbody": {"p", "td", "th", "tr", "thead", "tbody"},
}
_KEPT = _ENDED_BY.keys() | {"em", "strong", "code", "caption", "thead", "summary", "br"}
# Dropped with all that stands in them, where browsers read no tags either.
_SILENT = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "template"})
# Tags that are dropped without a gap; at all others words would run into each other.
_WITHIN_WORDS = frozenset({"a", "b", "i", "u", "s", "span", "font", "small", "big", "sub", "sup", "mark", "kbd", "var"})
# Possessive throughout, so that reading takes time in step with the length. Python's own html.parser does not: some
# releases need minutes for a hundred kilobytes of "<a ".
_NAME = re.compile(r"[a-z][^\s/>]*+", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]++)))?""")
_PICTURE = re.compile(r"data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/\s]*+={0,2})\s*+", re.IGNORECASE)
# In a table, a word as long as a SHA-256 may be broken, or its column would push the others off the page.
_LONG = re.compile(r"\S{33,}+")
_FIRST_BYTES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def sanitised(given: str, *, under: int = 0, after: int = 0, pictures: Mapping[str, str] | None = None) -> Html:
    """HTML from a stranger with nothing left but text, plain structure and pictures that it holds itself.

    Kept are tags of a fixed list, each closed in its place, with no attribute but a few that are checked or written anew;
    of other tags the text stays, of scripts and style sheets nothing. Tables get a caption and scopes, pictures words, and
    an address stands as text behind its link. Headings come below level `under`, none more than one level below the one
    before it (`after` is the level of the last heading before this piece). `pictures` gives data URIs by the address that
    the HTML calls them by. Raises ValueError for more than MOST_HTML letters.
    """
    if len(given) > MOST_HTML:
        raise ValueError(f"HTML: {len(given)} letters; at most {MOST_HTML} are read")
    writer = _Writer(under=under, after=max(under, after), pictures=pictures or {})
    for kind, name, attributes in _tokens(given):
        if kind == "text":
            writer.words(name)
        elif kind == "start":
            writer.start(name, attributes)
        else:
            writer.end(name)
    return writer.whole()


def picture(code: str, *, mime: str, alt: str) -> Html | None:
    """A picture from base64 that a stranger gives; None where it is not a PNG or JPEG as it says."""
    try:
        data = base64.b64decode("".join(code.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if mime not in _FIRST_BYTES or not data.startswith(_FIRST_BYTES[mime]):
        return None
    return image(data, mime=mime, alt=alt.strip() or "a picture without a description")


def _tokens(given: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The pieces of an HTML text in its order: ("text", words, {}), ("start", tag, attributes) and ("end", tag, {}).

    Read once from the left, as browsers do; what only looks like a tag is text.
    """
    at = 0
    while at < len(given):
        opening = given.find("<", at)
        stop = len(given) if opening < 0 else opening
        if stop > at:
            yield "text", _unescaped(given[at:stop]), {}
        if opening < 0:
            return
        rest = given[opening + 1 : opening + 2]
        if rest in {"!", "?"}:
            mark = "-->" if given.startswith("<!--", opening) else ">"
            found = given.find(mark, opening + 2)
            at = len(given) if found < 0 else found + len(mark)
            continue
        name = _NAME.match(given, opening + (2 if rest == "/" else 1))
        if name is None:
            yield "text", "<", {}
            at = opening + 1
            continue
        tag = name[0].lower()
        attributes, at = _attributes(given, name.end())
        if rest == "/":
            yield "end", tag, {}
        elif tag in _SILENT:
            closing = re.compile(rf"</{tag}(?=[\s/>])[^>]*+>?", re.IGNORECASE).search(given, at)
            at = len(given) if closing is None else closing.end()
            if tag == "script":
                yield "text", " [a script was left out] ", {}
        else:
            yield "start", tag, attributes


def _attributes(given: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of the tag whose name ends at `at`, the first of each name, and the place behind the tag."""
    found: dict[str, str] = {}
    while match := _ATTRIBUTE.match(given, at):
        value = next((part for part in match.groups()[1:] if part is not None), "")
        found.setdefault(match[1].lower(), _unescaped(value))
        at = match.end()
    end = given.find(">", at)
    return found, len(given) if end < 0 else end + 1


def _unescaped(value: str) -> str:
    # A tab is no hidden letter, and Python refuses numbers of thousands of digits.
    try:
        return html.unescape(value).expandtabs(4)
    except ValueError:
        return value.expandtabs(4)


class _Writer:
    """Writes the tags that may stay, each closed in its place, and everything else as text."""

    def __init__(self, *, under: int, after: int, pictures: Mapping[str, str]) -> None:
        self._parts: list[Html] = []
        # Tags as they were given and as they are written (headings change their level).
        self._open: list[tuple[str, str]] = []
        self._under, self._level, self._pictures = under, after, pictures
        self._no_caption = False
        self._link, self._start = "", 0

    def words(self, words: str) -> None:
        words, at = words.replace("\r\n", "\n").replace("\r", "\n"), 0
        if any(given == "table" for given, _ in self._open):
            for match in _LONG.finditer(words):
                pieces = [match[0][start : start + 16] for start in range(0, len(match[0]), 16)]
                self._parts += [text(words[at : match.start()]), join(pieces, "<wbr>")]
                at = match.end()
        self._parts.append(text(words[at:]))

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "a":
            self._link, self._start = attributes.get("href", ""), len(self._parts)
        elif tag == "img":
            self._image(attributes)
        elif tag in _KEPT and len(self._open) < _MOST_DEPTH:
            self._open_tag(tag, attributes)
        elif tag not in _WITHIN_WORDS:
            self._parts.append(Html("\n"))

    def end(self, tag: str) -> None:
        if tag == "a":
            self._address()
        elif any(tag == given for given, _ in self._open):
            while self._close() != tag:
                pass
        elif tag not in _WITHIN_WORDS:
            self._parts.append(Html("\n"))

    def whole(self) -> Html:
        while self._open:
            self._close()
        return join(self._parts, "")

    def _open_tag(self, tag: str, attributes: Mapping[str, str]) -> None:
        while self._open and self._open[-1][0] in _ENDED_BY.get(tag, ()):
            self._close()
        self._caption_before(tag)
        if tag in {"br", "hr"}:
            self._parts.append(Html(f"<{tag}>"))
            return
        written = tag
        if tag in _HEADINGS:
            self._level = min(6, self._level + 1, self._under + int(tag[1]))
            written = f"h{self._level}"
        self._no_caption = tag == "table"
        self._open.append((tag, written))
        self._parts.append(Html(f"<{written}{self._checked(tag, attributes)}>"))

    def _checked(self, tag: str, attributes: Mapping[str, str]) -> str:
        """The attributes that a tag keeps, as they are written."""
        if tag == "details":
            return ' open="open"' if "open" in attributes else ""
        if tag not in {"th", "td"}:
            return ""
        spans = [
            f' {name}="{int(attributes[name])}"'
            for name in ("colspan", "rowspan")
            if re.fullmatch(r"[1-9][0-9]{0,2}", attributes.get(name, ""), re.ASCII)
        ]
        if tag == "th":
            columns = any(given == "thead" for given, _ in self._open)
            scope = attributes.get("scope", "")
            known = scope if scope in {"col", "row", "colgroup", "rowgroup"} else "col" if columns else "row"
            spans.append(f' scope="{known}"')
        return "".join(spans)

    def _caption_before(self, tag: str) -> None:
        """A table's caption where it comes without one."""
        if self._no_caption and tag != "caption":
            self._parts.append(element("caption", "Table"))
        self._no_caption = False

    def _close(self) -> str:
        given, written = self._open.pop()
        if given == "table":
            self._caption_before("")
        self._parts.append(Html(f"</{written}>"))
        return given

    def _address(self) -> None:
        """The address of a link, as text, where its words do not already say it."""
        link, self._link = self._link, ""
        if link.lower().startswith(("http://", "https://")) and text(link) not in join(self._parts[self._start :], ""):
            self.words(f" ({link})")

    def _image(self, attributes: Mapping[str, str]) -> None:
        alt, source = attributes.get("alt", ""), attributes.get("src", "")
        source = self._pictures.get(urllib.parse.unquote(source), source)
        match = _PICTURE.fullmatch(source)
        shown = None if match is None else picture(match[2], mime=match[1].lower(), alt=alt)
        self._parts.append(text(f"[picture left out: {alt or 'no description'}]") if shown is None else shown)
