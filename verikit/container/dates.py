"""All dates that a file and its claim give, each with its basis and with what such a date means."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Self

from verikit.container.times_places import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from verikit.container.claimed import Claimed
    from verikit.container.description import Container
    from verikit.container.elements import Tag
    from verikit.container.examined import Examined
    from verikit.container.facts import Facts

__all__ = ["Dated", "dates_of", "moment_of"]

# What a date means, by where it stands; the first that fits.
MEANINGS = (
    (r".*©day.*", "a camera's or a program's word for the recording, the upload or the release"),
    (
        r"(moov/)?(udta/)?meta/.*|.*com[._]apple[._]quicktime[._]creationdate",
        "the camera's or an app's word for the recording",
    ),
    (r".*AVCHD camera block.*|.*Exif.*|.*NonRealTimeMeta.*", "the camera's clock"),
    (r".*samples@.*", "from telemetry: the satellites' time"),
    (r"moov/mvhd.*", "header: when this file was begun, by the program that wrote it"),
    (r"moov/trak.*", "track header: when this track was begun, by the program that wrote it"),
    (r"Segment/.*", "Matroska header: when this file was written"),
    (r".*XMP.*|.*uuid.*", "an editing program's word"),
    (r".*INFO.*|.*IDIT.*|.*hdrl.*", "the camera's or recorder's clock"),
    (r"FFmpeg.*|MediaInfo.*|ExifTool.*", "as this reader has it"),
)
NAME_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
GOOGLE = re.compile(r"Created on: (\d\d)/(\d\d)/(\d{4})")
MOST = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """One date: its kind, ISO 8601 value, basis (`utc`, `local`, `unknown`), what it means, and where it was read."""

    kind: str
    value: str
    basis: str
    meaning: str
    origin: str

    def to_dict(self) -> dict[str, Any]:
        """The date as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})


def dates_of(seen: Container | Examined) -> tuple[Dated, ...]:
    """Every date of the file, its name, its credentials and the claim, the earliest first; at most 60.

    Dates are ordered by the moment that they tell. Those without a zone stand as if they were UTC; their basis says that
    they are not known to be.
    """
    found = [*_of_facts(seen.facts), *_of_platform(seen.tags), *_of_credentials(seen.facts), *_of_claim(seen.claimed)]
    named = NAME_DATE.search(seen.name)
    if named:
        meaning = "from the file's name, which anyone can give; messengers take the day of sending or saving"
        day = "-".join(named.groups())
        found.append(Dated(kind="file name", value=day, basis="unknown", meaning=meaning, origin=seen.name))
    return tuple(sorted(found, key=lambda one: (_order(one.value), one.kind))[:MOST])


def moment_of(value: str) -> dt.datetime | None:
    """A date of any precision as the moment in UTC at which it begins; None where no calendar holds it."""
    full = value + {4: "-01-01", 7: "-01"}.get(len(value), "") if re.fullmatch(r"\d{4}(-\d\d)?", value) else value
    try:
        moment = dt.datetime.fromisoformat(full)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _order(value: str) -> tuple[float, str]:
    """Where a date stands among others; at the edges of the calendar, by its digits."""
    moment = moment_of(value)
    return (moment.timestamp() if moment else float("-inf"), value)


def _of_facts(facts: Facts) -> Iterator[Dated]:
    for created in facts.created:
        yield Dated(
            kind="created",
            value=created.value,
            basis=created.basis,
            meaning=_meaning(created.origin),
            origin=created.origin,
        )
    known = {created.value for created in facts.created}
    for value in facts.values("modified"):
        read = parse_time(value)
        if read is not None and read[0] not in known:
            origin = "; ".join(facts.origins("modified", value))
            yield Dated(
                kind="modified",
                value=read[0],
                basis=read[1],
                meaning="when a program last changed header or tags",
                origin=origin,
            )


def _meaning(origin: str) -> str:
    for place in origin.split("; "):
        for pattern, meaning in MEANINGS[:-1]:
            if re.fullmatch(pattern, place):
                return meaning
    return MEANINGS[-1][1]


def _of_platform(tags: Sequence[Tag]) -> Iterator[Dated]:
    for tag in tags:
        found = GOOGLE.search(tag.value) if tag.key in {"handler", "handler_name"} else None
        if found:
            yield Dated(
                kind="platform",
                value=f"{found[3]}-{found[1]}-{found[2]}",
                basis="unknown",
                meaning="the day on which Google's servers processed the file",
                origin=tag.origin,
            )
            return


def _of_credentials(facts: Facts) -> Iterator[Dated]:
    credentials = facts.credentials
    for manifest in credentials.manifests:
        read = parse_time(manifest.signed)
        if read is not None:
            meaning = f"a time stamp: Content Credentials of {manifest.signer or 'unnamed'} were signed"
            origin = f"{credentials.origin} {manifest.label}"
            yield Dated(kind="signed", value=read[0], basis=read[1], meaning=meaning, origin=origin)


def _of_claim(claimed: Claimed) -> Iterator[Dated]:
    for kind, value, meaning in (
        ("claimed", claimed.recorded, "when the video is said to have been recorded"),
        ("posted", claimed.posted, "when the post was published"),
    ):
        if value:
            zoned = bool(re.search(r"T.*(Z|[+-]\d\d:\d\d)$", value))
            basis = "utc" if value.endswith("Z") else "local" if zoned else "unknown"
            yield Dated(kind=kind, value=value, basis=basis, meaning=meaning, origin="the claim")
