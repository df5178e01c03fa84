"""The report: one page that says what was claimed, what people made of it, what was done, and how others check it.

Derived from the journal and the executed notebooks alone: the same case gives the same bytes. It needs no other file,
runs nothing, loads nothing, and reads right without its style sheet and on paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import canonical_json, write_text
from verikit.case.assurance import checking_html, environment_html, seal_html
from verikit.case.beside import footage_and_reader, further_posts_section
from verikit.case.claims import in_words
from verikit.case.derived import confined, withdrawn_of
from verikit.case.evidence import Places, evidence_html
from verikit.case.pieces import bdi, code, lines, moment, moment_words, paragraph, section, table, table_by
from verikit.case.showing import Shelf, notebook_html, notebook_stories
from verikit.case.verdicts import MEANINGS, OWN_DATE, DateIs, Decision, Media, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from verikit._html import Html
    from verikit.case.claims import Claim
    from verikit.case.derived import Derived
    from verikit.case.folder import Case
    from verikit.case.journal import Entry
    from verikit.case.showing import NotebookStory
    from verikit.case.verdicts import EarlierCopy, Verdict

__all__ = ["REPORT", "report_page", "write_report"]

REPORT = "report.html"
CONTENTS = (
    ("claim", "The claim"),
    ("outcome", "Outcome"),
    ("file", "The file"),
    ("done", "What was done"),
    ("said", "Notes and decisions"),
    ("evidence", "Evidence"),
    ("seal", "The seal"),
    ("check", "How to check"),
    ("environment", "Environment"),
)
NOT_RECORDED = "not recorded"
# schema.org's MediaReview words, as a reader can take them.
MEDIA_MEANINGS = {
    Media.ORIGINAL: "no sign was found that the footage was changed in a way that misleads",
    Media.DECONTEXTUALIZED: "the footage is presented as something else than it is: another place, time or event",
    Media.EDITED_OR_CROPPED: "the footage was cut or cropped",
    Media.TRANSFORMED: "the picture or the sound was changed",
    Media.STAGED: "the scene was acted or arranged",
    Media.SATIRE: "the footage was made as satire or parody",
    Media.UNDETERMINED: "what the footage is was not determined",
}
SHAPES = {
    Status.SUPPORTED: "\N{CHECK MARK}",
    Status.CONTRADICTED: "\N{BALLOT X}",
    Status.NOT_ESTABLISHED: "?",
    Status.NOT_CHECKED: "\N{EN DASH}",
}
_MARK = "\N{REPLACEMENT CHARACTER}"


def write_report(case: Case) -> Path:
    """The path of report.html in the case's folder, written anew: a page for readers that stands alone.

    Raises AuditError where the journal, the claim or the verdict is not in order.
    """
    return write_text(confined(case.folder, REPORT), report_page(case))


def report_page(case: Case) -> Html:
    """The report, a whole page, as the case says it: the same case gives the same letters. Raises as `write_report`."""
    entries, claim = case.entries, case.claim
    stories = notebook_stories(entries, names=[path.name for path in (case.folder / "notebooks").glob("*.ipynb")])
    places = Places.of(entries, notebooks=[story.name for story in stories])
    # Written first: which pictures the page shows is known only then.
    done = _done(case, stories, places)
    parts = (
        _claim(claim, entries),
        further_posts_section(case),
        _outcome(case, entries, places),
        footage_and_reader(case, places.row),
        _file(entries),
        done,
        _said(entries, places),
        evidence_html(entries, places),
        seal_html(),
        checking_html(entries),
        environment_html(case.folder, entries),
    )
    main = _html.element("main", "\n", _html.join(parts), "\n")
    return _html.page(f"Verification report: {case.video_name}", _top(case, entries), main)


def _text(body: Mapping[str, Any], name: str) -> str:
    """A field of an entry as text, empty where it is missing."""
    value = body.get(name)
    return "" if value is None else str(value)


# ----------------------------------------------------------------------------------------------------------------- its sections


def _top(case: Case, entries: Sequence[Entry]) -> Html:
    by = [" by ", bdi(case.by)] if case.by else []
    first, last = (moment_words(entries[at].time) for at in (0, -1))
    about = (
        "Tools observed and computed what is shown here; people decided what it means. "
        f"Letters that hide or that turn the direction of a line are shown as {_MARK}."
    )
    ways = _html.element("ul", *(_html.element("li", _html.jump(place, words)) for place, words in CONTENTS))
    parts = (
        _html.element("h1", "Verification report"),
        paragraph(f"Case {case.id}, opened {first}", *by, f"; last entry {last}."),
        paragraph(about),
        _html.element("nav", ways, aria_label="Contents"),
    )
    return _html.element("header", _html.join(parts))


def _claim(claim: Claim, entries: Sequence[Entry]) -> Html:
    of = ["The words of the account ", bdi(claim.account)] if claim.account else ["The words of a post"]
    parts = [
        paragraph(*of, ", as they were recorded. They are the claim that is examined, not what this report says."),
        _html.in_language(lines(claim.text), claim.language, tag="blockquote"),
    ]
    if claim.translation:
        parts.append(paragraph("In translation (", bdi(claim.translator or "translator not recorded"), "):"))
        parts.append(_html.in_language(lines(claim.translation), "", tag="blockquote"))
    rows = [
        ("account", claim.account or NOT_RECORDED),
        ("language", claim.language or NOT_RECORDED),
        ("posted", f"{claim.posted}, as the post or the analyst says" if claim.posted else NOT_RECORDED),
        ("address of the post", code(claim.url) if claim.url else NOT_RECORDED),
        ("archived copy of the post", code(claim.archived) if claim.archived else NOT_RECORDED),
    ]
    if by := _text(entries[0].body, "by"):
        rows.append(("recorded by", by))
    parts.append(_html.definition(rows, caption="About the post"))
    pieces = [(p.key, p.asks, p.text, p.would_contradict or NOT_RECORDED) for p in claim.sub_claims]
    head = ("part", "asks", "what is claimed", "what would contradict it")
    parts.append(table(pieces, head=head, caption="The claim in parts that can be checked one by one"))
    return section("claim", "The claim", *parts)


def _outcome(case: Case, entries: Sequence[Entry], places: Places) -> Html:
    verdict, decisions = case.verdict, {decision.sub_claim: decision for decision in case.decisions}
    parts = (
        [paragraph("Not concluded: no verdict is recorded in this case.")] if verdict is None else [*_verdict(verdict)]
    )
    if verdict is not None:
        told = [entry for entry in entries if entry.kind == "decision" and "verdict" in entry.body]
        if told:
            by = _text(told[-1].body, "by")
            parts.append(paragraph(f"Concluded {moment_words(told[-1].time)}", *([" by ", bdi(by)] if by else []), "."))
        concluded = {decision.sub_claim: decision for decision in verdict.decisions}
        changed = sorted(
            part.key for part in case.claim.sub_claims if concluded.get(part.key) != decisions.get(part.key)
        )
        if changed or set(concluded) - {part.key for part in case.claim.sub_claims}:
            which = ", ".join(changed) or "the parts of the claim"
            parts.append(
                paragraph(_html.element("strong", f"Changed since this verdict: {which}. It does not cover that."))
            )
    digests = {
        _text(e.body, "sub_claim"): e.body.get("evidence")
        for e in entries
        if e.kind == "decision" and "asked" in e.body
    }
    gone = withdrawn_of(entries)
    evidence = {
        key: _rests_on(decision, digests.get(key), derived=case.derived, gone=gone, places=places)
        for key, decision in decisions.items()
    }
    rows = [
        (
            f"{part.key}\N{NO-BREAK SPACE}{part.asks}",
            part.text,
            *_standing(decisions.get(part.key), evidence.get(part.key)),
        )
        for part in case.claim.sub_claims
    ]
    head = ("part", "what is claimed", "status", "because", "evidence", "by")
    parts.append(table_by(rows, head=head, caption="What was decided about each part"))
    if verdict is not None:
        if verdict.earlier_copy is not None:
            parts.append(_copy(verdict.earlier_copy, places))
        parts += [_html.element("h3", "Limits", id_="limits"), paragraph(lines(verdict.limits))]
    return section("outcome", "Outcome", *parts)


def _verdict(verdict: Verdict) -> Iterator[Html]:
    label = in_words(verdict.label)
    yield _html.element("p", _html.element("strong", label[:1].upper() + label[1:]), class_="outcome")
    yield paragraph(MEANINGS[verdict.label])
    words = [f"{in_words(word)} ({MEDIA_MEANINGS[word]})" for word in verdict.media]
    yield paragraph("The footage itself: ", "; ".join(words), ".")
    yield paragraph(lines(verdict.summary))


def _standing(decision: Decision | None, evidence: Html | None) -> tuple[object, ...]:
    """Status, reason, evidence and person of a sub-claim's row."""
    if decision is None or evidence is None:
        return ("no decision yet", "", "none", "")
    # The shape is for the eye; aloud, the word says it.
    shape = _html.element("span", SHAPES[decision.status], aria_hidden="true")
    status = _html.element("strong", shape, f" {in_words(decision.status)}")
    return (status, lines(decision.because), evidence, decision.by)


