"""JupyterLab as a person sees it: a server on a case, Chromium without a window, its menus clicked, what it shows looked at."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "t" * 24
PANEL = "jupyterapp.shell.currentWidget"
# Python reads this when it starts, in the server and in every kernel: where they connect to, and what names they look up.
WATCHING = """
import os, sys
def told(event, values):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        address = values[0] if event.startswith("socket.get") else values[1]
        with open(os.environ["VERIKIT_ASKED"], "a") as out:
            print(event, repr(address), file=out)
sys.addaudithook(told)
"""
LOOPBACK = re.compile(r"\('(127\.0\.0\.1|::1|localhost)', |'(127\.0\.0\.1|::1|localhost)'$|None$|''$|b?'/|'\\x00")


def chromium():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("Chromium is not on this machine: JupyterLab cannot be looked at")
    return found


def line_with(process, pattern, *, seconds=60):
    """The first match of a pattern in what a program tells on stderr."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        line = process.stderr.readline()
        if not line:
            raise AssertionError(f"{process.args[0]} ended with {process.poll()}")
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"nothing like {pattern} within {seconds} s")


@contextlib.contextmanager
def running(arguments, *, log, **options):
    """A program that is gone afterwards; its stderr goes on into a file once the test has read what it needs."""
    with log.open("w") as out:
        process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=out, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


# ------------------------------------------------------------------------------------------------------------ the server


@dataclasses.dataclass(frozen=True)
class Lab:
    """A JupyterLab that `verikit lab` started on a case."""

    process: subprocess.Popen
    port: int
    asked_at: Path

    def address(self, path="lab"):
        return f"http://127.0.0.1:{self.port}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def asked(self):
        """What the server and its kernels connected to or looked up, outside of this machine."""
        lines = self.asked_at.read_text().splitlines() if self.asked_at.exists() else []
        return [line for line in lines if not LOOPBACK.match(line.split(" ", 1)[1])]


