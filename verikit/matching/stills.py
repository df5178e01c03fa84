"""Pairs of stills along an alignment, and how one picture lies on the other."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.errors import MediaError
from verikit.matching.geometry import Registration, features_of, register, unflipped
from verikit.media.sampling import STILL_LONG_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.motion import Laying

__all__ = ["StillPair", "full_size", "register_pictures", "register_stills", "spread", "still_image", "still_pairs"]

# Pairs of stills that are registered for one aligned stretch.
REGISTERED = 4
# A still of the reference may lie this far in time from the aligned instant.
STILL_REACH = 0.6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StillPair:
    """Two stills (JPEG bytes) of one aligned instant, and how the query's lies on the reference's."""

    query_time: float
    reference_time: float
    query: bytes
    reference: bytes
    registration: Registration | None

    @property
    def inliers(self) -> int:
        """Matched points that agree; 0 where no geometry holds."""
        return 0 if self.registration is None else self.registration.inliers


def full_size(
    registration: Registration | None, query: Fingerprint, reference: Fingerprint
) -> NDArray[np.float64] | None:
    """The homography between the videos' own pixels rather than their stills'."""
    if registration is None:
        return None
    one, other = (max(1.0, max(side.width, side.height) / STILL_LONG_SIDE) for side in (query, reference))
    return registration.scaled(query=(one, one), reference=(other, other))


def still_pairs(query: Fingerprint, reference: Fingerprint, *, laying: Laying) -> list[StillPair]:
    """Pairs of stills along a laying, registered, most matched points first."""
    span = laying.span
    if not query.stills or not reference.stills:
        return []
    near = (query.still_times >= span.start - STILL_REACH) & (query.still_times <= span.end + STILL_REACH)
    inside = np.nonzero(near)[0]
    pairs = []
    for index in spread(inside, most=REGISTERED):
        place = laying.offset + query.still_times[index] / laying.speed
        nearest = int(np.abs(reference.still_times - place).argmin())
        if abs(reference.still_times[nearest] - place) > STILL_REACH:
            continue
        one, other = query.stills[index], reference.stills[nearest]
        pairs.append(
            StillPair(
                query_time=float(query.still_times[index]),
                reference_time=float(reference.still_times[nearest]),
                query=one,
                reference=other,
                registration=register_stills(one, other, mirrored=laying.mirrored),
            )
        )
    return sorted(pairs, key=lambda pair: -pair.inliers)


def spread(rows: NDArray[np.int64], *, most: int) -> NDArray[np.int64]:
    """At most `most` of the rows, evenly spread, the first and the last among them."""
    chosen: NDArray[np.int64] = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))]
    return chosen


def register_stills(query: bytes, reference: bytes, *, mirrored: bool) -> Registration | None:
    """The registration of two JPEG stills, as `register_pictures` gives it."""
    return register_pictures(still_image(query), still_image(reference), mirrored=mirrored)


def register_pictures(query: NDArray[np.uint8], reference: NDArray[np.uint8], *, mirrored: bool) -> Registration | None:
    """The registration of two RGB pictures; a mirrored query is flipped first, and the flip is part of the result."""
    flipped = np.ascontiguousarray(query[:, ::-1]) if mirrored else query
    found = register(features_of(flipped), features_of(reference))
    return unflipped(found, width=query.shape[1]) if found is not None and mirrored else found


def still_image(data: bytes) -> NDArray[np.uint8]:
    """A JPEG still as RGB, shape (height, width, 3)."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise MediaError("a still that is no JPEG picture; scan the video again")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
