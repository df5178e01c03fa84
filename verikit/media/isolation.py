"""Work on a stranger's file in a process of its own: what crashes, hangs or eats the memory there stops nothing here.

The child is a module of this package, run by our own interpreter. It writes lines to stdout: each is a sign of life, the
last one is its answer.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from verikit._files import plain
from verikit.errors import MediaError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["STALL_SECONDS", "Stopped", "answer_of_child", "expendable"]

# A child that gives no sign of life for so long hangs. A scan gives one with every picture.
STALL_SECONDS = 300.0
# How often a waiting thread looks whether it is to stop.
TICK = 0.2
# No line of a child is longer, and no more of its last words is told.
MOST_LINE = 1_000_000
LAST_WORDS = 4_000


class Stopped(Exception):  # noqa: N818 - nothing went wrong: whoever waits was told to stop
    """The work was given up because whoever asked for it wants no more."""


def answer_of_child(
    module: str,
    arguments: Sequence[str],
    *,
    stop: threading.Event,
    beat: Callable[[str], None] | None = None,
    stall: float = STALL_SECONDS,
) -> str:
    """The last line that `python -m module` writes with these arguments.

    `beat` is called with each line before it. Raises TimeoutError where the child is silent for `stall` seconds,
    MediaError where it crashes, and Stopped once `stop` is set; the child is gone whichever way this ends.
    """
    # -P: nothing is imported from the folder that happens to be the current one.
    command = [sys.executable, "-P", "-m", module, *arguments]
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter, a list of arguments, no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        answer = ""
        try:
            for line in _lines(child, stop=stop, stall=stall):
                if answer and beat is not None:
                    beat(answer)
                answer = line
            code = child.wait(timeout=stall)
        except subprocess.TimeoutExpired as late:
            raise TimeoutError(f"no end within {stall:.0f} s of its last word, and was given up") from late
        finally:
            _ended(child)
        if code or not answer:
            raise MediaError(f"the process that worked on it {_how(code)}{_last_words(errors)}")
    return answer


def expendable() -> None:
    """Make this process the first that the system ends when memory runs out, and let it leave no core file."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _lines(child: subprocess.Popen[bytes], *, stop: threading.Event, stall: float) -> Iterator[str]:
    """The lines that a child writes, as they come, until it closes its end."""
    assert child.stdout is not None  # noqa: S101 - it was opened as a pipe above; this is for the type checker
    stream = child.stdout.fileno()
    poll = select.poll()
    poll.register(stream, select.POLLIN | select.POLLHUP)
    held = b""
    last = time.monotonic()
    while True:
        if stop.is_set():
            raise Stopped
        if not poll.poll(TICK * 1000):
            if time.monotonic() - last > stall:
                raise TimeoutError(f"no sign of life for {stall:.0f} s while it was worked on; it was given up")
            continue
        data = os.read(stream, 65_536)
        if not data:
            return
        last = time.monotonic()
        *lines, held = (held + data).split(b"\n")
        if len(held) > MOST_LINE:
            raise MediaError("the process that worked on it wrote without end")
        yield from (line.decode("utf-8", "replace") for line in lines)


def _ended(child: subprocess.Popen[bytes]) -> None:
    """End a child with all that it started, and take its place in the system's table away."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _last_words(errors: IO[bytes]) -> str:
    """The last line that a child wrote to stderr, made safe for one line."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - LAST_WORDS))
    lines = errors.read().decode("utf-8", "replace").split("\n")
    said = [plain(line.strip()) for line in lines if line.strip()]
    return f": {said[-1][:300]}" if said else ""
