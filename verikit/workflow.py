"""The composed verbs: what one command or one notebook step does, joining wings that do not know each other."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import package_folder, plain
from verikit.case.claims import Claim
from verikit.case.journal import strict_json
from verikit.case.opening import new_case
from verikit.case.report import write_report
from verikit.case.running import fill_cells, run_case
from verikit.case.sealing import seal_case
from verikit.case.verifying import verify_package
from verikit.container.inspection import inspect
from verikit.errors import AuditError, MediaError, VerikitError
from verikit.keyframes.picking import pick_keyframes
from verikit.keyframes.saving import SavedKeyframe, save_keyframes
from verikit.keyframes.shots import Shot, detect_shots
from verikit.matching.comparing import Match, compare, still_image, still_pairs
from verikit.matching.fingerprinting import fingerprint
from verikit.matching.searching import Search, search
from verikit.matching.store import create_archive, open_archive
from verikit.media.scanning import scan_video
from verikit.media.video import open_video
from verikit.plots.frames import contact_sheet, plot_shots
from verikit.plots.matches import plot_alignment, side_by_side
from verikit.records import Records, mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from verikit.case.folder import Case
    from verikit.case.running import NotebookRun
    from verikit.case.sealing import Seal
    from verikit.case.verifying import Verification
    from verikit.container.inspection import Container
    from verikit.matching.fingerprinting import Fingerprint
    from verikit.media.scan import Scan
    from verikit.media.video import Video
    from verikit.plots.drawing import Figure

__all__ = [
    "Added",
    "Comparison",
    "CopyFacts",
    "CopySearch",
    "Demo",
    "Keyframes",
    "add_to_archive",
    "claim_from_post",
    "compare_videos",
    "examine_case",
    "extract_keyframes",
    "keyframes_of_case",
    "prepare_demo",
    "run_demo",
    "save_figures",
    "scan_case",
    "search_case",
    "search_video",
    "start_case",
]

# What a folder is searched for when it is added to an archive. Anything else is added by naming it.
VIDEO_ENDINGS = frozenset(
    {
        *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
    }
)


# ------------------------------------------------------------------------------------------------------------ keyframes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keyframes:
    """The shots of a video, the stills chosen from them, and two figures: the contact sheet and the course of change.

    `sheet` is None where no still was worth choosing, as in a clip that is black throughout.
    """

    shots: Records[Shot]
    keyframes: Records[SavedKeyframe]
    sheet: Figure | None
    timeline: Figure

    def to_dict(self) -> dict[str, Any]:
        """Shots and keyframes as JSON."""
        return {
            "shots": [shot.to_dict() for shot in self.shots],
            "keyframes": [keyframe.to_dict() for keyframe in self.keyframes],
        }


def extract_keyframes(video: Video, *, scan: Scan, folder: Path, most: int | None = None) -> Keyframes:
    """The keyframes of a video as full-size stills in `folder`, beside contact_sheet.jpg and shots.png."""
    shots = detect_shots(scan)
    picked = pick_keyframes(scan, shots, most=most)
    saved = save_keyframes(video, picked, folder=folder)
    stills = {k.keyframe.pts: _read_png(folder / k.file) for k in saved}
    labels = [f"{timecode(k.keyframe.time)}  shot {k.keyframe.shot}" for k in saved]
    pictures = list(zip(labels, (stills[k.keyframe.pts] for k in saved), strict=True))
    sheet = contact_sheet(pictures, title=f"Keyframes of {video.name}") if pictures else None
    timeline = plot_shots(scan, shots, keyframes=picked)
    if sheet is not None:
        sheet.save(folder / "contact_sheet.jpg")
    timeline.save(folder / "shots.png")
    return Keyframes(shots=shots, keyframes=saved, sheet=sheet, timeline=timeline)


# ------------------------------------------------------------------------------------------------------------- matching


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two videos have in common, and the figures that show it."""

    matches: Records[Match]
    figures: tuple[Figure, ...]

    def to_dict(self) -> dict[str, Any]:
        """The matches as JSON."""
        return {"matches": [match.to_dict() for match in self.matches]}


