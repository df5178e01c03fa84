"""The package that stands where a new one is to be written: what was sealed is not lost to what is sealed next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit._files import sha256_file
from verikit.case.corrections import sealed_as

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["set_aside"]


def set_aside(target: Path, *, seal: str) -> str:
    """Rename the file at `target`, unless it is sealed by the same `seal`; in a sentence where it is now, or nothing.

    A package of the same seal string has the same content, and is written anew in its place.
    """
    if not target.is_file():
        return ""
    there = sealed_as(target)
    if there == seal:
        return ""
    kept = target.with_name(f"{target.stem}.{sha256_file(target)[:12]}{target.suffix}")
    target.rename(kept)
    what = f"the package that stood there ({there})" if there else "the file that stood there"
    return f"{what} is kept as {kept.name}; if this package corrects one that was published, say so with --supersedes"
