"""Make each notebook (.ipynb) from its source (.py, percent format), clean: no outputs, fixed cell ids, fixed metadata.

The sources are what people edit and review; the notebooks are committed because people open them. `--check` writes
nothing and exits 1 where a notebook is not what its source makes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import jupytext

HERE = Path(__file__).resolve().parent


def generated(source: Path) -> str:
    """The notebook of one source, as text that is the same on every machine."""
    notebook = jupytext.read(source, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"c{number:03d}"
        cell["metadata"] = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
        cell["source"] = cell["source"].splitlines(keepends=True)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    plain = {
        "cells": notebook.cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write the notebooks, or say which are not what their sources make."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a notebook has drifted")
    check = parser.parse_args().check
    drifted = []
    for source in sorted(HERE.glob("[0-9]*.py")):
        target, text = source.with_suffix(".ipynb"), generated(source)
        if check and (not target.exists() or target.read_text(encoding="utf-8") != text):
            drifted.append(target.name)
        elif not check:
            target.write_text(text, encoding="utf-8", newline="\n")
    if drifted:
        print(f"not what their sources make: {', '.join(drifted)}; run `make notebooks`", file=sys.stderr)
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
