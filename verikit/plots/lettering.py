"""Words in figures: letters of most scripts from fonts that come along, and text cut to the room that it has.

Matplotlib shapes what is written and orders what runs from right to left. Only its own DejaVu Sans and the fonts beside this
room are used: what one machine has installed must not show in a figure.
"""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from verikit._files import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.ft2font import FT2Font

__all__ = ["FONT", "families", "fitting", "readable"]

FONT = "DejaVu Sans"  # comes with Matplotlib, so that a figure looks the same on every machine
DPI = 100
_FONTS = Path(__file__).parent / "fonts"
_MARK, _CUT = "\N{REPLACEMENT CHARACTER}", "\N{HORIZONTAL ELLIPSIS}"


@functools.cache
def families() -> tuple[str, ...]:
    """The families that words are drawn with, in the order in which a letter is looked for; ours are made known once."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415 - only who draws pays for it

    for path in _paths()[1:]:
        fontManager.addfont(path)
    return (FONT, *(f"verikit {path.stem.replace('_', ' ').title()}" for path in map(Path, _paths()[1:])))


def readable(text: str) -> str:
    """A stranger's text on one line, with a visible mark for letters that are hidden or that no font has.

    A mark on a letter, such as a vowel sign, is drawn together with it: one that no font has on that letter is replaced.
    """
    shown: list[str] = []
    bearing: frozenset[int] = frozenset()
    for letter in plain(text):
        bearing = bearing & _has(letter) if unicodedata.category(letter).startswith("M") else _has(letter)
        shown.append(letter if bearing else _MARK)
        bearing = bearing or _has(_MARK)
    return "".join(shown)


def fitting(text: str, *, width: int, size: int) -> str:
    """Readable text, cut in the middle to at most `width` pixels."""
    shown = readable(text)
    if _width(shown, size) <= width:
        return shown
    # The most letters that still fit, eight at least.
    least, most = 8, len(shown)
    while least < most:
        tried = (least + most + 1) // 2
        least, most = (tried, most) if _width(_cut(shown, tried), size) <= width else (least, tried - 1)
    return _cut(shown, least)


def _cut(text: str, letters: int) -> str:
    if len(text) <= letters:
        return text
    end = text[len(text) - (letters - letters // 2) :]
    # A mark that stood on a letter is nothing without it.
    while end and unicodedata.category(end[0]).startswith("M"):
        end = end[1:]
    return text[: letters // 2 - 1] + _CUT + end


def _width(text: str, size: int) -> float:
    """How wide a line is, in pixels."""
    font = _together()
    font.set_size(size, DPI)
    font.set_text(text)
    return font.get_width_height()[0] / 64


@functools.cache
def _paths() -> tuple[str, ...]:
    from matplotlib import get_data_path  # noqa: PLC0415 - only who draws pays for it

    first = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return tuple(map(str, [first, *sorted(_FONTS.glob("*.[ot]tf"))]))


@functools.lru_cache(maxsize=4096)
def _has(letter: str) -> frozenset[int]:
    """The numbers of the fonts that have a letter."""
    return frozenset(number for number, font in enumerate(_fonts()) if font.get_char_index(ord(letter)))


@functools.cache
def _fonts() -> Sequence[FT2Font]:
    from matplotlib.font_manager import get_font  # noqa: PLC0415 - only who draws pays for it

    return [get_font(path) for path in _paths()]


def _together() -> FT2Font:
    from matplotlib.font_manager import get_font  # noqa: PLC0415 - only who draws pays for it

    return get_font(list(_paths()))
