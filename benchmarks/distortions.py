"""What is done to copies of footage: each distortion is a plan of steps over pictures, drawn from two sets of strengths.

A step takes a picture (uint8, height x width x 3, RGB) and the seconds since the query began, and gives a picture. The
sets `dev` and `held` differ in strengths, places, words, colours and fonts, so that what was tuned on the one is
measured on the other. Widths of blurs and the like are given for a short side of 360 pixels and follow the picture's.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

from benchmarks.footage import even, fitted, letters, padded, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]
    Step = Callable[[Picture, float], Picture]

__all__ = ["DISTORTIONS", "HARD", "Kit", "Plan", "captioned", "letterbox"]

Choice = TypeVar("Choice")

DEV_WORDS = (
    "BREAKING: crowd gathers downtown",
    "LIVE  Exclusive footage",
    "Watch until the end!!",
    "Video: eyewitness",
)
HELD_WORDS = ("What they do not show you", "Amateur video, unverified", "Share before it is deleted", "Tuesday, 9 pm")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens to a copy.

    speed: query seconds per reference second, above 1 is slower. rotated: degrees clockwise by which the query is
    turned. seconds: how much of the query a copy fills. arrangement: alone, spliced (between other footage), two (of two
    references), twice (the same seconds again). rate: pictures a second, short_side: pixels; None leaves the original's.
    """

    steps: tuple[Step, ...] = ()
    speed: float = 1.0
    mirrored: bool = False
    rotated: int = 0
    seconds: float | None = None
    arrangement: str = "alone"
    rate: float | None = None
    short_side: int | None = None
    crf: int = 27
    bit_rate: int | None = None

    def __add__(self, other: Plan) -> Plan:
        """Both, the steps of this one first."""
        return Plan(
            steps=self.steps + other.steps,
            speed=self.speed * other.speed,
            mirrored=self.mirrored != other.mirrored,
            rotated=(self.rotated + other.rotated) % 360,
            seconds=other.seconds or self.seconds,
            arrangement=self.arrangement if other.arrangement == "alone" else other.arrangement,
            rate=other.rate or self.rate,
            short_side=other.short_side or self.short_side,
            crf=max(self.crf, other.crf),
            bit_rate=other.bit_rate or self.bit_rate,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What distortions draw from: chance, which of the two sets of strengths, and other footage (seconds to picture)."""

    rng: np.random.Generator
    held: bool
    other: Callable[[float], Picture]

    def between(self, dev: tuple[float, float], held: tuple[float, float]) -> float:
        """A strength of the set's range."""
        return float(self.rng.uniform(*(held if self.held else dev)))

    def pick(self, dev: Sequence[Choice], held: Sequence[Choice]) -> Choice:
        """One of the set's choices."""
        choices = held if self.held else dev
        return choices[int(self.rng.integers(len(choices)))]


def width_here(picture: Picture, at_360: float) -> float:
    """A width given for a short side of 360 pixels."""
    return at_360 * min(picture.shape[:2]) / 360


def colour(kit: Kit) -> Plan:
    """Another saturation and hue."""
    saturation = kit.pick((0.4, 1.8), (0.55, 1.6))
    turn = int(kit.between((8, 16), (-18, -9)))

    def step(picture: Picture, _: float) -> Picture:
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.int16)
        hsv[..., 0] = (hsv[..., 0] + turn) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * saturation, 0, 255)
        return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)

    return Plan(steps=(step,))


def gamma(kit: Kit) -> Plan:
    """Another gamma and brightness."""
    power, lift = kit.pick((0.6, 1.6), (0.7, 1.8)), kit.between((-25, 25), (-35, 35))
    table = np.clip(255 * (np.arange(256) / 255) ** power + lift, 0, 255).astype(np.uint8)
    return Plan(steps=(lambda picture, _: table[picture],))


def grey(_: Kit) -> Plan:
    """Without colour."""
    return Plan(steps=(lambda picture, _: np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),))


def negative(_: Kit) -> Plan:
    """Negative colours."""
    return Plan(steps=(lambda picture, _: 255 - picture,))


def blurred(sigma: float) -> Plan:
    """Out of focus."""
    return Plan(steps=(lambda picture, _: cv2.GaussianBlur(picture, (0, 0), width_here(picture, sigma)),))


