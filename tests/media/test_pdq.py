"""PDQ is Meta's PDQ, bit for bit: against frozen values of pdqhash 0.2.8, and against pdqhash itself where it is."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from verikit.media.hashing import PDQ, Hash, LumaDCT
from verikit.media.pdq import pdq_bits

GOLDEN = Path(__file__).parent / "golden"
FROZEN = json.loads((GOLDEN / "hashes.json").read_text(encoding="utf-8"))
# Sides under 5, around 64 and 128 (where the filter's window grows from 1 to 2), odd, flat and tall ones.
SIZES = [
    *((5, 5), (5, 300), (7, 9), (13, 200), (36, 64), (63, 63), (64, 64), (65, 64), (127, 128), (128, 128), (129, 128)),
    *((129, 257), (192, 193), (257, 100), (333, 777), (720, 1280)),
]


def picture(name):
    return np.asarray(Image.open(GOLDEN / f"{name}.png"))


def drawn_picture(kind, size, seed):
    """A picture of one kind: noise, smooth colours, grey noise, two flat halves, or black with a breath of noise."""
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    if kind == "smooth":
        coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
        return np.asarray(coarse.resize(size[::-1], Image.Resampling.BICUBIC))
    if kind == "grey":
        return np.repeat(rng.integers(0, 256, (*size, 1), dtype=np.uint8), 3, axis=2)
    if kind == "halves":
        halves = np.full((*size, 3), rng.integers(0, 256), dtype=np.uint8)
        halves[: size[0] // 2] = rng.integers(0, 256)
        return halves
    return rng.integers(0, 4, (*size, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def pdqhash(tmp_path_factory):
    """pdqhash, installed or, if VERIKIT_BUILD_PDQHASH=1 asks for it, fetched and compiled into a temporary folder."""
    try:
        return importlib.import_module("pdqhash")
    except ImportError:
        if os.environ.get("VERIKIT_BUILD_PDQHASH") != "1":
            pytest.skip("pdqhash is not installed; VERIKIT_BUILD_PDQHASH=1 fetches and compiles it (network, g++)")
    if shutil.which("g++") is None:
        pytest.skip("pdqhash is not installed and there is no g++ to compile it")
    folder = tmp_path_factory.mktemp("pdqhash")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder),
        "pdqhash==0.2.8",
    ]
    built = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if built.returncode:
        pytest.skip(f"pdqhash could not be built: {built.stderr[-300:]}")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("pdqhash")
    finally:
        sys.path.remove(str(folder))


@pytest.mark.parametrize("name", sorted(FROZEN))
def test_every_golden_picture_has_the_bits_and_the_quality_that_pdqhash_gave_it(name):
    found, quality = PDQ().with_quality(picture(name))
    assert found == Hash.from_hex(FROZEN[name]["pdq"], "pdq")
    assert quality == FROZEN[name]["pdq_quality"]


@pytest.mark.parametrize("kind", ["noise", "smooth", "grey", "halves", "dark"])
def test_no_bit_and_no_quality_differs_from_pdqhash(pdqhash, kind):
    for seed, size in itertools.product(range(3), SIZES):
        drawn = np.ascontiguousarray(drawn_picture(kind, size, seed))
        bits, quality = pdqhash.compute(drawn)
        assert pdq_bits(drawn) == (np.packbits(bits.astype(np.uint8)).tobytes(), quality)


def test_a_grey_picture_hashes_as_the_same_picture_in_three_equal_channels():
    grey = picture("scene_grey")
    assert PDQ().with_quality(grey) == PDQ().with_quality(np.repeat(grey[..., None], 3, axis=2))


def test_a_picture_with_a_side_under_five_pixels_has_no_bits_and_no_quality():
    narrow = picture("noise")[:4]
    assert PDQ().with_quality(narrow) == (Hash(hasher="pdq", bits=bytes(32)), 0)


def test_a_picture_that_is_a_view_of_another_hashes_as_its_copy():
    turned = picture("scene")[::-1, ::-2]
    assert PDQ()(turned) == PDQ()(np.ascontiguousarray(turned))


def test_a_flat_picture_has_quality_zero_and_a_busy_one_a_hundred():
    assert PDQ().with_quality(picture("flat"))[1] == 0
    assert PDQ().with_quality(picture("noise"))[1] == 100


def test_half_the_bits_are_set_but_for_ties():
    assert int.from_bytes(PDQ()(picture("noise")).bits).bit_count() == 128


def test_pdq_is_never_compared_with_the_scans_own_hash_although_both_have_256_bits():
    luma = picture("scene_small")[..., 1]
    pdq, own = PDQ()(luma), LumaDCT()(luma)
    assert len(pdq.bits) == len(own.bits)
    assert pdq != own
    with pytest.raises(TypeError, match="pdq and lumadct:16"):
        pdq.distance(own)


def published():
    """Meta's published hashes and the pictures they are of, from a checkout of ThreatExchange that is named to us."""
    root = Path(os.environ["VERIKIT_THREATEXCHANGE"])
    pictures = {path.name: path for path in (root / "pdq" / "data").rglob("*.jpg")}
    told = "".join((root / "pdq" / name).read_text("utf-8") for name in ("cpp/bin/README.md", "python/README.md"))
    found = re.findall(r"^([0-9a-f]{64}),(?:\d+,)?\S*?([\w.-]+\.jpg)$", told, re.MULTILINE)
    return [(name, hexadecimal, pictures[name]) for hexadecimal, name in found if name in pictures]


@pytest.mark.skipif(
    "VERIKIT_THREATEXCHANGE" not in os.environ, reason="VERIKIT_THREATEXCHANGE names no checkout of ThreatExchange"
)
def test_the_published_vectors_of_pictures_that_the_published_tool_does_not_shrink_hold_bit_for_bit():
    # It shrinks pictures over 512 pixels first, each of Meta's tools in its own way: those differ among themselves too.
    vectors = [(hexadecimal, Image.open(path).convert("RGB")) for _, hexadecimal, path in published()]
    whole = [(hexadecimal, image) for hexadecimal, image in vectors if max(image.size) <= 512]
    assert len(whole) >= 4
    for hexadecimal, image in whole:
        assert PDQ()(np.asarray(image)).hex == hexadecimal
