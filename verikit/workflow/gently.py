"""How a case's pictures are shown: as they are, or gently, where the footage may distress. Evidence is never altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.keyframes.gentle import gentle_of

if TYPE_CHECKING:
    from verikit.case.folder import Case
    from verikit.keyframes.gentle import Gentle

__all__ = ["gentle_word", "look_of", "show_gently"]


def show_gently(case: Case, word: str) -> None:
    """Show the case's pictures "grey" or with "faces" blurred from now on, in every step and in its report.

    The choice stands in the journal. Raises ValueError for another word, and MissingToolError for "faces" without a face
    detector.
    """
    gentle_of(word)
    if gentle_word(case) != word:
        case.tell("gentle", {"gentle": word, "by": case.by})


def gentle_word(case: Case) -> str | None:
    """How the case's pictures are shown, None for as they are."""
    said = [entry.body.get("gentle") for entry in case.entries if entry.kind == "gentle"]
    return str(said[-1]) if said else None


def look_of(case: Case) -> Gentle | None:
    """The gentle look of the case's pictures, None for none. Raises what `gentle_of` raises."""
    return gentle_of(gentle_word(case))
