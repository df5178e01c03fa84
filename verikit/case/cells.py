r"""The digests of a notebook's cells: what tells which cell was changed, and a re-saved file from a changed one.

A cell's digest is SHA-256 of "verikit-cell-v1\n" and the canonical JSON of

    {"attachments":{},"id":ID,"n":N,"outputs":[DIGEST],"source":TEXT,"tags":[TAG],"type":"code"}

where `n` is the execution count (null if it has none) and the digest of an output is SHA-256 of
"verikit-output-v1\n" and the output's canonical JSON. Text that .ipynb may hold as one string or as a list of lines is
joined first, as nbformat does when it reads. An output that an analyst left out is a stand-in that states the digest of what
was there: it counts as that where the caller knows the digest as one that was left out. Not in a digest: the order of cells (the list of digests has it), other
cell metadata and the notebook's own (the digest of the file has them).

Notebooks are read as JSON: nbformat alone takes seconds to import.
"""

from __future__ import annotations

import dataclasses
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from verikit._files import canonical_json, plain, sha256_text
from verikit.case.journal import strict_json
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "LEFT_OUT",
    "CellDigest",
    "as_kept",
    "cell_digests",
    "joined",
    "load_notebook",
    "order_problems",
    "output_digest",
    "require_notebooks",
    "source_of",
    "stated_digest",
    "tags_of",
]

# The type of what stands in for an output that was left out: {"digest": of the output, "sha256": of the picture or output, "reason"}.
LEFT_OUT = "application/vnd.verikit.left-out.v1+json"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_TYPES = ("code", "markdown", "raw")
_OUTPUT_TYPES = ("stream", "display_data", "execute_result", "error")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CellDigest:
    """One cell's digests: of all that it shows, of its source alone, and of each output; `n` is its execution count."""

    index: int
    id: str
    type: str
    digest: str
    source_sha256: str
    n: int | None
    outputs: tuple[str, ...]


def load_notebook(data: bytes) -> dict[str, Any]:
    """The notebook in the bytes of an .ipynb file, as JSON. Raises AuditError with all that is wrong with its shape.

    Strict: notebook format 4.5 only, no key twice, every cell with an id of its own, a known type and known outputs.
    """
    try:
        notebook = strict_json(data)
    except ValueError as broken:
        raise AuditError("notebook", problems=[f"not JSON: {plain(str(broken))[:200]}"]) from broken
    if not isinstance(notebook, dict):
        raise AuditError("notebook", problems=["not a JSON object"])
    version = (notebook.get("nbformat"), notebook.get("nbformat_minor"))
    if version != (4, 5) or any(type(part) is not int for part in version):
        raise AuditError("notebook", problems=[f"format {plain(str(version))[:40]}; only 4.5 is read"])
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not isinstance(notebook.get("metadata"), dict):
        raise AuditError("notebook", problems=["cells is not a list or metadata is not an object"])
    problems: list[str] = []
    seen: set[str] = set()
    for index, cell in enumerate(cells):
        found = _cell_problem(cell, seen)
        if found:
            problems.append(f"cell {index}: {found}")
    if problems:
        raise AuditError("notebook", problems=problems)
    return notebook


def _cell_problem(cell: Any, seen: set[str]) -> str:
    """What is wrong with a cell's shape, in a sentence, or nothing. Remembers its id in `seen`."""
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
        return "not an object with metadata"
    name = cell.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name) or name in seen:
        return f"its id is missing, not of its form, or taken: {plain(str(name))[:80]!r}"
    seen.add(name)
    if cell.get("cell_type") not in _TYPES:
        return f"unknown type {plain(str(cell.get('cell_type')))[:40]!r}"
    if not _is_text(cell.get("source")):
        return "its source is neither text nor a list of lines"
    if not _is_lines(cell["metadata"].get("tags", [])):
        return "its tags are not a list of words"
    if not isinstance(cell.get("attachments", {}), dict):
        return "its attachments are not an object"
    if cell["cell_type"] != "code":
        return "it is not code, yet it has outputs" if "outputs" in cell else ""
    count = cell.get("execution_count")
    if count is not None and (type(count) is not int or count < 1):
        return "its execution count is not a positive whole number"
    outputs = cell.get("outputs")
    if not isinstance(outputs, list) or not all(_is_output(output) for output in outputs):
        return "its outputs are not a list of stream, display_data, execute_result or error"
    return ""


def _is_lines(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) or _is_lines(value)


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict) or output.get("output_type") not in _OUTPUT_TYPES:
        return False
    if output["output_type"] == "stream":
        return _is_text(output.get("text"))
    return output["output_type"] == "error" or isinstance(output.get("data"), dict)


