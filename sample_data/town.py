"""The harbour and the market street of the sample clips."""

# Painting reads best as "what, where, how big": its calls take their numbers by place.

from __future__ import annotations

import math

import numpy as np
from drawing import Board, Colour, Picture, Rng, as_colour, scaled
from figures import Actor, look, slider, walker
from scenes import HIGH, WIDE, Layer, Scene, clear
from textures import (
    bricks,
    facade,
    heap,
    lettering,
    noise,
    planks,
    ribbed,
    rough,
    sign,
    sky,
    tint,
)


def harbour(rng: Rng) -> Scene:
    """A quay with stacked containers and cranes, a ferry passing, choppy water below."""
    back = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (120, 160, 205), (236, 226, 206), (250, 250, 250)))
    back.poly(
        [(0, 300), (120, 250), (300, 286), (480, 236), (700, 280), (960, 240), (960, 340), (0, 340)],
        rough(120, WIDE, rng, (112, 128, 140), 0.3),
    )
    quay = clear()
    water = tint(noise(240, WIDE, rng, (14, 90), 5), (14, 46, 58), (150, 190, 190))
    quay.rect((-20, 376, 1000, 240), water)
    tones = ((176, 60, 44), (40, 84, 140), (214, 160, 50), (60, 120, 84), (150, 150, 150), (110, 50, 90))
    for column in range(9):
        for row in range(int(rng.integers(1, 5))):
            crate = ribbed(60, 180, rng, tones[int(rng.integers(6))], 12)
            x, y = 96 * column + 40, 340 - 32 * (row + 1)
            quay.quad(crate, [(x, y), (x + 94, y), (x + 94, y + 31), (x, y + 31)])
    quay.rect((-10, 338, 980, 44), bricks(44, 980, rng, (120, 112, 100), (44, 15)))
    for x in (170, 520, 790):
        crane(quay, x, 340)
    actors = (slider(ferry(rng), (-260, 330), (44, 0), 3), waves(rng, 400))
    front = clear()
    for x in (120, 420, 640, 900):
        front.limb((x, 545), (x, 620), (17, 20), bricks(90, 60, rng, (70, 60, 54), (20, 8)))
    for x in range(-20, 960, 20):
        front.limb(
            (x, 590 + 9 * math.sin(x / 48)),
            (x + 18, 590 + 9 * math.sin((x + 18) / 48)),
            (5, 5),
            (170, 150, 110),
        )
    quay.light(0.9, [(820, 60, 320, 0.35)], (255, 236, 200))
    return Scene([Layer(back, 0.7), Layer(quay, 1.0, actors), Layer(front.blur(1.5), 1.25, gulls(rng))], 1.8)


def crane(board: Board, x: int, foot: int) -> None:
    """A gantry crane in lattice work."""
    ink = (190, 86, 40)
    for leg in (x - 26, x + 26):
        board.limb((leg, foot), (leg, foot - 240), (4, 3), ink)
    for step in range(10):
        y = foot - 24 * step
        board.limb((x - 26, y), (x + 26, y - 24), (1.5, 1.5), scaled(ink, 0.7))
        board.limb((x + 26, y), (x - 26, y - 24), (1.5, 1.5), scaled(ink, 0.7))
    board.limb((x - 110, foot - 226), (x + 170, foot - 250), (4, 3), ink)
    board.limb((x, foot - 290), (x + 160, foot - 250), (1.5, 1.5), ink)
    board.limb((x, foot - 290), (x - 100, foot - 228), (1.5, 1.5), ink)
    board.limb((x + 120, foot - 246), (x + 120, foot - 130), (1, 1), (40, 40, 40))
    board.rect((x - 18, foot - 258, 36, 26), (210, 200, 180))


def ferry(rng: Rng) -> Picture:
    """A ferry from the side: red hull, white decks, rows of portholes."""
    hull = ribbed(110, 330, rng, (150, 40, 40), 30)
    deck = facade(rough(64, 330, rng, (220, 222, 220), 0.15), rng, (16, 2), 0.3, (60, 70, 80))
    hull[:64] = deck
    lettering(hull, (60, 72, 200, 30), rng, (250, 240, 220), 24)
    return hull


