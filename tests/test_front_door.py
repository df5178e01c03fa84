"""The front door: few names, in order, each where it says, and nothing loaded before it is used."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import verikit

HOUSE = Path(verikit.__file__).parent
NAMES = [name for name in verikit.__all__ if name != "__version__"]
ROOMS = sorted(
    ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in HOUSE.rglob("*.py")
)


def test_the_public_names_are_sorted_and_few():
    # Ruff's order for __all__: constants, classes, functions, each by name.
    assert len(set(verikit.__all__)) == len(verikit.__all__) <= 60
    for kind in (str.isupper, lambda name: name[0].isupper() and not name.isupper(), str.islower):
        names = [name for name in verikit.__all__ if kind(name)]
        assert names == sorted(names)


def test_tab_completion_offers_the_public_names_and_no_other():
    assert dir(verikit) == sorted(verikit.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_loaded_from_the_room_it_lives_in_and_says_what_it_is(name):
    value = getattr(verikit, name)
    room = importlib.import_module(value.__module__)
    assert value is getattr(room, name)
    assert value.__module__.startswith("verikit.")
    assert name in room.__all__
    # A dataclass without a docstring gets its own signature as one.
    assert value.__doc__
    assert not value.__doc__.startswith(f"{name}(")
    assert value.__doc__.splitlines()[0].rstrip().endswith((".", ":"))


@pytest.mark.parametrize("name", NAMES)
def test_the_type_checker_sees_what_python_loads(name):
    """The names are written twice: for type checkers under TYPE_CHECKING, for Python as rooms."""
    tree = ast.parse((HOUSE / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if node.module.startswith("verikit.")
    }
    assert seen[name] == getattr(verikit, name).__module__


def test_no_public_name_is_also_a_room_behind_the_front_door():
    """`verikit.x` must not be a function before, and a module after, someone imports a room."""
    rooms = {room.split(".")[1] for room in ROOMS if "." in room}
    assert not rooms & set(verikit.__all__)


def test_no_public_name_is_the_name_of_any_room():
    rooms = {room.rsplit(".", 1)[-1] for room in ROOMS if "." in room}
    assert not rooms & set(verikit.__all__)


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_offers_is_there_and_documented(room):
    module = importlib.import_module(room)
    assert module.__doc__
    for name in getattr(module, "__all__", []):
        value = getattr(module, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert value.__doc__, name


def test_a_name_that_is_not_there_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="'fakeness'"):
        verikit.fakeness  # noqa: B018 - asking is the test


def test_all_names_can_be_imported_at_once_in_a_fresh_python():
    code = "from verikit import *; print(sorted(n for n in dir() if n[:1] != '_') == sorted(n for n in __import__('verikit').__all__ if n[:1] != '_'))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_every_version_is_one():
    from importlib.metadata import version

    assert verikit.__version__ == version("verikit")
