"""Keyframes: the few pictures that stand for a film when it is searched for elsewhere."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from verikit import _html
from verikit._files import plain
from verikit.errors import IncompatibleError
from verikit.keyframes.covering import Aims, choose
from verikit.keyframes.quality import TICK, qualities, sharpest, usual_step
from verikit.keyframes.small_pictures import FLAT, SmallPictures
from verikit.media.hash_rows import phash_rows
from verikit.records import Records, mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from verikit.keyframes.covering import Chosen
    from verikit.keyframes.shots import Shot
    from verikit.media.scan import Scan

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["Keyframe", "pick_keyframes"]

COLUMNS = ("time", "pts", "shot", "rank", "sharpness", "reason", "same_view")

# What is left out beside a cut and beside a gradual transition, as frames and as seconds, whichever is more: conversion
# of the frame rate mixes the two frames at a cut, and a blend may begin earlier than it was seen. Another frame on each
# side costs up to one in a hundred frames that a keyframe would have looked like, at a cut every three seconds.
CUT_MARGIN = (1, 0.03)
BLEND_MARGIN = (2, 0.07)
# For so many seconds, about, a blurred picture must stand, and no other, to be a keyframe. On 18 films with known shots
# 0.065 to 0.11 gave pictures as sharp at the same recall.
BLUR_PRICE = 0.09
# Keyframes nearer to each other than that, in seconds, show much the same.
REACH = 0.5
# A view that is away for less than this, in seconds, was not away; one that is back for fewer frames than that is not
# noted.
PAUSE = 1.0
LEAST_STRETCH = 5
# Below this rank of sharpness in its shot a keyframe is said to be blurred.
BLURRED = 0.25
# Small pictures lose contrast to averaging: a sixth in most real clips that come near the limit, half in dark ones full
# of detail. From this part of the limit on, some stills of the shot tell how much, up to a bound.
NEAR_LIMIT = 0.5
MOST_LOST = 2.0
SOME_STILLS = 5
# Small pictures read at once.
CHUNK = 2048


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """A picture that stands for a stretch of one view.

    `time` is seconds from the first presented picture, `pts` the exact instant in `time_base` of stream `stream`,
    `shot` the index of its shot, `sharpness` the variance of the Laplacian (as in `Scan.frames`). `same_view` are the
    times at which the view was seen elsewhere: a picture of each such stretch, left out because it looks like this one.
    `rank` counts from 0, the most important, in the whole choice; `stands_for` is the number of the film's pictures
    that look like this one, more than like any other keyframe.
    """

    time: float
    pts: int
    time_base: Fraction
    stream: int
    shot: int
    sharpness: float
    reason: str
    same_view: tuple[float, ...] = ()
    rank: int = 0
    stands_for: int = 1

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
            "rank": self.rank,
            "stands_for": self.stands_for,
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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What is told of a chosen row: frames of its shot that look like it, and where it was seen at other times."""

    row: int
    shot: int
    first: int
    last: int
    frames: int
    stands_for: int
    elsewhere: tuple[int, ...]


