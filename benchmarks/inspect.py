"""`python -m benchmarks.inspect FOLDER...`: which facts verikit finds in files, beside exiftool, MediaInfo, ffprobe and PyAV.

Every reader gets the same files in one run. A class of fact counts once for a file, by the names of the fields that the
reader gives; the union is what any of them gives, or what a facts.json in the folder lists. What is absent is said.
Seconds are wall clock for all files after each reader's start-up, and beside them the processor's, which a busy machine
does not change; verikit's leave out hashing, which is told apart.
"""

from __future__ import annotations

import sys

# Run as a file, this folder would come first on the path, and this module before Python's own `inspect`.
if sys.path and sys.path[0].endswith("benchmarks"):
    sys.path[0] = sys.path[0].removesuffix("benchmarks")

import argparse
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from pymediainfo import MediaInfo

from verikit.container.inspection import inspect
from verikit.errors import MediaError
from verikit.media.video import open_video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Pairs = list[tuple[str, str]]

# Field names of all readers by class; a value is asked for only where many fields share a name.
CLASSES: dict[str, tuple[str, str]] = {
    "creation": (r"create.?date|creation.?(time|date)|date.?time.?original|encoded_date|tagged_date|recorded_date|^date$|dateutc|created|modified|©day|contentcreatedate", r"\d{4}"),
    "tz": (r"create.?date|creation.?(time|date)|date.?time.?original|encoded_date|tagged_date|recorded_date|created|modified", r"Z$|UTC|[+-]\d\d:?\d\d$"),
    "make": (r"(^|[._:])make$|companyname|manufacturer", r"."),
    "model": (r"(^|[._:])(camera)?model(name)?$|hardware_(name|model)|cameramodelname", r"."),
    "os_sw": (r"software|firmware|operatingsystem|android.?version|creatortool|isft|encoded_application", r"."),
    "gps": (r"gps|location|xyz|loci|recorded_location", r"\d"),
    "encoder": (r"encoder|writingapp|muxingapp|encoded_(library|application|by)|compressorname|compressor|software", r"."),
    "x264": (r".", r"x26[45] - core|x264 core|dc45e9bde6d948b7"),
    "rotation": (r"rotation|rotate|displaymatrix|side_data_type|matrixstructure", r"^-?(90|180|270)|displaymatrix|Display Matrix|^0 |-1 "),
    "handler": (r"handler", r"."),
    "xmp": (r"xmp|documents", r"."),
    "hdr": (r"hdr|mastering|maxcll|dolby|content_light|side_data_type|transfer_characteristics|color_transfer|transfercharacteristics|dovi", r"^(?!.*(Display Matrix|DISPLAYMATRIX)).+"),
    "timecode": (r"time.?code|tim$", r"\d"),
    "chapters": (r"chapter|menu", r"."),
    "telemetry": (r"accelerometer|gyroscope|telemetry", r"."),
    "comment": (r"(^|:)(comment|description)$|©cmt|dscp|synopsis", r"."),
    "title": (r"(^|:)(title|movie)$|©nam|titl$|^title|trackname", r"."),
}  # fmt: skip
# Fields that share a name with a fact and are none: dates of the file system, dates that are unset, four letters that
# stand for a codec or a kind of track, units, matrices that turn nothing.
NO_FACT = re.compile(
    r"File_(Created|Modified)_Date.*=.*|.*=(0000:00:00|1904:01:01).*|.*=None"
    r"|.*:(CompressorID|Handler(Class|Type|VendorID)|(Track)?TimecodeScale|WindowLocation)=.*"
    r"|.*MatrixStructure=(0 0 0|1 0 0|-?1 0 0 0 1).*"
    r"|side_data_type=(?!.*(Display|Mastering|Content|DOVI|Dolby|AMBIENT|Ambient|HDR|MASTERING|CONTENT|DISPLAY)).*",
    re.DOTALL,
)
# Where no list says what is to be found, a transfer of everyday video is no fact of HDR.
EVERYDAY = re.compile(r".*transfer.*=(?!.*(2084|b67|B67|HLG|PQ|2100|2020|log)).*", re.DOTALL | re.IGNORECASE)


def verikit_pairs(path: Path) -> Pairs:
    """Facts and tags of `inspect`, the facts under their own names."""
    found = inspect(video_of(path)).to_dict()
    pairs = [(said["fact"], said["value"]) for said in found["facts"]["said"]]
    return pairs + [(tag["key"], tag["value"]) for tag in found["tags"]]


def video_of(path: Path) -> Any:
    """The video, hashed once: hashing is told apart."""
    if path not in HASHED:
        HASHED[path] = open_video(path)
    return HASHED[path]


HASHED: dict[Path, Any] = {}


def exiftool_pairs(path: Path) -> Pairs:
    """All that exiftool gives, embedded streams included."""
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-a", "-ee", "-api", "QuickTimeUTC=1", str(path)], capture_output=True, check=False
    )
    rows = json.loads(done.stdout or b"[]")
    return [
        (key, str(value))
        for row in rows
        for key, value in row.items()
        if not key.startswith(("System:", "File:", "ExifTool:"))
    ]


def mediainfo_pairs(path: Path) -> Pairs:
    """All fields of MediaInfo's report."""
    report = json.loads(MediaInfo.parse(str(path), output="JSON") or "{}").get("media") or {}
    tracks = report.get("track", [])
    movie = any(track.get("Format") in {"MPEG-4", "QuickTime"} for track in tracks)
    pairs: Pairs = []
    for track in tracks:
        kind = str(track.get("@type", ""))
        # It shows the handler of an MP4's track as its title.
        if movie and kind != "General" and track.get("Title"):
            pairs.append(("handler", str(track.pop("Title"))))
        for key, value in track.items():
            inner = value.items() if isinstance(value, dict) else [(key, value)]
            pairs += [(f"{kind.lower()}:{name}" if kind == "Menu" else name, str(item)) for name, item in inner]
    return pairs


