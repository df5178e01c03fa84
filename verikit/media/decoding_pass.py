"""One pass over a file, which gives each of its pictures by its exact pts.

Two rules hold throughout. Time is pts and time base, never a frame number over a rate. What cannot be decoded is
counted and located, and the rest is decoded all the same.
"""

from __future__ import annotations

import array
import dataclasses
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, cast

import av
import av.container
import numpy as np

from verikit._files import plain
from verikit.media.fragments import unread_fragment
from verikit.media.hidden_pictures import hidden_pictures
from verikit.media.orientation import orientation, square_size, upright
from verikit.media.tables import NO_PTS, PACKET_TABLE, GrowingTable
from verikit.media.video import picture_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from av.video.plane import VideoPlane
    from numpy.typing import NDArray

    from verikit.media.listening import Ear
    from verikit.media.video import Video

__all__ = ["ALL_THREADS", "MOST_ASPECT", "ONE_THREAD", "DecodingPass", "Fault", "Picture"]

# Planar layouts whose planes are used as they are, and their bits; all else is first converted by FFmpeg to yuv420p.
PLANAR = dict.fromkeys(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"), 8) | {
    f"{layout}{bits}le": bits for layout in ("yuv420p", "yuv422p", "yuv444p") for bits in (10, 12)
}

# A file can claim any picture size; above 64 million pixels (twice 8K) FFmpeg is told to refuse.
MOST_PIXELS = 2**26

# Sample aspect ratios of real formats lie within 1:4 and 4:1; a claim beyond these is nonsense that would only ask for
# a huge picture, and is read as square pixels.
MOST_ASPECT = 8

