"""What each command does: one verb, then print. Each has a Python verb of the same meaning; there is no logic here.

Each command imports what it needs when it runs, so that `verikit --help` and `verikit verify` start at once.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import plain, sha256_file
from verikit.records import whole_texts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

DONE, BROKEN, UNUSABLE, PARTLY = 0, 1, 2, 4


# ------------------------------------------------------------------------------------------------------------- printing


def say(text: str) -> None:
    """One line on stderr."""
    print(f"verikit: {plain(' '.join(text.split()))}", file=sys.stderr)


def _print(options: argparse.Namespace, *, data: Any, text: str) -> None:
    """The result on stdout: one JSON document, or text for people."""
    # Names in the text come from strangers: no line of it may steer the terminal.
    shown = "\n".join(plain(line) for line in text.split("\n"))
    print(json.dumps(data, indent=1, allow_nan=False) if options.json else shown)


def _progress() -> Callable[[str], None]:
    """Tells what is going on, on stderr, at most once a second and not before the first one is over."""
    last = [time.monotonic()]

    def tell(what: str) -> None:
        if time.monotonic() - last[0] >= 1:
            last[0] = time.monotonic()
            say(what)

    return tell


def _seconds(name: str) -> Callable[[float, float | None], None]:
    tell = _progress()
    return lambda done, whole: tell(f"{name}: {done:.0f} s" + (f" of {whole:.0f} s" if whole else ""))


def _text(value: Any) -> str:
    # What a notebook cuts after some lines is whole here.
    with whole_texts():
        bundle = value._repr_mimebundle_()
    return str((bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"])


def _scanned(options: argparse.Namespace, path: Path) -> Any:
    from verikit.media.scanning import scan_video
    from verikit.media.video import open_video

    return scan_video(open_video(path), cache=options.cache, progress=_seconds(path.name))


# ------------------------------------------------------------------------------------------------------------- commands


def inspect(options: argparse.Namespace) -> int:
    from verikit.container.claimed import Claimed
    from verikit.container.exiftool import read_exiftool
    from verikit.container.inspection import inspect
    from verikit.container.making import compare_making
    from verikit.media.video import open_video

    claimed = Claimed(recorded=options.recorded or "", posted=options.posted or "", place=options.place)
    video = open_video(options.file)
    other = None if options.compare is None else inspect(open_video(options.compare))
    scan = None if options.cache is None else _scanned(options, options.file)
    one = inspect(video, scan=scan, claimed=claimed, also=(read_exiftool,) if options.exiftool else ())
    data, text = one.to_dict(), [_text(one)]
    if options.out is not None:
        from verikit.workflow.inspecting import export_examination

        files = export_examination(video, one, folder=options.out)
        data["files"] = [str(path) for path in files]
        text.append(f"\n{len(files)} files in {options.out}")
    if other is not None:
        likeness = compare_making(one.symbols, other.symbols, names=(one.name, other.name))
        data["comparison"] = likeness.to_dict()
        text.append("\n" + _text(likeness))
    _print(options, data=data, text="\n".join(text))
    return DONE


def scan(options: argparse.Namespace) -> int:
    from verikit.media.scanning import scan_video, triage_video
    from verikit.media.video import open_video

    began = time.monotonic()
    verb = triage_video if options.triage else scan_video
    scan = verb(open_video(options.file), cache=options.cache, progress=_seconds(options.file.name))
    _print(options, data={**scan.to_dict(), "seconds": round(time.monotonic() - began, 3)}, text=_text(scan))
    return DONE


def shots(options: argparse.Namespace) -> int:
    from verikit.keyframes.learned import detector_of
    from verikit.keyframes.shots import detect_shots

    # What it needs is asked for before the long work, not after it.
    detector = detector_of(options.detector)
    shots = detect_shots(_scanned(options, options.file), detector=detector)
    _print(options, data={"shots": [shot.to_dict() for shot in shots]}, text=_text(shots))
    return DONE


def keyframes(options: argparse.Namespace) -> int:
    from verikit.keyframes.gentle import gentle_of
    from verikit.media.video import open_video
    from verikit.workflow.frames import KIT, extract_keyframes, extract_search_kit

    # What it needs is asked for before the long work, not after it.
    gentle_of(options.gentle)
    scan, tell = _scanned(options, options.file), _progress()
    text = []
    with tempfile.TemporaryDirectory() as aside:
        folder = options.out or Path(aside)
        found = extract_keyframes(
            open_video(options.file),
            scan=scan,
            folder=folder,
            most=options.most,
            image_format=options.format,
            gentle=options.gentle,
            progress=tell,
        )
        if options.out is not None:
            kit = folder / KIT
            found = extract_search_kit(
                found, scan=scan, stills=folder, folder=kit, gentle=options.gentle, progress=tell
            )
            text = [f"\nSearch kit (nothing was uploaded): {kit / 'search_kit.html'}"]
    data = found.to_dict()
    if options.out is None:
        for keyframe in data["keyframes"]:
            keyframe["file"] = None
    if found.gentle:
        text.append(f"{found.gentle} The stills and the pictures to search with are unaltered.")
    _print(options, data=data, text="\n".join([_text(found.keyframes), *text]))
    return DONE


def compare(options: argparse.Namespace) -> int:
    from verikit.media.video import open_video
    from verikit.workflow.copies import compare_videos, save_figures

    tell = _progress()
    found = compare_videos(
        open_video(options.query),
        open_video(options.reference),
        cache=options.cache,
        progress=lambda name, done, whole: tell(f"{name}: {done:.0f} s" + (f" of {whole:.0f} s" if whole else "")),
    )
    if options.out is not None:
        save_figures(found.figures(), options.out)
    text = [_text(shown) for shown in (found.matches, found.copies) if len(shown) or shown is found.matches]
    _print(options, data=found.to_dict(), text="\n\n".join(text))
    return DONE


def archive_add(options: argparse.Namespace) -> int:
    from verikit.workflow.archiving import add_to_archive

    tell = _progress()
    done = add_to_archive(
        options.archive,
        options.paths,
        workers=options.workers,
        stall=options.stall,
        progress=lambda name, number, of: tell(f"{name} ({number} of {of})"),
    )
    if done.failed and not (done.added or done.skipped):
        for _, error in done.failed:
            say(error)
        return UNUSABLE
    failed = "".join(f"\nfailed: {plain(file)}: {error}" for file, error in done.failed)
    _print(options, data=done.to_dict(), text=f"added {len(done.added)}, skipped {len(done.skipped)}{failed}")
    return PARTLY if done.failed else DONE


def archive_search(options: argparse.Namespace) -> int:
    from verikit.media.video import open_video
    from verikit.workflow.listing import search_archive

    found = search_archive(options.archive, open_video(options.file), cache=options.cache)
    _print(options, data=found.to_dict(), text=_text(found))
    return DONE


def archive_list(options: argparse.Namespace) -> int:
    from verikit.matching.store import open_archive

    archive = open_archive(options.archive)
    entries, lists = archive.entries(), archive.lists()
    text = "\n\n".join([_text(entries), *([_text(lists)] if lists else [])])
    data = {"videos": [entry.to_dict() for entry in entries], "lists": [entry.to_dict() for entry in lists]}
    _print(options, data=data, text=text)
    return DONE


def archive_import(options: argparse.Namespace) -> int:
    from verikit.workflow.listing import import_lists

    new, held = import_lists(options.archive, options.lists)
    _print(options, data={"added": new, "skipped": held}, text=f"added {new} lists, skipped {held}")
    return DONE


def archive_export(options: argparse.Namespace) -> int:
    from verikit.workflow.listing import export_lists

    written = export_lists(options.archive, options.out, form=options.form)
    _print(options, data={"files": [str(path) for path in written]}, text="\n".join(map(str, written)) or "nothing in")
    return DONE


def archive_remove(options: argparse.Namespace) -> int:
    from verikit.matching.store import open_archive

    name = open_archive(options.archive).remove(options.sha256)
    _print(options, data={"removed": name}, text=f"removed {plain(name)}")
    return DONE


def archive_iscc(options: argparse.Namespace) -> int:
    from verikit.workflow.listing import look_up_iscc

    code, near = look_up_iscc(options.archive, options.code, note=options.note)
    text = f"{code}\n\n{_text(near)}"
    _print(options, data={"iscc": code, "videos": [row.to_dict() for row in near]}, text=text)
    return DONE


def archive_check(options: argparse.Namespace) -> int:
    from verikit.workflow.archiving import check_archive

    found = check_archive(options.archive)
    _print(options, data=found.to_dict(), text=found.summary())
    return DONE if found.ok else BROKEN


def check(options: argparse.Namespace) -> int:
    if not options.file.exists():
        raise FileNotFoundError(f"{options.file}: no such file; check its name and place")
    say(f"check {options.file}: this version has no checks for editing yet; `verikit inspect` shows traces in the file")
    return UNUSABLE


def new(options: argparse.Namespace) -> int:
    from verikit.case.claims import Claim
    from verikit.case.opening import Further
    from verikit.keyframes.gentle import gentle_of
    from verikit.workflow.gently import show_gently
    from verikit.workflow.steps import claim_from_post, start_case

    # Before anything is made: a face detector may be missing.
    gentle_of(options.gentle)

    posts = [path.read_bytes() for path in options.post]
    if not posts and options.claim is None:
        raise ValueError("new: say what is claimed, with --claim TEXT or --post POST.json")
    claim = (
        claim_from_post(posts[0], text=options.claim, name=str(options.post[0]))
        if posts
        else Claim.from_text(options.claim)
    )
    case = start_case(
        options.case,
        video=options.video[0],
        claim=claim,
        post=posts[0] if posts else None,
        archive=options.archive,
        by=options.by,
        further=Further(videos=tuple(options.video[1:]), posts=tuple(posts[1:])),
    )
    if options.gentle:
        show_gently(case, options.gentle)
    if not options.by.strip():
        say("new: nobody is named as the one who opens this case: --by NAME names them")
    notebooks = sorted(path.name for path in (case.folder / "notebooks").iterdir())
    data: dict[str, Any] = {"case": case.id, "folder": str(case.folder), "notebooks": notebooks}
    data |= {"clips": [clip.to_dict() for clip in case.videos], "posts": [post.to_dict() for post in case.posts]}
    _print(options, data=data, text=f"{_text(case)}\n\nNext: verikit lab {shlex.quote(str(options.case))}")
    return DONE


def add(options: argparse.Namespace) -> int:
    from verikit.case.opening import Further, open_case
    from verikit.workflow.steps import add_to_case

    if not (options.video or options.post):
        raise ValueError("add: name what to add, with --video FILE or --post POST.json")
    posts = tuple(path.read_bytes() for path in options.post)
    case = add_to_case(open_case(options.case), Further(videos=tuple(options.video), posts=posts))
    data = {"clips": [clip.to_dict() for clip in case.videos], "posts": [post.to_dict() for post in case.posts]}
    _print(options, data=data, text=f"{_text(case)}\n\nNext: verikit run {shlex.quote(str(options.case))}")
    return DONE


def run(options: argparse.Namespace) -> int:
    from verikit.case.opening import open_case
    from verikit.case.report import write_report
    from verikit.case.running import run_case
    from verikit.case.sealing import say_left_out

    case = open_case(options.case)
    if options.archive is not None:
        case.use_archive(options.archive)
    runs = run_case(case, progress=_progress())
    say_left_out(case.folder, dict(options.leave_out))
    report = write_report(case)
    data = {"notebooks": [run.to_dict() for run in runs], "report": str(report)}
    _print(options, data=data, text="\n".join([*(str(run) for run in runs), f"report: {report}"]))
    return DONE if all(run.state == "ran" for run in runs) else BROKEN


def stale(options: argparse.Namespace) -> int:
    from verikit.case.opening import open_case
    from verikit.case.staleness import never_ran

    case = open_case(options.case)
    found, never = case.stale_cells(), never_ran(case)
    data = {"stale": [cell.to_dict() for cell in found], "never_ran": list(never)}
    untold = f"\n\nNot compared, as no cell of them ran yet: {', '.join(never)}" if never else ""
    _print(options, data=data, text=f"{_text(found)}{untold}")
    return BROKEN if found else DONE


def seal(options: argparse.Namespace) -> int:
    from verikit.case.corrections import Correction, seal_of
    from verikit.case.opening import require_case
    from verikit.case.sealing import seal_case

    require_case(options.case)
    correction = None
    if options.supersedes is not None:
        earlier, because = options.supersedes
        correction = Correction(seal=seal_of(earlier, Path(earlier)), because=because)
    seal = seal_case(
        options.case,
        package=options.output,
        key=options.sign,
        consent=options.consent,
        withhold=dict(options.withhold),
        leave_out=dict(options.leave_out),
        supersedes=correction,
        progress=_progress(),
    )
    said = {}
    if options.token is not None or options.tsa is not None:
        said = {"time": _stamp(options, seal.package)} | _sha256_of(seal.package)
    text = "\n".join([_text(seal), *(f"{name}: {value}" for name, value in said.items())])
    _print(options, data=seal.to_dict() | said, text=text)
    return DONE


def _stamp(options: argparse.Namespace, package: Path) -> str:
    """The time that the token says which the options name, once it is in the package."""
    from verikit.case.additions import signed_message, stamp_package
    from verikit.case.tokens import MOST_TOKEN, fetch_token

    if options.tsa is not None:
        return stamp_package(package, token=fetch_token(options.tsa, signed_message(package)))
    with options.token.open("rb") as stream:
        return stamp_package(package, token=stream.read(MOST_TOKEN))


def _sha256_of(package: Path) -> dict[str, str]:
    """The digest of a package's file; nothing for a package that is a folder."""
    return {"sha256": sha256_file(package)} if package.is_file() else {}


