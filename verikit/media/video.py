"""Identity of a video file, and what FFmpeg says of its streams. Nothing is decoded here.

FFmpeg is reached through PyAV, in this room and in `decoding` only.
"""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import av
import av.container
import av.logging
import av.stream

from verikit import _html
from verikit._files import plain, sha256_file
from verikit.errors import MediaError
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Stream", "Streams", "Video", "open_video", "opened", "opened_unedited", "picture_stream", "read_streams"]

# FFmpeg also "opens" stills, text and subtitles. They are not what this toolkit examines.
NOT_VIDEO = frozenset({"tty", "image2", "image2pipe", "srt", "ass", "webvtt", "subviewer", "subviewer1", "microdvd"})
# Lists of other files. Their pictures are not of the bytes that were hashed.
LISTS = frozenset({"concat", "hls", "dash", "webm_dash_manifest", "imf", "sdp", "rtsp"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video file by its identity: where it is, how long it is, and the SHA-256 of its bytes."""

    path: Path
    name: str
    size: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Name, size in bytes and SHA-256. The path stays out: it names the analyst's machine."""
        return {"name": self.name, "size": self.size, "sha256": self.sha256}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [("name", self.name), ("size", f"{self.size:,} bytes"), ("SHA-256", self.sha256)]
        text = "\n".join(f"{name}: {plain(value)}" for name, value in rows)
        return mimebundle(self, plain_text=text, html=_html.definition(rows, caption="Video file"))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream as FFmpeg describes it. Unknown is None; rates are frames per second, times seconds.

    `rotation` is degrees counter-clockwise as FFmpeg has it; None where it was not looked for. `frames` is what the
    container declares, not what was counted.
    """

    index: int
    type: str
    codec: str | None = None
    profile: str | None = None
    level: int | None = None
    width: int | None = None
    height: int | None = None
    rotation: int | None = None
    frame_rate: float | None = None
    frames: int | None = None
    start: float | None = None
    duration: float | None = None
    time_base: str | None = None
    bit_rate: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    pixel_format: str | None = None
    language: str | None = None
    handler: str | None = None
    attached_picture: bool = False
    tags: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The stream as JSON."""
        data = dataclasses.asdict(self)
        data["tags"] = dict(self.tags)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{**data, "tags": tuple(data["tags"].items())})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What FFmpeg says of a file: its format, duration in seconds, tags and streams, and FFmpeg's version."""

    format: str
    duration: float | None
    bit_rate: int | None
    tags: tuple[tuple[str, str], ...]
    streams: tuple[Stream, ...]
    reader: str

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "format": self.format,
            "duration": self.duration,
            "bit_rate": self.bit_rate,
            "tags": dict(self.tags),
            "streams": [stream.to_dict() for stream in self.streams],
            "reader": self.reader,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(
            **{
                **data,
                "tags": tuple(data["tags"].items()),
                "streams": tuple(Stream.from_dict(stream) for stream in data["streams"]),
            }
        )


def open_video(path: str | Path) -> Video:
    """The identity of the file at `path`: its bytes are hashed, nothing is decoded.

    Raises FileNotFoundError where there is none, IsADirectoryError for a folder and MediaError for an empty file.
    """
    found = Path(path)
    if not found.exists():
        raise FileNotFoundError(f"{plain(str(found))}: no such file; check the path")
    if not found.is_file():
        raise IsADirectoryError(f"{plain(str(found))}: not a file; name a video file")
    size = found.stat().st_size
    if size == 0:
        raise MediaError(f"{plain(str(found))}: the file is empty (0 bytes); fetch it again")
    return Video(path=found, name=found.name, size=size, sha256=sha256_file(found))


@contextlib.contextmanager
def opened(video: Video) -> Iterator[av.container.InputContainer]:
    """The file opened by FFmpeg, for the rooms of this wing.

    Raises MediaError where FFmpeg does not read it as video or audio.
    """
    with _opened(video, {}) as container:
        yield container


@contextlib.contextmanager
def opened_unedited(video: Video) -> Iterator[av.container.InputContainer]:
    """The same with edit lists left aside: every picture that the file holds, by the time of its own track."""
    with _opened(video, {"ignore_editlist": "1"}) as container:
        yield container


@contextlib.contextmanager
def _opened(video: Video, options: Mapping[str, str]) -> Iterator[av.container.InputContainer]:
    # FFmpeg's own messages would mix with ours; what went wrong reaches the caller as errors and counts.
    av.logging.set_level(None)
    try:
        # The file protocol alone: a hostile playlist or reference must not make FFmpeg reach out. It is named, since a
        # name such as "file:other.mp4" would otherwise open another file than the one that was hashed.
        container = av.open(
            f"file:{video.path}", metadata_errors="surrogateescape", options={"protocol_whitelist": "file", **options}
        )
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(
            f"{plain(str(video.path))}: FFmpeg cannot read it as video or audio ({_reason(error)}); "
            "if it was cut short, fetch it again whole; `verikit inspect` shows what is left of it"
        ) from error
    with container:
        if not _is_media(container):
            raise MediaError(
                f"{plain(str(video.path))}: not video or audio (FFmpeg reads it as {container.format.name}); "
                "name a video file"
            )
        yield container


def read_streams(video: Video) -> Streams:
    """The format, tags and streams of a file as FFmpeg describes them, without decoding a picture.

    Raises MediaError where FFmpeg does not read it as video or audio.
    """
    with opened(video) as container:
        return Streams(
            format=container.format.name,
            duration=None if container.duration is None else container.duration / av.time_base,
            bit_rate=container.bit_rate or None,
            tags=_tags(container.metadata),
            streams=tuple(_describe(stream) for stream in container.streams),
            reader=f"FFmpeg {av.ffmpeg_version_info} through PyAV {av.__version__}",
        )


def picture_stream(container: av.container.InputContainer, video: Video) -> av.VideoStream:
    """The video stream that is examined: FFmpeg's own choice of best, cover pictures left aside.

    Raises MediaError where there is none that can be decoded.
    """
    usable = [s for s in container.streams.video if s.codec_context is not None and not _is_cover(s)]
    best = container.streams.best("video")
    chosen = next((s for s in usable if best is not None and s.index == best.index), usable[0] if usable else None)
    if chosen is None:
        raise MediaError(
            f"{plain(str(video.path))}: holds no video stream that can be decoded; for sound alone use `inspect`"
        )
    return chosen


def _is_media(container: av.container.InputContainer) -> bool:
    name = container.format.name
    other = name in NOT_VIDEO | LISTS or name.endswith("_pipe")
    return not other and any(stream.type in {"video", "audio"} for stream in container.streams)


def _is_cover(stream: av.stream.Stream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _reason(error: Exception) -> str:
    return plain(str(getattr(error, "strerror", None) or error)).strip()


def _tags(found: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    # A tag may hold bytes that are no UTF-8; they are kept as visible escapes, since JSON cannot carry them raw.
    def readable(text: str) -> str:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    return tuple(sorted((readable(key), readable(value)) for key, value in found.items()))


def _describe(stream: av.stream.Stream) -> Stream:
    codec: Any = stream.codec_context  # None where FFmpeg has no decoder
    picture = stream.type == "video" and codec is not None
    sound = stream.type == "audio" and codec is not None
    rate = stream.average_rate if isinstance(stream, av.VideoStream) else None
    tags = dict(_tags(stream.metadata))
    base = stream.time_base
    return Stream(
        index=stream.index,
        type=stream.type,
        codec=None if codec is None else codec.codec.canonical_name,
        profile=None if codec is None else codec.profile,
        level=codec.level if picture and codec.level and codec.level > 0 else None,
        width=codec.width if picture else None,
        height=codec.height if picture else None,
        frame_rate=float(rate) if rate else None,
        frames=stream.frames or None,
        start=float(stream.start_time * base) if stream.start_time is not None and base else None,
        duration=float(stream.duration * base) if stream.duration and base else None,
        time_base=str(base) if base else None,
        bit_rate=(codec.bit_rate or None) if codec is not None else None,
        sample_rate=codec.sample_rate if sound else None,
        channels=codec.channels if sound else None,
        pixel_format=codec.pix_fmt if picture else None,
        language=tags.get("language"),
        handler=tags.get("handler_name"),
        attached_picture=_is_cover(stream),
        tags=tuple(tags.items()),
    )
