"""The commands and code of the documents run as they are written, on the sample data; what cannot says why.

A block that does not run here has a line `<!-- not run here: why -->` before it, or its page is in ELSEWHERE.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from verikit.case.folder import Case
from verikit.workflow.archiving import add_to_archive

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
ELSEWHERE = {
    "docs/check-a-case.md": "tests/case/test_without_us.py runs its blocks on a signed and stamped package",
    "docs/sealed-case.md": "keys, tokens and corrections: tests/case/test_commands_of_cases.py runs the same commands",
    "docs/reference.md": "generated from the docstrings",
}
# What other tests or the pipeline itself run.
SET_UP = re.compile(r"(make|pip|\.venv/bin/pip) ")
SEAL = re.compile(r"verikit-seal:1:sha256:[0-9a-f]{64}")
NOT_RUN = re.compile(r"<!-- not run here: \S.{10,} -->")


@dataclasses.dataclass(frozen=True)
class Block:
    """One block of code of a page: its language, its text, and whether it says that it is not run."""

    page: str
    language: str
    text: str
    marked: bool


def blocks(page):
    found = re.finditer(
        r"^(<!--.*-->\n)?```(\{?[\w-]*\}?)[^\n]*\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return [
        Block(page=page, language=block[2], text=block[3], marked=bool(NOT_RUN.match(block[1] or "")))
        for block in found
    ]


ALL = [block for page in PAGES if page not in ELSEWHERE for block in blocks(page)]


def lines(block):
    return [line for text in block.text.splitlines() if (line := re.sub(r"\s+# .*", "", text).strip())]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder as the pages assume it: the sample data beside clips by the names that the pages give them."""
    desk = tmp_path_factory.mktemp("desk")
    sample = ROOT / "sample_data"
    (desk / "sample_data").symlink_to(sample)
    for folder in ("known_footage", "footage"):
        (desk / folder).symlink_to(sample / "archive")
    (desk / "more").mkdir()
    for name in ("clip.mp4", "more/clip.mp4", "hours.mp4"):
        shutil.copy(sample / "viral.mp4", desk / name)
    shutil.copy(sample / "archive/dormitory_evening.mp4", desk / "other.mp4")
    # Fingerprinted once: what is in an archive is skipped, by whatever name a page calls it.
    add_to_archive(desk / "known", [sample / "archive"])
    shutil.copytree(desk / "known", desk / "ARCHIVE")
    return desk


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.page == page and b.language in {"", "sh"} for b in ALL)]
)
def test_the_commands_of_a_page_run_one_after_the_other(page, desk):
    if page != "README.md" and "CASE" in (ROOT / page).read_text("utf-8") and not (desk / "CASE").exists():
        test_the_commands_of_a_page_run_one_after_the_other("README.md", desk)
    seal = ""
    for block in ALL:
        if block.page != page or block.language not in {"", "sh"} or block.marked:
            continue
        for line in lines(block):
            if SET_UP.match(line) or line.startswith("verikit lab"):
                continue
            assert line.startswith("verikit "), f"{page}: mark this block with why it is not run: {line}"
            if "PACKAGE.zip" in line:
                shutil.copy(desk / "CASE.zip", desk / "PACKAGE.zip")
            words = [seal if word == "verikit-seal:1:sha256:..." else word for word in shlex.split(line)[1:]]
            done = subprocess.run(
                [sys.executable, "-m", "verikit.cli", *words], cwd=desk, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (line, done.stderr)
            seal = found[0] if (found := SEAL.search(done.stdout)) else seal


# The README's is run by tests/test_docs.py, which looks at what it says.
PYTHON = [block for block in ALL if block.language == "python" and not block.marked and block.page != "README.md"]


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.page)
def test_the_python_of_a_page_runs(block, desk):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text], cwd=desk, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "json"], ids=lambda b: b.page)
def test_the_json_of_a_page_is_a_post(block):
    from verikit.workflow.steps import claim_from_post

    assert claim_from_post(block.text.encode()).text == json.loads(block.text)["text"]


def test_every_block_is_of_a_kind_that_is_run_or_says_why_it_is_not():
    kinds = {"", "sh", "python", "json", "{toctree}"}
    assert [block for block in ALL if block.language not in kinds and not block.marked] == []


def test_a_page_whose_blocks_run_elsewhere_names_only_what_a_case_has():
    for page in ELSEWHERE:
        if (ROOT / page).exists():
            called = re.findall(r"^case\.(\w+)\(", (ROOT / page).read_text("utf-8"), re.MULTILINE)
            assert set(called) <= set(dir(Case))


def test_every_page_of_the_documents_is_in_the_site():
    listed = re.findall(r"^([\w/-]+)$", "".join(b.text for b in blocks("docs/index.md")), re.MULTILINE)
    there = {Path(page).stem for page in PAGES if page.startswith("docs/")} - {"index"}
    assert {name for name in listed if "/" not in name} | {"reference"} == there | {"reference"}


def test_the_glossary_knows_the_words_that_notebooks_use():
    told = (ROOT / "docs/glossary.md").read_text("utf-8").lower()
    words = (
        "shot",
        "cut",
        "keyframe",
        "i-frame",
        "pts",
        "time base",
        "gop",
        "query, reference",
        "fingerprint",
        "inlier",
    )
    more = (
        "hamming distance",
        "homography",
        "seal string",
        "journal",
        "sub-claim",
        "claim",
        "claimreview, mediareview",
    )
    assert [word for word in (*words, *more) if f"**{word}**" not in told] == []


def test_the_site_builds_without_a_warning_and_asks_nothing_of_the_network(tmp_path):
    pytest.importorskip("sphinx", reason="the site is built by `make docs`, which brings what it needs")
    pytest.importorskip("myst_nb", reason="the site is built by `make docs`, which brings what it needs")
    if not any((ROOT / name).is_file() for name in ("sample_data/worked_case/worked_case.zip", "demo-case/case.zip")):
        pytest.skip("no executed case to show; `make docs` makes one")
    out = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning", "--fresh-env", "--quiet"]
    done = subprocess.run([*command, ROOT / "docs", out], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    import verikit

    reference = (out / "reference.html").read_text("utf-8")
    assert [name for name in verikit.__all__ if name != "__version__" and f'id="verikit.{name}"' not in reference] == []
    steps = sorted(path.stem for path in (out / "worked").glob("[0-9]*.html"))
    assert steps[0] == "01_open_case"
    for path in out.rglob("*.html"):
        page = path.read_text("utf-8")
        assert not re.search(r"<(script|link|img|iframe|source)[^>]*\s(src|href)=[\"'](https?:)?//", page), path
        assert path.name == "report.html" or all(
            re.search(r"\balt=", image) for image in re.findall(r"<img[^>]*>", page)
        )
    for path in out.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", path.read_text("utf-8")), path
