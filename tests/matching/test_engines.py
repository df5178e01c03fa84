"""Engines: whichever runs, the same pairs come out, and they are the pairs that counting bits one by one gives."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_videos import flipped, some_codes

from verikit.matching.engines import STRIP, FaissFlat, NumpyFlat, best_engine, engine_of

FAISS = importlib.util.find_spec("faiss") is not None
needs_faiss = pytest.mark.skipif(not FAISS, reason="faiss-cpu is not installed")


def counted(queries, codes, radius):
    """The pairs as the definition gives them: (query, code, bits that differ)."""
    bits = np.unpackbits(queries, axis=1)[:, None] != np.unpackbits(codes, axis=1)[None]
    distances = bits.sum(axis=2)
    return [(int(q), int(c), int(distances[q, c])) for q, c in np.argwhere(distances <= radius)]


def pairs(engine, queries, codes, radius):
    return list(zip(*(column.tolist() for column in engine.within(queries, codes, radius=radius)), strict=True))


@st.composite
def crowded(draw):
    """Queries and codes that lie near each other at every distance: copies with so many bits turned over."""
    seed = draw(st.integers(0, 1000))
    codes = some_codes(draw(st.integers(1, 30)), seed=seed)
    copies = [flipped(codes, draw(st.sampled_from([0, 1, 30, 31, 32, 128, 255, 256])), seed=seed) for _ in range(2)]
    return np.concatenate(copies), np.concatenate([codes, codes[:1]])


@given(crowded(), st.sampled_from([0, 1, 31, 60, 128, 255, 256]))
@settings(max_examples=40, deadline=None)
def test_numpy_gives_the_pairs_that_counting_bits_gives(tables, radius):
    assert pairs(NumpyFlat(), *tables, radius) == counted(*tables, radius)


@needs_faiss
@given(crowded(), st.sampled_from([0, 1, 31, 60, 128, 255, 256]))
@settings(max_examples=40, deadline=None)
def test_faiss_gives_the_pairs_that_numpy_gives(tables, radius):
    assert pairs(FaissFlat(), *tables, radius) == pairs(NumpyFlat(), *tables, radius)


@needs_faiss
def test_both_agree_over_more_codes_than_numpy_takes_at_once():
    codes = some_codes(2 * STRIP + 100)
    queries = flipped(codes[[0, STRIP - 1, STRIP, 2 * STRIP + 99]], 31)
    found = NumpyFlat().within(queries, codes, radius=31)
    assert found.columns.tolist() == [0, STRIP - 1, STRIP, 2 * STRIP + 99]
    for one, other in zip(found, FaissFlat().within(queries, codes, radius=31), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


@pytest.mark.parametrize("word", [pytest.param("faiss", marks=needs_faiss), "numpy"])
def test_nothing_is_found_in_nothing(word):
    engine = engine_of(word)
    for queries, codes in ((some_codes(0), some_codes(3)), (some_codes(3), some_codes(0))):
        assert pairs(engine, queries, codes, 256) == []


@pytest.mark.parametrize("word", [pytest.param("faiss", marks=needs_faiss), "numpy"])
def test_codes_of_another_length_or_type_are_refused(word):
    with pytest.raises(ValueError, match=r"uint8 of shape \(n, 32\)"):
        engine_of(word).within(some_codes(2)[:, :16], some_codes(2), radius=3)
    with pytest.raises(ValueError, match="not int64"):
        engine_of(word).within(some_codes(2), some_codes(2).astype(np.int64), radius=3)


def test_an_engine_says_its_name_and_version():
    assert (NumpyFlat().name, NumpyFlat().version) == ("numpy flat", np.__version__)
    assert best_engine() == (FaissFlat() if FAISS else NumpyFlat())
    assert best_engine().version
