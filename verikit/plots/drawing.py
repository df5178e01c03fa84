"""What all figures share: the finished Figure, an empty canvas, words and time codes.

Drawn with Matplotlib's objects, never with pyplot, so that nothing outside a figure changes. Colours are Okabe and
Ito's, which people with any colour vision can tell apart; what a colour says is also said by a shape or a word. Same
input, same bytes.
"""

from __future__ import annotations

import base64
import dataclasses
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from verikit._files import write_bytes
from verikit.plots.lettering import DPI, FONT, families
from verikit.records import timecode

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Drawing
    from numpy.typing import NDArray

    RGB = NDArray[np.uint8]

__all__ = ["Figure"]

ORANGE, SKY, GREEN, BLUE, VERMILION = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00"
JPEG_QUALITY = 85


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A finished picture: its bytes, their type ("image/png" or "image/jpeg"), its size, and what it shows in words."""

    data: bytes
    mime: str
    alt: str
    width: int
    height: int

    def save(self, path: Path) -> Path:
        """Write the picture to `path`, aside and renamed. Returns `path`."""
        return write_bytes(path, self.data)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        shown = {"text/plain": self.alt, self.mime: base64.b64encode(self.data).decode("ascii")}
        return shown, {self.mime: {"alt": self.alt, "width": self.width, "height": self.height}}


def canvas(width: int, height: int) -> Drawing:
    """An empty white figure of so many pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - only who draws pays for it
    from matplotlib.figure import Figure as NewDrawing  # noqa: PLC0415 - the same

    figure = NewDrawing(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def png(figure: Drawing, *, alt: str) -> Figure:
    """A drawing as PNG. `alt` is what it shows in words."""
    data = io.BytesIO()
    # Matplotlib writes its version into the file; the bytes must not depend on it.
    figure.savefig(data, format="png", dpi=DPI, metadata={"Software": None})
    width, height = (round(side * DPI) for side in figure.get_size_inches())
    return Figure(data=data.getvalue(), mime="image/png", alt=alt, width=width, height=height)


def jpeg(figure: Drawing, *, alt: str) -> Figure:
    """A drawing that holds photographs as JPEG. `alt` is what it shows in words."""
    import cv2  # noqa: PLC0415 - only who draws pays for it

    surface: Any = figure.canvas
    surface.draw()
    pixels = np.asarray(surface.buffer_rgba())[:, :, 2::-1]
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return Figure(data=data.tobytes(), mime="image/jpeg", alt=alt, width=pixels.shape[1], height=pixels.shape[0])


def resized(picture: RGB, *, width: int, most_height: int) -> RGB:
    """The picture at most `width` wide and `most_height` high, in its own proportions."""
    import cv2  # noqa: PLC0415 - only who draws pays for it

    scale = min(width / picture.shape[1], most_height / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value] # uint8


def write(drawing: Drawing, text: str, *, spot: tuple[float, float], size: int, ha: str = "center") -> None:
    """Words at a spot: x and y as parts of the figure from its lower left corner; strangers' text is never parsed."""
    place: dict[str, Any] = {"ha": ha, "va": "center", "fontfamily": families(), "fontsize": size}
    drawing.text(*spot, text, parse_math=False, **place)


def time_axis(axis: Axis, *, duration: float) -> None:
    """Time codes along one axis, without needless digits."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415 - only who draws pays for it

    digits = 4 if duration >= 10 else 2 if duration >= 1 else None
    axis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 3, 5, 6, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: timecode(value)[: digits and -digits]))
    axis.set_tick_params(labelsize=9, labelfontfamily=FONT)
