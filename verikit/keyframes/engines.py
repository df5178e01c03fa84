"""The engines that search the web by picture: where a person uploads one, what each takes and is good at.

A search kit only names them. Nothing here, and nothing in verikit, sends a picture anywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["Engine", "engines"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine: its upload page, how to begin there, and what is known of it, from `sources` on `checked`.

    `most_bytes` is the largest upload, 0 where nothing is known.
    """

    name: str
    page: str
    how: str
    good_at: str
    most_bytes: int
    sources: tuple[str, ...]
    checked: dt.date

    def __post_init__(self) -> None:
        for address in (self.page, *self.sources):
            if not address.startswith("https://"):
                raise ValueError(f"{self.name}: https:// only, not {address!r}")
        if self.most_bytes < 0:
            raise ValueError(f"{self.name}: most_bytes: 0 or more, not {self.most_bytes}")

    def to_dict(self) -> dict[str, Any]:
        """The engine as JSON; the day as ISO 8601."""
        return {**dataclasses.asdict(self), "sources": list(self.sources), "checked": self.checked.isoformat()}


@functools.cache
def engines() -> tuple[Engine, ...]:
    """The engines of engines.toml, in its order."""
    text = importlib.resources.files("verikit.keyframes").joinpath("engines.toml").read_text(encoding="utf-8")
    return tuple(Engine(**{**row, "sources": tuple(row["sources"])}) for row in tomllib.loads(text)["engine"])
