"""The light that pictures were made for is read from boxes, from HEVC's parameters and from the first picture's messages."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hypothesis import given, settings
from hypothesis import strategies as st
from making import box, ftyp, full, mvhd, sample_tables, trak

from verikit.container.isobmff import read_boxes
from verikit.container.movie import read_movie
from verikit.container.movie_details import read_movie_details

DISPLAY = bytes(16) + struct.pack(">II", 10_000_000, 50)
LEVELS = struct.pack(">HH", 1000, 400)
ROOM = struct.pack(">IHH", 3_140_000, 15_635, 16_450)
SAID = {
    "mastering display": "1000 to 0.005 cd/m2",
    "content light level": "at most 1000, frame average at most 400 cd/m2",
    "ambient viewing": "314 lux",
}


def message(*parts):
    """One unit of messages (number, payload), with zeros guarded as a stream guards them."""
    body = b"".join(bytes([number, len(data)]) + data for number, data in parts) + b"\x80"
    return bytes([39 << 1, 1]) + body.replace(b"\0\0", b"\0\0\3")


def hvcc(*units):
    arrays = b"".join(bytes([0x80 | unit[0] >> 1]) + struct.pack(">HH", 1, len(unit)) + unit for unit in units)
    return box("hvcC", bytes(21) + bytes([3, len(units)]) + arrays)


def lights(folder, *boxes, sample=b""):
    """(key, value, origin) of the light that is told of a film with these boxes and this first picture."""
    data = b"".join(len(unit).to_bytes(4) + unit for unit in sample) if sample else bytes(8)
    start = len(ftyp()) + 8
    entry = box("hvc1", bytes(78), *boxes)
    tables = full("stsd", struct.pack(">I", 1), entry) + sample_tables((len(data),), start)
    path = folder / "made.mp4"
    path.write_bytes(ftyp() + box("mdat", data) + box("moov", mvhd(), trak(tables=tables)))
    structure = read_boxes(path)
    found = read_movie_details(path, structure, read_movie(path, structure))
    return [(tag.key, tag.value, tag.origin) for tag in found if tag.key in SAID]


@pytest.mark.parametrize(
    ("boxes", "sample", "origin"),
    [
        ([hvcc(), box("mdcv", DISPLAY), box("clli", LEVELS), box("amve", ROOM)], (), "moov/trak/mdia/minf/stbl/stsd/hvc1/"),
        ([hvcc(message((137, DISPLAY), (144, LEVELS)), message((148, ROOM)))], (), "moov/trak/mdia/minf/stbl/stsd/hvc1/hvcC@"),
        ([hvcc()], [message((137, DISPLAY)), message((144, LEVELS), (148, ROOM)), bytes([2, 1, 9])], "moov/trak samples@40"),
    ],
    ids=["boxes", "parameters", "first picture"],
)  # fmt: skip
def test_the_three_messages_are_told_with_their_place(tmp_path, boxes, sample, origin):
    found = lights(tmp_path, *boxes, sample=sample)
    assert {key: value for key, value, _ in found} == SAID
    assert all(place.startswith(origin) for _, _, place in found)


def test_a_message_that_stands_in_both_places_is_told_once_and_others_are_not_told(tmp_path):
    found = lights(tmp_path, hvcc(message((148, ROOM))), sample=[message((5, bytes(20)), (148, ROOM))])
    assert [key for key, _, _ in found] == ["ambient viewing"]


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_whatever_the_bytes_say_the_messages_are_read_without_a_fault(tmp_path_factory, parameters, sample):
    folder = tmp_path_factory.getbasetemp()
    found = lights(folder, box("hvcC", parameters), sample=[bytes([39 << 1, 1]) + sample])
    assert len(found) <= len(SAID)
