"""The board that the sample clips are painted on.

Colours are RGB throughout. A board keeps premultiplied RGBA, so that layers can be laid over each other.
"""

# Painting reads best as "what, where, how big": its calls take their numbers by place.

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]
Rng = np.random.Generator
Colour = tuple[int, int, int]
Point = tuple[float, float]
Fill = Colour | Picture


def as_picture(values: Any) -> Picture:
    """Any array of brightness values as 8-bit pixels."""
    return np.clip(values, 0, 255).astype(np.uint8)


def scaled(colour: Colour, factor: float) -> Colour:
    """The colour made darker or brighter."""
    red, green, blue = (int(min(255, max(0, part * factor))) for part in colour)
    return red, green, blue


def as_colour(values: NDArray[np.int64]) -> Colour:
    """Three numbers as the plain tuple OpenCV wants."""
    return int(values[0]), int(values[1]), int(values[2])


class Board:
    """Pixels to paint on, kept as premultiplied RGBA so that layers can be laid over each other."""

    def __init__(self, width: int, height: int, ground: Picture | None = None) -> None:
        self.px: Picture = np.zeros((height, width, 4), np.uint8)
        if ground is not None:
            self.px[..., :3] = ground[:height, :width]
            self.px[..., 3] = 255

    def copy(self) -> Board:
        """A board of its own with the same pixels."""
        twin = Board(0, 0)
        twin.px = self.px.copy()
        return twin

    def stamp(self, x: int, y: int, colours: Picture, mask: Picture) -> None:
        """Lay a patch of colours on the board through a mask."""
        spot = self.px[y : y + mask.shape[0], x : x + mask.shape[1]]
        share = (mask.astype(np.float32) / 255)[..., None]
        spot[..., :3] = (spot[..., :3] * (1 - share) + colours * share + 0.5).astype(np.uint8)
        spot[..., 3:] = (spot[..., 3:] * (1 - share) + 255 * share + 0.5).astype(np.uint8)

    def _box(self, points: NDArray[np.float32], pad: int) -> tuple[int, int, int, int]:
        """The part of the board the points cover, as x0, y0, x1, y1."""
        height, width = self.px.shape[:2]
        low = np.floor(points.min(axis=0)).astype(int) - pad
        high = np.ceil(points.max(axis=0)).astype(int) + pad
        return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1]))

    def poly(self, points: Sequence[Point], fill: Fill, opacity: float = 1.0, soft: float = 0.0) -> None:
        """Fill a polygon with a colour or a texture, which sticks to the polygon's own corner."""
        shape = np.asarray(points, np.float32)
        x0, y0, x1, y1 = self._box(shape, int(3 * soft) + 2)
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed = ((shape - np.array([x0, y0], np.float32)) * 16).astype(np.int32)
        cv2.fillPoly(mask, [fixed], int(255 * opacity), cv2.LINE_AA, 4)
        if soft:
            mask = as_picture(cv2.GaussianBlur(mask, (0, 0), soft))
        if isinstance(fill, tuple):
            patch = np.full((*mask.shape, 3), fill, np.uint8)
        else:
            rows, columns = np.arange(y1 - y0) % fill.shape[0], np.arange(x1 - x0) % fill.shape[1]
            patch = fill[rows][:, columns]
        self.stamp(x0, y0, patch, mask)

    def rect(self, box: tuple[float, float, float, float], fill: Fill, opacity: float = 1.0, soft: float = 0.0) -> None:
        """Fill an upright rectangle given as x, y, width, height."""
        x, y, width, height = box
        self.poly([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill, opacity, soft)

    def ellipse(
        self, at: Point, size: Point, fill: Fill, opacity: float = 1.0, soft: float = 0.0, turn: float = 0.0
    ) -> None:
        """Fill an ellipse with these half-axes, turned by so many radians."""
        around = np.linspace(0, 2 * math.pi, 40, endpoint=False)
        x, y = size[0] * np.cos(around), size[1] * np.sin(around)
        ring = zip(
            at[0] + x * math.cos(turn) - y * math.sin(turn),
            at[1] + x * math.sin(turn) + y * math.cos(turn),
            strict=True,
        )
        self.poly([(float(a), float(b)) for a, b in ring], fill, opacity, soft)

    def limb(self, a: Point, b: Point, radii: Point, fill: Fill, opacity: float = 1.0, soft: float = 0.0) -> None:
        """Fill a tapering bar with round ends: an arm, a branch, a pole."""
        along = math.atan2(b[1] - a[1], b[0] - a[0])
        outline = []
        for (x, y), radius, start in ((a, radii[0], along + math.pi / 2), (b, radii[1], along - math.pi / 2)):
            for step in range(8):
                angle = start + math.pi * step / 7
                outline.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
        self.poly(outline, fill, opacity, soft)

    def quad(self, texture: Picture, corners: Sequence[Point]) -> None:
        """Lay a texture in perspective on four corners: top left, top right, bottom right, bottom left."""
        target = np.asarray(corners, np.float32)
        x0, y0, x1, y1 = self._box(target, 1)
        if x1 <= x0 or y1 <= y0:
            return
        target = target - np.array([x0, y0], np.float32)
        height, width = texture.shape[:2]
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        matrix = cv2.getPerspectiveTransform(source, target)
        patch = as_picture(cv2.warpPerspective(texture, matrix, (x1 - x0, y1 - y0), borderMode=cv2.BORDER_REPLICATE))
        mask = np.zeros(patch.shape[:2], np.uint8)
        cv2.fillPoly(mask, [(target * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        self.stamp(x0, y0, patch, mask)

    def light(
        self,
        ambient: float,
        lamps: Sequence[tuple[float, float, float, float]],
        hue: Colour = (255, 255, 255),
    ) -> None:
        """Light the board: an ambient level plus lamps given as x, y, radius, strength."""
        height, width = self.px.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        level = np.full((height, width, 3), ambient, np.float32)
        for at_x, at_y, radius, strength in lamps:
            spread = np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * radius * radius))
            level += (strength * spread)[..., None] * (np.asarray(hue, np.float32) / 255)
        self.px[..., :3] = np.minimum(as_picture(self.px[..., :3] * level), self.px[..., 3:])

    def blur(self, sigma: float) -> Board:
        """Put the board out of focus."""
        self.px = as_picture(cv2.GaussianBlur(self.px, (0, 0), sigma))
        return self
