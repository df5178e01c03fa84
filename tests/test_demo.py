"""The whole road on the sample data, once, as a newcomer runs it: from the claim to a package that verifies."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from pages import browser_page, faults, look, printed

from verikit.case.opening import open_case
from verikit.case.received import open_package
from verikit.case.verifying import verify_package
from verikit.records import RESULT_MIME

STEPS = (
    "01_open_case",
    "02_what_is_this_file",
    "03_frames_to_search",
    "04_seen_before",
    "05_was_it_edited",
    "06_words_and_sounds",
    "07_where_and_when",
    "08_verdict_and_handover",
    "09_check_a_case",
)
PICTURES = ("image/png", "image/jpeg")


def text_of(value: object) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


# -------------------------------------------------------------------------------------------------------------- the road


def test_all_nine_notebooks_ran(demo):
    assert [(run["notebook"], run["state"], run["error"]) for run in demo.told["notebooks"]] == [
        (f"{step}.ipynb", "ran", "") for step in STEPS
    ]


def test_every_step_takes_less_than_a_minute_and_begins_with_the_card(demo):
    assert all(run["seconds"] < 60 for run in demo.told["notebooks"])
    for step in STEPS:
        first = demo.outputs(step)[0]
        # A case shows itself as its card.
        assert first["data"][RESULT_MIME]["kind"] == "CaseCard"


def test_progress_goes_to_stderr_and_names_each_step(demo):
    assert "Traceback" not in demo.err
    assert "Warning" not in demo.err
    assert all(line.startswith("verikit: ") for line in demo.err.splitlines())


def test_the_verification_holds_with_the_seal_string(demo):
    told = demo.told
    states = {part["name"]: part["state"] for part in told["verification"]["properties"]}
    assert told["verification"]["ok"] is True
    assert {name for name, state in states.items() if state == "holds"} == {
        *("shape", "hashes", "journal", "notebook", "seal"),
    }
    assert told["verification"]["seal"] == told["seal"]
    again = verify_package(demo.folder / "case.zip", expect_seal=told["seal"])
    assert again.to_dict() == told["verification"]
    assert told["warnings"] == []


def test_the_match_is_the_one_that_is_hidden_in_the_sample_data(demo, truth):
    hidden = truth["viral.mp4"]
    confirmed = [match for match in demo.recorded("copies")["search"]["matches"] if match["confirmed"]]
    (match,) = confirmed
    assert match["reference"] == Path(hidden["reference"]).name
    assert match["query_span"] == pytest.approx(hidden["query_span"], abs=0.1)
    assert match["reference_span"] == pytest.approx(hidden["reference_span"], abs=0.1)
    assert match["speed"] == pytest.approx(hidden["speed"], abs=0.02)
    assert (match["mirrored"], match["relation"]) == (True, "same_footage")


def test_the_geometry_of_the_match_lays_the_clip_on_its_crop(demo, truth):
    hidden = truth["viral.mp4"]
    (match,) = [match for match in demo.recorded("copies")["search"]["matches"] if match["confirmed"]]
    width, height = hidden["size"]
    left, top, across, down = hidden["crop"]
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float)
    placed = corners @ np.array(match["geometry"]["homography"]).T
    # Mirrored: the clip's left edge lies on the crop's right one. Four pixels of 640 are what compression leaves.
    wanted = [(left + across, top), (left, top), (left, top + down), (left + across, top + down)]
    assert placed[:, :2] / placed[:, 2:] == pytest.approx(np.array(wanted, float), abs=4)


def test_the_copies_stand_side_by_side_with_the_earlier_date(demo, truth):
    clip, earlier = demo.recorded("copies")["copies"]
    assert (clip["role"], clip["claims_created"]) == ("the clip", "no date in the file")
    assert truth["archive"]["archive/dormitory_evening.mp4"]["creation_time"] in earlier["claims_created"]
    assert earlier["duration"] > clip["duration"]


def test_the_verdict_is_recycled_and_every_part_is_decided_with_evidence(demo):
    case = open_case(demo.folder / "case")
    verdict = case.verdict
    assert verdict is not None
    assert verdict.label == "recycled"
    assert [decision.sub_claim for decision in verdict.decisions] == ["S1", "S2", "S3", "S4", "S5"]
    assert all(decision.rests_on for decision in verdict.decisions)
    assert verdict.limits


def test_every_line_of_the_verdict_names_evidence_that_is_in_the_package(demo):
    received = open_package(demo.folder / "case.zip")
    assert [line.part for line in received.lines] == ["label", "media", "S1", "S2", "S3", "S4", "S5"]
    with zipfile.ZipFile(demo.folder / "case.zip") as package:
        names = set(package.namelist())
    for line in received.lines:
        assert line.evidence
        assert not line.changed
        assert {f"data/{file}" for file in line.files} <= names
        assert len(line.files) == len(line.evidence)


def test_the_searches_that_found_nothing_are_in_the_log_and_carry_nothing(demo):
    made = demo.recorded("searches")["searches"]
    assert [search["outcome"] for search in made] == ["nothing"] * 4
    assert all("made up" in search["note"].lower() for search in made)
    verdict = open_case(demo.folder / "case").verdict
    assert not [decision for decision in verdict.decisions if "searches" in decision.rests_on]


def test_a_second_reader_dissents_and_both_are_shown(demo):
    case = open_case(demo.folder / "case")
    assert {part for part, _ in case.second_reading.dissents} == {"S5"}
    assert "Dissents on S5" in case.card()._repr_mimebundle_()["text/plain"]


def test_the_clip_s_differences_to_the_copy_are_the_ones_that_were_made(demo, truth):
    (differs,) = demo.recorded("edits")["differs"]
    told = "; ".join(differs["differs"])
    assert truth["viral.mp4"]["mirrored"]
    assert "the picture is mirrored" in told
    assert "a part of the copy's time" in told
    assert "a part of the copy's picture" in told
    caption = [demo.recorded(f"observed/caption_{language}")["text"] for language in ("ru", "ko")]
    assert caption == truth["viral.mp4"]["caption"]["lines"]


def test_the_dates_of_posts_copy_and_clue_stand_in_their_order(demo):
    dates = demo.recorded("timeline")["dates"]
    assert [date["kind"] for date in dates] == ["copy", "observed", "posted", "posted"]


def test_the_review_to_publish_is_in_the_package(demo):
    claimed, media = demo.recorded("claim_review")["@graph"]
    assert claimed["reviewRating"]["alternateName"] == "recycled"
    assert media["itemReviewed"]["sha256"] == open_case(demo.folder / "case").video_sha256


def test_the_earlier_date_is_that_of_a_page_that_someone_read_and_nothing_rests_on_the_copys_own_tag(demo):
    case = open_case(demo.folder / "case")
    verdict = case.verdict
    assert verdict is not None
    assert verdict.earlier_copy is not None
    assert verdict.earlier_copy.date_is == "published"
    assert demo.recorded("observed/upload_record")["latest"] == verdict.earlier_copy.dated
    assert "the copy's own tag" in verdict.limits
    page = (demo.folder / "case/report.html").read_text(encoding="utf-8").replace("&#x27;", "'")
    assert "A copy of the footage is dated before the post." in page
    assert "published then" in page
    told = "".join(path.read_text(encoding="utf-8") for path in (demo.folder / "case/executed").iterdir())
    for said in ("vouches", "existed before the post"):
        assert said not in page + told


def test_the_case_says_that_footage_and_decisions_are_made_up(demo):
    notes = " ".join(entry.body["text"] for entry in open_case(demo.folder / "case").entries if entry.kind == "note")
    assert "rendered" in notes
    assert "written in advance" in notes


# ------------------------------------------------------------------------------------------------- the executed notebooks


@pytest.mark.parametrize("step", STEPS)
def test_a_notebook_ran_once_from_top_to_bottom_without_an_error(demo, step):
    cells = [cell for cell in demo.cells(step) if text_of(cell["source"]).strip()]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert all(output["output_type"] in {"execute_result", "display_data"} for output in demo.outputs(step))


@pytest.mark.parametrize("step", STEPS)
def test_outputs_are_small_and_hold_no_script_style_or_address(demo, step):
    assert (demo.folder / f"case/executed/{step}.ipynb").stat().st_size < 5_000_000
    for output in demo.outputs(step):
        assert len(json.dumps(output)) < 300_000
        shown = text_of(output["data"].get("text/html", ""))
        assert not re.search(r"<script|<style|<link|<iframe|\son\w+\s*=|javascript:", shown, re.IGNORECASE)
        # The claim's own address is text; nothing else leads outside.
        assert set(re.findall(r"https?://[\w.]+", shown)) <= {"https://example.org"}
        assert not re.search(r"(?:src|href)\s*=", shown)
        # Read without a browser, an output still says all of it.
        assert text_of(output["data"]["text/plain"]).strip()


@pytest.mark.parametrize("step", STEPS)
def test_every_picture_says_in_words_what_it_shows_and_has_the_size_it_claims(demo, step):
    for output in demo.outputs(step):
        for mime in set(PICTURES) & set(output["data"]):
            about = output["metadata"][mime]
            assert len(about["alt"]) > 20
            data = base64.b64decode(text_of(output["data"][mime]))
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape[:2] == (about["height"], about["width"])


def test_the_notebooks_show_pictures_where_there_is_something_to_see(demo):
    count = {step: sum(any(mime in o["data"] for mime in PICTURES) for o in demo.outputs(step)) for step in STEPS}
    assert count["03_frames_to_search"] == 2
    assert count["04_seen_before"] == 3
    assert count["05_was_it_edited"] == 2
    assert count["07_where_and_when"] == 1


@pytest.mark.parametrize("step", STEPS)
def test_nothing_shown_calls_the_footage_fake_or_real_or_gives_a_percentage(demo, step):
    for output in demo.outputs(step):
        shown = text_of(output["data"]["text/plain"]).lower()
        assert not re.search(r"\b(fake|deepfake|authentic|genuine)\b|\d\s?%", shown)


def test_no_output_names_this_machine(demo):
    held = "".join(path.read_text(encoding="utf-8") for path in (demo.folder / "case/executed").iterdir())
    assert str(demo.folder) not in held
    assert str(Path(sys.prefix)) not in held


# ------------------------------------------------------------------------------------------- the report and the package


def test_the_report_loads_nothing_runs_nothing_and_shows_the_verdict(demo):
    page = Path(demo.told["report"])
    if not page.is_absolute():
        page = demo.folder.parent / page
    text = page.read_text(encoding="utf-8")
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';' in text
    assert not re.search(r"<script|<link|<iframe|<object|<embed|@import|url\(|\son\w+\s*=", text, re.IGNORECASE)
    assert all(source.startswith("data:image/") for source in re.findall(r"""\bsrc\s*=\s*["']?([^"'\s>]+)""", text))
    assert re.findall(r"""\bhref\s*=\s*["']?([^#"'])""", text) == []
    assert all(re.search(r'\balt="[^"]+"', image) for image in re.findall(r"<img[^>]*>", text))
    assert "recycled" in text
    assert "dormitory_evening.mp4" in text
    assert text.count("<img ") == 9
    assert len(text) < 5_000_000


@pytest.mark.parametrize(
    "name", ["data/derived/copies.json", "data/executed/04_seen_before.ipynb", "data/journal.jsonl"]
)
def test_one_flipped_byte_in_the_package_is_found_and_its_file_named(demo, tmp_path, name):
    changed = tmp_path / "changed.zip"
    data = bytearray((demo.folder / "case.zip").read_bytes())
    with zipfile.ZipFile(demo.folder / "case.zip") as whole:
        member = whole.getinfo(name)
    # A local header is 30 bytes and the name long; the middle of what follows is the file's own content.
    data[member.header_offset + 30 + len(name) + member.compress_size // 2] ^= 1
    changed.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "verikit.cli", "verify", changed, "--json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    assert found["ok"] is False
    hashes = next(part for part in found["properties"] if part["name"] == "hashes")
    assert {problem["path"] for problem in hashes["problems"]} == {name}


def test_the_package_holds_the_case_and_not_the_archive_or_the_cache(demo):
    with zipfile.ZipFile(demo.folder / "case.zip") as package:
        names = package.namelist()
    assert {f"data/executed/{step}.ipynb" for step in STEPS} <= set(names)
    assert {"data/report.html", "data/inputs/viral.mp4", "data/inputs/post.json", "data/journal.jsonl"} <= set(names)
    assert not [name for name in names if "scans/" in name or "archive" in name]


def test_the_demo_refuses_a_folder_that_holds_something_and_leaves_it_alone(demo, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "verikit.cli", "demo", "--out", tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert str(tmp_path) in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# ------------------------------------------------------------------------------------ what every output of a notebook keeps to

# Sizes that GitHub and nbviewer show, and that a page with all of them still opens.
MOST_NOTEBOOK, MOST_OUTPUT, MOST_WIDE, MOST_LINES = 5_000_000, 300_000, 960, 20
STRUCTURE = {
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "section",
    "h2",
    "h3",
    "h4",
    "h5",
    "p",
    "br",
    "ul",
    "ol",
}
STRUCTURE |= {
    "li",
    "dl",
    "dt",
    "dd",
    "details",
    "summary",
    "code",
    "pre",
    "em",
    "strong",
    "blockquote",
    "span",
    "div",
    "img",
}


class Written(HTMLParser):
    """HTML as it is without any style: its tags with their attributes, and whether each table has what it needs."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.tables = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"br", "img"}:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag in {"caption", "th"} and self.tables:
            self.tables[-1].append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def every_output(demo):
    for path in sorted((demo.folder / "case/executed").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                yield f"{path.name} {cell['id']}", output


def test_every_output_reads_as_text_alone_and_is_as_small_as_its_readers_need(demo):
    assert all(path.stat().st_size < MOST_NOTEBOOK for path in (demo.folder / "case/executed").iterdir())
    for place, output in every_output(demo):
        assert output["output_type"] in {"execute_result", "display_data"}, place
        text = text_of(output["data"].get("text/plain", ""))
        assert text.strip(), place
        assert text.count("\n") < MOST_LINES, place
        assert not re.search(r"<[\w.]+ object at 0x|^<Figure", text), place
        assert len(json.dumps(output)) < MOST_OUTPUT, place
        # No widget, no script, no drawing that can hold one.
        known = {"text/plain", "text/html", RESULT_MIME, *PICTURES}
        assert set(output["data"]) <= known, place


def test_every_result_has_its_html_and_its_json_and_the_html_needs_no_style(demo):
    seen = 0
    for place, output in every_output(demo):
        data = output["data"]
        assert ("text/html" in data) is (RESULT_MIME in data), place
        if "text/html" not in data:
            continue
        seen += 1
        assert set(data[RESULT_MIME]) >= {"kind", "value"}, place
        written = Written(text_of(data["text/html"]))
        assert written.open == [], place
        for tag, attributes in written.tags:
            assert tag in STRUCTURE, (place, tag)
            # JupyterLab sets cells flush right; without this they read as well.
            assert attributes.pop("style", "") in ({"text-align:left", ""} if tag in {"td", "th"} else {""}), place
            assert set(attributes) <= {"scope", "open", "colspan", "rowspan", "lang", "dir", "alt", "src", "class"}, (
                place
            )
            assert tag != "img" or attributes["alt"].strip(), place
        for table in written.tables:
            assert [tag for tag, _ in table].count("caption") == 1, place
            assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in table if tag == "th"), place
    assert seen > 10


def test_every_picture_is_an_output_of_its_own_told_in_words_and_fits_a_page(demo):
    seen = 0
    for place, output in every_output(demo):
        for mime in set(PICTURES) & set(output["data"]):
            seen += 1
            assert set(output["data"]) == {mime, "text/plain"}, place
            about = output["metadata"][mime]
            assert about["width"] <= MOST_WIDE, place
            assert about["alt"] == text_of(output["data"]["text/plain"]), place
    assert seen >= 6


# -------------------------------------------------------------------------------------------------- the report in a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with browser_page(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_report_and_no_line_of_it_runs_off_the_screen(demo, browser, scheme, width):
    look(browser, demo.folder / "case/report.html", width=width, scheme=scheme)
    assert faults(browser) == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    dark = browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(23, 24, 25)"
    assert dark is (scheme == "dark")


def test_every_line_of_the_outcome_leads_to_its_evidence_and_every_way_leads_somewhere(demo, browser):
    look(browser, demo.folder / "case/report.html", width=1280)
    ways = "[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
    lost = f"{ways}.filter(way => !document.getElementById(way.slice(1)))"
    assert browser.run(lost) == []
    # Caption and words of a table's row, and where its links lead.
    lines = "[...document.querySelector('#outcome').parentElement.querySelectorAll('table')[0].querySelectorAll('tbody tr')]"
    links = browser.run(
        f"{lines}.map(row => [...row.querySelectorAll('a')].map(a => a.getAttribute('href').slice(1, 9)))"
    )
    assert len(links) == 5
    assert all({"evidence", "picture-"} <= set(row) for row in links)


def test_the_keyboard_reaches_the_contents_first_and_shows_where_it_is(demo, browser):
    look(browser, demo.folder / "case/report.html", width=1280)
    for key in ("rawKeyDown", "keyUp"):
        browser("Input.dispatchKeyEvent", type=key, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert browser.run("document.activeElement.getAttribute('href')") == "#claim"
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize(("paper", "wide", "high"), [("A4", 182, 265), ("Letter", 188, 247)])
def test_on_paper_no_figure_is_cut_and_nothing_is_folded_away(demo, browser, paper, wide, high):
    # The page inside its margins, in millimetres; a browser has 96 pixels to the inch.
    look(browser, demo.folder / "case/report.html", width=round(wide / 25.4 * 96), media="print")
    sizes = browser.run(
        "[...document.querySelectorAll('figure')].map(f => [f.offsetWidth, f.offsetHeight, getComputedStyle(f).breakInside])"
    )
    assert sizes
    assert all(w <= wide / 25.4 * 96 + 1 and h <= high / 25.4 * 96 and inside == "avoid" for w, h, inside in sizes)
    shown = "[...document.querySelectorAll('details.long tbody')].every(rows => rows.offsetHeight > 0)"
    assert browser.run(shown)
    pages = re.findall(rb"/Type\s*/Page\b", printed(browser, paper))
    assert 5 < len(pages) < 60


def test_without_its_style_sheet_the_report_says_the_same(demo, browser):
    look(browser, demo.folder / "case/report.html", width=1280)
    words = "document.body.innerText.split(/\\s+/)"
    styled = browser.run(words)
    browser.run("document.querySelectorAll('style').forEach(sheet => sheet.remove())")
    # With it, headings of columns stand before each cell where a table is a list; without it, over the table.
    assert set(styled) <= set(browser.run(words))
    headings = "[...document.querySelectorAll('thead')].every(head => head.offsetHeight > 0 || head.closest('details:not([open])'))"
    assert browser.run(headings)
    assert browser.run("document.querySelectorAll('script, [style], [onload], [onerror]').length") == 0
