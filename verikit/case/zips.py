"""Zips: read only where they can be read in one way, never unpacked; and written in one way.

A zip says the same thing in several places (a member's own header, the directory at the end, extra fields), and
programs differ in which they believe. python's `extractall` turns "../x" into "x" and lets the last of two equal names
win; others follow links or obey a second name. So all places have to agree, members have to lie one behind the other
without gap or overlap, and no name may lead astray. Faults are gathered as facts; members that are safe to open can
still be looked at. Source: APPNOTE.TXT 6.3.10 (the zip format), sections 4.3 to 4.5.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import stat
import struct
import zipfile
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from verikit._files import plain, written_aside
from verikit.case.bag import (
    CHUNK,
    MOST_MEMBERS,
    READ_FAULTS,
    Contents,
    Member,
    Problem,
    chunks_of,
    hash_aside,
)
from verikit.case.inflating import Inflated
from verikit.case.member_names import MOST_NAME, name_problem, twin_problems
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["open_zip", "write_zip"]

# Deflate reaches 1028:1 on zeros; real notebooks and films stay below 20:1.
MOST_RATIO, RATIO_FROM = 200, 1 << 20
# Reading is a stream, so this bounds time, not memory: some minutes of hashing.
MOST_BYTES = 256 << 30
# Extra fields of times, owners and zip64 sizes, with room to spare.
MOST_EXTRA = 256

_EOCD, _LOCAL, _LOCATOR, _RECORD = b"PK\x05\x06", b"PK\x03\x04", b"PK\x06\x07", b"PK\x06\x06"
# Flag bits that are understood: compression level (1, 2), sizes behind the member (3), name in UTF-8 (11).
_FLAGS, _SIZES_BEHIND, _UTF8 = 0x80E, 0x8, 0x800
# Extra fields that cannot change what a member is: zip64 sizes, times (NTFS, Unix), numbers of owner and group.
_ZIP64 = 0x0001
_EXTRAS = frozenset({_ZIP64, 0x000A, 0x5455, 0x7875})
# In a field of four bytes: the number stands in the zip64 extra field.
_ELSEWHERE = 0xFFFFFFFF
# Attributes of DOS that make a folder or a disk's label of a file, and Unix modes that lend another's rights.
_DOS_OTHER, _LENT = 0x18, 0o7000


@contextlib.contextmanager
def open_zip(path: Path) -> Iterator[Contents]:
    """What the zip at `path` holds, to be read while the block lasts. A damaged one is `readable=False`, never raised."""
    with path.open("rb") as stream:
        end, problems = _read_end(stream)
        archive = None
        if end is not None:
            try:
                archive = zipfile.ZipFile(stream)
            except READ_FAULTS as fault:
                problems.append(Problem(kind="zip", path="", detail=f"its directory is damaged: {plain(str(fault))}"))
        if end is None or archive is None:
            yield Contents(members={}, problems=tuple(problems), readable=False)
            return
        with archive:
            yield _zip_contents(archive, path, stream, end=end, problems=problems)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Where the directory at a zip's end begins and how many members it announces."""

    start: int
    count: int


def _read_end(stream: IO[bytes]) -> tuple[_End | None, list[Problem]]:
    """The end record, found where python's zipfile finds it, so that both speak of the same directory."""
    size = stream.seek(0, io.SEEK_END)
    first = stream.seek(max(0, size - 22 - 0xFFFF - 76))
    tail = stream.read()
    at = len(tail) - 22
    if at < 0 or tail[at : at + 4] != _EOCD or tail[-2:] != b"\0\0":
        at = tail.rfind(_EOCD)
    if at < 0 or len(tail) - at < 22:
        return None, [Problem(kind="zip", path="", detail="its end is missing: it was cut short or is damaged")]
    wrong: list[str] = []
    if at + 22 != len(tail):
        wrong.append("an archive comment or bytes behind its end")
    disk, disk_start, here, count, length, offset = struct.unpack_from("<4H2L", tail, at + 4)
    stop = first + at
    if at >= 76 and tail[at - 20 : at - 16] == _LOCATOR and tail[at - 76 : at - 72] == _RECORD:
        stop -= 76
        small = (count, length, offset)
        here, count, length, offset = struct.unpack_from("<4Q", tail, at - 76 + 24)
        where, disks = struct.unpack_from("<QL", tail, at - 20 + 8)
        if small != (min(count, 0xFFFF), min(length, 0xFFFFFFFF), min(offset, 0xFFFFFFFF)) or disks != 1:
            wrong.append("its two end records differ")
        if where != stop:
            wrong.append("its second end record lies elsewhere")
    start = stop - length
    if disk or disk_start or here != count:
        wrong.append("it claims to have several parts")
    if start != offset:
        wrong.append(f"{start - offset} bytes before its first member")
    problems = [Problem(kind="zip", path="", detail=detail) for detail in wrong]
    if count > MOST_MEMBERS or length > MOST_MEMBERS * (46 + MOST_NAME) or start < 0:
        return None, [*problems, Problem(kind="too-many", path="", detail=f"more than {MOST_MEMBERS} members")]
    if length > count * (46 + MOST_NAME + MOST_EXTRA):
        # python's zipfile reads all of a directory, whatever number of members it announces.
        detail = f"its directory has {length} bytes, far more than the {count} members that it announces"
        return None, [*problems, Problem(kind="zip", path="", detail=detail)]
    return _End(start=start, count=count), problems


