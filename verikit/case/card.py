"""The case at a glance, as the notebooks show it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import plain
from verikit.case.claims import in_words
from verikit.case.verdicts import MEANINGS
from verikit.records import mimebundle

if TYPE_CHECKING:
    from verikit.case.claims import Claim
    from verikit.case.clips import Clip
    from verikit.case.posts import Post
    from verikit.case.readings import Reading
    from verikit.case.verdicts import Decision, Label

__all__ = ["CaseCard"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """A case at a glance: its id, the claim, the video's first name and SHA-256, and where each sub-claim stands.

    `clips` and `posts` are all of them where there are several; `reading` what a second reader said of the verdict.
    """

    case: str
    claim: Claim
    video: str
    sha256: str
    size: int
    decisions: tuple[Decision, ...] = ()
    label: Label | None = None
    clips: tuple[Clip, ...] = ()
    posts: tuple[Post, ...] = ()
    reading: Reading | None = None

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON."""
        return {
            "case": self.case,
            "claim": self.claim.to_dict(),
            "video": self.video,
            "sha256": self.sha256,
            "size": self.size,
            "decisions": [decision.to_dict() for decision in self.decisions],
            "label": None if self.label is None else self.label.value,
            "clips": [clip.to_dict() for clip in self.clips],
            "posts": [post.to_dict() for post in self.posts],
            "reading": None if self.reading is None else self.reading.to_dict(),
        }

    def _whole(self) -> list[tuple[str, str]]:
        """What is said of the case as a whole, a row each."""
        post = ", ".join(value for value in (self.claim.account, self.claim.posted, self.claim.url) if value)
        rows = [("case", self.case), ("claim", self.claim.text)]
        if self.claim.translation:
            rows.append(
                ("in translation", f"{self.claim.translation} ({self.claim.translator or 'translator not recorded'})")
            )
        rows.append(("posted", post or "not recorded"))
        rows += [(f"post {number}", str(further)) for number, further in enumerate(self.posts, start=1) if number > 1]
        if self.clips:
            rows += [(f"clip {clip.number}", _file(clip.file, clip.size, clip.sha256)) for clip in self.clips]
        else:
            rows.append(("video", _file(self.video, self.size, self.sha256)))
        rows.append(
            ("verdict", "none yet" if self.label is None else f"{in_words(self.label)}. {MEANINGS[self.label]}")
        )
        if self.reading is not None:
            rows.append(("second reader", str(self.reading).removeprefix("Second reader: ")))
        return rows

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        whole = self._whole()
        stands = {decision.sub_claim: decision for decision in self.decisions}
        rows = [(part.key, part.asks, part.text, *_standing(stands.get(part.key))) for part in self.claim.sub_claims]
        head = ("part", "asks", "what is claimed", "status", "because", "evidence")
        board = _html.table(rows, head=head, caption="Where each part stands")
        shown = _html.join([_html.definition(whole, caption="Case"), board])
        lines = [f"{name}: {plain(value)}" for name, value in whole]
        lines += [plain(f"{key} {asks}: {text} - {status}") for key, asks, text, status, *_ in rows]
        return mimebundle(self, plain_text="\n".join(lines), html=shown)


def _file(name: str, size: int, sha256: str) -> str:
    return f"{name}, {size} bytes, SHA-256 {sha256[:16]}..."


def _standing(decision: Decision | None) -> tuple[str, str, str]:
    if decision is None:
        return ("no decision yet", "", "")
    return (in_words(decision.status), decision.because, ", ".join(decision.rests_on) or "none")
