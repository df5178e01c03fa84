"""The report: one page that says what was claimed, what people made of it, what was done, and how others check it.

Derived from the journal and the executed notebooks alone: the same case gives the same bytes. It needs no other file,
runs nothing, loads nothing, and reads right without its style sheet and on paper.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import canonical_json, sha256_bytes, write_text
from verikit.case.beside import footage_and_reader, further_posts_section
from verikit.case.claims import in_words
from verikit.case.derived import confined, withdrawn_of
from verikit.case.journal import strict_json
from verikit.case.pieces import code, lines, paragraph, section, table, table_by
from verikit.case.showing import Shelf, moment, notebook_html, notebook_stories
from verikit.case.verdicts import MEANINGS, OWN_DATE, DateIs, Decision, Media
from verikit.case.verification import NOT_SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from verikit._html import Html
    from verikit.case.claims import Claim
    from verikit.case.derived import Derived
    from verikit.case.folder import Case
    from verikit.case.journal import Entry
    from verikit.case.verdicts import EarlierCopy, Verdict

__all__ = ["REPORT", "report_page", "write_report"]

REPORT, ENVIRONMENT = "report.html", "environment.json"
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
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_MARK = "\N{REPLACEMENT CHARACTER}"


def write_report(case: Case) -> Path:
    """The path of report.html in the case's folder, written anew: a page for readers that stands alone.

    Raises AuditError where the journal, the claim or the verdict is not in order.
    """
    return write_text(confined(case.folder, REPORT), report_page(case))


def report_page(case: Case) -> Html:
    """The report, a whole page, as the case says it: the same case gives the same letters. Raises as `write_report`."""
    entries, claim = case.entries, case.claim
    parts = (
        _top(case, entries),
        _claim(claim, entries),
        further_posts_section(case),
        _outcome(case, entries),
        footage_and_reader(case, code),
        _file(entries),
        _done(case, entries),
        _said(entries),
        _evidence(case.derived, entries),
        _checking(entries),
        _environment(case.folder, entries),
    )
    return _html.page(f"Verification report: {case.video_name}", *parts)


def _text(body: Mapping[str, Any], name: str) -> str:
    """A field of an entry as text, empty where it is missing."""
    value = body.get(name)
    return "" if value is None else str(value)


# ----------------------------------------------------------------------------------------------------------------- its sections


def _top(case: Case, entries: Sequence[Entry]) -> Html:
    by = f" by {case.by}" if case.by else ""
    when = f"Case {case.id}, opened {moment(entries[0].time)}{by}; last entry {moment(entries[-1].time)}."
    about = (
        "Tools observed and computed what is shown here; people decided what it means. "
        f"Letters that hide or that turn the direction of a line are shown as {_MARK}."
    )
    return _html.element(
        "header", _html.element("h1", "Verification report"), "\n", paragraph(when), "\n", paragraph(about)
    )


def _claim(claim: Claim, entries: Sequence[Entry]) -> Html:
    of = f"The words of the account {claim.account}" if claim.account else "The words of a post"
    language = {"lang": claim.language} if _LANGUAGE.fullmatch(claim.language) else {}
    parts = [
        paragraph(f"{of}, as they were recorded. They are the claim that is examined, not what this report says."),
        _html.element("blockquote", lines(claim.text), dir="auto", **language),
    ]
    if claim.translation:
        parts.append(paragraph(f"In translation ({claim.translator or 'translator not recorded'}):"))
        parts.append(_html.element("blockquote", lines(claim.translation), dir="auto"))
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
    return section("The claim", *parts)


def _outcome(case: Case, entries: Sequence[Entry]) -> Html:
    verdict, decisions = case.verdict, {decision.sub_claim: decision for decision in case.decisions}
    parts = (
        [paragraph("Not concluded: no verdict is recorded in this case.")] if verdict is None else [*_verdict(verdict)]
    )
    if verdict is not None:
        told = [entry for entry in entries if entry.kind == "decision" and "verdict" in entry.body]
        if told:
            by = _text(told[-1].body, "by")
            parts.append(paragraph(f"Concluded {moment(told[-1].time)}{f' by {by}' if by else ''}."))
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
    derived, gone = case.derived, withdrawn_of(entries)
    rows = [
        (
            f"{part.key}\N{NO-BREAK SPACE}{part.asks}",
            part.text,
            *_standing(decisions.get(part.key), digests.get(part.key), derived=derived, gone=gone),
        )
        for part in case.claim.sub_claims
    ]
    head = ("part", "what is claimed", "status", "because", "evidence", "by")
    parts.append(table_by(rows, head=head, caption="What was decided about each part"))
    if verdict is not None:
        if verdict.earlier_copy is not None:
            parts.append(_copy(verdict.earlier_copy))
        parts += [_html.element("h3", "Limits"), paragraph(lines(verdict.limits))]
    return section("Outcome", *parts)


def _verdict(verdict: Verdict) -> Iterator[Html]:
    label = in_words(verdict.label)
    yield _html.element("p", _html.element("strong", label[:1].upper() + label[1:]), class_="outcome")
    yield paragraph(MEANINGS[verdict.label])
    words = [f"{in_words(word)} ({MEDIA_MEANINGS[word]})" for word in verdict.media]
    yield paragraph("The footage itself: ", "; ".join(words), ".")
    yield paragraph(lines(verdict.summary))


def _standing(
    decision: Decision | None, digests: object, *, derived: Mapping[str, Derived], gone: Mapping[str, Entry]
) -> tuple[object, ...]:
    """Status, reason, evidence and person of a sub-claim's row."""
    if decision is None:
        return ("no decision yet", "", "none", "")
    told = digests if isinstance(digests, dict) else {}
    evidence = []
    for name in decision.rests_on:
        thing = derived.get(name)
        kind = f" ({thing.kind})" if thing is not None and thing.kind != name else ""
        stale = thing is None or told.get(name) != thing.sha256
        since = "withdrawn" if name in gone else "derived anew"
        evidence.append(_html.join([code(name), kind, f" ({since} since this was decided)" if stale else ""], ""))
    shown = _html.join(evidence, ", ") if evidence else "none"
    return (in_words(decision.status), lines(decision.because), shown, decision.by)


