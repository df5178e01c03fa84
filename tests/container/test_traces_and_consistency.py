from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from making import box, ftyp, keyed_meta, mvhd, traces_in, trak

from verikit.container import consistency
from verikit.container.credentials import Credentials
from verikit.container.elements import Tag
from verikit.container.facts import collect_facts
from verikit.container.isobmff import read_boxes
from verikit.container.movie import read_movie
from verikit.container.traces import STRONG_NEEDS, TraceRule, load_rules
from verikit.records import Outcome


def traces_of(folder, data):
    path = folder / "made.mp4"
    path.write_bytes(data)
    return [trace.trace for trace in traces_in(path)]


def movie_of(folder, *tracks):
    path = folder / "made.mp4"
    path.write_bytes(ftyp() + box("moov", mvhd(), *tracks))
    return read_movie(path, read_boxes(path))


SENT = 3_700_000_000
TELEGRAM = ftyp() + box("mdat", bytes(64)) + box("mdat", bytes(64))


def test_the_structure_of_telegrams_muxer_is_recognised(tmp_path):
    moov = box("moov", mvhd(SENT, SENT), trak(created=SENT - 2), trak(kind="soun", name=b"SoundHandle\0"))
    assert traces_of(tmp_path, TELEGRAM + moov) == ["telegram-android", "telegram-android-parts"]


@pytest.mark.parametrize("moov", [
    box("moov", mvhd(SENT, SENT + 9), trak()),
    box("moov", mvhd(SENT, SENT), trak(name=b"VideoHandler\0")),
    box("moov", mvhd(SENT, SENT), trak(), box("udta", box("free"))),
])  # fmt: skip
def test_one_feature_less_is_not_telegram(tmp_path, moov):
    assert "telegram-android" not in traces_of(tmp_path, TELEGRAM + moov)


def test_whatsapps_loop_box_is_recognised_and_a_beam_alone_is_not(tmp_path):
    moov = box("moov", mvhd(), trak())
    assert "whatsapp-gif" in traces_of(tmp_path, ftyp() + box("beam", bytes(16)) + box("loop", bytes(4)) + moov)
    assert "whatsapp-gif" not in traces_of(tmp_path, ftyp() + box("beam", bytes(16)) + moov)


@pytest.mark.parametrize(
    ("name", "trace"),
    [
        (b"Twitter-vork muxer\0", "twitter-vork"),
        (b"Vireo Eyes v2.8.1\0", "twitter-vireo"),
        (b"Vimeo Artax Video Handler\0", "vimeo"),
        (b"ISO Media file produced by Google Inc. Created on: 05/03/2018.\0", "google-transcode"),
        (b"DJI.AVC\0", "dji"),
        (b"Bento4 Video Handler\0", "bento4"),
    ],
)
def test_handlers_of_platforms_are_recognised(tmp_path, name, trace):
    assert trace in traces_of(tmp_path, ftyp("mp42") + box("moov", mvhd(), trak(name=name)))


def test_apple_tags_without_apples_structure_are_no_apple_capture(tmp_path):
    meta = keyed_meta({"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone 12"})
    assert "apple-capture" not in traces_of(tmp_path, ftyp() + box("moov", mvhd(), trak(), meta))


SAMSUNG = (box("smrd", b"TRUEBLUE"), box("smta", bytes(32)), box("SDLN", b"SEQ_PLAY"))


def test_samsungs_boxes_are_told_as_boxes_and_beside_x264_as_no_camera(tmp_path):
    moov = box("moov", mvhd(), trak(), box("udta", *SAMSUNG))
    note = bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef") + b"x264 - core 159 r2991 - H.264/MPEG-4 AVC codec\x80"
    assert "samsung-camera" in traces_of(tmp_path, ftyp("mp42") + box("mdat", bytes(64)) + moov)
    both = traces_of(tmp_path, ftyp("mp42") + box("mdat", note) + moov)
    assert "samsung-camera" not in both
    assert {"samsung-re-encoded", "x264"} <= set(both)


