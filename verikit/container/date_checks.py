"""Whether the dates of a file can be true and fit each other.

A date in a file is a statement of the program that wrote it, about the clock that it had.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from verikit.container.examined import Examined, Strength, listed, long_time, told
from verikit.container.movie import EPOCH, movie_time
from verikit.geo import Point, offset_at, zone_at

if TYPE_CHECKING:
    from verikit.records import Finding

__all__ = ["DATE_CHECKS"]

ANY_PROGRAM = "Any program can write any date; a clock may be wrong."
# First releases. FFmpeg: its release notes; Apple and Android: the makers' announcements.
LAVF = {54: "2012-01-01", 55: "2013-03-01", 56: "2014-09-01", 57: "2015-11-01", 58: "2018-04-01", 59: "2022-01-01",
        60: "2023-02-01", 61: "2024-04-01", 62: "2025-08-01"}  # fmt: skip
IOS = {8: "2014-09-17", 9: "2015-09-16", 10: "2016-09-13", 11: "2017-09-19", 12: "2018-09-17", 13: "2019-09-19",
       14: "2020-09-16", 15: "2021-09-20", 16: "2022-09-12", 17: "2023-09-18", 18: "2024-09-16", 26: "2025-09-15"}  # fmt: skip
ANDROID = {5: "2014-11-12", 6: "2015-10-05", 7: "2016-08-22", 8: "2017-08-21", 9: "2018-08-06", 10: "2019-09-03",
           11: "2020-09-08", 12: "2021-10-04", 13: "2022-08-15", 14: "2023-10-04", 15: "2024-10-15", 16: "2025-06-10"}  # fmt: skip
# Betas of a system are out for some months before it is.
BETA = dt.timedelta(days=150)
DEFAULT_CLOCKS = (
    "1970-01-01",
    "1980-01-01",
    "1980-01-06",
    "1999-12-31",
    "2000-01-01",
    "2001-01-01",
    "2015-01-01",
    "2016-01-01",
)
NAME_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


def check_header_time_unset(seen: Examined) -> Finding:
    """Whether the movie header gives any time. Limits: web and platform encoders set none."""
    unset = seen.is_movie and not seen.movie.created
    return told(
        "header_time_unset",
        Strength.CONTEXT,
        odd="The movie header gives no time of creation. Stripped or never set: nothing follows" if unset else "",
        fine="The movie header gives a time of creation",
        absent="" if seen.is_movie else "No movie header of MP4 or QuickTime",
        limits="Suggests an encoder or platform that sets no time, such as FFmpeg on the web. It proves no manipulation.",
        base_rate="29 of 89 public MP4 and QuickTime files",
    )


def check_modified_later(seen: Examined) -> Finding:
    """Whether the header was modified long after it was created. Limits: recording itself takes time."""
    created, modified, length = seen.movie.created or 0, seen.movie.modified or 0, seen.movie.duration or 0.0
    both = bool(created and modified)
    apart = modified - created if both else 0
    late = apart > 60 + length
    return told(
        "modified_later",
        Strength.TRACE,
        odd=f"The header was written anew {long_time(apart)} after the time of creation" if late else "",
        fine=f"The header was closed {long_time(max(apart, 0))} after it was begun",
        absent="" if both else "The movie header does not give both times",
        limits="Suggests a later edit of the tags or the file; a recorder that was paused does the same. It does not tell what was changed.",
        base_rate="differ by 2 to 8 s in 12 of 89 public files, in none by more",
        measures={"seconds": apart if both else None, "length": length},
    )


def check_modified_before_created(seen: Examined) -> Finding:
    """Whether the header claims to have been changed before it was made. Limits: two clocks, or a hand."""
    created, modified = seen.movie.created or 0, seen.movie.modified or 0
    both = bool(created and modified)
    early = both and modified < created - 1
    return told(
        "modified_before_created",
        Strength.CONTRADICTION,
        odd=f"The header says that it was modified {long_time(created - modified)} before it was created"
        if early
        else "",
        fine="The header was not modified before it was created",
        absent="" if both else "The movie header does not give both times",
        limits=f"Suggests that one of the two was written by another clock or by hand. {ANY_PROGRAM}",
    )


def check_track_times(seen: Examined, *, tolerance: int = 1) -> Finding:
    """Whether tracks were begun at the time of the movie. Limits: some recorders open the movie last."""
    created = seen.movie.created or 0
    tracks = [(t.id, t.created[0]) for t in seen.movie.tracks if t.created[0]]
    apart = [(number, time - created) for number, time in tracks if created and abs(time - created) > tolerance]
    told_of = listed([f"track {number} {long_time(gap)}" for number, gap in apart])
    return told(
        "track_times",
        Strength.TRACE,
        odd=f"Tracks were begun at another time than the movie: {told_of}" if apart else "",
        fine="All tracks with a time have that of the movie",
        absent="" if created and tracks else "Movie and tracks do not both give a time",
        limits="A track some seconds earlier suggests that the file was encoded in that time and dated at the end, as Telegram does; long differences suggest tracks from other files.",
        base_rate="4 of 89 public files, 3 of them from Telegram",
        params={"tolerance": tolerance},
        measures={"apart": [list(pair) for pair in apart[:20]]},
    )


def check_recorded_and_header(seen: Examined, *, tolerance: float = 60.0) -> Finding:
    """Whether the camera's date of recording and the header's time tell one moment. Limits: exports come later."""
    recorded, header = seen.recorded, seen.header
    gap = (header[1] - recorded[1]).total_seconds() if recorded and header else 0.0
    later = f"The header was written {long_time(gap)} after the date of recording ({recorded[0]})" if recorded else ""
    earlier = f"The header is {long_time(-gap)} older than the date of recording" if recorded else ""
    return told(
        "recorded_and_header",
        Strength.CONTRADICTION if gap < -tolerance else Strength.TRACE,
        odd=later if gap > tolerance else earlier if gap < -tolerance else "",
        fine="The header was written within a minute of the date of recording",
        absent="" if recorded and header else "Not both a date of recording with a zone and a time in the header",
        limits="A later header suggests that the file was trimmed, edited or exported after the recording; it does not tell by whom, or what was changed. A time in local clock looks like whole hours.",
        base_rate="1 s in an untouched iPhone file; 404 s and 327 days in two exports",
        params={"tolerance": tolerance},
        measures={"seconds": gap if recorded and header else None},
    )


def check_whole_hours(seen: Examined) -> Finding:
    """Whether two times differ by whole hours, as local time taken for UTC does. Limits: chance."""
    header = seen.header
    others = [*seen.moments("GPS time, first", "GPS time", "com.apple.quicktime.creationdate", "DateTimeOriginal")]
    found = []
    for text, moment, _ in others:
        gap = (header[1] - moment).total_seconds() if header else 0.0
        nearest = round(gap / 900) * 900
        if nearest and abs(nearest) <= 14 * 3600 and abs(gap - nearest) <= 30:
            found.append((text, nearest / 3600))
    return told(
        "whole_hours",
        Strength.TRACE,
        odd=f"The header differs by whole quarters of an hour from another time ({listed([f'{h:+g} h from {t}' for t, h in found])}): it seems to hold local time where UTC belongs"
        if found
        else "",
        fine="No two times differ by whole hours",
        absent="" if header and others else "No second time with a zone beside the header's",
        limits="Suggests a camera that writes local time, as GoPro and many cheap cameras do: take the header's time as local. Whole hours may be chance.",
        measures={"hours": [hours for _, hours in found]},
    )


def check_satellite_time(seen: Examined, *, tolerance: float = 120.0) -> Finding:
    """Whether the satellites' time fits the header's, zones aside. Limits: the camera's clock may be wrong."""
    header, space = seen.header, next(seen.moments("GPS time, first", "GPS time"), None)
    gap = (header[1] - space[1]).total_seconds() if header and space else 0.0
    rest = abs(gap - round(gap / 900) * 900) if abs(gap) <= 14 * 3600 + 60 else abs(gap)
    odd = rest > tolerance
    return told(
        "satellite_time",
        Strength.CONTRADICTION,
        odd=f"The satellites' time and the header's differ by {long_time(gap)}, which no zone explains" if odd else "",
        fine=f"The satellites' time fits the header's to {long_time(rest)}, whole zones aside",
        absent="" if header and space else "No time from satellites in the file",
        limits="Suggests that the camera's clock was wrong or a tag was changed. The satellites' time is the better witness, as long as telemetry was not replaced.",
        params={"tolerance": tolerance},
        measures={"seconds": gap if header and space else None},
    )


