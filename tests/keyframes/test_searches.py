"""The table of searches: filled in by people, read strictly, and never lost."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.keyframes.searches import COLUMNS, Search, read_searches, update_searches

STILLS = ("000_0m00s000_pts0.png", "001_0m04s360_pts55808.png")
ENGINES = ("One", "Two")
FOUND = {
    "searched_by": "A. Analyst",
    "searched_at": "2024-11-05",
    "outcome": "found",
    "earliest_result_url": "https://example.org/a",
    "earliest_result_date": "2023-02",
}


def rows_of(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def write_rows(path, rows, *, columns=COLUMNS, delimiter=","):
    text = io.StringIO()
    table = csv.DictWriter(text, columns, restval="", delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8"))


@pytest.fixture
def table(tmp_path):
    return update_searches(tmp_path / "searches.csv", stills=STILLS, engines=ENGINES)


def fill(path, number, **cells):
    rows = rows_of(path)
    rows[number] |= cells
    write_rows(path, rows, columns=tuple(rows[0]))


def test_a_new_table_has_a_row_for_each_still_in_each_engine(table):
    rows = rows_of(table)
    assert [(row["still"], row["engine"]) for row in rows] == [(s, e) for s in STILLS for e in ENGINES]
    assert {(row["variant"], row["outcome"]) for row in rows} == {("plain", "not searched")}
    assert tuple(rows[0]) == COLUMNS
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")


def test_what_a_person_wrote_stays_when_the_table_is_made_again(table):
    fill(table, 1, **FOUND)
    fill(table, 2, note="too small?")
    before = rows_of(table)
    again = update_searches(table, stills=STILLS, engines=ENGINES)
    assert again == table
    assert rows_of(table) == before


def test_a_table_that_did_not_change_is_not_written_again(table):
    before = table.stat().st_mtime_ns
    update_searches(table, stills=STILLS, engines=ENGINES)
    assert table.stat().st_mtime_ns == before


def test_rows_of_a_still_that_is_not_chosen_any_more_stay_if_someone_wrote_in_them(table):
    fill(table, 1, **FOUND)
    update_searches(table, stills=STILLS[1:], engines=ENGINES)
    rows = rows_of(table)
    assert [(row["still"], row["engine"]) for row in rows] == [
        (STILLS[1], "One"),
        (STILLS[1], "Two"),
        (STILLS[0], "Two"),
    ]
    assert rows[-1] | FOUND == rows[-1]


def test_rows_and_columns_that_a_person_added_stay(table):
    rows = rows_of(table)
    rows[0] |= {"colleague": "B."}
    rows.append(rows[0] | FOUND | {"variant": "mirrored", "engine": "Another engine"})
    write_rows(table, rows, columns=(*COLUMNS, "colleague"))
    update_searches(table, stills=STILLS, engines=ENGINES)
    again = rows_of(table)
    assert rows[-1] in again
    assert again[0]["colleague"] == "B."
    assert len(again) == 5


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_that_a_spreadsheet_saved_in_its_own_way_is_read_and_keeps_that_way(table, delimiter):
    rows = rows_of(table)
    rows[0] |= FOUND
    write_rows(table, rows, delimiter=delimiter)
    update_searches(table, stills=STILLS, engines=ENGINES)
    found = read_searches(table.read_bytes())
    assert [search.engine for search in found.made] == ["One"]
    assert found.not_searched == 3
    assert table.read_text(encoding="utf-8-sig").split("\n")[0].count(delimiter) == len(COLUMNS) - 1


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff\xfe\x00",
        b"\x89PNG",
        b"still,engine\n1,2\n",
        b"a" * 9_000_000,
        (",".join(COLUMNS) + "\n" + "x," * 40).encode(),
    ],
    ids=["bytes", "a picture", "other columns", "huge", "more cells than columns"],
)
def test_a_file_that_is_no_such_table_is_left_alone_and_the_new_one_written_beside_it(tmp_path, bad):
    path = tmp_path / "searches.csv"
    path.write_bytes(bad)
    other = update_searches(path, stills=STILLS, engines=ENGINES)
    assert other.name == "searches_2.csv"
    fill(other, 0, **FOUND)
    assert update_searches(path, stills=STILLS, engines=ENGINES) == other
    assert rows_of(other)[0]["outcome"] == "found"
    assert path.read_bytes() == bad
    with pytest.raises(ValueError, match=r"searches\.csv"):
        read_searches(bad)


def test_the_searches_that_were_made_are_read_and_counted(table):
    fill(table, 0, **FOUND)
    fill(table, 3, searched_by="B.", searched_at="2024-11-06T10:30", outcome=" Nothing ")
    searches = read_searches(table.read_bytes())
    assert [search.outcome for search in searches.made] == ["found", "nothing"]
    assert searches.not_searched == 2
    shown = searches._repr_mimebundle_()["text/plain"]
    assert "1 found something, 1 found nothing, 2 not made" in shown
    assert [Search.from_dict(one) for one in searches.to_dict()["searches"]] == list(searches.made)


def test_a_table_in_which_nobody_wrote_says_that_nothing_is_recorded(table):
    shown = read_searches(table.read_bytes())._repr_mimebundle_()
    assert shown["text/plain"] == "No search outside is recorded (4 rows of the table are still to be filled in)."
    assert shown["text/plain"] in shown["text/html"]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"outcome": "real"}, "outcome: found, nothing, not searched, not 'real'"),
        ({"searched_by": ""}, "searched_by: say who searched"),
        ({"searched_at": "05/11/2024"}, "searched_at: a day such as 2024-11-05, not '05/11/2024'"),
        ({"searched_at": ""}, "searched_at"),
        ({"earliest_result_url": ""}, "earliest_result_url: found, but where?"),
        ({"earliest_result_url": "javascript:alert(1)"}, "earliest_result_url: an address"),
        ({"earliest_result_date": "last year"}, "earliest_result_date"),
        ({"archived_copy": "file:///etc/passwd"}, "archived_copy"),
        ({"still": ""}, "still and engine must be filled in"),
    ],
)
def test_a_row_that_is_not_as_it_should_be_is_named_by_its_number(table, cells, told):
    fill(table, 2, **(FOUND | cells))
    with pytest.raises(ValueError, match="row 4: ") as error:
        read_searches(table.read_bytes())
    assert told in str(error.value)


def test_all_faults_of_a_table_are_told_at_once(table):
    fill(table, 0, **(FOUND | {"searched_by": ""}))
    fill(table, 3, outcome="perhaps")
    with pytest.raises(ValueError, match=r"row 2: .*row 5: "):
        read_searches(table.read_bytes())


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'quoted", "'=1", "plain", "=cmd|' /C calc'!A0"]


@given(
    st.one_of(st.sampled_from(FORMULAS), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
)
@settings(max_examples=60, deadline=None)
def test_no_cell_is_a_formula_and_every_note_comes_back(tmp_path_factory, note):
    path = tmp_path_factory.mktemp("table") / "searches.csv"
    update_searches(path, stills=STILLS, engines=ENGINES)
    fill(path, 0, note=note)
    for _ in range(2):
        update_searches(path, stills=STILLS, engines=ENGINES)
    written = rows_of(path)[0]["note"]
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    meant = note.strip(" ")
    # An apostrophe before a formula is how it was made harmless, here or in the spreadsheet.
    harmless = meant[1:] if meant.startswith("'") and meant[1:2] in set("=+-@\t\r'") else meant
    assert written in {harmless, f"'{harmless}"}
