"""`python -m benchmarks.keyframes FOLDER...`: verikit's keyframes beside those of other tools, on films with known shots.

A folder holds films, each beside its truth: `film.mp4.gt.csv` or `film.gt.csv` with the columns kind, first frame of the
transition, first full frame of the new shot (equal for a cut), counted from 0 in the order of presentation. Rows of kind
`ignore` name frames that are not scored. Every tool finds its own shots; no tool sees the truth.

What is counted, with pHash = `imagehash.phash` of the whole frame and flat = standard deviation of luma below 8:

- shots: true shots that hold a frame that is not flat. A shot's frames run from its first full frame to the first frame
  of the next transition.
- coverage: share of these shots with at least one keyframe inside.
- recall: share of all frames that are not flat, those of transitions included, within a pHash distance of 10 (of 64) of
  some keyframe: what a reverse search or an archive match of any frame can hit.
- in shots: the same without the frames of transitions, where two pictures lie over each other.
- alike: share of keyframes with an earlier one within a pHash distance of 10.
- flat: keyframes that are flat. between: keyframes inside a transition.
- sharp: median over keyframes of the share of their true shot's frames that are not sharper (variance of the Laplacian of
  the whole frame).
- CPU s: processor seconds of the tool's own process, from start to its list of frames, pictures written where it cannot
  do without.

The last table pools all films: sums over sums, and the median of all keyframes.

The tools: verikit (scan, shots, keyframes; first the whole choice, then its first so many as PySceneDetect gives),
PySceneDetect (AdaptiveDetector and save_images at their defaults: three a scene), Katna (as many as verikit; it gives no
times, so its pictures are found again by pHash), ffmpeg's thumbnail filter (as many), frames at an even pace (as many),
I-frames. PySceneDetect and Katna run in the Python that --peers names, ffmpeg where --ffmpeg or the PATH has it; what is
absent is skipped and said.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verikit.media.decoding import ALL_THREADS, DecodingPass
from verikit.media.hash_rows import hamming
from verikit.media.hashing import PHash
from verikit.media.video import open_video, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

FLAT = 8.0
ALIKE = 10
ENDS = (".mp4", ".mkv", ".mov", ".webm", ".avi")
# No tool may take longer for one film, in seconds.
PATIENCE = 1800

VERIKIT = """
import json, sys
from pathlib import Path
from verikit.keyframes.picking import pick_keyframes
from verikit.keyframes.shots import detect_shots
from verikit.media.scanning import scan_video
from verikit.media.video import open_video
scan = scan_video(open_video(Path(sys.argv[1])))
picked = sorted(pick_keyframes(scan, detect_shots(scan)), key=lambda keyframe: keyframe.rank)
print(json.dumps([keyframe.pts for keyframe in picked]))
"""
SCENEDETECT = """
import json, re, sys
from pathlib import Path
import scenedetect
scenes = scenedetect.detect(sys.argv[1], scenedetect.AdaptiveDetector(), start_in_scene=True)
video = scenedetect.open_video(sys.argv[1])
scenedetect.save_images(scenes, video, image_name_template="$FRAME_NUMBER", output_dir=sys.argv[2])
print(json.dumps(sorted(int(path.stem) for path in Path(sys.argv[2]).glob("*.jpg"))))
"""
KATNA = """
import sys
from Katna.video import Video
from Katna.writer import KeyFrameDiskWriter
if __name__ == "__main__":
    writer = KeyFrameDiskWriter(location=sys.argv[2])
    Video().extract_video_keyframes(no_of_frames=int(sys.argv[3]), file_path=sys.argv[1], writer=writer)
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film's frames as they are measured, and its true shots.

    pts (n,), hashes uint8 (n, 8), sharp and contrast (n,), intra (n,) which frames are I-frames; shots are (first frame,
    frame after the last); scored (n,) leaves out what is to be ignored.
    """

    path: Path
    pts: NDArray[np.int64]
    hashes: NDArray[np.uint8]
    sharp: NDArray[np.float64]
    contrast: NDArray[np.float64]
    intra: NDArray[np.bool_]
    scored: NDArray[np.bool_]
    shots: tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Counts of one tool on one film, such that scores add up. `sharp` holds a percentile of each keyframe."""

    keyframes: int
    shots: int
    covered: int
    frames: int
    near: int
    frames_in_shots: int
    near_in_shots: int
    alike: int
    flat: int
    between: int
    sharp: tuple[float, ...]
    cpu: float

    def __add__(self, other: Score) -> Score:
        return Score(**{field: getattr(self, field) + getattr(other, field) for field in Score.__slots__})


