"""What sealing and verifying a large case cost, beside sha256sum over the same bytes in the same run.

    python -m benchmarks.sealing --gib 5 --folder /somewhere/with/room

Makes a case around a file of random bytes, seals and verifies it, and prints each one's throughput as a share of
sha256sum's, by the clock and by CPU seconds, with the most memory that the process held. All of it is deleted afterwards.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.tampers import make_case

BLOCK = 64 << 20


def random_file(path: Path, size: int) -> Path:
    """A file of random bytes: nothing in it shrinks."""
    with path.open("wb") as out:
        for at in range(0, size, BLOCK):
            out.write(os.urandom(min(BLOCK, size - at)))
    return path


def measured(arguments: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock, CPU seconds, and MB of memory that a program took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    # An own process between: the most memory of all children is what the system tells.
    script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    told = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, int(told.stdout) / 1024


def main(arguments: list[str]) -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sealing", description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=1.0, help="size of the film in the case")
    parser.add_argument("--folder", type=Path, help="where there is room for three times that")
    parser.add_argument("--runs", type=int, default=1, help="pairs of runs; the best of each is compared")
    options = parser.parse_args(arguments)
    if shutil.which("sha256sum") is None:
        print("sha256sum is not on this machine: nothing to compare with")
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as aside:
        folder = Path(aside) / "case"
        clip = random_file(Path(aside) / "clip.mp4", int(options.gib * (1 << 30)))
        make_case(folder, clip=clip)
        clip.unlink()
        package = folder.with_suffix(".zip")
        command = [sys.executable, "-m", "verikit.cli"]
        work = {
            "sha256sum": ["sha256sum", str(folder / "inputs/clip.mp4")],
            "seal": [*command, "seal", str(folder), "-o", str(package)],
            "verify": [*command, "verify", str(package), "--json"],
        }
        runs = [{name: measured(words) for name, words in work.items()} for _ in range(options.runs)]
        best = {name: tuple(min(run[name][k] for run in runs) for k in range(3)) for name in work}
    print(f"a film of {options.gib:g} GiB, the best of {options.runs} runs")
    for name, (seconds, cpu, memory) in best.items():
        share = best["sha256sum"][0] / seconds
        cpu_share = best["sha256sum"][1] / cpu
        told = f"{share:.2f} of sha256sum's throughput by the clock, {cpu_share:.2f} by CPU seconds"
        print(f"{name:10} {seconds:7.1f} s {cpu:7.1f} CPU s {memory:6.0f} MB   {told}")


if __name__ == "__main__":
    main(sys.argv[1:])
