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
    from collections.abc import Callable, Iterable, Mapping
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
# JPEG loses something at every quality; at 95 with colour at full resolution it cannot be seen.
JPEG_QUALITY = 95
ENDINGS: Mapping[str, str] = {"png": ".png", "jpeg": ".jpg"}


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


def save_keyframes(
    video: Video,
    keyframes: Iterable[Keyframe],
    *,
    folder: Path,
    image_format: str = "png",
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Records[SavedKeyframe]:
    """Full-size upright stills of the keyframes as files in `folder`, with their hashes, in order of time.

    `image_format` is "png", which loses nothing, or "jpeg" (quality 95, colour at full resolution); the hashes are of
    the decoded picture in both. Names tell the order, the time and the exact instant: 000_0m04s360_pts55808.png. The
    files hold pixels and nothing else, so that the same picture has the same bytes. `progress` is told how many are
    written, of how many. Raises MediaError where the video does not hold a keyframe's pts.
    """
    if image_format not in ENDINGS:
        raise ValueError(f"image_format: {' or '.join(ENDINGS)}, not {image_format!r:.40}")
    ordered = sorted(keyframes, key=lambda keyframe: keyframe.pts)
    by_pts = {keyframe.pts: (number, keyframe) for number, keyframe in enumerate(ordered)}
    saved = []
    for pts, picture in pictures_at(video, list(by_pts)):
        number, keyframe = by_pts[pts]
        data = _encoded(picture, ENDINGS[image_format], video=video, pts=pts)
        path = write_bytes(folder / (_stem(number, keyframe) + ENDINGS[image_format]), data)
        hashes = tuple((word, hasher(picture)) for word, hasher in STILL_HASHERS.items())
        saved.append(SavedKeyframe(keyframe=keyframe, file=path.name, sha256=sha256_bytes(data), hashes=hashes))
        progress(len(saved), len(ordered))
    return Records(saved, caption=f"Stills of keyframes of {plain(video.name)}", columns=COLUMNS)


def _stem(number: int, keyframe: Keyframe) -> str:
    minutes, milliseconds = divmod(round(keyframe.time * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}h{minutes:02d}m" if hours else f"{minutes}m"
    seconds = f"{milliseconds // 1000:02d}s{milliseconds % 1000:03d}"
    return f"{number:03d}_{clock}{seconds}_pts{keyframe.pts}"


def _encoded(picture: NDArray[np.uint8], ending: str, *, video: Video, pts: int) -> bytes:
    """RGB pixels as PNG or JPEG without any metadata."""
    import cv2  # noqa: PLC0415 - only who saves stills pays for it

    how = [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL]
    if ending == ".jpg":
        how = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        how += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, data = cv2.imencode(ending, picture[:, :, ::-1], how)
    if not done:
        raise MediaError(f"{video.path}: the picture at pts {pts} could not be written as {ending[1:]} {picture.shape}")
    return data.tobytes()
