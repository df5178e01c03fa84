"""Hashes know their hasher, agree with imagehash, obey the laws of a distance, and mislead where they say so."""

from __future__ import annotations

import dataclasses
import json
import runpy
from pathlib import Path

import imagehash
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from verikit.errors import IncompatibleError
from verikit.media.hashing import (
    HASHERS,
    PDQ,
    ColorHash,
    DHash,
    Hash,
    LumaDCT,
    PHash,
    WHash,
    contrast,
    hamming,
    hasher_from_name,
)

GOLDEN = Path(__file__).parent / "golden"
FROZEN = json.loads((GOLDEN / "hashes.json").read_text(encoding="utf-8"))
# LumaDCT has no outside reference: these values were frozen when it was written, on the green channel.
FROZEN_LUMA = {
    "scene_small": "1eb0b4b6e1cf1f494b48e14f1e13f4bb960be1cfe0b41eb4f4b4a0970b494968",
    "noise": "31616c7a3880282dc3e8eab776e8091a677c50c0af879e60fa3dba72df9c6b06",
    "square": "1609b4cbe1ef0e3449b469b79e0bb3489f48e14eb4b396b1b48b968b61f44cb4",
}
NAMES = ["phash:8", "phash:9", "dhash:8", "whash:16", "colorhash:3", "pdq", "lumadct:16"]
thumbs = st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).integers(0, 256, (36, 64), dtype=np.uint8))


def picture(name):
    return np.asarray(Image.open(GOLDEN / f"{name}.png"))


