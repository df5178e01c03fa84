from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from verikit.container.dates import moment_of
from verikit.container.times_places import parse_time

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


def every_value():
    path = Path(__file__).parents[3] / "shared" / "clips" / "metadata" / "facts.json"
    if not path.is_file():
        return []
    listed = json.loads(path.read_text())
    return [(name, kind, value) for name, kinds in listed.items() for kind, values in kinds.items() for value in values]


# What the other readers call a thing, where it is told here under another name.
NAMES = {
    "Display Matrix": "rotation",
    "MASTERING_DISPLAY_METADATA": "mastering display",
    "AMBIENT_VIEWING_ENVIRONMENT": "ambient viewing",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DOVI_METADATA": "Dolby Vision",
    "XMP-x:XMPToolkit": "x:xmptk",
}
# Listed under HDR by the names of its neighbours; it is how long a track lasts, in ticks of its clock.
NO_FACTS = {("media__hlg10-color-test.mp4", "hdr", "27009")}
# exiftool's number for a maker (H264.pm), and its correction of an epoch, which no other reader makes without being told.
TOLD_AS = {"259": "Panasonic", "2033:05:18 03:33:20": "2033-05-18T03:33:20.000000Z"}


def bare(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def moments(seen):
    """All dates that are told, to the minute, in the zone that they are told in and in UTC."""
    found = set()
    for tag in seen.tags:
        read = parse_time(tag.value)
        moment = moment_of(read[0]) if read else None
        if moment:
            found |= {read[0][:16], moment.strftime("%Y-%m-%dT%H:%M")}
    return found


def is_told(value, kind, seen):
    """Whether a value of another reader is among ours: the same text, moment, place, note or thing."""
    value = TOLD_AS.get(value, value)
    if value in NAMES:
        return any(tag.key == NAMES[value] for tag in seen.tags)
    if kind == "rotation":  # the matrix, printed, or a number, of which each reader has its sign
        turns = {abs(float(m[0])) for tag in seen.tags if tag.key == "rotation" and (m := re.match(r"\d+", tag.value))}
        return bool(turns) if "\n" in value else abs(float(value)) in turns | {360 - turn for turn in turns}
    if value.startswith("dc45e9bde6d948b7962cd820d923eeef:"):
        value = value.split(":", 1)[1][:40]
    if kind == "telemetry":
        return any(said.fact == "telemetry" for said in seen.facts.said)
    numbers = re.findall(r"-?\d+\.\d+", value)
    if kind == "gps" and len(numbers) >= 1:
        places = [(place.latitude, place.longitude) for place in seen.facts.locations]
        near = [abs(place[0] - float(numbers[0])) < 1e-3 for place in places]
        return any(near)
    read = parse_time(value) if kind in {"creation", "tz"} else None
    if read is not None and read[0][:16] in moments(seen):
        return True
    if kind in {"creation", "tz"} and re.fullmatch(r"\d{4}:\d\d:\d\d \d\d:\d\d(Z|[+-]\d\d:\d\d)", value):
        return value[:10].replace(":", "-") + "T" + value[11:16] in moments(seen)
    return bare(value) in bare(json.dumps([tag.to_dict() for tag in seen.tags], ensure_ascii=False))


def test_every_value_of_the_union_is_told(public):
    rows = [row for row in every_value() if row not in NO_FACTS]
    if not rows:
        pytest.skip("the shared clips are not here")
    assert [row for row in rows if not is_told(row[2], row[1], public(row[0]))] == []


def test_a_value_that_no_file_holds_is_not_told(public):
    seen = public("media__sample_with_color_info.mp4")
    for value, kind in [
        ("2021-05-25T17:21:51Z", "creation"),
        ("38.745 -122.4301 66.374", "gps"),
        ("iPhone 13", "model"),
        ("MASTERING_DISPLAY_METADATA", "hdr"),
        ("dc45e9bde6d948b7962cd820d923eeef:x264 - core 157", "x264"),
    ]:
        assert not is_told(value, kind, seen)


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
    assert codes == {"20:07:02:06": "MediaInfo", "19:26:48:04": "FFmpeg"}


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
