"""The checks as a whole keep their contract, and each tells a made file that has what it looks for from one that has not."""

from __future__ import annotations

import inspect as python_inspect
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from making import box, ftyp, full, hdlr, international, keyed_meta, mvhd, sample_tables, trak

from verikit.container.checking import BASIC, CHECKS
from verikit.container.claimed import Claimed
from verikit.container.inspection import inspect
from verikit.geo import Point
from verikit.media.scanning import scan_video
from verikit.media.tables import PACKET_TABLE
from verikit.media.video import open_video
from verikit.records import Outcome

# Seconds since 1904 of 2021-05-25T16:21:51Z.
MOMENT = 3_704_804_511


def findings(folder, *moov, name="made.mp4", major="isom", before=b"", after=b"", claimed=None):
    path = folder / name
    path.write_bytes(ftyp(major) + before + box("mdat", bytes(64)) + box("moov", *moov) + after)
    return {f.check: f for f in inspect(open_video(path), claimed=claimed).findings}


def seen(found, check):
    return found[check].outcome, found[check].params["strength"]


ODD = {"contradiction": Outcome.ANOMALY, "trace": Outcome.ANOMALY, "context": Outcome.INCONCLUSIVE}
APPLE = {
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.model": "iPhone 12",
    "com.apple.quicktime.creationdate": "2021-05-25T09:21:51-0700",
    "com.apple.quicktime.location.ISO6709": "+37.7450-122.4301+066.374/",
    "com.apple.quicktime.location.accuracy.horizontal": "5.5",
    "com.apple.quicktime.software": "14.5.1",
}
CORE = {"name": b"Core Media Video\0"}


def changed(**keys):
    return keyed_meta(APPLE | {f"com.apple.quicktime.{name.replace('__', '.')}": value for name, value in keys.items()})


def place(text):
    return box("udta", box("©xyz", international(text)))


def two(kind):
    return trak(kind="soun", name=b"SoundHandler\0") if kind == "sound" else trak()


def shaped(width, height):
    """A track whose header shows its 320x240 pictures at another size."""
    entry = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", 320, 240) + bytes(50)
    tables = full("stsd", struct.pack(">I", 1), box("avc1", entry)) + sample_tables((10,), 40)
    made = bytearray(trak(tables=tables))
    at = made.index(b"tkhd") + 4 + 76
    made[at : at + 8] = struct.pack(">II", width << 16, height << 16)
    return bytes(made)


def timed(lengths, keys=None):
    """A track whose samples last so many thousandths."""
    stts = full("stts", struct.pack(">I", len(lengths)), b"".join(struct.pack(">II", 1, n) for n in lengths))
    stss = b"" if keys is None else full("stss", struct.pack(f">I{len(keys)}I", len(keys), *keys))
    return trak(tables=stts + stss + sample_tables((1,) * len(lengths), 40, share=len(lengths)), duration=sum(lengths))


