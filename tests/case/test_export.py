"""A case's tables as files that other programs read."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from verikit import cli
from verikit.case.claims import Claim
from verikit.case.export import export_case, tables_of_case
from verikit.case.opening import new_case
from verikit.errors import AuditError
from verikit.records import Finding, Outcome, Records


@pytest.fixture
def case(tmp_path):
    """A case with a recorded table, a recorded result that holds one, a decision, and a stranger's formula."""
    (tmp_path / "given").mkdir()
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "given/01_x.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "clip.mp4").write_bytes(b"moving pictures")
    claim = Claim.from_text("=HYPERLINK(1)")
    case = new_case(tmp_path / "case", video=tmp_path / "clip.mp4", claim=claim, notebooks=tmp_path / "given", by="=A")
    found = [
        Finding(check="c", outcome=Outcome.ANOMALY, summary="@SUM(1)", limits="-1", measures={"much": 2.0, "why": "x"}),
        Finding(check="d", outcome=Outcome.NONE_FOUND, summary="nothing", limits="nothing follows", measures={}),
    ]
    case.record(Records(found, caption="Findings", columns=("check",)), name="edits")
    case.decide("S1", status="not_established", because="nobody is named", rests_on=["edits"])
    return case


def test_every_table_of_a_case_is_there_by_its_name(case):
    tables = tables_of_case(case)
    assert list(tables) == ["journal", "sub_claims", "decisions", "edits"]
    assert [len(table) for table in tables.values()] == [len(case.entries), 5, 1, 2]


def test_results_of_one_form_under_one_name_are_one_table(case):
    for name in ("seen/sign", "seen/voice"):
        case.record(Finding(check="c", outcome=Outcome.ANOMALY, summary=name, limits="none"), name=name)
    (table,) = [table for name, table in tables_of_case(case).items() if name == "seen"]
    assert [(row.to_dict()["name"], row.to_dict()["summary"]) for row in table] == [
        ("sign", "seen/sign"),
        ("voice", "seen/voice"),
    ]
    case.record(Records([], caption="others", columns=()), name="seen/other")
    assert "seen" not in tables_of_case(case)


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_what_is_exported_is_read_back_by_pandas_and_says_the_same(case, tmp_path, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    written = export_case(case, tmp_path / "out", form=form)
    assert [path.name for path in written] == [f"{name}.{form}" for name in tables_of_case(case)]
    path = tmp_path / "out" / f"edits.{form}"
    if form == "json":
        frame = pd.DataFrame(json.loads(path.read_text(encoding="utf-8"))["records"])
        measures = list(frame["measures"])
    else:
        frame = pd.read_parquet(path) if form == "parquet" else pd.read_csv(path, encoding="utf-8-sig")
        measures = [json.loads(cell) for cell in frame["measures"]]
    assert measures == [{"much": 2.0, "why": "x"}, {}]
    assert list(frame["check"]) == ["c", "d"]
    summary = "'@SUM(1)" if form == "csv" else "@SUM(1)"
    assert list(frame["summary"]) == [summary, "nothing"]


def test_the_command_writes_the_tables_and_names_them(case, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["export", str(case.folder), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"files": [str(out / f"{name}.csv") for name in tables_of_case(case)]}


def test_a_changed_file_of_the_case_is_not_exported_and_an_unknown_form_is_refused(case, tmp_path):
    with pytest.raises(ValueError, match="csv, json, parquet"):
        export_case(case, tmp_path / "out", form="xlsx")
    (case.folder / "derived/edits.json").write_text("{}")
    with pytest.raises(AuditError, match=r"edits\.json"):
        export_case(case, tmp_path / "out")
    assert not (tmp_path / "out").exists()