def compare_videos(query: Video, reference: Video, *, cache: Path | None = None) -> Comparison:
    """Which seconds of one video are which seconds of another, with an alignment plot and side-by-side stills."""
    one, other = (fingerprint(scan_video(video, cache=cache)) for video in (query, reference))
    matches = compare(one, other)
    return Comparison(matches=matches, figures=tuple(_evidence(one, other, matches)))


def search_video(archive: Path, video: Video, *, cache: Path | None = None) -> Search:
    """Where the footage of a video appears in the archive in a folder."""
    return search(open_archive(archive), fingerprint(scan_video(video, cache=cache)))


def save_figures(figures: Sequence[Figure], folder: Path) -> tuple[Path, ...]:
    """Write figures into a folder as evidence_1.png and so on. Returns their paths."""
    endings = {"image/png": "png", "image/jpeg": "jpg"}
    return tuple(
        figure.save(folder / f"evidence_{number}.{endings[figure.mime]}") for number, figure in enumerate(figures, 1)
    )


def _evidence(query: Fingerprint, reference: Fingerprint, matches: Iterable[Match]) -> Iterator[Figure]:
    """For matches with one reference: the alignment, and the best pair of stills of each."""
    held = list(matches)
    if not held:
        return
    yield plot_alignment(query, reference, held)
    for match in held[:3]:
        pairs = still_pairs(query, reference, laying=match.laying)
        for pair in pairs[:1]:
            yield side_by_side(
                (f"{query.name} at {timecode(pair.query_time)}", still_image(pair.query)),
                (f"{reference.name} at {timecode(pair.reference_time)}", still_image(pair.reference)),
                registration=pair.registration,
            )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of the files that were to go into an archive. `failed` are pairs of a file and what was wrong."""

    added: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON of `archive add`: counts, and the failed files with their errors."""
        return {
            "added": len(self.added),
            "skipped": len(self.skipped),
            "failed": [{"file": file, "error": error} for file, error in self.failed],
        }


def add_to_archive(
    archive: Path, paths: Sequence[Path], *, progress: Callable[[str, int, int], None] | None = None
) -> Added:
    """Fingerprint files and folders into the archive in a folder, which is made when the first video goes in.

    Each video is in as soon as it is done, so that the work can be stopped and taken up again; what is in is skipped.
    One bad file never stops the others. `progress` is called with a file's name, its number and how many there are.
    """
    if archive.exists() and any(archive.iterdir()):
        open_archive(archive)
    files = list(_videos_in(paths))
    added, skipped, failed = [], [], []
    for number, path in enumerate(files, start=1):
        if progress is not None:
            progress(path.name, number, len(files))
        try:
            # A name on Linux may be any bytes; the archive keeps text.
            name = os.fsencode(path.name).decode("utf-8", "replace")
            video = dataclasses.replace(open_video(path), name=name)
            if any(archive.glob("*.sqlite")) and open_archive(archive).holds(video.sha256):
                skipped.append(path.name)
                continue
            made = fingerprint(scan_video(video))
            facts = _claimed_facts(inspect(video), made)
            create_archive(archive).put(made, size=video.size, facts=facts)
        except (VerikitError, OSError) as error:
            failed.append((str(path), plain(str(error))))
            continue
        added.append(path.name)
    return Added(added=tuple(added), skipped=tuple(skipped), failed=tuple(failed))


def _videos_in(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in VIDEO_ENDINGS and p.is_file())
        else:
            yield path


