"""The sound's fingerprint: the same for copies of a sound, another for another, and at the right instants."""

from __future__ import annotations

from fractions import Fraction

import av
import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.media.scanning import scan_video
from verikit.media.sound import MOST_SILENCE, PRINTS_PER_SECOND, SAMPLE_RATE, SoundPrinter
from verikit.media.video import open_video


def noise(seconds, *, seed=1):
    """Sound that changes all the time: filtered noise, float32."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=round(seconds * SAMPLE_RATE))
    return np.convolve(samples, np.ones(4) / 4, "same").astype(np.float32)


def prints_of(samples, *, start=0.0, piece=500):
    printer = SoundPrinter()
    for place in range(0, len(samples), piece):
        printer.take(samples[place : place + piece], start + place / SAMPLE_RATE)
    return printer.prints()


def wrong_bits(one, other):
    """The part of the bits that differ."""
    return float(np.bitwise_count(one ^ other).mean() / 32)


def test_there_are_32_rows_a_second_less_the_first_window():
    assert len(prints_of(noise(10))) == pytest.approx(10 * PRINTS_PER_SECOND - 12, abs=1)


@given(piece=st.integers(1, 6000), seed=st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_it_does_not_matter_in_which_pieces_the_sound_comes(piece, seed):
    samples = noise(2.5, seed=seed)
    np.testing.assert_array_equal(prints_of(samples, piece=max(piece, 50)), prints_of(samples, piece=10**6))


def test_a_quieter_and_noisier_copy_keeps_most_bits_and_another_sound_half_of_them():
    samples = noise(20)
    copy = 0.2 * samples + np.random.default_rng(5).normal(size=len(samples)).astype(np.float32) * 0.02
    assert wrong_bits(prints_of(samples), prints_of(copy)) < 0.2
    assert wrong_bits(prints_of(samples), prints_of(noise(20, seed=2))) == pytest.approx(0.5, abs=0.03)


def test_loudness_alone_changes_hardly_a_bit():
    samples = noise(5)
    assert wrong_bits(prints_of(samples), prints_of(3 * samples)) < 0.001


def test_after_a_pause_in_the_time_stamps_rows_are_at_their_instants_again():
    samples = noise(8)
    printer = SoundPrinter()
    half = len(samples) // 2
    printer.take(samples[:half], 0.0)
    printer.take(samples[half:], half / SAMPLE_RATE + 2.0)
    rows, whole = printer.prints(), prints_of(samples)
    assert len(rows) - len(whole) == 2 * PRINTS_PER_SECOND
    assert wrong_bits(rows[-100:], whole[-100:]) < 0.02


def test_a_pause_of_years_costs_no_memory():
    printer = SoundPrinter()
    printer.take(noise(1), 0.0)
    printer.take(noise(1), 1e9)
    assert len(printer.prints()) <= (MOST_SILENCE + 3) * PRINTS_PER_SECOND


def test_what_was_heard_already_is_not_heard_again():
    printer = SoundPrinter()
    printer.take(noise(2), 0.0)
    printer.take(noise(2), 0.5)
    assert len(printer.prints()) == len(prints_of(noise(2)))


def test_less_than_a_window_of_sound_has_no_rows():
    assert len(prints_of(noise(0.3))) == 0
    assert len(SoundPrinter().prints()) == 0


@pytest.mark.parametrize("name", ["spoken.mp4", "spoken.mkv", "spoken.avi"])
def test_a_film_with_sound_is_fingerprinted_from_where_its_sound_begins(tmp_path, name):
    made = {"codec": "mpeg4"} if name.endswith("avi") else {}
    path = filmed.film(tmp_path / name, filmed.pictures(2), tone=2.0, **made)
    scan = scan_video(open_video(path))
    told = scan.to_dict()["sound"]
    assert told["stream"] == 1
    assert told["undecodable"] == 0
    assert told["prints"] == pytest.approx(2 * PRINTS_PER_SECOND - 12, abs=8)
    # AAC's decoder begins up to two of its frames of 1,024 samples early; they are of 8 kHz here.
    assert told["start"] == pytest.approx(0, abs=0.26)


def test_a_silent_film_says_that_there_is_no_sound(tmp_path):
    scan = scan_video(open_video(filmed.film(tmp_path / "mute.mp4", filmed.pictures(0.4))))
    assert scan.to_dict()["sound"] == {"stream": None, "start": 0.0, "prints": 0, "per_second": 32, "undecodable": 0}
    assert "sound: none" in scan._repr_mimebundle_()["text/plain"]


def test_the_same_sound_in_another_codec_and_sample_rate_has_nearly_the_same_rows(tmp_path):
    films = []
    for name, rate, codec in (("a.mkv", 48000, "pcm_s16le"), ("b.mp4", 44100, "aac"), ("c.mkv", 16000, "flac")):
        films.append(scan_video(open_video(spoken(tmp_path / name, rate=rate, codec=codec))))
    one, *others = films
    for other in others:
        # AAC decoders give back a priming delay that not every container undoes: look for the best of small shifts.
        count = min(len(one.sound), len(other.sound)) - 8
        wrong = min(
            wrong_bits(one.sound[a : a + count], other.sound[b : b + count]) for a in range(3) for b in range(3)
        )
        assert wrong < 0.15


def spoken(path, *, rate, codec, seconds=6):
    """A film with music of known notes."""
    time = np.arange(seconds * rate) / rate
    notes = 2.0 ** (np.random.default_rng(3).integers(0, 24, seconds * 8) / 12) * 330
    phase = np.cumsum(notes[np.minimum((time * 8).astype(int), len(notes) - 1)]) / rate
    wave = (9000 * (np.sin(2 * np.pi * phase) + 0.5 * np.sin(4 * np.pi * phase + time))).astype(np.int16)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options=dict(filmed.X264))
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream(codec, rate=rate, layout="mono")
        for picture in filmed.pictures(1, size=(64, 48)):
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode(None))
        for start in range(0, len(wave), 1024):
            frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return path
