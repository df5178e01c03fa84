"""Whether the pictures and the sound that an MP4 or QuickTime file lists are in the file at all.

The list (sizes in `stsz`, places in `stco` or `co64`, the share of each chunk in `stsc`) and the media (`mdat`) lie
apart, so a file can be cut behind its list: every box that is left is sound, every reader tells length and codec, and
no picture is there. ISO/IEC 14496-12 sections 8.7.2 to 8.7.5.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from verikit.container.elements import Box, Structure, read_at
from verikit.records import Finding, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Listed", "MediaList", "check_media_present", "read_media_list"]

# A day of pictures at 23 a second, or half a day of sound; what is longer is not judged. Bounds the memory too.
MOST_ROWS = 2_000_000
MOST_TRACKS = 200
# QuickTime gives old sound a uniform size of one moment (1 to 8 bytes) whatever its coded size is: no sum of bytes.
MOMENT = 8
FAR = 2**62  # beyond any file; keeps sums of hostile offsets within 64 bits

Bytes = np.ndarray[Any, np.dtype[np.int64]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What one track lists, held against the file: counts of samples (pictures, sound packets) and bytes.

    `size` is the sum of all sizes in the table; `past_end` samples reach past the end of the file, `outside` samples
    lie in the file but in no mdat; `unlisted` samples are counted but have no size or no place in the tables.
    """

    track: int
    kind: str
    samples: int
    size: int
    past_end: int
    outside: int
    unlisted: int

    def to_dict(self) -> dict[str, Any]:
        """The track's counts as JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MediaList:
    """What all tracks list, and what mdat claims and really holds in bytes.

    `unjudged` says why nothing is compared (fragments, media in another file); empty where the comparison holds.
    """

    tracks: tuple[Listed, ...] = ()
    claimed: int = 0
    held: int = 0
    has_moov: bool = False
    unjudged: str = ""


def read_media_list(path: Path, structure: Structure) -> MediaList:
    """What the tracks of the file at `path` list, held against its bytes; nothing is decoded.

    Reads the sample tables only, as far as their boxes and the file go, at most two million rows each.
    """
    if structure.format != "ISO-BMFF":
        return MediaList(unjudged="no sample tables in this format")
    top = {box.type for box in structure.boxes}
    if "moof" in top or "styp" in top or structure.find("moov/mvex"):
        return MediaList(unjudged="the file is written in fragments, whose tables lie beside the media")
    if any(fault.kind == "too many boxes" for fault in structure.faults):
        return MediaList(unjudged="the file has more boxes than this version reads")
    size = path.stat().st_size
    media = [box for box in structure.boxes if box.type == "mdat"]
    spans = [(box.offset + box.header, max(min(box.offset + box.size, size), box.offset + box.header)) for box in media]
    places = np.array(spans, dtype=np.int64).reshape(-1, 2)
    listed: list[Listed] = []
    reasons: list[str] = []
    with path.open("rb") as stream:
        for track in structure.find("moov/trak")[:MOST_TRACKS]:
            tables = _Tables(stream, track)
            if tables.unjudged:
                reasons.append(tables.unjudged)
            else:
                listed.append(tables.hold_against(places, size))
    return MediaList(
        tracks=tuple(listed),
        claimed=sum(max(0, box.size - box.header) for box in media),
        held=sum(end - start for start, end in spans),
        has_moov="moov" in top,
        unjudged=next(iter(reasons), ""),
    )


class _Tables:
    """The sample tables of one track, read as far as they are there."""

    def __init__(self, stream: BinaryIO, track: Box) -> None:
        self.stream = stream
        found = _first_boxes(track)
        self.number = int.from_bytes(self._number(found.get("tkhd")))
        self.kind = self._rows(found.get("hdlr"), head=8, width=4)[:4].decode("latin-1")
        sizes = self._rows(found.get("stsz"), head=4, width=4)
        self.uniform = int.from_bytes(sizes[:4])
        self.count = int.from_bytes(sizes[4:8])
        self.sizes = _numbers(sizes[8:], ">u4")[: self.count] if not self.uniform else _numbers(b"", ">u4")
        wide = "co64" in found
        starts = self._rows(found.get("co64" if wide else "stco"), head=4, width=8 if wide else 4)
        self.starts = _numbers(starts[4:], ">u8" if wide else ">u4")[: int.from_bytes(starts[:4])]
        shares = self._rows(found.get("stsc"), head=4, width=12)
        rows = _numbers(shares[4:][: (len(shares) - 4) // 12 * 12], ">u4").reshape(-1, 3)
        self.shares = rows[: int.from_bytes(shares[:4])]
        self.unjudged = self._why_not(found)

    def _number(self, header: Box | None) -> bytes:
        data = self._rows(header, head=0, width=4)
        return data[20:24] if data[:1] == b"\1" else data[12:16]

    def _rows(self, box: Box | None, *, head: int, width: int) -> bytes:
        """What the box holds behind its first `head` bytes: no more than is there, nor much above MOST_ROWS."""
        if box is None:
            return b""
        there = max(0, box.size - box.header - head)
        return read_at(self.stream, box.offset + box.header + head, min(there, 16 + width * MOST_ROWS))

    def _why_not(self, found: dict[str, Box]) -> str:
        if "dref" in found:
            for entry in found["dref"].children:
                # The last bit of the flags: the media lies in this file (ISO/IEC 14496-12 section 8.7.2).
                flags = read_at(self.stream, entry.offset + entry.header, 4)
                if len(flags) == 4 and not flags[3] & 1:
                    return "a track's media lies in another file"
        if "stz2" in found:
            return "a track has a compact table of sizes, which this version does not read"
        if self.kind == "soun" and 0 < self.uniform <= MOMENT:
            return "a track of sound counts moments, not bytes"
        if max(len(self.sizes), len(self.starts), len(self.shares)) > MOST_ROWS:
            return "a track has more samples than this version reads"
        return ""

    def hold_against(self, places: Bytes, size: int) -> Listed:
        """The counts of this track; `places` are the (start, end) of what each mdat holds in a file of `size` bytes."""
        sized = self.count if self.uniform else len(self.sizes)
        first, number = self._chunks(sized)
        if self.uniform:
            fits = np.clip((size - self.starts) // self.uniform, 0, number)
            inside = np.clip((_ends(places, self.starts) - self.starts) // self.uniform, 0, number)
            past, outside = int((number - fits).sum()), int((fits - np.minimum(inside, fits)).sum())
            total = self.uniform * self.count
        else:
            before = np.concatenate([[0], np.cumsum(self.sizes)])
            placed = int(number.sum())
            begin = np.repeat(self.starts - before[first], number) + before[:placed]
            end = begin + self.sizes[:placed]
            late = end > size
            astray = ~late & (end > _ends(places, begin)) & (end > begin)  # an empty sample lies nowhere
            past, outside = int(late.sum()), int(astray.sum())
            total = int(before[-1])
        return Listed(
            track=self.number,
            kind=self.kind,
            samples=self.count,
            size=total,
            past_end=past,
            outside=outside,
            unlisted=self.count - int(number.sum()),
        )

    def _chunks(self, sized: int) -> tuple[Bytes, Bytes]:
        """For each chunk the number of its first sample and how many it holds, within the `sized` samples there are."""
        chunks = len(self.starts)
        firsts = self.shares[:, 0]
        if not chunks or not len(firsts) or firsts[0] != 1 or np.any(np.diff(firsts) <= 0):
            return np.zeros(chunks, dtype=np.int64), np.zeros(chunks, dtype=np.int64)
        row = np.searchsorted(firsts, np.arange(1, chunks + 1), side="right") - 1
        reach = np.clip(np.concatenate([[0], np.cumsum(self.shares[row, 1])]), 0, sized)
        return reach[:-1], np.diff(reach)


def _first_boxes(track: Box) -> dict[str, Box]:
    """The first box of each type in a track; its media handler before the one of its data."""
    found: dict[str, Box] = {}
    work = [track]
    while work:
        box = work.pop()
        if box.type != "hdlr" or box.path == "moov/trak/mdia/hdlr":
            found.setdefault(box.type, box)
        work.extend(reversed(box.children))
    return found


def _numbers(data: bytes, layout: str) -> Bytes:
    width = int(layout[-1])
    whole: NDArray[Any] = np.frombuffer(data[: len(data) // width * width], dtype=layout)
    kept: Bytes = np.minimum(whole.astype(np.uint64), np.uint64(FAR)).astype(np.int64)
    return kept


def _ends(places: Bytes, at: Bytes) -> Bytes:
    """Where the mdat ends that each of the bytes `at` lies in; 0 where it lies in none."""
    if not len(places):
        return np.zeros(len(at), dtype=np.int64)
    row = np.searchsorted(places[:, 0], at, side="right") - 1
    ends: Bytes = np.where(row >= 0, places[np.maximum(row, 0), 1], 0)
    return ends


def check_media_present(listed: MediaList) -> Finding:
    """Whether the pictures and the sound that the tracks list lie in the file.

    Limits: missing media suggests a cut at the end (a broken download, upload or recording), or a header kept alone.
    """
    tracks = listed.tracks
    declared, past = sum(t.size for t in tracks), sum(t.past_end for t in tracks)
    samples = sum(t.samples for t in tracks)
    # Two tracks may share their bytes, so a sum above what is held says nothing while every sample lies in an mdat.
    lost = past + sum(t.outside + t.unlisted for t in tracks)
    measures = {
        "declared_bytes": declared,
        "mdat_claims_bytes": listed.claimed,
        "held_bytes": listed.held,
        "samples": samples,
        "samples_past_end": past,
        "not_compared": listed.unjudged or None,
        "tracks": [track.to_dict() for track in tracks],
    }
    anomaly = False
    if not tracks and listed.unjudged:
        summary, outcome = f"Not compared: {listed.unjudged}", Outcome.NOT_APPLICABLE
    elif not listed.has_moov and listed.claimed:
        summary, anomaly = f"No moov box is there: nothing lists the pictures and the sound. {_claims(listed)}", True
    elif not samples:
        summary, outcome = "No track lists any pictures or sound", Outcome.NOT_APPLICABLE
    elif lost:
        summary, anomaly = _missing(listed, declared=declared, past=past, samples=samples), True
    else:
        summary = f"All {samples:,} samples (pictures, packets of sound) that the tracks list lie in the file"
        outcome = Outcome.NONE_FOUND
    return Finding(
        check="media_present",
        outcome=Outcome.ANOMALY if anomaly else outcome,
        summary=summary,
        limits=(
            "Missing media suggests that the end was cut off (a broken download, upload or recording) or that only the "
            "header was kept. It does not tell how that came about, and media that is there may still be damaged. "
            "Fragmented files and media in other files are not compared."
        ),
        measures=measures,
    )


def _claims(listed: MediaList) -> str:
    if listed.claimed > listed.held:
        return f"mdat claims {listed.claimed:,} bytes of media and the file holds {listed.held:,}: cut short"
    return f"mdat holds {listed.held:,} bytes; the recording was not closed, or the box is gone"


def _missing(listed: MediaList, *, declared: int, past: int, samples: int) -> str:
    """What is missing, in plain words: bytes first, then samples."""
    outside, unlisted = (sum(getattr(t, name) for t in listed.tracks) for name in ("outside", "unlisted"))
    parts = [f"the data of {past:,} of {samples:,} samples reach past the end of the file"] if past else []
    parts += [f"{outside:,} of {samples:,} samples are listed at places that are no mdat"] if outside else []
    parts += [f"{unlisted:,} of {samples:,} samples have no size or no place in the tables"] if unlisted else []
    end = ": cut short" if past else ": media is missing" if declared > listed.held else ""
    return f"The file declares {declared:,} bytes of media and holds {listed.held:,}{end}; {'; '.join(parts)}"
