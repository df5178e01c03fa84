"""What came of checking a package: a state for each property, and what none of them shows. Never one word for all."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from verikit import _html
from verikit._files import plain
from verikit.case.bag import Problem
from verikit.case.conclusion import conclusion, parted
from verikit.case.corrections import Related
from verikit.records import mimebundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NOT_SHOWN", "Property", "Verification"]

# What no check of a package can show. Said each time, so that nobody reads more into "holds" than it says.
NOT_SHOWN = (
    "that the notes, decisions and claims in the case are true",
    "that whoever sealed it was honest before sealing",
    "when, where and by whom the clip was filmed",
    "that report.html says what the case says: it is written for readers; the notebooks and the journal are the record",
    "that this is the package that was first sealed, unless its seal string or a signature was compared",
    "that no signature, time token or review was taken out, unless it was asked for: by a key, roots, or a review string",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of a package: "holds", "broken", "absent" or "limited", what that means in a line, and the faults.

    "absent": there is nothing to check. "limited": there is something, and it could not be decided.
    """

    name: str
    state: str
    says: str
    problems: tuple[Problem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The property as the contract writes it."""
        problems = [problem.to_dict() for problem in self.problems]
        return {"name": self.name, "state": self.state, "says": self.says, "problems": problems}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        problems = tuple(Problem.from_dict(problem) for problem in data["problems"])
        return cls(name=data["name"], state=data["state"], says=data["says"], problems=problems)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of checking a package, property by property. `seal` is its seal string as computed ("" where it has none).

    `asked` names the properties that the caller gave something to check with ("signature", "seal"); `related` are packages
    that this one says it supersedes, and those beside it that say they supersede it.
    """

    package: str
    seal: str
    asked: tuple[str, ...]
    properties: tuple[Property, ...]
    related: tuple[Related, ...] = ()

    @property
    def ok(self) -> bool:
        """True if nothing that was examined is broken."""
        return all(part.state != "broken" for part in self.properties)

    @property
    def exit_code(self) -> int:
        """0 all holds · 1 something is broken · 3 intact, but something that was asked for could not be decided."""
        if not self.ok:
            return 1
        # A signature that nobody asked about limits nothing; the package's own parts always count.
        unasked = {"signature", "time", "review"} - set(self.asked)
        return 3 if any(part.state == "limited" and part.name not in unasked for part in self.properties) else 0

    @property
    def summary(self) -> str:
        """What the check came to in a sentence or two. The properties say it in full; this is no word for all of them."""
        return conclusion(self)

    def __getitem__(self, name: str) -> Property:
        return next(part for part in self.properties if part.name == name)

    def to_dict(self) -> dict[str, Any]:
        """The verification as the contract writes it, and the seal string."""
        return {
            "ok": self.ok,
            "summary": self.summary,
            "package": self.package,
            "seal": self.seal,
            "asked": list(self.asked),
            "properties": [part.to_dict() for part in self.properties],
            "related": [one.to_dict() for one in self.related],
            "not_shown": list(NOT_SHOWN),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        properties = tuple(Property.from_dict(part) for part in data["properties"])
        related = tuple(Related.from_dict(part) for part in data["related"])
        asked = tuple(data["asked"])
        return cls(package=data["package"], seal=data["seal"], asked=asked, properties=properties, related=related)

    def __str__(self) -> str:
        found = parted(self.properties)
        said = {part.name: _says(part, *found.get(part.name, ((), ()))) for part in self.properties}
        lines = [self.summary, f"Package {plain(self.package)}"]
        lines += [plain(f"  {part.name:9}  {part.state:7}  {said[part.name]}") for part in self.properties]
        lines += [f"  {one}" for one in self.related]
        for name, (own, following) in found.items():
            lines += [f"About {name}:"] if own else []
            lines += [f"  {problem}" for problem in own]
            lines += [f"About {name}, what follows from it:"] if following else []
            lines += [f"  {problem}" for problem in following]
        lines.append(f"Seal string: {self.seal or 'none: the tagmanifest cannot be read'}")
        return "\n".join([*lines, "Not shown by any of this:", *(f"  {limit}" for limit in NOT_SHOWN)])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        found = parted(self.properties)
        rows = [(part.name, part.state, _says(part, *found.get(part.name, ((), ())))) for part in self.properties]
        problems = [(name, problem.path, problem.detail) for name, (own, _) in found.items() for problem in own]
        problems += [
            (f"{name}, follows from it", problem.path, problem.detail)
            for name, (_, following) in found.items()
            for problem in following
        ]
        shown = [_html.element("p", self.summary)]
        shown += [_html.table(rows, head=("property", "state", "meaning"), caption=f"Package {self.package}")]
        if problems:
            shown.append(_html.table(problems, head=("property", "where", "what is wrong"), caption="What is wrong"))
        shown += [_html.element("p", str(one)) for one in self.related]
        shown.append(_html.element("p", f"Seal string: {self.seal or 'none'}"))
        shown.append(_html.element("p", "Not shown by any of this: " + "; ".join(NOT_SHOWN) + "."))
        return mimebundle(self, plain_text=str(self), html=_html.join(shown))


def _says(part: Property, own: Sequence[Problem], following: Sequence[Problem]) -> str:
    """What a property says; where some of its problems only follow from others, how many are its own."""
    if part.state != "broken" or not following:
        return part.says
    if not own:
        return "only what follows from the files that are changed"
    count = "1 problem" if len(own) == 1 else f"{len(own)} problems"
    return f"{count}, and what follows from {'it' if len(own) == 1 else 'them'}"
