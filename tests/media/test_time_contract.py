"""Time: one contract for every kind of file, from the scan to the still. Each picture carries its number.

The films have 50 pictures and a cut. What is asked for by pts must show the number that was filmed for that pts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import filmed
import numpy as np
import pytest

from verikit.errors import MediaError
from verikit.keyframes.picking import pick_keyframes
from verikit.keyframes.saving import save_keyframes
from verikit.keyframes.shots import detect_shots
from verikit.media import decoding
from verikit.media.decoding import ALL_THREADS, DecodingPass, pictures_at
from verikit.media.scanning import scan_video
from verikit.media.video import open_video, opened

COUNT, CUT, SIZE = 50, 28, (128, 72)
ROOT = Path(__file__).parents[2]
CLIPS = ROOT.parent / "shared" / "clips"

SHOWN = filmed.numbered(
    [*filmed.pictures(CUT / 25, size=SIZE), *filmed.pictures((COUNT - CUT) / 25, size=SIZE, seed=8)]
)
# A third of the film crawls, a third runs: half a second and more away from an even pace.
UNEVEN = tuple(int(p) for p in np.cumsum([0, *[40] * 17, *[140, 90, 170] * 5, *[33, 50, 27, 40] * 5])[:COUNT])
OPEN = {**filmed.X264, "bf": "3", "g": "10", "keyint_min": "10", "x264-params": "open-gop=1"}
CLOSED = {**filmed.X264, "g": "12", "keyint_min": "12"}
MILLI, MPEG = Fraction(1, 1000), Fraction(1, 90000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """How a file is made, and what must come of it."""

    name: str
    made: dict = dataclasses.field(default_factory=dict)
    make: object = None
    base: Fraction = Fraction(1, 12800)
    first: int = 0
    step: int = 512
    pts: tuple = ()
    numbers: tuple = tuple(range(COUNT))
    stream: int = 0
    says: dict = dataclasses.field(default_factory=dict)
    lost: int = 0
    rough: float = 9.0
    threads_suffice: bool = True

    def expected(self):
        """The number of the picture at each pts."""
        pts = self.pts or [self.first + self.step * row for row in range(len(self.numbers))]
        return dict(zip(pts, self.numbers, strict=True))


def edited(path, shown, *, hidden):
    """An MP4 whose edit list begins `hidden` pictures into the film."""
    filmed.film(path, shown, options=CLOSED)
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12
    duration, start = struct.unpack_from(">Ii", data, place)
    struct.pack_into(">Ii", data, place, duration - 40 * hidden, start + 512 * hidden)
    path.write_bytes(data)


def covered(path, shown):
    """An MP4 whose first stream is its cover picture."""
    with av.open(str(path), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 256, 144, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        film = out.add_stream("libx264", rate=25, options=filmed.X264)
        film.width, film.height, film.pix_fmt = *SIZE, "yuv420p"
        first = av.VideoFrame.from_ndarray(filmed.scene(0, size=(256, 144)), format="rgb24").reformat(format="yuvj420p")
        out.mux(cover.encode(first))
        out.mux(cover.encode(None))
        filmed._encode(out, film, shown, pixels="yuv420p", pts=None, base=Fraction(1, 25))


def unstamped(path, shown, *, every):
    """A transport stream in which each `every`-th packet of pictures has no time stamps."""
    filmed.film(path, shown)
    data, seen = bytearray(path.read_bytes()), 0
    for start in range(0, len(data), 188):
        # ISO/IEC 13818-1, 2.4.3.2 and 2.4.3.6: payload_unit_start, stream_id of video, PTS_DTS_flags.
        place = data.find(b"\0\0\1\xe0", start, start + 188)
        if data[start + 1] & 0x40 and place >= 0:
            if seen % every == every - 1:
                data[place + 7] &= 0x3F
            seen += 1
    path.write_bytes(data)


def joined(path, shown, *, parts):
    """A transport stream of recordings one after another; `parts` are the first picture, the last and a pts."""
    data = b""
    for first, last, pts in parts:
        part = path.with_suffix(f".{first}.ts")
        filmed.film(part, shown[first:last], pts=[pts + row for row in range(last - first)])
        data += part.read_bytes()
        part.unlink()
    path.write_bytes(data)


def damaged(path, shown, *, rows, container=None):
    """An MP4 with zeros for the packets in `rows`."""
    filmed.film(path, shown, options=CLOSED, container=container)
    packets, data = filmed.packets_of(path), bytearray(path.read_bytes())
    for offset, size, _ in packets[rows]:
        data[offset : offset + size] = bytes(size)
    path.write_bytes(data)


def hidden(path, shown, *, numbers):
    """A WebM of VP8 in which some pictures are references only."""
    filmed.film(path, shown, codec="libvpx", options={"deadline": "realtime", "cpu-used": "8"})
    data = bytearray(path.read_bytes())
    for number, (offset, size, _) in enumerate(filmed.packets_of(path)):
        if number in numbers:
            # RFC 6386, 9.1: show_frame. The frame begins where a block of Matroska has its four bytes of head.
            head = data.index(_first(path, number)[:16], offset, offset + size + 16)
            data[head] &= 0xEF
    path.write_bytes(data)


def _first(path, wanted):
    with av.open(str(path)) as held:
        return next(bytes(packet) for number, packet in enumerate(held.demux(video=0)) if number == wanted)


def doubled(path, shown):
    """A Matroska file in which each two pictures have one time stamp."""
    with av.open(str(path), "w") as out:
        stream = filmed._stream(out, "mjpeg", shown[0], rate=25, pixels="yuvj420p", options={"qmin": "1", "qmax": "3"})
        stream.codec_context.color_range = 2
        for number, picture in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format="yuvj420p", dst_color_range="JPEG")
            frame.pts, frame.time_base, frame.color_range = number, Fraction(1, 25), 2
            for packet in stream.encode(frame):
                packet.pts = packet.dts = number - number % 2
                packet.time_base = Fraction(1, 25)
                out.mux(packet)


def resized(path, shown):
    """A stream that goes on in another size from picture 30 on."""
    data = b""
    for part, size in ((shown[:30], SIZE), (shown[30:], (192, 108))):
        half = path.with_suffix(f".{size[0]}.264")
        filmed.film(half, [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in part])
        data += half.read_bytes()
        half.unlink()
    path.write_bytes(data)


def two_streams(path, shown):
    """An MP4 whose second video track is the one that it says is to be played."""
    filmed.film(path, shown, first=filmed.pictures(1, size=(64, 48), seed=5), tone=1.0)
    data = bytearray(path.read_bytes())
    first = data.index(b"tkhd") + 7
    second = data.index(b"tkhd", first) + 7
    # track_enabled (ISO/IEC 14496-12, 8.3.2).
    data[first] &= 0xFE
    data[second] |= 1
    path.write_bytes(data)


def turned(quarters, *, mirrored):
    """Kind and matrix of a film whose pictures are upright after being mirrored, then turned so often by 90 degrees."""
    matrix = {
        (0, False): (1, 0, 0, 1), (1, False): (0, -1, 1, 0), (2, False): (-1, 0, 0, -1), (3, False): (0, 1, -1, 0),
        (0, True): (-1, 0, 0, 1), (1, True): (0, 1, 1, 0), (2, True): (1, 0, 0, -1), (3, True): (0, -1, -1, 0),
    }[quarters, mirrored]  # fmt: skip
    a, b, c, d = (65536 * value for value in matrix)

    def make(path, shown):
        coded = [np.rot90(picture, -quarters) for picture in shown]
        coded = [np.ascontiguousarray(picture[:, ::-1] if mirrored else picture) for picture in coded]
        filmed.film(path, coded, matrix=(a, b, 0, c, d, 0, 0, 0, 1 << 30))

    return Kind(name=f"{'mirrored_' if mirrored else ''}turned_{90 * quarters}.mp4", make=make)


SOME = tuple(number for number in range(COUNT) if number not in {10, 20, 45})
WITHOUT = (*range(20), 21, *range(24, 50))
KINDS = [
    Kind(name="even.mp4"),
    Kind(name="even.mov"),
    Kind(name="even.mkv", base=MILLI, step=40),
    Kind(name="even.ts", base=MPEG, first=7200, step=3600),
    Kind(name="even.flv", base=MILLI, first=80, step=40),
    Kind(name="even.avi", made={"codec": "mpeg4", "options": {"b": "4000000"}}, base=Fraction(1, 25), step=1),
    Kind(name="b_frames.avi", made={"codec": "mpeg4", "options": {"bf": "2", "b": "4000000"}}, base=Fraction(1, 25),
         first=1, step=1),
    Kind(name="even.webm", made={"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
         base=MILLI, step=40),
    Kind(name="vp9_hidden.webm", made={"codec": "libvpx-vp9", "options": {"deadline": "good", "cpu-used": "5",
         "lag-in-frames": "16", "auto-alt-ref": "1", "b": "400000"}}, base=MILLI, step=40),
    Kind(name="vp8_hidden.webm", make=lambda path, shown: hidden(path, shown, numbers=(10, 20, 45)), base=MILLI,
         pts=tuple(40 * number for number in SOME), numbers=SOME),
    Kind(name="uneven.mp4", made={"pts": UNEVEN, "time_base": MILLI}, base=Fraction(1, 16000),
         pts=tuple(16 * p for p in UNEVEN), says={"vfr": True}),
    Kind(name="uneven.mkv", made={"pts": UNEVEN, "time_base": MILLI}, base=MILLI, pts=UNEVEN, says={"vfr": True}),
    Kind(name="three_b.mkv", made={"options": {**filmed.X264, "bf": "3", "b_pyramid": "2"}}, base=MILLI, step=40),
    Kind(name="open_gop.mp4", made={"options": OPEN}),
    Kind(name="open_gop.ts", made={"options": OPEN}, base=MPEG, first=7200, step=3600),
    Kind(name="negative_offsets.mp4", made={"container": {"movflags": "+negative_cts_offsets"}}),
    Kind(name="late.mp4", made={"pts": [37 + i for i in range(COUNT)]}, first=37 * 512),
    Kind(name="begins_mid_gop.mp4", make=lambda path, shown: edited(path, shown, hidden=7), numbers=tuple(range(7, COUNT)),
         says={"discarded": 7}),
    Kind(name="begins_in_second_gop.mp4", make=lambda path, shown: edited(path, shown, hidden=15),
         numbers=tuple(range(15, COUNT)), says={}),
    *(turned(quarters, mirrored=mirrored) for quarters in range(4) for mirrored in (False, True)),
    Kind(name="two_streams.mp4", make=two_streams, stream=1),
    Kind(name="cover.mp4", make=covered),
    Kind(name="bare.264", base=Fraction(1, 1200000), step=48000, says={"estimated_pts": COUNT}),
    Kind(name="resized.264", make=resized, base=Fraction(1, 1200000), step=48000,
         says={"estimated_pts": COUNT, "width": 128, "height": 72}),
    Kind(name="unstamped.ts", make=lambda path, shown: unstamped(path, shown, every=1), base=MPEG, step=3600),
    Kind(name="half_stamped.ts", make=lambda path, shown: unstamped(path, shown, every=2), base=MPEG, first=7200,
         step=3600),
    Kind(name="wraps.ts", made={"pts": [2**33 - 90000 + 3600 * i for i in range(COUNT)], "time_base": MPEG}, base=MPEG,
         first=-90000, step=3600),
    Kind(name="set_back.ts", make=lambda path, shown: joined(path, shown, parts=((25, 50, 50), (0, 25, 0))), base=MPEG,
         pts=(*(7200 + 3600 * i for i in range(25)), *(3600 * i for i in range(50, 75)))),
    Kind(name="with_a_gap.ts", make=lambda path, shown: joined(path, shown, parts=((0, 25, 0), (25, 50, 250))),
         base=MPEG, pts=(*(7200 + 3600 * i for i in range(25)), *(3600 * i for i in range(250, 275))),
         says={}),
    Kind(name="begins_anew.ts", make=lambda path, shown: joined(path, shown, parts=((0, 35, 0), (35, 50, 0))), base=MPEG,
         first=7200, step=3600),
    Kind(name="doubled.mkv", make=doubled, base=MILLI, pts=tuple(40 * row + row % 2 - 40 * (row % 2) for row in range(COUNT)),
         says={"estimated_pts": COUNT // 2}),
    Kind(name="damaged.mp4", make=lambda path, shown: damaged(path, shown, rows=slice(21, 24)), numbers=WITHOUT,
         pts=tuple(512 * number for number in WITHOUT), lost=3),
    Kind(name="fragments.mp4", made={"container": {"movflags": "frag_keyframe+empty_moov"}, "options": CLOSED}, first=1024),
    Kind(name="interlaced.mp4", made={"options": filmed.X264 | {"x264-params": "interlaced=1"}}, says={"interlaced": True}),
    Kind(name="fields.mpg", made={"codec": "mpeg2video", "options": {"flags": "+ildct+ilme", "b": "4000000"}}, base=MPEG,
         first=48600, step=3600),
    Kind(name="ten_bit.mp4", made={"pixels": "yuv420p10le"}),
    Kind(name="one.mp4", make=lambda path, shown: filmed.film(path, shown[:1]), numbers=(0,)),
]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Each kind's video and its scan, made once."""
    folder, kept = tmp_path_factory.mktemp("time"), {}

    def of(kind):
        if kind.name not in kept:
            path = folder / kind.name
            kind.make(path, SHOWN) if kind.make else filmed.film(path, SHOWN, **kind.made)
            video = open_video(path)
            kept[kind.name] = video, scan_video(video)
        return kept[kind.name]

    return of


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def case(request, files):
    return request.param, *files(request.param)


