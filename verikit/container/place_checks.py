"""Whether the places of a file can be true and fit each other."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from verikit.container.examined import Examined, Strength, listed, told
from verikit.geo import Point, distance

if TYPE_CHECKING:
    from verikit.container.facts import Location
    from verikit.records import Finding

__all__ = ["COPIED", "NO_PLACE", "PLACE_CHECKS", "accuracy_of", "metres", "point_of"]

NO_PLACE = "The file gives no place. Platforms strip it, so nothing follows"
COPIED = "A place is a tag that anyone can write; a receiver may keep an old fix."
# From below the Dead Sea's shore to above Everest, with room for aircraft below cruising height.
LOWEST, HIGHEST = -450.0, 13_000.0


def accuracy_of(seen: Examined) -> float | None:
    """Metres that the device gives as the accuracy of its place, or None."""
    text = seen.value("com.apple.quicktime.location.accuracy.horizontal")
    found = re.fullmatch(r"\d{1,7}(\.\d{1,9})?", text)
    return float(found[0]) if found else None


def metres(length: float) -> str:
    """A distance that people read."""
    return f"{length / 1000:,.1f} km" if length >= 1000 else f"{length:.0f} m"


def point_of(place: Location) -> Point:
    """The place without its altitude."""
    return Point(latitude=place.latitude, longitude=place.longitude)


def check_null_place(seen: Examined) -> Finding:
    """Whether a place is 0, 0, in the Gulf of Guinea. Limits: a receiver without a fix writes that."""
    found = [p for p in seen.facts.locations if abs(p.latitude) < 0.001 and abs(p.longitude) < 0.001]
    return told(
        "null_place",
        Strength.CONTEXT,
        odd="A place is 0, 0: a device without a fix, no place" if found else "",
        fine="No place is 0, 0",
        absent="" if seen.facts.locations else NO_PLACE,
        limits="0, 0 is what devices and programs write that do not know where they are. It is no place.",
        base_rate="1 of 112 public files",
    )


def check_places_agree(seen: Examined, *, tolerance: float = 1000.0) -> Finding:
    """Whether all places of the file lie together. Limits: a film from a moving car has many."""
    points = [point_of(place) for place in seen.facts.locations[:20]]
    widest = max((distance(a, b) for a, b in itertools.combinations(points, 2)), default=0.0)
    return told(
        "places_agree",
        Strength.CONTRADICTION,
        odd=f"The file gives places {metres(widest)} apart" if widest > tolerance else "",
        fine=f"All places lie within {metres(max(widest, 1.0))}",
        absent="" if len(points) > 1 else "Fewer than two different places",
        limits=f"Suggests tags of two sources, of which one was kept or added, or a receiver that moved. {COPIED}",
        params={"tolerance": tolerance},
        measures={"metres": round(widest, 1)},
    )


def check_place_accuracy(seen: Examined, *, coarse: float = 100.0) -> Finding:
    """Whether the device itself calls its place coarse. Limits: it estimates its own error."""
    accuracy = accuracy_of(seen)
    return told(
        "place_accuracy",
        Strength.CONTEXT,
        odd=f"The device gives its place to {metres(accuracy or 0)} only" if accuracy and accuracy > coarse else "",
        fine=f"The device gives its place to {metres(accuracy or 0)}",
        absent="" if accuracy is not None else "No accuracy of a place is given",
        limits="Coarse places come from mobile networks or Wi-Fi, or from a fix made earlier. The figure is the device's own estimate.",
        params={"coarse": coarse},
    )


def check_place_precision(seen: Examined) -> Finding:
    """Whether a place is written with fewer digits than receivers give. Limits: some programs round."""
    texts = seen.facts.values("location")
    coarse = [
        text for text in texts if (m := re.match(r"[+-]\d+(?:\.(\d+))?", text)) and len((m[1] or "").rstrip("0")) <= 2
    ]
    return told(
        "place_precision",
        Strength.CONTEXT,
        odd=f"A place is given to about a kilometre or coarser: {listed(coarse)}" if coarse else "",
        fine="Places are given to better than a kilometre",
        absent="" if texts else NO_PLACE,
        limits="Suggests rounding for privacy, a place written by hand, or a tag of a test. Trailing zeros may be chance.",
    )


def check_altitude(seen: Examined) -> Finding:
    """Whether the altitude can be that of a camera. Limits: receivers err by tens of metres, aircraft fly."""
    heights = [p.altitude for p in seen.facts.locations if p.altitude is not None]
    odd = [height for height in heights if not LOWEST <= height <= HIGHEST]
    return told(
        "altitude",
        Strength.CONTRADICTION,
        odd=f"An altitude is that of no camera: {odd[0]:g} m" if odd else "",
        fine="Altitudes are possible",
        absent="" if heights else "No altitude is given",
        limits="Suggests a damaged or invented tag. A possible altitude may still be wrong by tens of metres.",
        params={"lowest": LOWEST, "highest": HIGHEST},
    )


PLACE_CHECKS = (
    check_null_place,
    check_places_agree,
    check_place_accuracy,
    check_place_precision,
    check_altitude,
)
