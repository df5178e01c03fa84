"""The shared nouns: spans, findings, and rows that show themselves as a table."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verikit._files import FORMULA
from verikit.records import RESULT_MIME, Finding, Outcome, Records, Span, timecode, whole_texts

seconds = st.floats(-1e6, 1e6)
spans = st.tuples(seconds, seconds).map(lambda pair: Span(min(pair), max(pair)))
findings = st.builds(
    Finding,
    check=st.text(),
    outcome=st.sampled_from(Outcome),
    summary=st.text(),
    limits=st.text(),
    params=st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.integers(), max_size=3), max_size=3),
    span=st.none() | spans.map(lambda span: Span.from_list(span.to_list())),
    measures=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)

FINDING = Finding(check="freezes", outcome=Outcome.NONE_FOUND, summary="no still stretch", limits="short ones hide")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A value of one row."""

    name: str
    size: object = None

    def to_dict(self):
        return {"name": self.name, "size": self.size, "extra": 7}


# Span


@given(spans, spans)
def test_overlap_is_symmetrical_and_no_longer_than_either(one, other):
    assert one.overlap(other) == other.overlap(one) >= 0
    assert one.overlap(other) <= min(one.duration, other.duration)
    assert one.overlap(one) == one.duration


@given(spans, seconds)
def test_a_span_is_half_open(span, time):
    assert (time in span) == (span.start <= time < span.end)
    assert span.end not in span
    assert (span.start in span) == (span.duration > 0)


@given(spans)
def test_a_span_comes_back_from_its_list_to_the_microsecond(span):
    again = Span.from_list(json.loads(json.dumps(span.to_list())))
    assert again.start == pytest.approx(span.start, abs=1e-6)
    assert again.end == pytest.approx(span.end, abs=1e-6)
    assert Span.from_list(again.to_list()) == again


@pytest.mark.parametrize("pair", [(2, 1), (math.nan, 1), (0, math.nan), (0, math.inf), (-math.inf, 0)])
def test_a_span_out_of_order_or_without_end_is_refused(pair):
    with pytest.raises(ValueError, match="finite and in order"):
        Span(*pair)


def test_spans_of_one_end_do_not_overlap():
    assert Span(0, 1).overlap(Span(1, 2)) == 0
    assert Span(0, 2).overlap(Span(1, 5)) == 1
    assert str(Span(1, 62.5)) == "0:01.000 to 1:02.500"


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (0, "0:00.000"),
        (4.36, "0:04.360"),
        (59.9996, "1:00.000"),
        (3599.9999, "1:00:00.000"),
        (3723.5, "1:02:03.500"),
        (-1.25, "-0:01.250"),
        (360000, "100:00:00.000"),
    ],
)
def test_time_codes_are_as_people_read_them(time, shown):
    assert timecode(time) == shown


@given(st.floats(0, 1e6))
def test_a_time_code_names_its_time_to_the_millisecond(time):
    value = 0.0
    for part in timecode(time).split(":"):
        value = value * 60 + float(part)
    assert value == pytest.approx(time, abs=0.00051)


# Finding


@given(findings)
def test_a_finding_comes_back_from_its_dict(finding):
    assert Finding.from_dict(json.loads(json.dumps(finding.to_dict()))) == finding


@given(findings)
def test_a_finding_shows_itself_in_three_forms(finding):
    shown = finding._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", RESULT_MIME}
    assert shown[RESULT_MIME] == {"kind": "Finding", "value": finding.to_dict()}
    # A line a field, whatever the field holds.
    assert len(shown["text/plain"].split("\n")) == 7


def test_a_finding_of_unknown_outcome_or_with_a_field_missing_is_refused():
    data = Finding(check="c", outcome=Outcome.NONE_FOUND, summary="s", limits="l").to_dict()
    with pytest.raises(ValueError, match="'fake' is not a valid Outcome"):
        Finding.from_dict(data | {"outcome": "fake"})
    for name in data:
        with pytest.raises(KeyError, match=name):
            Finding.from_dict({key: value for key, value in data.items() if key != name})


def test_no_outcome_is_a_verdict():
    assert {outcome.value for outcome in Outcome} == {"anomaly", "none_found", "inconclusive", "not_applicable"}


# Records


def made(*values, caption="Things"):
    return Records(values, caption=caption, columns=("name", "size"))


def test_records_are_a_row_that_cannot_be_changed():
    rows = made(Row(name="a"), Row(name="b"), Row(name="c"))
    assert (len(rows), rows[0].name, rows[-1].name) == (3, "a", "c")
    assert [row.name for row in rows[1:]] == ["b", "c"]
    assert isinstance(rows[1:], Records)
    assert Row(name="b") in rows
    assert rows == made(Row(name="a"), Row(name="b"), Row(name="c"))
    assert hash(rows) == hash(made(*rows))
    assert rows != made(Row(name="a"))
    assert rows != [Row(name="a"), Row(name="b"), Row(name="c")]
    with pytest.raises(TypeError):
        rows[0] = Row(name="x")


def test_records_print_as_an_aligned_table():
    rows = made(
        Row(name="long name", size=1.23456), Row(name="b", size=[1.0, None, "x"]), Row(name="c", size={"k": 2.5})
    )
    assert repr(rows).split("\n") == [
        "Things (3)",
        "name       size",
        "long name  1.235",
        "b          1.000, , x",
        "c          k=2.500",
    ]
    assert repr(made()) == "Things: none"
    assert made()._repr_mimebundle_()["text/html"] == "<p>Things: none</p>"


