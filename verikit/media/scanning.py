"""The one decode: a single pass over a file that fills a Scan."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shutil
import tempfile
import weakref
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from verikit._files import plain, written_aside
from verikit.errors import MediaError
from verikit.media.hashing import LumaDCT
from verikit.media.scan import (
    HASHES_PER_SECOND,
    SCAN_VERSION,
    Loss,
    Scan,
    finish_scan,
    load_scan,
    read_scan,
    write_scan,
)
from verikit.media.scan_file import ScanWriter, open_scan_file
from verikit.media.tables import FRAME_TABLE, GrowingTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from verikit.media.decoding import DecodingPass
    from verikit.media.listening import Ear
    from verikit.media.sampling import Sampler
    from verikit.media.scan_file import Reel
    from verikit.media.video import Video

    Progress = Callable[[float, float | None], None]

__all__ = ["scan_video", "triage_video"]

# A file can claim any time stamps. Instants beyond four hours are hashed only as far as this many for each picture
# reach: enough for a slide every ten seconds, and no more memory than the pictures there are account for.
LEAST_BOUND, MOST_FOR_EACH = 4 * 3600 * HASHES_PER_SECOND, 10 * HASHES_PER_SECOND

# A file that lasts this many seconds less than it says was cut short; sound and picture seldom end together.
LEAST_MISSING = 0.5

# Thumbnails that are hashed at a time.
HASHED = 2048


def scan_video(video: Video, *, cache: Path | None = None, progress: Progress | None = None) -> Scan:
    """The Scan of a video's best video stream: read from the folder `cache` if it is there, else decoded and kept.

    `progress` is called with the seconds of video done and, if the file declares it, the seconds in all. Small pictures
    and stills stay on file, in `cache` or in a temporary file that goes with the Scan. Raises MediaError where no
    picture can be decoded.
    """
    return _kept(video, "scan", cache=cache, progress=progress)


def triage_video(video: Video, *, cache: Path | None = None, progress: Progress | None = None) -> Scan:
    """A first look: a Scan of the I-frames alone, without sound, at a small part of the cost. It says that it is partial.

    Its `thumbs`, `stills` and tables serve to leaf through a long file; shots, keyframes and fingerprints need
    `scan_video`. Arguments and errors as there.
    """
    return _kept(video, "triage", cache=cache, progress=progress)


def _kept(video: Video, kind: str, *, cache: Path | None, progress: Progress | None) -> Scan:
    kept = None if cache is None else cache / f"{video.sha256}.{kind}{SCAN_VERSION}.zip"
    if kept is not None and kept.exists():
        try:
            # The same bytes may come under another name.
            return dataclasses.replace(load_scan(kept), name=video.name)
        except MediaError:
            # A damaged cache costs a decode, never a wrong result: the scan below takes its place.
            kept.unlink(missing_ok=True)
    stream = tempfile.TemporaryFile(prefix="verikit-")  # noqa: SIM115 - lives as long as the scan reads from it
    try:
        _scan_into(stream, video, partial=kind == "triage", progress=progress)
        if kept is not None:
            stream.seek(0)
            with written_aside(kept) as aside, aside.open("wb") as copy:
                shutil.copyfileobj(stream, copy)
        archive = open_scan_file(stream, trusted=True)
    except BaseException:
        stream.close()
        raise
    weakref.finalize(archive, stream.close)
    return read_scan(archive)


def _scan_into(stream: IO[bytes], video: Video, *, partial: bool, progress: Progress | None) -> None:
    """Decode a video into a scan's file."""
    # FFmpeg loads here, so that reading a cached scan does not pay for it.
    from verikit.media.decoding import ALL_THREADS, ONE_THREAD  # noqa: PLC0415

    for threads in (ALL_THREADS, ONE_THREAD):
        stream.seek(0)
        stream.truncate()
        with contextlib.closing(_Reading(stream)) as done, _quiet_opencv():
            done.read(video, threads=threads, partial=partial, progress=progress)
            if threads == ONE_THREAD or partial or done.passed.whole:
                done.finish(video, partial=partial)
                return


