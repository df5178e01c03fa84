"""`inspect`: everything a file says of itself, from three readers, in one value.

The readers are this package's own (boxes, elements, chunks; with byte offsets), FFmpeg and MediaInfo. Each may fail on
a damaged file; what the others read is given, and the failure is a finding.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from verikit._files import plain
from verikit.container import isobmff, matroska, mpegts, riff
from verikit.container.agreement import find_disagreements
from verikit.container.checking import run_container_checks
from verikit.container.claimed import Claimed
from verikit.container.completeness import read_media_list
from verikit.container.credentials import Credentials, read_credentials
from verikit.container.description import Container, disagreements_table, findings_table, traces_table
from verikit.container.elements import Structure, Tag, cut_tree
from verikit.container.encoder_notes import read_encoder_notes
from verikit.container.examined import Examined
from verikit.container.facts import Facts, collect_facts
from verikit.container.making import edits_of, read_symbols
from verikit.container.mediainfo import MediaInfoReport, read_mediainfo
from verikit.container.movie import Movie, read_movie
from verikit.container.movie_details import read_movie_details
from verikit.container.movie_tags import movie_tags, read_movie_tags
from verikit.container.streams import describe_streams
from verikit.container.structure_checks import read_stuffing
from verikit.container.timing import hidden_samples, read_sample_times
from verikit.container.traces import find_traces, gather_evidence
from verikit.errors import MediaError
from verikit.media.parameter_sets import read_parameter_sets
from verikit.media.video import Streams, Video, read_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from verikit.media.parameter_sets import ParameterSet
    from verikit.media.scan import Scan

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
    credentials: Credentials
    problems: tuple[str, ...]


def inspect(
    video: Video,
    *,
    scan: Scan | None = None,
    claimed: Claimed | None = None,
    also: Sequence[Callable[[Path], tuple[Tag, ...]]] = (),
) -> Container:
    """What the file says of itself: its structure, streams, tags, facts with origins, traces and findings.

    Decodes no picture; reads headers, tags, sample tables and at most some MB of media for what encoders and cameras
    write there. With the video's `scan` the checks of its packets are made too, and with what is `claimed` those of
    time and place. `also` are further readers whose tags are joined with the others, such as `read_exiftool`; what they
    raise is raised here. Raises MediaError where no reader finds video or audio, FileNotFoundError where the file is gone,
    and ValueError where the scan is of another file.
    """
    if scan is not None and scan.sha256 != video.sha256:
        raise ValueError(f"{video.path}: the scan is of another file ({scan.name})")
    reading = _read(video, also=also)
    _require_media(video, reading)
    form = _format(reading)
    facts = collect_facts(reading.tags, credentials=reading.credentials)
    seen = _examined(video, reading, form=form, facts=facts, scan=scan, claimed=claimed or Claimed())
    shown = cut_tree(reading.structure.boxes, most=MOST_SHOWN_BOXES)
    return Container(
        name=video.name,
        size=video.size,
        sha256=video.sha256,
        format=form,
        brands=tuple(dict.fromkeys(b for b in (reading.movie.major, *reading.movie.brands) if b)),
        duration=_duration(reading),
        boxes=shown,
        boxes_read=reading.structure.count,
        boxes_shown=min(reading.structure.count, MOST_SHOWN_BOXES),
        edits=edits_of(reading.movie),
        symbols=read_symbols(video.path, reading.structure),
        streams=seen.streams,
        tags=reading.tags,
        facts=facts,
        disagreements=disagreements_table(seen.disagreements),
        hidden=seen.hidden,
        claimed=seen.claimed,
        traces=traces_table(seen.traces),
        findings=findings_table(run_container_checks(seen)),
    )


def _examined(
    video: Video, reading: _Reading, *, form: str, facts: Facts, scan: Scan | None, claimed: Claimed
) -> Examined:
    """Everything that the checks look at."""
    structure, movie = reading.structure, reading.movie
    evidence = gather_evidence(name=video.name, form=form, structure=structure, movie=movie, tags=reading.tags)
    times = read_sample_times(video.path, structure, movie)
    return Examined(
        name=video.name,
        size=video.size,
        format=form,
        today=dt.datetime.now(dt.UTC).date(),
        structure=structure,
        movie=movie,
        tags=reading.tags,
        facts=facts,
        streams=describe_streams(reading.ffmpeg, movie=movie, mediainfo=reading.mediainfo),
        evidence=evidence,
        traces=find_traces(evidence),
        disagreements=find_disagreements(reading.tags, movie=movie, ffmpeg=reading.ffmpeg, mediainfo=reading.mediainfo),
        problems=reading.problems,
        media=read_media_list(video.path, structure),
        times=times,
        hidden=hidden_samples(movie, times),
        stuffing=read_stuffing(video.path, structure),
        scan=scan,
        parameters=_parameters(video, scan),
        claimed=claimed,
    )


def _parameters(video: Video, scan: Scan | None) -> tuple[ParameterSet, ...]:
    """The parameter sets in the packets, where there is a scan; reading them takes as long as reading the file."""
    if scan is None:
        return ()
    try:
        return read_parameter_sets(video)
    except MediaError:  # what FFmpeg does not read is a finding of its own
        return ()


def _read(video: Video, *, also: Sequence[Callable[[Path], tuple[Tag, ...]]]) -> _Reading:
    """What all readers give. Those that have a process of their own work while the others read."""
    problems: list[str] = []
    with ThreadPoolExecutor(max_workers=2) as beside:
        asked = beside.submit(read_mediainfo, video.path)
        structure, movie, own = _read_own(video.path)
        signed = beside.submit(read_credentials, video.path, structure, tags=own)
        try:
            ffmpeg = read_streams(video)
        except MediaError as error:
            ffmpeg = None
            problems.append(str(error).removeprefix(f"{video.path}: ").split("; ")[0])
        notes = read_encoder_notes(video.path, structure)
        more = tuple(tag for reader in also for tag in reader(video.path))
        mediainfo, credentials = asked.result(), signed.result()
    if mediainfo.problem:
        problems.append(mediainfo.problem)
    elif not mediainfo.has_media:
        problems.append(f"MediaInfo {mediainfo.version} finds neither video nor audio")
    return _Reading(
        structure=structure,
        movie=movie,
        tags=(*own, *notes, *_ffmpeg_tags(ffmpeg), *mediainfo.tags(), *more),
        ffmpeg=ffmpeg,
        mediainfo=mediainfo,
        credentials=credentials,
        problems=tuple(problems),
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
    broken = ""
    if reading.structure.faults:
        fault = reading.structure.faults[0]
        broken = f"; it begins as {reading.structure.format} and breaks off at byte {fault.offset:,}: {fault.detail}"
    raise MediaError(
        f"{video.path}: not video or audio (tried verikit's own readers, FFmpeg and MediaInfo{plain(broken)}); "
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
