"""The only writer of HTML: everything escaped, readable without CSS, nothing that acts or reaches out."""

from __future__ import annotations

import base64
import html.parser
import urllib.parse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verikit._html import (
    BESIDE,
    Html,
    definition,
    details,
    element,
    file_link,
    image,
    in_language,
    join,
    jump,
    outside_link,
    page,
    picture_file,
    table,
    text,
)

HOSTILE = "<script>alert(1)</script> & \"quoted\" 'too' \x1b[2J\u202e\n<style>*{}</style>"


class Reader(html.parser.HTMLParser):
    """What a browser would see: tags with their attributes, and text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.open = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@given(st.text())
@example(HOSTILE)
def test_text_is_never_a_tag_and_comes_back_with_hidden_letters_marked(value):
    read = Reader(text(value))
    assert read.tags == []
    assert "".join(read.texts) == "\n".join(
        "".join("\ufffd" if not c.isprintable() and c != " " and _hidden(c) else c for c in line)
        for line in value.split("\n")
    )


def _hidden(letter):
    import unicodedata

    return unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def test_what_is_html_already_is_not_escaped_again():
    bold = element("b", "a<b")
    assert bold == "<b>a&lt;b</b>"
    assert text(bold) is bold
    assert element("p", bold, " & ", 3) == "<p><b>a&lt;b</b> &amp; 3</p>"
    assert join([bold, "<"]) == "<b>a&lt;b</b>\n&lt;"
    assert join(["a", "b"], separator="") == "ab"
    # Cut or joined by hand it is plain text again.
    assert not isinstance(bold[:3], Html)
    assert text(bold[:3]) == "&lt;b&gt;"


@given(st.text())
@example('" onload="x')
def test_an_attribute_holds_its_value_and_nothing_breaks_out(value):
    ((tag, attributes),) = Reader(element("td", "x", title=value, class_="c", aria_label="l")).tags
    assert tag == "td"
    assert set(attributes) == {"title", "class", "aria-label"}


def everything():
    rows = [(HOSTILE, HOSTILE, 1.5), ("b", None, HOSTILE)]
    return join(
        [
            table(rows, head=(HOSTILE, "two", "three"), caption=HOSTILE),
            definition([(HOSTILE, HOSTILE)], caption=HOSTILE),
            details(HOSTILE, element("p", HOSTILE)),
            image(b"\x89PNG", mime="image/png", alt=HOSTILE),
        ]
    )


def test_no_page_styles_acts_names_or_reaches_out():
    page = everything()
    read = Reader(page)
    assert read.open == []
    assert not {"script", "style", "link", "iframe", "object", "form", "a"} & {tag for tag, _ in read.tags}
    for tag, attributes in read.tags:
        assert set(attributes) <= {"scope", "open", "src", "alt"}
        assert attributes.get("src", "data:").startswith("data:")
        assert tag == "img" or "src" not in attributes
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "".join(read.texts).count("<script>alert(1)</script>") == 10


def test_a_table_has_a_caption_headings_and_a_heading_for_each_row():
    read = Reader(table([("a", 1), ("b", 2)], head=("name", "count"), caption="Things"))
    scopes = [attributes.get("scope") for tag, attributes in read.tags if tag == "th"]
    assert scopes == ["col", "col", "row", "row"]
    assert [tag for tag, _ in read.tags][:3] == ["table", "caption", "thead"]
    assert read.texts == ["Things", "name", "count", "a", "1", "b", "2"]
    assert [tag for tag, _ in Reader(definition([("a", 1)], caption="c")).tags].count("td") == 1


def test_a_folded_part_stands_open():
    assert details("more", "text") == '<details open="open"><summary>more</summary>text</details>'


def test_a_link_leaves_only_by_https_and_does_not_tell_where_from():
    ((_, attributes),) = Reader(outside_link("https://example.org/?a=1&b=2", HOSTILE)).tags
    assert attributes["href"] == "https://example.org/?a=1&b=2"
    assert attributes["rel"] == "noreferrer noopener"
    for address in ("http://example.org/", "javascript:alert(1)", "//example.org", "data:text/html,x"):
        with pytest.raises(ValueError, match="https:// only"):
            outside_link(address, "a")


@pytest.mark.parametrize("path", ["javascript:alert(1)", 'a" onload="b', "previews/a b#c?d.jpg", "../stills/%41.png"])
def test_the_way_to_a_file_beside_the_page_is_only_a_way(path):
    for made, name in ((file_link(path, "a"), "href"), (picture_file(path, alt=HOSTILE, width=5), "src")):
        ((_, attributes),) = Reader(made).tags
        assert urllib.parse.unquote(attributes[name]) == path
        assert not set(attributes[name]) & set('":?#<> ')
    with pytest.raises(ValueError, match="relative"):
        file_link("//example.org/a", "a")


def test_a_page_may_show_files_beside_it_where_it_says_so_and_nothing_from_elsewhere():
    assert "img-src data:;" in page("a")
    shown = page("a", pictures=BESIDE)
    assert "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'" in shown


def test_a_picture_lies_in_the_page_and_has_a_text():
    ((tag, attributes),) = Reader(image(b"\xff\xd8\xff", mime="image/jpeg", alt='a "still"')).tags
    assert (tag, attributes["alt"]) == ("img", 'a "still"')
    assert base64.b64decode(attributes["src"].removeprefix("data:image/jpeg;base64,")) == b"\xff\xd8\xff"
    with pytest.raises(ValueError, match="image/png or image/jpeg, not 'image/svg"):
        image(b"<svg/>", mime="image/svg+xml", alt="")


def test_a_way_within_the_page_leads_to_a_plain_name_alone():
    assert jump("step-2", "<there>") == '<a href="#step-2">&lt;there&gt;</a>'
    for place in ("", "#x", "https://example.org", "a b", 'x"y', "X"):
        with pytest.raises(ValueError, match="place: small letters"):
            jump(place, "x")


def test_words_carry_the_language_that_they_are_in_if_it_is_one():
    assert in_language("<\ubd88>", "ko") == '<span dir="auto" lang="ko">&lt;\ubd88&gt;</span>'
    assert in_language("x", "zh-Hant-TW", tag="blockquote") == '<blockquote dir="auto" lang="zh-Hant-TW">x</blockquote>'
    assert in_language("x", 'ko" onclick="y') == in_language("x", "") == '<span dir="auto">x</span>'
