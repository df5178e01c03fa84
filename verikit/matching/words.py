"""Visual words: which of 4,096 kinds a local feature is of, so that like features are found without comparing all.

The words are a tree of 64 x 64 centres, trained by majority on the features of public clips (`benchmarks/vocabulary.py`);
a centre is 256 bits and shows nothing of them. A feature is filed under the one word nearest to it and looked up under
several: under seven distortions of 17 clips, looking under 2 x 2 words found 43 to 66 % of the true pairs, which is
plenty where a still has hundreds, at about a thousandth of the comparisons.

Sources: Sivic and Zisserman, Video Google, ICCV 2003; Jegou, Douze and Schmid, Hamming Embedding, ECCV 2008.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from verikit.media.array_file import ONE_AT_A_TIME
from verikit.media.hashing import hamming

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WORDS", "words_of"]

BRANCHES = 64
WORDS = BRANCHES * BRANCHES


def words_of(codes: NDArray[np.uint8], *, branches: int = 1, leaves: int = 1) -> NDArray[np.uint16]:
    """The words nearest to each feature: uint16 (k, branches * leaves), for codes of uint8 (k, 32).

    The nearest `branches` of the tree, and of each its nearest `leaves`.
    """
    coarse, fine = _tree()
    nearest = _nearest(hamming(codes, coarse), branches)
    found = np.empty((len(codes), branches, leaves), np.uint16)
    for branch in range(BRANCHES):
        rows, which = np.nonzero(nearest == branch)
        if len(rows):
            found[rows, which] = branch * BRANCHES + _nearest(hamming(codes[rows], fine[branch]), leaves)
    return found.reshape(len(codes), branches * leaves)


def _nearest(distances: NDArray[np.uint16], count: int) -> NDArray[np.uint32]:
    """The columns of each row's `count` smallest distances, the smallest first, of equal ones the left."""
    ranks = distances.astype(np.uint32) * BRANCHES + np.arange(BRANCHES, dtype=np.uint32)
    smallest = np.sort(np.partition(ranks, count - 1, axis=1)[:, :count], axis=1)
    return np.asarray(smallest % BRANCHES, np.uint32)


@functools.cache
def _tree() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The centres of the branches, uint8 (64, 32), and of the leaves of each, uint8 (64, 64, 32)."""
    with ONE_AT_A_TIME, resources.files("verikit.matching").joinpath("words.npy").open("rb") as file:
        tree = np.load(file, allow_pickle=False)
    return np.ascontiguousarray(tree[:, 0]), np.ascontiguousarray(tree[:, 1:])
