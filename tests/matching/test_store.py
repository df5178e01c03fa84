"""The archive: what is put in is in, whoever else writes, whoever is killed, and damage is told."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import filmed
import numpy as np
import pytest

from verikit.errors import AuditError
from verikit.matching.fingerprinting import fingerprint
from verikit.matching.store import FILE, FORMAT, Archive, create_archive, open_archive

HERE = Path(__file__).parent
PICTURES = filmed.pictures(1, size=(64, 36))
BASE = fingerprint(filmed.scanned(PICTURES))


def made(name):
    """A fingerprint of that name and of its own bytes."""
    return dataclasses.replace(BASE, name=f"{name}.mp4", sha256=hashlib.sha256(name.encode()).hexdigest())


def filled(folder, *names):
    archive = create_archive(folder)
    for name in names:
        archive.put(made(name), size=len(name), facts={"title": name})
    return archive


def executed(folder, *statement):
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        return connection.execute(*statement).fetchall()


def flipped(folder, name):
    """Flip one bit in the middle of a stored fingerprint."""
    ((data,),) = executed(folder, "SELECT fingerprint FROM videos WHERE name = ?", (name,))
    damaged = bytearray(data)
    damaged[len(damaged) // 2] ^= 4
    executed(folder, "UPDATE videos SET fingerprint = ? WHERE name = ?", (bytes(damaged), name))


def test_what_is_put_in_is_listed_by_name_and_comes_back(tmp_path):
    archive = filled(tmp_path, "b", "a")
    assert [entry.name for entry in archive.entries()] == ["a.mp4", "b.mp4"]
    entry = archive.entries()[0]
    assert (entry.sha256, entry.size, entry.duration, entry.hasher) == (made("a").sha256, 1, 1.0, made("a").hasher)
    assert (entry.instants, entry.facts) == (4, {"title": "a"})
    assert json.loads(json.dumps(entry.to_dict()))["facts"] == {"title": "a"}
    assert entry.added.endswith("+00:00")
    assert [print_.name for print_ in archive.fingerprints()] == ["a.mp4", "b.mp4"]
    again = archive.fingerprint(made("b").sha256)
    np.testing.assert_array_equal(again.codes, BASE.codes)
    assert archive.problems() == ()


def test_a_video_is_in_or_it_is_not(tmp_path):
    archive = filled(tmp_path, "a")
    assert archive.holds(made("a").sha256)
    assert not archive.holds(made("b").sha256)
    with pytest.raises(KeyError, match=made("b").sha256):
        archive.fingerprint(made("b").sha256)


def test_a_video_put_in_again_stays_as_it_was_taken_in_and_the_caller_is_told(tmp_path):
    archive = filled(tmp_path, "a")
    assert not archive.put(dataclasses.replace(made("a"), name="renamed.mp4"), size=9, facts={})
    assert [(entry.name, entry.size) for entry in archive.entries()] == [("a.mp4", 1)]
    assert archive.put(made("b"), size=1, facts={})


def test_a_removed_video_is_gone_and_a_note_of_it_stays(tmp_path):
    archive = filled(tmp_path, "a", "b")
    assert archive.remove(made("a").sha256) == "a.mp4"
    assert [entry.name for entry in archive.entries()] == ["b.mp4"]
    assert executed(tmp_path, "SELECT sha256, name FROM removed") == [(made("a").sha256, "a.mp4")]
    with pytest.raises(KeyError, match="not in the archive"):
        archive.remove(made("a").sha256)
    assert len(executed(tmp_path, "SELECT * FROM removed")) == 1


def test_a_number_is_given_once_and_a_lost_one_is_missed(tmp_path):
    archive = filled(tmp_path, "a", "b", "a", "c")
    ((hasher, held),) = archive.numbers().items()
    assert (hasher, list(held)) == (BASE.hasher, [1, 2, 3])
    archive.remove(made("c").sha256)
    archive.put(made("c"), size=1, facts={})
    assert archive.numbers()[hasher] == {1: made("a").sha256, 2: made("b").sha256, 4: made("c").sha256}
    assert (archive.removed(), archive.problems()) == (1, ())
    executed(tmp_path, "DELETE FROM videos WHERE name = 'b.mp4'")
    assert archive.problems() == ("video number 2 was put in and is lost",)


def test_a_folder_named_relatively_is_an_archive_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    filled(Path("known #1 50%?"), "a")
    assert len(open_archive(Path("known #1 50%?")).entries()) == 1


def test_making_an_archive_twice_keeps_what_is_in(tmp_path):
    filled(tmp_path, "a")
    assert len(create_archive(tmp_path).entries()) == 1


def test_an_archive_whose_maker_was_killed_at_once_is_made(tmp_path):
    (tmp_path / FILE).touch()
    assert len(filled(tmp_path, "a").entries()) == 1


def test_opening_nothing_is_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="no archive here"):
        open_archive(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match="no archive here"):
        Archive(folder=tmp_path / "gone").entries()
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("verb", [open_archive, create_archive])
def test_what_is_no_archive_is_refused_and_left_as_it_was(tmp_path, verb):
    (tmp_path / FILE).write_text("these are my notes\n" * 50)
    with pytest.raises(AuditError, match="not a database"):
        verb(tmp_path)
    assert (tmp_path / FILE).read_text() == "these are my notes\n" * 50


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE notes (text TEXT)",
        "CREATE TABLE about (key TEXT, value TEXT)",
    ],
)
def test_another_database_is_refused_and_left_as_it_was(tmp_path, statement):
    executed(tmp_path, statement)
    with pytest.raises(AuditError, match=r"no such table|not an archive of format"):
        create_archive(tmp_path)
    assert len(executed(tmp_path, "SELECT name FROM sqlite_master WHERE type = 'table'")) == 1


def test_an_archive_of_another_format_is_refused(tmp_path):
    filled(tmp_path)
    executed(tmp_path, "UPDATE about SET value = 'verikit-archive/1'")
    with pytest.raises(AuditError, match=f"not an archive of format {FORMAT}"):
        open_archive(tmp_path)


def test_a_flipped_bit_in_a_fingerprint_is_told_and_stops_whoever_reads_it(tmp_path):
    archive = filled(tmp_path, "a", "b", "c")
    flipped(tmp_path, "b.mp4")
    assert archive.problems() == ("b.mp4: the fingerprint differs from its checksum",)
    read = archive.fingerprints()
    assert next(read).name == "a.mp4"
    with pytest.raises(AuditError, match=r"the fingerprint of b\.mp4 is damaged; remove it, then add it again"):
        next(read)
    with pytest.raises(AuditError, match="damaged"):
        archive.fingerprint(made("b").sha256)
    assert archive.fingerprint(made("c").sha256).name == "c.mp4"
    archive.remove(made("b").sha256)
    archive.put(made("b"), size=1, facts={})
    assert archive.problems() == ()


def test_a_fingerprint_that_is_none_or_of_another_video_is_told(tmp_path):
    archive = filled(tmp_path, "a", "b\x1b")
    checksum = hashlib.sha256(b"junk").hexdigest()
    executed(tmp_path, "UPDATE videos SET fingerprint = ?, checksum = ? WHERE size = 1", (b"junk", checksum))
    other = made("c").to_bytes()
    checksum = hashlib.sha256(other).hexdigest()
    executed(tmp_path, "UPDATE videos SET fingerprint = ?, checksum = ? WHERE size = 2", (other, checksum))
    first, second = archive.problems()
    assert first.startswith("a.mp4: a damaged fingerprint")
    assert second == "b\ufffd.mp4: the fingerprint is of another video"


def test_damage_to_the_database_is_told(tmp_path):
    archive = filled(tmp_path, *"abcdefgh")
    data = bytearray((tmp_path / FILE).read_bytes())
    data[4096:] = os.urandom(1) * (len(data) - 4096)
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(AuditError, match="malformed"):
        archive.entries()
    with pytest.raises(AuditError, match="malformed"):
        archive.problems()


def test_a_search_keeps_no_writer_waiting(tmp_path):
    archive = filled(tmp_path, "a", "b", "c")
    read = archive.fingerprints()
    assert next(read).name == "a.mp4"
    archive.put(made("d"), size=1, facts={})
    archive.remove(made("b").sha256)
    assert [print_.name for print_ in read] == ["c.mp4"]


def test_a_put_that_fails_changes_nothing(tmp_path):
    archive = filled(tmp_path, "a")
    with pytest.raises(TypeError):
        archive.put(made("b"), size=1, facts={"odd": object()})
    with pytest.raises(AuditError):
        archive.put(made("b"), size=None, facts={})
    assert [entry.name for entry in archive.entries()] == ["a.mp4"]


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from test_store import create_archive, made
archive = create_archive(Path({folder!r}))
for number in range({count}):
    archive.put(made(f"{word}-{{number}}"), size=1, facts={{}})
    print(number, flush=True)
"""


