"""Verifying: one line for each property of a sealed package, and what none of them shows. Never one word for all.

A package is read where it lies, as a folder or as a zip, and never unpacked. What is asked from outside (a key that you
trust, a seal string that was published) is never taken from inside.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from verikit._files import plain
from verikit.case import bag
from verikit.case.auditing import audit_case, info_fields, redacted_of, withheld_of
from verikit.case.bag import Problem
from verikit.case.corrections import correction_of, related_packages
from verikit.case.crate import CRATE, crate_bytes
from verikit.case.header import CASE, FORMAT
from verikit.case.reviews import REVIEW_PREFIX, check_reviews
from verikit.case.signing import check_signature
from verikit.case.tokens import MOST_TOKEN, check_token
from verikit.case.verification import NOT_SHOWN, Property, Verification
from verikit.case.zips import open_zip
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from verikit.case.auditing import Audit
    from verikit.case.bag import Contents, Member
    from verikit.case.journal import Entry

__all__ = ["NOT_SHOWN", "Problem", "Property", "Verification", "opened_package", "verify_package"]

# More faults than a person reads; the rest are counted.
MOST_PROBLEMS = 1000
_SEAL = re.compile(f"({re.escape(bag.SEAL_PREFIX)}|{re.escape(REVIEW_PREFIX)})[0-9a-f]{{64}}", re.ASCII)
_NO_CASE = (
    f"{{}}, but no sealed case: no {bag.BAGIT} at its top; one that lies in a folder inside has to be unpacked first"
)
_OUR_TAGS = frozenset({bag.BAGIT, bag.BAG_INFO, bag.MANIFEST, bag.TAGMANIFEST})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the caller brought to check the package with."""

    key: Path | None
    roots: Path | None
    review_key: Path | None
    seal: str | None
    review: str | None

    def names(self) -> tuple[str, ...]:
        given = {
            "signature": self.key,
            "time": self.roots,
            "seal": self.seal,
            "review": self.review_key or self.review,
        }
        return tuple(name for name, one in given.items() if one is not None)


def verify_package(
    path: Path,
    *,
    key: Path | None = None,
    expect_seal: str | None = None,
    tsa_roots: Path | None = None,
    review_key: Path | None = None,
) -> Verification:
    """What holds of a sealed package and what does not, property by property.

    `path` is a package as a zip or as a folder. `key` is a public SSH key file or an allowed_signers file that you
    trust; a package that it did not sign is then broken. `expect_seal` is the published seal string to compare with, of
    the package or of its last review. `tsa_roots` is a PEM file of root certificates that a time token must lead to;
    `review_key` a public key or allowed_signers file that every review must be signed with.

    A damaged or changed package is an answer, not an error. Raises FileNotFoundError where there is nothing, AuditError
    without `.problems` for what is no package at all (neither a zip nor a bag folder, or empty), ValueError for a key or
    seal string that is none.
    """
    path = Path(path)
    expected = None if expect_seal is None else expect_seal.strip()
    if expected is not None and not _SEAL.fullmatch(expected):
        raise ValueError(f"{plain(expected)[:100]!r}: not a seal string; one reads {bag.SEAL_PREFIX} and 64 hex digits")
    files = [None if one is None else Path(one) for one in (key, tsa_roots, review_key)]
    for file in files:
        if file is not None and not file.is_file():
            raise FileNotFoundError(f"{file}: no such file of keys or certificates")
    about_review = expected is not None and expected.startswith(REVIEW_PREFIX)
    asked = _Asked(
        key=files[0],
        roots=files[1],
        review_key=files[2],
        seal=None if about_review else expected,
        review=expected if about_review else None,
    )
    with opened_package(path) as contents:
        properties, seal, entries = _examine(contents, asked)
    related = related_packages(path, seal, correction_of(entries), key=asked.key)
    name = path.name or str(path)
    return Verification(package=name, seal=seal, asked=asked.names(), properties=properties, related=related)


