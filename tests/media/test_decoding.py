"""Decoding: every picture by its exact pts, the same pixels whichever way it is reached, damage named where it is."""

from __future__ import annotations

import struct
from fractions import Fraction

import filmed
import numpy as np
import pytest

from verikit.errors import MediaError
from verikit.media.decoding import ALL_THREADS, MOST_ASPECT, ONE_THREAD, DecodingPass, pictures_at, square_size, upright
from verikit.media.video import open_video, opened

SIZE = (64, 48)
OPEN_GOP = {**filmed.X264, "bf": "3", "x264-params": "open-gop=1"}
MPEG4 = {"bf": "2", "b": "4000000", "g": "12"}
VP9 = {"deadline": "realtime", "cpu-used": "8", "g": "25"}
CLIPS = {
    "b_frames.mp4": {},
    "open_gop.mp4": {"options": OPEN_GOP},
    "open_gop.ts": {"options": OPEN_GOP},
    "late.mp4": {"pts": [37 + i for i in range(75)]},
    "vfr.mp4": {"pts": [i * 40 + (i % 3) * 7 for i in range(75)], "time_base": Fraction(1, 1000)},
    "packed.avi": {"codec": "mpeg4", "options": MPEG4},
    "vp9.webm": {"codec": "libvpx-vp9", "options": VP9},
    "no_pts.264": {},
}


def by_pass(video, **choices):
    """Every picture of one pass, by pts, and the pass."""
    with opened(video) as container:
        reading = DecodingPass(container, video, **choices)
        return {picture.pts: picture.rgb() for picture in reading.pictures()}, reading


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The clips by name; each is made when it is first asked for."""
    folder, shown = tmp_path_factory.mktemp("decoding"), filmed.pictures(3, size=SIZE)

    def clip(name):
        path = folder / name
        return open_video(path if path.exists() else filmed.film(path, shown, **CLIPS[name]))

    return clip


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A clip whose packets 40 to 44 of 75 are zeros, and the pts of those packets in file order."""
    path = filmed.film(tmp_path_factory.mktemp("damaged") / "damaged.mp4", filmed.pictures(3, size=SIZE))
    packets, data = filmed.packets_of(path)[40:45], bytearray(path.read_bytes())
    for offset, size, _ in packets:
        data[offset : offset + size] = bytes(size)
    path.write_bytes(data)
    return open_video(path), [pts for _, _, pts in packets]


@pytest.mark.parametrize("name", CLIPS)
def test_a_picture_fetched_alone_has_the_pixels_of_the_whole_pass(made, name):
    video = made(name)
    every, _ = by_pass(video)
    assert len(every) == 75
    for pts in list(every)[::4]:
        ((found, picture),) = pictures_at(video, [pts])
        assert found == pts
        np.testing.assert_array_equal(picture, every[pts])


def test_pictures_come_in_ascending_order_each_once_whatever_order_is_asked_for(made):
    video = made("open_gop.mp4")
    every, _ = by_pass(video)
    asked = [sorted(every)[row] for row in (70, 3, 40, 3, 41, 0, 70)]
    found = list(pictures_at(video, asked))
    assert [pts for pts, _ in found] == sorted(set(asked))
    for pts, picture in found:
        np.testing.assert_array_equal(picture, every[pts])
    assert list(pictures_at(video, [])) == []


@pytest.mark.parametrize("name", ["b_frames.mp4", "no_pts.264"])
def test_a_pts_that_the_file_does_not_hold_is_named(made, name):
    video = made(name)
    held = sorted(by_pass(video)[0])
    for missing in (held[10] + 1, held[-1] + 10**6, held[0] - 10**6):
        asked = pictures_at(video, [held[0], held[5], held[20], missing])
        with pytest.raises(MediaError, match=f"holds no picture with pts {missing};"):
            list(asked)


def test_pictures_before_a_missing_one_are_still_given(made):
    asked = pictures_at(made("b_frames.mp4"), [512, 0, 513])
    assert [next(asked)[0], next(asked)[0]] == [0, 512]
    with pytest.raises(MediaError, match="pts 513;"):
        next(asked)


