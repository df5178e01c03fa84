"""A package that takes the place of an earlier one: it names the earlier one's seal string and says why.

The earlier package stays as it is. Whoever has both is told of the other by either of them. That a package supersedes
another is what it says itself: anyone can write it. Whose word it is, its signature tells, which is held against the key
that the reader trusts, where one was given.
"""

from __future__ import annotations

import dataclasses
import re
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
    SIGNATURE,
    TAGMANIFEST,
    parse_info,
    parse_manifest,
    read_member,
    seal_string,
)
from verikit.case.signing import check_signature
from verikit.case.zips import open_zip
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from verikit.case.journal import Entry

__all__ = ["SUPERSEDES", "Correction", "Related", "correction_of", "related_packages", "seal_of", "sealed_as"]

SUPERSEDES, BECAUSE = "Verikit-Supersedes", "Verikit-Supersedes-Because"
_SEAL = re.compile(re.escape(SEAL_PREFIX) + "[0-9a-f]{64}", re.ASCII)
# Looking around must not cost more than looking.
MOST_NEIGHBOURS = 50


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
    """A package beside the one that was examined: its file, its seal string, "supersedes" or "superseded by", and why.

    `signature` is what came of holding the other package's signature against the key that was given for this one: "holds",
    "broken" (another's, none, or one that does not fit), "limited" (no key was given, or nothing here can check it), or
    "absent" where the package that is superseded is not beside this one.
    """

    package: str
    seal: str
    relation: str
    because: str
    signature: str = "limited"

    def to_dict(self) -> dict[str, Any]:
        """The package as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})

    def __str__(self) -> str:
        where = f"{self.package} ({self.seal})" if self.package else f"{self.seal}, which is not beside it"
        told = f"{self.relation} {where}: {self.because}"
        if self.relation == "supersedes":
            return plain(told)
        whose = {
            "holds": "signed with the given key",
            "broken": "NOT signed with the given key, so perhaps somebody else's word",
        }.get(self.signature, "it says so itself, and whose word that is was not asked: verify it, with --key")
        return plain(f"{told} ({whose})")


def related_packages(
    path: Path, seal: str, correction: Mapping[str, Any] | None, *, key: Path | None = None
) -> tuple[Related, ...]:
    """The package that the one at `path` says it supersedes, and those in the same folder that say they supersede it.

    `key` is the key or the allowed_signers file that the reader trusts for this package.
    """
    said = str(correction.get("seal", "")) if correction else ""
    because = str(correction.get("because", "")) if correction else ""
    found = []
    there, vouched = "", "absent"
    for file, tags in _neighbours(path):
        other, info = seal_string(tags.tagmanifest), parse_info(tags.info)
        if other == said:
            there, vouched = file, _vouched(tags, key)
        if seal and info.get(SUPERSEDES) == seal:
            why = info.get(BECAUSE, "")
            found.append(
                Related(package=file, seal=other, relation="superseded by", because=why, signature=_vouched(tags, key))
            )
    if said:
        found.insert(0, Related(package=there, seal=said, relation="supersedes", because=because, signature=vouched))
    return tuple(found)


def _vouched(tags: _Tags, key: Path | None) -> str:
    """Whether the key signed a package, by its tag files."""
    if key is None:
        return "limited"
    return "broken" if tags.signature is None else check_signature(tags.signature, tags.tagmanifest, key=key).state


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Tags:
    """What of a neighbour is read."""

    tagmanifest: bytes
    info: bytes
    signature: bytes | None


def _neighbours(path: Path) -> Iterator[tuple[str, _Tags]]:
    """The packages beside this one whose bag-info.txt is the sealed one: file name and tag files."""
    around = sorted(one for one in path.resolve().parent.iterdir() if one.name != path.name)
    packages = [one for one in around if one.suffix.lower() == ".zip" or (one / TAGMANIFEST).is_file()]
    for one in packages[:MOST_NEIGHBOURS]:
        tags = _tags(one)
        if tags is None:
            continue
        listed, problems = parse_manifest(tags.tagmanifest, path=TAGMANIFEST)
        if not problems and listed.get(BAG_INFO) == sha256_bytes(tags.info):
            yield one.name, tags


def _tags(package: Path) -> _Tags | None:
    """The tag files of a package; None for what is none."""
    try:
        if package.is_dir():
            read = [_start(package / name) for name in (TAGMANIFEST, BAG_INFO)]
            signature = _start(package / SIGNATURE) if (package / SIGNATURE).is_file() else None
            return _Tags(tagmanifest=read[0], info=read[1], signature=signature)
        with package.open("rb") as stream:
            # The first member of a package lies at its start. What is none is not looked into: it may be of any size.
            start = stream.read(200)
            length = int.from_bytes(start[26:28], "little")
            first = start[30 : 30 + length].decode("utf-8", "replace")
            if start[:4] != b"PK\3\4" or not first.startswith((BAG_INFO, BAGIT, PAYLOAD, TAGMANIFEST, MANIFEST)):
                return None
        with open_zip(package) as contents:
            there = contents.members
            signature = read_member(there[SIGNATURE]) if SIGNATURE in there else None
            tagmanifest, info = (read_member(there[name]) for name in (TAGMANIFEST, BAG_INFO))
            return _Tags(tagmanifest=tagmanifest, info=info, signature=signature)
    except (*READ_FAULTS, KeyError, AuditError):
        # Whatever lies beside a package may be anything.
        return None


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MOST_TEXT)


def seal_of(given: str, package: Path) -> str:
    """The seal string that is given as itself or as a package that has it. Raises ValueError where it is neither."""
    if _SEAL.fullmatch(given.strip()):
        return given.strip()
    seal = sealed_as(package) if package.exists() else ""
    if not seal:
        raise ValueError(f"{plain(given)[:200]}: neither a seal string nor a package")
    return seal


def sealed_as(package: Path) -> str:
    """The seal string of a package, as its tag files say; empty where it is none."""
    tags = _tags(package)
    return "" if tags is None else seal_string(tags.tagmanifest)
