"""Words of most scripts stand in figures, with letters that come along; what no font has is a mark, on every machine."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verikit.plots
from verikit.plots.drawing import canvas, png, write
from verikit.plots.lettering import _width, families, fitting, readable

FONTS = Path(verikit.plots.__file__).parent / "fonts"
WORDS = {
    "Cyrillic": "Солдат смотрит на танцы, ґанок, ҷ",
    "Hangul": "러시아의 북한 군인",
    "Arabic": "جندي من كوريا في روسيا، پچگ",
    "Hebrew": "שלום עולם",
    "Han, simplified": "朝鲜士兵在俄罗斯看手机",
    "Han, traditional": "北韓士兵在俄羅斯看手機",
    "Japanese": "北朝鮮の兵士がロシアで動画を見る",
    "Thai": "ทหารเกาหลีเหนือ",
    "Devanagari": "उत्तर कोरियाई सैनिक",
    "Bengali": "মুক্তিযুদ্ধ",
    "Tamil": "தமிழ்நாடு",
    "Burmese": "မြန်မာနိုင်ငံ",
    "Amharic": "ትግራይ ሰላም",
    "Khmer": "កម្ពុជា",
    "Georgian, Armenian, Greek": "საქართველო Հայաստան Ελλάδα",
}


def drawn(text):
    figure = canvas(400, 40)
    write(figure, text, spot=(0.5, 0.5), size=12)
    return png(figure, alt="").data


@pytest.mark.parametrize("script", WORDS)
def test_words_of_this_script_are_drawn_without_a_warning_and_without_a_mark(script):
    # Warnings are errors here, and Matplotlib warns of every letter that no font has.
    assert readable(WORDS[script]) == WORDS[script]
    assert drawn(WORDS[script]) != drawn("")


@pytest.mark.parametrize(("codec", "second"), [("euc_kr", (0xA1, 0xFF)), ("gb2312", (0xA1, 0xFF))])
def test_every_letter_of_these_standards_is_there(codec, second):
    letters = {bytes([one, two]).decode(codec, "ignore") for one in range(0xB0, 0xF8) for two in range(*second)} - {""}
    lacking = {one for one in letters if readable(one) != one}
    # What KS X 1001 has of Han beyond the other standards is read in old names alone.
    assert not {one for one in lacking if codec == "gb2312" or "HANGUL" in unicodedata.name(one[0], "")}


def test_a_letter_that_no_font_here_has_is_a_mark_whatever_the_machine_has():
    assert readable("a\U00010348b\u202ec\ue000") == "a\ufffdb\ufffdc\ufffd"


def test_a_mark_that_no_font_has_on_its_letter_is_replaced_and_others_stay():
    assert readable("i\u0940 \u0915\u0940 e\u0301 \u0301") == "i\ufffd \u0915\u0940 e\u0301 \u0301"


def test_words_from_right_to_left_run_so_and_letters_join():
    # By its first letter one line begins at the right, the other at the left: both end up the same.
    assert drawn("אaaa") == drawn("aaaא")
    assert drawn("אב") != drawn("בא")
    assert _width("سلام", 12) < sum(_width(letter, 12) for letter in "سلام") * 0.9


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("".join(WORDS.values()) + "mil. \u0301"), max_size=60), st.integers(60, 300))
def test_what_is_fitted_stays_within_its_room_and_keeps_both_ends(text, width):
    shown = fitting(text, width=width, size=9)
    assert _width(shown, 9) <= width or len(shown) <= 8
    if shown != readable(text):
        assert "\N{HORIZONTAL ELLIPSIS}" in shown
        assert readable(text).startswith(shown.partition("\N{HORIZONTAL ELLIPSIS}")[0])
        assert readable(text).endswith(shown.rpartition("\N{HORIZONTAL ELLIPSIS}")[2])


def test_the_fonts_come_with_their_licence_under_names_of_their_own_and_stay_small():
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
    fonts = list(FONTS.glob("*.[ot]tf"))
    assert sum(path.stat().st_size for path in fonts) < 4_000_000
    assert len(families()) == len(fonts) + 1
    assert all(name.startswith("verikit ") for name in families()[1:])
    # What a machine has installed under these names must not be taken instead.
    from matplotlib.font_manager import FontProperties, findfont

    found = {findfont(FontProperties(family=[name]), fallback_to_default=False) for name in families()[1:]}
    assert {Path(path) for path in found} == set(fonts)