# FFmpeg's threads hide damage and misplace it: which errors they report, and at which packet, changes with their number.
# So they are told to stop at any error, and a file that shows one is read again by a single thread, which conceals what
# it can and names the very packet.
ALL_THREADS, ONE_THREAD = 0, 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that could not be read: where (pts of the packet, None if unknown) and what the reader said."""

    pts: int | None
    reason: str


@dataclasses.dataclass(slots=True, kw_only=True)
class Picture:
    """One decoded picture. Its planes are views that hold until the next picture is asked for.

    `luma`, `blue` and `red` (Cb, Cr) are arrays as coded, before rotation: uint8, or uint16 of which `depth` bits are
    used; `full_range` says whether luma spans all levels or, of 8 bits, 16 to 235. `turn` is the rotation in degrees
    counter-clockwise that makes it upright. Where the file says that left and right are exchanged before that,
    `mirrored`, they already are in the planes. `transfer` is what it declares of its transfer characteristics.
    """

    pts: int
    time_base: Fraction
    type: str
    key: bool
    corrupt: bool
    luma: NDArray[Any]
    blue: NDArray[Any]
    red: NDArray[Any]
    depth: int
    full_range: bool
    interlaced: bool
    transfer: str | None
    turn: int
    mirrored: bool
    pixel_aspect: Fraction
    frame: av.VideoFrame

    def rgb(self, *, long_side: int | None = None) -> NDArray[np.uint8]:
        """The upright picture as RGB, shape (height, width, 3), with square pixels; at most `long_side` pixels long."""
        width, height = square_size(self.frame.width, self.frame.height, self.pixel_aspect)
        if long_side is not None and max(width, height) > long_side:
            scale = long_side / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        array = self.frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
        return upright(array.astype(np.uint8, copy=False), self.turn, mirrored=self.mirrored)


class DecodingPass:
    """One run through a file. Iterate `pictures()` once; packets and faults fill as it goes.

    `packets` holds a row for each packet of every stream, as in PACKET_TABLE. An `ear` listens to the packets of the
    other streams. `faults` holds what could not be decoded, `ended` what the reader said if it stopped before the
    file's end. With ALL_THREADS the faults only say that something is amiss; with ONE_THREAD they say where.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        video: Video,
        *,
        threads: int = ONE_THREAD,
        skip: Literal["DEFAULT", "NONKEY"] = "DEFAULT",
        ear: Ear | None = None,
    ) -> None:
        self._container = container
        self._path = video.path
        self._stream = picture_stream(container, video)
        codec = self._stream.codec_context
        codec.thread_type = "AUTO"
        codec.thread_count = threads
        codec.skip_frame = skip
        self._keys_only = skip == "NONKEY"
        codec.options = {"max_pixels": str(MOST_PIXELS)} | ({} if threads == ONE_THREAD else {"err_detect": "explode"})
        self.index = self._stream.index
        self.codec = codec.name
        self.time_base = Fraction(self._stream.time_base or Fraction(1, 1000))
        self.declared_frames = self._stream.frames
        if "mov" in container.format.name:
            # Of what an edit list leaves out, FFmpeg reads only what must be decoded for the rest: its index tells.
            self.declared_frames = min(self.declared_frames, len(self._stream.index_entries))
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.declared_rate = float(rate) if rate else None
        self.declared_duration = _declared_duration(self._stream, container)
        self.packets = GrowingTable(PACKET_TABLE)
        self.faults: list[Fault] = []
        self.ended: str | None = None
        aspect = Fraction(self._stream.sample_aspect_ratio or 1)
        self._aspect = aspect if Fraction(1, MOST_ASPECT) <= aspect <= MOST_ASPECT else Fraction(1)
        self._pictures = self._corrupt = self._shown = 0
        self._ear = ear
        # Matroska alone states its length apart from its frames; of other containers FFmpeg makes it up from what it found.
        stated = container.duration if "matroska" in container.format.name else None
        self._stated_seconds = None if stated is None else stated / av.time_base
        self._begin, self._end = math.inf, -math.inf
        # Where packets lie is asked for only where a fragment may be missing.
        fragments = "mov" in container.format.name and not self._stream.frames
        self._positions = array.array("q") if fragments else None
        # Seconds of a tick of each stream: fractions would cost more than the packets.
        self._ticks: dict[int, float] = {}
        # What is known to show nothing is not missed: hidden reference pictures, second fields.
        self._hides = hidden_pictures(codec.name, codec.extradata or b"")
        self._turn, self._mirrored = 0, False
        self._angle: int | None = None
        self._clock = _Clock(
            step=round(1 / (self.declared_rate * self.time_base)) if self.declared_rate else 1,
            second=round(1 / self.time_base),
        )

    @property
    def estimated(self) -> int:
        """How many pictures came without pts of their own, or with that of the one before, and were given one."""
        return self._clock.estimated

    @property
    def joints(self) -> tuple[int, ...]:
        """The pts, as given, from which on time is counted on because the file's time stamps repeat from there."""
        return tuple(self._clock.joints)

    @property
    def whole(self) -> bool:
        """Whether, so far, nothing went wrong and each packet that is to be shown gave a picture."""
        return not self.faults and self.ended is None and not self._corrupt and self._pictures >= self._shown

    @property
    def missing_seconds(self) -> float:
        """By how much the packets of all streams together last less than the file says; 0 where it does not say."""
        if self._stated_seconds is None or self._end < self._begin:
            return 0.0
        return max(0.0, self._stated_seconds - (self._end - min(self._begin, 0.0)))

    def _note(self, packet: av.Packet[Any]) -> None:
        index, pts, dts = packet.stream.index, packet.pts, packet.dts
        shown = not packet.is_discard
        if index == self.index:
            self._shown += shown and not (self._hides is not None and self._hides(memoryview(packet)))
        absent = (NO_PTS if pts is None else pts, NO_PTS if dts is None else dts)
        self.packets.put((index, *absent, packet.size, packet.is_keyframe, not shown))
        if self._positions is not None and packet.pos is not None:
            self._positions.append(packet.pos)
        if index not in self._ticks:
            self._ticks[index] = float(packet.time_base) if packet.time_base else 0.0
        if pts is not None and self._ticks[index]:
            self._begin = min(self._begin, pts * self._ticks[index])
            self._end = max(self._end, (pts + (packet.duration or 0)) * self._ticks[index])

    def pictures(self, packets: Iterable[av.Packet[Any]] | None = None) -> Iterator[Picture]:
        """The decoded pictures in the order in which they are shown: of all packets, or of these from `demuxed`."""
        for packet in self.demuxed() if packets is None else packets:
            if packet.stream.index != self.index:
                if self._ear is not None:
                    self._ear.take(packet)
                continue
            # Some decoders, VP9's among them, do not skip by themselves. An empty packet fetches what is held back.
            if self._keys_only and packet.size and not packet.is_keyframe:
                continue
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError) as error:
                self.faults.append(Fault(pts=packet.pts, reason=_said(error)))
                continue
            for frame in frames:
                self._pictures += 1
                self._corrupt += frame.is_corrupt
                yield self._picture(frame)

    def demuxed(self) -> Iterator[av.Packet[Any]]:
        """The packets of all streams from where the file stands, each put in the table; at the end empty ones."""
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, ValueError) as error:
                self.ended = _said(error)
                # What the decoder still holds comes out with an empty packet.
                yield from self._last_packet()
                return
            if packet.size:
                self._note(packet)
            elif self.ended is None and self._positions is not None:
                self.ended = unread_fragment(self._path, self._positions)
            yield packet

    def _last_packet(self) -> Iterator[av.Packet[Any]]:
        packet: av.Packet[Any] = av.Packet()
        packet.stream = self._stream
        yield packet

    def _picture(self, frame: av.VideoFrame) -> Picture:
        planes = frame if frame.format.name in PLANAR else frame.reformat(format="yuv420p")
        depth = PLANAR[planes.format.name]
        luma, blue, red = (_plane(plane, depth=depth) for plane in planes.planes[:3])
        # A matrix may change on the way, at key pictures; reading it for each picture would cost more than asking this.
        if frame.rotation != self._angle or frame.key_frame:
            self._angle = frame.rotation
            self._turn, self._mirrored = _lying(frame)
        if self._mirrored:
            luma, blue, red = luma[:, ::-1], blue[:, ::-1], red[:, ::-1]
        return Picture(
            pts=self._clock.pts(frame),
            time_base=self.time_base,
            type=_letter(frame),
            key=bool(frame.key_frame),
            corrupt=bool(frame.is_corrupt),
            luma=luma,
            blue=blue,
            red=red,
            depth=depth,
            interlaced=bool(frame.interlaced_frame),
            transfer=TRANSFERS.get(int(frame.color_trc)),
            full_range=planes.format.name.startswith("yuvj") or planes.color_range == FULL_RANGE,
            turn=self._turn,
            mirrored=self._mirrored,
            pixel_aspect=self._aspect,
            frame=frame,
        )


