"""Likeness: two films agree where they show the same, in the picture and in what changes in it."""

from __future__ import annotations

import cv2
import filmed
import numpy as np
import pytest

from verikit.matching.fingerprinting import COURSE_PER_SECOND, fingerprint
from verikit.matching.laying import Laying, lay
from verikit.matching.likeness import backwards, likeness
from verikit.media.scan import HASHES_PER_SECOND

STEP = COURSE_PER_SECOND // HASHES_PER_SECOND
WALL = filmed.scene(0.0, size=(128, 72))


def take(seed, *, edit=None, wall=WALL):
    """Four seconds before a still wall: a disc walks about at random, another way for every seed."""
    steps = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (100, 2)), (1, 31), sigmaX=0.1, sigmaY=6)
    ways = 64 + 90 * np.sin(steps[:, 0] * 4), 36 + 50 * np.sin(steps[:, 1] * 4)
    shown = []
    for number, at in enumerate(zip(*ways, strict=True)):
        picture = cv2.circle(wall.copy(), tuple(round(x) for x in at), 12, (250, 250, 250), -1)
        shown.append(picture if edit is None else edit(picture, number))
    return shown


def alike(query, reference, *, negative=False):
    one, other = (fingerprint(filmed.scanned(shown)) for shown in (query, reference))
    return likeness(lay(one, other, Laying(placing=np.eye(3))), negative=negative)


def on_the_diagonal(table):
    """The values of a table where both films show the same moment."""
    rows = np.arange(len(table))
    return table[rows, rows * STEP]


def agreement(found):
    """How far what changes agrees over the whole film: 1 where all that changes is the same, 0 where nothing is."""
    theirs = found.reference_change[::STEP][: len(found.query_change)]
    return float(on_the_diagonal(found.change).sum() / np.sqrt(found.query_change.sum() * theirs.sum()))


@pytest.fixture(scope="module")
def itself():
    return alike(take(0), take(0))


def test_a_film_agrees_with_itself_at_every_instant(itself):
    assert on_the_diagonal(itself.picture).min() > 0.97
    assert agreement(itself) > 0.95
    assert itself.picture.max() <= 1.0001
    rows, columns = itself.picture.shape
    assert itself.change.shape == (rows, columns)
    assert (itself.query_change.shape, itself.reference_change.shape) == ((rows,), (columns,))
    assert (rows, columns) == (4 * HASHES_PER_SECOND, 4 * COURSE_PER_SECOND)


def test_another_take_of_the_place_looks_the_same_and_changes_otherwise():
    found = alike(take(0), take(2))
    assert np.median(found.picture) > 0.8
    assert agreement(found) < 0.35
    assert min(found.query_change.mean(), found.reference_change.mean()) > 10


def test_another_place_agrees_in_nothing():
    found = alike(take(0), take(2, wall=filmed.scene(0.0, seed=8)))
    assert np.median(found.picture) < 0.6
    assert abs(agreement(found)) < 0.35


def test_a_negative_agrees_once_it_is_known_to_be_one(itself):
    negative = take(0, edit=lambda picture, _: 255 - picture)
    told = alike(negative, take(0), negative=True)
    assert on_the_diagonal(told.picture).min() > 0.97
    assert agreement(told) == pytest.approx(agreement(itself), abs=0.02)
    untold = alike(negative, take(0))
    assert on_the_diagonal(untold.picture).max() < 0
    assert agreement(untold) < -0.9


def test_a_film_played_backwards_agrees_with_itself_played_backwards():
    found = backwards(alike(take(0)[::-1], take(0)))
    # The hashed instants of the one fall between those of the other: a quarter of a second at most, less a picture.
    rows = np.arange(len(found.picture))
    near = [found.picture[row, max(0, row * STEP - 1) : (row + 1) * STEP + 1].max() for row in rows]
    assert min(near) > 0.97


def test_backwards_twice_is_forwards(itself):
    again = backwards(backwards(itself))
    for name in ("picture", "change", "query_change", "reference_change"):
        np.testing.assert_array_equal(getattr(again, name), getattr(itself, name))
    np.testing.assert_array_equal(backwards(itself).change, itself.change[::-1])
    np.testing.assert_array_equal(backwards(itself).query_change, itself.query_change[::-1])


EDITS = {
    "a caption": lambda p, _: cv2.rectangle(p.copy(), (10, 56), (118, 68), (255, 255, 255), -1),
    "a black corner": lambda p, _: cv2.rectangle(p.copy(), (0, 0), (40, 24), (0, 0, 0), -1),
    "flicker": lambda p, number: np.clip(p.astype(int) + 14 * (-1) ** (number // 6), 0, 255).astype(np.uint8),
    "dimmer": lambda p, _: (p * 0.7).astype(np.uint8),
    "grainy": lambda p, number: np.clip(p + np.random.default_rng(number).normal(0, 8, p.shape), 0, 255).astype("u1"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_stands_still_over_the_picture_or_lights_it_drops_out(edit):
    """The median stays though the parts under a caption agree no more."""
    found = alike(take(0, edit=EDITS[edit]), take(0))
    assert np.median(on_the_diagonal(found.picture)) > 0.9
    assert agreement(found) > 0.8


def test_a_still_film_changes_in_nothing():
    found = alike([WALL] * 50, [WALL] * 50)
    assert found.query_change.max() < 0.01
    assert found.reference_change.max() < 0.01
    assert found.picture.min() > 0.97


def test_a_flat_film_looks_like_nothing():
    black = [np.zeros((72, 128, 3), np.uint8)] * 50
    assert np.abs(alike(black, black).picture).max() < 0.01
    assert np.abs(alike(black, take(0)).picture).max() < 0.01


def test_a_camera_that_pans_changes_at_every_instant():
    """The picture moves on by a fiftieth of its width from one instant to the next: that is no run of cuts."""
    found = alike(filmed.pictures(5), filmed.pictures(5))
    assert np.median(found.query_change) > 10
    assert np.median(found.reference_change) > 10
    assert agreement(found) > 0.9


def test_a_cut_is_not_taken_for_movement():
    """Two still scenes, one after the other: nothing moves in either."""
    cut = [WALL] * 50 + [filmed.scene(0.0, seed=8)] * 50
    found = alike(cut, cut)
    assert found.query_change.max() < 1
    assert found.reference_change.max() < 1
