"""The camera of the sample clips: shots on a time line, an unsteady hand, grain, and transitions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np
from drawing import Picture, Plane, Rng, as_picture
from scenes import HIGH, WIDE, Scene
from sound import seed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FPS = 25
FRAME_WIDE, FRAME_HIGH = 640, 360


@dataclass(frozen=True)
class Move:
    """How the camera wanders during a shot: from one point to another, zooming, with an unsteady hand."""

    start: tuple[float, float] = (-30.0, 8.0)
    end: tuple[float, float] = (30.0, -8.0)
    zoom: tuple[float, float] = (0.8, 0.86)
    shake: float = 3.0


@dataclass(frozen=True)
class Shot:
    """One shot: the scene, its length on the time line, and how it begins (seconds)."""

    build: Callable[[Rng], Scene]
    seconds: float
    move: Move = Move()
    transition: str = "start"
    span: float = 0.0


@dataclass(frozen=True)
class Clip:
    """One clip of the archive (or, without a date, one beside it)."""

    name: str
    title: str
    created: str
    song: str
    shots: tuple[Shot, ...]
    crf: int = 29
    b_frames: int = 2
    song_from: float = 0.0

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return sum(shot.seconds for shot in self.shots)


@dataclass
class Take:
    """A shot ready to be filmed: its scene, its span on the time line, and the camera's tremor."""

    shot: Shot
    scene: Scene
    start: float
    fade_in: tuple[float, float]
    fade_out: tuple[float, float]
    rng: Rng
    tremor: Plane = field(init=False)
    grain: list[Plane] = field(init=False)

    def __post_init__(self) -> None:
        self.tremor = self.rng.uniform(0, 2 * math.pi, (3, 5)).astype(np.float32)
        sigma = self.scene.grain
        self.grain = [self.rng.normal(0, sigma, (FRAME_HIGH, FRAME_WIDE, 3)).astype(np.float32) for _ in range(4)]

    def share(self, t: float) -> float:
        """How much of this take shows at an instant of the time line."""
        coming = ramp(t, self.fade_in)
        return coming * (1 - ramp(t, self.fade_out))


def ramp(t: float, span: tuple[float, float]) -> float:
    """0 before the span, 1 after it, linear inside; half a frame of tolerance keeps cuts exact."""
    first, last = span
    if last - first < 1e-6:
        return 1.0 if t >= first - 0.5 / FPS else 0.0
    return min(1.0, max(0.0, (t - first) / (last - first)))


def takes_of(clip: Clip) -> list[Take]:
    """Build the scenes of a clip and lay them out on its time line."""
    starts = [sum(shot.seconds for shot in clip.shots[:index]) for index in range(len(clip.shots) + 1)]
    takes = []
    for index, shot in enumerate(clip.shots):
        rng = np.random.default_rng(seed_of(f"{clip.name} {index}"))
        following = clip.shots[index + 1] if index + 1 < len(clip.shots) else None
        scene = shot.build(rng)
        fade_in = half_span(shot, starts[index], after=True) if index else (-1.0, -1.0)
        fade_out = half_span(following, starts[index + 1], after=False) if following else (1e6, 1e6)
        takes.append(Take(shot, scene, starts[index], fade_in, fade_out, rng))
    return takes


def half_span(shot: Shot, middle: float, *, after: bool) -> tuple[float, float]:
    """When a transition into `shot` shows (after) or hides (before): a fade hides first and shows second."""
    first, last = middle - shot.span / 2, middle + shot.span / 2
    if shot.transition == "fade":
        # A tenth of the span on either side of the middle stays wholly black.
        return (middle + shot.span / 10, last) if after else (first, middle - shot.span / 10)
    return first, last


def film(take: Take, t: float) -> Plane:
    """One frame of a take at an instant of the clip's time line."""
    local, length = t - take.start, take.shot.seconds
    look = view(take, local / length, local)
    frame = np.zeros((FRAME_HIGH, FRAME_WIDE, 3), np.uint8)
    for layer in take.scene.layers:
        board = layer.board
        if layer.actors:
            board = board.copy()
            for act in layer.actors:
                act(board, local)
        seen = cv2.warpAffine(
            board.px,
            camera_matrix(look, layer.depth),
            (FRAME_WIDE, FRAME_HIGH),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        rest = cv2.cvtColor(255 - seen[..., 3], cv2.COLOR_GRAY2RGB)
        frame = as_picture(cv2.add(cv2.multiply(frame, rest, scale=1 / 255), np.ascontiguousarray(seen[..., :3])))
    exposure = 1.0 + 0.04 * math.sin(0.7 * local + float(take.tremor[0, 0])) + 0.02 * math.sin(2.2 * local)
    lit = frame.astype(np.float32) * (VIGNETTE * exposure)
    grain = take.grain[round(local * FPS) % len(take.grain)]
    # Rolling the few grain planes about gives fresh noise at no cost.
    shift = int(take.rng.integers(FRAME_HIGH)), int(take.rng.integers(FRAME_WIDE))
    return np.asarray(lit + np.roll(grain, shift, (0, 1)), np.float32)


def vignette() -> Plane:
    """Darker corners, as lenses give."""
    y, x = np.mgrid[-1 : 1 : FRAME_HIGH * 1j, -1 : 1 : FRAME_WIDE * 1j]
    return np.asarray(1.04 - 0.16 * (x * x + y * y), np.float32)[..., None]


VIGNETTE = vignette()


def view(take: Take, share: float, t: float) -> tuple[float, float, float, float]:
    """Where the camera looks: offset across and down, zoom and roll."""
    move, phases = take.shot.move, take.tremor
    eased = share * share * (3 - 2 * share)
    wobble = [
        sum(
            math.sin(rate * t + float(phase)) / math.sqrt(rate)
            for rate, phase in zip((0.9, 1.7, 3.9, 7.3, 13.0), row, strict=True)
        )
        for row in phases
    ]
    x = move.start[0] + (move.end[0] - move.start[0]) * eased + move.shake * wobble[0]
    y = move.start[1] + (move.end[1] - move.start[1]) * eased + move.shake * wobble[1]
    zoom = move.zoom[0] + (move.zoom[1] - move.zoom[0]) * eased
    return x, y, zoom, 0.0022 * move.shake * wobble[2]


def camera_matrix(look: tuple[float, float, float, float], depth: float) -> Plane:
    """The affine map from a board to the frame; nearer layers move and grow more."""
    x, y, zoom, roll = look
    scale = zoom * (1 + (depth - 1) * 0.25)
    a, b = scale * math.cos(roll), scale * math.sin(roll)
    middle_x, middle_y = WIDE / 2 + x * depth, HIGH / 2 + y * depth
    return np.array(
        [
            [a, -b, FRAME_WIDE / 2 - a * middle_x + b * middle_y],
            [b, a, FRAME_HIGH / 2 - b * middle_x - a * middle_y],
        ],
        np.float32,
    )


def frames_of(clip: Clip) -> Iterator[Picture]:
    """All frames of a clip in order, transitions included."""
    takes = takes_of(clip)
    for number in range(round(clip.seconds * FPS)):
        t = number / FPS
        parts = [(take.share(t), take) for take in takes]
        mixed = np.zeros((FRAME_HIGH, FRAME_WIDE, 3), np.float32)
        for share, take in parts:
            if share > 0:
                mixed += share * film(take, t)
        yield as_picture(mixed)
