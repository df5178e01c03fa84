"""The report: one page that says what was claimed, what people made of it, what was done, and how others check it.

Derived from the journal and the executed notebooks alone: the same case gives the same bytes. It needs no other file,
runs nothing, loads nothing, and reads right without its style sheet and on paper.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import canonical_json, sha256_bytes, write_text
from verikit.case.claims import in_words
from verikit.case.derived import confined
from verikit.case.journal import strict_json
from verikit.case.showing import Shelf, moment, notebook_html, notebook_stories
from verikit.case.verdicts import MEANINGS, Decision, Media
from verikit.case.verifying import NOT_SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from verikit._html import Html
    from verikit.case.claims import Claim
    from verikit.case.derived import Derived
    from verikit.case.folder import Case
    from verikit.case.journal import Entry
    from verikit.case.verdicts import EarlierCopy, Verdict

__all__ = ["write_report"]

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
    entries, claim = case.entries, case.claim
    parts = (
        _top(case, entries),
        _claim(claim, entries),
        _outcome(case, entries),
        _file(entries),
        _done(case, entries),
        _said(entries),
        _evidence(case.derived),
        _checking(entries),
        _environment(case.folder, entries),
    )
    whole = _html.page(f"Verification report: {case.video_name}", *parts)
    return write_text(confined(case.folder, REPORT), whole)


# ------------------------------------------------------------------------------------------------------------------ its pieces


def _section(title: str, *parts: object) -> Html:
    return _html.element("section", _html.element("h2", title), "\n", _html.join(parts))


def _p(*parts: object) -> Html:
    return _html.element("p", *parts)


def _code(words: str) -> Html:
    return _html.element("code", words)


def _lines(words: str) -> Html:
    """Text whose line ends stay line ends, also without a style sheet. Which way it runs follows from its letters."""
    return _html.join((line.rstrip("\r") for line in words.split("\n")), "<br>\n")


def _table(rows: Iterable[Sequence[object]], *, head: Sequence[str], caption: str) -> Html:
    """A table whose rows stand as short lists on a narrow screen; the first cell is the row's heading."""
    written = [
        _html.element(
            "tr",
            *(
                _html.element("th", cell, scope="row", data_label=name)
                if name == head[0]
                else _html.element("td", cell, data_label=name)
                for name, cell in zip(head, row, strict=True)
            ),
        )
        for row in rows
    ]
    top = _html.element("tr", *(_html.element("th", name, scope="col") for name in head))
    return _html.element(
        "table",
        _html.element("caption", caption),
        _html.element("thead", top),
        _html.element("tbody", _html.join(["", *written, ""])),
        class_="stacked",
    )


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
    return _html.element("header", _html.element("h1", "Verification report"), "\n", _p(when), "\n", _p(about))


def _claim(claim: Claim, entries: Sequence[Entry]) -> Html:
    of = f"The words of the account {claim.account}" if claim.account else "The words of a post"
    language = {"lang": claim.language} if _LANGUAGE.fullmatch(claim.language) else {}
    parts = [
        _p(f"{of}, as they were recorded. They are the claim that is examined, not what this report says."),
        _html.element("blockquote", _lines(claim.text), dir="auto", **language),
    ]
    if claim.translation:
        parts.append(_p(f"In translation ({claim.translator or 'translator not recorded'}):"))
        parts.append(_html.element("blockquote", _lines(claim.translation), dir="auto"))
    rows = [
        ("account", claim.account or NOT_RECORDED),
        ("language", claim.language or NOT_RECORDED),
        ("posted", f"{claim.posted}, as the post or the analyst says" if claim.posted else NOT_RECORDED),
        ("address of the post", _code(claim.url) if claim.url else NOT_RECORDED),
        ("archived copy of the post", _code(claim.archived) if claim.archived else NOT_RECORDED),
        ("recorded by", _text(entries[0].body, "by") or NOT_RECORDED),
    ]
    parts.append(_html.definition(rows, caption="About the post"))
    pieces = [(p.key, p.asks, p.text, p.would_contradict or NOT_RECORDED) for p in claim.sub_claims]
    head = ("part", "asks", "what is claimed", "what would contradict it")
    parts.append(_table(pieces, head=head, caption="The claim in parts that can be checked one by one"))
    return _section("The claim", *parts)


