"""Fingerprints: what they keep, borders, flat pictures, and bytes that come back or are refused."""

from __future__ import annotations

import dataclasses

import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.errors import IncompatibleError, MediaError
from verikit.matching.comparing import compare
from verikit.matching.fingerprinting import Fingerprint, fingerprint, picture_area
from verikit.media.hashing import LumaDCT, hamming

ARRAYS = ("times", "usable", "codes", "mirrored", "thumbs", "still_times")


def boxed(shown, *, top=0, bottom=0, left=0, right=0, colour=0):
    """Pictures with bars of these widths in pixels."""
    return [
        np.pad(p, ((top, bottom), (left, right), (0, 0)), constant_values=colour) for p in shown
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return fingerprint(filmed.scanned(filmed.pictures(3), name="film.mp4", sha256="ab" * 32))


def same(one, other):
    plain_fields = ("sha256", "name", "hasher", "duration", "width", "height", "area", "stills")
    return all(getattr(one, name) == getattr(other, name) for name in plain_fields) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS
    )


def test_a_fingerprint_is_the_scan_seen_at_fixed_instants(made):
    scan = filmed.scanned(filmed.pictures(3), name="film.mp4", sha256="ab" * 32)
    assert made.times.tolist() == [k / 4 for k in range(12)]
    np.testing.assert_array_equal(made.thumbs, scan.thumbs[scan.hash_frames])
    np.testing.assert_array_equal(made.codes[0], scan.hashes)
    np.testing.assert_array_equal(made.mirrored, LumaDCT().many(np.ascontiguousarray(made.thumbs[:, :, ::-1])))
    assert (made.area, made.still_times.tolist(), made.stills) == ((0, 0, 1, 1), [0, 1, 2], scan.stills)
    told = made.to_dict()
    assert (told["instants"], told["usable"], told["stills"], told["windows"]) == (12, 12, 3, len(made.codes))
    assert (told["hasher"], told["duration"]) == ("lumadct:16", 3.0)


def test_a_fingerprint_comes_back_from_its_bytes(made):
    assert same(Fingerprint.from_bytes(made.to_bytes()), made)
    without = dataclasses.replace(made, stills=(), still_times=made.still_times[:0])
    assert same(Fingerprint.from_bytes(without.to_bytes()), without)


@pytest.fixture(scope="module")
def whole(made):
    return made.to_bytes()


# Half of the places in the directory at the end, where damage is the most various.
places = st.one_of(st.floats(0, 1, exclude_max=True), st.floats(0.985, 1, exclude_max=True))


@settings(max_examples=200, deadline=None)
@given(place=places, bit=st.integers(0, 7))
def test_damaged_bytes_are_refused_or_harmless(made, whole, place, bit):
    damaged = bytearray(whole)
    damaged[int(place * len(whole))] ^= 1 << bit
    try:
        again = Fingerprint.from_bytes(bytes(damaged))
    except MediaError:
        return
    assert same(again, made)


@pytest.mark.parametrize("damaged", [b"", b"PK\x03\x04", b"text" * 100])
def test_bytes_that_are_no_fingerprint_are_refused_with_what_to_do(damaged):
    with pytest.raises(MediaError, match=r"a damaged fingerprint .* add the video again"):
        Fingerprint.from_bytes(damaged)


def test_a_fingerprint_cut_short_is_refused(whole):
    for length in range(0, len(whole) - 1, len(whole) // 9):
        with pytest.raises(MediaError, match="damaged fingerprint"):
            Fingerprint.from_bytes(whole[:length])


@pytest.mark.parametrize("colour", [0, 128, 255])
@pytest.mark.parametrize(
    "bars",
    [
        {"top": 14, "bottom": 14},
        {"left": 20, "right": 20},
        {"top": 9, "bottom": 25, "left": 12, "right": 4},
        {"bottom": 30},
        {"left": 50, "right": 50},
    ],
)
def test_borders_are_trimmed_to_within_one_line_of_a_thumbnail(bars, colour):
    shown = boxed(filmed.pictures(2), **bars, colour=colour)
    height, width = shown[0].shape[:2]
    area = picture_area(filmed.small(shown))
    top, bottom, left, right = (bars.get(side, 0) for side in ("top", "bottom", "left", "right"))
    truth = (left / width, top / height, 1 - right / width, 1 - bottom / height)
    # One line for the place of the edge, one for the mixed line that goes with it.
    for found, true, lines, inward in zip(area, truth, (64, 36, 64, 36), (1, 1, -1, -1), strict=True):
        assert -1e-9 <= inward * (found - true) * lines < 2
    for found, true, bar in zip(area, (0, 0, 1, 1), (left, top, right, bottom), strict=True):
        assert bar or found == true


def test_nothing_is_trimmed_from_films_without_borders():
    shown = filmed.pictures(1)
    assert picture_area(filmed.small(shown)) == (0, 0, 1, 1)
    flat = np.zeros((9, 36, 64), np.uint8)
    assert picture_area(flat) == (0, 0, 1, 1)
    # A bar that blinks is no border, nor is half of the picture.
    blinking = boxed(shown[:10], top=20) + boxed(shown[10:20], top=20, colour=200)
    assert picture_area(filmed.small(blinking))[1] == 0
    assert picture_area(filmed.small(boxed(shown, top=60)))[1] == 0


def test_a_copy_with_borders_has_near_the_same_codes(made):
    # Stretched to 16:9 on the way, as the thumbnails of both are.
    copy = fingerprint(filmed.scanned(boxed(filmed.pictures(3), top=16, bottom=16)))
    assert np.diag(hamming(copy.codes[0], made.codes[0])).mean() < 40
    plain = LumaDCT().many(copy.thumbs)
    assert np.diag(hamming(plain, made.codes[0])).mean() > 60


def test_a_crop_lies_near_one_of_the_windows(made):
    cropped = fingerprint(filmed.scanned([p[:65, :115] for p in filmed.pictures(3)]))
    each = np.array([np.diag(hamming(cropped.codes[0], window)).mean() for window in made.codes])
    assert each.min() < 50 < each[0] - 20


def test_flat_pictures_are_unusable():
    black, grey = np.zeros((72, 128, 3), np.uint8), np.full((72, 128, 3), 90, np.uint8)
    shown = [black] * 25 + filmed.pictures(1) + [grey] * 25
    usable = fingerprint(filmed.scanned(shown)).usable
    assert usable.tolist() == [False] * 4 + [True] * 4 + [False] * 4


def test_bars_do_not_make_a_flat_picture_usable():
    grey = boxed([np.full((72, 128, 3), 120, np.uint8)] * 25, top=10, bottom=10)
    lively = boxed(filmed.pictures(1), top=10, bottom=10)
    usable = fingerprint(filmed.scanned(lively + grey)).usable
    assert usable.tolist() == [True] * 4 + [False] * 4


def test_fingerprints_of_unequal_hashers_are_not_compared(made):
    other = dataclasses.replace(made, hasher="lumadct:8", name="o\x1bther")
    made.require_same_hasher(made)
    for verb in (made.require_same_hasher, lambda print_: compare(made, print_)):
        with pytest.raises(IncompatibleError, match=r"film\.mp4 \(lumadct:16\) and o\ufffdther \(lumadct:8\)"):
            verb(other)
