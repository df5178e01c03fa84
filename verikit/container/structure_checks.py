"""What the structure of a file says of how it was made: order, repetition, leftovers, edits, lengths.

Base rates were counted on 89 public MP4 and QuickTime files that nobody doubts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.container.elements import read_at
from verikit.container.examined import Examined, Strength, listed, told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from verikit.container.elements import Structure
    from verikit.records import Finding

__all__ = ["STRUCTURE_CHECKS", "read_stuffing"]

NO_MOVIE = "Not an MP4 or QuickTime file with a movie header"
USUAL = frozenset(
    {
        "ftyp",
        "moov",
        "mdat",
        "free",
        "skip",
        "wide",
        "uuid",
        "moof",
        "mfra",
        "sidx",
        "styp",
        "meta",
        "udta",
        "pdin",
        "emsg",
        "prft",
        "ssix",
        "pnot",
        "PICT",
    }
)
SINGLE = ("ftyp", "moov", "moov/mvhd", "moov/udta", "moov/trak/mdia/minf/stbl/stsd")
# Four letters each; written in one text, since a list of them would fill a page.
BRANDS = (
    "3g2a3g2b3gp43gp53gp63gp7FACEM4A M4B M4V M4VHM4VPMSNVNDSCXAVCavc1av01avifcaqvcmfccrx dashdvh1f4v heicheixhvc1iso2iso3iso4"
    "iso5iso6iso8iso9isomjpm mif1mmp4mp41mp42mp71mpg4mqt msdhmsf1nikopanapiffCAEP"
)
KNOWN_BRANDS = frozenset({"qt  "} | {BRANDS[i : i + 4] for i in range(0, len(BRANDS), 4)})
EXTENSIONS = {
    "mp4": {"MP4"},
    "m4v": {"MP4"},
    "mov": {"QuickTime"},
    "3gp": {"MP4"},
    "mkv": {"Matroska", "WebM"},
    "webm": {"WebM"},
    "avi": {"AVI"},
    "mts": {"MPEG-TS"},
    "m2ts": {"MPEG-TS"},
    "ts": {"MPEG-TS"},
}
LOOKED_AT = 64 * 1024
MOST_FREE = 64


def read_stuffing(path: Path, structure: Structure) -> Mapping[int, int]:
    """For each `free` or `skip` box that holds anything but zeros: its byte and its size. Reads 64 KiB of each."""
    found: dict[int, int] = {}
    boxes = [box for box in structure.walk() if box.type in {"free", "skip"}][:MOST_FREE]
    with path.open("rb") as stream:
        for box in boxes:
            data = read_at(stream, box.offset + box.header, max(0, min(box.size - box.header, LOOKED_AT)))
            if any(data):
                found[box.offset] = box.size
    return found


def check_box_order(seen: Examined) -> Finding:
    """Whether the header stands before the media. Limits: any program can move it."""
    top = list(seen.evidence.top)
    both = "moov" in top and "mdat" in top
    first = both and top.index("moov") < top.index("mdat")
    return told(
        "box_order",
        Strength.CONTEXT,
        odd="The header (moov) stands before the media, as for the web; most cameras write it behind" if first else "",
        fine="The header stands behind the media, as cameras write it",
        absent="" if both else NO_MOVIE,
        limits="Suggests a file prepared for the web, by a platform or an export. It says nothing of the pictures.",
        base_rate="36 of 89 public files",
    )


def check_several_media_boxes(seen: Examined) -> Finding:
    """Whether a file without fragments has several runs of media. Limits: recorders that guard against crashes."""
    count = seen.evidence.top.count("mdat")
    odd = count > 1 and "moof" not in seen.evidence.top
    return told(
        "several_media_boxes",
        Strength.TRACE,
        odd=f"The media lie in {count} boxes without fragments" if odd else "",
        fine="The media lie in one box, or in fragments",
        absent="" if count else NO_MOVIE,
        limits="Suggests Telegram's writer for Android, a recorder that writes in parts, or files put together.",
        base_rate="2 of 89 public files, both from Telegram",
        measures={"boxes": count},
    )


def check_unusual_boxes(seen: Examined) -> Finding:
    """Whether there are top-level boxes that few writers make. Limits: makers add boxes as they like."""
    odd = sorted({kind for kind in seen.evidence.top if kind not in USUAL})
    return told(
        "unusual_boxes",
        Strength.TRACE,
        odd=f"Unusual boxes at the top level: {listed(odd)}" if odd else "",
        fine="All top-level boxes are usual ones",
        absent="" if seen.structure.format == "ISO-BMFF" else NO_MOVIE,
        limits="Suggests a certain maker or messenger (sefd: Samsung; beam, loop: WhatsApp) or data added by a program.",
        base_rate="3 of 89 public files: Samsung twice, WhatsApp once",
        measures={"boxes": odd[:20]},
    )


def check_single_boxes(seen: Examined) -> Finding:
    """Whether boxes that a file has once are there twice. Limits: some programs append instead of rewriting."""
    counts = {path: len(seen.structure.find(path)) for path in SINGLE[:3]}
    odd = [f"{path} {count} times" for path, count in counts.items() if count > 1]
    return told(
        "single_boxes",
        Strength.CONTRADICTION,
        odd=f"Boxes that a file has once are there more often: {listed(odd)}; players may read another one than tools do"
        if odd
        else "",
        fine="Header, type and movie header are each there once",
        absent="" if seen.structure.format == "ISO-BMFF" else NO_MOVIE,
        limits="Suggests files joined without a program that knows the format, a repair, or a file made to show differently in different players.",
        measures=counts,
    )


def check_stuffing(seen: Examined) -> Finding:
    """Whether boxes declared empty hold something. Limits: old headers are often left there."""
    total = sum(seen.stuffing.values())
    return told(
        "free_space",
        Strength.CONTEXT if total < 4096 else Strength.TRACE,
        odd=f"What is declared free holds data: {total:,} bytes in {len(seen.stuffing)} places"
        if seen.stuffing
        else "",
        fine="Boxes that are declared free hold zeros or nothing",
        absent="" if seen.structure.format == "ISO-BMFF" else NO_MOVIE,
        limits="Suggests what is left of an earlier header after tags were edited, a writer's mark, or data put aside. It can be read at the bytes given.",
        measures={"boxes": {str(at): size for at, size in list(seen.stuffing.items())[:20]}},
    )


def check_unlisted_media(seen: Examined, *, part: float = 0.02, least: int = 65_536) -> Finding:
    """Whether the media boxes hold bytes that no track lists. Limits: padding and interleaved extras."""
    media = seen.media
    listed_bytes = sum(track.size for track in media.tracks)
    left = media.held - listed_bytes
    judged = bool(media.tracks) and not media.unjudged
    odd = judged and left > max(least, part * media.held)
    return told(
        "unlisted_media",
        Strength.TRACE,
        odd=f"{left:,} of {media.held:,} bytes in the media boxes are listed by no track" if odd else "",
        fine="The tracks list nearly all that the media boxes hold",
        absent="" if judged else media.unjudged or "No track lists any media",
        limits="Suggests pictures or sound left behind when a track or a stretch was taken out of the lists, or padding. They may be recoverable.",
        params={"part": part, "least": least},
        measures={"listed": listed_bytes, "held": media.held},
    )


def check_brand_and_name(seen: Examined) -> Finding:
    """Whether the file's ending fits its format. Limits: renaming, and programs that mix them up."""
    ending = seen.name.rpartition(".")[2].lower()
    known = EXTENSIONS.get(ending)
    return told(
        "brand_and_name",
        Strength.CONTRADICTION,
        odd=f"The name ends in .{ending}, the content is {seen.format}" if known and seen.format not in known else "",
        fine=f"The ending .{ending} fits the content ({seen.format})",
        absent="" if known else "The name's ending tells no format",
        limits="Suggests that the file was renamed, or an exporter's fault: iPhone films in HDR come as .mp4 with QuickTime inside.",
        base_rate="2 of 89 public files",
    )


