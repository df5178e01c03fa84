"""The single takes that films are composed of: read, measured, and chosen so that neighbours differ visibly."""

from __future__ import annotations

import csv
import dataclasses
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Measured", "Studio", "Take", "decoded", "difference", "measured", "read_takes"]

CLIPS = {".mp4", ".avi", ".mkv", ".webm", ".mov"}

# Mean difference of two 64x36 pictures, in grey levels after the best shift, below which nobody would see a cut; and
# for two moments of one take, which share their background.
LEAST_DIFFERENCE = 8.0
LEAST_JUMP = 13.0
# Shares of the shots that come from the take of the shot before (jump cuts), and from the takes that look most alike.
JUMPS = 0.12
ALIKE = 0.2
# Least standard deviation of luma: a plain picture has no content that could change.
LEAST_CONTRAST = 9.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A stretch of one camera's pictures: [first, last] of a file, less the borders (left, top, right, bottom)."""

    path: Path
    first: int
    last: int
    border: tuple[float, float, float, float]


def read_takes(folder: Path) -> tuple[Take, ...]:
    """The takes of a folder: what its takes.csv names, or each clip as a whole."""
    table = folder / "takes.csv"
    if not table.exists():
        clips = sorted(path for path in folder.iterdir() if path.suffix.lower() in CLIPS)
        return tuple(Take(path=path, first=0, last=10**6, border=(0, 0, 0, 0)) for path in clips)
    with table.open(newline="") as stream:
        return tuple(
            Take(
                path=folder / row["file"],
                first=int(row["first"]),
                last=int(row["last"]),
                border=(float(row["left"]), float(row["top"]), float(row["right"]), float(row["bottom"])),
            )
            for row in csv.DictReader(stream)
        )


def decoded(take: Take, begin: int, count: int) -> Iterator[NDArray[np.uint8]]:
    """Upright RGB pictures of a take, `count` from its `begin`-th on, without its borders."""
    with av.open(str(take.path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for number, frame in enumerate(container.decode(stream)):
            if number >= take.first + begin + count or number > take.last:
                return
            if number < take.first + begin:
                continue
            picture = np.rot90(frame.to_ndarray(format="rgb24"), (frame.rotation // 90) % 4)
            height, width = picture.shape[:2]
            left, top, right, bottom = take.border
            yield picture[int(top * height) : int((1 - bottom) * height), int(left * width) : int((1 - right) * width)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What a take has: how many pictures, and how its first looks (64x36)."""

    count: int
    look: NDArray[np.float32]


def measured(takes: Sequence[Take]) -> dict[Take, Measured]:
    """The takes with what they have; each is decoded once."""
    found: dict[Take, Measured] = {}
    for take in takes:
        count, look = 0, None
        for count, picture in enumerate(decoded(take, 0, take.last + 1), 1):  # noqa: B007 the last count is wanted
            look = small(picture) if look is None else look
        if look is not None:
            found[take] = Measured(count=count, look=look)
    return found


def small(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture at 64x36, softened."""
    return cv2.GaussianBlur(cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32), (0, 0), 1)


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference in grey levels of two pictures at 64x36 after the best shift of up to four pixels."""
    a, b = small(one), small(other)[4:-4, 4:-4]
    return min(float(np.abs(a[y : y + 28, x : x + 56] - b).mean()) for y in range(0, 9, 2) for x in range(0, 9, 2))


def jump(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The same after the best of three zooms too, and as if both had one exposure: a new framing is no other view."""
    height, width = one.shape[:2]
    a = small(one)
    framed = []
    for zoom in (0.84, 1.0, 1.19):
        matrix = np.float32([[zoom, 0, width / 2 * (1 - zoom)], [0, zoom, height / 2 * (1 - zoom)]])
        seen = cv2.warpAffine(other, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        b = small(seen)
        framed.append(difference(one, np.clip((b - b.mean()) * a.std() / max(b.std(), 1) + a.mean(), 0, 255)))
    return min(framed)


@dataclasses.dataclass
class Studio:
    """The takes at hand, what was used of them, and the film's picture size."""

    takes: dict[Take, Measured]
    size: tuple[int, int]
    rng: np.random.Generator
    last: Take | None = None
    used: dict[Path, int] = dataclasses.field(default_factory=dict)

    def shot(self, order: NDArray[np.int64], before: NDArray[np.uint8] | None) -> tuple[NDArray[np.uint8], str]:
        """Pictures of a take in that order, that differ visibly from the picture before, and where they are from."""
        need = int(order[-1]) + 1
        for _ in range(200):
            take = self._choice(need)
            begin = int(self.rng.integers(0, self.takes[take].count - need + 1))
            pictures = self._drawn(take, begin, need)
            if min(float(small(p).mean(axis=2).std()) for p in pictures[:: max(1, need // 8)]) < LEAST_CONTRAST:
                continue
            if before is not None and (
                difference(before, pictures[0]) < LEAST_DIFFERENCE
                or (take == self.last and jump(before, pictures[0]) < LEAST_JUMP)
            ):
                continue
            note = f"{take.path.name}@{take.first + begin}" + (" same take" if take == self.last else "")
            self.last = take
            self.used[take.path] = self.used.get(take.path, 0) + 1
            return pictures[order], note
        raise SystemExit(
            f"no take gives {need} pictures that differ from the shot before: more or longer clips are needed"
        )

    def _choice(self, need: int) -> Take:
        """A take that is long enough: mostly a seldom used one, at times one that looks alike or the last one again."""
        fit = [take for take, has in self.takes.items() if has.count >= need]
        if not fit:
            raise SystemExit(f"no take has {need} pictures: longer clips are needed")
        chance = self.rng.random()
        if self.last in fit and self.takes[self.last].count > 2 * need and chance < JUMPS:
            return self.last
        weights = np.array([1 / (1 + 2 * self.used.get(take.path, 0)) for take in fit])
        if self.last and JUMPS <= chance < JUMPS + ALIKE:
            look = self.takes[self.last].look
            away = np.array([np.abs(self.takes[take].look - look).mean() for take in fit])
            weights = (away <= np.sort(away)[min(5, len(away) - 1)]).astype(float)
        return fit[int(self.rng.choice(len(fit), p=weights / weights.sum()))]

    def _drawn(self, take: Take, begin: int, need: int) -> NDArray[np.uint8]:
        """`need` pictures of a take that fill the size, seen a little larger and sometimes mirrored."""
        width, height = self.size
        zoom, mirror, across = self.rng.uniform(1, 1.2), self.rng.random() < 0.3, self.rng.uniform(0.3, 0.7)
        pictures = np.empty((need, height, width, 3), np.uint8)
        row = 0
        for row, picture in enumerate(decoded(take, begin, need), 1):
            scale = max(width / picture.shape[1], height / picture.shape[0]) * zoom
            w, h = min(picture.shape[1], round(width / scale)), min(picture.shape[0], round(height / scale))
            left, top = int((picture.shape[1] - w) * across), int((picture.shape[0] - h) * across)
            way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            pictures[row - 1] = cv2.resize(picture[top : top + h, left : left + w], (width, height), interpolation=way)
        if row < need:
            raise SystemExit(f"{take.path} ends before picture {take.first + begin + need}")
        return pictures[:, :, ::-1].copy() if mirror else pictures
