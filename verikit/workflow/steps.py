"""The steps of a case: each notebook's one verb, which records what it finds."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import package_folder, plain
from verikit.case.claims import Claim
from verikit.case.derived import confined
from verikit.case.opening import extend_case, new_case
from verikit.case.posts import post_fields, post_object
from verikit.container.claimed import Claimed
from verikit.container.inspection import inspect
from verikit.geo import read_point
from verikit.matching.comparing import RADIUS
from verikit.matching.fingerprinting import sketch
from verikit.matching.fuller import shared_by
from verikit.matching.searching import search
from verikit.matching.store import open_archive
from verikit.media.scanning import scan_video
from verikit.media.video import open_video
from verikit.workflow.copies import CopySearch, copy_facts, evidence, save_figures
from verikit.workflow.frames import Keyframes, extract_keyframes, extract_search_kit, kit_of, told_in_cell
from verikit.workflow.gently import gentle_word, look_of
from verikit.workflow.inspecting import Examination, hidden_stills
from verikit.workflow.which_copy import CopyFacts, copies_compared, copies_table, which_copy

if TYPE_CHECKING:
    from verikit.case.folder import Case
    from verikit.case.opening import Further
    from verikit.keyframes.picking import Keyframe
    from verikit.matching.store import Archive, ArchiveEntry
    from verikit.media.scan import Scan
    from verikit.plots.drawing import Figure

__all__ = [
    "add_to_case",
    "claim_from_post",
    "examine_case",
    "keyframes_of_case",
    "scan_case",
    "search_case",
    "start_case",
]


def start_case(
    folder: Path,
    *,
    video: Path,
    claim: Claim,
    post: bytes | None = None,
    archive: Path | None = None,
    by: str = "",
    further: Further | None = None,
) -> Case:
    """A new case in `folder` with the notebooks of the series, opened `by` whom. The video must be one that a reader knows.

    `further` are the clips and posts that go with the same claim. Raises what `new_case` raises, and MediaError where a
    video is no media at all.
    """
    for one in (video, *(further.videos if further else ())):
        inspect(open_video(one))
    if archive is not None:
        open_archive(archive)
    templates = package_folder("notebooks")
    return new_case(
        folder, video=video, claim=claim, notebooks=templates, archive=archive, post=post, by=by, further=further
    )


def add_to_case(case: Case, further: Further) -> Case:
    """The case with further clips and posts of its claim. Each step then shows them; notebooks that ran run again.

    Raises MediaError where a video is no media at all, and ValueError for a post that is none.
    """
    for one in further.videos:
        inspect(open_video(one))
    return extend_case(case, further)


def claim_from_post(data: bytes, *, text: str | None = None, name: str = "post.json") -> Claim:
    """The claim in a post.json; `text`, where given, is what is claimed. `name` is what errors call the post.

    Raises ValueError where it is not of its form.
    """
    post = post_object(data, name=name, text=text or "")
    try:
        known = post_fields(post) | ({"sub_claims": post["sub_claims"]} if post.get("sub_claims") else {})
        return Claim.from_post(known)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{plain(name)}: {plain(str(error))}") from error


def examine_case(case: Case, *, recorded: str = "", place: str = "") -> Examination:
    """Step 02: what the clip's file says of itself, recorded as `container`, with the timeline of its dates as a file.

    When the video is said to have been recorded (ISO 8601, as precise as it is known) and where ("latitude, longitude")
    are held against the file where they are given; when it was posted, the claim says. Pictures that the file holds and
    no player shows are kept as stills. Raises ValueError for a date or a place that is none.
    """
    claimed = Claimed(recorded=recorded, posted=case.claim.posted, place=read_point(place) if place else None)
    video = open_video(case.video)
    seen = Examination(container=inspect(video, claimed=claimed))
    said = {"recorded": recorded, "posted": case.claim.posted, "place": place}
    case.record(seen.container, name="container", operation="inspect", parents=["video"], arguments=said)
    case.keep_bytes(seen.timeline.data, name="dates.png", operation="figure", parents=["container"])
    for name, data in hidden_stills(video, seen.container):
        case.keep_bytes(data, name=f"hidden/{name}", operation="still", parents=["video"])
    return seen


def scan_case(case: Case) -> Scan:
    """The clip's scan, from the case's cache if it is there, recorded as `scan` without its arrays."""
    scan = scan_video(open_video(case.video), cache=case.scans)
    made = {"stream": scan.stream, "partial": scan.partial}
    case.record(scan, name="scan", operation="scan_video", parents=["video"], arguments=made)
    return scan


def keyframes_of_case(case: Case, *, most: int | None = 24, gentle: str | None = None) -> Keyframes:
    """Step 03: the clip's shots and keyframes, recorded as `keyframes`, with the stills and figures as files.

    Of many keyframes the `most` telling are taken: two dozen are what a person looks through, and a shaky minute can have
    a hundred and more, each some megabytes in the package. `most=None` takes all.
    The search kit goes to search_kit/ in the case's folder, to work with: like scans/ it is not packed, as its pictures
    are made again from the stills. What people write in its table enters the case by `searches_of_case`. `gentle`,
    "grey" or "faces", changes what is shown, never the stills; where it is not given, the case's own choice counts.
    """
    gentle = gentle or gentle_word(case)
    tell = told_in_cell()
    scan = scan_case(case)
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        found = extract_keyframes(
            open_video(case.video), scan=scan, folder=folder, most=most, gentle=gentle, progress=tell
        )
        chosen = {saved.file: saved.keyframe for saved in found.keyframes}
        for path in sorted(folder.iterdir()):
            still = chosen.get(path.name)
            made = {"gentle": gentle or ""} if still is None else _place_of(still)
            case.keep_file(path, name=f"keyframes/{path.name}", operation="keyframe", parents=["video"], arguments=made)
    stills, kit = case.folder / "derived" / case.named("keyframes"), confined(case.folder, kit_of(case))
    found = extract_search_kit(found, scan=scan, stills=stills, folder=kit, gentle=gentle, progress=tell)
    asked = {"most": most, "gentle": gentle or ""}
    case.record(found, name="keyframes", operation="pick_keyframes", parents=["scan"], arguments=asked)
    tell(f"stills: {len(found.keyframes)}; the search kit lies in {kit_of(case)}/")
    return found


def _place_of(still: Keyframe) -> dict[str, Any]:
    """Where a still is from, exactly: the instant in its stream's own time."""
    return {"stream": still.stream, "pts": still.pts, "time_base": str(still.time_base)}


