"""People and vehicles of the sample clips: jointed figures drawn afresh for each frame."""

# Painting reads best as "what, where, how big": its calls take their numbers by place.

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from drawing import Board, Colour, Picture, Point, Rng, scaled
from textures import (
    noise,
    plaid,
    ribbed,
    rough,
    tint,
)

Actor = Callable[[Board, float], None]

COATS: tuple[Colour, ...] = (
    (150, 50, 45),
    (50, 70, 120),
    (180, 150, 70),
    (70, 95, 60),
    (110, 60, 110),
    (60, 60, 66),
    (170, 165, 155),
)


@dataclass(frozen=True)
class Look:
    """What a figure wears."""

    coat: Picture
    trousers: Picture
    skin: Colour
    hair: Colour


def look(rng: Rng, coat: Colour | None = None) -> Look:
    """Clothes at random, or around a given coat."""
    tone = coat or COATS[int(rng.integers(len(COATS)))]
    cloth = plaid(90, 90, rng, tone, scaled(tone, 1.5), 24) if rng.random() < 0.35 else rough(90, 90, rng, tone, 0.5)
    legs = rough(90, 90, rng, ((48, 52, 66), (70, 60, 50), (40, 40, 42))[int(rng.integers(3))], 0.5)
    skin = ((214, 170, 140), (180, 130, 100), (132, 92, 70))[int(rng.integers(3))]
    hair = ((40, 30, 24), (90, 62, 40), (120, 116, 110), (26, 26, 30))[int(rng.integers(4))]
    return Look(cloth, legs, skin, hair)


def joint(origin: Point, length: float, angle: float) -> Point:
    """The far end of a limb that hangs from `origin`; an angle of 0 is straight down."""
    return origin[0] + length * math.sin(angle), origin[1] + length * math.cos(angle)


def leg(board: Board, hip: Point, height: float, swing: float, wear: Look) -> None:
    """One leg: the knee bends while the leg is behind the body."""
    knee = joint(hip, 0.25 * height, 0.55 * swing)
    ankle = joint(knee, 0.24 * height, 0.55 * swing - 0.5 * max(0.0, -swing))
    board.limb(hip, knee, (0.062 * height, 0.048 * height), wear.trousers)
    board.limb(knee, ankle, (0.048 * height, 0.034 * height), wear.trousers)
    toe = (ankle[0] + 0.06 * height * (1 if swing >= 0 else 0.7), ankle[1] + 0.012 * height)
    board.limb(ankle, toe, (0.034 * height, 0.022 * height), (28, 24, 22))


def arm(board: Board, shoulder: Point, height: float, angles: Point, wear: Look) -> None:
    """One arm from shoulder to hand."""
    elbow = joint(shoulder, 0.17 * height, angles[0])
    hand = joint(elbow, 0.16 * height, angles[1])
    board.limb(shoulder, elbow, (0.045 * height, 0.036 * height), wear.coat)
    board.limb(elbow, hand, (0.036 * height, 0.026 * height), wear.coat)
    board.ellipse(hand, (0.028 * height, 0.03 * height), wear.skin)


def person(board: Board, at: Point, height: float, wear: Look, swing: float, lift: float = 0.0) -> None:
    """A standing or walking figure; `swing` -1..1 moves the legs, `lift` 0..1 raises the arms."""
    x, y = at
    board.ellipse((x, y), (0.2 * height, 0.04 * height), (0, 0, 0), 0.45, 0.025 * height)
    hip, neck = (x, y - 0.5 * height), (x + 0.015 * height, y - 0.8 * height)
    arm(
        board,
        (neck[0], neck[1] + 0.02 * height),
        height,
        (0.6 * swing + 2.6 * lift, 0.7 * swing + 2.9 * lift),
        wear,
    )
    leg(board, hip, height, swing, wear)
    leg(board, hip, height, -swing, wear)
    board.limb(hip, neck, (0.105 * height, 0.088 * height), wear.coat)
    # A soft dark flank gives the trunk a round look; without it figures read as paper cut-outs.
    flank = ((hip[0] - 0.07 * height, hip[1]), (neck[0] - 0.06 * height, neck[1]))
    board.limb(*flank, (0.04 * height, 0.03 * height), (0, 0, 0), 0.45, 0.012 * height)
    arm(
        board,
        (neck[0], neck[1] + 0.02 * height),
        height,
        (-0.6 * swing - 2.6 * lift, -0.5 * swing - 2.9 * lift),
        wear,
    )
    head = (neck[0] + 0.005 * height, y - 0.915 * height)
    board.limb(neck, head, (0.03 * height, 0.03 * height), scaled(wear.skin, 0.75))
    board.ellipse(head, (0.052 * height, 0.066 * height), wear.skin)
    board.ellipse((head[0] - 0.012 * height, head[1] - 0.02 * height), (0.054 * height, 0.054 * height), wear.hair)
    board.ellipse((head[0] + 0.022 * height, head[1] + 0.012 * height), (0.03 * height, 0.042 * height), wear.skin)


