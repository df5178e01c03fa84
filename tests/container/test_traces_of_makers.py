"""Each strong row of platforms, editors and cameras holds on a file made with its features, and with one less it does not."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from making import box, ftyp, full, international, keyed_meta, mvhd, sample_tables, traces_in, trak

MDAT = box("mdat", bytes(64))


def traces(folder, data, *, name="made.mp4"):
    path = folder / name
    path.write_bytes(data)
    return {trace.trace: trace.reliability for trace in traces_in(path)}


def coded(codec, compressor=""):
    """Tables with one sample description; a compressor's name is counted, in 32 bytes."""
    name = bytes([len(compressor)]) + compressor.encode().ljust(31, b"\0")
    entry = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", 320, 240) + bytes(14) + name + bytes(4)
    return full("stsd", struct.pack(">I", 1), box(codec, entry)) + sample_tables((10,), 40)


def film(*boxes, handlers=(), major="isom", minor=512, brands=("isom", "iso2", "avc1", "mp41"), before=(), last=False):
    """A film whose tracks are of `handlers` (name, codec, compressor); `last` puts the header behind the media."""
    tracks = [trak(name=name.encode() + b"\0", tables=coded(codec, told)) for name, codec, told in handlers]
    moov = box("moov", mvhd(), *tracks, *boxes)
    return ftyp(major, minor, brands) + b"".join(before) + (MDAT + moov if last else moov + MDAT)


def said(kind, text):
    """A text of 3GPP: version, language, text."""
    return full(kind, struct.pack(">H", 0x15C7), text.encode() + b"\0")


def tool(text):
    return box("udta", box("©too", international(text)))


GOOGLE = "ISO Media file produced by Google Inc. Created on: 05/03/2018."
IMOVIE = (box("clfn", b"My Movie"), said("dscp", "This video is about My Movie"), said("kywd", "iMovie"))
AVC = ("VideoHandler", "avc1", "")
# What each row needs, as arguments of `film`; and the same with one thing changed, which it must not take for it.
ROWS = {
    "youtube-delivery": (
        {"handlers": [(GOOGLE, "avc1", "")], "major": "mp42", "minor": 0, "brands": ("isom", "mp42")},
        [{"minor": 512}, {"brands": ("isom",)}, {"last": True}, {"handlers": [(GOOGLE[:39], "avc1", "")]}],
    ),
    "vimeo-delivery": (
        {
            "handlers": [("Vimeo Artax Video Handler", "avc1", "AVC Coding")],
            "major": "mp42",
            "minor": 0,
            "brands": ("mp42", "isom", "avc1"),
        },
        [{"minor": 1}, {"brands": ("mp42", "isom")}, {"handlers": [("Vimeo Artax Video Handler", "avc1", "")]}],
    ),
    "x-delivery": (
        {"handlers": [("Twitter-vork muxer", "avc1", "")], "major": "iso5", "minor": 512, "brands": ("iso6", "mp41")},
        [{"major": "isom"}, {"minor": 0}, {"last": True}, {"handlers": [AVC]}],
    ),
    "twitter-delivery-vireo": (
        {
            "handlers": [("Vireo Eyes v2.6.2", "avc1", "AVC Coding"), ("Vireo Ears v2.6.2", "mp4a", "")],
            "major": "mp42",
            "minor": 0,
            "brands": ("mp42", "mp41", "iso4"),
        },
        [{"brands": ("mp42",)}, {"minor": 512}, {"handlers": [AVC]}],
    ),
    "tiktok-delivery": (
        {
            "boxes": [
                box("udta", box("©too", international("Lavf58.76.100"))),
                box("udta", box("©cmt", international("vid:v12044gd0000cfv5u9rc77u1ikgugscg"))),
            ],
            "handlers": [AVC],
        },
        [
            {"minor": 0},
            {"boxes": [tool("Lavf58.76.100")]},
            {"boxes": [box("udta", box("©cmt", international("vid:v12044gd0000cfv5u9rc77u1ikgugscg")))]},
        ],
    ),
    "imovie": (
        {"boxes": [box("udta", *IMOVIE)], "handlers": [("Core Media Video", "avc1", "")], "major": "mp42"},
        [{"boxes": [box("udta", *IMOVIE[:2])]}, {"boxes": [box("udta", *IMOVIE[1:])]}, {"handlers": [AVC]}],
    ),
    "dji-camera": (
        {
            "handlers": [AVC, ("DJI meta", "djmd", ""), ("DJI dbgi", "dbgi", "")],
            "boxes": [tool("DJI OsmoAction3")],
        },
        [{"boxes": [tool("Lavf58.76.100")]}, {"handlers": [AVC, ("DJI meta", "djmd", "")]}],
    ),
    "whatsapp-gif-structure": (
        {
            "handlers": [AVC],
            "before": [box("beam", bytes(16)), box("loop", bytes(4))],
            "major": "mp4v",
            "minor": 0,
            "brands": ("mp4v", "mp42", "isom"),
        },
        [{"major": "mp42"}, {"before": [box("beam", bytes(16))]}, {"last": True}],
    ),
}  # fmt: skip


