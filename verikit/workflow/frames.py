"""Shots, keyframes as files, and the figures of both."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit.keyframes.picking import pick_keyframes
from verikit.keyframes.saving import SavedKeyframe, save_keyframes
from verikit.keyframes.shots import Shot, detect_shots
from verikit.matching.stills import still_image
from verikit.plots.frames import contact_sheet, plot_shots
from verikit.records import Records, timecode

if TYPE_CHECKING:
    from pathlib import Path

    from verikit.media.scan import Scan
    from verikit.media.video import Video
    from verikit.plots.drawing import Figure

__all__ = ["Keyframes", "extract_keyframes"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keyframes:
    """The shots of a video, the stills chosen from them, and two figures: the contact sheet and the course of change.

    `sheet` is None where no still was worth choosing, as in a clip that is black throughout.
    """

    shots: Records[Shot]
    keyframes: Records[SavedKeyframe]
    sheet: Figure | None
    timeline: Figure

    def to_dict(self) -> dict[str, Any]:
        """Shots and keyframes as JSON."""
        return {
            "shots": [shot.to_dict() for shot in self.shots],
            "keyframes": [keyframe.to_dict() for keyframe in self.keyframes],
        }


def extract_keyframes(video: Video, *, scan: Scan, folder: Path, most: int | None = None) -> Keyframes:
    """The keyframes of a video as full-size stills in `folder`, beside contact_sheet.jpg and shots.png."""
    shots = detect_shots(scan)
    picked = pick_keyframes(scan, shots, most=most)
    saved = save_keyframes(video, picked, folder=folder)
    pictures = [
        (f"{timecode(k.keyframe.time)}  shot {k.keyframe.shot}", still_image((folder / k.file).read_bytes()))
        for k in saved
    ]
    sheet = contact_sheet(pictures, title=f"Keyframes of {video.name}") if pictures else None
    timeline = plot_shots(scan, shots, keyframes=picked)
    if sheet is not None:
        sheet.save(folder / "contact_sheet.jpg")
    timeline.save(folder / "shots.png")
    return Keyframes(shots=shots, keyframes=saved, sheet=sheet, timeline=timeline)