@contextlib.contextmanager
def _quiet_opencv() -> Iterator[None]:
    """OpenCV on one thread: its pool spins between pictures and would take the processors from the decoder."""
    import cv2  # noqa: PLC0415 - as FFmpeg above

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class _Reading:
    """One pass over a file and what it left, on its way into an open file."""

    passed: DecodingPass
    sampler: Sampler
    ear: Ear | None

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._writer = ScanWriter(stream)
        self._rows = GrowingTable(FRAME_TABLE)
        self._still_rows: list[int] = []

    def read(self, video: Video, *, threads: int, partial: bool, progress: Progress | None) -> None:
        """Decode, and put each picture's sample aside."""
        from verikit.media.decoding import DecodingPass  # noqa: PLC0415 - FFmpeg, as above
        from verikit.media.listening import Ear  # noqa: PLC0415 - as above
        from verikit.media.sampling import Sampler  # noqa: PLC0415 - as above
        from verikit.media.video import opened  # noqa: PLC0415 - as above

        self.sampler = Sampler()
        with opened(video) as container:
            self.ear = None if partial else Ear(container)
            skip: Literal["DEFAULT", "NONKEY"] = "NONKEY" if partial else "DEFAULT"
            self.passed = DecodingPass(container, video, threads=threads, skip=skip, ear=self.ear)
            for picture in self.passed.pictures():
                sample = self.sampler.take(picture)
                self._rows.put(sample.row)
                self._writer.add_picture("thumbs", sample.thumb)
                self._writer.add_picture("chroma", sample.chroma)
                if sample.still is not None:
                    self._writer.add_still(sample.still)
                    self._still_rows.append(self.sampler.count - 1)
                if progress is not None and self.sampler.count % 25 == 0:
                    progress(self.sampler.seconds, self.passed.declared_duration)

    def finish(self, video: Video, *, partial: bool) -> None:
        """Put tables and hashes beside the pictures, and all of it in the order in which it is shown."""
        if not self.sampler.count:
            faults, ended = self.passed.faults, self.passed.ended
            told = faults[0].reason if faults else ended or "no packet of the video stream"
            raise MediaError(
                f"{plain(str(video.path))}: not one picture could be decoded ({told}); fetch it again whole; "
                "`verikit inspect` shows what is left of it"
            )
        rows = self._rows.rows()
        # Pictures come in the order of pts, but for rare files; a stable sort keeps the reader's order among equals.
        order = np.argsort(rows["pts"], kind="stable")
        thumbs, chroma = self._writer.reel("thumbs"), self._writer.reel("chroma")
        scan = self._scan(video, rows[order], thumbs=thumbs, chroma=chroma, order=order, partial=partial)
        if (order == np.arange(len(order))).all():
            finish_scan(scan, self._writer)
            return
        with tempfile.TemporaryFile(prefix="verikit-") as aside:
            with contextlib.closing(ScanWriter(aside)) as writer:
                write_scan(scan, writer, order=order)
            self._writer.close()
            self._stream.seek(0)
            self._stream.truncate()
            aside.seek(0)
            shutil.copyfileobj(aside, self._stream)

    def close(self) -> None:
        """Let go of the file, as where decoding failed."""
        self._writer.close()

    def _scan(
        self,
        video: Video,
        frames: NDArray[np.void],
        *,
        thumbs: Reel,
        chroma: Reel,
        order: NDArray[np.int64],
        partial: bool,
    ) -> Scan:
        reading, sampler = self.passed, self.sampler
        packets = reading.packets.rows()
        times = (frames["pts"] - frames["pts"][0]) * float(reading.time_base)
        instants = np.arange(min(_instants(times), _bound(times))) / HASHES_PER_SECOND
        hash_frames = np.searchsorted(times, instants + 1e-9, side="right") - 1
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        return Scan(
            sha256=video.sha256,
            name=video.name,
            stream=reading.index,
            codec=reading.codec,
            time_base=reading.time_base,
            width=sampler.width,
            height=sampler.height,
            turn=sampler.turn,
            pixel_format=sampler.pixel_format,
            full_range=sampler.full_range,
            declared_frames=reading.declared_frames,
            declared_duration=reading.declared_duration,
            estimated_pts=reading.estimated,
            losses=() if partial else _losses(reading, frames, packets),
            frames=frames,
            packets=packets,
            thumbs=thumbs,
            chroma=chroma,
            hashes=_hashed(thumbs, order[hash_frames]),
            hash_frames=hash_frames,
            stills=self._writer.written_stills(),
            still_frames=place[np.array(self._still_rows, np.int64)],
            partial=partial,
            interlaced=sampler.interlaced,
            mirrored=sampler.mirrored,
            transfer=sampler.transfer,
            **self._heard(first=float(frames["pts"][0] * reading.time_base)),
        )

    def _heard(self, *, first: float) -> dict[str, Any]:
        if self.ear is None or self.ear.index is None:
            return {}
        self.ear.finish()
        start = self.ear.printer.start
        return {
            "sound": self.ear.printer.prints(),
            "sound_stream": self.ear.index,
            "sound_start": 0.0 if start is None else start - first,
            "sound_lost": self.ear.lost,
        }


