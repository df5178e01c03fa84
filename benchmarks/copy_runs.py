"""Runs finders of copies on a set of known truth and prints what they are worth: verikit here, its peers elsewhere.

verikit runs in this process or in some of its own; the peers in the Pythons that --peers names, so that they need not be
installed here. How it is scored stands in `copy_scores`. CPU seconds of all threads, without imports.
"""

from __future__ import annotations

import concurrent.futures
import functools
import json
import multiprocessing
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.copy_scores import RELATIONS, Found, Pair, Set, read_set, table, upper
from benchmarks.shots import wilson
from verikit import (
    __version__,
    add_to_archive,
    compare,
    fingerprint,
    open_archive,
    open_video,
    scan_video,
    search,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["TOOLS", "main"]

TOOLS = ("verikit", "phash", "dhash", "pdq", "vpdq", "tmk")


def read(path: Path, cache: Path) -> tuple[object, float, float]:
    """A file's fingerprint, its seconds, and the CPU seconds that reading it took when it was first read."""
    video = open_video(path)
    kept = cache / f"{video.sha256}.cpu"
    began = time.process_time()
    scan = scan_video(video, cache=cache)
    made = fingerprint(scan)
    spent = time.process_time() - began
    if not kept.exists():
        kept.write_text(str(spent))
    return made, made.duration, float(kept.read_text())


def searched(path: Path, *, archive: Path | None, references: Sequence[Path], cache: Path) -> tuple[str, object]:
    """One query's matches by reference's SHA-256, its seconds, CPU seconds of reading it and of searching."""
    query, seconds, reading = read(path, cache)
    if archive is not None:
        began = time.process_time()
        matches = list(search(open_archive(archive), query).matches)
    else:
        others = [read(reference, cache)[0] for reference in references]
        began = time.process_time()
        matches = [match for other in others for match in compare(query, other)]
    searching = time.process_time() - began
    return path.name, ([match.to_dict() for match in matches], seconds, reading, searching)


def ours(truth: Set, *, cache: Path, by: str, jobs: int) -> Found:
    """What verikit finds, by one search of an archive of the references a query, or by comparing pair by pair."""
    cache.mkdir(parents=True, exist_ok=True)
    references = [truth.folder / "references" / name for name in truth.references]
    names = {open_video(path).sha256: path.name for path in references}
    matches: dict[Pair, list[Mapping[str, object]]] = {}
    minutes = reading = searching = 0.0
    with tempfile.TemporaryDirectory() as aside:
        archive = Path(aside) / "archive" if by == "search" else None
        if archive is not None:
            added = add_to_archive(archive, references)
            if added.failed:
                raise SystemExit(f"not every reference went into the archive: {added.failed}")
        one = functools.partial(searched, archive=archive, references=references, cache=cache)
        paths = [truth.folder / "queries" / name for name in truth.queries]
        for query, (found, seconds, spent, looking) in _mapped(one, paths, jobs):
            minutes, reading, searching = minutes + seconds / 60, reading + spent, searching + looking
            for match in found:
                matches.setdefault((query, names[match["reference_sha256"]]), []).append(match)
    held = {pair: tuple(said) for pair, said in matches.items()}
    return Found(matches=held, version=f"verikit {__version__}", minutes=minutes, reading=reading, searching=searching)


def _mapped(work: functools.partial, paths: Sequence[Path], jobs: int) -> Iterable:
    if jobs == 1:
        yield from map(work, paths)
        return
    # Spawned, since OpenCV's and FFmpeg's threads do not outlive a fork.
    with concurrent.futures.ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, paths, chunksize=4)


def theirs(tool: str, truth: Set, python: str) -> Found | str:
    """What a peer finds (see peer_copies), or why it does not."""
    job = {
        "references": [str(truth.folder / "references" / name) for name in truth.references],
        "queries": [str(truth.folder / "queries" / name) for name in truth.queries],
    }
    script = Path(__file__).with_name("peer_copies.py")
    # Isolated: beside the script lies a module named like Python's own `inspect`, which it must not find.
    try:
        done = subprocess.run(
            [python, "-I", script, tool], input=json.dumps(job), capture_output=True, text=True, check=False
        )
    except OSError as error:
        return f"{python} does not start ({error})"
    if done.returncode == 3:
        return f"it is not importable by {python}"
    if done.returncode:
        return f"it failed: {done.stderr.strip().splitlines()[-1:]}"
    answer = json.loads(done.stdout.splitlines()[-1])
    matches = {
        (query, reference): ({"score": score, "confirmed": called},)
        for query, row, calls in zip(truth.queries, answer["scores"], answer["called"], strict=True)
        for reference, score, called in zip(truth.references, row, calls, strict=True)
        if score is not None
    }
    return Found(matches=matches, **{name: answer[name] for name in ("version", "minutes", "reading", "searching")})


