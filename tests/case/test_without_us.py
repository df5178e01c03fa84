"""What the page on checking a case says is so: other tools alone check a package, and verikit alone needs no other package."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.tampers import CLIP, TAMPERS, pack, read, unpack

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/check-a-case.md").read_text(encoding="utf-8")
TOOLS = ("bash", "sha256sum", "ssh-keygen", "openssl", "diff", "find", "cut", "sort")


def shown(after):
    """The commands of the page's section "Without verikit" in their order, one string each."""
    blocks = re.findall(r"^```\n(.*?)^```", PAGE[PAGE.index(after) :], re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def unpacked(stamped, keys, tsa, tmp_path):
    """A signed and stamped package, unpacked by unzip's like, with what its maker published."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    folder = unpack(tmp_path / "case", read(stamped))
    shutil.copy(keys / "analyst.pub", folder / "signer.pub")
    shutil.copy(tsa.roots, folder / "roots.pem")
    return folder


def run(folder, command):
    # bash, as two of the commands compare the outputs of two others.
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


def test_the_commands_of_the_page_check_a_sealed_case_with_stock_tools_alone(unpacked, signed):
    commands = shown("## Without verikit")
    assert len(commands) == 8
    told = [run(unpacked, command) for command in commands]
    assert [done.returncode for done in told] == [0] * len(commands), [done.stderr for done in told]
    assert told[2].stdout.strip() == signed.seal
    assert told[5].stdout.startswith('Good "verikit-case-v1" signature for signer')
    assert "Verification: OK" in told[6].stderr + told[6].stdout
    assert "Time stamp:" in told[7].stdout


def test_each_of_the_stock_tools_sees_its_own_kind_of_change(unpacked, keys):
    tagmanifest, manifest, _, listed, signers, signature, token, _ = shown("## Without verikit")
    run(unpacked, signers)
    (unpacked / "data/inputs/extra").write_bytes(b"x")
    assert run(unpacked, listed).returncode == 1
    (unpacked / CLIP).write_bytes(b"x")
    assert run(unpacked, manifest).returncode == 1
    (unpacked / "manifest-sha256.txt").write_bytes(b"")
    assert run(unpacked, tagmanifest).returncode == 1
    (unpacked / "tagmanifest-sha256.txt").write_bytes(b"")
    assert run(unpacked, signature).returncode == 255
    (unpacked / "signatures/tagmanifest-sha256.txt.sig").write_bytes(b"x")
    assert run(unpacked, token).returncode == 1


def test_the_wheel_alone_verifies_without_any_other_package(stamped, keys, tsa, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    alone = tmp_path / "alone"
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(alone)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty"], check=True)
    python = tmp_path / "empty" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    words = ["-m", "verikit.cli", "verify", "--json", "--key", keys / "analyst.pub", "--tsa-roots", tsa.roots]
    files = read(stamped)
    TAMPERS["note"][0](files)
    for package, code in ((stamped, 0), (pack(tmp_path / "x.zip", files), 1)):
        done = subprocess.run(
            [python, *words, package], cwd=alone, env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=False
        )
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout)["ok"] is (code == 0)
