"""The sound's fingerprint: 32 bits for each 1/32 s, which survive compression, noise and loudness.

Source: J. Haitsma, T. Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002: 33 bands of 300 to 2,000 Hz
over 0.37 s; bit m says whether the step in energy from band m to the next grew since the row before. Here a row comes
each 1/32 s, not each 1/86 s, so that rows lie at fixed instants and a night's recording stays small.

Misleads: silence and steady tones hash their noise; a changed speed or pitch moves all bands; another performance of
the same music is another sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

__all__ = ["JITTER", "PRINTS_PER_SECOND", "SAMPLE_RATE", "SoundPrinter"]

PRINTS_PER_SECOND = 32
# 0.37 s of these samples are 2,048, and 1/32 s is a whole number of them.
STEP = 172
SAMPLE_RATE = PRINTS_PER_SECOND * STEP
WINDOW = 2048
BANDS = 33
LOWEST, HIGHEST = 300.0, 2000.0

# Rows worked on at once: eight seconds, a megabyte.
BLOCK = 256
# Where the sound pauses in the file, silence keeps the rows at their instants: an hour of it in all, since a file can claim any.
MOST_SILENCE = 3600
# Time stamps jitter by less than this many seconds.
JITTER = 0.05

_HANN = np.hanning(WINDOW).astype(np.float32)
_EDGES = np.round(np.geomspace(LOWEST, HIGHEST, BANDS + 1) * WINDOW / SAMPLE_RATE).astype(np.int64)


class SoundPrinter:
    """Takes samples as they come and keeps the fingerprint, which grows by 128 bytes a second."""

    def __init__(self) -> None:
        self.start: float | None = None
        self._waiting: list[Samples] = []
        self._held = self._taken = 0
        self._silence = float(MOST_SILENCE)
        self._before: NDArray[Any] | None = None
        self._rows: list[NDArray[np.uint32]] = []

    @property
    def end(self) -> float:
        """Seconds at which what was heard so far ends."""
        return (self.start or 0.0) + self._taken / SAMPLE_RATE

    def take(self, samples: Samples, time: float) -> None:
        """Listen to mono samples, float32 of any loudness at `SAMPLE_RATE`, that begin at `time` seconds."""
        if self.start is None:
            self.start = time
        late = time - self.end
        if late < -JITTER:
            # What was heard already comes again; the first telling counts.
            return
        if late > JITTER:
            self._pause(min(late, self._silence))
        self._put(samples)

    def prints(self) -> NDArray[np.uint32]:
        """The rows so far: row k is of the 0.37 s that begin at `start` + k/32 s."""
        self._work(whole_blocks=False)
        return np.concatenate([np.zeros(0, np.uint32), *self._rows])

    def _pause(self, seconds: float) -> None:
        self._silence -= seconds
        left = round(seconds * SAMPLE_RATE)
        while left > 0:
            self._put(np.zeros(min(left, BLOCK * STEP), np.float32))
            left -= BLOCK * STEP

    def _put(self, samples: Samples) -> None:
        self._waiting.append(samples)
        self._held += len(samples)
        self._taken += len(samples)
        if self._held >= BLOCK * STEP + WINDOW:
            self._work(whole_blocks=True)

    def _work(self, *, whole_blocks: bool) -> None:
        samples = np.concatenate([np.zeros(0, np.float32), *self._waiting])
        while len(samples) >= (BLOCK * STEP + WINDOW if whole_blocks else WINDOW):
            count = min(BLOCK, (len(samples) - WINDOW) // STEP + 1)
            windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[: count * STEP : STEP]
            self._hash(windows)
            samples = samples[count * STEP :]
        self._waiting, self._held = [samples], len(samples)

    def _hash(self, windows: Samples) -> None:
        spectrum = np.fft.rfft(windows * _HANN, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        energy = np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1)
        steps = energy[:, :-1] - energy[:, 1:]
        if self._before is not None:
            steps = np.concatenate([self._before, steps])
        self._before = steps[-1:]
        bits = np.packbits(steps[1:] > steps[:-1], axis=1)
        self._rows.append(np.ascontiguousarray(bits).view(">u4")[:, 0].astype(np.uint32))
