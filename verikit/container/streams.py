"""The streams of a file as one table: FFmpeg's description, completed by MediaInfo and the track headers."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verikit.container.mediainfo import MediaInfoReport, MediaInfoTrack
    from verikit.container.movie import Movie, Track
    from verikit.media.video import Stream, Streams

__all__ = ["StreamFacts", "describe_streams"]

# Ticks a second from which a clock is no count of pictures: no common camera writes as many into a file of normal speed.
CLOCK = 600.0

TYPES = {"vide": "video", "soun": "audio", "text": "subtitle", "sbtl": "subtitle", "subt": "subtitle"}


class _Varying(TypedDict):
    vfr: bool | None
    vfr_reader: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """One stream. Times in seconds, rates in hertz, frames and bits a second; unknown is None.

    `rotation` is what a player turns the picture by, in degrees clockwise (0, 90, 180, 270). `vfr` is whether the frame
    rate varies and `vfr_reader` who says so: MediaInfo, from the time table, where intervals that differ by a tick
    may count as varying. None where only decoding would tell. `frame_rate` is an average where the intervals vary.
    """

    index: int
    type: str
    codec: str | None = None
    profile: str | None = None
    level: str | None = None
    width: int | None = None
    height: int | None = None
    rotation: int | None = None
    frame_rate: float | None = None
    vfr: bool | None = None
    vfr_reader: str | None = None
    duration: float | None = None
    bit_rate: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    language: str | None = None
    handler: str | None = None
    reader: str = "FFmpeg"

    def to_dict(self) -> dict[str, Any]:
        """The stream as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})


def describe_streams(ffmpeg: Streams | None, *, movie: Movie, mediainfo: MediaInfoReport) -> tuple[StreamFacts, ...]:
    """The streams as FFmpeg lists them; where it could not open the file, the tracks of the boxes, else MediaInfo's."""
    if ffmpeg is not None and ffmpeg.streams:
        # FFmpeg lists tracks in the order of the boxes; where the two lists do not match, nothing is joined.
        paired = len(movie.tracks) == len(ffmpeg.streams) and all(
            TYPES.get(track.kind, s.type) == s.type for track, s in zip(movie.tracks, ffmpeg.streams, strict=True)
        )
        return tuple(
            _from_ffmpeg(s, track=movie.tracks[i] if paired else None, other=mediainfo.stream(s.index))
            for i, s in enumerate(ffmpeg.streams)
        )
    if movie.tracks:
        return tuple(_from_track(i, track, mediainfo.stream(i)) for i, track in enumerate(movie.tracks))
    kinds = {"Video": "video", "Audio": "audio", "Text": "subtitle", "Other": "data"}
    found = [track for track in mediainfo.tracks if track.kind in kinds]
    return tuple(_from_mediainfo(i, kinds[track.kind], track) for i, track in enumerate(found))


def _from_ffmpeg(stream: Stream, *, track: Track | None, other: MediaInfoTrack | None) -> StreamFacts:
    return StreamFacts(
        index=stream.index,
        type=stream.type,
        codec=stream.codec or (track.codec if track else None) or (other.get("Format") if other else None),
        profile=stream.profile or (other.get("Format_Profile") if other else None),
        level=(other.get("Format_Level") if other else None) or (str(stream.level) if stream.level else None),
        width=stream.width or None,
        height=stream.height or None,
        rotation=_rotation(track, other) if stream.type == "video" else None,
        frame_rate=_rate(stream, track=track, other=other),
        **_varying(stream.type, other),
        duration=_finite(stream.duration) or _finite(other.number("Duration") if other else None),
        bit_rate=stream.bit_rate or _whole(other, "BitRate"),
        sample_rate=stream.sample_rate or None,
        channels=stream.channels or None,
        language=stream.language or (track.language if track else None) or None,
        handler=(track.handler if track else None) or stream.handler or None,
    )


def _from_track(index: int, track: Track, other: MediaInfoTrack | None) -> StreamFacts:
    rate = track.samples / track.duration if track.kind == "vide" and track.samples and track.duration else None
    return StreamFacts(
        index=index,
        type=TYPES.get(track.kind, "data"),
        codec=track.codec or None,
        profile=other.get("Format_Profile") if other else None,
        level=other.get("Format_Level") if other else None,
        width=track.width,
        height=track.height,
        rotation=track.rotation,
        frame_rate=_finite(rate),
        **_varying(TYPES.get(track.kind, "data"), other),
        duration=_finite(track.duration),
        language=track.language or None,
        handler=track.handler or None,
        reader="boxes",
    )


def _from_mediainfo(index: int, kind: str, track: MediaInfoTrack) -> StreamFacts:
    return StreamFacts(
        index=index,
        type=kind,
        codec=track.get("Format"),
        profile=track.get("Format_Profile"),
        level=track.get("Format_Level"),
        width=_whole(track, "Width"),
        height=_whole(track, "Height"),
        rotation=_rotation(None, track) if kind == "video" else None,
        frame_rate=_finite(track.number("FrameRate")),
        **_varying(kind, track),
        duration=_finite(track.number("Duration")),
        bit_rate=_whole(track, "BitRate"),
        sample_rate=_whole(track, "SamplingRate"),
        channels=_whole(track, "Channels"),
        language=track.get("Language"),
        reader="MediaInfo",
    )


def _rotation(track: Track | None, other: MediaInfoTrack | None) -> int | None:
    if track is not None and track.rotation is not None:
        return track.rotation
    turned = _whole(other, "Rotation")
    return None if turned is None else turned % 360


def _varying(kind: str, track: MediaInfoTrack | None) -> _Varying:
    """`vfr` and `vfr_reader` of a video stream as MediaInfo has them."""
    said = track.get("FrameRate_Mode") if track and kind == "video" else None
    vfr = {"VFR": True, "CFR": False}.get(said or "")
    return {"vfr": vfr, "vfr_reader": None if vfr is None else "MediaInfo"}


def _rate(stream: Stream, *, track: Track | None, other: MediaInfoTrack | None) -> float | None:
    """FFmpeg's frame rate, or a better one where FFmpeg only hands back the clock's ticks a second.

    Matroska counts in thousandths, so that pictures at 29, 33 or 34 ms come out as "1000 frames a second". A clock that
    counts in pictures (AVI, many MP4) gives the same number and is right: there, other readers agree or are silent.
    """
    rate = _finite(stream.frame_rate)
    if rate is None or stream.time_base is None or abs(rate * Fraction(stream.time_base) - 1) > 1e-9:
        return rate
    counted = _average(track.samples, track.duration) if track else None
    counted = counted or _average(stream.frames, stream.duration)
    told = _finite(other.number("FrameRate")) if other else None
    better = counted or (None if told is not None and told >= CLOCK else told)
    if better is None:
        return rate if rate < CLOCK else None
    return rate if math.isclose(better, rate, rel_tol=1e-6) else better


def _average(pictures: int | None, seconds: float | None) -> float | None:
    return _finite(pictures / seconds) if pictures and seconds else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value > 0 else None


def _whole(track: MediaInfoTrack | None, name: str) -> int | None:
    value = track.number(name) if track else None
    return int(value) if value is not None and math.isfinite(value) and abs(value) < 2**63 else None
