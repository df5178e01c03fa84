"""What is claimed of a video in a form that can be held against its file: when it was recorded or posted, and where."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit.case.claims import span_of_date
from verikit.geo import Point

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Claimed"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """When a video is said to have been recorded, when it was posted, and where it is said to be from.

    Dates are ISO 8601, as precise as they are known ("2024-11", "2024-11-03T10:15+02:00"); unknown is empty or None.
    Raises ValueError for a date that is none.
    """

    recorded: str = ""
    posted: str = ""
    place: Point | None = None

    def __post_init__(self) -> None:
        for name in ("recorded", "posted"):
            if getattr(self, name):
                span_of_date(getattr(self, name), where=f"claimed: {name}")

    def to_dict(self) -> dict[str, Any]:
        """The claim as JSON."""
        place = self.place.to_dict() if self.place else None
        return {"recorded": self.recorded, "posted": self.posted, "place": place}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        place = Point.from_dict(data["place"]) if data["place"] else None
        return cls(recorded=data["recorded"], posted=data["posted"], place=place)
