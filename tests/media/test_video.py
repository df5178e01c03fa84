"""Opening a file: its identity, what FFmpeg says of its streams, and what is refused."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction

import av
import cv2
import filmed
import pytest

from verikit._files import sha256_file
from verikit.errors import MediaError
from verikit.media.decoding import DecodingPass
from verikit.media.scanning import scan_video
from verikit.media.video import Stream, Streams, open_video, opened, picture_stream, read_streams
from verikit.records import RESULT_MIME


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return filmed.film(tmp_path_factory.mktemp("video") / "clip.mp4", filmed.pictures(1, size=(64, 48)), tone=1.0)


def test_a_video_is_its_name_its_size_and_the_sha256_of_its_bytes(clip):
    video = open_video(str(clip))
    assert (video.path, video.name, video.size, video.sha256) == (
        clip, "clip.mp4", clip.stat().st_size, sha256_file(clip),
    )  # fmt: skip
    assert video.to_dict() == {"name": "clip.mp4", "size": video.size, "sha256": video.sha256}


def test_a_video_shows_itself_with_hidden_letters_of_its_name_made_visible(tmp_path):
    path = tmp_path / "a\x1b[31m\u202egpm<b>.mp4"
    path.write_bytes(b"x")
    shown = open_video(path)._repr_mimebundle_()
    for form in ("text/plain", "text/html"):
        assert "\x1b" not in shown[form]
        assert "\u202e" not in shown[form]
    assert "<b>" not in shown["text/html"]
    assert shown[RESULT_MIME]["value"]["name"] == path.name


def test_missing_and_empty_files_and_folders_are_named_with_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.mp4: no such file"):
        open_video(tmp_path / "gone.mp4")
    with pytest.raises(IsADirectoryError, match="not a file"):
        open_video(tmp_path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaError, match=r"empty\.mp4: the file is empty"):
        open_video(tmp_path / "empty.mp4")


def test_no_error_carries_the_hidden_letters_of_a_name(tmp_path):
    path = tmp_path / "a\nb\x1b[2J\u202e.mp4"
    with pytest.raises(FileNotFoundError) as missing:
        open_video(path)
    path.touch()
    with pytest.raises(MediaError) as empty:
        open_video(path)
    path.write_bytes(b"no film at all " * 100)
    with pytest.raises(MediaError) as unreadable:
        read_streams(open_video(path))
    filmed.sound_only(tmp_path / "tone.wav").rename(path)
    with pytest.raises(MediaError, match="no video stream") as soundless:
        scan_video(open_video(path))
    for told in (missing, empty, unreadable, soundless):
        assert not {"\n", "\x1b", "\u202e"} & set(str(told.value))


def picture_as(kind):
    return cv2.imencode(kind, filmed.scene(0))[1].tobytes()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notes.txt", b"hello, this is text\n" * 200),
        ("text.mp4", b"hello, this is text\n" * 200),
        ("still.png", picture_as(".png")),
        ("still.jpg", picture_as(".jpg")),
        ("still.mp4", picture_as(".png")),
        ("said.srt", b"1\n00:00:01,000 --> 00:00:02,000\nwords\n"),
        ("zeros.mp4", bytes(5000)),
        ("head.mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"),
    ],
)
def test_what_is_no_video_is_refused_by_name(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    video = open_video(tmp_path / name)
    for verb in (read_streams, scan_video):
        with pytest.raises(MediaError, match=name):
            verb(video)


def test_a_list_of_other_files_is_refused_since_their_pictures_are_not_of_its_bytes(tmp_path, clip):
    shutil.copy(clip, tmp_path / "other.mp4")
    filmed.film(tmp_path / "other.ts", filmed.pictures(1, size=(64, 48)))
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n")
    for name, kind in (("list.mp4", "concat"), ("list.m3u8", "hls")):
        with pytest.raises(MediaError, match=f"FFmpeg reads it as {kind}"):
            scan_video(open_video(tmp_path / name))


def test_a_name_that_looks_like_a_protocol_opens_that_very_file(tmp_path, clip, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "film.mp4")
    filmed.film(tmp_path / "other.mp4", filmed.pictures(2, size=(96, 64)))
    shutil.move("other.mp4", "file:film.mp4")
    assert read_streams(open_video("file:film.mp4")).streams[0].width == 96
    assert read_streams(open_video("film.mp4")).streams[0].width == 64


def test_streams_are_described_without_decoding(clip):
    read = read_streams(open_video(clip))
    picture, sound = read.streams
    assert "mp4" in read.format
    assert read.duration == pytest.approx(1.0, abs=0.2)
    assert read.reader.startswith("FFmpeg ")
    assert (picture.type, picture.codec, picture.width, picture.height) == ("video", "h264", 64, 48)
    assert (picture.frame_rate, picture.frames, picture.start, picture.duration) == (25.0, 25, 0.0, 1.0)
    assert (picture.time_base, picture.pixel_format, picture.handler) == ("1/12800", "yuv420p", "VideoHandler")
    assert picture.level >= 10
    assert (sound.type, sound.codec, sound.sample_rate, sound.channels) == ("audio", "aac", 8000, 1)
    assert (sound.width, sound.pixel_format, sound.frame_rate) == (None, None, None)
    assert dict(read.tags)["major_brand"] == "isom"


def test_streams_come_back_from_their_dict(clip):
    read = read_streams(open_video(clip))
    written = json.loads(json.dumps(read.to_dict()))
    assert Streams.from_dict(written) == read
    assert [Stream.from_dict(stream) for stream in written["streams"]] == list(read.streams)


def test_a_tag_with_bytes_that_are_no_text_is_kept_as_visible_escapes(tmp_path):
    path = tmp_path / "tagged.mkv"
    with av.open(str(path), "w") as out:
        out.metadata["title"] = "Cafeteria"
        stream = out.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(filmed.scene(0, size=(64, 48)), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    path.write_bytes(path.read_bytes().replace(b"Cafeteria", b"Caf\xe9teria"))
    tags = dict(read_streams(open_video(path)).tags)
    assert tags["title"] == "Caf\\xe9teria"
    assert json.loads(json.dumps(tags, ensure_ascii=False)) == tags


def test_sound_alone_is_read_but_holds_no_picture(tmp_path):
    video = open_video(filmed.sound_only(tmp_path / "tone.m4a"))
    assert [stream.type for stream in read_streams(video).streams] == ["audio"]
    with pytest.raises(MediaError, match=r"tone\.m4a: holds no video stream that can be decoded; for sound alone"):
        scan_video(video)


def test_a_cover_picture_is_not_taken_for_the_film(tmp_path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 256, 144, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        film = out.add_stream("libx264", rate=25, options=filmed.X264)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        first = av.VideoFrame.from_ndarray(filmed.scene(0, size=(256, 144)), format="rgb24").reformat(format="yuvj420p")
        out.mux(cover.encode(first))
        out.mux(cover.encode(None))
        for number, picture in enumerate(filmed.pictures(1, size=(64, 48))):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(film.encode(frame))
        out.mux(film.encode(None))
    video = open_video(path)
    assert sorted(stream.attached_picture for stream in read_streams(video).streams) == [False, True]
    with opened(video) as container:
        assert picture_stream(container, video).width == 64
        assert DecodingPass(container, video).codec == "h264"