def test_pts_time_base_and_stream_are_exact_and_times_begin_at_zero(case):
    kind, _, scan = case
    pts = list(kind.expected())
    assert (scan.stream, scan.time_base) == (kind.stream, kind.base)
    assert scan.frames["pts"].tolist() == pts
    assert scan.times == pytest.approx([float((p - pts[0]) * kind.base) for p in pts], abs=1e-9)
    told = scan.to_dict()
    assert {word: told[word] for word in kind.says} == kind.says
    assert (scan.undecodable, told["corrupt"]) == (kind.lost, 0)


def test_the_small_picture_of_each_row_is_the_one_filmed_for_its_pts(case):
    kind, _, scan = case
    assert [filmed.number_of(thumb) for thumb in scan.thumbs[:]] == list(kind.numbers)
    truth = filmed.small([SHOWN[number] for number in kind.numbers]).astype(int)
    assert np.abs(scan.thumbs[:] - truth).mean() < kind.rough


def test_the_cut_is_at_the_exact_pts_of_its_first_picture(case):
    kind, _, scan = case
    shots = detect_shots(scan)
    starts = [0, *([CUT] if CUT in kind.numbers else [])]
    at = {number: pts for pts, number in kind.expected().items()}
    assert [shot.start_pts for shot in shots] == [at[max(number, kind.numbers[0])] for number in starts]
    assert {(shot.stream, shot.time_base) for shot in shots} == {(kind.stream, kind.base)}
    assert all(shot.end_pts == after.start_pts for shot, after in itertools.pairwise(shots))
    begin = min(at.values())
    assert [shot.start for shot in shots] == pytest.approx([float((s.start_pts - begin) * kind.base) for s in shots])


