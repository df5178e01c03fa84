"""What the scan costs beside plain decoding: by resolution, by duration, by codec; its memory and its file.

Each command runs as a process of its own, Python's start included: `verikit scan` against `ffmpeg -i FILE -f null -`
and, where another Python has it, PySceneDetect's Adaptive detector. CPU seconds are those of the whole process, all
threads; pairs are interleaved, so that a busy machine disturbs both sides alike; figures are medians.

Clips come from the command line, or are made from the sample data by FFmpeg's program: the clips one after another,
scaled, with noise added so that the encoder has something to do, and a tone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from verikit._files import package_folder

PAIRS = 5
CODECS = {
    "h264": ("libx264", "-preset", "veryfast", "-crf", "23"),
    "hevc": ("libx265", "-preset", "ultrafast", "-crf", "26", "-x265-params", "log-level=error"),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-b:v", "2M"),
    "av1": ("libsvtav1", "-preset", "12", "-crf", "40"),
}
SIZES = {360: (640, 360), 720: (1280, 720), 1080: (1920, 1080), 2160: (3840, 2160)}
# PySceneDetect's own defaults, on the backend that it chooses itself.
ADAPTIVE = "import sys, scenedetect; print(len(scenedetect.detect(sys.argv[1], scenedetect.AdaptiveDetector())))"


def measured(command: list[str]) -> tuple[float, float]:
    """CPU seconds and wall seconds of a command, which must succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "SVT_LOG": "0"})
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr.decode(errors='replace')[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def scan_command(path: Path, *more: str) -> list[str]:
    """`verikit scan` of a file, by this Python."""
    return [sys.executable, "-m", "verikit.cli", "scan", str(path), "--json", *more]


def decode_command(path: Path) -> list[str]:
    """Plain decoding by FFmpeg's program."""
    return ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"]


def interleaved(commands: list[list[str]], *, pairs: int) -> list[list[tuple[float, float]]]:
    """CPU and wall seconds of each command, in rounds."""
    rounds = [[measured(command) for command in commands] for _ in range(pairs)]
    return [list(column) for column in zip(*rounds, strict=True)]


def ratio(ours: list[tuple[float, float]], peer: list[tuple[float, float]], *, which: int) -> float:
    """The median over the rounds of ours to the peer's, in CPU (0) or wall (1) seconds."""
    return statistics.median(one[which] / other[which] for one, other in zip(ours, peer, strict=True))


def film(folder: Path, *, lines: int, seconds: int, codec: str) -> Path:
    """A clip of the sample data's pictures, one after another and round again."""
    clips = sorted((package_folder("sample_data") / "archive").glob("*.mp4"))
    wide, high = SIZES[lines]
    path = folder / f"{codec}_{lines}_{seconds}.{'webm' if codec in {'vp9', 'av1'} else 'mp4'}"
    made = "".join(
        f"[{n}:v]scale={wide}:{high}:force_original_aspect_ratio=increase,crop={wide}:{high},fps=25,setsar=1[v{n}];"
        for n in range(len(clips))
    )
    made += "".join(f"[v{n}]" for n in range(len(clips)))
    made += f"concat=n={len(clips)},loop=-1:size=2000,noise=alls=6:allf=t,format=yuv420p[v]"
    sound = ["-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.2"]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *(x for clip in clips for x in ("-i", str(clip))), *sound]
    command += ["-filter_complex", made, "-map", "[v]", "-map", f"{len(clips)}:a", "-t", str(seconds)]
    command += [
        "-c:v",
        *CODECS[codec],
        "-c:a",
        "libopus" if path.suffix == ".webm" else "aac",
        "-b:a",
        "96k",
        str(path),
    ]
    measured(command)
    return path


def told(path: Path, *, cache: Path) -> dict[str, float]:
    """Pictures, peak memory in MB, and the scan's file in MB per 1,500 pictures."""
    timed = ["/usr/bin/time", "-f", "%M", *scan_command(path, "--cache", str(cache))]
    peak = 0.0
    if Path(timed[0]).exists():
        done = subprocess.run(timed, capture_output=True, check=True)
        peak = int(done.stderr.decode().split()[-1]) / 1000
    else:
        done = subprocess.run(timed[3:], capture_output=True, check=True)
    frames = json.loads(done.stdout)["frames"]
    size = sum(file.stat().st_size for file in cache.iterdir()) / 1e6
    return {"frames": frames, "peak": peak, "file": size / frames * 1500}


