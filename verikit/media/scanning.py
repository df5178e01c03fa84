"""The one decode: a single pass over a file that fills a Scan."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from verikit._files import plain
from verikit.errors import MediaError
from verikit.media.hashing import LumaDCT
from verikit.media.sampling import Sampler
from verikit.media.scan import (
    FRAME_TABLE,
    HASHES_PER_SECOND,
    NO_PTS,
    PACKET_TABLE,
    SCAN_VERSION,
    Loss,
    Scan,
    load_scan,
    save_scan,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from verikit.media.decoding import DecodingPass
    from verikit.media.video import Video

__all__ = ["scan_video"]

# A file can claim any time stamps. Instants beyond four hours are hashed only as far as this many for each picture
# reach: enough for a slide every ten seconds, and no more memory than the pictures there are account for.
LEAST_BOUND, MOST_FOR_EACH = 4 * 3600 * HASHES_PER_SECOND, 10 * HASHES_PER_SECOND

# A file that lasts this many seconds less than it says was cut short; sound and picture seldom end together.
LEAST_MISSING = 0.5


def scan_video(
    video: Video, *, cache: Path | None = None, progress: Callable[[float, float | None], None] | None = None
) -> Scan:
    """The Scan of a video's best video stream: read from the folder `cache` if it is there, else decoded and kept.

    `progress` is called with the seconds of video done and, if the file declares it, the seconds in all. Raises
    MediaError where no picture can be decoded.
    """
    kept = None if cache is None else cache / f"{video.sha256}.scan{SCAN_VERSION}.npz"
    if kept is not None and kept.exists():
        try:
            # The same bytes may come under another name.
            return dataclasses.replace(load_scan(kept), name=video.name)
        except MediaError:
            # A damaged cache costs a decode, never a wrong result: the scan below takes its place.
            kept.unlink(missing_ok=True)
    scan = _decode(video, progress=progress)
    if kept is not None:
        save_scan(scan, kept)
    return scan


def _decode(video: Video, *, progress: Callable[[float, float | None], None] | None) -> Scan:
    # FFmpeg loads here, so that reading a cached scan does not pay for it.
    from verikit.media.decoding import ALL_THREADS, ONE_THREAD  # noqa: PLC0415

    reading, sampler = _read(video, threads=ALL_THREADS, progress=progress)
    if not reading.whole:
        reading, sampler = _read(video, threads=ONE_THREAD, progress=progress)
    if not sampler.count:
        told = reading.faults[0].reason if reading.faults else reading.ended or "no packet of the video stream"
        raise MediaError(
            f"{plain(str(video.path))}: not one picture could be decoded ({told}); fetch it again whole; "
            "`verikit inspect` shows what is left of it"
        )
    return _assemble(video, reading, sampler)


def _read(
    video: Video, *, threads: int, progress: Callable[[float, float | None], None] | None
) -> tuple[DecodingPass, Sampler]:
    from verikit.media.decoding import DecodingPass  # noqa: PLC0415 - as above
    from verikit.media.video import opened  # noqa: PLC0415 - as above

    sampler = Sampler()
    with opened(video) as container:
        reading = DecodingPass(container, video, threads=threads)
        for picture in reading.pictures():
            sampler.take(picture)
            if progress is not None and sampler.count % 25 == 0:
                progress(sampler.seconds, reading.declared_duration)
    return reading, sampler


def _assemble(video: Video, reading: DecodingPass, sampler: Sampler) -> Scan:
    frames = np.array(sampler.rows, dtype=FRAME_TABLE)
    # Pictures are shown in the order of pts; a stable sort keeps the reader's order among equals.
    order = np.argsort(frames["pts"], kind="stable")
    packets = np.array(
        [(s, NO_PTS if p is None else p, NO_PTS if d is None else d, n, k, x) for s, p, d, n, k, x in reading.packets],
        dtype=PACKET_TABLE,
    )
    frames = frames[order]
    thumbs = np.stack(sampler.thumbs)[order]
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
        losses=_losses(reading, frames, packets),
        frames=frames,
        packets=packets,
        thumbs=thumbs,
        chroma=np.stack(sampler.chroma)[order],
        hashes=LumaDCT().many(thumbs[hash_frames]),
        hash_frames=hash_frames,
        stills=tuple(sampler.stills),
        still_frames=place[np.array(sampler.still_frames, np.int64)],
    )


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
    times = (frames["pts"] - first) * base
    if _instants(times) > _bound(times):
        reached = _bound(times) / HASHES_PER_SECOND
        reason = f"{len(frames)} pictures claim to last {last:.0f} s; their time stamps are followed to {reached:.0f} s"
        losses.append(Loss(time=reached, packets=0, reason=reason))
    return tuple(losses)
