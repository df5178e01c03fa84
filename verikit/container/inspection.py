"""`inspect`: everything a file says of itself, from three readers, in one value.

The readers are this package's own (boxes, elements, chunks; with byte offsets), FFmpeg and MediaInfo. Each may fail on
a damaged file; what the others read is given, and the failure is a finding.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from verikit.container import consistency, isobmff, matroska, mpegts, riff
from verikit.container.agreement import find_disagreements
from verikit.container.completeness import check_media_present, read_media_list
from verikit.container.credentials import find_credentials
from verikit.container.description import Container, disagreements_table, findings_table, traces_table
from verikit.container.elements import Structure, Tag, cut_tree
from verikit.container.encoder_notes import read_encoder_notes
from verikit.container.facts import collect_facts
from verikit.container.mediainfo import MediaInfoReport, read_mediainfo
from verikit.container.movie import Movie, read_movie
from verikit.container.movie_details import read_movie_details
from verikit.container.movie_tags import movie_tags, read_movie_tags
from verikit.container.streams import describe_streams
from verikit.container.traces import find_traces, gather_evidence
from verikit.errors import MediaError
from verikit.media.video import Streams, Video, read_streams

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["inspect"]

# Enough for any file with one moov; a film in fragments has tens of thousands, of which the outline is kept.
MOST_SHOWN_BOXES = 2000
IMAGE_BRANDS = frozenset({"heic", "heix", "heim", "heis", "mif1", "mif2", "avif", "avci", "jxl ", "crx "})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What the readers gave, before it is joined."""

    structure: Structure
    movie: Movie
    tags: tuple[Tag, ...]
    ffmpeg: Streams | None
    mediainfo: MediaInfoReport
    problems: tuple[str, ...]


def inspect(video: Video) -> Container:
    """What the file says of itself: its structure, streams, tags, facts with origins, traces and findings.

    Decodes no picture; reads headers, tags and at most 3 MB of media for encoders' notes. Raises MediaError where no
    reader finds video or audio, and FileNotFoundError where the file is gone.
    """
    reading = _read(video)
    _require_media(video, reading)
    structure, movie = reading.structure, reading.movie
    form = _format(reading)
    facts = collect_facts(reading.tags, credentials=find_credentials(structure))
    evidence = gather_evidence(name=video.name, form=form, structure=structure, movie=movie, tags=reading.tags)
    streams = describe_streams(reading.ffmpeg, movie=movie, mediainfo=reading.mediainfo)
    disagreements = disagreements_table(
        find_disagreements(reading.tags, movie=movie, ffmpeg=reading.ffmpeg, mediainfo=reading.mediainfo)
    )
    shown = cut_tree(structure.boxes, most=MOST_SHOWN_BOXES)
    return Container(
        name=video.name,
        size=video.size,
        sha256=video.sha256,
        format=form,
        brands=tuple(dict.fromkeys(b for b in (movie.major, *movie.brands) if b)),
        duration=_duration(reading),
        boxes=shown,
        boxes_read=structure.count,
        boxes_shown=min(structure.count, MOST_SHOWN_BOXES),
        streams=streams,
        tags=reading.tags,
        facts=facts,
        disagreements=disagreements,
        traces=traces_table(find_traces(evidence)),
        findings=findings_table(
            (
                consistency.check_readers(reading.problems),
                consistency.check_structure(structure),
                check_media_present(read_media_list(video.path, structure)),
                consistency.check_creation_time(facts, today=dt.datetime.now(dt.UTC).date()),
                consistency.check_dates_agree(facts),
                consistency.check_edit_lists(movie),
                consistency.check_track_durations([(s.type, s.duration) for s in streams if s.duration]),
                consistency.check_device_and_software(facts, handlers=evidence.handlers),
            )
        ),
    )


