"""What the archive costs: seconds and bytes a hash to add, open and query, beside faiss alone, NumPy and vPDQ's matching.

Fingerprints are made up: shots of eight instants whose codes differ in some eight bits, no thumbnails and no stills, so
that what is measured is the archive and not the pictures. A query is 60 instants of one video with 18 bits of each
turned over. CPU seconds are of all threads; a query's figures are medians of interleaved rounds, and every engine must
find the same. `--vpdq PYTHON` names a Python that has `threatexchange` and `faiss-cpu`: it is asked the same
with its own index (facebook/ThreatExchange, extensions/vpdq), given the same hashes as signals of one a second.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from verikit._files import package_folder
from verikit.matching.engines import NumpyFlat, best_engine
from verikit.matching.fingerprinting import Fingerprint, fingerprint
from verikit.matching.index import open_index, refresh_index
from verikit.matching.lookups import features_alike, nearest
from verikit.matching.shards import WORDS, joined, open_shard, write_shard
from verikit.matching.store import create_archive
from verikit.media.scanning import scan_video
from verikit.media.video import open_video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from verikit.matching.store import Archive

INSTANTS = 600
ASKED = 60
FLIPPED = 18
RADIUS = 31
ROUNDS = 5
FEATURES_A_STILL = 300

VPDQ = """
import json, sys, time, types
import numpy as np
try:
    import vpdq
except ImportError:
    # Its matching names a type of the hasher and uses nothing of it.
    sys.modules["vpdq"] = types.SimpleNamespace(VpdqFeature=object)
from threatexchange.extensions.vpdq.vpdq_index import VPDQIndex
codes, asked, length = np.load(sys.argv[1], mmap_mode="r"), np.load(sys.argv[2]), int(sys.argv[3])
def signal(rows):
    return json.dumps([f"{bytes(row).hex()},100,{second:.3f}" for second, row in enumerate(rows)])
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
before, adding, index = resident(), 0.0, VPDQIndex()
for number, first in enumerate(range(0, len(codes), length)):
    told = signal(codes[first : first + length])
    began = time.process_time()
    index.add(told, number)
    adding += time.process_time() - began
held = resident() - before
told, asking, found = signal(asked), [], None
for _ in range(5):
    began = time.process_time()
    found = index.query(told)
    asking.append(time.process_time() - began)
