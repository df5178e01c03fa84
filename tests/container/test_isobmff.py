from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from making import box, ftyp, full, international, keyed_meta, mvhd, trak

from verikit.container.elements import Box, cut_tree
from verikit.container.isobmff import MOST_DEPTH, is_isobmff, read_boxes
from verikit.container.movie import movie_time, read_movie
from verikit.container.movie_tags import C2PA_UUID, read_movie_tags


def written(folder: Path, data: bytes) -> Path:
    path = folder / "made.mp4"
    path.write_bytes(data)
    return path


def test_a_box_knows_its_path_place_and_size(tmp_path):
    data = ftyp() + box("moov", mvhd(), trak())
    read = read_boxes(written(tmp_path, data))
    header = read.find("moov/mvhd")[0]
    assert (header.offset, header.size, header.header) == (len(ftyp()) + 8, 108, 8)
    assert read.find("moov/trak/mdia/minf/stbl/stsz")
    assert read.faults == ()


def test_sizes_of_64_bits_and_size_zero_at_the_end_are_read(tmp_path):
    long = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 20) + b"abcd"
    read = read_boxes(written(tmp_path, ftyp() + long + struct.pack(">I", 0) + b"free" + bytes(50)))
    assert [(b.type, b.size, b.header) for b in read.boxes[1:]] == [("mdat", 20, 16), ("free", 58, 8)]
    assert read.faults == ()


def test_a_uuid_box_tells_its_extended_type(tmp_path):
    read = read_boxes(written(tmp_path, ftyp() + box("uuid", bytes.fromhex(C2PA_UUID.replace("-", "")), b"payload")))
    assert read.boxes[1].uuid == C2PA_UUID


def test_a_box_past_the_end_of_the_file_is_a_fault_told_once_and_its_children_are_read(tmp_path):
    whole = ftyp() + box("moov", mvhd(), trak())
    read = read_boxes(written(tmp_path, whole[:-30]))
    assert [fault.kind for fault in read.faults] == ["past end of the file"]
    assert read.find("moov/trak/tkhd")


def test_a_box_past_its_parent_is_a_fault(tmp_path):
    inner = struct.pack(">I", 500) + b"mvhd" + bytes(20)
    read = read_boxes(written(tmp_path, ftyp() + box("moov", inner) + box("free", bytes(600))))
    assert [(f.kind, f.path) for f in read.faults] == [("past end of its parent", "moov/mvhd")]
    assert [b.type for b in read.boxes] == ["ftyp", "moov", "free"]


@pytest.mark.parametrize("left", [b"\x01\x02\x03\x04\xff\xfe\xfd\xfc appended", b"hidden message here"])
def test_bytes_behind_the_last_box_are_told_with_their_number(tmp_path, left):
    read = read_boxes(written(tmp_path, ftyp() + box("free") + left))
    assert [(f.kind, f.offset) for f in read.faults] == [("trailing bytes", len(ftyp()) + 8)]
    assert read.faults[0].detail.startswith(f"{len(left)} bytes")


def test_a_thousand_nested_boxes_stop_at_the_limit_and_say_so(tmp_path):
    data = b""
    for _ in range(1000):
        data = box("moov", data)
    read = read_boxes(written(tmp_path, data))
    assert read.count == MOST_DEPTH
    assert [f.kind for f in read.faults] == ["too deep"]


def test_times_of_1904_are_read_in_32_and_64_bits(tmp_path):
    seconds = 2_082_844_800 + 1_000_000_000  # 1904 to 1970, and Unix's billionth second
    for version in (0, 1):
        path = written(tmp_path, ftyp() + box("moov", mvhd(seconds, seconds + 5, version=version)))
        movie = read_movie(path, read_boxes(path))
        assert (movie.created, movie.modified, movie.duration) == (seconds, seconds + 5, 4.0)
    assert movie_time(seconds) == "2001-09-09T01:46:40Z"
    assert movie_time(0) is None
    assert movie_time(2**64 - 1) is None


