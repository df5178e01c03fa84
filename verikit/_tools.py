"""Optional outside programs: find, version, run. The only room that starts processes by name."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from verikit.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What brings each program, by its own name.
SOURCES = {
    "exiftool": "Debian: apt install libimage-exiftool-perl; macOS: brew install exiftool",
    "openssl": "Debian: apt install openssl; macOS has it; Windows: it comes with Git",
    "ssh-keygen": "Debian: apt install openssh-client; macOS and Windows 10 have it",
}


def find_tool(name: str) -> str:
    """The path of the program `name`. Raises MissingToolError, which says what brings it."""
    found = shutil.which(name)
    if found is None:
        raise MissingToolError(f"{name}: not on this machine; {SOURCES.get(name, 'install it')}")
    return found


def has_tool(name: str) -> bool:
    """Whether the program `name` is on this machine."""
    return shutil.which(name) is not None


def run_tool(name: str, arguments: Sequence[str], *, given: bytes = b"", seconds: float = 60.0) -> tuple[int, str, str]:
    """Run a program without a shell. Returns its exit code and what it wrote to stdout and stderr.

    Raises MissingToolError where it is absent and TimeoutError after `seconds`.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program and a list of arguments, never a shell
            [find_tool(name), *arguments], input=given, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise TimeoutError(f"{name}: no answer within {seconds:.0f} s") from late
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
