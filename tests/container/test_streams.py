from __future__ import annotations

import pytest

from verikit.container.mediainfo import MediaInfoReport, MediaInfoTrack
from verikit.container.movie import Movie
from verikit.container.streams import StreamFacts, describe_streams
from verikit.media.video import Stream, Streams


def described(stream, **told):
    ffmpeg = Streams(format="any", duration=None, bit_rate=None, tags=(), streams=(stream,), reader="FFmpeg")
    fields = (("StreamOrder", "0"), *told.items())
    report = MediaInfoReport(version="1", tracks=(MediaInfoTrack(kind="Video", fields=fields),))
    return describe_streams(ffmpeg, movie=Movie(), mediainfo=report)[0]


def picture(rate, clock, **known):
    return Stream(index=0, type="video", frame_rate=rate, time_base=clock, **known)


@pytest.mark.parametrize(
    ("stream", "told", "rate"),
    [
        (picture(1000.0, "1/1000"), {}, None),
        (picture(90000.0, "1/90000"), {}, None),
        (picture(1000.0, "1/1000"), {"FrameRate": "31.024"}, 31.024),
        (picture(1000.0, "1/1000"), {"FrameRate": "1000.000"}, None),
        (picture(1000.0, "1/1000", frames=60, duration=2.0), {}, 30.0),
        (picture(1000.0, "1/1000", frames=2000, duration=2.0), {}, 1000.0),
        (picture(25.0, "1/25"), {}, 25.0),
        (picture(24000 / 1001, "1001/24000"), {"FrameRate": "23.976"}, 24000 / 1001),
        (picture(29.97, "1/1000"), {"FrameRate": "31.024"}, 29.97),
        (picture(None, "1/1000"), {"FrameRate": "31.024"}, None),
    ],
)
def test_a_rate_that_is_only_the_clock_gives_way_to_what_was_counted(stream, told, rate):
    assert described(stream, **told).frame_rate == (None if rate is None else pytest.approx(rate, rel=1e-4))


@pytest.mark.parametrize(
    ("mode", "vfr", "reader"), [("VFR", True, "MediaInfo"), ("CFR", False, "MediaInfo"), ("", None, None)]
)
def test_whether_the_rate_varies_comes_with_its_reader(mode, vfr, reader):
    seen = described(picture(25.0, "1/25"), FrameRate_Mode=mode)
    assert (seen.vfr, seen.vfr_reader) == (vfr, reader)
    assert StreamFacts.from_dict(seen.to_dict()) == seen
