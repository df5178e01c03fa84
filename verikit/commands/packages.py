"""The commands on a sealed package: made, stamped, reviewed, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from verikit._files import sha256_file
from verikit.commands.printing import DONE, answer, progress, say, text_of

if TYPE_CHECKING:
    import argparse


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
        progress=progress(),
    )
    said = {}
    if options.token is not None or options.tsa is not None:
        said = {"time": _stamp(options, seal.package)} | _sha256_of(seal.package)
    text = "\n".join([text_of(seal), *(f"{name}: {value}" for name, value in said.items())])
    answer(options, data=seal.to_dict() | said, text=text)
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
    answer(
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
    answer(options, data=done.to_dict(), text=text_of(done))
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
        found = rerun_package(found, options.package, archive=options.archive, progress=progress())
    answer(options, data=found.to_dict(), text=text_of(found))
    return found.exit_code
