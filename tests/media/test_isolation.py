"""A child's crash, silence or flood of words is told in one line, and nothing of it stays."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from verikit.errors import MediaError
from verikit.media.isolation import Stopped, answer_of_child


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Runs a module with this text in a child. `stop` is what stops it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    stop = threading.Event()

    def run(text, *arguments, **rest):
        (tmp_path / "the_child.py").write_text(text, encoding="utf-8")
        return answer_of_child("the_child", arguments, stop=stop, **rest)

    run.stop = stop
    return run


def alive(pid):
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_last_line_is_the_answer_and_those_before_it_are_signs_of_life(child):
    beats = []
    text = "import sys\nprint(1)\nprint(2)\nprint(sys.argv[1:])"
    assert child(text, "a b", "-c", beat=beats.append) == "['a b', '-c']"
    assert beats == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import os, signal\nprint(1, flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV"),
        ("import os\nos._exit(7)", "ended with code 7"),
        ("print(1)\nraise ZeroDivisionError('\\x1b[2J oh')", "ended with code 1: ZeroDivisionError: \ufffd\\[2J oh"),
        ("pass", "ended with code 0"),
        ("import sys\nwhile True: sys.stdout.write('x' * 65536)", "wrote without end"),
    ],
)
def test_a_crash_says_what_became_of_the_child(child, text, told):
    with pytest.raises(MediaError, match=told) as caught:
        child(text)
    assert "\n" not in str(caught.value)


def test_a_silent_child_is_given_up_and_gone_with_what_it_started(child, tmp_path):
    note = tmp_path / "pids"
    text = (
        "import os, subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{inner.pid}}')\n"
        "time.sleep(60)"
    )
    with pytest.raises(TimeoutError, match="no sign of life for 3 s"):
        child(text, stall=3.0)
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in note.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in note.read_text().split())


def test_a_child_that_closes_its_mouth_and_stays_is_given_up(child):
    with pytest.raises(TimeoutError, match="no end within 1 s"):
        child("import os, time\nprint(1, flush=True)\nos.close(1)\ntime.sleep(60)", stall=1.0)


def test_a_slow_child_that_gives_signs_of_life_is_waited_for(child):
    text = "import time\nfor _ in range(12): print('on', flush=True); time.sleep(0.3)\nprint('done')"
    assert child(text, stall=3.0) == "done"


def test_whoever_stops_waits_for_nothing(child):
    child.stop.set()
    with pytest.raises(Stopped):
        child("import time\ntime.sleep(60)")


def test_a_child_imports_nothing_from_the_current_folder(child, tmp_path, monkeypatch):
    hostile = tmp_path / "downloads"
    hostile.mkdir()
    (hostile / "json.py").write_text("raise SystemExit('hostile')", encoding="utf-8")
    monkeypatch.chdir(hostile)
    assert child("import json\nprint(json.dumps(1))") == "1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux chooses whom to end when memory runs out")
def test_an_expendable_process_is_the_first_to_go(tmp_path):
    text = (
        "from verikit.media.isolation import expendable\nexpendable()\nprint(open('/proc/self/oom_score_adj').read())"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1000"
