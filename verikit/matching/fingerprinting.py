"""What of a video is kept to recognise it again: hashes and small pictures over time, stills and their local features."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from verikit._files import plain
from verikit.errors import IncompatibleError, MediaError
from verikit.matching.features import MOST_FEATURES, NO_FEATURES, Features, features_of, joined
from verikit.matching.stills import resized_by, still_image
from verikit.matching.words import words_of
from verikit.media.array_file import read_arrays, write_arrays
from verikit.media.hashing import LumaDCT
from verikit.media.picture_area import picture_area
from verikit.media.scan import HASHES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.media.scan import Scan

__all__ = [
    "COURSE_PER_SECOND",
    "METHOD",
    "Fingerprint",
    "features_in",
    "fingerprint",
    "fresh_stills",
    "sketch",
    "through",
]

# Fingerprints of another method cannot be compared: the hash, the features and their words.
METHOD = "lumadct:16+siftbits:256/2"

# Tiny pictures a second, to follow what changes: who shakes a head or a camera is elsewhere after a tenth of a second.
COURSE_PER_SECOND = 12
COURSE_HEIGHT, COURSE_WIDTH = 18, 32
# Thumbnails read at once.
CHUNK = 2048

# Below this standard deviation of luma a picture is black, a title card or sky: it looks like everything.
LEAST_CONTRAST = 12.0
# Two stills whose thumbnails differ by less than this, in grey levels on average, show the same: one of them is enough.
SAME_STILL = 1.5
# Of a reference, whose stills are all kept, one is enough of those that differ by less than this: a calm scene's places
# are those of any of its stills.
SAME_OF_REFERENCE = 4.0
# ... but of so many seconds one still is always looked at.
LONGEST_SAME = 4.0
# A still whose luma has a smaller standard deviation than this, in grey levels, is of one colour.
ONE_COLOUR = 1.0
# Long side of a still of which a reference's features are taken: half the work of the still itself.
REFERENCE_SIDE = 360


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fingerprint:
    """What is kept of one video to recognise its footage.

    hasher: name of the method that made codes and features; only equal methods are compared.
    times: float64 (m,) seconds of the hashed instants; usable: bool (m,), False where the picture is nearly flat.
    codes: uint8 (m, 32), the hash of the picture without its borders. thumbs: uint8 (m, 36, 64), luma with borders.
    course: uint8 (c, 18, 32), the same smaller, COURSE_PER_SECOND a second.
    area: the picture without its borders, (left, top, right, bottom) as parts of width and height.
    frame_times, frame_change: float64 and float32 (n,), of every picture its time and how far it differs from the last.
    stills: JPEG bytes at still_times (seconds), still_size their width and height in pixels.
    feature_places, feature_codes, feature_starts: their local features, as in Features; words: uint16 (k,).
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
    thumbs: NDArray[np.uint8]
    course: NDArray[np.uint8]
    frame_times: NDArray[np.float64]
    frame_change: NDArray[np.float32]
    stills: tuple[bytes, ...]
    still_times: NDArray[np.float64]
    still_size: tuple[int, int]
    feature_places: NDArray[np.float32]
    feature_codes: NDArray[np.uint8]
    feature_starts: NDArray[np.int64]
    words: NDArray[np.uint16]

    @property
    def features(self) -> Features:
        """The local features of the stills."""
        return Features(places=self.feature_places, codes=self.feature_codes, starts=self.feature_starts)

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
            "stills": len(self.stills),
            "features": len(self.words),
        }

    def require_same_hasher(self, other: Fingerprint) -> None:
        """Raise IncompatibleError unless both were made by the same method."""
        if self.hasher != other.hasher:
            raise IncompatibleError(
                f"fingerprints of {plain(self.name)} ({self.hasher}) and {plain(other.name)} ({other.hasher}) "
                "cannot be compared; fingerprint both with the same version"
            )

    def to_bytes(self) -> bytes:
        """The fingerprint as one block of bytes, for the archive."""
        held = io.BytesIO()
        meta = {name: getattr(self, name) for name in _PLAIN}
        write_arrays(held, meta, arrays={name: getattr(self, name) for name in _ARRAYS}, blocks=self.stills)
        return held.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """The inverse of `to_bytes`. Raises MediaError where the bytes are damaged or of another version."""
        try:
            meta, arrays, stills = read_arrays(data, _ARRAYS)
        except ValueError as error:
            raise MediaError(
                f"a damaged fingerprint, or one of another version ({error}); add the video again"
            ) from error
        pairs = {name: tuple(meta[name]) for name in ("area", "still_size")}
        return cls(**{**meta, **pairs}, **arrays, stills=stills)


_PLAIN = ("sha256", "name", "hasher", "duration", "width", "height", "area", "still_size")
_ARRAYS = (
    *("times", "usable", "codes", "thumbs", "course", "frame_times", "frame_change", "still_times"),
    *("feature_places", "feature_codes", "feature_starts", "words"),
)


def fingerprint(scan: Scan) -> Fingerprint:
    """The Fingerprint of a scanned video. A pure function of the scan."""
    made = sketch(scan)
    features = _features(made)
    return dataclasses.replace(
        made,
        feature_places=features.places,
        feature_codes=features.codes,
        feature_starts=features.starts,
        words=words_of(features.codes)[:, 0],
    )


