"""The sample clips are what truth.json says, whichever encoder made them."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from verikit._files import sha256_file
from verikit.media.video import open_video, read_streams

HERE = Path(__file__).parents[2] / "sample_data"
CLIPS = sorted(str(path.relative_to(HERE)) for path in HERE.rglob("*.mp4"))
RATE = 8000
# Samples of a window of the sound's spectrum, and how far the windows lie apart: 20 ms.
WINDOW, STEP = 512, 160


@functools.cache
def sound(name):
    """A clip's sound, mono float32 at 8 kHz."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    with av.open(str(HERE / name)) as held:
        parts = [part.to_ndarray()[0] for frame in held.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts)


@functools.cache
def spectrum(name):
    """The course of a clip's sound, each window's loudness by pitch, less what is usual: (windows, pitches)."""
    cut = np.lib.stride_tricks.sliding_window_view(sound(name), WINDOW)[::STEP]
    loud = np.log(np.abs(np.fft.rfft(cut * np.hanning(WINDOW)))[:, 4:200] + 0.02)
    return loud - loud.mean(axis=0)


def likeness(one, other):
    """Correlation of two courses of equal length."""
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def rows(span):
    return slice(round(span[0] * RATE / STEP), round(span[1] * RATE / STEP))


def test_the_checksums_hold_and_name_every_clip(sample_data):
    listed = dict(
        reversed(line.split("  ")) for line in (sample_data / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    )
    assert set(listed) == {*CLIPS, "post.json", "post_2.json", "truth.json"}
    for name, digest in listed.items():
        assert sha256_file(sample_data / name) == digest


def test_the_whole_folder_is_small(sample_data):
    kept = [path for path in sample_data.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in kept) < 12_000_000


def test_the_truth_is_of_these_clips(truth):
    named = {name for name in truth if name.endswith(".mp4")} | set(truth["archive"])
    assert named == set(CLIPS)
    assert "no real place, person or event" in truth["note"]


@pytest.mark.parametrize("name", CLIPS)
def test_every_clip_has_picture_and_sound_and_loses_nothing(name, truth, sample_scan):
    kinds = [stream.type for stream in read_streams(open_video(HERE / name)).streams]
    assert sorted(kinds) == ["audio", "video"]
    scan = sample_scan(name)
    assert (scan.losses, scan.vfr, int(scan.frames["corrupt"].sum())) == ((), False, 0)
    assert np.diff(scan.times) == pytest.approx(1 / truth["fps"], abs=1e-6)
    # The sound is heard, and as long as the picture but for an encoder's frames at either end.
    assert np.abs(sound(name)).max() > 0.05
    assert len(sound(name)) / RATE == pytest.approx(scan.duration, abs=0.2)


def test_films_of_the_archive_have_their_length_their_title_and_their_time(truth, sample_scan):
    for name, told in truth["archive"].items():
        assert sample_scan(name).duration == pytest.approx(told["duration"], abs=0.001)
        tags = dict(read_streams(open_video(HERE / name)).tags)
        assert tags["title"] == told["title"]
        assert tags["creation_time"].startswith(told["creation_time"].removesuffix("Z"))
        assert told["shots"][0]["start"] == 0
        assert told["shots"][-1]["end"] == pytest.approx(told["duration"])
        for shot, after in zip(told["shots"], told["shots"][1:], strict=False):
            assert shot["end"] == after["start"]
            assert after["transition_span"][0] <= after["start"] <= after["transition_span"][1]


def transitions(truth, kinds):
    return [
        (name, shot)
        for name, told in truth["archive"].items()
        for shot in told["shots"]
        if shot["transition_in"] in kinds
    ]


def test_cuts_are_at_the_stated_instants_and_nowhere_else(truth, sample_scan):
    cuts = transitions(truth, {"cut"})
    assert len(cuts) == 4
    for name in truth["archive"]:
        change = sample_scan(name).frames["change"]
        stated = [round(shot["start"] * truth["fps"]) for film, shot in cuts if film == name]
        assert all(change[row] > 20 for row in stated)
        assert np.delete(change, stated).max() < 15


def test_dissolves_and_fades_go_from_one_shot_to_the_next_within_their_span(truth, sample_scan):
    gradual = transitions(truth, {"dissolve", "fade"})
    assert {shot["transition_in"] for _, shot in gradual} == {"dissolve", "fade"}
    for name, shot in gradual:
        scan = sample_scan(name)
        before, middle, after = (
            scan.thumbs[scan.index_at(time)].astype(float)
            for time in (shot["transition_span"][0] - 0.08, shot["start"], shot["transition_span"][1] + 0.08)
        )
        assert np.abs(before - after).mean() > 20
        # A fade passes through black.
        mixed = (before + after) / 2 if shot["transition_in"] == "dissolve" else np.zeros_like(before)
        assert np.abs(middle - mixed).mean() < 20
        steady = scan.frames["change"][scan.index_at(shot["transition_span"][1] + 0.2) :][:10]
        assert steady.max() < 4


def test_the_loop_repeats_its_pictures_and_not_its_sound(truth, sample_scan):
    scan, told = sample_scan("loop.mp4"), truth["loop.mp4"]
    thumbs = scan.thumbs[:].astype(np.int16)
    for repeat in told["repeated"]:
        first, again = (slice(*(scan.index_at(time) for time in repeat[key])) for key in ("first", "again"))
        assert len(thumbs[first]) == len(thumbs[again]) == 50
        repeated = np.abs(thumbs[first] - thumbs[again]).mean(axis=(1, 2))
        assert repeated.max() < 1.5
        # A second further on, time goes on: the same instants differ.
        shifted = np.abs(thumbs[first] - np.roll(thumbs[again], 10, axis=0)).mean(axis=(1, 2))
        assert np.median(shifted) > 2 * np.median(repeated)
        heard, again_heard = (spectrum("loop.mp4")[rows(repeat[key])] for key in ("first", "again"))
        assert (likeness(heard, again_heard) > 0.6) == told["sound_repeats"]


def test_the_viral_clip_is_its_crop_of_the_reference_mirrored(truth, sample_scan):
    told = truth["viral.mp4"]
    scan = sample_scan("viral.mp4")
    assert scan.duration == pytest.approx(told["query_span"][1], abs=0.001)
    assert [scan.width, scan.height] == told["size"]
    x, y, width, height = told["crop"]
    left, top, wide, high = told["caption"]["box"]
    for second in (0, 3, 5):
        picture = frame_at("viral.mp4", second)
        original = frame_at(told["reference"], told["reference_span"][0] + second)[y : y + height, x : x + width]
        wanted = cv2.resize(original[:, ::-1], tuple(told["size"]), interpolation=cv2.INTER_AREA)
        off = np.abs(picture.astype(int) - wanted).mean(axis=2)
        caption = off[top : top + high, left : left + wide].copy()
        off[top : top + high, left : left + wide] = 0
        # The colours were changed a little on the way; the caption was not in the reference.
        assert off.mean() < 14
        assert caption.mean() > 2 * off.mean()


def frame_at(name, second):
    """The upright RGB picture shown at that second."""
    with av.open(str(HERE / name)) as held:
        for frame in held.decode(video=0):
            if frame.time >= second - 0.001:
                return frame.to_ndarray(format="rgb24")
    raise AssertionError(name)


def test_the_viral_clip_is_stripped_of_what_would_name_its_maker(truth):
    read = read_streams(open_video(HERE / "viral.mp4"))
    tags = dict(read.tags)
    assert truth["viral.mp4"]["stripped"]
    assert not {"title", "comment", "creation_time", "encoder", "date", "artist"} & set(tags)
    for stream in read.streams:
        assert not {"creation_time", "encoder"} & set(dict(stream.tags))
    data = (HERE / "viral.mp4").read_bytes()
    assert b"x264" not in data
    assert b"Lavf" not in data
    assert b"x264" in (HERE / truth["viral.mp4"]["reference"]).read_bytes()


def test_the_decoy_has_the_song_of_another_film_where_it_is_said_to_lie(truth):
    shared = truth["decoy.mp4"]["shared_song"]
    decoy, reference = spectrum("decoy.mp4"), spectrum(shared["reference"])
    heard = decoy[rows(shared["query_span"])][:-20]
    by_place = [likeness(heard, reference[at : at + len(heard)]) for at in range(len(reference) - len(heard))]
    assert int(np.argmax(by_place)) * STEP / RATE == pytest.approx(shared["reference_span"][0], abs=0.1)
    assert max(by_place) > 0.5
    assert np.median(by_place) < 0.3


def test_the_viral_clip_has_another_sound_than_its_reference(truth):
    told = truth["viral.mp4"]
    assert told["song"] != truth["archive"][told["reference"]]["song"]
    viral, reference = spectrum("viral.mp4")[:-20], spectrum(told["reference"])
    assert max(likeness(viral, reference[at : at + len(viral)]) for at in range(len(reference) - len(viral))) < 0.4


def test_the_post_is_made_up_and_claims_something(sample_data):
    post = json.loads((sample_data / "post.json").read_text(encoding="utf-8"))
    assert post["url"].startswith("https://example.org/")
    assert post["text"]
    assert "made up" in post["note"]
