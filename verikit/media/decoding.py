"""Decoding: one pass over a file, and single pictures by exact pts.

Two rules hold throughout. Time is pts and time base, never a frame number over a rate. What cannot be decoded is
counted and located, and the rest is decoded all the same.
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av
import av.container
import numpy as np

from verikit._files import plain
from verikit.errors import MediaError
from verikit.media.tables import NO_PTS, PACKET_TABLE, GrowingTable
from verikit.media.video import opened, picture_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.video.plane import VideoPlane
    from numpy.typing import NDArray

    from verikit.media.listening import Ear
    from verikit.media.video import Video

__all__ = ["DecodingPass", "Fault", "Picture", "pictures_at"]

# Planar layouts whose planes are used as they are, and their bits; all else is first converted by FFmpeg to yuv420p.
PLANAR = dict.fromkeys(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"), 8) | {
    f"{layout}{bits}{order}": bits
    for layout in ("yuv420p", "yuv422p", "yuv444p")
    for bits in (10, 12)
    for order in ("le",)
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

# How far ahead, in seconds, decoding on is cheaper than a seek: about one GOP of a phone or platform file.
SEEK_BEYOND = 2.0


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
    counter-clockwise that makes it upright. `transfer` is what it declares of its transfer characteristics.
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
    pixel_aspect: Fraction
    frame: av.VideoFrame

    def rgb(self, *, long_side: int | None = None) -> NDArray[np.uint8]:
        """The upright picture as RGB, shape (height, width, 3), with square pixels; at most `long_side` pixels long."""
        width, height = square_size(self.frame.width, self.frame.height, self.pixel_aspect)
        if long_side is not None and max(width, height) > long_side:
            scale = long_side / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        array = self.frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
        return upright(array.astype(np.uint8, copy=False), self.turn)


def square_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height in square pixels: the longer way is stretched, so that nothing coded is thrown away."""
    if aspect > 1:
        return round(width * aspect), height
    return width, round(height / aspect)


def upright(array: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """`array` turned by `turn` degrees counter-clockwise, to the nearest quarter."""
    quarters = round(turn / 90) % 4
    return np.ascontiguousarray(np.rot90(array, quarters)) if quarters else array


class DecodingPass:
    """One run through a file. Iterate `pictures()` once; packets and faults fill as it goes.

    `packets` holds a row for each packet of every stream, as in PACKET_TABLE. With `listen` the best sound stream is
    decoded too, into `ear`. `faults` holds what could not be decoded, `ended` what the reader said if it stopped before the file's end.
    With ALL_THREADS the faults only say that something is amiss; with ONE_THREAD they say where.
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
        # Seconds of a tick of each stream: fractions would cost more than the packets.
        self._ticks: dict[int, float] = {}
        self._clock = _Clock(step=round(1 / (self.declared_rate * self.time_base)) if self.declared_rate else 1)

    @property
    def estimated(self) -> int:
        """How many pictures came without pts and were given one by the declared rate."""
        return self._clock.estimated

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
        self._shown += shown and index == self.index
        absent = (NO_PTS if pts is None else pts, NO_PTS if dts is None else dts)
        self.packets.put((index, *absent, packet.size, packet.is_keyframe, not shown))
        if index not in self._ticks:
            self._ticks[index] = float(packet.time_base) if packet.time_base else 0.0
        if pts is not None and self._ticks[index]:
            self._begin = min(self._begin, pts * self._ticks[index])
            self._end = max(self._end, (pts + (packet.duration or 0)) * self._ticks[index])

    def pictures(self) -> Iterator[Picture]:
        """The decoded pictures in the order in which they are shown."""
        for packet in self._demuxed():
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

    def _demuxed(self) -> Iterator[av.Packet[Any]]:
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
            yield packet

    def _last_packet(self) -> Iterator[av.Packet[Any]]:
        packet: av.Packet[Any] = av.Packet()
        packet.stream = self._stream
        yield packet

    def _picture(self, frame: av.VideoFrame) -> Picture:
        planes = frame if frame.format.name in PLANAR else frame.reformat(format="yuv420p")
        depth = PLANAR[planes.format.name]
        luma, blue, red = (_plane(plane, depth=depth) for plane in planes.planes[:3])
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
            turn=frame.rotation,
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
    """Gives each picture its pts; one that has none follows the one before by a step of the declared rate."""

    def __init__(self, *, step: int) -> None:
        self._step = max(1, step)
        self._last: int | None = None
        self.estimated = 0

    def pts(self, frame: av.VideoFrame) -> int:
        """The picture's own pts, or the estimated one."""
        if frame.pts is not None:
            self._last = frame.pts
        else:
            self.estimated += 1
            self._last = 0 if self._last is None else self._last + self._step
        return self._last


def pictures_at(
    video: Video, pts: Sequence[int], *, long_side: int | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Upright RGB pictures, shape (height, width, 3), at exact `pts`, in ascending order of pts, each once.

    Seeks to the key picture before each wanted one unless it is near enough to decode on; where the way there is
    damaged, reads from the start as the scan did. Raises MediaError that names the pts that the file does not hold.
    """
    wanted = sorted(set(pts))
    while wanted:
        found = 0
        for picture in _after_seek(video, wanted, long_side=long_side):
            found += 1
            yield picture
        if not found:
            raise MediaError(f"{plain(str(video.path))}: holds no picture with pts {wanted[0]}; scan the file again")
        wanted = wanted[found:]


def _after_seek(
    video: Video, wanted: Sequence[int], *, long_side: int | None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The wanted pictures from the first on, as long as the next is near; falls back to reading from the start."""
    for rewind in (False, True):
        with opened(video) as container:
            reading = DecodingPass(container, video, threads=ONE_THREAD if rewind else ALL_THREADS)
            if not rewind:
                try:
                    container.seek(wanted[0], stream=picture_stream(container, video))
                except av.FFmpegError:
                    continue
            found = 0
            for picture in reading.pictures():
                # What is decoded after an error would not be what the scan saw.
                if not rewind and (reading.faults or picture.corrupt):
                    break
                far = (picture.pts - wanted[0]) * reading.time_base
                if picture.pts == wanted[found]:
                    yield picture.pts, picture.rgb(long_side=long_side)
                    found += 1
                    if found == len(wanted) or (wanted[found] - picture.pts) * reading.time_base > SEEK_BEYOND:
                        return
                elif picture.pts > wanted[found] and far > SEEK_BEYOND:
                    break
            if found:
                return


def _plane(plane: VideoPlane, *, depth: int) -> NDArray[Any]:
    kind = np.dtype(np.uint8) if depth == 8 else np.dtype("<u2")
    rows = np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // kind.itemsize)
    return rows[: plane.height, : plane.width]


def _letter(frame: av.VideoFrame) -> str:
    return LETTERS.get(int(frame.pict_type), "?")


def _said(error: Exception) -> str:
    return plain(str(getattr(error, "strerror", None) or error)).strip()
