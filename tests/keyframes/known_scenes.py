"""Scans and clips of known truth: still and moving scenes joined by cuts, flashes, dissolves and fades."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from verikit.media.scan import Scan
from verikit.media.tables import FRAME_TABLE, PACKET_TABLE

CLIPS = Path(__file__).parents[3] / "shared" / "clips"
STEP = 512
BASE = Fraction(1, 12800)


def scene(seed, count, *, motion=0.0):
    """`count` pictures, float (count, 36, 64), of a random view in soft and fine that slides `motion` pixels a picture."""
    rng = np.random.default_rng(seed)
    wide = cv2.GaussianBlur(rng.uniform(0, 255, (60, 400)), (0, 0), 4)
    fine = cv2.GaussianBlur(rng.normal(0, 25, wide.shape), (0, 0), 0.8)
    wide = np.clip((wide - wide.mean()) / wide.std() * 50 + fine + rng.uniform(90, 160), 5, 250)
    offsets = np.round(np.arange(count) * motion).astype(int)
    return np.stack([wide[10:46, offset : offset + 64] for offset in offsets])


def flat(count, *, luma=0.0):
    """`count` plain pictures."""
    return np.full((count, 36, 64), luma)


def dissolve(before, after, length):
    """The two scenes, the last `length` pictures of one mixed with the first of the other."""
    share = (np.arange(1, length + 1) / (length + 1))[:, None, None]
    return np.concatenate([before[:-length], before[-length:] * (1 - share) + after[:length] * share, after[length:]])


def fade(before, after, length, *, black=3):
    """One scene faded out to black and the other faded in from it, `length` pictures each."""
    return np.concatenate([dissolve(before, flat(length + black), length), dissolve(flat(length), after, length)])


def scan_of(luma, *, pts=None, sharpness=None, corrupt=None, chroma=None, name="made.mp4"):
    """A Scan of such pictures, without stills."""
    thumbs = np.clip(np.round(luma), 0, 255).astype(np.uint8)
    frames = np.zeros(len(thumbs), FRAME_TABLE)
    frames["pts"] = np.arange(len(thumbs)) * STEP if pts is None else pts
    frames["luma"], frames["contrast"] = thumbs.mean(axis=(1, 2)), thumbs.std(axis=(1, 2))
    frames["change"][1:] = np.abs(np.diff(thumbs.astype(int), axis=0)).mean(axis=(1, 2))
    frames["motion"][1:] = np.diff(thumbs.astype(int), axis=0).std(axis=(1, 2))
    frames["sharpness"] = 100 if sharpness is None else sharpness
    frames["corrupt"] = False if corrupt is None else corrupt
    return Scan(
        sha256="00" * 32,
        name=name,
        stream=0,
        codec="h264",
        time_base=BASE,
        width=640,
        height=360,
        turn=0,
        pixel_format="yuv420p",
        full_range=False,
        declared_frames=len(thumbs),
        declared_duration=None,
        estimated_pts=0,
        losses=(),
        frames=frames,
        packets=np.zeros(0, PACKET_TABLE),
        thumbs=thumbs,
        chroma=np.full((len(thumbs), 2, 9, 16), 128, np.uint8) if chroma is None else chroma,
        hashes=np.zeros((0, 32), np.uint8),
        hash_frames=np.zeros(0, np.int64),
        stills=(),
        still_frames=np.zeros(0, np.int64),
    )


def changes(shots):
    """(kind, first frame, first full frame) of each change of shot of a scan with regular pts."""
    return [(shot.transition_in, shot.start_pts // STEP, shot.full_pts // STEP) for shot in list(shots)[1:]]


def encode(path, luma, *, pts, scale=4):
    """A clip of such pictures, `scale` times larger, in H.264 with a time base of 1/1000 and exactly these pts."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = 64 * scale, 36 * scale, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for tick, picture in zip(pts, luma, strict=True):
            large = cv2.resize(np.clip(picture, 0, 255).astype(np.uint8), (64 * scale, 36 * scale))
            frame = av.VideoFrame.from_ndarray(np.repeat(large[:, :, None], 3, axis=2), format="rgb24")
            frame.pts, frame.time_base = int(tick), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
