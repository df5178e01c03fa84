"""Shots, keyframes as files, the figures of both, the search kit, and the record of searches made with it."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from verikit.case.derived import confined
from verikit.keyframes.gentle import gentle_of, shrunk
from verikit.keyframes.picking import pick_keyframes
from verikit.keyframes.saving import SavedKeyframe, save_keyframes
from verikit.keyframes.search_kit import read_picture, write_search_kit
from verikit.keyframes.searches import read_searches
from verikit.keyframes.shots import Shot, detect_shots
from verikit.media.picture_area import picture_area
from verikit.plots.frames import contact_sheets, plot_shots
from verikit.records import Records, timecode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from verikit.case.folder import Case
    from verikit.keyframes.gentle import Gentle
    from verikit.keyframes.search_kit import SearchKit
    from verikit.keyframes.searches import Searches
    from verikit.media.scan import Scan
    from verikit.media.video import Video
    from verikit.plots.drawing import Figure

__all__ = [
    "KIT",
    "Keyframes",
    "extract_keyframes",
    "extract_search_kit",
    "kit_of",
    "searches_of_case",
    "told_in_cell",
]

# The kit's folder: beside the stills of the command line, in a case beside its notebooks.
KIT = "search_kit"
# Long side of the pictures from which the sheet is made.
ON_SHEET = 640


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keyframes:
    """The shots of a video, the stills chosen from them, and the figures: contact sheets and the course of change.

    `sheets` is empty where no still was worth choosing, as in a clip that is black throughout. `gentle` says how the
    figures show the pictures, "" as they are; `kit` is the search kit where one was written.
    """

    shots: Records[Shot]
    keyframes: Records[SavedKeyframe]
    sheets: tuple[Figure, ...]
    timeline: Figure
    gentle: str = ""
    kit: SearchKit | None = None

    @property
    def sheet(self) -> Figure | None:
        """The first contact sheet, or None."""
        return self.sheets[0] if self.sheets else None

    def to_dict(self) -> dict[str, Any]:
        """Shots, keyframes and the search kit as JSON."""
        return {
            "shots": [shot.to_dict() for shot in self.shots],
            "keyframes": [keyframe.to_dict() for keyframe in self.keyframes],
            "gentle": self.gentle,
            "search_kit": None if self.kit is None else self.kit.to_dict(),
        }


def extract_keyframes(
    video: Video,
    *,
    scan: Scan,
    folder: Path,
    most: int | None = None,
    image_format: str = "png",
    gentle: str | None = None,
    progress: Callable[[str], None] = lambda *_: None,
) -> Keyframes:
    """The keyframes of a video as full-size stills in `folder`, beside contact_sheet.jpg and shots.png.

    `most` and `image_format` are those of `pick_keyframes` and `save_keyframes`. `gentle`, "grey" or "faces", changes
    what the figures show; the stills are evidence and never altered. Beyond 40 stills there are contact_sheet_2.jpg and
    so on. `progress` is told what is going on. Raises MissingToolError for "faces" without a face detector.
    """
    look = gentle_of(gentle)
    progress("finding shots and choosing stills")
    shots = detect_shots(scan)
    picked = pick_keyframes(scan, shots, most=most)
    saved = save_keyframes(
        video, picked, folder=folder, image_format=image_format, progress=_counted(progress, "stills")
    )
    sheets = _sheets(saved, folder=folder, name=video.name, look=look, progress=_counted(progress, "contact sheet"))
    timeline = plot_shots(scan, shots, keyframes=picked, look=look)
    for number, sheet in enumerate(sheets, start=1):
        sheet.save(folder / _sheet_name(number))
    # Sheets of an earlier run show what this one does not, perhaps not gently.
    number = len(sheets) + 1
    while (stale := folder / _sheet_name(number)).is_file():
        stale.unlink()
        number += 1
    timeline.save(folder / "shots.png")
    told = "" if look is None else look.told
    return Keyframes(shots=shots, keyframes=saved, sheets=sheets, timeline=timeline, gentle=told)


def extract_search_kit(
    found: Keyframes,
    *,
    scan: Scan,
    stills: Path,
    folder: Path,
    gentle: str | None = None,
    progress: Callable[[str], None] = lambda *_: None,
) -> Keyframes:
    """The same keyframes with their search kit, written to `folder`, from the stills in the folder `stills`.

    The most telling stills come first: a person searches from the top and stops. What was written in the kit's table
    before is kept. See `write_search_kit`.
    """
    kit = write_search_kit(
        sorted(found.keyframes, key=lambda saved: saved.keyframe.rank),
        stills=stills,
        folder=folder,
        name=scan.name,
        area=picture_area(scan),
        gentle=gentle_of(gentle),
        progress=_counted(progress, "search kit"),
    )
    return dataclasses.replace(found, kit=kit)


def searches_of_case(case: Case) -> Searches:
    """Step 03: the searches that people recorded in the case's search_kit/searches.csv, recorded as `searches`.

    The table itself goes into the case as `searches.csv`. Raises ValueError that names every row that is not as it
    should be, and FileNotFoundError where the kit was not made.
    """
    name = f"{kit_of(case)}/searches.csv"
    path = confined(case.folder, name)
    if not path.is_file():
        raise FileNotFoundError(f"{name}: not in this case; keyframes_of_case makes it")
    data = path.read_bytes()
    found = read_searches(data, name=name)
    table = case.keep_bytes(data, name="searches.csv", operation="searches", parents=["keyframes"])
    case.record(found, name="searches", parents=[table])
    return found


def kit_of(case: Case) -> str:
    """The folder of the search kit in a case; that of a further clip lies in that of the first."""
    return f"{KIT}/{case.clip}" if case.clip else KIT


def told_in_cell() -> Callable[[str], None]:
    """Shows how far a step is in the notebook's cell, one line that is overwritten; outside a notebook nothing."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or not hasattr(shell, "kernel"):
        return lambda *_: None
    from IPython.display import display  # noqa: PLC0415 - it is loaded: this runs in a notebook

    line: Any = display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call] # IPython has no types
    return lambda told: line.update({"text/plain": told}, raw=True)


def _sheets(
    saved: Records[SavedKeyframe],
    *,
    folder: Path,
    name: str,
    look: Gentle | None,
    progress: Callable[[int, int], None],
) -> tuple[Figure, ...]:
    """The contact sheets; only small pictures are held, whatever the size and number of the stills."""
    pictures = []
    for number, one in enumerate(saved, start=1):
        picture = read_picture(folder / one.file, sha256=one.sha256)
        shown = shrunk(picture if look is None else look(picture), most=ON_SHEET)
        pictures.append((f"{timecode(one.keyframe.time)}  shot {one.keyframe.shot}", shown))
        progress(number, len(saved))
    title = f"Keyframes of {name}"
    return contact_sheets(pictures, title=title if look is None else f"{title} (gentle view)")


def _sheet_name(number: int) -> str:
    return "contact_sheet.jpg" if number == 1 else f"contact_sheet_{number}.jpg"


def _counted(progress: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    return lambda number, of: progress(f"{what}: {number} of {of}")
