from __future__ import annotations

import struct
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from making import chunk, element, listed

from verikit.container.matroska import element_duration, read_elements, read_matroska_tags
from verikit.container.riff import is_riff, read_chunks, read_riff_tags

HEADER = element("1A45DFA3", element("4282", b"webm"))
INFO = element(
    "1549A966",
    element("2AD7B1", struct.pack(">I", 1_000_000))
    + element("4489", struct.pack(">d", 2500.0))
    + element("4D80", b"Chrome")
    + element("5741", b"Chrome")
    + element("4461", struct.pack(">q", 86_400_000_000_000)),
)
TRACKS = element("1654AE6B", element("AE", element("536E", b"front camera") + element("86", b"V_VP9")))
TAGS = element("1254C367", element("7373", element("67C8", element("45A3", b"MAJOR_BRAND") + element("4487", b"dash"))))
CLUSTER = element("E7", b"\x00") + element("A3", b"\x81\x00\x00\x80 frame")
AVI = listed(
    "RIFF",
    "AVI ",
    listed("LIST", "hdrl", chunk("avih", bytes(56)), listed("LIST", "strl", chunk("strh", b"vidsXVID" + bytes(48)))),
    listed("LIST", "INFO", chunk("ISFT", b"CanonMVI06\0")),
    chunk("IDIT", b"MON MAR 10 14:05:33 2008\n\0"),
    listed("LIST", "movi", chunk("00dc", bytes(11))),
)


def pairs(tags):
    return {tag.key: tag.value for tag in tags}


def test_info_tracks_and_tags_are_read_with_their_byte(tmp_path):
    path = tmp_path / "made.webm"
    path.write_bytes(HEADER + element("18538067", INFO + TRACKS + element("1F43B675", CLUSTER) + TAGS))
    read = read_elements(path)
    tags = read_matroska_tags(path, read)
    told = pairs(tags)
    assert (told["DocType"], told["MuxingApp"], told["Name"], told["CodecID"]) == (
        "webm",
        "Chrome",
        "front camera",
        "V_VP9",
    )
    assert told["DateUTC"] == "2001-01-02T00:00:00Z"
    assert told["MAJOR_BRAND"] == "dash"
    assert element_duration(tags) == 2.5
    name = next(tag for tag in tags if tag.key == "MuxingApp")
    at = int(name.origin.split("@")[1])
    assert path.read_bytes()[at : at + 2] == b"\x4d\x80"
    assert read.faults == ()


def test_a_live_recording_with_unknown_sizes_is_read_to_its_tags(tmp_path):
    path = tmp_path / "live.webm"
    clusters = element("1F43B675", CLUSTER, unknown=True) + element("1F43B675", CLUSTER, unknown=True)
    path.write_bytes(HEADER + element("18538067", INFO + TRACKS + clusters + TAGS, unknown=True))
    read = read_elements(path)
    assert [child.type for child in read.boxes[1].children] == ["Info", "Tracks", "Cluster", "Cluster", "Tags"]
    assert pairs(read_matroska_tags(path, read))["MAJOR_BRAND"] == "dash"


def test_a_cut_matroska_file_tells_where_it_was_cut(tmp_path):
    path = tmp_path / "cut.mkv"
    whole = HEADER + element("18538067", INFO + TRACKS + element("1F43B675", CLUSTER * 20))
    path.write_bytes(whole[:-60])
    read = read_elements(path)
    assert [fault.kind for fault in read.faults] == ["past end of the file"]
    assert pairs(read_matroska_tags(path, read))["WritingApp"] == "Chrome"


def test_the_texts_of_an_avi_file_are_read(tmp_path):
    path = tmp_path / "made.avi"
    path.write_bytes(AVI)
    read = read_chunks(path)
    told = pairs(read_riff_tags(path, read))
    assert (told["ISFT"], told["IDIT"], told["strh"]) == ("CanonMVI06", "MON MAR 10 14:05:33 2008", "vidsXVID")
    assert read.find("AVI/hdrl/strl/strh")
    assert read.faults == ()


def test_a_webp_picture_is_no_avi(tmp_path):
    path = tmp_path / "picture.webp"
    path.write_bytes(listed("RIFF", "WEBP", chunk("VP8 ", bytes(20))))
    with path.open("rb") as stream:
        assert not is_riff(stream)


MKV = HEADER + element("18538067", INFO + TRACKS + element("1F43B675", CLUSTER, unknown=True) + TAGS, unknown=True)


@settings(max_examples=100, deadline=None)
@given(
    which=st.booleans(),
    damage=st.tuples(
        st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=10), st.integers(0, 200)
    ),
)
def test_whatever_the_bytes_say_both_readers_answer_and_stay_within_the_file(tmp_path_factory, which, damage):
    changes, cut = damage
    data = bytearray(MKV if which else AVI)
    for at, value in changes:
        data[at % len(data)] = value
    data = data[: max(1, len(data) - cut)]
    path = tmp_path_factory.getbasetemp() / "mutated.bin"
    path.write_bytes(bytes(data))
    read = read_elements(path) if which else read_chunks(path)
    tags = read_matroska_tags(path, read) if which else read_riff_tags(path, read)
    assert all(0 <= b.offset < len(data) for b in read.walk())
    assert all(tag.value.encode("utf-8") is not None and "@" in tag.origin for tag in tags)