def show(name: str, measured: Mapping) -> None:
    """Print one finder's measures."""
    print(f"\n== {name}: {measured['version']}")
    print(
        f"{'distortion':24}{'pairs':>6}{'R@0FP':>7}{'no cards':>9}{'uAP':>7}{'conf':>6}  {'footage/scene/undecided/none':>29}",
        end="",
    )
    print(f"{'placed':>9}{'q off':>7}{'r off':>7}{'speed%':>7}{'mirror':>7}{'rot':>6}{'(+-)':>6}")
    for title, one in measured["rows"].items():
        told = "/".join(str(one["relations"].get(relation, 0)) for relation in RELATIONS)
        line = f"{title:24}{one['pairs']:6}{one['recall_at_no_false']:7.3f}{one['recall_at_no_false_without_cards']:9.3f}{one['uap']:7.3f}{one['confirmed']:6}  {told:>29}"
        line += f"{one['placed']:5}/{one['segments']}"
        if "query" in one:
            line += f"{one['query']:7.2f}{one['reference']:7.2f}{100 * one['speed']:7.2f}"
            line += f"{one['mirrored']:7.2f}{one['rotated']:6.2f}{one['rotated_either_way']:6.2f}"
        print(line)
    false, total = len(measured["false_confirmed"]), measured["negative_pairs"]
    print(
        f"negative pairs {total}, of them confirmed {false}: {wilson(false, total)} %; at most {100 * upper(false, total):.4f} %"
    )
    for pair in measured["false_confirmed"][:20]:
        print(f"  falsely confirmed: {pair[0]} in {pair[1]}")
    print(f"true pairs with seconds confirmed that are no copy: {len(measured['confirmed_elsewhere'])}")
    print("highest negatives: " + "; ".join(f"{s:.3f} {q} in {r}" for q, r, s in measured["highest_negatives"][:4]))
    print(
        f"recall at the shipped threshold {measured['confirmed_recall']:.4f}, oracle's {measured['oracle_recall']:.4f}; "
        f"true copies called same_footage {measured['same_footage_of_copies']:.4f}"
    )
    print(f"same scene, other take: {measured['other_takes']}; confirmed {len(measured['other_takes_confirmed'])}")
    print(f"CPU: {measured['cpu_per_minute']:.2f} s a minute of video, {measured['cpu_per_search']:.3f} s a search")


def missed(truth: Set, found: Found) -> list[str]:
    """A line for each copy that is not confirmed, with the surest that was said of it."""
    lines = []
    for pair in sorted(truth.positive):
        if not found.confirmed(pair):
            best = max(found.matches.get(pair, ()), key=lambda match: float(match["score"]), default={})
            told = {
                name: best[name]
                for name in ("score", "relation", "query_span", "reference_span", "speed")
                if name in best
            }
            lines.append(f"  {pair[0]} in {pair[1]}: {told or 'no match'}")
    return lines


def beside(measured: Mapping[str, Mapping]) -> None:
    """Print recall at no false pair of all finders, by distortion."""
    print(f"\nRecall at no false pair, side by side\n{'':24}" + "".join(f"{name:>9}" for name in measured))
    for title in next(iter(measured.values()))["rows"]:
        for kind, suffix in (("", ""), ("_without_cards", ", no cards")) if title.startswith("all") else (("", ""),):
            values = (one["rows"][title]["recall_at_no_false" + kind] for one in measured.values())
            print(f"{title + suffix:24}" + "".join(f"{value:9.3f}" for value in values))
    print(f"{'uAP':24}" + "".join(f"{one['rows']['all']['uap']:9.3f}" for one in measured.values()))


def main(chosen: argparse.Namespace) -> None:
    """Run verikit and the peers on one set; print what they are worth, and write it with all matches as JSON."""
    truth = read_set(chosen.folder, only=set(filter(None, chosen.only.split(","))))
    counts = f"{len(truth.queries)} queries, {len(truth.references)} references, {len(truth.positive)} positive pairs"
    print(f"{chosen.folder}: {counts}")
    measured: dict[str, Mapping] = {}
    told: list[object] = []
    for tool in chosen.tools:
        answer: Found | str = "no Python is named that it lives in"
        if tool == "verikit":
            answer = ours(truth, cache=chosen.cache or chosen.folder / "scans", by=chosen.by, jobs=chosen.jobs)
            told = [{"query": pair[0], "matches": matches} for pair, matches in answer.matches.items()]
        for python in chosen.peers if tool != "verikit" else ():
            answer = theirs(tool, truth, python)
            if isinstance(answer, Found):
                break
        if isinstance(answer, str):
            print(f"skipped {tool}: {answer}")
            continue
        measured[tool] = table(truth, answer)
        show(tool, measured[tool])
        if chosen.errors and tool == "verikit":
            print("copies that are not confirmed", *missed(truth, answer), sep="\n")
    if len(measured) > 1:
        beside(measured)
    if chosen.out:
        chosen.out.write_text(json.dumps({"measures": measured, "matches": told}))