def test_pictures_that_an_edit_list_hides_are_not_shown_and_the_others_keep_their_pixels(tmp_path):
    path = filmed.film(tmp_path / "cut.mp4", filmed.pictures(2, size=SIZE))
    every, _ = by_pass(open_video(path))
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12
    duration, start = struct.unpack_from(">Ii", data, place)
    # Ten pictures later: 512 ticks of the track, 40 ms of the film.
    struct.pack_into(">Ii", data, place, duration - 400, start + 5120)
    path.write_bytes(data)
    video = open_video(path)
    shown, reading = by_pass(video)
    assert reading.packets.rows()["discard"].sum() == 10
    assert sorted(shown) == [512 * i for i in range(40)]
    for pts, picture in pictures_at(video, list(shown)):
        np.testing.assert_array_equal(picture, every[pts + 5120])


def test_packets_are_listed_with_pts_size_and_key(made):
    video = made("b_frames.mp4")
    _, reading = by_pass(video)
    rows = reading.packets.rows()
    assert list(zip(rows["size"], rows["pts"], strict=True)) == [(n, p) for _, n, p in filmed.packets_of(video.path)]
    assert rows["pts"][rows["key"]].tolist() == [0, 12800, 25600]
    assert reading.whole
    assert (reading.faults, reading.ended, reading.estimated, reading.declared_rate) == ([], None, 0, 25.0)


def test_pictures_know_their_type(made):
    video = made("b_frames.mp4")
    with opened(video) as container:
        kinds = [(p.type, p.key) for p in DecodingPass(container, video).pictures()]
    assert {"I", "P", "B"} == {kind for kind, _ in kinds}
    assert [row for row, (_, key) in enumerate(kinds) if key] == [0, 25, 50]


def test_a_stream_without_pts_is_given_them_by_its_declared_rate_and_they_are_counted(made):
    every, reading = by_pass(made("no_pts.264"))
    step = round(1 / (25 * reading.time_base))
    assert sorted(every) == [step * i for i in range(75)]
    assert reading.estimated == 75


