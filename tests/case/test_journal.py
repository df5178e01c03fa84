"""The journal: what is written reads back, what is touched shows, and two writers keep one chain."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit._files import canonical_json
from verikit.case.journal import FIRST_PREV, KINDS, Entry, append, journal_problems, read_journal, strict_json
from verikit.errors import AuditError

if TYPE_CHECKING:
    from pathlib import Path

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def write(path: Path, count: int = 4) -> bytes:
    append(path, "case-open", {"claim": {"text": "é, a post"}}, case="c1", time=NOON)
    for number in range(1, count):
        append(path, "note", {"text": f"note {number}", "score": number / 3}, case="c1", time=NOON)
    return path.read_bytes()


def kinds(data: bytes) -> list[tuple[int, str]]:
    return [(problem.line, problem.kind) for problem in journal_problems(data)]


def forged(data: bytes, line: int, **changes: object) -> bytes:
    """The journal with one line changed and its hash made right again, as someone with this code can do."""
    lines = data.splitlines()
    entry = json.loads(lines[line - 1]) | changes
    bare = {name: value for name, value in entry.items() if name != "hash"}
    digest = hashlib.sha256(b"verikit-journal-v1\n" + canonical_json(bare).encode()).hexdigest()
    lines[line - 1] = canonical_json(entry | {"hash": digest}).encode()
    return b"\n".join(lines) + b"\n"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("journal") / "journal.jsonl")


def test_what_is_appended_reads_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written = [append(path, "case-open", {"a": 1.5}, case="c1"), append(path, "note", {"b": ("x",)}, case="c1")]
    read = read_journal(path.read_bytes())
    assert list(read) == written
    assert [entry.seq for entry in read] == [0, 1]
    assert [entry.prev for entry in read] == [FIRST_PREV, read[0].hash]
    assert read[1].body == {"b": ["x"]}
    assert read[0].time.endswith("+00:00")


def test_the_hash_can_be_computed_with_nothing_but_sha256_and_sorted_json(journal: bytes) -> None:
    entry = json.loads(journal.splitlines()[2])
    stated = entry.pop("hash")
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(b"verikit-journal-v1\n" + text.encode()).hexdigest() == stated


@given(body=st.dictionaries(st.text(), JSON, max_size=4))
@settings(max_examples=40, deadline=None)
def test_any_json_body_survives(tmp_path_factory: pytest.TempPathFactory, body: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("any") / "journal.jsonl"
    entry = append(path, "case-open", body, case="c1")
    assert read_journal(path.read_bytes()) == (entry,)
    assert Entry.from_dict(entry.to_dict()) == entry
    assert entry.body == body


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_byte_can_be_changed_unseen(journal: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(journal) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != journal[place]))
    changed = journal[:place] + bytes([other]) + journal[place + 1 :]
    assert journal_problems(changed)
    with pytest.raises(AuditError):
        read_journal(changed)


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_no_byte_can_be_added_or_taken_unseen(journal: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(journal) - 1))
    assert journal_problems(journal[:place] + journal[place + 1 :])
    assert journal_problems(journal[:place] + bytes([data.draw(st.integers(0, 255))]) + journal[place:])


def test_a_whole_journal_has_no_problems(journal: bytes) -> None:
    assert journal_problems(journal) == ()
    assert len(read_journal(journal)) == 4


def test_a_chain_cannot_show_that_its_end_was_cut_off(journal: bytes) -> None:
    shorter = b"".join(journal.splitlines(keepends=True)[:-1])
    assert len(read_journal(shorter)) == 3


def test_each_fault_is_named_with_its_line(journal: bytes) -> None:
    one, two, three, four = journal.splitlines(keepends=True)
    assert kinds(b"") == [(0, "empty")]
    assert kinds(journal[:-1]) == [(4, "torn")]
    assert kinds(one + two.replace(b"\n", b"\r\n") + three + four) == [(2, "line-end")]
    assert kinds(one + two + b"\n" + three + four) == [(3, "not-json")]
    assert kinds(one + two[:-2] + b',"v":1}\n' + three) == [(2, "duplicate-key")]
    assert kinds(one + two.replace(b",", b", ", 1)) == [(2, "not-canonical")]
    assert kinds(one + two.replace(b"note 1", b"note 7")) == [(2, "hash")]
    assert kinds(one + three + four) == [(2, "seq"), (2, "prev")]
    assert kinds(one + three + two + four) == [
        (2, "seq"),
        (2, "prev"),
        (3, "seq"),
        (3, "prev"),
        (4, "seq"),
        (4, "prev"),
    ]
    assert kinds(journal + four) == [(5, "seq"), (5, "prev")]
    assert kinds(two + three) == [(1, "first"), (1, "seq"), (1, "prev")]


def test_a_line_forged_with_its_hash_breaks_the_line_after_it(journal: bytes) -> None:
    assert kinds(forged(journal, 2, body={"text": "other"})) == [(3, "prev")]
    assert kinds(forged(journal, 2, case="c2")) == [(2, "case"), (3, "case"), (3, "prev")]
    assert kinds(forged(journal, 4, kind="case-open")) == [(4, "first")]


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"seq": -1},
        {"seq": 3.0},
        {"time": "2026-11-02T12:00:00Z"},
        {"time": "2026-13-02T12:00:00.000+00:00"},
        {"kind": "verdict"},
        {"kind": ["note"]},
        {"body": []},
        {"prev": "0" * 63},
        {"extra": 1},
        {"case": ""},
    ],
)
def test_a_field_that_is_not_of_its_form_is_a_fault_even_with_a_right_hash(
    journal: bytes, changes: dict[str, object]
) -> None:
    assert kinds(forged(journal, 4, **changes)) == [(4, "fields")]


def test_hostile_lines_are_told_not_obeyed(journal: bytes) -> None:
    for line in (
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
        b'"\\ud800"',
        b"NaN",
        b"\xff\xfe",
        b"x" * (2 << 20),
    ):
        found = journal_problems(journal + line + b"\n")
        assert [problem.line for problem in found] == [5]
        assert len(str(found[0])) < 400


def test_strict_json_refuses_what_can_be_read_in_two_ways() -> None:
    assert strict_json(b'{"a":[1,1.5,"\xc3\xa9",null]}') == {"a": [1, 1.5, "é", None]}
    for data in (b'{"a":1,"a":2}', b"NaN", b"1e999", b"\xef\xbb\xbf{}", b'{"a":"\\ud800"}', b"[" * 100_000, b"\xff"):
        with pytest.raises(ValueError, match=r"."):
            strict_json(data)


def test_nothing_is_appended_to_a_broken_tail(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    whole = write(path)
    for broken in (whole[:-1], whole[:-20], whole + b"\n", whole.replace(b"note 3", b"note 9"), whole + b"junk\n"):
        path.write_bytes(broken)
        with pytest.raises(AuditError, match="last line"):
            append(path, "note", {}, case="c1")
        assert path.read_bytes() == broken


def test_a_journal_cut_off_in_an_unacknowledged_line_goes_on_once_that_piece_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    whole = write(path)
    for kept in (1, 50, len(whole.splitlines()[-1])):
        # As a power cut leaves it: the next line begun and not ended.
        path.write_bytes(whole + whole.splitlines()[-1][:kept])
        with pytest.raises(AuditError, match="take that last piece of a line away"):
            append(path, "note", {}, case="c1")
        path.write_bytes(path.read_bytes().rpartition(b"\n")[0] + b"\n")
        append(path, "note", {"text": "goes on"}, case="c1")
        assert len(read_journal(path.read_bytes())) == len(read_journal(whole)) + 1


def test_append_refuses_what_does_not_belong(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with pytest.raises(FileNotFoundError):
        append(path, "note", {}, case="c1")
    write(path)
    before = path.read_bytes()
    with pytest.raises(AuditError, match="another case"):
        append(path, "note", {}, case="c2")
    with pytest.raises(ValueError, match="case-open"):
        append(path, "case-open", {}, case="c1")
    with pytest.raises(ValueError, match="kind"):
        append(path, "gossip", {}, case="c1")
    with pytest.raises(ValueError, match="zone"):
        append(path, "note", {}, case="c1", time=dt.datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test
    with pytest.raises(ValueError, match="JSON"):
        append(path, "note", {"score": float("nan")}, case="c1")
    with pytest.raises(ValueError, match="at most"):
        append(path, "note", {"text": "x" * (1 << 20)}, case="c1")
    assert path.read_bytes() == before
    assert "gossip" not in KINDS


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system opens links in any case")
def test_a_link_in_the_journals_place_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere.jsonl")
    before = (tmp_path / "elsewhere.jsonl").read_bytes()
    (tmp_path / "journal.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    with pytest.raises(OSError, match=r"journal\.jsonl"):
        append(tmp_path / "journal.jsonl", "note", {}, case="c1")
    assert (tmp_path / "elsewhere.jsonl").read_bytes() == before


def test_two_processes_that_write_at_once_keep_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    append(path, "case-open", {}, case="c1")
    code = (
        "import sys, pathlib; from verikit.case.journal import append\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for n in range(50): append(pathlib.Path(sys.argv[1]), 'note', {'who': sys.argv[2], 'n': n}, case='c1')"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", code, str(path), who], **pipes))
            for who in ("runner", "kernel")
        ]
        # Both stand at the line before either starts.
        assert [process.stdout.readline() for process in both if process.stdout] == [b"ready\n"] * 2
        for process in both:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        assert [process.wait(timeout=60) for process in both] == [0, 0]
    entries = read_journal(path.read_bytes())[1:]
    assert len(entries) == 100
    for who in ("runner", "kernel"):
        assert [entry.body["n"] for entry in entries if entry.body["who"] == who] == list(range(50))


def test_whoever_is_killed_while_writing_loses_no_entry_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    append(path, "case-open", {}, case="c")
    code = (
        "import sys\nfrom pathlib import Path\nfrom verikit.case.journal import append\n"
        "while True:\n    print(append(Path(sys.argv[1]), 'note', {'text': 'x' * 5000}, case='c').seq, flush=True)\n"
    )
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(20)]
            writer.kill()
            told += [int(line) for line in writer.stdout.read().splitlines()]
        entries = read_journal(path.read_bytes())
        assert entries[-1].seq >= told[-1]
