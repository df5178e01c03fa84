"""Fingerprints of videos that were never filmed: codes and local features of known truth, as many as a test wants."""

from __future__ import annotations

import dataclasses
import hashlib

import filmed
import numpy as np

from verikit.matching.fingerprinting import fingerprint
from verikit.matching.shards import joined, write_shard

BASE = fingerprint(filmed.scanned(filmed.pictures(1, size=(64, 36))))
NO_FEATURES = {
    "feature_places": np.empty((0, 4), np.float32),
    "feature_codes": np.empty((0, 32), np.uint8),
    "feature_starts": np.zeros(len(BASE.stills) + 1, np.int64),
    "words": np.empty(0, np.uint16),
}


def some_codes(count, *, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def flipped(codes, bits, *, seed=2):
    """The codes, each with so many of its bits turned over."""
    rng = np.random.default_rng(seed)
    table = np.unpackbits(codes, axis=1)
    for row in table:
        row[rng.choice(256, bits, replace=False)] ^= 1
    return np.packbits(table, axis=1)


def named(name):
    """A fingerprint of that name and of its own bytes."""
    return dataclasses.replace(BASE, name=f"{name}.mp4", sha256=hashlib.sha256(name.encode()).hexdigest())


def video(name, codes, *, usable=None):
    """A fingerprint with these codes, uint8 (m, 32)."""
    count = len(codes)
    arrays = {
        "codes": codes,
        "times": np.arange(count) / 4,
        "usable": np.ones(count, bool) if usable is None else usable,
        "thumbs": np.zeros((count, 36, 64), np.uint8),
    }
    return dataclasses.replace(named(name), **arrays, **NO_FEATURES)


def wide(numbers):
    """Signatures of 256 bits, uint64 (k, 4), of which these numbers are the first 64."""
    numbers = np.asarray(numbers, np.uint64)
    return np.stack([numbers, *[np.zeros_like(numbers)] * 3], axis=1)


def columns(number, *, words, signatures, stills):
    """What a shard keeps of a video that has local features and no usable instant."""
    numbers, rows = np.unique(stills, return_inverse=True)
    return {
        "videos": np.array([number], np.uint32),
        "counts": np.array([0], np.int64),
        "codes": np.empty((0, 32), np.uint8),
        "instants": np.empty(0, np.uint32),
        "still_videos": np.full(len(numbers), number, np.uint32),
        "still_numbers": numbers.astype(np.uint32),
        "words": np.asarray(words, np.uint16),
        "signatures": wide(signatures),
        "still_rows": rows,
        "features": np.arange(len(words), dtype=np.uint32),
        "still_sizes": np.full((len(numbers), 2), (480, 270), np.uint16),
        "places": np.full((len(words), 4), 128, np.uint8),
    }


def shard_of_columns(archive, parts):
    """Put a shard of these columns into an archive's index."""
    return write_shard(joined(BASE.hasher, parts), archive.folder / "index")