def waves(rng: Rng, top: float) -> Actor:
    """Glints that run over the water."""
    spots = rng.uniform((0, 0, 0), (WIDE, 1, 6.3), (150, 3))

    def act(board: Board, t: float) -> None:
        for x, deep, phase in spots:
            y = top + deep * deep * (HIGH - top)
            size = (10 + 26 * deep) * (0.6 + 0.4 * math.sin(3 * t + phase))
            at = ((x + 26 * t * (0.4 + deep)) % WIDE, y + 3 * math.sin(2.2 * t + phase))
            tone = (226, 240, 236) if phase > 3 else (10, 34, 46)
            board.ellipse(at, (size, 1.2 + 2.2 * deep), tone, 0.6)

    return act


def gulls(rng: Rng) -> tuple[Actor, ...]:
    """A few gulls crossing the sky."""
    spots = rng.uniform((0, 110, 20, 0), (WIDE, 240, 70, 6), (7, 4))

    def act(board: Board, t: float) -> None:
        for x, y, speed, phase in spots:
            at = ((x + speed * t) % WIDE, y + 8 * math.sin(0.8 * t + phase))
            wing = 6 * math.sin(7 * t + phase)
            board.limb(at, (at[0] - 14, at[1] - 5 - wing), (2.5, 1), (245, 245, 245))
            board.limb(at, (at[0] + 14, at[1] - 5 - wing), (2.5, 1), (70, 74, 80))

    return (act,)


def market(rng: Rng) -> Scene:
    """A street of brick houses, striped awnings and stalls, people passing."""
    board = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (150, 180, 215), (225, 225, 220), (250, 250, 250)))
    tones = ((158, 74, 56), (186, 150, 96), (120, 92, 84), (140, 60, 60))
    for index, x in enumerate((-20, 250, 500, 740)):
        wall = bricks(520, 270, rng, tones[index], (24, 11))
        board.rect((x, 40 + 40 * (index % 2), 262, 520), facade(wall, rng, (3, 4), 0.15))
        board.quad(
            sign(50, 220, rng, tones[(index + 2) % 4], (250, 240, 200), 24),
            [(x + 18, 268), (x + 238, 268), (x + 238, 308), (x + 18, 308)],
        )
    board.rect((0, 470, WIDE, 140), heap(140, WIDE, rng, ((120, 116, 110), (96, 94, 92)), 12))
    for index, x in enumerate((20, 230, 470, 700)):
        stall(board, rng, x, ((200, 50, 50), (40, 100, 160), (60, 130, 70), (220, 150, 40))[index])
    board.light(0.82, [(250, 120, 240, 0.5), (700, 480, 260, 0.3)], (255, 240, 210))
    walkers = tuple(
        walker((float(a), 545.0 + 12 * n), (float(b), 545.0 + 12 * n), 13, 205 + 14 * n, look(rng))
        for n, (a, b) in enumerate(((-60, 900), (1000, 60), (300, 760)))
    )
    front = clear()
    front.limb((60, 0), (72, 620), (14, 16), planks(300, 40, rng, (60, 60, 64), 12))
    return Scene([Layer(board, 0.95), Layer(clear(), 1.1, walkers), Layer(front.blur(2.5), 1.3)], 1.8)


def stall(board: Board, rng: Rng, x: int, tone: Colour) -> None:
    """A market stall: striped awning, a counter with heaps of fruit, a hanging lamp."""
    fruit = (
        ((210, 60, 40), (230, 150, 40)),
        ((120, 170, 60), (220, 200, 70)),
        ((150, 40, 90), (90, 50, 110)),
    )
    board.rect((x, 350, 200, 130), (24, 20, 20), 0.75, 5)
    for bay in range(3):
        board.rect((x + 6 + 64 * bay, 436, 60, 34), heap(34, 60, rng, fruit[bay], 7))
    board.rect((x, 470, 200, 50), planks(50, 200, rng, (130, 94, 60), 22))
    for stripe in range(10):
        colour = tone if stripe % 2 == 0 else (236, 230, 216)
        a, b = x - 12 + 22.4 * stripe, x + 20 * stripe
        cloth = rough(60, 40, rng, colour, 0.25)
        board.poly([(b, 316), (b + 20, 316), (a + 22.4, 366), (a, 366)], cloth)
        board.ellipse((a + 11, 366), (11, 9), scaled(colour, 0.85))
    for pole in (x, x + 198):
        board.limb((pole, 360), (pole, 520), (3, 3), (70, 56, 44))


