"""The figures of seen before: the same bytes every time, said in words, with any name."""

from __future__ import annotations

import dataclasses
import re

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from filmed import pictures, scanned
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib._pylab_helpers import Gcf

from verikit.matching.comparing import compare
from verikit.matching.fingerprinting import fingerprint
from verikit.matching.geometry import register_pictures
from verikit.plots.drawing import canvas, time_axis
from verikit.plots.matches import difference_strip, plot_alignment, side_by_side
from verikit.records import Span

HOSTILE = [
    "$x^{",
    r"$\\frac{a}$",
    "평양 기숙사 저녁 🎬.mp4",
    "evil\u202egpj.mp4",
    "line\nbreak\ttab\x1b[31m",
    "",
    "x" * 500,
    "\ud800",
]
HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(scope="session")
def pair():
    """A film, and two seconds of it from its second 1 on, as fingerprints; no codec in between."""
    shown = pictures(6, size=(320, 180))
    whole = fingerprint(scanned(shown, name="whole.mp4", sha256="1" * 64))
    piece = fingerprint(scanned(shown[25:75], name="piece.mp4", sha256="2" * 64))
    return piece, whole


@pytest.fixture(scope="session")
def matches(pair):
    return compare(*pair)


@pytest.fixture(scope="session")
def stills():
    """Two pictures of one moment, and how one lies on the other."""
    shown = pictures(2, size=(320, 180))
    registration = register_pictures(shown[25], shown[25])
    assert registration is not None
    return shown[25], shown[25].copy(), registration


def pixels(figure):
    return cv2.imdecode(np.frombuffer(figure.data, np.uint8), cv2.IMREAD_COLOR_RGB)


def near(image, colour, *, within=24):
    """Where the image has about this colour (#RRGGBB)."""
    wanted = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    return np.abs(image.astype(int) - wanted).max(axis=2) <= within


def test_the_alignment_shows_a_confirmed_stretch_where_it_lies(pair, matches):
    assert matches[0].confirmed
    image = pixels(plot_alignment(*pair, matches[:1]))
    # Red stands for the confirmed stretch in the left panel and for its start in the right one.
    rows, columns = np.nonzero(near(image[:, :540], "#D55E00"))
    left, right, top, bottom = 0.09 * 800, 0.67 * 800, 0.13 * 450, 0.87 * 450
    query, reference = matches[0].query_span, matches[0].reference_span
    ends = [left + (right - left) * time / pair[0].duration for time in (query.start, query.end)]
    assert [columns.min(), columns.max()] == pytest.approx(ends, abs=5)
    heights = [450 - top - (bottom - top) * time / pair[1].duration for time in (reference.end, reference.start)]
    assert [rows.min(), rows.max()] == pytest.approx(heights, abs=5)


def test_an_alignment_has_its_size_and_says_in_words_what_it_shows(pair, matches):
    figure = plot_alignment(*pair, matches[:1])
    assert (figure.mime, figure.width, figure.height) == ("image/png", 800, 450)
    assert pixels(figure).shape == (450, 800, 3)
    spans = f"{matches[0].query_span} lies along {matches[0].reference_span}"
    assert figure.alt == f"Alignment of piece.mp4 (along) with whole.mp4 (up): {spans}."
    assert b"Software" not in figure.data


