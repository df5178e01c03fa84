"""Figures of seen before: the alignment of two videos, and two stills side by side with their matched points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from verikit._files import plain
from verikit.matching.alignment import RADIUS
from verikit.matching.motion import agreement_by_offset
from verikit.media.hashing import hamming
from verikit.plots.drawing import (
    BLUE,
    FONT,
    ORANGE,
    SKY,
    VERMILION,
    Figure,
    canvas,
    fitting,
    jpeg,
    png,
    resized,
    time_axis,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.geometry import Registration
    from verikit.matching.matches import Match

    RGB = NDArray[np.uint8]

__all__ = ["plot_alignment", "side_by_side"]

PLOT_WIDTH, PLOT_HEIGHT = 800, 450
PAIR_WIDTH = 960
# Enough lines to see the pattern, few enough to see the pictures.
SHOWN_POINTS = 40


def plot_alignment(query: Fingerprint, reference: Fingerprint, matches: Sequence[Match]) -> Figure:
    """Where the query's instants look like the reference's, and where what changes agrees, as one PNG in two panels.

    Left: every pair of instants whose hashes are near (along: query, up: reference) with the aligned stretches drawn
    over them. A moving scene shows a slanting line; a still one looks like itself everywhere and shows a band. Right,
    at the same height: how far what changes agrees if the surest stretch began there. A copy shows one peak.
    """
    drawing = canvas(PLOT_WIDTH, PLOT_HEIGHT)
    left = drawing.add_axes((0.09, 0.13, 0.58, 0.74))
    _pairs(left, query, reference, mirrored=any(match.mirrored for match in matches))
    for match in matches:
        one, other = match.query_span, match.reference_span
        style: dict[str, Any] = {"color": VERMILION} if match.confirmed else {"color": ORANGE, "linestyle": "--"}
        left.plot([one.start, one.end], [other.start, other.end], linewidth=2.5, zorder=3, **style)
    left.set_xlim(0, max(query.duration, 0.1))
    time_axis(left.xaxis, duration=query.duration)
    left.set_xlabel(f"time in {fitting(query.name, width=380, size=9)}", fontfamily=FONT, fontsize=9, parse_math=False)
    left.set_ylabel(
        f"time in {fitting(reference.name, width=280, size=9)}", fontfamily=FONT, fontsize=9, parse_math=False
    )
    left.set_title("dots: near hashes   solid: confirmed   dashed: not", fontfamily=FONT, fontsize=9, loc="left")
    right = drawing.add_axes((0.73, 0.13, 0.24, 0.74))
    if matches:
        _agreement(right, query, reference, match=matches[0])
    for axes in (left, right):
        axes.set_ylim(0, max(reference.duration, 0.1))
        time_axis(axes.yaxis, duration=reference.duration)
        axes.spines[["top", "right"]].set_visible(False)
    spans = "; ".join(f"{m.query_span} lies along {m.reference_span}" for m in matches) or "no aligned stretch"
    return png(drawing, alt=f"Alignment of {plain(query.name)} (along) with {plain(reference.name)} (up): {spans}.")


def _pairs(axes: Axes, query: Fingerprint, reference: Fingerprint, *, mirrored: bool) -> None:
    """A dot for every pair of instants whose hashes are near, larger and darker the nearer."""
    codes = query.mirrored if mirrored else query.codes[0]
    least: NDArray[np.uint16] = np.minimum.reduce([hamming(codes, window) for window in reference.codes])
    rows, columns = np.nonzero(least <= RADIUS)
    strength = (1 - least[rows, columns] / RADIUS) ** 2
    colours = np.column_stack(
        [np.tile(_rgb(BLUE), (len(rows), 1)), 0.1 + 0.9 * strength / max(strength.max(initial=0), 1e-9)]
    )
    axes.scatter(query.times[rows], reference.times[columns], s=14, c=colours, linewidths=0, zorder=2)


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _agreement(axes: Axes, query: Fingerprint, reference: Fingerprint, *, match: Match) -> None:
    """The agreement of what changes against the reference time at which the stretch would begin."""
    placing = None if match.homography is None else np.array(match.homography)
    offsets, agreement = agreement_by_offset(query, reference, laying=match.laying, placing=placing)
    starts = offsets + match.query_span.start / match.speed
    axes.plot(agreement, starts, color=BLUE, linewidth=1.2)
    axes.axhline(match.reference_span.start, color=VERMILION, linewidth=1, linestyle=":")
    axes.set_xlim(-0.35, 1.05)
    axes.set_xticks([0, 0.5, 1])
    axes.tick_params(labelsize=9, labelfontfamily=FONT)
    axes.set_xlabel("agreement of what changes", fontfamily=FONT, fontsize=9)
    axes.set_title("if it began here", fontfamily=FONT, fontsize=9, loc="left")


def side_by_side(query: tuple[str, RGB], reference: tuple[str, RGB], *, registration: Registration | None) -> Figure:
    """Two stills with their matched points joined, and the query's outline drawn on the reference, as one JPEG.

    Each still is a label and an RGB picture. Without a registration the stills stand alone.
    """
    half, gap, head = (PAIR_WIDTH - 12) // 2, 12, 34
    pictures = [resized(picture, width=half, most_height=540) for _, picture in (query, reference)]
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
    scales = [
        small_one.shape[1] / full.shape[1] for small_one, (_, full) in zip(pictures, (query, reference), strict=True)
    ]
    if registration is None:
        told = "No geometry was found between these two stills."
    else:
        _join(axes, registration, scales=scales, lefts=lefts, top=head, size=query[1].shape[:2])
        told = f"{registration.inliers} points agree. Outlined on the right: where the left picture lies in it."
    write(drawing, told, spot=(4 / PAIR_WIDTH, 12 / height), size=10, ha="left")
    return jpeg(drawing, alt=f"Side by side: {plain(query[0])} and {plain(reference[0])}. {told}")


def _join(
    axes: Axes,
    registration: Registration,
    *,
    scales: Sequence[float],
    lefts: Sequence[int],
    top: int,
    size: tuple[int, ...],
) -> None:
    """Draw the matched points on both stills, a line between some of them, and the query's outline on the reference."""
    one = registration.query_points * scales[0] + (lefts[0], top)
    other = registration.reference_points * scales[1] + (lefts[1], top)
    chosen = np.unique(np.linspace(0, len(one) - 1, min(SHOWN_POINTS, len(one))).astype(int))
    for start, end in zip(one[chosen], other[chosen], strict=True):
        axes.plot([start[0], end[0]], [start[1], end[1]], color=SKY, linewidth=0.6, alpha=0.8)
    for points in (one, other):
        axes.plot(points[:, 0], points[:, 1], ".", color=ORANGE, markersize=3)
    height, width = size[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1], [0, 0, 1]], np.float64)
    placed = corners @ registration.homography.T
    outline = placed[:, :2] / placed[:, 2:] * scales[1] + (lefts[1], top)
    axes.plot(outline[:, 0], outline[:, 1], color=VERMILION, linewidth=2)
