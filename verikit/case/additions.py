"""What may be added to a sealed package without breaking it: a time token, and reviews by other people.

Neither is listed in the manifests and both name what was sealed, so the seal string stays what it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import sha256_bytes, write_bytes
from verikit.case import bag, signing
from verikit.case.bag import bytes_member, hash_members, read_member, seal_string
from verikit.case.journal import FIRST_PREV
from verikit.case.reviews import MOST_REVIEWS, REVIEW_NAMESPACE, Review, review_name, review_string, signed_reviews
from verikit.case.tokens import as_response, read_token
from verikit.case.verifying import opened_package, verify_package
from verikit.case.zips import write_zip
from verikit.errors import AuditError
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Reviewed", "review_package", "signed_message", "stamp_package"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A review that was added: the package, the review, and the line to publish."""

    package: Path
    review: Review
    string: str

    def to_dict(self) -> dict[str, Any]:
        """The review as JSON."""
        return {"package": str(self.package), "review": self.review.to_dict(), "review_string": self.string}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        review = Review.from_dict(data["review"])
        return cls(package=Path(data["package"]), review=review, string=data["review_string"])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [("package", str(self.package)), ("reviewed by", self.review.by), ("review string", self.string)]
        text = "\n".join(f"{name}: {value}" for name, value in rows)
        return mimebundle(self, plain_text=text, html=_html.definition(rows, caption="Review"))


def signed_message(package: Path) -> bytes:
    """What a time token of this package is about: its signature, or the tagmanifest where it has none.

    Raises AuditError where it has neither.
    """
    with opened_package(package) as contents:
        for name in (bag.SIGNATURE, bag.TAGMANIFEST):
            if name in contents.members:
                return read_member(contents.members[name])
    raise AuditError(f"{package}: neither a signature nor a tagmanifest; a time token has nothing to be about")


def stamp_package(package: Path, *, token: bytes) -> str:
    """Put a time token, or a TSA's response that holds one, into a package. Returns the time that it says.

    It has to be about `signed_message`. It takes the place of one that is there. Raises ValueError for any other.
    """
    package = Path(package)
    response = as_response(token)
    about, found = signed_message(package), read_token(response)
    if found.digest != sha256_bytes(about):
        raise ValueError(
            f"{package}: the token is about something else: SHA-256 {found.digest}, this package needs {sha256_bytes(about)}"
        )
    _add(package, {bag.TOKEN: response})
    return found.in_words


def review_package(package: Path, *, by: str, text: str, key: Path, about: Sequence[str] = ()) -> Reviewed:
    """Add a signed review to a sealed package, behind those that are there. The seal string stays what it is.

    `about` names files of the case, or cells as FILE:CELL. Raises AuditError where the package does not hold, and
    ValueError without a name or text, or for files that are not in it.
    """
    package = Path(package)
    checked = verify_package(package)
    if not checked.ok:
        broken = [str(found) for part in checked.properties if part.state == "broken" for found in part.problems]
        raise AuditError(f"{package}: cannot be reviewed, it does not hold", problems=broken)
    with opened_package(package) as contents:
        before, _ = signed_reviews(contents.members)
        files = {name.removeprefix(bag.PAYLOAD) for name in contents.members if name.startswith(bag.PAYLOAD)}
        seal = seal_string(read_member(contents.members[bag.TAGMANIFEST]))
    unknown = [name for name in about if name not in files and name.rpartition(":")[0] not in files]
    if unknown:
        raise ValueError(f"about: not in the package: {', '.join(unknown)}")
    if len(before) >= MOST_REVIEWS:
        raise ValueError(f"{package}: has {MOST_REVIEWS} reviews, and room for no more")
    review = Review(
        seal=seal,
        number=len(before) + 1,
        prev=sha256_bytes(before[-1][2]) if before else FIRST_PREV,
        time=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        by=by,
        text=text,
        about=tuple(about),
    )
    data = review.to_bytes()
    signature = signing.sign(data, key=Path(key), namespace=REVIEW_NAMESPACE)
    name = review_name(review.number)
    _add(package, {name: data, f"{name}.sig": signature})
    return Reviewed(package=package, review=review, string=review_string(signature))


def _add(package: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a package: beside the others in a folder, or into a zip that takes the old one's place."""
    if package.is_dir():
        for name, data in files.items():
            write_bytes(package / name, data)
        return
    with opened_package(package) as contents:
        members = [member for name, member in contents.members.items() if name not in files]
        members += [bytes_member(name, data) for name, data in files.items()]
        digests, problems = hash_members(members)
        if problems or contents.problems:
            said = [str(problem) for problem in (*contents.problems, *problems)]
            raise AuditError(f"{package}: nothing can be added, it does not hold", problems=said)
        write_zip(package, members, digests=digests)