def search_case(case: Case) -> CopySearch:
    """Step 04: earlier copies of the clip in the case's archive, recorded as `copies`, the figures as files.

    Raises FileNotFoundError where the archive that the case names is not there.
    """
    if case.archive is None:
        nothing = CopySearch(search=None, copies=copies_table([]), compared=(), figures=())
        case.record(nothing, name="copies", operation="search", parents=["video"], arguments={"videos": 0})
        return nothing
    archive = _archive_of_case(case, case.archive)
    video = open_video(case.video)
    scan = scan_video(video, cache=case.scans)
    query = sketch(scan)
    found = search(archive, query)
    shown = [match for match in found.matches if match.confirmed or match.relation == "same_scene"]
    clip = dataclasses.replace(copy_facts(video, query, role="the clip"), name=case.video_name)
    entries = {entry.sha256: entry for entry in archive.entries()}
    figures: list[Figure] = []
    copies, compared = [clip], []
    look = look_of(case)
    for sha256 in dict.fromkeys(match.reference_sha256 for match in shown):
        held = [match for match in shown if match.reference_sha256 == sha256]
        reference = archive.fingerprint(sha256)
        figures += evidence(query, reference, matches=held, video=video, scan=scan, look=look)
        sure = [match for match in held if match.confirmed]
        if sure:
            copies.append(_copy_in_archive(entries[sha256]))
            told = which_copy(clip, copies[-1], shared_by(query, reference, sure))
            compared.append(copies_compared(told, query=clip.name, reference=copies[-1].name))
    result = CopySearch(search=found, copies=copies_table(copies), compared=tuple(compared), figures=tuple(figures))
    with tempfile.TemporaryDirectory() as aside:
        for figure, path in zip(figures, save_figures(figures, Path(aside)), strict=True):
            # What a figure shows in words goes with it, for whoever shows it again.
            shows = {"shows": figure.alt}
            case.keep_file(path, name=f"copies/{path.name}", operation="figure", parents=["video"], arguments=shows)
    made = {"hasher": found.hasher, "videos": found.videos, "radius": RADIUS}
    case.record(result, name="copies", operation="search", parents=["video"], arguments=made)
    return result


def _archive_of_case(case: Case, folder: Path) -> Archive:
    """The archive that a case names, open. An empty one in its place would answer "no match" to everything."""
    try:
        return open_archive(folder)
    except FileNotFoundError as missing:
        named = plain(os.path.relpath(folder, case.folder))
        raise FileNotFoundError(
            f"the case names an archive at {named} (seen from its folder), and there is none: was one of them moved? "
            "Name it anew, with case.use_archive(ARCHIVE) or `verikit run CASE --archive ARCHIVE`"
        ) from missing


def _copy_in_archive(entry: ArchiveEntry) -> CopyFacts:
    return CopyFacts(
        name=entry.name,
        role="in the archive",
        duration=entry.duration,
        width=entry.facts.get("width", 0),
        height=entry.facts.get("height", 0),
        size=entry.size,
        created=tuple(entry.facts.get("created", [])),
        sha256=entry.sha256,
    )
