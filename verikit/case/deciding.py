"""What people put into a case: observations, decisions, the verdict, a second reading, the review to publish.

Each is a value that says what it is, written down by the case. The verbs stand on `Case`; here is what they do.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.case.claim_review import CLAIM_REVIEW, ClaimReview, claim_review
from verikit.case.claims import in_words
from verikit.case.derived import VERDICT, Made
from verikit.case.evidence_kinds import NO_EVIDENCE, independent_kinds
from verikit.case.observations import Observation, observations_table, point_of, spans_of
from verikit.case.readings import READING, Reading, reading_of, reading_text
from verikit.case.verdict_rules import check_verdict
from verikit.case.verdicts import DateIs, Decision, Label, Status
from verikit.errors import AuditError
from verikit.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from verikit.case.derived import Derived
    from verikit.case.folder import Case
    from verikit.case.verdicts import EarlierCopy, Verdict

__all__ = [
    "OBSERVED",
    "Ground",
    "conclude",
    "decide",
    "grounds_of",
    "observations_of",
    "observe",
    "review_claim",
    "second_reader",
    "second_reading_of",
]

# Observations lie together under this name.
OBSERVED = "observed"
# By how many seconds an observation may end after the clip: people write whole seconds, players round up.
LATE = 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Something that a decision can rest on: its name, what it was read from, what it says in short, and the notebook."""

    evidence: str
    read_from: str
    what: str
    notebook: str

    def to_dict(self) -> dict[str, Any]:
        """The ground as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ground:
        """The inverse of `to_dict`."""
        return cls(**data)


def grounds_of(case: Case) -> Records[Ground]:
    """What there is to rest on, by name; files of figures and stills are left out, their step stands for them."""
    whole = dataclasses.replace(case, clip="")
    derived = {name: thing for name, thing in whole.derived.items() if thing.path.endswith(".json")}
    kinds = independent_kinds(derived, derived, whole.evidence)
    rows = [
        Ground(
            evidence=name,
            read_from=kinds[name],
            what=str(whole.evidence(name)["what"])
            if thing.kind == "Observation"
            else thing.operation.replace("_", " "),
            notebook=thing.notebook.removeprefix("notebooks/") or "by hand",
        )
        for name, thing in sorted(derived.items())
        if kinds[name] != NO_EVIDENCE
    ]
    columns = ("evidence", "read_from", "what", "notebook")
    return Records(rows, caption="What there is to rest on", columns=columns)


def observe(case: Case, name: str, *, given: Mapping[str, Any]) -> Observation:
    """An observation, recorded as observed/NAME of the clip that the case is seen from."""
    known = {field.name for field in dataclasses.fields(Observation)}
    if unknown := sorted(set(given) - known):
        raise TypeError(f"observe: no field {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    fields = dict(given) | {"by": given["by"] or case.by, "at": spans_of(given.get("at", ()))}
    fields["point"] = point_of(given.get("point"))
    seen = Observation(**fields)
    parts = [part.key for part in case.claim.sub_claims]
    if seen.about and seen.about not in parts:
        raise ValueError(f"{seen.where}: about {plain(seen.about)[:20]!r}: the claim has {', '.join(parts)}")
    _within_the_clip(case, seen)
    case.record(seen, name=f"{OBSERVED}/{name}", operation="observe", parents=["video"])
    return seen


def _within_the_clip(case: Case, seen: Observation) -> None:
    """Raises ValueError where the seconds lie after the end of the clip, as far as a scan in the case tells it."""
    thing = case.derived.get(case.named("scan"))
    if thing is None or thing.kind != "Scan" or not seen.at:
        return
    scan = case.evidence("scan")
    sound, end = scan.get("sound"), float(scan["duration"])
    if sound:
        end = max(end, float(sound["start"]) + sound["prints"] / sound["per_second"])
    late = max(span.end for span in seen.at)
    if late > end + LATE:
        raise ValueError(f"{seen.where}: at {late:g} s: the clip ends at {end:.1f} s; count from its first picture")


def observations_of(case: Case) -> Records[Any]:
    """All observations of the whole case, by name."""
    whole = dataclasses.replace(case, clip="")
    names = sorted(name for name, thing in whole.derived.items() if thing.kind == "Observation")
    return observations_table((name, Observation.from_dict(whole.evidence(name))) for name in names)


def decide(case: Case, sub_claim: str, *, status: Status, because: str, rests_on: Sequence[str], by: str) -> Decision:
    """A decision on one part of the claim, in the journal with the digests of its evidence."""
    part = next((part for part in case.claim.sub_claims if part.key == sub_claim), None)
    if part is None:
        raise ValueError(f"{plain(str(sub_claim))[:20]!r}: the claim has no such part")
    evidence = {thing.name: thing.sha256 for thing in case.known(rests_on)}
    decision = Decision(
        sub_claim=sub_claim,
        status=status,
        because=because,
        rests_on=tuple(rests_on),
        by=by or case.by,
        asked=part.text,
    )
    case.tell("decision", decision.to_dict() | {"evidence": evidence})
    return decision


def conclude(case: Case, verdict: Verdict) -> Verdict:
    """The verdict, kept and told, once nothing stands against it."""
    case = dataclasses.replace(case, clip="")
    derived = case.derived
    copy = verdict.earlier_copy
    rests_on = {name for decision in verdict.decisions for name in decision.rests_on} | set(verdict.media_rests_on)
    names = rests_on | ({copy.evidence} if copy is not None and copy.evidence else set())
    kinds = independent_kinds(names, derived, case.evidence)
    posted = [post.posted for post in case.posts[1:]]
    problems = list(check_verdict(verdict, case.claim, kinds=kinds, posted=posted))
    problems += _not_as_decided(case, verdict, derived)
    problems += _against(case, verdict, derived)
    problems += [
        f"media: {name!r} was not derived in this case" for name in verdict.media_rests_on if name not in derived
    ]
    if copy is not None and copy.evidence:
        problems += _copy_problems(case, copy, derived, recycled=verdict.label is Label.RECYCLED)
    if problems:
        raise AuditError("verdict", problems=problems)
    case.put(verdict, VERDICT, made=Made(operation="conclude", parents=sorted(rests_on)))
    case.tell("decision", {"verdict": verdict.to_dict(), "by": case.by})
    return verdict


def _not_as_decided(case: Case, verdict: Verdict, derived: Mapping[str, Derived]) -> Iterator[str]:
    """Decisions of the verdict that are not the journal's latest, or whose evidence is not what it was."""
    bodies = (e.body for e in case.entries if e.kind == "decision" and "sub_claim" in e.body)
    journaled = {body["sub_claim"]: body for body in bodies}
    for decision in verdict.decisions:
        body = journaled.get(decision.sub_claim)
        if body is None or Decision.from_dict(body) != decision:
            yield f"{decision.sub_claim}: not as it was decided; decide it, then conclude with case.decisions"
            continue
        for name, digest in body["evidence"].items():
            if name not in derived:
                yield f"{decision.sub_claim}: {name} was withdrawn since; decide again"
            elif derived[name].sha256 != digest:
                yield f"{decision.sub_claim}: {name} was derived anew since and differs; decide again"


