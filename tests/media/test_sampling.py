"""What is kept of each picture does not depend on how it was coded: range, depth, colour layout, size."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import filmed
import numpy as np
import pytest

from verikit.media.decoding import DecodingPass
from verikit.media.sampling import STILL_LONG_SIDE, Sampler
from verikit.media.video import open_video, opened


def sampled(path):
    """The samples of a film's pictures."""
    video, sampler = open_video(path), Sampler()
    with opened(video) as container:
        return [sampler.take(picture) for picture in DecodingPass(container, video).pictures()]


def thumbs_of(path):
    return np.stack([sample.thumb for sample in sampled(path)])


def stills_of(path):
    """The rows that have a still, and the stills."""
    return {row: sample.still for row, sample in enumerate(sampled(path)) if sample.still is not None}


def luma(shown):
    """BT.601 luma of RGB pictures, full range, as thumbnails."""
    weights = np.array([0.299, 0.587, 0.114])
    return np.stack([cv2.resize(p.astype(float) @ weights, (64, 36), interpolation=cv2.INTER_AREA) for p in shown])


LOSSLESS = {"preset": "ultrafast", "qp": "0"}
LAYOUTS = {
    "limited.mp4": {},
    "full.mp4": {"full_range": True},
    "ten_bit.mp4": {"pixels": "yuv420p10le"},
    "ten_bit_full.mp4": {"pixels": "yuv420p10le", "full_range": True},
    "no_subsampling.mp4": {"pixels": "yuv444p", "options": LOSSLESS},
    "half_subsampling.mp4": {"pixels": "yuv422p"},
    "grey_full.mp4": {"pixels": "gray", "full_range": True},
    "grey.mkv": {"codec": "ffv1", "pixels": "gray"},
    "rgb.mkv": {"codec": "ffv1", "pixels": "bgr0"},
    "rgb.mov": {"codec": "png", "pixels": "rgb24"},
    "rgb.mp4": {"codec": "libx264rgb", "pixels": "rgb24", "options": LOSSLESS},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_thumbnails_are_the_full_range_luma_of_the_picture_however_it_was_coded(tmp_path, name):
    shown = filmed.pictures(0.4)
    thumbs = thumbs_of(filmed.film(tmp_path / name, shown, **LAYOUTS[name]))
    assert thumbs.shape == (10, 36, 64)
    off = thumbs - luma(shown)
    # Codec noise, and rounding to 219 levels; a forgotten range would be off by 7 % of the contrast, over 3 on average.
    assert np.abs(off).mean() < 2.5
    assert abs(off.mean()) < 1
    assert thumbs.std() == pytest.approx(luma(shown).std(), rel=0.02)


def test_chroma_tells_colours_apart(tmp_path):
    for name, colour, blue, red in (
        ("b", (0, 0, 255), 240, 110),
        ("r", (255, 0, 0), 90, 240),
        ("g", (9, 9, 9), 128, 128),
    ):
        plain = np.full((72, 128, 3), colour, np.uint8)
        chroma = np.stack([s.chroma for s in sampled(filmed.film(tmp_path / f"{name}.mp4", [plain] * 2))])
        assert chroma.shape == (2, 2, 9, 16)
        assert chroma[:, 0].mean() == pytest.approx(blue, abs=3)
        assert chroma[:, 1].mean() == pytest.approx(red, abs=3)


def test_a_blurred_picture_is_less_sharp_and_a_still_one_changes_less(tmp_path):
    scene = filmed.scene(0.0, size=(320, 180))
    blurred = cv2.GaussianBlur(scene, (0, 0), 4)
    cut = filmed.scene(0.0, size=(320, 180), seed=7)
    rows = [s.row for s in sampled(filmed.film(tmp_path / "sharp.mp4", [scene, scene, blurred, cut]))]
    sharpness, change, motion = ([row[i] for row in rows] for i in (6, 7, 8))
    assert sharpness[0] > 5 * sharpness[2]
    assert change[0] == 0
    assert change[1] < 1
    assert change[3] > 15
    assert motion[1] < 1
    assert motion[3] > 15


def test_a_change_of_light_is_change_and_hardly_motion(tmp_path):
    scene = (filmed.scene(0.0, size=(320, 180)) * 0.6).astype(np.uint8)
    row = sampled(filmed.film(tmp_path / "light.mp4", [scene, scene + 60]))[1].row
    assert row[7] > 50
    assert row[8] < 4


def test_sharpness_is_the_mean_square_of_the_laplacian_over_four_neighbours(tmp_path):
    path = filmed.film(tmp_path / "one.mp4", [filmed.scene(0.0, size=(320, 180))], full_range=True)
    with av.open(str(path)) as held:
        plane = next(held.decode(video=0)).to_ndarray(format="gray")
    assert sampled(path)[0].row[6] == pytest.approx((cv2.Laplacian(plane, cv2.CV_64F) ** 2).mean(), rel=1e-5)


def test_sharpness_of_large_pictures_is_that_of_second_differences_down_and_across(tmp_path):
    path = filmed.film(tmp_path / "one.mp4", [filmed.scene(0.0, size=(1280, 720))], full_range=True)
    with av.open(str(path)) as held:
        plane = next(held.decode(video=0)).to_ndarray(format="gray").astype(np.float64)
    above, row, below = plane[:-2:5], plane[1:-1:5], plane[2::5]
    down, across = above + below - 2 * row, row[:, :-2] + row[:, 2:] - 2 * row[:, 1:-1]
    wanted = 5 / 3 * ((down**2).mean() + (across**2).mean())
    # Means are taken in 8 bits.
    assert sampled(path)[0].row[6] == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("height", [480, 720])
def test_sharpness_ranks_large_pictures_as_the_laplacian_of_all_their_rows_does(tmp_path, height):
    large = filmed.scene(0.0, size=(height * 4 // 3, height))
    blurs = [large, *(cv2.GaussianBlur(large, (0, 0), sigma) for sigma in (0.5, 0.8, 1.2, 2, 4))]
    shown = [blurs[i] for i in (3, 0, 5, 2, 4, 1)]
    made = [sample.row[6] for sample in sampled(filmed.film(tmp_path / "blurs.mp4", shown))]
    assert np.argsort(made).tolist() == [2, 4, 0, 3, 5, 1]


def test_detail_that_comes_into_a_large_picture_raises_its_sharpness_wherever_it_is(tmp_path):
    plain = np.full((720, 960, 3), 90, np.uint8)
    places = [(120 * row + 15, 240 * column + 60) for row in range(6) for column in range(4)]
    shown = [plain]
    for top, left in places:
        shown.append(plain.copy())
        shown[-1][top : top + 30, left : left + 90] = filmed.scene(0.0, size=(90, 30))
    made = [sample.row[6] for sample in sampled(filmed.film(tmp_path / "detail.mp4", shown))]
    assert min(made[1:]) > 3 * made[0] + 1


def test_stills_are_the_first_picture_of_each_second_and_at_most_480_long(tmp_path):
    shown = filmed.pictures(2.4, rate=10, size=(640, 360))
    made = stills_of(filmed.film(tmp_path / "stills.mp4", shown, rate=10))
    assert list(made) == [0, 10, 20]
    for row, data in made.items():
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (270, STILL_LONG_SIDE, 3)
        wanted = cv2.resize(shown[row], (480, 270), interpolation=cv2.INTER_AREA)[:, :, ::-1]
        assert np.abs(image.astype(int) - wanted).mean() < 6


def test_a_gap_in_the_film_leaves_a_gap_in_the_stills(tmp_path):
    seconds = [0, 0.4, 0.8, 3.5, 3.9, 4.2]
    pts = [round(1000 * second) for second in seconds]
    path = filmed.film(tmp_path / "gap.mp4", filmed.pictures(0.24)[:6], pts=pts, time_base=Fraction(1, 1000))
    assert list(stills_of(path)) == [0, 3, 5]


def test_size_and_turn_are_those_of_the_upright_picture_with_square_pixels(tmp_path):
    shown = filmed.pictures(0.2, size=(64, 48))
    video, made = open_video(filmed.film(tmp_path / "turned.mp4", shown, turn=90, aspect=Fraction(3, 2))), Sampler()
    with opened(video) as container:
        samples = [made.take(picture) for picture in DecodingPass(container, video).pictures()]
    assert (made.width, made.height, made.turn, made.pixel_format) == (48, 96, 90, "yuv420p")
    assert (made.count, len(samples)) == (5, 5)
    assert made.seconds == pytest.approx(0.16)


@pytest.mark.parametrize("size", [(16, 16), (16, 240), (500, 16)])
def test_odd_shapes_are_squeezed_like_any_other(tmp_path, size):
    made = sampled(filmed.film(tmp_path / "odd.mp4", filmed.pictures(0.12, size=size)))
    assert {sample.thumb.shape for sample in made} == {(36, 64)}
    assert cv2.imdecode(np.frombuffer(made[0].still, np.uint8), cv2.IMREAD_COLOR).shape[:2][::-1] == (
        size if max(size) <= 480 else (480, 15)
    )