def sketch(scan: Scan) -> Fingerprint:
    """The Fingerprint of a video that is only a query: without local features, which `probe` takes of a few stills.

    What is found with it is what is found with the whole fingerprint; nothing can be found in it.
    """
    scan.require_every_picture("a fingerprint")
    thumbs = scan.thumbs[scan.hash_frames]
    borders = picture_area(scan)
    area = (borders.left, borders.top, borders.right, borders.bottom)
    whole = through(thumbs, area)
    stills = tuple(scan.stills)
    none = joined(())
    high, wide = still_image(stills[0]).shape[:2] if stills else (1, 1)
    return Fingerprint(
        sha256=scan.sha256,
        name=scan.name,
        hasher=METHOD,
        duration=scan.duration,
        width=scan.width,
        height=scan.height,
        area=area,
        times=np.arange(len(thumbs), dtype=np.float64) / HASHES_PER_SECOND,
        usable=whole.reshape(len(whole), -1).std(axis=1) >= LEAST_CONTRAST,
        codes=LumaDCT().many(whole),
        thumbs=thumbs,
        course=_course(scan),
        frame_times=scan.times,
        frame_change=np.asarray(scan.frames["change"], np.float32),
        stills=stills,
        still_times=scan.times[scan.still_frames],
        still_size=(wide, high),
        feature_places=none.places,
        feature_codes=none.codes,
        feature_starts=none.starts,
        words=np.empty(0, np.uint16),
    )


def _course(scan: Scan) -> NDArray[np.uint8]:
    """The small pictures of the instants that follow each other COURSE_PER_SECOND a second, shrunk to a quarter."""
    count = max(1, int(np.ceil(scan.duration * COURSE_PER_SECOND)))
    wanted = np.arange(count) / COURSE_PER_SECOND
    # The picture that is on screen at each instant.
    rows = np.clip(np.searchsorted(scan.times, wanted + 1e-6, side="right") - 1, 0, len(scan.times) - 1)
    course = np.empty((count, COURSE_HEIGHT, COURSE_WIDTH), np.uint8)
    for start in range(0, count, CHUNK):
        chosen = np.asarray(scan.thumbs[rows[start : start + CHUNK]])
        blocks = chosen.reshape(len(chosen), COURSE_HEIGHT, 2, COURSE_WIDTH, 2).astype(np.uint16)
        course[start : start + CHUNK] = (blocks.sum(axis=(2, 4)) + 2) // 4
    return course


def through(thumbs: NDArray[np.uint8], area: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Each thumbnail, uint8 (n, height, width), as seen through a part of it, brought back to the thumbnail's own size."""
    if area == (0.0, 0.0, 1.0, 1.0) or not len(thumbs):
        return thumbs
    height, width = thumbs.shape[1:]
    left, top, right, bottom = area
    # Maps the centre of each target pixel to its place in the source.
    across, down = right - left, bottom - top
    matrix = np.array([[across, 0, left * width + (across - 1) / 2], [0, down, top * height + (down - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    edge = cv2.BORDER_REPLICATE
    return np.stack(
        [np.asarray(cv2.warpAffine(t, matrix, (width, height), flags=flags, borderMode=edge), np.uint8) for t in thumbs]
    )


def fresh_stills(made: Fingerprint, *, within: float = SAME_STILL) -> NDArray[np.int64]:
    """The rows of the stills that are looked at: neither of one colour nor showing the same as the one before.

    They show the same where their thumbnails differ by less than `within` grey levels on average.
    """
    rows = np.searchsorted(made.times, made.still_times + 1e-6, side="right") - 1
    thumbs = made.thumbs[np.maximum(rows, 0)].astype(np.int16)
    fresh: list[int] = []
    same = 0
    for row, thumb in enumerate(thumbs):
        alike = bool(fresh) and float(np.abs(thumb - thumbs[fresh[-1]]).mean()) < within
        same = same + 1 if alike else 0
        if alike and same < LONGEST_SAME:
            continue
        same = 0
        if float(thumb.std()) >= ONE_COLOUR:
            fresh.append(row)
    return np.array(fresh, np.int64)


def features_in(
    still: bytes, *, size: tuple[int, int], most: int = MOST_FEATURES, long_side: int | None = None
) -> Features:
    """The local features of a JPEG still, in the pixels of stills of `size`: a film may change its picture half-way.

    Where `long_side` is given they are taken of the still made that small.
    """
    picture = still_image(still)
    shrink = 1.0 if long_side is None else long_side / max(picture.shape[:2])
    if shrink < 1:
        picture = resized_by(picture, shrink)
    grow = np.array([size[0] / picture.shape[1], size[1] / picture.shape[0]], np.float32)
    found = features_of(picture, most=most)
    # Pixel centres lie at half steps, so the scaling is done about them.
    places = found.places.copy()
    places[:, :2] = (places[:, :2] + 0.5) * grow - 0.5
    places[:, 2] *= float(np.sqrt(grow[0] * grow[1]))
    return dataclasses.replace(found, places=places)


def _features(made: Fingerprint) -> Features:
    """The local features of the stills, of which only the fresh have any."""
    fresh = set(fresh_stills(made, within=SAME_OF_REFERENCE).tolist())
    return joined(
        features_in(still, size=made.still_size, long_side=REFERENCE_SIDE) if row in fresh else NO_FEATURES
        for row, still in enumerate(made.stills)
    )
