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
    from verikit.case.verdicts import Decision, Label

__all__ = ["CaseCard"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """A case at a glance: its id, the claim, the video's first name and SHA-256, and where each sub-claim stands."""

    case: str
    claim: Claim
    video: str
    sha256: str
    size: int
    decisions: tuple[Decision, ...] = ()
    label: Label | None = None

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
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        post = ", ".join(value for value in (self.claim.account, self.claim.posted, self.claim.url) if value)
        whole = [
            ("case", self.case),
            ("claim", self.claim.text),
            ("posted", post or "not recorded"),
            ("video", f"{self.video}, {self.size} bytes, SHA-256 {self.sha256[:16]}..."),
            ("verdict", "none yet" if self.label is None else f"{in_words(self.label)}. {MEANINGS[self.label]}"),
        ]
        stands = {decision.sub_claim: decision for decision in self.decisions}
        rows = [(part.key, part.asks, part.text, *_standing(stands.get(part.key))) for part in self.claim.sub_claims]
        head = ("part", "asks", "what is claimed", "status", "because")
        board = _html.table(rows, head=head, caption="Where each part stands")
        shown = _html.join([_html.definition(whole, caption="Case"), board])
        lines = [f"{name}: {plain(value)}" for name, value in whole]
        lines += [plain(f"{key} {asks}: {text} - {status}") for key, asks, text, status, _ in rows]
        return mimebundle(self, plain_text="\n".join(lines), html=shown)


def _standing(decision: Decision | None) -> tuple[str, str]:
    return ("no decision yet", "") if decision is None else (in_words(decision.status), decision.because)
