"""Figures are the same bytes every time, say in words what they show, and survive any name."""

from __future__ import annotations

import base64
import dataclasses
import sys
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from filmed import pictures, scanned
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib._pylab_helpers import Gcf

sys.path.insert(0, str(Path(__file__).parent / "keyframes"))

from known_scenes import dissolve, flat, scan_of, scene

from verikit.keyframes.picking import pick_keyframes
from verikit.keyframes.shots import detect_shots
from verikit.plots.frames import contact_sheet, contact_sheets, plot_shots

HOSTILE = [
    "$x^{",
    r"$\frac{a}$",
    "가나다 汉字 🎬.mp4",
    "evil\u202egpj.mp4",
    "line\nbreak\ttab",
    "",
    "x" * 500,
    "\ud800",
]


def stills(count, *, width=160, height=90):
    rng = np.random.default_rng(1)
    return [(f"0:0{n}.000 · shot {n}", rng.integers(0, 256, (height, width, 3), dtype=np.uint8)) for n in range(count)]


def film(name="made.mp4"):
    return scan_of(np.concatenate([scene(1, 30), dissolve(scene(2, 40), scene(3, 40), 12)]), name=name)


def drawn(scan):
    shots = detect_shots(scan)
    return plot_shots(scan, shots, keyframes=pick_keyframes(scan, shots))


def colours(figure):
    """The colours that fill over a hundred pixels."""
    found, counts = np.unique(pixels(figure).reshape(-1, 3), axis=0, return_counts=True)
    return set(map(tuple, found[counts > 100].tolist()))


def pixels(figure):
    return cv2.imdecode(np.frombuffer(figure.data, np.uint8), cv2.IMREAD_COLOR)


def test_the_same_input_gives_the_same_bytes():
    assert drawn(film()) == drawn(film())
    assert contact_sheet(stills(5), title="one") == contact_sheet(stills(5), title="one")


def test_a_figure_of_shots_says_in_words_what_it_shows():
    figure = drawn(film())
    assert figure.mime == "image/png"
    assert figure.alt == (
        "Change over time in made.mp4, 0:03.920 long: shots: 3, cuts: 1, dissolves: 1, fades: 0, wipes: 0, keyframes: 3"
    )
    assert pixels(figure).shape == (figure.height, figure.width, 3) == (470, 800, 3)
    assert b"Software" not in figure.data


@pytest.mark.parametrize("columns", [1, 2, 4, 7])
@pytest.mark.parametrize("count", [1, 3, 9])
def test_a_contact_sheet_holds_every_picture_within_its_width(count, columns):
    pictures = [(label, np.full((90, 160, 3), (0, 0, 255), np.uint8)) for label, _ in stills(count)]
    sheet = contact_sheet(pictures, title="blue", columns=columns)
    image = pixels(sheet)
    assert sheet.mime == "image/jpeg"
    assert sheet.width <= 960
    assert image.shape == (sheet.height, sheet.width, 3)
    blue = (image[:, :, 0] > 200) & (image[:, :, 1] < 90)
    assert cv2.connectedComponents(blue.astype(np.uint8))[0] - 1 == count
    assert all(label in sheet.alt for label, _ in pictures)


def test_tall_and_wide_pictures_share_a_sheet():
    pictures = [("tall", stills(1, width=90, height=400)[0][1]), ("wide", stills(1, width=600, height=50)[0][1])]
    assert pixels(contact_sheet(pictures, title="both")).shape[1] <= 960


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_can_be_drawn(name):
    assert drawn(film(name)).data.startswith(b"\x89PNG")
    assert contact_sheet([(name, stills(1)[0][1])], title=name).data.startswith(b"\xff\xd8")


@given(st.text(max_size=40))
@settings(max_examples=10, deadline=None)
def test_any_label_can_be_drawn_and_hides_nothing_in_the_alt_text(label):
    sheet = contact_sheet([(label, stills(1)[0][1])], title="any")
    # A wide or unbreakable space is no printable character to Python, and hides nothing.
    shown = "".join(sheet.alt.split())
    assert shown.isprintable() or "\N{REPLACEMENT CHARACTER}" in shown
    assert "\n" not in sheet.alt