@pytest.mark.parametrize("trace", ["apple-capture", "android-writer", "samsung-camera", "gopro"])
def test_rows_of_cameras_do_not_hold_beside_a_software_encoder_and_claim_no_camera(trace):
    rule = next(rule for rule in load_rules() if rule.trace == trace)
    assert "written by the camera" not in rule.suggests
    assert len([need for need in rule.needs if "no_tag" not in need]) >= (4 if rule.reliability == "strong" else 1)
    guard = next(need for need in rule.needs if "no_tag" in need)
    for key, value in [
        ("x264 note", "x264 - core 159 r2991"),
        ("x265 note", "x265 (build 199)"),
        ("encoder", "Lavf60.16.100"),
        ("©too", "HandBrake 1.6.1 2023012300"),
        ("Encoded_Library", "x264 - core 148"),
    ]:
        assert re.fullmatch(guard["no_tag"], key)
        assert re.fullmatch(guard["value"], value)
    assert not re.fullmatch(guard["value"], "GoPro AVC encoder")
    assert not re.fullmatch(guard["value"], "Apple QuickTime")


def test_androids_writer_is_not_called_a_camera(tmp_path):
    moov = box("moov", mvhd(), trak(), keyed_meta({"com.android.version": "13"}))
    assert traces_of(tmp_path, ftyp() + moov) == ["android-writer"]
    rule = next(rule for rule in load_rules() if rule.trace == "android-writer")
    assert rule.suggests == "written by Android's MP4 writer, which cameras, screen recorders and editing apps use"


def test_every_rule_has_a_source_and_strong_rules_have_enough_features():
    rules = load_rules()
    assert len({rule.trace for rule in rules}) == len(rules)
    assert all(rule.source and rule.suggests for rule in rules)
    assert all(rule.features >= STRONG_NEEDS for rule in rules if rule.reliability == "strong")


def test_a_strong_rule_with_few_features_is_refused():
    with pytest.raises(ValueError, match="strong needs 4"):
        TraceRule(trace="x", suggests="x", reliability="strong", source="x", needs=({"major": "qt  "},))


def test_the_same_thing_twice_and_what_is_absent_are_no_features():
    needs = ({"tag": "a"}, {"tag": "a", "value": "b"}, {"no_tag": "c"}, {"no_box": "d"}, {"no_handler": "e"})
    with pytest.raises(ValueError, match="not 1"):
        TraceRule(trace="x", suggests="x", reliability="strong", source="x", needs=needs)


def test_hidden_footage_is_told_in_seconds(tmp_path):
    movie = movie_of(tmp_path, trak(edits=((1000, 2000),), samples=120))
    finding = consistency.check_edit_lists(movie)
    assert finding.outcome is Outcome.ANOMALY
    row = finding.measures["tracks"][0]
    assert (row["before"], row["after"], row["hidden"], row["media"]) == (2.0, 1.0, 3.0, 4.0)


def test_a_decoders_run_up_is_no_hidden_footage(tmp_path):
    movie = movie_of(tmp_path, trak(edits=((4000, 80),), samples=100))
    assert consistency.check_edit_lists(movie).outcome is Outcome.NONE_FOUND


def test_a_wait_before_the_first_frame_hides_nothing(tmp_path):
    movie = movie_of(tmp_path, trak(edits=((500, -1), (4000, 0)), samples=100))
    assert consistency.check_edit_lists(movie).outcome is Outcome.NONE_FOUND


def test_a_second_played_twice_is_not_counted_twice(tmp_path):
    movie = movie_of(tmp_path, trak(edits=((2000, 0), (2000, 0)), samples=100))
    assert consistency.check_edit_lists(movie).measures["tracks"][0]["hidden"] == 2.0


def facts_of(**values):
    tags = [Tag(group="g", key=key.replace("_", " "), value=value, origin=f"{key}@1") for key, value in values.items()]
    return collect_facts(tags, credentials=Credentials())