def pick_keyframes(
    scan: Scan,
    shots: Sequence[Shot],
    *,
    most: int | None = None,
    least_contrast: float = FLAT,
    alike_distance: int = 10,
    enough: float = 0.95,
    most_repeats: float = 0.08,
) -> Records[Keyframe]:
    """Keyframes in order of time: few sharp and still pictures, unlike each other, that all others look like.

    Two pictures are alike within `alike_distance` of 64 bits of their pHash, as told from the small pictures. Each shot
    gives one keyframe, and more where the view changes within it: all views of which it has a sharp picture, and blurred
    ones if they stand for a tenth of a second or so that no other stands for. If then less than the share `enough` of the
    pictures outside transitions looks like a keyframe, more blurred ones are taken. What is left out are the views of
    jolts and whip pans: each lasts a few frames and would need a keyframe of its own. Never chosen are transitions, one
    frame beside a cut and two beside a blend (0.03 and 0.07 s where that is more, as far as the shot is long enough),
    damaged pictures and those of a contrast (bars left aside) under `least_contrast` grey levels; a shot that has no
    others gives none, and the caption says so.

    At most the share `most_repeats` of the keyframes looks like another one: sharp pictures that also stand for frames of
    their own, and one of a shot that looks like others throughout; else such a shot is noted in the `same_view` of the
    one that it looks like, as is every view that comes back. `most` keeps that many, those of the lowest `rank`: first
    one for each shot, the longest views before others, then what adds most and is apart in time.

    The distance: perceptual hashes of 64 bits within 10 are usually taken for the same picture. `enough` is a balance
    between finding every frame again and sharp pictures; docs/shots.md has what it gives on films with known shots. To
    look at, take `most`; to search an archive with, take all. Raises IncompatibleError where `shots` are not of this scan.
    """
    if most is not None and most < 1:
        raise ValueError(f"most: at least 1, not {most}")
    bounds = _bounds(scan, shots)
    shown = ~scan.frames["corrupt"] & (_contrast(scan, bounds, least=least_contrast) >= least_contrast)
    groups = [rows[shown[rows]] for rows in _inside(scan, bounds)]
    quality = qualities(scan, groups)
    counted = np.zeros(len(shown), np.bool_)
    for _, full, end in bounds:
        counted[full:end] = True
    step = usual_step(scan.times)
    chosen = choose(
        _hashes(scan),
        shown=shown,
        counted=counted,
        groups=groups,
        quality=quality,
        sharp=sharpest(scan, groups),
        aims=Aims(
            alike=alike_distance,
            enough=enough,
            price=BLUR_PRICE / step,
            reach=max(1, round(REACH / step)),
            most_repeats=most_repeats,
        ),
    )
    views = _views(chosen, bounds, times=scan.times, quality=quality)
    kept = [
        _keyframe(scan, view, shot=shots[view.shot].index, rank=rank, peers=groups[view.shot])
        for rank, view in enumerate(views[:most])
    ]
    caption = f"Keyframes of {plain(scan.name)}"
    if len(kept) < len(views):
        caption += f", {len(kept)} of {len(views)}"
    without = [shots[place].index for place, rows in enumerate(groups) if not len(rows)]
    if without:
        caption += f"; none in shots {', '.join(map(str, without))}, which show nothing but plain or damaged pictures"
    if chosen.left:
        again = ", ".join(str(shots[place].index) for place in chosen.left)
        caption += f"; none in shots {again}, which look like others throughout (same view)"
    return Records(sorted(kept, key=lambda keyframe: keyframe.pts), caption=caption, columns=COLUMNS)


def _bounds(scan: Scan, shots: Sequence[Shot]) -> list[tuple[int, int, int]]:
    """Rows of each shot: its first, its first without the transition that leads into it, the next shot's first."""
    pts = scan.frames["pts"]
    bounds = []
    for shot in shots:
        start, full, end = (int(row) for row in np.searchsorted(pts, [shot.start_pts, shot.full_pts, shot.end_pts]))
        if start >= len(pts) or pts[start] != shot.start_pts or full >= end:
            raise IncompatibleError(
                f"shot {shot.index}: not a shot of this scan of {plain(scan.name)}; detect shots again"
            )
        bounds.append((start, full, end))
    return bounds


def _inside(scan: Scan, bounds: Sequence[tuple[int, int, int]]) -> list[Rows]:
    """The rows of each shot without its transitions and what lies beside them, as far as the shot is long enough."""
    times = scan.times
    blends = {start for start, full, _ in bounds if full > start}
    inside = []
    for start, full, end in bounds:
        room = (end - full - 1) // 3
        begin, stop = full, end
        # The film's own start and end are no transitions.
        if full > 0:
            frames, seconds = BLEND_MARGIN if full > start else CUT_MARGIN
            clear = int(np.searchsorted(times, times[full] + seconds - TICK))
            begin = min(max(full + frames, clear), full + room)
        if end < len(times):
            frames, seconds = BLEND_MARGIN if end in blends else CUT_MARGIN
            clear = int(np.searchsorted(times, times[end] - seconds + TICK))
            stop = max(min(end - frames, clear), end - room)
        inside.append(np.arange(begin, stop))
    return inside


