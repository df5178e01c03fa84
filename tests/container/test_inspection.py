from __future__ import annotations

import json
import struct
import sys
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from making import box, chunk, element, ftyp, international, keyed_meta, listed, mvhd, sample_tables, trak

from verikit.container.description import Container
from verikit.container.inspection import inspect
from verikit.container.mediainfo import read_mediainfo
from verikit.errors import MediaError
from verikit.media.video import Video, open_video
from verikit.records import Outcome

CLIPS = Path(__file__).parents[3] / "shared" / "clips" / "metadata"


def inspected(folder, data, name="made.mp4"):
    path = folder / name
    path.write_bytes(data)
    return inspect(open_video(path))


def real(name):
    path = CLIPS / name
    if not path.exists():
        pytest.skip(f"{name}: the public clips are not beside this checkout")
    return inspect(open_video(path))


def outcomes(seen):
    return {finding.check: finding.outcome for finding in seen.findings}


def wave(seconds=1, rate=8000):
    head = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    info = listed("LIST", "INFO", chunk("ISFT", b"Recorder 1"))
    return listed("RIFF", "WAVE", chunk("fmt ", head), info, chunk("data", bytes(seconds * rate * 2)))


def png():
    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    pixels = zlib.compress(b"".join(b"\0" + bytes(8) for _ in range(8)))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


def test_sound_alone_is_inspected(tmp_path):
    seen = inspected(tmp_path, wave(), "sound.wav")
    assert (seen.format, [s.type for s in seen.streams]) == ("WAVE", ["audio"])
    assert seen.duration == pytest.approx(1.0, abs=0.01)
    assert "Recorder 1" in seen.facts.software


def test_a_movie_without_pictures_left_is_answered_with_what_is_there(tmp_path):
    place = box("udta", box("©xyz", international("+51.5335-000.1261/")))
    moov = box("moov", mvhd(2_082_844_800 + 1_600_000_000), trak(), place, keyed_meta({"com.android.version": "14"}))
    seen = inspected(tmp_path, ftyp("mp42") + moov)
    assert seen.facts.created[0].value == "2020-09-13T12:26:40Z"
    assert seen.facts.created[0].origin.startswith("moov/mvhd@")
    assert (seen.facts.location.latitude, seen.facts.location.longitude) == (51.5335, -0.1261)
    assert outcomes(seen)["structure"] is Outcome.NONE_FOUND


