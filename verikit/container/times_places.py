"""Times and places as files write them, read into one form each.

A time keeps what the file says of its zone: `utc`, `local` (wall clock, with the offset where one is given) or
`unknown`. Nothing is converted: a wrong assumption about a zone moves an event by hours.
"""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["parse_place", "parse_time"]

NUMERIC = re.compile(
    r"(\d{4})[-:/](\d{2})[-:/](\d{2})"
    r"(?:[T ]+(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?"
    r"\s*(Z|UTC|[+-](?:0\d|1[0-4]):?[0-5]\d)?",
    re.ASCII,
)
# "MON MAR 10 14:05:33 2008", as cameras and VirtualDub write IDIT.
SPOKEN = re.compile(r"(?:[A-Za-z]{3}\s+)?([A-Za-z]{3})\s+(\d{1,2})\s+(\d{2}):(\d{2}):(\d{2})\s+(\d{4})", re.ASCII)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

# ISO 6709: latitude, longitude and altitude run together, each with its sign. Whole degrees may carry minutes and
# seconds: +DD.D, +DDMM.M, +DDMMSS.S and +DDD.D, +DDDMM.M, +DDDMMSS.S.
PLACE = re.compile(r"([+-])(\d{1,6})(\.\d{1,12})?([+-])(\d{1,7})(\.\d{1,12})?([+-]\d{1,6}(?:\.\d{1,9})?)?", re.ASCII)


def parse_time(text: str) -> tuple[str, str] | None:
    """A time as ISO 8601 and its basis (`utc`, `local` or `unknown`), or None where the text is no full date.

    A year alone is no time: it is mostly the year of a song.
    """
    kept = text.strip().removeprefix("UTC ")
    found = NUMERIC.fullmatch(kept)
    if found:
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        return _written(
            (int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)),
            fraction=(fraction or "").rstrip("0").rstrip("."),
            zone=(zone or ("UTC" if text.strip().startswith("UTC ") else "")),
            dated_only=hour is None,
        )
    spoken = SPOKEN.fullmatch(kept)
    if spoken and spoken[1].lower() in MONTHS:
        month_number = MONTHS.index(spoken[1].lower()) + 1
        parts = (int(spoken[6]), month_number, int(spoken[2]), int(spoken[3]), int(spoken[4]), int(spoken[5]))
        return _written(parts, fraction="", zone="", dated_only=False)
    return None


def _written(
    parts: tuple[int, int, int, int, int, int], *, fraction: str, zone: str, dated_only: bool
) -> tuple[str, str] | None:
    try:
        moment = dt.datetime(*parts)  # noqa: DTZ001 - only asks whether the calendar has it; no zone is assumed
    except ValueError:
        return None
    if dated_only:
        return moment.date().isoformat(), "unknown"
    value = moment.isoformat(timespec="seconds") + fraction
    if zone in {"Z", "UTC"}:
        return value + "Z", "utc"
    if zone:
        return f"{value}{zone[:3]}:{zone[-2:]}", "local"
    return value, "unknown"


def parse_place(text: str) -> tuple[float, float, float | None] | None:
    """Latitude and longitude in degrees and altitude in metres (or None) of an ISO 6709 text; None where it is none.

    Out-of-range degrees, minutes or seconds make it none.
    """
    found = PLACE.match(text.strip())
    if not found:
        return None
    latitude = _degrees(found[1], found[2], found[3] or "", widest=2)
    longitude = _degrees(found[4], found[5], found[6] or "", widest=3)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return latitude, longitude, float(found[7]) if found[7] else None


def _degrees(sign: str, whole: str, fraction: str, *, widest: int) -> float | None:
    """Degrees from DD, DDMM or DDMMSS digits (one more for longitude), the fraction belonging to the last of them."""
    if len(whole) <= widest:
        value = float(whole + fraction)
    else:
        degrees, rest = whole[:widest], whole[widest:]
        if len(rest) not in {2, 4}:
            return None
        minutes = float(rest[:2] + (fraction if len(rest) == 2 else ""))
        seconds = float(rest[2:] + fraction) if len(rest) == 4 else 0.0
        if minutes >= 60 or seconds >= 60:
            return None
        value = int(degrees) + minutes / 60 + seconds / 3600
    return -value if sign == "-" else value
