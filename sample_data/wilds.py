"""The forest road of the sample clips: road, fence, brook and camp."""

from __future__ import annotations

import math

from drawing import Board, Rng
from figures import idler, look, lorry
from scenes import HIGH, WIDE, Layer, Scene, clear
from textures import (
    foliage,
    heap,
    noise,
    plaid,
    planks,
    rough,
    sign,
    sky,
    tint,
)


def trunks(rng: Rng) -> Board:
    """Tall trunks on both sides of the road, under a roof of leaves."""
    trees = clear()
    for x, size in ((40, 26), (170, 19), (290, 13), (372, 8), (590, 9), (680, 14), (800, 22), (920, 28)):
        bark = tint(noise(600, 80, rng, (60, 5), 4), (34, 26, 20), (140, 116, 92))
        trees.limb((x, -20), (x + 4, 330 + 8 * size), (size * 0.8, size), bark)
    crown = foliage(260, WIDE, rng, (70, 112, 44), 10)
    for _ in range(26):
        x = float(rng.uniform(0, WIDE))
        trees.ellipse((x, float(rng.uniform(-10, 60 + abs(x - 480) * 0.3))), (70, 46), crown)
    trees.light(0.7, [(480, 200, 200, 0.5)], (255, 246, 200))
    return trees


def forest_road(rng: Rng) -> Scene:
    """A road through tall trees with a lorry coming closer."""
    board = Board(WIDE, HIGH, foliage(HIGH, WIDE, rng, (96, 130, 60), 9))
    board.poly(
        [(400, 0), (540, 0), (510, 300), (450, 300)],
        sky(300, 140, rng, (200, 220, 235), (250, 250, 240), (255, 255, 255)),
        0.9,
        10,
    )
    board.poly(
        [(0, 380), (440, 296), (520, 296), (960, 380), (960, 610), (0, 610)],
        foliage(320, WIDE, rng, (120, 116, 52), 6),
    )
    board.quad(rough(500, 400, rng, (128, 116, 100), 0.5), [(456, 298), (506, 298), (820, 620), (120, 620)])
    for track in (0.3, 0.7):
        board.poly(
            [
                (456 + 50 * track, 300),
                (462 + 50 * track, 300),
                (190 + 700 * track, 620),
                (80 + 700 * track, 620),
            ],
            (60, 50, 42),
            0.5,
            6,
        )
    trees = trunks(rng)
    board.light(0.62, [(480, 260, 150, 0.75), (300, 520, 120, 0.3)], (255, 246, 205))

    def approach(t: float) -> tuple[float, float, float]:
        near = 1 / max(0.12, 1 - 0.2 * t)
        return 482 + 4 * near, 300 + 34 * near, 40 * near

    return Scene([Layer(board, 0.9, (lorry(rng, approach),)), Layer(trees, 1.15)], 1.8)


def fence(rng: Rng) -> Scene:
    """A weathered fence close up, sunflowers leaning over it, a notice."""
    board = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (170, 195, 220), (230, 230, 220), (250, 250, 250)))
    board.rect((0, 210, WIDE, 400), planks(400, WIDE, rng, (136, 126, 116), 58))
    for y in (270, 500):
        board.rect((0, y, WIDE, 26), planks(26, WIDE, rng, (110, 98, 86), 400))
    board.quad(
        sign(130, 190, rng, (220, 190, 60), (30, 26, 24), 26),
        [(560, 318), (742, 330), (738, 452), (556, 444)],
    )
    board.rect((0, 540, WIDE, 70), foliage(70, WIDE, rng, (90, 130, 50), 7))
    board.light(0.75, [(220, 260, 230, 0.5)], (255, 240, 210))
    heads = [(float(x), float(rng.uniform(120, 330)), float(rng.uniform(34, 62))) for x in (110, 250, 400, 660, 850)]
    stem = foliage(200, 120, rng, (80, 120, 46), 6)
    seeds = heap(80, 80, rng, ((90, 60, 30), (50, 34, 22)), 5)

    def nod(target: Board, t: float) -> None:
        for x, y, size in heads:
            lean = 9 * math.sin(1.3 * t + x)
            target.limb((x + 10, 640), (x + lean, y), (8, 6), stem)
            for leaf in range(4):
                root = (x + 6 + 0.4 * lean, y + 70 + 50 * leaf)
                side = 44 if leaf % 2 else -44
                target.ellipse((root[0] + side, root[1] - 8), (42, 17), stem, turn=-side / 120 + 0.02 * lean)
            for petal in range(16):
                angle = petal * math.pi / 8 + 0.04 * lean
                tip = (x + lean + size * math.cos(angle), y + size * math.sin(angle))
                target.limb((x + lean, y), tip, (9, 5), ((240, 190, 40), (214, 150, 30))[petal % 2])
            target.ellipse((x + lean, y), (size * 0.55, size * 0.55), seeds)

    return Scene([Layer(board, 0.95), Layer(clear(), 1.15, (nod,))], 1.7)