@st.composite
def hashes(draw, name=None):
    name = name or draw(st.sampled_from(NAMES))
    count = hasher_from_name(name).bit_count
    return Hash(hasher=name, bits=draw(st.integers(0, 2**count - 1)).to_bytes(-(-count // 8)))


# The value


@given(hashes())
def test_a_hash_comes_back_from_its_dict_and_from_its_hex(value):
    assert Hash.from_dict(json.loads(json.dumps(value.to_dict()))) == value
    assert Hash.from_hex(value.hex, value.hasher) == value
    assert Hash.from_hex(value.hex.upper(), value.hasher).hex == value.hex == value.hex.lower()
    assert eval(repr(value)) == value  # noqa: S307 - the test's own value


@given(hashes("phash:8"), hashes("phash:8"), hashes("phash:8"))
def test_the_distance_is_a_metric(one, two, three):
    assert one.distance(one) == 0
    assert one - two == two - one == two.distance(one)
    assert (one - two == 0) == (one == two)
    assert one - three <= (one - two) + (two - three)


@given(hashes("phash:8"), hashes("dhash:8"))
def test_hashes_of_unequal_hashers_have_no_distance_and_are_never_equal(one, two):
    same_bits = Hash(hasher="dhash:8", bits=one.bits)
    assert one != same_bits
    for other in (two, same_bits):
        with pytest.raises(IncompatibleError, match="phash:8 and dhash:8"):
            one.distance(other)


def test_a_parameter_is_part_of_what_a_hasher_is():
    scene = picture("scene")
    with pytest.raises(IncompatibleError):
        PHash(size=8)(scene) - PHash(size=16)(scene)


def test_a_hash_minus_something_else_is_a_type_error():
    with pytest.raises(TypeError):
        PHash()(picture("scene")) - 3


def test_a_hash_cannot_be_changed_and_serves_as_a_key():
    value = PHash()(picture("scene"))
    assert {value: "seen"}[Hash.from_hex(value.hex, "phash:8")] == "seen"
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.bits = b""


@pytest.mark.parametrize(
    ("text", "hasher", "says"),
    [
        ("00" * 8, "ahash:8", "one of phash"),
        ("00" * 8, "phash:08", "one of phash"),
        ("00" * 8, "phash:9999", "2 to 64"),
        ("00" * 8, "whash:12", "power of two"),
        ("00" * 32, "pdq:3", "no parameter"),
        ("00" * 7, "phash:8", "64 bits, not 7 bytes"),
        ("0" * 15, "phash:8", "not hex"),
        ("zz" * 8, "phash:8", "not hex"),
        (" ".join(["00"] * 8), "phash:8", "not hex"),
        ("", "phash:8", "not hex"),
        ("ff" * 6, "colorhash:3", "must be zero"),
    ],
)
def test_a_malformed_hash_is_refused_and_the_message_says_why(text, hasher, says):
    with pytest.raises(ValueError, match=says):
        Hash.from_hex(text, hasher)


@pytest.mark.parametrize("data", [{"hex": 7, "hasher": "pdq"}, {"hex": "00" * 32, "hasher": None}], ids=str)
def test_a_dict_of_numbers_is_refused(data):
    with pytest.raises(ValueError, match="must be text"):
        Hash.from_dict(data)


def test_a_hash_carries_the_full_name_of_its_hasher():
    assert Hash.from_hex("00" * 8, "phash").hasher == "phash:8"
    with pytest.raises(ValueError, match="parameters and all"):
        Hash(hasher="phash", bits=bytes(8))


# The hashers


@pytest.mark.parametrize("word", sorted(HASHERS))
def test_every_hasher_is_frozen_and_comes_back_from_its_name(word):
    hasher = HASHERS[word]()
    assert hasher.name.split(":")[0] == word
    assert hasher_from_name(hasher.name) == hasher_from_name(word) == hasher
    assert {hasher: "a key"}[HASHERS[word]()] == "a key"
    for field in dataclasses.fields(hasher):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(hasher, field.name, 4)


@pytest.mark.parametrize("name", sorted(FROZEN))
@pytest.mark.parametrize("hasher", [PHash(), DHash(), WHash(), ColorHash()], ids=lambda hasher: hasher.name)
def test_every_golden_picture_keeps_its_frozen_hash(name, hasher):
    assert hasher(picture(name)) == Hash.from_hex(FROZEN[name][hasher.name], hasher.name)


@pytest.mark.parametrize("size", [2, 8, 16])
@pytest.mark.parametrize("word", ["phash", "dhash", "whash"])
@pytest.mark.parametrize("name", ["scene", "scene_grey", "tiny"])
def test_the_square_hashes_write_the_same_hex_as_imagehash(name, word, size):
    theirs = str(getattr(imagehash, word)(Image.fromarray(picture(name)), hash_size=size))
    assert HASHERS[word](size=size)(picture(name)).hex == theirs.zfill(len(theirs) + len(theirs) % 2)


def test_bits_that_do_not_fill_bytes_have_zeros_in_front():
    theirs = str(imagehash.phash(Image.fromarray(picture("scene")), hash_size=9))
    assert PHash(size=9)(picture("scene")).hex == "0" + theirs
    assert ColorHash()(picture("scene")).hex == "0" + str(imagehash.colorhash(Image.fromarray(picture("scene"))))


def test_the_colour_hash_writes_four_eighths_as_six_eighths():
    """The quirk of imagehash's layout that the docstring tells."""
    halves, quarters = np.full((8, 8), 200, dtype=np.uint8), np.full((8, 8), 200, dtype=np.uint8)
    halves[:4], quarters[:6] = 0, 0
    assert ColorHash()(halves).bits[0] & 3 == ColorHash()(quarters).bits[0] & 3 == 3
    assert ColorHash()(halves).bits[1] >> 7 == ColorHash()(quarters).bits[1] >> 7 == 0


def test_the_golden_pictures_are_what_their_script_draws():
    drawn = runpy.run_path(str(GOLDEN / "draw.py"))["pictures"]()
    assert sorted(drawn) == sorted(FROZEN)
    for name, pixels in drawn.items():
        assert np.array_equal(picture(name), pixels)


@pytest.mark.parametrize("hasher", [PHash(), DHash(), WHash(), ColorHash(), PDQ()], ids=lambda hasher: hasher.name)
@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.zeros((8, 8, 3)), TypeError),
        ([[1, 2], [3, 4]], TypeError),
        (np.zeros((8, 8, 4), dtype=np.uint8), ValueError),
        (np.zeros((0, 8, 3), dtype=np.uint8), ValueError),
        (np.zeros(8, dtype=np.uint8), ValueError),
    ],
    ids=["floats", "lists", "RGBA", "empty", "a line"],
)
def test_what_is_no_picture_is_refused(hasher, image, error):
    with pytest.raises(error, match="image"):
        hasher(image)