def stamp(options: argparse.Namespace) -> int:
    if options.token is None and options.tsa is None:
        raise ValueError("stamp: name a token file with --token FILE or a TSA with --tsa URL")
    time_said = _stamp(options, options.package)
    _print(
        options,
        data={"package": str(options.package), "time": time_said} | _sha256_of(options.package),
        text=f"{options.package}: stamped, not later than {time_said}",
    )
    return DONE


def review(options: argparse.Namespace) -> int:
    from verikit.case.additions import review_package
    from verikit.case.received import open_package

    text = options.text
    if options.agree or options.dissent:
        received = open_package(options.package)
        text = received.review_text(options.by, agrees=options.agree, dissents=dict(options.dissent), text=text)
    done = review_package(options.package, by=options.by, text=text, key=options.sign, about=options.about)
    _print(options, data=done.to_dict(), text=_text(done))
    return DONE


def take(options: argparse.Namespace) -> int:
    from verikit.case.exchange import take_evidence, take_files
    from verikit.case.opening import open_case

    case = open_case(options.case)
    taken = (
        take_evidence(case, options.source)
        if options.how is None
        else take_files(case, options.source, how=options.how)
    )
    _print(options, data={"acquired": [one.to_dict() for one in taken]}, text=_text(taken))
    return DONE


