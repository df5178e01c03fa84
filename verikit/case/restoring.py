"""What an earlier run left in a case, put back for a run that is done again.

A notebook that runs sees what was there before it: the card of the first one shows where the case stood after the run
before. The journal tells all of that, and a package holds each file as it was written last. A file that was written anew
since is put back where the package still holds the same bytes, or where the journal holds what they say: a verdict and a
second reading stand in it whole. No other is at hand. Bytes are put back only where they have the digest that the journal
tells, so nothing that was changed since comes in by this way.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit._files import plain, sha256_bytes, sha256_file, write_bytes
from verikit.case import bag
from verikit.case.derived import confined, derived_of, pretty_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from verikit.case.bag import Member
    from verikit.case.journal import Entry

__all__ = ["Restoring", "unpack"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """The derived files of a case in `folder` as they stood, of the files of its package and what its journal holds.

    `told` are the bytes that the journal holds whole, by their SHA-256.
    """

    folder: Path
    members: Mapping[str, Member]
    told: Mapping[str, bytes]
    _digests: dict[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry], *, members: Mapping[str, Member], folder: Path) -> Restoring:
        """What can be put back into `folder` of a package with these files and this journal."""
        told = {sha256_bytes(data): data for data in map(pretty_json, _values(entries))}
        return cls(folder=folder, members=members, told=told)

    def put_back(self, body: Mapping[str, Any]) -> None:
        """The file that this entry of the journal derived, or none in its place where it is not at hand."""
        name, digest = str(body.get("path")), body.get("sha256")
        path = confined(self.folder, name)
        if path.is_file() and sha256_file(path) == digest:
            return
        if isinstance(digest, str) and digest in self.told:
            write_bytes(path, self.told[digest])
        elif name in self.members and self.digest(name) == digest:
            unpack(self.members[name], path)
        else:
            path.unlink(missing_ok=True)

    def digest(self, name: str) -> str:
        """The SHA-256 of a file of the package, which is read once however often the journal names it."""
        if name not in self._digests:
            found, _ = bag.hash_members([self.members[name]])
            self._digests[name] = next(iter(found.values()), "")
        return self._digests[name]

    def take_away(self, body: Mapping[str, Any]) -> None:
        """The file that this entry of the journal withdrew is gone."""
        confined(self.folder, str(body.get("path"))).unlink(missing_ok=True)

    def lost(self, entries: Sequence[Entry], *, error: str) -> str:
        """The file that an error names as missing, where it stood there by the journal and is not at hand; empty if none."""
        paths = sorted(thing.path for thing in derived_of(entries).values())
        gone = (path for path in paths if not confined(self.folder, path).is_file())
        return next((plain(path) for path in gone if error.startswith(f"AuditError: {plain(path)}: missing")), "")


def _values(entries: Iterable[Entry]) -> Iterable[Mapping[str, Any]]:
    """What the journal holds whole of what people put into a case."""
    for entry in entries:
        value = entry.body.get({"decision": "verdict", "derived": "value"}.get(entry.kind, ""))
        if isinstance(value, dict):
            yield value


def unpack(member: Member, target: Path) -> None:
    """A package's file at a place in the case."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as source, target.open("wb") as made:
        while block := source.read(bag.CHUNK):
            made.write(block)
