"""The gate before alignment: which videos a search looks into, so that common footage does not flood it, and what is told.

Black pictures, intros, logos, the studio: such instants lie near instants of many videos and say little of any. They
are told apart by how many videos they are found in, in this archive and at this search. No list is kept that could age.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from verikit.matching.lookups import Hits

__all__ = ["Gate", "gate_of", "most_common"]

# An instant that is found in more videos than these is common, however small the archive: more copies of one piece of
# footage than that are rare, and looking into them all takes no longer than a search may take.
LEAST_COMMON = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gate:
    """Which videos to look into, and what was left out.

    videos: uint32 (v,) their numbers, those with most agreeing instants first. common: bool (n,) which queries are of
    common footage: found in more than `limit` videos. Every video with a hit of another query is looked into; of those
    that share common footage alone the `limit` first are, and `left_out` counts the rest.
    """

    videos: NDArray[np.uint32]
    common: NDArray[np.bool_]
    limit: int
    left_out: int

    def to_dict(self, times: Sequence[float] | NDArray[np.float64] | None = None) -> dict[str, Any]:
        """What was looked into and what was not, as JSON. `times` are the seconds of the queries, else their numbers."""
        rows = np.nonzero(self.common)[0]
        told = rows.tolist() if times is None else np.round(np.asarray(times)[rows], 3).tolist()
        return {
            "looked_into": len(self.videos),
            "common_instants": told,
            "common_means_more_videos_than": self.limit,
            "videos_left_out": self.left_out,
        }

    def sentence(self) -> str:
        """What was left out, for people; empty where nothing was."""
        if not self.left_out:
            return ""
        return (
            f"{int(self.common.sum())} instants of the clip lie near footage of more than {self.limit} videos, such as an "
            f"intro or a studio; of the videos that share nothing else with it {self.left_out} were not looked into."
        )


def most_common(videos: int) -> int:
    """In how many videos of an archive of `videos` an instant may be found before it counts as common footage.

    The square root, and 20 at least: an archive that is a hundred times as large holds more copies of everything, but
    looking into a hundred times as many for one instant would be the flood.
    """
    return max(LEAST_COMMON, math.isqrt(videos))


def gate_of(hits: Hits, *, videos: int, limit: int | None = None) -> Gate:
    """The videos to look into for these hits in an archive of `videos` videos.

    No piece of footage is dropped for being common: where a clip shares nothing but common footage, the videos that
    share most of it are still looked into.
    """
    limit = most_common(videos) if limit is None else limit
    common = hits.found_videos > limit
    found, places = np.unique(hits.videos, return_inverse=True)
    # A query counts once for a video, however many of its instants are near.
    pairs = np.unique(np.stack([places, hits.rows]), axis=1) if len(places) else np.empty((2, 0), np.int64)
    agreeing = np.bincount(pairs[0], minlength=len(found))
    telling = np.bincount(pairs[0][~common[pairs[1]]], minlength=len(found)) > 0
    bits = np.full(len(found), np.iinfo(np.int64).max)
    np.minimum.at(bits, places, hits.distances.astype(np.int64))
    order = np.lexsort((found, bits, -agreeing, ~telling))
    kept = int(telling.sum()) + min(limit, int((~telling).sum()))
    # What the limit on hits cut off of a video that nothing else points to was not looked into either.
    unseen = int(max(0, (hits.found_videos.max(initial=0)) - len(found)))
    return Gate(videos=found[order[:kept]], common=common, limit=limit, left_out=len(found) - kept + unseen)
