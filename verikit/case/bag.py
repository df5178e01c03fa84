r"""The package's shape: a BagIt 1.0 bag (RFC 8493), as a folder or as one zip, written one way and read strictly.

    bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt      and nothing else beside them but
    signatures/tagmanifest-sha256.txt.sig  signatures/tagmanifest-sha256.txt.sig.tsr      (both optional)
    data/**                                                                   the case

Plain BagIt allows more: further tag files, other manifests, fetch.txt, links, empty folders. Each of them is a place to
put something that nobody signed, so here each is a fault. Faults are gathered as facts, so that one look tells all that
is wrong. Files are streamed, never held in memory whole, but for the tag files.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import io
import re
import stat
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any

from verikit._files import plain
from verikit.case.member_names import Problem, name_problem, twin_problems
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "BAGIT",
    "BAGIT_TEXT",
    "BAG_INFO",
    "MANIFEST",
    "PAYLOAD",
    "REVIEW_FILE",
    "SEAL_PREFIX",
    "SIGNATURE",
    "TAGMANIFEST",
    "TOKEN",
    "Contents",
    "Member",
    "Problem",
    "bytes_member",
    "chunks_of",
    "folder_contents",
    "hash_aside",
    "hash_members",
    "info_text",
    "listing_problems",
    "manifest_text",
    "name_problem",
    "parse_info",
    "parse_manifest",
    "read_member",
    "seal_string",
    "shape_problems",
    "twin_problems",
]

BAGIT, BAG_INFO = "bagit.txt", "bag-info.txt"
MANIFEST, TAGMANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
SIGNATURE, TOKEN = f"signatures/{TAGMANIFEST}.sig", f"signatures/{TAGMANIFEST}.sig.tsr"
PAYLOAD = "data/"
# Added after sealing, each with its signature.
REVIEW_FILE = re.compile(r"reviews/(?!0000)(\d{4})\.json(\.sig)?", re.ASCII)
SEAL_PREFIX = "verikit-seal:1:sha256:"
BAGIT_TEXT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

# A case has tens of files, a large one a few thousand stills. The manifest of 20,000 names stays below MOST_TEXT.
MOST_MEMBERS = 20_000
MOST_TEXT = 32 << 20
CHUNK = 1 << 20
# From here on a second thread is worth its start.
ASIDE_FROM = 8 << 20

# What a damaged member raises: python's zipfile decodes names and seeks where the file tells it to.
READ_FAULTS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file of a package or a folder: its name with "/" between its parts, its size in bytes, and how to open it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a folder or a zip holds: the members that can be read safely, and all that is wrong.

    `readable` is False where it is damaged so far that its members cannot even be listed.
    """

    members: Mapping[str, Member]
    problems: tuple[Problem, ...]
    readable: bool = True


# --------------------------------------------------------------------------------------------------------------- members


def bytes_member(name: str, data: bytes) -> Member:
    """A member whose content is in memory."""
    return Member(name=name, size=len(data), open=lambda: io.BytesIO(data))


def read_member(member: Member, *, most: int = MOST_TEXT) -> bytes:
    """A member's bytes. Raises AuditError where it holds more than `most`, or where it cannot be read."""
    try:
        with member.open() as stream:
            data = stream.read(most + 1)
    except READ_FAULTS as fault:
        raise AuditError(f"{member.name}: cannot be read: {plain(str(fault))}") from fault
    if len(data) > most:
        raise AuditError(f"{member.name}: more than {most} bytes")
    return data


def hash_members(members: Iterable[Member]) -> tuple[dict[str, str], list[Problem]]:
    """The SHA-256 of each member in lower-case hex, by name, and the members that could not be read to their end."""
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for member in members:
        try:
            digests[member.name] = _hash(member)
        except READ_FAULTS as fault:
            problems.append(Problem(kind="unreadable", path=member.name, detail=f"cannot be read: {plain(str(fault))}"))
    return digests, problems


