"""HTML from strangers, written anew: what a notebook's output may become on the report's page.

Only plain structure, checked pictures and text are left. What is written here goes through `_html`, which escapes it.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
from typing import TYPE_CHECKING

from verikit._html import LANGUAGE, Html, element, image, join, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["MOST_HTML", "picture", "sanitised"]

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
_KEPT = _ENDED_BY.keys() | {"em", "strong", "code", "caption", "thead", "summary", "br", "span"}
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


def _said_in(attributes: Mapping[str, str]) -> list[str]:
    """The language of a tag's words and which way they run, as attributes, where they are told in a known form."""
    language, way = attributes.get("lang", ""), attributes.get("dir", "").lower()
    said = [f' lang="{language}"'] if LANGUAGE.fullmatch(language) else []
    return said + ([f' dir="{way}"'] if way in {"auto", "ltr", "rtl"} else [])


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
        elif tag == "span" and not _said_in(attributes):
            return
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
        spans = [*_said_in(attributes)]
        if tag == "details":
            spans += [' open="open"'] * ("open" in attributes)
        if tag not in {"th", "td"}:
            return "".join(spans)
        spans += [
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
        if given == "summary" and self._parts[-1] == "<summary>":
            # A part that folds has a name, or nobody who hears the page knows what it is.
            self._parts.append(Html("details"))
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