def test_two_stills_side_by_side_have_their_size_and_their_joined_points(stills):
    one, other, registration = stills
    figure = side_by_side(("piece", one), ("whole", other), registration=registration)
    image = pixels(figure)
    assert (figure.mime, figure.width) == ("image/jpeg", 960)
    assert image.shape == (figure.height, 960, 3)
    assert figure.height <= 34 + 540 + 26
    assert figure.alt.startswith("Side by side: piece and whole. ")
    assert f"{registration.inliers} points agree" in figure.alt
    alone = side_by_side(("piece", one), ("whole", other), registration=None)
    assert "No geometry" in alone.alt
    # The same picture on both sides: the outline runs along the right still's own edge, inside the sheet.
    height = one.shape[0]
    along = np.linspace(0.1, 0.9, 40)
    edge = np.stack([np.zeros(40), along * height, np.ones(40)], axis=1) @ registration.homography.T
    columns, rows = (edge[:, :2] / edge[:, 2:] * (474 / other.shape[1]) + (486, 34)).round().astype(int).T
    seen = [
        cv2.dilate(near(shown, "#D55E00", within=90).astype(np.uint8), np.ones((5, 5)))
        for shown in (image, pixels(alone))
    ]
    share = [float(mask[rows, columns].mean()) for mask in seen]
    assert share[0] > 0.9
    assert share[1] < 0.5
    # Nothing that is drawn moves the pictures themselves.
    assert near(image, "#FFFFFF")[40:-40, 475:485].mean() > 0.5


