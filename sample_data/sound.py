"""Sound of the sample clips: small synthesized songs over soft ambience, no recordings and no voices."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
SONG_SECONDS = 18.0
Sound = NDArray[np.float32]

MODES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 7, 9, 12, 14))
PROGRESSIONS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (5, 3, 0, 4), (0, 2, 3, 4), (0, 6, 5, 4))


def seed_of(name: str) -> int:
    """A seed that depends on the name alone, the same on every machine."""
    return zlib.crc32(name.encode())


def tone(pitch: float, seconds: float, *, partials: Sound, decay: float) -> Sound:
    """One note: partials over a fundamental (a MIDI pitch), struck and dying away."""
    t = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    frequency = 440.0 * 2.0 ** ((pitch - 69) / 12)
    wave = np.zeros_like(t)
    for number, strength in enumerate(partials, start=1):
        if frequency * number < RATE / 2.2:
            wave += strength * np.sin(2 * np.pi * frequency * number * t) * np.exp(-decay * number * 0.5 * t)
    attack = np.minimum(1, t / 0.012) * np.minimum(1, (seconds - t) / 0.03)
    return np.asarray(wave * attack, np.float32)


def add(track: Sound, note: Sound, start: float, *, gain: float) -> None:
    """Mix a note into the track, cut off at the track's end."""
    first = int(start * RATE)
    length = min(len(note), len(track) - first)
    if length > 0:
        track[first : first + length] += gain * note[:length]


def song(name: str) -> Sound:
    """The song of that name: chords, a bass, a wandering melody and a brushed beat."""
    rng = np.random.default_rng(seed_of(name))
    track = np.zeros(int(SONG_SECONDS * RATE), np.float32)
    beat, root = 60 / float(rng.uniform(84, 136)), int(rng.integers(50, 62))
    mode, chords = MODES[int(rng.integers(len(MODES)))], PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
    partials = (rng.uniform(0.2, 1.0, 6) / np.arange(1, 7) ** 1.2).astype(np.float32)
    degree, decay = int(rng.integers(4, 10)), float(rng.uniform(1.0, 3.5))

    def pitch(step: int) -> int:
        return root + mode[step % 7] + 12 * (step // 7)

    for number in range(int(SONG_SECONDS / beat)):
        start, chord = number * beat, chords[(number // 4) % len(chords)]
        if number % 4 == 0:
            for third in (0, 2, 4):
                add(track, tone(pitch(chord + third), 4 * beat, partials=partials, decay=0.7), start, gain=0.1)
        if number % 2 == 0:
            add(track, tone(pitch(chord) - 12, 2 * beat, partials=partials, decay=1.5), start, gain=0.2)
        for half in range(2):
            degree = int(np.clip(degree + rng.integers(-3, 4), 3, 14))
            if rng.random() < 0.75:
                add(
                    track,
                    tone(pitch(degree) + 12, 0.9 * beat, partials=partials, decay=decay),
                    start + half * beat / 2,
                    gain=0.2,
                )
        brush = rng.normal(0, 1, int(0.09 * RATE)).astype(np.float32)
        add(track, brush * np.exp(-np.linspace(0, 7, len(brush), dtype=np.float32)), start + beat / 2, gain=0.03)
    return np.asarray(track / max(1e-6, float(np.abs(track).max())), np.float32)


def ambience(name: str, seconds: float) -> Sound:
    """A soft, slowly swelling hiss: air, wind or water."""
    rng = np.random.default_rng(seed_of("air " + name))
    length = int(seconds * RATE)
    raw = rng.normal(0, 1, length).astype(np.float32)
    width = int(rng.integers(6, 40))
    smooth = np.convolve(raw, np.ones(width, np.float32) / width, mode="same")
    smooth /= max(1e-6, float(smooth.std()))
    swell = 0.7 + 0.3 * np.sin(np.linspace(0, 2 * np.pi * seconds / rng.uniform(3, 8), length))
    return np.asarray(0.03 * smooth * swell, np.float32)


def soundtrack(clip: str, song_name: str, *, offset: float, seconds: float) -> Sound:
    """The song from `offset` on, over the clip's own ambience."""
    first, length = int(offset * RATE), int(seconds * RATE)
    music = song(song_name)[first : first + length]
    return np.asarray(0.55 * music + ambience(clip, seconds)[: len(music)], np.float32)
