"""Gentle pictures: what is shown to people when the footage may distress. Evidence itself is never altered.

Small, grey and blurred pictures lessen the shock of the first look, and most views can still be told apart.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np

from verikit.media.faces import find_faces, require_faces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from verikit.media.faces import Face

    RGB = NDArray[np.uint8]

__all__ = ["GENTLE", "BlurredFaces", "Gentle", "Grey", "gentle_of", "shrunk"]

# The words of the command line and of the verbs.
GENTLE = ("grey", "faces")
# Long side of what is shown, in pixels.
SHOWN = 640


class Gentle(Protocol):
    """Makes what people look at out of a picture, and says in `told` what it does and what it does not."""

    @property
    def told(self) -> str:
        """One sentence for the page and the figure."""

    def __call__(self, picture: RGB) -> RGB:
        """The gentle picture, RGB."""


def gentle_of(word: str | None) -> Gentle | None:
    """The gentle look of that name, or None for None. Raises ValueError for another word.

    "faces" raises MissingToolError where no face detector is installed: at once, not after an hour's work.
    """
    if word is None:
        return None
    if word == "grey":
        return Grey()
    if word == "faces":
        require_faces()
        return BlurredFaces()
    raise ValueError(f"gentle: {' or '.join(GENTLE)}, not {word!r:.40}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Grey:
    """Without colour, at most `most` pixels long, blurred by `blur` of that."""

    most: int = 320
    blur: float = 0.009

    @property
    def told(self) -> str:
        """What is done, in one sentence."""
        return "Shown grey, small and blurred. Faces can still be told by those who know them."

    def __call__(self, picture: RGB) -> RGB:
        """The picture so shown."""
        import cv2  # noqa: PLC0415 - only who looks pays for it

        small = shrunk(picture, most=self.most)
        grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), max(0.5, self.blur * max(small.shape)))
        return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BlurredFaces:
    """Faces blurred beyond recognition; where something might be a face and is not surely one, the whole picture.

    Places that score `least` or more are blurred, `wider` times as wide and high as they were found; if the best of the
    others scores `doubtful` or more, all of the picture is. See `find_faces` for what the scores were on real clips.
    """

    least: float = 0.2
    doubtful: float = 0.1
    wider: float = 1.7

    @property
    def told(self) -> str:
        """What is done, in one sentence."""
        return (
            "Faces that were found are blurred, and so is the whole of a picture in which one may have been seen. "
            "Faces may have been missed: look before you show this to anyone."
        )

    def __call__(self, picture: RGB) -> RGB:
        """The picture so shown."""
        shown = shrunk(picture, most=SHOWN)
        return self.blurred(shown, find_faces(picture, least=self.doubtful), scale=len(shown) / len(picture))

    def blurred(self, picture: RGB, faces: Sequence[Face], *, scale: float = 1.0) -> RGB:
        """The picture with these faces blurred, whose boxes are `scale` times as large as the picture's pixels."""
        import cv2  # noqa: PLC0415 - only who looks pays for it

        high, wide = picture.shape[:2]
        shown = picture.copy()
        for face in (face for face in faces if face.score >= self.least):
            width, height = face.width * scale * self.wider, face.height * scale * self.wider
            left = (face.left + face.width / 2) * scale - width / 2
            top = (face.top + face.height / 2) * scale - height / 2
            rows = slice(max(0, int(top)), min(high, int(np.ceil(top + height))))
            columns = slice(max(0, int(left)), min(wide, int(np.ceil(left + width))))
            if rows.start >= rows.stop or columns.start >= columns.stop:
                continue
            # As flat as a thumbnail of four by four: blur by itself can be undone in part.
            tiny = cv2.resize(shown[rows, columns], (4, 4), interpolation=cv2.INTER_AREA)
            size = (columns.stop - columns.start, rows.stop - rows.start)
            shown[rows, columns] = cv2.resize(tiny, size, interpolation=cv2.INTER_LINEAR)
        if any(self.doubtful <= face.score < self.least for face in faces):
            return cv2.GaussianBlur(shown, (0, 0), max(3.0, 0.04 * max(high, wide))).astype(np.uint8)
        return shown


def shrunk(picture: RGB, *, most: int) -> RGB:
    """The picture at most `most` pixels long, never enlarged."""
    import cv2  # noqa: PLC0415 - only who looks pays for it

    high, wide = picture.shape[:2]
    scale = most / max(high, wide)
    if scale >= 1:
        return np.ascontiguousarray(picture)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA).astype(np.uint8)