print(json.dumps({"add": adding, "bytes": held, "query": sorted(asking)[2], "found": [m.metadata for m in found]}))
"""


def made_codes(count: int) -> NDArray[np.uint8]:
    """Codes of shots of eight instants: each some eight bits from its shot's own."""
    rng = np.random.default_rng(1)
    codes = np.repeat(rng.integers(0, 256, (-(-count // 8), 32), dtype=np.uint8), 8, axis=0)[:count]
    for first in range(0, count, 1 << 18):
        block = codes[first : first + (1 << 18)]
        noise = rng.integers(0, 256, (5, *block.shape), dtype=np.uint8)
        block ^= np.bitwise_and.reduce(noise, axis=0)
    return codes


def turned_over(codes: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """The codes, each with so many bits turned over."""
    rng = np.random.default_rng(2)
    table = np.unpackbits(codes, axis=1)
    for row in table:
        row[rng.choice(256, bits, replace=False)] ^= 1
    return np.packbits(table, axis=1)


def fingerprints(codes: NDArray[np.uint8], base: Fingerprint) -> Iterator[Fingerprint]:
    """The codes as fingerprints of INSTANTS instants each, without pictures."""
    bare = dataclasses.replace(
        base,
        course=base.course[:1],
        frame_times=base.frame_times[:1],
        frame_change=base.frame_change[:1],
        stills=(),
        still_times=np.empty(0),
        feature_places=np.empty((0, 4), np.float32),
        feature_codes=np.empty((0, 32), np.uint8),
        feature_starts=np.zeros(1, np.int64),
        words=np.empty(0, np.uint16),
    )
    for number, first in enumerate(range(0, len(codes), INSTANTS)):
        held = codes[first : first + INSTANTS]
        yield dataclasses.replace(
            bare,
            name=f"{number}.mp4",
            sha256=hashlib.sha256(str(number).encode()).hexdigest(),
            codes=held,
            times=np.arange(len(held)) / 4,
            usable=np.ones(len(held), np.bool_),
            thumbs=np.zeros((len(held), 1, 1), np.uint8),
        )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds that `work` takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def row(what: str, cpu: float, *, count: int, wall: float | None = None, size: float | None = None) -> None:
    """One line of the table."""
    took = "" if wall is None else f"{wall:9.3f}"
    held = "" if size is None else f"{size / count:9.1f}"
    print(f"{what:34} {cpu:9.3f} {took:>9} {cpu / count * 1e9:11.1f} {held:>9}", flush=True)


def filled(folder: Path, codes: NDArray[np.uint8], base: Fingerprint) -> Archive:
    """An archive of these codes; what that costs is printed."""
    count, archive = len(codes), create_archive(folder)
    cpu = wall = 0.0
    for made in fingerprints(codes, base):
        one = timed(lambda made=made: archive.put(made, size=1, facts={}))
        cpu, wall = cpu + one[0], wall + one[1]
    row("add: into SQLite, each committed", cpu, count=count, wall=wall, size=size_of(folder / "archive.sqlite"))
    cpu, wall = timed(lambda: refresh_index(archive))
    row("add: index made of it", cpu, count=count, wall=wall, size=size_of(folder / "index"))
    return archive


def queried(archive: Archive, codes: NDArray[np.uint8], asked: NDArray[np.uint8], *, hasher: str) -> None:
    """The costs of opening and asking, beside faiss and NumPy; all must find the same."""
    import faiss  # noqa: PLC0415 - a peer

    count = len(codes)
    cpu, wall = timed(lambda: open_index(archive, hasher=hasher, refresh=False))
    row("open", cpu, count=count, wall=wall)
    index = open_index(archive, hasher=hasher, refresh=False)
    flat = faiss.IndexBinaryFlat(256)
    cpu, wall = timed(lambda: flat.add(codes))
    row("faiss alone: add", cpu, count=count, wall=wall, size=codes.nbytes)
    by_numpy = dataclasses.replace(index, engine=NumpyFlat())
    threads = faiss.omp_get_max_threads()
    found: dict[str, set[tuple[int, int]]] = {}
    times: dict[str, list[tuple[float, float]]] = {}

    def ours(index: object = index) -> set[tuple[int, int]]:
        hits = nearest(index, asked, radius=RADIUS)
        rows = (hits.videos.astype(np.int64) - 1) * INSTANTS + hits.instants
        return set(zip(hits.rows.tolist(), rows.tolist(), strict=True))

    def alone() -> set[tuple[int, int]]:
        ends, _, labels = flat.range_search(asked, RADIUS + 1)
        return set(
            zip(np.repeat(np.arange(len(asked)), np.diff(ends.astype(np.int64))).tolist(), labels.tolist(), strict=True)
        )

    for _ in range(ROUNDS):
        for name, work in (("ours", ours), ("faiss", alone), ("numpy", lambda: ours(by_numpy))):
            times.setdefault(name, []).append(timed(lambda name=name, work=work: found.update({name: work()})))
        # With several threads faiss's CPU seconds hold their waiting for each other too.
        faiss.omp_set_num_threads(1)
        times.setdefault("one", []).append(timed(alone))
        faiss.omp_set_num_threads(threads)
    if not found["ours"] == found["faiss"] == found["numpy"]:
        raise AssertionError("the engines found different hits")
    for name, what in (
        ("ours", f"ours, {index.engine.name}"),
        ("faiss", f"faiss alone, {threads} threads"),
        ("one", "faiss alone, 1 thread"),
        ("numpy", "ours, NumPy"),
    ):
        cpu, wall = (statistics.median(column) for column in zip(*times[name], strict=True))
        row(f"query: {what}", cpu, count=count, wall=wall)
    for name in ("faiss", "one"):
        pairs = list(zip(times["ours"], times[name], strict=True))
        cpu, wall = (statistics.median(one[which] / other[which] for one, other in pairs) for which in (0, 1))
        what = "1 thread" if name == "one" else f"{threads} threads"
        print(f"query: ours beside faiss alone with {what}: CPU {cpu:.2f}, wall {wall:.2f} (CPU 1.30 is asked)")
    print(f"{len(found['ours'])} hits, the same by all three")


def vpdq(python: Path, codes: NDArray[np.uint8], asked: NDArray[np.uint8], *, folder: Path) -> None:
    """The same asked of ThreatExchange's vPDQ index: how much of the query each video holds, without when."""
    np.save(folder / "codes.npy", codes)
    np.save(folder / "asked.npy", asked)
    command = [str(python), "-c", VPDQ, str(folder / "codes.npy"), str(folder / "asked.npy"), str(INSTANTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"vPDQ's matching: skipped ({(done.stderr.strip().splitlines() or ['no answer'])[-1]})")
        return
    told = json.loads(done.stdout)
    row("vPDQ's matching: add (in memory)", told["add"], count=len(codes), size=told["bytes"])
    row("vPDQ's matching: query", told["query"], count=len(codes))
    print(f"vPDQ's matching found videos {told['found']} of the one that was asked for")


def features(count: int, *, folder: Path, hasher: str) -> None:
    """What looking up the local features of a minute, a still a second, costs in so many features of other footage."""
    rng = np.random.default_rng(3)
    archive = create_archive(folder)
    stills = count // FEATURES_A_STILL
    columns = {
        "videos": np.array([1], np.uint32),
        "counts": np.zeros(1, np.int64),
        "codes": np.empty((0, 32), np.uint8),
        "instants": np.empty(0, np.uint32),
        "still_videos": np.ones(stills, np.uint32),
        "still_numbers": np.arange(stills, dtype=np.uint32),
        "words": rng.integers(0, WORDS, stills * FEATURES_A_STILL).astype(np.uint16),
        "signatures": rng.integers(0, 2**64, (stills * FEATURES_A_STILL, 4), dtype=np.uint64),
        "still_rows": np.repeat(np.arange(stills), FEATURES_A_STILL),
        "features": np.arange(stills * FEATURES_A_STILL, dtype=np.uint32),
    }
    cpu, wall = timed(lambda: write_shard(joined(hasher, [columns]), folder / "index"))
    row("features: shard sorted and written", cpu, count=count, wall=wall, size=size_of(folder / "index"))
    # The shard's one video need not be in: the index is told that it is.
    index = dataclasses.replace(
        open_index(archive, hasher=hasher, refresh=False),
        live=np.ones(1, np.uint32),
        shards=tuple(open_shard(path) for path in (folder / "index").iterdir()),
    )
    some = rng.choice(count // FEATURES_A_STILL * FEATURES_A_STILL, 60 * FEATURES_A_STILL, replace=False)
    words, signatures = columns["words"][some], columns["signatures"][some]
    rounds = [timed(lambda: features_alike(index, words, signatures=signatures, radius=10)) for _ in range(ROUNDS)]
    cpu, wall = (statistics.median(column) for column in zip(*rounds, strict=True))
    row(f"features: {len(words)} looked up", cpu, count=count, wall=wall)


def main(arguments: list[str]) -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive", description=__doc__.splitlines()[0])
    parser.add_argument("counts", nargs="*", type=int, default=[100_000], help="frame hashes; 1000000 10000000 in full")
    parser.add_argument("--vpdq", type=Path, metavar="PYTHON", help="a Python that has threatexchange and faiss-cpu")
    parser.add_argument("--vpdq-most", type=int, default=1_000_000, help="its index is asked up to so many hashes")
    parser.add_argument("--features", type=int, default=0, help="local features to look up among")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("faiss") is None:
        print("the archive: skipped, faiss-cpu is not installed (pip install 'verikit[faiss]')")
        return
    clips = sorted((package_folder("sample_data") / "archive").glob("*.mp4"))
    base = fingerprint(scan_video(open_video(clips[0])))
    print(
        f"a real fingerprint, pictures included: {len(base.to_bytes()) / len(base.times):.0f} bytes a hash ({clips[0].name})"
    )
    for count in options.counts:
        print(
            f"\n{count:,} hashes, {-(-count // INSTANTS):,} videos; {ASKED} are asked, radius {RADIUS}; {best_engine().name}"
        )
        print(f"{'':34} {'CPU s':>9} {'wall s':>9} {'CPU ns/hash':>11} {'B/hash':>9}")
        codes = made_codes(count)
        asked = turned_over(codes[count // 2 // INSTANTS * INSTANTS :][100 : 100 + ASKED], FLIPPED)
        with tempfile.TemporaryDirectory(prefix="verikit-bench-") as aside:
            archive = filled(Path(aside) / "archive", codes, base)
            queried(archive, codes, asked, hasher=base.hasher)
            if options.vpdq is not None and count <= options.vpdq_most:
                vpdq(options.vpdq, codes, asked, folder=Path(aside))
    if options.features:
        with tempfile.TemporaryDirectory(prefix="verikit-bench-") as aside:
            print(f"\n{options.features:,} local features; those of a minute are asked")
            features(options.features, folder=Path(aside), hasher=base.hasher)


if __name__ == "__main__":
    main(sys.argv[1:])
