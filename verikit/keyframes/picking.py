"""Keyframes: the few pictures that stand for a film when it is searched for elsewhere."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from verikit import _html
from verikit._files import plain
from verikit.errors import IncompatibleError
from verikit.keyframes.small_pictures import FLAT, SmallPictures
from verikit.media.hashing import LumaDCT, hamming
from verikit.records import Records, mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from verikit.keyframes.shots import Shot
    from verikit.media.scan import Scan

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["Keyframe", "pick_keyframes"]

COLUMNS = ("time", "pts", "shot", "sharpness", "reason", "same_view")

# Frames next to a transition that are left out: codecs smear them, and a blend may begin earlier than it was seen.
MARGIN = 3
# A stretch of one view that is shorter, in frames, is the middle of a whip pan and shows a blur.
LEAST_STRETCH = 5
# So many frames of a stretch, evenly spread, are compared with each of its frames.
SAMPLE = 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """A picture that stands for a stretch of one view.

    `time` is seconds from the first presented picture, `pts` the exact instant in `time_base` of stream `stream`,
    `shot` the index of its shot, `sharpness` the variance of the Laplacian (as in `Scan.frames`). `same_view` are the
    times of the pictures that were left out because they look like this one.
    """

    time: float
    pts: int
    time_base: Fraction
    stream: int
    shot: int
    sharpness: float
    reason: str
    same_view: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The keyframe as JSON; seconds to the microsecond."""
        return {
            "time": round(self.time, 6),
            "pts": self.pts,
            "time_base": str(self.time_base),
            "stream": self.stream,
            "shot": self.shot,
            "sharpness": round(self.sharpness, 3),
            "reason": self.reason,
            "same_view": [round(time, 6) for time in self.same_view],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`, to the digits that it writes."""
        return cls(
            **{**data, "time_base": Fraction(data["time_base"]), "same_view": tuple(map(float, data["same_view"]))}
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(name.replace("_", " "), value) for name, value in self.to_dict().items()]
        text = "\n".join(f"{name}: {plain(str(value))}" for name, value in rows)
        title = f"Keyframe at {timecode(self.time)}"
        return mimebundle(self, plain_text=text, html=_html.definition(rows, caption=title))


@dataclasses.dataclass(slots=True, kw_only=True)
class _Stretch:
    """Frames of one shot that show one view, the best of them, and the best ones of other stretches that look alike."""

    shot: int
    rows: Rows
    best: int
    alike: list[int]


def pick_keyframes(
    scan: Scan,
    shots: Sequence[Shot],
    *,
    most: int | None = None,
    least_contrast: float = FLAT,
    view_distance: int = 12,
    alike_distance: int = 10,
) -> Records[Keyframe]:
    """Keyframes in order of time: a sharp, still and typical picture of each stretch of a shot that keeps its view.

    A stretch ends where the picture's 64-bit hash (`LumaDCT(size=8)`) is over `view_distance` bits from the stretch's
    first. Left out are transitions and three frames on each side where the shot is long enough, pictures of a
    contrast (bars left aside) under `least_contrast` grey levels and damaged ones; a shot that has no others gives none, and the caption
    says so. A keyframe within `alike_distance` bits of an earlier one is not kept but noted in its `same_view`.
    `most` keeps that many, the longest stretches of all shots in turn.

    The distances: perceptual hashes of 64 bits within 10 are usually taken for the same picture; two bits more keep
    noise from splitting. Raises IncompatibleError where `shots` are not of this scan.
    """
    if most is not None and most < 1:
        raise ValueError(f"most: at least 1, not {most}")
    hashes = LumaDCT(size=8).many(scan.thumbs)
    contrast = SmallPictures.of(scan).contrast()
    kept: list[_Stretch] = []
    without = []
    for shot, after in zip(shots, [*shots[1:], None], strict=True):
        rows = _usable(scan, shot, last=after is None, contrast=contrast, least_contrast=least_contrast)
        if not len(rows):
            without.append(shot.index)
        for part in _split(hashes, rows, view_distance=view_distance):
            best = _best(scan, part, hashes=hashes, alike_distance=alike_distance)
            apart = hamming(hashes[[best]], hashes[[stretch.best for stretch in kept]])[0] if kept else np.empty(0)
            if (apart <= alike_distance).any():
                kept[int(np.argmin(apart))].alike.append(best)
            else:
                kept.append(_Stretch(shot=shot.index, rows=part, best=best, alike=[]))
    chosen = kept if most is None else _in_turn(kept, most=most)
    caption = f"Keyframes of {plain(scan.name)}"
    if len(chosen) < len(kept):
        caption += f", {len(chosen)} of {len(kept)}"
    if without:
        caption += f"; none in shots {', '.join(map(str, without))}, which show nothing but plain or damaged pictures"
    return Records([_keyframe(scan, stretch) for stretch in chosen], caption=caption, columns=COLUMNS)


def _usable(scan: Scan, shot: Shot, *, last: bool, contrast: Floats, least_contrast: float) -> Rows:
    """Rows of the shot's frames that may stand for it."""
    pts = scan.frames["pts"]
    start, full, end = (int(row) for row in np.searchsorted(pts, [shot.start_pts, shot.full_pts, shot.end_pts]))
    if start >= len(pts) or pts[start] != shot.start_pts or full >= end:
        raise IncompatibleError(f"shot {shot.index}: not a shot of this scan of {plain(scan.name)}; detect shots again")
    # The film's own start and end are no transitions.
    room = (end - full - 1) // 3
    begin = full if shot.transition_in == "start" else full + min(MARGIN, room)
    stop = end if last else end - min(MARGIN, room)
    rows = np.arange(begin, stop)
    usable: Rows = rows[(contrast[rows] >= least_contrast) & ~scan.frames["corrupt"][rows]]
    return usable


def _split(hashes: NDArray[np.uint8], rows: Rows, *, view_distance: int) -> list[Rows]:
    """The rows cut where the view has moved away from the stretch's first; short stretches only if there is no other."""
    parts = []
    rest = rows
    while len(rest):
        away = np.flatnonzero(hamming(hashes[rest[:1]], hashes[rest])[0] > view_distance)
        end = int(away[0]) if len(away) else len(rest)
        parts.append(rest[:end])
        rest = rest[end:]
    long = [part for part in parts if len(part) >= LEAST_STRETCH]
    return long or sorted(parts, key=len, reverse=True)[:1]


def _best(scan: Scan, rows: Rows, *, hashes: NDArray[np.uint8], alike_distance: int) -> int:
    """The row with the greatest product of sharpness, stillness (both as ranks) and how many frames look like it.

    Among equals it is the middlemost.
    """
    change = scan.frames["change"]
    # A picture is still if it resembles the one before and the one after.
    after = np.minimum(rows + 1, len(change) - 1)
    motion = np.maximum(change[rows], np.where(after > rows, change[after], 0))
    sharp, moving = _ranks(scan.frames["sharpness"][rows]), _ranks(motion)
    # Some frames stand for all: a fixed camera's shot may be hours long.
    some = rows[:: -(-len(rows) // SAMPLE)]
    covered = (hamming(hashes[rows], hashes[some]) <= alike_distance).mean(axis=1)
    score = (1 + sharp) * (1 + moving.max() - moving) * covered
    equals = np.flatnonzero(score == score.max())
    return int(rows[equals[np.argmin(np.abs(equals - (len(rows) - 1) / 2))]])


def _ranks(values: NDArray[np.float32]) -> Rows:
    """How many of the values are lower, for each of them."""
    return np.searchsorted(np.sort(values), values, side="left").astype(np.int64)


def _in_turn(stretches: Sequence[_Stretch], *, most: int) -> list[_Stretch]:
    """The longest stretch of each shot, then the second longest of each, and so on up to `most`; in order of time."""
    by_shot: dict[int, list[_Stretch]] = {}
    for stretch in sorted(stretches, key=lambda stretch: (-len(stretch.rows), stretch.best)):
        by_shot.setdefault(stretch.shot, []).append(stretch)
    turns = [(turn, -len(s.rows), s.best, s) for row in by_shot.values() for turn, s in enumerate(row)]
    taken = sorted(turns, key=lambda turn: turn[:3])[:most]
    return sorted((turn[3] for turn in taken), key=lambda stretch: stretch.best)


def _keyframe(scan: Scan, stretch: _Stretch) -> Keyframe:
    times, row, rows = scan.times, stretch.best, stretch.rows
    begin, end = timecode(float(times[rows[0]])), timecode(float(times[rows[-1]]))
    if len(rows) == 1:
        reason = f"the only usable frame of shot {stretch.shot}"
    else:
        reason = f"sharp, still and typical among {len(rows)} frames in shot {stretch.shot}, {begin} to {end}"
    return Keyframe(
        time=float(times[row]),
        pts=int(scan.frames["pts"][row]),
        time_base=scan.time_base,
        stream=scan.stream,
        shot=stretch.shot,
        sharpness=float(scan.frames["sharpness"][row]),
        reason=reason,
        same_view=tuple(float(times[other]) for other in sorted(stretch.alike)),
    )
