"""What a check of a package comes to, in one sentence, and which of its faults only follow from others.

One changed file is seen more than once: its digest differs, and so do the sizes and the metadata that are reckoned from
all files. A reader should see one change, where it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from verikit._files import plain
from verikit.case.auditing import JOURNAL
from verikit.case.bag import BAG_INFO, PAYLOAD
from verikit.case.crate import CRATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from verikit.case.bag import Problem
    from verikit.case.verification import Property, Verification

__all__ = ["conclusion", "parted"]

# The properties that are about the package's own files; the others about what was added or asked.
OWN = ("shape", "hashes", "journal", "notebook")
# More names than a sentence bears.
MOST_NAMED = 3
_CELL = re.compile(r"cell \d+ \(([^)]*)\)")
_HOW = {"unlisted": "added", "missing": "missing", "unknown": "added"}


def parted(properties: Iterable[Property]) -> dict[str, tuple[list[Problem], list[Problem]]]:
    """The problems of each property by its name: those that are faults of their own, and those that follow from them."""
    rows = [(part.name, problem) for part in properties for problem in part.problems]
    own = {problem.path for name, problem in rows if name in {"shape", "hashes"} and problem.kind != "tag-file"}
    # Only files in data/ enter the sizes and the crate.
    moved = {path for path in own if path.startswith(PAYLOAD)}
    found: dict[str, tuple[list[Problem], list[Problem]]] = {}
    for name, problem in rows:
        found.setdefault(name, ([], []))[_follows(problem, moved)].append(problem)
    return found


def _follows(problem: Problem, moved: set[str]) -> bool:
    """Whether a problem is what any change of these files leads to."""
    crate = PAYLOAD + CRATE
    if problem.kind == "crate":
        return problem.path == crate and bool(moved - {crate}) and crate not in moved
    if problem.path != BAG_INFO:
        return False
    sizes = problem.kind == "tag-file" and problem.detail.startswith("Payload-Oxum")
    return bool(moved) if sizes else problem.kind == "info" and PAYLOAD + JOURNAL in moved


def conclusion(checked: Verification) -> str:
    """One sentence or two: broken, and where; intact, but limited, and by what; or intact, and what was not asked."""
    if not checked.ok:
        told = f"Broken: {'; '.join(_broken(checked))}"
    elif checked.exit_code:
        told = f"Intact, but limited: {'; '.join(_limited(checked))}. {_asked(checked)}"
    else:
        told = f"Intact as sealed. {_asked(checked)}"
    later = [one.package for one in checked.related if one.relation == "superseded by"]
    # Whose word that is, the line about it says.
    beside = f" {_few(later)} beside it {'says' if len(later) == 1 else 'say'} to supersede it." if later else ""
    return plain(f"{told.removesuffix('.')}.{beside}")


def _broken(checked: Verification) -> Iterable[str]:
    problems = {name: own for name, (own, _) in parted(checked.properties).items()}
    sealed = _places([*problems.get("shape", []), *problems.get("hashes", [])], cells=problems.get("notebook", []))
    told = _places([*problems.get("journal", []), *problems.get("notebook", [])])
    rest = {path: place for path, place in told.items() if path not in sealed}
    if sealed:
        yield f"{_files(sealed, 'as it was sealed', 'as they were sealed')}: {_few(list(sealed.values()))}"
    # Where the journal itself was changed, what it says of other files is no longer a measure.
    if rest and PAYLOAD + JOURNAL not in sealed:
        yield f"{_files(rest, 'as the journal tells', 'as the journal tells')}: {_few(list(rest.values()))}"
    for part in checked.properties:
        if part.state == "broken" and part.name not in OWN:
            more = len(part.problems) - 1
            detail = str(part.problems[0]) if part.problems else part.says
            name = "running it again came to something else" if part.name == "rerun" else part.name
            yield f"{name}: {detail}{f' (and {more} more)' if more > 0 else ''}"


def _places(problems: Sequence[Problem], *, cells: Sequence[Problem] = ()) -> dict[str, str]:
    """Each file that problems are about, with what happened to it or its cells that differ."""
    found: dict[str, str] = {}
    for problem in problems:
        path = problem.path or "the package as a whole"
        how = _HOW.get(problem.kind, "")
        if path not in found:
            named = [match[1] for one in (*cells, *problems) if one.path == path and (match := _CELL.match(one.detail))]
            which = list(dict.fromkeys(named))
            found[path] = f"{path}{f', cell {_few(which)}' if which else f' ({how})' if how else ''}"
    return found


def _files(places: Mapping[str, str], one: str, several: str) -> str:
    return f"1 file is not {one}" if len(places) == 1 else f"{len(places)} files are not {several}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _limited(checked: Verification) -> Iterable[str]:
    """What could not be decided of what counts."""
    for part in checked.properties:
        if part.state != "limited" or (part.name not in (*OWN, "rerun", *checked.asked)):
            continue
        hidden = [problem.path for problem in part.problems if problem.kind == "withheld"]
        gone = [problem.path for problem in part.problems if problem.kind == "left-out"]
        if hidden:
            yield f"{'1 file is' if len(hidden) == 1 else f'{len(hidden)} files are'} withheld: {_few(hidden)}"
        if gone:
            yield f"outputs are left out of {_few(gone)}"
        if not (hidden or gone):
            yield f"{part.name}: {part.says}"


def _asked(checked: Verification) -> str:
    """What the signature, the time, the seal string, the run and the reviews come to, a few words for each."""
    words = {
        "signature": {
            "holds": "signed with the given key",
            "limited": "signed, and whose key that is was not decided",
            "absent": "nobody signed it",
        },
        "time": {
            "holds": "its time token holds",
            "limited": "its time token was not checked to its roots",
            "absent": "no time token",
        },
        "seal": {"holds": "its seal string is the published one", "absent": "no seal string was compared"},
        "rerun": {"holds": "run again, it came to the same"},
        "review": {"holds": "reviewed", "limited": "reviewed, and whose key that is was not decided"},
    }
    states = {part.name: part.state for part in checked.properties}
    told = "; ".join(found for name, by in words.items() if (found := by.get(states.get(name, ""), "")))
    return f"{told[:1].upper()}{told[1:]}."
