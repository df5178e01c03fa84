"""The same footage elsewhere: comparing two files, searching an archive, and the evidence for people."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit import _html
from verikit.container.inspection import inspect
from verikit.matching.comparing import compare_probe
from verikit.matching.fingerprinting import fingerprint, sketch
from verikit.matching.fuller import shared_by
from verikit.matching.geometry import register_pictures
from verikit.matching.matches import match_records
from verikit.matching.probing import probe
from verikit.matching.searching import Search, search
from verikit.matching.stills import spread, still_image
from verikit.matching.store import open_archive
from verikit.media.decoding import pictures_at
from verikit.media.isolation import Stopped
from verikit.media.sampling import STILL_LONG_SIDE
from verikit.media.scanning import scan_video
from verikit.plots.matches import difference_strip, plot_alignment, side_by_side
from verikit.records import Records, mimebundle, timecode
from verikit.workflow.which_copy import CopyFacts, copies_compared, which_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from verikit.container.description import Container
    from verikit.keyframes.gentle import Gentle
    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.matches import Match
    from verikit.media.scan import Scan
    from verikit.media.video import Video
    from verikit.plots.drawing import Figure
    from verikit.plots.matches import Pair
    from verikit.workflow.which_copy import CopyQuestion

__all__ = [
    "Comparison",
    "CopySearch",
    "claimed_facts",
    "compare_videos",
    "copy_facts",
    "evidence",
    "save_figures",
    "search_video",
]

# Pairs of pictures that are laid on each other to be shown.
PAIRS_SHOWN = 4
# Matched points from which one pair of pictures says better how it lies than the whole clip does.
LEAST_POINTS = 40


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two videos have in common, and which copy is which. The rest is what the figures that show it are drawn from."""

    matches: Records[Match]
    copies: Records[CopyQuestion]
    query: Fingerprint
    reference: Fingerprint
    video: Video
    scan: Scan

    def figures(self) -> tuple[Figure, ...]:
        """The figures that show the matches, drawn now: seconds of work that a script may not want."""
        return tuple(evidence(self.query, self.reference, matches=self.matches, video=self.video, scan=self.scan))

    def to_dict(self) -> dict[str, Any]:
        """The matches as JSON, and which copy is fuller, larger, less degraded and earlier by its own claims."""
        return {
            "matches": [match.to_dict() for match in self.matches],
            "copies": [question.to_dict() for question in self.copies],
        }


def compare_videos(
    query: Video,
    reference: Video,
    *,
    cache: Path | None = None,
    progress: Callable[[str, float, float | None], None] | None = None,
) -> Comparison:
    """Which seconds of one video are which seconds of another.

    Both are decoded at the same time. `progress` is called, from either of two threads, with the name of the file, its
    seconds done and, where known, its seconds in all.
    """
    stopped = threading.Event()

    def scanned(video: Video) -> Scan:
        def tell(done: float, whole: float | None) -> None:
            if stopped.is_set():
                raise Stopped
            if progress is not None:
                progress(video.name, done, whole)

        return scan_video(video, cache=cache, progress=tell)

    with ThreadPoolExecutor(max_workers=1) as beside:
        later = beside.submit(lambda: fingerprint(scanned(reference)))
        try:
            scan = scanned(query)
            made = probe(sketch(scan))
            other = later.result()
        except BaseException:
            # An interrupted comparison must not go on with the other file until that is through.
            stopped.set()
            raise
        # The other core is free again.
        mine = beside.submit(copy_facts, query, made.query, role="query")
        theirs = beside.submit(copy_facts, reference, other, role="reference")
        matches = match_records(compare_probe(made, other))
        copies: tuple[CopyQuestion, ...] = ()
        if matches:
            copies = which_copy(mine.result(), theirs.result(), shared_by(made.query, other, matches))
    return Comparison(
        matches=matches,
        copies=copies_compared(copies, query=query.name, reference=reference.name),
        query=made.query,
        reference=other,
        video=query,
        scan=scan,
    )


def search_video(archive: Path, video: Video, *, cache: Path | None = None) -> Search:
    """Where the footage of a video appears in the archive in a folder."""
    return search(open_archive(archive), sketch(scan_video(video, cache=cache)))


def save_figures(figures: Sequence[Figure], folder: Path) -> tuple[Path, ...]:
    """Write figures into a folder as evidence_1.png and so on. Returns their paths."""
    endings = {"image/png": "png", "image/jpeg": "jpg"}
    return tuple(
        figure.save(folder / f"evidence_{number}.{endings[figure.mime]}") for number, figure in enumerate(figures, 1)
    )


