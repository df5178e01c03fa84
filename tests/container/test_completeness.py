from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from making import box, data_reference, ftyp, full, mvhd, sample_tables, trak

from verikit.container.completeness import check_media_present, read_media_list
from verikit.container.isobmff import read_boxes
from verikit.records import Outcome

ROOT = Path(__file__).parents[2]
CLIPS = ROOT.parent / "shared" / "clips"
SIZES = (10, 20, 30, 40)
HEAD = ftyp()
MOOV = len(box("moov", mvhd(), trak(tables=sample_tables(SIZES, 0, 0, share=2))))
MEDIA = len(HEAD) + MOOV + 8  # where the payload of mdat starts when moov comes first


def checked(path):
    return check_media_present(read_media_list(path, read_boxes(path)))


def held(folder, data):
    path = folder / "made.mp4"
    path.write_bytes(data)
    return checked(path)


def whole(*, wide=False, **track):
    """A whole file, moov first: two chunks of two samples each, 100 bytes of media."""
    skew = 8 if wide else 0  # two chunks, four bytes more each
    at = MEDIA + skew + len(track.get("reference", b""))
    tables = sample_tables(SIZES, at, at + 30, share=2, wide=wide)
    return HEAD + box("moov", mvhd(), trak(tables=tables, **track)) + box("mdat", bytes(100))


@pytest.mark.parametrize("wide", [False, True])
def test_a_whole_file_holds_every_sample_it_lists(tmp_path, wide):
    finding = held(tmp_path, whole(wide=wide))
    assert finding.outcome is Outcome.NONE_FOUND
    told = finding.measures
    assert (told["declared_bytes"], told["held_bytes"], told["samples"], told["samples_past_end"]) == (100, 100, 4, 0)


@pytest.mark.parametrize(("left", "past"), [(99, 1), (60, 1), (59, 2), (30, 2), (29, 3), (10, 3), (9, 4), (0, 4)])
def test_a_file_cut_in_its_media_tells_how_many_samples_are_gone(tmp_path, left, past):
    finding = held(tmp_path, whole()[: MEDIA + left])
    assert (finding.outcome, finding.measures["samples_past_end"]) == (Outcome.ANOMALY, past)
    assert f"declares 100 bytes of media and holds {left}: cut short" in finding.summary
    assert f"{past} of 4 samples" in finding.summary


def test_a_cut_right_before_mdat_is_told_though_every_box_is_whole(tmp_path):
    data = whole()[: MEDIA - 8]
    finding = held(tmp_path, data)
    assert read_boxes(tmp_path / "made.mp4").faults == ()
    assert "declares 100 bytes of media and holds 0: cut short" in finding.summary


def test_samples_of_one_size_are_held_against_the_file_too(tmp_path):
    at = len(HEAD) + len(box("moov", mvhd(), trak(tables=sample_tables((0,) * 4, 0, 0, uniform=25)))) + 8
    tables = sample_tables((0,) * 4, at, at + 50, share=2, uniform=25)
    data = HEAD + box("moov", mvhd(), trak(tables=tables)) + box("mdat", bytes(100))
    assert held(tmp_path, data).outcome is Outcome.NONE_FOUND
    cut = held(tmp_path, data[:-26])
    assert (cut.measures["declared_bytes"], cut.measures["samples_past_end"]) == (100, 2)


def test_a_file_whose_list_stood_at_the_end_and_was_cut_off_says_so(tmp_path):
    data = HEAD + box("mdat", bytes(100)) + box("moov", mvhd(), trak(tables=sample_tables(SIZES, 40, 70, share=2)))
    finding = held(tmp_path, data[: len(HEAD) + 8 + 60])
    assert finding.outcome is Outcome.ANOMALY
    assert "No moov box is there" in finding.summary
    assert "claims 100 bytes of media and the file holds 60: cut short" in finding.summary


def test_media_that_was_taken_out_is_told_though_the_file_goes_on(tmp_path):
    finding = held(tmp_path, whole()[: MEDIA - 8] + box("free", bytes(200)))
    assert (finding.outcome, finding.measures["samples_past_end"]) == (Outcome.ANOMALY, 0)
    assert "declares 100 bytes of media and holds 0: media is missing" in finding.summary
    assert "4 of 4 samples are listed at places that are no mdat" in finding.summary


