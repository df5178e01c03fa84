"""What several rooms' tests share: the sample clips, scanned once, and the way to `filmed`."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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


@dataclasses.dataclass(frozen=True)
class Demo:
    """What the one run left: its folder, and what it wrote to stdout and stderr."""

    folder: Path
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.out)

    def recorded(self, name: str) -> dict[str, Any]:
        from verikit.case.opening import open_case

        return open_case(self.folder / "case").evidence(name)

    def outputs(self, step: str) -> list[dict[str, Any]]:
        return [output for cell in self.cells(step) for output in cell["outputs"]]

    def cells(self, step: str) -> list[dict[str, Any]]:
        notebook = json.loads((self.folder / f"case/executed/{step}.ipynb").read_text(encoding="utf-8"))
        return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    place = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "verikit.cli", "demo", "--out", "made", "--json"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in place.iterdir()] == ["made"]
    return Demo(folder=place / "made", out=done.stdout, err=done.stderr)
