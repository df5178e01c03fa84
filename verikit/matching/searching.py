"""Searching the archive of known footage."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit.matching.comparing import RADIUS, compare_probe
from verikit.matching.index import open_index
from verikit.matching.matches import Match, match_records, rank
from verikit.matching.probing import probe
from verikit.matching.shortlist import shortlist_of
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.shortlist import Shortlist
    from verikit.matching.store import Archive

__all__ = ["Search", "search"]

LIMITS = (
    "A match says that the same pictures appear in both files, not which came first or what they show. "
    "No match says only that these videos, as they stand in this archive, do not hold the footage in a form that this "
    "search finds: a picture under a tenth of the frame, a few seconds in which nothing moves, and heavy blur together with "
    "a crop can escape it."
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search found and how far it looked. frames: the hashed instants of all videos that were searched.

    of_other_methods: videos of the archive that were fingerprinted by another version and so could not be searched.
    """

    matches: Records[Match]
    videos: int
    frames: int
    hasher: str
    of_other_methods: int
    shortlist: Shortlist

    def to_dict(self) -> dict[str, Any]:
        """The contract's search result, with what a re-check needs."""
        return {
            "matches": [match.to_dict() for match in self.matches],
            "searched": {
                "videos": self.videos,
                "frames": self.frames,
                "hasher": self.hasher,
                "radius": RADIUS,
                "of_other_methods": self.of_other_methods,
                "exact": self.shortlist.whole,
                **self.shortlist.to_dict(),
            },
            "limits": LIMITS,
        }

    def summary(self) -> str:
        """The result in one or two sentences."""
        sure = [match for match in self.matches if match.confirmed]
        looked = (
            f"{self.videos} videos ({self.frames:,} hashed instants) were searched. {self.shortlist.sentence()}".strip()
        )
        if self.of_other_methods:
            looked += f" {self.of_other_methods} were not: another version fingerprinted them; add them again."
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

    A small archive is looked through whole, of a large one what its index points to, on all cores. `progress` is called
    with the videos done and the videos to look into.
    """
    made = probe(query)
    index = open_index(archive, hasher=query.hasher)
    shortlist = shortlist_of(made, index)

    def looked_into(number: int) -> list[Match]:
        # One that another process removed meanwhile is left out.
        with contextlib.suppress(KeyError):
            return compare_probe(made, archive.fingerprint(index.videos[number]))
        return []

    found: list[Match] = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for done, matches in enumerate(pool.map(looked_into, shortlist.videos), start=1):
            found += matches
            if progress is not None:
                progress(done, len(shortlist.videos))
    held = archive.entries()
    frames = sum(entry.instants for entry in held if entry.hasher == query.hasher)
    return Search(
        matches=match_records(rank(found)),
        videos=len(index.videos),
        frames=frames,
        hasher=query.hasher,
        of_other_methods=sum(entry.hasher != query.hasher for entry in held),
        shortlist=shortlist,
    )