def _outcome(case: Case, entries: Sequence[Entry]) -> Html:
    verdict, decisions = case.verdict, {decision.sub_claim: decision for decision in case.decisions}
    parts = [_p("Not concluded: no verdict is recorded in this case.")] if verdict is None else [*_verdict(verdict)]
    if verdict is not None:
        told = [entry for entry in entries if entry.kind == "decision" and "verdict" in entry.body]
        if told:
            parts.append(_p(f"Concluded {moment(told[-1].time)} by {_text(told[-1].body, 'by') or NOT_RECORDED}."))
        concluded = {decision.sub_claim: decision for decision in verdict.decisions}
        changed = sorted(
            part.key for part in case.claim.sub_claims if concluded.get(part.key) != decisions.get(part.key)
        )
        if changed or set(concluded) - {part.key for part in case.claim.sub_claims}:
            which = ", ".join(changed) or "the parts of the claim"
            parts.append(_p(_html.element("strong", f"Changed since this verdict: {which}. It does not cover that.")))
    digests = {
        _text(e.body, "sub_claim"): e.body.get("evidence")
        for e in entries
        if e.kind == "decision" and "asked" in e.body
    }
    derived = case.derived
    rows = [
        (
            f"{part.key}\N{NO-BREAK SPACE}{part.asks}",
            part.text,
            *_standing(decisions.get(part.key), digests.get(part.key), derived),
        )
        for part in case.claim.sub_claims
    ]
    head = ("part", "what is claimed", "status", "because", "evidence", "by")
    parts.append(_table(rows, head=head, caption="What was decided about each part"))
    if verdict is not None:
        if verdict.earlier_copy is not None:
            parts.append(_copy(verdict.earlier_copy))
        parts += [_html.element("h3", "Limits"), _p(_lines(verdict.limits))]
    return _section("Outcome", *parts)


def _verdict(verdict: Verdict) -> Iterator[Html]:
    label = in_words(verdict.label)
    yield _html.element("p", _html.element("strong", label[:1].upper() + label[1:]), class_="outcome")
    yield _p(MEANINGS[verdict.label])
    words = [f"{in_words(word)} ({MEDIA_MEANINGS[word]})" for word in verdict.media]
    yield _p("The footage itself: ", "; ".join(words), ".")
    yield _p(_lines(verdict.summary))


def _standing(decision: Decision | None, digests: object, derived: Mapping[str, Derived]) -> tuple[object, ...]:
    """Status, reason, evidence and person of a sub-claim's row."""
    if decision is None:
        return ("no decision yet", "", "none", "")
    told = digests if isinstance(digests, dict) else {}
    evidence = []
    for name in decision.rests_on:
        thing = derived.get(name)
        kind = f" ({thing.kind})" if thing is not None and thing.kind != name else ""
        stale = thing is None or told.get(name) != thing.sha256
        evidence.append(_html.join([_code(name), kind, " (derived anew since this was decided)" if stale else ""], ""))
    shown = _html.join(evidence, ", ") if evidence else "none"
    return (in_words(decision.status), _lines(decision.because), shown, decision.by or NOT_RECORDED)


def _copy(copy: EarlierCopy) -> Html:
    rows = [
        ("which", copy.reference),
        ("published", copy.published),
        ("what this date rests on", copy.basis),
        ("evidence", _code(copy.evidence) if copy.evidence else "none"),
    ]
    return _html.definition(rows, caption="An earlier copy")


def _file(entries: Sequence[Entry]) -> Html:
    parts = []
    for entry in entries:
        if entry.kind == "acquired":
            body = entry.body
            rows = [
                ("name as given", _code(_text(body, "name"))),
                ("kept in the case as", _code(_text(body, "path"))),
                ("size", f"{_text(body, 'size')} bytes"),
                ("SHA-256", _code(_text(body, "sha256"))),
                ("taken in", f"{moment(entry.time)}, {_text(body, 'how') or 'nobody recorded how'}"),
                ("taken in by", _text(body, "by") or NOT_RECORDED),
            ]
            if modified := _text(body, "modified"):
                rows.append(("last changed, as its file system said", modified))
            parts.append(_html.definition(rows, caption=f"Taken in: {_text(body, 'name')}"))
    said = "Size and SHA-256 were computed when the files were taken in. A name says nothing about what a file is."
    return _section("The file", _p(said), *parts)


def _done(case: Case, entries: Sequence[Entry]) -> Html:
    names = sorted(path.name for path in (case.folder / "notebooks").glob("*.ipynb"))
    shelf = Shelf()
    shown = [notebook_html(s, folder=case.folder, shelf=shelf) for s in notebook_stories(entries, names=names)]
    said = "The notebooks as they ran, in the order of their names, with what each step showed."
    return _section("What was done", _p(said), *shown)


