"""A query made ready: its hashes and features as they were before it was flipped, turned or made a negative."""

from __future__ import annotations

import itertools

import filmed
import numpy as np
import pytest

from verikit.matching.fingerprinting import fingerprint
from verikit.matching.probing import probe
from verikit.media.hashing import hamming

SIZE = (160, 90)


@pytest.fixture(scope="module")
def film():
    return filmed.pictures(2, size=SIZE)


@pytest.mark.parametrize(("mirrored", "rotated"), list(itertools.product((False, True), (0, 90, 180, 270))))
def test_of_all_turns_of_the_hashes_the_one_that_was_made_is_undone(film, mirrored, rotated):
    original = fingerprint(filmed.scanned(film))
    copy = [np.rot90(p[:, ::-1] if mirrored else p, -rotated // 90).copy() for p in film]
    turned = probe(fingerprint(filmed.scanned(copy))).turned
    assert len({(one.mirrored, one.rotated) for one in turned}) == len(turned) == 8
    away = {(one.mirrored, one.rotated): np.diag(hamming(one.codes, original.codes)).mean() for one in turned}
    assert away[mirrored, rotated] < 30
    assert min(distance for edit, distance in away.items() if edit != (mirrored, rotated)) > 60


def test_features_are_looked_up_flipped_and_negative_too(film):
    made = probe(fingerprint(filmed.scanned(film)))
    assert {(one.mirrored, one.negative) for one in made.variants} == set(itertools.product((False, True), repeat=2))
    for one in made.variants:
        assert len(one.words) == len(one.features) > 50
        assert len(one.features.starts) == len(made.stills) + 1


def test_a_long_query_is_looked_up_by_a_few_stills_from_all_of_it():
    long = fingerprint(filmed.scanned([filmed.scene(t / 2, size=SIZE) for t in range(120)], rate=2))
    made = probe(long)
    assert len(made.stills) < len(long.stills) == 60
    assert made.stills[0] == 0
    assert made.stills[-1] == 59
    assert np.diff(made.stills).max() <= 2 * np.diff(made.stills).min() + 1


def test_a_film_without_a_feature_is_ready_all_the_same():
    black = probe(fingerprint(filmed.scanned([np.zeros((90, 160, 3), np.uint8)] * 50)))
    assert [len(one.features) for one in black.variants] == [0, 0, 0, 0]
    assert [len(one.codes) for one in black.turned] == [8] * 8