def joined(value: Any) -> Any:
    """Text held as a list of lines as one string; everything else as it is."""
    return "".join(value) if _is_lines(value) else value


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's source as one text."""
    return str(joined(cell["source"]))


def tags_of(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """A cell's tags in the order in which they are written."""
    return tuple(cell["metadata"].get("tags", ()))


def output_digest(output: Mapping[str, Any]) -> str:
    """The digest of one output, as a notebook holds it, in lower-case hex."""
    shown = dict(output)
    if "text" in shown:
        shown["text"] = joined(shown["text"])
    if isinstance(shown.get("data"), dict):
        # A list under a JSON type is a list, not lines.
        shown["data"] = {
            mime: value if mime.endswith(("/json", "+json")) else joined(value) for mime, value in shown["data"].items()
        }
    return sha256_text("verikit-output-v1\n" + canonical_json(shown))


def stated_digest(output: Mapping[str, Any]) -> str:
    """The digest that a stand-in states for the output that was left out; empty where the output is no stand-in."""
    data = output.get("data")
    told = data.get(LEFT_OUT) if isinstance(data, dict) and output.get("output_type") == "display_data" else None
    digest = told.get("digest") if isinstance(told, dict) else None
    return digest if isinstance(digest, str) else ""


def cell_digests(notebook: Mapping[str, Any], *, left_out: Collection[str] = ()) -> tuple[CellDigest, ...]:
    """The digests of all cells of a loaded notebook, in its order.

    A stand-in counts as the output that was there where the digest that it states is among `left_out`.
    """
    found = []
    for index, cell in enumerate(notebook["cells"]):
        outputs = tuple(
            stated if (stated := stated_digest(output)) in left_out else output_digest(output)
            for output in cell.get("outputs", ())
        )
        content = {
            "type": cell["cell_type"],
            "id": cell["id"],
            "source": source_of(cell),
            "tags": list(tags_of(cell)),
            "n": cell.get("execution_count"),
            "outputs": list(outputs),
            "attachments": cell.get("attachments", {}),
        }
        found.append(
            CellDigest(
                index=index,
                id=cell["id"],
                type=cell["cell_type"],
                digest=sha256_text("verikit-cell-v1\n" + canonical_json(content)),
                source_sha256=sha256_text(content["source"]),
                n=content["n"],
                outputs=outputs,
            )
        )
    return tuple(found)


def as_kept(output: Mapping[str, Any]) -> Any:
    """The output with its numbers as JupyterLab writes them, whoever wrote them: 6.0 is 6 there.

    A browser knows no whole numbers but doubles, and writes those below 1e21 without fraction or exponent (ECMA-262,
    Number::toString). For what is compared, never for what is sealed.
    """
    return json.loads(canonical_json(output), parse_float=_as_browser, parse_int=_as_browser)


def _as_browser(digits: str) -> float:
    number = float(digits)
    # The shortest digits that name this double, then noughts; Decimal reads them from Python's own shortest form.
    return int(Decimal(repr(number))) if number.is_integer() and abs(number) < 1e21 else number


def order_problems(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a loaded notebook is not one clean run from the first cell to the last; empty when it is.

    The code cells that say anything must be numbered 1, 2, 3 ... in their order, blank ones not at all, and none may
    have ended in an error.
    """
    problems = []
    expected = 0
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        n, blank = cell.get("execution_count"), not source_of(cell).strip()
        expected += not blank
        wanted = None if blank else expected
        if n != wanted:
            problems.append(f"cell {index} ({cell['id']}): {_run_as(n)} where {_run_as(wanted)} follows")
        if any(output["output_type"] == "error" for output in cell["outputs"]):
            problems.append(f"cell {index} ({cell['id']}): it ended in an error")
        if any(_claims_other(output, n) for output in cell["outputs"]):
            problems.append(f"cell {index} ({cell['id']}): an output is numbered for another run of the cell")
    return tuple(problems)


def _run_as(n: int | None) -> str:
    return "not run" if n is None else f"run as {n}"


def _claims_other(output: Mapping[str, Any], n: int | None) -> bool:
    return output["output_type"] == "execute_result" and output.get("execution_count") != n


def require_notebooks(notebooks: Mapping[str, bytes]) -> None:
    """Raises AuditError that names each notebook, by its file name, that is not of the form `load_notebook` asks for."""
    problems = []
    for name, data in notebooks.items():
        try:
            load_notebook(data)
        except AuditError as fault:
            problems.append(f"{name}: {fault}")
    if problems:
        raise AuditError("notebooks", problems=problems)