def _said(entries: Sequence[Entry]) -> Html:
    rows = [
        (moment(entry.time), entry.kind, _words(entry), _text(entry.body, "by") or NOT_RECORDED)
        for entry in entries
        if entry.kind in {"note", "decision", "transfer"}
    ]
    if not rows:
        return _section("Notes and decisions", _p("None are recorded."))
    head = ("time", "kind", "what was written", "by")
    return _section("Notes and decisions", _table(rows, head=head, caption="In the order of the journal"))


def _words(entry: Entry) -> Html:
    """What a note or a decision says. An entry of no known form stands as its JSON."""
    body = entry.body
    about = body.get("about")
    if entry.kind == "note" and isinstance(about, list):
        names = ", ".join(str(name) for name in about)
        return _html.join([f"About {names}: " if names else "", _lines(_text(body, "text"))], "")
    if "sub_claim" in body:
        said = f"{_text(body, 'sub_claim')}: {in_words(_text(body, 'status'))}. "
        return _html.join([said, _lines(_text(body, "because"))], "")
    verdict, claim = body.get("verdict"), body.get("claim")
    if isinstance(verdict, dict):
        return _html.join([f"Verdict: {in_words(_text(verdict, 'label'))}. ", _lines(_text(verdict, "summary"))], "")
    if isinstance(claim, dict) and isinstance(claim.get("sub_claims"), list):
        parts = [f"{_text(p, 'key')}: {_text(p, 'text')}" for p in claim["sub_claims"] if isinstance(p, dict)]
        return _html.join(["The claim was split anew.", *parts], "<br>\n")
    return _html.text(canonical_json(dict(body)))


def _evidence(derived: Mapping[str, Derived]) -> Html:
    if not derived:
        return _section("Evidence", _p("Nothing was derived from the file."))
    rows = [
        (
            _html.join([_code(thing.name), f" ({thing.kind})" if thing.kind != thing.operation else ""], ""),
            _html.join([_code(thing.path), f"{thing.size} bytes", _code(thing.sha256)], "<br>\n"),
            thing.operation,
            _code(thing.notebook.removeprefix("notebooks/")) if thing.notebook else "by hand",
            ", ".join(name for name, _ in thing.parents) or "nothing named",
        )
        for thing in sorted(derived.values(), key=lambda thing: thing.path)
    ]
    head = ("name", "file, size, SHA-256", "operation", "notebook", "made from")
    said = "Every file that was derived, as the journal's latest entry tells of it. They lie in the case's package."
    return _section("Evidence", _p(said), _table(rows, head=head, caption="Derived files"))


def _checking(entries: Sequence[Entry]) -> Html:
    steps = (
        ["Get the sealed package of this case, a zip that holds this report and everything that it speaks of."],
        ["Run ", _code("verikit verify PACKAGE"), ". It works offline and answers with a line for each property."],
        [
            "Compare the seal string, which begins with ",
            _code("verikit-seal:1:sha256:"),
            ", with the one that was published elsewhere: ",
            _code("verikit verify PACKAGE --expect-seal STRING"),
            ". It cannot stand in this report, which is sealed itself.",
        ],
        [
            f"This report was made of the first {len(entries)} entries of the journal; the hash of the last is ",
            _code(entries[-1].hash),
            ". Where it is current, the package names the same two in ",
            _code("bag-info.txt"),
            ".",
        ],
    )
    return _section(
        "How to check this report",
        _html.element("ol", *(_html.element("li", *step) for step in steps)),
        _p("Sealing shows whether something was changed afterwards. It does not show:"),
        _html.element("ul", *(_html.element("li", limit) for limit in NOT_SHOWN)),
    )


def _environment(folder: Path, entries: Sequence[Entry]) -> Html:
    start = next((entry.body for entry in reversed(entries) if entry.kind == "run-start"), None)
    if start is None:
        return _section("Environment", _p("No notebook has run."))
    path = confined(folder, ENVIRONMENT)
    data = path.read_bytes() if path.is_file() else b"{}"
    digest = _text(start, "environment")
    counted = ""
    if sha256_bytes(data) == digest:
        said = strict_json(data)
        found = said.get("distributions") if isinstance(said, dict) else None
        counted = f", {len(found)} distributions" if isinstance(found, list) else ""
    line = f"Python {_text(start, 'python')}, verikit {_text(start, 'verikit')}{counted}; "
    return _section("Environment", _p(line, _code(ENVIRONMENT), " has the SHA-256 ", _code(digest), "."))
