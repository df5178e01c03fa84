"""Recombined films are films of what they were made of: what the archive keeps of them fits together."""

from __future__ import annotations

import filmed
import numpy as np
import pytest

from benchmarks.growth import OF_A_FEATURE, OF_A_HASH, SECONDS, films_of, noisy, recombined
from verikit.matching.fingerprinting import COURSE_PER_SECOND, Fingerprint, fingerprint
from verikit.media.hashing import hamming
from verikit.media.scan import HASHES_PER_SECOND


@pytest.fixture(scope="module")
def sources():
    return [
        fingerprint(
            filmed.scanned(filmed.pictures(5, size=(160, 90), seed=seed), name=f"{seed}.mp4", sha256=str(seed) * 64)
        )
        for seed in (1, 2)
    ]


def test_a_recombined_film_is_as_long_as_its_runs_and_can_be_kept(sources):
    made = recombined(sources, np.random.default_rng(3), name="made.mp4")
    assert SECONDS[0] <= made.duration < SECONDS[1] + 5
    assert len(made.times) == len(made.codes) == made.duration * HASHES_PER_SECOND
    assert len(made.course) == made.duration * COURSE_PER_SECOND
    assert len(made.stills) == len(made.still_times) == len(made.feature_starts) - 1 == made.duration
    assert made.feature_starts[-1] == len(made.words) > 0
    assert Fingerprint.from_bytes(made.to_bytes()).to_dict() == made.to_dict()


def test_its_pictures_are_those_of_its_sources_mirrored_or_not(sources):
    made = recombined(sources, np.random.default_rng(3), name="made.mp4")
    known = np.concatenate([source.thumbs for source in sources])
    known = np.concatenate([known, known[:, :, ::-1]])
    known = np.concatenate([known, 255 - known]).reshape(4 * len(known) // 2, -1)
    rows = {bytes(row) for row in known}
    assert all(bytes(thumb.ravel()) in rows for thumb in made.thumbs)


def test_the_same_sources_give_the_same_films_and_no_two_are_one(sources):
    one, other = (list(films_of(sources, 3)) for _ in range(2))
    assert [made.to_bytes() for made in one] == [made.to_bytes() for made in other]
    assert len({made.sha256 for made in one}) == 3


@pytest.mark.parametrize("bits", [OF_A_HASH, OF_A_FEATURE])
def test_about_so_many_bits_are_turned_over(bits):
    codes = np.zeros((2000, 32), np.uint8)
    turned = noisy(codes, np.random.default_rng(4), bits=bits)
    assert np.diag(hamming(turned[:100], codes[:100])).mean() == pytest.approx(bits, rel=0.2)
