"""The whole road on the sample data."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import TYPE_CHECKING, Any

from verikit._files import package_folder, write_bytes
from verikit.case.derived import confined
from verikit.case.opening import Further
from verikit.case.report import write_report
from verikit.case.running import fill_cells, run_case
from verikit.case.sealing import seal_case
from verikit.case.verifying import verify_package
from verikit.errors import AuditError, MediaError
from verikit.workflow.archiving import add_to_archive
from verikit.workflow.frames import kit_of
from verikit.workflow.steps import claim_from_post, start_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from verikit.case.folder import Case
    from verikit.case.running import NotebookRun
    from verikit.case.sealing import Seal
    from verikit.case.verifying import Verification
    from verikit.records import Records

__all__ = ["Demo", "prepare_demo", "run_demo"]


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
        by="the demonstration (all made up, footage rendered, decisions written in advance)",
        further=Further(posts=((sample / "post_2.json").read_bytes(),)),
    )
    # As an analyst leaves it who has searched: step 03 keeps what was written there.
    write_bytes(confined(case.folder, f"{kit_of(case)}/searches.csv"), (sample / "searches.csv").read_bytes())
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
