"""The visual words made anew from a folder of clips: `python -m benchmarks.vocabulary --sources FOLDER --out words.npy`.

Local features of a few pictures of each clip are sorted into 64 kinds and each kind into 64, by majority of their bits.
Other clips give other words: fingerprints made with them cannot be compared with those made before.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.matching.features import features_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["main", "tree_of"]

BRANCHES, ROUNDS, LONG_SIDE = 64, 12, 480
SECONDS = (0.5, 2.0, 4.0, 7.0)


def tree_of(codes: NDArray[np.uint8], *, seed: int = 1) -> NDArray[np.uint8]:
    """The centres of the branches and of their leaves, uint8 (64, 65, 32), of features' codes, uint8 (k, 32)."""
    rng = np.random.default_rng(seed)
    signs = np.unpackbits(codes, axis=1).astype(np.float32) * 2 - 1
    centres, kinds = _sorted(signs, rng)
    leaves = [_sorted(signs[kinds == branch], rng)[0] for branch in range(BRANCHES)]
    whole = np.concatenate([centres[:, None], np.stack(leaves)], axis=1)
    return np.packbits(whole > 0, axis=-1)


def _sorted(signs: NDArray[np.float32], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Centres of +1 and -1, and which is nearest to each row."""
    centres = signs[rng.choice(len(signs), BRANCHES, replace=len(signs) < BRANCHES)].copy()
    for _ in range(ROUNDS):
        nearest = (signs @ centres.T).argmax(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, signs)
        empty = np.bincount(nearest, minlength=BRANCHES) == 0
        centres = np.where(sums >= 0, 1, -1).astype(np.float32)
        centres[empty] = signs[rng.choice(len(signs), int(empty.sum()))]
    return centres, (signs @ centres.T).argmax(axis=1)


def _pictures(path: Path) -> Iterator[NDArray[np.uint8]]:
    clip = cv2.VideoCapture(str(path))
    for second in SECONDS:
        clip.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
        there, picture = clip.read()
        if there:
            scale = min(1.0, LONG_SIDE / max(picture.shape[:2]))
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            yield np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the words of a folder of clips and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    codes = [features_of(picture).codes for path in sorted(options.sources.iterdir()) for picture in _pictures(path)]
    np.save(options.out, tree_of(np.concatenate(codes)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
