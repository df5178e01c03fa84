"""More places of the sample clips: rail yard, workshop, snowy yard, kitchen, roof and library."""

# Painting reads best as "what, where, how big": its calls take their numbers by place.

from __future__ import annotations

import math

import numpy as np
from drawing import Board, Picture, Plane, Rng, as_picture, scaled
from figures import Actor, idler, look, slider, walker
from scenes import HIGH, WIDE, Layer, Scene, clear, hang
from textures import (
    bricks,
    facade,
    foliage,
    heap,
    lettering,
    noise,
    ornament,
    plaid,
    planks,
    ribbed,
    rough,
    shelves,
    sign,
    sky,
    tiles,
)


def rail_yard(rng: Rng) -> Scene:
    """A platform at noon: wagons roll by, a signal mast and wires stand against the sky."""
    back = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (206, 190, 170), (240, 214, 170), (180, 170, 170)))
    for x in range(0, WIDE, 120):
        top = int(rng.integers(150, 250))
        back.rect((x, top, 112, 300), facade(bricks(300, 112, rng, (120, 100, 96), (16, 8)), rng, (4, 8), 0.05))
    yard = clear()
    yard.rect((-10, 392, 990, 70), heap(70, 990, rng, ((110, 100, 92), (80, 74, 70)), 5))
    for y in (420, 440):
        yard.limb((-10, y), (970, y), (3, 3), (170, 160, 150))
    front = clear()
    front.rect((-10, 478, 990, 140), tiles(140, 990, rng, ((150, 146, 140), (128, 122, 116)), 34))
    front.rect((-10, 478, 990, 12), (226, 190, 50))
    for x in (150, 770):
        front.limb((x, 60), (x, 500), (6, 8), ribbed(440, 30, rng, (60, 80, 70), 8))
        front.limb((x - 90, 92), (x + 90, 84), (4, 4), (60, 76, 70))
    for y in (98, 130):
        front.limb((-10, y), (970, y - 12), (1.2, 1.2), (20, 20, 24))
    front.quad(
        sign(80, 250, rng, (24, 50, 120), (245, 245, 245), 34),
        [(360, 150), (600, 146), (600, 222), (360, 226)],
    )
    front.light(0.95, [(200, 500, 200, 0.2)])
    tones = ((120, 64, 44), (60, 84, 70), (150, 120, 60), (80, 80, 92), (140, 50, 44))
    wagons = tuple(slider(wagon(rng, tones[n % 5]), (900 - 330 * n, 262), (96, 0), 1) for n in range(7))
    people = (
        idler((250, 560), 230, look(rng), 1.2),
        idler((640, 570), 240, look(rng, (170, 60, 50)), 0.9, 0.3),
    )
    return Scene([Layer(back, 0.75), Layer(yard, 1.0, wagons), Layer(front, 1.15, people)], 1.7)


def wagon(rng: Rng, tone: tuple[int, int, int]) -> Picture:
    """A goods wagon from the side, wheels and all."""
    side = np.zeros((170, 318, 3), np.uint8)
    side[:] = (26, 24, 24)
    side[:136] = ribbed(136, 318, rng, tone, 16)
    side[8:128, 120:200] = planks(120, 80, rng, scaled(tone, 0.8), 18)
    lettering(side, (212, 84, 96, 40), rng, (240, 236, 220), 15)
    wheel = Board(318, 170, side)
    for x in (44, 92, 226, 274):
        wheel.ellipse((x, 150), (18, 18), (92, 84, 78))
        wheel.ellipse((x, 150), (8, 8), (30, 28, 28))
    return as_picture(wheel.px[..., :3])


