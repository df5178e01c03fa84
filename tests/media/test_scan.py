"""The one decode: one contract for every kind of file, and what is lost is counted and located."""

from __future__ import annotations

import dataclasses
import json
import shutil
import struct
import tempfile
import zipfile
from fractions import Fraction

import av
import cv2
import filmed
import numpy as np
import pytest

from verikit._files import sha256_file
from verikit.errors import IncompatibleError, MediaError
from verikit.keyframes.shots import detect_shots
from verikit.matching.fingerprinting import fingerprint
from verikit.media.hashing import LumaDCT, hamming
from verikit.media.scan import SCAN_VERSION, Loss, load_scan, save_scan
from verikit.media.scanning import scan_video, triage_video
from verikit.media.tables import NO_PTS
from verikit.media.video import open_video

ARRAYS = ("frames", "packets", "thumbs", "chroma", "hashes", "hash_frames", "still_frames", "sound")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clip:
    """How a clip is filmed, and what its scan must say."""

    name: str
    made: dict = dataclasses.field(default_factory=dict)
    count: int = 50
    rate: object = 25
    base: Fraction = Fraction(1, 12800)
    first: int = 0
    step: int = 512
    pts: tuple = ()
    size: tuple = (64, 48)
    shown: tuple = (64, 48)
    says: dict = dataclasses.field(default_factory=dict)

    def expected_pts(self):
        return list(self.pts) or [self.first + self.step * row for row in range(self.count)]


