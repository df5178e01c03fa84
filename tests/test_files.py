"""Files: hashes, writing aside, and names that cannot lead astray."""

from __future__ import annotations

import hashlib
import json
import math
import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verikit._files import (
    HIDDEN_CATEGORIES,
    canonical_json,
    package_folder,
    plain,
    safe_name,
    sha256_bytes,
    sha256_file,
    sha256_text,
    write_bytes,
    write_text,
    written_aside,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


class BrokenOffError(Exception):
    """Raised by a test in the middle of writing."""


def test_the_three_hashes_agree_with_the_standard(tmp_path):
    (tmp_path / "a").write_bytes("ü".encode() * 100_000)
    wanted = hashlib.sha256("ü".encode() * 100_000).hexdigest()
    assert sha256_file(tmp_path / "a") == sha256_bytes("ü".encode() * 100_000) == sha256_text("ü" * 100_000) == wanted
    # FIPS 180-4, the example of one block.
    assert sha256_text("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_is_written_aside_and_takes_its_place(tmp_path):
    path = tmp_path / "new" / "a.json"
    assert write_text(path, "one\ntwo\n") == path
    assert path.read_bytes() == b"one\ntwo\n"
    assert write_bytes(path, b"\r\n\0") == path
    assert path.read_bytes() == b"\r\n\0"
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


def test_while_writing_the_old_file_stands_and_the_new_one_lies_beside_it(tmp_path):
    path = write_bytes(tmp_path / "a.txt", b"old")
    with written_aside(path) as aside:
        aside.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert (aside.parent, aside.suffix) == (path.parent, ".txt")
        assert aside.name.startswith(".writing-")
    assert path.read_bytes() == b"new"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write_bytes(tmp_path / "a.txt", b"old")

    def failing():
        with written_aside(path) as aside:
            aside.write_bytes(b"half")
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        failing()
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_bytes(tmp_path / "folder", b"x")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "folder"]


def test_a_file_written_aside_has_the_rights_of_any_new_file(tmp_path):
    mask = os.umask(0o027)
    try:
        assert write_bytes(tmp_path / "a", b"").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(mask)


@given(json_values)
def test_canonical_json_reads_back_and_has_one_form(value):
    written = canonical_json(value)
    assert json.loads(written) == value
    assert canonical_json(json.loads(written)) == written
    assert "\n" not in written


def test_canonical_json_sorts_keys_keeps_letters_and_refuses_what_json_has_not():
    assert canonical_json({"b": 1, "a": ["é", None, True]}) == '{"a":["é",null,true],"b":1}'
    for value in (math.nan, math.inf, [-math.inf]):
        with pytest.raises(ValueError, match="not JSON compliant"):
            canonical_json(value)


@given(st.text())
@example("a\x1b[31mb\u202ec\u200bd\n\t\0\u2028\ud800")
def test_plain_text_hides_nothing_and_changes_nothing_else(text):
    shown = plain(text)
    assert len(shown) == len(text)
    assert not any(unicodedata.category(c) in HIDDEN_CATEGORIES for c in shown)
    assert all(
        a == b or (b == "\ufffd" and unicodedata.category(a) in HIDDEN_CATEGORIES)
        for a, b in zip(text, shown, strict=True)
    )
    assert plain(shown) == shown


@given(st.text(), st.integers(1, 100))
@example("../../etc/passwd", 80)
@example(".hidden", 80)
@example("...", 80)
@example("", 80)
@example("con\u202egpm.exe\n", 80)
@example("\U00020000" * 200, 100)
@example("a\u0301", 80)
def test_a_safe_name_is_a_file_name_and_nothing_more(text, most):
    name = safe_name(text, most=most)
    assert 1 <= len(name) <= max(most, len("unnamed"))
    assert all(c.isalnum() or c in "._-" for c in name)
    assert name[0] not in "._"
    # File systems allow 255 bytes; some are left for an ending.
    assert len(name.encode()) <= 240


def test_a_safe_name_can_be_written(tmp_path):
    for text in ("Солдат смотрит", "러시아의 북한 군인", "\U00020000" * 200, "a/b\\c:d", "é" * 300, "\ud800"):
        (tmp_path / f"{safe_name(text)}.jpg").write_bytes(b"")
    assert len(list(tmp_path.iterdir())) == 6
    assert safe_name("Солдат 1.mp4") == "Солдат_1.mp4"


def test_shipped_folders_are_found_and_others_are_missed_with_what_to_do(sample_data):
    assert package_folder("sample_data") == sample_data.resolve()
    with pytest.raises(FileNotFoundError, match="no_such_folder: not in this installation of verikit; reinstall"):
        package_folder("no_such_folder")
