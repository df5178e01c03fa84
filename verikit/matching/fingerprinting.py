"""What of a video is kept to recognise it again: hashes over time, the small pictures they were made of, a still a second."""

from __future__ import annotations

import dataclasses
import io
import itertools
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from verikit._files import plain
from verikit.errors import IncompatibleError, MediaError
from verikit.media.array_file import read_arrays, write_arrays
from verikit.media.hashing import LumaDCT
from verikit.media.scan import HASHES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.media.scan import Scan

__all__ = ["Fingerprint", "fingerprint", "picture_area"]

# A hash holds under captions, colour and compression but not under a crop, so each reference instant is hashed through
# several windows: the whole picture, and for each size so many places each way. A cropped copy is near one of them.
WINDOW_SIZES = ((0.9, 3), (0.8, 4), (0.7, 4))

# Below this standard deviation of luma a picture is black, a title card or sky: it looks like everything.
LEAST_CONTRAST = 12.0

# A border row or column of a thumbnail varies less than this along itself and over time.
BORDER_SPREAD = 6.0
# Nobody's borders take more than this part of the picture from one side.
MOST_BORDER = 0.4


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fingerprint:
    """What is kept of one video to recognise its footage.

    hasher: name of the method that made the codes; only equal hashers are compared.
    times: float64 (m,) seconds of the hashed instants; usable: bool (m,), False where the picture is nearly flat.
    codes: uint8 (w, m, 32), a code for each window and instant; window 0 is the whole picture without its borders.
    mirrored: uint8 (m, 32), codes of the whole picture flipped left to right.
    area: the picture without its borders, (left, top, right, bottom) as parts of width and height.
    thumbs: uint8 (m, 36, 64), the luma that was hashed, borders included.
    stills: JPEG bytes at still_times (seconds).
    """

    sha256: str
    name: str
    hasher: str
    duration: float
    width: int
    height: int
    area: tuple[float, float, float, float]
    times: NDArray[np.float64]
    usable: NDArray[np.bool_]
    codes: NDArray[np.uint8]
    mirrored: NDArray[np.uint8]
    thumbs: NDArray[np.uint8]
    stills: tuple[bytes, ...]
    still_times: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Identity and sizes, without the arrays, as JSON."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "hasher": self.hasher,
            "duration": round(self.duration, 6),
            "width": self.width,
            "height": self.height,
            "area": [round(part, 4) for part in self.area],
            "instants": len(self.times),
            "usable": int(self.usable.sum()),
            "windows": len(self.codes),
            "stills": len(self.stills),
        }

    def require_same_hasher(self, other: Fingerprint) -> None:
        """Raise IncompatibleError unless both were made by the same hasher."""
        if self.hasher != other.hasher:
            raise IncompatibleError(
                f"fingerprints of {plain(self.name)} ({self.hasher}) and {plain(other.name)} ({other.hasher}) "
                "cannot be compared; fingerprint both with the same hasher"
            )

    def to_bytes(self) -> bytes:
        """The fingerprint as one block of bytes, for the archive."""
        held = io.BytesIO()
        meta = {name: getattr(self, name) for name in _PLAIN}
        write_arrays(held, meta, arrays={name: getattr(self, name) for name in _ARRAYS}, blocks=self.stills)
        return held.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """The inverse of `to_bytes`. Raises MediaError where the bytes are damaged."""
        try:
            meta, arrays, stills = read_arrays(data, _ARRAYS)
        except ValueError as error:
            raise MediaError(f"a damaged fingerprint ({error}); add the video again") from error
        return cls(**{**meta, "area": tuple(meta["area"])}, **arrays, stills=stills)


_PLAIN = ("sha256", "name", "hasher", "duration", "width", "height", "area")
_ARRAYS = ("times", "usable", "codes", "mirrored", "thumbs", "still_times")


def fingerprint(scan: Scan) -> Fingerprint:
    """The Fingerprint of a scanned video. A pure function of the scan."""
    scan.require_every_picture("a fingerprint")
    hasher = LumaDCT()
    thumbs = scan.thumbs[scan.hash_frames]
    area = picture_area(thumbs)
    whole = _through(thumbs, area)
    return Fingerprint(
        sha256=scan.sha256,
        name=scan.name,
        hasher=hasher.name,
        duration=scan.duration,
        width=scan.width,
        height=scan.height,
        area=area,
        times=np.arange(len(thumbs), dtype=np.float64) / HASHES_PER_SECOND,
        usable=whole.reshape(len(whole), -1).std(axis=1) >= LEAST_CONTRAST,
        codes=np.stack([hasher.many(_through(thumbs, window)) for window in _windows(area)]),
        mirrored=hasher.many(np.ascontiguousarray(whole[:, :, ::-1])),
        thumbs=thumbs,
        stills=tuple(scan.stills),
        still_times=scan.times[scan.still_frames],
    )


def picture_area(thumbs: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """The part of the picture inside flat, unchanging borders: (left, top, right, bottom) as parts of 1.

    `thumbs` is uint8 (n, height, width). A border is trimmed only if it is flat along itself and over the whole clip;
    the mixed line between border and picture goes with it.
    """
    steady = thumbs[:: max(1, len(thumbs) // 200)].astype(np.float32)
    rows = _border(steady.std(axis=2).max(axis=0), steady.mean(axis=2).std(axis=0))
    columns = _border(steady.std(axis=1).max(axis=0), steady.mean(axis=1).std(axis=0))
    height, width = thumbs.shape[1:]
    return columns[0] / width, rows[0] / height, columns[1] / width, rows[1] / height


def _border(along: NDArray[np.float32], over_time: NDArray[np.float32]) -> tuple[int, int]:
    """First line of the picture and the line after its last."""
    flat = (along < BORDER_SPREAD) & (over_time < BORDER_SPREAD)
    count = len(flat)
    most = int(count * MOST_BORDER)
    first = int(np.argmin(flat)) if not flat.all() else 0
    last = int(np.argmin(flat[::-1])) if not flat.all() else 0
    # One line more: the one in which border and picture were averaged together.
    first, last = (edge + 1 if 0 < edge <= most else 0 for edge in (first, last))
    return first, count - last


def _windows(area: tuple[float, float, float, float]) -> list[tuple[float, float, float, float]]:
    left, top, right, bottom = area
    wide, high = right - left, bottom - top
    windows = [area]
    for size, places in WINDOW_SIZES:
        for down, along in itertools.product(np.linspace(0, 1 - size, places), repeat=2):
            x, y = left + float(along) * wide, top + float(down) * high
            windows.append((x, y, x + size * wide, y + size * high))
    return windows


def _through(thumbs: NDArray[np.uint8], window: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Each thumbnail as seen through a window, brought back to the thumbnail's own size."""
    if window == (0.0, 0.0, 1.0, 1.0):
        return thumbs
    height, width = thumbs.shape[1:]
    left, top, right, bottom = window
    # Maps the centre of each target pixel to its place in the source.
    across, down = right - left, bottom - top
    matrix = np.array(
        [
            [across, 0, left * width + (across - 1) / 2],
            [0, down, top * height + (down - 1) / 2],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    edge = cv2.BORDER_REPLICATE
    return np.stack(
        [np.asarray(cv2.warpAffine(t, matrix, (width, height), flags=flags, borderMode=edge), np.uint8) for t in thumbs]
    )