def row(name: str, path: Path, *, pairs: int, peers: Path | None, folder: Path) -> dict[str, float | str]:
    """One line of the table, printed as it is known."""
    commands = [scan_command(path), decode_command(path), scan_command(path, "--triage")]
    if peers is not None:
        commands.append([str(peers), "-c", ADAPTIVE, str(path)])
    ours, plain, triage, *adaptive = interleaved(commands, pairs=pairs)
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        facts = told(path, cache=Path(cache))
    made = {
        "name": name,
        "frames": facts["frames"],
        "scan": statistics.median(one[0] for one in ours),
        "decode": statistics.median(one[0] for one in plain),
        "cpu": ratio(ours, plain, which=0),
        "wall": ratio(ours, plain, which=1),
        "triage": ratio(triage, ours, which=0),
        "adaptive": ratio(ours, adaptive[0], which=0) if adaptive else float("nan"),
        "peak": facts["peak"],
        "file": facts["file"],
    }
    print(
        f"{name:24} {made['frames']:8.0f} {made['scan']:9.2f} {made['decode']:9.2f} {made['cpu']:7.2f} {made['wall']:7.2f}"
        f" {made['triage']:8.3f} {made['adaptive']:9.2f} {made['peak']:8.0f} {made['file']:9.2f}",
        flush=True,
    )
    return made


def plot(rows: list[dict[str, float | str]], path: Path) -> None:
    """CPU milliseconds a picture, ours and plain decoding, as bars side by side."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - only here
    from matplotlib.figure import Figure  # noqa: PLC0415 - only here

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for place, (key, label, color) in enumerate(
        (("scan", "verikit scan", "#0072B2"), ("decode", "ffmpeg, decoding only", "#E69F00"))
    ):
        spots = [number + 0.4 * place for number in range(len(rows))]
        axes.bar(spots, [1000 * float(r[key]) / float(r["frames"]) for r in rows], width=0.38, label=label, color=color)
    axes.set_xticks([n + 0.2 for n in range(len(rows))], [str(r["name"]) for r in rows], rotation=30, ha="right")
    axes.set_ylabel("CPU milliseconds a picture")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    axes.set_title("What a scan costs beside plain decoding")
    figure.savefig(path, dpi=120)


def main(arguments: list[str]) -> None:
    """Print the table and draw the plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path, help="files to measure; without any, clips are made")
    parser.add_argument("--peers", type=Path, metavar="PYTHON", help="a Python that has scenedetect")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--seconds", type=int, default=20, help="length of the clips that are made")
    parser.add_argument("--plot", type=Path, default=Path("build/scan_costs.png"))
    options = parser.parse_args(arguments)
    if shutil.which("ffmpeg") is None:
        print("scan costs: skipped, FFmpeg's program is not on this machine (Debian: apt install ffmpeg)")
        return
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    print(f"verikit scan beside ffmpeg {version} -f null; medians of {options.pairs} interleaved rounds")
    print(
        f"{'clip':24} {'pictures':>8} {'scan CPU':>9} {'plain CPU':>9} {'CPU x':>7} {'wall x':>7} {'triage x':>8}"
        f" {'Adaptive x':>9} {'peak MB':>7} {'MB/1500':>9}"
    )
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        clips = [(path.name, path) for path in options.clips]
        if not clips:
            wanted = [(lines, options.seconds, "h264") for lines in SIZES]
            wanted += [(720, options.seconds * times, "h264") for times in (2, 4)]
            wanted += [(720, options.seconds, codec) for codec in CODECS if codec != "h264"]
            clips = [
                (f"{codec} {lines}p {seconds} s", film(folder, lines=lines, seconds=seconds, codec=codec))
                for lines, seconds, codec in wanted
            ]
        rows = [row(name, path, pairs=options.pairs, peers=options.peers, folder=folder) for name, path in clips]
    options.plot.parent.mkdir(parents=True, exist_ok=True)
    plot(rows, options.plot)
    print(f"plot: {options.plot}")


if __name__ == "__main__":
    main(sys.argv[1:])