def brook(rng: Rng) -> Scene:
    """A brook running between stones under a plank bridge."""
    board = Board(WIDE, HIGH, heap(HIGH, WIDE, rng, ((130, 126, 118), (96, 100, 96), (150, 140, 120)), 26))
    board.poly([(0, 0), (380, 0), (260, 240), (0, 330)], foliage(340, 400, rng, (70, 110, 50), 8))
    board.poly([(700, 0), (960, 0), (960, 420), (800, 200)], foliage(430, 300, rng, (100, 116, 44), 8))
    stream = tint(noise(HIGH, 500, rng, (120, 12), 5), (20, 44, 40), (200, 222, 214))
    board.poly([(440, 0), (640, 0), (700, 260), (600, 620), (180, 620), (380, 300)], stream, 0.95, 6)
    board.quad(
        planks(500, 120, rng, (140, 108, 72), 20).transpose(1, 0, 2).copy(),
        [(120, 250), (900, 190), (920, 280), (110, 350)],
    )
    board.limb((120, 210), (900, 150), (6, 6), (90, 70, 48))
    board.light(0.7, [(520, 420, 220, 0.6)], (240, 250, 255))
    drops = rng.uniform((0, 0, 0), (1, 1, 1), (120, 3))

    def run(target: Board, t: float) -> None:
        for a, b, c in drops:
            y = ((a + t * (0.25 + 0.2 * c)) % 1) * HIGH
            if 180 < y < 350:
                continue
            x = 540 - 0.26 * max(0, y - 200) + (b - 0.5) * (140 + 0.35 * y)
            target.limb((x, y), (x - 3, y + 16 + 20 * c), (1.2 + 1.6 * c, 1.0), (236, 246, 244), 0.6)

    return Scene([Layer(board, 1.0, (run,))], 1.8)


def camp_fire(rng: Rng) -> Scene:
    """A clearing at night: tent, fire, two people warming their hands."""
    board = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (10, 14, 36), (60, 60, 90), (40, 44, 70)))
    for x in range(-20, 980, 60):
        top = float(rng.uniform(40, 190))
        board.poly([(x, top), (x + 70, 380), (x - 70, 380)], foliage(340, 140, rng, (36, 56, 44), 8))
    board.rect((0, 370, WIDE, 240), foliage(240, WIDE, rng, (110, 96, 56), 6))
    board.poly([(150, 250), (330, 440), (30, 450)], plaid(220, 320, rng, (180, 110, 50), (90, 60, 40), 46))
    board.poly([(150, 250), (200, 446), (120, 448)], (20, 14, 12))
    board.light(0.34, [(500, 440, 190, 1.3)], (255, 190, 110))
    people = (
        idler((360, 500), 190, look(rng, (150, 60, 50)), 1.4, 0.3),
        idler((690, 510), 205, look(rng, (70, 90, 120)), 1.1, 0.4),
    )
    tongues = rng.uniform((-46, 40, 0), (46, 130, 6), (26, 3))

    def fire(target: Board, t: float) -> None:
        target.ellipse((510, 470), (150, 80), (255, 150, 60), 0.25, 30)
        for x, tall, phase in tongues:
            reach = tall * (0.6 + 0.4 * math.sin(8 * t + phase)) * (1 - abs(x) / 80)
            tone = ((255, 120, 30), (255, 190, 70), (255, 236, 160))[int(phase) % 3]
            target.limb(
                (510 + x, 490),
                (510 + 0.6 * x + 8 * math.sin(6 * t + phase), 490 - reach),
                (9, 2),
                tone,
                0.7,
                1.5,
            )
        for log in (-44, 0, 44):
            target.limb((510 - log, 500), (510 + log * 0.3, 478), (9, 8), (40, 26, 18))

    return Scene([Layer(board, 0.95), Layer(clear(), 1.05, (*people, fire))], 2.4)
