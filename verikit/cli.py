"""The command line: what may be asked, how it is parsed, and how what goes wrong is told."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from verikit._version import __version__
from verikit.case.claims import span_of_date
from verikit.commands import archives, cases, files, packages
from verikit.commands.printing import BROKEN, DONE, UNUSABLE, say
from verikit.errors import AuditError, VerikitError
from verikit.geo import Point, read_point
from verikit.records import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAVE_OUT = "leave a picture (its NAME), a cell's outputs (NOTEBOOK:CELL) or a note (note:NUMBER) out"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 done, 1 does not hold, 2 unusable input, 3 undecided, 4 partly done."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter gets an escape, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(_gentle_alone(_southern(words)))
    try:
        return int(options.verb(options))
    except AuditError as error:
        say(str(error))
        return BROKEN if error.problems else UNUSABLE
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has read enough; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (VerikitError, OSError, ValueError, TypeError, KeyError) as error:
        if options.traceback:
            raise
        say(_told(error))
        return UNUSABLE
    except KeyboardInterrupt:
        say("stopped; every file that was written is whole, and what was begun can be taken up again")
        return 130


# -------------------------------------------------------------------------------------------------------------- parsing


def _gentle_alone(arguments: Sequence[str]) -> list[str]:
    """The arguments with a bare --gentle written out, so that it does not take the file after it for its own word."""
    after = [*arguments, ""][1:]
    return [
        "--gentle=grey" if word == "--gentle" and following not in {"grey", "faces"} else word
        for word, following in zip(arguments, after, strict=True)
    ]


def _southern(arguments: Sequence[str]) -> list[str]:
    """The arguments with a place south of the equator joined to its option, so that its sign is not taken for another."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] == "--place" and re.match(r"-\d", word):
            joined[-1] = f"--place={word}"
        else:
            joined.append(word)
    return joined


def _told(error: Exception) -> str:
    """What went wrong, without Python's and the system's own dressing."""
    if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError) and error.errno is not None:
        return f"{error.filename}: {error.strerror}; check its name and place"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{error.filename}: {error.strerror}; check that this place may be read or written, and has room"
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


class _Parser(argparse.ArgumentParser):
    """argparse, with one safe line for bad usage, as for every other error."""

    def error(self, message: str) -> NoReturn:
        say(f"{message}; see `{self.prog} --help`")
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
    sub = parser.add_subparsers(metavar="COMMAND", required=True)
    _file_commands(sub, [common], [common, cached])
    _archive_commands(sub, [common], [common, cached])
    _case_commands(sub, [common])
    return parser


def _file_commands(sub: Any, parents: list[Any], scanning: list[Any]) -> None:
    one = sub.add_parser("inspect", parents=scanning, help="what the file says of itself")
    one.set_defaults(verb=files.inspect)
    one.add_argument("file", type=Path)
    one.add_argument("--compare", type=Path, metavar="OTHER", help="how alike this file and OTHER were made, and why")
    one.add_argument("--out", type=Path, metavar="DIR", help="write tables, the dates' figure and hidden pictures here")
    one.add_argument("--recorded", type=_date, metavar="DATE", help="when it is said to be from (ISO 8601)")
    one.add_argument("--posted", type=_date, metavar="DATE", help="when the post was published (ISO 8601)")
    one.add_argument("--place", type=_place, metavar="LAT,LON", help="where it is said to be from")
    one.add_argument("--exiftool", action="store_true", help="ask exiftool too, where it is installed, and compare")
    for name, verb, told in (
        ("scan", files.scan, "the one decode: packets, pictures, hashes"),
        ("shots", files.shots, "shots and the transitions between them"),
        ("keyframes", files.keyframes, "representative stills, a contact sheet and a search kit"),
    ):
        one = sub.add_parser(name, parents=scanning, help=told)
        one.set_defaults(verb=verb)
        one.add_argument("file", type=Path)
        if name == "scan":
            one.add_argument("--triage", action="store_true", help="a first look: decode I-frames only, without sound")
        if name == "shots":
            one.add_argument(
                "--detector",
                choices=("own", "transnet"),
                default="own",
                help="transnet: the network TransNetV2, where it is installed; slow",
            )
        if name == "keyframes":
            _keyframes_options(one)
    one = sub.add_parser("compare", parents=scanning, help="which seconds of one file are which of another")
    one.set_defaults(verb=files.compare)
    one.add_argument("query", type=Path)
    one.add_argument("reference", type=Path)
    one.add_argument("--out", type=Path, metavar="DIR", help="write the figures here")
    one = sub.add_parser("check", parents=parents, help="traces of editing (not in this version)")
    one.set_defaults(verb=files.check)
    one.add_argument("file", type=Path)
    one.add_argument("--reference", type=Path, metavar="FILE")


