"""JupyterLab as a person sees it: a server on a case, Chromium without a window, and the page's own commands."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

TOKEN = "t" * 24


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


class Page:
    """A page in Chromium, spoken to through its debugging protocol."""

    def __init__(self, address):
        websocket = pytest.importorskip("websocket")
        self.socket = websocket.create_connection(address, timeout=120, suppress_origin=True)
        self.number = 0

    def __call__(self, method, **params):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.number:
            pass
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
            time.sleep(0.2)


@contextlib.contextmanager
def opened(case, place, notebook):
    """The page of JupyterLab on one notebook of a case, its kernel ready."""
    browser = chromium()
    command = [sys.executable, "-m", "verikit.cli", "lab", str(case), "--"]
    command += ["--no-browser", "--port=0", f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser"]
    environment = os.environ | {"HOME": str(place), "JUPYTER_RUNTIME_DIR": str(place / "runtime")}
    environment |= {"JUPYTER_CONFIG_DIR": str(place / "config"), "JUPYTER_DATA_DIR": str(place / "data")}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(command, log=place / "server", env=environment))
        port = line_with(server, r"http://(?:127\.0\.0\.1|localhost):(\d+)/")
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"]
        flags += [f"--user-data-dir={place / 'browser'}", "--disable-dev-shm-usage"]
        address = f"http://127.0.0.1:{port}/lab/tree/notebooks/{notebook}?token={TOKEN}"
        shown = stack.enter_context(running([browser, *flags, address], log=place / "browser.log"))
        debugging = line_with(shown, r"DevTools listening on ws://([^/]+)/")
        until = time.monotonic() + 60
        pages = []
        while not pages and time.monotonic() < until:
            with urllib.request.urlopen(f"http://{debugging}/json/list") as listed:
                pages = [page for page in json.load(listed) if page["type"] == "page"]
            time.sleep(0.2)
        page = Page(pages[0]["webSocketDebuggerUrl"])
        stack.callback(page.socket.close)
        panel = "jupyterapp?.shell?.currentWidget"
        page.until("window.jupyterapp")
        page.until(f"window.{panel}?.sessionContext?.session?.kernel?.connectionStatus === 'connected'")
        page.until(f"window.{panel}.sessionContext.session.kernel.status === 'idle'")
        yield page