def test_a_figure_shows_itself_with_its_alt_text():
    figure = contact_sheet(stills(2), title="two")
    shown, about = figure._repr_mimebundle_()
    assert set(shown) == {"text/plain", "image/jpeg"}
    assert shown["text/plain"] == figure.alt == about["image/jpeg"]["alt"]
    assert base64.b64decode(shown["image/jpeg"]) == figure.data


def test_saving_writes_the_figures_bytes(tmp_path):
    figure = contact_sheet(stills(2), title="two")
    path = figure.save(tmp_path / "sheets" / "two.jpg")
    assert path.read_bytes() == figure.data
    assert [file.name for file in path.parent.iterdir()] == ["two.jpg"]


def test_drawing_leaves_matplotlib_as_it_was():
    before = dict(mpl.rcParams)
    drawn(film())
    assert dict(mpl.rcParams) == before
    assert not Gcf.figs  # the figures that pyplot would show


def test_a_film_of_one_black_frame_can_be_drawn():
    assert "cuts: 0" in drawn(scan_of(flat(1))).alt


def test_a_long_film_is_drawn_with_all_its_peaks():
    change = np.tile(scene(1, 1), (9000, 1, 1))
    change[4000:] = scene(2, 1)
    figure = drawn(scan_of(change))
    assert "cuts: 1" in figure.alt


def test_many_pictures_share_as_few_sheets_as_they_need():
    pictures = stills(9)
    sheets = contact_sheets(pictures, title="many", most=4)
    assert [sheet.alt.count("shot") for sheet in sheets] == [3, 3, 3]
    assert [sheet.alt.split(":")[0] for sheet in sheets] == [f"many, sheet {page} of 3" for page in (1, 2, 3)]
    assert contact_sheets(pictures, title="one", most=9) == (contact_sheet(pictures, title="one"),)
    assert contact_sheets([], title="none") == ()
    with pytest.raises(ValueError, match="most"):
        contact_sheets(pictures, title="none", most=0)


@pytest.mark.parametrize("kind", ["fade", "wipe"])
def test_each_kind_of_transition_has_a_colour_and_a_shape_of_its_own(kind):
    scan = film()
    shots = list(detect_shots(scan))
    other = [dataclasses.replace(s, transition_in=kind) if s.transition_in == "dissolve" else s for s in shots]
    dissolved, changed = plot_shots(scan, shots), plot_shots(scan, other)
    assert f"dissolves: 0, fades: {int(kind == 'fade')}, wipes: {int(kind == 'wipe')}" in changed.alt
    assert colours(changed) - colours(dissolved)
    # Without colour, by its shape and its hatching, it is another picture as well.
    grey = [cv2.cvtColor(pixels(figure), cv2.COLOR_BGR2GRAY) > 250 for figure in (dissolved, changed)]
    assert (grey[0] != grey[1])[60:330].sum() > 30


def test_the_shots_stand_as_bars_in_turns_of_two_shades_with_ticks_for_keyframes():
    scan = film()
    shots = detect_shots(scan)
    middle = pixels(plot_shots(scan, shots))[330]
    shades = [
        tuple(int(part) for part in middle[68 + int(shot.span.start / scan.duration * 704) + 6]) for shot in shots
    ]
    assert shades[0] == shades[2] != shades[1]
    picked = pick_keyframes(scan, shots)
    green = (pixels(plot_shots(scan, shots, keyframes=picked))[302] == (115, 158, 0)).all(axis=1)
    assert len(np.flatnonzero(np.diff(green.astype(int)) == 1)) == len(picked)


def test_the_strip_of_stills_is_shown_as_asked():
    shown = scanned(pictures(3))
    shots = detect_shots(shown)

    def dark(picture):
        return np.zeros_like(picture)

    strip = pixels(plot_shots(shown, shots, look=dark))[-70:]
    assert np.array_equal(strip.min(axis=2), strip.max(axis=2))
    assert not np.array_equal(strip, pixels(plot_shots(shown, shots))[-70:])


def test_nothing_to_show_is_an_error():
    with pytest.raises(ValueError, match="no pictures"):
        contact_sheet([], title="none")
    with pytest.raises(ValueError, match="columns"):
        contact_sheet(stills(1), title="one", columns=0)