def fruit_counter(rng: Rng) -> Scene:
    """Crates of fruit close up, hands reaching in, price boards."""
    board = Board(WIDE, HIGH, planks(HIGH, WIDE, rng, (90, 66, 46), 70))
    kinds = (
        ((206, 52, 40), (160, 30, 34)),
        ((236, 160, 40), (220, 120, 30)),
        ((130, 170, 60), (90, 130, 50)),
        ((120, 50, 120), (80, 40, 90)),
        ((230, 210, 90), (200, 170, 60)),
        ((170, 100, 60), (130, 76, 50)),
    )
    for index, kind in enumerate(kinds):
        column, row = index % 3, index // 3
        x, y = 30 + 310 * column - 20 * row, 90 + 250 * row
        board.rect((x - 10, y - 6, 300, 226), planks(230, 300, rng, (170, 130, 84), 300))
        board.rect((x, y, 280, 200), heap(200, 280, rng, kind, 17 + 5 * (index % 3)))
        board.rect((x + 90, y - 44, 96, 56), sign(56, 96, rng, (30, 34, 32), (250, 246, 230), 18))
    board.light(0.75, [(300, 120, 260, 0.55), (760, 520, 200, 0.3)], (255, 238, 205))
    wear = look(rng, (60, 90, 140))

    def reach(target: Board, t: float) -> None:
        deep = 60 * math.sin(1.9 * t)
        target.limb((820, 640), (600 + deep, 330 - 0.4 * deep), (46, 26), wear.coat)
        target.ellipse((586 + deep, 316 - 0.4 * deep), (26, 22), wear.skin, turn=0.7)
        target.limb(
            (100 - deep, -20),
            (250 - 0.7 * deep, 170),
            (40, 22),
            rough(90, 90, np.random.default_rng(4), (150, 60, 60)),
        )

    return Scene([Layer(board, 1.0), Layer(clear(), 1.15, (reach,))], 1.8)


def bunting(rng: Rng) -> Scene:
    """Looking up between the houses: two walls of windows leaning in, flags on strings."""
    board = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (90, 140, 205), (190, 215, 235), (255, 255, 255)))
    wall = facade(bricks(800, 420, rng, (170, 90, 64), (26, 12)), rng, (4, 5), 0.1)
    board.quad(wall, [(-80, -40), (330, 180), (230, 640), (-420, 640)])
    board.quad(
        facade(bricks(800, 420, rng, (196, 172, 124), (26, 12)), rng, (4, 5), 0.1),
        [(640, 150), (1040, -60), (1300, 640), (760, 640)],
    )
    board.light(0.8, [(520, 200, 200, 0.35), (900, 300, 200, 0.25)])
    flags = [(float(x), n) for n in range(4) for x in np.linspace(180, 800, 13)]
    tones = [as_colour(rng.integers(60, 240, 3)) for _ in flags]

    def flutter(target: Board, t: float) -> None:
        for (x, n), tone in zip(flags, tones, strict=True):
            sag = 70 * n + 190 - 0.0006 * (x - 490) ** 2
            swing = 9 * math.sin(4 * t + 0.02 * x + n)
            target.limb((x - 26, sag), (x + 26, sag), (1.2, 1.2), (30, 30, 30))
            target.poly([(x - 18, sag), (x + 18, sag), (x + swing, sag + 40)], tone)
            target.poly([(x - 18, sag), (x - 4, sag), (x + swing, sag + 40)], (0, 0, 0), 0.25)

    return Scene([Layer(board, 0.9), Layer(clear(), 1.2, (flutter,))], 1.6)
