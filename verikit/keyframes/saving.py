"""Keyframes as files: full-size stills that say in their names where they are from, with their hashes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain, sha256_bytes, write_bytes
from verikit.errors import MediaError
from verikit.keyframes.picking import Keyframe
from verikit.media.decoding import pictures_at
from verikit.media.hashing import PDQ, DHash, Hash, Hasher, PHash
from verikit.records import Records, mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from verikit.media.video import Video

__all__ = ["SavedKeyframe", "save_keyframes"]

COLUMNS = ("time", "pts", "shot", "file", "sha256", "hashes")

# What archives and search services exchange today.
STILL_HASHERS: Mapping[str, Hasher] = {"phash": PHash(), "dhash": DHash(), "pdq": PDQ()}

# zlib's level. PNG is lossless at every level; this one takes a third of the time of the best for 5 % more bytes.
PNG_LEVEL = 4


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SavedKeyframe:
    """A keyframe and its still: the file's name in the folder it was saved to, the SHA-256 of its bytes, its hashes.

    `hashes` are pairs of a word (phash, dhash, pdq) and the hash of the full-size upright picture.
    """

    keyframe: Keyframe
    file: str
    sha256: str
    hashes: tuple[tuple[str, Hash], ...]

    def to_dict(self) -> dict[str, Any]:
        """The keyframe's own fields, the file and its hashes in hex, as JSON."""
        return {
            **self.keyframe.to_dict(),
            "file": self.file,
            "sha256": self.sha256,
            "hashes": {word: value.hex for word, value in self.hashes},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises ValueError for a hash that is not one."""
        own = {field.name for field in dataclasses.fields(Keyframe)}
        return cls(
            keyframe=Keyframe.from_dict({name: value for name, value in data.items() if name in own}),
            file=data["file"],
            sha256=data["sha256"],
            hashes=tuple((word, Hash.from_hex(code, word)) for word, code in data["hashes"].items()),
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(name.replace("_", " "), value) for name, value in self.to_dict().items()]
        text = "\n".join(f"{name}: {plain(str(value))}" for name, value in rows)
        title = f"Keyframe at {timecode(self.keyframe.time)}, saved"
        return mimebundle(self, plain_text=text, html=_html.definition(rows, caption=title))


def save_keyframes(video: Video, keyframes: Iterable[Keyframe], *, folder: Path) -> Records[SavedKeyframe]:
    """Full-size upright stills of the keyframes as PNG files in `folder`, with their hashes, in order of time.

    Names tell the order, the time and the exact instant: 000_0m04s360_pts55808.png. The files hold pixels and nothing
    else, so that the same picture has the same bytes. Raises MediaError where the video does not hold a keyframe's
    pts.
    """
    ordered = sorted(keyframes, key=lambda keyframe: keyframe.pts)
    by_pts = {keyframe.pts: (number, keyframe) for number, keyframe in enumerate(ordered)}
    saved = []
    for pts, picture in pictures_at(video, list(by_pts)):
        number, keyframe = by_pts[pts]
        data = _png(picture, video=video, pts=pts)
        path = write_bytes(folder / _name(number, keyframe), data)
        hashes = tuple((word, hasher(picture)) for word, hasher in STILL_HASHERS.items())
        saved.append(SavedKeyframe(keyframe=keyframe, file=path.name, sha256=sha256_bytes(data), hashes=hashes))
    return Records(saved, caption=f"Stills of keyframes of {plain(video.name)}", columns=COLUMNS)


def _name(number: int, keyframe: Keyframe) -> str:
    minutes, milliseconds = divmod(round(keyframe.time * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}h{minutes:02d}m" if hours else f"{minutes}m"
    seconds = f"{milliseconds // 1000:02d}s{milliseconds % 1000:03d}"
    return f"{number:03d}_{clock}{seconds}_pts{keyframe.pts}.png"


def _png(picture: NDArray[np.uint8], *, video: Video, pts: int) -> bytes:
    """RGB pixels as PNG without any metadata."""
    import cv2  # noqa: PLC0415 - only who saves stills pays for it

    done, data = cv2.imencode(".png", picture[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if not done:
        raise MediaError(f"{video.path}: the picture at pts {pts} could not be written as PNG {picture.shape}")
    return data.tobytes()
