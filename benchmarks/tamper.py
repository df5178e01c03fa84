"""How many changes to a sealed case each tool sees: verikit, bagit, nbmake, nbval, pytest-notebook and nbformat's trust.

    python -m benchmarks.tamper --peers /path/to/python

All of them are shown the same package of a case that really ran, changed in each of the ways of
`benchmarks.further_tampers`, by three people: one who edits files; one who makes all manifests and metadata fit again,
without the key; one who holds the key, writes the journal anew and signs again. verikit is given the public key and the
published seal string, and once more neither. A tool of `--peers` that is not installed there is left out and said. The
tools for notebooks are shown the executed notebook wherever it or what it reads was changed; manifests are nothing to them.
What cannot be unpacked counts as seen by all. Nothing is missed twice: a change that fitting everything again undoes is
left out of that column.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.further_tampers import ALL
from benchmarks.tampers import NOTEBOOK, pack, read, refit, rehash, running_case, unpack
from verikit.case.sealing import seal_case
from verikit.case.signing import sign
from verikit.case.verifying import verify_package

# Of (tamper, person): the changed package, and whether a tool sees it.
Packages = dict[tuple[str, str], dict[str, bytes]]
Seen = dict[tuple[str, str], bool]

# Each prints one line for every folder named on its command line: 1 where it sees that something was changed.
BAGIT = """
import logging, sys, bagit
logging.disable(logging.CRITICAL)
for folder in sys.argv[1:]:
    try:
        bagit.Bag(folder).validate()
        print(0)
    except Exception:
        print(1)
"""
TRUST = """
import os, sys, nbformat
from nbformat.sign import NotebookNotary
notary = NotebookNotary(data_dir=sys.argv[1], db_file=os.path.join(sys.argv[1], "trust.db"), secret=b"s" * 32)
for number, path in enumerate(sys.argv[2:]):
    try:
        notebook = nbformat.read(path, as_version=4)
        if number == 0:
            notary.sign(notebook)
        print(int(not notary.check_signature(notebook)))
    except Exception:
        print(1)
"""
# A plugin of our own: the file of each test that did not pass.
TOLD = """
import pathlib
told = pathlib.Path(__file__).with_suffix(".txt")
told.write_text("")
def failed(report):
    if report.failed:
        with told.open("a") as out:
            print(report.nodeid.split("::")[0], file=out)
pytest_runtest_logreport = pytest_collectreport = failed
"""
RUNNERS = {
    "nbmake": ("nbmake", ["--nbmake"]),
    "nbval": ("nbval", ["--nbval"]),
    "pytest-notebook": ("pytest_notebook", ["--nb-test-files"]),
}
PEOPLE = ("edits files", "fits all manifests, no key", "holds the key, writes all anew")


def changed_packages(files: dict[str, bytes], key: Path) -> Packages:
    """The package changed in each way by each of the three people, by (tamper, person)."""
    found = {}
    for tamper, row in ALL.items():
        for person in PEOPLE:
            copy = dict(files)
            try:
                row[0](copy)
            except AssertionError:
                # What it would change is not in this case.
                continue
            if person == PEOPLE[1]:
                rehash(copy)
            elif person == PEOPLE[2]:
                refit(copy, sign=lambda message: sign(message, key=key))
            if copy != files:
                found[tamper, person] = copy
    return found


def has(python: str, module: str) -> bool:
    """Whether a Python has a module."""
    done = subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False)
    return done.returncode == 0


def lines(python: str, code: str, words: list[str]) -> list[bool]:
    """What a peer's code printed, a truth a line."""
    done = subprocess.run([python, "-c", code, *words], capture_output=True, text=True, check=True)
    return [line == "1" for line in done.stdout.split()]


def runs_differ(python: str, flags: list[str], *, notebooks: dict[str, Path], place: Path) -> set[str]:
    """The names of the notebooks that a plugin of pytest fails, all of them in one run of pytest."""
    (place / "told_aside.py").write_text(TOLD)
    root = Path(__file__).resolve().parents[1]
    environment = {"PYTHONPATH": f"{root}:{place}", "PATH": "/usr/bin:/bin", "HOME": str(place)}
    flags = ["-q", "-p", "no:cacheprovider", "-p", "told_aside", "--continue-on-collection-errors", *flags]
    words = [str(path.relative_to(place)) for path in notebooks.values()]
    command = [python, "-m", "pytest", f"--rootdir={place}", *flags, *words]
    subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False)
    failed = (place / "told_aside.txt").read_text().splitlines()
    return {name for name, path in notebooks.items() if str(path.relative_to(place)) in failed}