def _hashed(thumbs: Reel, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The hashes of these rows, in turn; a still picture is hashed once for all the instants at which it is shown."""
    different, back = np.unique(rows, return_inverse=True)
    parts = [LumaDCT().many(thumbs[different[start : start + HASHED]]) for start in range(0, len(different), HASHED)]
    return np.concatenate(parts)[back]


def _instants(times: NDArray[np.float64]) -> int:
    """How many instants k/4 s, from 0 on, the pictures reach."""
    return math.floor((float(times[-1]) + 1e-9) * HASHES_PER_SECOND) + 1


def _bound(times: NDArray[np.float64]) -> int:
    return max(LEAST_BOUND, MOST_FOR_EACH * len(times))


def _losses(reading: DecodingPass, frames: NDArray[np.void], packets: NDArray[np.void]) -> tuple[Loss, ...]:
    """Where and why pictures are missing: the decoder's errors, and an end that came before the declared one."""
    first, base = int(frames["pts"][0]), float(reading.time_base)
    losses = [
        Loss(time=None if f.pts is None else round((f.pts - first) * base, 6), packets=1, reason=f.reason)
        for f in reading.faults
    ]
    held = int((packets["stream"] == reading.index).sum())
    short = reading.declared_frames - held
    last = round((int(frames["pts"][-1]) - first) * base, 6)
    step = float(np.median(np.diff(frames["pts"]))) * base if len(frames) > 1 else 0.0
    # Fewer packets than declared are no loss if the film lasts as long as that many would: AVI leaves repeated pictures
    # out. FFmpeg shortens the declared duration of a file that was cut short, so the count and the rate tell it.
    declared = reading.declared_frames / reading.declared_rate if reading.declared_rate else 0.0
    ends_early = declared - last > 2.5 * step
    if short > 0 and (ends_early or reading.ended is not None):
        reason = f"the file declares {reading.declared_frames} packets of this stream and holds {held}"
        losses.append(Loss(time=last, packets=short, reason=reason))
    elif reading.ended is not None:
        losses.append(Loss(time=last, packets=0, reason=f"reading stopped: {reading.ended}"))
    missing = reading.missing_seconds
    if not reading.declared_frames and missing > LEAST_MISSING:
        count = round(missing * (reading.declared_rate or 0))
        reason = f"the file says that it lasts {missing:.1f} s longer than what it holds: it was cut short"
        losses.append(Loss(time=last, packets=count, reason=reason))
    for pts in reading.joints:
        told = "time stamps begin anew: recordings joined, or a clock set back; their time is counted on from here"
        losses.append(Loss(time=round((pts - first) * base, 6), packets=0, reason=told))
    times = (frames["pts"] - first) * base
    if _instants(times) > _bound(times):
        reached = _bound(times) / HASHES_PER_SECOND
        reason = f"{len(frames)} pictures claim to last {last:.0f} s; their time stamps are followed to {reached:.0f} s"
        losses.append(Loss(time=reached, packets=0, reason=reason))
    return tuple(losses)
