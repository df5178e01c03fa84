"""Cell digests: a changed cell shows, a re-saved one does not, and a notebook that was not run in order is told."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.case.cells import cell_digests, load_notebook, order_problems
from verikit.errors import AuditError


def code(name: str, source: Any, *, n: int | None = None, outputs: Any = ()) -> dict[str, Any]:
    cell = {"cell_type": "code", "id": name, "metadata": {}, "source": source}
    return cell | {"execution_count": n, "outputs": list(outputs)}


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


def stream(text: Any) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(data: dict[str, Any], *, n: int = 1) -> dict[str, Any]:
    return {"output_type": "execute_result", "execution_count": n, "metadata": {}, "data": data}


def example() -> dict[str, Any]:
    note = {"cell_type": "markdown", "id": "note", "metadata": {"tags": ["decision"]}, "source": "é: a *note*"}
    result = {"text/plain": "0.91", "application/json": {"score": [0.91, "a"]}, "image/png": "aGk="}
    return notebook(
        note | {"attachments": {"a.png": {"image/png": "aGk="}}},
        code("c1", "x = 1\nx", n=1, outputs=[stream("a\nb\n"), shown(result)]),
        code("c2", "y", n=2),
    )


def load(value: Any) -> dict[str, Any]:
    return load_notebook(json.dumps(value).encode())


def digests(value: dict[str, Any]) -> list[str]:
    return [cell.digest for cell in cell_digests(load(value))]


def test_the_digest_can_be_computed_with_nothing_but_sha256_and_sorted_json() -> None:
    def h(domain: str, value: Any) -> str:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(f"{domain}\n{text}".encode()).hexdigest()

    output = stream("a\n")
    found = cell_digests(load(notebook(code("c1", "x", n=1, outputs=[output]))))[0]
    content = {"type": "code", "id": "c1", "source": "x", "tags": [], "n": 1, "attachments": {}}
    assert found.outputs == (h("verikit-output-v1", output),)
    assert found.digest == h("verikit-cell-v1", content | {"outputs": list(found.outputs)})
    assert found.source_sha256 == hashlib.sha256(b"x").hexdigest()
    assert (found.index, found.id, found.type, found.n) == (0, "c1", "code", 1)


def test_saving_again_in_another_layout_keeps_every_digest() -> None:
    value = example()
    saved = copy.deepcopy(value)
    saved["cells"][1]["source"] = ["x = 1\n", "x"]
    saved["cells"][1]["outputs"][0]["text"] = ["a\n", "b\n"]
    saved["cells"][1]["outputs"][1]["data"]["text/plain"] = ["0.91"]
    data = json.dumps(saved, indent=4, sort_keys=True).encode()
    assert cell_digests(load_notebook(data)) == cell_digests(load(value))


CHANGES = {
    "source": lambda cells: cells[1].update(source="x = 2\nx"),
    "output text": lambda cells: cells[1]["outputs"][0].update(text="a\nc\n"),
    "picture": lambda cells: cells[1]["outputs"][1]["data"].update({"image/png": "aGo="}),
    "JSON": lambda cells: cells[1]["outputs"][1]["data"].update({"application/json": {"score": [0.92, "a"]}}),
    "JSON list joined": lambda cells: cells[1]["outputs"][1]["data"].update({"application/json": {"score": "0.91a"}}),
    "outputs merged": lambda cells: cells[1].update(outputs=cells[1]["outputs"][1:]),
    "count": lambda cells: cells[1].update(execution_count=3),
    "id": lambda cells: cells[1].update(id="c9"),
    "note": lambda cells: cells[0].update(source="é: a *note*\u200b"),
    "tag": lambda cells: cells[0]["metadata"].update(tags=[]),
    "attachment": lambda cells: cells[0]["attachments"]["a.png"].update({"image/png": "aGo="}),
    "type": lambda cells: cells[0].update(cell_type="raw"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_shows_in_the_cell_that_was_changed_and_in_no_other(name: str) -> None:
    before, changed = digests(example()), example()
    CHANGES[name](changed["cells"])
    touched = [index for index, pair in enumerate(zip(before, digests(changed), strict=True)) if pair[0] != pair[1]]
    assert touched == [0 if name in {"note", "tag", "attachment", "type"} else 1]


def test_which_output_was_changed_can_be_told() -> None:
    changed = example()
    changed["cells"][1]["outputs"][1]["data"]["text/plain"] = "0.92"
    before, after = cell_digests(load(example()))[1], cell_digests(load(changed))[1]
    assert before.outputs[0] == after.outputs[0]
    assert before.outputs[1] != after.outputs[1]


@given(st.lists(st.lists(st.text(max_size=4), max_size=3), max_size=3, unique_by=tuple))
@settings(max_examples=60, deadline=None)
def test_different_rows_of_outputs_have_different_digests(rows: list[list[str]]) -> None:
    """The lack of this is how other notebook signatures take two outputs for one."""
    found = [digests(notebook(code("c", "x", n=1, outputs=[stream(text) for text in row])))[0] for row in rows]
    assert len(set(found)) == len(rows)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "nested"),
        (b'{"nbformat":4,"nbformat":4}', "twice"),
        (b"[]", "not a JSON object"),
        (json.dumps(example() | {"nbformat_minor": 4}).encode(), "4.5"),
        (json.dumps(example() | {"nbformat": 4.0}).encode(), "4.5"),
        (json.dumps(example() | {"cells": {}}).encode(), "not a list"),
        (json.dumps(notebook(code("a", "x"), code("a", "y"))).encode(), "taken"),
        (json.dumps(notebook(code("../a", "x"))).encode(), "its id"),
        (json.dumps(notebook(code("a", 1))).encode(), "source"),
        (json.dumps(notebook(code("a", "x", n=0))).encode(), "count"),
        (json.dumps(notebook(code("a", "x", outputs=[{"output_type": []}]))).encode(), "outputs"),
        (json.dumps(notebook(code("a", "x") | {"cell_type": {}})).encode(), "unknown type"),
        (json.dumps(notebook(code("a", "x") | {"cell_type": "markdown"})).encode(), "it has outputs"),
        (json.dumps(notebook(code("a", "x") | {"metadata": {"tags": "t"}})).encode(), "tags"),
        (json.dumps(notebook(1)).encode(), "not an object"),  # type: ignore[arg-type] # the fault under test
    ],
)
def test_what_is_no_notebook_of_format_4_5_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(AuditError, match=said):
        load_notebook(data)


def test_all_faults_of_a_notebook_are_told_together() -> None:
    with pytest.raises(AuditError) as caught:
        load(notebook(code("a", 1), code("b", "x"), code("c", 2)))
    assert [problem[:6] for problem in caught.value.problems] == ["cell 0", "cell 2"]


def test_one_run_from_top_to_bottom_has_no_order_problems() -> None:
    clean = notebook(code("a", "x", n=1), code("blank", " \n"), code("b", "y", n=2, outputs=[shown({}, n=2)]))
    assert order_problems(load(clean)) == ()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([code("a", "x", n=2)], "run as 2 where run as 1"),
        ([code("a", "x", n=1), code("b", "y", n=1)], "run as 1 where run as 2"),
        ([code("a", "x", n=1), code("b", "y", n=3)], "run as 3 where run as 2"),
        ([code("a", "x", n=1), code("b", "y")], "not run where run as 2"),
        ([code("a", "", n=1)], "run as 1 where not run"),
        ([code("a", "x", n=1, outputs=[{"output_type": "error", "ename": "E"}])], "ended in an error"),
        ([code("a", "x", n=1, outputs=[shown({}, n=4)])], "another run"),
    ],
)
def test_anything_but_one_clean_run_is_told(cells: list[dict[str, Any]], said: str) -> None:
    problems = order_problems(load(notebook(*cells)))
    assert any(said in problem for problem in problems)