def _against(case: Case, verdict: Verdict, derived: Mapping[str, Derived]) -> Iterator[str]:
    """Decisions that rest on an observation which says the opposite of the same part."""
    opposite = {Status.SUPPORTED: "does_not_fit", Status.CONTRADICTED: "fits"}
    for decision in verdict.decisions:
        names = [n for n in decision.rests_on if n in derived and derived[n].kind == "Observation"]
        for seen in map(case.evidence, names if decision.status in opposite else ()):
            if seen["about"] == decision.sub_claim and seen["fits"] == opposite[decision.status]:
                said = f"an observation that says {in_words(seen['fits'])}: {seen['what']}"
                yield f"{decision.sub_claim}: {decision.status}, and rests on {plain(said)[:200]}"


def _copy_problems(case: Case, copy: EarlierCopy, derived: Mapping[str, Derived], *, recycled: bool) -> Iterator[str]:
    """Where what is said of an earlier copy is not in the evidence that is named for it."""
    if copy.evidence not in derived:
        yield f"earlier copy: {copy.evidence!r} was not derived in this case"
        return
    if recycled and derived[copy.evidence].kind == "CopySearch":
        yield from _not_in_matches(copy, case.evidence(copy.evidence))
    if recycled and copy.date_is is DateIs.PUBLISHED:
        dates = _published(case, derived)
        if copy.dated not in dates:
            there = ", ".join(sorted(dates)) or "none"
            yield (
                f"earlier copy: nothing recorded here gives the date {copy.dated} (dates: {there}); write the search that found "
                "it, take in the download, or record who saw the upload record, with case.observe"
            )


