"""What two copies share: seconds, picture and fine detail, by edits whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from filmed import pictures, scanned

from verikit.matching.comparing import compare
from verikit.matching.fingerprinting import fingerprint
from verikit.matching.fuller import shared_by

WIDE, HIGH = 320, 180


@pytest.fixture(scope="module")
def whole():
    return pictures(6, size=(WIDE, HIGH))


@pytest.fixture(scope="module")
def reference(whole):
    return fingerprint(scanned(whole, name="whole.mp4", sha256="1" * 64))


def shared(frames, reference):
    """What a copy of these frames shares with the reference, and the other way round."""
    copy = fingerprint(scanned(frames, name="copy.mp4", sha256="2" * 64))
    return (
        shared_by(copy, reference, compare(copy, reference)),
        shared_by(reference, copy, compare(reference, copy)),
    )


def test_a_part_of_the_time_lies_wholly_in_the_other(whole, reference):
    found, back = shared(whole[25:100], reference)
    assert found.duration == (pytest.approx(3), pytest.approx(6))
    assert found.seconds == (pytest.approx(3, abs=0.1), pytest.approx(3, abs=0.1))
    assert found.picture == (pytest.approx(1, abs=0.03), pytest.approx(1, abs=0.03))
    assert back.seconds == (pytest.approx(3, abs=0.3), pytest.approx(3, abs=0.3))


def test_a_crop_lies_wholly_in_the_other_and_shows_its_part_of_it(whole, reference):
    cropped = [cv2.resize(frame[18:162, 32:288], (WIDE, HIGH), interpolation=cv2.INTER_CUBIC) for frame in whole]
    found, back = shared(np.stack(cropped), reference)
    assert found.picture == (pytest.approx(1, abs=0.03), pytest.approx(0.64, abs=0.03))
    assert back.picture == (pytest.approx(0.64, abs=0.04), pytest.approx(1, abs=0.03))


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_a_blurred_copy_has_less_fine_detail_whichever_is_asked(whole, reference, sigma):
    found, back = shared(np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in whole]), reference)
    assert found.detail[0] < 0.7
    assert found.detail[1] > 1.4
    assert back.detail == pytest.approx(found.detail[::-1], rel=0.2)


def test_tone_and_a_caption_are_no_detail(whole, reference):
    edited = (np.stack(whole) * 0.6 + 30).astype(np.uint8)
    for frame in edited:
        cv2.putText(frame, "A CAPTION", (40, 165), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 3)
    found, _ = shared(edited, reference)
    assert found.detail[0] == pytest.approx(1, abs=0.2)
    assert found.detail[0] * found.detail[1] == pytest.approx(1, abs=0.01)


def test_a_copy_shrunk_by_two_has_less_detail_in_the_larger_ones_grid(whole, reference):
    small = [cv2.resize(frame, (WIDE // 2, HIGH // 2), interpolation=cv2.INTER_AREA) for frame in whole]
    found, _ = shared(np.stack(small), reference)
    assert found.detail[0] < 0.8