def tools(board: Board, rng: Rng) -> None:
    """Tools hanging in two rows."""
    for tool in range(14):
        x, y = 662 + (tool % 7) * 34, 140 + (tool // 7) * 100
        board.limb(
            (x, y),
            (x + float(rng.uniform(-6, 6)), y + 70),
            (6, float(rng.uniform(3, 9))),
            scaled((150, 150, 156), float(rng.uniform(0.4, 1.3))),
        )


def workshop(rng: Rng) -> Scene:
    """An engine shed: pillars, tool walls, a turning wheel, sparks from a grinder."""
    board = Board(WIDE, HIGH, ribbed(HIGH, WIDE, rng, (70, 78, 84), 40))
    board.quad(rough(400, 900, rng, (96, 88, 78), 0.5), [(100, 440), (860, 440), (1200, 620), (-200, 620)])
    board.rect((380, 70, 220, 260), facade(rough(260, 220, rng, (60, 60, 60), 0.3), rng, (3, 3), 0.0, (40, 40, 40)))
    board.rect((60, 140, 280, 200), shelves(200, 280, rng, 3))
    board.rect((640, 120, 260, 220), planks(220, 260, rng, (120, 90, 60), 50))
    tools(board, rng)
    board.rect((-10, 390, 420, 40), planks(40, 420, rng, (130, 100, 66), 420))
    for x in (30, 600, 930):
        board.limb((x, -10), (x, 600), (15, 15), ribbed(600, 40, rng, (150, 120, 40), 12))
    board.light(0.42, [(490, 200, 170, 0.8), (160, 380, 110, 0.6)], (235, 240, 255))
    sparks = rng.uniform((-0.5, 60, 0), (0.9, 230, 1), (46, 3))

    def wheel(target: Board, t: float) -> None:
        target.ellipse((470, 440), (118, 118), (52, 48, 46))
        target.ellipse((470, 440), (98, 98), rough(200, 200, np.random.default_rng(8), (110, 96, 84), 0.4))
        for spoke in range(8):
            angle = 1.7 * t + spoke * math.pi / 4
            tip = (470 + 100 * math.cos(angle), 440 + 100 * math.sin(angle))
            target.limb((470, 440), tip, (10, 6), (46, 42, 40))
        target.ellipse((470, 440), (24, 24), (170, 60, 50))
        for angle, reach, phase in sparks:
            far = reach * ((phase + 2.3 * t) % 1)
            at = (572 + far * math.cos(angle), 470 + far * math.sin(angle) + 0.002 * far * far)
            target.limb(at, (at[0] + 9, at[1] + 4), (1.6, 1), (255, 220, 130))

    return Scene(
        [
            Layer(board, 0.95),
            Layer(clear(), 1.1, (wheel, idler((690, 560), 330, look(rng, (60, 76, 120)), 1.6, 0.15))),
        ],
        2.2,
    )


def snow_courtyard(rng: Rng) -> Scene:
    """A yard between apartment blocks in snowfall, bare trees, people crossing."""
    wall = as_picture(rough(400, 620, rng, (168, 160, 150), 0.25) * joints(rng, 400, 620, 66)[..., None])
    back = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (150, 156, 168), (186, 190, 196), (130, 136, 146)))
    back.rect((300, 70, 680, 340), facade(wall[:340].repeat(2, axis=1)[:, :680], rng, (9, 5), 0.3))
    back.quad(
        facade(bricks(500, 420, rng, (150, 96, 80), (22, 10)), rng, (5, 5), 0.35),
        [(-60, -30), (300, 96), (300, 404), (-60, 470)],
    )
    yard = clear()
    yard.poly(
        [(-20, 430), (300, 396), (980, 404), (980, 620), (-20, 620)],
        rough(230, 1000, rng, (196, 200, 210), 0.22),
    )
    for track in range(60):
        x, y = 200 + 9.0 * track, 470 + 60 * math.sin(track / 9) + 4 * (track % 2)
        yard.ellipse((x, y), (5, 3), (130, 136, 152), 0.8)
    for x, tall in ((380, 300), (720, 350), (880, 260)):
        twig(yard, rng, (float(x), 470.0), -math.pi / 2, tall * 0.3, 9)
    yard.rect((470, 400, 180, 40), ribbed(40, 180, rng, (60, 90, 130), 30))
    yard.rect((490, 372, 130, 34), facade(rough(34, 130, rng, (60, 90, 130), 0.2), rng, (3, 1), 0.0))
    yard.ellipse((560, 372), (70, 9), (230, 232, 240))
    for x in (510, 615):
        yard.ellipse((x, 440), (18, 18), (24, 24, 26))
    people = (
        walker((120, 520), (760, 500), 12, 150, look(rng, (170, 40, 50))),
        walker((900, 560), (180, 575), 14, 190, look(rng, (60, 60, 80))),
        idler((700, 470), 110, look(rng, (60, 130, 160)), 2.4, 0.7),
    )
    return Scene([Layer(back, 0.8), Layer(yard, 1.0, people), Layer(clear(), 1.2, (snow_flakes(rng),))], 1.8)


def twig(board: Board, rng: Rng, at: tuple[float, float], angle: float, length: float, thick: float) -> None:
    """A bare tree, branch by branch."""
    tip = (at[0] + length * math.cos(angle), at[1] + length * math.sin(angle))
    board.limb(at, tip, (thick, thick * 0.7), scaled((62, 52, 48), float(rng.uniform(0.7, 1.2))))
    if length > 12:
        for turn in (-0.5, 0.1, 0.55):
            twig(
                board,
                rng,
                tip,
                angle + turn + float(rng.uniform(-0.2, 0.2)),
                length * float(rng.uniform(0.6, 0.78)),
                thick * 0.62,
            )


