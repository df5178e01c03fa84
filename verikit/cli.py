"""The command line: parse, one verb, print. No logic. Every command has a Python verb of the same meaning.

Each command imports what it needs when it runs, so that `verikit --help` and `verikit verify` start at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from verikit._files import plain
from verikit._version import __version__
from verikit.errors import AuditError, VerikitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DONE, BROKEN, UNUSABLE, PARTLY = 0, 1, 2, 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 done, 1 does not hold, 2 unusable input, 3 undecided, 4 partly done."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter gets an escape, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        return int(options.verb(options))
    except AuditError as error:
        _say(str(error))
        return BROKEN if error.problems else UNUSABLE
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has read enough; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (VerikitError, OSError, ValueError, TypeError, KeyError) as error:
        if options.traceback:
            raise
        _say(str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        _say("stopped; nothing half-written is left")
        return 130


# ------------------------------------------------------------------------------------------------------------- printing


def _say(text: str) -> None:
    """One line on stderr."""
    print(f"verikit: {plain(' '.join(text.split()))}", file=sys.stderr)  # noqa: T201 - the command line prints


def _print(options: argparse.Namespace, *, data: Any, text: str) -> None:
    """The result on stdout: one JSON document, or text for people."""
    # Names in the text come from strangers: no line of it may steer the terminal.
    shown = "\n".join(plain(line) for line in text.split("\n"))
    print(json.dumps(data, indent=1, allow_nan=False) if options.json else shown)  # noqa: T201 - the command line prints


def _progress() -> Callable[[str], None]:
    """Tells what is going on, on stderr, at most once a second and not before the first one is over."""
    last = [time.monotonic()]

    def tell(what: str) -> None:
        if time.monotonic() - last[0] >= 1:
            last[0] = time.monotonic()
            _say(what)

    return tell


def _seconds(name: str) -> Callable[[float, float | None], None]:
    tell = _progress()
    return lambda done, whole: tell(f"{name}: {done:.0f} s" + (f" of {whole:.0f} s" if whole else ""))


def _text(value: Any) -> str:
    bundle = value._repr_mimebundle_()
    return str((bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"])


def _scanned(options: argparse.Namespace, path: Path) -> Any:
    from verikit.media.scanning import scan_video
    from verikit.media.video import open_video

    return scan_video(open_video(path), cache=options.cache, progress=_seconds(path.name))


# ------------------------------------------------------------------------------------------------------------- commands


def _inspect(options: argparse.Namespace) -> int:
    from verikit.container.inspection import inspect
    from verikit.media.video import open_video

    container = inspect(open_video(options.file))
    _print(options, data=container.to_dict(), text=_text(container))
    return DONE


def _scan(options: argparse.Namespace) -> int:
    began = time.monotonic()
    scan = _scanned(options, options.file)
    _print(options, data={**scan.to_dict(), "seconds": round(time.monotonic() - began, 3)}, text=_text(scan))
    return DONE


def _shots(options: argparse.Namespace) -> int:
    from verikit.keyframes.shots import detect_shots

    shots = detect_shots(_scanned(options, options.file))
    _print(options, data={"shots": [shot.to_dict() for shot in shots]}, text=_text(shots))
    return DONE


def _keyframes(options: argparse.Namespace) -> int:
    from verikit.media.video import open_video
    from verikit.workflow import extract_keyframes

    scan = _scanned(options, options.file)
    video = open_video(options.file)
    with tempfile.TemporaryDirectory() as aside:
        found = extract_keyframes(video, scan=scan, folder=options.out or Path(aside), most=options.most)
    data = found.to_dict()
    if options.out is None:
        for keyframe in data["keyframes"]:
            keyframe["file"] = None
    _print(options, data=data, text=_text(found.keyframes))
    return DONE


def _compare(options: argparse.Namespace) -> int:
    from verikit.media.video import open_video
    from verikit.workflow import compare_videos, save_figures

    found = compare_videos(open_video(options.query), open_video(options.reference), cache=options.cache)
    if options.out is not None:
        save_figures(found.figures, options.out)
    _print(options, data=found.to_dict(), text=_text(found.matches))
    return DONE


def _archive_add(options: argparse.Namespace) -> int:
    from verikit.workflow import add_to_archive

    tell = _progress()
    done = add_to_archive(
        options.archive, options.paths, progress=lambda name, number, of: tell(f"{name} ({number} of {of})")
    )
    if done.failed and not (done.added or done.skipped):
        for _, error in done.failed:
            _say(error)
        return UNUSABLE
    failed = "".join(f"\nfailed: {plain(file)}: {error}" for file, error in done.failed)
    _print(options, data=done.to_dict(), text=f"added {len(done.added)}, skipped {len(done.skipped)}{failed}")
    return PARTLY if done.failed else DONE


def _archive_search(options: argparse.Namespace) -> int:
    from verikit.media.video import open_video
    from verikit.workflow import search_video

    found = search_video(options.archive, open_video(options.file), cache=options.cache)
    _print(options, data=found.to_dict(), text=_text(found))
    return DONE


def _archive_list(options: argparse.Namespace) -> int:
    from verikit.matching.store import open_archive

    entries = open_archive(options.archive).entries()
    _print(options, data={"videos": [entry.to_dict() for entry in entries]}, text=_text(entries))
    return DONE


def _archive_remove(options: argparse.Namespace) -> int:
    from verikit.matching.store import open_archive

    name = open_archive(options.archive).remove(options.sha256)
    _print(options, data={"removed": name}, text=f"removed {plain(name)}")
    return DONE


def _archive_check(options: argparse.Namespace) -> int:
    from verikit.matching.store import open_archive

    held = None
    try:
        archive = open_archive(options.archive)
        problems = archive.problems()
        held = len(archive.entries()) if not problems else None
    except AuditError as error:
        # SQLite itself cannot read it through: that is the answer, not an error.
        problems = (str(error).split("; ")[0],)
    _print(
        options,
        data={"ok": not problems, "videos": held, "problems": list(problems)},
        text="\n".join(problems) or f"all holds: {held} videos",
    )
    return BROKEN if problems else DONE


def _check(options: argparse.Namespace) -> int:
    _say(
        f"check {options.file}: this version has no checks for editing yet; `verikit inspect` shows traces in the file"
    )
    return UNUSABLE


def _new(options: argparse.Namespace) -> int:
    from verikit.case.claims import Claim
    from verikit.workflow import claim_from_post, start_case

    post = None if options.post is None else options.post.read_bytes()
    if post is None and options.claim is None:
        raise ValueError("new: say what is claimed, with --claim TEXT or --post POST.json")
    claim = (
        Claim.from_text(options.claim)
        if post is None
        else claim_from_post(post, text=options.claim, name=str(options.post))
    )
    case = start_case(options.case, video=options.video, claim=claim, post=post, archive=options.archive, by=options.by)
    notebooks = sorted(path.name for path in (case.folder / "notebooks").iterdir())
    data = {"case": case.id, "folder": str(case.folder), "notebooks": notebooks}
    _print(options, data=data, text=f"{_text(case)}\n\nNext: verikit lab {options.case}")
    return DONE


def _run(options: argparse.Namespace) -> int:
    from verikit.case.opening import open_case
    from verikit.case.report import write_report
    from verikit.case.running import run_case

    case = open_case(options.case)
    runs = run_case(case, progress=_progress())
    report = write_report(case)
    data = {"notebooks": [run.to_dict() for run in runs], "report": str(report)}
    _print(options, data=data, text="\n".join([*(str(run) for run in runs), f"report: {report}"]))
    return DONE if all(run.state == "ran" for run in runs) else BROKEN


def _seal(options: argparse.Namespace) -> int:
    from verikit.case.sealing import seal_case

    seal = seal_case(options.case, package=options.output, key=options.sign)
    _print(options, data=seal.to_dict(), text=_text(seal))
    return DONE


def _verify(options: argparse.Namespace) -> int:
    from verikit.case.verifying import rerun_undecided, verify_package

    found = verify_package(options.package, key=options.key, expect_seal=options.expect_seal)
    found = rerun_undecided(found) if options.rerun else found
    _print(options, data=found.to_dict(), text=_text(found))
    return found.exit_code


def _lab(options: argparse.Namespace) -> int:
    from verikit.case.opening import open_case
    from verikit.case.running import lab_command

    command, variables = lab_command(open_case(options.case), options=options.jupyter)
    # The server takes this process's place: closing it leaves none behind.
    os.execve(command[0], command, {**os.environ, **variables})  # noqa: S606 - our own interpreter, a list of arguments, no shell


def _demo(options: argparse.Namespace) -> int:
    from verikit.workflow import run_demo

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
        f"Open it: verikit lab {demo.case.folder}",
    ]
    _print(options, data=demo.to_dict(), text="\n".join(text))
    return demo.verification.exit_code


# -------------------------------------------------------------------------------------------------------------- parsing


class _Parser(argparse.ArgumentParser):
    """argparse, with one safe line for bad usage, as for every other error."""

    def error(self, message: str) -> NoReturn:
        _say(f"{message}; see `{self.prog} --help`")
        raise SystemExit(UNUSABLE)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    common.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)
    cached = argparse.ArgumentParser(add_help=False)
    cached.add_argument("--cache", type=Path, metavar="DIR", help="keep scans here and read them again")
    parser = _Parser(
        prog="verikit", description="Video verification: it observes, you judge. Nothing is sent anywhere."
    )
    parser.add_argument("--version", action="version", version=f"verikit {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _file_commands(commands, [common], [common, cached])
    _archive_commands(commands, [common], [common, cached])
    _case_commands(commands, [common])
    return parser


def _file_commands(commands: Any, parents: list[Any], scanning: list[Any]) -> None:
    one = commands.add_parser("inspect", parents=parents, help="what the file says of itself")
    one.set_defaults(verb=_inspect)
    one.add_argument("file", type=Path)
    for name, verb, told in (
        ("scan", _scan, "the one decode: packets, pictures, hashes"),
        ("shots", _shots, "shots and the transitions between them"),
        ("keyframes", _keyframes, "representative stills and a contact sheet"),
    ):
        one = commands.add_parser(name, parents=scanning, help=told)
        one.set_defaults(verb=verb)
        one.add_argument("file", type=Path)
        if name == "keyframes":
            one.add_argument("--out", type=Path, metavar="DIR", help="write the stills here")
            one.add_argument("--most", type=_count, metavar="N", help="at most so many stills")
    one = commands.add_parser("compare", parents=scanning, help="which seconds of one file are which of another")
    one.set_defaults(verb=_compare)
    one.add_argument("query", type=Path)
    one.add_argument("reference", type=Path)
    one.add_argument("--out", type=Path, metavar="DIR", help="write the figures here")
    one = commands.add_parser("check", parents=parents, help="traces of editing (not in this version)")
    one.set_defaults(verb=_check)
    one.add_argument("file", type=Path)
    one.add_argument("--reference", type=Path, metavar="FILE")


def _archive_commands(commands: Any, parents: list[Any], scanning: list[Any]) -> None:
    group = commands.add_parser("archive", help="the archive of known footage").add_subparsers(
        metavar="COMMAND", required=True
    )
    for name, verb, argument, told in (
        ("add", _archive_add, "paths", "fingerprint files or folders into the archive"),
        ("search", _archive_search, "file", "where a clip's footage appears in the archive"),
        ("list", _archive_list, "", "what is in the archive"),
        ("remove", _archive_remove, "sha256", "take a video out, by its SHA-256"),
        ("check", _archive_check, "", "whether the archive holds"),
    ):
        one = group.add_parser(name, parents=scanning if name == "search" else parents, help=told)
        one.set_defaults(verb=verb)
        one.add_argument("archive", type=Path)
        if argument == "paths":
            one.add_argument("paths", type=Path, nargs="+")
        elif argument:
            one.add_argument(argument, type=Path if argument == "file" else str)


def _case_commands(commands: Any, parents: list[Any]) -> None:
    one = commands.add_parser("new", parents=parents, help="a case folder with the notebooks")
    one.set_defaults(verb=_new)
    one.add_argument("case", type=Path)
    one.add_argument("--video", type=Path, required=True, metavar="FILE")
    one.add_argument("--claim", metavar="TEXT", help="what is claimed, word for word")
    one.add_argument("--post", type=Path, metavar="POST.json", help="the post: text, url, account, posted, language")
    one.add_argument("--archive", type=Path, metavar="ARCHIVE", help="the archive that notebook 04 searches")
    one.add_argument("--by", default="", metavar="NAME", help="who opens the case")
    one = commands.add_parser("run", parents=parents, help="run the case's notebooks, write report.html")
    one.set_defaults(verb=_run)
    one.add_argument("case", type=Path)
    one = commands.add_parser("seal", parents=parents, help="the audit package and its seal string")
    one.set_defaults(verb=_seal)
    one.add_argument("case", type=Path)
    one.add_argument("-o", "--output", type=Path, metavar="PACKAGE.zip")
    one.add_argument("--sign", type=Path, metavar="KEY", help="sign with this private SSH key")
    one = commands.add_parser("verify", parents=parents, help="check a package, a line for each property")
    one.set_defaults(verb=_verify)
    one.add_argument("package", type=Path)
    one.add_argument("--key", type=Path, metavar="FILE", help="public key or allowed_signers that must have signed")
    one.add_argument("--expect-seal", metavar="SEAL", help="the seal string as it was published")
    one.add_argument("--rerun", action="store_true", help="run the notebooks again (not in this version)")
    one = commands.add_parser("lab", parents=parents, help="JupyterLab on the case's first notebook")
    one.set_defaults(verb=_lab)
    one.add_argument("case", type=Path, nargs="?")
    one.add_argument("jupyter", nargs="*", metavar="-- OPTION", help="options for JupyterLab, after --")
    one = commands.add_parser("demo", parents=parents, help="the whole road on the sample data")
    one.set_defaults(verb=_demo)
    one.add_argument("--out", type=Path, default=Path("demo-case"), metavar="DIR")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text[:20]!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
