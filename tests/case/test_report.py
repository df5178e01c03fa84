"""The report: one page that stands alone, says what the case says, and lets nothing from strangers run or load."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import browser_page, faults, look

from verikit import _html
from verikit._files import sha256_bytes, sha256_file
from verikit._version import __version__
from verikit.case.cells import cell_digests, load_notebook
from verikit.case.claims import Claim
from verikit.case.journal import append
from verikit.case.opening import new_case, open_case
from verikit.case.report import write_report
from verikit.case.running import run_case
from verikit.case.sanitising import sanitised
from verikit.case.sealing import seal_case
from verikit.case.tables import MOST_ROWS, folded, stacked, too_wide
from verikit.case.verdicts import EarlierCopy, Verdict
from verikit.case.verifying import NOT_SHOWN, verify_package
from verikit.errors import AuditError
from verikit.keyframes.searches import Search, Searches
from verikit.records import Finding, Outcome, Records

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = "\"'><script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>\u202egpj.\u200b"
SECTIONS = [
    "The claim",
    "Outcome",
    "The file",
    "What was done",
    "Notes and decisions",
    "Evidence",
    "The seal",
    "How to check this report",
    "Environment",
]
VOID = {"meta", "img", "br", "hr", "wbr"}


class Page(HTMLParser):
    """A page as Python's own parser reads it: its tags, headings, tables, pictures and words."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.words, self.headings, self.tables, self.images = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])
        if tag == "table":
            self.tables.append([])
        if self.tables and tag in {"caption", "th"}:
            self.tables[-1].append((tag, dict(attrs)))
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)
        if tag not in {"code", "em", "strong", "wbr", "bdi"}:
            self.words.append(" ")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and re.fullmatch("h[1-6]", self.open[-1]):
            self.headings[-1][1] += data
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def sound(text):
    """The page, once nothing in it runs or loads and all of it reads without its style sheet."""
    page = Page(text)
    assert page.open == []
    assert text.startswith("<!DOCTYPE html>\n<html lang=")
    policy = {"http-equiv": "Content-Security-Policy"}
    policy["content"] = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert ("meta", policy) in page.tags
    for tag, attributes in page.tags:
        assert tag not in {
            "script",
            "iframe",
            "object",
            "embed",
            "link",
            "base",
            "form",
            "svg",
            "math",
            "template",
        }
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"srcset", "style", "action", "formaction", "background"}
            assert name != "href" or re.fullmatch("#[a-z]+(-[0-9]+)?", value)
            assert name != "src" or re.match(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*$", value)
    places = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(places) == len(set(places))
    assert {attributes["href"][1:] for tag, attributes in page.tags if tag == "a"} <= set(places)
    assert [tag for tag, _ in page.tags].count("style") == 1
    assert [tag for tag, _ in page.tags if tag in {"header", "nav", "main"}] == ["header", "nav", "main"]
    assert not re.search(r"url\(|@import|@font-face", text.partition("</style>")[0])
    assert all(image["alt"].strip() for image in page.images)
    for table in page.tables:
        assert [tag for tag, _ in table].count("caption") == 1
        assert all(attributes["scope"] in {"col", "row"} for tag, attributes in table if tag == "th")
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert [words for level, words in page.headings if level == 2] == SECTIONS
    assert not re.search("[\u200b\u202e\x00-\x08\x0b-\x1f]", text)
    return page


def markdown(source, **more):
    return {"cell_type": "markdown", "metadata": {}, "source": source} | more


def code(source, *outputs):
    return {"cell_type": "code", "metadata": {}, "source": source, "execution_count": 1, "outputs": list(outputs)}


def shown(metadata=None, **data):
    mimes = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": metadata or {}, "data": mimes}


def notebook(*cells):
    cells = [cell | {"id": f"c{number:03d}"} for number, cell in enumerate(cells)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def made(place, *, claim=None, name="clip.mp4", by="A. Analyst"):
    """A case with one notebook that did not run."""
    (place / "given").mkdir(parents=True)
    (place / "given" / "01_look.ipynb").write_bytes(notebook(markdown("# Look")))
    (place / "given" / name).write_bytes(b"moving pictures")
    claim = claim or Claim(text="a flood in 2024", posted="2024-11-03", url="https://example.org/1")
    video = place / "given" / name
    return new_case(place / "case", video=video, claim=claim, notebooks=place / "given", by=by)


def ran(case, *cells, state="done", error="", keep=True):
    """The case once its notebook has run and shows these cells, told to the journal as running tells it."""
    file, environment = "01_look.ipynb", b'{"distributions":[{},{}]}\n'
    (case.folder / "environment.json").write_bytes(environment)
    start = {"sha256": sha256_file(case.folder / "notebooks" / file), "environment": sha256_bytes(environment)}
    start |= {"python": "3.11.9", "verikit": "0.1.0"}
    tell(case, "run-start", **start)
    data = notebook(*cells)
    for cell in cell_digests(load_notebook(data)):
        if cell.type == "code":
            tell(case, "cell", index=cell.index)
    if keep:
        (case.folder / "executed").mkdir(exist_ok=True)
        (case.folder / "executed" / file).write_bytes(data)
        for cell in cell_digests(load_notebook(data)):
            tell(case, "cell-sealed", **dataclasses.asdict(cell))
    tell(case, "run-end", state=state, error=error, sha256=sha256_bytes(data))
    return case


def tell(case, kind, **body):
    append(case.journal, kind, {"notebook": "notebooks/01_look.ipynb"} | body, case=case.id)


def read(case):
    return sound(write_report(case).read_text(encoding="utf-8"))


def decided(case, **statuses):
    for part in case.claim.sub_claims:
        status = statuses.get(part.key, "not_established")
        rests_on = ["look"] if status in {"supported", "contradicted"} else []
        case.decide(part.key, status=status, because=f"reason for {part.key}\nin two lines", rests_on=rests_on)
    return case.decisions


FINDING = Finding(check="freezes", outcome=Outcome.NONE_FOUND, summary="no still stretch", limits="short ones hide")


# ------------------------------------------------------------------------------------------------------ a case that really ran


def test_a_case_that_ran_has_a_page_with_what_its_notebooks_showed_and_where_one_failed(tmp_path):
    given = tmp_path / "given"
    given.mkdir()
    results = (
        "from verikit.case.opening import open_case",
        "from verikit.records import Finding, Outcome, Records",
        "case = open_case()",
        "finding = Finding(check='freezes', outcome=Outcome.ANOMALY, summary='one still stretch', limits='or a lull')",
        "case.record(finding, name='freezes', parents=['video'])",
        "case.note('The sign says\\n<b>shelter</b>.', about=['S3', 'freezes'])",
        "Records([finding], caption='Findings', columns=('check', 'outcome', 'summary'))",
    )
    unrun = {"execution_count": None}
    first = notebook(
        markdown("# Stills\n\nOf *one* stretch"),
        code("\n".join(results)) | unrun,
        code("case.card()") | unrun,
    )
    (given / "01_look.ipynb").write_bytes(first)
    (given / "02_fails.ipynb").write_bytes(
        notebook(code("print('before')\nraise ValueError('no <i>such</i> frame')") | unrun)
    )
    (given / "clip.mp4").write_bytes(b"moving pictures")
    claim = Claim(text="наводнение", language="ru", account="@post")
    case = new_case(tmp_path / "case", video=given / "clip.mp4", claim=claim, notebooks=given, by="A. Analyst")
    runs = run_case(case)
    assert [run.state for run in runs] == ["ran", "failed"]
    page = read(case)
    assert [words for level, words in page.headings if level in {3, 4}] == ["01_look.ipynb", "Stills", "02_fails.ipynb"]
    captions = [attributes for tag, attributes in page.tags if tag == "caption"]
    assert len(captions) == len(page.tables)
    assert "Findings (1)" in page.text
    assert "one still stretch" in page.text
    assert "About S3, freezes: The sign says <b>shelter</b>." in page.text
    assert "The run failed after 1 cell of code: ValueError: no <i>such</i> frame." in page.text
    assert "This step ended in an error. ValueError: no <i>such</i> frame" in page.text
    assert case.derived["freezes"].sha256 in page.text
    distributions = len(json.loads((case.folder / "environment.json").read_bytes())["distributions"])
    assert f"verikit {__version__}, {distributions} distributions" in page.text
    assert ("blockquote", {"dir": "auto", "lang": "ru"}) in page.tags


def test_the_page_is_packed_with_the_case_and_the_package_verifies(case):
    write_report(open_case(case))
    package = seal_case(case).package
    verification = verify_package(package)
    assert verification.ok
    assert sound((case / "report.html").read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------------------------------------------- same bytes


def test_the_same_case_gives_the_same_bytes_here_and_elsewhere(tmp_path):
    case = ran(made(tmp_path), markdown("# Look"), code("finding", shown(text_plain="x")))
    first = write_report(case).read_bytes()
    assert write_report(case).read_bytes() == first
    shutil.copytree(case.folder, tmp_path / "moved")
    assert write_report(open_case(tmp_path / "moved")).read_bytes() == first


def test_writing_the_page_leaves_the_journal_and_nothing_else_behind(tmp_path):
    case = made(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in case.folder.rglob("*")} | {case.folder: 0}
    path = write_report(case)
    assert path == case.folder / "report.html"
    assert {path: path.stat().st_mtime_ns for path in case.folder.rglob("*")} == {
        **{place: time for place, time in before.items() if time},
        path: path.stat().st_mtime_ns,
    }


def test_a_link_in_the_place_of_the_page_is_refused(tmp_path):
    case = made(tmp_path)
    (case.folder / "report.html").symlink_to(tmp_path / "elsewhere.html")
    with pytest.raises(AuditError, match="goes through a link"):
        write_report(case)
    assert not (tmp_path / "elsewhere.html").exists()


# ------------------------------------------------------------------------------------------------------------ hostile everything


def test_what_strangers_wrote_is_text_on_the_page_wherever_it_comes_from(tmp_path):
    claim = Claim(text=HOSTILE, language=HOSTILE, url=HOSTILE, account=HOSTILE, translation=HOSTILE, translator=HOSTILE)
    case = made(tmp_path, claim=claim, name=HOSTILE.replace("/", "") + ".mp4", by=HOSTILE)
    case.keep_bytes(b"x", name="look", operation=HOSTILE)
    case.note(HOSTILE, about=["look"])
    decided(case, S1="supported")
    tell(case, "transfer", to=HOSTILE)
    error = {"output_type": "error", "ename": HOSTILE, "evalue": HOSTILE, "traceback": ["\x1b[31m" + HOSTILE]}
    outputs = [
        shown(text_html=HOSTILE),
        shown(text_html="<details open ontoggle=alert(3)><summary>s</summary>body</details>"),
        shown(text_html="</section></body></html><style>body{display:none}</style><a href='javascript:x'>go</a>"),
        shown(text_plain=HOSTILE),
        shown(image_png=PIXEL, metadata={"image/png": {"alt": HOSTILE}}),
        {"output_type": "stream", "name": "stdout", "text": [HOSTILE, "\r\n\tend"]},
        error,
    ]
    attached = {"attachments": {"a b.png": {"image/png": PIXEL}}}
    ran(
        case,
        markdown(f"# {HOSTILE}\n\n{HOSTILE}\n\n[x](javascript:alert)"),
        markdown("![](attachment:a%20b.png)", **attached),
        code(HOSTILE, *outputs),
    )
    page = read(case)
    assert "alert(1)" in page.text
    assert "\N{REPLACEMENT CHARACTER}gpj." in page.text
    assert len(page.images) == 2
    assert "javascript:" not in "".join(str(attributes) for _, attributes in page.tags)
    assert page.text.endswith(".")


def test_a_page_of_what_strangers_wrote_runs_nothing_in_a_browser_and_axe_finds_nothing_in_it(tmp_path):
    claim = Claim(text=HOSTILE, language="ar", url=HOSTILE, account=HOSTILE, translation=HOSTILE)
    case = made(tmp_path, claim=claim, by=HOSTILE)
    case.note(HOSTILE * 5)
    wide = "<table><tr><th colspan=4>a<tr><td>1<td>2<td>3<td>" + "w" * 300 + "</table><script>ran=1</script>"
    nested = (
        "<table><tr><td><table><tr><td>x</table></table><h1>x</h1><ul><li>a<ul><li>b</ul></ul><img src=x onerror=ran=1>"
    )
    outputs = [shown(text_html=HOSTILE), shown(text_html=wide), shown(text_html=nested), shown(image_png=PIXEL)]
    ran(case, markdown(f"# {HOSTILE}\n\n" + "q" * 400), code("x" * 400, *outputs))
    path = write_report(case)
    with browser_page(tmp_path) as browser:
        for width in (1280, 390):
            look(browser, path, width=width)
            assert faults(browser) == []
            assert browser.run("document.documentElement.scrollWidth") <= width
            # Neither what the page holds nor what is put into it later may run.
            late = "document.body.append(Object.assign(document.createElement('script'), {textContent: 'ran = 1'}))"
            assert browser.run(f"{late}; typeof ran") == "undefined"


def test_a_notebook_that_was_changed_after_it_ran_is_not_shown(tmp_path):
    case = ran(made(tmp_path), markdown("as it was"), code("x", shown(text_plain="score 1")))
    assert "score 1" in read(case).text
    path = case.folder / "executed" / "01_look.ipynb"
    path.write_bytes(path.read_bytes().replace(b"score 1", b"score 9"))
    page = read(case)
    assert "It was changed after it ran." in page.text
    assert "score" not in page.text
    assert "as it was" not in page.text


def test_a_notebook_that_was_only_saved_again_is_shown(tmp_path):
    case = ran(made(tmp_path), markdown("as it was"))
    path = case.folder / "executed" / "01_look.ipynb"
    path.write_bytes(json.dumps(json.loads(path.read_bytes())).encode())
    assert "as it was" in read(case).text


def test_a_claim_that_is_not_the_journals_gets_no_page(tmp_path):
    case = made(tmp_path)
    header = case.folder / "case.json"
    header.write_bytes(header.read_bytes().replace(b"a flood", b"a fire"))
    with pytest.raises(AuditError, match="not the journal's"):
        write_report(case)
    assert not (case.folder / "report.html").exists()


# ----------------------------------------------------------------------------------------------------------------- what it says


def test_without_a_verdict_nothing_is_concluded_and_no_part_is_decided(tmp_path):
    page = read(made(tmp_path))
    assert "Not concluded: no verdict is recorded in this case." in page.text
    assert page.text.count("no decision yet") == 5
    assert "Nothing was derived from the file." in page.text
    assert "01_look.ipynb Not run." in page.text
    assert "No notebook has run." in page.text
    assert "None are recorded." in page.text


def test_a_verdict_stands_with_its_meaning_media_reasons_evidence_earlier_copy_and_limits(tmp_path):
    case = made(tmp_path)
    found = Search(still="a still", variant="plain", engine="e", outcome="found", earliest_result_date="2023-06-03")
    searches = Searches(made=Records([found], caption="Searches", columns=("engine",)), not_searched=0)
    case.record(searches, name="look", parents=["video"])
    copy = EarlierCopy(
        reference="flood.mp4", dated="2023-06-03", date_is="claimed_by_file", basis="creation_time", evidence="look"
    )
    verdict = Verdict(
        label="recycled",
        media=("decontextualized",),
        media_because="A copy is older.",
        media_rests_on=("look",),
        summary="It was seen before.",
        limits="Nobody was asked.",
        decisions=decided(case, S4="contradicted"),
        earlier_copy=copy,
    )
    case.conclude(verdict)
    page = read(case)
    assert "Recycled A copy of the footage is dated before the post." in page.text
    assert "The footage itself: decontextualized (the footage is presented as something else than it is" in page.text
    assert "contradicted reason for S4 in two lines look (Searches) A. Analyst" in page.text
    said = "claimed by the file itself. A file's own date can be written by anyone."
    assert f"dated 2023-06-03 that date is {said} what it rests on creation_time evidence look" in page.text
    assert "published then" not in page.text
    assert "Limits Nobody was asked." in page.text
    assert "Changed since this verdict" not in page.text
    assert "Verdict: recycled. It was seen before." in page.text
    assert sha256_file(case.folder / "derived/look.json") in page.text


def test_a_decision_or_evidence_that_is_newer_than_the_verdict_is_pointed_out(tmp_path):
    case = made(tmp_path)
    case.record(FINDING, name="look")
    case.record(FINDING, name="gone")
    sure = {"label": "unverified", "media": ("undetermined",), "summary": "s", "limits": "l"}
    case.conclude(Verdict(**sure, decisions=decided(case, S3="supported")))
    case.decide("S1", status="not_checked", because="")
    case.record(dataclasses.replace(FINDING, summary="another"), name="look")
    page = read(case)
    assert "Changed since this verdict: S1. It does not cover that." in page.text
    assert page.text.count("(derived anew since this was decided)") == 1
    case.decide("S4", status="supported", because="seen", rests_on=["gone"])
    tell(case, "withdrawn", name="gone", path="derived/gone.json", sha256=case.derived["gone"].sha256)
    page = read(case)
    assert "gone (withdrawn since this was decided)" in page.text
    assert "did not derive it again: gone." in page.text
    assert "derived/gone.json" not in page.text


def test_notes_and_decisions_stand_in_the_order_of_the_journal_with_who_made_them(tmp_path):
    case = made(tmp_path)
    case.note("first\nsecond", about=["S2"])
    case.decide("S1", status="not_established", because="third", by="B. Reader")
    part = dataclasses.replace(case.claim.sub_claims[0], text="who is seen")
    case.split_claim([part])
    text = write_report(case).read_text(encoding="utf-8")
    said = sound(text).text.partition("Notes and decisions")[2]
    places = [
        said.index(words) for words in ("About S2: first second", "not established. third B. Reader", "split anew")
    ]
    assert places == sorted(places)
    assert "first<br>\nsecond" in text


def test_where_nobody_said_who_the_page_does_not_say_so(tmp_path):
    case = made(tmp_path, by="")
    case.note("seen")
    case.conclude(
        Verdict(
            label="unverified", media=("undetermined",), summary="s", limits="nothing at all", decisions=decided(case)
        )
    )
    page = read(case)
    assert " by " not in page.text.partition("Concluded")[2].partition("part what")[0]
    assert all(words not in page.text for words in ("recorded by", "taken in by", "by not recorded"))
    heads = [dict(attributes)["data-label"] for tag, attributes in page.tags if "data-label" in attributes]
    assert "by" not in heads
    assert "because" in heads


def test_the_card_of_the_case_is_left_out_and_what_stands_beside_it_is_not(tmp_path):
    case = made(tmp_path)
    card = case.card()._repr_mimebundle_()
    finding = Records([FINDING], caption="Findings", columns=("check", "summary"))._repr_mimebundle_()
    outputs = [{"output_type": "display_data", "metadata": {}, "data": data} for data in (card, finding)]
    page = read(ran(case, code("case.card()", *outputs)))
    assert "Where each part stands" not in page.text
    assert "Findings (1)" in page.text
    assert "code of this step case.card()" in page.text


@pytest.mark.parametrize("rows", [MOST_ROWS, MOST_ROWS + 1])
def test_a_long_table_stands_folded_and_says_how_many_rows_it_has(tmp_path, rows):
    case = made(tmp_path)
    for number in range(rows):
        case.keep_bytes(b"x", name=f"still{number}.png", operation="still")
    table = _html.table([(number, "<x>") for number in range(rows)], head=("a", "b"), caption="All & more")
    page = read(ran(case, code("x", shown(text_html=str(table)))))
    assert (f"All & more: {rows} rows" in page.text) is (rows > MOST_ROWS)
    assert (f"Derived files: {rows} rows" in page.text) is (rows > MOST_ROWS)
    assert page.tags.count(("details", {"class": "long"})) == (2 if rows > MOST_ROWS else 0)
    assert f"still{rows - 1}.png" in page.text


def test_only_the_outermost_table_is_folded_and_nothing_is_lost():
    inner = _html.table([(n,) for n in range(50)], head=("a",), caption="inner")
    outer = _html.table([(inner,)] * 3, head=("x",), caption="outer")
    assert folded(outer) == outer
    long = _html.table([(inner,)] * 41, head=("x",), caption="outer")
    shown = folded(_html.join([outer, "between", long, "after"]))
    assert shown.count("<details") == 1
    assert "outer: 41 rows" in shown
    assert re.sub(r"<details[^>]*><summary>[^<]*</summary>|</details>", "", shown) == _html.join(
        [outer, "between", long, "after"]
    )


def test_a_table_of_several_columns_tells_each_cell_its_heading_and_an_uneven_one_is_left_alone():
    plain = _html.table([("x", "<y>", 1), ("z", "w", 2)], head=("a", 'b "q"', "c"), caption="t")
    written = stacked(plain)
    assert written.startswith('<table class="stacked"><caption>t</caption>')
    assert '<th data-label="a" scope="row">x</th><td data-label="b &quot;q&quot;">&lt;y&gt;</td>' in written
    assert re.sub(r' (class|data-label)="[^"]*"', "", written) == plain
    assert not too_wide(written)
    two = _html.definition([("a", "b")], caption="t")
    uneven = sanitised(
        "<table><thead><tr><th>a<th>b<th>c<th>d<tbody><tr><td colspan=2>1<td>2<td>3<tr><td>1<td>2<td>3<td>4</table>"
    )
    nested = _html.table([(plain, "b", "c")], head=("x", "y", "z"), caption="outer")
    assert [stacked(kept) for kept in (two, uneven, nested)] == [two, uneven, nested]
    assert too_wide(uneven)
    many = stacked(_html.table([range(6)], head=list("abcdef"), caption="t"))
    assert 'class="stacked many"' in many
    assert too_wide(many)
    lists = stacked(_html.table([range(10)], head=list("abcdefghij"), caption="t"))
    assert 'class="stacked always"' in lists
    assert not too_wide(lists)


def test_a_table_that_must_be_moved_sideways_is_reached_by_the_keyboard(tmp_path):
    uneven = "<table><tr><th colspan=4>a<tr><td>1<td>2<td>3<td>4</table>"
    page = read(ran(made(tmp_path), code("x", shown(text_html=uneven)), code("y", shown(text_html="<p>narrow</p>"))))
    reached = [attributes for tag, attributes in page.tags if "tabindex" in attributes]
    assert [(one["class"], one["role"], bool(one["aria-label"])) for one in reached] == [("wide", "group", True)]


def test_words_in_a_language_keep_it_on_the_page(tmp_path):
    said = _html.definition([("claim", _html.in_language("\ud654\uc7ac", "ko"))], caption="x")
    hostile = "<span lang='x\" onclick=y' dir=up>a</span><p lang=ar dir=rtl>b</p>"
    page = read(ran(made(tmp_path), code("x", shown(text_html=str(said)), shown(text_html=hostile))))
    assert ("span", {"dir": "auto", "lang": "ko"}) in [(t, dict(sorted(a.items()))) for t, a in page.tags]
    assert ("p", {"lang": "ar", "dir": "rtl"}) in page.tags
    assert [a for t, a in page.tags if t == "span" and "onclick" in str(a)] == []


def test_words_that_run_from_right_to_left_turn_nothing_around_them(tmp_path):
    said = "\u062a\u0633\u0631\u064a\u0628 2024"
    case = made(tmp_path, claim=Claim(text=said, account=said, translation="Leaked", translator=said), by=said)
    case.note(said)
    decided(case)
    text = write_report(case).read_text(encoding="utf-8")
    # In sentences of ours each stands by itself; a paragraph of its own runs as its letters do.
    assert text.count(f"<bdi>{said}</bdi>") == 5
    assert f'<blockquote dir="auto"><bdi>{said}</bdi></blockquote>' in text


def test_a_picture_that_is_kept_leads_to_its_row_and_a_decision_to_both(tmp_path):
    case = made(tmp_path)
    pixel = base64.b64decode(PIXEL)
    case.record(FINDING, name="look", parents=["video"])
    case.keep_bytes(pixel, name="look/seen.png", operation="figure")
    case.keep_bytes(b"another", name="looked.png", operation="figure")
    case.decide("S1", status="not_established", because="dark", rests_on=["look"])
    page = read(ran(case, code("x", shown(image_png=PIXEL), shown(image_png=PIXEL))))
    assert page.text.count("Picture 1, kept in the case as look/seen.png") == 2
    assert "look (Finding): picture 1 A. Analyst" in page.text
    ways = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert [ways.count(way) for way in ("#evidence-1", "#evidence-2", "#picture-1")] == [1, 2, 2]


def test_nothing_leads_to_a_picture_that_was_left_out_for_its_size(tmp_path):
    case = made(tmp_path)
    large = base64.b64decode(PIXEL) + bytes(4_000_000)
    case.keep_bytes(large, name="look.png", operation="figure")
    code_of = base64.b64encode(large).decode()
    assert "picture 1" not in read(ran(case, code("x", shown(image_png=code_of)))).text


def test_the_page_says_how_it_is_checked_and_what_that_does_not_show(tmp_path):
    case = ran(made(tmp_path), markdown("x"))
    page = read(case)
    assert "verikit verify PACKAGE" in page.text
    assert "begins with verikit-seal:1:sha256: is told by verikit seal" in page.text
    assert (
        f"the first {len(case.entries)} entries of the journal; the hash of the last is {case.entries[-1].hash}"
        in page.text
    )
    assert all(limit in page.text for limit in NOT_SHOWN)
    assert "Python 3.11.9, verikit 0.1.0, 2 distributions; environment.json has the SHA-256" in page.text


def test_an_environment_that_is_not_the_one_of_the_run_is_not_counted(tmp_path):
    case = ran(made(tmp_path), markdown("x"))
    (case.folder / "environment.json").write_bytes(b'{"distributions":[{}]}\n')
    assert "verikit 0.1.0; environment.json has the SHA-256" in read(case).text


def test_a_run_that_stopped_or_left_nothing_and_a_notebook_edited_later_are_named(tmp_path):
    case = ran(made(tmp_path), code("x"), state="stopped", error="stopped from outside", keep=False)
    (case.folder / "notebooks/01_look.ipynb").write_bytes(notebook(markdown("# Other")))
    page = read(case)
    assert "The run stopped after 1 cell of code: stopped from outside." in page.text
    assert "This run left no copy." in page.text
    assert "notebooks/01_look.ipynb was edited or removed after this run." in page.text
    tell(case, "run-start", sha256="", environment="")
    assert "It did not end: the journal holds no end of this run." in read(case).text


# -------------------------------------------------------------------------------------------------------------------- notebooks


def test_text_of_cells_is_rendered_below_the_notebooks_heading_and_addresses_stand_as_text(tmp_path):
    source = "# Title\n\n### Deep\n\nSee [the post](https://example.org/?a=1&b=2) and <https://example.org/>.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<b>raw</b>"
    page = read(ran(made(tmp_path), markdown(source), markdown("## Next"), code("a_step = 1")))
    assert page.headings[-8:-5] == [[4, "Title"], [5, "Deep"], [5, "Next"]]
    assert "See the post (https://example.org/?a=1&b=2) and https://example.org/." in page.text
    assert "<b>raw</b>" in page.text
    assert "code of this step a_step = 1" in page.text
    assert ("details", {}) in page.tags


def test_results_of_ours_keep_their_tables_and_folds(tmp_path):
    bundle = Records([FINDING], caption="Findings", columns=("check", "summary"))._repr_mimebundle_()
    shown_open = _html.details("All tags", _html.table([("a", "b" * 64)], head=("x", "y"), caption="Tags"))
    page = read(ran(made(tmp_path), code("x", shown(text_html=bundle["text/html"]), shown(text_html=str(shown_open)))))
    assert ("details", {"open": "open"}) in page.tags
    assert "Findings (1) check summary freezes no still stretch" in page.text
    assert "b" * 64 in page.text


def test_a_picture_has_the_words_of_its_metadata_or_of_the_text_beside_it(tmp_path):
    outputs = [
        shown(image_png=PIXEL, text_plain="beside", metadata={"image/png": {"alt": "a grey square"}}),
        shown(image_png=[PIXEL[:40] + "\n", PIXEL[40:]], text_plain="beside"),
        shown(image_png=PIXEL, text_plain="<Figure size 640x480 with 1 Axes>"),
    ]
    page = read(ran(made(tmp_path), code("x", *outputs)))
    alone = "a picture without a description: executed/01_look.ipynb, cell 0 (c000)"
    assert [image["alt"] for image in page.images] == ["a grey square", "beside", alone]
    assert {image["src"] for image in page.images} == {f"data:image/png;base64,{PIXEL}"}


def test_what_is_no_picture_is_not_shown_as_one(tmp_path):
    svg = base64.b64encode(b"<svg onload=alert(1)>").decode()
    outputs = [
        shown(image_png=svg, text_plain="in words"),
        shown(**{"image_svg+xml": "<svg onload=alert(1)></svg>"}),
        shown(text_html=f"<img src='data:image/svg+xml;base64,{svg}' alt='a drawing'>"),
        shown(text_html=f"<img src='data:image/png;base64,{svg}'>"),
    ]
    page = read(ran(made(tmp_path), code("x", *outputs)))
    assert page.images == []
    assert "in words" in page.text
    assert (
        "[An output that a page cannot show (image/svg+xml): see executed/01_look.ipynb, cell 0 (c000).]" in page.text
    )
    assert "[picture left out: a drawing] [picture left out: no description]" in page.text


def test_a_page_stays_bearable_and_names_what_did_not_fit(tmp_path):
    large = base64.b64encode(base64.b64decode(PIXEL) + bytes(2_900_000)).decode()
    case = ran(
        made(tmp_path),
        code("x", shown(image_png=large)),
        code("y", shown(image_png=large)),
        code("z", shown(text_plain="a" * 150_000)),
        code("last", shown(text_plain="the end")),
    )
    page = read(case)
    assert (case.folder / "report.html").stat().st_size < 5_500_000
    assert len(page.images) == 1
    assert "[Left out of this page for its size, 3867 kB: see executed/01_look.ipynb, cell 1 (c001).]" in page.text
    assert "[50000 more letters: see executed/01_look.ipynb, cell 2 (c002).]" in page.text
    assert "the end" in page.text


# ---------------------------------------------------------------------------------------------------------------- the sanitiser

PIECES = st.sampled_from(
    re.findall(
        r"\S+",
        "<p> </p> <table> <tr> <td> <th> </table> <caption> <li> <ul> </ul> <h1> <h5> </h1> <em> </em> <a/href=x> <script> "
        "</script> <style> <!-- --> <![CDATA[ ]]> <?x ?> <img/src=x/onerror=y> <details/open/ontoggle=z> </details> <b <i> "
        "<svg><p> <br> </br> <hr> <pre> & &lt; &#60;script&#62; &#x3c; \" ' > < =",
    )
)
ALLOWED = re.compile(
    r"<(/?(p|table|caption|thead|tbody|tr|td|ul|ol|li|dl|dt|dd|em|strong|code|pre|blockquote|details|summary|h[1-6])"
    r'|br|hr|wbr|details open="open"|/?th|th scope="(row|col)")>'
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=25).map("".join))
def test_sanitised_html_has_only_plain_tags_each_closed_in_its_place(given):
    written = sanitised(given)
    assert "<" not in ALLOWED.sub("", written)
    page = Page(written)
    assert page.open == []
    assert all([tag for tag, _ in table].count("caption") for table in page.tables)


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_plain_text_passes_the_sanitiser_as_plain_text(words):
    escaped = _html.text(words)
    assert sanitised(escaped) == escaped


@pytest.mark.parametrize(
    ("piece", "first"),
    [
        ("<a ", ""),
        ("<!--", ""),
        ("<script></script", " [a script was left out] "),
        ("<", "&lt;&lt;"),
        ("</", "&lt;/&lt;/"),
        ("&", "&amp;&amp;"),
        ("<p>", "<p></p><p></p>"),
        ("<table>", "<table><caption>Table</caption><table>"),
    ],
)
def test_sanitising_takes_time_in_step_with_the_length(piece, first):
    # A reader that goes back over what it has read needs minutes to hours for this.
    written = sanitised(piece * (300_000 // len(piece)))
    assert written == first if len(written) < 100 else written.startswith(first)


def test_more_html_than_is_read_is_an_error_and_a_script_leaves_a_mark():
    with pytest.raises(ValueError, match="at most 1000000"):
        sanitised("a" * 1_000_001)
    assert "[a script was left out]" in sanitised("a<script>b</script>c")
    assert sanitised("<details><summary></summary>x") == "<details><summary>details</summary>x</details>"
    assert sanitised("a<style>b{}</style>c &#" + "9" * 5000) == "ac &amp;#" + "9" * 5000