def check_zone_and_place(seen: Examined) -> Finding:
    """Whether the clock's offset from UTC is the one in force at the place that the file gives. Limits: travel."""
    recorded, place = seen.recorded, seen.location
    absent = "" if recorded and place else "Not both a date of recording with an offset and a place"
    offset = recorded[1].utcoffset() if recorded else None
    here = None
    zone = ""
    if recorded and place and offset is not None:
        if not recorded[0].endswith(("+00:00", "Z")):
            point = Point(latitude=place.latitude, longitude=place.longitude)
            zone, here = zone_at(point) or "", offset_at(point, recorded[1])
        absent = "" if here is not None else "The clock counts in UTC, or no zone is known for the place"
    own = offset.total_seconds() / 3600 if offset is not None else 0.0
    apart = here is not None and abs(own - here) > 0.01
    return told(
        "zone_and_place",
        Strength.CONTRADICTION,
        odd=f"The camera's clock was {own:+g} h from UTC, at the place in the file ({zone}) clocks are {here:+g} h"
        if apart
        else "",
        fine=f"The camera's clock has the offset of the place in the file ({zone}, {own:+g} h)",
        absent=absent,
        limits="A difference suggests that the place or the time was written elsewhere, or a camera that kept its home zone on a journey or near a border. Agreement proves neither place nor time.",
        measures={"clock_hours": own if recorded else None, "place_hours": here, "zone": zone or None},
    )