def crop(kit: Kit, away: float) -> Plan:
    """A share of the width and of the height cut away, off the centre."""
    left, top = kit.between((0.2, 0.5), (0.5, 0.9)), kit.between((0.5, 0.8), (0.1, 0.5))

    def step(picture: Picture, _: float) -> Picture:
        height, width = picture.shape[:2]
        w, h = even(width * (1 - away)), even(height * (1 - away))
        x, y = int((width - w) * left), int((height - h) * top)
        return cv2.resize(picture[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)

    return Plan(steps=(step,))


def letterbox(kit: Kit) -> Plan:
    """Bars above and below."""
    bar = kit.between((0.1, 0.16), (0.16, 0.22))
    ink = kit.pick(((0, 0, 0),), ((0, 0, 0), (18, 18, 22)))
    return Plan(steps=(lambda picture, _: padded(picture, (0, bar, 0, bar), ink),))


def pillarbox(kit: Kit) -> Plan:
    """Bars left and right."""
    bar = kit.between((0.14, 0.2), (0.2, 0.28))
    ink = kit.pick(((0, 0, 0),), ((0, 0, 0), (245, 245, 245)))
    return Plan(steps=(lambda picture, _: padded(picture, (bar, 0, bar, 0), ink),))


def captioned(kit: Kit, words: str | None = None) -> Plan:
    """A caption over a band or bare, and a logo in a corner."""
    said = words or kit.pick(DEV_WORDS, HELD_WORDS)
    drawn = write if kit.held else letters
    down, size = kit.between((0.76, 0.82), (0.06, 0.2)), kit.between((0.04, 0.05), (0.05, 0.06))
    ink = kit.pick(((255, 255, 255),), ((255, 220, 40), (255, 255, 255)))
    banded = kit.pick((True, False), (True, False))
    corner = kit.pick(((0.86, 0.05), (0.04, 0.05)), ((0.8, 0.8), (0.04, 0.8)))

    def step(picture: Picture, _: float) -> Picture:
        picture = picture.copy()
        height, width = picture.shape[:2]
        if banded:
            band = picture[int((down - 0.02) * height) : int((down + 0.04) * height + size * width * 1.2)]
            band[:] = band // 4 + np.array((120, 10, 10) if not kit.held else (10, 20, 90), np.uint8)
        picture = drawn(picture, said, (0.04, down), size, ink)
        centre = int((corner[0] + 0.05) * width), int((corner[1] + 0.06) * height)
        cv2.circle(picture, centre, max(6, width // 22), (20, 90, 200) if kit.held else (220, 40, 40), -1, cv2.LINE_AA)
        mark = (corner[0] + 0.025, corner[1] + 0.03)
        return drawn(picture, "TV7" if kit.held else "N24", mark, 0.028, (255, 255, 255))

    return Plan(steps=(step,))


def meme(kit: Kit) -> Plan:
    """A white bar with words above, black in some of the held set."""
    bar, words = kit.between((0.2, 0.28), (0.26, 0.36)), kit.pick(DEV_WORDS, HELD_WORDS)
    ground = kit.pick(((255, 255, 255),), ((255, 255, 255), (0, 0, 0)))
    ink = tuple(255 - value for value in ground)

    def step(picture: Picture, _: float) -> Picture:
        whole = padded(picture, (0, bar, 0, 0), ground)
        return write(whole, words, (0.05, 0.06), 0.05, ink)

    return Plan(steps=(step,))


def mirror(_: Kit) -> Plan:
    """Left and right exchanged."""
    return Plan(steps=(lambda picture, _: np.ascontiguousarray(picture[:, ::-1]),), mirrored=True)


def turned(degrees: int) -> Plan:
    """Turned clockwise by a right angle or two."""
    steps = (lambda picture, _: np.ascontiguousarray(np.rot90(picture, -degrees // 90)),)
    return Plan(steps=steps, rotated=degrees)


def tilt(kit: Kit) -> Plan:
    """Turned by a few degrees; what would lie outside is black or cut off by a zoom."""
    degrees = kit.between((3, 4), (4, 5)) * kit.pick((-1, 1), (-1, 1))
    zoom = kit.pick((1.0, 1.12), (1.0, 1.16))

    def step(picture: Picture, _: float) -> Picture:
        height, width = picture.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
        return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR)

    return Plan(steps=(step,))


def stretch(kit: Kit) -> Plan:
    """Wider or taller by a fifth."""
    wide, tall = kit.pick(((1.2, 1.0), (1.0, 1.2)), ((1.25, 1.0), (1.0, 1.2)))
    return Plan(
        steps=(
            lambda p, _: cv2.resize(
                p, (even(p.shape[1] * wide), even(p.shape[0] * tall)), interpolation=cv2.INTER_AREA
            ),
        )
    )


def inset(kit: Kit, share: float) -> Plan:
    """The picture at a share of the width over other moving footage, in a corner or off the centre."""
    across, down = kit.pick(((0.05, 0.06), (0.95, 0.94)), ((0.95, 0.06), (0.06, 0.92), (0.6, 0.45)))
    rim = kit.pick((0, 2), (0, 3))
    share *= kit.between((1.0, 1.04), (1.0, 1.04))

    def step(picture: Picture, now: float) -> Picture:
        height, width = min(picture.shape[:2]), max(picture.shape[:2])
        whole = fitted(kit.other(now), (even(width), even(height)), cover=True)
        w = even(share * width)
        h = min(even(w * picture.shape[0] / picture.shape[1]), height - 2 * rim - 2)
        small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA)
        x, y = int((width - w - 2 * rim) * across) + rim, int((height - h - 2 * rim) * down) + rim
        whole[y - rim : y + h + rim, x - rim : x + w + rim] = 255
        whole[y : y + h, x : x + w] = small
        return whole

    return Plan(steps=(step,))


def upright(kit: Kit) -> Plan:
    """9:16 (16:9 for upright footage): the whole picture before a blurred, larger one of itself."""
    closer, sigma = kit.between((1.0, 1.0), (1.0, 1.25)), kit.between((14, 18), (18, 26))
    dim, down = kit.between((0.8, 1.0), (0.5, 0.7)), kit.pick((0.5,), (0.5, 0.35))

    def step(picture: Picture, _: float) -> Picture:
        upright_already = picture.shape[0] > picture.shape[1]
        size = (640, 360) if upright_already else (360, 640)
        # Blurred at a quarter of the size: nobody sees the difference, and it costs a tenth.
        behind = cv2.GaussianBlur(fitted(picture, (size[0] // 4, size[1] // 4), cover=True), (0, 0), sigma / 4)
        whole = cv2.resize((behind * np.float32(dim)).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
        scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0]) * closer
        near = cv2.resize(picture, (even(picture.shape[1] * scale), even(picture.shape[0] * scale)))
        h, w = min(near.shape[0], size[1]), min(near.shape[1], size[0])
        y, x = (near.shape[0] - h) // 2, (near.shape[1] - w) // 2
        top, left = int((size[1] - h) * down), (size[0] - w) // 2
        whole[top : top + h, left : left + w] = near[y : y + h, x : x + w]
        return whole

    return Plan(steps=(step,))


def sticker(kit: Kit) -> Plan:
    """Half the picture hidden by an opaque still of something else."""
    still = kit.other(1.0)
    side = kit.pick(("left", "bottom", "middle"), ("right", "top", "corner"))
    hue = np.array(kit.pick(((230, 40, 60), (30, 140, 60)), ((250, 200, 30), (90, 60, 200))), np.uint8)

    def step(picture: Picture, _: float) -> Picture:
        picture = picture.copy()
        height, width = picture.shape[:2]
        top, bottom, left, right = {
            "left": (0, 1, 0, 0.5),
            "right": (0, 1, 0.5, 1),
            "top": (0, 0.5, 0, 1),
            "bottom": (0.5, 1, 0, 1),
            "middle": (0.15, 0.86, 0.15, 0.86),
            "corner": (0, 0.71, 0, 0.71),
        }[side]
        hidden = picture[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]
        hidden[:] = hue // 2 + fitted(still, hidden.shape[1::-1], cover=True) // 2
        hidden[:4], hidden[-4:], hidden[:, :4], hidden[:, -4:] = hue, hue, hue, hue
        return picture

    return Plan(steps=(step,))


def filmed(kit: Kit) -> Plan:
    """A phone films a screen: perspective, a hand that shakes, the screen's edge and room, moire, blur, noise, haze."""
    size = kit.pick(((640, 360),), ((640, 360), (480, 640)))
    fill, skew = kit.between((0.72, 0.8), (0.66, 0.74)), kit.between((0.02, 0.05), (0.05, 0.08))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    skewed = corners * (1 + kit.rng.uniform(-skew, skew, (4, 2)))
    waves = [(kit.rng.uniform(0.15, 1.8), kit.rng.uniform(0, 6.3), kit.rng.uniform(0.2, 1.0)) for _ in range(12)]
    shake, noise, sigma = kit.between((3, 5), (5, 8)), kit.between((5, 8), (7, 10)), kit.between((0.8, 1.1), (1.0, 1.4))
    low, gain = kit.between((22, 32), (30, 42)), kit.between((0.66, 0.76), (0.58, 0.68))
    tint = np.array(kit.pick(((1.0, 0.98, 0.9), (0.92, 0.98, 1.0)), ((1.0, 0.93, 0.85), (0.85, 0.96, 1.0))), np.float32)
    pitch, room = kit.between((2.3, 2.9), (2.1, 2.6)), kit.between((25, 60), (60, 110))
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    wall = np.stack(
        [room * (0.6 + 0.4 * x / size[0]), room * (0.7 + 0.3 * y / size[1]), room * (1 - 0.3 * x / size[0])], -1
    )

    def step(picture: Picture, now: float) -> Picture:
        height, width = picture.shape[:2]
        sway = [sum(s * np.sin(6.283 * f * now + p) for f, p, s in waves[k : k + 3]) / 2 for k in (0, 3, 6, 9)]
        scale = min(size[0] * fill / width, size[1] * fill / height) / 2 * (1 + 0.004 * sway[2])
        angle = 0.008 * sway[3]
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
        centre = np.array([size[0] / 2 + shake * sway[0], size[1] / 2 + shake * sway[1]], np.float32)
        seen = (skewed * np.array([width, height], np.float32) * scale) @ turn.T + centre
        bezel = (skewed * np.array([width, height], np.float32) * scale * 1.05) @ turn.T + centre
        flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(flat, seen.astype(np.float32))
        lit = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_AREA).astype(np.float32)
        inside = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)[..., None] > 127
        grating = 1 + 0.07 * np.sin(6.283 * (x + 0.03 * y + 3 * sway[0]) / pitch) * np.sin(6.283 * y / (pitch * 1.07))
        whole = wall.astype(np.float32).copy()
        cv2.fillConvexPoly(whole, np.round(bezel).astype(np.int32), (14, 14, 16))
        whole = np.where(inside, (low + gain * lit) * grating[..., None] * tint, whole)
        whole = cv2.GaussianBlur(whole, (0, 0), sigma) + kit.rng.normal(0, noise, (*whole.shape[:2], 1))
        return np.clip(whole, 0, 255).astype(np.uint8)

    return Plan(steps=(step,))


def low(kit: Kit) -> Plan:
    """Few bits."""
    return (
        Plan(bit_rate=round(kit.between((140_000, 160_000), (100_000, 140_000))))
        if kit.pick((True, False), (True, False))
        else Plan(crf=int(kit.between((38, 40), (40, 42.9))))
    )


def speed(kit: Kit, dev: tuple[float, float], held: tuple[float, float]) -> Plan:
    """Faster or slower."""
    return Plan(speed=round(kit.between(dev, held), 3))


def small(kit: Kit) -> Plan:
    """A few pixels."""
    return Plan(short_side=kit.pick((144,), (144, 160)))


HARD: dict[str, Callable[[Kit], Plan]] = {
    "crop45": lambda kit: crop(kit, 0.45),
    "pip40": lambda kit: inset(kit, 0.4),
    "pip30": lambda kit: inset(kit, 0.3),
    "pip20": lambda kit: inset(kit, 0.2),
    "vertical": upright,
    "screen": filmed,
    "sticker50": sticker,
    "negative": negative,
    "heavy_blur": lambda kit: blurred(kit.between((6, 7), (7, 8))),
    "crop+caption+low": lambda kit: crop(kit, 0.25) + captioned(kit) + low(kit),
    "mirror+speed+letterbox": lambda kit: mirror(kit) + speed(kit, (1.1, 1.2), (0.86, 0.92)) + letterbox(kit),
    "vertical+grey+low": lambda kit: upright(kit) + grey(kit) + low(kit),
    "meme+colour+crop": lambda kit: crop(kit, 0.22) + colour(kit) + meme(kit),
    "excerpt+mirror+crop": lambda kit: Plan(seconds=4) + mirror(kit) + crop(kit, 0.25),
    "pip+caption+low": lambda kit: inset(kit, 0.42) + captioned(kit) + low(kit),
    "splice+crop+grey": lambda kit: Plan(seconds=4, arrangement="spliced") + crop(kit, 0.2) + grey(kit),
}

DISTORTIONS: dict[str, Callable[[Kit], Plan]] = {
    "low": low,
    "144p": small,
    "8fps": lambda _: Plan(rate=8),
    "12.5fps": lambda _: Plan(rate=12.5),
    "15fps": lambda _: Plan(rate=15),
    "colour": colour,
    "gamma": gamma,
    "grey": grey,
    "blur": lambda kit: blurred(kit.between((2, 2.5), (2.5, 3))),
    "speed0.85": lambda kit: speed(kit, (0.85, 0.9), (0.85, 0.88)),
    "speed1.15": lambda kit: speed(kit, (1.1, 1.2), (1.08, 1.18)),
    "speed1.3": lambda kit: speed(kit, (1.25, 1.3), (1.22, 1.3)),
    "crop20": lambda kit: crop(kit, 0.2),
    "letterbox": letterbox,
    "pillarbox": pillarbox,
    "caption": captioned,
    "meme": meme,
    "mirror": mirror,
    "rot90": lambda _: turned(90),
    "rot270": lambda _: turned(270),
    "tilt": tilt,
    "stretch": stretch,
    "excerpt4": lambda _: Plan(seconds=4),
    "splice4": lambda _: Plan(seconds=4, arrangement="spliced"),
    "two": lambda _: Plan(seconds=4, arrangement="two"),
    "twice": lambda _: Plan(seconds=3.5, arrangement="twice"),
    **HARD,
}
