"""Fingerprints: what they keep, borders, flat pictures, and bytes that come back or are refused."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.errors import IncompatibleError, MediaError
from verikit.matching.comparing import compare
from verikit.matching.fingerprinting import COURSE_PER_SECOND, METHOD, Fingerprint, fingerprint, fresh_stills, through
from verikit.media.hashing import LumaDCT, hamming

ARRAYS = (
    *("times", "usable", "codes", "thumbs", "course", "frame_times", "frame_change", "still_times"),
    *("feature_places", "feature_codes", "feature_starts", "words"),
)


def boxed(shown, *, top=0, bottom=0, left=0, right=0, colour=0):
    """Pictures with bars of these widths in pixels."""
    return [
        np.pad(p, ((top, bottom), (left, right), (0, 0)), constant_values=colour) for p in shown
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return fingerprint(filmed.scanned(filmed.pictures(3), name="film.mp4", sha256="ab" * 32))


def same(one, other):
    plain_fields = ("sha256", "name", "hasher", "duration", "width", "height", "area", "stills", "still_size")
    return all(getattr(one, name) == getattr(other, name) for name in plain_fields) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS
    )


def test_a_fingerprint_is_the_scan_seen_at_fixed_instants(made):
    scan = filmed.scanned(filmed.pictures(3), name="film.mp4", sha256="ab" * 32)
    assert made.times.tolist() == [k / 4 for k in range(12)]
    np.testing.assert_array_equal(made.thumbs, scan.thumbs[scan.hash_frames])
    np.testing.assert_array_equal(made.codes, scan.hashes)
    np.testing.assert_array_equal(made.frame_times, scan.times)
    assert made.course.shape[0] == 3 * COURSE_PER_SECOND
    assert (made.still_size, len(made.features.starts)) == ((128, 72), 4)
    assert (np.diff(made.feature_starts) > 20).all()
    assert (made.area, made.still_times.tolist(), made.stills) == ((0, 0, 1, 1), [0, 1, 2], scan.stills)
    told = made.to_dict()
    assert (told["instants"], told["usable"], told["stills"], told["features"]) == (12, 12, 3, len(made.words))
    assert (told["hasher"], told["duration"]) == (METHOD, 3.0)


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
    with pytest.raises(MediaError, match=r"a damaged fingerprint.* add the video again"):
        Fingerprint.from_bytes(damaged)


def test_a_fingerprint_cut_short_is_refused(whole):
    for length in range(0, len(whole) - 1, len(whole) // 9):
        with pytest.raises(MediaError, match="damaged fingerprint"):
            Fingerprint.from_bytes(whole[:length])


def test_a_copy_with_borders_has_near_the_same_codes(made):
    # Stretched to 16:9 on the way, as the thumbnails of both are.
    copy = fingerprint(filmed.scanned(boxed(filmed.pictures(3), top=16, bottom=16)))
    assert np.diag(hamming(copy.codes, made.codes)).mean() < 40
    plain = LumaDCT().many(copy.thumbs)
    assert np.diag(hamming(plain, made.codes)).mean() > 60


def test_through_a_part_a_thumbnail_shows_that_part_alone():
    thumbs = filmed.small(filmed.pictures(1))
    assert through(thumbs, (0.0, 0.0, 1.0, 1.0)) is thumbs
    left, top, right, bottom = 0.25, 0.25, 0.75, 0.75
    seen = through(thumbs, (left, top, right, bottom))
    assert seen.shape == thumbs.shape
    part = filmed.small([p[18:54, 32:96] for p in filmed.pictures(1)])
    assert np.abs(seen.astype(int) - part).mean() < 6


def test_a_still_that_shows_the_same_as_the_one_before_has_no_features_of_its_own():
    same = fingerprint(filmed.scanned([filmed.scene(0.0)] * 100))
    counts = np.diff(same.feature_starts)
    assert (len(same.stills), len(counts)) == (4, 4)
    assert counts[0] > 20
    assert counts[1:].tolist() == [0, 0, 0]


def test_a_calm_scene_is_looked_at_again_every_few_seconds_however_little_changes():
    still = filmed.scene(0.0)
    counts = np.diff(fingerprint(filmed.scanned([still] * 250)).feature_starts)
    assert (counts > 0).tolist() == [row % 4 == 0 for row in range(10)]
    slightly = [np.clip(still.astype(int) + row // 25 * 2, 0, 255).astype(np.uint8) for row in range(100)]
    made = fingerprint(filmed.scanned(slightly))
    # A query's stills are looked at whatever little changes; a reference's, once they differ by enough.
    assert fresh_stills(made).tolist() == [0, 1, 2, 3]
    assert (np.diff(made.feature_starts) > 0).tolist() == [True, False, True, False]


def test_many_threads_may_read_fingerprints_at_once(made):
    data = made.to_bytes()
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _: Fingerprint.from_bytes(data).to_dict(), range(400)))
    assert read == [made.to_dict()] * 400


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
        with pytest.raises(IncompatibleError, match=r"film\.mp4 \(.+\) and o\ufffdther \(lumadct:8\)"):
            verb(other)
