"""What the documents say is so: commands parse, code runs, links lead somewhere."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from verikit import cli
from verikit.commands.printing import BROKEN, DONE, PARTLY, UNUSABLE

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ("README.md", "docs/commands.md")
# Ours: documents of installed packages and of caches are not.
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sample_data").glob("*.md")]
)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name):
    """Every `verikit ...` that a document shows with arguments, in code blocks and in backticks, as written."""
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", read(name), re.DOTALL | re.MULTILINE)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(verikit [^`]+)`", read(name))
    return [line for line in [*lines, *inline] if line.startswith("verikit ")]


def variants(line):
    """A command without its optional parts, and with all of them."""
    yield re.sub(r"\[[^\]]*\]", "", line)
    yield line.replace("[", "").replace("]", "")


def subparsers(parser):
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return found[0].choices if found else {}


def known_commands():
    for name, parser in subparsers(cli._parser()).items():
        inner = subparsers(parser)
        yield from [f"{name} {sub}" for sub in inner] or [name]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (name, line)
        for name in DOCUMENTS
        # The changelog tells of earlier versions; prose may name a command without its arguments.
        for line in commands(name)
        if name != "CHANGELOG.md" and line.removeprefix("verikit ") not in {*known_commands(), "COMMAND --help"}
    ],
)
def test_every_command_in_the_guides_is_one_that_the_program_takes(name, line):
    for written in variants(line):
        words = shlex.split(written.replace("...", ""))[1:]
        if words == ["check"]:  # the sentence that says that there is no such step yet
            words.append("FILE")
        # Placeholders stand for a number where the option wants one, for any text elsewhere.
        words = ["3" if word == "N" else word for word in words]
        assert callable(cli._parser().parse_args(words).verb)


def test_the_guides_show_commands_at_all():
    assert all(len(commands(name)) >= 10 for name in GUIDES)


def test_every_command_of_the_program_is_in_the_guide():
    shown = [line.removeprefix("verikit ") for line in commands("docs/commands.md")]
    missing = [
        command for command in known_commands() if not any(f"{line} ".startswith(f"{command} ") for line in shown)
    ]
    assert not missing


def test_the_guide_names_every_exit_code_of_the_program():
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", read("docs/commands.md"), re.MULTILINE)}
    assert codes == {DONE, BROKEN, UNUSABLE, 3, PARTLY}


def test_the_python_in_the_readme_runs_and_finds_the_earlier_footage():
    (code,) = re.findall(r"^```python\n(.*?)^```", read("README.md"), re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert re.search(
        r"of the clip, mirrored, is consistent with the same footage as .* of dormitory_evening\.mp4\.", done.stdout
    )


def test_the_package_s_own_example_names_what_is_public():
    import verikit

    named = set(re.findall(r"\bvk\.(\w+)", verikit.__doc__))
    assert len(named) >= 5
    assert named <= set(verikit.__all__)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file(name):
    links = re.findall(r"\]\(([^)\s]+)\)", read(name))
    inside = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    for link in inside:
        target = (ROOT / name).parent / link
        assert target.exists(), link


def test_the_make_commands_of_the_guides_exist():
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        # In code only: in prose, "make" is a word like any other.
        asked = re.findall(r"(?:^|`)make ([a-z-]+)", read(name), re.MULTILINE)
        assert asked
        assert set(asked) <= targets
