"""Small clips whose every fact is known: a drawn scene, filmed by FFmpeg with the properties a test asks for."""

from __future__ import annotations

import functools
from fractions import Fraction

import av
import cv2
import numpy as np

from verikit.media.hashing import LumaDCT
from verikit.media.scan import Scan
from verikit.media.tables import FRAME_TABLE, PACKET_TABLE

# B-frames, a key picture each second, and streams that can be cut and compared from run to run.
X264 = {
    "preset": "veryfast",
    "crf": "16",
    "bf": "2",
    "b-adapt": "0",
    "g": "25",
    "keyint_min": "25",
    "sc_threshold": "0",
}
X264 |= {"threads": "1"}


@functools.cache
def _paper(seed):
    """A wide sheet of coarse and fine texture, float32 RGB."""
    rng = np.random.default_rng(seed)
    sheet = np.zeros((400, 900, 3), np.float32)
    for cell, strength in ((64, 90), (16, 60), (5, 25)):
        coarse = rng.uniform(-1, 1, (400 // cell + 2, 900 // cell + 2, 3)).astype(np.float32)
        sheet += strength * cv2.resize(coarse, (900, 400), interpolation=cv2.INTER_CUBIC)
    return np.clip(sheet + 128, 20, 235)


def scene(time, *, size=(128, 72), seed=1):
    """The scene at a moment, RGB: the paper drifts to the left, two discs move on their own ways."""
    left = 40.0 + 30 * time
    view = np.array([[2.5, 0, left], [0, 2.5, 20 + 5 * np.sin(time)]]) @ np.diag([128 / size[0], 72 / size[1], 1.0])
    picture = cv2.warpAffine(_paper(seed), view[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    rng = np.random.default_rng(seed + 1000)
    for colour in ((240, 240, 200), (20, 20, 60)):
        speed, place, radius = rng.uniform(0.5, 1.6, 2), rng.uniform(0, 6, 2), 0.16 * size[1]
        x, y = 0.5 + 0.38 * np.sin(speed * time * 2 + place)
        cv2.circle(picture, (round(x * size[0]), round(y * size[1])), round(radius), colour, -1, cv2.LINE_AA)
    return np.clip(picture, 0, 255).astype(np.uint8)


def pictures(seconds, *, rate=25, size=(128, 72), seed=1):
    """The scene's pictures at a constant rate."""
    return [scene(float(i / Fraction(rate)), size=size, seed=seed) for i in range(round(seconds * Fraction(rate)))]


# A number is written along the lower edge in eight blocks, from one picture to the next in one block another (Gray's
# code), so that it survives every codec and does not look like a cut.
DIGITS, EDGE = 8, 5 / 6
DARK, LIGHT = 45, 210


def numbered(shown, *, first=0):
    """The pictures, each with its number written on it so that `number_of` can read it."""
    made = []
    for number, plain in enumerate(shown, first):
        picture = plain.copy()
        width = picture.shape[1] / DIGITS
        for digit in range(DIGITS):
            light = (number ^ number >> 1) >> digit & 1
            columns = slice(round(digit * width), round((digit + 1) * width))
            picture[round(EDGE * picture.shape[0]) :, columns] = LIGHT if light else DARK
        made.append(picture)
    return made


def number_of(picture):
    """The number on a picture: RGB, or grey as a scan's thumbnail. -1 where no digit can be told."""
    height, width = picture.shape[:2]
    rows = slice(round((EDGE + 0.04) * height), round(0.96 * height))
    levels = []
    for digit in range(DIGITS):
        columns = slice(round((digit + 0.3) * width / DIGITS), round((digit + 0.7) * width / DIGITS))
        levels.append(float(picture[rows, columns].mean()))
    if any(abs(level - (DARK + LIGHT) / 2) < 25 for level in levels):
        return -1
    code = sum((level > (DARK + LIGHT) / 2) << digit for digit, level in enumerate(levels))
    number = 0
    while code:
        number, code = number ^ code, code >> 1
    return number


def film(
    path,
    shown,
    *,
    codec="libx264",
    rate=25,
    pts=None,
    time_base=None,
    pixels="yuv420p",
    options=None,
    container=None,
    turn=None,
    matrix=None,
    aspect=None,
    full_range=False,
    tone=None,
    first=(),
):
    """Write the pictures `shown` into a clip at `path`; `pts` in `time_base` are 0, 1, 2 at `rate` unless given.

    `turn` is the rotation written into the display matrix, or `matrix` the whole of it as nine numbers; `tone` adds a
    sound of that many seconds, `first` holds pictures of another video stream that comes before.
    """
    options = X264 if options is None and codec == "libx264" else options or {}
    base = Fraction(time_base or 1 / Fraction(rate))
    with av.open(str(path), "w", options=container or {}) as out:
        other = _stream(out, "libx264", first[0], rate=rate, pixels="yuv420p", options=X264) if len(first) else None
        stream = _stream(out, codec, shown[0], rate=rate, pixels=pixels, options=options)
        stream.codec_context.time_base = base
        if full_range:
            stream.codec_context.color_range = 2
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if turn is not None:
            stream.set_display_rotation(turn)
        if matrix is not None:
            stream.set_display_matrix(matrix)
        sound = _sound(out, tone, container=path.suffix) if tone else None
        if other is not None:
            _encode(out, other, first, pixels="yuv420p", pts=None, base=1 / Fraction(rate))
        _encode(out, stream, shown, pixels=pixels, pts=pts, base=base, full_range=full_range)
        if sound is not None:
            _fill(out, sound, tone)
    return path


def _stream(out, codec, picture, *, rate, pixels, options):
    stream = out.add_stream(codec, rate=Fraction(rate), options=dict(options))
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt = pixels
    return stream


def _encode(out, stream, shown, *, pixels, pts, base, full_range=False):
    for number, picture in enumerate(shown):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = frame.reformat(format=pixels, dst_color_range="JPEG" if full_range else None, interpolation="AREA")
        if full_range:
            frame.color_range = 2
        frame.pts = number if pts is None else pts[number]
        frame.time_base = base
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _sound(out, seconds, *, container):
    return out.add_stream("pcm_s16le" if container in {".avi", ".mkv", ".wav"} else "aac", rate=8000, layout="mono")


def _fill(out, stream, seconds):
    wave = (8000 * np.sin(np.arange(round(seconds * 8000)) * 2 * np.pi * 440 / 8000)).astype(np.int16)
    for start in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def sound_only(path, seconds=1.0):
    """A file that holds a tone and no picture."""
    with av.open(str(path), "w") as out:
        _fill(out, _sound(out, seconds, container=path.suffix), seconds)
    return path


def packets_of(path):
    """Where each packet of a clip lies, in file order: (offset, size, pts)."""
    with av.open(str(path)) as held:
        return [(packet.pos, packet.size, packet.pts) for packet in held.demux(video=0) if packet.size]


def small(shown):
    """Pictures as a scan's thumbnails: luma of 64 x 36, uint8 (n, 36, 64)."""
    grey = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in shown)
    return np.stack([cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA) for picture in grey])


def still(picture):
    """A picture as a scan's still."""
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def scanned(shown, *, rate=25, name="made.mp4", sha256="0" * 64, changes=None):
    """The scan of a film of these pictures, made without a codec."""
    thumbs, step = small(shown), round(1000 / rate)
    frames = np.zeros(len(shown), FRAME_TABLE)
    frames["pts"], frames["type"] = np.arange(len(shown)) * step, b"I"
    times = frames["pts"] / 1000
    rows = np.searchsorted(times, np.arange(0, times[-1] + 1e-9, 0.25) + 1e-9, side="right") - 1
    stills = np.searchsorted(times, np.arange(0, times[-1] + 1e-9, 1.0) - 1e-9)
    height, width = shown[0].shape[:2]
    facts = {"sha256": sha256, "name": name, "stream": 0, "codec": "none", "time_base": Fraction(1, 1000)}
    facts |= {"width": width, "height": height, "turn": 0, "pixel_format": "yuv420p", "full_range": False}
    facts |= {"declared_frames": len(shown), "declared_duration": None, "estimated_pts": 0, "losses": ()}
    facts |= {"frames": frames, "packets": np.zeros(0, PACKET_TABLE), "thumbs": thumbs}
    facts |= {"chroma": np.full((len(shown), 2, 9, 16), 128, np.uint8), "hashes": LumaDCT().many(thumbs[rows])}
    facts |= {"hash_frames": rows, "stills": tuple(still(shown[row]) for row in stills), "still_frames": stills}
    return Scan(**{**facts, **(changes or {})})