def evidence(
    query: Fingerprint,
    reference: Fingerprint,
    *,
    matches: Iterable[Match],
    video: Video,
    scan: Scan,
    look: Gentle | None = None,
) -> Iterator[Figure]:
    """For matches with one reference: the alignment, and for the surest the best pair of pictures and what differs.

    `video` and `scan` are the query's, so that its picture of any moment can be fetched. `look` changes how pictures are
    shown, as for footage that may distress; what is compared are the pictures themselves.
    """
    held = list(matches)
    if not held:
        return
    yield plot_alignment(query, reference, held)
    for match in held[:3]:
        pairs = list(_pairs(video, scan, reference=reference, match=match))
        if pairs:
            yield from _shown(pairs, match=match, size=(query, reference), look=look)


def _pairs(query: Video, scan: Scan, *, reference: Fingerprint, match: Match) -> Iterator[Pair]:
    """Some of the reference's stills within the match, each with the query's picture of the very moment."""
    span = match.reference_span
    inside = np.nonzero((reference.still_times >= span.start) & (reference.still_times <= span.end))[0]
    moments = {
        int(scan.frames["pts"][scan.index_at((float(reference.still_times[row]) - match.offset) * match.speed)]): row
        for row in spread(inside, most=PAIRS_SHOWN)
    }
    for pts, picture in pictures_at(query, list(moments), long_side=STILL_LONG_SIDE):
        time = float((pts - int(scan.frames["pts"][0])) * scan.time_base)
        there = float(reference.still_times[moments[pts]])
        yield (
            # A name may run from right to left: a word of ours before it keeps the line's order.
            (f"At {timecode(time)}: {query.name}", picture),
            (f"At {timecode(there)}: {reference.name}", still_image(reference.stills[moments[pts]])),
        )


def _shown(
    pairs: Sequence[Pair],
    *,
    match: Match,
    size: tuple[Fingerprint, Fingerprint],
    look: Gentle | None,
) -> Iterator[Figure]:
    """The pair of pictures with the most matched points side by side, and all pairs laid on each other.

    Each pair is laid by its own points: a hand that shook between two stills moves the map by a pixel or two.
    """
    found = [
        register_pictures(one[1], other[1], mirrored=match.mirrored, inverted=match.negative) for one, other in pairs
    ]
    points = [0 if registration is None else registration.inliers for registration in found]
    best = points.index(max(points))
    yield side_by_side(*pairs[best], registration=found[best], look=look)
    maps = []
    for (one, other), registration in zip(pairs, found, strict=True):
        grow = np.diag([size[0].width / one[1].shape[1], size[0].height / one[1].shape[0], 1.0])
        shrink = np.diag([other[1].shape[1] / size[1].width, other[1].shape[0] / size[1].height, 1.0])
        if registration is not None and registration.inliers >= LEAST_POINTS:
            maps.append(registration.homography)
        else:
            maps.append(shrink @ np.array(match.homography) @ grow)
    yield difference_strip(pairs, maps=maps, look=look)


def claimed_facts(container: Container, made: Fingerprint) -> dict[str, Any]:
    """What a file claims of itself that helps to say which copy is earlier, fuller or less degraded."""
    return {
        "created": [fact.to_dict() for fact in container.facts.created],
        "width": made.width,
        "height": made.height,
        "container": container.format,
    }


def copy_facts(video: Video, made: Fingerprint, *, role: str) -> CopyFacts:
    """What a file is and claims of itself, for the table of copies."""
    return CopyFacts(
        name=video.name,
        role=role,
        duration=made.duration,
        width=made.width,
        height=made.height,
        size=video.size,
        created=tuple(claimed_facts(inspect(video), made)["created"]),
        sha256=made.sha256,
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CopySearch:
    """A search for earlier copies: what was found, the copies side by side, and the figures that show each match.

    compared: for each copy in the archive which of it and the clip is fuller, larger, less degraded and earlier.

    `search` is None where the case names no archive: then nothing was searched, and nothing follows.
    """

    search: Search | None
    copies: Records[CopyFacts]
    compared: tuple[Records[CopyQuestion], ...]
    figures: tuple[Figure, ...]

    def to_dict(self) -> dict[str, Any]:
        """The search and the copies as JSON, and the clip beside each of them."""
        return {
            "search": None if self.search is None else self.search.to_dict(),
            "copies": [copy.to_dict() for copy in self.copies],
            "compared": [questions.to_dict() for questions in self.compared],
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        if self.search is None:
            told = "This case names no archive of known footage. Nothing was searched, and nothing follows from that."
            return mimebundle(self, plain_text=told, html=_html.element("p", told))
        parts = [self.search._repr_mimebundle_(), self.copies._repr_mimebundle_()]
        parts += [questions._repr_mimebundle_() for questions in self.compared]
        text = "\n\n".join(part["text/plain"] for part in parts)
        html = _html.join([_html.Html(part["text/html"]) for part in parts])
        return mimebundle(self, plain_text=text, html=html)