def export(options: argparse.Namespace) -> int:
    from verikit.case.export import export_case
    from verikit.case.opening import open_case

    written = export_case(open_case(options.case), options.out, form=options.format)
    _print(options, data={"files": [str(path) for path in written]}, text="\n".join(map(str, written)))
    return DONE


def verify(options: argparse.Namespace) -> int:
    from verikit.case.verifying import verify_package

    found = verify_package(
        options.package,
        key=options.key,
        expect_seal=options.expect_seal,
        tsa_roots=options.tsa_roots,
        review_key=options.review_key,
    )
    if options.rerun:
        from verikit.case.rerunning import rerun_package

        say(f"running the code in {options.package.name} with your rights, as opening its notebooks would")
        found = rerun_package(found, options.package, archive=options.archive, progress=_progress())
    _print(options, data=found.to_dict(), text=_text(found))
    return found.exit_code


def lab(options: argparse.Namespace) -> int:
    from verikit.case.folder import Case
    from verikit.case.lab import lab_command
    from verikit.case.opening import open_case
    from verikit.case.received import is_package, prepare_check

    received = options.case is not None and is_package(options.case)
    case = Case(folder=prepare_check(options.case).resolve()) if received else open_case(options.case)
    command, variables = lab_command(case, options=options.jupyter)
    # The server takes this process's place: closing it leaves none behind.
    os.execve(command[0], command, {**os.environ, **variables})  # noqa: S606 - our own interpreter, a list of arguments, no shell


def demo(options: argparse.Namespace) -> int:
    from verikit.workflow.demo import run_demo

    demo = run_demo(options.out, progress=_progress())
    verdict = demo.case.verdict
    text = [
        *(str(run) for run in demo.runs),
        "",
        _text(verdict) if verdict is not None else "no verdict",
        "",
        _text(demo.seal),
        "",
        _text(demo.verification),
        "",
        f"Look at: {demo.report}",
        f"Open it: verikit lab {shlex.quote(str(demo.case.folder))}",
    ]
    _print(options, data=demo.to_dict(), text="\n".join(text))
    return demo.verification.exit_code