def ffprobe_pairs(path: Path) -> Pairs:
    """Format, streams, chapters and the side data of the first frames."""
    asked = [
        "ffprobe",
        "-v",
        "quiet",
        "-print_format",
        "json",
        "-show_format",
        "-show_streams",
        "-show_chapters",
        "-show_frames",
        "-read_intervals",
        "%+#3",
        str(path),
    ]
    return list(_leaves(json.loads(subprocess.run(asked, capture_output=True, check=False).stdout or b"{}")))


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    work = [(name, value)]
    while work:
        key, one = work.pop()
        if isinstance(one, dict):
            # What ffprobe calls dispositions are flags, among them "comment".
            kept = {k: v for k, v in one.items() if k != "disposition"}
            work += [(f"chapter:{k}" if key == "chapters" else k, v) for k, v in kept.items()]
        elif isinstance(one, list):
            work += [(key, v) for v in one]
        else:
            yield key, str(one)


def pyav_pairs(path: Path) -> Pairs:
    """Metadata of container and streams, and the side data of the first three pictures."""
    pairs: Pairs = []
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            pairs += [*container.metadata.items()]
            pairs += [("chapter", str(one)) for one in container.chapters()]
            for stream in container.streams:
                pairs += [*stream.metadata.items()]
            if container.streams.video:
                for number, frame in enumerate(container.decode(container.streams.video[0])):
                    pairs += [("rotation", str(frame.rotation))] if frame.rotation else []
                    pairs += [("side_data_type", str(data.type)) for data in frame.side_data]
                    pairs += [
                        ("x264", bytes(data).decode("latin-1")) for data in frame.side_data if "SEI" in str(data.type)
                    ]
                    if number == 2:
                        break
    except (av.FFmpegError, ValueError, AttributeError, IndexError):
        return pairs
    return pairs


READERS: dict[str, tuple[str, Callable[[Path], Pairs]]] = {
    "verikit": ("", verikit_pairs),
    "exiftool": ("exiftool", exiftool_pairs),
    "MediaInfo": ("", mediainfo_pairs),
    "ffprobe": ("ffprobe", ffprobe_pairs),
    "PyAV": ("", pyav_pairs),
}


def classes_of(pairs: Pairs, *, listed: bool) -> set[str]:
    """The classes of fact that a reader's fields tell; `listed` is whether a list says what is to be found."""
    told = [(k, v) for k, v in pairs if v and not NO_FACT.fullmatch(f"{k}={v}")]
    told = told if listed else [(k, v) for k, v in told if not EVERYDAY.fullmatch(f"{k}={v}")]
    found = set()
    for name, (key, value) in CLASSES.items():
        keys, values = re.compile(key, re.IGNORECASE), re.compile(value)
        if any(keys.search(k) and values.search(v) for k, v in told):
            found.add(name)
    return found


def main() -> int:
    """Read all files with all readers and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inspect", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    files = [
        p
        for folder in options.folders
        for p in sorted(folder.iterdir())
        if p.suffix not in {".json", ".csv", ".md"} and p.is_file()
    ]
    listed = {
        name: set(kinds)
        for f in options.folders
        if (f / "facts.json").is_file()
        for name, kinds in json.loads((f / "facts.json").read_text()).items()
    }
    began = time.perf_counter()
    for path in files:
        video_of(path)
    hashing = time.perf_counter() - began
    found: dict[str, dict[str, set[str]]] = {}
    seconds: dict[str, float] = {}
    worked: dict[str, float] = {}
    slowest: dict[str, float] = {}
    for reader, (program, pairs) in READERS.items():
        if program and shutil.which(program) is None:
            print(f"{reader}: not on this machine; left out", file=sys.stderr)
            continue
        pairs(files[0])
        began, before = time.perf_counter(), sum(os.times()[:4])
        found[reader], slowest[reader] = {}, 0.0
        for path in files:
            start = time.perf_counter()
            try:
                found[reader][path.name] = classes_of(pairs(path), listed=bool(listed))
            except (MediaError, OSError, ValueError) as error:
                print(f"{reader}: {path.name}: {error}", file=sys.stderr)
                found[reader][path.name] = set()
            slowest[reader] = max(slowest[reader], time.perf_counter() - start)
        seconds[reader] = time.perf_counter() - began
        worked[reader] = sum(os.times()[:4]) - before
    union = listed or {p.name: set().union(*(rows[p.name] for rows in found.values())) for p in files}
    print(f"| class | union |{'|'.join(f' {reader} ' for reader in found)}|\n|---|---|{'---|' * len(found)}")
    total = dict.fromkeys(found, 0)
    for kind in CLASSES:
        names = [name for name, kinds in union.items() if kind in kinds]
        row = {reader: sum(kind in rows.get(name, ()) for name in names) for reader, rows in found.items()}
        total = {reader: total[reader] + count for reader, count in row.items()}
        print(f"| {kind} | {len(names)} |{'|'.join(f' {count} ' for count in row.values())}|")
    print(f"| all | {sum(map(len, union.values()))} |{'|'.join(f' {count} ' for count in total.values())}|")
    print(f"| seconds for {len(files)} files | |{'|'.join(f' {seconds[reader]:.1f} ' for reader in found)}|")
    print(f"| of the processor | |{'|'.join(f' {worked[reader]:.1f} ' for reader in found)}|")
    print(f"| the slowest file | |{'|'.join(f' {slowest[reader]:.2f} ' for reader in found)}|")
    print(f"Hashing all files took {hashing:.1f} s more, for verikit alone.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
