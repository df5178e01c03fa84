from __future__ import annotations

import json
from pathlib import Path

import pytest

# What each class of fact is called here. The public list gives, for each file and class, the values that at least one of
# exiftool, MediaInfo, ffprobe and PyAV reports; the same fact must be among ours, with its origin.
CLASSES = {
    "creation": "created modified",
    "tz": "created",
    "make": "make",
    "model": "model",
    "os_sw": "software encoder",
    "gps": "location",
    "encoder": "encoder software handler make",
    "x264": "encoder",
    "rotation": "rotation",
    "handler": "handler",
    "xmp": "documents software created",
    "hdr": "hdr",
    "timecode": "timecode",
    "chapters": "chapter",
    "telemetry": "telemetry",
    "comment": "comment",
    "title": "title",
}
# Told under other names: an ICC profile whose size a reader took for a transfer, a transfer that is no HDR, the name of a
# broadcast service, a frame's number, a year without a day.
OTHERWISE = {
    ("mediabunny__video.mp4", "hdr"): "456 bytes",
    ("mp4parse-rust__metadata.mp4", "creation"): "2019",
    ("interactive-examples__flower.mp4", "hdr"): "transfer 6",
    ("file-type__fixture-raw.mts", "chapters"): "Service01",
    ("sample-videos__one-by-one-person-detection.mp4", "timecode"): "2997",
}


def every_fact():
    path = Path(__file__).parents[3] / "shared" / "clips" / "metadata" / "facts.json"
    if not path.is_file():
        return []
    listed = json.loads(path.read_text())
    return [(name, kind) for name, kinds in listed.items() for kind in kinds]


@pytest.mark.parametrize(("name", "kind"), every_fact())
def test_every_fact_of_the_union_is_found_with_its_origin(public, name, kind):
    seen = public(name)
    facts = seen.to_dict()["facts"]
    told = [said for said in facts["said"] if said["fact"] in CLASSES[kind].split()]
    if kind == "tz":
        assert any(created["basis"] in {"utc", "local"} for created in facts["created"])
    if not told:
        wanted = OTHERWISE[name, kind]
        assert any(wanted in tag.value for tag in seen.tags)
    assert all(origin for said in told for origin in said["origins"])


def test_the_values_that_other_readers_miss_are_the_right_ones(public):
    karma = public("gpmf-parser__karma.mp4").facts
    assert (karma.model, karma.software[0]) == ("HERO5 Black", "HD5.02.02.00.00")
    assert karma.location.latitude == pytest.approx(33.1253807, abs=1e-4)
    assert karma.location.longitude == pytest.approx(-117.3310746, abs=1e-4)
    camera = public("file-type__fixture-raw.mts").facts
    assert (camera.make, camera.created[0].value) == ("Panasonic", "2012-01-26T09:18:35+00:00")
    assert public("sample-videos__car-detection.mp4").facts.values("documents")


def test_readers_that_disagree_are_shown_side_by_side(public):
    rows = public("gpmf-parser__karma.mp4").disagreements
    codes = {value: reader for row in rows if row.fact == "first time code" for reader, value, _ in row.said}
    assert codes == {"20:07:02:06": "MediaInfo", "19:26:48:04": "FFmpeg"} or set(codes) == {
        "20:07:02:06",
        "19:26:48:04",
    }


def test_hidden_pictures_are_counted_as_a_player_leaves_them_out(public):
    seen = {
        name: [(one.total, one.not_shown) for one in public(name).hidden if one.kind == "video"]
        for name in (
            "file-type__fixture.mov",
            "media__sample_edit_list.mp4",
            "c2pa-python__C-recorded-as-mov.mov",
        )
    }
    assert list(seen.values()) == [[(25, 20)], [(86, 9)], [(313, 3)]]
