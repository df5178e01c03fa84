"""Figures of frames: the contact sheet, and the timeline of shots with the course of change and the keyframes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit._files import plain
from verikit.plots.drawing import (
    GREEN,
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
from verikit.plots.lettering import FONT, fitting
from verikit.records import timecode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

    from verikit.keyframes.picking import Keyframe
    from verikit.keyframes.shots import Shot
    from verikit.media.scan import Scan

    RGB = NDArray[np.uint8]

__all__ = ["contact_sheet", "contact_sheets", "plot_shots"]

SHEET_WIDTH, GAP = 960, 8
# Pictures on one sheet: more would make it taller than a screen's scrolling or a printed page bears.
SHEET_PICTURES = 40

WIDTH, HEIGHT = 800, 470
# Left edge and width of everything that has time in it, as parts of the figure.
LEFT, WIDE = 0.085, 0.88
# Points of a curve: more than the pixels it is drawn on show nothing.
CURVE_POINTS = 1600
STRIP_STILLS = 12
# A bar of fewer pixels has no room for its number.
NUMBERED = 16


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """How a kind of transition is told: by its colour, by the shape over it, and by how its time is hatched."""

    plural: str
    marker: str
    colour: str
    hatch: str = ""


KINDS = {
    "cut": _Look(plural="cuts", marker="|", colour=VERMILION),
    "dissolve": _Look(plural="dissolves", marker="D", colour=SKY, hatch="////"),
    "fade": _Look(plural="fades", marker="^", colour="#555555", hatch="...."),
    "wipe": _Look(plural="wipes", marker=">", colour=ORANGE, hatch="xx"),
}


def contact_sheet(pictures: Sequence[tuple[str, RGB]], *, title: str, columns: int = 4) -> Figure:
    """The pictures (uint8 RGB) in rows, each with its label under it, as one JPEG at most 960 pixels wide."""
    if not pictures:
        raise ValueError("contact_sheet: no pictures to show")
    if columns < 1:
        raise ValueError(f"columns: at least 1, not {columns}")
    columns = min(columns, len(pictures))
    width = min((SHEET_WIDTH - GAP) // columns, 320) - GAP
    small = [resized(picture, width=width, most_height=width) for _, picture in pictures]
    rows = [max(map(len, small[start : start + columns])) + 22 for start in range(0, len(small), columns)]
    wide, high = columns * (width + GAP) + GAP, 34 + sum(rows)
    figure = canvas(wide, high)
    for number, picture in enumerate(small):
        row, column = divmod(number, columns)
        middle, bottom = GAP + column * (width + GAP) + width // 2, 34 + sum(rows[: row + 1]) - 22
        spot = middle - picture.shape[1] // 2, high - bottom + (rows[row] - 22 - len(picture))
        figure.figimage(picture, *spot, origin="upper")
        write(
            figure,
            fitting(pictures[number][0], width=width, size=9),
            spot=(middle / wide, 1 - (bottom + 11) / high),
            size=9,
        )
    write(figure, fitting(title, width=wide - 2 * GAP, size=12), spot=(0.5, 1 - 17 / high), size=12)
    labels = "; ".join(plain(label) for label, _ in pictures)
    return jpeg(figure, alt=f"{plain(title)}: {len(pictures)} pictures: {labels}")


def contact_sheets(
    pictures: Sequence[tuple[str, RGB]], *, title: str, columns: int = 4, most: int = SHEET_PICTURES
) -> tuple[Figure, ...]:
    """The pictures on as many sheets as they need, at most `most` on each, evenly shared; none for no pictures."""
    if most < 1:
        raise ValueError(f"most: at least 1, not {most}")
    pages = -(-len(pictures) // most)
    each = -(-len(pictures) // max(1, pages))
    titles = [title if pages == 1 else f"{title}, sheet {page} of {pages}" for page in range(1, pages + 1)]
    return tuple(
        contact_sheet(pictures[page * each : (page + 1) * each], title=told, columns=columns)
        for page, told in enumerate(titles)
    )


def plot_shots(
    scan: Scan,
    shots: Sequence[Shot],
    *,
    keyframes: Sequence[Keyframe] = (),
    look: Callable[[RGB], RGB] | None = None,
) -> Figure:
    """How much the picture changes over time, over its shots as bars and its keyframes as ticks, as PNG.

    Cuts, dissolves, fades and wipes differ in shape as well as in colour. `look` changes how the stills under the bars are
    shown, as for footage that may distress.
    """
    figure = canvas(WIDTH, HEIGHT)
    curve = figure.add_axes((LEFT, 0.41, WIDE, 0.41))
    top = _curve(curve, scan)
    _transitions(curve, shots, top=top)
    bars = figure.add_axes((LEFT, 0.275, WIDE, 0.095))
    _bars(bars, shots, keyframes, duration=scan.duration)
    write(figure, fitting(f"Shots of {scan.name}", width=WIDTH - 20, size=12), spot=(0.5, 0.96), size=12)
    prop = {"family": FONT, "size": 9}
    figure.legend(loc="upper center", bbox_to_anchor=(0.5, 0.945), ncols=6, columnspacing=1.2, frameon=False, prop=prop)
    _strip(figure, scan, look=look)
    counts = [f"{kind.plural}: {sum(s.transition_in == word for s in shots)}" for word, kind in KINDS.items()]
    told = ", ".join([f"shots: {len(shots)}", *counts, f"keyframes: {len(keyframes)}"])
    return png(figure, alt=f"Change over time in {plain(scan.name)}, {timecode(scan.duration)} long: {told}")


def _curve(axes: Axes, scan: Scan) -> float:
    """The change of every picture from the one before. Returns the upper end of the scale."""
    times, change = _thinned(scan.times, scan.frames["change"])
    axes.fill_between(times, change, color="#999999", linewidth=0, label="change")
    top = max(10.0, float(change.max())) * 1.15
    # By its square root, so that motion shows beside the jump of a cut.
    axes.set_yscale("function", functions=(lambda levels: np.sqrt(np.maximum(levels, 0)), np.square))
    axes.set_ylim(0, top)
    axes.set_yticks([tick for tick in (0, 1, 5, 20, 50, 100, 200) if tick < top])
    axes.set_xlim(0, max(scan.duration, 1e-3))
    axes.tick_params(axis="y", labelsize=9, labelfontfamily=FONT)
    axes.tick_params(axis="x", labelbottom=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel("change, grey levels", fontfamily=FONT, fontsize=9)
    return top


def _transitions(axes: Axes, shots: Sequence[Shot], *, top: float) -> None:
    """Each change of shot over the curve: its time hatched, its kind by a shape at the upper edge."""
    for word, kind in KINDS.items():
        there = [shot for shot in shots if shot.transition_in == word]
        if not there:
            continue
        spans = [shot.transition_span for shot in there if shot.transition_span]
        for span in spans:
            style: dict[str, Any] = {"facecolor": kind.colour, "edgecolor": "white", "hatch": kind.hatch, "lw": 0}
            axes.axvspan(span.start, span.end, alpha=0.6, **style)
        middles = [
            (s.transition_span.start + s.transition_span.end) / 2 if s.transition_span else s.start for s in there
        ]
        if word == "cut":
            axes.vlines(middles, 0, top, color=kind.colour, linewidth=1)
        shape: dict[str, Any] = {"marker": kind.marker, "color": kind.colour, "markeredgecolor": kind.colour}
        label = f"{kind.plural} ({len(there)})"
        axes.plot(middles, [top] * len(there), ls="", markersize=8, clip_on=False, label=label, **shape)


def _bars(axes: Axes, shots: Sequence[Shot], keyframes: Sequence[Keyframe], *, duration: float) -> None:
    """The shots as bars with their numbers, and the keyframes as ticks on them."""
    long = max(duration, 1e-3)
    for shot in shots:
        shade = ("#cfe3f1", "#9cc4e0")[shot.index % 2]
        axes.barh(0, shot.end - shot.start, left=shot.start, height=1, color=shade, edgecolor="white", linewidth=0.5)
        if (shot.end - shot.start) / long * WIDE * WIDTH >= NUMBERED:
            words: dict[str, Any] = {"ha": "center", "va": "center", "fontfamily": FONT, "fontsize": 8}
            axes.text((shot.start + shot.end) / 2, -0.12, str(shot.index), color="black", **words)
    if keyframes:
        spots, label = [keyframe.time for keyframe in keyframes], f"keyframes ({len(keyframes)})"
        axes.vlines(spots, 0.15, 0.5, color=GREEN, linewidth=2)
        axes.plot(spots, [0.5] * len(spots), "v", color=GREEN, markersize=7, clip_on=False, label=label)
    axes.set_xlim(0, long)
    axes.set_ylim(-0.5, 0.5)
    axes.set_yticks([])
    axes.set_ylabel("shots", fontfamily=FONT, fontsize=9, rotation=0, ha="right", va="center")
    axes.spines[["top", "right", "left"]].set_visible(False)
    time_axis(axes.xaxis, duration=duration)


def _strip(figure: Drawing, scan: Scan, *, look: Callable[[RGB], RGB] | None) -> None:
    """Stills under the curve, each from the time above its middle."""
    import cv2  # noqa: PLC0415 - only who draws pays for it

    if not scan.stills:
        return
    left, wide, high = 68, 704, 64
    count = int(np.clip(wide // (high * scan.width / max(1, scan.height) + 4), 1, STRIP_STILLS))
    times = scan.times[scan.still_frames]
    for number in range(count):
        nearest = int(np.argmin(np.abs(times - (number + 0.5) / count * scan.duration)))
        still = cv2.imdecode(np.frombuffer(scan.stills[nearest], np.uint8), cv2.IMREAD_COLOR_RGB)
        if still is None:
            continue
        shown = still.astype(np.uint8, copy=False)
        picture = resized(shown if look is None else look(shown), width=wide // count - 4, most_height=high)
        middle = left + round((number + 0.5) / count * wide)
        figure.figimage(picture, middle - picture.shape[1] // 2, 8 + (high - len(picture)) // 2, origin="upper")


def _thinned(times: NDArray[np.float64], values: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """A long curve by the greatest value in each of at most `CURVE_POINTS` stretches, so that no peak is lost."""
    if len(times) <= CURVE_POINTS:
        return times, values
    starts = np.linspace(0, len(times), CURVE_POINTS, endpoint=False).astype(np.int64)
    return times[starts], np.maximum.reduceat(values, starts)