def check_brand_known(seen: Examined) -> Finding:
    """Whether the major brand is one that is in use. Limits: the list of brands grows."""
    major = seen.movie.major
    return told(
        "brand_known",
        Strength.CONTEXT,
        odd=f"The major brand {major!r} is not in common use" if major and major not in KNOWN_BRANDS else "",
        fine=f"The major brand {major!r} is in use",
        absent="" if major else "No brand is given",
        limits="Suggests a rare writer, damage, or a test file. Players mostly ignore the brand.",
    )


def check_header_length(seen: Examined, *, tolerance: float = 0.5) -> Finding:
    """Whether the header's length is that of the longest track as edited. Limits: tracks of text or data."""
    lengths = [
        sum(e.duration for e in t.edits) if t.edits and any(e.duration for e in t.edits) else (t.duration or 0.0)
        for t in seen.movie.tracks
    ]
    own, longest = seen.movie.duration or 0.0, max(lengths, default=0.0)
    apart = abs(own - longest) > tolerance
    return told(
        "header_length",
        Strength.CONTRADICTION,
        odd=f"The header says {own:.3f} s, the longest track plays {longest:.3f} s" if apart else "",
        fine="The header's length is that of its longest track",
        absent=""
        if own and longest and "moof" not in seen.evidence.top
        else "No length to compare, or a file in fragments",
        limits="Suggests that a track was changed or removed by a program that left the header alone, or damage.",
        params={"tolerance": tolerance},
        measures={"header": own, "longest": longest},
    )


