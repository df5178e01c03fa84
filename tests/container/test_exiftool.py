from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from making import box, ftyp, international, mvhd, trak

from verikit.container.elements import Tag
from verikit.container.exiftool import read_exiftool
from verikit.container.inspection import inspect
from verikit.errors import MissingToolError
from verikit.media.video import open_video


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "made.mov"
    moov = box("moov", mvhd(2_000_000_000), trak(), box("udta", box("©mak", international("Maker"))))
    path.write_bytes(ftyp("qt  ") + box("mdat", bytes(64)) + moov)
    return path


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not on this machine")
def test_exiftools_tags_are_joined_and_its_opinion_is_compared(film):
    seen = inspect(open_video(film), also=(read_exiftool,))
    assert any(origin.startswith("ExifTool ") for origin in seen.facts.origins("make", "Maker"))
    dates = next(one for one in seen.disagreements if one.fact == "creation time in the header")
    assert {reader for reader, _, _ in dates.said} >= {"verikit", "ExifTool"}


@pytest.mark.skipif(shutil.which("exiftool") is not None, reason="exiftool is on this machine")
def test_where_it_is_absent_and_asked_for_it_is_named_with_what_brings_it(film):
    with pytest.raises(MissingToolError, match="libimage-exiftool-perl"):
        inspect(open_video(film), also=(read_exiftool,))


def test_tags_of_a_further_reader_are_facts_like_all_others(film):
    other = Tag(group="keys", key="com.apple.quicktime.make", value="Other", origin="Reader 1 keys/make")
    seen = inspect(open_video(film), also=(lambda _: (other,),))
    assert set(seen.facts.values("make")) == {"Maker", "Other"}
    assert seen.facts.origins("make", "Other") == ("Reader 1 keys/make",)
