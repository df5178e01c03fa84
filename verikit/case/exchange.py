"""Evidence that other tools saved, taken into a case: what they state of it is checked and told to the journal.

yt-dlp leaves NAME.info.json beside the files of one download; it states no digest. auto-archiver leaves a folder with the
files, a page (HTML) and, where its json_enricher ran, metadata.json; where its hash_enricher ran, these state each file's
SHA-256 or SHA3-512. Files are renamed when they are stored, so a stated digest is looked for among the files' own: one
that no file has means that a file was changed or is missing, and nothing is taken in.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain, safe_name, sha256_file, written_aside
from verikit.case.derived import confined, copy_and_hash
from verikit.case.journal import strict_json
from verikit.errors import AuditError
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from verikit.case.folder import Case

__all__ = ["Acquired", "take_evidence", "take_files"]

# A post's metadata has some hundred kilobytes at most; with all comments some megabytes.
MOST_METADATA, MOST_FILES = 64 << 20, 1000
_STATED = re.compile(rb"\b(SHA-256:[0-9a-f]{64}|SHA3-512:[0-9a-f]{128})\b")
_KINDS = {"SHA-256": "sha256", "SHA3-512": "sha3_512"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Acquired:
    """A file that was taken in: its place in the case, its first name, SHA-256 and size, how, from where, and when it says.

    `stated` is the digest that the other tool stated, which this file has; empty where it stated none. `acquired_at`,
    `post` and `published` are what the other tool says, unchecked.
    """

    path: str
    name: str
    sha256: str
    size: int
    how: str
    url: str = ""
    post: str = ""
    account: str = ""
    published: str = ""
    acquired_at: str = ""
    tool: str = ""
    stated: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The body of the journal's entry."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises KeyError for a missing field."""
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown = _records([self])._repr_mimebundle_()
        return mimebundle(self, plain_text=shown["text/plain"], html=shown["text/html"])


def _records(found: Iterable[Acquired]) -> Records[Acquired]:
    return Records(
        found, caption="Taken in", columns=("path", "name", "sha256", "url", "acquired_at", "tool", "stated")
    )


def take_evidence(case: Case, source: Path) -> Records[Acquired]:
    """What was taken into the case from `source`, an .info.json of yt-dlp or a folder of auto-archiver, file by file.

    Each file is copied to inputs/ and told to the journal with what the other tool says of it; one that the case has
    already is told and not copied again. Raises FileNotFoundError, ValueError for what is neither, and AuditError where
    a digest that the tool stated is no file's.
    """
    source = Path(source)
    if source.is_dir():
        files, facts, stated = _auto_archiver(source)
    elif source.is_file() and source.name.endswith(".info.json"):
        files, facts, stated = _yt_dlp(source)
    elif source.exists():
        raise ValueError(f"{source}: neither an .info.json of yt-dlp nor a folder of auto-archiver")
    else:
        raise FileNotFoundError(f"{source}: no such file or folder")
    if len(files) > MOST_FILES:
        raise ValueError(f"{source}: more than {MOST_FILES} files")
    own = {path: _stated_of(path, stated) for path in files}
    missing = sorted(stated - {word for words in own.values() for word in words})
    if missing:
        problems = [f"{word}: stated there, and no file of it has it: changed, or missing" for word in missing]
        raise AuditError(f"{source.name}: nothing was taken in", problems=problems)
    return _take(case, {path: {**facts, "stated": ", ".join(sorted(own[path]))} for path in files})


def take_files(case: Case, source: Path, *, how: str) -> Records[Acquired]:
    """What was taken into the case from `source`, a file or a folder of files that no tool describes, file by file.

    `how` says in a person's words how the files were come by; the journal keeps them. Screenshots, a page saved by a
    browser, a witness's letter. Raises FileNotFoundError, and ValueError without such words, or where the folder holds
    something else than files with content: nothing is left out in silence.
    """
    source = Path(source)
    if not how.strip():
        raise ValueError("take: say how you came by the files, with --how TEXT")
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file or folder")
    files = _files_of(source) if source.is_dir() else [source]
    others = sorted({path.name for path in source.iterdir()} - {path.name for path in files}) if source.is_dir() else []
    if others or not files or not source.stat().st_size:
        named = ", ".join(map(plain, others[:5])) or "nothing in it"
        raise ValueError(f"{source}: only files with content are taken in, no folders and links: {named}")
    if len(files) > MOST_FILES:
        raise ValueError(f"{source}: more than {MOST_FILES} files")
    return _take(case, {path: {"how": plain(" ".join(how.split()))[:2000]} for path in files})


def _take(case: Case, files: Mapping[Path, Mapping[str, str]]) -> Records[Acquired]:
    """Copy each file to inputs/ and tell the journal what is known of it; one that the case has is only told."""
    known = {str(e.body.get("sha256")): str(e.body.get("path")) for e in case.entries if e.kind == "acquired"}
    taken = []
    for path, facts in files.items():
        place, sha256, size = _copied(case, path, known)
        known[sha256] = place
        one = Acquired(path=place, name=plain(path.name), sha256=sha256, size=size, **facts)
        case.tell("acquired", one.to_dict() | {"by": case.by})
        taken.append(one)
    return _records(taken)