def _rests_on(
    decision: Decision, digests: object, *, derived: Mapping[str, Derived], gone: Mapping[str, Entry], places: Places
) -> Html:
    """The evidence that a decision names, each leading to its row and to the pictures of it that the page shows."""
    told = digests if isinstance(digests, dict) else {}
    evidence = []
    for name in decision.rests_on:
        thing = derived.get(name)
        kind = f" ({thing.kind})" if thing is not None and thing.kind != name else ""
        stale = thing is None or told.get(name) != thing.sha256
        since = "withdrawn" if name in gone else "derived anew"
        seen = places.pictures_of(name)
        shown = _html.join([": ", _html.join(seen, ", ")], "") if seen else ""
        evidence.append(
            _html.join([places.row(name), kind, f" ({since} since this was decided)" if stale else "", shown], "")
        )
    return _html.join(evidence, "; ") if evidence else _html.text("none")


def _copy(copy: EarlierCopy, places: Places) -> Html:
    own = f". {OWN_DATE}" if copy.date_is is DateIs.CLAIMED_BY_FILE else ""
    rows = [
        ("which", copy.reference),
        ("dated", copy.dated),
        ("that date is", f"{copy.date_is.in_words}{own}"),
        ("what it rests on", copy.basis),
        ("evidence", places.row(copy.evidence) if copy.evidence else "none"),
    ]
    return _html.definition(rows, caption="An earlier copy")


