"""What stands beside the outcome on the report's page: further posts and clips, why the footage is what it is, the second reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit import _html
from verikit.case.claims import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from verikit._html import Html
    from verikit.case.folder import Case
    from verikit.case.readings import Reading
    from verikit.case.verdicts import Verdict

__all__ = ["footage_and_reader", "further_posts_section"]


def further_posts_section(case: Case) -> Html:
    """The further posts that make the claim, word for word; nothing where there is but one."""
    posts = list(case.posts)[1:]
    if not posts:
        return _html.Html("")
    parts: list[Html] = [_html.element("h3", "Further posts of the same claim")]
    for number, post in enumerate(posts, start=2):
        who = ", ".join(value for value in (post.account, post.posted) if value) or "not recorded"
        parts.append(_html.element("p", f"Post {number}, as it was recorded: {who}. "))
        parts.append(_html.in_language(post.text, post.language, tag="blockquote"))
        if post.translation:
            parts.append(_html.element("p", f"In translation ({post.translator}):"))
            parts.append(_html.element("blockquote", post.translation, dir="auto"))
        if post.url:
            parts.append(_html.element("p", "Address: ", _html.element("code", post.url)))
    return _html.join(parts)


def footage_and_reader(case: Case, link: Callable[[str], Html]) -> Html:
    """Why the footage is what the verdict says, on which evidence, and what the second reader says of the verdict.

    `link` makes the name of a piece of evidence into what stands for it on the page.
    """
    verdict = case.verdict
    if verdict is None or not (verdict.media_because or case.second_reading):
        return _html.Html("")
    parts = [
        _html.element("h3", "The footage, and the second reader"),
        *_footage(verdict, link),
        *_reader(case.second_reading),
    ]
    return _html.join(parts)


def _footage(verdict: Verdict, link: Callable[[str], Html]) -> list[Html]:
    words = ", ".join(in_words(word) for word in verdict.media)
    told = [_html.element("p", f"The footage itself: {words}. {verdict.media_because}".strip())]
    if verdict.media_rests_on:
        names = _html.join([link(name) for name in verdict.media_rests_on], ", ")
        told.append(_html.element("p", "Evidence: ", names, "."))
    return told


def _reader(reading: Reading | None) -> list[Html]:
    if reading is None:
        return [_html.element("p", "No second reader is recorded.")]
    rows = [(part, "agrees", "") for part in reading.agrees]
    rows += [(part, "dissents", because) for part, because in reading.dissents]
    told = [_html.element("p", f"Second reader: {reading.by}. {reading.text}".strip())]
    return told + ([_html.table(rows, head=("part", "says", "because"), caption="Second reading")] if rows else [])
