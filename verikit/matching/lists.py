"""What lists tell that others made: PDQ hashes of videos and stills, without the pictures; and looking a clip up in them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from verikit._files import canonical_json, sha256_text
from verikit.media.hashing import PDQ
from verikit.records import Records, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from verikit.matching.lookups import Hits

__all__ = ["LEAST_QUALITY", "LISTED_HASHER", "RADIUS", "ListHit", "Listed", "list_hits", "listed_from_stills"]

LISTED_HASHER = PDQ().name
# What PDQ's authors advise to begin with: hashes of a lower quality are left out, those as near as this are alike.
LEAST_QUALITY = 50
RADIUS = 31


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listed:
    """What a list tells of one video or of a set of stills: hashes that someone else made. There are no pictures to show.

    name: of the video, or of the list where it is one of stills. codes: uint8 (m, 32) PDQ as its hex reads; qualities:
    uint8 (m,) from 0 to 100, 100 where the list says none; times: float64 (m,) seconds, NaN for stills; labels: what
    the list says beside each hash. origin: the list's file name.
    """

    name: str
    origin: str
    codes: NDArray[np.uint8]
    qualities: NDArray[np.uint8]
    times: NDArray[np.float64]
    labels: tuple[str, ...]

    @property
    def hasher(self) -> str:
        """The method that made the codes."""
        return LISTED_HASHER

    @property
    def of_stills(self) -> bool:
        """Whether it tells of stills rather than of one video's seconds."""
        return bool(np.isnan(self.times).all())

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which hashes are of pictures that hold enough: bool (m,)."""
        return self.qualities >= LEAST_QUALITY

    @property
    def key(self) -> str:
        """The SHA-256 of what the list tells, in hex: one and the same list is taken in once."""
        return sha256_text(canonical_json(self.to_dict()))

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "name": self.name,
            "origin": self.origin,
            "hashes": [code.tobytes().hex() for code in self.codes],
            "qualities": self.qualities.tolist(),
            "times": [None if math.isnan(time) else time for time in self.times.tolist()],
            "labels": list(self.labels),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(
            name=data["name"],
            origin=data["origin"],
            codes=np.frombuffer(bytes.fromhex("".join(data["hashes"])), np.uint8).reshape(-1, 32),
            qualities=np.array(data["qualities"], np.uint8),
            times=np.array([math.nan if time is None else time for time in data["times"]], np.float64),
            labels=tuple(data["labels"]),
        )


def listed_from_stills(name: str, stills: Iterable[NDArray[np.uint8]], *, times: NDArray[np.float64]) -> Listed:
    """The PDQ hashes of a video's stills, uint8 RGB or grey, at `times` (seconds), as a list tells them."""
    hashes = [PDQ().with_quality(still) for still in stills]
    return Listed(
        name=name,
        origin="",
        codes=np.frombuffer(b"".join(made.bits for made, _ in hashes), np.uint8).reshape(-1, 32),
        qualities=np.array([quality for _, quality in hashes], np.uint8),
        times=np.asarray(times, np.float64),
        labels=("",) * len(hashes),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ListHit:
    """A listed video or set of stills that resembles seconds of a clip, by PDQ alone: no picture was compared.

    query_span: seconds of the clip from the first still that agrees to the last; matched: stills of the clip that agree,
    of `asked` that hold enough; share: of the listed hashes that agree; distance: bits that differ at best; label and
    time: what the list says beside the nearest hash.
    """

    name: str
    origin: str
    key: str
    query_span: Span
    matched: int
    asked: int
    share: float
    distance: int
    label: str
    time: float | None

    def to_dict(self) -> dict[str, Any]:
        """The hit as JSON."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**fields, "query_span": self.query_span.to_list(), "share": round(self.share, 4)}


def list_hits(asked: Listed, hits: Hits, *, lists: Mapping[int, Listed]) -> Records[ListHit]:
    """The lists that hold pictures near a clip's, those with most agreeing stills first.

    `hits` are those of the clip's usable hashes; `lists` are the lists by their number in the archive.
    """
    times = asked.times[asked.usable]
    found = [_hit(listed, times, hits=hits, number=number) for number, listed in lists.items()]
    ranked = sorted((hit for hit in found if hit is not None), key=lambda hit: (-hit.matched, hit.distance, hit.name))
    columns = ("name", "query_span", "matched", "asked", "distance", "label", "origin")
    return Records(ranked, caption="Lists that hold such pictures, by PDQ alone", columns=columns)


def _hit(listed: Listed, times: NDArray[np.float64], *, hits: Hits, number: int) -> ListHit | None:
    mine = hits.videos == number
    if not mine.any():
        return None
    rows, instants, distances = hits.rows[mine], hits.instants[mine], hits.distances[mine]
    best = int(np.argmin(distances))
    time = float(listed.times[instants[best]])
    return ListHit(
        name=listed.name,
        origin=listed.origin,
        key=listed.key,
        query_span=Span(float(times[rows].min()), float(times[rows].max())),
        matched=len(np.unique(rows)),
        asked=len(times),
        share=len(np.unique(instants)) / int(listed.usable.sum()),
        distance=int(distances[best]),
        label=listed.labels[instants[best]],
        time=None if math.isnan(time) else time,
    )
