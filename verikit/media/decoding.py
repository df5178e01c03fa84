"""Decoding: one pass over a file, and single pictures by exact pts."""

from __future__ import annotations

import bisect
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import av
import av.container

from verikit._files import plain
from verikit.errors import MediaError
from verikit.media.decoding_pass import ALL_THREADS, MOST_ASPECT, ONE_THREAD, DecodingPass, Fault, Picture
from verikit.media.orientation import square_size, upright
from verikit.media.video import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from verikit.media.video import Video

__all__ = [
    "ALL_THREADS",
    "MOST_ASPECT",
    "ONE_THREAD",
    "DecodingPass",
    "Fault",
    "Picture",
    "pictures_at",
    "square_size",
    "upright",
]

# Seconds. A key picture must lie this far ahead of where the decoder stands for a seek to be worth its while: a seek
# throws away what the threads have decoded ahead. Where the file has no index that tells it, decoding on is taken to be
# cheaper within about one GOP of a phone or platform file.
WORTH_A_SEEK = 0.5
SEEK_BEYOND = 2.0
# Containers that hold the time of each packet, so that it is the same wherever one begins to read. For all others FFmpeg
# makes up what is missing from what it read before.
SELF_TIMED = ("mov", "matroska")
# How many seconds earlier a seek is tried again where it did not lead to a key picture before the wanted one.
EARLIER = (0, 2, 10, 60)


def pictures_at(
    video: Video, pts: Sequence[int], *, long_side: int | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Upright RGB pictures, shape (height, width, 3), at exact `pts`, in ascending order of pts, each once.

    Seeks to the key picture before each wanted one unless decoding on is cheaper. For one picture of an MP4, Matroska
    or transport stream at most two GOPs are decoded, and what the threads decode ahead; for all of a file, each once and
    a GOP. Where a seek does not lead to the very packets that the first reading saw, since the way is damaged, or time
    stamps are missing, go back or are made up (AVI, MPEG program streams), all that is left is read once from the start
    as the scan did. Raises MediaError that names the pts that the file does not hold.
    """
    wanted = sorted(set(pts))
    place = 0
    for read in (_by_seeking, *itertools.repeat(_from_start, len(wanted))):
        if place == len(wanted):
            return
        before = place
        with opened(video) as container:
            for picture in read(container, video, wanted[place:]):
                place += 1
                yield picture.pts, picture.rgb(long_side=long_side)
        if place == before and read is _from_start:
            break
    if place < len(wanted):
        raise MediaError(f"{plain(str(video.path))}: holds no picture with pts {wanted[place]}; scan the file again")


def _from_start(container: av.container.InputContainer, video: Video, wanted: Sequence[int]) -> Iterator[Picture]:
    """As many of the wanted pictures as come in this order, each as the scan's second, careful pass saw it."""
    place = 0
    for picture in DecodingPass(container, video, threads=ONE_THREAD).pictures():
        if picture.pts == wanted[place]:
            yield picture
            place += 1
            if place == len(wanted):
                return


def _by_seeking(container: av.container.InputContainer, video: Video, wanted: Sequence[int]) -> Iterator[Picture]:
    """The wanted pictures, up to the first that a seek does not lead to without any doubt."""
    reading = DecodingPass(container, video, threads=ALL_THREADS)
    way = _Way(container, reading)
    place = 0 if way.sure else len(wanted)
    while place < len(wanted):
        packets = way.to(wanted[place])
        before = place
        for picture in reading.pictures(packets or ()):
            # What is decoded after an error would not be what the scan saw; a pts made up from here on would be wrong.
            if reading.faults or picture.corrupt or reading.estimated:
                return
            if picture.pts == wanted[place]:
                yield picture
                place += 1
                if place == len(wanted) or way.seek_is_cheaper(wanted[place], now=picture.pts):
                    break
            elif picture.pts > wanted[place] + way.beyond:
                return
        if place == before:
            return


class _Key(NamedTuple):
    """A packet that decoding can begin with."""

    pts: int
    dts: int
    size: int
    pos: int | None


class _Way:
    """Where to decode from."""

    def __init__(self, container: av.container.InputContainer, reading: DecodingPass) -> None:
        self._container = container
        self._reading = reading
        self._stream: av.VideoStream = container.streams[reading.index]  # type: ignore[assignment] # the pass chose it
        self._ticks = 1 / float(reading.time_base)
        self.beyond = round(SEEK_BEYOND * self._ticks)
        own = any(kind in container.format.name for kind in SELF_TIMED)
        self._keys = None if own else self._listed()
        self.sure = own or bool(self._keys)

    def _listed(self) -> list[_Key]:
        """All key packets in order of pts; none if packets have no time stamps or theirs go back."""
        keys: list[_Key] = []
        before: int | None = None
        try:
            for packet in self._container.demux(self._stream):
                if packet.size:
                    if packet.pts is None or packet.dts is None or (before is not None and packet.dts < before):
                        return []
                    before = packet.dts
                    if packet.is_keyframe:
                        keys.append(_Key(packet.pts, packet.dts, packet.size, packet.pos))
        except av.FFmpegError:
            return []
        return sorted(keys)

    def to(self, wanted: int) -> Iterator[av.Packet[Any]] | None:
        """The packets from a key picture on that is shown at `wanted` or before; None if no seek leads to one."""
        key = self._key_before(wanted)
        target = wanted if key is None else key.dts
        for earlier in EARLIER:
            try:
                self._container.seek(target - round(earlier * self._ticks), stream=self._stream)
            except av.FFmpegError:
                return None
            packets = self._reading.demuxed()
            head = next((p for p in packets if p.is_keyframe and p.stream.index == self._reading.index), None)
            if head is None or head.pts is None:
                continue
            if key is not None and (head.pts, head.dts, head.size, head.pos) not in (self._keys or ()):
                return None
            if head.pts <= wanted:
                # Where GOPs are longer than was thought, the next seek would lead back to the same key picture.
                self.beyond = max(self.beyond, wanted - head.pts)
                return itertools.chain([head], packets)
            # The key picture after: the one before it is decoded earlier.
            target = min(target, (head.pts if head.dts is None else head.dts) - 1)
        return None

    def _key_before(self, wanted: int) -> _Key | None:
        place = bisect.bisect_right(self._keys or [], wanted, key=lambda key: key.pts)
        return self._keys[place - 1] if self._keys and place else None

    def seek_is_cheaper(self, wanted: int, *, now: int) -> bool:
        """Whether a seek to `wanted` leaves out enough of what lies between."""
        key = self._key_before(wanted)
        if key is not None:
            return key.pts - now > WORTH_A_SEEK * self._ticks
        entries = self._stream.index_entries
        found = entries.search_timestamp(wanted) if len(entries) else -1
        if found >= 0 and entries[len(entries) - 1].timestamp >= wanted:
            return bool(entries[found].timestamp - now > WORTH_A_SEEK * self._ticks)
        return wanted - now > self.beyond