# AVPictureType in libavutil/avutil.h.
LETTERS = {1: "I", 2: "P", 3: "B"}
# AVCOL_RANGE_JPEG and the AVCOL_TRC values in libavutil/pixfmt.h, by FFmpeg's own names.
FULL_RANGE = 2
TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 13: "iec61966-2-1",
    14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip


def _declared_duration(stream: av.VideoStream, container: av.container.InputContainer) -> float | None:
    """Seconds that the stream, or else the file, says it lasts."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


class _Clock:
    """Gives each picture its pts, so that no two have the same.

    One that has none follows the one before by a step of the declared rate; one with the pts of the one before comes a
    tick later. Where recordings were joined and time begins anew within what was shown already, it is counted on.
    """

    def __init__(self, *, step: int, second: int) -> None:
        self._step = max(1, step)
        self._second = second
        self._last: int | None = None
        self._least = self._most = self._shift = 0
        self.estimated = 0
        self.joints: list[int] = []

    def pts(self, frame: av.VideoFrame) -> int:
        """The picture's own pts, or the one that it is given."""
        own, last = frame.pts, self._last
        if own is None:
            self.estimated += 1
            own = 0 if last is None else last + self._step
        elif last is None:
            self._least = self._most = own
        else:
            own += self._shift
            if own <= last:
                own = self._mended(own, last)
        self._last = own
        self._least, self._most = min(self._least, own), max(self._most, own)
        return own

    def _mended(self, own: int, last: int) -> int:
        if own == last:
            self.estimated += 1
            return last + 1
        # Some decoders give a picture or two out of order: that is no joint.
        if last - own < self._second or own < self._least:
            return own
        self._shift += self._most + self._step - own
        self.joints.append(self._most + self._step)
        return self.joints[-1]


def _plane(plane: VideoPlane, *, depth: int) -> NDArray[Any]:
    kind = np.dtype(np.uint8) if depth == 8 else np.dtype("<u2")
    rows = np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // kind.itemsize)
    return rows[: plane.height, : plane.width]


def _lying(frame: av.VideoFrame) -> tuple[int, bool]:
    try:
        matrix = cast("Mapping[str, Any]", frame.side_data).get("DISPLAYMATRIX")
    except ValueError:
        # PyAV lists no side data where one is of a kind that is new to it; the angle alone it tells.
        return frame.rotation, False
    return (0, False) if matrix is None else orientation(bytes(matrix), angle=frame.rotation)


def _letter(frame: av.VideoFrame) -> str:
    return LETTERS.get(int(frame.pict_type), "?")


def _said(error: Exception) -> str:
    return plain(str(getattr(error, "strerror", None) or error)).strip()
