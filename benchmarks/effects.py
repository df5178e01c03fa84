"""What joins two shots, and what inside a shot looks like a join but is none, drawn into arrays of pictures.

Pictures are uint8 (n, height, width, 3), RGB. A transition of n mixed pictures shows the new shot by shares of
1/(n + 1) to n/(n + 1), so that its first picture is the first that is not the old shot alone and the one after its
last is the first that is the new shot alone.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pictures = NDArray[np.uint8]
    Effect = Callable[[Pictures, int, np.random.Generator], tuple[int, int]]

__all__ = ["BANNERS", "EASINGS", "EFFECTS", "RETIMINGS", "SPACE", "WIPES", "Join", "joined"]

EASINGS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "even": lambda t: t,
    # Half way between a straight line and an S: a full S would leave the ends of a long blend below any eye.
    "soft": lambda t: (t + t * t * (3 - 2 * t)) / 2,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How one shot leads into the next.

    `out` pictures of the old shot and `into` of the new one are used up; between them stand `hold` plain ones (fades).
    Dissolves and wipes use both at once: `out` equals `into`. `way` names a fade's or wipe's design, `soft` is the
    width of a wipe's edge as a share of the picture, `angle` (degrees) turns the designs that have a direction.
    """

    kind: Literal["cut", "dissolve", "fade", "fadewhite", "wipe"]
    way: str = ""
    out: int = 0
    into: int = 0
    hold: int = 0
    easing: str = "even"
    soft: float = 0.004
    angle: float = 0.0

    @property
    def length(self) -> int:
        """Mixed pictures, from the first that is not the old shot alone."""
        return self.out + self.hold + self.into if self.kind.startswith("fade") else self.out


def joined(tail: Pictures, head: Pictures, join: Join) -> Pictures:
    """The `join.length` pictures between the old shot and the new one, from the pictures that both give to it."""
    if join.kind == "cut":
        return tail[:0]
    if join.kind.startswith("fade"):
        plain = np.full((1, *(tail if join.out else head).shape[1:]), 255 if join.kind == "fadewhite" else 0, np.uint8)
        ends = [
            _mixed(tail, np.repeat(plain, join.out, axis=0), _shares(join.out, join.easing)),
            np.repeat(plain, join.hold, axis=0),
            _mixed(np.repeat(plain, join.into, axis=0), head, _shares(join.into, join.easing)),
        ]
        return np.concatenate([part for part in ends if len(part)])
    shares = _shares(join.length, join.easing)
    if join.kind == "dissolve":
        return _mixed(tail, head, shares)
    if join.way in {"push", "slide", "uncover"}:
        return np.stack([_moved(old, new, share, join) for old, new, share in zip(tail, head, shares, strict=True)])
    order = WIPES[join.way](*_grid(tail.shape[1], tail.shape[2]), join.angle)
    order = ((order - order.min()) / max(float(np.ptp(order)), 1e-6)).astype(np.float32)
    alphas = np.clip((shares[:, None, None] * (1 + join.soft) - order) / join.soft, 0, 1).astype(np.float32)
    return _mixed(tail, head, alphas[..., None])


def _shares(count: int, easing: str) -> NDArray[np.float64]:
    return EASINGS[easing](np.arange(1, count + 1) / (count + 1))


def _mixed(old: Pictures, new: Pictures, shares: NDArray[np.floating]) -> Pictures:
    mixed = np.empty_like(new)
    for row, share in enumerate(shares):
        mixed[row] = np.round(old[row] * (1 - np.float32(share)) + new[row] * np.float32(share))
    return mixed