def walker(start: Point, end: Point, seconds: float, height: float, wear: Look, delay: float = 0.0) -> Actor:
    """Someone who walks from one point to another, starting after `delay`."""

    def act(board: Board, t: float) -> None:
        share = (t - delay) / seconds
        at = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
        person(board, at, height, wear, math.sin((t - delay) * 6.1))

    return act


def idler(at: Point, height: float, wear: Look, pace: float, lift: float = 0.0) -> Actor:
    """Someone who stands about, shifting weight and moving the arms."""

    def act(board: Board, t: float) -> None:
        sway = math.sin(t * pace)
        raised = lift * (0.5 + 0.5 * math.sin(t * pace * 1.7))
        person(board, (at[0] + 3 * sway, at[1]), height, wear, 0.25 * sway, raised)

    return act


def slider(sprite: Picture, start: Point, speed: Point, sway: float = 0.0) -> Actor:
    """A flat thing that moves along: a wagon, a boat's side, a lorry."""
    height, width = sprite.shape[:2]

    def act(board: Board, t: float) -> None:
        x, y = start[0] + speed[0] * t, start[1] + speed[1] * t + sway * math.sin(1.7 * t)
        board.quad(sprite, [(x, y), (x + width, y), (x + width, y + height), (x, y + height)])

    return act


def lorry(rng: Rng, at: Callable[[float], tuple[float, float, float]]) -> Actor:
    """A lorry seen from the front; `at` gives its foot point and width for a time."""
    tarp = ribbed(90, 120, rng, (88, 96, 72), 14)
    bonnet = rough(60, 120, rng, (120, 96, 52), 0.5)
    screen = tint(noise(30, 90, rng, (20, 20), 3), (30, 40, 50), (170, 190, 200))

    def act(board: Board, t: float) -> None:
        x, y, width = at(t)
        y += 0.008 * width * math.sin(9 * t)
        left, right, roof = x - width / 2, x + width / 2, y - 1.15 * width
        board.ellipse((x, y), (0.6 * width, 0.08 * width), (0, 0, 0), 0.6, 0.03 * width)
        for wheel in (left + 0.1 * width, right - 0.1 * width):
            board.limb((wheel, y - 0.1 * width), (wheel, y), (0.07 * width,) * 2, (18, 18, 20))
        board.quad(tarp, [(left, roof), (right, roof), (right, y - 0.5 * width), (left, y - 0.5 * width)])
        inner, outer = left + 0.06 * width, right - 0.06 * width
        board.quad(
            bonnet,
            [
                (inner, y - 0.8 * width),
                (outer, y - 0.8 * width),
                (right, y - 0.12 * width),
                (left, y - 0.12 * width),
            ],
        )
        pane = [(inner + 0.06 * width, y - 0.76 * width), (outer - 0.06 * width, y - 0.76 * width)]
        board.quad(screen, [*pane, (outer, y - 0.5 * width), (inner, y - 0.5 * width)])
        for bar in range(5):
            board.rect(
                (left + 0.3 * width, y - (0.42 - 0.05 * bar) * width, 0.4 * width, 0.022 * width),
                (24, 22, 20),
            )
        for side in (left + 0.14 * width, right - 0.14 * width):
            board.ellipse((side, y - 0.3 * width), (0.07 * width,) * 2, (250, 240, 205))
            board.ellipse((side, y - 0.3 * width), (0.2 * width,) * 2, (255, 240, 190), 0.35, 0.08 * width)

    return act


def seated(rng: Rng, at: Point) -> Actor:
    """The figure of the dormitory, seen from behind over the right shoulder, with a phone in the hand."""
    jacket, dark = rough(300, 300, rng, (104, 106, 78), 0.55), rough(200, 200, rng, (50, 52, 42), 0.5)
    skin = rough(120, 120, rng, (168, 122, 92), 0.2)
    hair = tint(noise(150, 150, rng, (24, 5), 3), (16, 12, 10), (74, 58, 44))
    wear = [look(rng, tone) for tone in ((235, 70, 120), (250, 210, 60), (70, 210, 230))]
    stage = tint(noise(160, 92, rng, (50, 30), 4), (60, 18, 90), (190, 60, 170))

    def act(board: Board, t: float) -> None:
        sway = 4 * math.sin(0.9 * t) + 2 * math.sin(2.3 * t + 1)
        x, y = at[0] + sway, at[1] + 2.5 * math.sin(1.6 * t)
        board.ellipse((x + 10, at[1] + 165), (150, 40), (0, 0, 0), 0.6, 16)
        trunk(board, (x, y), jacket, dark)
        nod = 3 * math.sin(1.1 * t) + 3 * max(0.0, math.sin(0.6 * t)) ** 8
        back_of_head(board, (x + 12 + 0.6 * sway, y - 92 + nod), skin, hair)
        hand = (x + 172 + 2 * math.sin(2.9 * t), y - 22 + 3 * math.sin(2.1 * t))
        board.limb((x + 78, y + 10), (x + 116, y + 118), (40, 33), jacket)
        board.limb((x + 60, y + 20), (x + 100, y + 118), (12, 10), (0, 0, 0), 0.35, 7)
        board.limb((x + 116, y + 118), (hand[0] - 4, hand[1] + 62), (33, 22), jacket)
        board.limb((hand[0] - 12, hand[1] + 74), (hand[0] + 4, hand[1] + 52), (20, 17), skin)
        phone(board, hand, stage, wear, t)
        for finger in range(4):
            tip = (hand[0] + 46, hand[1] + 14 + 15 * finger)
            board.limb((hand[0] + 32, tip[1] + 8), tip, (7, 6), skin)
        board.limb((hand[0] - 30, hand[1] + 62), (hand[0] - 40, hand[1] + 26 + 6 * math.sin(3 * t)), (10, 8), skin)

    return act


