"""ClaimReview and MediaReview of schema.org: a verdict as search engines and other fact-checkers read it.

Two reviews, as the verdict has them: of what was claimed, and of the footage itself. The label stands in words; there is
no number, since nobody could say what it counts. Footage that is undetermined gets no category. Nothing here comes from the
clock: the same verdict and the same words of the analyst give the same bytes.

Source: https://schema.org/ClaimReview, https://schema.org/MediaReview (new terms, still subject to change).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain
from verikit.case.claims import check_text, in_words, span_of_date
from verikit.case.verdicts import MEANINGS, Media
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit.case.clips import Clip
    from verikit.case.posts import Post
    from verikit.case.verdicts import Verdict

__all__ = ["CATEGORIES", "CLAIM_REVIEW", "ClaimReview", "claim_review"]

# The name that a case's review is kept under.
CLAIM_REVIEW = "claim_review"
CONTEXT = "https://schema.org"
# The members of schema.org's MediaManipulationRatingEnumeration.
CATEGORIES = {
    Media.ORIGINAL: "OriginalMediaContent",
    Media.DECONTEXTUALIZED: "DecontextualizedContent",
    Media.EDITED_OR_CROPPED: "EditedOrCroppedContent",
    Media.TRANSFORMED: "TransformedContent",
    Media.STAGED: "StagedContent",
    Media.SATIRE: "SatireOrParodyContent",
}
AUTHORS = ("Organization", "Person")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReview:
    """A verdict as JSON-LD: `graph` holds the ClaimReview and the MediaReview."""

    graph: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON-LD document, ready for a page's script of type application/ld+json."""
        return {"@context": CONTEXT, "@graph": [dict(node) for node in self.graph]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError or ValueError."""
        if data["@context"] != CONTEXT:
            raise ValueError(f"claim review: its @context is not {CONTEXT}")
        return cls(graph=tuple(data["@graph"]))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        claimed, media = self.graph
        categories = media.get("mediaAuthenticityCategory", [])
        listed = [categories] if isinstance(categories, str) else categories
        rows = [
            ("claim reviewed", claimed["claimReviewed"]),
            ("rating, in words", claimed["reviewRating"]["alternateName"]),
            ("media category", ", ".join(word.rpartition("/")[2] for word in listed) or "none: undetermined"),
            ("author", claimed["author"]["name"]),
            ("published", claimed.get("datePublished", "not said yet")),
            ("address", claimed.get("url", "not said yet")),
        ]
        shown = _html.definition(rows, caption="ClaimReview and MediaReview (schema.org)")
        return mimebundle(self, plain_text="\n".join(f"{name}: {plain(value)}" for name, value in rows), html=shown)


def claim_review(
    verdict: Verdict,
    posts: Sequence[Post],
    *,
    clips: Sequence[Clip],
    author: str,
    author_is: str = "Organization",
    published: str = "",
    url: str = "",
) -> ClaimReview:
    """The ClaimReview and the MediaReview of a verdict on what these posts claim with these clips.

    The first post is the one whose words were examined. `author` is who publishes the review, an Organization or a Person;
    `published` the ISO 8601 date of publication and `url` its address, as they are known. Raises ValueError.
    """
    check_text(author, where="claim review: author (who publishes it)", needed=True)
    check_text(url, where="claim review: url")
    if author_is not in AUTHORS:
        raise ValueError(f"claim review: author_is one of {', '.join(AUTHORS)}, not {plain(author_is)[:40]!r}")
    if published:
        span_of_date(published, where="claim review: published")
    common = {"author": {"@type": author_is, "name": author}} | _given(datePublished=published, url=url)
    return ClaimReview(graph=(_of_claim(verdict, posts, common), _of_media(verdict, _items(clips, posts), common)))


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value}


def _of_claim(verdict: Verdict, posts: Sequence[Post], common: Mapping[str, Any]) -> dict[str, Any]:
    first = posts[0]
    appearances = [_appearance(post) for post in posts if post.url or post.account or post.posted]
    claim = {"@type": "Claim"} | _given(
        text=first.text,
        inLanguage=first.language,
        author={"@type": "Person", "name": first.account} if first.account else None,
        datePublished=first.posted,
        appearance=appearances[0] if len(appearances) == 1 else appearances,
    )
    body = [verdict.summary, *(f"{d.sub_claim}: {in_words(d.status)}. {d.because}" for d in verdict.decisions)]
    rating = {
        "@type": "Rating",
        "alternateName": in_words(verdict.label),
        "ratingExplanation": f"{MEANINGS[verdict.label]} {verdict.summary}",
    }
    return {
        "@type": "ClaimReview",
        **common,
        "claimReviewed": first.translation or first.text,
        "itemReviewed": claim,
        "reviewRating": rating,
        "reviewBody": "\n".join([*body, f"Limits: {verdict.limits}"]),
    }


def _appearance(post: Post) -> dict[str, Any]:
    author = {"@type": "Person", "name": post.account} if post.account else None
    archived = post.archived.split()
    return {"@type": "SocialMediaPosting"} | _given(
        text=post.text,
        inLanguage=post.language,
        url=post.url,
        author=author,
        datePublished=post.posted,
        archivedAt=archived[0] if len(archived) == 1 else archived,
    )


def _items(clips: Sequence[Clip], posts: Sequence[Post]) -> list[dict[str, Any]]:
    """The files that were examined; the first one's address is, where nobody gave another, that of the first post."""
    return [
        {"@type": "VideoObject", "name": clip.file, "sha256": clip.sha256, "contentSize": f"{clip.size} B"}
        | _given(contentUrl=clip.url or (posts[0].url if clip.number == 1 else ""))
        for clip in clips
    ]


def _of_media(verdict: Verdict, items: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> dict[str, Any]:
    words = [f"{CONTEXT}/{CATEGORIES[word]}" for word in verdict.media if word in CATEGORIES]
    copy = verdict.earlier_copy
    return {
        "@type": "MediaReview",
        **common,
        **_given(
            mediaAuthenticityCategory=words[0] if len(words) == 1 else words,
            originalMediaContextDescription="" if copy is None else f"An earlier copy: {copy}",
        ),
        "itemReviewed": items[0] if len(items) == 1 else list(items),
        "reviewBody": "\n".join(text for text in (verdict.media_because, f"Limits: {verdict.limits}") if text),
    }