# Each check with a made file in which it sees something. The file of the next test shows none of these.
SEES = [
    ("header_time_unset", (mvhd(), trak()), {}),
    ("modified_later", (mvhd(MOMENT, MOMENT + 9000), trak()), {}),
    ("modified_before_created", (mvhd(MOMENT, MOMENT - 9000), trak()), {}),
    ("track_times", (mvhd(MOMENT, MOMENT), trak(created=MOMENT - 5)), {}),
    ("media_times", (mvhd(MOMENT, MOMENT), trak(created=MOMENT), trak(created=MOMENT - 500)), {}),
    ("recorded_and_header", (mvhd(MOMENT + 500, MOMENT + 500), trak(**CORE), changed()), {}),
    ("whole_hours", (mvhd(MOMENT - 7 * 3600, 0), trak(**CORE), changed()), {}),
    ("zone_and_place", (mvhd(MOMENT), trak(**CORE), changed(creationdate="2021-05-25T09:21:51+0200")), {}),
    ("default_clock", (mvhd(2_082_844_800 + 20), trak()), {}),
    ("date_in_name", (mvhd(MOMENT), trak()), {"name": "VID_20190301_101500.mp4"}),
    ("encoder_newer", (mvhd(3_300_000_000), trak(), box("udta", box("©too", international("Lavf60.16.100")))), {}),
    ("system_newer", (mvhd(3_300_000_000), trak(**CORE), changed(creationdate="2008-07-27T09:21:51-0700")), {}),
    ("platform_date", (mvhd(MOMENT), trak(name=b"Twitter-vork muxer\0")), {}),
    ("claimed_date", (mvhd(MOMENT), trak()), {"claimed": Claimed(recorded="2021-06-01")}),
    ("null_place", (mvhd(), trak(), place("+00.0000+000.0000/")), {}),
    ("places_agree", (mvhd(), trak(**CORE), changed(), place("+40.0000-074.0000/")), {}),
    ("claimed_place", (mvhd(), trak(**CORE), changed()), {"claimed": Claimed(place=Point(latitude=48.0, longitude=2.0))}),
    ("place_accuracy", (mvhd(), trak(**CORE), changed(location__accuracy__horizontal="900")), {}),
    ("place_precision", (mvhd(), trak(), place("+40.68-074.50/")), {}),
    ("altitude", (mvhd(), trak(), place("+40.6892-074.0445+99999.0/")), {}),
    ("hidden_footage", (mvhd(duration=200), trak(edits=((200, 800),), tables=None)), {"skip": "its tables"}),
    ("switched_off_tracks", (mvhd(), trak(), trak(shown=False)), {}),
    ("edit_count", (mvhd(), trak(edits=((1000, 0), (1000, 2000)))), {}),
    ("single_boxes", (mvhd(), trak()), {"before": ftyp()}),
    ("header_length", (mvhd(duration=9000), trak()), {}),
    ("brand_and_name", (mvhd(), trak()), {"major": "qt  "}),
    ("several_media_boxes", (mvhd(), trak()), {"before": box("mdat", bytes(8))}),
    ("unusual_boxes", (mvhd(), trak()), {"before": box("odd!", bytes(8))}),
    ("free_space", (mvhd(), trak()), {"before": box("free", b"left over")}),
    ("empty_tracks", (mvhd(), trak(), trak(samples=0)), {}),
    ("picture_shape", (mvhd(), shaped(640, 240)), {}),
    ("box_order", (mvhd(), trak()), {"after": box("mdat", bytes(8)), "skip_first": True}),
    ("brand_known", (mvhd(), trak()), {"major": "zzzz"}),
    ("fragments", (mvhd(), trak()), {"after": box("moof", bytes(0))}),
    ("device_and_structure", (mvhd(), trak(name=b"VideoHandler\0"), changed()), {}),
    ("two_systems", (mvhd(), trak(**CORE), keyed_meta(APPLE | {"com.android.version": "14"})), {}),
    ("devices_agree", (mvhd(), trak(**CORE), changed(), box("udta", box("©mak", international("Sony")))), {}),
    ("encoder_chain", (mvhd(), trak(**CORE), box("udta", box("©too", international("HandBrake 1.2")))), {}),
    ("handlers_mixed", (mvhd(), trak(**CORE), two("sound")), {}),
    ("handler_and_writer", (mvhd(), trak(**CORE), box("udta", box("©too", international("Lavf60.16.100")))), {}),
    ("stripped", (mvhd(), trak()), {}),
    ("sound_track", (mvhd(), trak()), {}),
    ("sample_counts", (mvhd(), trak(tables=full("stts", struct.pack(">III", 1, 7, 40)) + sample_tables((1, 1), 40))), {}),
    ("same_times", (mvhd(), timed([40, 40, 0, 40])), {}),
    ("gaps", (mvhd(), timed([40] * 10 + [400] + [40] * 10)), {}),
    ("first_picture_key", (mvhd(), timed([40] * 8, keys=[4])), {}),
    ("key_spacing", (mvhd(), timed([40] * 40, keys=[1, 11, 14, 21, 31])), {}),
    ("uneven_rate", (mvhd(), timed([40, 55, 33, 47] * 5)), {}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "moov", "how"), SEES, ids=[row[0] for row in SEES])
def test_a_check_sees_what_was_made_for_it(tmp_path, check, moov, how):
    if check == "hidden_footage":
        stts = full("stts", struct.pack(">III", 1, 100, 40))
        tables = stts + sample_tables((1,) * 100, 40, share=100)
        moov = (mvhd(duration=200), trak(edits=((200, 800),), tables=tables))
    if check == "box_order":
        path = tmp_path / "made.mp4"
        path.write_bytes(ftyp() + box("moov", *moov) + box("mdat", bytes(8)))
        found = {f.check: f for f in inspect(open_video(path)).findings}
    else:
        found = findings(tmp_path, *moov, **{k: v for k, v in how.items() if not k.startswith("skip")})
    outcome, strength = seen(found, check)
    assert outcome is ODD[strength], found[check].summary
    assert found[check].summary.startswith(f"{strength.capitalize()}: ")


