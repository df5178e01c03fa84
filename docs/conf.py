"""How the documents become a site: `make docs`. Nothing is fetched, and a warning is an error."""

from __future__ import annotations

import importlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import verikit

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

project = "verikit"
author = "The verikit authors"
release = version = verikit.__version__
copyright = "The verikit authors, Apache-2.0"  # noqa: A001 - the name is Sphinx's

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"verikit {version}"
html_show_sourcelink = False
html_copy_source = False
# Furo uses the fonts that the reader has; nothing is loaded from elsewhere.
html_theme_options = {"footer_icons": []}
html_static_path = ["_static"]
html_css_files = ["verikit.css"]

nb_execution_mode = "off"
myst_heading_anchors = 3
# A block of code without a language is shown as it is.
highlight_language = "none"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
# Source is read as text where a type is known to readers of types alone.
autodoc_default_options = {"members": True}

# The wings as the reference orders and names them.
WINGS = {
    "workflow": "The steps of a case, and what one command does",
    "case": "The case, from claim to package",
    "media": "Pixels and sound",
    "container": "What a file says of itself",
    "keyframes": "Frames that matter",
    "matching": "Seen before",
    "plots": "Figures",
    "records": "What all share",
    "errors": "What can go wrong",
}


# ------------------------------------------------------------------------------------------------------------ the reference


def reference() -> str:
    """The page of all public names, by wing, as MyST Markdown."""
    room_of = verikit._ROOM_OF  # noqa: SLF001 - the front door's own table
    lines = ["# Python reference", "", "Everything here is `verikit.NAME`; no other path is public.", ""]
    for wing, title in WINGS.items():
        names = sorted(name for name, room in room_of.items() if room.split(".")[0] == wing)
        lines += [f"## {title}", "", "```{eval-rst}"]
        for name in names:
            kind = "autoclass" if isinstance(getattr(verikit, name), type) else "autofunction"
            lines += [f".. {kind}:: verikit.{name}", ""]
        lines += ["```", ""]
    return "\n".join(lines)


def as_restructured(*about: Any) -> None:
    """Our docstrings are plain text with code in single backticks; reStructuredText wants two and reads * and | as marks."""
    # Sphinx hands over six things, of which the lines are the last; they are changed in place.
    lines: list[str] = about[-1]
    listed = False
    for n, line in enumerate(lines):
        # Fields of a value are told as "name: what it is", with what follows further in.
        begins = bool(re.match(r"[a-z_]+: ", line)) and (listed or not n or not lines[n - 1].strip())
        ends = listed and not begins and not line.startswith("    ")
        listed = begins or (listed and not ends)
        if listed:
            lines[n] = f"- {line}" if begins else line[2:]
        elif ends and line:
            lines[n] = f"\n{line}"
    parts = re.split(r"(`[^`]+`)", "\n".join(lines))
    for n, part in enumerate(parts):
        # An empty escape lets a letter follow.
        parts[n] = f"`{part}`\\ " if n % 2 else re.sub(r"([*|]|(?<=\w)_(?!\w))", r"\\\1", part)
    lines[:] = "".join(parts).split("\n")


# ---------------------------------------------------------------------------------------------------------- the worked case


def package() -> zipfile.ZipFile:
    """The executed case that is shown: the one that ships, or else the demonstration's, made by `make demo`."""
    for path in (ROOT / "sample_data/worked_case/worked_case.zip", ROOT / "demo-case/case.zip"):
        if path.is_file():
            return zipfile.ZipFile(path)
    raise FileNotFoundError("no executed case to show: run `make demo` first")


def as_shown(data: bytes) -> str:
    """An executed notebook with each picture as an <img> that says in words what it shows."""
    notebook = json.loads(data)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            held: dict[str, Any] = output.get("data", {})
            mime = next((name for name in held if name.startswith("image/")), None)
            if mime is not None:
                words = (
                    output["metadata"][mime]["alt"].replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
                )
                source = f"data:{mime};base64,{''.join(held[mime]).strip()}"
                held["text/html"] = f'<img alt="{words}" style="max-width:100%" src="{source}">'
            output["data"] = {name: held[name] for name in ("text/html", "text/plain") if name in held}
            output["metadata"] = {}
    return json.dumps(notebook)


def worked_case() -> None:
    """docs/worked/: the notebooks as they ran, the report, and a page that leads to them. Made anew each time."""
    folder = DOCS / "worked"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    with package() as case:
        names = sorted(name for name in case.namelist() if re.fullmatch(r"data/executed/[\w.-]+\.ipynb", name))
        for name in names:
            (folder / Path(name).name).write_text(as_shown(case.read(name)), encoding="utf-8")
        (folder / "report.html").write_bytes(case.read("data/report.html"))
    listed = "\n".join(Path(name).stem for name in names)
    (folder / "index.md").write_text(
        "# The worked case\n\n"
        "One case, done from the post to the sealed package. The clip is rendered by this project, the post and the account are\n"
        "made up, and the decisions were written in advance: it shows how a case is worked and read, and nothing of the world.\n\n"
        "Its <a href='report.html'>report</a> is the page for readers. The notebooks below are shown as they ran.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n",
        encoding="utf-8",
    )


def prepare(_: Sphinx) -> None:
    """What is generated, before Sphinx looks for documents."""
    worked_case()
    (DOCS / "reference.md").write_text(reference(), encoding="utf-8")


def finish(app: Sphinx, failed: Exception | None) -> None:
    """The report goes beside the notebooks, byte for byte."""
    if failed is None:
        (Path(app.outdir) / "worked/report.html").write_bytes((DOCS / "worked/report.html").read_bytes())


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    # autodoc looks names up in the module; they are loaded when first asked for.
    for name in verikit.__all__:
        getattr(verikit, name)
    importlib.import_module("verikit.errors")
    app.connect("builder-inited", prepare)
    app.connect("autodoc-process-docstring", as_restructured)
    app.connect("build-finished", finish)


sys.path.insert(0, str(ROOT))
