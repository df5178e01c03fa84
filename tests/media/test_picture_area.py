"""Borders are found to the pixel or two where there are some, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from filmed import pictures, scanned

from verikit.media.picture_area import PictureArea, picture_area

WIDE, HIGH = 480, 270


def framed(shown, *, left=0, top=0, colour=(0, 0, 0)):
    """Each picture in a frame of 480 x 270 with plain bars of `left` and `top` pixels on both sides."""
    out = []
    for picture in shown:
        frame = np.full((HIGH, WIDE, 3), colour, np.uint8)
        frame[top : HIGH - top, left : WIDE - left] = cv2.resize(picture, (WIDE - 2 * left, HIGH - 2 * top))
        out.append(frame)
    return out


def filled(shown, *, side, upright=False):
    """Each picture between sides that show it enlarged, blurred and darker, as editing programs fill a frame."""
    out = []
    for picture in shown:
        large = cv2.GaussianBlur(cv2.resize(picture, (WIDE, HIGH * 3)), (0, 0), 14)[HIGH : 2 * HIGH]
        frame = (large * 0.7).astype(np.uint8)
        frame[:, side : WIDE - side] = cv2.resize(picture, (WIDE - 2 * side, HIGH))
        out.append(np.ascontiguousarray(frame.transpose(1, 0, 2)) if upright else frame)
    return out


def film(size=(WIDE, HIGH), seed=1):
    return pictures(4, rate=5, size=size, seed=seed)


def near(area, *, left=0.0, top=0.0, right=1.0, bottom=1.0):
    found = (area.left, area.top, area.right, area.bottom)
    return np.allclose(found, (left, top, right, bottom), atol=0.012)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (40, 60, 120)])
@pytest.mark.parametrize(("left", "top"), [(0, 33), (80, 0), (40, 30)])
def test_plain_bars_of_any_colour_are_found(left, top, colour):
    area = picture_area(scanned(framed(film(), left=left, top=top, colour=colour), rate=5))
    assert area.borders == "plain bars"
    assert near(area, left=left / WIDE, top=top / HIGH, right=1 - left / WIDE, bottom=1 - top / HIGH)


def test_sides_filled_with_the_blurred_picture_are_found():
    area = picture_area(scanned(filled(film(size=(152, 270)), side=164), rate=5))
    assert area.borders == "blurred sides"
    assert near(area, left=164 / WIDE, right=1 - 164 / WIDE)


def test_a_wide_film_in_an_upright_frame_is_found():
    area = picture_area(scanned(filled(film(size=(152, 270)), side=164, upright=True), rate=5))
    assert area.borders == "blurred sides"
    assert near(area, top=164 / WIDE, bottom=1 - 164 / WIDE)


def test_a_film_without_borders_is_whole():
    assert picture_area(scanned(film(), rate=5)) == PictureArea()


def test_a_shallow_focus_is_no_border():
    """Sides without detail that do not look like the middle."""
    shown = [
        np.hstack(
            [
                cv2.GaussianBlur(other, (0, 0), 12)[:, :130],
                middle[:, 130:350],
                cv2.GaussianBlur(other, (0, 0), 12)[:, :130],
            ]
        )
        for middle, other in zip(film(), film(seed=9), strict=True)
    ]
    assert picture_area(scanned(shown, rate=5)) == PictureArea()


def test_a_night_sky_is_no_border():
    """The upper part is black, and what stands before it reaches into it here and there."""
    shown = []
    for picture in film():
        night = picture.copy()
        night[:120] = 0
        for column in range(0, WIDE, 60):
            night[120 - column // 6 : 120, column : column + 8] = 90
        shown.append(night)
    assert picture_area(scanned(shown, rate=5)) == PictureArea()


def test_bars_that_are_not_there_throughout_are_no_borders():
    shown = film()
    assert picture_area(scanned(framed(shown[:10], top=33) + shown[10:], rate=5)) == PictureArea()


def test_a_black_film_and_a_film_without_stills_are_whole():
    assert picture_area(scanned([np.zeros((HIGH, WIDE, 3), np.uint8)] * 10, rate=5)) == PictureArea()
    without = {"stills": (), "still_frames": np.zeros(0, np.int64)}
    assert picture_area(scanned(film(), rate=5, changes=without)) == PictureArea()


def test_cropping_leaves_no_line_of_the_border():
    (frame,) = framed(film()[:1], left=80, top=30)
    area = PictureArea(left=80 / WIDE, top=30 / HIGH, right=1 - 80 / WIDE, bottom=1 - 30 / HIGH, borders="plain bars")
    cut = area.crop(frame)
    assert cut.shape == (210, 320, 3)
    assert cut.min(axis=2).max(axis=0).min() > 0
    assert PictureArea().crop(frame).shape == frame.shape


def test_an_area_survives_being_written_down():
    area = PictureArea(left=0.125, top=0.0, right=0.875, bottom=1.0, borders="plain bars")
    assert PictureArea.from_dict(area.to_dict()) == area
    assert "plain bars" in area._repr_mimebundle_()["text/plain"]