@contextlib.contextmanager
def opened_package(path: Path) -> Iterator[Contents]:
    """The package's files, to be read while the block lasts. Raises where this is no package at all."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such package")
    with contextlib.ExitStack() as stack:
        if path.is_dir():
            # Before all of it is listed: a folder with none of these files may be anything, of any size.
            if not any((path / name).exists() for name in _OUR_TAGS):
                if (path / CASE).is_file():
                    raise AuditError(f"{path}: this is a case, not a package: seal it first (verikit seal CASE)")
                raise AuditError(f"{path}: {_NO_CASE.format('a folder')}")
            contents, what = bag.folder_contents(path), "a folder"
        elif path.is_file() and path.stat().st_size:
            contents, what = _opened_zip(path, stack), "a zip"
        else:
            raise AuditError(f"{path}: empty or no regular file; a package is a zip or a folder made by verikit seal")
        names = {*contents.members, *(problem.path for problem in contents.problems)}
        # A zip that was tampered with is an answer, whatever is left of it.
        whole = contents.readable and not any(problem.kind == "zip" for problem in contents.problems)
        if whole and not any(name in _OUR_TAGS or name.startswith(bag.PAYLOAD) for name in names):
            raise AuditError(f"{path}: {_NO_CASE.format(what)}")
        yield contents


def _opened_zip(path: Path, stack: contextlib.ExitStack) -> Contents:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start != b"PK\x03\x04" and not zipfile.is_zipfile(path):
        raise AuditError(f"{path}: not a zip; a package is a zip or a folder made by verikit seal")
    return stack.enter_context(open_zip(path))


def _examine(contents: Contents, asked: _Asked) -> tuple[tuple[Property, ...], str, tuple[Entry, ...]]:
    tagmanifest = _tag(contents, bag.TAGMANIFEST)
    payload = [member for name, member in contents.members.items() if name.startswith(bag.PAYLOAD)]
    digests, unreadable = bag.hash_members(
        member for name, member in contents.members.items() if name.startswith(bag.PAYLOAD) or name in _OUR_TAGS
    )
    case = {
        member.name.removeprefix(bag.PAYLOAD): dataclasses.replace(member, name=member.name.removeprefix(bag.PAYLOAD))
        for member in payload
        if member.name != bag.PAYLOAD + CRATE
    }
    known = {name: digests[bag.PAYLOAD + name] for name in case if bag.PAYLOAD + name in digests}
    audit = audit_case(case, digests=known)
    info = bag.parse_info(_tag(contents, bag.BAG_INFO) or b"")
    wanted = info_fields(audit.entries, payload, agent=info.get("Bag-Software-Agent", "")) if audit.entries else {}
    about_info = _info_problems(info, wanted)
    seal = "" if tagmanifest is None else bag.seal_string(tagmanifest)
    properties = (
        _shape(contents),
        _with_withheld(_hashes(contents, digests, unreadable=unreadable, about_info=about_info), audit, case),
        _journal(audit, [*about_info, *_crate_problems(contents, audit, case, digests=known)]),
        _notebook(audit, known),
        _signature(contents, tagmanifest, key=asked.key),
        _time(contents, tagmanifest, roots=asked.roots),
        _seal(seal, asked.seal),
        Property(name="rerun", state="absent", says="the notebooks were not run again"),
        check_reviews(contents, seal, key=asked.review_key, expected=asked.review),
    )
    return properties if contents.readable else _unexamined(properties), seal, audit.entries


def _unexamined(properties: tuple[Property, ...]) -> tuple[Property, ...]:
    """The properties of a package whose members cannot be listed: its shape and hashes are broken, the rest is open."""
    says = "not examined: the package cannot be read"
    return tuple(
        part
        if part.name in {"shape", "hashes", "rerun", "review"}
        else dataclasses.replace(part, state="limited", says=says, problems=())
        for part in properties
    )


def _tag(contents: Contents, name: str) -> bytes | None:
    """A tag file's bytes; None where it is missing or cannot be read, which the hashes tell."""
    if name not in contents.members:
        return None
    try:
        return bag.read_member(contents.members[name])
    except AuditError:
        return None


# -------------------------------------------------------------------------------------------------------------- properties