TODAY = dt.date(2026, 1, 1)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("2021-01-01T00:00:00Z", Outcome.NONE_FOUND),
        ("1967-01-01T00:00:00Z", Outcome.ANOMALY),
        ("2033-01-01T00:00:00Z", Outcome.ANOMALY),
        ("2026-01-02T00:00:00+14:00", Outcome.NONE_FOUND),
    ],
)
def test_impossible_dates_are_told(value, outcome):
    assert consistency.check_creation_time(facts_of(movie_created=value), today=TODAY).outcome is outcome


def test_no_date_is_inconclusive():
    assert consistency.check_creation_time(facts_of(), today=TODAY).outcome is Outcome.INCONCLUSIVE


def test_the_same_moment_in_two_zones_agrees_and_a_later_export_does_not():
    same = facts_of(movie_created="2021-05-25T16:21:51Z", creationdate="x", IDIT="2021-05-25T09:21:51-07:00")
    assert consistency.check_dates_agree(same).outcome is Outcome.NONE_FOUND
    later = facts_of(movie_created="2021-05-25T16:41:51Z", IDIT="2021-05-25T09:21:51-07:00")
    found = consistency.check_dates_agree(later)
    assert (found.outcome, found.measures["spread_seconds"]) == (Outcome.ANOMALY, 1200.0)


READ_FROM_1904, READ_FROM_1970 = "1967-05-18T03:33:20Z", "2033-05-18T03:33:20Z"  # one number: 2,000,000,000


def test_one_number_read_in_two_epochs_is_one_time_and_no_anomaly():
    found = consistency.check_dates_agree(facts_of(movie_created=READ_FROM_1904, track_created=READ_FROM_1970))
    assert (found.outcome, found.measures["spread_seconds"]) == (Outcome.NOT_APPLICABLE, None)
    assert found.measures["two_epochs"] == [[READ_FROM_1904, READ_FROM_1970]]
    assert f"one field is read in two epochs (1904 and 1970): {READ_FROM_1904} or {READ_FROM_1970}" in found.summary


@pytest.mark.parametrize(
    ("third", "outcome"),
    [
        ("2033-05-17T20:33:25-07:00", Outcome.NONE_FOUND),
        ("1967-05-18T03:33:25Z", Outcome.NONE_FOUND),
        ("2033-05-18T04:33:20Z", Outcome.ANOMALY),
    ],
)
def test_the_epoch_that_fits_another_time_better_is_compared_with_it(third, outcome):
    facts = facts_of(movie_created=READ_FROM_1904, track_created=READ_FROM_1970, IDIT=third)
    assert consistency.check_dates_agree(facts).outcome is outcome


def test_a_second_more_than_the_epochs_is_a_difference():
    facts = facts_of(movie_created=READ_FROM_1904, track_created="2033-05-18T03:33:21Z")
    assert consistency.check_dates_agree(facts).outcome is Outcome.ANOMALY


def test_tracks_of_unequal_length_are_told():
    assert consistency.check_track_durations([("video", 9.0), ("audio", 10.0)]).outcome is Outcome.ANOMALY
    assert consistency.check_track_durations([("video", 9.0), ("audio", 9.1)]).outcome is Outcome.NONE_FOUND
    assert consistency.check_track_durations([("video", 9.0)]).outcome is Outcome.NOT_APPLICABLE


def test_device_tags_beside_software_are_told_and_their_absence_says_nothing():
    both = consistency.check_device_and_software(facts_of(make="Apple", encoder="Lavf60.3.100"), handlers=())
    alone = consistency.check_device_and_software(facts_of(make="Apple"), handlers=())
    none = consistency.check_device_and_software(facts_of(encoder="Lavf60.3.100"), handlers=())
    assert [f.outcome for f in (both, alone, none)] == [Outcome.ANOMALY, Outcome.NONE_FOUND, Outcome.INCONCLUSIVE]
    assert "nothing follows" in none.summary