def read_truth(path: Path, *, frames: int) -> tuple[tuple[tuple[int, int], ...], NDArray[np.bool_]]:
    """The true shots (first frame, frame after the last) and which frames are scored, bool (n,)."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [(row[0], int(row[1]), int(row[2])) for row in list(csv.reader(stream))[1:] if row]
    scored = np.ones(frames, np.bool_)
    for kind, first, full in rows:
        if kind == "ignore":
            scored[first:full] = False
    changes = sorted((first, full) for kind, first, full in rows if kind != "ignore")
    starts, ends = [0, *(full for _, full in changes)], [*(first for first, _ in changes), frames]
    return tuple((start, end) for start, end in zip(starts, ends, strict=True) if start < end), scored


def measure(path: Path, truth: Path) -> Film:
    """Every frame of a film, decoded and measured at full size."""
    video, hasher, rows = open_video(path), PHash(), []
    with opened(video) as container:
        for picture in DecodingPass(container, video, threads=ALL_THREADS).pictures():
            image = picture.rgb()
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            bits = np.frombuffer(hasher(image).bits, np.uint8)
            rows.append((picture.pts, bits, cv2.Laplacian(grey, cv2.CV_64F).var(), grey.std(), picture.type == "I"))
    rows.sort(key=lambda row: row[0])
    pts, hashes, sharp, contrast, intra = (np.array(column) for column in zip(*rows, strict=True))
    shots, scored = read_truth(truth, frames=len(pts))
    return Film(
        path=path, pts=pts, hashes=hashes, sharp=sharp, contrast=contrast, intra=intra, scored=scored, shots=shots
    )


def score(film: Film, frames: Sequence[int], *, cpu: float = 0.0) -> Score:
    """How well `frames` (rows of the film, duplicates dropped) stand for it."""
    rows = np.unique(np.asarray(frames, np.int64))
    shot_of = np.full(len(film.pts), -1)
    for number, (start, end) in enumerate(film.shots):
        shot_of[start:end] = number
    wanted = film.scored & (film.contrast >= FLAT)
    worth = [number for number, (start, end) in enumerate(film.shots) if wanted[start:end].any()]
    apart = hamming(film.hashes, film.hashes[rows]) if len(rows) else np.full((len(film.pts), 1), 64)
    near = apart.min(axis=1) <= ALIKE
    in_shots = wanted & (shot_of >= 0)
    inside = rows[shot_of[rows] >= 0]
    spans = [film.shots[number] for number in shot_of[inside]]
    return Score(
        keyframes=len(rows),
        shots=len(worth),
        covered=len(set(worth) & set(shot_of[inside].tolist())),
        frames=int(wanted.sum()),
        near=int((wanted & near).sum()),
        frames_in_shots=int(in_shots.sum()),
        near_in_shots=int((in_shots & near).sum()),
        alike=sum(bool((apart[row, :place] <= ALIKE).any()) for place, row in enumerate(rows)),
        flat=int((film.contrast[rows] < FLAT).sum()),
        between=len(rows) - len(inside),
        sharp=tuple(
            float((film.sharp[start:end] <= film.sharp[row]).mean())
            for row, (start, end) in zip(inside, spans, strict=True)
        ),
        cpu=cpu,
    )


def run(command: Sequence[str | Path]) -> tuple[str, str, float]:
    """What a program printed, on both channels, and its processor seconds with those of its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [str(word) for word in command], check=False, capture_output=True, text=True, timeout=PATIENCE
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        *_, told = done.stderr.strip().splitlines() or [""]
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {told[-500:]}")
    return done.stdout, done.stderr, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def last_json(text: str) -> list[int]:
    """The list in the last line of what a tool printed."""
    return [int(value) for value in json.loads(text.strip().splitlines()[-1])]


def by_scenedetect(film: Film, python: Path) -> tuple[list[int], float]:
    """Rows of PySceneDetect's save_images and the CPU seconds that it took."""
    with tempfile.TemporaryDirectory() as folder:
        out, _, cpu = run([python, "-c", SCENEDETECT, film.path, folder])
    return [min(row, len(film.pts) - 1) for row in last_json(out)], cpu


def by_katna(film: Film, python: Path, *, count: int) -> tuple[list[int], float]:
    """Rows that look most like the pictures that Katna wrote, and the CPU seconds that it took."""
    with tempfile.TemporaryDirectory() as folder:
        # Katna starts processes of its own, which want a script that they can import.
        script = Path(folder) / "extract.py"
        script.write_text(KATNA, encoding="utf-8")
        _, _, cpu = run([python, script, film.path, folder, str(count)])
        pictures = [np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(Path(folder).glob("*.jp*g"))]
    if not pictures:
        return [], cpu
    bits = np.stack([np.frombuffer(PHash()(picture[:, :, ::-1]).bits, np.uint8) for picture in pictures])
    return hamming(bits, film.hashes).argmin(axis=1).tolist(), cpu


