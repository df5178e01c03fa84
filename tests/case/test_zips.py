"""Zips: the tricks that a zip can play, each caught before a member is opened; and one way to write."""

from __future__ import annotations

import io
import struct
import tracemalloc
import warnings
import zipfile

import pytest
from written_zips import FILE, written

from benchmarks.tampers import read
from verikit._files import sha256_bytes
from verikit.case.bag import bytes_member
from verikit.case.verifying import verify_package
from verikit.case.zips import open_zip, write_zip
from verikit.errors import AuditError


def entry(name, *, mode=0o100644, method=zipfile.ZIP_STORED, **fields):
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr, info.compress_type = 3, mode << 16, method
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def added(data, *entries):
    """The zip `data` with further members, whatever they are called."""
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for info, content in entries:
            archive.writestr(info, content)
    return stream.getvalue()


def evil(name, content=b"evil", **fields):
    return lambda data: added(data, (entry(name, **fields), content))


def raw_name(placeholder, name):
    """A member whose name python's writer would have tidied: written under another name of the same length."""
    return lambda data: added(data, (entry(placeholder), b"evil")).replace(placeholder.encode(), name)


def commented(data):
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = b"hello"
    return stream.getvalue()


def shifted(data, start, count):
    """The zip with its directory's offsets, from `start` on, moved by `count`: what a tool does that inserts bytes."""
    out, at = bytearray(data), struct.unpack("<L", data[-6:-2])[0]
    struct.pack_into("<L", out, len(out) - 6, at + count)
    for _ in range(struct.unpack("<H", data[-12:-10])[0]):
        name, extra, comment = struct.unpack_from("<3H", out, at + 28)
        offset = struct.unpack_from("<L", out, at + 42)[0]
        struct.pack_into("<L", out, at + 42, offset + (count if offset >= start else 0))
        at += 46 + name + extra + comment
    return bytes(out)


def gapped(data):
    """Bytes between two members that no member owns: a place to hide something."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.infolist()[3].header_offset
    moved = shifted(data, start, 5)
    return moved[:start] + b"hello" + moved[start:]


def central(field, form, value, *, member="data/inputs/clip.mp4"):
    """One field of a member's line in the directory set to `value`."""

    def change(data):
        at = data.rindex(member.encode()) - 46
        out = bytearray(data)
        struct.pack_into(form, out, at + field, value)
        return bytes(out)

    return change


def local_name(data):
    """A member that calls itself otherwise than the directory does."""
    return data.replace(b"data/inputs/clip.mp4", b"data/inputs/klip.mp4", 1)


def overlapping(data):
    """Two names in the directory for one run of bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = archive.getinfo("data/inputs/clip.mp4").header_offset
    return central(42, "<L", first, member="data/journal.jsonl")(data)


def said(**fields):
    """A zip in which the clip's header and its line in the directory say what `fields` say, and all else is right."""

    def change(one):
        for name, value in fields.items():
            setattr(one, name, value(one) if callable(value) else value)

    return lambda data: written(read(io.BytesIO(data)), "data/inputs/clip.mp4", change)


def zip64(*numbers):
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def behind(one, *values):
    return struct.pack("<4s3L", b"PK\x07\x08", *(values or (one.crc, len(one.packed), one.size)))


def elsewhere(*numbers):
    return {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF, "extra": zip64(*numbers) if numbers else b""}


def many(data):
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive:
        for number in range(20_001):
            archive.writestr(entry(f"data/x/{number}"), b"")
    return stream.getvalue()


