"""The posts of a case: the same claim is often made by several, and which was first matters."""

from __future__ import annotations

import dataclasses
import difflib
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain
from verikit.case.claims import check_text, fields_of, span_of_date
from verikit.case.journal import strict_json
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from verikit.case.claims import Claim
    from verikit.case.journal import Entry

__all__ = ["POST", "POST_FIELDS", "Post", "further_posts", "post_fields", "post_object", "posts_table", "read_post"]

# The file of the post whose words are examined; its fields stand in the claim.
POST = "post.json"

POST_FIELDS = ("text", "language", "url", "account", "posted", "translation", "translator", "archived")
# How alike two names are that differ in a letter; "account_id" and "account" are less.
ALIKE = 0.85


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post that makes the claim: its words as they stand, their language and translation, who posted them, where, when.

    `posted` is an ISO 8601 date with its zone, as precise as it is known; `archived` the addresses of archived copies;
    `file` its place in the case. What is unknown is empty.
    """

    text: str
    language: str = ""
    url: str = ""
    account: str = ""
    posted: str = ""
    translation: str = ""
    translator: str = ""
    archived: str = ""
    file: str = ""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            check_text(getattr(self, field.name), where=f"post: {field.name}", needed=field.name == "text")
        if self.posted:
            span_of_date(self.posted, where="post: posted")
        if self.translation and not self.translator:
            raise ValueError("post: translator (who or what translated it) is missing")

    @classmethod
    def from_claim(cls, claim: Claim, *, file: str = "") -> Self:
        """The post whose words a case examines."""
        translator = claim.translator or ("not recorded" if claim.translation else "")
        given = {name: getattr(claim, name) for name in POST_FIELDS}
        return cls(**given | {"translator": translator}, file=file)

    def to_dict(self) -> dict[str, Any]:
        """The post as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError."""
        return cls(**fields_of(cls, data))

    def __str__(self) -> str:
        where = ", ".join(value for value in (self.account, self.posted, self.url) if value)
        said = (
            f"{self.text} (in translation by {self.translator}: {self.translation})" if self.translation else self.text
        )
        return plain(f"{where or 'not recorded'}: {said}")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = posts_table([self])._repr_mimebundle_()
        return mimebundle(self, plain_text=str(self), html=shown["text/html"])


def post_fields(post: Mapping[str, Any]) -> dict[str, str]:
    """What a post.json says of a post, in the fields of a Post; several archived copies become one line.

    Other fields are left alone, but for one that looks like a field that is missing, misspelt: a date that is dropped in
    silence would be missed in the verdict. Raises ValueError for that.
    """
    missing = [name for name in POST_FIELDS if name not in post]
    for name in post:
        meant = difflib.get_close_matches(str(name), missing, n=1, cutoff=ALIKE)
        if name not in POST_FIELDS and meant:
            raise ValueError(f"{plain(str(name))[:40]!r} is no field of a post; if {meant[0]} is meant, write that")
    archived = post.get("archived")
    if isinstance(archived, list):
        archived = " ".join(str(address) for address in archived)
    given = {name: post.get(name) for name in POST_FIELDS} | {"archived": archived}
    return {name: value for name, value in given.items() if value}


def post_object(data: bytes, *, name: str, text: str = "") -> dict[str, Any]:
    """The object in a post.json, with `text` in the place of its own where that is given.

    Raises ValueError or TypeError, naming the post, for what is no JSON object and where no text is given.
    """
    try:
        post = strict_json(data)
    except ValueError as fault:
        raise ValueError(f"{plain(name)}: not a post's JSON: {plain(str(fault))}") from fault
    if not isinstance(post, dict):
        raise TypeError(f"{plain(name)}: not a JSON object; a post has text, url, account, posted, language")
    if not text and post.get("text") in (None, ""):
        raise ValueError(f"{plain(name)}: `text` is missing: what the post says, word for word")
    return post | ({"text": text} if text else {})


def read_post(data: bytes, *, name: str = "post.json", file: str = "") -> Post:
    """The post in a post.json: `text` and whatever else of a Post's fields it gives. Raises ValueError or TypeError."""
    post = post_object(data, name=name)
    try:
        return Post(**post_fields(post), file=file)
    except (ValueError, TypeError) as fault:
        raise ValueError(f"{plain(name)}: {plain(str(fault))}") from fault


def further_posts(entries: Iterable[Entry]) -> dict[str, str]:
    """The SHA-256 of each further post's file by its path, in the order in which they were taken in."""
    bodies = [entry.body for entry in entries if entry.kind == "acquired" and entry.body.get("role") == "post"]
    return {str(body["path"]): str(body["sha256"]) for body in bodies if body.get("path") != f"inputs/{POST}"}


def posts_table(posts: Iterable[Post]) -> Records[Post]:
    """Posts as a table, in the order in which they were recorded."""
    columns = ("posted", "account", "url", "language", "text", "translation", "translator", "archived")
    return Records(posts, caption="Posts", columns=columns)
