"""Content Credentials (C2PA): for now, only whether a file carries any.

Reading and validating a manifest needs the optional C2PA library and is not part of this version. A file without
credentials tells nothing: platforms remove them, and most cameras and programs never wrote any.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit.container.movie_tags import C2PA_UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from verikit.container.elements import Structure

__all__ = ["Credentials", "find_credentials"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Whether a C2PA manifest is in the file, and its state: `absent`, or `unreadable` by this version."""

    present: bool = False
    state: str = "absent"
    origin: str = ""

    @property
    def summary(self) -> str:
        """The state in a sentence."""
        if not self.present:
            return "none found in the boxes of this file; their absence proves nothing"
        return f"a C2PA manifest is present ({self.origin}); this version tells its presence and does not read it"

    def to_dict(self) -> dict[str, Any]:
        """The credentials as JSON."""
        return {"present": self.present, "state": self.state, "origin": self.origin}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(present=data["present"], state=data["state"], origin=data["origin"])


def find_credentials(structure: Structure) -> Credentials:
    """Whether the box tree holds a C2PA manifest (C2PA Specification, "Embedding manifests into BMFF-based assets").

    Other formats (AVI, Matroska) are not searched yet and count as absent.
    """
    for box in structure.walk():
        if box.uuid == C2PA_UUID:
            return Credentials(present=True, state="unreadable", origin=box.at)
    return Credentials()