def _file(entries: Sequence[Entry]) -> Html:
    parts = []
    for entry in entries:
        if entry.kind == "acquired":
            body = entry.body
            rows = [
                ("name as given", code(_text(body, "name"))),
                ("kept in the case as", code(_text(body, "path"))),
                ("size", f"{_text(body, 'size')} bytes"),
                ("SHA-256", code(_text(body, "sha256"))),
                ("taken in", f"{moment_words(entry.time)}, {_text(body, 'how') or 'nobody recorded how'}"),
            ]
            if by := _text(body, "by"):
                rows.append(("taken in by", by))
            if modified := _text(body, "modified"):
                rows.append(("last changed, as its file system said", modified))
            parts.append(_html.definition(rows, caption=f"Taken in: {_text(body, 'name')}"))
    said = "Size and SHA-256 were computed when the files were taken in. A name says nothing about what a file is."
    return section("file", "The file", paragraph(said), *parts)


def _done(case: Case, stories: Sequence[NotebookStory], places: Places) -> Html:
    shelf = Shelf()
    shown = [notebook_html(story, folder=case.folder, shelf=shelf, places=places) for story in stories]
    said = (
        "The notebooks as they ran, in the order of their names, with what each step showed; but for the card of the case, "
        "whose claim and decisions stand at the top of this page."
    )
    return section("done", "What was done", paragraph(said), *shown)


def _said(entries: Sequence[Entry], places: Places) -> Html:
    rows = [
        (moment(entry.time), entry.kind, _left_out(entry, places) or _words(entry), _text(entry.body, "by"))
        for entry in entries
        if entry.kind in {"note", "decision", "transfer", "archive", "gentle", "withheld", "left-out"}
        and "outputs" not in entry.body
    ]
    if not rows:
        return section("said", "Notes and decisions", paragraph("None are recorded."))
    head = ("time", "kind", "what was written", "by")
    return section("said", "Notes and decisions", table_by(rows, head=head, caption="In the order of the journal"))


def _left_out(entry: Entry, places: Places) -> Html | None:
    """What stands in the place of a note that is left out; None for any other entry."""
    if entry.seq not in places.left_out.notes:
        return None
    where = f"The journal in the package holds it as entry {entry.seq}, with the hash "
    reason = f"[Left out of this page by the analyst: {places.left_out.notes[entry.seq]}. "
    return _html.join([reason, where, code(entry.hash), "]"], "")


def _words(entry: Entry) -> Html:
    """What a note or a decision says. An entry of no known form stands as its JSON."""
    body = entry.body
    about = body.get("about")
    if entry.kind == "note" and isinstance(about, list):
        names = ", ".join(str(name) for name in about)
        return _html.join([f"About {names}: " if names else "", lines(_text(body, "text"))], "")
    if "sub_claim" in body:
        said = f"{_text(body, 'sub_claim')}: {in_words(_text(body, 'status'))}. "
        return _html.join([said, lines(_text(body, "because"))], "")
    if entry.kind in {"withheld", "left-out"}:
        cell = f"the outputs of {_text(body, 'path')}, cell {_text(body, 'id')}" if "id" in body else ""
        what = f"the note of entry {body['entry']}" if "entry" in body else cell or _text(body, "path")
        return _html.text(f"Left out: {what}. The reason: {_text(body, 'reason')}")
    if entry.kind == "gentle":
        return _html.text(
            f"Pictures are shown gently from here on: {_text(body, 'gentle')}. The stills stay as they are."
        )
    if entry.kind == "archive":
        return _html.join(["The archive to search was named anew: ", code(_text(body, "archive"))], "")
    verdict, claim = body.get("verdict"), body.get("claim")
    if isinstance(verdict, dict):
        return _html.join([f"Verdict: {in_words(_text(verdict, 'label'))}. ", lines(_text(verdict, "summary"))], "")
    if isinstance(claim, dict) and isinstance(claim.get("sub_claims"), list):
        parts = [f"{_text(p, 'key')}: {_text(p, 'text')}" for p in claim["sub_claims"] if isinstance(p, dict)]
        return _html.join(["The claim was split anew.", *parts], "<br>\n")
    return _html.text(canonical_json(dict(body)))