def writer(folder, word, count):
    paths = [str(HERE), str(HERE.parent)]
    code = WRITER.format(paths=paths, folder=str(folder), word=word, count=count)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_two_writers_who_begin_at_once_lose_nothing(tmp_path):
    folder = tmp_path / "new"
    writers = [writer(folder, word, 15) for word in ("one", "two")]
    for process in writers:
        with process:
            told, _ = process.communicate(timeout=60)
        assert (process.returncode, len(told.split())) == (0, 15)
    archive = open_archive(folder)
    assert {entry.name for entry in archive.entries()} == {f"{w}-{n}.mp4" for w in ("one", "two") for n in range(15)}
    assert archive.problems() == ()


MAKER = """
import sys
from pathlib import Path
from verikit.matching.store import create_archive
print("ready", flush=True)
for name in sys.stdin.readline().split():
    print(len(create_archive(Path(name)).entries()), flush=True)
"""


def test_many_makers_at_once_make_one_archive(tmp_path):
    made_by = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    makers = [subprocess.Popen([sys.executable, "-c", MAKER], **made_by) for _ in range(3)]
    folders = [str(tmp_path / str(number)) for number in range(12)]
    assert [maker.stdout.readline() for maker in makers] == ["ready\n"] * 3
    for maker in makers:
        maker.stdin.write(" ".join(folders) + "\n")
        maker.stdin.flush()
    for maker in makers:
        with maker:
            told, _ = maker.communicate(timeout=60)
        assert (maker.returncode, told.split()) == (0, ["0"] * 12)


def test_a_writer_that_is_killed_leaves_what_it_had_acknowledged(tmp_path):
    with writer(tmp_path, "k", 100_000) as process:
        acknowledged = [int(process.stdout.readline()) for _ in range(12)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout.read().split()]
    archive = open_archive(tmp_path)
    names = {entry.name for entry in archive.entries()}
    assert names >= {f"k-{number}.mp4" for number in acknowledged}
    # The one that was on its way is in wholly or not at all.
    assert len(names) <= len(acknowledged) + 1
    assert archive.problems() == ()
    archive.put(made("after"), size=1, facts={})
    assert archive.holds(made("after").sha256)