def test_a_picture_within_the_other_is_outlined_there_whichever_side_it_is_on(stills):
    whole = stills[0]
    high, wide = whole.shape[:2]
    ground = np.full((2 * high, 2 * wide, 3), 90, np.uint8)
    ground[high // 2 : high // 2 + high, wide // 4 : wide // 4 + wide] = whole
    inset = register_pictures(ground, whole)
    shown = side_by_side(("host", ground), ("whole", whole), registration=inset)
    assert "Outlined on the left: where the right picture lies in it." in shown.alt
    assert "Outlined on the right" not in shown.alt
    red = near(pixels(shown), "#D55E00", within=90)
    # The inset's left edge, on the host's half of the sheet.
    column = round(wide / 4 * 474 / ground.shape[1])
    assert red[106:228, column - 3 : column + 4].any(axis=1).mean() > 0.9
    turned = side_by_side(("whole", whole), ("host", ground), registration=register_pictures(whole, ground))
    assert "Outlined on the right: where the left picture lies in it." in turned.alt
    # No outline runs from one picture into the other or over the edge of the sheet.
    assert not near(pixels(turned), "#D55E00", within=60)[40:, 478:482].any()


def test_without_registration_the_stills_themselves_are_seen():
    red, blue = (np.full((180, 320, 3), colour, np.uint8) for colour in ((220, 20, 20), (20, 20, 220)))
    image = pixels(side_by_side(("red", red), ("blue", blue), registration=None))
    assert near(image[:, :480], "#DC1414").mean() > 0.6
    assert near(image[:, 480:], "#1414DC").mean() > 0.6


def test_an_outline_that_runs_out_of_the_picture_leaves_the_picture_in_its_place(stills):
    one, other, registration = stills
    larger = dataclasses.replace(registration, homography=registration.homography @ np.diag([3.0, 3.0, 1.0]))
    images = [pixels(side_by_side(("a", one), ("b", other), registration=held)) for held in (larger, None)]
    difference = np.abs(images[0].astype(int) - images[1]).max(axis=2)
    # Points and lines cover a small part; a picture that moved would differ nearly everywhere.
    assert (difference > 60).mean() < 0.25


@pytest.mark.parametrize("shape", [(90, 900, 3), (900, 90, 3), (1, 1, 3), (2160, 3840, 3)])
def test_stills_of_any_shape_fit(shape):
    picture = np.full(shape, 90, np.uint8)
    figure = side_by_side(("a", picture), ("b", np.full((180, 320, 3), 200, np.uint8)), registration=None)
    assert figure.width == 960
    assert figure.height <= 600


def test_the_same_input_gives_the_same_bytes(pair, matches, stills):
    one, other, registration = stills
    assert plot_alignment(*pair, matches) == plot_alignment(*pair, matches)
    figures = [side_by_side(("a", one), ("b", other), registration=registration) for _ in range(2)]
    assert figures[0] == figures[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_can_be_drawn_and_hides_nothing_in_the_words(pair, matches, name):
    query, reference = (dataclasses.replace(side, name=name) for side in pair)
    figure = plot_alignment(query, reference, matches[:1])
    assert figure.data.startswith(b"\x89PNG")
    assert not HIDDEN.search(figure.alt)
    assert figure.alt.count(name if name.isprintable() else "\N{REPLACEMENT CHARACTER}") >= 2


@given(st.text(max_size=40))
@settings(max_examples=8, deadline=None)
def test_any_label_can_stand_over_a_still(label):
    grey = np.full((90, 160, 3), 120, np.uint8)
    figure = side_by_side((label, grey), (label, grey), registration=None)
    assert figure.data.startswith(b"\xff\xd8")
    assert not HIDDEN.search(figure.alt)


def test_no_match_is_drawn_as_dots_alone_and_said(pair):
    figure = plot_alignment(*pair, [])
    assert figure.alt.endswith(": no aligned stretch.")
    assert not near(pixels(figure), "#D55E00").any()


def test_what_is_not_confirmed_is_drawn_dashed_and_in_another_colour(pair, matches):
    doubtful = dataclasses.replace(matches[0], confirmed=False, relation="undecided")
    image = pixels(plot_alignment(*pair, [doubtful]))[:, :540]
    assert not near(image, "#D55E00").any()
    dashed = near(image, "#E69F00").sum()
    solid = near(pixels(plot_alignment(*pair, matches[:1]))[:, :540], "#D55E00").sum()
    assert 0.3 * solid < dashed < 0.85 * solid


def test_films_in_which_nothing_can_be_hashed_or_compared_are_drawn(pair, matches):
    black = fingerprint(scanned([np.zeros((72, 128, 3), np.uint8)] * 3, name="black.mp4"))
    assert plot_alignment(black, black, []).alt.startswith("Alignment of black.mp4")
    short = dataclasses.replace(matches[0], query_span=Span(0.0, 0.5), reference_span=Span(1.0, 1.5), confirmed=False)
    assert plot_alignment(*pair, [short]).data.startswith(b"\x89PNG")


def test_drawing_leaves_matplotlib_as_it_was(pair, matches):
    before = dict(mpl.rcParams)
    plot_alignment(*pair, matches)
    assert dict(mpl.rcParams) == before
    assert not Gcf.figs


@pytest.mark.parametrize("duration", [0.2, 0.5, 0.9, 1.0, 3.0, 9.9, 10.0, 75.0, 4000.0])
def test_no_two_marks_of_a_time_axis_read_the_same(duration):
    axes = canvas(800, 400).add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xlim(0, duration)
    time_axis(axes.xaxis, duration=duration)
    told = [axes.xaxis.get_major_formatter()(spot, None) for spot in axes.get_xticks()]
    assert len(set(told)) == len(told) >= 3


def test_over_the_strip_of_differences_stands_the_moment_alone_whatever_the_name():
    picture = np.full((90, 160, 3), 90, np.uint8)
    strips = [
        difference_strip(
            [((f"At 0:0{n}.000: {name}", picture), (f"At 0:0{n}.500: {name}", picture)) for n in range(3)],
            maps=[np.eye(3)] * 3,
        )
        for name in ("short.mp4", "\ub7ec\uc2dc\uc544 a name that is longer than its column.mp4")
    ]
    assert strips[0].data == strips[1].data
    assert strips[0].alt != strips[1].alt


def test_the_strip_of_differences_calls_its_colour_by_the_name_that_people_see():
    uncaptioned = np.repeat(np.tile(np.arange(40, 200, dtype=np.uint8), (90, 1))[..., None], 3, axis=2)
    captioned = uncaptioned.copy()
    captioned[60:70, 20:60] = 250
    strip = difference_strip([(("clip", captioned), ("copy", uncaptioned))] * 2, maps=[np.eye(3)] * 2)
    # Vermilion of the palette that colour-blind people can tell apart; most people call it orange.
    assert near(pixels(strip), "#D55E00", within=40).sum() > 1000
    assert "Orange: what the clip shows otherwise" in strip.alt