def _zip_contents(
    archive: zipfile.ZipFile, path: Path, stream: IO[bytes], *, end: _End, problems: list[Problem]
) -> Contents:
    infos = archive.infolist()
    if len(infos) != end.count:
        problems.append(Problem(kind="zip", path="", detail=f"{len(infos)} members where {end.count} are announced"))
    if len(infos) > MOST_MEMBERS:
        problems.append(Problem(kind="too-many", path="", detail=f"more than {MOST_MEMBERS} members"))
        return Contents(members={}, problems=tuple(problems), readable=False)
    members: dict[str, Member] = {}
    folders: set[str] = set()
    hidden = _layout_problems(stream, infos, stop=end.start)
    for index, info in enumerate(infos):
        name = info.orig_filename
        faults = [*_info_problems(info), *hidden.get(index, [])]
        if name.rstrip("/") in members or name in folders:
            faults.append(("duplicate", "a second member of the same name"))
        problems += [Problem(kind=kind, path=name, detail=detail) for kind, detail in faults]
        if name.endswith("/"):
            folders.add(name)
        elif not faults:
            members[name] = Member(name=name, size=info.file_size, open=_zip_opener(archive, path, info))
    problems += [Problem(kind="zip", path="", detail=detail) for _, detail in hidden.get(-1, [])]
    problems += twin_problems(members)
    filled = {str(parent) + "/" for name in members for parent in PurePosixPath(name).parents}
    for folder in sorted(folders - filled):
        problems.append(Problem(kind="empty-folder", path=folder[:-1], detail="an empty folder"))
    if sum(member.size for member in members.values()) > MOST_BYTES:
        problems.append(Problem(kind="too-large", path="", detail=f"its members hold more than {MOST_BYTES} bytes"))
        return Contents(members={}, problems=tuple(problems), readable=False)
    return Contents(members=dict(sorted(members.items())), problems=tuple(problems))


