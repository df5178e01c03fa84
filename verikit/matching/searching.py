"""Searching the archive of known footage."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit.matching.comparing import RADIUS, compare_probe
from verikit.matching.matches import Match, match_records, rank
from verikit.matching.probing import probe
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.store import Archive

__all__ = ["Search", "search"]

LIMITS = (
    "A match says that the same pictures appear in both files, not which came first or what they show. "
    "No match says only that these videos, as they stand in this archive, do not hold the footage in a form that this "
    "search finds: picture-in-picture, rotation, heavy crops and filmed screens can escape it."
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search found and how far it looked. `exact` says that every hash was compared with every other."""

    matches: Records[Match]
    videos: int
    frames: int
    hasher: str
    radius: int = RADIUS
    exact: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The contract's search result, with what a re-check needs."""
        return {
            "matches": [match.to_dict() for match in self.matches],
            "searched": {
                "videos": self.videos,
                "frames": self.frames,
                "hasher": self.hasher,
                "radius": self.radius,
                "exact": self.exact,
            },
            "limits": LIMITS,
        }

    def summary(self) -> str:
        """The result in one or two sentences."""
        sure = [match for match in self.matches if match.confirmed]
        looked = f"{self.videos} videos ({self.frames:,} hashed instants) were searched."
        if not sure:
            return f"No confirmed match. {looked}"
        return f"{len(sure)} confirmed {'match' if len(sure) == 1 else 'matches'}. {sure[0].sentence()} {looked}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = self.matches._repr_mimebundle_()
        text = "\n".join([self.summary(), shown["text/plain"], LIMITS])
        html = _html.join(
            [_html.element("p", self.summary()), _html.Html(shown["text/html"]), _html.element("p", LIMITS)]
        )
        return mimebundle(self, plain_text=text, html=html)


def search(archive: Archive, query: Fingerprint, *, progress: Callable[[int, int], None] | None = None) -> Search:
    """Where the footage of `query` appears in the archive, surest first.

    `progress` is called with the videos done and the videos in all.
    """
    total = len(archive.entries())
    found: list[Match] = []
    made = probe(query)
    videos = frames = 0
    for done, reference in enumerate(archive.fingerprints(), start=1):
        videos += 1
        frames += len(reference.times)
        found += compare_probe(made, reference)
        if progress is not None:
            progress(done, total)
    return Search(matches=match_records(rank(found)), videos=videos, frames=frames, hasher=query.hasher)
