"""JupyterLab on a case: which notebook it opens on, and a server that serves the case alone and asks the network nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from verikit.case.auditing import FINISHED, TEMPLATES
from verikit.case.cells import load_notebook, source_of
from verikit.case.derived import confined
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verikit.case.folder import Case
    from verikit.case.journal import Entry

__all__ = ["current_notebook", "lab_command"]


def current_notebook(case: Case) -> str:
    """The file name of the notebook at which the analyst is: the first that has not been run to its end.

    A notebook has where `verikit run` ran it through, or where each of its cells, as it is saved, ran in JupyterLab and
    ended well. Where all have, it is the one that was last worked on in JupyterLab, and where nobody worked on any, the
    first. Raises FileNotFoundError where the case has no notebooks.
    """
    names = sorted(path.name for path in (case.folder / "notebooks").glob("*.ipynb"))
    if not names:
        raise FileNotFoundError(f"{case.folder.name}: no notebooks in notebooks/; put them back, or begin a new case")
    # A folder that holds notebooks and no journal, as to check a package in, was never worked in.
    entries = case.entries if case.journal.is_file() else ()
    for name in names:
        if not _ran_through(case, name, [entry for entry in entries if entry.body.get("notebook") == TEMPLATES + name]):
            return name
    live = (entry.body.get("notebook", "") for entry in reversed(entries) if entry.kind == "live-cell")
    worked = (notebook.removeprefix(TEMPLATES) for notebook in live)
    return next((name for name in worked if name in names), names[0])


def _ran_through(case: Case, name: str, entries: Sequence[Entry]) -> bool:
    """Whether a notebook ran to its end at least once, by what the journal tells of it."""
    if any(entry.kind == "run-end" and entry.body.get("state") == FINISHED for entry in entries):
        return True
    ran = {entry.body.get("id") for entry in entries if entry.kind == "live-cell" and entry.body.get("status") == "ok"}
    if not ran:
        return False
    try:
        cells = load_notebook(confined(case.folder, TEMPLATES + name).read_bytes())["cells"]
    except AuditError:
        # It is broken: the analyst has to look at this one.
        return False
    return {cell["id"] for cell in cells if cell["cell_type"] == "code" and source_of(cell).strip()} <= ran


def lab_command(case: Case, *, options: Sequence[str] = ()) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command, and the variables to set for it, that open JupyterLab on the notebook at which the analyst is.

    The case's folder is all that it serves. Nothing is asked of the network: Jupyter's news, its update prompts and the
    list of extensions that it would fetch are off. `options` are handed to JupyterLab.
    """
    quiet = (
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    )
    opened = f"--LabApp.default_url=/lab/tree/{TEMPLATES}{quote(current_notebook(case))}"
    # Jupyter refuses the super-user unless told; in a container there is often no other.
    root = ("--allow-root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    # A page configuration of ours leaves out the plugin that would ask whether to fetch Jupyter's news.
    ours = str(Path(__file__).parent / "jupyter")
    variables = {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [ours, os.environ.get("JUPYTER_CONFIG_PATH", "")]))
    }
    place = (f"--ServerApp.root_dir={case.folder}", opened)
    return (sys.executable, "-m", "jupyterlab", *quiet, *place, *root, *options), variables
