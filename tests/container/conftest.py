from __future__ import annotations

from pathlib import Path

import pytest

from verikit.container.inspection import inspect
from verikit.media.video import open_video

CLIPS = Path(__file__).parents[3] / "shared" / "clips" / "metadata"


@pytest.fixture(scope="session")
def clips():
    """The folder of public files, where it lies beside this checkout."""
    if not CLIPS.is_dir():
        pytest.skip("the public clips are not beside this checkout")
    return CLIPS


@pytest.fixture(scope="session")
def public(clips):
    """What `inspect` says of a public file, each examined once for all tests."""
    kept = {}

    def examined(name):
        if name not in kept:
            kept[name] = inspect(open_video(clips / name))
        return kept[name]

    return examined
