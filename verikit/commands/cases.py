"""The commands on a case: made, added to, run, looked at, worked in."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from verikit.commands.printing import BROKEN, DONE, answer, progress, say, text_of

if TYPE_CHECKING:
    import argparse


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
    answer(options, data=data, text=f"{text_of(case)}\n\nNext: verikit lab {shlex.quote(str(options.case))}")
    return DONE


def add(options: argparse.Namespace) -> int:
    from verikit.case.opening import Further, open_case
    from verikit.workflow.steps import add_to_case

    if not (options.video or options.post):
        raise ValueError("add: name what to add, with --video FILE or --post POST.json")
    posts = tuple(path.read_bytes() for path in options.post)
    case = add_to_case(open_case(options.case), Further(videos=tuple(options.video), posts=posts))
    data = {"clips": [clip.to_dict() for clip in case.videos], "posts": [post.to_dict() for post in case.posts]}
    answer(options, data=data, text=f"{text_of(case)}\n\nNext: verikit run {shlex.quote(str(options.case))}")
    return DONE


def run(options: argparse.Namespace) -> int:
    from verikit.case.opening import open_case
    from verikit.case.report import write_report
    from verikit.case.running import run_case
    from verikit.case.sealing import say_left_out

    case = open_case(options.case)
    if options.archive is not None:
        case.use_archive(options.archive)
    runs = run_case(case, progress=progress())
    say_left_out(case.folder, dict(options.leave_out))
    report = write_report(case)
    data = {"notebooks": [run.to_dict() for run in runs], "report": str(report)}
    answer(options, data=data, text="\n".join([*(str(run) for run in runs), f"report: {report}"]))
    return DONE if all(run.state == "ran" for run in runs) else BROKEN


def stale(options: argparse.Namespace) -> int:
    from verikit.case.opening import open_case
    from verikit.case.staleness import never_ran

    case = open_case(options.case)
    found, never = case.stale_cells(), never_ran(case)
    data = {"stale": [cell.to_dict() for cell in found], "never_ran": list(never)}
    untold = f"\n\nNot compared, as no cell of them ran yet: {', '.join(never)}" if never else ""
    answer(options, data=data, text=f"{text_of(found)}{untold}")
    return BROKEN if found else DONE


def take(options: argparse.Namespace) -> int:
    from verikit.case.exchange import take_evidence, take_files
    from verikit.case.opening import open_case

    case = open_case(options.case)
    taken = (
        take_evidence(case, options.source)
        if options.how is None
        else take_files(case, options.source, how=options.how)
    )
    answer(options, data={"acquired": [one.to_dict() for one in taken]}, text=text_of(taken))
    return DONE


def export(options: argparse.Namespace) -> int:
    from verikit.case.export import export_case
    from verikit.case.opening import open_case

    written = export_case(open_case(options.case), options.out, form=options.format)
    answer(options, data={"files": [str(path) for path in written]}, text="\n".join(map(str, written)))
    return DONE


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

    demo = run_demo(options.out, progress=progress())
    verdict = demo.case.verdict
    text = [
        *(str(run) for run in demo.runs),
        "",
        text_of(verdict) if verdict is not None else "no verdict",
        "",
        text_of(demo.seal),
        "",
        text_of(demo.verification),
        "",
        f"Look at: {demo.report}",
        f"Open it: verikit lab {shlex.quote(str(demo.case.folder))}",
    ]
    answer(options, data=demo.to_dict(), text="\n".join(text))
    return demo.verification.exit_code
