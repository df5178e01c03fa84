"""Whether dates and places of a file fit what is claimed, and whether its dates are a platform's.

Platforms write the time at which they processed a file: the latest at which the footage can have been made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.case.claims import span_of_date
from verikit.container.dates import dates_of
from verikit.container.examined import Examined, Strength, listed, told
from verikit.container.place_checks import COPIED, NO_PLACE, accuracy_of, metres, point_of
from verikit.geo import distance

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from verikit.container.dates import Dated
    from verikit.records import Finding

__all__ = ["CLAIM_CHECKS"]

# Kinds of dates that are the claim's own; and those that cannot be older than the footage.
CLAIMED = frozenset({"claimed", "posted"})
MADE = frozenset({"created", "platform", "signed"})
PLATFORMS = {
    "telegram-android": "Telegram: the time of sending",
    "telegram-android-parts": "Telegram: the time of sending",
    "twitter-vork": "X: the time of processing",
    "twitter-vireo": "Twitter: the time of processing",
    "twitter-2017": "Twitter: the time of processing",
    "whatsapp-gif": "WhatsApp: the time of sending",
    "google-transcode": "Google: the day of processing",
    "google-handler": "Google: perhaps the time of processing",
    "vimeo": "Vimeo: the time of processing",
    "bytedance-id": "TikTok: the time of processing or downloading",
    "ffmpeg-muxer": "FFmpeg copies the date of its source or writes none",
}


def check_platform_date(seen: Examined) -> Finding:
    """Whether the dates are those of a platform's processing. Limits: none of this tells when it was filmed."""
    meaning = sorted(
        {
            f"{PLATFORMS[name]} (trace {name})"
            for name in seen.trace_names
            if name in PLATFORMS and name != "ffmpeg-muxer"
        }
    )
    return told(
        "platform_date",
        Strength.TRACE,
        odd=f"The dates may be a platform's: {listed(meaning)}" if meaning and seen.facts.created else "",
        fine="No trace of a platform that writes dates of its own",
        absent="" if seen.facts.created else "The file gives no date",
        limits="A platform's date is the latest at which the footage can have been made, never the time of filming.",
    )


def check_claimed_date(seen: Examined) -> Finding:
    """Whether every date of the file allows what is claimed: recorded then, posted then. Limits: what a date means."""
    claimed = seen.claimed
    dated = [(one, span) for one in dates_of(seen) if one.kind not in CLAIMED and (span := _span(one.value))]
    odd = [(text, against) for one, span in dated for text, against in _apart(one, span, seen)]
    meaning = sorted({PLATFORMS[name] for name in seen.trace_names if name in PLATFORMS})
    first = listed([text for text, _ in sorted(odd, key=lambda row: not row[1])])
    return told(
        "claimed_date",
        Strength.CONTRADICTION if any(against for _, against in odd) else Strength.TRACE,
        odd=first + (f". What such dates mean here: {listed(meaning)}" if meaning else "") if odd else "",
        fine=f"Every date fits the claim ({listed([f'{one.value}, {one.kind}' for one, _ in dated])})",
        absent=""
        if dated and (claimed.posted or claimed.recorded)
        else "No claimed time was given, or the file has no date",
        limits="A date before the claimed event speaks against the claim if the clock was right; a later one may be that of an export, a platform or a copy, and bounds the making of this file, not the filming. Dates without a zone are given 14 hours of room.",
        measures={
            "claimed": claimed.to_dict(),
            "dates": [one.value for one, _ in dated],
            "rows": [one.to_dict() for one, _ in dated],
            "meaning": meaning,
        },
    )


def _apart(one: Dated, span: tuple[dt.datetime, dt.datetime], seen: Examined) -> Iterator[tuple[str, bool]]:
    """(what does not fit, whether it speaks against the claim) of one date.

    A header of a later day may be that of a copy. What cannot be is footage from before the event, or a recorder's own
    date of recording after the post; a file's name is given by anyone, and speaks against nothing.
    """
    claimed = seen.claimed
    said = f"{one.value} ({one.kind}, {one.basis}: {one.meaning})"
    if claimed.recorded:
        first, last = span_of_date(claimed.recorded, where="claimed: recorded")
        if span[1] < first:
            yield f"{said} lies before the claimed time ({claimed.recorded})", one.kind in MADE
        elif span[0] > last:
            yield f"{said} lies after the claimed time ({claimed.recorded})", _recorded(one, seen)
    if claimed.posted and span[0] > span_of_date(claimed.posted, where="claimed: posted")[1]:
        yield f"{said} lies after the post ({claimed.posted})", _recorded(one, seen)


def _recorded(one: Dated, seen: Examined) -> bool:
    """Whether this is the camera's own date of recording."""
    return seen.recorded is not None and one.kind == "created" and one.value == seen.recorded[0]


def _span(value: str) -> tuple[dt.datetime, dt.datetime] | None:
    try:
        return span_of_date(value, where="date")
    except (ValueError, OverflowError):
        return None


def check_claimed_place(seen: Examined, *, room: float = 5000.0) -> Finding:
    """How far the file's place lies from the claimed one. Limits: a forged or stale fix."""
    claimed, places = seen.claimed.place, seen.facts.locations
    accuracy = accuracy_of(seen)
    gaps = [distance(claimed, point_of(place)) for place in places] if claimed else []
    allowed = room + (accuracy or 0.0)
    nearest = min(gaps, default=0.0)
    sure = f", its accuracy is given as {metres(accuracy)}" if accuracy else ", without a word on its accuracy"
    return told(
        "claimed_place",
        Strength.CONTRADICTION,
        odd=f"The file's place lies {metres(nearest)} from the claimed one{sure}" if gaps and nearest > allowed else "",
        fine=f"The file's place lies {metres(nearest)} from the claimed one{sure}",
        absent="" if gaps else "No claimed place was given" if not claimed else NO_PLACE,
        limits=f"A place far off speaks against the claim if the tag is the camera's own; a near one does not prove it. {COPIED} What is a claimed place's extent, the analyst knows.",
        params={"room": room},
        measures={"metres": [round(gap, 1) for gap in gaps], "accuracy": accuracy},
    )


CLAIM_CHECKS = (check_claimed_date, check_claimed_place, check_platform_date)