def trunk(board: Board, at: Point, jacket: Picture, dark: Picture) -> None:
    """Back and shoulders of the seated figure, with folds, a seam and a collar."""
    x, y = at
    back = [
        (-40, -52),
        (-84, -34),
        (-108, 8),
        (-116, 80),
        (-110, 185),
        (104, 185),
        (108, 80),
        (104, 0),
        (84, -36),
        (46, -52),
    ]
    board.poly([(x + a, y + b) for a, b in back], jacket)
    for a, b, c, d, size in (
        (-70, -10, -92, 150, 16),
        (-20, 30, -6, 160, 9),
        (48, 0, 70, 140, 11),
        (-52, 90, 40, 120, 8),
    ):
        board.limb((x + a, y + b), (x + c, y + d), (size, size * 0.7), (0, 0, 0), 0.42, 6)
    for a, b, c, d in ((-34, 10, -44, 140), (24, 20, 34, 150), (-86, -12, -60, -34)):
        board.limb((x + a, y + b), (x + c, y + d), (5, 4), (190, 190, 150), 0.3, 4)
    board.limb((x - 4, y - 44), (x - 2, y + 185), (1.2, 1.2), (30, 30, 22), 0.8)
    board.limb((x - 112, y + 160), (x + 106, y + 160), (3, 3), (40, 40, 30), 0.7, 1)
    board.poly([(x - 36, y - 50), (x + 46, y - 50), (x + 38, y - 72), (x - 26, y - 72)], dark)


def back_of_head(board: Board, at: Point, skin: Picture, hair: Picture) -> None:
    """A head turned three quarters away: neck, cheek, ear, cropped hair."""
    x, y = at
    board.limb((x - 6, y + 34), (x - 8, y + 4), (32, 34), skin)
    board.limb((x - 28, y + 34), (x - 28, y), (12, 12), (0, 0, 0), 0.4, 7)
    board.ellipse((x + 12, y - 14), (45, 54), skin)
    board.ellipse((x - 4, y - 28), (51, 50), hair)
    board.poly([(x - 52, y - 30), (x + 20, y - 30), (x + 14, y + 8), (x - 10, y + 24), (x - 40, y + 18)], hair)
    board.ellipse((x + 24, y - 2), (10, 16), skin)
    board.ellipse((x + 25, y - 1), (5, 10), (96, 60, 46), 0.8)
    board.ellipse((x + 38, y - 10), (9, 34), (180, 150, 230), 0.3, 5)


def phone(board: Board, at: Point, stage: Picture, wear: list[Look], t: float) -> None:
    """A phone with three dancers on its screen."""
    x, y = at
    board.ellipse((x, y), (120, 140), (150, 110, 220), 0.32, 34)
    frame = [(x - 46, y - 92), (x + 44, y - 84), (x + 38, y + 84), (x - 48, y + 78)]
    board.poly(frame, (12, 12, 16))
    screen = Board(92, 160, stage)
    for beam in range(3):
        foot = 46 + 60 * math.sin(1.9 * t + 2.1 * beam)
        board_colour = ((255, 230, 120), (120, 255, 230), (255, 140, 220))[beam]
        screen.poly(
            [(18 + 28 * beam, 0), (22 + 28 * beam, 0), (foot + 18, 120), (foot - 18, 120)],
            board_colour,
            0.4,
            2,
        )
    screen.rect((0, 118, 92, 42), (36, 14, 52), 0.8)
    for number, outfit in enumerate(wear):
        beat = 5.2 * t + 0.5 * number
        spot = (18 + 28 * number + 4 * math.sin(beat), 128 + 4 * abs(math.sin(beat)) + 3 * (number % 2))
        person(screen, spot, 78, outfit, math.sin(beat), 0.5 + 0.5 * math.sin(0.5 * beat + number))
    for mark in range(4):
        screen.ellipse((84, 62 + 17 * mark), (4, 4), (250, 250, 250), 0.85)
    screen.rect((6, 144, 52, 3), (240, 240, 240), 0.8)
    screen.rect((6, 150, 34, 3), (240, 240, 240), 0.6)
    glow = np.minimum(screen.px[..., :3].astype(np.int16) * 5 // 4 + 12, 255).astype(np.uint8)
    board.quad(glow, [(x - 42, y - 87), (x + 40, y - 79), (x + 34, y + 79), (x - 44, y + 73)])
