"""Stills are the exact pictures of their pts, the same bytes every time, and carry the hashes of what they show."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from known_scenes import dissolve, encode, fade, scene

from verikit._files import sha256_file
from verikit.errors import MediaError
from verikit.keyframes.picking import Keyframe, pick_keyframes
from verikit.keyframes.saving import SavedKeyframe, save_keyframes
from verikit.keyframes.shots import detect_shots
from verikit.media.hashing import PDQ, DHash, PHash
from verikit.media.scanning import scan_video
from verikit.media.video import open_video


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Cut at 20, flash at 30, dissolve 50 to 62, fade from about 90; irregular pts."""
    joined = dissolve(np.concatenate([scene(1, 20), scene(2, 42)]), scene(3, 50), 12)
    joined[30] = 255
    luma = fade(joined, scene(4, 40), 10)
    pts = 7000 + np.cumsum(np.random.default_rng(5).choice([20, 33, 40, 80], len(luma)))
    video = open_video(encode(tmp_path_factory.mktemp("film") / "film.mkv", luma, pts=pts))
    return video, luma, pts


def test_an_encoded_film_gives_its_shots_at_their_exact_pts(film):
    video, _, pts = film
    scan = scan_video(video)
    shots = detect_shots(scan)
    offset = int(scan.frames["pts"][0]) - int(pts[0])
    assert [shot.transition_in for shot in shots] == ["start", "cut", "dissolve", "fade"]
    assert shots[1].start_pts == pts[20] + offset
    assert abs(int(np.searchsorted(pts + offset, shots[2].start_pts)) - 50) <= 3
    assert abs(int(np.searchsorted(pts + offset, shots[2].full_pts)) - 62) <= 2


def test_a_still_is_the_picture_of_its_pts(film, tmp_path):
    video, luma, _ = film
    scan = scan_video(video)
    keyframes = pick_keyframes(scan, detect_shots(scan))
    saved = save_keyframes(video, keyframes, folder=tmp_path / "stills")
    assert [one.keyframe for one in saved] == list(keyframes)
    assert len(saved) >= 4
    for one in saved:
        still = cv2.imread(str(tmp_path / "stills" / one.file))
        assert still.shape == (144, 256, 3)
        row = int(np.flatnonzero(scan.frames["pts"] == one.keyframe.pts)[0])
        small = cv2.resize(still, (64, 36), interpolation=cv2.INTER_AREA).mean(axis=2)
        # H.264 at high quality loses about a grey level; another picture of the film is tens away.
        assert np.abs(small - luma[row]).mean() < 4
        assert sha256_file(tmp_path / "stills" / one.file) == one.sha256
        rgb = np.ascontiguousarray(still[:, :, ::-1])
        assert dict(one.hashes) == {"phash": PHash()(rgb), "dhash": DHash()(rgb), "pdq": PDQ()(rgb)}


def test_saving_again_writes_the_same_bytes(film, tmp_path):
    video, _, _ = film
    scan = scan_video(video)
    keyframes = pick_keyframes(scan, detect_shots(scan), most=2)
    once = save_keyframes(video, keyframes, folder=tmp_path)
    again = save_keyframes(video, keyframes, folder=tmp_path)
    assert once == again
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(one.file for one in once)


def test_names_tell_order_time_and_pts_and_the_json_has_the_contracts_fields(film, tmp_path):
    video, _, _ = film
    scan = scan_video(video)
    saved = save_keyframes(video, pick_keyframes(scan, detect_shots(scan)), folder=tmp_path)
    for number, one in enumerate(saved):
        milliseconds = round(one.keyframe.time * 1000)
        clock = f"0m{milliseconds // 1000:02d}s{milliseconds % 1000:03d}"
        assert one.file == f"{number:03d}_{clock}_pts{one.keyframe.pts}.png"
        data = json.loads(json.dumps(one.to_dict()))
        assert {"time", "pts", "time_base", "stream", "shot", "sharpness", "reason", "file", "sha256"} < set(data)
        assert {word: len(code) for word, code in data["hashes"].items()} == {"phash": 16, "dhash": 16, "pdq": 64}
        assert SavedKeyframe.from_dict(data).to_dict() == data


def test_a_jpeg_still_keeps_its_colours_and_the_hashes_of_the_picture(film, tmp_path):
    video, _, _ = film
    scan = scan_video(video)
    keyframes = pick_keyframes(scan, detect_shots(scan), most=2)
    lossless = save_keyframes(video, keyframes, folder=tmp_path / "png")
    saved = save_keyframes(video, keyframes, folder=tmp_path / "jpeg", image_format="jpeg")
    for one, other in zip(saved, lossless, strict=True):
        path = tmp_path / "jpeg" / one.file
        assert one.file == other.file.replace(".png", ".jpg")
        assert one.hashes == other.hashes
        assert one.sha256 == sha256_file(path) != other.sha256
        stills = [cv2.imread(str(path)), cv2.imread(str(tmp_path / "png" / other.file))]
        assert np.abs(stills[0].astype(int) - stills[1]).mean() < 2
        # The frame header of JPEG: three components, each sampled at full resolution.
        data = path.read_bytes()
        header = data[data.index(b"\xff\xc0") :][:19]
        assert [header[11], header[14], header[17]] == [0x11] * 3
    with pytest.raises(ValueError, match="png or jpeg, not 'gif'"):
        save_keyframes(video, keyframes, folder=tmp_path, image_format="gif")


def test_progress_counts_the_stills_that_are_written(film, tmp_path):
    told = []
    scan = scan_video(film[0])
    keyframes = pick_keyframes(scan, detect_shots(scan), most=2)

    def progress(number, of):
        assert len(list(tmp_path.iterdir())) == number
        told.append((number, of))

    save_keyframes(film[0], keyframes, folder=tmp_path, progress=progress)
    assert told == [(1, 2), (2, 2)]


def test_no_keyframes_give_no_files(film, tmp_path):
    assert len(save_keyframes(film[0], [], folder=tmp_path / "none")) == 0
    assert not (tmp_path / "none").exists()


def test_a_pts_that_the_film_does_not_hold_is_an_error_that_names_it(film, tmp_path):
    scan = scan_video(film[0])
    known = pick_keyframes(scan, detect_shots(scan))[0]
    strange = Keyframe.from_dict({**known.to_dict(), "pts": known.pts + 1})
    with pytest.raises(MediaError, match=str(known.pts + 1)):
        save_keyframes(film[0], [strange], folder=tmp_path)
