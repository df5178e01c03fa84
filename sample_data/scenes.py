"""What a scene is, and the indoor places of the sample clips: the dormitory and the corridor."""

# Painting reads best as "what, where, how big": its calls take their numbers by place.

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from drawing import Board, Colour, Picture, Point, Rng, as_picture
from figures import Actor, look, person, seated
from textures import (
    facade,
    foliage,
    noise,
    ornament,
    plaid,
    planks,
    poster,
    rough,
    shelves,
    sign,
    sky,
    tiles,
)

# Boards are larger than the frame, so that the camera has room to wander.
WIDE, HIGH = 960, 600


@dataclass
class Layer:
    """A board at a certain depth: 1 moves with the camera, less is farther away, more is nearer."""

    board: Board
    depth: float = 1.0
    actors: tuple[Actor, ...] = ()


@dataclass
class Scene:
    """Layers from back to front."""

    layers: list[Layer]
    grain: float = 2.0


def clear() -> Board:
    """An empty, transparent board."""
    return Board(WIDE, HIGH)


def hang(board: Board, rng: Rng, box: tuple[int, int, int, int]) -> None:
    """Pin a poster on a wall, with a little shadow."""
    x, y, width, height = box
    board.rect((x + 4, y + 5, width, height), (0, 0, 0), 0.5, 4)
    tilt = float(rng.uniform(-3, 3))
    corners = [(x, y + tilt), (x + width, y), (x + width, y + height), (x + tilt, y + height)]
    board.quad(poster(height * 2, width * 2, rng), corners)


def dormitory(rng: Rng) -> Scene:
    """A dim room with bunks; a seated figure watches dancers on a phone."""
    wall = rough(HIGH, WIDE, rng, (150, 142, 120), 0.35)
    wall[330:] = rough(HIGH - 330, WIDE, rng, (74, 98, 88), 0.4)
    board = Board(WIDE, HIGH, wall)
    board.rect((0, 326, WIDE, 7), (54, 48, 40))
    board.quad(planks(300, 900, rng, (96, 66, 44), 44), [(60, 486), (900, 486), (1160, 610), (-200, 610)])
    board.rect((0, 470, WIDE, 18), (60, 44, 34))
    board.rect((368, 84, 170, 206), (0, 0, 0), 0.5, 8)
    board.quad(dusk_window(rng), [(362, 78), (532, 78), (532, 284), (362, 284)])
    for edge in (344, 508):
        board.quad(
            ornament(230, 60, rng, (120, 60, 50), (200, 160, 90), 22),
            [(edge, 66), (edge + 44, 66), (edge + 40, 300), (edge - 4, 300)],
        )
    for box in ((566, 206, 70, 96), (648, 190, 62, 84), (274, 110, 62, 90), (270, 214, 70, 52)):
        hang(board, rng, box)
    board.quad(shelves(90, 190, rng, 1), [(560, 84), (744, 84), (744, 168), (560, 168)])
    board.rect((556, 166, 194, 7), (112, 80, 52))
    board.rect((560, 175, 186, 12), (0, 0, 0), 0.4, 5)
    board.limb((450, 0), (450, 40), (2, 2), (20, 18, 16))
    bunk(board, rng, [(60, 200), (262, 236), (262, 300), (60, 282)], (128, 44, 52), 0)
    bunk(board, rng, [(40, 398), (272, 396), (272, 470), (40, 498)], (52, 74, 120), 1)
    bunk(board, rng, [(748, 232), (930, 184), (940, 272), (748, 302)], (84, 96, 60), 2)
    bunk(board, rng, [(742, 396), (940, 388), (950, 492), (742, 470)], (140, 92, 44), 3)
    for x, top, foot in ((60, 96, 600), (264, 170, 520), (746, 166, 520), (932, 96, 600)):
        board.limb((x, top), (x, foot), (6, 6), (92, 96, 100))
        board.limb((x + 3, top), (x + 3, foot), (2, 2), (20, 20, 22), 0.6)
    board.quad(
        plaid(130, 60, rng, (190, 180, 160), (150, 50, 60), 18),
        [(778, 292), (836, 288), (832, 384), (780, 390)],
    )
    board.light(0.26, [(700, 120, 210, 0.75), (300, 60, 190, 0.5), (150, 470, 190, 0.25)], (255, 222, 170))
    board.light(0.95, [(446, 180, 110, 0.25), (690, 370, 120, 0.3)], (190, 190, 255))
    front = clear()
    front.limb((120, 610), (300, 560), (22, 30), plaid(120, 200, rng, (46, 60, 84), (150, 140, 120), 26))
    front.limb((-20, 585), (180, 620), (40, 30), ornament(120, 200, rng, (60, 34, 40), (150, 110, 70), 26))
    return Scene([Layer(board, 0.9), Layer(clear(), 1.1, (seated(rng, (470, 390)),)), Layer(front.blur(2.0), 1.3)], 2.6)


