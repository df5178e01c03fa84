"""How a query lies on a reference: planted places are recovered, chance and what merely stands still make none."""

from __future__ import annotations

import cv2
import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.features import features_of, joined
from verikit.matching.placements import filed, find_placements
from verikit.matching.words import words_of

SIZE = (480, 270)
CORNERS = np.array([[0.0, 0], [SIZE[0], 0], [0, SIZE[1]], SIZE])


def looked_up(pictures):
    """The features of some stills, and the words to look them up under."""
    features = joined([features_of(picture) for picture in pictures])
    return features, words_of(features.codes, branches=2, leaves=2)


def stored(pictures):
    """The features of a reference's stills, and its index."""
    features = joined([features_of(picture) for picture in pictures])
    return features, filed(words_of(features.codes)[:, 0])


def size_of(pictures):
    return np.array(pictures[0].shape[1::-1], np.float64)


def placements(query, reference):
    features, words = looked_up(query)
    theirs, index = stored(reference)
    sizes = (size_of(query), size_of(reference))
    return find_placements(features, words, reference=theirs, index=index, sizes=sizes)


def laid(matrix, points=CORNERS):
    there = np.c_[points, np.ones(len(points))] @ np.vstack([matrix, [0, 0, 1]])[:3].T
    return there[:, :2] / there[:, 2:]


def off(matrix, truth, points=CORNERS):
    """How many reference pixels the query's corners are laid off."""
    return float(np.hypot(*(laid(matrix, points) - laid(truth, points)).T).max())


def seen_through(picture, truth):
    """The query that lies on the picture by `truth`, a map of query pixels to the picture's."""
    whole = np.vstack([truth, [0, 0, 1]])[:3]
    return cv2.warpPerspective(picture, whole, SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


@pytest.fixture(scope="module")
def film():
    """Four stills of a scene, a second apart."""
    return [filmed.scene(float(second), size=SIZE, seed=1) for second in range(4)]


@settings(max_examples=6, deadline=None)
@given(st.floats(0.6, 1.6), st.floats(-180, 180), st.floats(-50, 50), st.floats(-30, 30))
def test_a_copy_cropped_enlarged_turned_and_moved_is_laid_in_its_place(film, scale, turn, x, y):
    truth = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), turn, scale)
    truth[:, 2] += (x, y)
    # Turned upright, most of a wide picture runs out of it: what is sought is what still shows.
    inner = np.array([[140.0, 60], [340, 60], [140, 210], [340, 210]])
    (best, *_) = placements([seen_through(film[0], truth)], film[:1])
    assert off(best.matrix, truth, inner) < 4


def test_a_slant_as_of_a_filmed_screen_is_followed(film):
    seen = np.array([[25, 12], [470, 30], [10, 262], [455, 225]], np.float32)
    truth = cv2.getPerspectiveTransform(CORNERS.astype(np.float32), seen)
    (best, *_) = placements([seen_through(picture, truth) for picture in film], film)
    assert off(best.matrix, truth) < 5


def test_a_squeezed_copy_has_other_scales_across_and_down(film):
    truth = np.array([[1.0, 0, 0], [0, 1.33, 0]])
    squeezed = [cv2.resize(picture, (480, 203), interpolation=cv2.INTER_AREA) for picture in film]
    (best, *_) = placements(squeezed, film)
    assert off(best.matrix, truth, np.array([[0.0, 0], [480, 0], [0, 203], [480, 203]])) < 4


@pytest.mark.parametrize("share", [0.4, 0.25])
def test_a_small_picture_in_a_corner_of_another_film_is_found(share):
    """Six stills vote together: at a quarter of the side, one still alone has few features there."""
    small = [filmed.scene(float(second), size=SIZE, seed=1) for second in range(6)]
    wide, high = round(share * SIZE[0]), round(share * SIZE[1])
    shown = []
    for second, picture in enumerate(small):
        around = filmed.scene(20.0 + second, size=SIZE, seed=9).copy()
        around[30 : 30 + high, 270 : 270 + wide] = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA)
        shown.append(around)
    truth = np.array([[SIZE[0] / wide, 0, -270 * SIZE[0] / wide], [0, SIZE[1] / high, -30 * SIZE[1] / high]])
    window = np.array([[270.0, 30], [270 + wide, 30], [270, 30 + high], [270 + wide, 30 + high]])
    (best, *_) = placements(shown, small)
    assert off(best.matrix, truth, window) < 4 / share
    # The same edit seen from the other side: the archive holds the picture within the picture.
    (back, *_) = placements(small, shown)
    assert np.hypot(*(laid(back.matrix) - window).T).max() < 4


def test_unrelated_scenes_and_noise_have_none(film):
    rng = np.random.default_rng(1)
    noise = [cv2.GaussianBlur(rng.integers(0, 256, (270, 480, 3), np.uint8), (0, 0), 2.0) for _ in range(3)]
    assert placements(noise[:2], noise[2:]) == []
    assert placements(noise, film) == []
    for seed in (20, 21):
        other = [filmed.scene(float(second), size=SIZE, seed=seed) for second in range(2)]
        assert placements(other, film) == []


def test_flat_pictures_have_none_in_anything(film):
    flat = [np.full((270, 480, 3), 90, np.uint8)] * 2
    assert placements(flat, film[:1]) == placements(film[:1], flat) == placements(flat, flat) == []


def test_what_stands_still_in_every_still_counts_once(film):
    (once, *_) = placements(film[:1], film[:1])
    (many, *_) = placements(film[:1] * 3, film[:1] * 3)
    assert many.places <= 1.02 * once.places
    np.testing.assert_allclose(many.matrix, np.eye(3), atol=0.01)


def test_what_moves_counts_anew_in_every_still():
    """A disc of texture goes about before a grey wall: four stills show four times as many places of it."""
    sheet = filmed.scene(0.0, size=SIZE, seed=5)[60:160, 60:160]
    film = []
    for second in range(4):
        wall = np.full((270, 480, 3), 128, np.uint8)
        wall[20 + 45 * second : 120 + 45 * second, 20 + 110 * second : 120 + 110 * second] = sheet
        film.append(wall)
    (one, *_) = placements(film[:1], film[:1])
    (four, *_) = placements(film, film)
    assert four.places > 2.5 * one.places


def test_a_placement_names_the_features_that_agree_with_it(film):
    truth = np.array([[0.8, 0, 40], [0, 0.8, 20]])
    copies = [seen_through(picture, truth) for picture in film]
    (best, *_) = placements(copies, film)
    mine, theirs = looked_up(copies)[0].places, stored(film)[0].places
    away = laid(truth, mine[best.queries, :2].astype(float)) - theirs[best.references, :2]
    assert np.median(np.hypot(*away.T)) < 1.5
    assert len(best.queries) == len(best.references) >= best.places


def test_the_same_features_give_the_same_placements(film):
    one = placements(film[:2], film)
    cv2.setRNGSeed(99)
    other = placements(film[:2], film)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.matrix, b.matrix)
        np.testing.assert_array_equal(a.queries, b.queries)
