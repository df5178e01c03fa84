"""Draws the pictures of this folder and freezes their hashes. Run by hand, never by the tests.

    python tests/media/golden/draw.py

The PDQ values in hashes.json were computed by pdqhash 0.2.8 (Python bindings of Meta's C++), not by this package;
the others by imagehash 4.3.2. Without pdqhash at hand (it compiles C++: `pip install pdqhash==0.2.8` in a scratch
environment) only the pictures are drawn, and the tests compare them with the frozen ones.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def scene(height: int, width: int) -> np.ndarray:
    """A horizon, a sun, a house: smooth and hard edges, in whole numbers only."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[..., 0] = 40 + 120 * y // height
    picture[..., 1] = 90 + 60 * x // width
    picture[..., 2] = 220 - 160 * y // height
    picture[(y - height // 4) ** 2 + (x - 3 * width // 4) ** 2 < (min(height, width) // 7) ** 2] = (250, 230, 90)
    picture[height // 2 : 4 * height // 5, width // 8 : width // 3] = (130, 40, 35)
    picture[3 * height // 5 : 4 * height // 5, width // 5 : width // 4] = (20, 15, 10)
    picture[4 * height // 5 :] = (60, 110, 50)
    return picture


def noise(height: int, width: int) -> np.ndarray:
    """Grey levels without order, from a multiplicative counter: the same on every machine."""
    count = np.arange(height * width * 3, dtype=np.uint64) + np.uint64(1)
    mixed = (count * np.uint64(2654435761) ^ (count * np.uint64(40503) >> np.uint64(7))) & np.uint64(0xFFFFFFFF)
    return (
        ((mixed * np.uint64(2246822519) >> np.uint64(13)) & np.uint64(255)).astype(np.uint8).reshape(height, width, 3)
    )


def stripes(height: int, width: int) -> np.ndarray:
    """Slanted black and white bars."""
    y, x = np.mgrid[0:height, 0:width]
    level = np.where((3 * x + 2 * y) // 23 % 2 == 0, 245, 12).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=2)


def pictures() -> dict[str, np.ndarray]:
    """Every golden picture by name: windows of 1, 2 and 3 pixels, odd sides, sides under 64 and at the smallest."""
    return {
        "scene": scene(217, 331),
        "scene_small": scene(36, 64),
        "scene_grey": scene(120, 90)[..., 1].copy(),
        "square": scene(64, 64),
        "noise": noise(47, 61),
        "stripes": stripes(40, 300),
        "flat": np.full((70, 70, 3), 77, dtype=np.uint8),
        "tiny": noise(5, 7),
    }


def main() -> None:
    """Writes the PNGs and, where pdqhash is there, hashes.json."""
    import imagehash
    from PIL import Image

    for name, picture in pictures().items():
        Image.fromarray(picture).save(HERE / f"{name}.png", optimize=True)
    try:
        import pdqhash
    except ImportError:
        return
    frozen = {}
    for name, picture in pictures().items():
        still = Image.fromarray(picture)
        colours = np.ascontiguousarray(picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2))
        bits, quality = pdqhash.compute(colours)
        frozen[name] = {
            "phash:8": str(imagehash.phash(still)),
            "dhash:8": str(imagehash.dhash(still)),
            "whash:8": str(imagehash.whash(still)),
            "colorhash:3": "0" + str(imagehash.colorhash(still)),
            "pdq": np.packbits(bits.astype(np.uint8)).tobytes().hex(),
            "pdq_quality": int(quality),
        }
    (HERE / "hashes.json").write_text(json.dumps(frozen, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