def _copy(copy: EarlierCopy) -> Html:
    own = f". {OWN_DATE}" if copy.date_is is DateIs.CLAIMED_BY_FILE else ""
    rows = [
        ("which", copy.reference),
        ("dated", copy.dated),
        ("that date is", f"{copy.date_is.in_words}{own}"),
        ("what it rests on", copy.basis),
        ("evidence", code(copy.evidence) if copy.evidence else "none"),
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
                ("taken in", f"{moment(entry.time)}, {_text(body, 'how') or 'nobody recorded how'}"),
            ]
            if by := _text(body, "by"):
                rows.append(("taken in by", by))
            if modified := _text(body, "modified"):
                rows.append(("last changed, as its file system said", modified))
            parts.append(_html.definition(rows, caption=f"Taken in: {_text(body, 'name')}"))
    said = "Size and SHA-256 were computed when the files were taken in. A name says nothing about what a file is."
    return section("The file", paragraph(said), *parts)


def _done(case: Case, entries: Sequence[Entry]) -> Html:
    names = sorted(path.name for path in (case.folder / "notebooks").glob("*.ipynb"))
    shelf = Shelf()
    shown = [notebook_html(s, folder=case.folder, shelf=shelf) for s in notebook_stories(entries, names=names)]
    said = (
        "The notebooks as they ran, in the order of their names, with what each step showed; but for the card of the case, "
        "whose claim and decisions stand at the top of this page."
    )
    return section("What was done", paragraph(said), *shown)