def made(given):
    return film(*given.get("boxes", ()), **{key: value for key, value in given.items() if key != "boxes"})


@pytest.mark.parametrize("name", ROWS)
def test_a_file_with_all_features_of_a_strong_row_is_told(tmp_path, name):
    assert traces(tmp_path, made(ROWS[name][0]))[name] == "strong"


@pytest.mark.parametrize(("name", "changed"), [(name, one) for name, (_, changes) in ROWS.items() for one in changes])
def test_with_one_feature_changed_the_strong_row_does_not_hold(tmp_path, name, changed):
    assert name not in traces(tmp_path, made(ROWS[name][0] | changed))


@pytest.mark.parametrize(
    ("trace", "given"),
    [
        ("dji", {"handlers": [("DJI meta", "djmd", "")]}),
        ("dji-older", {"handlers": [("DJI.AVC", "avc1", "")], "major": "avc1", "minor": 538182144, "brands": ("avc1", "isom")}),
        ("canon-brand", {"handlers": [AVC], "major": "mp42", "brands": ("mp42", "avc1", "CAEP")}),
        ("panasonic-brand", {"handlers": [AVC], "major": "mp42", "brands": ("mp42", "avc1", "pana")}),
        ("twitter-2017", {"handlers": [("Twitter v1.0-757770b7c8e9d79a526cdff77e74666386274fdf", "avc1", "")]}),
        ("imovie-description", {"handlers": [AVC], "boxes": [box("udta", said("dscp", "This video is about Spring"))]}),
        (
            "android-device",
            {
                "handlers": [("VideoHandle", "avc1", "")],
                "boxes": [keyed_meta({"com.android.manufacturer": "Google", "com.android.model": "Pixel 9"})],
            },
        ),
    ],
)  # fmt: skip
def test_other_rows_of_makers_and_platforms_hold_on_what_they_name(tmp_path, trace, given):
    plain = {**given, "handlers": [AVC], "major": "isom", "minor": 512, "brands": ("isom", "iso2"), "boxes": ()}
    assert trace in traces(tmp_path, made(given))
    assert trace not in traces(tmp_path, made(plain))


@pytest.mark.parametrize(
    ("name", "trace"),
    [
        ("277815221_2076957485809219_6892685728564347132_n.mp4", "facebook-file-name"),
        ("VID-20200101-WA0001.mp4", "whatsapp-file-name"),
        ("signal-2023-04-05-101112.mp4", "signal-file-name"),
        ("video_2023-04-05_10-11-12.mp4", "telegram-file-name"),
    ],
)
def test_names_that_platforms_give_are_weak_traces(tmp_path, name, trace):
    assert traces(tmp_path, film(handlers=[AVC]), name=name)[trace] == "weak"
    assert trace not in traces(tmp_path, film(handlers=[AVC]), name="1234_n.mp4")
