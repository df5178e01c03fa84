"""What a file says of itself, with what goes with it: the timeline of its dates, and the pictures that it hides."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verikit._files import write_bytes
from verikit.container.dates import dates_of
from verikit.container.export import export_container
from verikit.media.hidden_footage import unedited_pictures
from verikit.plots.dates import plot_dates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from verikit.container.description import Container
    from verikit.media.video import Video
    from verikit.plots.drawing import Figure

__all__ = ["Examination", "export_examination", "hidden_stills"]

# Of a long stretch that is hidden, so many stills show what is there, evenly spread.
MOST_STILLS = 60
LONG_SIDE = 1920


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A container with the timeline of its dates, which is drawn when it is asked for."""

    container: Container

    @property
    def timeline(self) -> Figure:
        """All dates of the file and its claim on one line of time."""
        return plot_dates(dates_of(self.container), name=self.container.name)

    def to_dict(self) -> dict[str, Any]:
        """The container as JSON."""
        return self.container.to_dict()

    def __str__(self) -> str:
        return str(self.container)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return self.container._repr_mimebundle_()


def hidden_stills(video: Video, container: Container, *, most: int = MOST_STILLS) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of pictures that the file holds and no player shows, evenly spread, at most `most`.

    Names tell the time of the track before any edit. Raises MediaError where FFmpeg does not read the file.
    """
    import cv2  # noqa: PLC0415 - only who exports stills pays for it

    hidden = next((one for one in container.hidden if one.kind == "video" and one.samples), None)
    if hidden is None:
        return
    ordered = sorted(hidden.times)
    step = max(1, -(-len(ordered) // most))
    times = [Fraction(time, hidden.scale) for time in ordered[::step]]
    for time, picture in unedited_pictures(video, times, long_side=LONG_SIDE):
        done, data = cv2.imencode(".png", picture[:, :, ::-1])
        if done:
            yield f"hidden_{float(time):09.3f}s.png", data.tobytes()


def export_examination(video: Video, container: Container, *, folder: Path) -> tuple[Path, ...]:
    """Write everything to `folder`: container.json, the tables, dates.png, and hidden/ with stills; returns the paths."""
    timeline = Examination(container=container).timeline
    written = [*export_container(container, folder), timeline.save(folder / "dates.png")]
    written += [write_bytes(folder / "hidden" / name, data) for name, data in hidden_stills(video, container)]
    return tuple(written)