def _zip_opener(archive: zipfile.ZipFile, path: Path, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return lambda: io.BufferedReader(Inflated(path, info), CHUNK)
    return lambda: archive.open(info)


def _info_problems(info: zipfile.ZipInfo) -> list[tuple[str, str]]:
    """What is wrong with what the directory says of one member, as (kind, sentence)."""
    name, folder = info.orig_filename, info.orig_filename.endswith("/")
    faults: list[tuple[str, str]] = []
    if why := name_problem(name[:-1] if folder else name):
        faults.append(("name", why))
    elif not name.isascii() and not info.flag_bits & _UTF8:
        faults.append(("name", "its name is not marked as UTF-8, so programs read it differently"))
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        faults.append(("link", "a link; links are not followed"))
    elif kind not in {0, stat.S_IFDIR if folder else stat.S_IFREG}:
        faults.append(("special", "neither a file nor a folder, or a folder that is named as a file"))
    elif not folder and info.external_attr & (_DOS_OTHER | _LENT << 16):
        faults.append(("special", "marked as a folder, as a disk's label, or to run with another's rights"))
    if info.flag_bits & ~_FLAGS:
        faults.append(("encrypted", "encrypted or patched"))
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        faults.append(("method", f"compression method {info.compress_type}; only stored and deflate are read"))
    elif info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        faults.append(("zip", "its two sizes differ although it is not compressed"))
    if info.file_size > max(RATIO_FROM, MOST_RATIO * info.compress_size):
        faults.append(("ratio", f"{info.file_size} bytes from {info.compress_size}: more than {MOST_RATIO} to 1"))
    if folder and info.file_size:
        faults.append(("zip", "a folder that holds bytes"))
    if info.comment:
        faults.append(("zip", "a comment at a member"))
    if info.volume:
        faults.append(("zip", "it claims to lie in another part of the archive"))
    if not {*_zip64_numbers(info.extra)} <= {info.file_size, info.compress_size, info.header_offset}:
        faults.append(("zip", "its zip64 field says otherwise than the directory"))
    if not _known_extras(info.extra):
        faults.append(("zip", "an extra field that could give it another name or content"))
    return faults


def _known_extras(extra: bytes) -> bool:
    at = 0
    while at + 4 <= len(extra):
        field, length = struct.unpack_from("<2H", extra, at)
        at += 4 + length
        if field not in _EXTRAS:
            return False
    return at == len(extra)


def _zip64_numbers(extra: bytes) -> tuple[int, ...]:
    """The numbers in the zip64 fields of well-formed extra fields; what is no whole number of eight bytes counts as -1."""
    numbers: list[int] = []
    at = 0
    while at + 4 <= len(extra):
        field, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if field == _ZIP64:
            content = extra[at : at + length]
            numbers += struct.unpack(f"<{len(content) // 8}Q", content) if len(content) % 8 == 0 else (-1,)
        at += length
    return tuple(numbers)


def _layout_problems(stream: IO[bytes], infos: list[zipfile.ZipInfo], *, stop: int) -> dict[int, list[tuple[str, str]]]:
    """Where members' own headers differ from the directory and where members overlap or leave gaps.

    Keyed by a member's place in the directory; -1 for the bytes that belong to no member.
    """
    found: dict[int, list[tuple[str, str]]] = {}
    expected = 0
    for index, info in sorted(enumerate(infos), key=lambda pair: (pair[1].header_offset, pair[0])):
        start = info.header_offset
        if not 0 <= start <= stop - 30:
            found.setdefault(index, []).append(("zip", "its header lies outside of the archive"))
            continue
        stream.seek(start)
        header = stream.read(30)
        name_length, extra_length = struct.unpack_from("<2H", header, 26)
        name, extra = stream.read(name_length), stream.read(extra_length)
        same = header[:4] == _LOCAL and _known_extras(extra) and _same_header(info, header, name=name, extra=extra)
        if not same:
            found.setdefault(index, []).append(("zip", "its own header says otherwise than the directory"))
        if start < expected:
            found.setdefault(index, []).append(("overlap", "it overlaps the member before it"))
        elif start > expected:
            found.setdefault(-1, []).append(("zip", f"{start - expected} bytes that belong to no member"))
        expected = max(expected, start + 30 + name_length + extra_length + info.compress_size)
        if info.flag_bits & _SIZES_BEHIND:
            behind = _descriptor(stream, info, at=expected)
            expected += behind
            if not behind:
                found.setdefault(index, []).append(("zip", "its sizes should stand behind it, and do not"))
        if expected > stop:
            found.setdefault(index, []).append(("overlap", "it runs into the directory"))
    if expected < stop:
        found.setdefault(-1, []).append(("zip", f"{stop - expected} bytes that belong to no member"))
    return found


def _same_header(info: zipfile.ZipInfo, header: bytes, *, name: bytes, extra: bytes) -> bool:
    """Whether a member's own header agrees with the directory in name, flags, method, checksum and sizes."""
    flags, method = struct.unpack_from("<2H", header, 6)
    checksum, packed, size = struct.unpack_from("<3L", header, 14)
    told = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437", "replace")
    if (flags, method, name) != (info.flag_bits, info.compress_type, told):
        return False
    # Where checksum and sizes stand behind the member, its header has zeros in their place, or them.
    unsaid = {0} if flags & _SIZES_BEHIND else set()
    numbers = [*_zip64_numbers(extra)]
    if {size, packed} & {_ELSEWHERE} and len(numbers) != 2:
        return False
    # A reader that goes by this header alone must come to the same: 4.5.3, first the size, then the packed size.
    size, packed = (
        whole if part == _ELSEWHERE else part
        for part, whole in zip((size, packed), numbers or (size, packed), strict=False)
    )
    wanted = (info.file_size, info.compress_size)
    said = zip((checksum, size, packed, *numbers), (info.CRC, *wanted, *wanted), strict=False)
    return len(numbers) <= 2 and all(value == true or value in unsaid for value, true in said)


def _descriptor(stream: IO[bytes], info: zipfile.ZipInfo, *, at: int) -> int:
    """The length of the checksum and sizes behind a member at `at`; 0 where they are not there or say otherwise."""
    stream.seek(at)
    data = stream.read(24)
    for form in ("<4s3L", "<4sLQQ"):
        length = struct.calcsize(form)
        values = (b"PK\x07\x08", info.CRC, info.compress_size, info.file_size)
        if len(data) >= length and struct.unpack_from(form, data) == values:
            return length
    return 0


def write_zip(path: Path, members: Iterable[Member], *, digests: Mapping[str, str]) -> Path:
    """Write members as a zip at `path`, aside and renamed; the same members give the same bytes, always.

    Sorted, dated 1980, mode 0644, not compressed: films, stills and the pictures in notebooks do not shrink, and deflate's
    bytes depend on the machine's zlib. Raises AuditError where a member's SHA-256 is not the one in `digests`.
    """
    with written_aside(path) as aside, zipfile.ZipFile(aside, "w") as archive:
        for member in sorted(members, key=lambda member: member.name):
            info = zipfile.ZipInfo(member.name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.file_size = 3, (stat.S_IFREG | 0o644) << 16, member.size
            digest = hashlib.sha256()
            with member.open() as source, archive.open(info, "w") as target:
                for chunk in hash_aside(chunks_of(source), digest):
                    target.write(chunk)
            if digest.hexdigest() != digests[member.name]:
                detail = f"{member.name}: its SHA-256 is {digest.hexdigest()}, expected was {digests[member.name]}"
                why = "not the file of the journal, or changed while the package was being written"
                raise AuditError(f"{path.name}: cannot be written", problems=[f"{detail}: {why}"])
    return path