def _read(video: Video) -> _Reading:
    structure, movie, own = _read_own(video.path)
    problems: list[str] = []
    try:
        ffmpeg = read_streams(video)
    except MediaError as error:
        ffmpeg = None
        problems.append(str(error).removeprefix(f"{video.path}: ").split("; ")[0])
    mediainfo = read_mediainfo(video.path)
    if mediainfo.problem:
        problems.append(mediainfo.problem)
    elif not mediainfo.has_media:
        problems.append(f"MediaInfo {mediainfo.version} finds neither video nor audio")
    tags = (*own, *read_encoder_notes(video.path, structure), *_ffmpeg_tags(ffmpeg), *mediainfo.tags())
    return _Reading(
        structure=structure, movie=movie, tags=tags, ffmpeg=ffmpeg, mediainfo=mediainfo, problems=tuple(problems)
    )


def _read_own(path: Path) -> tuple[Structure, Movie, tuple[Tag, ...]]:
    """Structure, movie and tags from the own reader that knows the format; empty ones where none does."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        ebml, chunks = matroska.is_matroska(stream), riff.is_riff(stream)
        boxes, transport = isobmff.is_isobmff(stream, size), mpegts.is_transport_stream(stream)
    if ebml:
        structure = matroska.read_elements(path)
        return structure, Movie(), matroska.read_matroska_tags(path, structure)
    if chunks:
        structure = riff.read_chunks(path)
        return structure, Movie(), riff.read_riff_tags(path, structure)
    if boxes:
        structure = isobmff.read_boxes(path)
        movie = read_movie(path, structure)
        tags = (*movie_tags(movie), *read_movie_tags(path, structure), *read_movie_details(path, structure, movie))
        return structure, movie, tags
    if transport:
        structure, found = mpegts.read_transport_stream(path)
        return structure, Movie(), found
    return Structure(format="none", boxes=()), Movie(), ()


def _ffmpeg_tags(streams: Streams | None) -> tuple[Tag, ...]:
    if streams is None:
        return ()
    reader = streams.reader.split(" through ", maxsplit=1)[0]
    parts = [("FFmpeg format", "format", streams.tags)]
    parts += [(f"FFmpeg stream {s.index}", f"stream {s.index}", s.tags) for s in streams.streams]
    return tuple(
        Tag(group=group, key=key, value=value[:4096], origin=f"{reader} {place}/{key}")
        for group, place, pairs in parts
        for key, value in pairs
    )


def _require_media(video: Video, reading: _Reading) -> None:
    """Raise MediaError unless some reader finds video or audio. A still picture is neither, whoever opens it."""
    top = {box.type for box in reading.structure.boxes}
    brands = {reading.movie.major, *reading.movie.brands}
    if not (brands & IMAGE_BRANDS and "moov" not in top):
        own = bool(top & {"moov", "moof", "mdat", "Segment", "AVI", "AVIX", "WAVE", "TS"})
        heard = reading.ffmpeg is not None and any(
            (s.width and s.height) or (s.sample_rate and s.channels) for s in reading.ffmpeg.streams
        )
        if own or reading.mediainfo.has_media or (heard and not _is_picture(reading)):
            return
    raise MediaError(
        f"{video.path}: not video or audio (tried verikit's own readers, FFmpeg and MediaInfo); "
        "name a video or audio file, or fetch it again if it should be one"
    )


def _is_picture(reading: _Reading) -> bool:
    """MediaInfo calls it a still picture or a text and nothing else."""
    kinds = {track.kind for track in reading.mediainfo.tracks}
    form = reading.ffmpeg.format if reading.ffmpeg else ""
    return form != "gif" and bool(kinds & {"Image", "Text"})


def _format(reading: _Reading) -> str:
    own = reading.structure.format
    if own == "ISO-BMFF":
        return "QuickTime" if reading.movie.major in {"qt  ", ""} else "MP4"
    if own == "Matroska":
        return "WebM" if matroska.document_type(reading.tags) == "webm" else "Matroska"
    if own == "RIFF":
        return "WAVE" if reading.structure.boxes[0].type == "WAVE" else "AVI"
    if own == "MPEG-TS":
        return "MPEG-TS"
    named = reading.mediainfo.general.get("Format")
    return named or (reading.ffmpeg.format if reading.ffmpeg else "unknown")


def _duration(reading: _Reading) -> float | None:
    if reading.ffmpeg is not None and (reading.ffmpeg.duration or 0) > 0:
        return reading.ffmpeg.duration
    own = reading.movie.duration or matroska.element_duration(reading.tags)
    return own or reading.mediainfo.general.number("Duration") or None
