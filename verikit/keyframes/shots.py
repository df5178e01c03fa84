"""Shots: stretches of one camera's view between two changes of it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np

from verikit import _html
from verikit._files import plain
from verikit.keyframes.gradual import find_gradual
from verikit.keyframes.small_pictures import SmallPictures
from verikit.keyframes.transitions import find_cuts
from verikit.records import Records, Span, mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit.keyframes.transitions import Transition
    from verikit.media.scan import Scan

__all__ = ["Detector", "Shot", "SmallPictureDetector", "detect_shots"]

# Frames by which the end of half a fade may miss the cut beside it.
EDGE = 2
COLUMNS = ("index", "start", "end", "transition_in", "transition_span", "frames")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One shot. Shots follow each other without gaps: each begins with the transition that leads into it.

    `start` and `end` are seconds, [start, end), from the first presented picture. `transition_in` says how the shot
    begins; `transition_span` is the time from the first frame of a gradual transition to the first frame that shows
    this shot alone, None for a cut and for the film's start. `start_pts`, `full_pts` (that first frame alone) and
    `end_pts` (the next shot's first frame; for the last shot, where its last frame's time runs out) count in
    `time_base` of stream `stream`.
    """

    index: int
    start: float
    end: float
    transition_in: Literal["start", "cut", "dissolve", "fade", "wipe"]
    transition_span: Span | None
    start_pts: int
    full_pts: int
    end_pts: int
    time_base: Fraction
    stream: int
    frames: int

    @property
    def span(self) -> Span:
        """The shot's time."""
        return Span(self.start, self.end)

    def to_dict(self) -> dict[str, Any]:
        """The shot as JSON; seconds to the microsecond. A cut's transition takes no time: [start, start]."""
        at_once = Span(self.start, self.start)
        return {
            "index": self.index,
            "start": round(self.start, 6),
            "end": round(self.end, 6),
            "transition_in": self.transition_in,
            "transition_span": (self.transition_span or at_once).to_list(),
            "start_pts": self.start_pts,
            "full_pts": self.full_pts,
            "end_pts": self.end_pts,
            "time_base": str(self.time_base),
            "stream": self.stream,
            "frames": self.frames,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`, seconds to the microsecond."""
        gradual = data["transition_in"] not in {"start", "cut"}
        return cls(
            **{
                **data,
                "transition_span": Span.from_list(data["transition_span"]) if gradual else None,
                "time_base": Fraction(data["time_base"]),
            }
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(name.replace("_", " "), value) for name, value in self.to_dict().items()]
        text = "\n".join(f"{name}: {plain(str(value))}" for name, value in rows)
        title = f"Shot {self.index}: {timecode(self.start)} to {timecode(self.end)}"
        return mimebundle(self, plain_text=text, html=_html.definition(rows, caption=title))


class Detector(Protocol):
    """A way to find changes of shot, ready to be called on a scan."""

    def __call__(self, scan: Scan, /) -> Sequence[Transition]:
        """The transitions, ascending and apart from each other."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SmallPictureDetector:
    """Finds cuts, dissolves, fades and wipes by comparing the scan's small pictures; the toolkit's own detector.

    A cut is a frame that differs from the one before by at least `least_difference` grey levels after small motion is
    allowed for, by at least `least_ratio` times as much as the two steps on each side of it, with a correlation of
    both pictures under any shift below `most_likeness`, or in fine detail; a jump of five times what is around it may be
    one within one take. Flashes of up to 0.13 s, and jumps after which the same picture comes back within two seconds,
    are none. A dissolve may leave `most_unexplained` of what happens in it, 1 being what a jump in the middle would leave;
    see `verikit.keyframes.mixtures` for what else it must show.

    The defaults were set on six films with 61 known cuts, whose smallest comes to 19 grey levels, 3 times its
    surroundings, and whose most alike sides correlate by 0.71; in 16 single takes jolts correlate by 0.89 and more. What
    concerns gradual transitions and cuts within one take was set on 18 composed films with 318 and 300 of them.
    """

    least_difference: float = 9.0
    least_ratio: float = 1.6
    most_likeness: float = 0.78
    most_unexplained: float = 1.3

    def __call__(self, scan: Scan, /) -> tuple[Transition, ...]:
        """The transitions of a scanned film. A pure function of its `thumbs`, `chroma` and pts."""
        pictures, times = SmallPictures.of(scan), scan.times
        cuts = find_cuts(
            pictures,
            times,
            least_difference=self.least_difference,
            least_ratio=self.least_ratio,
            most_likeness=self.most_likeness,
        )
        first_frames = [cut.first for cut in cuts]
        gradual = find_gradual(pictures, times, first_frames, most_unexplained=self.most_unexplained)
        return _together(cuts, gradual)


def _together(cuts: Sequence[Transition], gradual: Sequence[Transition]) -> tuple[Transition, ...]:
    """Cuts and gradual transitions, ascending and apart.

    A jump to black from which a view rises, or from black into which one sank, is a cut beside half a fade; any other cut
    at a fade is a part of it. No shot begins or ends in a dissolve or wipe right at a cut: what looks so is within the shot.
    """
    kept, apart = [], []
    taken: set[int] = set()
    for one in gradual:
        first, full = one.first, one.full
        beside = [cut for cut in cuts if one.first - EDGE <= cut.first <= one.full + EDGE]
        if beside and one.kind != "fade":
            continue
        for cut in beside:
            taken.add(cut.first)
            at_start, at_end = abs(cut.first - one.first) <= EDGE, abs(cut.first - one.full) <= EDGE
            if at_start and cut.first + 1 < full:
                first = cut.first + 1
                kept.append(cut)
            elif at_end and first < cut.first - 1:
                full = cut.first - 1
                kept.append(cut)
        apart.append(dataclasses.replace(one, first=first, full=full))
    kept += [cut for cut in cuts if cut.first not in taken]
    return tuple(sorted([*kept, *apart], key=lambda change: change.first))


def detect_shots(scan: Scan, *, detector: Detector | None = None) -> Records[Shot]:
    """The shots of a film with the cuts, dissolves, fades and wipes between them.

    `detector` is `SmallPictureDetector()` unless another is named, such as `TransNet()`. Raises IncompatibleError for a
    partial scan.
    """
    scan.require_every_picture("detecting shots")
    found = (detector or SmallPictureDetector())(scan)
    return Records(_shots(scan, found), caption=f"Shots of {plain(scan.name)}", columns=COLUMNS)


def _shots(scan: Scan, changes: Sequence[Transition]) -> list[Shot]:
    pts = scan.frames["pts"]
    first, base = int(pts[0]), scan.time_base
    step = max(1, round(float(np.median(np.diff(pts))))) if len(pts) > 1 else 1
    starts = [0, *(change.first for change in changes)]
    full = [0, *(change.full for change in changes)]
    kinds: list[Literal["start", "cut", "dissolve", "fade", "wipe"]] = ["start", *(change.kind for change in changes)]
    bounds = [*(int(pts[row]) for row in starts), int(pts[-1]) + step]

    def seconds(tick: int) -> float:
        return float((tick - first) * base)

    return [
        Shot(
            index=index,
            start=seconds(bounds[index]),
            end=seconds(bounds[index + 1]),
            transition_in=kinds[index],
            transition_span=(
                Span(seconds(bounds[index]), seconds(int(pts[full[index]]))) if full[index] > starts[index] else None
            ),
            start_pts=bounds[index],
            full_pts=int(pts[full[index]]),
            end_pts=bounds[index + 1],
            time_base=base,
            stream=scan.stream,
            frames=([*starts, len(pts)][index + 1] - starts[index]),
        )
        for index in range(len(starts))
    ]