def snow_flakes(rng: Rng) -> Actor:
    """Falling snow."""
    flakes = rng.uniform((0, 0, 30, 1), (WIDE, HIGH, 90, 2.6), (110, 4))

    def act(board: Board, t: float) -> None:
        for x, y, speed, size in flakes:
            at = ((x + 14 * math.sin(t + y)) % WIDE, (y + speed * t) % HIGH)
            board.ellipse(at, (size, size), (250, 250, 255), 0.8)

    return act


def joints(rng: Rng, height: int, width: int, step: int) -> Plane:
    """Joints between concrete panels, as a factor on brightness."""
    plane = np.ones((height, width), np.float32)
    plane[::step] = plane[:, ::step] = 0.6
    plane[1::step] = plane[:, 1::step] = 0.8
    return np.asarray(plane * (0.9 + 0.2 * noise(height, width, rng, (80, 80), 4)), np.float32)


def kitchen(rng: Rng) -> Scene:
    """A canteen kitchen: glazed tiles, hanging pans, a cook stirring a steaming pot."""
    board = Board(WIDE, HIGH, tiles(HIGH, WIDE, rng, ((216, 214, 200), (150, 186, 180)), 30))
    board.rect((70, 100, 330, 120), shelves(120, 330, rng, 1))
    board.limb((430, 96), (920, 90), (4, 4), (70, 70, 74))
    for pan in range(6):
        x, size = 470 + 80 * pan, float(rng.uniform(22, 36))
        board.limb((x, 94), (x, 140), (3, 3), (50, 46, 44))
        board.ellipse(
            (x, 140 + size), (size, size), rough(80, 80, rng, ((170, 100, 60), (110, 112, 118))[pan % 2], 0.5)
        )
        board.ellipse((x - 6, 134 + size), (size * 0.5, size * 0.6), (255, 240, 220), 0.3, 5)
    board.rect((-10, 420, 990, 200), planks(200, 990, rng, (112, 118, 126), 124))
    board.rect((-10, 408, 990, 22), rough(22, 990, rng, (180, 184, 190), 0.4))
    for ring, x in enumerate((150, 330, 760)):
        board.rect(
            (x - 60, 330 - 14 * ring, 120, 82 + 14 * ring),
            ribbed(120, 120, rng, ((170, 60, 50), (90, 110, 140), (190, 190, 190))[ring], 60),
        )
        board.ellipse((x, 330 - 14 * ring), (60, 13), (30, 30, 34))
    board.light(0.7, [(240, 240, 180, 0.5), (800, 420, 200, 0.35)], (255, 248, 226))
    puffs = rng.uniform((-50, 0, 0), (50, 1, 6), (16, 3))

    def steam(target: Board, t: float) -> None:
        angle = 2.4 * t
        target.limb((560, 250), (330 + 30 * math.cos(angle), 326 + 7 * math.sin(angle)), (5, 5), (150, 110, 70))
        for x, start, phase in puffs:
            age = (start + 0.22 * t) % 1
            target.ellipse(
                (330 + x + 26 * math.sin(t + phase), 330 - 260 * age),
                (16 + 40 * age,) * 2,
                (240, 244, 246),
                0.22 * (1 - age),
                10,
            )

    cook = idler((590, 600), 440, look(rng, (226, 226, 220)), 1.5, 0.2)
    return Scene([Layer(board, 1.0), Layer(clear(), 1.1, (cook, steam))], 1.8)


def town_below(back: Board, rng: Rng) -> None:
    """Three rows of gabled houses, the far ones darker."""
    for row in range(3):
        for x in range(-30, WIDE, 96):
            tall = int(rng.integers(60, 150))
            tone = ((190, 120, 90), (210, 180, 140), (150, 110, 100))[int(rng.integers(3))]
            top = 250 + 46 * row - tall // 3
            back.rect(
                (x, top, 94, 300),
                facade(rough(300, 94, rng, scaled(tone, 0.6 + 0.2 * row), 0.3), rng, (3, 6), 0.25),
            )
            back.poly(
                [(x - 5, top), (x + 47, top - 34), (x + 99, top)],
                bricks(40, 110, rng, (170, 70, 50), (10, 5)),
            )


