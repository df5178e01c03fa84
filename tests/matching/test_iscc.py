"""ISO 24138 Video-Codes: made of FFmpeg's signatures by iscc-lib, kept as a column, compared bit by bit."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest
from filmed import film, pictures
from known_videos import named

from verikit import cli
from verikit.errors import IncompatibleError, MediaError
from verikit.matching.iscc import distance, nearest_codes, read_signatures, video_code
from verikit.matching.store import create_archive

iscc_lib = pytest.importorskip("iscc_lib", reason="iscc-lib is not installed")


def frames(seed, count=4):
    return np.random.default_rng(seed).integers(0, 3, (count, 380)).tolist()


def written(path, signatures):
    lines = [f"<FrameSignature>{' '.join(map(str, values))} </FrameSignature>" for values in signatures]
    path.write_text("\n".join(["<?xml version='1.0'?>", *lines]), encoding="ascii")
    return path


def test_a_code_is_what_iscc_lib_makes_of_the_signatures(tmp_path):
    path = written(tmp_path / "a.xml", frames(1))
    assert read_signatures(path) == frames(1)
    assert video_code(read_signatures(path)) == iscc_lib.gen_video_code_v0(frames(1), 256)["iscc"]


def test_codes_differ_in_the_bits_in_which_their_digests_do():
    long, short = (iscc_lib.gen_video_code_v0(frames(1), bits)["iscc"] for bits in (256, 64))
    assert distance(long, long) == (0, 256)
    assert distance(long, short) == distance(short, long) == (0, 64)
    bits, compared = distance(long, video_code(frames(2)))
    assert compared == 256
    assert 60 < bits < 196


@pytest.mark.parametrize("text", [b"", b"\xff", b"<FrameSignature>0 1 2</FrameSignature>", b"<!DOCTYPE x>"])
def test_what_holds_no_signatures_is_refused(tmp_path, text):
    (tmp_path / "a.xml").write_bytes(text)
    with pytest.raises(MediaError, match=r"a\.xml"):
        read_signatures(tmp_path / "a.xml")


def test_only_video_codes_are_compared():
    text = iscc_lib.gen_text_code_v0("some words")["iscc"]
    with pytest.raises(IncompatibleError, match="not a Video-Code"):
        distance(text, video_code(frames(1)))
    with pytest.raises(ValueError, match="not an ISCC"):
        distance("ISCC:!", video_code(frames(1)))


def test_the_column_is_kept_and_the_nearest_come_first(tmp_path, capsys):
    archive = create_archive(tmp_path / "known")
    for name in ("a", "b", "c"):
        archive.put(named(name), size=1, facts={})
    with pytest.raises(KeyError, match="not in the archive"):
        archive.note_iscc("0" * 64, video_code(frames(1)))
    near = [*frames(1)[:3], frames(9)[0]]
    archive.note_iscc(named("a").sha256, video_code(frames(2)))
    archive.note_iscc(named("b").sha256, video_code(near))
    assert [entry.iscc is None for entry in archive.entries()] == [False, False, True]
    found = nearest_codes(archive.entries(), video_code(frames(1)))
    assert [row.name for row in found] == ["b.mp4", "a.mp4"]
    path = written(tmp_path / "c.xml", frames(1))
    assert cli.main(["archive", "iscc", str(archive.folder), str(path), "--note", named("c").sha256, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["iscc"] == video_code(frames(1))
    assert (told["videos"][0]["name"], told["videos"][0]["distance"]) == ("c.mp4", 0)
    assert cli.main(["archive", "iscc", str(archive.folder), "ISCC:!"]) == 2
    assert archive.problems() == ()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg's program is not on this machine")
def test_ffmpeg_s_signatures_tell_a_copy_from_another_film(tmp_path):
    def code(path):
        out = path.with_suffix(".xml")
        made = f"fps=fps=5,signature=format=xml:filename={out}"
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", made, "-f", "null", "-"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this FFmpeg has no signature filter")
        return video_code(read_signatures(out))

    shown = pictures(3, size=(320, 180))
    whole = code(film(tmp_path / "whole.mp4", shown))
    copy = code(film(tmp_path / "copy.mkv", [picture[:, :, ::-1] for picture in shown], options={"crf": "35"}))
    other = code(film(tmp_path / "other.mp4", pictures(3, size=(320, 180), seed=5)))
    # Of 256 bits. The encoder's threads make the copy differ by some bits from run to run, 36 to 41 in five.
    assert distance(whole, copy)[0] < 64 < distance(whole, other)[0]