def test_two_tracks_that_share_their_bytes_are_no_missing_media(tmp_path):
    empty = sample_tables(SIZES, 0, 0, share=2)
    at = len(HEAD) + len(box("moov", mvhd(), trak(tables=empty), trak(tables=empty))) + 8
    tables = sample_tables(SIZES, at, at + 30, share=2)
    data = HEAD + box("moov", mvhd(), trak(tables=tables), trak(tables=tables)) + box("mdat", bytes(100))
    finding = held(tmp_path, data)
    assert (finding.outcome, finding.measures["declared_bytes"]) == (Outcome.NONE_FOUND, 200)


def test_media_in_another_file_is_not_judged_and_media_in_this_one_is(tmp_path):
    cut = len(data_reference(flags=0)) + MEDIA + 50
    assert held(tmp_path, whole(reference=data_reference(flags=0))[:cut]).outcome is Outcome.NOT_APPLICABLE
    assert held(tmp_path, whole(reference=data_reference(flags=1))[:cut]).outcome is Outcome.ANOMALY


def test_fragments_and_other_formats_are_not_judged(tmp_path):
    moov = box("moov", mvhd(), trak(tables=sample_tables(SIZES, 9000)), box("mvex", full("trex", bytes(20))))
    finding = held(tmp_path, HEAD + moov)
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "fragments" in finding.summary


def test_sound_that_counts_moments_is_not_summed(tmp_path):
    tables = sample_tables((0,) * 4, MEDIA, uniform=1)
    assert (
        held(tmp_path, HEAD + box("moov", mvhd(), trak(kind="soun", tables=tables))).outcome is Outcome.NOT_APPLICABLE
    )


@pytest.mark.parametrize("uniform", [0, 2**32 - 1])
def test_a_table_that_claims_four_thousand_million_samples_is_read_as_far_as_it_goes(tmp_path, uniform):
    stsz = full("stsz", struct.pack(">II", uniform, 2**32 - 1), bytes(8))
    stsc = full("stsc", struct.pack(">IIIIIII", 2**31, 1, 2**32 - 1, 1, 2, 2**32 - 1, 1))
    stco = full("co64", struct.pack(">IQQ", 2**32 - 1, 2**64 - 1, 2**63))
    finding = held(tmp_path, HEAD + box("moov", mvhd(), trak(tables=stsz + stsc + stco)))
    assert (finding.outcome, finding.measures["samples"]) == (Outcome.ANOMALY, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.binary(min_size=1, max_size=12))
def test_tables_of_any_bytes_give_counts_that_stay_within_the_samples(tmp_path_factory, at, noise):
    data = bytearray(whole())
    start = data.index(b"stsz") + 4 + at
    data[start : start + len(noise)] = noise
    path = tmp_path_factory.mktemp("noise") / "made.mp4"
    path.write_bytes(bytes(data))
    for track in read_media_list(path, read_boxes(path)).tracks:
        assert min(track.past_end, track.outside, track.unlisted) >= 0
        assert track.past_end + track.outside + track.unlisted <= track.samples


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        (6011, "declares 183,880 bytes of media and holds 0: cut short"),
        (100_000, "declares 183,880 bytes of media and holds 93,981: cut short"),
    ],
)
def test_the_sample_clip_cut_short_is_told_in_bytes(tmp_path, keep, words):
    data = (ROOT / "sample_data" / "viral.mp4").read_bytes()
    assert held(tmp_path, data).outcome is Outcome.NONE_FOUND
    assert words in held(tmp_path, data[:keep]).summary


# Public files that hold a header and no media; all others hold theirs or are not compared.
WITHOUT_MEDIA = {
    "file-type__fixture-isom.mp4",
    "mp4parse-rust__invalid_userdata.mp4",
    "mp4parse-rust__test_case_1185230.mp4",
    "tika__testMP4_QuickTimeMetadata.mov",
}


def test_of_the_public_files_only_those_without_media_are_told():
    paths = [p for folder in ("metadata", "copies") for p in CLIPS.glob(f"{folder}/*") if p.suffix in {".mp4", ".mov"}]
    if not paths:
        pytest.skip("the public clips are not beside this checkout")
    told = {path.name for path in paths if checked(path).outcome is Outcome.ANOMALY}
    assert told == WITHOUT_MEDIA
