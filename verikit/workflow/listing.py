"""What archives exchange: PDQ lists taken in, looked up and written, and ISO 24138 codes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import safe_name, write_text
from verikit.matching.fingerprinting import sketch
from verikit.matching.index import open_index, refresh_index
from verikit.matching.interchange import WRITERS, read_pdq_list
from verikit.matching.iscc import distance, nearest_codes, read_signatures, video_code
from verikit.matching.lists import LISTED_HASHER, RADIUS, list_hits, listed_from_stills
from verikit.matching.lookups import nearest
from verikit.matching.searching import search
from verikit.matching.stills import still_image
from verikit.matching.store import create_archive, open_archive
from verikit.media.scanning import scan_video

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.iscc import IsccNear
    from verikit.matching.lists import Listed, ListHit
    from verikit.matching.searching import Search
    from verikit.matching.store import Archive
    from verikit.media.video import Video
    from verikit.records import Records

__all__ = ["ArchiveSearch", "export_lists", "import_lists", "look_up_in_lists", "look_up_iscc", "search_archive"]

ENDINGS = {"vpdq-json": "json", "vpdq": "txt", "pdq": "txt"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSearch:
    """What a clip shares with the archive: matches with its videos, and the lists that hold such pictures.

    `listed` rests on PDQ alone: where there is nothing but a list, there is no picture to compare and nothing is
    confirmed. `lists` says how many were looked into and how.
    """

    search: Search
    listed: Records[ListHit]
    lists: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The contract's search result, with the lists."""
        return {**self.search.to_dict(), "listed": [hit.to_dict() for hit in self.listed], "lists": self.lists}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = self.search._repr_mimebundle_()
        if not self.lists["videos"]:
            return shown
        more = self.listed._repr_mimebundle_()
        return {kind: f"{shown[kind]}\n{more[kind]}" for kind in ("text/plain", "text/html")}


def import_lists(archive: Path, paths: Sequence[Path]) -> tuple[int, int]:
    """Take PDQ lists into the archive in a folder, which is made if need be. Returns how many were new and were in.

    A list of stills counts as one, in a list of videos each video does. Raises MediaError, naming the file and line,
    where one cannot be read; then none is taken in.
    """
    read = [listed for path in paths for listed in read_pdq_list(path)]
    opened = create_archive(archive)
    new = sum(opened.put_list(listed) for listed in read)
    refresh_index(opened)
    return new, len(read) - new


def export_lists(archive: Path, folder: Path, *, form: str) -> tuple[Path, ...]:
    """Write the PDQ hashes of each video's stills, about one a second, and the lists, into a folder. Returns the files.

    `form` is "vpdq-json" (python-threatexchange's vPDQ signal), "vpdq" (the lines of vPDQ's own tools) or "pdq" (lines
    of hash, quality and name). A list of stills has no seconds and is written as "pdq" lines only.
    """
    opened = open_archive(archive)
    written = [_written(stills_listed(made), folder, form=form, key=made.sha256) for made in opened.fingerprints()]
    for entry in opened.lists():
        listed = opened.listed(entry.key)
        if form == "pdq" or not listed.of_stills:
            written.append(_written(listed, folder, form=form, key=entry.key))
    return tuple(written)


def stills_listed(made: Fingerprint) -> Listed:
    """The PDQ hashes of the stills that a fingerprint keeps."""
    stills = (still_image(still) for still in made.stills)
    return listed_from_stills(made.name, stills, times=made.still_times)


def look_up_in_lists(archive: Archive, query: Fingerprint) -> tuple[Records[ListHit], dict[str, Any]]:
    """The lists that hold pictures near a clip's stills, and what a re-check of that needs to know."""
    index = open_index(archive, hasher=LISTED_HASHER)
    asked = stills_listed(query)
    hits = nearest(index, asked.codes[asked.usable], radius=RADIUS)
    found = sorted(set(hits.videos.tolist()))
    lists = {number: archive.listed(index.videos[number]) for number in found}
    return list_hits(asked, hits, lists=lists), {**index.to_dict(), **hits.to_dict()}


def search_archive(archive: Path, video: Video, *, cache: Path | None = None) -> ArchiveSearch:
    """Where the footage of a video appears in the archive in a folder, and which of its lists hold such pictures."""
    opened = open_archive(archive)
    made = sketch(scan_video(video, cache=cache))
    listed, lists = look_up_in_lists(opened, made)
    return ArchiveSearch(search=search(opened, made), listed=listed, lists=lists)


def look_up_iscc(archive: Path, code: str, *, note: str | None = None) -> tuple[str, Records[IsccNear]]:
    """A Video-Code and the archive's videos that have one, nearest first.

    `code` is one, or names an XML file of frame signatures to make it of. `note` is the SHA-256 of the video whose code it
    is: it is kept there first.
    """
    opened = open_archive(archive)
    made = code if code.startswith("ISCC:") else video_code(read_signatures(Path(code)))
    # A code that is none is refused before it is kept.
    distance(made, made)
    if note is not None:
        opened.note_iscc(note, made)
    return made, nearest_codes(opened.entries(), made)


def _written(listed: Listed, folder: Path, *, form: str, key: str) -> Path:
    path = folder / f"{safe_name(listed.name)}_{key[:12]}.{form.partition('-')[0]}.{ENDINGS[form]}"
    return write_text(path, WRITERS[form](listed))
