"""Figures of seen before: the alignment of two videos, and two stills side by side with their matched points."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from verikit._files import plain
from verikit.matching.alignment import change_by_offset
from verikit.matching.comparing import likeness_under
from verikit.matching.fingerprinting import COURSE_PER_SECOND
from verikit.matching.geometry import evened
from verikit.media.scan import HASHES_PER_SECOND
from verikit.plots.drawing import (
    BLUE,
    ORANGE,
    SKY,
    VERMILION,
    Figure,
    canvas,
    jpeg,
    png,
    resized,
    time_axis,
    write,
)
from verikit.plots.lettering import FONT, families, fitting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.geometry import Registration
    from verikit.matching.likeness import Likeness
    from verikit.matching.matches import Match

    RGB = NDArray[np.uint8]

__all__ = ["Pair", "difference_strip", "plot_alignment", "side_by_side"]

# A labelled picture of the query and one of the reference, of one moment.
Pair: TypeAlias = tuple[tuple[str, "RGB"], tuple[str, "RGB"]]

# Grey levels by which two pictures of one footage differ for coding alone; from FULLY on a difference is shown in full.
HARDLY, FULLY = 12.0, 40.0

PLOT_WIDTH, PLOT_HEIGHT = 800, 450
PAIR_WIDTH = 960
# Enough lines to see the pattern, few enough to see the pictures.
SHOWN_POINTS = 40
VERMILION_RGB = (213, 94, 0)
# Pixels that an outline may run over a picture's own edge: its own width.
LINE = 2
# An outline is spoken of where so much of it is in the picture, and it is not nearly all of the picture.
MOSTLY, COVERS = 0.6, 0.98
# Pictures that correlate less than this are left white.
LEAST_SHOWN = 0.4


def plot_alignment(query: Fingerprint, reference: Fingerprint, matches: Sequence[Match]) -> Figure:
    """Where the query's instants look like the reference's, and where what changes agrees, as one PNG in two panels.

    Left: every pair of instants (along: query, up: reference), the darker the more alike their pictures are where the
    surest match lays them on each other, with the aligned stretches drawn over them. A moving scene shows a slanting line; a still one looks like itself everywhere and shows a band. Right,
    at the same height: how far what changes agrees if the surest stretch began there. A copy shows one peak.
    """
    drawing = canvas(PLOT_WIDTH, PLOT_HEIGHT)
    left = drawing.add_axes((0.09, 0.13, 0.58, 0.74))
    alike = likeness_under(query, reference, matches[0]) if matches else None
    if alike is not None:
        _pairs(left, alike)
    for match in matches:
        one, other = match.query_span, match.reference_span
        style: dict[str, Any] = {"color": VERMILION} if match.confirmed else {"color": ORANGE, "linestyle": "--"}
        left.plot([one.start, one.end], [other.start, other.end], linewidth=2.5, zorder=3, **style)
    left.set_xlim(0, max(query.duration, 0.1))
    time_axis(left.xaxis, duration=query.duration)
    left.set_xlabel(
        f"time in {fitting(query.name, width=380, size=9)}", fontfamily=families(), fontsize=9, parse_math=False
    )
    left.set_ylabel(
        f"time in {fitting(reference.name, width=280, size=9)}", fontfamily=families(), fontsize=9, parse_math=False
    )
    left.set_title(
        "darker: pictures more alike   solid: confirmed   dashed: not", fontfamily=FONT, fontsize=9, loc="left"
    )
    right = drawing.add_axes((0.73, 0.13, 0.24, 0.74))
    if alike is not None:
        _agreement(right, match=matches[0], alike=alike)
    for axes in (left, right):
        axes.set_ylim(0, max(reference.duration, 0.1))
        time_axis(axes.yaxis, duration=reference.duration)
        axes.spines[["top", "right"]].set_visible(False)
    spans = "; ".join(f"{m.query_span} lies along {m.reference_span}" for m in matches) or "no aligned stretch"
    return png(drawing, alt=f"Alignment of {plain(query.name)} (along) with {plain(reference.name)} (up): {spans}.")


def _pairs(axes: Axes, alike: Likeness) -> None:
    """Every pair of instants, the darker the more alike their pictures are."""
    shown = np.clip((alike.picture.T - LEAST_SHOWN) / (1 - LEAST_SHOWN), 0, 1)
    axes.imshow(
        shown,
        extent=(0, shown.shape[1] / HASHES_PER_SECOND, 0, shown.shape[0] / COURSE_PER_SECOND),
        origin="lower",
        aspect="auto",
        cmap="Blues",
        vmin=0.0,
        vmax=1.2,
        interpolation="nearest",
    )


def _agreement(axes: Axes, *, match: Match, alike: Likeness) -> None:
    """The agreement of what changes against the reference time at which the stretch would begin."""
    first = round(match.query_span.start * HASHES_PER_SECOND)
    last = min(max(round(match.query_span.end * HASHES_PER_SECOND), first + 2), len(alike.query_change))
    offsets, agreement = change_by_offset(alike, first=first, last=last, speed=match.speed)
    axes.plot(agreement, offsets + match.query_span.start / match.speed, color=BLUE, linewidth=1.2)
    axes.axhline(match.reference_span.start, color=VERMILION, linewidth=1, linestyle=":")
    axes.set_xlim(-0.35, 1.05)
    axes.set_xticks([0, 0.5, 1])
    axes.tick_params(labelsize=9, labelfontfamily=FONT)
    axes.set_xlabel("agreement of what changes", fontfamily=FONT, fontsize=9)
    axes.set_title("if it began here", fontfamily=FONT, fontsize=9, loc="left")


def side_by_side(
    query: tuple[str, RGB],
    reference: tuple[str, RGB],
    *,
    registration: Registration | None,
    look: Callable[[RGB], RGB] | None = None,
) -> Figure:
    """Two stills with their matched points joined, and each one's outline drawn where it lies in the other, as one JPEG.

    Each still is a label and an RGB picture. Without a registration the stills stand alone. `look` changes how they are
    shown, as for footage that may distress.
    """
    half, gap, head = (PAIR_WIDTH - 12) // 2, 12, 34
    pictures = [_looked(resized(picture, width=half, most_height=540), look) for _, picture in (query, reference)]
    height = head + max(picture.shape[0] for picture in pictures) + 26
    sheet = np.full((height, PAIR_WIDTH, 3), 255, np.uint8)
    lefts = (0, half + gap)
    for left, picture in zip(lefts, pictures, strict=True):
        sheet[head : head + picture.shape[0], left : left + picture.shape[1]] = picture
    drawing = canvas(PAIR_WIDTH, height)
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.imshow(sheet, aspect="auto")
    # An outline that runs out of the picture must not shrink the picture.
    axes.set_autoscale_on(False)
    axes.set_axis_off()
    for left, (label, _) in zip(lefts, (query, reference), strict=True):
        write(
            drawing,
            fitting(label, width=half, size=10),
            spot=((left + 4) / PAIR_WIDTH, 1 - 17 / height),
            size=10,
            ha="left",
        )
    told = "No geometry was found between these two stills."
    if registration is not None:
        sides = [
            _Side(left=left, top=head, shown=shown.shape[:2], scale=shown.shape[1] / full.shape[1])
            for left, shown, (_, full) in zip(lefts, pictures, (query, reference), strict=True)
        ]
        _join(axes, registration, sides=sides)
        told = " ".join([f"{registration.inliers} points agree.", *_outlined(axes, registration.homography, sides)])
    write(drawing, told, spot=(4 / PAIR_WIDTH, 12 / height), size=10, ha="left")
    return jpeg(drawing, alt=f"Side by side: {plain(query[0])} and {plain(reference[0])}. {told}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Where one of two stills stands on the sheet: its corner, its height and width there, and by what it was scaled."""

    left: int
    top: int
    shown: tuple[int, ...]
    scale: float

    def on_sheet(self, points: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Pixels of the still as pixels of the sheet."""
        return points * self.scale + (self.left, self.top)

    @property
    def corners(self) -> NDArray[np.float64]:
        """The still's corners in its own pixels, clockwise from top left."""
        high, wide = (side / self.scale for side in self.shown)
        return np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float64)


