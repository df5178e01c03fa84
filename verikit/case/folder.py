"""The case: a folder that holds the claim, the video, the notebooks, what they derive, and the journal of it all.

    case.json        what the case is about       journal.jsonl    what happened, hash-chained
    inputs/          the video and post.json       notebooks/       what the analyst edits
    executed/        as they ran, to their end     derived/         what came out
    failed/          as far as they came           report.html      for readers
    scans/           a cache, never packed         search_kit/      pictures to search with, never packed

A Case keeps nothing in memory: the notebook's kernel and the program that runs it both see what is on the disk.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import canonical_json, plain, sha256_bytes, sha256_file, write_bytes, written_aside
from verikit.case import deciding
from verikit.case.card import CaseCard
from verikit.case.claims import Claim
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
from verikit.case.header import CASE, journaled_header, read_header, seen_from
from verikit.case.journal import Entry, append, read_journal, strict_json
from verikit.case.posts import Post, is_post, posts_table, read_post
from verikit.case.readings import READING, Reading
from verikit.case.staleness import stale_cells
from verikit.case.verdicts import Decision, Status, Verdict
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit.case.claim_review import ClaimReview
    from verikit.case.claims import SubClaim
    from verikit.case.observations import Observation
    from verikit.case.staleness import StaleCell
    from verikit.records import Records, Shown

__all__ = ["JOURNAL", "Case"]

JOURNAL = "journal.jsonl"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An open case. Made by `new_case` and `open_case`; every property reads what is on the disk now.

    `clip` names the clip that the case is seen from (`for_clip`): its video, and names of what is derived from it.
    """

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
    def clips(self) -> tuple[Case, ...]:
        """The case as seen from each of its clips, to do a step for each."""
        return tuple(self.for_clip(clip.name) for clip in self.videos)

    def for_clip(self, name: str) -> Case:
        """The case as seen from one clip ("clip_2"): what is derived there has the clip's name before its own.

        The first clip is what the case is seen from anyway, and its names stay plain. Raises ValueError for another name.
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
    def posts(self) -> Records[Post]:
        """The posts that make the claim, the one whose words are examined first. Raises AuditError for a changed file."""
        entries = [entry.body for entry in self.entries if entry.kind == "acquired" and is_post(entry.body)]
        first = Post.from_claim(self.claim, file=str(entries[0]["path"]) if entries else "")
        return posts_table([first, *(self._post(body) for body in entries[1:])])

    def _post(self, body: Mapping[str, Any]) -> Post:
        path = confined(self.folder, str(body["path"]))
        data = path.read_bytes() if path.is_file() else b""
        if sha256_bytes(data) != body["sha256"]:
            raise AuditError(f"{path.name}: not the post that was taken in; put the original back")
        return read_post(data, name=path.name, file=str(body["path"]))

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
    def claim(self) -> Claim:
        """What is claimed, split as it was last. Raises AuditError where case.json says otherwise than the journal."""
        latest = journaled_header(self.entries)["claim"]
        if latest is None or canonical_json(latest) != canonical_json(self._header()["claim"]):
            raise AuditError(
                f"{self.folder.name}: the claim in case.json is not the journal's; use split_claim to change it"
            )
        return Claim.from_dict(latest)

    @property
    def derived(self) -> dict[str, Derived]:
        """What was derived, by name; of a name that was written more than once the latest."""
        return derived_of(self.entries)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The latest decision on each sub-claim, in the claim's order; none for those not decided yet."""
        latest = {body["sub_claim"]: Decision.from_dict(body) for body in self._decided()}
        return tuple(latest[part.key] for part in self.claim.sub_claims if part.key in latest)

    @property
    def verdict(self) -> Verdict | None:
        """The latest verdict, or None."""
        whole = dataclasses.replace(self, clip="")
        return Verdict.from_dict(whole.evidence(VERDICT)) if VERDICT in whole.derived else None

    def _decided(self) -> list[Mapping[str, Any]]:
        return [entry.body for entry in self.entries if entry.kind == "decision" and "sub_claim" in entry.body]

    def card(self) -> CaseCard:
        """The case at a glance: claim, files, and where each sub-claim stands."""
        verdict, video = self.verdict, self._header()["video"]
        clips, posts = self.videos, self.posts
        return CaseCard(
            case=self.id,
            claim=self.claim,
            video=video["name"],
            sha256=video["sha256"],
            size=video["size"],
            decisions=self.decisions,
            label=None if verdict is None else verdict.label,
            clips=tuple(clips) if len(clips) > 1 else (),
            posts=tuple(posts) if len(posts) > 1 else (),
            reading=self.second_reading,
        )

    def use_archive(self, folder: Path) -> Path:
        """Name the archive that the notebooks search from now on. Returns its path. The one named already is kept.

        A case that was moved without its archive, or beside another, names one that is not there: this names it anew,
        in case.json and the journal. Raises FileNotFoundError where there is no such folder.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder}: no such archive; name the folder of one that is there")
        named = seen_from(self.folder, folder)
        if named != self._header()["archive"]:
            self.change("archive", {"archive": named})
        return folder

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

    def put(self, value: Shown, name: str, *, made: Made) -> str:
        """What `record` does, for the verbs of the case that keep a name of their own."""
        data = pretty_json(value.to_dict())
        return self._store(data, name, file=f"{name}.json", made=dataclasses.replace(made, kind=kind_of(value)))

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
        return self._tell(dataclasses.replace(plan, sha256=sha256, size=size))

    def _store(self, data: bytes, name: str, *, file: str, made: Made) -> str:
        plan = self._plan(name, file=file, made=made)
        write_bytes(confined(self.folder, plan.path), data)
        return self._tell(dataclasses.replace(plan, sha256=sha256_bytes(data), size=len(data)))

    def _tell(self, thing: Derived) -> str:
        """The journal's entry of a file that was just written. The name is as seen from the clip."""
        self.tell("derived", thing.to_dict())
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

    # ------------------------------------------------------------------------------------------------ what people decide

    def note(self, text: str, *, about: Sequence[str] = ()) -> None:
        """Write a note into the journal, about sub-claims ("S1") or derived things."""
        if not text.strip():
            raise ValueError("note: it says nothing")
        parts = {part.key for part in self.claim.sub_claims}
        digests = {thing.name: thing.sha256 for thing in self.known([name for name in about if name not in parts])}
        self.tell("note", {"text": text, "about": list(about), "evidence": digests, "by": self.by})

    def transfer(self, to: str, *, because: str) -> None:
        """Write into the journal that the case was handed over: to whom, and why; by whom is who opened it."""
        if not to.strip() or not because.strip():
            raise ValueError("transfer: say to whom, and why")
        self.tell("transfer", {"to": to, "because": because, "by": self.by})

    def observe(self, name: str, *, kind: str, what: str, sure: str, by: str = "", **more: Any) -> Observation:
        """Record what a person heard, read, saw or was told, as evidence by the name observed/NAME. Returns it.

        `kind` is speech, sound, lettering, seen, place, time or told; `more` are further fields of `Observation`, such
        as at=(0, 2.5) in seconds, language, text, translation and translator, about="S2", fits, compared_with,
        point="51.5335,-0.1261" and within (metres), earliest and latest. `by` is who observed, where it was not the one who
        opened the case. Raises ValueError or TypeError, naming the field, for what does not belong together.
        """
        return deciding.observe(self, name, given={"kind": kind, "what": what, "sure": sure, "by": by, **more})

    @property
    def observations(self) -> Records[Any]:
        """Everything that people observed, each with the name that decisions rest on it by."""
        return deciding.observations_of(self)

    def decide(
        self, sub_claim: str, *, status: Status | str, because: str, rests_on: Sequence[str] = (), by: str = ""
    ) -> Decision:
        """The decision on one sub-claim, written into the journal with the digests of the evidence that it rests on.

        `by` is who decided, where it was not the one who opened the case. Raises ValueError for a sub-claim that the claim does not have, evidence that was not derived, or no reason.
        """
        return deciding.decide(self, sub_claim, status=Status(status), because=because, rests_on=rests_on, by=by)

    def split_claim(self, sub_claims: Sequence[SubClaim]) -> Claim:
        """The claim with these sub-claims in place of its own. Equal ones leave the journal as it is."""
        claim = self.claim
        changed = dataclasses.replace(claim, sub_claims=tuple(sub_claims))
        if changed != claim:
            self.change("decision", {"claim": changed.to_dict()})
        return changed

    def conclude(self, verdict: Verdict) -> Verdict:
        """The verdict, once its label's rule is kept, in derived/verdict.json and the journal.

        Raises AuditError with everything that stands against it.
        """
        return deciding.conclude(self, verdict)

    def second_reader(
        self, by: str, *, agrees: Sequence[str] = (), dissents: Mapping[str, str] | None = None, text: str = ""
    ) -> Reading:
        """Record what someone who did not decide says of the verdict: agreement by part, dissent with its reason.

        Parts are sub-claims, "label" and "media". Raises ValueError without a verdict, and for whoever decided it.
        """
        return deciding.second_reader(self, by, agrees=agrees, dissents=dissents or {}, text=text)

    @property
    def second_reading(self) -> Reading | None:
        """What a second reader said of the verdict as it stands, or None; a reading of an earlier verdict does not count."""
        return deciding.second_reading_of(self)

    def claim_review(
        self, author: str = "", *, published: str = "", url: str = "", author_is: str = "Organization"
    ) -> ClaimReview:
        """The verdict as schema.org's ClaimReview and MediaReview, kept in derived/claim_review.json.

        `author` is who publishes it, `published` the day and `url` the address, as far as they are known. Raises ValueError
        without a verdict.
        """
        words = {"published": published, "url": url, "author_is": author_is}
        return deciding.review_claim(self, author, words)

    def stale_cells(self) -> Records[StaleCell]:
        """The cells of the saved notebooks that are not as they ran in JupyterLab: edited since, out of order, deleted."""
        return stale_cells(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return self.card()._repr_mimebundle_(include, exclude)