def _contrast(scan: Scan, bounds: Sequence[tuple[int, int, int]], *, least: float) -> Floats:
    """Standard deviation of the luma of each picture without bars; 0 outside the shots."""
    small = SmallPictures.of(scan).contrast()
    contrast = np.zeros(len(small), np.float32)
    stills = scan.still_frames
    for start, full, end in bounds:
        part = small[start:end]
        near = (part >= NEAR_LIMIT * least) & (part < least)
        numbers = np.flatnonzero((stills >= full) & (stills < end)) if near.any() else np.empty(0, np.int64)
        lost = [
            _still_contrast(scan.stills[number])
            / max(float(np.asarray(scan.thumbs[stills[number] : stills[number] + 1]).std()), 1.0)
            for number in numbers[:: -(-len(numbers) // SOME_STILLS) or 1]
        ]
        factor = min(max(1.0, min(lost)), MOST_LOST) if lost else 1.0
        contrast[start:end] = np.where(near, part * factor, part)
    return contrast


def _still_contrast(still: bytes) -> float:
    """Standard deviation of the luma of a still; 0 if it does not decode."""
    import cv2  # noqa: PLC0415 - only films with shots of very low contrast need it

    picture = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_GRAYSCALE)
    return 0.0 if picture is None else float(picture.std())


def _hashes(scan: Scan) -> NDArray[np.uint64]:
    """The 64 bits of each picture's hash as one number."""
    rows = [phash_rows(np.asarray(scan.thumbs[start : start + CHUNK])) for start in range(0, len(scan.frames), CHUNK)]
    return np.concatenate(rows).view(np.uint64)[:, 0]


def _views(
    chosen: Chosen, bounds: Sequence[tuple[int, int, int]], *, times: NDArray[np.float64], quality: Floats
) -> list[_View]:
    """Of each chosen row, in their order, the stretch of time that it stands for, and the other ones."""
    shot_of = np.full(len(times), -1)
    for place, (start, _, end) in enumerate(bounds):
        shot_of[start:end] = place
    owned = np.flatnonzero(chosen.owner >= 0)
    owned = owned[np.argsort(chosen.owner[owned], kind="stable")]
    owner, shot = chosen.owner[owned], shot_of[owned]
    away = (np.diff(owned) > 1) & (np.diff(times[owned]) > PAUSE)
    parts = np.split(owned, np.flatnonzero((np.diff(owner) != 0) | (np.diff(shot) != 0) | away) + 1)
    here: dict[int, Rows] = {}
    elsewhere: dict[int, list[int]] = {}
    for part in parts if len(owned) else []:
        number = int(chosen.owner[part[0]])
        if chosen.rows[number] in part:
            here[number] = part
        elif len(part) >= LEAST_STRETCH or shot_of[part[0]] in chosen.left:
            elsewhere.setdefault(number, []).append(int(part[np.argmax(quality[part])]))
    return [
        _View(
            row=row,
            shot=int(shot_of[row]),
            first=int(here[number][0]),
            last=int(here[number][-1]),
            frames=len(here[number]),
            stands_for=int((owner == number).sum()),
            elsewhere=tuple(sorted(elsewhere.get(number, []))),
        )
        for number, row in enumerate(chosen.rows)
    ]


def _keyframe(scan: Scan, view: _View, *, shot: int, rank: int, peers: Rows) -> Keyframe:
    times, row = scan.times, view.row
    sharpness = scan.frames["sharpness"]
    if len(peers) == 1:
        reason = f"the only usable frame of shot {shot}"
    else:
        begin, end = timecode(float(times[view.first])), timecode(float(times[view.last]))
        reason = f"sharp, still and typical among {view.frames} frames in shot {shot}, {begin} to {end}"
        sharper = float((sharpness[peers] > sharpness[row]).mean())
        if sharper > 1 - BLURRED:
            reason += f"; blurred: {100 * sharper:.0f} % of the shot is sharper, but shows another view"
    return Keyframe(
        time=float(times[row]),
        pts=int(scan.frames["pts"][row]),
        time_base=scan.time_base,
        stream=scan.stream,
        shot=shot,
        sharpness=float(sharpness[row]),
        reason=reason,
        same_view=tuple(float(times[other]) for other in view.elsewhere),
        rank=rank,
        stands_for=view.stands_for,
    )
