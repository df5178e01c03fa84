"""One picture inside another: planted transforms are recovered, unrelated and flat pictures have none."""

from __future__ import annotations

import cv2
import filmed
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.geometry import LEAST_INLIERS, features_of, register, unflipped
from verikit.matching.stills import register_stills

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


@settings(max_examples=12, deadline=None)
@given(st.floats(0.6, 1.5), st.floats(-12, 12), st.floats(-40, 40), st.floats(-30, 30))
def test_a_planted_transform_is_recovered_within_two_pixels(scene, scale, turn, x, y):
    matrix = planted(scale, turn, x, y)
    found = register(features_of(seen_through(scene, matrix)), features_of(scene))
    assert np.abs(corners(found.homography) - corners(matrix)).max() < 2
    assert found.inliers >= 30
    # The matched points themselves obey the planted transform.
    laid = found.query_points @ matrix[:, :2].T + matrix[:, 2]
    assert np.median(np.abs(laid - found.reference_points)) < 1.5


def test_a_mirrored_query_is_registered_after_a_flip_and_the_flip_is_part_of_the_answer(scene):
    matrix = planted(0.8, 3, 12, -7)
    mirrored = np.ascontiguousarray(seen_through(scene, matrix)[:, ::-1])
    assert register(features_of(mirrored), features_of(scene)) is None
    flat = register(features_of(np.ascontiguousarray(mirrored[:, ::-1])), features_of(scene))
    found = unflipped(flat, width=SIZE[0])
    flip = np.array([[-1, 0, SIZE[0] - 1], [0, 1, 0], [0, 0, 1.0]])
    truth = np.vstack([matrix, [0, 0, 1]]) @ flip
    assert np.abs(corners(found.homography) - corners(truth)).max() < 2
    laid = found.query_points @ truth[:2, :2].T + truth[:2, 2]
    assert np.median(np.abs(laid - found.reference_points)) < 1.5
    stills = filmed.still(mirrored), filmed.still(scene)
    assert register_stills(*stills, mirrored=False) is None
    assert np.abs(corners(register_stills(*stills, mirrored=True).homography) - corners(truth)).max() < 2


def test_unrelated_pictures_have_no_registration(scene):
    for seed in range(20, 28):
        assert register(features_of(pavement(seed)), features_of(scene)) is None


def test_flat_and_tiny_pictures_have_no_features_and_no_registration(scene):
    for blank in (np.zeros((270, 480, 3), np.uint8), np.full((270, 480, 3), 200, np.uint8), scene[:8, :8].copy()):
        features = features_of(blank)
        assert features.points.shape == (len(features.points), 2)
        assert features.descriptors.shape == (len(features.points), 128)
        assert register(features, features_of(scene)) is None
        assert register(features_of(scene), features) is None
        assert register(features, features) is None


def test_the_same_pictures_give_the_same_answer(scene):
    query, reference = features_of(seen_through(scene, planted(0.9, 2, 3, 4))), features_of(scene)
    one = register(query, reference)
    cv2.setRNGSeed(99)
    other = register(query, reference)
    np.testing.assert_array_equal(one.homography, other.homography)
    np.testing.assert_array_equal(one.query_points, other.query_points)


def test_matched_points_on_one_spot_count_once(scene):
    found = register(features_of(scene), features_of(scene))
    cells = np.unique(np.round(found.query_points / 4), axis=0)
    assert len(cells) == found.inliers >= LEAST_INLIERS
    np.testing.assert_allclose(found.homography, np.eye(3), atol=0.01)


def test_a_picture_enlarged_beyond_six_times_is_not_registered(scene):
    part = cv2.resize(scene[100:136, 200:264], SIZE, interpolation=cv2.INTER_CUBIC)
    assert register(features_of(part), features_of(scene)) is None


def test_a_registration_scales_to_full_size_pictures(scene):
    matrix = planted(0.8, 4, 20, 10)
    found = register(features_of(seen_through(scene, matrix)), features_of(scene))
    large = found.scaled(query=(4.0, 4.0), reference=(2.0, 3.0))
    point = np.array([200.0, 100, 1])
    np.testing.assert_allclose(large @ (point * [4, 4, 1]), (found.homography @ point) * [2, 3, 1], atol=1e-9)
    written = found.to_dict()
    assert written["inliers"] == found.inliers
    np.testing.assert_allclose(written["homography"], found.homography, atol=1e-6)
