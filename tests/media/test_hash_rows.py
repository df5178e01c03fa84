"""Thumbnails tell pHash: rows of 64 x 36 give nearly the bits that imagehash finds in the whole picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.media.decoding import ALL_THREADS, DecodingPass
from verikit.media.hash_rows import hamming, phash_rows
from verikit.media.hashing import PHash
from verikit.media.video import open_video, opened

CLIPS = Path(__file__).parents[3] / "shared" / "clips" / "copies"


def small(grey):
    return cv2.resize(grey, (64, 36), interpolation=cv2.INTER_AREA)


def whole(picture):
    return np.frombuffer(PHash()(picture).bits, np.uint8)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_thumbnail_of_a_picture_has_nearly_its_phash(seed):
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.uniform(0, 255, (360, 640)).astype(np.float32), (0, 0), float(rng.uniform(8, 40)))
    picture = cv2.normalize(field, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    assert hamming(phash_rows(small(picture)[None]), whole(picture)[None])[0, 0] <= 6


@pytest.mark.parametrize("name", ["book.mkv", "flower.mp4", "pool.mp4", "carphone_pristine.mp4"])
def test_on_real_frames_it_is_off_by_less_than_one_bit_of_64(name):
    if not CLIPS.is_dir():
        pytest.skip("the real clips are not beside the checkout")
    thumbs, expected = [], []
    video = open_video(CLIPS / name)
    with opened(video) as container:
        for number, picture in enumerate(DecodingPass(container, video, threads=ALL_THREADS).pictures()):
            if number % 10 == 0:
                image = picture.rgb()
                thumbs.append(small(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)))
                expected.append(whole(image))
    apart = np.bitwise_count(phash_rows(np.stack(thumbs)) ^ np.stack(expected)).sum(axis=1)
    assert apart.mean() < 1
    assert apart.max() <= 4


def test_the_rows_of_many_are_the_rows_of_each():
    thumbs = np.random.default_rng(2).integers(0, 256, (1030, 36, 64), dtype=np.uint8)
    alone = np.concatenate([phash_rows(thumb[None]) for thumb in thumbs[::103]])
    assert np.array_equal(phash_rows(thumbs)[::103], alone)


def test_no_thumbnails_give_no_rows():
    assert phash_rows(np.zeros((0, 36, 64), np.uint8)).shape == (0, 8)


@pytest.mark.parametrize("shape", [(36, 64), (2, 7, 64), (2, 36, 257)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="sides 8 to 256"):
        phash_rows(np.zeros(shape, np.uint8))


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="uint8"):
        phash_rows(np.zeros((1, 36, 64), np.float32))