def _claimed_facts(container: Container, made: Fingerprint) -> dict[str, Any]:
    """What a file claims of itself that helps to say which copy is earlier, fuller or less degraded."""
    return {
        "created": [fact.to_dict() for fact in container.facts.created],
        "width": made.width,
        "height": made.height,
        "container": container.format,
    }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CopyFacts:
    """What one copy of the footage is, by its file: seconds, picture size, bytes, and the dates it claims of itself."""

    name: str
    role: str
    duration: float
    picture: str
    size: int
    claims_created: str
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """The copy as JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CopySearch:
    """A search for earlier copies: what was found, the copies side by side, and the figures that show each match.

    `search` is None where the case names no archive: then nothing was searched, and nothing follows.
    """

    search: Search | None
    copies: Records[CopyFacts]
    figures: tuple[Figure, ...]

    def to_dict(self) -> dict[str, Any]:
        """The search and the copies as JSON."""
        return {
            "search": None if self.search is None else self.search.to_dict(),
            "copies": [copy.to_dict() for copy in self.copies],
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        if self.search is None:
            told = "This case names no archive of known footage. Nothing was searched, and nothing follows from that."
            return mimebundle(self, plain_text=told, html=_html.element("p", told))
        found, copies = self.search._repr_mimebundle_(), self.copies._repr_mimebundle_()
        text = "\n\n".join([found["text/plain"], copies["text/plain"]])
        html = _html.join([_html.Html(found["text/html"]), _html.Html(copies["text/html"])])
        return mimebundle(self, plain_text=text, html=html)


# ----------------------------------------------------------------------------------------------------- steps of a case


def start_case(
    folder: Path, *, video: Path, claim: Claim, post: bytes | None = None, archive: Path | None = None, by: str = ""
) -> Case:
    """A new case in `folder` with the notebooks of the series, opened `by` whom. The video must be one that a reader knows.

    Raises what `new_case` raises, and MediaError where the video is no media at all.
    """
    inspect(open_video(video))
    if archive is not None:
        open_archive(archive)
    templates = package_folder("notebooks")
    return new_case(folder, video=video, claim=claim, notebooks=templates, archive=archive, post=post, by=by)


def claim_from_post(data: bytes, *, text: str | None = None, name: str = "post.json") -> Claim:
    """The claim in a post.json; `text`, where given, is what is claimed. `name` is what errors call the post.

    Raises ValueError where it is not of its form.
    """
    try:
        post = strict_json(data)
    except ValueError as error:
        raise ValueError(f"{plain(name)}: not a post's JSON: {plain(str(error))}") from error
    if not isinstance(post, dict):
        raise TypeError(f"{plain(name)}: not a JSON object; a post has text, url, account, posted, language")
    known = {key: post[key] for key in ("language", "url", "account", "posted", "sub_claims") if post.get(key)}
    try:
        return Claim.from_post({**known, "text": text or post.get("text") or ""})
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{plain(name)}: {plain(str(error))}") from error


def examine_case(case: Case) -> Container:
    """Step 02: what the clip's file says of itself, recorded as `container`."""
    container = inspect(open_video(case.video))
    case.record(container, name="container", parents=["video"])
    return container


def scan_case(case: Case) -> Scan:
    """The clip's scan, from the case's cache if it is there, recorded as `scan` without its arrays."""
    scan = scan_video(open_video(case.video), cache=case.scans)
    case.record(scan, name="scan", parents=["video"])
    return scan


def keyframes_of_case(case: Case, *, most: int | None = None) -> Keyframes:
    """Step 03: the clip's shots and keyframes, recorded as `keyframes`, with the stills and figures as files."""
    scan = scan_case(case)
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        found = extract_keyframes(open_video(case.video), scan=scan, folder=folder, most=most)
        for path in sorted(folder.iterdir()):
            case.keep_file(path, name=f"keyframes/{path.name}", operation="keyframe", parents=["video"])
    case.record(found, name="keyframes", parents=["scan"])
    return found


def search_case(case: Case) -> CopySearch:
    """Step 04: earlier copies of the clip in the case's archive, recorded as `copies`, the figures as files."""
    if case.archive is None:
        nothing = CopySearch(search=None, copies=_copies([]), figures=())
        case.record(nothing, name="copies", parents=["video"])
        return nothing
    archive = open_archive(case.archive)
    query = fingerprint(scan_video(open_video(case.video), cache=case.scans))
    found = search(archive, query)
    shown = [match for match in found.matches if match.confirmed or match.relation == "same_scene"]
    figures = [
        figure
        for sha256 in dict.fromkeys(match.reference_sha256 for match in shown)
        for figure in _evidence(query, archive.fingerprint(sha256), [m for m in shown if m.reference_sha256 == sha256])
    ]
    rows = [_copy_of_case(case, query)]
    entries = {entry.sha256: entry for entry in archive.entries()}
    for sha256 in dict.fromkeys(match.reference_sha256 for match in shown if match.confirmed):
        entry = entries[sha256]
        rows.append(
            CopyFacts(
                name=entry.name,
                role="in the archive",
                duration=entry.duration,
                picture=f"{entry.facts.get('width')} x {entry.facts.get('height')}",
                size=entry.size,
                claims_created=_dates(entry.facts.get("created", [])),
                sha256=sha256,
            )
        )
    result = CopySearch(search=found, copies=_copies(rows), figures=tuple(figures))
    with tempfile.TemporaryDirectory() as aside:
        for path in save_figures(figures, Path(aside)):
            case.keep_file(path, name=f"copies/{path.name}", operation="figure", parents=["video"])
    case.record(result, name="copies", parents=["video"])
    return result