def test_edit_lists_handlers_turns_and_counts_are_read(tmp_path):
    moov = box("moov", mvhd(), trak(edits=((500, -1), (1500, 2000)), turn=(0, 1), samples=120))
    path = written(tmp_path, ftyp() + moov)
    track = read_movie(path, read_boxes(path)).tracks[0]
    assert [(e.duration, e.start) for e in track.edits] == [(0.5, None), (1.5, 2.0)]
    assert (track.handler, track.kind, track.rotation, track.samples, track.language) == (
        "VideoHandle",
        "vide",
        90,
        120,
        "eng",
    )


def test_user_data_keys_and_places_become_tags_with_their_byte(tmp_path):
    place = struct.pack(">iii", round(-0.2431 * 65536), round(51.5932 * 65536), 12 * 65536)
    loci = full("loci", b"\x15\xc7", b"Home\0", b"\0", place, b"earth\0", b"\0")
    udta = box("udta", box("©xyz", international("+51.5932-000.2431/")), loci, full("titl", b"\x15\xc7", b"A title\0"))
    meta = keyed_meta({"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone 12"})
    path = written(tmp_path, ftyp() + box("moov", mvhd(), udta, meta))
    tags = {tag.key: tag for tag in read_movie_tags(path, read_boxes(path))}
    assert tags["©xyz"].value == "+51.5932-000.2431/"
    assert tags["loci"].value.startswith("+51.59320-000.24310+12.000/")
    assert tags["titl"].value == "A title"
    assert tags["com.apple.quicktime.model"].value == "iPhone 12"
    at = int(tags["©xyz"].origin.removeprefix("moov/udta/©xyz@"))
    assert path.read_bytes()[at + 4 : at + 8] == b"\xa9xyz"


def test_text_that_is_no_utf8_is_kept_as_visible_escapes(tmp_path):
    data = box("data", struct.pack(">II", 1, 0), b"caf\xe9")
    meta = full("meta", full("hdlr", bytes(4), b"mdir", bytes(13)), box("ilst", box("©too", data)))
    path = written(tmp_path, ftyp() + box("moov", box("udta", meta)))
    assert [tag.value for tag in read_movie_tags(path, read_boxes(path))] == ["caf\\xe9"]


def test_a_picture_or_text_does_not_start_like_a_movie(tmp_path):
    for data in (b"\x89PNG\r\n\x1a\n" + bytes(30), b"Dear reader, this is text", b"\xff\xd8\xff\xe0" + bytes(30), b""):
        path = written(tmp_path, data)
        with path.open("rb") as stream:
            assert not is_isobmff(stream, len(data))


BASE = ftyp() + box(
    "moov",
    mvhd(3_694_796_514),
    trak(edits=((1000, 500),)),
    box("udta", box("©xyz", international("+51-000/"))),
    keyed_meta({"com.android.version": "14"}),
)


@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(BASE) - 1), st.integers(0, 255)), max_size=12),
    length=st.integers(1, len(BASE)),
)
def test_whatever_the_bytes_say_the_readers_answer_and_stay_within_the_file(tmp_path_factory, changes, length):
    data = bytearray(BASE)
    for at, value in changes:
        data[at] = value
    path = tmp_path_factory.getbasetemp() / "mutated.mp4"
    path.write_bytes(bytes(data[:length]))
    read = read_boxes(path)
    read_movie(path, read)
    read_movie_tags(path, read)
    seen = list(read.walk())
    assert len(seen) == read.count
    assert all(0 <= b.offset < length for b in seen)
    assert all(Box.from_dict(b.to_dict()) == b for b in read.boxes)


@given(most=st.integers(0, 30))
def test_a_cut_tree_holds_as_many_boxes_as_allowed_and_keeps_the_outline(tmp_path_factory, most):
    path = tmp_path_factory.getbasetemp() / "tree.mp4"
    path.write_bytes(BASE)
    read = read_boxes(path)
    kept = cut_tree(read.boxes, most=most)
    work, count = list(kept), 0
    while work:
        count += 1
        work.extend(work.pop().children)
    assert count == min(most, read.count)
    assert [b.type for b in kept] == [b.type for b in read.boxes][:most]
