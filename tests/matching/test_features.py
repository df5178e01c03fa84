"""Local features: those of a flipped or a negative picture are known without looking at it, and no part goes without."""

from __future__ import annotations

import cv2
import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.features import CODE_BYTES, Features, features_of, joined, mirrored, negative
from verikit.media.hashing import hamming

SIZE = (480, 270)


def drawn(seed, *, size=SIZE):
    return filmed.scene(2.0, size=size, seed=seed)


@pytest.fixture(scope="module")
def scene():
    return drawn(1)


def found_again(told, seen):
    """The share of the features told of that are seen at the same place, direction and size, with nearly the same code."""
    away = np.hypot(*(told.places[:, None, :2] - seen.places[None, :, :2]).transpose(2, 0, 1))
    turned = np.abs((told.places[:, None, 3] - seen.places[None, :, 3] + 180) % 360 - 180)
    grown = np.abs(np.log2(told.places[:, None, 2] / seen.places[None, :, 2]))
    same = (away <= 1.5) & (turned < 10) & (grown < 0.2) & (hamming(told.codes, seen.codes) <= 30)
    return float(same.any(axis=1).mean())


EDITS = {
    "mirrored": (lambda p: p[:, ::-1], lambda f: mirrored(f, width=SIZE[0])),
    "negative": (lambda p: 255 - p, negative),
    "both": (lambda p: 255 - p[:, ::-1], lambda f: negative(mirrored(f, width=SIZE[0]))),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_features_of_an_edited_picture_are_told_from_those_of_the_picture(edit, seed):
    picture = drawn(seed)
    change, tell = EDITS[edit]
    seen = features_of(np.ascontiguousarray(change(picture)))
    plain = features_of(picture)
    assert found_again(tell(plain), seen) > 0.7
    assert found_again(plain, seen) < 0.2


def test_twice_flipped_and_twice_negative_is_as_it_was(scene):
    made = features_of(scene)
    for again in (mirrored(mirrored(made, width=SIZE[0]), width=SIZE[0]), negative(negative(made))):
        np.testing.assert_array_equal(again.codes, made.codes)
        np.testing.assert_allclose(again.places[:, :3], made.places[:, :3], atol=1e-3)
        turned = (again.places[:, 3] - made.places[:, 3] + 180) % 360 - 180
        assert np.abs(turned).max() < 1e-3


def test_a_picture_half_as_bright_or_softly_noisy_has_the_same_features(scene):
    rng = np.random.default_rng(3)
    made = features_of(scene)
    dim = (scene * 0.6).astype(np.uint8)
    noisy = np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
    assert found_again(made, features_of(dim)) > 0.6
    assert found_again(made, features_of(noisy)) > 0.6


def test_a_dim_corner_has_its_share_beside_a_glaring_one():
    """Four fifths of the picture are of full contrast, a corner has a tenth of it."""
    picture = drawn(4)
    corner = drawn(5, size=(96, 90))
    picture[180:270, 384:480] = (corner.astype(np.float32) * 0.12 + 100).astype(np.uint8)
    made = features_of(picture, most=300)
    inside = (made.places[:, 0] > 390) & (made.places[:, 1] > 186)
    # A fifteenth of the picture.
    assert inside.sum() >= 10


@pytest.mark.parametrize("most", [1, 20, 200])
def test_no_more_features_than_asked_for_and_the_strongest_of_each_part_first(scene, most):
    made = features_of(scene, most=most)
    assert 0 < len(made) <= most
    more = features_of(scene, most=400)
    there = {tuple(place) for place in more.places.round(2).tolist()}
    assert {tuple(place) for place in made.places.round(2).tolist()} <= there


def test_features_have_the_shapes_they_say(scene):
    made = features_of(scene)
    assert made.places.dtype == np.float32
    assert made.codes.dtype == np.uint8
    assert made.places.shape == (len(made), 4)
    assert made.codes.shape == (len(made), CODE_BYTES)
    assert made.starts.tolist() == [0, len(made)]
    assert (made.places[:, :2] >= 0).all()
    assert (made.places[:, :2] < SIZE).all()
    grey = features_of(cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY))
    np.testing.assert_array_equal(grey.codes, made.codes)


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (270, 480), (16, 16, 3)])
def test_a_flat_or_tiny_picture_has_none(shape):
    made = features_of(np.full(shape, 90, np.uint8))
    assert (len(made), made.places.shape, made.codes.shape) == (0, (0, 4), (0, CODE_BYTES))
    assert made.starts.tolist() == [0, 0]
    assert len(mirrored(made, width=10)) == len(negative(made)) == 0


def test_the_same_picture_has_the_same_features(scene):
    one, other = features_of(scene), features_of(scene)
    np.testing.assert_array_equal(one.places, other.places)
    np.testing.assert_array_equal(one.codes, other.codes)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=6), st.integers(0, 2**31))
def test_the_features_of_a_run_come_apart_again_as_they_were_joined(sizes, seed):
    rng = np.random.default_rng(seed)
    parts = [
        Features(
            places=rng.random((size, 4), np.float32),
            codes=rng.integers(0, 256, (size, CODE_BYTES), np.uint8),
            starts=np.array([0, size]),
        )
        for size in sizes
    ]
    run = joined(parts)
    assert len(run) == sum(sizes)
    assert run.stills.tolist() == [still for still, size in enumerate(sizes) for _ in range(size)]
    for still, part in enumerate(parts):
        again = run.of(still)
        np.testing.assert_array_equal(again.places, part.places)
        np.testing.assert_array_equal(again.codes, part.codes)
        assert again.starts.tolist() == [0, len(part)]
