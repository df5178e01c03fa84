"""The search kit: pictures sized for reverse-image engines, a page that leads through the searches, a table to record them.

Made on this machine and sent nowhere: a person uploads what they choose, and writes down what they found, nothing
included. The pictures are made again from the stills at any time; the stills are the evidence.
"""

from __future__ import annotations

import dataclasses
import os
import re
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from verikit import _html
from verikit._files import plain, sha256_bytes, write_bytes, write_text
from verikit.errors import MediaError
from verikit.keyframes.engines import engines
from verikit.keyframes.gentle import shrunk
from verikit.keyframes.search_page import search_page
from verikit.keyframes.searches import update_searches
from verikit.media.picture_area import PictureArea
from verikit.records import mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from verikit.keyframes.gentle import Gentle
    from verikit.keyframes.saving import SavedKeyframe

    RGB = NDArray[np.uint8]

__all__ = ["SearchKit", "SearchPicture", "SearchStill", "read_picture", "write_search_kit"]

PAGE, TABLE, PREVIEWS = "search_kit.html", "searches.csv", "previews"
# Above 2000 pixels an upload to Google Lens has come back empty (typeling1578/Search-on-Google-Lens, issue 8), and every
# engine shrinks what it gets.
LONG_SIDE = 1600
# Below this many pixels engines have little to compare: TinEye calls such pictures too simple.
SMALL_SIDE = 300
# The names of the pictures that a kit writes.
_OURS = re.compile(
    r"[0-9]{3,}_([0-9]+h)?[0-9]+m[0-9]{2}s[0-9]{3}_pts-?[0-9]+(_(plain|mirrored|trimmed))?\.jpg", re.ASCII
)
QUALITIES = (92, 88, 82, 75, 65, 55, 45)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SearchPicture:
    """One picture to search with: "plain", "mirrored" or "trimmed" (without borders), its file in the kit and its facts."""

    variant: str
    file: str
    sha256: str
    width: int
    height: int
    size: int

    def to_dict(self) -> dict[str, Any]:
        """The picture as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**data)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SearchStill:
    """A still and the pictures made from it; `preview` is the gentle picture's file that the page shows, or None."""

    keyframe: SavedKeyframe
    pictures: tuple[SearchPicture, ...]
    preview: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The still's own file and its pictures, as JSON."""
        return {
            "still": self.keyframe.file,
            "time": round(self.keyframe.keyframe.time, 6),
            "pts": self.keyframe.keyframe.pts,
            "preview": self.preview,
            "pictures": [picture.to_dict() for picture in self.pictures],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SearchKit:
    """What was laid out for searching: stills with their pictures, the borders that were trimmed, page and table.

    `page` and `table` are file names in the kit's folder. `gentle` says how the page shows the stills, "" as they are.
    """

    stills: tuple[SearchStill, ...]
    area: PictureArea
    page: str
    table: str
    gentle: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The kit as JSON."""
        return {
            "stills": [still.to_dict() for still in self.stills],
            "area": self.area.to_dict(),
            "engines": [engine.name for engine in engines()],
            "page": self.page,
            "table": self.table,
            "gentle": self.gentle,
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        pictures = [picture for still in self.stills for picture in still.pictures]
        rows = [
            ("stills", len(self.stills)),
            ("pictures to search with", f"{len(pictures)}, {sum(p.size for p in pictures) / 1e6:.1f} MB in all"),
            ("borders", self.area.borders),
            ("page to begin with", self.page),
            ("table to fill in", self.table),
            ("shown", self.gentle or "as it is"),
            ("uploaded", "nothing; that is yours to decide"),
        ]
        text = "\n".join(f"{name}: {plain(str(value))}" for name, value in rows)
        return mimebundle(self, plain_text=text, html=_html.definition(rows, caption="Search kit"))


def write_search_kit(
    saved: Sequence[SavedKeyframe],
    *,
    stills: Path,
    folder: Path,
    name: str,
    area: PictureArea | None = None,
    gentle: Gentle | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> SearchKit:
    """The search kit of stills that lie in the folder `stills`, written to `folder`: pictures, a page and a table.

    Of each still the kit holds the plain picture, the mirrored one (copies are often mirrored to hide from matching)
    and, where `area` has borders, the one without them: JPEG, at most 1600 pixels long and under the least upload limit
    that is known. search_kit.html shows them and leads through the searches of `name`; searches.csv is the table to
    fill in, in which nothing that a person wrote is lost. `gentle` changes what the page shows and nothing else. Raises
    MediaError where a still is not the one that was saved.
    """
    area = area or PictureArea()
    laid = []
    for number, one in enumerate(saved, start=1):
        picture = read_picture(stills / one.file, sha256=one.sha256)
        made = tuple(
            _written(variant, shown, still=one, folder=folder) for variant, shown in _variants(picture, area=area)
        )
        preview = None
        if gentle is not None:
            preview = f"{PREVIEWS}/{_stem(one)}.jpg"
            write_bytes(folder / preview, _jpeg(gentle(picture), quality=85))
        laid.append(SearchStill(keyframe=one, pictures=made, preview=preview))
        progress(number, len(saved))
    _sweep(folder, keep={file for one in laid for file in (one.preview, *(p.file for p in one.pictures)) if file})
    table = update_searches(folder / TABLE, stills=[one.file for one in saved], engines=[e.name for e in engines()])
    kit = SearchKit(
        stills=tuple(laid), area=area, page=PAGE, table=table.name, gentle="" if gentle is None else gentle.told
    )
    beside = os.path.relpath(stills, folder).replace(os.sep, "/")
    write_text(
        folder / PAGE, search_page(_told(kit), name=name, stills_beside=beside, gentle=kit.gentle, table=kit.table)
    )
    return kit


def read_picture(path: Path, *, sha256: str) -> RGB:
    """The RGB picture in a saved still. Raises MediaError where the file is not the one of that SHA-256."""
    import cv2  # noqa: PLC0415 - only who makes a kit pays for it

    data = path.read_bytes()
    if sha256_bytes(data) != sha256:
        raise MediaError(f"{plain(str(path))}: not the still that was saved; make the stills again")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise MediaError(f"{plain(str(path))}: cannot be read as a picture; make the stills again")
    return picture.astype(np.uint8, copy=False)


def _variants(picture: RGB, *, area: PictureArea) -> Iterator[tuple[str, RGB]]:
    yield "plain", picture
    yield "mirrored", np.ascontiguousarray(picture[:, ::-1])
    if area.borders != "none":
        yield "trimmed", area.crop(picture)


def _written(variant: str, picture: RGB, *, still: SavedKeyframe, folder: Path) -> SearchPicture:
    most = min(engine.most_bytes for engine in engines() if engine.most_bytes)
    shown = shrunk(picture, most=LONG_SIDE)
    data = _within(shown, most_bytes=most)
    while len(data) > most:
        # Noise at full size does not fit at any quality.
        shown = shrunk(shown, most=max(shown.shape[:2]) * 3 // 4)
        data = _within(shown, most_bytes=most)
    path = write_bytes(folder / f"{_stem(still)}_{variant}.jpg", data)
    high, wide = shown.shape[:2]
    return SearchPicture(
        variant=variant, file=path.name, sha256=sha256_bytes(data), width=wide, height=high, size=len(data)
    )


def _within(picture: RGB, *, most_bytes: int) -> bytes:
    """JPEG of the best quality that keeps to the limit, or of the least if none does."""
    for quality in QUALITIES:
        data = _jpeg(picture, quality=quality)
        if len(data) <= most_bytes:
            break
    return data


def _jpeg(picture: RGB, *, quality: int) -> bytes:
    import cv2  # noqa: PLC0415 - only who makes a kit pays for it

    done, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise MediaError(f"a picture of shape {picture.shape} could not be written as JPEG")
    return data.tobytes()


def _sweep(folder: Path, *, keep: set[str]) -> None:
    """Remove pictures of an earlier kit: of stills not chosen any more, and previews of another look."""
    for place in (folder, folder / PREVIEWS):
        names = [path.name for path in place.iterdir()] if place.is_dir() and not place.is_symlink() else []
        for name in names:
            inside = name if place == folder else f"{PREVIEWS}/{name}"
            if _OURS.fullmatch(name) and inside not in keep:
                (place / name).unlink()
        if names and place != folder and not any(place.iterdir()):
            place.rmdir()


def _stem(still: SavedKeyframe) -> str:
    return still.file.rsplit(".", 1)[0]


def _told(kit: SearchKit) -> list[dict[str, Any]]:
    """What the page tells of each still."""
    told = []
    for still in kit.stills:
        keyframe = still.keyframe.keyframe
        told.append(
            {
                "title": f"{timecode(keyframe.time)}, shot {keyframe.shot}",
                "exact": f"pts {keyframe.pts} in {keyframe.time_base} s, stream {keyframe.stream}",
                "reason": keyframe.reason,
                "file": still.keyframe.file,
                "sha256": still.keyframe.sha256,
                "preview": still.preview,
                "small": min(still.pictures[0].width, still.pictures[0].height) < SMALL_SIDE,
                "pictures": [picture.to_dict() for picture in still.pictures],
            }
        )
    return told