def test_records_write_themselves_whole():
    rows = made(Row(name="a", size=1.23456))
    assert rows.to_dict() == {"caption": "Things", "records": [{"name": "a", "size": 1.23456, "extra": 7}]}
    shown = rows._repr_mimebundle_()
    assert shown[RESULT_MIME] == {"kind": "Records", "value": rows.to_dict()}
    assert "<caption>Things (1)</caption>" in shown["text/html"]
    # JupyterLab sets cells flush right unless they say otherwise.
    left = 'style="text-align:left"'
    assert f'<th {left} scope="row">a</th><td {left}>1.235</td>' in shown["text/html"]


def test_a_text_of_many_lines_says_in_a_notebook_how_many_more_there_are_and_prints_whole():
    findings = Records([FINDING] * 19, caption="Nineteen", columns=("check",))
    shown = findings._repr_mimebundle_()["text/plain"].split("\n")
    assert (len(shown), shown[-1]) == (20, "... 2 more lines: print() shows all")
    assert len(str(findings).split("\n")) == 21
    assert Records([FINDING] * 18, caption="x", columns=("check",))._repr_mimebundle_()["text/plain"].count("\n") == 19


def test_a_terminal_is_given_every_line():
    findings = Records([FINDING] * 50, caption="Fifty", columns=("check",))
    with whole_texts():
        assert findings._repr_mimebundle_()["text/plain"] == str(findings)
    assert "more lines" in findings._repr_mimebundle_()["text/plain"]


def test_a_table_of_thousands_of_rows_stays_an_output_that_can_be_shown():
    findings = Records([FINDING] * 5000, caption="Many", columns=("check", "summary"))
    shown = findings._repr_mimebundle_()
    assert len(json.dumps(shown)) < 300_000
    assert "Many (5000, the first 200 shown; .to_frame() has all)" in shown["text/html"]
    value = shown[RESULT_MIME]["value"]
    assert (len(value["records"]), value["more"]) == (200, 4800)
    assert len(findings.to_dict()["records"]) == 5000


def test_records_become_a_frame_with_a_column_for_each_key():
    frame = made(Row(name="a", size=1), Row(name="b", size=2)).to_frame()
    assert list(frame.columns) == ["name", "size", "extra"]
    assert frame["size"].tolist() == [1, 2]
    assert len(made().to_frame()) == 0


def test_hostile_names_neither_act_nor_hide_nor_break_the_table():
    name = "<script>x</script>\x1b[2J\u202egpm\nnext line"
    shown = made(Row(name=name, size=name))._repr_mimebundle_()
    assert "<script>" not in shown["text/html"]
    assert "&lt;script&gt;" in shown["text/html"]
    for form in ("text/plain", "text/html"):
        assert not {"\x1b", "\u202e"} & set(shown[form])
    assert len(shown["text/plain"].split("\n")) == 3


# Saved


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
@given(names=st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_a_saved_table_says_what_it_says_on_the_screen(ending, names, tmp_path_factory):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    names = [name.encode("utf-8", "ignore").decode("utf-8") for name in names]
    rows = Records([Row(name=name, size=3) for name in names], caption="Rows", columns=("name",))
    path = rows.save(tmp_path_factory.mktemp("saved") / f"rows.{ending}")
    assert [other.name for other in path.parent.iterdir()] == [path.name]
    if ending == "json":
        assert json.loads(path.read_text(encoding="utf-8")) == rows.to_dict()
    elif ending == "parquet":
        pd.testing.assert_frame_equal(pd.read_parquet(path), rows.to_frame(), check_dtype=False)
    else:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            read = list(csv.reader(stream))
        assert read[0] == ["name", "size", "extra"]
        assert [row[1:] for row in read[1:]] == [["3", "7"]] * len(names)
        assert not any(row[0].startswith(FORMULA) for row in read[1:])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_run_by_a_spreadsheet(text, tmp_path):
    rows = Records([Row(name=text, size=[text])], caption="Rows", columns=("name",))
    with rows.save(tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as stream:
        (_, row) = csv.reader(stream)
    assert not any(cell.startswith(FORMULA) for cell in row)


def test_a_table_of_nothing_has_its_head_and_columns_of_several_kinds_are_texts(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    none = Records([], caption="Rows", columns=("name", "size"))
    assert none.save(tmp_path / "none.csv").read_text(encoding="utf-8-sig") == "name,size\n"
    assert pq.read_table(none.save(tmp_path / "none.parquet")).column_names == ["name", "size"]
    mixed = Records([Row(name="a", size=1), Row(name="b", size="x"), Row(name="c")], caption="Rows", columns=())
    assert pq.read_table(mixed.save(tmp_path / "mixed.parquet"))["size"].to_pylist() == ["1", "x", None]
    numbers = Records([Row(name="a", size=1), Row(name="b", size=1.5), Row(name="c")], caption="Rows", columns=())
    assert pq.read_table(numbers.save(tmp_path / "numbers.parquet"))["size"].to_pylist() == [1.0, 1.5, None]


def test_another_ending_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"csv, \.json or \.parquet"):
        Records([], caption="Rows", columns=()).save(tmp_path / "rows.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_a_line_says_what_brings_it(tmp_path):
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\nfrom verikit.records import Records\n"
        "try:\n    Records([], caption='x', columns=()).save(Path('x.parquet'))\n"
        "except ImportError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "MissingToolError pyarrow: not installed; pip install 'verikit[parquet]'\n"
    assert list(tmp_path.iterdir()) == []