def roof(rng: Rng) -> Scene:
    """A roof terrace with washing on lines, chimneys, a town below."""
    back = Board(WIDE, HIGH, sky(HIGH, WIDE, rng, (240, 170, 110), (250, 220, 180), (210, 130, 120)))
    town_below(back, rng)
    deck = clear()
    deck.poly(
        [(-20, 470), (980, 430), (980, 620), (-20, 620)],
        tiles(200, 1000, rng, ((170, 100, 76), (150, 84, 64)), 36),
    )
    for x, tall in ((90, 200), (860, 230)):
        deck.rect((x - 40, 480 - tall, 84, tall), bricks(tall, 84, rng, (160, 80, 60), (20, 9)))
        deck.rect((x - 48, 474 - tall, 100, 14), (90, 80, 76))
    sheets = [
        plaid(200, 160, rng, (220, 214, 200), (60, 90, 150), 40),
        ornament(200, 160, rng, (170, 60, 70), (240, 210, 150), 44),
        rough(200, 160, rng, (230, 228, 220), 0.2),
        plaid(200, 160, rng, (90, 140, 110), (230, 220, 170), 30),
    ]

    def flap(target: Board, t: float) -> None:
        target.limb((90, 262), (860, 250), (1.5, 1.5), (40, 40, 40))
        for n, sheet in enumerate(sheets):
            x, wind = 170 + 164 * n, 22 * math.sin(2.6 * t + 1.3 * n) + 8 * math.sin(5.3 * t + n)
            target.quad(
                sheet,
                [(x, 260), (x + 140, 257), (x + 134 + wind, 430 - 0.4 * abs(wind)), (x - 4 + wind, 436)],
            )
            for fold in range(3):
                fx = x + 30 + 40 * fold
                target.limb((fx, 268), (fx + 0.9 * wind, 420), (3, 12), (0, 0, 0), 0.22, 7)

    deck.light(0.8, [(860, 300, 300, 0.5)], (255, 220, 170))
    passer = walker((240, 560), (800, 540), 11, 220, look(rng, (50, 70, 120)))
    return Scene([Layer(back, 0.75), Layer(deck, 1.0, (flap,)), Layer(clear(), 1.15, (passer,))], 1.7)


def library(rng: Rng) -> Scene:
    """A reading room: tall shelves in perspective, a globe, readers at a table."""
    board = Board(WIDE, HIGH, rough(HIGH, WIDE, rng, (110, 80, 56), 0.4))
    board.quad(shelves(700, 900, rng, 7), [(-60, -80), (400, 120), (400, 430), (-60, 640)])
    board.quad(shelves(500, 500, rng, 6), [(400, 120), (640, 120), (640, 430), (400, 430)])
    board.rect((640, 60, 340, 420), rough(420, 340, rng, (150, 60, 50), 0.3))
    for box in ((680, 110, 90, 120), (800, 96, 120, 90), (806, 210, 80, 110)):
        hang(board, rng, box)
    board.quad(
        ornament(300, 700, rng, (130, 40, 44), (220, 180, 110), 60),
        [(330, 430), (700, 430), (1000, 620), (60, 620)],
    )
    board.light(0.5, [(520, 200, 160, 0.6), (800, 240, 170, 0.6), (560, 540, 180, 0.4)], (255, 226, 170))
    near = clear()
    near.quad(planks(200, 700, rng, (120, 76, 44), 90), [(420, 496), (900, 486), (1000, 620), (380, 620)])
    for x in (520, 640, 800):
        near.quad(shelves(60, 120, rng, 1), [(x, 510), (x + 70, 506), (x + 84, 540), (x + 6, 546)])
    near.limb((740, 500), (740, 420), (4, 3), (200, 170, 90))
    near.poly([(700, 424), (780, 424), (764, 386), (716, 386)], (60, 140, 90))
    near.ellipse((740, 460), (120, 70), (255, 230, 150), 0.25, 26)
    land = foliage(160, 160, rng, (120, 140, 80), 16)

    def globe(target: Board, t: float) -> None:
        shift = int(26 * t) % 160
        target.ellipse((300, 470), (66, 66), (60, 90, 140))
        target.ellipse((300, 470), (60, 60), np.roll(land, shift, axis=1), 0.7)
        target.ellipse((322, 490), (52, 52), (0, 0, 0), 0.35, 14)
        target.limb((300, 536), (300, 600), (6, 22), (110, 76, 40))

    readers = (
        idler((600, 560), 260, look(rng, (60, 90, 80)), 1.0, 0.2),
        walker((900, 500), (420, 470), 10, 190, look(rng)),
    )
    return Scene([Layer(board, 0.9, (*readers, globe)), Layer(near, 1.15)], 1.9)