def _said(entries: Sequence[Entry]) -> Html:
    rows = [
        (moment(entry.time), entry.kind, _words(entry), _text(entry.body, "by"))
        for entry in entries
        if entry.kind in {"note", "decision", "transfer", "archive"}
    ]
    if not rows:
        return section("Notes and decisions", paragraph("None are recorded."))
    head = ("time", "kind", "what was written", "by")
    return section("Notes and decisions", table_by(rows, head=head, caption="In the order of the journal"))


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
    if entry.kind == "archive":
        return _html.join(["The archive to search was named anew: ", code(_text(body, "archive"))], "")
    verdict, claim = body.get("verdict"), body.get("claim")
    if isinstance(verdict, dict):
        return _html.join([f"Verdict: {in_words(_text(verdict, 'label'))}. ", lines(_text(verdict, "summary"))], "")
    if isinstance(claim, dict) and isinstance(claim.get("sub_claims"), list):
        parts = [f"{_text(p, 'key')}: {_text(p, 'text')}" for p in claim["sub_claims"] if isinstance(p, dict)]
        return _html.join(["The claim was split anew.", *parts], "<br>\n")
    return _html.text(canonical_json(dict(body)))


def _evidence(derived: Mapping[str, Derived], entries: Sequence[Entry]) -> Html:
    gone = [code(name) for name in sorted(withdrawn_of(entries))]
    why = "Withdrawn, as a later run of the same notebook did not derive it again: "
    lost = [paragraph(why, _html.join(gone, ", "), ".")] if gone else []
    if not derived:
        return section("Evidence", paragraph("Nothing was derived from the file."), *lost)
    rows = [
        (
            _html.join([code(thing.name), f" ({thing.kind})" if thing.kind != thing.operation else ""], ""),
            _html.join([code(thing.path), f"{thing.size} bytes", code(thing.sha256)], "<br>\n"),
            _html.join([thing.operation, *(f"{key}: {value}" for key, value in thing.arguments.items())], "<br>\n"),
            code(thing.notebook.removeprefix("notebooks/")) if thing.notebook else "by hand",
            ", ".join(name for name, _ in thing.parents) or "nothing named",
        )
        for thing in sorted(derived.values(), key=lambda thing: thing.path)
    ]
    head = ("name", "file, size, SHA-256", "operation, arguments", "notebook", "made from")
    said = "Every file that was derived, as the journal's latest entry tells of it. They lie in the case's package."
    return section("Evidence", paragraph(said), table(rows, head=head, caption="Derived files"), *lost)


def _checking(entries: Sequence[Entry]) -> Html:
    steps = (
        ["Get the sealed package of this case, a zip that holds this report and everything that it speaks of."],
        ["Run ", code("verikit verify PACKAGE"), ". It works offline and answers with a line for each property."],
        [
            "Compare the seal string, which begins with ",
            code("verikit-seal:1:sha256:"),
            ", with the one that was published elsewhere: ",
            code("verikit verify PACKAGE --expect-seal STRING"),
            ". It cannot stand in this report, which is sealed itself.",
        ],
        [
            f"This report was made of the first {len(entries)} entries of the journal; the hash of the last is ",
            code(entries[-1].hash),
            ". Where it is current, the package names the same two in ",
            code("bag-info.txt"),
            ".",
        ],
    )
    return section(
        "How to check this report",
        _html.element("ol", *(_html.element("li", *step) for step in steps)),
        paragraph("Sealing shows whether something was changed afterwards. It does not show:"),
        _html.element("ul", *(_html.element("li", limit) for limit in NOT_SHOWN)),
    )


def _environment(folder: Path, entries: Sequence[Entry]) -> Html:
    start = next((entry.body for entry in reversed(entries) if entry.kind == "run-start"), None)
    if start is None:
        return section("Environment", paragraph("No notebook has run."))
    path = confined(folder, ENVIRONMENT)
    data = path.read_bytes() if path.is_file() else b"{}"
    digest = _text(start, "environment")
    counted = ""
    if sha256_bytes(data) == digest:
        said = strict_json(data)
        found = said.get("distributions") if isinstance(said, dict) else None
        counted = f", {len(found)} distributions" if isinstance(found, list) else ""
    line = f"Python {_text(start, 'python')}, verikit {_text(start, 'verikit')}{counted}; "
    return section("Environment", paragraph(line, code(ENVIRONMENT), " has the SHA-256 ", code(digest), "."))
