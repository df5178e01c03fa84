"""Outside programs: found, run without a shell, stopped in time, missed with a word on where to get them."""

from __future__ import annotations

import pytest

from verikit._tools import SOURCES, find_tool, run_tool
from verikit.errors import MissingToolError


def test_a_program_is_run_without_a_shell_and_gives_its_code_and_both_outputs():
    assert run_tool("echo", ["$HOME; `id`", "*"]) == (0, "$HOME; `id` *\n", "")
    assert run_tool("cat", [], given=b"given \xff") == (0, "given \ufffd", "")
    code, out, told = run_tool("cat", ["/no/such/file"])
    assert code != 0
    assert out == ""
    assert "/no/such/file" in told


def test_a_program_that_does_not_answer_is_stopped():
    with pytest.raises(TimeoutError, match="tail: no answer within 0 s"):
        run_tool("tail", ["-f", "/dev/null"], seconds=0.2)


@pytest.mark.parametrize("name", [*SOURCES, "no-such-program"])
def test_an_absent_program_is_named_with_what_brings_it(name, monkeypatch):
    monkeypatch.setenv("PATH", "")
    for verb in (lambda: find_tool(name), lambda: run_tool(name, [])):
        with pytest.raises(MissingToolError) as missing:
            verb()
        assert str(missing.value) == f"{name}: not on this machine; {SOURCES.get(name, 'install it')}"


def test_a_program_is_found_by_its_path():
    assert find_tool("cat").endswith("/cat")
