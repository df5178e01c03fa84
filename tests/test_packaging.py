"""What is handed over: the wheel holds all that running needs, and every pinned file has its hash."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LISTS = ("requirements.txt", "requirements-dev.txt")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The built wheel, opened."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_holds_the_notebooks_the_clips_and_the_data(wheel):
    names = set(wheel.namelist())
    for folder, inside in (("notebooks", "_notebooks"), ("sample_data", "_sample_data")):
        files = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".ipynb", ".mp4", ".toml", ".json"}]
        assert len(files) >= 5
        for path in files:
            inner = f"verikit/{inside}/{path.relative_to(ROOT / folder).as_posix()}"
            assert wheel.read(inner) == path.read_bytes()
    assert {"verikit/py.typed", "verikit/container/traces.toml", "verikit/_sample_data/decisions.toml"} <= names
    assert "verikit/keyframes/engines.toml" in names


def test_the_wheel_holds_every_room_and_nothing_that_only_we_need(wheel):
    names = wheel.namelist()
    rooms = {path.relative_to(ROOT).as_posix() for path in (ROOT / "verikit").rglob("*.py")}
    assert rooms <= set(names)
    assert not [name for name in names if re.search(r"(^|/)(tests?|benchmarks|\.git|\.ci)/|__pycache__|\.pyc$", name)]
    assert {name.split("/")[0] for name in names} == {"verikit", f"verikit-{_version()}.dist-info"}


def test_the_wheel_says_what_it_is_and_brings_its_licence(wheel):
    about = f"verikit-{_version()}.dist-info"
    metadata = wheel.read(f"{about}/METADATA").decode("utf-8")
    assert "\nLicense-Expression: Apache-2.0 AND OFL-1.1\n" in metadata
    assert wheel.read(f"{about}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert wheel.read(f"{about}/entry_points.txt").split() == b"[console_scripts] verikit = verikit.cli:main".split()


def _version():
    return re.search(r'"([^"]+)"', (ROOT / "verikit/_version.py").read_text(encoding="utf-8").split("=")[-1])[1]


def requirements(name):
    """The requirements of a list: the text of each with its hashes, by its normalised name."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    return {re.split(r"[=\s;\[]", line)[0].lower().replace("_", "-"): line for line in lines}


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_is_one_version_with_hashes_and_no_address(name):
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")
    found = requirements(name)
    assert len(found) > 50
    for line in found.values():
        assert re.match(r"[A-Za-z0-9._\[\]-]+==[^\s;]+ ", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}(\s|$)", line), line


def test_everything_that_the_project_needs_is_pinned():
    needed = {re.split(r"[^A-Za-z0-9._-]", need)[0].lower() for need in PROJECT["dependencies"]}
    assert len(needed) >= 10
    assert needed <= set(requirements("requirements.txt"))


def test_developing_never_needs_another_version_than_running():
    running, developing = (requirements(name) for name in LISTS)
    for name in running.keys() & developing.keys():
        assert running[name].split()[0] == developing[name].split()[0]


def test_the_licence_is_there_and_is_the_one_that_is_declared():
    assert PROJECT["license"] == "Apache-2.0 AND OFL-1.1"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
