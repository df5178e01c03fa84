"""Reviews of a sealed package: a second person says what they checked, and signs it, without breaking the seal.

Reviews lie outside of what the manifests list (BagIt lets other tag files be there), and each names the seal string of what
it is about. A review is one line of canonical JSON, signed by the key of whoever reviewed (SSHSIG, namespace
verikit-review-v1):

    reviews/0001.json       {"about":[...],"by":NAME,"number":1,"prev":HEX,"seal":SEAL,"text":TEXT,"time":TIME,"v":1}
    reviews/0001.json.sig

`prev` is the SHA-256 of the signature file of the review before, 64 zeros in the first: a chain of seals. That none was cut
off its end is shown by the review string, `verikit-review:1:sha256:` and the SHA-256 of the last signature file, where it
was published.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Self

from verikit._files import canonical_json, plain, sha256_bytes
from verikit.case.bag import REVIEW_FILE, Problem, read_member
from verikit.case.journal import FIRST_PREV, is_time, strict_json
from verikit.case.signing import check_signature
from verikit.case.verification import Property
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from verikit.case.bag import Contents, Member

__all__ = [
    "REVIEW_NAMESPACE",
    "REVIEW_PREFIX",
    "Review",
    "check_reviews",
    "review_name",
    "review_string",
    "signed_reviews",
]

REVIEW_NAMESPACE, REVIEW_PREFIX = "verikit-review-v1", "verikit-review:1:sha256:"
# A few people review a case; each writes at most some pages.
MOST_REVIEWS, MOST_REVIEW = 99, 1 << 20
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person says of a sealed package: its number and time, by whom, about which files or cells, the text, the seal.

    Raises ValueError for fields that are not of their form.
    """

    seal: str
    number: int
    prev: str
    time: str
    by: str
    text: str
    about: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        right = {
            "number": type(self.number) is int and 1 <= self.number <= MOST_REVIEWS,
            "prev": isinstance(self.prev, str) and _HEX.fullmatch(self.prev) is not None,
            "time": is_time(self.time),
            "by (who reviewed)": isinstance(self.by, str) and bool(self.by.strip()),
            "text": isinstance(self.text, str) and bool(self.text.strip()),
            "about": all(isinstance(name, str) for name in self.about),
        }
        if wrong := [name for name, ok in right.items() if not ok]:
            raise ValueError(f"review: missing or not of its form: {', '.join(wrong)}")

    def to_dict(self) -> dict[str, Any]:
        """The review as its file holds it."""
        return {"v": 1} | dataclasses.asdict(self) | {"about": list(self.about)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError."""
        names = {field.name for field in dataclasses.fields(cls)}
        if set(data) != names | {"v"} or data["v"] != 1 or not isinstance(data["about"], list):
            raise ValueError("review: its fields are others")
        return cls(**{name: data[name] for name in names} | {"about": tuple(data["about"])})

    def to_bytes(self) -> bytes:
        """The review's file: one line of canonical JSON."""
        return canonical_json(self.to_dict()).encode("utf-8") + b"\n"


def review_name(number: int) -> str:
    """The name of a review's file in a package."""
    return f"reviews/{number:04d}.json"


def review_string(signature: bytes) -> str:
    """The line to publish: it names this review, those before it, and the package that they are about."""
    return REVIEW_PREFIX + sha256_bytes(signature)


def signed_reviews(members: Mapping[str, Member]) -> tuple[list[tuple[Review, bytes, bytes]], list[Problem]]:
    """The reviews in a package in their order, each with its own bytes and its signature's, and what is wrong with them."""
    numbers = sorted({int(match[1]) for name in members if (match := REVIEW_FILE.fullmatch(name))})[: MOST_REVIEWS + 1]
    found: list[tuple[Review, bytes, bytes]] = []
    problems: list[Problem] = []
    prev = FIRST_PREV
    for expected, number in enumerate(numbers, start=1):
        name = review_name(number)
        try:
            data, signature = (read_member(members[one], most=MOST_REVIEW) for one in (name, f"{name}.sig"))
            review = Review.from_dict(strict_json(data))
        except KeyError as missing:
            problems.append(Problem(kind="missing", path=str(missing.args[0]), detail="missing; a review is two files"))
            continue
        except (AuditError, ValueError, TypeError, AttributeError) as fault:
            problems.append(Problem(kind="review", path=name, detail=f"cannot be read as a review: {fault}"))
            continue
        wrong = []
        if review.to_bytes() != data:
            wrong.append("not written as canonical JSON")
        if (review.number, number) != (expected, expected):
            wrong.append(f"number {review.number} where {expected} follows: a review is missing or was moved")
        if review.prev != prev:
            wrong.append("does not continue the review before it: one was changed, removed or moved")
        problems += [Problem(kind="review", path=name, detail=detail) for detail in wrong]
        prev = sha256_bytes(signature)
        found.append((review, data, signature))
    return found, problems


def check_reviews(contents: Contents, seal: str, *, key: Path | None, expected: str | None) -> Property:
    """The property `review`: who reviewed the package with this seal string, and whether it was they.

    `key` is a public key or an allowed_signers file that must have signed each review; `expected` the published review string.
    """
    found, problems = signed_reviews(contents.members)
    said, states = [], set()
    for review, data, signature in found:
        name = review_name(review.number)
        if review.seal != seal:
            problems.append(Problem(kind="review", path=name, detail=f"about another package: {review.seal}"))
        checked = check_signature(signature, data, key=key, namespace=REVIEW_NAMESPACE, path=f"{name}.sig")
        states.add(checked.state)
        problems += checked.problems if checked.state == "broken" else ()
        about = f" about {', '.join(review.about)}" if review.about else ""
        said.append(f"{review.by} on {review.time[:10]}{about}: {review.text} ({checked.says})")
    if expected is not None and expected not in {review_string(signature) for _, _, signature in found}:
        detail = f"no review here is the published one, {expected}: it was removed or changed"
        problems.append(Problem(kind="missing", path="reviews/", detail=detail))
    if key is not None and not found and not problems:
        problems.append(
            Problem(
                kind="missing", path="reviews/", detail="there is no review, and the given key should have made one"
            )
        )
    if problems:
        says = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        return Property(name="review", state="broken", says=says, problems=tuple(problems))
    if not found:
        return Property(name="review", state="absent", says="no review was added after it was sealed")
    # Where the published string is the last signature's, nothing is left open that was asked.
    settled = expected is not None and key is None
    state = "limited" if "limited" in states and not settled else "holds"
    return Property(name="review", state=state, says=plain(" | ".join(" ".join(one.split()) for one in said)))
