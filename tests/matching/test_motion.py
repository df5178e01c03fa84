"""What moves, and when, tells copies of one take from two takes of one place."""

from __future__ import annotations

import dataclasses

import cv2
import filmed
import numpy as np
import pytest

from verikit.matching.fingerprinting import fingerprint
from verikit.matching.motion import Laying, agreement_by_offset, compare_motion
from verikit.records import Span


def compared(query, reference, span, *, speed=1.0, offset=0.0, mirrored=False, placing=None):
    laying = Laying(span=Span(*span), speed=speed, offset=offset, mirrored=mirrored)
    return compare_motion(query, reference, laying=laying, placing=placing)


@pytest.fixture(scope="module")
def film():
    return fingerprint(filmed.scanned(filmed.pictures(5)))


def test_a_film_agrees_with_itself(film):
    found = compared(film, film, (0, 5))
    assert found.correlation == pytest.approx(1, abs=1e-4)
    assert (found.speed, found.offset) == (pytest.approx(1), pytest.approx(0, abs=0.02))
    assert found.to_dict() == {"correlation": found.correlation, "speed": found.speed, "offset": found.offset}


def test_a_darker_noisier_copy_of_part_of_a_film_agrees_where_it_lies(film):
    rng = np.random.default_rng(1)
    worse = [
        np.clip(0.7 * p + 10 + rng.normal(0, 4, p.shape), 0, 255).astype(np.uint8) for p in filmed.pictures(5)[31:106]
    ]
    copy = fingerprint(filmed.scanned(worse))
    found = compared(copy, film, (0, 3), offset=1.1)
    assert found.correlation > 0.9
    # Truth: 31 pictures at 25 a second.
    assert found.offset == pytest.approx(1.24, abs=0.05)


def test_a_copy_at_another_speed_agrees_and_the_speed_is_found(film):
    fast = fingerprint(filmed.scanned([filmed.scene(i / 25 * 1.12) for i in range(100)]))
    found = compared(fast, film, (0, 4), speed=0.9)
    assert found.correlation > 0.9
    # Query seconds per reference second.
    assert found.speed == pytest.approx(1 / 1.12, abs=0.02)


def test_a_mirrored_copy_agrees_when_it_is_known_to_be_mirrored(film):
    mirrored = fingerprint(filmed.scanned([p[:, ::-1].copy() for p in filmed.pictures(5)]))
    assert compared(mirrored, film, (0, 5), mirrored=True).correlation > 0.95
    assert compared(mirrored, film, (0, 5)).correlation < 0.5


def test_a_crop_agrees_once_it_is_laid_in_its_place(film):
    crop = fingerprint(filmed.scanned([cv2.resize(p[12:60, 26:111], (128, 72)) for p in filmed.pictures(5)]))
    placing = np.array([[85 / 128, 0, 26], [0, 48 / 72, 12], [0, 0, 1.0]])
    laid = compared(crop, film, (0, 5), placing=placing)
    assert laid.correlation > 0.9
    assert compared(crop, film, (0, 5)).correlation < laid.correlation - 0.2


def test_borders_are_laid_aside(film):
    boxed = [np.pad(p, ((20, 20), (0, 0), (0, 0))) for p in filmed.pictures(5)]
    assert compared(fingerprint(filmed.scanned(boxed)), film, (0, 5)).correlation > 0.9


def test_what_moves_otherwise_in_the_same_place_does_not_agree():
    def take(seed):
        """A disc walks about at random before a still wall."""
        steps = np.random.default_rng(seed).normal(0, 1, (100, 2))
        steps = cv2.GaussianBlur(steps, (1, 31), sigmaX=0.1, sigmaY=6)
        ways = 64 + 90 * np.sin(steps[:, 0] * 4), 36 + 50 * np.sin(steps[:, 1] * 4)
        wall = filmed.scene(0.0)
        discs = [(round(x), round(y)) for x, y in zip(*ways, strict=True)]
        return fingerprint(filmed.scanned([cv2.circle(wall.copy(), at, 12, (250, 250, 250), -1) for at in discs]))

    one, other = take(0), take(2)
    assert compared(one, one, (0, 4)).correlation > 0.99
    assert compared(one, other, (0, 4)).correlation < 0.35


def test_the_two_takes_of_the_corridor_do_not_agree(sample_print, truth):
    ((name, other),) = truth["same_scene"]
    one, two = sample_print(name), sample_print(other)
    assert compared(one, one, (1, 8)).correlation > 0.99
    for offset in (0.0, 0.6, 1.4):
        assert compared(one, two, (0, 7), offset=offset).correlation < 0.35


def test_too_short_too_still_or_off_the_reference_is_undecided(film):
    assert compared(film, film, (0, 0.75)) is None
    short = dataclasses.replace(film, times=film.times[:3], thumbs=film.thumbs[:3])
    assert compared(short, film, (0, 3)) is None
    assert compared(film, film, (0, 5), offset=3.5) is None
    still = fingerprint(filmed.scanned([filmed.scene(0.0)] * 100))
    assert compared(still, still, (0, 4)) is None


def test_pictures_that_hardly_overlap_are_undecided(film):
    away = np.array([[1.0, 0, 120], [0, 1, 0], [0, 0, 1]])
    assert compared(film, film, (0, 5), placing=away) is None


def test_a_copy_shows_as_one_peak_over_all_offsets(film):
    part = fingerprint(filmed.scanned(filmed.pictures(5)[50:100]))
    laying = Laying(span=Span(0, 2), speed=1.0, offset=0.0, mirrored=False)
    offsets, correlations = agreement_by_offset(part, film, laying=laying, placing=None)
    assert len(offsets) == len(correlations) == 70
    best = int(np.nanargmax(correlations))
    assert offsets[best] == pytest.approx(2.0, abs=0.11)
    assert correlations[best] > 0.9
    # Where the stretch runs out of the reference there is nothing to compare.
    assert np.isnan(correlations[offsets < -1]).all()
    assert np.nanmax(correlations[np.abs(offsets - 2.0) > 0.8]) < 0.6
    short = dataclasses.replace(laying, span=Span(0, 0.5))
    assert np.isnan(agreement_by_offset(part, film, laying=short, placing=None)[1]).all()
