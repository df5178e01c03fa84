"""Sequence parameter sets are told where they change, and once where they are repeated."""

from __future__ import annotations

import pytest
from filmed import X264, film, pictures

from verikit.errors import MediaError
from verikit.media.parameter_sets import ParameterSet, read_parameter_sets
from verikit.media.video import open_video

MAIN = X264 | {"profile": "main", "g": "10"}
BASELINE = X264 | {"profile": "baseline", "g": "10"}


def sets_of(folder, *parts, name="made.ts"):
    """The parameter sets of films with these options, laid end to end as transport streams can be."""
    data = b""
    for number, options in enumerate(parts):
        data += film(folder / f"{number}.ts", pictures(2), options=options).read_bytes()
    path = folder / name
    path.write_bytes(data)
    return read_parameter_sets(open_video(path))


def test_a_set_that_is_repeated_before_each_key_picture_is_told_once(tmp_path):
    assert len(sets_of(tmp_path, MAIN)) == 1


def test_pieces_of_two_encoders_laid_end_to_end_are_told_with_the_picture(tmp_path):
    found = sets_of(tmp_path, MAIN, BASELINE, MAIN)
    assert len(found) == 3
    assert found[0].sha256 == found[2].sha256 != found[1].sha256
    # Each piece has 50 pictures, and its clock starts again.
    assert [one.picture for one in found] == [0, 50, 100]
    assert all(0 <= one.time < 0.2 for one in found)
    assert all(ParameterSet.from_dict(one.to_dict()) == one for one in found)


def test_two_runs_with_one_setting_look_alike(tmp_path):
    assert len(sets_of(tmp_path, MAIN, MAIN)) == 1


def test_units_that_are_parted_by_lengths_are_read_too(tmp_path):
    path = film(tmp_path / "made.mp4", pictures(2), options=MAIN)
    assert read_parameter_sets(open_video(path)) == ()
    data = path.read_bytes()
    header = data[data.index(b"avcC") + 4 :]
    held = header[8 : 8 + int.from_bytes(header[6:8])]
    # The same set once more within the packets: x264's settings at the start give way to it and to an empty unit.
    at = data.index(b"mdat") + 4
    size = int.from_bytes(data[at : at + 4])
    unit = len(held).to_bytes(4) + held
    filler = (size - len(unit)).to_bytes(4) + b"\x0c" + bytes(size - len(unit) - 1)
    path.write_bytes(data[:at] + unit + filler + data[at + 4 + size :])
    found = read_parameter_sets(open_video(path))
    assert [one.time for one in found] == [0.0]


def test_other_codecs_give_none_and_a_file_without_pictures_is_refused(tmp_path):
    path = film(tmp_path / "made.avi", pictures(1), codec="mjpeg", pixels="yuvj420p")
    assert read_parameter_sets(open_video(path)) == ()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(2000))
    with pytest.raises(MediaError):
        read_parameter_sets(open_video(broken))