def _join(axes: Axes, registration: Registration, *, sides: Sequence[_Side]) -> None:
    """Draw the matched points on both stills, and a line between some of them."""
    one = sides[0].on_sheet(registration.query_points)
    other = sides[1].on_sheet(registration.reference_points)
    chosen = np.unique(np.linspace(0, len(one) - 1, min(SHOWN_POINTS, len(one))).astype(int))
    for start, end in zip(one[chosen], other[chosen], strict=True):
        axes.plot([start[0], end[0]], [start[1], end[1]], color=SKY, linewidth=0.6, alpha=0.8)
    for points in (one, other):
        axes.plot(points[:, 0], points[:, 1], ".", color=ORANGE, markersize=3)


def _outlined(axes: Axes, homography: NDArray[np.float64], sides: Sequence[_Side]) -> Iterator[str]:
    """Draw each still's outline on the other, as far as it lies in it, and say where one is to be seen."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - only who draws pays for it

    ways = (
        (sides[0], sides[1], homography, "Outlined on the right: where the left picture lies in it."),
        (sides[1], sides[0], np.linalg.inv(homography), "Outlined on the left: where the right picture lies in it."),
    )
    for mine, ground, matrix, told in ways:
        placed = np.c_[mine.corners, np.ones(4)] @ matrix.T
        if (placed[:, 2] * placed[0, 2] <= 0).any():
            continue
        outline = np.asarray(placed[:, :2] / placed[:, 2:], np.float32)
        drawn = ground.on_sheet(np.vstack([outline, outline[:1]]))
        high, wide = ground.shown
        axes.plot(*drawn.T, color=VERMILION, linewidth=2)[0].set_clip_path(
            Rectangle(
                (ground.left - LINE, ground.top - LINE), wide + 2 * LINE, high + 2 * LINE, transform=axes.transData
            )
        )
        inside = cv2.intersectConvexConvex(outline, ground.corners.astype(np.float32))[0]
        if (
            MOSTLY * abs(cv2.contourArea(outline))
            < inside
            < COVERS * abs(cv2.contourArea(ground.corners.astype(np.float32)))
        ):
            yield told


def difference_strip(
    pairs: Sequence[Pair], *, maps: Sequence[NDArray[np.float64]], look: Callable[[RGB], RGB] | None = None
) -> Figure:
    """The reference, the query laid on it, and what differs, for some moments of a match, as one JPEG.

    `maps`: float64 (3, 3) for each pair, pixels of the query's picture to those of the reference's. In the third row
    the reference is pale, what differs from it is orange, and what the query leaves out is hatched. Tones are evened
    first, so that a darker or paler copy does not differ by that alone. `look` changes how pictures are shown, not what
    differs.
    """
    head, gap, foot, left = 26, 6, 22, 104
    width = min((PAIR_WIDTH - left) // len(pairs) - gap, 280)
    columns = [
        _laid_on(one[1], other[1], homography=map_, width=width, look=look)
        for (one, other), map_ in zip(pairs, maps, strict=True)
    ]
    high = max(column[0].shape[0] for column in columns)
    sheet = np.full((head + 3 * (high + gap) + foot, PAIR_WIDTH, 3), 255, np.uint8)
    for number, column in enumerate(columns):
        for row, picture in enumerate(column):
            top, at = head + row * (high + gap), left + number * (width + gap)
            sheet[top : top + picture.shape[0], at : at + picture.shape[1]] = picture
    height = len(sheet)
    drawing = canvas(PAIR_WIDTH, height)
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.imshow(sheet, aspect="auto")
    axes.set_axis_off()
    for row, label in enumerate(("reference", "clip laid on it", "what differs")):
        write(drawing, label, spot=(4 / PAIR_WIDTH, 1 - (head + row * (high + gap) + 14) / height), size=9, ha="left")
    for number, (_, (label, _)) in enumerate(pairs):
        place = (left + number * (width + gap)) / PAIR_WIDTH
        # The moment alone, which comes first: the name stands in the words of the figure.
        moment = fitting(label.partition(": ")[0], width=width, size=9)
        write(drawing, moment, spot=(place, 1 - 14 / height), size=9, ha="left")
    told = "Orange: what the clip shows otherwise, such as captions and logos. Hatched: what it leaves out."
    write(drawing, told, spot=(left / PAIR_WIDTH, 10 / height), size=9, ha="left")
    return jpeg(drawing, alt=f"{plain(pairs[0][0][0])} laid on {plain(pairs[0][1][0])}, {len(pairs)} moments. {told}")


def _looked(picture: RGB, look: Callable[[RGB], RGB] | None) -> RGB:
    """A picture as it is to be shown, in its own size, so that what is drawn over it stays in its place."""
    if look is None:
        return picture
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.resize(look(picture), size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _laid_on(
    query: RGB,
    reference: RGB,
    *,
    homography: NDArray[np.float64],
    width: int,
    look: Callable[[RGB], RGB] | None,
) -> tuple[RGB, RGB, RGB]:
    """A reference's picture, the query's laid on it, and what differs, `width` pixels wide."""
    scale = width / reference.shape[1]
    ground = resized(reference, width=width, most_height=round(reference.shape[0] * scale) + 1)
    shrink = np.diag([ground.shape[1] / reference.shape[1], ground.shape[0] / reference.shape[0], 1.0])
    matrix = shrink @ homography
    shape = (ground.shape[1], ground.shape[0])
    laid = np.asarray(cv2.warpPerspective(query, matrix, shape, flags=cv2.INTER_AREA), np.uint8)
    covered = cv2.warpPerspective(np.full(query.shape[:2], 255, np.uint8), matrix, shape) > 250
    differing = np.full(ground.shape, 255, np.float32)
    strength = _strength(laid, ground, covered)[..., None]
    ground, laid = _looked(ground, look), _looked(laid, look)
    pale = 255 - (255 - ground.astype(np.float32)) * 0.35
    differing[covered] = pale[covered]
    differing = differing * (1 - strength) + np.array(VERMILION_RGB, np.float32) * strength
    down, along = np.indices(covered.shape)
    differing[~covered & ((down + along) % 8 < 2)] = 150
    shown = np.where(covered[..., None], laid, 255).astype(np.uint8)
    return ground, shown, differing.astype(np.uint8)


def _strength(laid: RGB, ground: RGB, covered: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far two pictures differ where both are, 0 to 1, once one's tones are fitted to the other's."""
    one, other = (cv2.GaussianBlur(picture, (0, 0), 0.8).astype(np.float32).mean(axis=2) for picture in (laid, ground))
    found = np.zeros(covered.shape, np.float32)
    if covered.sum() > 50:
        _, off = evened(one, other, where=covered)
        found = np.where(covered, np.clip((off - HARDLY) / (FULLY - HARDLY), 0, 1), 0).astype(np.float32)
    return found
