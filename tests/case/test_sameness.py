"""Comparing two runs: what is the same within the tolerances, what is not, and that a difference is placed."""

from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verikit.case.sameness import file_difference, json_difference, notebook_differences, picture_difference

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(value=JSON)
def test_a_value_is_the_same_as_itself(value):
    assert json_difference(value, value) == ""


@given(one=JSON, other=JSON)
def test_difference_is_seen_from_both_sides(one, other):
    assert bool(json_difference(one, other)) == bool(json_difference(other, one))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.0000001]}, ""),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.001]}, "differs at /a/1: '2.0' before, '2.001' now"),
        ({"a": 1}, {"a": True}, "differs at /a"),
        ({"a": 1}, {"a": "1"}, "differs at /a"),
        ({"a": 1}, {"b": 1}, "other keys"),
        ([1], [1, 2], "1 entries before, 2 now"),
        (3, 4, "differs at its top"),
        (0.0, 1e-13, ""),
    ],
)
def test_numbers_have_a_tolerance_and_nothing_else_has(one, other, said):
    found = json_difference(one, other)
    assert found == "" if not said else said in found


def png(size=(40, 30), colour=(90, 90, 90), *, touched=None):
    from PIL import Image

    picture = Image.new("RGB", size, colour)
    for place, value in (touched or {}).items():
        picture.putpixel(place, value)
    made = io.BytesIO()
    picture.save(made, format="PNG")
    return made.getvalue()


def test_pictures_differ_by_their_pixels_not_by_their_bytes():
    whole = png()
    assert picture_difference(whole, png(touched={(1, 1): (98, 90, 90)})) == ""
    assert "up to 9 of 255" in picture_difference(whole, png(touched={(1, 1): (99, 90, 90)}))
    assert "up to 1 of 255, 1.00 on average" in picture_difference(whole, png(colour=(91, 91, 91)))
    assert picture_difference(whole, png(size=(30, 40))) == "40 x 30 before, 30 x 40 now"
    assert "no picture" in picture_difference(whole, b"x")


def test_files_are_compared_by_what_they_hold():
    assert file_difference("a.png", png(), png(touched={(1, 1): (92, 90, 90)})) == ""
    assert file_difference("a.json", b'{"a": 1.0}', b'{"a":1.0000000001}') == ""
    assert "other keys" in file_difference("a.json", b'{"a": 1}', b'{"b": 1}')
    assert "not JSON" in file_difference("a.json", b"{", b"[")
    assert file_difference("a.csv", b"1", b"2") == "its bytes differ"


def cell(*outputs, name="c1", source="x"):
    return {"id": name, "cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}


def shown(**data):
    return {"output_type": "display_data", "metadata": {}, "data": {k.replace("_", "/"): v for k, v in data.items()}}


def differences(one, other):
    return [said for _, said in notebook_differences({"cells": one}, {"cells": other})]


def html(picture, text="seen"):
    return f'<p>{text} at 0x7f12ab34cd56</p><img src="data:image/png;base64,{base64.b64encode(picture).decode()}">'


def test_html_is_compared_without_addresses_and_its_pictures_as_pictures():
    before = shown(text_html=html(png()))
    near = html(png(touched={(1, 1): (92, 90, 90)})).replace("7f12", "7e99")
    assert differences([cell(before)], [cell(shown(text_html=near))]) == []
    far = html(png(touched={(1, 1): (192, 90, 90)}))
    assert "pixels differ" in differences([cell(before)], [cell(shown(text_html=far))])[0]
    other = html(png(), text="not seen")
    assert differences([cell(before)], [cell(shown(text_html=other))]) == ["cell c1 output 0 text/html: differs"]


def test_every_kind_of_difference_has_its_place():
    printed = {"output_type": "stream", "name": "stdout", "text": "10%\r100%\n"}
    assert differences([cell(printed)], [cell(printed | {"text": ["100%\n"]})]) == []
    assert differences([cell(printed)], [cell(printed | {"name": "stderr"})])[0].endswith(
        "output 0: stdout before, stderr now"
    )
    assert differences([cell(printed)], [cell()]) == ["cell c1 has 1 outputs before, 0 now"]
    assert differences([cell(source="a")], [cell(source="b")]) == ["cell c1: its source is not the one that was run"]
    assert differences([cell()], []) == ["cell c1: not in the notebook that was run"]
    assert differences([], [cell()]) == ["cell c1: it was run, and is not in the sealed notebook"]
    assert differences([cell(shown(text_plain="a"))], [cell(shown(image_svg="a"))]) == [
        "cell c1 output 0 image/svg: only now",
        "cell c1 output 0 text/plain: not there now",
    ]


def test_after_an_error_nothing_more_is_compared():
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
    found = differences(
        [cell(shown(text_plain="a")), cell(shown(text_plain="b"), name="c2")],
        [cell(error), cell(name="c2")],
    )
    assert found == ["cell c1 output 0: ended in an error now: KeyError: 'x'"]