def _copy_of_case(case: Case, query: Fingerprint) -> CopyFacts:
    facts = _claimed_facts(inspect(open_video(case.video)), query)
    return CopyFacts(
        name=case.video_name,
        role="the clip",
        duration=query.duration,
        picture=f"{query.width} x {query.height}",
        size=case.video.stat().st_size,
        claims_created=_dates(facts["created"]),
        sha256=case.video_sha256,
    )


def _copies(rows: Iterable[CopyFacts]) -> Records[CopyFacts]:
    columns = ("name", "role", "duration", "picture", "size", "claims_created", "sha256")
    return Records(rows, caption="The copies, by what their files say", columns=columns)


def _dates(created: Sequence[dict[str, Any]]) -> str:
    """The distinct dates that a file claims, with what each is reckoned in."""
    said = dict.fromkeys(f"{fact['value']} ({fact['basis']})" for fact in created)
    return "; ".join(said) or "no date in the file"


# ------------------------------------------------------------------------------------------------------------- the demo


def prepare_demo(folder: Path, *, progress: Callable[[str, int, int], None] | None = None) -> Case:
    """The demo's case, ready to run: the sample archive fingerprinted, the viral clip's case opened, decisions filled in.

    Raises FileExistsError where `folder` already holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder}: exists and is not empty; name another folder with --out")
    sample = package_folder("sample_data")
    added = add_to_archive(folder / "archive", [sample / "archive"], progress=progress)
    if added.failed:
        raise MediaError(f"{sample}: the sample clips cannot be read ({added.failed[0][1]}); reinstall verikit")
    post = (sample / "post.json").read_bytes()
    case = start_case(
        folder / "case",
        video=sample / "viral.mp4",
        claim=claim_from_post(post),
        post=post,
        archive=folder / "archive",
        by="the demonstration (decisions written in advance)",
    )
    fill_demo(case, sample / "decisions.toml")
    return case


def fill_demo(case: Case, decisions: Path) -> None:
    """Write an analyst's decisions, held in a TOML file by notebook and tag, into the case's decision cells."""
    for notebook, sources in tomllib.loads(decisions.read_text(encoding="utf-8")).items():
        fill_cells(case.folder / "notebooks" / f"{notebook}.ipynb", tag_sources=sources)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The whole road on the sample data: the case's notebooks as they ran, the report, the package, its verification."""

    case: Case
    runs: Records[NotebookRun]
    report: Path
    seal: Seal
    verification: Verification

    def to_dict(self) -> dict[str, Any]:
        """Where everything lies, and what came of it, as JSON."""
        return {
            "case": str(self.case.folder),
            "report": str(self.report),
            "notebooks": [run.to_dict() for run in self.runs],
            **self.seal.to_dict(),
            "verification": self.verification.to_dict(),
        }


def run_demo(folder: Path, *, progress: Callable[[str], None]) -> Demo:
    """A viral clip from claim to a sealed package that verifies, on the sample data, in `folder`.

    The footage is rendered and the analyst's decisions were written beforehand; both are said in the case itself.
    Raises AuditError where a notebook failed.
    """
    case = prepare_demo(folder, progress=lambda name, number, of: progress(f"archive: {name} ({number} of {of})"))
    runs = run_case(case, progress=progress)
    if runs[-1].state != "ran":
        raise AuditError(f"{folder}: the demo did not run through", problems=[str(runs[-1])])
    report = write_report(case)
    progress("sealing and verifying")
    seal = seal_case(case.folder)
    verification = verify_package(seal.package, expect_seal=seal.seal)
    return Demo(case=case, runs=runs, report=report, seal=seal, verification=verification)


def _read_png(path: Path) -> Any:
    return still_image(path.read_bytes())
