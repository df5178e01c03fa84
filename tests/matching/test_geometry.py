"""One picture inside another: planted transforms are recovered, unrelated and flat pictures have none."""

from __future__ import annotations

import cv2
import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.geometry import evened, register_pictures
from verikit.matching.stills import still_image

SIZE = (480, 270)


def planted(scale, turn, x, y):
    """A similarity about the picture's middle, then moved: (2, 3), maps query pixels to reference pixels."""
    matrix = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), turn, scale)
    matrix[:, 2] += (x, y)
    return matrix


def seen_through(reference, matrix):
    """The query that lies on the reference by `matrix`."""
    return cv2.warpAffine(reference, matrix, SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def corners(matrix):
    """Where points well inside the query lie on the reference."""
    points = np.array([[100.0, 60], [380, 60], [100, 210], [380, 210]])
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def pavement(seed):
    """A picture full of corners and spots, as real ones are."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for _ in range(500):
        x, y, radius = rng.integers(0, SIZE[0]), rng.integers(0, SIZE[1]), rng.integers(3, 16)
        colour = tuple(int(c) for c in rng.integers(20, 236, 3))
        if rng.random() < 0.5:
            cv2.circle(picture, (int(x), int(y)), int(radius), colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(picture, (int(x), int(y)), (int(x + radius), int(y + 2 * radius)), colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.8)


@pytest.fixture(scope="module")
def scene():
    return pavement(1)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.6, 1.5), st.floats(-12, 12), st.floats(-40, 40), st.floats(-30, 30))
def test_a_planted_transform_is_recovered_within_two_pixels(scene, scale, turn, x, y):
    matrix = planted(scale, turn, x, y)
    found = register_pictures(seen_through(scene, matrix), scene)
    assert np.abs(corners(found.homography) - corners(matrix)).max() < 2
    assert found.inliers >= 30
    # The matched points themselves obey the planted transform.
    laid = found.query_points @ matrix[:, :2].T + matrix[:, 2]
    assert np.median(np.abs(laid - found.reference_points)) < 1.5


def test_a_mirrored_query_is_registered_when_it_is_known_and_the_flip_is_part_of_the_answer(scene):
    matrix = planted(0.8, 3, 12, -7)
    mirrored = np.ascontiguousarray(seen_through(scene, matrix)[:, ::-1])
    assert register_pictures(mirrored, scene) is None
    found = register_pictures(mirrored, scene, mirrored=True)
    flip = np.array([[-1, 0, SIZE[0] - 1], [0, 1, 0], [0, 0, 1.0]])
    truth = np.vstack([matrix, [0, 0, 1]]) @ flip
    assert np.abs(corners(found.homography) - corners(truth)).max() < 2
    laid = found.query_points @ truth[:2, :2].T + truth[:2, 2]
    assert np.median(np.abs(laid - found.reference_points)) < 1.5
    stills = (still_image(filmed.still(picture)) for picture in (mirrored, scene))
    assert np.abs(corners(register_pictures(*stills, mirrored=True).homography) - corners(truth)).max() < 2


def test_a_negative_is_registered_when_it_is_known(scene):
    matrix = planted(0.8, 3, 12, -7)
    negative = 255 - seen_through(scene, matrix)
    assert np.abs(corners(register_pictures(negative, scene, inverted=True).homography) - corners(matrix)).max() < 2
    both = np.ascontiguousarray(negative[:, ::-1])
    assert register_pictures(both, scene, mirrored=True, inverted=True).inliers >= 30


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_picture_is_registered(scene, turn):
    matrix = planted(0.8, turn, 0, 0)
    found = register_pictures(seen_through(scene, matrix), scene)
    inner = np.array([[170.0, 60, 1], [310, 60, 1], [170, 210, 1], [310, 210, 1]])
    assert np.abs(inner @ (found.homography[:2] - matrix).T).max() < 2


def test_unrelated_pictures_have_no_registration(scene):
    for seed in range(20, 26):
        assert register_pictures(pavement(seed), scene) is None


def test_flat_and_tiny_pictures_have_no_registration(scene):
    for blank in (np.zeros((270, 480, 3), np.uint8), np.full((270, 480, 3), 200, np.uint8), scene[:8, :8].copy()):
        assert register_pictures(blank, scene) is None
        assert register_pictures(scene, blank) is None
        assert register_pictures(blank, blank) is None


def test_the_same_pictures_give_the_same_answer(scene):
    query = seen_through(scene, planted(0.9, 2, 3, 4))
    one = register_pictures(query, scene)
    cv2.setRNGSeed(99)
    other = register_pictures(query, scene)
    np.testing.assert_array_equal(one.homography, other.homography)
    np.testing.assert_array_equal(one.query_points, other.query_points)


def test_matched_points_on_one_spot_count_once_and_a_picture_lies_on_itself(scene):
    found = register_pictures(scene, scene)
    assert found.query_points.shape == found.reference_points.shape == (found.inliers, 2)
    # No more than one to a small square of six pixels.
    assert found.inliers <= SIZE[0] * SIZE[1] / 36
    away = np.hypot(*(found.query_points[:, None] - found.query_points[None]).transpose(2, 0, 1))
    assert (away < 0.01).sum() == found.inliers
    np.testing.assert_allclose(found.homography, np.eye(3), atol=0.01)


def test_a_registration_is_written_as_the_contract_says(scene):
    found = register_pictures(seen_through(scene, planted(0.8, 4, 20, 10)), scene)
    written = found.to_dict()
    assert written["inliers"] == found.inliers
    np.testing.assert_allclose(written["homography"], found.homography, atol=1e-6)


def test_tones_of_a_picture_of_one_tone_are_evened_without_a_word():
    flat, scene = np.full((20, 30), 16, np.float32), np.tile(np.arange(30, dtype=np.float32), (20, 1))
    where = np.ones((20, 30), bool)
    assert np.allclose(evened(flat, flat + 40, where=where)[1], 0)
    assert np.isfinite(evened(flat, scene, where=where)[0]).all()