def hash_aside(chunks: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    """The chunks, each hashed in another thread while the next one is read and the last one is used.

    Hashing, checksums and the disk then wait for one another less: hashlib works without Python's lock.
    """
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        before: concurrent.futures.Future[None] | None = None
        for chunk in chunks:
            if before is not None:
                before.result()
            before = pool.submit(digest.update, chunk)
            yield chunk
        if before is not None:
            before.result()


def chunks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """What a stream holds, in chunks of a bounded size."""
    while chunk := stream.read(CHUNK):
        yield chunk


def _hash(member: Member) -> str:
    digest, count = hashlib.sha256(), 0
    with member.open() as stream:
        chunks = chunks_of(stream)
        if member.size < ASIDE_FROM:
            for chunk in chunks:
                digest.update(chunk)
                count += len(chunk)
        else:
            count = sum(map(len, hash_aside(chunks, digest)))
    if count != member.size:
        raise EOFError(f"{count} bytes where {member.size} were announced")
    return digest.hexdigest()


def folder_contents(root: Path, *, leave_out: tuple[str, ...] = ()) -> Contents:
    """The regular files below `root`, links not followed, and what else is there: a fault each.

    `leave_out` are beginnings of names: of a folder at the top ("scans/"), or of a file's own name anywhere (".writing-").
    """
    members: dict[str, Member] = {}
    problems: list[Problem] = []
    waiting = [(root, "")]
    while waiting and len(members) <= MOST_MEMBERS:
        folder, prefix = waiting.pop()
        paths = sorted(folder.iterdir())
        if not paths and prefix:
            problems.append(Problem(kind="empty-folder", path=prefix[:-1], detail="an empty folder"))
        for path in paths:
            name, status = prefix + path.name, path.lstat()
            if f"{name}/".startswith(leave_out) or path.name.startswith(leave_out):
                continue
            if stat.S_ISDIR(status.st_mode):
                waiting.append((path, name + "/"))
            elif stat.S_ISLNK(status.st_mode):
                problems.append(Problem(kind="link", path=name, detail="a link; links are not followed"))
            elif not stat.S_ISREG(status.st_mode):
                problems.append(Problem(kind="special", path=name, detail="neither a file nor a folder"))
            else:
                members[name] = Member(name=name, size=status.st_size, open=_opener(path))
    if len(members) > MOST_MEMBERS:
        problems.append(Problem(kind="too-many", path="", detail=f"more than {MOST_MEMBERS} files"))
        return Contents(members={}, problems=tuple(problems), readable=False)
    problems += [Problem(kind="name", path=name, detail=why) for name in members if (why := name_problem(name))]
    problems += twin_problems(members)
    return Contents(members=dict(sorted(members.items())), problems=tuple(problems))


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


# ------------------------------------------------------------------------------------------------------------- manifests


def manifest_text(digests: Mapping[str, str]) -> str:
    """A manifest of these digests by name: sorted, a line each, as `sha256sum -c` reads it."""
    # RFC 8493, 2.1.3: a percent sign is written %25. Line ends, the other two, are refused in names.
    return "".join(f"{digests[name]}  {name.replace('%', '%25')}\n" for name in sorted(digests))


def parse_manifest(data: bytes, *, path: str) -> tuple[dict[str, str], list[Problem]]:
    """The digests by name that a manifest lists, and every way in which it is not written as `manifest_text` does."""
    listed: dict[str, str] = {}
    problems: list[Problem] = []
    if data.count(b"\n") > MOST_MEMBERS:
        return {}, [Problem(kind="manifest", path=path, detail=f"more than {MOST_MEMBERS} lines")]
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as fault:
        return {}, [Problem(kind="manifest", path=path, detail=f"not UTF-8: {fault}")]
    for number, line in enumerate(lines[:-1], start=1):
        match = _LINE.fullmatch(line)
        name = match[2].replace("%25", "%") if match else ""
        wrong = name_problem(name) if match else "not a digest, two spaces and a name"
        if not wrong and name in listed:
            wrong = f"{name!r} is listed twice"
        if match is None or wrong:
            problems.append(Problem(kind="manifest", path=path, detail=plain(f"line {number}: {wrong}")))
        else:
            listed[name] = match[1]
    if not problems and manifest_text(listed).encode() != data:
        problems.append(Problem(kind="manifest", path=path, detail="its lines are not sorted, or its end is missing"))
    return listed, problems


def listing_problems(listed: Mapping[str, str], found: Mapping[str, str], *, path: str) -> list[Problem]:
    """Where the digests that the manifest at `path` lists differ from those of the files that are there."""
    problems = [
        Problem(kind="missing", path=name, detail=f"listed in {path} and not there, or not readable")
        for name in sorted(listed.keys() - found.keys())
    ]
    for name, digest in sorted(found.items()):
        if name not in listed:
            problems.append(Problem(kind="unlisted", path=name, detail=f"not listed in {path}: added after sealing"))
        elif listed[name] != digest:
            detail = f"changed after sealing: its SHA-256 is {digest}, {path} says {listed[name]}"
            problems.append(Problem(kind="changed", path=name, detail=detail))
    return problems


def seal_string(tagmanifest: bytes) -> str:
    """The line to publish: it names this package and no other, as the tagmanifest names every file through the manifest."""
    return f"{SEAL_PREFIX}{hashlib.sha256(tagmanifest).hexdigest()}"


def info_text(fields: Mapping[str, str]) -> str:
    """bag-info.txt: a line for each field, in the order given."""
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def parse_info(data: bytes) -> dict[str, str]:
    """The fields of bag-info.txt; empty where it is not written as `info_text` writes."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return {}
    fields = {name: value for name, _, value in (line.partition(": ") for line in lines[:-1])}
    return fields if info_text(fields).encode("utf-8") == data else {}


def shape_problems(contents: Contents) -> list[Problem]:
    """All that is wrong with a package's shape: what opening it saw, files without a place in it, files that lack."""
    problems = list(contents.problems)
    tags = (BAGIT, BAG_INFO, MANIFEST, TAGMANIFEST)
    known = {*tags, SIGNATURE, TOKEN}
    problems += [
        Problem(kind="stray", path=name, detail="a sealed case has no such file")
        for name in contents.members
        if name not in known and not name.startswith(PAYLOAD) and not REVIEW_FILE.fullmatch(name)
    ]
    if contents.readable:
        problems += [
            Problem(kind="missing", path=name, detail="missing") for name in tags if name not in contents.members
        ]
    bagit = contents.members.get(BAGIT)
    if bagit is not None:
        try:
            same = read_member(bagit, most=1000) == BAGIT_TEXT.encode("utf-8")
        except AuditError:
            same = False
        if not same:
            problems.append(Problem(kind="tag-file", path=BAGIT, detail="not the two lines of BagIt 1.0 in UTF-8"))
    return problems
