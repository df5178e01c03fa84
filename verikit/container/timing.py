"""When each sample of a track is decoded and shown, read from its tables without decoding anything.

Sources: ISO/IEC 14496-12 sections 8.6.1 (stts, ctts), 8.6.2 (stss) and 8.6.6 (elst).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np

from verikit.container.elements import Box, Structure, read_at
from verikit.container.samples import child

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from verikit.container.movie import Movie, Track

__all__ = ["Hidden", "SampleTimes", "hidden_samples", "read_sample_times"]

# A day at 23 samples a second; the tables of longer tracks are left unread.
MOST_SAMPLES = 2_000_000
MOST_ROWS = 2_000_000
MOST_TRACKS = 20
# Pictures before the first one shown that reordering costs every encoder: up to 3 in public files, rarely one more.
FRAMES_OF_RUN_UP = 4
# Some writers do not know how long the last picture lasts and end the edit where it begins, to a tick of the movie's
# clock, which is mostly 1/600 or 1/1000 s (3 of 151 public tracks with an edit list): nothing was cut there.
ROUNDING = 0.002
MOST_SPANS = 50
MOST_TIMES = 20_000
# AAC's priming is up to 5,186 PCM samples, 0.11 s at 48 kHz.
SOUND_SECONDS = 0.15

Ticks = np.ndarray[Any, np.dtype[np.int64]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleTimes:
    """The times of one track's samples in ticks of its clock, in the order of decoding.

    decode: int64 (n,), decoding times from 0; shown: int64 (n,), composition times before any edit; lengths: int64 (n,);
    keys: int64 (k,), rows that decoding can begin with, or None where every one can; declared: samples in `stsz`;
    descriptions: how many sample descriptions the track has.
    """

    track: int
    kind: str
    scale: int
    decode: Ticks
    shown: Ticks
    lengths: Ticks
    keys: Ticks | None
    declared: int
    descriptions: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Samples of one track that the file holds and no edit shows.

    `not_shown` counts all of them, `samples` those beyond what a decoder needs before the first that is shown; `spans`
    are (start, end) of the latter in seconds of the track's own clock, before any edit, and `times` their composition
    times in ticks of `scale` (at most 20,000).
    """

    track: int
    kind: str
    total: int
    not_shown: int
    samples: int
    spans: tuple[tuple[float, float], ...]
    times: tuple[int, ...]
    scale: int

    @property
    def seconds(self) -> float:
        """How long what is hidden lasts, in seconds."""
        return round(sum(end - start for start, end in self.spans), 6)

    def __str__(self) -> str:
        # A sample of sound may be a packet or a single moment: only its length tells people something.
        counted = f"{self.samples:,} of {self.total:,} pictures"
        return counted if self.kind == "video" else f"{self.seconds:.3f} s of sound"

    def to_dict(self) -> dict[str, Any]:
        """The hidden samples as JSON."""
        return {
            "track": self.track,
            "kind": self.kind,
            "total": self.total,
            "not_shown": self.not_shown,
            "samples": self.samples,
            "spans": [list(span) for span in self.spans],
            "seconds": self.seconds,
            "times": list(self.times),
            "scale": self.scale,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        kept = {f.name: data[f.name] for f in dataclasses.fields(cls)}
        spans = tuple((start, end) for start, end in data["spans"])
        return cls(**{**kept, "spans": spans, "times": tuple(data["times"])})


def read_sample_times(path: Path, structure: Structure, movie: Movie) -> tuple[SampleTimes, ...]:
    """The sample times of the tracks of pictures and sound; a track whose tables are damaged or too long is left out."""
    found = []
    with path.open("rb") as stream:
        for track, box in zip(movie.tracks, structure.find("moov/trak")[:MOST_TRACKS], strict=False):
            if track.kind in {"vide", "soun"} and (times := _times(stream, box, track)) is not None:
                found.append(times)
    return tuple(found)


def _times(stream: BinaryIO, box: Box, track: Track) -> SampleTimes | None:
    table = child(box, "mdia", "minf", "stbl")
    scale = _scale(stream, child(box, "mdia", "mdhd"))
    rows = _pairs(stream, child(table, "stts"), ">u4")
    if not len(rows) or scale <= 0 or int(rows[:, 0].sum()) > MOST_SAMPLES:
        return None
    lengths = np.repeat(rows[:, 1], rows[:, 0])
    decode = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64) if len(lengths) else lengths
    shift = _pairs(stream, child(table, "ctts"), ">i4")
    shown = decode.copy()
    if len(shift) and (shift[:, 0] >= 0).all() and int(shift[:, 0].sum()) <= MOST_SAMPLES:
        moved = np.repeat(shift[:, 1], shift[:, 0])[: len(decode)]
        shown[: len(moved)] += moved
    key_box = child(table, "stss")
    entries = child(table, "stsd")
    return SampleTimes(
        track=track.id,
        kind="video" if track.kind == "vide" else "sound",
        scale=scale,
        decode=decode,
        shown=shown,
        lengths=lengths,
        keys=None if key_box is None else _numbers(stream, key_box) - 1,
        declared=track.samples or 0,
        descriptions=len(entries.children) if entries else 0,
    )