def _keyframes_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--out", type=Path, metavar="DIR", help="write stills, figures and DIR/search_kit here")
    one.add_argument("--most", type=_count, metavar="N", help="at most so many stills")
    one.add_argument("--format", choices=("png", "jpeg"), default="png", help="of the stills; png loses nothing")
    _gentle_option(one)


def _gentle_option(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--gentle",
        nargs="?",
        const="grey",
        choices=("grey", "faces"),
        help="for footage that may distress: show pictures grey, small and blurred, or with faces blurred; stills stay as they are",
    )


def _archive_commands(sub: Any, parents: list[Any], scanning: list[Any]) -> None:
    group = sub.add_parser("archive", help="the archive of known footage").add_subparsers(
        metavar="COMMAND", required=True
    )
    for name, verb, argument, told in (
        ("add", archives.add, "paths", "fingerprint files or folders into the archive"),
        ("search", archives.search, "file", "where a clip's footage appears in the archive"),
        ("list", archives.listed, "", "what is in the archive"),
        ("remove", archives.remove, "sha256", "take a video out by its SHA-256, or a list by its key"),
        ("import", archives.take_in, "lists", "take in PDQ lists as ThreatExchange's tools write them"),
        ("export", archives.export, "out", "write PDQ lists that ThreatExchange's tools read"),
        ("iscc", archives.iscc, "code", "the videos by their ISO 24138 codes, those nearest to one first"),
        ("check", archives.check, "", "whether the archive holds"),
    ):
        one = group.add_parser(name, parents=scanning if name == "search" else parents, help=told)
        one.set_defaults(verb=verb)
        one.add_argument("archive", type=Path)
        if argument == "paths":
            one.add_argument("paths", type=Path, nargs="+")
            one.add_argument("--workers", type=_count, metavar="N", help="videos at once; as many as cores unless said")
            one.add_argument(
                "--stall",
                type=_count,
                default=300,
                metavar="N",
                help="give a video up after N seconds without progress",
            )
        elif argument == "lists":
            one.add_argument("lists", type=Path, nargs="+", metavar="LIST")
        elif argument == "out":
            one.add_argument("out", type=Path, metavar="DIR")
            one.add_argument("--form", choices=("vpdq-json", "vpdq", "pdq"), default="vpdq-json", help="of the lists")
        elif argument == "code":
            one.add_argument("code", metavar="CODE", help="a Video-Code, or an XML file of FFmpeg's signature filter")
            one.add_argument("--note", metavar="SHA256", help="keep the code with the video of this SHA-256")
        elif argument:
            one.add_argument(argument, type=Path if argument == "file" else str)


def _case_commands(sub: Any, parents: list[Any]) -> None:
    one = sub.add_parser("new", parents=parents, help="a case folder with the notebooks")
    one.set_defaults(verb=cases.new)
    _gentle_option(one)
    one.add_argument("case", type=Path)
    several = {"type": Path, "action": "append"}
    one.add_argument("--video", **several, required=True, metavar="FILE", help="the clip; once for each, if several")
    one.add_argument("--claim", metavar="TEXT", help="what is claimed, word for word")
    told = "the post: text, url, account, posted, language; once for each, the examined one first"
    one.add_argument("--post", **several, default=[], metavar="POST.json", help=told)
    one.add_argument("--archive", type=Path, metavar="ARCHIVE", help="the archive that notebook 04 searches")
    one.add_argument("--by", default="", metavar="NAME", help="who opens the case")
    one = sub.add_parser("add", parents=parents, help="further clips and posts of the same claim")
    one.set_defaults(verb=cases.add)
    one.add_argument("case", type=Path)
    one.add_argument("--video", **several, default=[], metavar="FILE", help="a further clip")
    one.add_argument("--post", **several, default=[], metavar="POST.json", help="a further post")
    one = sub.add_parser("run", parents=parents, help="run the case's notebooks, write report.html")
    one.set_defaults(verb=cases.run)
    one.add_argument("case", type=Path)
    one.add_argument(
        "--archive", type=Path, metavar="ARCHIVE", help="the archive to search from now on, as after a move"
    )
    pairs: dict[str, Any] = {"action": "append", "nargs": 2, "default": []}
    one.add_argument("--leave-out", **pairs, metavar=("WHAT", "REASON"), help=LEAVE_OUT)
    _on_a_case(sub, parents)
    _package_commands(sub, parents)
    one = sub.add_parser("demo", parents=parents, help="the whole road on the sample data")
    one.set_defaults(verb=cases.demo)
    one.add_argument("--out", type=Path, default=Path("demo-case"), metavar="DIR")


