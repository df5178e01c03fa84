"""The archive of known footage: one folder, one SQLite file that is the truth.

A row a video: what it is, where it came from, its fingerprint and the fingerprint's checksum. A video is in when its
row is committed, and then wholly; a writer that is killed leaves what was in before.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import itertools
import json
import sqlite3
import zlib
from typing import TYPE_CHECKING, Any

from verikit._files import canonical_json, plain, sha256_bytes
from verikit.errors import AuditError, MediaError
from verikit.matching.fingerprinting import Fingerprint
from verikit.matching.lists import LISTED_HASHER, Listed
from verikit.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Archive", "ArchiveEntry", "ListEntry", "create_archive", "open_archive", "was_left_unmade"]

FORMAT = "verikit-archive/2"
FILE = "archive.sqlite"

# Seconds to wait for whoever has the file locked: a check reads it through once under a lock that writers wait for.
PATIENCE = 300.0

# What a list may unpack to: well above what the longest that is read in takes.
MOST_LIST = 1 << 30

SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE videos (
    number INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, name TEXT NOT NULL, added TEXT NOT NULL, size INTEGER NOT NULL, duration REAL NOT NULL,
    hasher TEXT NOT NULL, instants INTEGER NOT NULL, facts TEXT NOT NULL,
    fingerprint BLOB NOT NULL, checksum TEXT NOT NULL, iscc TEXT
);
CREATE TABLE lists (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, origin TEXT NOT NULL,
    added TEXT NOT NULL, hashes INTEGER NOT NULL, listed BLOB NOT NULL
);
CREATE TABLE removed (
    was TEXT NOT NULL, number INTEGER NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, removed TEXT NOT NULL,
    PRIMARY KEY (was, number)
);
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """One video of the archive: identity, when it was added, length in seconds, and what its file claims of itself.

    iscc: its ISO 24138 Video-Code, where one was noted.
    """

    name: str
    sha256: str
    added: str
    size: int
    duration: float
    hasher: str
    instants: int
    facts: Mapping[str, Any]
    iscc: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {**dataclasses.asdict(self), "facts": dict(self.facts)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """A list of hashes that others made: of one video or of a set of stills. `key` is the SHA-256 of what it tells."""

    name: str
    origin: str
    key: str
    added: str
    hashes: int

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive folder. Open one with `open_archive`, make one with `create_archive`."""

    folder: Path

    def entries(self) -> Records[ArchiveEntry]:
        """All videos, by name, without their fingerprints."""
        query = "SELECT name, sha256, added, size, duration, hasher, instants, iscc, facts FROM videos ORDER BY name, sha256"
        with self._connected() as connection:
            rows = connection.execute(query).fetchall()
        names = ("name", "sha256", "added", "size", "duration", "hasher", "instants", "iscc")
        values = [ArchiveEntry(**dict(zip(names, row[:8], strict=True)), facts=json.loads(row[8])) for row in rows]
        return Records(values, caption="Archive of known footage", columns=("name", "duration", "added", "sha256"))

    def holds(self, sha256: str) -> bool:
        """Whether the video with these bytes is in."""
        with self._connected() as connection:
            return connection.execute("SELECT 1 FROM videos WHERE sha256 = ?", (sha256,)).fetchone() is not None

    def put(self, fingerprint: Fingerprint, *, size: int, facts: Mapping[str, Any]) -> bool:
        """Add a video in one transaction. False where it was in already: then nothing changes."""
        data = fingerprint.to_bytes()
        row = (
            *(fingerprint.sha256, fingerprint.name, _now(), size, fingerprint.duration),
            *(fingerprint.hasher, len(fingerprint.times), json.dumps(dict(facts)), data, sha256_bytes(data)),
        )
        with self._connected() as connection:
            # Whoever looks before writing must hold off other writers first. An insert that comes to nothing would use
            # up a number, and a number that is missing means a lost video.
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT 1 FROM videos WHERE sha256 = ?", row[:1]).fetchone() is not None:
                return False
            connection.execute(
                "INSERT INTO videos (sha256, name, added, size, duration, hasher, instants, facts, fingerprint, checksum) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return True

    def note_iscc(self, sha256: str, code: str) -> None:
        """Keep a video's ISO 24138 Video-Code beside it. KeyError where the video is not in."""
        with self._connected() as connection:
            done = connection.execute("UPDATE videos SET iscc = ? WHERE sha256 = ?", (code, sha256))
        if not done.rowcount:
            raise KeyError(f"{sha256}: not in the archive {self.folder}")

    def remove(self, sha256: str) -> str:
        """Take a video, or a list by its key, out, leaving a note. Returns its name; KeyError where it is not in."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute(
                "SELECT 'videos', number, sha256, name FROM videos WHERE sha256 = ?1 "
                "UNION ALL SELECT 'lists', number, key, name FROM lists WHERE key = ?1",
                (sha256,),
            ).fetchall()
            if not rows:
                raise KeyError(f"{sha256}: not in the archive {self.folder}")
            connection.executemany("INSERT INTO removed VALUES (?, ?, ?, ?, ?)", [(*row, _now()) for row in rows])
            connection.execute("DELETE FROM videos WHERE sha256 = ?", (sha256,))
            connection.execute("DELETE FROM lists WHERE key = ?", (sha256,))
        return str(rows[0][3])

    def numbers(self) -> dict[str, dict[int, str]]:
        """By hasher, the number of each video and its SHA-256, all as of one moment; under "pdq" lists and their keys.

        A number is given once: a video that is removed and added again gets another.
        """
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT hasher, number, sha256 FROM videos UNION ALL SELECT ?, number, key FROM lists ORDER BY 1, 2",
                (LISTED_HASHER,),
            ).fetchall()
        found: dict[str, dict[int, str]] = {}
        for hasher, number, sha256 in rows:
            found.setdefault(hasher, {})[number] = sha256
        return found

    def lists(self) -> Records[ListEntry]:
        """All lists, by name, without their hashes."""
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT name, origin, key, added, hashes FROM lists ORDER BY name, key"
            ).fetchall()
        values = [ListEntry(name=row[0], origin=row[1], key=row[2], added=row[3], hashes=row[4]) for row in rows]
        return Records(values, caption="Lists of hashes", columns=("name", "hashes", "origin", "added", "key"))

    def put_list(self, listed: Listed) -> bool:
        """Take in what a list tells. False where just that was in already."""
        row = (listed.key, listed.name, listed.origin, _now(), len(listed.codes))
        data = zlib.compress(canonical_json(listed.to_dict()).encode())
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT 1 FROM lists WHERE key = ?", row[:1]).fetchone() is not None:
                return False
            connection.execute(
                "INSERT INTO lists (key, name, origin, added, hashes, listed) VALUES (?, ?, ?, ?, ?, ?)", (*row, data)
            )
        return True

    def listed(self, key: str) -> Listed:
        """What a list tells. KeyError where it is not in, AuditError where it differs from its key."""
        with self._connected() as connection:
            row = connection.execute("SELECT name, listed FROM lists WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(f"{key}: not in the archive {self.folder}")
        try:
            listed = Listed.from_dict(json.loads(zlib.decompressobj().decompress(row[1], MOST_LIST)))
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise AuditError(
                f"{self.folder}: the list {plain(row[0])} is damaged; remove it, then import it"
            ) from error
        if listed.key != key:
            raise AuditError(f"{self.folder}: the list {plain(row[0])} differs from its key; remove it, then import it")
        return listed

    def indexed(self, hasher: str, key: str) -> Fingerprint | Listed:
        """What the index keeps rows of: the video, or for the hasher "pdq" the list, with this SHA-256 or key."""
        return self.listed(key) if hasher == LISTED_HASHER else self.fingerprint(key)

    def removed(self) -> int:
        """How many videos were taken out since the archive was made."""
        with self._connected() as connection:
            return int(connection.execute("SELECT count(*) FROM removed WHERE was = 'videos'").fetchone()[0])

    def fingerprints(self) -> Iterator[Fingerprint]:
        """All fingerprints, by name, read one at a time. Raises AuditError at one whose checksum does not hold.

        One that is removed meanwhile is left out. Nothing is held open between two, so that a search keeps no writer
        waiting.
        """
        with self._connected() as connection:
            rows = connection.execute("SELECT sha256 FROM videos ORDER BY name, sha256").fetchall()
        for (sha256,) in rows:
            with contextlib.suppress(KeyError):
                yield self.fingerprint(sha256)

    def fingerprint(self, sha256: str) -> Fingerprint:
        """The fingerprint of one video. KeyError where it is not in, AuditError where its checksum does not hold."""
        query = "SELECT name, fingerprint, checksum FROM videos WHERE sha256 = ?"
        with self._connected() as connection:
            row = connection.execute(query, (sha256,)).fetchone()
        if row is None:
            raise KeyError(f"{sha256}: not in the archive {self.folder}")
        name, data, checksum = row
        if sha256_bytes(data) != checksum:
            raise AuditError(
                f"{self.folder}: the fingerprint of {plain(name)} is damaged; remove it, then add it again"
            )
        return Fingerprint.from_bytes(data)

    def problems(self) -> tuple[str, ...]:
        """What does not hold, a line each. Empty where all holds.

        SQLite's own check, each checksum, each fingerprint; and that every number that was ever given is that of a video
        that is in or of one that was removed: so none was lost.
        """
        found = []
        with self._connected() as connection:
            found += [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
            found += [f"video number {number} was put in and is lost" for number in _lost(connection, "videos")]
            found += [f"list number {number} was put in and is lost" for number in _lost(connection, "lists")]
            videos = connection.execute("SELECT name, sha256 FROM videos ORDER BY name, sha256").fetchall()
        # One at a time, so that no writer is kept waiting while all are read.
        for name, sha256 in videos:
            with contextlib.suppress(KeyError):
                found += [f"{plain(name)}: {problem}" for problem in self._problems_of(sha256)]
        for entry in self.lists():
            try:
                self.listed(entry.key)
            except (AuditError, KeyError) as error:
                found.append(str(error))
        return tuple(found)

    def _problems_of(self, sha256: str) -> Iterator[str]:
        """What of one video's fingerprint does not hold. KeyError where it was removed meanwhile."""
        with self._connected() as connection:
            row = connection.execute("SELECT fingerprint, checksum FROM videos WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise KeyError(sha256)
        data, checksum = row
        if sha256_bytes(data) != checksum:
            yield "the fingerprint differs from its checksum"
            return
        try:
            held = Fingerprint.from_bytes(data)
        except MediaError as error:
            yield str(error)
            return
        if held.sha256 != sha256:
            yield "the fingerprint is of another video"

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection whose work is committed as a whole when the block ends well."""
        path = self.folder / FILE
        try:
            connection = sqlite3.connect(path.absolute().as_uri() + "?mode=rw", uri=True, timeout=PATIENCE)
        except sqlite3.OperationalError as error:
            raise FileNotFoundError(f"{self.folder}: no archive here; make one with `verikit archive add`") from error
        try:
            with connection:
                yield connection
        except sqlite3.DatabaseError as error:
            raise AuditError(f"{path}: {error}; `verikit archive check` says what holds") from error
        finally:
            connection.close()


def create_archive(folder: Path) -> Archive:
    """The archive in `folder`, made if it is not there yet."""
    path = folder / FILE
    if not _begun(path):
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
            # "IF NOT EXISTS" and one transaction: two writers may come first at the same moment.
            schema = SCHEMA.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
            about = f"INSERT OR IGNORE INTO about VALUES ('format', '{FORMAT}');"  # noqa: S608 - a constant of this room
            connection.executescript("BEGIN IMMEDIATE;" + schema + about + "COMMIT;")
    return open_archive(folder)


def open_archive(folder: Path) -> Archive:
    """The archive in `folder`. Raises FileNotFoundError where there is none, AuditError for another format."""
    if not _begun(folder / FILE):
        raise FileNotFoundError(f"{folder}: no archive here; make one with `verikit archive add {folder} VIDEO ...`")
    archive = Archive(folder=folder)
    with archive._connected() as connection:  # noqa: SLF001 - the same room
        row = connection.execute("SELECT value FROM about WHERE key = 'format'").fetchone()
    if row is None or row[0] != FORMAT:
        raise AuditError(f"{folder}: not an archive of format {FORMAT}")
    return archive


def _lost(connection: sqlite3.Connection, table: str) -> list[int]:
    """Numbers that were given in a table to what is neither in nor noted as removed; the first hundred."""
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    rows = connection.execute(
        f"SELECT number FROM {table} UNION SELECT number FROM removed WHERE was = ?",  # noqa: S608 - our own tables
        (table,),
    ).fetchall()
    known = {number for (number,) in rows}
    missing = (number for number in range(1, (last[0] if last else 0) + 1) if number not in known)
    return list(itertools.islice(missing, 100))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def was_left_unmade(folder: Path) -> bool:
    """Whether someone was killed while making an archive in `folder`: its file is there and has no table yet."""
    return (folder / FILE).is_file() and not _begun(folder / FILE)


def _begun(path: Path) -> bool:
    """Whether the first transaction, which makes the tables, was committed: whoever is killed before it leaves none.

    Anything that is no SQLite file counts as begun, so that nobody's file is taken for an archive to be made.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    except sqlite3.DatabaseError:
        return True