def test_an_untouched_phone_film_shows_none_of_it(tmp_path):
    stts = full("stts", struct.pack(">III", 1, 100, 40))
    video = trak(created=MOMENT, tables=stts + sample_tables((1,) * 64, 40, share=64), **CORE)
    found = findings(
        tmp_path,
        mvhd(MOMENT, MOMENT + 4),
        video,
        changed(),
        name="IMG_1234.mov",
        major="qt  ",
        claimed=Claimed(recorded="2021-05-25", posted="2021-06-01", place=Point(latitude=37.75, longitude=-122.43)),
    )
    context = {"sound_track", "brand_known"}
    odd = {name for name, f in found.items() if f.outcome is Outcome.ANOMALY}
    assert odd <= {"media_present", "readers", "sample_counts", "header_length", "structure"}, odd
    assert {name for name, f in found.items() if f.outcome is Outcome.INCONCLUSIVE} <= context
    told = "recorded_and_header zone_and_place claimed_date claimed_place device_and_structure system_newer"
    for check in told.split():
        assert found[check].outcome is Outcome.NONE_FOUND, (check, found[check].summary)


def test_there_are_at_least_forty_checks_each_with_its_own_name_limits_and_strength(tmp_path):
    found = findings(tmp_path, mvhd(), trak())
    assert len(found) == len(CHECKS) + len(BASIC) >= 40
    for finding in found.values():
        assert finding.params["strength"] in {"contradiction", "trace", "context"}
        assert finding.limits
        assert finding.summary
        assert not {"fake", "real", "authentic"} & set(finding.summary.lower().split())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_says_in_its_docstring_what_it_does_not_prove(check):
    told = python_inspect.getdoc(check)
    assert told.startswith(("Whether", "How", "What", "Which"))
    assert "Limits:" in told or "as far as" in told


def test_without_a_scan_the_checks_of_packets_do_not_apply_and_say_how_to_make_one(tmp_path):
    found = findings(tmp_path, mvhd(), trak())
    scans = [f for name, f in found.items() if name.startswith("scan_")]
    assert len(scans) == 5
    assert all(f.outcome is Outcome.NOT_APPLICABLE and "verikit scan" in f.summary for f in scans)


def test_a_scan_of_another_file_is_refused(tmp_path):
    from filmed import pictures, scanned

    path = tmp_path / "made.mp4"
    path.write_bytes(ftyp() + box("moov", mvhd(), trak()))
    with pytest.raises(ValueError, match="scan is of another file"):
        inspect(open_video(path), scan=scanned(pictures(1)))


def test_beside_a_scan_a_change_of_parameters_in_mid_stream_is_told_and_an_even_film_is_not(tmp_path):
    from filmed import X264, film, pictures

    main = film(tmp_path / "main.ts", pictures(2), options=X264 | {"profile": "main", "g": "10"})
    other = film(tmp_path / "other.ts", pictures(2), options=X264 | {"profile": "baseline", "g": "10"})
    joined = tmp_path / "joined.ts"
    joined.write_bytes(main.read_bytes() + other.read_bytes())
    found = {}
    for path in (main, joined):
        video = open_video(path)
        found[path.stem] = {f.check: f for f in inspect(video, scan=scan_video(video)).findings}
    assert found["main"]["scan_parameters"].outcome is Outcome.NONE_FOUND
    assert found["joined"]["scan_parameters"].outcome is Outcome.ANOMALY
    assert len(found["joined"]["scan_parameters"].measures["sets"]) == 2
    assert found["main"]["scan_first_packet"].outcome is Outcome.NONE_FOUND
    assert found["main"]["scan_key_spacing"].measures["usual"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("declared", "packets", "outcome"),
    [(25, 25, Outcome.NONE_FOUND), (27, 27, Outcome.NONE_FOUND), (27, 25, Outcome.ANOMALY), (20, 25, Outcome.ANOMALY)],
)
def test_the_declared_number_is_held_against_pictures_and_packets(tmp_path, declared, packets, outcome):
    """25 pictures are shown; packed MPEG-4 has packets without a picture, and a cut file lacks both."""
    from filmed import pictures, scanned

    path = tmp_path / "made.mp4"
    path.write_bytes(ftyp() + box("moov", mvhd(), trak()))
    video = open_video(path)
    table = np.zeros(packets, PACKET_TABLE)
    changes = {"declared_frames": declared, "packets": table}
    scan = scanned(pictures(1), sha256=video.sha256, changes=changes)
    found = {f.check: f for f in inspect(video, scan=scan).findings}["scan_count"]
    assert found.outcome is outcome
    assert found.measures["packets"] == packets


