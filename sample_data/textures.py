"""Textures of the sample clips, all drawn from random numbers with a fixed seed: no outside picture is needed.

They carry detail on several scales, because perceptual hashes and local features behave on flat cartoons in
ways they never do on footage. Each takes its height, its width and the random numbers first.
"""

# Painting reads best as "what, where, how big": its calls take their numbers by place.

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
from drawing import Colour, Picture, Plane, Rng, as_colour, as_picture, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence


def noise(height: int, width: int, rng: Rng, cell: tuple[int, int] = (64, 64), octaves: int = 5) -> Plane:
    """Value noise between 0 and 1; `cell` is the size (down, across) of its coarsest patches."""
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    down, across = cell
    for _ in range(octaves):
        grid = rng.random((height // down + 3, width // across + 3), dtype=np.float32)
        total += weight * np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC))
        weight *= 0.6
        down, across = max(1, down // 2), max(1, across // 2)
    total -= total.min()
    return np.asarray(total / max(float(total.max()), 1e-6), np.float32)


def tint(plane: Plane, dark: Colour, light: Colour) -> Picture:
    """Turn a plane of 0..1 into a picture running from one colour to another."""
    low, high = np.asarray(dark, np.float32), np.asarray(light, np.float32)
    return as_picture(low + (high - low) * plane[..., None])


def rough(height: int, width: int, rng: Rng, colour: Colour, depth: float = 0.45) -> Picture:
    """A worn surface of one colour: plaster, concrete, asphalt, snow."""
    coarse = noise(height, width, rng, (96, 96), 6)
    fine = noise(height, width, rng, (5, 5), 2)
    return tint(0.6 * coarse + 0.4 * fine, scaled(colour, 1 - depth), scaled(colour, 1 + depth))


def bricks(height: int, width: int, rng: Rng, colour: Colour, size: tuple[int, int] = (30, 13)) -> Picture:
    """A brick wall in running bond, each brick with its own tone."""
    wall = rough(height, width, rng, (150, 145, 138), 0.3)
    across, down = size
    for row in range(height // down + 1):
        shift = (row % 2) * across // 2
        for column in range(-1, width // across + 1):
            x, y = column * across + shift, row * down
            tone = scaled(colour, float(rng.uniform(0.6, 1.25)))
            cv2.rectangle(wall, (x + 1, y + 1), (x + across - 2, y + down - 2), tone, -1)
    grain = 0.72 + 0.5 * noise(height, width, rng, (70, 70), 6)
    return as_picture(wall * grain[..., None])


def planks(height: int, width: int, rng: Rng, colour: Colour, board: int = 36) -> Picture:
    """Upright boards with grain, gaps and nails."""
    grain = noise(height, width, rng, (160, 6), 4)
    wall = tint(grain, scaled(colour, 0.6), scaled(colour, 1.3)).astype(np.float32)
    for left in range(0, width, board):
        wall[:, left : left + board] *= float(rng.uniform(0.7, 1.2))
        wall[:, left : left + 2] *= 0.25
        for top in (14, height - 16):
            cv2.circle(wall, (left + board // 2, top), 2, (30, 25, 20), -1)
    return as_picture(wall)


def foliage(height: int, width: int, rng: Rng, colour: Colour, leaf: float = 9.0) -> Picture:
    """Leaves in heaps, dark ones below and bright ones on top."""
    picture = rough(height, width, rng, scaled(colour, 0.35), 0.6)
    mood = noise(height, width, rng, (90, 90), 3)
    count = int(height * width / (leaf * leaf * 0.45))
    for index in range(count):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        bright = (0.35 + 0.9 * index / count) * (0.45 + 1.0 * float(mood[y, x]))
        red, green, blue = scaled(colour, bright * float(rng.uniform(0.7, 1.3)))
        size = (max(1, int(leaf * rng.uniform(0.4, 1.0))), max(1, int(leaf * rng.uniform(0.2, 0.5))))
        tone = (min(255, red + int(rng.integers(25))), green, blue)
        cv2.ellipse(picture, (x, y), size, float(rng.uniform(0, 180)), 0, 360, tone, -1, cv2.LINE_AA)
    return picture


def plaid(height: int, width: int, rng: Rng, ground: Colour, stripe: Colour, step: int = 34) -> Picture:
    """A checked blanket with a visible weave."""
    cloth = np.empty((height, width, 3), np.float32)
    cloth[:] = ground
    for start in range(0, max(height, width), step):
        for offset, thick, mix in ((0, 9, 0.6), (14, 3, 0.8), (21, 4, 0.4)):
            rows = slice(start + offset, start + offset + thick)
            cloth[rows] += mix * (np.asarray(stripe, np.float32) - cloth[rows])
            cloth[:, rows] += mix * 0.7 * (np.asarray(stripe, np.float32) - cloth[:, rows])
    weave = 0.7 + 0.6 * (0.5 * noise(height, width, rng, (50, 80), 4) + 0.5 * noise(height, width, rng, (3, 3), 1))
    return as_picture(cloth * weave[..., None])


def ornament(height: int, width: int, rng: Rng, ground: Colour, figure: Colour, step: int = 40) -> Picture:
    """A woven blanket with rows of lozenges."""
    cloth = rough(height, width, rng, ground, 0.3)
    for y in range(step // 2, height + step, step):
        for x in range(step // 2, width + step, step):
            for radius, tone in (
                (step * 0.46, figure),
                (step * 0.3, ground),
                (step * 0.16, scaled(figure, 1.3)),
            ):
                corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
                cv2.fillPoly(cloth, [np.asarray(corners, np.int32)], tone, cv2.LINE_AA)
    return as_picture(cloth * (0.7 + 0.5 * noise(height, width, rng, (60, 60), 6))[..., None])


def tiles(height: int, width: int, rng: Rng, colours: tuple[Colour, Colour], size: int = 40) -> Picture:
    """A chequered floor or wall with joints; no two tiles have the same tone."""
    floor = np.zeros((height, width, 3), np.uint8)
    floor[:] = scaled(colours[1], 0.4)
    for row in range(height // size + 1):
        for column in range(width // size + 1):
            tone = scaled(colours[(row + column) % 2], float(rng.uniform(0.8, 1.15)))
            x, y = column * size, row * size
            cv2.rectangle(floor, (x + 1, y + 1), (x + size - 2, y + size - 2), tone, -1)
    return as_picture(floor * (0.7 + 0.5 * noise(height, width, rng, (110, 110), 6))[..., None])


def lettering(picture: Picture, box: tuple[int, int, int, int], rng: Rng, ink: Colour, line: int = 16) -> None:
    """Write rows of made-up letters into the box (x, y, width, height); they belong to no script."""
    left, top, width, height = box
    for y in range(top, top + height - line + 1, int(line * 1.4)):
        x = left
        while x + line * 0.7 < left + width:
            if rng.random() < 0.85:
                spots = rng.integers(0, 4, (int(rng.integers(3, 6)), 2)) * np.array([line * 0.16, line * 0.3])
                stroke = (spots + np.array([x, y])).astype(np.int32)
                cv2.polylines(picture, [stroke], False, ink, max(1, line // 8), cv2.LINE_AA)
            x += int(line * 0.75)


def sign(height: int, width: int, rng: Rng, ground: Colour, ink: Colour, line: int = 18) -> Picture:
    """A painted board with a frame and lettering."""
    board = rough(height, width, rng, ground, 0.25)
    cv2.rectangle(board, (3, 3), (width - 4, height - 4), ink, 2, cv2.LINE_AA)
    lettering(board, (11, 10, width - 20, height - 18), rng, ink, line)
    return board


def poster(height: int, width: int, rng: Rng) -> Picture:
    """A printed sheet: a sky, some shapes, some text."""
    first, second = rng.integers(60, 210, 3), rng.integers(60, 210, 3)
    slope = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    sheet = tint(0.7 * slope + 0.3 * noise(height, width, rng, (40, 40), 4), as_colour(first), as_colour(second))
    for _ in range(9):
        centre = (int(rng.integers(width)), int(rng.integers(int(height * 0.7))))
        tone = as_colour(rng.integers(20, 245, 3) * 2 // 3 + 40)
        size = (int(rng.integers(5, width // 3)), int(rng.integers(4, height // 5)))
        cv2.ellipse(sheet, centre, size, float(rng.uniform(0, 180)), 0, 360, tone, -1, cv2.LINE_AA)
    lettering(
        sheet,
        (8, int(height * 0.74), width - 14, int(height * 0.24)),
        rng,
        (245, 240, 225),
        max(9, height // 12),
    )
    cv2.rectangle(sheet, (0, 0), (width - 1, height - 1), (225, 220, 205), 4)
    return sheet


def facade(wall: Picture, rng: Rng, grid: tuple[int, int], lit: float, frame: Colour = (225, 222, 212)) -> Picture:
    """Set columns x rows of windows into a wall; a share of them is lit."""
    picture = wall.copy()
    columns, rows = grid
    wide, high = picture.shape[1] // columns, picture.shape[0] // rows
    for row in range(rows):
        for column in range(columns):
            x, y = column * wide + wide // 5, row * high + high // 5
            pane = glass(high * 3 // 5, wide * 3 // 5, rng, frame, lit=bool(rng.random() < lit))
            picture[y : y + pane.shape[0], x : x + pane.shape[1]] = pane
            below = slice(y + pane.shape[0], y + pane.shape[0] + max(2, high // 24))
            picture[below, x - 2 : x + pane.shape[1] + 2] = scaled(frame, 0.55)
    return picture


def glass(height: int, width: int, rng: Rng, frame: Colour, *, lit: bool) -> Picture:
    """One window: panes, curtains, sometimes a lamp or a plant behind it."""
    if lit:
        pane = tint(noise(height, width, rng, (30, 20), 4), (190, 130, 50), (255, 225, 150))
    else:
        pane = tint(noise(height, width, rng, (40, 40), 4), (18, 24, 34), (110, 128, 146))
    drape = int(width * rng.uniform(0.1, 0.45))
    warm = rng.random() < 0.5
    shades: tuple[Colour, Colour] = ((150, 90, 60), (235, 200, 160)) if warm else ((70, 80, 84), (190, 195, 190))
    folds = tint(noise(height, max(drape, 1), rng, (120, 6), 3), *shades)
    pane[:, :drape] = folds[:, :drape]
    # Half of the windows have a plant on the sill.
    if rng.random() < 0.5:
        pot = (int(rng.integers(width)), int(height * 0.85))
        cv2.circle(pane, pot, max(2, height // 8), (50, 80, 40), -1, cv2.LINE_AA)
    thick = max(1, width // 16)
    cv2.rectangle(pane, (0, 0), (width - 1, height - 1), frame, thick * 2)
    cv2.line(pane, (width // 2, 0), (width // 2, height), frame, thick)
    cv2.line(pane, (0, height // 3), (width, height // 3), frame, thick)
    return pane


def sky(height: int, width: int, rng: Rng, top: Colour, bottom: Colour, cloud: Colour) -> Picture:
    """A graded sky with drifting banks of cloud."""
    slope = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    base = tint(slope, top, bottom).astype(np.float32)
    banks = np.clip(noise(height, width, rng, (90, 220), 6) * 2.2 - 0.9, 0, 1)[..., None]
    return as_picture(base + (np.asarray(cloud, np.float32) - base) * banks)


def ribbed(height: int, width: int, rng: Rng, colour: Colour, rib: int = 10) -> Picture:
    """Corrugated steel with rust, streaks and a stencilled label."""
    wave = 0.78 + 0.3 * np.sign(np.sin(np.arange(width, dtype=np.float32) * 2 * math.pi / rib))
    sheet = as_picture(rough(height, width, rng, colour, 0.3) * wave[None, :, None])
    lettering(sheet, (width // 8, height // 5, width // 2, height // 3), rng, (235, 232, 220), max(10, height // 5))
    rust = np.clip(noise(height, width, rng, (70, 14), 5) * 3 - 1.9, 0, 1)[..., None]
    return as_picture(sheet + (np.array([96, 52, 30], np.float32) - sheet) * rust)


def shelves(height: int, width: int, rng: Rng, rows: int) -> Picture:
    """Shelves full of books, jars and boxes standing side by side."""
    case = planks(height, width, rng, (70, 48, 32), 60)
    pitch = height // rows
    for row in range(rows):
        floor, x = (row + 1) * pitch - 6, 4
        while x < width - 8:
            wide, high = int(rng.integers(6, 24)), int(pitch * rng.uniform(0.5, 0.86))
            # Pulled towards brown: wholly random colours look like a fairground.
            tone = as_colour((rng.integers(10, 235, 3) * 0.5 + np.array([56, 40, 28])).astype(np.int64))
            cv2.rectangle(case, (x, floor - high), (x + wide - 2, floor), tone, -1)
            cv2.rectangle(case, (x, floor - high), (x + max(1, wide // 5), floor), scaled(tone, 0.6), -1)
            band = floor - int(high * rng.uniform(0.3, 0.8))
            cv2.rectangle(case, (x, band), (x + wide - 2, band + 5), scaled(tone, 1.7), -1)
            x += wide + (int(rng.integers(4, 30)) if rng.random() < 0.08 else 0)
        cv2.rectangle(case, (0, floor + 1), (width, floor + 6), (120, 88, 58), -1)
    return as_picture(case * (0.65 + 0.5 * noise(height, width, rng, (80, 80), 5))[..., None])


def heap(height: int, width: int, rng: Rng, colours: Sequence[Colour], size: float) -> Picture:
    """A heap of round things: fruit, stones, cobbles."""
    picture = rough(height, width, rng, (38, 30, 24), 0.5)
    for y in np.arange(0, height + size, size * 1.05):
        for x in np.arange(-size, width + size, size * 1.35):
            spot = (int(x + rng.uniform(-0.5, 0.5) * size), int(y + rng.uniform(-0.4, 0.4) * size))
            tone = scaled(colours[int(rng.integers(len(colours)))], float(rng.uniform(0.65, 1.2)))
            axes = (int(size * rng.uniform(0.6, 0.85)), int(size * rng.uniform(0.5, 0.7)))
            cv2.ellipse(picture, spot, axes, 0, 0, 360, scaled(tone, 0.55), -1, cv2.LINE_AA)
            cv2.ellipse(
                picture,
                (spot[0] - 1, spot[1] - 2),
                (axes[0] - 1, axes[1] - 2),
                0,
                0,
                360,
                tone,
                -1,
                cv2.LINE_AA,
            )
            glint = (spot[0] - axes[0] // 3, spot[1] - axes[1] // 2)
            cv2.circle(picture, glint, max(1, int(size / 7)), scaled(tone, 1.6), -1, cv2.LINE_AA)
    return as_picture(picture * (0.75 + 0.4 * noise(height, width, rng, (60, 60), 6))[..., None])