def _on_a_case(sub: Any, parents: list[Any]) -> None:
    one = sub.add_parser("stale", parents=parents, help="cells that are not as they last ran")
    one.set_defaults(verb=cases.stale)
    one.add_argument("case", type=Path)
    one = sub.add_parser("take", parents=parents, help="take in files, or what yt-dlp or auto-archiver saved")
    one.set_defaults(verb=cases.take)
    one.add_argument("case", type=Path)
    one.add_argument("source", type=Path, help="an .info.json of yt-dlp, or a folder of auto-archiver")
    one.add_argument("--how", metavar="TEXT", help="SOURCE is any file or folder of files; say how you came by it")
    one = sub.add_parser("export", parents=parents, help="every table of a case, for spreadsheets and programs")
    one.set_defaults(verb=cases.export)
    one.add_argument("case", type=Path)
    one.add_argument("--out", type=Path, required=True, metavar="DIR", help="write the tables here")
    one.add_argument("--format", choices=FORMATS, default="csv", help="parquet needs pyarrow")
    told = "JupyterLab on the case's first notebook that was not run to its end, or to check a package"
    one = sub.add_parser("lab", parents=parents, help=told)
    one.set_defaults(verb=cases.lab)
    one.add_argument("case", type=Path, nargs="?", metavar="CASE|PACKAGE")
    one.add_argument("jupyter", nargs="*", metavar="-- OPTION", help="options for JupyterLab, after --")


def _package_commands(sub: Any, parents: list[Any]) -> None:
    stamped = argparse.ArgumentParser(add_help=False)
    stamped.add_argument("--token", type=Path, metavar="FILE", help="put in this time token (RFC 3161)")
    stamped.add_argument("--tsa", metavar="URL", help="ask this TSA for a time token: it is sent a digest")
    one = sub.add_parser("seal", parents=[*parents, stamped], help="the audit package and its seal string")
    one.set_defaults(verb=packages.seal)
    one.add_argument("case", type=Path)
    one.add_argument("-o", "--output", type=Path, metavar="PACKAGE.zip")
    one.add_argument("--sign", type=Path, metavar="KEY", help="sign with this private SSH key")
    one.add_argument(
        "--consent", action="append", default=[], metavar="NOTEBOOK:CELL", help="publish this cell's output"
    )
    pairs = {"action": "append", "nargs": 2, "default": []}
    one.add_argument("--withhold", **pairs, metavar=("PATH", "REASON"), help="keep this file out of the package")
    one.add_argument("--leave-out", **pairs, metavar=("WHAT", "REASON"), help=LEAVE_OUT)
    one.add_argument(
        "--supersedes", nargs=2, metavar=("SEAL", "REASON"), help="this corrects the package with that seal"
    )
    one = sub.add_parser("stamp", parents=[*parents, stamped], help="put a time token into a package")
    one.set_defaults(verb=packages.stamp)
    one.add_argument("package", type=Path)
    one = sub.add_parser("review", parents=parents, help="add a signed review to a package")
    one.set_defaults(verb=packages.review)
    one.add_argument("package", type=Path)
    one.add_argument("--sign", type=Path, metavar="KEY", required=True, help="sign with this private SSH key")
    one.add_argument("--by", required=True, metavar="NAME", help="who reviewed")
    one.add_argument("--text", default="", metavar="TEXT", help="what was checked, and what came of it")
    one.add_argument("--agree", action="append", default=[], metavar="PART", help="agree on S1, label or media")
    one.add_argument("--dissent", **pairs, metavar=("PART", "REASON"), help="dissent on a part, and why")
    one.add_argument("--about", action="append", default=[], metavar="FILE", help="a file of the case, or FILE:CELL")
    one = sub.add_parser("verify", parents=parents, help="check a package, a line for each property")
    one.set_defaults(verb=packages.verify)
    one.add_argument("package", type=Path)
    one.add_argument("--key", type=Path, metavar="FILE", help="public key or allowed_signers that must have signed")
    one.add_argument("--expect-seal", metavar="SEAL", help="the seal string as it was published")
    one.add_argument("--tsa-roots", type=Path, metavar="FILE", help="root certificates (PEM) of the time token's TSA")
    one.add_argument("--review-key", type=Path, metavar="FILE", help="key or allowed_signers of those who reviewed")
    one.add_argument("--rerun", action="store_true", help="run the package's notebooks again, and compare")
    one.add_argument("--archive", type=Path, metavar="ARCHIVE", help="with --rerun: the archive that they search")


def _date(text: str) -> str:
    try:
        span_of_date(text, where="date")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _place(text: str) -> Point:
    try:
        return read_point(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text[:20]!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