def _moved(old: NDArray[np.uint8], new: NDArray[np.uint8], share: float, join: Join) -> NDArray[np.uint8]:
    """Push: both move; slide: the new one moves over the old; uncover: the old one moves off the new."""
    turns = round(join.angle / 90) % 4  # 0: from the right, 1: from below, 2: from the left, 3: from above
    axis, forward = (1, turns == 0) if turns % 2 == 0 else (0, turns == 1)
    size = old.shape[axis]
    step = min(size - 1, max(1, round(share * size)))
    if not forward:
        old, new = np.flip(old, axis), np.flip(new, axis)
    old_part = np.take(old, range(step, size) if join.way != "slide" else range(size - step), axis)
    new_part = np.take(new, range(step) if join.way != "uncover" else range(size - step, size), axis)
    moved = np.concatenate([old_part, new_part], axis)
    return moved if forward else np.ascontiguousarray(np.flip(moved, axis))


def _grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coordinates x, y from -0.5 to 0.5, x times the picture's aspect."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x / (width - 1) - 0.5) * width / height, y / (height - 1) - 0.5


def _toward(x: NDArray[np.float32], y: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    turn = np.deg2rad(angle)
    return x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))


# When each point of the picture turns to the new shot, in any unit: the earliest first.
WIPES: dict[str, Callable[[NDArray[np.float32], NDArray[np.float32], float], NDArray[np.float32]]] = {
    "line": _toward,
    "iris-out": lambda x, y, _: np.hypot(x, y),
    "iris-in": lambda x, y, _: -np.hypot(x, y),
    "clock": lambda x, y, angle: np.mod(np.arctan2(y, x) - np.deg2rad(angle), 2 * np.pi),
    "doors": lambda x, y, angle: np.abs(_toward(x, y, angle)),
}


# What a shot may hold that is no transition. Each draws into the pictures from `at` on and returns the first picture
# that it touches and the first that it no longer changes (not: no longer touches).