def test_what_ffmpeg_refuses_is_answered_from_its_boxes_and_the_refusal_is_a_finding(tmp_path):
    seen = inspected(tmp_path, ftyp() + (struct.pack(">I", 90_000) + b"mdat" + bytes(400)))
    assert seen.brands == ("isom", "iso2", "avc1", "mp41")
    assert outcomes(seen)["readers"] is Outcome.ANOMALY
    assert outcomes(seen)["structure"] is Outcome.ANOMALY
    assert any("FFmpeg cannot read it" in line for line in str(seen).splitlines())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("letter.txt", b"Dear reader,\nthis is a letter and no video.\n" * 40),
        ("picture.png", png()),
        ("picture.mp4", png()),
        ("still.heic", ftyp("heic", 0, ("mif1", "heic")) + box("meta", bytes(40)) + box("mdat", bytes(40))),
        ("table.csv", b"a,b\n1,2\n" * 30),
        ("zeros.mp4", bytes(5000)),
    ],
)
def test_what_is_no_video_is_refused_in_one_line_that_names_it(tmp_path, name, data):
    with pytest.raises(MediaError) as caught:
        inspected(tmp_path, data, name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_movie_that_breaks_off_at_once_is_refused_with_the_byte_where(tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(ftyp() + b"\0\0\0\3free" + box("moov", mvhd(), trak()))
    with pytest.raises(
        MediaError, match=r"it begins as ISO-BMFF and breaks off at byte 32: .*; name a video"
    ) as caught:
        inspect(open_video(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_gone_is_a_missing_file(tmp_path):
    path = tmp_path / "made.mp4"
    path.write_bytes(ftyp() + box("moov", mvhd()))
    video = open_video(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        inspect(video)


def test_a_hostile_title_is_escaped_in_html_and_made_plain_in_text(tmp_path):
    evil = "<script>alert(1)</script>\u202egpj.exe\x1b[31m"
    data = box("data", struct.pack(">II", 1, 0), evil.encode())
    udta = box("udta", box("©nam", international(evil)), box("free", data))
    shown = inspected(tmp_path, ftyp() + box("moov", mvhd(), udta))._repr_mimebundle_()
    assert "<script" not in shown["text/html"]
    assert not {"\u202e", "\x1b"} & set(shown["text/plain"] + shown["text/html"])
    assert "&lt;script&gt;" in shown["text/html"]


def test_a_file_of_many_boxes_has_its_tree_cut_and_says_so(tmp_path):
    seen = inspected(tmp_path, ftyp() + box("moov", mvhd()) + box("free") * 3000)
    assert (seen.boxes_read, seen.boxes_shown, len(seen.boxes)) == (3003, 2000, 2000)


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="what a process has read is counted by Linux alone")
@pytest.mark.parametrize("behind", [True, False], ids=["header behind the media", "header before the media"])
def test_of_a_film_of_four_gibibytes_the_structure_is_read_and_not_the_media(tmp_path, behind):
    hole = 4 * 2**30
    head, media = ftyp(), struct.pack(">I4sQ", 1, b"mdat", 16 + hole)
    at = len(head) + len(media)
    moov = box(
        "moov", mvhd(), trak(tables=sample_tables((hole // 4,) * 3, at, at + hole // 4, at + hole // 2, wide=True))
    )
    path = tmp_path / "large.mp4"
    with path.open("wb") as stream:
        stream.write(head + (b"" if behind else moov) + media)
        stream.truncate(stream.tell() + hole)
        stream.seek(0, 2)
        stream.write(moov if behind else b"")
    video = Video(path=path, name=path.name, size=path.stat().st_size, sha256="0" * 64)
    before = bytes_read()
    found = inspect(video)
    assert bytes_read() - before < 64 * 2**20
    assert found.size > hole
    assert {f.check: f.outcome for f in found.findings}["structure"] is Outcome.NONE_FOUND


def bytes_read():
    """What this process has read so far, its ended children left out."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["rchar"])


def test_a_file_that_mediainfo_cannot_open_is_told(tmp_path):
    assert "could not read it (FileNotFoundError" in read_mediainfo(tmp_path / "gone.mp4").problem


def test_a_crash_of_mediainfo_stays_outside_and_the_rest_answers(tmp_path):
    path = CLIPS / "media__sample.mkv"
    if not path.exists():
        pytest.skip("the public clips are not beside this checkout")
    data = bytearray(path.read_bytes())
    data[108_518] = 210  # one byte in a tag's name; MediaInfo 24.12 writes past its memory
    seen = inspected(tmp_path, bytes(data), "crash.mkv")
    assert seen.format == "Matroska"
    assert seen.streams[0].width == 1080


def test_matroska_gives_its_elements_as_boxes(tmp_path):
    info = element("1549A966", element("4D80", b"Chrome") + element("5741", b"Chrome"))
    data = element("1A45DFA3", element("4282", b"webm")) + element("18538067", info)
    seen = inspected(tmp_path, data, "live.webm")
    assert (seen.format, seen.duration, [b.type for b in seen.boxes]) == ("WebM", None, ["EBML", "Segment"])
    assert [t.trace for t in seen.traces] == ["chrome-recorder"]


def test_what_is_written_as_json_is_read_again_the_same(tmp_path):
    meta = keyed_meta({"com.apple.quicktime.make": "Apple", "odd \x00 key": "caf\u00e9"})
    seen = inspected(tmp_path, ftyp() + box("moov", mvhd(), trak(edits=((1000, 2000),)), meta))
    text = json.dumps(seen.to_dict(), allow_nan=False)
    assert Container.from_dict(json.loads(text)) == seen


def test_the_json_has_the_fields_of_the_contract(tmp_path):
    told = inspected(tmp_path, ftyp() + box("moov", mvhd(), trak())).to_dict()
    assert set(told) == {"file", "container", "streams", "tags", "facts", "disagreements", "hidden", "claimed"} | {
        "traces",
        "findings",
    }
    assert {"format", "brands", "duration", "boxes"} <= set(told["container"])
    fields = "index type codec profile level width height rotation frame_rate vfr duration bit_rate language handler"
    assert set(fields.split()) <= set(told["streams"][0])
    assert "vfr_reader" in told["streams"][0]
    assert {"created", "make", "model", "software", "location", "encoder", "credentials"} <= set(told["facts"])


def test_a_phone_clip_tells_device_place_and_time_with_their_boxes():
    seen = real("media__sample_with_color_info.mp4")
    assert (seen.facts.make, seen.facts.model, seen.facts.software) == ("Apple", "iPhone 12 Pro Max", ("14.5.1",))
    assert seen.facts.location.latitude == 37.745
    assert "moov/meta/ilst/" in seen.facts.location.origin
    assert ("2021-05-25T09:21:51-07:00", "local") in {(c.value, c.basis) for c in seen.facts.created}
    assert (seen.streams[0].rotation, seen.streams[0].vfr) == (90, False)
    assert seen.traces[0].trace == "apple-capture"
    lines = str(seen).splitlines()
    assert len(lines) <= 30
    assert any("iPhone 12 Pro Max" in line for line in lines)


@pytest.mark.parametrize("name", ["media__sample_sef_slow_motion.mp4", "media__sample_sef_super_slow_motion.mp4"])
def test_pictures_of_x264_with_samsungs_boxes_are_not_told_as_samsungs_camera(name):
    traces = {trace.trace: trace for trace in real(name).traces}
    assert "samsung-camera" not in traces
    assert traces["samsung-re-encoded"].reliability == "moderate"


@pytest.mark.parametrize(
    ("name", "rate"), [("media__sample.mkv", 31.024), ("media__sample_with_htc_rotation_track_name.mkv", 30.084)]
)
def test_the_ticks_of_a_clock_are_not_told_as_a_frame_rate(name, rate):
    seen = real(name)
    assert seen.streams[0].frame_rate == pytest.approx(rate)
    assert "1000.000 fps" not in str(seen)


def test_who_says_that_a_rate_varies_is_named():
    seen = real("media__pixel7_videoOnly_cleaned.mp4")
    assert (seen.streams[0].vfr, seen.streams[0].vfr_reader) == (True, "MediaInfo")
    shown = seen._repr_mimebundle_()
    assert "29.871 fps (varying, says MediaInfo)" in shown["text/plain"]
    assert "29.871 fps (varying, says MediaInfo)" in shown["text/html"]
    assert "turned 180° clockwise" in shown["text/plain"]
    assert "(constant, says MediaInfo)" in str(real("media__sample_with_color_info.mp4"))


def test_a_clip_cut_before_its_media_is_told_though_its_boxes_are_whole(tmp_path):
    data = (Path(__file__).parents[2] / "sample_data" / "viral.mp4").read_bytes()
    seen = inspected(tmp_path, data[:6011])
    assert outcomes(seen)["structure"] is Outcome.NONE_FOUND
    assert outcomes(seen)["media_present"] is Outcome.ANOMALY
    assert "media_present: Contradiction: The file declares 183,880 bytes of media and holds 0: cut short" in str(seen)


def test_footage_trimmed_on_a_phone_is_told():
    finding = next(f for f in real("media__sample_edit_list.mp4").findings if f.check == "edit_lists")
    assert finding.outcome is Outcome.ANOMALY
    assert finding.measures["tracks"][0]["hidden"] == pytest.approx(0.52)


def test_readers_that_repair_a_date_and_readers_that_do_not_are_both_shown():
    seen = real("media__sample_empty_track.mp4")
    assert {"1967-05-18T03:33:20Z", "2033-05-18T03:33:20Z"} == {c.value for c in seen.facts.created}
    assert outcomes(seen)["dates_agree"] is Outcome.NOT_APPLICABLE
    assert "two epochs" in next(f for f in seen.findings if f.check == "dates_agree").summary


def test_the_note_of_x264_is_found_in_the_stream():
    seen = real("mmaction2__demo.mp4")
    note = next(tag for tag in seen.tags if tag.key == "x264 note")
    assert note.value.startswith("x264 - core 148")
    assert "x264" in {trace.trace for trace in seen.traces}
