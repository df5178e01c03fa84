"""The demo's case as an analyst and a recipient see it: each notebook in a true JupyterLab, then the report, in Chromium.

The pictures of the screen go to the folder that VERIKIT_SCREENSHOTS names, for people to look at; else to a temporary one.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab import PANEL, browser, choose, chromium, lab, outputs, pictures, ready, run_all, show

from verikit.workflow.demo import prepare_demo

NOTEBOOKS = sorted(path.stem for path in (Path(__file__).resolve().parents[1] / "notebooks").glob("[0-9]*.py"))
# The pictures that a step lives by. Whatever else a notebook shows is looked at, too.
KEY_PICTURES = {"02_what_is_this_file": 1, "03_frames_to_search": 2, "04_seen_before": 3}
LAPTOP, PHONE = (1366, 768), (390, 844)


@dataclasses.dataclass(frozen=True)
class Desk:
    """A case that was run once, JupyterLab on it, the browser, and where its pictures go."""

    case: object
    lab: object
    page: object
    screens: Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    chromium()
    place = tmp_path_factory.mktemp("desk")
    screens = Path(os.environ.get("VERIKIT_SCREENSHOTS") or place / "screens")
    screens.mkdir(parents=True, exist_ok=True)
    case = prepare_demo(place / "made")
    subprocess.run([sys.executable, "-m", "verikit.cli", "run", case.folder], check=True, capture_output=True)
    with lab(case.folder, place / "home") as server, browser(place) as page:
        page.size(*LAPTOP)
        # Should JupyterLab not come up at all, that is told once and not waited for in each test.
        page.go(server.address(""))
        ready(page)
        yield Desk(case=case, lab=server, page=page, screens=screens)


def keep_whole(page, path):
    """Keep the whole notebook as one picture, in a window as high as it is."""
    height = page.run(f"{PANEL}.content.widgets.reduce((sum, cell) => sum + cell.node.offsetHeight + 10, 200)")
    page.size(LAPTOP[0], min(max(int(height), LAPTOP[1]), 12_000))
    # Cells are laid out when they come into view: twice over, as their heights move what is below.
    for _ in range(2):
        page.run(f"{PANEL}.content.scrollToItem(0, 'start')")
        page.run("new Promise(done => setTimeout(done, 500))")
    page.picture(path)
    page.size(*LAPTOP)


# ----------------------------------------------------------------------------------------------------- the analyst's desk


def test_lab_opens_by_itself_on_the_notebook_where_the_analyst_is_and_asks_nothing(desk):
    desk.page.go(desk.lab.address(""))
    ready(desk.page)
    # All ran, and nobody worked on any: the beginning.
    assert desk.page.run(f"{PANEL}.context.path") == f"notebooks/{NOTEBOOKS[0]}.ipynb"
    desk.page.picture(desk.screens / "opened.png")
    assert desk.page.run("document.querySelectorAll('.jp-Dialog, .jp-toast-message, .Toastify__toast').length") == 0


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_the_menu_without_an_error_and_its_pictures_are_on_the_screen(desk, name):
    page = desk.page
    if not (desk.case.folder / "notebooks" / f"{name}.ipynb").exists():
        pytest.skip(f"{name} is not one of a case's own notebooks")
    show(page, desk.lab, f"notebooks/{name}.ipynb")
    run_all(page)
    shown = [output for cell in outputs(page) for output in cell]
    assert shown
    assert [output for output in shown if output["output_type"] in {"error", "stream"}] == []
    held = sum(any(mime.startswith("image/") for mime in output["data"]) for output in shown)
    seen = pictures(page)
    assert len(seen) >= max(held, KEY_PICTURES.get(name, 0))
    assert all(picture.width > 0 and picture.seen and picture.words for picture in seen), seen
    keep_whole(page, desk.screens / f"{name}.png")
    choose(page, "File", "Save Notebook")
    page.until(f"!{PANEL}.context.model.dirty")
    page.run(f"{PANEL}.sessionContext.shutdown()")


def test_what_was_saved_at_the_desk_is_what_ran(desk):
    assert list(desk.case.stale_cells()) == []


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name in KEY_PICTURES])
def test_a_recipient_who_runs_nothing_sees_tables_pictures_and_their_texts(desk, name):
    # A copy that this JupyterLab did not run: it is not trusted, and what might run in it is taken out.
    received = desk.case.folder / "received"
    received.mkdir(exist_ok=True)
    executed = shutil.copy(desk.case.folder / "executed" / f"{name}.ipynb", received)
    page = desk.page
    show(page, desk.lab, f"received/{name}.ipynb")
    assert page.run(f"{PANEL}.content.widgets.filter(c => c.model.type === 'code').some(c => c.model.trusted)") is False
    held = [output for cell in json.loads(Path(executed).read_text())["cells"] for output in cell.get("outputs", [])]
    tables = sum("".join(output["data"].get("text/html", "")).count("<table") for output in held)
    seen = pictures(page)
    assert len(seen) >= KEY_PICTURES[name]
    assert all(picture.width > 0 and picture.seen and picture.words for picture in seen), seen
    keep_whole(page, desk.screens / f"{name}_not_trusted.png")
    there = page.run("[...document.querySelectorAll('.jp-OutputArea table')].filter(t => t.offsetHeight > 20).length")
    assert there == tables > 0
    assert page.run("document.querySelectorAll('.jp-OutputArea table th[scope]').length") > 0


def test_neither_the_page_nor_the_server_nor_a_kernel_asked_the_network_for_anything(desk):
    # After all that was done above. The page sees what the browser asked; Python's audit what server and kernels did.
    assert desk.page.run("document.title").endswith("JupyterLab")
    assert desk.page.asked() == []
    assert desk.lab.asked_at.exists()
    assert desk.lab.asked() == []


def test_no_extension_can_be_fetched_and_no_news_are_asked_for(desk):
    told = desk.page.run("document.getElementById('jupyter-config-data').textContent")
    config = json.loads(told)
    assert config["extensionManager"]["can_install"] is False
    assert config.get("news", {}).get("disabled") in (None, True) or "announcements" not in json.dumps(config["news"])
    assert "@jupyterlab/apputils-extension:announcements" in json.dumps(config["disabledExtensions"])


# ------------------------------------------------------------------------------------------------------------ the report


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_report_fits_its_window_and_its_pictures_are_there(desk, scheme, size):
    page = desk.page
    page.size(*size, phone=size is PHONE)
    page.colours(scheme)
    page.go((desk.case.folder / "report.html").as_uri())
    page.until("[...document.images].every(i => i.complete)")
    assert page.run("document.images.length") >= 5
    assert page.run("[...document.images].filter(i => !i.naturalWidth || !i.alt).length") == 0
    # Nothing has to be dragged sideways, and nothing sticks out of the page.
    assert page.run("document.documentElement.scrollWidth") <= size[0]
    assert page.run(f"[...document.images].filter(i => i.getBoundingClientRect().right > {size[0]} + 1).length") == 0
    name = f"report_{'phone' if size is PHONE else 'laptop'}_{scheme}"
    page.picture(desk.screens / f"{name}.png")
    page.size(size[0], min(page.run("document.documentElement.scrollHeight"), 12_000), phone=size is PHONE)
    page.picture(desk.screens / f"{name}_whole.png")
    page.size(*LAPTOP)
    page.colours("light")