def dusk_window(rng: Rng) -> Picture:
    """Dusk behind a window: lit houses far off, frost on the panes, a cross bar."""
    view = sky(412, 340, rng, (26, 38, 84), (170, 110, 120), (70, 70, 110))
    for x in range(-10, 340, 52):
        top = int(rng.integers(190, 300))
        house = facade(rough(412 - top, 60, rng, (40, 38, 52), 0.3), rng, (4, 6), 0.4, (30, 30, 40))
        view[top:, max(0, x) : x + 60] = house[:, : view[top:, max(0, x) : x + 60].shape[1]]
    frost = np.clip(noise(412, 340, rng, (60, 60), 6) * 2 - 1.1, 0, 0.6)[..., None]
    view = as_picture(view + (np.array([190, 200, 220]) - view) * frost)
    for start, end in (
        ((0, 0), (340, 0)),
        ((0, 412), (340, 412)),
        ((0, 0), (0, 412)),
        ((340, 0), (340, 412)),
        ((170, 0), (170, 412)),
        ((0, 130), (340, 130)),
    ):
        cv2.line(view, start, end, (206, 200, 186), 16)
    return view


def bunk(board: Board, rng: Rng, corners: list[Point], tone: Colour, kind: int) -> None:
    """A made bed: patterned blanket, folded sheet, pillow, steel edge."""
    pale = (206, 190, 150)
    cloth = ornament(140, 420, rng, tone, pale, 36) if kind % 2 == 0 else plaid(140, 420, rng, tone, pale, 40)
    shade = np.linspace(1.2, 0.5, 140)[:, None, None]
    cloth = as_picture(cloth * shade)
    cloth[:44, 20:110] = rough(44, 90, rng, (190, 186, 172), 0.25)
    cloth[40:46, 20:110] = (90, 86, 80)
    cv2.rectangle(cloth, (0, 124), (419, 139), (70, 74, 80), -1)
    board.poly([(x, y + 16) for x, y in corners], (0, 0, 0), 0.55, 9)
    board.quad(cloth, corners)