def _property(name: str, problems: Iterable[Problem], *, holds: str) -> Property:
    """A property that holds where there are no problems and is broken where there are."""
    # Two looks may see the same fault.
    found = tuple(dict.fromkeys(problems))
    if not found:
        return Property(name=name, state="holds", says=holds)
    says = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    if len(found) > MOST_PROBLEMS:
        says += f", the first {MOST_PROBLEMS} listed"
    return Property(name=name, state="broken", says=says, problems=found[:MOST_PROBLEMS])


def _in_package(problems: Iterable[Problem]) -> list[Problem]:
    """A case's problems with the names that its files have in the package."""
    return [dataclasses.replace(found, path=bag.PAYLOAD + found.path) for found in problems]


def _shape(contents: Contents) -> Property:
    holds = "a BagIt bag that holds a sealed case and nothing else, all names safe"
    return _property("shape", bag.shape_problems(contents), holds=holds)


def _hashes(
    contents: Contents, digests: Mapping[str, str], *, unreadable: list[Problem], about_info: list[Problem]
) -> Property:
    problems = list(unreadable)
    lost = {problem.path for problem in unreadable}
    found = {name: digest for name, digest in digests.items() if name.startswith(bag.PAYLOAD)}
    tags = {name: digest for name, digest in digests.items() if name in _OUR_TAGS - {bag.TAGMANIFEST}}
    for path, there in ((bag.MANIFEST, found), (bag.TAGMANIFEST, tags)):
        data = _tag(contents, path)
        if data is None:
            problems.append(
                Problem(kind="missing", path=path, detail="missing or not readable: nothing to compare with")
            )
            continue
        listed, wrong = bag.parse_manifest(data, path=path)
        problems += wrong
        problems += [fault for fault in bag.listing_problems(listed, there, path=path) if fault.path not in lost]
    problems += [fault for fault in about_info if fault.kind == "tag-file"]
    size = sum(contents.members[name].size for name in found)
    return _property(
        "hashes", problems, holds=f"{len(found)} files, {size} bytes: each as this package's own manifest lists it"
    )


def _info_problems(info: Mapping[str, str], wanted: Mapping[str, str]) -> list[Problem]:
    """Where bag-info.txt says otherwise than the case: "tag-file" for its form and sizes, "info" about the journal."""
    if not wanted:
        return []
    if list(info) != list(wanted):
        detail = f"its fields are not those of {FORMAT}, in their order and form"
        return [Problem(kind="tag-file", path=bag.BAG_INFO, detail=detail)]
    kinds = dict.fromkeys(("Payload-Oxum", "Verikit-Format"), "tag-file")
    return [
        Problem(
            kind=kinds.get(name, "info"), path=bag.BAG_INFO, detail=f"{name} is {info[name]!r}, the case says {value!r}"
        )
        for name, value in wanted.items()
        if info[name] != value
    ]


def _journal(audit: Audit, about_info: list[Problem]) -> Property:
    problems = [*_in_package(audit.journal), *(fault for fault in about_info if fault.kind in {"info", "crate"})]
    entries = audit.entries
    holds = (
        f"{len(entries)} entries in one chain, {entries[0].time} to {entries[-1].time}; files as it tells"
        if entries
        else ""
    )
    return _property("journal", problems, holds=holds)


def _notebook(audit: Audit, digests: Mapping[str, str]) -> Property:
    if not audit.entries:
        says = "not examined: the journal that it is compared with does not hold"
        return Property(name="notebook", state="limited", says=says)
    count = "1 notebook" if audit.notebooks == 1 else f"{audit.notebooks} notebooks"
    holds = f"{count}: every cell and output as the journal sealed it, run in order from the first to the last"
    found = _property("notebook", _in_package(audit.notebook), holds=holds)
    gone = [
        Problem(
            kind="left-out", path=bag.PAYLOAD + path, detail=f"{len(body['outputs'])} outputs left out by the analyst"
        )
        for path, body in redacted_of(audit.entries).items()
        if digests.get(path) == body.get("sha256")
    ]
    if not gone or found.state == "broken":
        return found
    says = f"{holds}; some outputs are left out, so not examined: their digests are those that were sealed"
    return Property(name="notebook", state="limited", says=says, problems=tuple(gone))


