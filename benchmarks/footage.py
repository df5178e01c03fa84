"""What copies are made of: stretches of real clips in memory, plain cards, and how a clip is written."""

from __future__ import annotations

import bisect
import csv
import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.takes import CLIPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

__all__ = [
    "CARDS",
    "Footage",
    "Source",
    "even",
    "fitted",
    "footage_of",
    "letters",
    "padded",
    "read_sources",
    "shown",
    "write",
    "write_clip",
]

SHORT_SIDE = 360


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A stretch of a real clip and what it serves for."""

    path: Path
    role: str
    start: float = 0.0
    end: float = 1e9
    scene: str = ""

    @property
    def name(self) -> str:
        """Its file's name, with the first second where it is not the clip's."""
        return self.path.stem + (f"@{self.start:g}" if self.start else "")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footage:
    """Decoded pictures with their seconds from the first one, and how long they last."""

    pictures: list[Picture]
    times: list[float]
    seconds: float

    def at(self, moment: float) -> Picture:
        """What a player shows then; before the first and after the last picture it goes back and forth."""
        moment %= 2 * self.seconds
        moment = min(moment, 2 * self.seconds - moment)
        return self.pictures[max(0, bisect.bisect_right(self.times, moment + 1e-6) - 1)]

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return len(self.pictures) / self.seconds


def read_sources(folder: Path, *, held: bool) -> list[Source]:
    """What a folder holds, by its copies.csv or by turns."""
    table = folder / "copies.csv"
    if not table.exists():
        clips = sorted(path for path in folder.iterdir() if path.suffix.lower() in CLIPS)
        mine = [path for row, path in enumerate(clips) if (row // 3 % 2 == 1) == held]
        roles = ("original", "original", "other")
        return [Source(path=path, role=roles[row % 3], end=16.0) for row, path in enumerate(mine)]
    with table.open(newline="") as stream:
        sources = [
            Source(
                path=folder / row["file"],
                role=row["role"],
                start=float(row["start"] or 0),
                end=float(row["end"] or 1e9),
                scene=row["scene"] or Path(row["file"]).stem,
            )
            for row in csv.DictReader(stream)
        ]
    endless = [source.path.name for source in sources if source.role == "take" and source.end >= 1e9]
    if endless:
        # A take is parted in the middle.
        raise SystemExit(f"{table}: a take needs its end: {', '.join(endless)}")
    return sources


def shown(source: Source, *, short_side: int = SHORT_SIDE) -> Iterator[tuple[float, Picture]]:
    """Seconds from the stretch's first picture, and the upright pictures, their short side so many pixels."""
    with av.open(str(source.path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        origin = first = last = None
        for frame in container.decode(stream):
            if frame.time is None:
                continue
            origin = frame.time if origin is None else origin
            now = frame.time - origin
            if now >= source.end:
                return
            if now < source.start - 1e-6:
                continue
            first = now if first is None else first
            if last is not None and now <= last:
                continue  # a file whose pictures share a moment shows only the first of them here
            last = now
            picture = np.rot90(frame.to_ndarray(format="rgb24"), (frame.rotation // 90) % 4)
            scale = short_side / min(picture.shape[:2])
            size = even(picture.shape[1] * scale), even(picture.shape[0] * scale)
            yield (
                now - first,
                cv2.resize(
                    np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
                ),
            )


def footage_of(source: Source, *, most: float = 1e9, rate: float = 1e9, short_side: int = SHORT_SIDE) -> Footage:
    """The stretch's pictures in memory, at most so many seconds and so many a second."""
    pictures, times = [], []
    last = step = 0.0
    for now, picture in shown(source, short_side=short_side):
        if now >= most:
            break
        step, last = now - last, now
        if times and now - times[-1] < 0.99 / rate:
            continue
        pictures.append(picture)
        times.append(now)
    if len(pictures) < 2:
        raise SystemExit(f"{source.path}: fewer than two pictures from second {source.start:g} on")
    return Footage(pictures=pictures, times=times, seconds=last + step)


def write_clip(
    path: Path, pictures: Iterator[tuple[float, Picture]], *, rate: float, crf: int = 20, bit_rate: int | None = None
) -> None:
    """Encode pictures at their seconds with x264 in one thread. `bit_rate` is meant for 640x360 and follows the size."""
    options = {"preset": "veryfast", "g": "250", "threads": "1"}
    if bit_rate is None:
        options["crf"] = str(crf)
    with av.open(str(path), "w") as container:
        stream = None
        for now, picture in pictures:
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001), options=options)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.time_base = stream.codec_context.time_base = Fraction(1, 90000)
                if bit_rate is not None:
                    stream.bit_rate = bit_rate * picture.size // (3 * 640 * 360)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = round(now * 90000), Fraction(1, 90000)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())


def even(value: float) -> int:
    """The nearest even number from 2 up: x264 takes no odd sizes."""
    return max(2, round(value / 2) * 2)


def fitted(picture: Picture, size: tuple[int, int], *, cover: bool = False) -> Picture:
    """The picture at (width, height): whole on black, or with `cover` filling it and cut."""
    width, height = size
    ratios = width / picture.shape[1], height / picture.shape[0]
    scale = max(ratios) if cover else min(ratios)
    w, h = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    scaled = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if cover:
        left, top = (w - width) // 2, (h - height) // 2
        return np.ascontiguousarray(scaled[top : top + height, left : left + width])
    whole = np.zeros((height, width, 3), np.uint8)
    left, top = (width - w) // 2, (height - h) // 2
    whole[top : top + h, left : left + w] = scaled
    return whole


def padded(picture: Picture, bars: tuple[float, float, float, float], ink: tuple[int, ...]) -> Picture:
    """The picture with bars (left, top, right, bottom), shares of its sides, in one colour."""
    height, width = picture.shape[:2]
    left, top, right, bottom = (even(s * n) if s else 0 for s, n in zip(bars, (width, height) * 2, strict=True))
    whole = np.empty((height + top + bottom, width + left + right, 3), np.uint8)
    whole[:] = ink
    whole[top : top + height, left : left + width] = picture
    return whole


def write(picture: Picture, words: str, place: tuple[float, float], size: float, ink: tuple[int, ...]) -> Picture:
    """Words from a place on (shares of width and height), `size` their height as a share of the width, with an edge."""
    canvas = Image.fromarray(picture)
    width, height = canvas.size
    font = ImageFont.load_default(max(8, size * width))
    edge = tuple(255 - value for value in ink) if sum(ink) > 380 else (255, 255, 255)
    at = (place[0] * width, place[1] * height)
    ImageDraw.Draw(canvas).text(
        at, words, font=font, fill=ink, stroke_width=max(1, round(width / 400)), stroke_fill=edge
    )
    return np.array(canvas)


def letters(picture: Picture, words: str, place: tuple[float, float], size: float, ink: tuple[int, ...]) -> Picture:
    """The same in OpenCV's letters, which are others."""
    height, width = picture.shape[:2]
    at, scale = (int(place[0] * width), int((place[1] + size * width / height) * height)), size * width / 22
    # The edge is drawn by shifting: OpenCV 5's letters grow wider with their thickness.
    edge = [((0, 0, 0), (x, y)) for x in (-1, 1) for y in (-1, 1)]
    for colour, (x, y) in (*edge, (ink, (0, 0))):
        cv2.putText(picture, words, (at[0] + x, at[1] + y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
    return picture


def _test_card(width: int, height: int) -> Picture:
    bars = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191)]
    card = np.zeros((height, width, 3), np.uint8)
    for row, ink in enumerate(bars):
        card[: int(0.67 * height), row * width // 7 : (row + 1) * width // 7] = ink
        card[int(0.67 * height) : int(0.75 * height), row * width // 7 : (row + 1) * width // 7] = (
            bars[6 - row] if row % 2 == 0 else 16
        )
    card[int(0.75 * height) :, : width // 6], card[int(0.75 * height) :, width // 6 : width // 3] = (0, 33, 76), 255
    return card


def _title(width: int, height: int, *, held: bool) -> Picture:
    card = np.full((height, width, 3), (12, 20, 60) if held else 0, np.uint8)
    card = write(card, "THE EVENING REPORT" if held else "CHANNEL 24 PRESENTS", (0.14, 0.36), 0.065, (255, 255, 255))
    return write(card, "Part two" if held else "a documentary", (0.36, 0.56), 0.045, (230, 200, 90))


def _logo(width: int, height: int, *, held: bool) -> Picture:
    card = np.full((height, width, 3), 250 if held else (170, 20, 30), np.uint8)
    ink = (20, 90, 200) if held else (255, 255, 255)
    cv2.circle(card, (width // 2, height // 2), height // 4, ink, -1, cv2.LINE_AA)
    cv2.ellipse(card, (width // 2, height // 2), (height // 3, height // 8), 30, 0, 360, (250, 180, 0), 6, cv2.LINE_AA)
    return write(card, "TV7" if held else "N24", (0.44, 0.44), 0.06, (240, 240, 240) if held else (20, 20, 20))


# Plain pictures that prove nothing where they recur: (width, height, held) to a picture.
CARDS: dict[str, Callable[[int, int, bool], Picture]] = {
    "black": lambda width, height, _: np.zeros((height, width, 3), np.uint8),
    "flat": lambda width, height, held: np.full((height, width, 3), (128, 150, 170) if held else 96, np.uint8),
    "title": lambda width, height, held: _title(width, height, held=held),
    "logo": lambda width, height, held: _logo(width, height, held=held),
    "testcard": lambda width, height, _: _test_card(width, height),
}