TRICKS = {
    "parent folder": (evil("../evil.txt"), "'..'"),
    "absolute": (evil("/evil.txt"), "absolute"),
    "drive letter": (evil("C:/evil.txt"), "absolute"),
    "backslash": (raw_name("data/evil.txt", b"data\\evil.txt"), "backslash"),
    "duplicate": (evil("data/journal.jsonl"), "second member of the same name"),
    "case duplicate": (evil("data/Journal.jsonl"), "falls together"),
    "decomposed duplicate": (evil("data/cafe\u0301.txt"), "composed form"),
    "link": (evil("data/inputs/link", b"/etc/passwd", mode=0o120777), "a link"),
    "pipe": (evil("data/inputs/pipe", b"", mode=0o010644), "neither a file nor a folder"),
    "zip bomb": (evil("data/zeros", bytes(2 << 20), method=zipfile.ZIP_DEFLATED), "more than 200 to 1"),
    "bidi name": (evil("data/\u202egpj.exe"), "format"),
    "archive comment": (commented, "archive comment"),
    "member comment": (evil("data/x", comment=b"hello"), "comment at a member"),
    "method bzip2": (evil("data/x", method=zipfile.ZIP_BZIP2), "compression method 12"),
    "method lzma": (evil("data/x", method=zipfile.ZIP_LZMA), "compression method 14"),
    "bytes before": (lambda data: b"#!/bin/sh\n" + data, "before its first member"),
    "bytes before, offsets moved": (lambda data: b"hello" + shifted(data, 0, 5), "belong to no member"),
    "bytes behind": (lambda data: data + b"hello", "bytes behind its end"),
    "bytes between": (gapped, "belong to no member"),
    "encrypted": (central(8, "<H", 1), "encrypted"),
    "two names": (local_name, "says otherwise than the directory"),
    "unicode path field": (evil("data/x", extra=b"\x75\x70\x05\0\x01abcd"), "another name"),
    "overlap": (overlapping, "overlaps"),
    "too many": (many, "more than 20000 members"),
    "size claim": (central(24, "<L", 1 << 30), "two sizes differ"),
    "count claim": (lambda data: data[:-14] + struct.pack("<HH", 3, 3) + data[-10:], "where 3 are announced"),
    "empty folder": (evil("data/empty/", b"", mode=0o40755), "an empty folder"),
    "folder with bytes": (evil("data/inputs/", b"x", mode=0o40755), "a folder that holds bytes"),
    "other sizes in its own zip64 field": (said(own=elsewhere(5, 5)), "says otherwise than the directory"),
    "no zip64 field where one is needed": (said(own=elsewhere()), "says otherwise than the directory"),
    "an idle zip64 field of its own": (said(own={"extra": zip64(5, 5)}), "says otherwise than the directory"),
    "an idle zip64 field": (said(extra=zip64(5)), "zip64 field says otherwise"),
    "a zip64 field cut in a number": (said(extra=b"\1\0\4\0abcd"), "zip64 field says otherwise"),
    "sizes behind it and others before": (
        said(flags=8, own={"crc": 1, "packed": 2, "size": 3}, behind=behind),
        "says otherwise than the directory",
    ),
    "sizes behind it that are not there": (said(flags=8, own={"crc": 0, "packed": 0, "size": 0}), "and do not"),
    "other sizes behind it": (
        said(flags=8, own={"crc": 0, "packed": 0, "size": 0}, behind=lambda one: behind(one, 7, 7, 7)),
        "and do not",
    ),
    "another part of the archive": (said(disk=1), "another part of the archive"),
    "marked as a folder of DOS": (said(attributes=FILE | 0x10), "marked as a folder"),
    "runs with its owner's rights": (said(attributes=FILE | 0o4111 << 16), "another's rights"),
    "a second, empty end": (
        lambda data: data + b"PK\x05\x06" + bytes(18),
        "before its first member",
    ),
}

# What says the same in every place, if in more words: none of it is a trick.
HONEST = {
    "as it is": said(),
    "sizes in zip64 fields": said(own=lambda one: elsewhere(one.size, len(one.packed))),
    "sizes behind it": said(flags=8, own={"crc": 0, "packed": 0, "size": 0}, behind=behind),
    "sizes before and behind it": said(flags=8, behind=behind),
    "a time and an owner": said(extra=b"UT\5\0\3abcdux\4\0\1\1\0\1"),
}


