"""Listening: the best sound stream of a file, decoded beside its pictures into what the fingerprint takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import av.container
import numpy as np

from verikit.media.sound import JITTER, SAMPLE_RATE, SoundPrinter

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

__all__ = ["Ear"]


# Sound comes in pieces of a fiftieth of a second; handing over this many samples at once costs a third as much.
GATHERED = 8192


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
        base = best.time_base if best is not None else None
        # Fractions cost more than the samples.
        self._tick = float(base) if base else 0.0
        self._begins = 0.0
        self._start_anew()

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
            self._gather(frame)

    def finish(self) -> None:
        """Hand over what was gathered last."""
        self._hand_over()

    def _start_anew(self) -> None:
        self._gathered = av.AudioFifo()
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)

    def _gather(self, frame: AudioFrame) -> None:
        due = self._begins + self._gathered.samples / frame.sample_rate
        begins = due if frame.pts is None else frame.pts * self._tick
        if self._gathered.samples and abs(begins - due) > JITTER:
            self._hand_over()
        if not self._gathered.samples:
            self._begins = begins
        # The gathered samples are counted, not timed: where they begin is known.
        frame.pts = None
        try:
            self._gathered.write(frame)
        except ValueError:
            # The layout or the rate changed on the way.
            self._hand_over()
            self._start_anew()
            self._begins = begins
            self._gathered.write(frame)
        if self._gathered.samples >= GATHERED:
            self._hand_over()

    def _hand_over(self) -> None:
        if not self._gathered.samples:
            return
        for part in self._resampler.resample(self._gathered.read()):
            # Some samples are held back to the next time, a hundredth of a second at most: no matter beside 1/32 s.
            samples = np.frombuffer(memoryview(part.planes[0]), np.float32)[: part.samples].copy()
            self.printer.take(samples, self._begins)
