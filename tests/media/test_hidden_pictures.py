"""Packets that rightly show no picture, told by their bytes; fragments that gave no packet; display matrices."""

from __future__ import annotations

import struct

import av
import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.media.fragments import unread_fragment
from verikit.media.hidden_pictures import SecondFields, hidden_pictures
from verikit.media.orientation import orientation, upright


def bits(text):
    text = text.replace(" ", "")
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def number(value):
    """Unsigned Exp-Golomb (ITU-T H.264, 9.1)."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


def parameters(*, frames_only, frame_number_bits=5):
    """A sequence parameter set of main profile, 720 x 576."""
    body = number(0) + number(frame_number_bits - 4) + number(2) + number(1) + "0" + number(44) + number(17)
    return b"\x67" + bytes([77, 0, 30]) + bits(body + ("1" if frames_only else "0") + "1" * 8)


def field(frame, *, bottom):
    """The start of a packet with one field's first slice, after a delimiter."""
    slice_head = number(0) + number(5) + number(0) + f"{frame:05b}" + "1" + ("1" if bottom else "0") + "1" * 40
    return b"\0\0\0\1\x09\xf0\0\0\1\x41" + bits(slice_head)


def whole(frame):
    return b"\0\0\0\1\x09\xf0\0\0\1\x41" + bits(number(0) + number(5) + number(0) + f"{frame:05b}" + "0" + "1" * 40)


def test_the_second_field_of_a_pair_shows_nothing_new_and_a_lone_one_does():
    hides = SecondFields.of(b"\0\0\0\1" + parameters(frames_only=False))
    shown = [
        field(1, bottom=False), field(1, bottom=True), field(2, bottom=False), field(3, bottom=False), whole(4),
        field(4, bottom=True), field(5, bottom=True), field(5, bottom=False), field(5, bottom=True),
    ]  # fmt: skip
    assert [hides(memoryview(packet)) for packet in shown] == [0, 1, 0, 0, 0, 0, 0, 1, 0]


def test_fields_are_told_in_packets_with_lengths_too():
    unit = parameters(frames_only=False)
    avcc = bytes([1, 77, 0, 30, 0xFF, 0xE1]) + struct.pack(">H", len(unit)) + unit + b"\1\0\4\x68\xee\x3c\x80"
    hides = hidden_pictures("h264", avcc)

    def packet(data):
        return memoryview(b"".join(struct.pack(">I", len(u)) + u for u in data.split(b"\0\0\1") if u.strip(b"\0")))

    one, two = field(7, bottom=False), field(7, bottom=True)
    assert [hides(packet(data)) for data in (one, two, one, two)] == [0, 1, 0, 1]


def test_streams_without_fields_and_other_codecs_are_not_looked_at():
    assert hidden_pictures("h264", b"\0\0\0\1" + parameters(frames_only=True)) is None
    for codec, extradata in (("h264", b""), ("h264", b"\1\2\3"), ("h264", b"nothing"), ("mpeg4", b""), ("hevc", b"\1")):
        assert hidden_pictures(codec, extradata) is None


def test_progressive_film_of_x264_costs_no_look_and_interlaced_film_has_one_packet_a_picture(tmp_path):
    for name, options, looked in (("p.mp4", {}, False), ("i.mp4", {"x264-params": "interlaced=1"}, True)):
        path = filmed.film(tmp_path / name, filmed.pictures(0.4), options=filmed.X264 | options)
        with av.open(str(path)) as held:
            hides = hidden_pictures("h264", held.streams.video[0].codec_context.extradata)
            assert (hides is not None) == looked
            if looked:
                assert not any(hides(memoryview(packet)) for packet in held.demux() if packet.size)


