"""A page in a real browser: on a screen of any width, light or dark, on paper, and as axe-core judges it."""

from __future__ import annotations

import base64
import contextlib
import json
import time
import urllib.request
from pathlib import Path

from lab import Page, chromium, line_with, running

AXE = Path(__file__).parent / "axe" / "axe.min.js"
# Inches, as a browser's printing takes them.
PAPER = {"A4": (8.27, 11.69), "Letter": (8.5, 11)}


@contextlib.contextmanager
def browser_page(place):
    """An empty page in Chromium, whose profile and log lie in `place`."""
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"]
    flags += [f"--user-data-dir={place / 'browser'}", "--disable-dev-shm-usage"]
    with running([chromium(), *flags, "about:blank"], log=place / "browser.log") as shown:
        debugging = line_with(shown, r"DevTools listening on ws://([^/]+)/")
        until, pages = time.monotonic() + 60, []
        while not pages and time.monotonic() < until:
            with urllib.request.urlopen(f"http://{debugging}/json/list") as listed:
                pages = [page for page in json.load(listed) if page["type"] == "page"]
        page = Page(pages[0]["webSocketDebuggerUrl"])
        try:
            yield page
        finally:
            page.socket.close()


def look(page, path, *, width, scheme="light", media=""):
    """Load a file as on a screen of so many pixels, in a light or dark scheme, or as laid out for print."""
    page("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page("Emulation.setEmulatedMedia", media=media, features=features)
    page("Page.navigate", url=path.as_uri())
    page.until(f"location.href === {json.dumps(path.as_uri())} && document.readyState === 'complete'")


def faults(page):
    """What axe-core finds: the rule, how much it matters, and the first place."""
    page.run(AXE.read_text(encoding="utf-8") + "; 0")
    told = "r.violations.map(v => [v.id, v.impact, v.nodes[0].html.slice(0, 200)])"
    return [tuple(fault) for fault in page.run(f"axe.run(document).then(r => {told})")]


def printed(page, paper):
    """The page as a PDF on A4 or Letter."""
    wide, high = PAPER[paper]
    return base64.b64decode(page("Page.printToPDF", paperWidth=wide, paperHeight=high)["data"])