@pytest.mark.parametrize(
    ("hasher", "most"),
    [(PHash(), 4), (DHash(), 4), (WHash(), 4), (PDQ(), 16)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_little_more_light_moves_few_bits_and_a_mirror_moves_many(hasher, most):
    scene = picture("scene")
    brighter = np.clip(scene.astype(np.int16) + 8, 0, 255).astype(np.uint8)
    assert hasher(scene) - hasher(brighter) <= most
    assert hasher(scene) - hasher(scene[:, ::-1]) > 3 * most


def test_the_colour_hash_does_not_see_a_mirror():
    assert ColorHash()(picture("scene")) == ColorHash()(picture("scene")[:, ::-1])


# The scan's own hash


@pytest.mark.parametrize("name", sorted(FROZEN_LUMA))
def test_the_luma_hash_keeps_its_frozen_values(name):
    assert LumaDCT()(picture(name)[..., 1]).hex == FROZEN_LUMA[name]


@settings(max_examples=20)
@given(thumbs)
def test_the_luma_hash_is_the_sign_of_the_low_cosine_waves_about_their_median(thumb):
    rows = scipy.fft.dct(thumb.astype(np.float64), axis=0) / 2
    waves = (scipy.fft.dct(rows, axis=1) / 2)[:16, :16].ravel()
    middle = np.median(waves[1:])
    bits = np.unpackbits(np.frombuffer(LumaDCT()(thumb).bits, dtype=np.uint8)).astype(bool)
    # Rounding the cosines to 1/8192 moves a wave by under 2304 x 255 / 8192; nearer the median either bit is right.
    sure = np.abs(waves - middle) > 72 * 2
    sure[0] = False
    assert np.array_equal(bits[sure], waves[sure] > middle)
    assert sure.sum() > 200
    assert not bits[0]


@settings(max_examples=10)
@given(st.lists(thumbs, min_size=1, max_size=5))
def test_a_thumbnail_has_the_same_luma_hash_alone_and_among_others(row):
    together = LumaDCT().many(np.stack(row))
    assert together.shape == (len(row), 32)
    assert [LumaDCT()(thumb).bits for thumb in row] == [hashed.tobytes() for hashed in together]


def test_many_thumbnails_over_several_blocks_keep_their_order():
    stack = np.random.default_rng(5).integers(0, 256, (1030, 16, 16), dtype=np.uint8)
    together = LumaDCT().many(stack)
    for at in (0, 511, 512, 1029):
        assert LumaDCT()(stack[at]).bits == together[at].tobytes()


def test_no_thumbnails_have_no_hashes():
    assert LumaDCT().many(np.empty((0, 36, 64), dtype=np.uint8)).shape == (0, 32)


def test_the_luma_hash_bears_light_and_contrast_but_not_mirrors():
    thumb = picture("scene_small")[..., 1]
    dimmer = (thumb * 0.8 + 10).astype(np.uint8)
    assert LumaDCT()(thumb) - LumaDCT()(dimmer) <= 40
    assert LumaDCT()(thumb) - LumaDCT()(thumb[:, ::-1]) >= 80


@pytest.mark.parametrize("shape", [(15, 64), (36, 257), (36, 64, 3)], ids=str)
def test_a_luma_hash_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        LumaDCT()(np.zeros(shape, dtype=np.uint8))


def test_a_luma_hash_of_floats_is_refused():
    with pytest.raises(TypeError, match="uint8"):
        LumaDCT().many(np.zeros((1, 36, 64)))


def test_contrast_is_nothing_on_a_flat_frame_and_greatest_on_half_black_half_white():
    assert contrast(np.full((36, 64), 77, dtype=np.uint8)) == 0.0
    halves = np.zeros((36, 64), dtype=np.uint8)
    halves[:18] = 255
    assert contrast(halves) == 127.5


# Many distances


@settings(max_examples=30)
@given(first=st.integers(0, 40), second=st.integers(0, 40), width=st.integers(1, 40))
def test_hamming_is_the_count_of_unequal_bits_of_every_pair(first, second, width):
    rng = np.random.default_rng([first, second, width])
    ours = rng.integers(0, 256, (first, width), dtype=np.uint8)
    theirs = rng.integers(0, 256, (second, width), dtype=np.uint8)
    expected = np.unpackbits(ours, axis=1)[:, None] != np.unpackbits(theirs, axis=1)[None]
    found = hamming(ours, theirs)
    assert found.dtype == np.uint16
    assert np.array_equal(found, expected.sum(axis=2))


@pytest.mark.parametrize(("first", "second"), [(3, 70_000), (700, 300), (70_000, 2)])
def test_hamming_is_exact_across_its_blocks(first, second):
    rng = np.random.default_rng(first)
    ours = rng.integers(0, 256, (first, 8), dtype=np.uint8)
    theirs = rng.integers(0, 256, (second, 8), dtype=np.uint8)
    found = hamming(ours, theirs)
    for at in (0, first // 2, first - 1):
        assert np.array_equal(found[at], np.bitwise_count(theirs ^ ours[at]).sum(axis=1))


def test_hamming_agrees_with_the_distance_of_hashes():
    rows = LumaDCT().many(np.random.default_rng(1).integers(0, 256, (4, 36, 64), dtype=np.uint8))
    values = [Hash(hasher="lumadct:16", bits=row.tobytes()) for row in rows]
    assert hamming(rows, rows).tolist() == [[one - two for two in values] for one in values]


def test_hamming_refuses_rows_of_unequal_width_or_of_another_type():
    with pytest.raises(IncompatibleError, match="8 and of 32"):
        hamming(np.zeros((1, 8), dtype=np.uint8), np.zeros((1, 32), dtype=np.uint8))
    with pytest.raises(TypeError, match="uint8"):
        hamming(np.zeros((1, 8)), np.zeros((1, 8)))
    with pytest.raises(ValueError, match="width"):
        hamming(np.zeros(8, dtype=np.uint8), np.zeros(8, dtype=np.uint8))
