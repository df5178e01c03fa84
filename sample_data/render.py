"""Render the sample clips of verikit from the project's own drawing and sound.

Run `python sample_data/render.py`. Every clip is seeded by its name, so a second run draws the same pictures
and the same sound; the encoded bytes still depend on the version of the encoder. `truth.json` states what is
hidden in the clips, for tests and demonstrations to check themselves against.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from clips import (
    ARCHIVE,
    CAPTION,
    COMMENT,
    DECOY,
    LOOP,
    LOOP_FIRST,
    LOOP_PAST,
    NO_MATCH,
    POST,
    VIRAL_COUNT,
    VIRAL_CROP,
    VIRAL_FIRST,
    VIRAL_SIZE,
)
from drawing import Picture, as_picture
from facts import truth
from filming import FPS, FRAME_HIGH, FRAME_WIDE, Clip, frames_of
from PIL import Image, ImageDraw, ImageFont
from sound import RATE, Sound, soundtrack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HERE = Path(__file__).resolve().parent
FONT_PLACES = (
    Path("/usr/share/fonts/truetype/nanum/NanumGothicBold.ttf"),
    Path("/usr/share/fonts/nanum/NanumGothicBold.ttf"),
    Path("/usr/local/share/fonts/NanumGothicBold.ttf"),
    Path.home() / ".fonts" / "NanumGothicBold.ttf",
    Path.home() / ".local" / "share" / "fonts" / "NanumGothicBold.ttf",
    Path.home() / "Library" / "Fonts" / "NanumGothicBold.ttf",
)


@dataclass(frozen=True)
class Encoding:
    """How a clip is written."""

    size: tuple[int, int]
    crf: int
    b_frames: int
    tags: dict[str, str]
    stripped: bool = False


def encode(path: Path, frames: Iterable[Picture], sound: Sound, *, how: Encoding) -> None:
    """Write an mp4 with H.264 pictures and AAC sound."""
    options = {"movflags": "+faststart"} | ({"fflags": "+bitexact"} if how.stripped else {})
    with av.open(str(path), "w", options=options) as out:
        x264 = f"keyint=50:bframes={how.b_frames}"
        video = out.add_stream(
            "libx264", rate=FPS, options={"preset": "medium", "crf": str(how.crf), "x264-params": x264}
        )
        video.width, video.height = how.size
        video.pix_fmt = "yuv420p"
        # One thread: the same bytes from the same encoder whatever the machine.
        video.thread_count = 1
        audio = out.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = 64_000
        if how.stripped:
            for stream in (video, audio):
                stream.codec_context.flags |= av.codec.context.Flags.bitexact
        out.metadata.update(how.tags)
        # x264 writes its version and settings into the stream itself (an SEI unit), so that goes too.
        clean = BitStreamFilterContext("filter_units=remove_types=6", video) if how.stripped else None
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            for packet in video.encode(frame):
                out.mux(clean.filter(packet) if clean else packet)
        for packet in video.encode(None):
            out.mux(clean.filter(packet) if clean else packet)
        for start in range(0, len(sound), 1024):
            block = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE, start, Fraction(1, RATE)
            out.mux(audio.encode(block))
        out.mux(audio.encode(None))


def render_clip(
    clip: Clip, path: Path, frames: Iterable[Picture] | None = None, *, seconds: float | None = None
) -> None:
    """Render one clip with its sound and tags."""
    sound = soundtrack(clip.name, clip.song, offset=clip.song_from, seconds=seconds or clip.seconds)
    tags = (
        {"title": clip.title, "comment": COMMENT, "creation_time": clip.created}
        if clip.created
        else {"comment": COMMENT}
    )
    encode(
        path,
        frames or frames_of(clip),
        sound,
        how=Encoding((FRAME_WIDE, FRAME_HIGH), clip.crf, clip.b_frames, tags),
    )


def looped(frames: Iterable[Picture]) -> Iterator[Picture]:
    """Play the passage of the loop twice; the repeated frames are the same pixels."""
    kept: list[Picture] = []
    for number, frame in enumerate(frames):
        if number == LOOP_PAST:
            yield from kept
        if LOOP_FIRST <= number < LOOP_PAST:
            kept.append(frame)
        yield frame


def caption(font_path: Path) -> Image.Image:
    """The two lines of the caption on a transparent sheet of the viral clip's size."""
    sheet = Image.new("RGBA", VIRAL_SIZE, (0, 0, 0, 0))
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(font_path), 23)
    for text, y in zip(CAPTION, (262, 290), strict=True):
        pen.text(
            (VIRAL_SIZE[0] / 2, y),
            text,
            font=font,
            fill="white",
            stroke_width=2,
            stroke_fill="black",
            anchor="mt",
        )
    return sheet