def _published(case: Case, derived: Mapping[str, Derived]) -> set[str]:
    """The dates of publication that the case holds: of searches that found something, of downloads, of what people saw."""
    made = [
        one for name, thing in derived.items() if thing.kind == "Searches" for one in case.evidence(name)["searches"]
    ]
    dates = {one["earliest_result_date"] for one in made if one["outcome"] == "found"}
    dates |= {str(entry.body.get("published", "")) for entry in case.entries if entry.kind == "acquired"}
    seen = [row.observation for row in observations_of(case) if row.observation.kind == "time"]
    return (dates | {date for one in seen for date in (one.earliest, one.latest)}) - {""}


def _not_in_matches(copy: EarlierCopy, found: Mapping[str, Any]) -> Iterator[str]:
    """Where the search of step 04 has no confirmed match with the copy, or another date of its own."""
    confirmed = {m["reference"] for m in (found["search"] or {}).get("matches", []) if m["confirmed"]}
    if copy.reference not in confirmed:
        there = ", ".join(sorted(confirmed)) or "no confirmed match"
        yield f"earlier copy: {copy.evidence} has no confirmed match with {copy.reference} ({there})"
    claimed = [str(one["claims_created"]) for one in found["copies"] if one["name"] == copy.reference]
    if copy.date_is is DateIs.CLAIMED_BY_FILE and not any(copy.dated in dates for dates in claimed):
        there = ", ".join(claimed) or "none"
        yield f"earlier copy: {copy.reference} does not claim the date {copy.dated}; it claims {there}"


def second_reader(case: Case, by: str, *, agrees: Sequence[str], dissents: Mapping[str, str], text: str) -> Reading:
    """A second reader's reading, kept as evidence about this very verdict and told as a note."""
    verdict = case.verdict
    if verdict is None:
        raise ValueError("second reader: there is no verdict to read; conclude first")
    reading = reading_of(verdict, by=by, agrees=tuple(agrees), dissents=dissents, text=text)
    # The note tells it in words; the card of a later run has it from the entry.
    case.put(reading, READING, made=Made(operation="second_reader", parents=[VERDICT]), told=True)
    case.note(reading_text(reading), about=[VERDICT, READING])
    return reading


def second_reading_of(case: Case) -> Reading | None:
    """The reading of the verdict as it stands."""
    derived = case.derived
    thing, verdict = derived.get(READING), derived.get(VERDICT)
    if thing is None or verdict is None or (VERDICT, verdict.sha256) not in thing.parents:
        return None
    return Reading.from_dict(dataclasses.replace(case, clip="").evidence(READING))


def review_claim(case: Case, author: str, words: Mapping[str, str]) -> ClaimReview:
    """The review to publish, kept as JSON-LD."""
    verdict = case.verdict
    if verdict is None:
        raise ValueError("claim review: there is no verdict; conclude first")
    made = claim_review(verdict, list(case.posts), clips=list(case.videos), author=author or case.by, **words)
    whole = dataclasses.replace(case, clip="")
    whole.put(made, CLAIM_REVIEW, made=Made(operation="claim_review", parents=[VERDICT], arguments=dict(words)))
    return made
