"""A scan's file: written picture by picture, read like an array, whatever the chunks."""

from __future__ import annotations

import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verikit.errors import MediaError
from verikit.media import scan_file
from verikit.media.scan_file import CHUNK, ScanWriter, open_scan_file, read_members

PICTURES = np.random.default_rng(4).integers(0, 256, (2 * CHUNK + 300, 3, 5), dtype=np.uint8)


@pytest.fixture(scope="module")
def reel():
    """A reel of three chunks, the last one short."""
    with contextlib.closing(ScanWriter(io.BytesIO())) as writer:
        for picture in PICTURES:
            writer.add_picture("thumbs", picture)
        yield writer.reel("thumbs")


def test_a_reel_gives_back_what_was_added(reel):
    np.testing.assert_array_equal(np.asarray(reel), PICTURES)
    assert (reel.shape, reel.ndim, len(reel), reel.dtype) == (PICTURES.shape, 3, len(PICTURES), np.uint8)


ROWS = st.integers(-len(PICTURES), len(PICTURES) - 1)


@given(key=st.one_of(ROWS, st.lists(ROWS, max_size=30), st.slices(len(PICTURES))))
@settings(max_examples=60, deadline=None)
def test_a_reel_is_indexed_like_an_array(reel, key):
    plain = np.asarray(key, np.int64) if isinstance(key, list) else key
    np.testing.assert_array_equal(reel[plain], PICTURES[plain])


def test_a_mask_of_rows_selects_them(reel):
    mask = np.arange(len(PICTURES)) % 7 == 0
    np.testing.assert_array_equal(reel[mask], PICTURES[mask])
    with pytest.raises(IndexError, match="a mask of 2348 rows"):
        reel[mask[:10]]


@pytest.mark.parametrize("key", [len(PICTURES), -len(PICTURES) - 1, np.array([0, len(PICTURES)])])
def test_rows_that_are_not_there_are_an_error(reel, key):
    with pytest.raises(IndexError, match="rows 0 to 2347"):
        reel[key]


def test_an_array_of_a_reel_is_a_copy_and_says_so(reel):
    with pytest.raises(ValueError, match="always a copy"):
        np.asarray(reel, copy=False)


def test_a_reel_keeps_few_chunks_unpacked(reel):
    for start in range(0, len(reel), 100):
        reel[start : start + 100]
    assert len(reel._kept) <= scan_file.KEPT


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "scan.zip"
    with path.open("w+b") as stream, contextlib.closing(ScanWriter(stream)) as writer:
        for picture in PICTURES[:10]:
            writer.add_picture("thumbs", picture)
        writer.reel("thumbs")
        writer.add_still(b"a picture")
        writer.finish({"stills": 1}, {"times": np.arange(4.0)})
    return path


def test_any_zip_program_opens_it(written):
    with zipfile.ZipFile(written) as held:
        assert sorted(held.namelist()) == ["meta.json", "stills/000000.jpg", "thumbs/00000", "times"]
        assert held.read("stills/000000.jpg") == b"a picture"


def test_the_same_content_has_the_same_bytes(written, tmp_path):
    again = tmp_path / "again.zip"
    with again.open("w+b") as stream, contextlib.closing(ScanWriter(stream)) as writer:
        for picture in PICTURES[:10]:
            writer.add_picture("thumbs", picture)
        writer.reel("thumbs")
        writer.add_still(b"a picture")
        writer.finish({"stills": 1}, {"times": np.arange(4.0)})
    assert again.read_bytes() == written.read_bytes()


def test_a_missing_member_is_named(written):
    with (
        open_scan_file(written, trusted=False) as held,
        pytest.raises(ValueError, match="no item named 'frames'"),
    ):
        read_members(held, {"frames": (np.dtype(float), ())})


def test_a_file_that_is_damaged_while_it_is_open_is_one_clear_error(tmp_path):
    path = tmp_path / "scan.zip"
    with path.open("w+b") as stream, contextlib.closing(ScanWriter(stream)) as writer:
        for picture in PICTURES:
            writer.add_picture("thumbs", picture)
        writer.reel("thumbs")
        writer.finish({}, {})
    with open_scan_file(path, trusted=False) as held:
        reel = scan_file.Reel(held, "thumbs", count=len(PICTURES), shape=(3, 5))
        with path.open("r+b") as stream:
            stream.seek(1000)
            stream.write(bytes(100))
        with pytest.raises(MediaError, match="damaged meanwhile; scan the video again"):
            reel[:]
