"""Visual words: features that are alike are filed under the same words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.matching.features import CODE_BYTES
from verikit.matching.words import WORDS, words_of


def chance(count, *, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, CODE_BYTES), np.uint8)


def strayed(codes, bits, *, seed=0):
    """Codes of which `bits` bits each are changed."""
    rng = np.random.default_rng(seed)
    changed = np.unpackbits(codes, axis=1)
    for row in changed:
        row[rng.choice(row.size, bits, replace=False)] ^= 1
    return np.packbits(changed, axis=1)


@pytest.mark.parametrize(("branches", "leaves"), [(1, 1), (2, 2), (4, 4), (1, 64)])
def test_a_feature_has_so_many_words_and_no_word_twice(branches, leaves):
    words = words_of(chance(50), branches=branches, leaves=leaves)
    assert (words.shape, words.dtype) == ((50, branches * leaves), np.uint16)
    assert words.max() < WORDS
    assert all(len(set(row)) == branches * leaves for row in words.tolist())


def test_the_nearest_word_comes_first_and_further_words_follow_it():
    codes = chance(80, seed=1)
    nearest = words_of(codes)[:, 0]
    for branches, leaves in ((2, 1), (1, 2), (3, 4)):
        np.testing.assert_array_equal(words_of(codes, branches=branches, leaves=leaves)[:, 0], nearest)


def test_no_features_have_no_words():
    assert words_of(chance(0), branches=2, leaves=2).shape == (0, 4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40))
def test_the_words_of_a_feature_are_its_own_whatever_stands_beside_it(seed, count):
    codes = chance(count, seed=seed)
    order = np.random.default_rng(seed).permutation(count)
    together = words_of(codes, branches=2, leaves=2)
    np.testing.assert_array_equal(words_of(codes[order], branches=2, leaves=2), together[order])
    np.testing.assert_array_equal(words_of(codes[:1], branches=2, leaves=2), together[:1])


def test_features_that_are_alike_share_a_word_far_oftener_than_others():
    codes = chance(400, seed=2)
    filed = words_of(codes)[:, 0]
    looked_up = words_of(strayed(codes, 12), branches=2, leaves=2)
    others = words_of(chance(400, seed=3), branches=2, leaves=2)
    same = (looked_up == filed[:, None]).any(axis=1).mean()
    chance_same = (others == filed[:, None]).any(axis=1).mean()
    assert same > 0.3
    assert chance_same < 0.05