@pytest.mark.parametrize(
    ("codec", "packet", "hidden"),
    [
        # RFC 6386, 9.1: key frame shown; inter frames shown and not.
        ("vp8", b"\x10", False), ("vp8", b"\x31", False), ("vp8", b"\x21", True), ("vp8", b"", False),
        # VP9: marker 10, profile 00, no existing one, inter frame, shown or not.
        ("vp9", bits("10 00 0 1 1 0"), False), ("vp9", bits("10 00 0 1 0 0"), True),
        # An existing picture shown; profile 3 with its one more bit; a superframe; no VP9.
        ("vp9", bits("10 00 1 011"), False), ("vp9", bits("10 11 0 0 1 0"), True), ("vp9", bits("10 11 0 0 1 1"), False),
        ("vp9", bits("10 00 0 1 0 0") + b"\xc1", False), ("vp9", b"\0", False), ("vp9", b"", False),
    ],
)  # fmt: skip
def test_hidden_reference_pictures_say_so_in_their_first_byte(codec, packet, hidden):
    assert hidden_pictures(codec, b"")(memoryview(packet)) == hidden


@settings(max_examples=60)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_upset_the_tests(extradata, packet):
    for codec, head in (("h264", b""), ("h264", b"\0\0\1\x67"), ("vp8", b""), ("vp9", b"")):
        hides = hidden_pictures(codec, head + extradata)
        assert hides is None or hides(memoryview(packet)) in {True, False}
    hides = SecondFields.of(b"\0\0\1" + parameters(frames_only=False))
    assert hides(memoryview(packet)) in {True, False}


def box(kind, data=b""):
    return struct.pack(">I", 8 + len(data)) + kind + data


def test_the_first_fragment_that_gave_no_packet_is_told(tmp_path):
    path, head = tmp_path / "made.mp4", box(b"ftyp", b"isom") + box(b"moov")
    parts = [box(b"moof", bytes(20)) + box(b"mdat", bytes(30)) for _ in range(3)]
    data = head + b"".join(parts)
    starts = [len(head) + 66 * number + 36 for number in range(3)]
    for lacking, told in ((None, None), (0, starts[0] - 8), (2, starts[2] - 8)):
        path.write_bytes(data)
        found = unread_fragment(path, [start for number, start in enumerate(starts) if number != lacking])
        assert found == (
            None if told is None else f"no packet can be read from the fragment at bytes {told} to {told + 38}"
        )
    for spoilt in (data[:-5], data + b"\0\0\0\0junk", data + b"\0"):
        path.write_bytes(spoilt)
        assert "no whole box from byte" in unread_fragment(path, starts)
    # A file of one piece is not looked at: its index says what there should be.
    path.write_bytes(head + box(b"mdat", bytes(30)) + b"junk")
    assert unread_fragment(path, []) is None


@settings(max_examples=40)
@given(st.binary(max_size=200), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_are_walked_to_an_end(tmp_path_factory, data, positions):
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    path.write_bytes(box(b"moof") + data)
    assert unread_fragment(path, positions) is None or "byte" in unread_fragment(path, positions)


def test_upright_does_what_the_matrix_says():
    """Each pixel goes where x' = ax + cy, y' = bx + dy sends it."""
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    angles = {(1, 0, 0, 1): 0, (0, -1, 1, 0): 90, (-1, 0, 0, -1): -180, (0, 1, -1, 0): -90}
    for a, b, c, d in [*angles, (-1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 0, -1), (0, -1, -1, 0)]:
        ys, xs = np.mgrid[:2, :3]
        x, y = a * xs + c * ys, b * xs + d * ys
        expected = np.zeros((int(np.ptp(y)) + 1, int(np.ptp(x)) + 1), np.uint8)
        expected[y - y.min(), x - x.min()] = array
        matrix = struct.pack("=9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
        turn, mirrored = orientation(matrix, angle=angles.get((a, b, c, d), 0))
        assert mirrored == ((a, b, c, d) not in angles)
        np.testing.assert_array_equal(upright(array, turn, mirrored=mirrored), expected)


def test_a_matrix_that_flattens_the_picture_is_not_followed():
    for a, b, c, d in ((0, 0, 0, 0), (1, 1, 1, 1), (0, 5, 0, 5)):
        assert orientation(struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1), angle=-(2**31)) == (0, False)