def test_keyframes_are_pictures_of_the_file_on_both_sides_of_the_cut(case):
    kind, video, scan = case
    shots = detect_shots(scan)
    keyframes = pick_keyframes(scan, shots)
    expected = kind.expected()
    assert {keyframe.shot for keyframe in keyframes} == set(range(len(shots)))
    assert {(keyframe.stream, keyframe.time_base) for keyframe in keyframes} == {(kind.stream, kind.base)}
    for keyframe in keyframes:
        assert (expected[keyframe.pts] >= CUT) == (keyframe.shot == 1)
        assert keyframe.time == pytest.approx(float((keyframe.pts - min(expected)) * kind.base))
    for pts, picture in pictures_at(video, [keyframe.pts for keyframe in keyframes]):
        assert filmed.number_of(picture) == expected[pts]


def test_a_still_shows_what_was_filmed_for_its_pts_whatever_the_order_of_asking(case):
    kind, video, _ = case
    expected = kind.expected()
    asked = list(expected)
    asked = np.random.default_rng(7).permutation(asked).tolist()
    for some in (asked, asked[::7], *([pts] for pts in asked[:3])):
        found = list(pictures_at(video, some))
        assert [pts for pts, _ in found] == sorted(some)
        assert [filmed.number_of(picture) for _, picture in found] == [expected[pts] for pts, _ in found]
        for pts, picture in found[:: len(found) // 3 or 1]:
            truth = SHOWN[expected[pts]]
            seen = cv2.resize(picture, truth.shape[1::-1], interpolation=cv2.INTER_AREA)
            assert np.abs(seen.astype(int) - truth).mean() < 12


def test_a_second_run_finds_the_same(case):
    _, video, scan = case
    again = scan_video(video)
    assert again.to_dict() == scan.to_dict()
    np.testing.assert_array_equal(again.frames, scan.frames)
    np.testing.assert_array_equal(again.thumbs, scan.thumbs)


def test_a_pts_between_two_pictures_is_named(case):
    kind, video, _ = case
    pts = list(kind.expected())
    missing = pts[-1] + 1
    with pytest.raises(MediaError, match=f"holds no picture with pts {missing};"):
        list(pictures_at(video, [pts[0], missing]))


# How much is decoded for a still


@pytest.fixture(scope="module")
def long_films(tmp_path_factory):
    """Ten seconds with a key picture each second."""
    folder, shown = tmp_path_factory.mktemp("long"), filmed.numbered(filmed.pictures(10, size=(64, 48)))
    mpeg4 = {"codec": "mpeg4", "options": {"g": "25", "bf": "2", "b": "2000000", "sc_threshold": "1000000000"}}

    def film(name):
        path = folder / name
        return open_video(path if path.exists() else filmed.film(path, shown, **(mpeg4 if ".avi" in name else {})))

    return film


@pytest.fixture
def decoded(monkeypatch):
    """How many pictures each pass gave, in turn."""
    counts = []

    class Counted(DecodingPass):
        def pictures(self, packets=None):
            counts.append(0)
            for picture in super().pictures(packets):
                counts[-1] += 1
                yield picture

    monkeypatch.setattr(decoding, "DecodingPass", Counted)
    return counts


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv", "long.ts", "long.flv", "long.avi"])
def test_no_more_than_a_gop_is_decoded_for_a_still_and_each_picture_once_for_all(long_films, decoded, name):
    video = long_films(name)
    with opened(video) as container:
        every = sorted(picture.pts for picture in DecodingPass(container, video).pictures())
    for row in (0, 24, 25, 26, 130, 199, 249):
        decoded.clear()
        ((_, picture),) = pictures_at(video, [every[row]])
        assert filmed.number_of(picture) == row
        # FFmpeg goes one GOP further back than it must for the last one of an MP4. After a seek in an AVI it counts
        # anew, which is noticed; the still is then read from the start.
        assert sum(decoded) <= (row + 3 if name == "long.avi" else 50 if row == 249 else 27)
    for some in (every, every[::3], every[::10], every[::30]):
        decoded.clear()
        assert len(list(pictures_at(video, some))) == len(some)
        assert sum(decoded) <= (2 if name == "long.avi" else 1) * len(every) + 27
    if name == "long.avi":
        return
    # A far one does not pay for what lies between.
    decoded.clear()
    assert len(list(pictures_at(video, [every[3], every[180]]))) == 2
    assert sum(decoded) <= 2 * 27


def test_where_no_seek_is_sure_all_that_is_left_is_read_in_one_more_pass(files, decoded):
    kind = next(kind for kind in KINDS if kind.name == "damaged.mp4")
    video, _ = files(kind)
    decoded.clear()
    assert len(list(pictures_at(video, list(kind.expected())))) == len(kind.expected())
    assert sum(decoded) <= 2 * COUNT


# What cannot be had


def fragmented(path, *, lost, cut=None):
    """A fragmented MP4 of GOPs of 12, one after its `moof` is spoilt by zeros, or `cut` within it."""
    filmed.film(path, SHOWN, options=CLOSED, container={"movflags": "frag_keyframe+empty_moov"})
    data = bytearray(path.read_bytes())
    place = 0
    for _ in range(lost + 1):
        place = data.index(b"moof", place + 4)
    data[place + 16 : place + 90] = bytes(74)
    path.write_bytes(data[: place + 40] if cut else data)
    return open_video(path)


def test_a_fragment_that_gives_no_packet_is_told_and_the_others_are_exact(tmp_path):
    video = fragmented(tmp_path / "spoilt.mp4", lost=2)
    scan = scan_video(video)
    numbers = [*range(24), *range(36, 50)]
    assert [filmed.number_of(thumb) for thumb in scan.thumbs[:]] == numbers
    assert scan.frames["pts"].tolist() == [1024 + 512 * number for number in numbers]
    assert len(scan.losses) == 1
    assert "no packet can be read from the fragment at bytes" in scan.losses[0].reason
    for pts, picture in pictures_at(video, scan.frames["pts"][::5].tolist()):
        assert filmed.number_of(picture) == (pts - 1024) // 512


def test_fragments_cut_short_are_told(tmp_path):
    scan = scan_video(fragmented(tmp_path / "cut.mp4", lost=3, cut=True))
    assert [filmed.number_of(thumb) for thumb in scan.thumbs[:]] == list(range(36))
    assert ["no whole box from byte" in loss.reason for loss in scan.losses] == [True]


# Through to the files, and real films


@pytest.mark.parametrize("name", ["uneven.mp4", "mirrored_turned_90.mp4", "late.mp4", "begins_mid_gop.mp4"])
def test_saved_stills_show_the_numbers_of_their_keyframes(files, tmp_path, name):
    kind = next(kind for kind in KINDS if kind.name == name)
    video, scan = files(kind)
    for saved in save_keyframes(video, pick_keyframes(scan, detect_shots(scan)), folder=tmp_path):
        picture = cv2.cvtColor(cv2.imread(str(tmp_path / saved.file)), cv2.COLOR_BGR2RGB)
        assert filmed.number_of(picture) == kind.expected()[saved.keyframe.pts]


def test_an_even_pace_would_be_wrong_by_half_a_second():
    rate = (COUNT - 1) / UNEVEN[-1]
    assert max(abs(row / rate - pts) for row, pts in enumerate(UNEVEN)) > 500
    assert max(abs(row * 40 - pts) for row, pts in enumerate(UNEVEN)) > 500


def test_packets_that_show_nothing_are_known_and_the_file_is_read_once(files):
    for name in ("vp8_hidden.webm", "vp9_hidden.webm", "interlaced.mp4", "fields.mpg", "begins_mid_gop.mp4"):
        video, scan = files(next(kind for kind in KINDS if kind.name == name))
        with opened(video) as container:
            reading = DecodingPass(container, video, threads=ALL_THREADS)
            assert sum(1 for _ in reading.pictures()) == len(scan.frames)
        assert reading.whole
    hidden = files(next(kind for kind in KINDS if kind.name == "vp8_hidden.webm"))[1]
    assert len(hidden.packets) > len(hidden.frames)


@pytest.mark.parametrize(
    "name",
    [
        "shots/real_posvideo_vfr.mp4",
        "shots/delayed_start.mp4",
        "shots/corrupted.mp4",
        "shots/video_90.mov",
        "metadata/torchcodec__nasa_13013.mp4",
        "metadata/file-type__fixture-raw.mts",
        "metadata/interactive-examples__stream-of-water.webm",
        "metadata/mmaction2__test.avi",
    ],
)
def test_times_of_real_films_are_those_of_a_plain_loop_over_packets(name):
    path = CLIPS / name
    if not path.exists():
        pytest.skip("the real clips are not beside the checkout")
    video = open_video(path)
    scan = scan_video(video)
    plain = []
    with av.open(str(path)) as held:
        stream = held.streams[scan.stream]
        for packet in held.demux(stream):
            with contextlib.suppress(av.FFmpegError):
                plain += [
                    (frame.pts, frame.to_ndarray(format="gray", width=64, height=36, interpolation="AREA").mean())
                    for frame in packet.decode()
                ]
        base, rate = stream.time_base, stream.average_rate
    plain.sort(key=lambda picture: picture[0])
    assert scan.frames["pts"].tolist() == [pts for pts, _ in plain]
    assert scan.times == pytest.approx([float((pts - plain[0][0]) * base) for pts, _ in plain], abs=1e-9)
    luma = np.array([level for _, level in plain])
    # The very pictures: their brightness, to a level or two.
    assert np.abs(luma - scan.frames["luma"]).max() < 4
    asked = scan.frames["pts"][:: len(scan.frames) // 3].tolist()
    assert [pts for pts, _ in pictures_at(video, asked)] == asked
    if "vfr" in name:
        # Where the index over the rate is off by half a second.
        even = np.arange(len(plain)) / float(rate)
        assert np.abs(even - scan.times).max() > 0.5
        assert scan.vfr
