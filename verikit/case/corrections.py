"""A package that takes the place of an earlier one: it names the earlier one's seal string and says why.

The earlier package stays as it is. Whoever has both is told of the other by either of them; that a package says that it
supersedes another is what it says: whose word that is, its signature tells.
"""

from __future__ import annotations

import dataclasses
import re
import zipfile
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain, sha256_bytes
from verikit.case.bag import (
    BAG_INFO,
    BAGIT,
    MANIFEST,
    MOST_TEXT,
    PAYLOAD,
    READ_FAULTS,
    SEAL_PREFIX,
    TAGMANIFEST,
    parse_info,
    parse_manifest,
    seal_string,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from verikit.case.journal import Entry

__all__ = ["SUPERSEDES", "Correction", "Related", "correction_of", "related_packages", "seal_of"]

SUPERSEDES, BECAUSE = "Verikit-Supersedes", "Verikit-Supersedes-Because"
_SEAL = re.compile(re.escape(SEAL_PREFIX) + "[0-9a-f]{64}", re.ASCII)
# Looking around must not cost more than looking.
MOST_NEIGHBOURS, MOST_LISTED = 50, 20_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """That a package takes the place of the one with this seal string, and why. Raises ValueError without either."""

    seal: str
    because: str

    def __post_init__(self) -> None:
        if not _SEAL.fullmatch(self.seal):
            raise ValueError(
                f"{plain(self.seal)[:100]!r}: not a seal string; one reads {SEAL_PREFIX} and 64 hex digits"
            )
        if not self.because.strip() or self.because != " ".join(self.because.split()):
            raise ValueError("supersedes: say why, on one line")

    def to_dict(self) -> dict[str, Any]:
        """The body of the journal's entry."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError or ValueError."""
        return cls(seal=data["seal"], because=data["because"])


def correction_of(entries: Iterable[Entry]) -> Mapping[str, Any] | None:
    """What the journal says last of the package that is superseded: `seal` and `because`; None where it says nothing."""
    found = [entry.body for entry in entries if entry.kind == "supersedes"]
    return found[-1] if found else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A package beside the one that was examined: its file, its seal string, "supersedes" or "superseded by", and why."""

    package: str
    seal: str
    relation: str
    because: str

    def to_dict(self) -> dict[str, Any]:
        """The package as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})

    def __str__(self) -> str:
        where = f"{self.package} ({self.seal})" if self.package else f"{self.seal}, which is not beside it"
        return plain(f"{self.relation} {where}: {self.because}")


def related_packages(path: Path, seal: str, correction: Mapping[str, Any] | None) -> tuple[Related, ...]:
    """The package that the one at `path` says it supersedes, and those in the same folder that say they supersede it."""
    said = str(correction.get("seal", "")) if correction else ""
    because = str(correction.get("because", "")) if correction else ""
    found = []
    there = ""
    for file, other, info in _neighbours(path):
        if other == said:
            there = file
        if seal and info.get(SUPERSEDES) == seal:
            found.append(Related(package=file, seal=other, relation="superseded by", because=info.get(BECAUSE, "")))
    if said:
        found.insert(0, Related(package=there, seal=said, relation="supersedes", because=because))
    return tuple(found)


def _neighbours(path: Path) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """The packages beside this one: file name, seal string, and what bag-info.txt says, if it is the sealed one."""
    around = sorted(one for one in path.resolve().parent.iterdir() if one.name != path.name)
    packages = [one for one in around if one.suffix.lower() == ".zip" or (one / TAGMANIFEST).is_file()]
    for one in packages[:MOST_NEIGHBOURS]:
        tags = _tags(one)
        if tags is None:
            continue
        tagmanifest, info = tags
        listed, problems = parse_manifest(tagmanifest, path=TAGMANIFEST)
        if not problems and listed.get(BAG_INFO) == sha256_bytes(info):
            yield one.name, seal_string(tagmanifest), parse_info(info)


def _tags(package: Path) -> tuple[bytes, bytes] | None:
    """The tagmanifest and bag-info.txt of a package; None for what is none."""
    try:
        if package.is_dir():
            with (package / TAGMANIFEST).open("rb") as one, (package / BAG_INFO).open("rb") as other:
                return one.read(MOST_TEXT), other.read(MOST_TEXT)
        with package.open("rb") as stream:
            # The first member of a package lies at its start. What is none is not looked into: it may be of any size.
            start = stream.read(200)
            length = int.from_bytes(start[26:28], "little")
            first = start[30 : 30 + length].decode("utf-8", "replace")
            if start[:4] != b"PK\3\4" or not first.startswith((BAG_INFO, BAGIT, PAYLOAD, TAGMANIFEST, MANIFEST)):
                return None
        with zipfile.ZipFile(package) as archive:
            if len(archive.filelist) > MOST_LISTED:
                return None
            read = []
            for name in (TAGMANIFEST, BAG_INFO):
                with archive.open(name) as stream:
                    read.append(stream.read(MOST_TEXT))
            return read[0], read[1]
    except (*READ_FAULTS, KeyError):
        # Whatever lies beside a package may be anything.
        return None


def seal_of(given: str, package: Path) -> str:
    """The seal string that is given as itself or as a package that has it. Raises ValueError where it is neither."""
    if _SEAL.fullmatch(given.strip()):
        return given.strip()
    tags = _tags(package) if package.exists() else None
    if tags is None:
        raise ValueError(f"{plain(given)[:200]}: neither a seal string nor a package")
    return seal_string(tags[0])