def test_contradictions_come_first_and_what_does_not_apply_last(tmp_path):
    found = list(findings(tmp_path, mvhd(MOMENT, MOMENT - 9000), trak(**CORE), two("sound")).values())
    order = [Outcome.ANOMALY, Outcome.INCONCLUSIVE, Outcome.NONE_FOUND, Outcome.NOT_APPLICABLE]
    places = [order.index(f.outcome) for f in found]
    assert places == sorted(places)
    assert found[0].params["strength"] == "contradiction"


GOOGLE = b"ISO Media file produced by Google Inc. Created on: 05/03/2018.\0"


@pytest.mark.parametrize(
    ("moov", "claimed", "strength", "words"),
    [
        # What was processed in 2018 was not recorded in 2021, whatever the header says.
        ((mvhd(MOMENT), trak(name=GOOGLE)), {"recorded": "2021-05-25"}, "contradiction", "Google's servers processed"),
        ((mvhd(MOMENT), trak(name=GOOGLE)), {"recorded": "2015-01-01"}, "trace", "lies after the claimed time"),
        ((mvhd(MOMENT, MOMENT + 9_000_000), trak()), {"posted": "2021-06-01"}, "trace", "modified, utc"),
        ((mvhd(MOMENT), trak(**CORE), changed()), {"posted": "2021-05-20"}, "contradiction", "word for the recording"),
        ((mvhd(MOMENT), trak(**CORE), changed()), {"recorded": "2021-05-28"}, "contradiction", "lies before the claimed"),
    ],
)  # fmt: skip
def test_a_claim_is_held_against_every_date_with_what_that_date_means(tmp_path, moov, claimed, strength, words):
    found = findings(tmp_path, *moov, claimed=Claimed(**claimed))["claimed_date"]
    assert (found.outcome, found.params["strength"]) == (Outcome.ANOMALY, strength)
    assert words in found.summary
    assert {row["kind"] for row in found.measures["rows"]} <= {"created", "modified", "platform", "signed", "file name"}


def test_a_name_with_an_earlier_day_is_no_contradiction_since_anyone_can_name_a_file(tmp_path):
    claimed = Claimed(recorded="2021-05-25")
    found = findings(tmp_path, mvhd(MOMENT), trak(), name="VID_20190301_1.mp4", claimed=claimed)["claimed_date"]
    assert found.params["strength"] == "trace"
    assert "from the file's name, which anyone can give" in found.summary


def test_what_nothing_follows_from_is_told_as_context(tmp_path):
    found = findings(tmp_path, mvhd(), trak())
    for check in ("device_and_software", "creation_time"):
        assert seen(found, check) == (Outcome.INCONCLUSIVE, "context")
        assert found[check].summary.startswith("Context: ")


def test_a_track_that_is_switched_off_is_told_unless_it_holds_chapters(tmp_path):
    chapters = box("tref", box("chap", struct.pack(">I", 2)))
    with_chapters = box("trak", trak()[8:] + chapters)
    off = bytearray(trak(shown=False))
    at = off.index(b"tkhd") + 4 + 12
    off[at : at + 4] = struct.pack(">I", 2)
    alone = findings(tmp_path, mvhd(), trak(), bytes(off))["switched_off_tracks"]
    assert alone.outcome is Outcome.ANOMALY
    assert alone.measures["tracks"] == [2]
    told = findings(tmp_path, mvhd(), with_chapters, bytes(off))["switched_off_tracks"]
    assert told.outcome is Outcome.NONE_FOUND


def test_stripped_says_that_nothing_follows(tmp_path):
    assert "nothing follows" in findings(tmp_path, mvhd(), trak())["stripped"].summary


def test_a_handler_without_a_name_is_no_trouble(tmp_path):
    track = box("trak", box("mdia", hdlr("vide", b"")))
    assert findings(tmp_path, mvhd(), track)["handlers_mixed"].outcome is Outcome.NOT_APPLICABLE