def corridor(rng: Rng, actors: tuple[Actor, ...]) -> Scene:
    """A long corridor in one-point perspective: doors, lamps, notices, a chequered floor."""
    near, far = (-60, -60, 1020, 660), (430, 236, 560, 350)
    left, top, right, foot = near
    x0, y0, x1, y1 = far
    board = Board(WIDE, HIGH, rough(HIGH, WIDE, rng, (120, 120, 110), 0.3))
    board.quad(
        tiles(1600, 900, rng, ((190, 182, 160), (96, 60, 50)), 100),
        [(x0, y1), (x1, y1), (right, foot), (left, foot)],
    )
    ceiling = rough(1200, 700, rng, (196, 194, 184), 0.2)
    for y in range(60, 1200, 190):
        cv2.rectangle(ceiling, (250, y), (450, y + 70), (255, 255, 246), -1)
        cv2.rectangle(ceiling, (250, y), (450, y + 70), (120, 120, 116), 6)
    board.quad(ceiling, [(left, top), (right, top), (x1, y0), (x0, y0)])
    board.quad(corridor_wall(rng, (84, 124, 132)), [(left, top), (x0, y0), (x0, y1), (left, foot)])
    board.quad(corridor_wall(rng, (150, 128, 84)), [(x1, y0), (right, top), (right, foot), (x1, y1)])
    end = facade(rough(228, 260, rng, (170, 168, 158), 0.25), rng, (2, 1), 1.0)
    board.quad(end, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    lamps = [
        (480.0, 60.0, 150.0, 0.4),
        (490.0, 180.0, 70.0, 0.35),
        (495.0, 290.0, 60.0, 0.2),
        (480.0, 560.0, 190.0, 0.25),
    ]
    board.light(0.62, lamps, (255, 250, 226))
    front = clear()
    front.rect((770, 470, 100, 160), planks(160, 100, rng, (120, 84, 50), 20))
    front.rect((766, 464, 108, 12), (60, 40, 26))
    leaves = foliage(90, 90, rng, (80, 130, 60), 7)
    for _ in range(46):
        tip = (818 + float(rng.normal(0, 40)), 380 + float(rng.normal(0, 34)))
        front.limb((818, 466), tip, (2, 3), (50, 84, 44))
        front.ellipse(tip, (22, 8), leaves, turn=float(rng.uniform(-1, 1)))
    return Scene([Layer(board, 1.0, actors), Layer(front.blur(1.2), 1.15)], 2.0)


def corridor_wall(rng: Rng, tone: Colour) -> Picture:
    """A corridor wall, seen flat: two paints, doors with numbers, notice boards, pipes."""
    wall = rough(700, 1500, rng, (206, 200, 184), 0.2)
    wall[360:] = rough(340, 1500, rng, tone, 0.3)
    for index, x in enumerate(range(70, 1440, 360)):
        door = planks(450, 170, rng, ((118, 70, 44), (70, 84, 70), (130, 100, 70))[index % 3], 57)
        cv2.rectangle(door, (0, 0), (169, 449), (46, 34, 26), 8)
        cv2.circle(door, (148, 240), 9, (220, 200, 120), -1)
        wall[200:650, x : x + 170] = door
        wall[130:180, x + 50 : x + 120] = sign(50, 70, rng, (30, 50, 110), (240, 240, 240), 20)
        board = rough(190, 150, rng, (150, 110, 70), 0.4)
        for note in range(6):
            nx, ny = 8 + (note % 3) * 46, 10 + (note // 3) * 88
            board[ny : ny + 76, nx : nx + 40] = poster(76, 40, rng)
        wall[210:400, x + 190 : x + 340] = board
    wall[90:102], wall[104:110] = (150, 60, 50), (60, 30, 26)
    return wall


def corridor_actors(rng: Rng, take: str) -> tuple[Actor, ...]:
    """Who walks the corridor: the two takes differ in this and in the camera's hand."""
    plan = {
        "a": (
            ((520.0, 372.0), (330.0, 640.0), 9.0, 0.0),
            ((440.0, 560.0), (505.0, 366.0), 10.0, 0.5),
            ((580.0, 470.0), (520.0, 380.0), 7.0, 3.0),
        ),
        "b": (
            ((700.0, 640.0), (515.0, 370.0), 8.5, 0.0),
            ((480.0, 362.0), (420.0, 520.0), 9.0, 1.0),
            ((350.0, 480.0), (620.0, 500.0), 6.0, 2.5),
        ),
    }[take]
    return tuple(deep_walker(rng, *path) for path in plan)


def deep_walker(rng: Rng, start: Point, end: Point, seconds: float, delay: float) -> Actor:
    """Someone who walks towards the camera or away from it, and so grows or shrinks."""
    wear = look(rng)

    def act(board: Board, t: float) -> None:
        # Even steps on the floor are even steps in 1 / (y - horizon).
        share = (t - delay) / seconds
        horizon = 290.0
        inverse = (1 - share) / (start[1] - horizon) + share / (end[1] - horizon)
        y = horizon + 1 / max(inverse, 0.002)
        mix = (y - start[1]) / (end[1] - start[1] + 1e-6)
        person(
            board,
            (start[0] + (end[0] - start[0]) * mix, y),
            1.35 * (y - horizon),
            wear,
            math.sin(6.0 * t + delay),
        )

    return act
