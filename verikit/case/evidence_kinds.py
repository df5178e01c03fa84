"""Which pieces of evidence are independent of each other: by what they were read from, not by how many names they have.

Ten stills of one clip are one look at its pictures, however many files they fill. A search that found nothing is evidence
of a search: from it, nothing follows about the footage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from verikit.case.derived import VERDICT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from verikit.case.derived import Derived

__all__ = ["COPY", "FILE", "NOTHING_FOUND", "NO_EVIDENCE", "UNDECIDED", "independent_kinds", "positive"]

FILE, PICTURE, SOUND, COPY = "what the file says", "the picture", "the sound", "another copy"
PLACE, TIME, TOLD, OTHER = "what tells where", "what tells when", "what someone said", "recorded by hand"
NOTHING_FOUND = "a search that found nothing"
# A verdict, its review and its reading rest on evidence; a table of dates repeats what others say.
NO_EVIDENCE = "no evidence of its own"
# Behind the kind of an observation that leaves open whether it fits, or whose observer cannot tell.
UNDECIDED = " (decides nothing)"

_OF_TYPE = {
    "Container": FILE,
    "inspect": FILE,
    "Scan": PICTURE,
    "Shot": PICTURE,
    "Keyframes": PICTURE,
    "Keyframe": PICTURE,
    "SavedKeyframe": PICTURE,
    "keyframe": PICTURE,
    "still": PICTURE,
    "Edits": PICTURE,
    "Verdict": NO_EVIDENCE,
    "Reading": NO_EVIDENCE,
    "ClaimReview": NO_EVIDENCE,
    "CaseDates": NO_EVIDENCE,
}
# What records matches or searches; only a hit among them is a copy. "Search" is one of a person or one in an archive.
_SEARCHES = frozenset({"CopySearch", "Match", "Comparison", "ArchiveSearch", "Search", "Searches"})
_OF_OBSERVATION = {
    "speech": SOUND,
    "sound": SOUND,
    "lettering": PICTURE,
    "seen": PICTURE,
    "place": PLACE,
    "time": TIME,
    "told": TOLD,
}


def independent_kinds(
    names: Iterable[str], derived: Mapping[str, Derived], read: Callable[[str], Any]
) -> dict[str, str]:
    """What each of these pieces of evidence was read from, by its name. `read` gives the JSON recorded under a name."""
    return {name: _kind(derived[name], derived, read) for name in names if name in derived}


def positive(kinds: Iterable[str]) -> set[str]:
    """The kinds from which something follows."""
    return {kind for kind in kinds if kind not in {NOTHING_FOUND, NO_EVIDENCE} and not kind.endswith(UNDECIDED)}


def _kind(thing: Derived, derived: Mapping[str, Derived], read: Callable[[str], Any]) -> str:
    if thing.name == VERDICT:
        return NO_EVIDENCE
    if thing.operation in {"figure", "searches"}:
        # A figure shows what the step of its name found; a table of searches is what was read of it.
        parent = next(
            (name for name in (_stem(thing.name), *_named(thing)) if name in derived and name != thing.name), ""
        )
        return _kind(derived[parent], derived, read) if parent else NO_EVIDENCE
    if thing.kind == "Observation":
        seen = read(thing.name)
        open_still = seen.get("fits") == "undecided" or seen.get("sure") == "cannot_tell"
        return _OF_OBSERVATION.get(str(seen.get("kind")), OTHER) + (UNDECIDED if open_still else "")
    if thing.kind in _SEARCHES and thing.path.endswith(".json"):
        return COPY if any(_hit(one) for one in _hits(read(thing.name))) else NOTHING_FOUND
    return _OF_TYPE.get(thing.kind, OTHER)


def _hits(value: Any) -> list[Any]:
    """The matches or searches in what was recorded of a search, however it is nested; a single one is its own."""
    if not isinstance(value, dict):
        return []
    lists = [value[name] for name in ("matches", "records", "searches") if isinstance(value.get(name), list)]
    return [value, *(one for found in lists for one in found), *_hits(value.get("search"))]


def _hit(one: Any) -> bool:
    """Whether a match is confirmed, or a person's search found something."""
    return isinstance(one, dict) and (one.get("confirmed") is True or one.get("outcome") == "found")


def _stem(name: str) -> str:
    """copies/evidence_1.png is of copies, searches.csv of searches."""
    return name.rpartition("/")[0] or name.partition(".")[0]


def _named(thing: Derived) -> Iterable[str]:
    return (name for name, _ in thing.parents)
