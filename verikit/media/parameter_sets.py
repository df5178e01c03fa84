"""When the parameters of the pictures change within a stream, read from the packets without decoding a picture.

H.264 and HEVC name size, profile, reordering and colour in sequence parameter sets (ITU-T H.264 section 7.4.2.1, H.265
section 7.4.3.2). An encoder writes one and repeats it; another one in mid-stream is another encoder, or another run.
Picture parameter sets are left aside: AVCHD cameras write several by turns.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit._files import sha256_bytes
from verikit.media.decoding_pass import ONE_THREAD, DecodingPass
from verikit.media.video import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from verikit.media.video import Video

__all__ = ["ParameterSet", "read_parameter_sets"]

# What an encoder writes is far below; a longer one is no parameter set but misread data.
LONGEST = 1024
MOST = 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet:
    """A sequence parameter set where it first takes effect, and its SHA-256.

    `picture` counts the pictures' packets before it; `time` is in seconds from the earliest of them, None where unknown.
    A clock that starts again starts the times again.
    """

    picture: int
    time: float | None
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """The set as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})


def read_parameter_sets(video: Video) -> tuple[ParameterSet, ...]:
    """The sequence parameter sets in the packets of the pictures, one entry at each change, at most 200.

    Empty for other codecs than H.264 and HEVC, and where the packets hold none (in MP4 they mostly stand in the header).
    Reads the whole file, decodes nothing. Raises MediaError where FFmpeg does not read it or finds no pictures.
    """
    found: list[ParameterSet] = []
    first: int | None = None
    pictures = 0
    with opened(video) as container:
        reading = DecodingPass(container, video, threads=ONE_THREAD)
        context = container.streams[reading.index].codec_context
        codec, extra = context.name, bytes(context.extradata or b"")
        if codec not in {"h264", "hevc"}:
            return ()
        for packet in reading.demuxed():
            if packet.stream.index != reading.index or not packet.size:
                continue
            if packet.pts is not None:
                first = packet.pts if first is None else min(first, packet.pts)
            for unit in _units(bytes(packet), _length_size(codec, extra)):
                if _is_sequence(codec, unit) and (not found or sha256_bytes(unit) != found[-1].sha256):
                    time = None if packet.pts is None else float((packet.pts - (first or 0)) * reading.time_base)
                    found.append(ParameterSet(picture=pictures, time=time, sha256=sha256_bytes(unit)))
            pictures += 1
            if len(found) >= MOST:
                break
    return tuple(found)


def _length_size(codec: str, extra: bytes) -> int:
    """Bytes of the length before each unit (avcC, hvcC); 0 where start codes part them."""
    at = 4 if codec == "h264" else 21
    return (extra[at] & 3) + 1 if extra[:1] == b"\1" and len(extra) > at else 0


def _units(data: bytes, length_size: int) -> Iterator[bytes]:
    """The units of a packet, by their lengths or by start codes (ISO/IEC 14496-15 and H.264 annex B)."""
    if length_size:
        at = 0
        while at + length_size <= len(data):
            size = int.from_bytes(data[at : at + length_size])
            yield data[at + length_size : at + length_size + size]
            at += length_size + size
        return
    at = data.find(b"\0\0\1")
    while at >= 0:
        end = data.find(b"\0\0\1", at + 3)
        yield (data[at + 3 :] if end < 0 else data[at + 3 : end]).rstrip(b"\0")
        at = end


def _is_sequence(codec: str, unit: bytes) -> bool:
    """A whole H.264 unit of type 7 or HEVC unit of type 33; the first bit of both is 0."""
    if not 4 <= len(unit) <= LONGEST or unit[0] & 0x80:
        return False
    return unit[0] & 31 == 7 if codec == "h264" else unit[0] >> 1 == 33
