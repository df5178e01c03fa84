"""`make bench`: what the scan costs beside plain decoding, and what our PDQ costs beside imagehash's pHash.

Each figure is the median of interleaved pairs, in CPU seconds of this process, so that a busy machine disturbs both
sides alike. Clips: the sample data, or the files named on the command line.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from verikit._files import package_folder
from verikit.media.hashing import PDQ, PHash
from verikit.media.scanning import scan_video
from verikit.media.video import open_video

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


def plain_decode(path: Path) -> None:
    """Decode the best video stream with PyAV and keep nothing."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        stream.thread_type = "AUTO"
        for _ in container.decode(stream):
            pass


def main(arguments: list[str]) -> None:
    """Print one table."""
    named = [Path(argument) for argument in arguments]
    clips = named or sorted((package_folder("sample_data") / "archive").glob("*.mp4"))[:3]
    print(f"{'what':44} {'ours, CPU s':>12} {'peer, CPU s':>12} {'ratio':>7}   median of {PAIRS} pairs")
    for clip in clips:
        video = open_video(clip)
        row = ratio(lambda video=video: scan_video(video), lambda clip=clip: plain_decode(clip))
        print(f"{'scan / PyAV decode: ' + clip.name:44} {row[0]:12.3f} {row[1]:12.3f} {row[2]:7.2f}")
    picture = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    row = ratio(lambda: [PDQ()(picture) for _ in range(5)], lambda: [PHash()(picture) for _ in range(5)])
    print(f"{'PDQ / pHash (imagehash), 1280x720, 5 times':44} {row[0]:12.3f} {row[1]:12.3f} {row[2]:7.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
