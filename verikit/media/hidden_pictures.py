"""Packets that rightly show no picture of their own, told by their first bytes.

Encoders hide pictures that serve as a reference only (VP8, VP9), and a picture coded in two fields may come in two
packets (H.264). Whoever counts pictures against packets must know them, or takes them for losses. Where the bytes do
not say it for sure, a packet counts as one to be shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["hidden_pictures"]

# NAL unit types of ITU-T H.264, table 7-1.
SLICES, IDR, SPS = (1, 5), 5, 7
# Profiles whose parameter sets say more of colour (ITU-T H.264, 7.3.2.1.1).
HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
# Bytes of a packet in which its first slice is looked for: what comes before are parameters and captions.
LOOKED_AT = 4096
# A parameter set takes some dozen bytes; one with all scaling matrices, under a thousand.
LONGEST_SET = 2048


def hidden_pictures(codec: str, extradata: bytes) -> Callable[[memoryview], bool] | None:
    """A test whether a packet, asked for each in turn, adds no picture of its own; None where all packets add one."""
    if codec in {"vp8", "libvpx"}:
        return _hidden_vp8
    if codec in {"vp9", "libvpx-vp9"}:
        return _hidden_vp9
    if codec == "h264" and extradata:
        try:
            return SecondFields.of(extradata)
        except (ValueError, IndexError):
            # Parameters that cannot be read: then every packet is to be shown.
            return None
    return None


def _hidden_vp8(packet: memoryview) -> bool:
    # RFC 6386, 9.1: bit 4 of the frame tag is show_frame.
    return len(packet) > 0 and not packet[0] & 0x10


def _hidden_vp9(packet: memoryview) -> bool:
    # VP9 bitstream specification, 6.2: frame_marker (2), profile (2, and 1 more for profile 3), show_existing_frame,
    # frame_type, show_frame. Annex B: a superframe ends with a marker byte 110xxxxx, and one of its frames is shown.
    if len(packet) < 1:
        return False
    head = packet[0]
    if head >> 6 != 2 or packet[-1] & 0xE0 == 0xC0:
        return False
    bits = 3 if head & 0x30 == 0x30 else 4
    existing, shown = head >> (bits - 1) & 1, head >> (bits - 3) & 1
    return not existing and not shown


class SecondFields:
    """Tells the packets that hold the second field of a picture from the slice headers. Called with each in turn.

    `length_size` is the number of bytes of a NAL unit's length, 0 where units begin with a start code.
    """

    def __init__(self, *, length_size: int, frame_number_bits: int, planes_apart: bool) -> None:
        self._length_size = length_size
        self._frame_number_bits = frame_number_bits
        self._planes_apart = planes_apart
        self._first: tuple[int, bool] | None = None

    @classmethod
    def of(cls, extradata: bytes) -> SecondFields | None:
        """For a stream of these parameters; None if it has no fields. Raises ValueError or IndexError if they are damaged."""
        avcc = extradata[0] == 1
        if avcc:
            # ISO/IEC 14496-15, 5.3.3.1.2.
            start = 8
            unit = extradata[start : start + int.from_bytes(extradata[6:8], "big")]
        else:
            starts = [found.end() for found in re.finditer(b"\0\0\1", extradata)]
            unit = next((extradata[s : s + LONGEST_SET] for s in starts if extradata[s] & 31 == SPS), b"")
        numbers = _sequence_parameters(unit)
        if numbers is None:
            return None
        return cls(
            length_size=(extradata[4] & 3) + 1 if avcc else 0, frame_number_bits=numbers[0], planes_apart=numbers[1]
        )

    def __call__(self, packet: memoryview) -> bool:
        """Whether the packet holds the second field of the picture whose first one came in the packet before."""
        first, self._first = self._first, None
        try:
            field = self._field(bytes(packet[:LOOKED_AT]))
        except (ValueError, IndexError):
            return False
        if field is not None and first is not None and first[0] == field[0] and first[1] != field[1]:
            return True
        self._first = field
        return False

    def _field(self, data: bytes) -> tuple[int, bool] | None:
        """The frame number, and whether it is the bottom field, of a packet's first slice; None if it is no field."""
        for start in self._units(data):
            if data[start] & 31 in SLICES:
                bits = _Bits(data[start + 1 : start + 32])
                for _ in range(3):
                    bits.number()
                bits.take(2 if self._planes_apart else 0)
                frame = bits.take(self._frame_number_bits)
                return (frame, bool(bits.take(1))) if bits.take(1) else None
        return None

    def _units(self, data: bytes) -> list[int]:
        if not self._length_size:
            return [found.end() for found in re.finditer(b"\0\0\1", data) if found.end() < len(data)]
        starts, place = [], 0
        while place + self._length_size < len(data):
            starts.append(place + self._length_size)
            place = starts[-1] + int.from_bytes(data[place : starts[-1]], "big")
        return starts


def _sequence_parameters(unit: bytes) -> tuple[int, bool] | None:
    """Bits of frame_num and separate_colour_plane_flag (ITU-T H.264, 7.3.2.1.1); None if all pictures are frames."""
    if not unit or unit[0] & 31 != SPS:
        raise ValueError("no sequence parameter set")
    profile, bits = unit[1], _Bits(unit[4:LONGEST_SET])
    bits.number()
    apart = False
    if profile in HIGH_PROFILES:
        chroma = bits.number()
        apart = chroma == 3 and bool(bits.take(1))
        bits.number(), bits.number(), bits.take(1)
        if bits.take(1):
            _skip_scaling(bits, lists=12 if chroma == 3 else 8)
    frame_number_bits = bits.number() + 4
    kind = bits.number()
    if kind == 0:
        bits.number()
    elif kind == 1:
        bits.take(1), bits.number(), bits.number()
        for _ in range(min(bits.number(), 255)):
            bits.number()
    bits.number(), bits.take(1), bits.number(), bits.number()
    return None if bits.take(1) else (min(frame_number_bits, 16), apart)


def _skip_scaling(bits: _Bits, *, lists: int) -> None:
    for place in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if place < 6 else 64):
            if following:
                code = bits.number()
                following = (last + ((code + 1) // 2 if code % 2 else -(code // 2))) % 256
            last = following or last


class _Bits:
    """Reads bits and Exp-Golomb numbers (ITU-T H.264, 9.1), the bytes against false start codes left out."""

    def __init__(self, data: bytes) -> None:
        data = data.replace(b"\0\0\3", b"\0\0")
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits as a number. Raises IndexError beyond the end."""
        self._left -= count
        if self._left < 0:
            raise IndexError("beyond the end of the data")
        return self._value >> self._left & ((1 << count) - 1)

    def number(self) -> int:
        """The next unsigned Exp-Golomb number. Raises ValueError for one of over 32 bits."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("no Exp-Golomb number")
        return (1 << zeros) - 1 + self.take(zeros)
