"""The facts that an analyst asks for first, from every reader, each value with all its origins.

Three readers look at a file: this package's own (with byte offsets), FFmpeg and MediaInfo. Equal values are joined and
keep all their origins; values that differ stand side by side. No reader is silently preferred, but for `make`, `model`
and `location`, which are one each: there the order of the keys in the table below decides.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Self

from verikit.container.credentials import Credentials
from verikit.container.times_places import parse_place, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from verikit.container.elements import Tag

__all__ = ["Created", "Facts", "Location", "Said", "collect_facts"]

# Which keys speak of which fact, best first. Own readers name boxes and keys; FFmpeg and MediaInfo have names of their
# own for the same fields. Apple: QuickTime File Format, metadata keys. Android: frameworks/av, MPEG4Writer.cpp.
KEYS: dict[str, tuple[str, ...]] = {
    "created": (
        "com[._]apple[._]quicktime[._]creationdate|DateTimeOriginal|DateTimeDigitized",
        "movie created|track created|media created",
        "creation_time",
        "CreationDate|CreateDate|TrackCreateDate|MediaCreateDate|ContentCreateDate",
        "GPS time(, first)?",
        "DateUTC|DATE_RECORDED|DATE_DIGITIZED|DATE_ENCODED",
        "Recorded_Date|Encoded_Date|Mastered_Date",
        "IDIT|ICRD",
        "©day|date|year|DateTime|OriginationDate",
        "xmp:CreateDate|photoshop:DateCreated|exif:DateTimeOriginal|xmpDM:shotDate",
    ),
    "modified": (
        "movie modified|track modified|media modified",
        "Tagged_Date",
        "LastUpdate|DATE_TAGGED|_STATISTICS_WRITING_DATE_UTC",
        "xmp:ModifyDate|xmp:MetadataDate|stEvt:when",
    ),
    "make": (
        "com[._]apple[._]quicktime[._]make",
        "com[._]android[._]manufacturer",
        "©mak|©MAK|manu|make|CAMERA_MAKER|com[._]samsung[._]android[._]make",
        "Encoded_Hardware_CompanyName|tiff:Make|IMAK",
    ),
    "model": (
        "com[._]apple[._]quicktime[._]model",
        "com[._]android[._]model",
        "©mod|©mdl|modl|model|MINF|CAMERA_MODEL",
        "Encoded_Hardware_Name|Encoded_Hardware_Model|tiff:Model",
        "device",
    ),
    "serial": ("SerialNumber|BodySerialNumber|CASN|©xsp|LENS|com[._]apple[._]proapps[._]serialno|aux:SerialNumber",),
    "software": (
        "com[._]apple[._]quicktime[._]software",
        "com[._]android[._]version",
        "©swr|©fmt|FIRM|FMWR|software|firmware|CNFV",
        "Encoded_OperatingSystem",
        "ISFT|xmp:CreatorTool|stEvt:softwareAgent",
    ),
    "encoder": (
        "©too|©enc|encoder|encoded_by|tool|ENCODER_SETTINGS",
        "MuxingApp|WritingApp|_STATISTICS_WRITING_APP",
        "ISFT|JUNK",
        "x264 note|x265 note",
        "compressor",
        "Encoded_Application|Encoded_Library|Encoded_By",
    ),
    "location": (
        "com[._]apple[._]quicktime[._]location[._]ISO6709",
        "©xyz|loci",
        "GPS position(, (first|last))?",
        "xyz|location|location-[a-z]{3}",
        "Recorded_Location",
    ),
    "handler": ("handler|handler_name",),
    "title": ("©nam|titl|title|INAM|Movie|com[._]apple[._]quicktime[._]title|dc:title|ti=|service_name",),
    "comment": (
        "©cmt|©des|desc|dscp|comment|description|ICMT|synopsis|©inf|com[._]apple[._]quicktime[._](comment|description)",
        "ImageDescription|dc:description",
    ),
    "author": (
        "©ART|©aut|auth|artist|author|IART|Artist|com[._]apple[._]quicktime[._](author|artist)|Performer|dc:creator",
    ),
    "copyright": ("©cpy|cprt|copyright|ICOP|Copyright|com[._]apple[._]quicktime[._]copyright|dc:rights",),
    "rotation": ("rotation|Rotation|rotate",),
    "hdr": (
        "HDR|Dolby Vision|mastering display|content light level|ambient viewing",
        "HDR_Format|MasteringDisplay_(ColorPrimaries|Luminance)|MaxCLL|MaxFALL",
    ),
    "timecode": ("timecode|TimeCode_FirstFrame|TimeCode|©TIM|xmpDM:timeValue",),
    "chapter": ("chapter",),
    "telemetry": ("telemetry track", "telemetry"),
    "documents": ("xmpMM:(DocumentID|InstanceID|OriginalDocumentID)|stRef:(filePath|documentID)|stRef:fromPart",),
}
PATTERNS = {fact: tuple(re.compile(key, re.IGNORECASE) for key in keys) for fact, keys in KEYS.items()}
MOST_ORIGINS = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One value of one fact and everywhere that it was read."""

    fact: str
    value: str
    origins: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON."""
        return {"fact": self.fact, "value": self.value, "origins": list(self.origins)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(fact=data["fact"], value=data["value"], origins=tuple(data["origins"]))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A time of creation in ISO 8601, its basis (`utc`, `local`, `unknown`), and everywhere that it was read.

    `utc` is what the format or the field claims; cameras exist that write local time there.
    """

    value: str
    basis: str
    origin: str

    def to_dict(self) -> dict[str, Any]:
        """The time as JSON."""
        return {"value": self.value, "basis": self.basis, "origin": self.origin}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(value=data["value"], basis=data["basis"], origin=data["origin"])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in degrees (WGS 84) with its altitude in metres or None, and everywhere that it was read."""

    latitude: float
    longitude: float
    altitude: float | None
    origin: str

    def to_dict(self) -> dict[str, Any]:
        """The place as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(
            latitude=data["latitude"], longitude=data["longitude"], altitude=data["altitude"], origin=data["origin"]
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the file says of when, where and with what it was made.

    `locations` are all places that differ, `location` the first of them; `said` holds every value of every fact
    (also modified, title, comment, handler, hdr, timecode, telemetry and so on) with all its origins.
    """

    created: tuple[Created, ...] = ()
    make: str | None = None
    model: str | None = None
    software: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    encoder: tuple[str, ...] = ()
    credentials: Credentials = dataclasses.field(default_factory=Credentials)
    said: tuple[Said, ...] = ()

    @property
    def location(self) -> Location | None:
        """The place from the best key, or None."""
        return self.locations[0] if self.locations else None

    def origins(self, fact: str, value: str) -> tuple[str, ...]:
        """Everywhere that `value` was read as `fact`."""
        return next((said.origins for said in self.said if (said.fact, said.value) == (fact, value)), ())

    def values(self, fact: str) -> tuple[str, ...]:
        """All values of `fact` as they were written, best key first."""
        return tuple(said.value for said in self.said if said.fact == fact)

    def to_dict(self) -> dict[str, Any]:
        """The facts as the contract's JSON."""
        return {
            "created": [created.to_dict() for created in self.created],
            "make": self.make,
            "model": self.model,
            "software": list(self.software),
            "location": self.location.to_dict() if self.location else None,
            "locations": [location.to_dict() for location in self.locations],
            "encoder": list(self.encoder),
            "credentials": self.credentials.to_dict(),
            "said": [said.to_dict() for said in self.said],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(
            created=tuple(Created.from_dict(item) for item in data["created"]),
            make=data["make"],
            model=data["model"],
            software=tuple(data["software"]),
            locations=tuple(Location.from_dict(item) for item in data["locations"]),
            encoder=tuple(data["encoder"]),
            credentials=Credentials.from_dict(data["credentials"]),
            said=tuple(Said.from_dict(item) for item in data["said"]),
        )


def collect_facts(tags: Iterable[Tag], *, credentials: Credentials) -> Facts:
    """The facts that `tags` tell, equal values joined with all their origins, differing values side by side."""
    said = _gather(tags)
    by_fact = {fact: [item for item in said if item.fact == fact] for fact in KEYS}
    return Facts(
        created=tuple(_times(by_fact["created"])),
        make=next((item.value for item in by_fact["make"]), None),
        model=next((item.value for item in by_fact["model"]), None),
        software=tuple(item.value for item in by_fact["software"]),
        locations=tuple(_places(by_fact["location"])),
        encoder=tuple(item.value for item in by_fact["encoder"]),
        credentials=credentials,
        said=said,
    )


def _gather(tags: Iterable[Tag]) -> tuple[Said, ...]:
    """Every (fact, value) once, with its origins; within a fact the best key first, then the order of the file."""
    found: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for tag in tags:
        for fact, patterns in PATTERNS.items():
            rank = next((i for i, pattern in enumerate(patterns) if pattern.fullmatch(tag.key)), None)
            if rank is None or not _speaks(fact, tag):
                continue
            for value in _values(fact, tag):
                before, origins = found.get((fact, value), (rank, []))
                if tag.origin not in origins and len(origins) < MOST_ORIGINS:
                    origins.append(tag.origin)
                found[fact, value] = (min(before, rank), origins)
    ordered = sorted(found.items(), key=lambda item: (list(KEYS).index(item[0][0]), item[1][0]))
    return tuple(Said(fact=fact, value=value, origins=tuple(origins)) for (fact, value), (_, origins) in ordered)


def _speaks(fact: str, tag: Tag) -> bool:
    """Whether this tag means what its key says. MediaInfo calls a track's handler its title."""
    if fact == "title":
        return not (tag.group.startswith("MediaInfo ") and tag.group != "MediaInfo General")
    return bool(tag.value)


def _values(fact: str, tag: Tag) -> Iterator[str]:
    """The values that one tag holds; MediaInfo joins several with a slash."""
    parts = tag.value.split(" / ") if tag.group.startswith("MediaInfo") else [tag.value]
    for part in parts:
        value = part.split(" - H.264")[0].split(" - H.265")[0] if tag.key.endswith(" note") else part
        if fact in {"created", "modified"}:
            # mkvmerge names the zone in the key.
            time = parse_time(f"{value}Z" if tag.key.endswith("_DATE_UTC") else value)
            if time is None:
                continue
            value = time[0]
        if value.strip():
            yield value.strip()


def _times(items: Iterable[Said]) -> Iterator[Created]:
    for item in items:
        time = parse_time(item.value)
        if time is not None:
            yield Created(value=time[0], basis=time[1], origin="; ".join(item.origins))


def _places(items: Iterable[Said]) -> Iterator[Location]:
    found: dict[tuple[float, float, float | None], list[str]] = {}
    for item in items:
        place = parse_place(item.value)
        if place is not None:
            found.setdefault(place, []).extend(item.origins)
    for (latitude, longitude, altitude), origins in found.items():
        yield Location(latitude=latitude, longitude=longitude, altitude=altitude, origin="; ".join(origins))