def viral_frames(reference: Path, sheet: Image.Image) -> Iterator[Picture]:
    """Cut, crop, mirror and scale the encoded reference, then burn the caption in."""
    x, y, width, height = VIRAL_CROP
    ink = np.asarray(sheet)
    share = ink[..., 3:].astype(np.float32) / 255
    with av.open(str(reference)) as source:
        for number, frame in enumerate(source.decode(video=0)):
            if VIRAL_FIRST <= number < VIRAL_FIRST + VIRAL_COUNT:
                part = frame.to_ndarray(format="rgb24")[y : y + height, x : x + width]
                small = cv2.resize(np.ascontiguousarray(part[:, ::-1]), VIRAL_SIZE, interpolation=cv2.INTER_AREA)
                yield as_picture(small * (1 - share) + ink[..., :3] * share)


def render_viral(out: Path, font_path: Path) -> None:
    """Make the viral clip from the archived one."""
    frames = viral_frames(out / "archive" / "dormitory_evening.mp4", caption(font_path))
    sound = soundtrack("viral", "neon", offset=0.0, seconds=VIRAL_COUNT / FPS)
    encode(out / "viral.mp4", frames, sound, how=Encoding(VIRAL_SIZE, 30, 2, {}, stripped=True))


def find_font(wanted: Path | None) -> Path:
    """The font for the caption, or a message that says where to get it."""
    for place in (wanted,) if wanted else FONT_PLACES:
        if place.is_file():
            return place
    raise SystemExit(
        "No font with Hangul and Cyrillic found: install the Debian package fonts-nanum, or pass --font PATH."
    )


def write_papers(out: Path, font_path: Path) -> None:
    """Write post.json, truth.json and the checksums."""
    left, top, right, foot = caption(font_path).getbbox() or (0, 0, 0, 0)
    box = [left, top, right - left, foot - top]
    for name, content in (("post.json", POST), ("truth.json", truth(box))):
        (out / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    paths = [
        *sorted(out.glob("archive/*.mp4")),
        *sorted(out.glob("*.mp4")),
        out / "post.json",
        out / "truth.json",
    ]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out).as_posix()}\n" for path in paths]
    (out / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Render what was asked for; without --only, everything."""
    parser = argparse.ArgumentParser(description="Render the sample clips.")
    parser.add_argument("--font", type=Path, help="a TrueType font with Cyrillic and Hangul (Debian: fonts-nanum)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: this one)")
    parser.add_argument("--only", nargs="*", help="names of clips, without .mp4")
    given = parser.parse_args(arguments)
    font_path = find_font(given.font)
    (given.out / "archive").mkdir(parents=True, exist_ok=True)
    jobs: dict[str, Callable[[], None]] = {}
    for clip in ARCHIVE:
        jobs[clip.name] = lambda clip=clip: render_clip(clip, given.out / "archive" / f"{clip.name}.mp4")  # type: ignore[misc]
    jobs["viral"] = lambda: render_viral(given.out, font_path)
    jobs["decoy"] = lambda: render_clip(DECOY, given.out / "decoy.mp4")
    repeat = (LOOP_PAST - LOOP_FIRST) / FPS
    jobs["loop"] = lambda: render_clip(
        LOOP, given.out / "loop.mp4", looped(frames_of(LOOP)), seconds=LOOP.seconds + repeat
    )
    jobs["no_match"] = lambda: render_clip(NO_MATCH, given.out / "no_match.mp4")
    for name, job in jobs.items():
        if not given.only or name in given.only:
            print(f"rendering {name}", flush=True)
            job()
    write_papers(given.out, font_path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
