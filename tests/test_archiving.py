"""Filling the archive: whatever is killed, hangs or is full, what was acknowledged is in, and the rest can be added."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filmed import film, pictures

from verikit import cli
from verikit.matching.index import index_problems, open_index
from verikit.matching.store import open_archive, was_left_unmade
from verikit.workflow.archiving import NO_ROOM, add_to_archive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")
NAMES = ("a.mp4", "b.mp4", "c.mp4")


@pytest.fixture(scope="session")
def footage(tmp_path_factory):
    """A folder of three clips that differ."""
    folder = tmp_path_factory.mktemp("footage")
    for seed, name in enumerate(NAMES, start=1):
        film(folder / name, pictures(3, seed=seed))
    return folder


def children(word):
    """The pids of the running children that work on a file of this name."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"verikit.workflow.archiving" in words and words[-2].endswith(word.encode()):
                yield int(entry.name)


def signalled(word, number):
    """In a thread: send a signal to the child that works on a file of this name, as soon as there is one."""

    def send():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for pid in children(word):
                os.kill(pid, number)
                return
            time.sleep(0.005)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def names(archive):
    return [entry.name for entry in open_archive(archive).entries()]


def holds(archive):
    assert open_archive(archive).problems() == ()
    assert index_problems(open_archive(archive)) == ()
    return cli.main(["archive", "check", str(archive)]) == 0


def test_a_folder_goes_in_on_several_cores_and_is_indexed(footage, tmp_path):
    done = add_to_archive(tmp_path / "known", [footage], workers=3)
    assert (done.added, done.skipped, done.failed) == (NAMES, (), ())
    assert names(tmp_path / "known") == list(NAMES)
    (hasher,) = open_archive(tmp_path / "known").numbers()
    index = open_index(open_archive(tmp_path / "known"), hasher=hasher, refresh=False)
    assert (len(index.videos), index.unindexed) == (3, ())
    assert holds(tmp_path / "known")


def test_one_whose_process_is_killed_is_listed_and_the_others_go_in(footage, tmp_path):
    thread = signalled("b.mp4", signal.SIGKILL)
    done = add_to_archive(tmp_path / "known", [footage], workers=1)
    thread.join()
    assert done.added == ("a.mp4", "c.mp4")
    ((file, error),) = done.failed
    assert (Path(file).name, "was ended by SIGKILL" in error, "b.mp4" in error) == ("b.mp4", True, True)
    again = add_to_archive(tmp_path / "known", [footage])
    assert (again.added, again.skipped) == (("b.mp4",), ("a.mp4", "c.mp4"))
    assert holds(tmp_path / "known")


def test_one_that_hangs_is_given_up_and_the_others_go_in(footage, tmp_path):
    thread = signalled("a.mp4", signal.SIGSTOP)
    done = add_to_archive(tmp_path / "known", [footage / "a.mp4", footage / "c.mp4"], workers=2, stall=8.0)
    thread.join()
    assert done.added == ("c.mp4",)
    assert ["no sign of life for 8 s" in error for _, error in done.failed] == [True]
    assert not list(children("a.mp4"))


@pytest.mark.parametrize("moment", [0, 1])
def test_a_killed_writer_loses_nothing_that_was_in_and_can_be_taken_up_again(footage, tmp_path, moment):
    archive = tmp_path / "known"
    command = [sys.executable, "-m", "verikit.cli", "archive", "add", str(archive), str(footage), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        seen = []
        deadline = time.monotonic() + 60
        while len(seen) < moment and time.monotonic() < deadline:
            made = (archive / "archive.sqlite").is_file() and not was_left_unmade(archive)
            seen = names(archive) if made else []
        if moment == 0:
            while not list(children("a.mp4")) and time.monotonic() < deadline:
                time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    # Its child may have been about to finish: that video is in, wholly, or it is not.
    while any(list(children(name)) for name in NAMES):
        time.sleep(0.02)
    if archive.exists() and not was_left_unmade(archive):
        assert set(seen) <= set(names(archive))
        assert holds(archive)
    again = add_to_archive(archive, [footage])
    assert (sorted((*again.added, *again.skipped)), again.failed) == (list(NAMES), ())
    assert set(seen) <= set(again.skipped)
    assert holds(archive)


def test_two_who_add_the_same_folder_at_once_add_each_video_once(footage, tmp_path):
    archive = tmp_path / "known"
    command = [sys.executable, "-m", "verikit.cli", "archive", "add", str(archive), str(footage), "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) for _ in range(2)]
    told = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(done["added"] for done in told) == 3
    assert sum(done["skipped"] for done in told) == 3
    assert names(archive) == list(NAMES)
    assert holds(archive)


@pytest.fixture
def small_disk(footage, tmp_path):
    """A disk with room for an archive of one of the clips, and not for one of all three."""
    sizes = []
    for name, clips in (("one", [footage / "a.mp4"]), ("all", [footage])):
        add_to_archive(tmp_path / name, clips)
        # The index comes last, and an archive is as good without it.
        sizes.append((tmp_path / name / "archive.sqlite").stat().st_size)
    size = sum(sizes) // 2
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if mount is None or os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk may not be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_stops_the_work_keeps_what_is_in_and_says_so(footage, small_disk, tmp_path):
    archive = small_disk / "known"
    done = add_to_archive(archive, [footage], workers=1)
    assert done.added
    assert done.failed
    assert "full" in done.failed[0][1]
    assert {error for _, error in done.failed[1:]} <= {NO_ROOM}
    assert len(done.added) + len(done.failed) == 3
    assert names(archive) == list(done.added)
    assert open_archive(archive).problems() == ()
    # With room it goes on where it was.
    moved = shutil.copytree(archive, tmp_path / "moved")
    assert len(add_to_archive(moved, [footage]).added) == 3 - len(done.added)
    assert holds(moved)


def test_what_is_no_file_is_listed_and_not_waited_for(footage, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    done = add_to_archive(tmp_path / "known", [tmp_path / "pipe.mp4", footage / "a.mp4"])
    assert (done.added, [error for _, error in done.failed]) == (("a.mp4",), [f"{tmp_path}/pipe.mp4: not a file"])