def test_where_joined_recordings_begin_anew_time_is_counted_on_and_the_place_is_told(tmp_path):
    shown = filmed.pictures(3, size=SIZE)
    parts = [filmed.film(tmp_path / f"{row}.ts", shown[row : row + 40]) for row in (0, 35)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    every, reading = by_pass(open_video(joined))
    assert list(every) == [7200 + 3600 * row for row in range(80)]
    assert reading.joints == (7200 + 3600 * 40,)
    alone, _ = by_pass(open_video(parts[1]))
    for pts, picture in pictures_at(open_video(joined), list(every)[41::6]):
        np.testing.assert_array_equal(picture, alone[pts - 3600 * 40])


def test_each_damaged_packet_is_located_and_the_rest_is_decoded(damaged):
    video, lost = damaged
    every, reading = by_pass(video)
    assert [fault.pts for fault in reading.faults] == lost
    assert all(fault.reason for fault in reading.faults)
    assert sorted(every) == sorted(set(range(0, 75 * 512, 512)) - set(lost))
    assert not reading.whole


def test_threads_say_at_least_that_a_file_is_damaged(damaged, made):
    video, _ = damaged
    assert not by_pass(video, threads=ALL_THREADS)[1].whole
    assert by_pass(made("b_frames.mp4"), threads=ALL_THREADS)[1].whole


def test_threads_change_no_pixel_of_a_whole_file(made):
    video = made("open_gop.mp4")
    one, all_of_them = (by_pass(video, threads=threads)[0] for threads in (ONE_THREAD, ALL_THREADS))
    assert list(one) == list(all_of_them)
    for pts, picture in one.items():
        np.testing.assert_array_equal(all_of_them[pts], picture)


def test_pictures_of_a_damaged_film_are_those_of_the_scan(damaged):
    video, lost = damaged
    every, _ = by_pass(video)
    for pts in sorted(every)[35:60:3]:
        ((_, picture),) = pictures_at(video, [pts])
        np.testing.assert_array_equal(picture, every[pts])
    with pytest.raises(MediaError, match=f"pts {lost[0]};"):
        list(pictures_at(video, [lost[0]]))


def test_a_file_that_ends_early_gives_what_is_there(tmp_path):
    path = filmed.film(tmp_path / "cut.mkv", filmed.pictures(2, size=SIZE), codec="ffv1")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    every, _ = by_pass(open_video(path))
    assert 20 < len(every) < 35
    assert sorted(every) == [40 * i for i in range(len(every))]


@pytest.mark.parametrize("turn", [0, 90, 180, 270, -90])
def test_pictures_are_upright(tmp_path, turn):
    """The camera was held turned: its picture is upright after so many quarters counter-clockwise."""
    scene = filmed.scene(0.0, size=SIZE)
    path = filmed.film(tmp_path / "turned.mp4", [np.rot90(scene, -turn // 90).copy()] * 3, turn=turn)
    ((_, picture),) = pictures_at(open_video(path), [0])
    assert picture.shape == scene.shape
    # The colours of a noisy paper at half resolution; turned otherwise the pictures differ by over 40.
    assert np.abs(picture.astype(int) - scene).mean() < 12


def test_the_matrix_of_a_phone_held_upright_turns_the_picture_clockwise(tmp_path):
    """QuickTime's matrix (0, 1, -1, 0) sends what was right to below: x' = -y, y' = x."""
    path = filmed.film(tmp_path / "phone.mp4", [filmed.scene(0.0, size=SIZE)] * 3)
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    assert struct.unpack_from(">i", data, place) == (65536,)
    struct.pack_into(">iiiiiiiii", data, place, 0, 65536, 0, -65536, 0, 0, 48 << 16, 0, 1 << 30)
    path.write_bytes(data)
    ((_, picture),) = pictures_at(open_video(path), [0])
    clockwise = np.rot90(filmed.scene(0.0, size=SIZE), -1)
    assert np.abs(picture.astype(int) - clockwise).mean() < 12


@pytest.mark.parametrize(
    ("aspect", "shape"), [(Fraction(2), (48, 128)), (Fraction(1, 2), (96, 64)), (Fraction(16, 15), (48, 68))]
)
def test_pictures_have_square_pixels_and_nothing_coded_is_thrown_away(tmp_path, aspect, shape):
    path = filmed.film(tmp_path / "wide.mp4", [filmed.scene(0.0, size=SIZE)] * 2, aspect=aspect)
    ((_, picture),) = pictures_at(open_video(path), [0])
    assert picture.shape == (*shape, 3)
    ((_, picture),) = pictures_at(open_video(path), [0], long_side=32)
    assert max(picture.shape) == 32


def test_an_absurd_pixel_shape_asks_for_no_absurd_picture(tmp_path):
    path = filmed.film(tmp_path / "absurd.mp4", [filmed.scene(0.0, size=SIZE)] * 2, aspect=Fraction(20, 1))
    video = open_video(path)
    with opened(video) as container:
        assert container.streams.video[0].sample_aspect_ratio > MOST_ASPECT
    ((_, picture),) = pictures_at(video, [0])
    assert picture.shape == (48, 64, 3)


@pytest.mark.parametrize(("claimed", "held"), [(800, 1), (8200, 0)])
def test_a_picture_that_claims_over_64_million_pixels_is_not_decoded(tmp_path, claimed, held):
    path = tmp_path / "claims.mkv"
    filmed.film(path, [filmed.scene(0.0, size=SIZE)], codec="mjpeg", pixels="yuvj420p", full_range=True)
    data = bytearray(path.read_bytes())
    # Start of frame: marker, length, bits, height, width (ITU-T T.81, B.2.2).
    struct.pack_into(">HH", data, data.index(b"\xff\xc0\x00\x11") + 5, claimed, claimed)
    path.write_bytes(data)
    every, reading = by_pass(open_video(path))
    assert len(every) == held
    assert len(reading.faults) == 1 - held


def test_a_small_picture_is_not_enlarged(made):
    ((_, picture),) = pictures_at(made("b_frames.mp4"), [0], long_side=480)
    assert picture.shape == (48, 64, 3)


def test_sides_and_turns_are_plain_arithmetic():
    assert square_size(100, 50, Fraction(3, 2)) == (150, 50)
    assert square_size(100, 50, Fraction(1, 2)) == (100, 100)
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert upright(array, 0) is array
    np.testing.assert_array_equal(upright(array, 90), [[2, 5], [1, 4], [0, 3]])
    np.testing.assert_array_equal(upright(array, -90), upright(array, 270))
    np.testing.assert_array_equal(upright(array, 2), array)
