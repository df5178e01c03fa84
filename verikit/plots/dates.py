"""The figure of a file's dates: one line in time, each date with its basis and what it means."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from verikit._files import plain
from verikit.container.dates import moment_of
from verikit.plots.drawing import BLUE, GREEN, ORANGE, VERMILION, Figure, canvas, png, write
from verikit.plots.lettering import FONT, fitting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from verikit.container.dates import Dated

__all__ = ["plot_dates"]

WIDTH, ROW, TOP, BOTTOM = 900, 38, 50, 48
MOST_ROWS = 24
# What a colour says is also said by the marker's shape, and by a word beside it.
LOOKS = {"utc": ("o", BLUE), "local": ("s", GREEN), "unknown": ("D", ORANGE), "claim": ("v", VERMILION)}


def plot_dates(dates: Sequence[Dated], *, name: str) -> Figure:
    """Every date on one axis of time, the earliest above, as PNG: basis as marker and word, meaning beside it.

    Dates without a zone are drawn as if they were UTC. Dates that no axis holds (before 1900, after 2199) are named in
    the figure's words alone.
    """
    placed = [(moment, one) for one in dates if (moment := _moment(one.value)) is not None][:MOST_ROWS]
    high = TOP + BOTTOM + ROW * max(1, len(placed))
    figure = canvas(WIDTH, high)
    write(figure, fitting(f"Dates of {name}", width=WIDTH - 20, size=12), spot=(0.5, 1 - 20 / high), size=12)
    axes = figure.add_axes((0.03, BOTTOM / high, 0.42, (high - TOP - BOTTOM) / high))
    axes.set_ylim(max(1, len(placed)) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    for row, (moment, one) in enumerate(placed):
        marker, colour = LOOKS["claim" if one.kind in {"claimed", "posted"} else one.basis]
        axes.hlines(row, 0, 1, transform=axes.get_yaxis_transform(), color="#dddddd", linewidth=1)
        axes.plot([_day(moment)], [row], marker, color=colour, markersize=8)
        spot = 1 - (TOP + ROW * (row + 0.5)) / high
        for told, up in ((f"{one.value} ({one.basis}), {one.kind}", 8), (one.meaning, -7)):
            here = (0.47, spot + up / high)
            write(figure, fitting(told, width=int(WIDTH * 0.58), size=8), spot=here, size=8, ha="left")
    if not placed:
        write(figure, "The file gives no date.", spot=(0.5, 0.5), size=11)
        axes.set_xticks([])
    else:
        _axis(axes, [moment for moment, _ in placed])
    words = "; ".join(f"{one.value} ({one.basis}, {one.kind}: {one.meaning})" for one in dates)
    return png(figure, alt=plain(f"Dates of {name}, the earliest first: {words or 'none'}"))


def _axis(axes: Axes, moments: Sequence[dt.datetime]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415 - only who draws pays

    first, last = min(moments), max(moments)
    room = max((last - first) * 0.06, dt.timedelta(minutes=5))
    axes.set_xlim(_day(first - room), _day(last + room))
    locator: Any = AutoDateLocator(minticks=2, maxticks=5, tz=dt.UTC)  # type: ignore[no-untyped-call] # Matplotlib has no types here
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=dt.UTC))  # type: ignore[no-untyped-call] # the same
    axes.tick_params(axis="x", labelsize=8, labelfontfamily=FONT)


def _day(moment: dt.datetime) -> float:
    """Days since 1970, as Matplotlib counts time."""
    return moment.timestamp() / 86_400


def _moment(value: str) -> dt.datetime | None:
    """A date of any precision as a moment; None where the axis does not hold it."""
    moment = moment_of(value)
    return moment if moment and 1900 <= moment.year < 2200 else None