def by_thumbnail(film: Film, ffmpeg: Path, *, count: int) -> tuple[list[int], float]:
    """Rows that ffmpeg's thumbnail filter gives, and the CPU seconds that it took."""
    batch = max(2, -(-len(film.pts) // max(count, 1)))
    filters = f"thumbnail=n={batch},showinfo"
    command: list[str | Path] = [
        ffmpeg,
        "-hide_banner",
        "-nostdin",
        "-copyts",
        "-i",
        film.path,
        "-an",
        "-sn",
        "-vf",
        filters,
    ]
    _, told, cpu = run([*command, "-vsync", "passthrough", "-f", "null", "-"])
    pts = [int(value) for value in re.findall(r"\bn: *\d+ pts: *(-?\d+)", told)]
    return np.minimum(np.searchsorted(film.pts, pts), len(film.pts) - 1).tolist(), cpu


def tools(film: Film, *, peers: Path | None, ffmpeg: Path | None) -> Iterator[tuple[str, Score]]:
    """Each tool's name and score on one film. A tool that fails is named and left out."""
    out, _, cpu = run([sys.executable, "-c", VERIKIT, film.path])
    ours = np.searchsorted(film.pts, last_json(out)).tolist()
    yield "verikit", score(film, ours, cpu=cpu)
    others: list[tuple[str, Callable[[], tuple[list[int], float]]]] = []
    if peers is not None:
        others += [("PySceneDetect, 3 a scene", lambda: by_scenedetect(film, peers))]
        others += [("Katna", lambda: by_katna(film, peers, count=len(ours)))]
    if ffmpeg is not None:
        others += [("ffmpeg thumbnail", lambda: by_thumbnail(film, ffmpeg, count=len(ours)))]
    for name, work in others:
        try:
            rows, spent = work()
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{name}: failed on {film.path.name}: {error}")
            continue
        if name.startswith("PySceneDetect"):
            yield "verikit, first so many", score(film, ours[: len(set(rows))])
        yield name, score(film, rows, cpu=spent)
    even = (np.arange(len(ours)) + 0.5) / max(len(ours), 1) * len(film.pts)
    yield "even pace", score(film, even.astype(np.int64).tolist())
    yield "I-frames", score(film, np.flatnonzero(film.intra).tolist())


def row(name: str, got: Score) -> str:
    """A line of the table."""

    def share(part: int, whole: int) -> str:
        return f"{part / whole:.3f}" if whole else "-"

    numbers = [
        (f"{got.keyframes}", 6),
        (f"{got.covered}/{got.shots}", 9),
        (share(got.covered, got.shots), 9),
        (share(got.near, got.frames), 7),
        (share(got.near_in_shots, got.frames_in_shots), 9),
        (share(got.alike, got.keyframes), 6),
        (f"{got.flat}", 5),
        (f"{got.between}", 8),
        (f"{np.median(got.sharp):.2f}" if got.sharp else "-", 6),
        (f"{got.cpu:.1f}" if got.cpu else "-", 7),
    ]
    return f"{name:28}" + "".join(f" {text:>{width}}" for text, width in numbers)


HEAD = (
    f"{'':28} {'frames':>6} {'shots':>9} {'coverage':>9} {'recall':>7} {'in shots':>9} {'alike':>6} {'flat':>5} "
    f"{'between':>8} {'sharp':>6} {'CPU s':>7}"
)


def films_in(folders: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Films and their truths, in order of name."""
    found = []
    for folder in folders:
        for truth in sorted(folder.glob("*.gt.csv")):
            stem = truth.name.removesuffix(".gt.csv")
            names = [stem, *(f"{stem}{end}" for end in ENDS)]
            found += [(folder / name, truth) for name in names if (folder / name).is_file()][:1]
    return found


def main(arguments: Sequence[str]) -> None:
    """Print a table for each film and one for all of them."""
    parser = argparse.ArgumentParser(description="Keyframes of verikit and of other tools on films with known shots.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--peers", type=Path, help="the Python that has scenedetect and Katna")
    found = shutil.which("ffmpeg")
    parser.add_argument(
        "--ffmpeg", type=Path, default=None if found is None else Path(found), help="the ffmpeg program"
    )
    options = parser.parse_args(arguments)
    peers = options.peers if options.peers is not None and options.peers.exists() else None
    ffmpeg = options.ffmpeg if options.ffmpeg is not None and options.ffmpeg.exists() else None
    if peers is None:
        print("skipped: PySceneDetect and Katna, as --peers names no Python that is there")
    if ffmpeg is None:
        print("skipped: ffmpeg's thumbnail filter, as there is no ffmpeg")
    totals: dict[str, Score] = {}
    films = films_in(options.folders)
    for path, truth in films:
        film = measure(path, truth)
        print(f"\n{path.name}: {len(film.pts)} frames\n{HEAD}")
        for name, got in tools(film, peers=peers, ffmpeg=ffmpeg):
            print(row(name, got), flush=True)
            totals[name] = totals[name] + got if name in totals else got
    print(f"\nall {len(films)} films\n{HEAD}")
    for name, got in totals.items():
        print(row(name, got))


if __name__ == "__main__":
    main(sys.argv[1:])
