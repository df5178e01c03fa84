"""Listening: the best sound stream of a file, decoded beside its pictures into what the fingerprint takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import av.container
import numpy as np

from verikit.media.sound import SAMPLE_RATE, SoundPrinter

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

__all__ = ["Ear"]


class Ear:
    """Takes a file's packets and fingerprints those of its best sound stream.

    `index` is that stream's, None where there is none that can be decoded; `lost` counts packets that gave no sound.
    """

    def __init__(self, container: av.container.InputContainer) -> None:
        best = container.streams.best("audio")
        known = best is not None and best.codec_context is not None
        self.index = best.index if best is not None and known else None
        self.lost = 0
        self.printer = SoundPrinter()
        self._resampler = _resampler()
        base = best.time_base if best is not None else None
        # Fractions cost more than the samples.
        self._tick = float(base) if base else 0.0

    def take(self, packet: av.Packet[Any]) -> None:
        """Listen to a packet, if it is of the stream."""
        if packet.stream.index != self.index:
            return
        try:
            frames: list[Any] = packet.decode()
        except (av.FFmpegError, ValueError):
            self.lost += 1
            return
        for frame in frames:
            self._hear(frame)

    def _hear(self, frame: AudioFrame) -> None:
        try:
            made = self._resampler.resample(frame)
        except (av.FFmpegError, ValueError):
            # The layout or the rate changed on the way: from here on a new one is needed.
            self._resampler = _resampler()
            made = self._resampler.resample(frame)
        # Some samples are held back from frame to frame, a hundredth of a second at most: no matter beside 1/32 s.
        begins = self.printer.end if frame.pts is None else frame.pts * self._tick
        for part in made:
            self.printer.take(np.frombuffer(memoryview(part.planes[0]), np.float32)[: part.samples].copy(), begins)


def _resampler() -> av.AudioResampler:
    return av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