def _scale(stream: BinaryIO, box: Box | None) -> int:
    if box is None:
        return 0
    data = read_at(stream, box.offset + box.header, 36)
    at = 20 if data[:1] == b"\1" else 12
    return int.from_bytes(data[at : at + 4])


def _pairs(stream: BinaryIO, box: Box | None, layout: str) -> Ticks:
    """Rows of two 32-bit numbers, the first of them a count."""
    if box is None:
        return np.zeros((0, 2), dtype=np.int64)
    data = read_at(stream, box.offset + box.header, max(0, min(box.size - box.header, 8 + 8 * MOST_ROWS)))
    count = min(int.from_bytes(data[4:8]), max(0, len(data) - 8) // 8)
    pairs: NDArray[Any] = np.frombuffer(data, dtype=layout, count=2 * count, offset=8) if count else np.zeros(0)
    rows: Ticks = pairs.astype(np.int64).reshape(-1, 2)
    return rows


def _numbers(stream: BinaryIO, box: Box) -> Ticks:
    data = read_at(stream, box.offset + box.header, max(0, min(box.size - box.header, 8 + 4 * MOST_ROWS)))
    count = min(int.from_bytes(data[4:8]), max(0, len(data) - 8) // 4)
    kept: NDArray[Any] = np.frombuffer(data, dtype=">u4", count=count, offset=8) if count else np.zeros(0)
    numbers: Ticks = kept.astype(np.int64)
    return numbers


def hidden_samples(
    movie: Movie, times: tuple[SampleTimes, ...], *, run_up: int = FRAMES_OF_RUN_UP
) -> tuple[Hidden, ...]:
    """For each track with an edit list, the samples that no edit shows, where there are any.

    Up to `run_up` pictures at the beginning are the decoder's run-up, and so is up to 0.15 s of sound (its priming):
    both are counted in `not_shown` alone. Between stretches that are shown, and after the last, every picture counts but
    a last one at whose beginning the edit ends.
    """
    found = []
    edited = {track.id: track for track in movie.tracks if track.edits}
    for one in times:
        track = edited.get(one.track)
        # An edit of no length runs to the end of the track in files that are written in fragments (ISO/IEC 14496-12
        # section 8.6.6), and most players take it so elsewhere too; FFmpeg then shows nothing.
        edits = track.edits if track else ()
        played = [(e.start, e.start + (e.duration or float("inf"))) for e in edits if e.start is not None]
        if track is None or not played or not len(one.shown):
            continue
        covered = _covered(one, played)
        order = np.argsort(one.shown, kind="stable")
        out = ~covered[order]
        if not out.any():
            continue
        runs = _runs(out)
        sound = max(run_up, round(SOUND_SECONDS * len(order) * one.scale / max(1, int(one.lengths.sum()))))
        kept = []
        for start, end in runs:
            last = start == len(out) - 1 and _at_an_end(float(one.shown[order[start]]) / one.scale, played)
            allowed = sound if one.kind == "sound" else run_up if start == 0 else int(last)
            if end - start > allowed:
                kept.append((start, end))
        found.append(_hidden(one, order, kept=kept, out=int(out.sum())))
    return tuple(found)


def _covered(one: SampleTimes, played: list[tuple[float, float]]) -> NDArray[np.bool_]:
    """Whether a sample begins within a stretch that is played (to half a tick).

    A picture that began before the stretch and lasts into it counts as not shown, as FFmpeg has it; players differ.
    """
    covered = np.zeros(len(one.shown), dtype=bool)
    start, slack = one.shown / one.scale, 0.5 / one.scale
    for first, last in played:
        covered |= (start >= first - slack) & (start < last - slack)
    return covered


def _at_an_end(time: float, played: list[tuple[float, float]]) -> bool:
    return any(abs(time - last) < ROUNDING for _, last in played)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _hidden(one: SampleTimes, order: Ticks, *, kept: list[tuple[int, int]], out: int) -> Hidden:
    rows = [order[start:end] for start, end in kept]
    after = np.append(one.shown[order][1:], one.shown[order][-1] + one.lengths[order][-1])
    spans = [
        (round(float(one.shown[order[start]]) / one.scale, 6), round(float(after[end - 1]) / one.scale, 6))
        for start, end in kept
    ]
    return Hidden(
        track=one.track,
        kind=one.kind,
        total=len(one.shown),
        not_shown=out,
        samples=sum(map(len, rows)),
        spans=tuple(spans[:MOST_SPANS]),
        times=tuple(int(t) for row in rows for t in one.shown[row])[:MOST_TIMES],
        scale=one.scale,
    )