def _copied(case: Case, path: Path, known: Mapping[str, str]) -> tuple[str, str, int]:
    """Where the file lies in the case, its SHA-256 and size; copied there unless the case has it."""
    sha256 = sha256_file(path)
    if sha256 in known:
        return known[sha256], sha256, path.stat().st_size
    stem = safe_name(path.name, most=60)
    names = [stem, f"{sha256[:8]}_{stem}"]
    there = {one.name.casefold() for one in (case.folder / "inputs").iterdir()}
    inside = f"inputs/{next(name for name in names if name.casefold() not in there)}"
    with written_aside(confined(case.folder, inside)) as aside:
        copied, size = copy_and_hash(path, aside)
    if copied != sha256:
        raise OSError(f"{path}: changed while it was read; take it in again")
    return inside, sha256, size


def _stated_of(path: Path, stated: set[str]) -> set[str]:
    """Those of the stated digests that this file has."""
    found = set()
    for word, name in _KINDS.items():
        if any(one.startswith(word + ":") for one in stated):
            with path.open("rb") as stream:
                found.add(f"{word}:{hashlib.file_digest(stream, name).hexdigest()}")
    return found & stated


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink() and path.stat().st_size)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(MOST_METADATA + 1)
    if len(data) > MOST_METADATA:
        raise ValueError(f"{path}: more than {MOST_METADATA} bytes of metadata")
    return data


def _json(path: Path) -> Any:
    try:
        return strict_json(_read(path))
    except ValueError as fault:
        raise ValueError(f"{path}: not JSON that can be read in one way: {fault}") from fault


def _text(value: object) -> str:
    return plain(str(value))[:2000] if isinstance(value, str | int | float) else ""


def _moment(seconds: object) -> str:
    """A count of seconds since 1970 as ISO 8601, or nothing."""
    if not isinstance(seconds, int | float) or not 0 <= seconds < 1 << 34:
        return ""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def _yt_dlp(source: Path) -> tuple[list[Path], dict[str, str], set[str]]:
    """The files of one download of yt-dlp, what is said of them, and no digests: it states none."""
    info = _json(source)
    if not isinstance(info, dict) or not info.get("id") or not info.get("webpage_url"):
        raise ValueError(f"{source}: not an .info.json of yt-dlp: no id or webpage_url")
    start = source.name.removesuffix("info.json")
    files = [path for path in _files_of(source.parent) if path.name.startswith(start)]
    version = info.get("_version")
    day = str(info.get("upload_date", ""))
    dated = f"{day[:4]}-{day[4:6]}-{day[6:]}" if re.fullmatch(r"\d{8}", day, re.ASCII) else ""
    facts = {
        "how": "downloaded by yt-dlp",
        "url": _text(info["webpage_url"]),
        "post": _text(info["id"]),
        "account": _text(info.get("uploader_id") or info.get("uploader") or info.get("channel")),
        "published": _moment(info.get("timestamp")) or dated,
        "acquired_at": _moment(info.get("epoch")),
        "tool": f"yt-dlp {_text(version.get('version')) if isinstance(version, dict) else ''}".strip(),
    }
    return files, facts, set()


def _auto_archiver(source: Path) -> tuple[list[Path], dict[str, str], set[str]]:
    """The files of a folder of auto-archiver, what is said of them, and the digests that it states."""
    files = _files_of(source)
    found: dict[str, Any] = {}
    stated: set[str] = set()
    pages = 0
    for path in files:
        if path.suffix.lower() == ".json":
            try:
                data = strict_json(_read(path))
            except ValueError:
                # A post's own JSON, as it came; only metadata.json is auto-archiver's.
                continue
            if (
                isinstance(data, dict)
                and isinstance(data.get("metadata"), dict)
                and isinstance(data.get("media"), list)
            ):
                found = data["metadata"]
                stated |= {match.decode("ascii") for match in _STATED.findall(_read(path))}
        elif path.suffix.lower() in {".html", ".htm"} and b"bellingcat/auto-archiver" in (page := _read(path)):
            pages += 1
            stated |= {match.decode("ascii") for match in _STATED.findall(page)}
            made = re.search(rb"auto-archiver</a>\s*v([\w.+-]{1,40})", page)
            address = re.search(rb'Archived media for <span class="copy">([^<]{1,2000})</span>', page)
            version = made[1].decode("ascii", "replace") if made else ""
            link = address[1].decode("utf-8", "replace").replace("&amp;", "&") if address else ""
            found = {"_version": version, "url": link} | found
    if not found and not pages:
        raise ValueError(f"{source}: not a folder of auto-archiver: neither its metadata.json nor its page is in it")
    facts = {
        "how": "archived by auto-archiver",
        "url": _text(found.get("url")),
        "post": _text(found.get("post_id") or found.get("id")),
        "account": _text(found.get("author") or found.get("uploader")),
        "published": _text(found.get("timestamp")),
        "acquired_at": _text(found.get("_processed_at")),
        "tool": f"auto-archiver {_text(found.get('_version'))}".strip(),
    }
    return files, facts, stated