def check_default_clock(seen: Examined) -> Finding:
    """Whether a date is one that clocks start with. Limits: some things do happen on New Year's Day."""
    found = sorted({c.value for c in seen.facts.created if c.value[:10] in DEFAULT_CLOCKS})
    return told(
        "default_clock",
        Strength.CONTEXT,
        odd=f"A date is one that unset clocks show: {listed(found)}" if found else "",
        fine="No date is one that unset clocks show",
        absent="" if seen.facts.created else "The file gives no date",
        limits="Suggests a clock that was never set, so that only differences between its dates mean something.",
    )


def check_date_in_name(seen: Examined) -> Finding:
    """Whether a date in the file's name is among the dates in the file. Limits: names are given by anyone."""
    found = NAME_DATE.search(seen.name)
    named = "-".join(found.groups()) if found else ""
    days = sorted({c.value[:10] for c in seen.facts.created})
    near = (
        {str(dt.date.fromisoformat(day) + dt.timedelta(days=n)) for day in days for n in (-1, 0, 1)}
        if _dates(days)
        else set(days)
    )
    return told(
        "date_in_name",
        Strength.CONTEXT,
        odd=f"The name says {named}, the file {listed(days)}" if named and days and named not in near else "",
        fine=f"The date in the name ({named}) is among the file's dates, to a day",
        absent="" if named and days else "Not both a date in the name and one in the file",
        limits="Messengers name files by the day of sending or saving, cameras by that of recording, and anyone can rename a file.",
        measures={"name": named or None, "file": days},
    )


def _dates(days: list[str]) -> bool:
    try:
        return all(dt.date(2, 1, 1) < dt.date.fromisoformat(day) < dt.date(9998, 1, 1) for day in days)
    except ValueError:
        return False


def check_encoder_newer(seen: Examined) -> Finding:
    """Whether the encoder is newer than the dates. Limits: a date that is copied from an older file."""
    versions = [int(m[1]) for text in seen.facts.encoder if (m := re.match(r"Lavf(\d{2})\.", text))]
    release = LAVF.get(max(versions)) if versions else None
    latest = max((c.value for c in seen.facts.created if c.basis != "unknown"), default="")
    newer = bool(release and latest and latest[:10] < release)
    return told(
        "encoder_newer",
        Strength.TRACE,
        odd=f"The file was written by FFmpeg's library {max(versions)}, of {str(release)[:7]} or later; its latest date of creation is {latest[:10]}"
        if newer
        else "",
        fine="The encoder is no newer than the dates",
        absent="" if release and latest else "No encoder whose release is known beside a date",
        limits="Suggests that the file was written again later and the date of its source copied. It does not tell what else was changed.",
        measures={"release": release, "latest": latest or None},
    )


def check_system_newer(seen: Examined) -> Finding:
    """Whether a phone's system was out when the file says that it was recorded. Limits: betas, wrong clocks."""
    release, name = None, ""
    for key, table, word in (
        ("com.apple.quicktime.software", IOS, "iOS"),
        ("com.android.version", ANDROID, "Android"),
    ):
        found = re.match(r"(\d{1,2})(?:\.\d|$)", seen.value(key))
        # Macs write "macOS 14.6.1", which the expression above leaves out.
        if found and int(found[1]) in table:
            release, name = dt.date.fromisoformat(table[int(found[1])]), f"{word} {found[1]}"
    first = min((c.value[:10] for c in seen.facts.created if c.basis != "unknown"), default="")
    early = bool(release and first and _dates([first]) and dt.date.fromisoformat(first) < release - BETA)
    return told(
        "system_newer",
        Strength.CONTRADICTION,
        odd=f"{name} came out on {release}, and the file gives {first} as a date of creation" if early else "",
        fine=f"{name} was out at the dates that the file gives",
        absent="" if release and first else "No system whose release is known beside a date",
        limits=f"Suggests a wrong clock, or a date or a system's name written by hand. {ANY_PROGRAM}",
        params={"beta_days": BETA.days},
    )


def check_epoch_of_tracks(seen: Examined) -> Finding:
    """Whether a track's time lies far from the movie's, as when tracks of several files were joined. Limits: wrong clocks."""
    times = [t.created[1] for t in seen.movie.tracks if t.created[1]]
    gap = max(times) - min(times) if len(times) > 1 else 0
    told_of = f"{movie_time(min(times))} to {movie_time(max(times))}" if times else ""
    return told(
        "media_times",
        Strength.TRACE,
        odd=f"The media of the tracks were begun {long_time(gap)} apart ({told_of})" if gap > 60 else "",
        fine="The media of all tracks were begun within a minute",
        absent="" if len(times) > 1 else "Fewer than two tracks give a time of their media",
        limits="Suggests that pictures, sound or subtitles come from different files. It does not tell which is older footage.",
        measures={"seconds": gap, "epoch": EPOCH.isoformat()},
    )


DATE_CHECKS = (
    check_header_time_unset,
    check_modified_later,
    check_modified_before_created,
    check_track_times,
    check_epoch_of_tracks,
    check_recorded_and_header,
    check_whole_hours,
    check_satellite_time,
    check_zone_and_place,
    check_default_clock,
    check_date_in_name,
    check_encoder_newer,
    check_system_newer,
)
