"""Visual words made anew: codes of planted kinds come to lie under words of their own."""

from __future__ import annotations

import numpy as np

from benchmarks.vocabulary import tree_of
from verikit.media.hashing import hamming


def test_like_codes_come_under_one_branch_and_the_centres_are_like_them():
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 2, (80, 256), dtype=np.uint8)
    noise = rng.random((80, 60, 256)) < 0.04
    codes = np.packbits((kinds[:, None] ^ noise).reshape(-1, 256), axis=1)
    tree = tree_of(codes)
    assert tree.shape == (64, 65, 32)
    nearest = hamming(codes, np.ascontiguousarray(tree[:, 0])).argmin(axis=1).reshape(80, 60)
    together = [(np.bincount(row).max() / 60) for row in nearest]
    assert np.mean(together) > 0.9
    leaves = hamming(np.packbits(kinds, axis=1), tree[:, 1:].reshape(-1, 32)).min(axis=1)
    assert np.median(leaves) < 30