VFR = tuple(int(p) for p in np.cumsum([0, *[40, 40, 80, 40, 120] * 9, 40, 40, 40, 40]))
CLIPS = [
    Clip(name="constant.mp4", says={"i_frames": 2, "declared_frames": 50, "rotation": 0, "full_range": False}),
    Clip(
        name="variable.mp4",
        made={"pts": VFR, "time_base": Fraction(1, 1000)},
        base=Fraction(1, 16000),
        pts=tuple(16 * p for p in VFR),
        says={"vfr": True},
    ),
    Clip(name="one_in_25.avi", made={"codec": "mpeg4", "pts": [0, 1, 3] + [3 + i for i in range(1, 48)]},
         base=Fraction(1, 25), pts=(0, 1, 3, *range(4, 51)), says={"vfr": True, "codec": "mpeg4"}),
    Clip(name="late.mp4", made={"pts": [37 + i for i in range(50)]}, first=37 * 512),
    Clip(name="left.mp4", made={"turn": 90}, shown=(48, 64), says={"rotation": 90}),
    Clip(name="over.mp4", made={"turn": 180}, says={"rotation": -180}),
    Clip(name="right.mp4", made={"turn": 270}, shown=(48, 64), says={"rotation": -90}),
    Clip(name="wide.mp4", made={"aspect": Fraction(2)}, shown=(128, 48)),
    Clip(name="tall_turned.mp4", made={"aspect": Fraction(1, 2), "turn": 90}, shown=(96, 64)),
    Clip(name="ten_bit.mp4", made={"pixels": "yuv420p10le"}, says={"pixel_format": "yuv420p10le"}),
    Clip(name="full.mp4", made={"full_range": True}, says={"full_range": True, "pixel_format": "yuvj420p"}),
    Clip(name="grey.mkv", made={"codec": "ffv1", "pixels": "gray"}, base=Fraction(1, 1000), step=40,
         says={"pixel_format": "gray", "declared_frames": 0}),
    Clip(name="packed.avi", made={"codec": "mpeg4", "options": {"bf": "2", "b": "4000000"}}, base=Fraction(1, 25),
         first=1, step=1, says={"codec": "mpeg4", "vfr": False}),
    Clip(name="vp9.webm", made={"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
         base=Fraction(1, 1000), step=40, says={"codec": "vp9"}),
    Clip(name="ntsc.mkv", made={"rate": Fraction(30000, 1001)}, rate=Fraction(30000, 1001), base=Fraction(1, 1000),
         pts=tuple(int(i * 1001 / 30 + 0.5) for i in range(50)), says={"vfr": False}),
    Clip(name="broadcast.ts", base=Fraction(1, 90000), first=7200, step=3600),
    Clip(name="flash.flv", base=Fraction(1, 1000), first=80, step=40),
    Clip(name="bare.264", base=Fraction(1, 1200000), step=48000, says={"estimated_pts": 50}),
    Clip(name="fragments.mp4", made={"container": {"movflags": "frag_keyframe+empty_moov"}}, first=1024),
    Clip(name="spoken.mp4", made={"tone": 2.0}),
    Clip(name="spoken.mkv", made={"tone": 2.0}, base=Fraction(1, 1000), step=40),
    Clip(name="large.mp4", count=6, size=(1000, 500), shown=(1000, 500)),
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A clip's path; each is filmed when it is first asked for."""
    folder = tmp_path_factory.mktemp("scan")

    def clip(wanted):
        path = folder / wanted.name
        if not path.exists():
            shown = filmed.pictures(wanted.count / Fraction(wanted.rate), rate=wanted.rate, size=wanted.size)
            filmed.film(path, shown, **wanted.made)
        return path

    return clip


@pytest.fixture(params=CLIPS, ids=lambda clip: clip.name)
def scanned(request, made):
    """A clip and its scan."""
    return request.param, scan_video(open_video(made(request.param)))


def test_pts_and_time_base_are_exact_and_times_start_at_zero(scanned):
    clip, scan = scanned
    assert (scan.time_base, scan.frames["pts"].tolist()) == (clip.base, clip.expected_pts())
    assert scan.times[0] == 0
    wanted = [float((p - clip.expected_pts()[0]) * clip.base) for p in clip.expected_pts()]
    assert scan.times == pytest.approx(wanted, abs=1e-9)
    assert scan.duration == pytest.approx(wanted[-1] + np.median(np.diff(wanted)), abs=1e-6)


def test_a_scan_says_what_is_known_of_the_clip_and_loses_nothing(scanned):
    clip, scan = scanned
    told = scan.to_dict()
    assert (told["width"], told["height"]) == clip.shown
    assert (told["frames"], told["decoded"], told["undecodable"], told["losses"]) == (clip.count, clip.count, 0, [])
    assert (told["corrupt"], told["discarded"]) == (0, 0)
    assert {key: told[key] for key in clip.says} == clip.says
    assert told["vfr"] == clip.says.get("vfr", False)
    assert (scan.packets["stream"] == scan.stream).sum() == clip.count
    assert json.loads(json.dumps(told)) == told


def test_hashes_lie_a_quarter_of_a_second_apart_and_are_of_the_picture_shown_then(scanned):
    _, scan = scanned
    instants = np.arange(len(scan.hashes)) / 4
    assert instants[-1] <= scan.times[-1] + 1e-6 < instants[-1] + 0.25
    for instant, row in zip(instants, scan.hash_frames, strict=True):
        assert scan.times[row] <= instant + 1e-6
        assert row + 1 == len(scan.times) or scan.times[row + 1] > instant
        assert scan.index_at(instant) == row
    np.testing.assert_array_equal(scan.hashes, LumaDCT().many(scan.thumbs[scan.hash_frames]))


def test_stills_are_one_a_second_and_at_most_480_long(scanned):
    clip, scan = scanned
    seconds = np.floor(scan.times)
    assert scan.still_frames.tolist() == [int(np.argmax(seconds == s)) for s in np.unique(seconds)]
    for data in scan.stills:
        height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        assert max(width, height) == min(480, max(clip.shown))
        assert width / height == pytest.approx(clip.shown[0] / clip.shown[1], rel=0.02)


def test_a_saved_scan_is_the_same_scan(scanned, tmp_path):
    _, scan = scanned
    again = load_scan(save_scan(scan, tmp_path / "a.zip"))
    assert again.to_dict() == scan.to_dict()
    assert list(again.stills) == list(scan.stills)
    assert (again.losses, again.time_base) == (scan.losses, scan.time_base)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(scan, name))


def test_the_file_is_never_written_to(made):
    path = made(CLIPS[0])
    before = sha256_file(path), path.stat().st_mtime_ns
    path.chmod(0o444)
    scan_video(open_video(path))
    assert (sha256_file(path), path.stat().st_mtime_ns) == before


def test_two_encodes_of_one_film_at_other_frame_rates_have_near_equal_hashes_at_the_same_instants(tmp_path):
    fast, slow = (
        scan_video(open_video(filmed.film(tmp_path / f"{i}.mp4", filmed.pictures(3, rate=rate), rate=rate)))
        for i, rate in enumerate((25, Fraction(25, 2)))
    )
    assert (len(fast.frames), len(slow.frames)) == (75, 38)
    count = min(len(fast.hashes), len(slow.hashes))
    assert count == 12
    distances = hamming(fast.hashes[:count], slow.hashes[:count])
    assert np.diag(distances).max() <= 40
    assert np.diag(distances).mean() < 15
    other = scan_video(open_video(filmed.film(tmp_path / "o.mp4", filmed.pictures(3, seed=9))))
    assert np.diag(hamming(fast.hashes[:count], other.hashes[:count])).min() > 84


def test_upright_pictures_look_the_same_however_the_camera_was_held(tmp_path):
    scene = filmed.pictures(0.2)
    plain = scan_video(open_video(filmed.film(tmp_path / "plain.mp4", scene))).thumbs[:]
    for turn in (90, 180, 270):
        turned = [np.rot90(picture, -turn // 90).copy() for picture in scene]
        thumbs = scan_video(open_video(filmed.film(tmp_path / f"{turn}.mp4", turned, turn=turn))).thumbs[:]
        assert np.abs(thumbs.astype(int) - plain).mean() < 3


def test_of_two_video_streams_one_is_examined_and_the_scan_says_which(tmp_path):
    path = filmed.film(
        tmp_path / "two.mp4", filmed.pictures(2), first=filmed.pictures(1, size=(64, 48), seed=5), tone=1.0
    )
    scan = scan_video(open_video(path))
    with av.open(str(path)) as held:
        best = held.streams.best("video")
        assert (scan.stream, scan.width) == (best.index, best.width)
    assert len(scan.frames) == {64: 25, 128: 50}[scan.width]
    assert set(scan.packets["stream"]) == {0, 1, 2}
    assert scan.declared_frames == len(scan.frames)


def test_cuts_show_as_change_and_types_are_kept(tmp_path):
    shown = [*filmed.pictures(0.4), *filmed.pictures(0.4, seed=8)]
    scan = scan_video(open_video(filmed.film(tmp_path / "cut.mp4", shown)))
    assert int(scan.frames["change"].argmax()) == 10
    assert scan.frames["change"][10] > 4 * np.delete(scan.frames["change"], 10).max()
    assert scan.frames["type"][0] == b"I"
    assert scan.frames["contrast"] == pytest.approx(scan.thumbs[:].reshape(20, -1).std(axis=1), abs=0.01)
    assert scan.frames["luma"] == pytest.approx(scan.thumbs[:].reshape(20, -1).mean(axis=1), abs=0.01)


# What is damaged


def damage(path, rows, *, part=slice(None)):
    """Overwrite a part of the packets in `rows` with zeros; the pts of those packets, in file order."""
    data, hit = bytearray(path.read_bytes()), []
    for offset, size, pts in filmed.packets_of(path)[rows]:
        places = range(offset, offset + size)[part]
        data[places.start : places.stop] = bytes(len(places))
        hit.append(pts)
    path.write_bytes(data)
    return hit


def test_lost_packets_are_counted_and_located_and_the_rest_is_decoded(tmp_path):
    path = filmed.film(tmp_path / "damaged.mp4", filmed.pictures(3))
    lost = damage(path, slice(40, 45))
    scan = scan_video(open_video(path))
    assert [loss.time for loss in scan.losses] == [pytest.approx(pts / 12800) for pts in lost]
    assert (scan.undecodable, len(scan.frames), scan.declared_frames) == (5, 70, 75)
    assert not set(lost) & set(scan.frames["pts"].tolist())
    assert "5" in scan._repr_mimebundle_()["text/plain"]


def test_a_picture_patched_up_by_the_decoder_is_marked(tmp_path):
    path = filmed.film(tmp_path / "patched.mp4", filmed.pictures(2, size=(320, 180)))
    (pts,) = damage(path, slice(25, 26), part=slice(3000, 6000))
    scan = scan_video(open_video(path))
    assert len(scan.frames) == 50
    assert scan.frames["pts"][scan.frames["corrupt"]].tolist() == [pts]
    assert scan.to_dict()["corrupt"] == 1


def test_a_film_cut_short_says_how_much_is_missing(tmp_path):
    whole = filmed.film(tmp_path / "whole.mp4", filmed.pictures(4), container={"movflags": "+faststart"})
    offset, _, _ = filmed.packets_of(whole)[60]
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole.read_bytes()[:offset])
    scan = scan_video(open_video(path))
    assert len(scan.frames) == 60
    assert scan.declared_frames == 100
    assert scan.losses == (
        Loss(
            time=float(scan.times[-1]), packets=40, reason="the file declares 100 packets of this stream and holds 60"
        ),
    )
    every = scan_video(open_video(whole))
    there = np.isin(every.frames["pts"], [pts for _, _, pts in filmed.packets_of(whole)[:60]])
    np.testing.assert_array_equal(scan.frames["pts"], every.frames["pts"][there])
    np.testing.assert_array_equal(scan.thumbs, every.thumbs[there])


def test_a_film_cut_within_a_packet_loses_that_picture_and_no_other(tmp_path):
    path = filmed.film(tmp_path / "cut.mp4", filmed.pictures(2), container={"movflags": "+faststart"})
    offset, size, pts = filmed.packets_of(path)[30]
    path.write_bytes(path.read_bytes()[: offset + size // 3])
    scan = scan_video(open_video(path))
    assert len(scan.frames) + scan.undecodable == 50
    assert set(scan.frames["pts"].tolist()) >= {p for _, _, p in filmed.packets_of(path)[:30]}
    assert all(loss.time <= pts / 12800 + 0.2 for loss in scan.losses)


@pytest.mark.parametrize("name", ["cut.ts", "cut.mkv", "cut.avi", "cut.264"])
def test_other_containers_cut_short_give_the_pictures_before_the_cut(tmp_path, name):
    codec = {"cut.mkv": "ffv1", "cut.avi": "mpeg4"}.get(name, "libx264")
    made = {"codec": codec} | ({"options": {"b": "4000000"}} if codec == "mpeg4" else {})
    path = filmed.film(tmp_path / name, filmed.pictures(2), **made)
    whole = scan_video(open_video(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    scan = scan_video(open_video(path))
    assert 10 < len(scan.frames) < 45
    kept = len(scan.frames) - 2
    np.testing.assert_array_equal(scan.thumbs[:kept], whole.thumbs[:kept])
    if scan.declared_frames:
        assert scan.undecodable == scan.declared_frames - (scan.packets["stream"] == scan.stream).sum() > 0


def test_a_film_whose_index_is_gone_is_refused_with_what_to_do(tmp_path):
    path = filmed.film(tmp_path / "raw.mp4", filmed.pictures(1))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(MediaError, match=r"raw\.mp4: FFmpeg cannot read it .* fetch it again whole"):
        scan_video(open_video(path))


def test_a_film_without_one_whole_picture_is_an_error_that_says_why(tmp_path):
    path = filmed.film(tmp_path / "none.mp4", filmed.pictures(0.4))
    damage(path, slice(None))
    with pytest.raises(MediaError, match=r"none\.mp4: not one picture could be decoded \(Invalid data"):
        scan_video(open_video(path))


def test_pictures_that_an_edit_list_hides_are_counted_and_are_no_loss(tmp_path):
    path = filmed.film(tmp_path / "cut.mp4", filmed.pictures(2))
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12
    duration, start = struct.unpack_from(">Ii", data, place)
    struct.pack_into(">Ii", data, place, duration - 400, start + 5120)
    path.write_bytes(data)
    scan = scan_video(open_video(path))
    told = scan.to_dict()
    assert (told["frames"], told["discarded"], told["losses"], told["first_pts"]) == (40, 10, [], 0)


def test_time_stamps_that_claim_years_cost_no_memory_and_are_told(tmp_path):
    path = filmed.film(
        tmp_path / "years.mkv", filmed.pictures(0.4), codec="ffv1", pts=[*range(9), 10**9], time_base=Fraction(1, 25)
    )
    scan = scan_video(open_video(path))
    assert scan.times[-1] == 4e7
    assert len(scan.hashes) == 4 * 4 * 3600
    ((time, packets, reason),) = [(loss.time, loss.packets, loss.reason) for loss in scan.losses]
    assert (time, packets) == (4 * 3600.0, 0)
    assert "10 pictures claim to last 40000000 s" in reason


def test_a_slide_show_is_hashed_to_its_end(tmp_path):
    path = filmed.film(
        tmp_path / "slides.mkv",
        filmed.pictures(0.4),
        codec="ffv1",
        pts=[10 * i for i in range(10)],
        time_base=Fraction(1),
    )
    scan = scan_video(open_video(path))
    assert (len(scan.hashes), len(scan.stills), scan.losses) == (361, 10, ())


def test_one_picture_is_a_film_too(tmp_path):
    scan = scan_video(open_video(filmed.film(tmp_path / "one.mp4", filmed.pictures(0.04))))
    assert (len(scan.frames), len(scan.hashes), len(scan.stills), scan.duration, scan.vfr) == (
        1,
        1,
        1,
        pytest.approx(0.04, abs=0.001),
        False,
    )
    assert "pictures a second: not to be told" in scan._repr_mimebundle_()["text/plain"]


def test_packets_without_time_stamps_are_kept_as_such(made):
    scan = scan_video(open_video(made(next(clip for clip in CLIPS if clip.name == "bare.264"))))
    assert set(scan.packets["pts"]) == {NO_PTS}


# The cache


@pytest.fixture
def film(tmp_path, made):
    """A copy of a clip that a test may move or delete, and an empty folder for the cache."""
    return shutil.copy(made(CLIPS[0]), tmp_path / "film.mp4"), tmp_path / "cache"


def test_the_second_run_reads_the_cache_and_not_the_film(film):
    path, cache = film
    video = open_video(path)
    first = scan_video(video, cache=cache)
    (kept,) = cache.iterdir()
    assert kept.name == f"{video.sha256}.scan{SCAN_VERSION}.zip"
    written = kept.stat().st_mtime_ns
    path.unlink()
    again = scan_video(video, cache=cache)
    assert kept.stat().st_mtime_ns == written
    assert again.to_dict() == first.to_dict()
    np.testing.assert_array_equal(again.thumbs, first.thumbs)


def test_the_cache_knows_the_bytes_and_not_the_name(film):
    path, cache = film
    scan_video(open_video(path), cache=cache)
    again = scan_video(open_video(path.rename(path.with_name("moved.mp4"))), cache=cache)
    assert again.name == "moved.mp4"
    assert len(list(cache.iterdir())) == 1


def test_a_damaged_cache_is_scanned_again_and_mended(film):
    path, cache = film
    video = open_video(path)
    first = scan_video(video, cache=cache)
    thumbs = first.thumbs[:]
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2], whole[:200] + bytes(300) + whole[500:]):
        kept.write_bytes(damaged)
        np.testing.assert_array_equal(scan_video(video, cache=cache).thumbs, thumbs)
        assert load_scan(kept).to_dict() == first.to_dict()
        assert [file.name for file in cache.iterdir()] == [kept.name]


def test_whichever_byte_of_a_saved_scan_is_damaged_it_loads_as_it_was_or_is_refused(tmp_path, made):
    scan = scan_video(open_video(made(CLIPS[0])))
    path = save_scan(scan, tmp_path / "scan.zip")
    whole, rng, refused = path.read_bytes(), np.random.default_rng(3), 0
    for place in (*range(120), *range(len(whole) - 700, len(whole), 3), *rng.integers(0, len(whole), 60)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            again = load_scan(path)
        except MediaError:
            refused += 1
            continue
        assert again.to_dict() == scan.to_dict()
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(again, name), getattr(scan, name))
    assert refused > 100


def test_a_scan_of_another_version_is_refused(tmp_path, made):
    path = save_scan(scan_video(open_video(made(CLIPS[0]))), tmp_path / "scan.zip")
    with zipfile.ZipFile(path) as held:
        members = {name: held.read(name) for name in held.namelist()}
    members["meta.json"] = json.dumps(json.loads(members["meta.json"]) | {"version": SCAN_VERSION + 1})
    with zipfile.ZipFile(path, "w") as changed:
        for name, data in members.items():
            changed.writestr(name, data)
    with pytest.raises(MediaError, match="of another version"):
        load_scan(path)


def test_progress_is_told_in_seconds_of_the_film(made):
    told = []
    scan_video(open_video(made(CLIPS[0])), progress=lambda done, total: told.append((done, total)))
    assert told == [(0.96, 2.0), (1.96, 2.0)]


def test_a_scan_shows_what_was_lost_and_escapes_the_name(tmp_path):
    scan = filmed.scanned(filmed.pictures(1, size=(64, 48)), name="<script>\u202e.mp4")
    lost = (Loss(time=None, packets=2, reason="<b>bad</b>"), Loss(time=0.5, packets=1, reason="x"))
    shown = dataclasses.replace(scan, losses=lost)._repr_mimebundle_()
    assert "lost: 2 packets at unknown time: <b>bad</b>; 1 packet at 0:00.500: x" in shown["text/plain"]
    assert "<b>" not in shown["text/html"]
    assert "<script" not in shown["text/html"]
    assert "\u202e" not in shown["text/html"] + shown["text/plain"]


# A first look


def test_triage_holds_the_i_frames_alone_and_says_so(made, tmp_path):
    video = open_video(made(CLIPS[0]))
    whole, first = scan_video(video), triage_video(video, cache=tmp_path)
    keys = np.flatnonzero(whole.frames["key"])
    assert first.frames["pts"].tolist() == whole.frames["pts"][keys].tolist()
    np.testing.assert_array_equal(first.thumbs[:], whole.thumbs[keys])
    assert (first.partial, first.to_dict()["partial"], whole.to_dict()["partial"]) == (True, True, False)
    assert "PARTIAL: I-frames only" in first._repr_mimebundle_()["text/plain"]
    assert len(first.packets) == len(whole.packets)
    assert triage_video(video, cache=tmp_path).partial
    assert not scan_video(video, cache=tmp_path).partial


def test_steps_that_need_every_picture_refuse_a_partial_scan(made):
    first = triage_video(open_video(made(CLIPS[0])))
    for step in (detect_shots, fingerprint):
        with pytest.raises(IncompatibleError, match=r"constant\.mp4 holds I-frames only; scan it in full"):
            step(first)


def test_pictures_that_come_out_of_order_are_kept_in_the_order_shown(tmp_path):
    # A broadcast whose clock is set back: two recordings joined, the later one first.
    parts = [
        filmed.film(tmp_path / f"{start}.ts", filmed.pictures(1, seed=start), pts=[start + i for i in range(25)])
        for start in (50, 0)
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    scan, later, earlier = (scan_video(open_video(path)) for path in (joined, *parts))
    assert len(scan.frames) == 50
    assert (np.diff(scan.frames["pts"]) > 0).all()
    np.testing.assert_array_equal(scan.thumbs[:25], earlier.thumbs[:])
    np.testing.assert_array_equal(scan.thumbs[25:], later.thumbs[:])
    assert scan.still_frames.tolist()[0] == 25


def test_interlaced_and_hdr_pictures_say_what_they_are(tmp_path):
    woven = filmed.film(
        tmp_path / "woven.mp4",
        filmed.pictures(0.4, size=(96, 64)),
        options=filmed.X264 | {"x264-params": "interlaced=1"},
    )
    scan = scan_video(open_video(woven))
    assert (scan.interlaced, len(scan.frames)) == (True, 10)
    assert "interlaced" in scan._repr_mimebundle_()["text/plain"]
    hdr = filmed.film(
        tmp_path / "hdr.mp4",
        filmed.pictures(0.4),
        pixels="yuv420p10le",
        options=filmed.X264 | {"x264-params": "transfer=smpte2084:colorprim=bt2020:colormatrix=bt2020nc"},
    )
    assert scan_video(open_video(hdr)).to_dict()["transfer"] == "smpte2084"


def test_a_scan_without_a_cache_leaves_nothing_behind(made, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scan = scan_video(open_video(made(CLIPS[0])))
    thumbs = scan.thumbs[:]
    del scan
    assert len(thumbs) == 50
    assert list(tmp_path.iterdir()) == []