def flash(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """One to three pictures much brighter, up to white."""
    after = at + int(rng.integers(1, 4))
    pictures[at:after] = np.clip(pictures[at:after].astype(np.int16) + int(rng.integers(80, 256)), 0, 255)
    return at, after


def partial_flash(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """One to three pictures with a blaze of light in a part of them."""
    after = at + int(rng.integers(1, 4))
    x, y = _grid(*pictures.shape[1:3])
    glow = np.exp(-((x - rng.uniform(-0.6, 0.6)) ** 2 + (y - rng.uniform(-0.4, 0.4)) ** 2) / rng.uniform(0.02, 0.12))
    pictures[at:after] = np.clip(pictures[at:after] + 300 * glow[None, :, :, None], 0, 255)
    return at, after


def strobe(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """Four to eight flashes of one or two pictures, two to four pictures apart."""
    gap, width, count = int(rng.integers(3, 6)), int(rng.integers(1, 3)), int(rng.integers(4, 9))
    count = min(count, (len(pictures) - 10 - at) // gap)
    for start in range(at, at + gap * count, gap):
        lit = pictures[start : start + width]
        lit[:] = np.clip(lit.astype(np.int16) + 110, 0, 255)
    return at, at + gap * (count - 1) + width


def exposure_jump(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """Darker or brighter from one picture to the next, and so to the end."""
    _expose(pictures, at, at, rng)
    return at, at + 1


def exposure_ramp(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """Darker or brighter over 8 to 25 pictures, and so to the end."""
    after = at + int(rng.integers(8, 26))
    _expose(pictures, at, after, rng)
    return at, after


def _expose(pictures: Pictures, at: int, full: int, rng: np.random.Generator) -> None:
    gain = float(rng.choice([0.5, 0.65, 1.4, 1.7]))
    for row in range(at, len(pictures)):
        share = min(1.0, (row - at + 1) / (full - at + 1))
        pictures[row] = np.clip(pictures[row] * np.float32(1 + (gain - 1) * share), 0, 255)


def _view(picture: NDArray[np.uint8], zoom: float, dx: float = 0, dy: float = 0) -> NDArray[np.uint8]:
    """The picture seen `zoom` times larger, its centre moved by shares of its size."""
    height, width = picture.shape[:2]
    matrix = np.float32(
        [
            [zoom, 0, width / 2 * (1 - zoom) - dx * width],
            [0, zoom, height / 2 * (1 - zoom) - dy * height],
        ]
    )
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def whip_pan(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """The camera, which sees a part of the scene, swings to another part in 4 to 9 pictures, with motion blur."""
    length, zoom = int(rng.integers(4, 10)), float(rng.uniform(1.6, 2.2))
    side, reach = float(rng.choice([-1, 1])), (zoom - 1) / 2
    for row in range(len(pictures)):
        share = float(np.clip((row - at + 1) / (length + 1), 0, 1))
        turned = side * reach * (2 * share * share * (3 - 2 * share) - 1)
        pictures[row] = _view(pictures[row], zoom, turned)
        if 0 < share < 1:
            blur = max(3, int(pictures.shape[2] * 2 * reach * 6 * share * (1 - share) / length))
            pictures[row] = cv2.blur(pictures[row], (blur, 3))
    return at, at + length


def shake(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """The camera shakes for 10 to 30 pictures, by up to 6 % of the picture."""
    length = int(rng.integers(10, 31))
    jolts = rng.uniform(-0.06, 0.06, (length, 2))
    for row in range(len(pictures)):
        inside = 0 <= row - at < length
        pictures[row] = _view(pictures[row], 1.14, *(jolts[row - at] if inside else (0.0, 0.0)))
    return at, at + length


def snap_zoom(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """The lens goes in or out by 1.4 to 1.9 times in 3 to 6 pictures and stays."""
    length, most = int(rng.integers(3, 7)), float(rng.uniform(1.4, 1.9))
    first, last = (1.0, most) if rng.random() < 0.7 else (most, 1.0)
    for row in range(len(pictures)):
        share = float(np.clip((row - at + 1) / (length + 1), 0, 1))
        pictures[row] = _view(pictures[row], first + (last - first) * share)
    return at, at + length


def occluder(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """Something near and out of focus passes before the lens in 10 to 25 pictures and hides up to all of it."""
    length, wide = int(rng.integers(10, 26)), float(rng.uniform(0.5, 1.1))
    _, height, width, _ = pictures.shape
    colour = rng.uniform(10, 120, 3)
    texture = cv2.GaussianBlur(rng.normal(0, 40, (height, width)).astype(np.float32), (0, 0), 25) * 12
    edge = 0.06
    forward = rng.random() < 0.5
    x = np.linspace(0, 1, width, dtype=np.float32)
    for row in range(length):
        front = -edge + (row + 1) / (length + 1) * (1 + wide + 2 * edge)
        cover = np.clip((front - x) / edge, 0, 1) * np.clip((x - front + wide) / edge, 0, 1)
        cover = (cover if forward else cover[::-1])[None, :, None]
        body = colour + texture[:, :, None]
        pictures[at + row] = np.clip(pictures[at + row] * (1 - cover) + body * cover, 0, 255)
    return at, at + length


def _plate(canvas: NDArray[np.uint8], text: str, ground: tuple[int, ...], ink: tuple[int, ...]) -> None:
    """Fill a part of a picture with a colour and lines of text."""
    canvas[:] = ground
    size = max(0.3, canvas.shape[0] / 90)
    cv2.putText(
        canvas, text, (10, int(canvas.shape[0] * 0.65)), cv2.FONT_HERSHEY_DUPLEX, size, ink, max(1, int(size * 2))
    )


def _lower_third(picture: NDArray[np.uint8], share: float) -> None:
    height = int(picture.shape[0] * 0.18 * share)
    if height > 2:
        _plate(picture[-height:], "BREAKING  LIVE FROM THE SCENE", (170, 20, 25), (255, 255, 255))


def _tall_third(picture: NDArray[np.uint8], share: float) -> None:
    height = int(picture.shape[0] * 0.25 * share)
    if height > 2:
        _plate(picture[-height:], "Police statement expected at noon", (235, 235, 240), (20, 20, 60))


def _side_panel(picture: NDArray[np.uint8], share: float) -> None:
    width = int(picture.shape[1] * 0.22 * share)
    if width > 2:
        _plate(picture[:, :width], "MAP", (20, 50, 120), (250, 220, 60))


BANNERS: dict[str, Callable[[NDArray[np.uint8], float], None]] = {
    "lower third": _lower_third,
    "tall third": _tall_third,
    "side panel": _side_panel,
}


def banner(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """A news banner over 1/8 to 1/4 of the picture appears, at once or in six pictures, stays and goes likewise."""
    draw = BANNERS[str(rng.choice(sorted(BANNERS)))]
    stay, slide = int(rng.integers(12, 26)), int(rng.choice([0, 6]))
    for row in range(stay + 2 * slide):
        share = min(1.0, (row + 1) / (slide + 1), (stay + 2 * slide - row) / (slide + 1))
        draw(pictures[at + row], share)
    return at, at + stay + 2 * slide + 1


def subtitle(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """White subtitles appear at once, change after a while and go."""
    stay = int(rng.integers(15, 26))
    height, width = pictures.shape[1:3]
    size = width / 900
    lines = ["- Where were you when it began?", "I was standing by the gate,", "and then everybody ran."]
    for row in range(2 * stay):
        said = lines[1:] if row >= stay else lines[:1]
        for line, text in enumerate(said):
            place = (int(width * 0.15), int(height * (0.95 - 0.08 * (len(said) - 1 - line))))
            for ink, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):
                cv2.putText(pictures[at + row], text, place, cv2.FONT_HERSHEY_SIMPLEX, size, ink, thick, cv2.LINE_AA)
    return at, at + 2 * stay + 1


def inset(pictures: Pictures, at: int, rng: np.random.Generator) -> tuple[int, int]:
    """A second view (the shot's own pictures, mirrored and in other colours) appears in a corner and stays."""
    _, height, width, _ = pictures.shape
    part = float(rng.uniform(0.28, 0.4))
    h, w = int(height * part), int(width * part)
    top, left = (int(rng.choice([8, height - h - 8])), int(rng.choice([8, width - w - 8])))
    for row in range(at, len(pictures)):
        small = cv2.resize(pictures[row][::1, ::-1], (w, h), interpolation=cv2.INTER_AREA)
        pictures[row, top - 2 : top + h + 2, left - 2 : left + w + 2] = 255
        pictures[row, top : top + h, left : left + w] = small[:, :, ::-1]
    return at, at + 1


EFFECTS: dict[str, Effect] = {
    "flash": flash,
    "partial flash": partial_flash,
    "strobe": strobe,
    "whip pan": whip_pan,
    "shake": shake,
    "banner": banner,
    "subtitle": subtitle,
    "exposure jump": exposure_jump,
    "exposure ramp": exposure_ramp,
    "snap zoom": snap_zoom,
    "occluder": occluder,
    "inset": inset,
}


def freeze(count: int, at: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], int]:
    """Which picture of the take stands at each place where one is held for 8 to 25 pictures; where that ends."""
    after = at + int(rng.integers(8, 26))
    order = np.arange(count)
    order[at:after] = at - 1
    order[after:] = np.arange(at, at + count - after)
    return order, after


def speed_ramp(count: int, at: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], int]:
    """The same where the take runs up to three times as fast for 12 to 24 pictures."""
    length = int(rng.integers(12, 25))
    speeds = np.ones(count)
    speeds[at : at + length] = 1 + 2 * np.sin(np.linspace(0, np.pi, length))
    return np.concatenate([[0], np.cumsum(speeds[1:])]).astype(np.int64), at + length


RETIMINGS = {"freeze": freeze, "speed ramp": speed_ramp}

# Pictures that an effect may need from its beginning on.
SPACE = dict.fromkeys(EFFECTS, 40) | {"banner": 46, "subtitle": 54, "freeze": 34, "speed ramp": 34}