def check_sample_counts(seen: Examined) -> Finding:
    """Whether the tables of a track count the same samples. Limits: damage and fragments."""
    odd = [
        f"track {times.track}: {times.declared:,} sizes and {len(times.decode):,} times"
        for times in seen.times
        if times.declared and times.declared != len(times.decode)
    ]
    return told(
        "sample_counts",
        Strength.CONTRADICTION,
        odd=f"Tables of one track count differently: {listed(odd)}" if odd else "",
        fine="Sizes and times count the same samples in every track",
        absent="" if seen.times else "No sample tables",
        limits="Suggests damage, a faulty writer, or tables changed by hand.",
    )


def check_fragments(seen: Examined) -> Finding:
    """Whether the file is written in fragments. Limits: streaming, browsers and some recorders do so."""
    count = seen.evidence.top.count("moof")
    return told(
        "fragments",
        Strength.CONTEXT,
        odd=f"The file is written in {count:,} fragments, as for streaming" if count else "",
        fine="The file is not written in fragments",
        absent="" if seen.structure.format == "ISO-BMFF" else NO_MOVIE,
        limits="Suggests a download from a stream, a recording in a browser, or a camera that guards against crashes.",
    )


def check_empty_tracks(seen: Examined) -> Finding:
    """Whether a track lists no samples at all. Limits: writers that prepare tracks they do not use."""
    odd = [f"track {t.id} ({t.kind or 'unknown'})" for t in seen.movie.tracks if t.samples == 0]
    fragments = "moof" in seen.evidence.top or bool(seen.structure.find("moov/mvex"))
    return told(
        "empty_tracks",
        Strength.TRACE,
        odd=f"Tracks without any sample: {listed(odd)}" if odd else "",
        fine="Every track has samples",
        absent="" if seen.movie.tracks and not fragments else "No tracks to look at, or a file in fragments",
        limits="Suggests a recording that was broken off, a writer that prepares tracks, or content taken out.",
    )


def check_descriptions(seen: Examined) -> Finding:
    """Whether a track changes its codec's configuration in its course. Limits: some editors keep all sources' ones."""
    odd = [f"track {times.track} has {times.descriptions}" for times in seen.times if times.descriptions > 1]
    return told(
        "codec_configurations",
        Strength.TRACE,
        odd=f"Several codec configurations in one track: {listed(odd)}" if odd else "",
        fine="Each track has one codec configuration",
        absent="" if seen.times else "No sample tables",
        limits="Suggests that pieces encoded apart were joined without a new encode. It does not tell where, or why.",
        base_rate="joined or stream-copied files: 7 of 105",
    )


def check_picture_sizes(seen: Examined) -> Finding:
    """Whether the header shows pictures at another shape than they are coded. Limits: pixels that are not square."""
    odd = []
    for track in seen.movie.tracks:
        if track.kind == "vide" and track.width and track.height and track.shown_size:
            wide, high = track.shown_size
            if wide > 0 and high > 0 and abs(wide * track.height / (high * track.width) - 1) > 0.02:
                odd.append(f"track {track.id}: coded {track.width}x{track.height}, shown {wide:g}x{high:g}")
    return told(
        "picture_shape",
        Strength.CONTEXT,
        odd=f"The header changes the shape of the pictures: {listed(odd)}" if odd else "",
        fine="Pictures are shown in the shape that they are coded in",
        absent="" if any(t.kind == "vide" and t.shown_size for t in seen.movie.tracks) else NO_MOVIE,
        limits="Suggests pixels that are not square (old cameras, broadcast), or a film stretched without a new encode.",
    )


STRUCTURE_CHECKS = (
    check_single_boxes,
    check_header_length,
    check_sample_counts,
    check_brand_and_name,
    check_several_media_boxes,
    check_unusual_boxes,
    check_stuffing,
    check_unlisted_media,
    check_empty_tracks,
    check_descriptions,
    check_picture_sizes,
    check_box_order,
    check_brand_known,
    check_fragments,
)
