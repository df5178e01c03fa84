"""Where the readers of one file disagree: each value with its reader, side by side, never resolved in silence."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any, Self

from verikit.container.times_places import parse_place, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from verikit.container.elements import Tag
    from verikit.container.mediainfo import MediaInfoReport
    from verikit.container.movie import Movie
    from verikit.media.video import Streams

__all__ = ["Disagreement", "find_disagreements", "reader_of"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One fact on which readers differ: (reader, value, origin) of each."""

    fact: str
    said: tuple[tuple[str, str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The disagreement as JSON."""
        rows = [{"reader": reader, "value": value, "origin": origin} for reader, value, origin in self.said]
        return {"fact": self.fact, "said": rows}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(fact=data["fact"], said=tuple((r["reader"], r["value"], r["origin"]) for r in data["said"]))

    def __str__(self) -> str:
        return f"{self.fact}: " + " against ".join(f"{value} ({reader})" for reader, value, _ in self.said)


def reader_of(origin: str) -> str:
    """Who read a value, from where it says that it was read: verikit itself, FFmpeg, MediaInfo or ExifTool."""
    named = ("FFmpeg", "MediaInfo", "ExifTool")
    return next((name for name in named if origin.startswith(f"{name} ")), "verikit")


def find_disagreements(
    tags: Sequence[Tag], *, movie: Movie, ffmpeg: Streams | None, mediainfo: MediaInfoReport
) -> tuple[Disagreement, ...]:
    """The facts that two readers tell differently: times, device, place, turn, time code, length, size and rate.

    Compared are fields that mean the same in each reader; a reader that is silent does not disagree. Times are compared
    as moments where both have a zone, places to 0.001 degrees, lengths to 0.1 s, rates to 0.1 %.
    """
    found = [one for name, keys, like in FIELDS if (one := _compared(name, _told(tags, keys), like))]
    numbers = _numbers(movie, ffmpeg, mediainfo)
    return (*found, *(one for name, rows, like in numbers if (one := _compared(name, rows, like))))


def _moment(text: str) -> Hashable:
    read = parse_time(text)
    if read is None:
        return None
    moment = dt.datetime.fromisoformat(read[0])
    return moment.timestamp() if moment.tzinfo else read[0]


def _place(text: str) -> Hashable:
    place = parse_place(text)
    return None if place is None else (round(place[0], 3), round(place[1], 3))


def _word(text: str) -> Hashable:
    return " ".join(text.casefold().split()) or None


def _degrees(text: str) -> Hashable:
    try:
        return round(float(text.split(maxsplit=1)[0])) % 360
    except (ValueError, IndexError):
        return None


def _code(text: str) -> Hashable:
    return text.replace(";", ":") if text.count(":") + text.count(";") == 3 else None


# What is compared: its name, the keys that mean it (by the start of the group), and how a value is made comparable.
FIELDS: tuple[tuple[str, tuple[tuple[str, str], ...], Callable[[str], Hashable]], ...] = (
    (
        "creation time in the header",
        (
            ("movie", "movie created"),
            ("Info", "DateUTC"),
            ("FFmpeg format", "creation_time"),
            ("MediaInfo General", "Encoded_Date"),
            ("ExifTool QuickTime", "CreateDate"),
        ),
        _moment,
    ),
    (
        "make",
        (
            ("keys", "com.apple.quicktime.make"),
            ("FFmpeg format", "com.apple.quicktime.make"),
            ("MediaInfo General", "com_apple_quicktime_make"),
            ("ExifTool Keys", "Make"),
        ),
        _word,
    ),
    (
        "model",
        (
            ("keys", "com.apple.quicktime.model"),
            ("FFmpeg format", "com.apple.quicktime.model"),
            ("MediaInfo General", "com_apple_quicktime_model"),
            ("ExifTool Keys", "Model"),
        ),
        _word,
    ),
    (
        "place",
        (
            ("udta", "©xyz"),
            ("FFmpeg format", "location"),
            ("MediaInfo General", "xyz"),
            ("ExifTool UserData", "GPSCoordinates"),
        ),
        _place,
    ),
    (
        "turn of the picture",
        (("track ", "rotation"), ("MediaInfo Video", "Rotation"), ("ExifTool Composite", "Rotation")),
        _degrees,
    ),
    (
        "first time code",
        (("track ", "timecode"), ("FFmpeg ", "timecode"), ("MediaInfo Other", "TimeCode_FirstFrame")),
        _code,
    ),
)


def _told(tags: Iterable[Tag], keys: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    return [
        (reader_of(tag.origin), part.strip(), tag.origin)
        for tag in tags
        if any(tag.group.startswith(group) and tag.key == key for group, key in keys)
        for part in (tag.value.split(" / ") if tag.group.startswith("MediaInfo") else [tag.value])
    ]


def _compared(name: str, told: Iterable[tuple[str, str, str]], like: Callable[[str], Hashable]) -> Disagreement | None:
    """The disagreement on one fact, or None: two readers that have no value in common."""
    values: dict[str, dict[Hashable, tuple[str, str, str]]] = {}
    for row in told:
        value = like(row[1])
        if value is not None:
            values.setdefault(row[0], {}).setdefault(value, row)
    readers = list(values)
    apart = any(
        not values[one].keys() & values[two].keys() for i, one in enumerate(readers) for two in readers[i + 1 :]
    )
    if not apart:
        return None
    return Disagreement(fact=name, said=tuple(row for rows in values.values() for row in list(rows.values())[:4]))


def _numbers(
    movie: Movie, ffmpeg: Streams | None, mediainfo: MediaInfoReport
) -> Iterator[tuple[str, list[tuple[str, str, str]], Callable[[str], Hashable]]]:
    """Length, picture size and rate as each reader has them."""
    lengths = [("verikit", movie.duration, movie.origin)]
    lengths += [("FFmpeg", ffmpeg.duration, "FFmpeg format")] if ffmpeg else []
    lengths += [("MediaInfo", mediainfo.general.number("Duration"), f"MediaInfo {mediainfo.version} General/Duration")]
    yield "length in seconds", _near(lengths, part=0.0, least=0.1), _word
    picture = next((s for s in ffmpeg.streams if s.type == "video" and s.width), None) if ffmpeg else None
    other = next((t for t in mediainfo.tracks if t.kind == "Video"), None)
    track = next((t for t in movie.tracks if t.kind == "vide"), None)
    sizes = [("verikit", f"{track.width}x{track.height}", track.origin)] if track and track.width else []
    sizes += [("FFmpeg", f"{picture.width}x{picture.height}", f"FFmpeg stream {picture.index}")] if picture else []
    if other and other.get("Width"):
        sizes.append(("MediaInfo", f"{other.get('Width')}x{other.get('Height')}", "MediaInfo Video/Width, Height"))
    yield "coded picture size", sizes, _word
    rates = [("FFmpeg", picture.frame_rate, f"FFmpeg stream {picture.index}")] if picture else []
    rates += [("MediaInfo", other.number("FrameRate"), "MediaInfo Video/FrameRate")] if other else []
    yield "pictures a second", _near(rates, part=0.001, least=0.001), _word


def _near(values: Sequence[tuple[str, float | None, str]], *, part: float, least: float) -> list[tuple[str, str, str]]:
    """The values as texts; those that lie near the first of them are written as it is, so that they agree."""
    known = [(reader, value, origin) for reader, value, origin in values if value is not None and value > 0]
    written: list[tuple[str, float]] = []
    rows = []
    for reader, value, origin in known:
        close = next((text for text, other in written if abs(value - other) <= max(least, part * other)), None)
        text = close or f"{value:.3f}"
        written.append((text, value))
        rows.append((reader, text, origin))
    return rows