def _signature(contents: Contents, tagmanifest: bytes | None, *, key: Path | None) -> Property:
    name, member = "signature", contents.members.get(bag.SIGNATURE)
    if member is None:
        if key is None:
            return Property(name=name, state="absent", says="nobody signed this package")
        detail = "there is no signature, and the given key should have made one: never signed, or removed"
        return _property(name, [Problem(kind="missing", path=bag.SIGNATURE, detail=detail)], holds="")
    try:
        data = bag.read_member(member)
    except AuditError as fault:
        return _property(name, [Problem(kind="unreadable", path=bag.SIGNATURE, detail=str(fault))], holds="")
    checked = check_signature(data, tagmanifest or b"", key=key)
    return Property(name=name, state=checked.state, says=checked.says, problems=checked.problems)


def _time(contents: Contents, tagmanifest: bytes | None, *, roots: Path | None) -> Property:
    name, member = "time", contents.members.get(bag.TOKEN)
    if member is None:
        if roots is None:
            return Property(name=name, state="absent", says="no time token: nothing in it shows when it was sealed")
        detail = "there is no time token, and the given roots should vouch for one: never stamped, or removed"
        return _property(name, [Problem(kind="missing", path=bag.TOKEN, detail=detail)], holds="")
    try:
        token = bag.read_member(member, most=MOST_TOKEN)
        signature = contents.members.get(bag.SIGNATURE)
        about = (tagmanifest or b"") if signature is None else bag.read_member(signature)
    except AuditError as fault:
        return _property(name, [Problem(kind="unreadable", path=bag.TOKEN, detail=str(fault))], holds="")
    checked = check_token(token, about, roots=roots)
    return Property(name=name, state=checked.state, says=checked.says, problems=checked.problems)


def _with_withheld(hashes: Property, audit: Audit, case: Mapping[str, Member]) -> Property:
    """The hashes, limited where originals are withheld: what they were is known, they themselves are not there."""
    hidden = {path: entry.body for path, entry in withheld_of(audit.entries).items() if path not in case}
    if not hidden or hashes.state == "broken":
        return hashes
    told = "; ".join(f"{path}, {body.get('size')} bytes ({body.get('reason')})" for path, body in hidden.items())
    says = plain(f"{hashes.says}; withheld, so not examined: {told}")
    problems = tuple(
        Problem(
            kind="withheld",
            path=bag.PAYLOAD + path,
            detail=f"withheld: {body.get('reason')}; its SHA-256 is {body.get('sha256')}",
        )
        for path, body in hidden.items()
    )
    return Property(name="hashes", state="limited", says=says, problems=problems)


def _crate_problems(
    contents: Contents, audit: Audit, case: Mapping[str, Member], *, digests: Mapping[str, str]
) -> list[Problem]:
    """Where the crate's metadata is not what follows from the journal and the files; packages of before 0.3 have none."""
    path = bag.PAYLOAD + CRATE
    if path not in contents.members or not audit.entries or digests.keys() != case.keys():
        return []
    wanted = crate_bytes(audit.entries, {name: (member.size, digests[name]) for name, member in case.items()})
    try:
        if bag.read_member(contents.members[path]) == wanted:
            return []
        detail = "not what follows from the journal and the files: changed, or the files were"
    except AuditError as fault:
        detail = str(fault)
    return [Problem(kind="crate", path=path, detail=detail)]


def _seal(seal: str, expected: str | None) -> Property:
    if expected is None:
        return Property(name="seal", state="absent", says="no published seal string was given to compare with")
    problems = []
    if seal != expected:
        detail = f"the package's seal string is {seal or 'none'}, expected was {expected}"
        problems.append(Problem(kind="seal", path=bag.TAGMANIFEST, detail=detail))
    return _property(
        "seal", problems, holds="its seal string is the published one; whether its files still fit it, hashes says"
    )
