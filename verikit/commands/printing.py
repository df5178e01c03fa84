"""What every command says and how: results on stdout, what goes on on stderr, and the exit codes."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.records import whole_texts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

DONE, BROKEN, UNUSABLE, PARTLY = 0, 1, 2, 4


def say(text: str) -> None:
    """One line on stderr."""
    print(f"verikit: {plain(' '.join(text.split()))}", file=sys.stderr)


def answer(options: argparse.Namespace, *, data: Any, text: str) -> None:
    """The result on stdout: one JSON document, or text for people."""
    # Names in the text come from strangers: no line of it may steer the terminal.
    shown = "\n".join(plain(line) for line in text.split("\n"))
    print(json.dumps(data, indent=1, allow_nan=False) if options.json else shown)


def progress() -> Callable[[str], None]:
    """Tells what is going on, on stderr, at most once a second and not before the first one is over."""
    last = [time.monotonic()]

    def tell(what: str) -> None:
        if time.monotonic() - last[0] >= 1:
            last[0] = time.monotonic()
            say(what)

    return tell


def seconds(name: str) -> Callable[[float, float | None], None]:
    tell = progress()
    return lambda done, whole: tell(f"{name}: {done:.0f} s" + (f" of {whole:.0f} s" if whole else ""))


def text_of(value: Any) -> str:
    # What a notebook cuts after some lines is whole here.
    with whole_texts():
        bundle = value._repr_mimebundle_()
    return str((bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"])
