"""Whether dates and places of a file fit what is claimed, and whether its dates are a platform's.

Platforms write the time at which they processed a file: the latest at which the footage can have been made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verikit.case.claims import span_of_date
from verikit.container.examined import Examined, Strength, listed, told
from verikit.container.place_checks import COPIED, NO_PLACE, accuracy_of, metres, point_of
from verikit.geo import distance

if TYPE_CHECKING:
    import datetime as dt

    from verikit.records import Finding

__all__ = ["CLAIM_CHECKS"]

PLATFORMS = {
    "telegram-android": "Telegram: the time of sending",
    "telegram-android-parts": "Telegram: the time of sending",
    "twitter-vork": "X: the time of processing",
    "twitter-vireo": "Twitter: the time of processing",
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
    """Whether the file's dates allow what is claimed: recorded then, posted then. Limits: what a date means."""
    claimed = seen.claimed
    rows = [(c.value, _moment(c.value), c.basis) for c in seen.facts.created]
    dated = [(text, moment, basis) for text, moment, basis in rows if moment is not None]
    odd = []
    if claimed.posted and dated:
        last = span_of_date(claimed.posted, where="claimed: posted")[1]
        odd += [
            f"{text} ({basis}) lies after the post ({claimed.posted})"
            for text, moment, basis in dated
            if moment[0] > last
        ]
    if claimed.recorded and dated:
        first, last = span_of_date(claimed.recorded, where="claimed: recorded")
        odd += [
            f"{text} ({basis}) lies {'before' if moment[1] < first else 'after'} the claimed time ({claimed.recorded})"
            for text, moment, basis in dated
            if moment[1] < first or moment[0] > last
        ]
    # A header of a later day may be that of a copy; what cannot be is footage from before the event, or a recorder's own
    # date of recording after the post.
    own = {seen.recorded[0]} if seen.recorded else set()
    against = any(" lies before the claimed" in text or text.split(" ", 1)[0] in own for text in odd)
    meaning = sorted({PLATFORMS[name] for name in seen.trace_names if name in PLATFORMS})
    return told(
        "claimed_date",
        Strength.CONTRADICTION if against else Strength.TRACE,
        odd=listed(odd) + (f". What such dates mean here: {listed(meaning)}" if meaning else "") if odd else "",
        fine=f"Every date fits the claim ({listed([text for text, _, _ in dated])})",
        absent=""
        if dated and (claimed.posted or claimed.recorded)
        else "No claimed time was given, or the file has no date",
        limits="A date before the claimed event speaks against the claim if the clock was right; a later one may be that of an export, a platform or a copy, and bounds the making of this file, not the filming. Dates without a zone are given 14 hours of room.",
        measures={"claimed": claimed.to_dict(), "dates": [text for text, _, _ in dated], "meaning": meaning},
    )


def _moment(value: str) -> tuple[dt.datetime, dt.datetime] | None:
    try:
        first, last = span_of_date(value, where="date")
    except (ValueError, OverflowError):
        return None
    return first, last


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
