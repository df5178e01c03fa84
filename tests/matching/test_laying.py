"""Laying: whatever was done to a picture, its points come to lie beside the same points of the original."""

from __future__ import annotations

import dataclasses
import itertools

import filmed
import numpy as np
import pytest

from verikit.matching.fingerprinting import COURSE_PER_SECOND, fingerprint
from verikit.matching.laying import Laying, by_areas, from_stills, lay
from verikit.media.scan import HASHES_PER_SECOND

SIZE = (240, 136)
EDITS = list(itertools.product((False, True), (0, 90, 180, 270)))


def edited(picture, *, mirrored, rotated):
    """A picture flipped left to right where mirrored, then turned clockwise."""
    flipped = picture[:, ::-1] if mirrored else picture
    return np.ascontiguousarray(np.rot90(flipped, -rotated // 90))


def whereabouts(*, mirrored, rotated):
    """Of every pixel of the edited picture, its x and y in the original: float64 (height, width, 2)."""
    across, down = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    return edited(np.stack([across, down], axis=2).astype(np.float64), mirrored=mirrored, rotated=rotated)


def laid(matrix, points):
    there = np.c_[points, np.ones(len(points))] @ matrix.T
    return there[:, :2] / there[:, 2:]


def corners_of(truth):
    """Some pixels of the edited picture, and where they lie in the original."""
    high, wide = truth.shape[:2]
    points = np.array([[0, 0], [wide - 1, 0], [0, high - 1], [wide - 1, high - 1], [wide // 3, high // 5]])
    return points, np.array([truth[y, x] for x, y in points])


@pytest.fixture(scope="module")
def film():
    return filmed.pictures(2, size=SIZE)


@pytest.fixture(scope="module")
def original(film):
    return fingerprint(filmed.scanned(film))


@pytest.fixture(scope="module")
def copies(film):
    return {
        edit: fingerprint(filmed.scanned([edited(p, mirrored=edit[0], rotated=edit[1]) for p in film]))
        for edit in EDITS
    }


@pytest.mark.parametrize(("mirrored", "rotated"), EDITS)
def test_whole_pictures_are_laid_corner_on_corner(copies, original, mirrored, rotated):
    laying = by_areas(copies[mirrored, rotated], original, mirrored=mirrored, rotated=rotated, negative=False)
    points, truth = corners_of(whereabouts(mirrored=mirrored, rotated=rotated))
    np.testing.assert_allclose(laid(laying.placing, points), truth, atol=0.6)
    assert (laying.mirrored, laying.rotated, laying.negative, laying.places) == (mirrored, rotated, False, 0)


def test_borders_are_left_out_of_what_is_laid(film, original):
    boxed = fingerprint(filmed.scanned([np.pad(p, ((40, 40), (0, 0), (0, 0))) for p in film]))
    laying = by_areas(boxed, original, mirrored=False, rotated=0, negative=False)
    inner = np.array([[0.0, 40], [239, 40], [0, 175], [239, 175]])
    np.testing.assert_allclose(laid(laying.placing, inner), inner - [0, 40], atol=2.5)


@pytest.mark.parametrize("turned", [-20, 0, 20])
@pytest.mark.parametrize(("mirrored", "rotated"), EDITS)
def test_a_map_between_stills_tells_how_the_picture_was_flipped_and_turned(copies, original, mirrored, rotated, turned):
    """Stills of other sizes than the pictures, and turned a little besides: the nearest quarter is told."""
    query = copies[mirrored, rotated]
    mine = dataclasses.replace(query, still_size=(query.width // 2, query.height // 2))
    theirs = dataclasses.replace(original, still_size=(SIZE[0] // 4, SIZE[1] // 4))
    points, there = corners_of(whereabouts(mirrored=mirrored, rotated=rotated))
    angle = np.deg2rad(turned)
    about = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array(SIZE) / 2
    there = (there - middle) @ about.T + middle

    def in_stills(places, side):
        return (places + 0.5) * side.still_size[0] / side.width - 0.5

    # What the features of the query's stills tell of after a flip: upright pixels of flipped stills to the reference's.
    flipped = in_stills(points.astype(float), mine)
    if mirrored:
        flipped[:, 0] = mine.still_size[0] - 1 - flipped[:, 0]
    rows = np.linalg.lstsq(np.c_[flipped, np.ones(len(points))], in_stills(there, theirs), rcond=None)[0].T
    laying = from_stills(np.vstack([rows, [0, 0, 1]]), mine, theirs, mirrored=mirrored, negative=True, places=31)
    np.testing.assert_allclose(laid(laying.placing, points), there, atol=0.6)
    assert (laying.mirrored, laying.rotated, laying.negative, laying.places) == (mirrored, rotated, True, 31)


@pytest.mark.parametrize(("mirrored", "rotated"), EDITS)
def test_the_same_points_of_the_scene_come_to_lie_side_by_side(copies, original, mirrored, rotated):
    query = copies[mirrored, rotated]
    found = lay(query, original, by_areas(query, original, mirrored=mirrored, rotated=rotated, negative=False))
    assert found.query.shape == (len(query.times), len(found.parts))
    assert found.reference.shape == (len(original.course), len(found.parts))
    for row in range(len(query.times)):
        there = found.reference[row * COURSE_PER_SECOND // HASHES_PER_SECOND]
        assert np.corrcoef(found.query[row], there)[0, 1] > 0.95


def test_a_crop_is_laid_on_its_part_and_only_there(film, original):
    crop = fingerprint(filmed.scanned([np.ascontiguousarray(p[34:102, 60:180]) for p in film]))
    placing = np.array([[1.0, 0, 60], [0, 1, 34], [0, 0, 1]])
    found = lay(crop, original, Laying(placing=placing))
    assert np.corrcoef(found.query[0], found.reference[0])[0, 1] > 0.95
    whole = lay(original, original, Laying(placing=np.eye(3)))
    # A quarter of the picture, on the grid of whichever small picture is the coarser there.
    assert len(found.parts) < 0.6 * len(whole.parts)
    back = lay(original, crop, Laying(placing=np.linalg.inv(placing)))
    assert np.corrcoef(back.query[0], back.reference[0])[0, 1] > 0.95


def test_the_shared_points_are_divided_into_parts_that_lie_together(original):
    parts = lay(original, original, Laying(placing=np.eye(3))).parts
    sizes = np.bincount(parts)
    assert (len(sizes), sizes.min() > 0.4 * sizes.max()) == (9, True)


def test_some_instants_can_be_laid_alone(original):
    whole = lay(original, original, Laying(placing=np.eye(3)))
    some = lay(original, original, Laying(placing=np.eye(3)), rows=slice(2, 5))
    np.testing.assert_array_equal(some.query, whole.query[2:5])
    np.testing.assert_array_equal(some.reference, whole.reference)


@pytest.mark.parametrize("shift", [SIZE[0], -SIZE[0], 0.95 * SIZE[0]])
def test_pictures_that_hardly_overlap_are_not_compared(original, shift):
    assert lay(original, original, Laying(placing=np.array([[1.0, 0, shift], [0, 1, 0], [0, 0, 1]]))) is None