@contextlib.contextmanager
def lab(case, place, **options):
    """JupyterLab on a case, started by the command, in a home of its own in `place`."""
    command = [sys.executable, "-m", "verikit.cli", "lab", str(case), "--"]
    command += ["--no-browser", "--port=0", f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser"]
    place.mkdir(exist_ok=True)
    (place / "watching").mkdir(exist_ok=True)
    (place / "watching/sitecustomize.py").write_text(WATCHING)
    asked = place / "asked"
    environment = os.environ | {"HOME": str(place), "JUPYTER_RUNTIME_DIR": str(place / "runtime")}
    environment |= {"JUPYTER_CONFIG_DIR": str(place / "config"), "JUPYTER_DATA_DIR": str(place / "data")}
    environment |= {"PYTHONPATH": str(place / "watching"), "VERIKIT_ASKED": str(asked)}
    with running(command, log=place / "server", env=environment, **options) as server:
        port = line_with(server, r"http://(?:127\.0\.0\.1|localhost):(\d+)/")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            # It tells its address a moment before it listens there.
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", int(port))):
                break
            time.sleep(0.1)
        yield Lab(process=server, port=int(port), asked_at=asked)


# ----------------------------------------------------------------------------------------------------------- the browser


class Page:
    """A page in Chromium, spoken to through its debugging protocol."""

    def __init__(self, address):
        websocket = pytest.importorskip("websocket")
        self.socket = websocket.create_connection(address, timeout=120, suppress_origin=True)
        self.number = 0
        self.events = []
        for domain in ("Page", "Network", "Runtime"):
            self(f"{domain}.enable")
        # JupyterLab asks which of its parts has the focus; without a window none would have.
        self("Emulation.setFocusEmulationEnabled", enabled=True)

    def __call__(self, method, **params):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.number:
            self.events.append(answer)
            if answer.get("method") == "Page.javascriptDialogOpening":
                # A notebook that is not saved asks whether to leave; a person would say yes.
                accepted = {"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
                self.socket.send(json.dumps(accepted))
        assert "error" not in answer, answer
        return answer["result"]

    def run(self, code):
        """The value of an expression in the page, awaited."""
        answer = self("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, code, *, seconds=90):
        until = time.monotonic() + seconds
        while not self.run(f"Boolean({code})"):
            assert time.monotonic() < until, f"not within {seconds} s: {code}"
            time.sleep(0.1)

    def go(self, address):
        """Open an address, and wait until it is loaded."""
        # By way of an empty page, so that what was there before is not taken for what comes.
        self("Page.navigate", url="about:blank")
        self("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def click(self, element):
        """Press and release the mouse's first button on the middle of an element, found by an expression."""
        self.until(element)
        x, y = self.run(
            f"(e => {{const r = ({element}).getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]})()"
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def size(self, width, height, *, phone=False):
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def colours(self, scheme):
        """Show the page as to someone who prefers "light" or "dark"."""
        self("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path):
        """Keep what is on the screen as a PNG file."""
        path.write_bytes(base64.b64decode(self("Page.captureScreenshot", format="png")["data"]))

    def asked(self):
        """Addresses that the page asked for, other than of this machine, since it was opened."""
        asked = [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]
        asked += [event["params"]["url"] for event in self.events if event.get("method") == "Network.webSocketCreated"]
        own = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost):\d+/|data:|blob:|file:|about:")
        return [address for address in asked if not own.match(address)]


@contextlib.contextmanager
def browser(place):
    """A page of a Chromium that has a profile of its own in `place`."""
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
    flags += [f"--user-data-dir={place / 'browser'}"]
    with running([chromium(), *flags, "about:blank"], log=place / "browser.log") as shown:
        debugging = line_with(shown, r"DevTools listening on ws://([^/]+)/")
        until = time.monotonic() + 60
        pages = []
        while not pages and time.monotonic() < until:
            with urllib.request.urlopen(f"http://{debugging}/json/list") as listed:
                pages = [page for page in json.load(listed) if page["type"] == "page"]
            time.sleep(0.1)
        page = Page(pages[0]["webSocketDebuggerUrl"])
        with contextlib.closing(page.socket):
            yield page


# ----------------------------------------------------------------------------------------- a notebook, as it is worked on


def show(page, lab, path):
    """Have JupyterLab show one file of the case and nothing else, and wait until its kernel is ready."""
    page.go(lab.address(f"lab/tree/{path}?reset"))
    ready(page)


def ready(page):
    page.until("window.jupyterapp")
    page.until(
        "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
    )
    page.until(f"{PANEL}.sessionContext.session.kernel.status === 'idle'")


def choose(page, menu, item):
    """Choose an item of a menu, by the names that JupyterLab shows, with the mouse."""
    named = "(all, name) => [...document.querySelectorAll(all)].find(e => e.textContent.trim() === name)"
    page.click(f"({named})('#jp-MainMenu .lm-MenuBar-item', {json.dumps(menu)})")
    page.click(f"({named})('.lm-Menu-item .lm-Menu-itemLabel', {json.dumps(item)})")
    page.until("!document.querySelector('.lm-Menu')")


def run_all(page):
    """Run the notebook's cells from its own menu, and wait until the last is done and the kernel idle."""
    choose(page, "Run", "Run All Cells")
    code = f"{PANEL}.content.widgets.filter(cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().trim())"
    page.until(
        f"{code}.every(cell => cell.model.executionCount && cell.model.executionState !== 'running')", seconds=120
    )
    page.until(f"{PANEL}.sessionContext.session.kernel.status === 'idle'")


def outputs(page):
    """The outputs of the open notebook, as JupyterLab would save them, by cell."""
    cells = json.loads(page.run(f"JSON.stringify({PANEL}.content.model.toJSON().cells)"))
    return [cell.get("outputs", []) for cell in cells]


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture of an output on the screen: its cell, what it shows in words, its natural width, whether any of it is seen.

    JupyterLab (4.6) drops the words of a picture that is an output of its own; they are those that the notebook holds.
    """

    cell: int
    words: str
    width: int
    seen: bool


def described(output):
    """The words for an output that is a picture; None for any other."""
    mimes = [mime for mime in output.get("data", {}) if mime.startswith("image/")]
    return output["metadata"][mimes[0]]["alt"] if mimes else None


def pictures(page):
    """The pictures of the open notebook, each brought onto the screen as someone who scrolls through would."""
    found = []
    held = outputs(page)
    for number in range(page.run(f"{PANEL}.content.widgets.length")):
        cell = f"{PANEL}.content.widgets[{number}]"
        told = [words for output in held[number] if (words := described(output)) is not None]
        # JupyterLab takes cells that are off the screen out of the page; one that is asked for comes back.
        page.run(f"{PANEL}.content.scrollToItem({number}, 'start').catch(() => null)")
        for place in itertools.count():
            image = f"{cell}.node.querySelectorAll('.jp-OutputArea img')[{place}]"
            if not page.run(f"Boolean({image})"):
                break
            page.until(f"{image}.complete")
            page.run(f"{image}.scrollIntoView({{block: 'center'}})")
            alone, alt, width, seen = page.run(
                f"(() => {{const i = {image}, r = i.getBoundingClientRect();"
                " return [Boolean(i.closest('.jp-RenderedImage')), i.alt, i.naturalWidth,"
                " r.width > 20 && r.bottom > 0 && r.top < innerHeight && r.left < innerWidth]})()"
            )
            found.append(Picture(cell=number, words=alt or (told.pop(0) if alone else ""), width=width, seen=seen))
    return found


@contextlib.contextmanager
def opened(case, place, notebook):
    """The page of JupyterLab on one notebook of a case, its kernel ready."""
    chromium()
    with lab(case, place) as server, browser(place) as page:
        show(page, server, f"notebooks/{notebook}")
        yield page
