"""Places on the earth: reading one, the distance between two, and which clock is set there."""

from __future__ import annotations

import dataclasses
import math
import re
import zoneinfo
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

__all__ = ["Point", "distance", "offset_at", "read_point", "zone_at"]

# Mean radius of WGS 84 in metres: the great circle on a ball is right to 0.6 % of the distance.
RADIUS = 6_371_008.8
POINT = re.compile(r"\s*([+-]?\d{1,2}(?:\.\d{1,10})?)\s*[,;\s]\s*([+-]?\d{1,3}(?:\.\d{1,10})?)\s*", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place in degrees (WGS 84). Raises ValueError for what is no place."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (abs(self.latitude) <= 90 and abs(self.longitude) <= 180):
            raise ValueError(f"place: latitude within 90 and longitude within 180 degrees, not {self}")

    def to_dict(self) -> dict[str, Any]:
        """The place as JSON."""
        return {"latitude": self.latitude, "longitude": self.longitude}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(latitude=data["latitude"], longitude=data["longitude"])

    def __str__(self) -> str:
        return f"{self.latitude:.5f}, {self.longitude:.5f}"


def read_point(text: str) -> Point:
    """The place that "latitude, longitude" in decimal degrees names. Raises ValueError for anything else."""
    found = POINT.fullmatch(text)
    if not found:
        raise ValueError(f"place: decimal degrees such as 51.5335,-0.1261, not {text[:40]!r}")
    return Point(latitude=float(found[1]), longitude=float(found[2]))


def distance(one: Point, other: Point) -> float:
    """Metres along the great circle from one place to the other, right to 0.6 % (haversine formula)."""
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    part = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * RADIUS * math.asin(min(1.0, math.sqrt(part)))


def zone_at(place: Point) -> str | None:
    """The name of the time zone at a place, such as Europe/London, from the map that tzfpy brings; None where none is.

    Simplified borders: within some hundred metres of one it may name the neighbour. Source: timezone-boundary-builder.
    """
    import tzfpy  # noqa: PLC0415 - its map takes 0.2 s to unpack, and few files have a place

    return tzfpy.get_tz(place.longitude, place.latitude) or None


def offset_at(place: Point, moment: dt.datetime) -> float | None:
    """Hours that clocks at a place are ahead of UTC at a moment (with its zone); None where no zone is known."""
    name = zone_at(place)
    try:
        zone = zoneinfo.ZoneInfo(name) if name else None
        offset = moment.astimezone(zone).utcoffset() if zone else None
    except (zoneinfo.ZoneInfoNotFoundError, OverflowError):
        return None
    return None if offset is None else offset.total_seconds() / 3600
