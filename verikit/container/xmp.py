"""XMP packets: what editing programs and cameras write of tools, times, documents and places.

A scanner over the packet's tags, no XML parser: the packet is a stranger's, entities are never expanded, and a packet
that is cut still gives what stands before the cut. Source: Adobe XMP specification, parts 1 to 3.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from verikit.container.elements import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_XMP", "xmp_tags"]

MOST_XMP = 1_000_000
MOST_PROPERTIES = 400
MOST_DEPTH = 40
# A tag with its attributes, or text between tags. No part crosses a "<", so that the time grows with the text alone.
PIECE = re.compile(r"<(/?)([A-Za-z_][\w.-]{0,60}:[\w.-]{1,80})((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?)(/?)>|([^<>]+)")
ATTRIBUTE = re.compile(r"([A-Za-z_][\w.-]{0,60}:[\w.-]{1,80})\s*=\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})')")
# Of the language itself, not of the video.
SYNTAX = ("rdf:", "xmlns:", "xml:")


def xmp_tags(data: bytes, *, origin: str) -> Iterator[Tag]:
    """Every simple property of an XMP packet, each once, and that the packet is there at all.

    A value in a list or a structure is told under the name of the property that it stands in, joined by a slash.
    """
    yield Tag(group="XMP", key="packet", value=f"{len(data)} bytes", origin=origin)
    text = data[:MOST_XMP].decode("utf-8", "backslashreplace")
    seen: set[tuple[str, str]] = set()
    for name, value in _properties(text):
        pair = (name, html.unescape(value).strip()[:2000])
        if pair[1] and pair not in seen:
            seen.add(pair)
            yield Tag(group="XMP", key=pair[0], value=pair[1], origin=origin)
        if len(seen) >= MOST_PROPERTIES:
            return


def _properties(text: str) -> Iterator[tuple[str, str]]:
    held: list[str] = []
    for piece in PIECE.finditer(text):
        closing, name, attributes, single, words = piece.groups()
        if words is not None:
            named = [part for part in held if not part.startswith(SYNTAX)]
            # Text stands right inside a property or inside a list item of one.
            if named and named[-1] != "x:xmpmeta" and words.strip():
                yield named[-1], words
            continue
        if closing:
            while held and held.pop() != name:
                pass
            continue
        for key, double, simple in ATTRIBUTE.findall(attributes):
            if not key.startswith(SYNTAX):
                yield key, double or simple
        if not single and len(held) < MOST_DEPTH:
            held.append(name)
