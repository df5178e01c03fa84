"""Two views that are mixed level each other's detail out, whatever moves; nothing else does. The ends are where that is so."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from known_scenes import dissolve, flat, scan_of
from test_gradual import ORDERS, view, wiped

from verikit.keyframes.mixture_ends import levelled, true_ends
from verikit.keyframes.small_pictures import SmallPictures
from verikit.keyframes.stretches import stretches


def stretch_of(luma):
    scan = scan_of(luma)
    [(stretch, _, _)] = stretches(SmallPictures.of(scan), scan.times, [])
    return stretch


@pytest.mark.parametrize("jitter", [0.0, 0.4, 1.0])
def test_mixing_explains_a_dissolve_and_nothing_else(jitter):
    before, after = view(1, 80, jitter=jitter), view(2, 80, jitter=jitter)
    level, due, _ = levelled(stretch_of(dissolve(before, after, 30)), 49, 80)
    assert level > 0.5
    assert due > 0.25
    for order in ("right", "iris"):
        assert levelled(stretch_of(wiped(before, after, 30, order=ORDERS[order])), 49, 80)[0] < 0.3
    assert levelled(stretch_of(view(1, 130, jitter=1.0)), 49, 80)[0] < 0.3


@pytest.mark.parametrize(("first", "last"), [(40, 90), (55, 75), (45, 70), (60, 85)])
def test_the_ends_are_found_from_a_window_that_is_too_wide_too_narrow_or_beside(first, last):
    stretch = stretch_of(dissolve(view(3, 80, jitter=0.6), view(4, 80, jitter=0.6), 30))
    assert np.abs(np.subtract(true_ends(stretch, first, last, within=(0, len(stretch) - 1)), (49, 80))).max() <= 5


def test_ends_stay_within_their_bounds_and_where_nothing_changes():
    stretch = stretch_of(dissolve(view(3, 80), view(4, 80), 30))
    begin, end = true_ends(stretch, 60, 70, within=(55, 75))
    assert 55 <= begin < end <= 75
    plain = stretch_of(flat(40))
    assert true_ends(plain, 10, 20, within=(0, 39)) == (10, 20)
    assert levelled(plain, 10, 20) == (0.0, 0.0, 0.0)
