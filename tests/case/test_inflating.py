"""A deflated member holds what is announced and nothing else: other programs would unpack the rest."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from written_zips import deflated, written

from benchmarks.tampers import read
from verikit.case.bag import CHUNK
from verikit.case.verifying import verify_package
from verikit.case.zips import open_zip

REPORT = "data/report.html"


def nothing(one):
    """The honest form."""


def more(one):
    one.packed = deflated(zlib.decompress(one.packed, -zlib.MAX_WBITS) + b"<p>2024</p>")


def tail(one):
    one.packed += b"hidden"


def second_stream(one):
    one.packed += deflated(b"<p>2024</p>")


def cut(one):
    one.packed = one.packed[:-5]


def other(one):
    data = zlib.decompress(one.packed, -zlib.MAX_WBITS)
    one.packed = deflated(data[:-1] + b"x")


LIES = {
    "goes on": (more, "it holds more than the"),
    "bytes behind": (tail, "packed bytes behind its end"),
    "a second stream": (second_stream, "packed bytes behind its end"),
    "cut short": (cut, "cut short"),
    "other content": (other, "its size or its checksum"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_another_program_would_unpack_otherwise_is_not_read(tmp_path, sealed, lie):
    change, said = LIES[lie]
    path = tmp_path / "x.zip"
    path.write_bytes(written(read(sealed.package), REPORT, change, method=8))
    checked = verify_package(path, expect_seal=sealed.seal)
    assert checked.exit_code == 1
    assert any(p.path == REPORT and said in p.detail for p in checked["hashes"].problems), checked


def test_an_honest_deflated_member_holds(tmp_path, sealed):
    path = tmp_path / "x.zip"
    path.write_bytes(written(read(sealed.package), REPORT, nothing, method=8))
    assert verify_package(path, expect_seal=sealed.seal).exit_code == 0


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 7])
def test_any_size_is_read_whole_and_in_pieces(tmp_path, size):
    data = hashlib.shake_256(b"seed").digest(size)
    path = tmp_path / "x.zip"
    path.write_bytes(written({"a": data}, "a", nothing, method=8))
    with open_zip(path) as contents:
        assert contents.problems == ()
        with contents.members["a"].open() as whole, contents.members["a"].open() as pieces:
            assert whole.read() == data
            assert b"".join(iter(lambda: pieces.read(7001), b"")) == data
