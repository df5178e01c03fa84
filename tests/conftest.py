"""What several rooms' tests share: the sample clips, scanned once, and the way to `filmed`."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
# `filmed` makes clips with known truth; pytest's importlib mode puts no folder of tests on the path.
sys.path.insert(0, str(HERE))

# The suite looks at the same examples each time, so that a change is judged by what it changed. `make explore` looks at new ones.
settings.register_profile("suite", derandomize=True, print_blob=True)
settings.register_profile("explore", derandomize=False, print_blob=True)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def sample_data():
    """The folder of the sample clips."""
    return HERE.parent / "sample_data"


@pytest.fixture(scope="session")
def truth(sample_data):
    """What is hidden in the sample clips."""
    return json.loads((sample_data / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sample_scan(sample_data, tmp_path_factory):
    """The scan of a sample clip by its name in truth.json; each is decoded once in a session."""
    from verikit.media.scanning import scan_video
    from verikit.media.video import open_video

    cache = tmp_path_factory.mktemp("scans")
    return functools.cache(lambda name: scan_video(open_video(sample_data / name), cache=cache))


@pytest.fixture(scope="session")
def sample_print(sample_scan):
    """The fingerprint of a sample clip by its name in truth.json."""
    from verikit.matching.fingerprinting import fingerprint

    return functools.cache(lambda name: fingerprint(sample_scan(name)))
