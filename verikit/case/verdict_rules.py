"""The rules that a verdict is held to. A rule can hold a label back; it never awards one.

unverified is not false; a search that found nothing supports nothing; what the footage is needs evidence like any other
outcome; two names for one look at the picture are one kind of evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.case.claims import in_words, span_of_date
from verikit.case.evidence_kinds import COPY, FILE, positive
from verikit.case.verdicts import Label, Media, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from verikit.case.claims import Claim
    from verikit.case.verdicts import Decision, EarlierCopy, Verdict

__all__ = ["check_verdict"]

_FIRM = (Status.SUPPORTED, Status.CONTRADICTED)


def check_verdict(
    verdict: Verdict, claim: Claim, *, kinds: Mapping[str, str] | None = None, posted: Sequence[str] = ()
) -> tuple[str, ...]:
    """Why a verdict may not be said of a claim, a sentence for each fault; empty when its label's rule is kept.

    `kinds` tells what each piece of evidence was read from, by its name; without it every name counts as a kind of its
    own. `posted` are the dates of further posts that make the claim: an earlier copy comes before all of them.
    """
    problems = []
    parts = {part.key: part for part in claim.sub_claims}
    for decision in verdict.decisions:
        if decision.sub_claim not in parts:
            problems.append(f"{decision.sub_claim}: the claim has no such part")
        elif decision.asked not in {"", parts[decision.sub_claim].text}:
            problems.append(f"{decision.sub_claim}: decided about another wording of this part; decide again")
    decided = {decision.sub_claim for decision in verdict.decisions}
    missing = [key for key in parts if key not in decided]
    problems += [f"{key}: no decision; not_checked is a decision too" for key in missing]
    problems += _resting_problems(verdict, kinds)
    problems += _media_problems(verdict, kinds)
    needed = _needed(verdict, claim, kinds=kinds, posted=[claim.posted, *posted])
    return (*problems, *(f"{verdict.label}: needs {what}" for what in needed))


def _kinds(names: Iterable[str], kinds: Mapping[str, str] | None) -> set[str]:
    """The independent kinds of these pieces of evidence from which something follows."""
    return positive(name if kinds is None else kinds.get(name, name) for name in names)


def _resting_problems(verdict: Verdict, kinds: Mapping[str, str] | None) -> Iterator[str]:
    """What is called supported or contradicted and rests on nothing from which that could follow."""
    for decision in verdict.decisions:
        if decision.status in _FIRM and not _kinds(decision.rests_on, kinds):
            why = "evidence from which nothing follows, such as a search that found nothing or an observation left undecided"
            on = f"rests on {why}" if decision.rests_on else "rests on no evidence"
            yield f"{decision.sub_claim}: {decision.status}, and {on}; name what shows it, or say not_established"


def _media_problems(verdict: Verdict, kinds: Mapping[str, str] | None) -> Iterator[str]:
    """What is said of the footage itself without a reason or without evidence."""
    if Media.UNDETERMINED in verdict.media:
        return
    words = ", ".join(in_words(word) for word in verdict.media)
    if not verdict.media_because.strip():
        yield f"media {words}: media_because (the reason) is missing; without one it is undetermined"
    if not verdict.media_rests_on:
        yield f"media {words}: media_rests_on names no evidence; without any it is undetermined"
    elif not _kinds(verdict.media_rests_on, kinds):
        yield f"media {words}: rests on a search that found nothing; no match is no evidence that footage is original"


def _needed(verdict: Verdict, claim: Claim, *, kinds: Mapping[str, str] | None, posted: Sequence[str]) -> Iterator[str]:
    """What the verdict's label needs and does not have."""
    label, media = verdict.label, set(verdict.media)
    firm = [(decision, _kinds(decision.rests_on, kinds)) for decision in verdict.decisions]
    resting = {decision.status for decision, found in firm if found}
    about_media = _kinds(verdict.media_rests_on, kinds)
    if label is Label.CONFIRMED:
        yield from _confirmed(firm, claim)
    elif label is Label.PARTLY_CONFIRMED and Status.SUPPORTED not in resting:
        yield "at least one part that is supported and rests on evidence"
    elif label is Label.UNVERIFIED and Status.CONTRADICTED in resting:
        yield "that no part is contradicted by evidence: unverified does not mean false; miscaptioned says that a part is"
    elif label is Label.MISCAPTIONED and Status.CONTRADICTED not in resting:
        yield "at least one part that is contradicted and rests on evidence"
    elif label is Label.RECYCLED:
        yield from _not_before(verdict.earlier_copy, posted)
        yield from _no_copy(verdict.earlier_copy, kinds)
    elif label is Label.ALTERED:
        if not media & {Media.EDITED_OR_CROPPED, Media.TRANSFORMED}:
            yield "media edited_or_cropped or transformed"
        if not about_media - {FILE}:
            yield "evidence of the edit itself, such as a fuller copy: what a file says of its making is none"
    elif label in {Label.STAGED, Label.SATIRE} and not (about_media and Media(label.value) in media):
        yield f"media {label}, and evidence that shows it"
    elif label is Label.SYNTHETIC:
        if Media.TRANSFORMED not in media:
            yield "media transformed"
        if len(about_media) < 2:
            yield "evidence of at least two kinds in media_rests_on; a score alone is none"


def _confirmed(firm: Sequence[tuple[Decision, set[str]]], claim: Claim) -> Iterator[str]:
    supported = [(decision, found) for decision, found in firm if decision.status is Status.SUPPORTED and found]
    if len(supported) != len(claim.sub_claims):
        yield "every part to be supported and to rest on evidence"
    single = [decision.sub_claim for decision, found in supported if len(found) < 2]
    if single:
        yield f"evidence of at least two kinds that do not come from one source, for each part ({', '.join(single)})"


def _not_before(copy: EarlierCopy | None, posted: Sequence[str]) -> Iterator[str]:
    """Why the copy does not surely come before every post."""
    if copy is None:
        yield "the earlier copy and its date"
        return
    dates = [date for date in posted if date]
    if not dates:
        yield "the date of the post, which the claim does not give"
    for date in dates:
        if span_of_date(copy.dated, where="dated")[1] > span_of_date(date, where="posted")[0]:
            facts = f"{copy.dated} does not surely come before {date}"
            yield f"a copy dated before the post: {facts}; give the time and zone of both if they are close"


def _no_copy(copy: EarlierCopy | None, kinds: Mapping[str, str] | None) -> Iterator[str]:
    """Why the evidence does not show that the earlier copy is a copy."""
    if copy is None:
        return
    if not copy.evidence:
        yield "a match: name the evidence that shows that the earlier copy is the same footage"
    elif kinds is not None and kinds.get(copy.evidence, copy.evidence) != COPY:
        yield f"a match: {copy.evidence} shows no other copy of the footage"
