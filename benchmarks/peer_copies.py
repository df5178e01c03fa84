"""Scores of another finder of copies, as JSON: run by `benchmarks.copies` with the Python that the finder lives in.

`PYTHON peer_copies.py TOOL < {"references": [...], "queries": [...]}` prints {"version", "scores", "called", "minutes",
"reading", "searching"}: for each query a row of scores, one a reference, higher is surer (null: no score), and what
the tool calls a copy at its published threshold. minutes of video in the queries; CPU seconds of reading them, without
imports, and of searching. Imports nothing of verikit. Exit status 3: the tool is not importable here.

- phash, dhash: imagehash, two pictures a second, the nearest pair of query and reference; called a copy at 10 bits.
- pdq: pdqhash, the same with PDQ, called at 31 bits.
- vpdq: vPDQ's rule on exact seconds: PDQ at most 31 bits, quality at least 50, the share of the query's pictures that
  have such a partner; called at 80 %.
- tmk: perception's TMKL1, cosine; called at 0.7.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import resource
import sys
from typing import Any

PACKAGES = {"phash": "imagehash", "dhash": "imagehash", "pdq": "pdqhash", "vpdq": "pdqhash", "tmk": "perception"}
CALLED = {"phash": 10, "dhash": 10, "pdq": 31}


def spent() -> float:
    """CPU seconds of this process and its children, all threads."""
    mine = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in mine)


def pictures(path: str, rate: float) -> tuple[list[Any], float]:
    """RGB pictures at whole multiples of 1/rate seconds, and the seconds of the video."""
    import cv2  # noqa: PLC0415 only where it is asked for

    capture, held, due, now = cv2.VideoCapture(path), [], 0.0, 0.0
    while capture.grab():
        now = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if now >= due - 1e-3:
            read, picture = capture.retrieve()
            if read:
                held.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
                due += 1 / rate
    return held, now


def bits(tool: str, path: str) -> tuple[Any, float]:
    """Hashes of a video, one a row of 0 and 1, and its seconds; PDQ's quality rules out pictures for vPDQ only."""
    import numpy as np  # noqa: PLC0415

    seen, seconds = pictures(path, 1.0 if tool == "vpdq" else 2.0)
    rows = []
    for picture in seen:
        if tool in {"phash", "dhash"}:
            import imagehash  # noqa: PLC0415
            from PIL import Image  # noqa: PLC0415

            rows.append(getattr(imagehash, tool)(Image.fromarray(picture)).hash.ravel())
        else:
            import pdqhash  # noqa: PLC0415

            code, quality = pdqhash.compute(picture)
            if tool == "pdq" or quality >= 50:
                rows.append(code)
    return np.array(rows, np.float32), seconds


def compared(tool: str, query: Any, reference: Any) -> tuple[float | None, bool]:
    """The pair's score and whether the tool calls it a copy."""
    if len(query) == 0 or len(reference) == 0:
        return None, False
    distances = query @ (1 - reference.T) + (1 - query) @ reference.T
    if tool == "vpdq":
        share = float((distances.min(axis=1) <= 31).mean())
        return (share if share > 0 else None), share >= 0.8
    least = float(distances.min())
    return -least, least <= CALLED[tool]


def framewise(tool: str, queries: list[str], references: list[str]) -> dict[str, Any]:
    """Best pairs of pictures by their hashes."""
    known = [bits(tool, path)[0] for path in references]
    began = spent()
    read = [bits(tool, path) for path in queries]
    done = spent()
    pairs = [[compared(tool, query, reference) for reference in known] for query, _ in read]
    return {
        "scores": [[score for score, _ in row] for row in pairs],
        "called": [[called for _, called in row] for row in pairs],
        "minutes": sum(seconds for _, seconds in read) / 60,
        "reading": done - began,
        "searching": spent() - done,
    }


def whole_files(queries: list[str], references: list[str]) -> dict[str, Any]:
    """TMK of perception: one vector a video. It fails on some clips with flat pictures; those have no score."""
    import cv2  # noqa: PLC0415
    from perception import hashers  # noqa: PLC0415

    hasher = hashers.TMKL1()

    def vector(path: str) -> Any:
        try:
            return hasher.compute(path, hash_format="vector")
        except AssertionError:
            return None

    def seconds(path: str) -> float:
        capture = cv2.VideoCapture(path)
        return float(capture.get(cv2.CAP_PROP_FRAME_COUNT) / max(1.0, capture.get(cv2.CAP_PROP_FPS)))

    known = [vector(path) for path in references]
    began = spent()
    read = [vector(path) for path in queries]
    done = spent()
    scores = [
        [None if one is None or other is None else 1 - float(hasher.compute_distance(one, other)) for other in known]
        for one in read
    ]
    return {
        "scores": scores,
        "called": [[score is not None and score >= 0.7 for score in row] for row in scores],
        "minutes": sum(map(seconds, queries)) / 60,
        "reading": done - began,
        "searching": spent() - done,
    }


def main(tool: str) -> int:
    """Print one tool's scores."""
    package = PACKAGES[tool]
    if importlib.util.find_spec(package) is None:
        return 3
    job = json.load(sys.stdin)
    if tool == "tmk":
        answer = whole_files(job["queries"], job["references"])
    else:
        answer = framewise(tool, job["queries"], job["references"])
    print(json.dumps({"version": f"{package} {importlib.metadata.version(package.replace('_', '-'))}", **answer}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