def by_verikit(packages: Packages, place: Path, *, key: Path, seal: str) -> dict[str, Seen]:
    """What verikit sees of each changed package, with what was published and without."""
    seen: dict[str, Seen] = {"verikit, key and seal string": {}, "verikit, nothing published": {}}
    for name, files in packages.items():
        package = pack(place / "x.zip", files)
        seen["verikit, key and seal string"][name] = not verify_package(package, key=key, expect_seal=seal).ok
        seen["verikit, nothing published"][name] = not verify_package(package).ok
    return seen


def touched(changed: dict[str, bytes], files: dict[str, bytes]) -> bool:
    """Whether the executed notebook or an input of the case is another."""
    names = [NOTEBOOK, *(name for name in files if name.startswith("data/inputs/"))]
    return any(changed.get(name) != files[name] for name in names)


def by_peers(python: str, packages: Packages, *, files: dict[str, bytes], place: Path) -> dict[str, Seen]:
    """What the tools of another Python see of each changed package."""
    seen: dict[str, Seen] = {}
    folders = {}
    for number, (name, changed) in enumerate(packages.items()):
        with contextlib.suppress(OSError):
            folders[name] = unpack(place / f"{number:03d}", changed)
    # What no file system takes, whoever unpacks it sees.
    at_once = dict.fromkeys(packages.keys() - folders.keys(), True)
    if has(python, "bagit"):
        told = lines(python, BAGIT, [str(folder) for folder in folders.values()])
        seen["bagit"] = dict(zip(folders, told, strict=True)) | at_once
    else:
        print("bagit: not installed there")
    edited = {name: folder for name, folder in folders.items() if name[1] == PEOPLE[0]}
    whole = unpack(place / "whole", files)
    if has(python, "nbformat"):
        paths = [str(whole / NOTEBOOK), *(str(folder / NOTEBOOK) for folder in edited.values())]
        seen["nbformat's trust"] = dict(zip(edited, lines(python, TRUST, [str(place), *paths])[1:], strict=True))
        seen["nbformat's trust"] |= {name: True for name in at_once if name[1] == PEOPLE[0]}
    else:
        print("nbformat: not installed there")
    for tool, (module, flags) in RUNNERS.items():
        if not has(python, module):
            print(f"{tool}: not installed there")
            continue
        there = {name[0]: folder / NOTEBOOK for name, folder in edited.items() if (folder / NOTEBOOK).is_file()}
        # What neither the notebook nor its inputs show changes nothing that these tools look at.
        looked = {name: path for name, path in there.items() if touched(packages[name, PEOPLE[0]], files)}
        failed = runs_differ(python, flags, notebooks={"": whole / NOTEBOOK, **looked}, place=place)
        if "" in failed:
            print(f"{tool}: fails the untouched notebook, so nothing can be said of it")
            continue
        seen[tool] = {name: name[0] in failed or name[0] not in there for name in edited}
        seen[tool] |= {name: True for name in at_once if name[1] == PEOPLE[0]}
    return seen


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tamper", description=__doc__.splitlines()[0])
    parser.add_argument("--peers", metavar="PYTHON", help="a Python that has bagit, nbmake, nbval and their like")
    parser.add_argument("--missed", action="store_true", help="name what each tool does not see")
    options = parser.parse_args(arguments)
    if shutil.which("ssh-keygen") is None:
        print("ssh-keygen is not on this machine: there is no key to hold")
        return
    with tempfile.TemporaryDirectory() as aside:
        place = Path(aside)
        key = place / "key"
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "x", "-f", str(key)]
        subprocess.run(made, check=True)
        seal = seal_case(running_case(place / "case"), key=key)
        files = read(seal.package)
        packages = changed_packages(files, key)
        seen = by_verikit(packages, place, key=key.with_suffix(".pub"), seal=seal.seal)
        if options.peers:
            seen |= by_peers(options.peers, packages, files=files, place=place)
    print()
    columns = [sum(person == wanted for _, person in packages) for wanted in PEOPLE]
    print(f"| seen, of | {' | '.join(f'{who}: {of}' for who, of in zip(PEOPLE, columns, strict=True))} |")
    print("|---|---|---|---|")
    for tool, told in seen.items():
        cells = []
        for person in PEOPLE:
            row = [caught for (_, who), caught in told.items() if who == person]
            cells.append(str(sum(row)) if row else "the same notebooks")
        print(f"| {tool} | {' | '.join(cells)} |")
    if options.missed:
        for tool, told in seen.items():
            missed = [f"{tamper} ({who})" for (tamper, who), caught in told.items() if not caught]
            print(f"\n{tool} does not see {len(missed)}: {'; '.join(missed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
