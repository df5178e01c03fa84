"""The package that stands where a new one is to be written: what was sealed is not lost to what is sealed next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit._files import sha256_file
from verikit.case.corrections import sealed_as
from verikit.case.zips import open_zip

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["set_aside"]


def set_aside(target: Path, *, seal: str, names: Collection[str]) -> str:
    """Rename the file at `target` if a new package would take something away; in a sentence where it is now, or nothing.

    A package of the same seal string has the same content, and is written anew in its place, unless it holds files beside
    the `names` of the new one: a signature, a time token or reviews that were added since.
    """
    if not target.is_file():
        return ""
    there, more = sealed_as(target), list[str]()
    if there == seal:
        with open_zip(target) as contents:
            more = sorted(set(contents.members) - set(names))
        if not more:
            return ""
    kept = target.with_name(f"{target.stem}.{sha256_file(target)[:12]}{target.suffix}")
    target.rename(kept)
    if more:
        return f"the package that stood there has the same seal string and holds {', '.join(more)} besides; it is kept as {kept.name}"
    what = f"the package that stood there ({there})" if there else "the file that stood there"
    return f"{what} is kept as {kept.name}; if this package corrects one that was published, say so with --supersedes"
