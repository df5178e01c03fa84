"""The files of a case: what was taken in, what is derived, the journal, and how each is read and written.

A case may be seen from one of its clips: then names of what is derived are those of that clip.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from verikit._files import plain, sha256_bytes, sha256_file, write_bytes, written_aside
from verikit.case.clips import Clip, clips_of
from verikit.case.derived import (
    VERDICT,
    Derived,
    Made,
    confined,
    copy_and_hash,
    derived_of,
    kind_of,
    name_parts,
    plan_derived,
    pretty_json,
    withdrawn_of,
)
from verikit.case.header import CASE, read_header
from verikit.case.journal import Entry, append, read_journal, strict_json
from verikit.case.readings import READING
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit.records import Records, Shown

__all__ = ["JOURNAL", "CaseFiles"]

JOURNAL = "journal.jsonl"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiles:
    """A case's folder, read anew each time it is asked. `clip` is the clip that it is seen from, empty for the first."""

    folder: Path
    clip: str = ""

    # ----------------------------------------------------------------------------------------------- what the case holds

    def _header(self) -> dict[str, Any]:
        return read_header(self.folder)

    @property
    def id(self) -> str:
        """The name of the case in its journal."""
        return str(self._header()["id"])

    @property
    def by(self) -> str:
        """Who opened the case; empty where nobody said."""
        return str(self.entries[0].body.get("by", ""))

    @property
    def videos(self) -> Records[Clip]:
        """The clips of the case, in the order in which they were taken in."""
        return clips_of(self.entries)

    @property
    def clips(self) -> tuple[Self, ...]:
        """The case as seen from each of its clips, to do a step for each."""
        return tuple(self.for_clip(clip.name) for clip in self.videos)

    def for_clip(self, name: str) -> Self:
        """The case as seen from one clip ("clip_2"): what is derived there has the clip's name before its own.

        The first clip is what the case is seen from anyway, and its names stay plain. Notes and decisions are about the whole
        case wherever it is seen from: there, evidence has its whole name ("clip_2/copies"). Raises ValueError for another name.
        """
        names = [clip.name for clip in self.videos]
        if name not in names:
            raise ValueError(f"{plain(str(name))[:20]!r}: the case has no such clip; it has {', '.join(names)}")
        return dataclasses.replace(self, clip="" if name == names[0] else name)

    @property
    def heading(self) -> tuple[Clip, ...]:
        """The clip that the case is seen from, to be shown above what is about it; none where there is but one."""
        clips = self.videos
        return () if len(clips) == 1 else (self._clip,)

    @property
    def _clip(self) -> Clip:
        return next(clip for clip in self.videos if clip.name == (self.clip or "clip_1"))

    def named(self, name: str) -> str:
        """The name in the whole case of what has this name as seen from the clip."""
        return f"{self.clip}/{name}" if self.clip else name

    @property
    def video(self) -> Path:
        """The working copy of the video."""
        return confined(self.folder, self._clip.path if self.clip else self._header()["video"]["path"])

    @property
    def video_name(self) -> str:
        """The name that the video came with."""
        return self._clip.file if self.clip else str(self._header()["video"]["name"])

    @property
    def video_sha256(self) -> str:
        """The SHA-256 of the video as it was taken in."""
        return self._clip.sha256 if self.clip else str(self._header()["video"]["sha256"])

    @property
    def archive(self) -> Path | None:
        """The archive of earlier videos to search, or None."""
        path = self._header()["archive"]
        return None if path is None else Path(os.path.normpath(self.folder / path))

    @property
    def scans(self) -> Path:
        """The folder for cached scans, which are made again at will and never packed."""
        return self.folder / "scans"

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / JOURNAL

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries of the journal, oldest first. Raises AuditError where it does not hold or is of another case."""
        entries = read_journal(self.journal.read_bytes())
        if entries[0].case != self.id:
            raise AuditError(f"{self.folder.name}: journal.jsonl is of another case than case.json")
        return entries

    @property
    def derived(self) -> dict[str, Derived]:
        """What was derived, by name; of a name that was written more than once the latest."""
        return derived_of(self.entries)

    def change(self, kind: str, changed: Mapping[str, Any]) -> None:
        """Change fields of case.json, and tell the journal who did. Both or, but for a crash between them, neither."""
        with written_aside(self.folder / CASE) as aside:
            aside.write_bytes(pretty_json(self._header() | dict(changed)))
            self.tell(kind, dict(changed) | {"by": self.by})

    def check_video(self) -> None:
        """Raises AuditError unless the working copy of each clip still is the video that was taken in."""
        for clip in self.clips:
            if not clip.video.is_file() or sha256_file(clip.video) != clip.video_sha256:
                raise AuditError(f"{clip.video.name}: not the video that was taken in; put the original back")

    def tell(self, kind: str, body: Mapping[str, Any]) -> Entry:
        """An entry in the journal of the case, which is returned."""
        return append(self.journal, kind, body, case=self.id)

    # --------------------------------------------------------------------------------------------------- what is derived

    def record(
        self,
        value: Shown,
        *,
        name: str,
        parents: Sequence[str] = (),
        operation: str = "record",
        arguments: Mapping[str, Any] | None = None,
    ) -> str:
        """Write a result to derived/NAME.json and tell the journal. Returns the name, for `rests_on` and `parents`.

        A name that was written before is written anew; its latest entry counts. `parents` are the names of what it was
        made from: derived things, "video", or a path under inputs/. `operation` made it, with these `arguments`.
        """
        for kept, verb in ((VERDICT, "conclude"), (READING, "second_reader")):
            if name == kept:
                raise ValueError(f"{name}: this name is kept for {verb}")
        return self.put(value, name, made=Made(operation=operation, parents=parents, arguments=arguments))

    def put(self, value: Shown, name: str, *, made: Made, told: bool = False) -> str:
        """What `record` does, for the verbs of the case that keep a name of their own.

        `told` puts the value into the journal as well, which so holds it also when the file was written anew.
        """
        found = value.to_dict()
        made = dataclasses.replace(made, kind=kind_of(value))
        whole = {"value": found} if told else None
        return self._store(pretty_json(found), name, file=f"{name}.json", made=made, told=whole)

    def keep_bytes(
        self,
        data: bytes,
        *,
        name: str,
        operation: str,
        parents: Sequence[str] = (),
        arguments: Mapping[str, Any] | None = None,
    ) -> str:
        """Write `data` to derived/NAME (with its extension) and tell the journal what made it. Returns the name."""
        made = Made(operation=operation, parents=parents, arguments=arguments)
        return self._store(data, name, file=name, made=made)

    def keep_file(
        self,
        path: Path,
        *,
        name: str,
        operation: str,
        parents: Sequence[str] = (),
        arguments: Mapping[str, Any] | None = None,
    ) -> str:
        """Copy a file to derived/NAME (with its extension) and tell the journal what made it. Returns the name."""
        made = Made(operation=operation, parents=parents, arguments=arguments)
        plan = self._plan(name, file=name, made=made)
        target = confined(self.folder, plan.path)
        with written_aside(target) as aside:
            sha256, size = copy_and_hash(Path(path), aside)
        return self._tell(dataclasses.replace(plan, sha256=sha256, size=size), {})

    def _store(self, data: bytes, name: str, *, file: str, made: Made, told: Mapping[str, Any] | None = None) -> str:
        plan = self._plan(name, file=file, made=made)
        write_bytes(confined(self.folder, plan.path), data)
        return self._tell(dataclasses.replace(plan, sha256=sha256_bytes(data), size=len(data)), told or {})

    def _tell(self, thing: Derived, told: Mapping[str, Any]) -> str:
        """The journal's entry of a file that was just written, with what else is `told`. The name is as seen from the clip."""
        self.tell("derived", thing.to_dict() | dict(told))
        return thing.name.removeprefix(self.named(""))

    def _plan(self, name: str, *, file: str, made: Made) -> Derived:
        """What is about to be derived, still without digest and size. One reading of the journal answers all of it."""
        name, file, entries = self.named(name), self.named(file), self.entries
        name_parts(name)
        confined(self.folder, f"derived/{file}")
        if self.clip and not isinstance(made.parents, str):
            there = derived_of(entries)
            own = {parent: self.named(parent) for parent in made.parents if self.named(parent) in there}
            own["video"] = self._clip.path
            made = dataclasses.replace(made, parents=[own.get(parent, parent) for parent in made.parents])
        first = str(self._header()["video"]["sha256"])
        return plan_derived(name, file=file, made=made, entries=entries, video_sha256=first)

    def evidence_path(self, name: str) -> Path:
        """The file of what was derived under `name`, checked against the journal. Raises AuditError where it differs."""
        thing = self.known([self.named(name)])[0]
        path = confined(self.folder, thing.path)
        if not path.is_file() or sha256_file(path) != thing.sha256:
            raise AuditError(f"{thing.path}: missing, or not as the journal's latest entry says; derive it again")
        return path

    def evidence(self, name: str) -> Any:
        """What was recorded under `name`, as JSON, checked against the journal. Raises AuditError where it differs."""
        path = self.evidence_path(name)
        if path.suffix != ".json":
            raise ValueError(f"{name}: a {path.suffix} file, not JSON; use evidence_path")
        return strict_json(path.read_bytes())

    def known(self, names: Sequence[str]) -> list[Derived]:
        """What was derived under these names of the whole case. Raises ValueError that names what was not."""
        derived = self.derived
        unknown = [names] if isinstance(names, str) else [name for name in names if name not in derived]
        if unknown:
            there = ", ".join(sorted(derived)) or "nothing yet"
            gone = ", ".join(sorted(withdrawn_of(self.entries).keys() & set(unknown)))
            there += f"; withdrawn, as the notebook that derived it ran again and did not: {gone}" if gone else ""
            raise ValueError(f"not derived in this case: {', '.join(map(repr, unknown))} (derived: {there})")
        return [derived[name] for name in names]