@pytest.mark.parametrize("form", HONEST)
def test_an_honest_zip_of_another_form_holds(tmp_path, sealed, form):
    path = tmp_path / "x.zip"
    path.write_bytes(HONEST[form](sealed.package.read_bytes()))
    checked = verify_package(path, expect_seal=sealed.seal)
    assert checked.exit_code == 0, checked


@pytest.mark.parametrize("trick", TRICKS)
def test_a_zip_trick_breaks_the_shape_and_is_named(tmp_path, sealed, trick):
    change, said = TRICKS[trick]
    path = tmp_path / "tricked.zip"
    path.write_bytes(change(sealed.package.read_bytes()))
    checked = verify_package(path, expect_seal=sealed.seal)
    assert checked["shape"].state == "broken"
    assert any(said in str(problem) for problem in checked["shape"].problems), checked
    assert checked.exit_code == 1


def test_a_package_that_was_packed_again_by_an_ordinary_tool_still_holds(tmp_path, sealed):
    path = tmp_path / "again.zip"
    with zipfile.ZipFile(sealed.package) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr(entry("data/", mode=0o40755), b"")
        for name in reversed(old.namelist()):
            new.writestr(name, old.read(name))
    assert verify_package(path, expect_seal=sealed.seal).exit_code == 0


def test_a_zip_written_to_a_pipe_with_sizes_behind_its_members_still_holds(tmp_path, sealed):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError

    stream = Pipe()
    with zipfile.ZipFile(sealed.package) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    path = tmp_path / "piped.zip"
    path.write_bytes(stream.getvalue())
    checked = verify_package(path, expect_seal=sealed.seal)
    assert checked.exit_code == 0, checked


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7, 0.99, 0.9999])
def test_a_zip_that_was_cut_short_is_an_answer_and_not_a_traceback(tmp_path, sealed, kept):
    data = sealed.package.read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(data[: int(len(data) * kept)])
    checked = verify_package(path)
    assert {name for name in ("shape", "hashes") if checked[name].state == "broken"} == {"shape", "hashes"}
    assert {checked[name].state for name in ("journal", "notebook", "signature", "seal")} == {"limited"}
    assert "cut short" in str(checked)
    assert checked.exit_code == 1


def test_writing_twice_gives_the_same_bytes_in_any_order(tmp_path):
    files = [bytes_member(name, name.encode() * 99) for name in ("b", "a/é", "a/c")]
    digests = {member.name: sha256_bytes(member.name.encode() * 99) for member in files}
    one = write_zip(tmp_path / "one.zip", files, digests=digests)
    two = write_zip(tmp_path / "two.zip", reversed(files), digests=digests)
    assert one.read_bytes() == two.read_bytes()
    with open_zip(one) as contents:
        assert list(contents.members) == ["a/c", "a/é", "b"]
        assert contents.problems == ()


def test_a_file_that_changes_while_it_is_packed_leaves_no_package_behind(tmp_path):
    with pytest.raises(AuditError, match="changed while"):
        write_zip(tmp_path / "x.zip", [bytes_member("a", b"new")], digests={"a": sha256_bytes(b"old")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("announced", "said"), [(0xFFFF, "more than 20000 members"), (3, "far more than the 3 members")]
)
def test_a_hundred_thousand_members_are_refused_in_bounded_memory_whatever_their_number_is_said_to_be(
    tmp_path, announced, said
):
    line = b"PK\x01\x02" + struct.pack("<6H3L5H2L", 20, 20, 0, 0, 0, 33, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0)
    directory = b"".join(line + b"%05d" % number for number in range(100_000))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, announced, announced, len(directory), 30, 0)
    local = b"PK\x03\x04" + bytes(26)
    path = tmp_path / "x.zip"
    path.write_bytes(local + directory + end)
    tracemalloc.start()
    try:
        checked = verify_package(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (checked.exit_code, checked["shape"].state) == (1, "broken")
    assert any(said in str(problem) for problem in checked["shape"].problems)
    assert most < 150e6
