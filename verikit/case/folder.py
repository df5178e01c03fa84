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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit._files import canonical_json, sha256_bytes
from verikit.case import deciding
from verikit.case.card import CaseCard
from verikit.case.case_files import JOURNAL, CaseFiles
from verikit.case.claims import Claim, word_of
from verikit.case.derived import VERDICT, confined
from verikit.case.header import journaled_header, seen_from
from verikit.case.posts import POST, Post, further_posts, posts_table, read_post
from verikit.case.staleness import stale_cells
from verikit.case.verdicts import Decision, Status, Verdict
from verikit.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from verikit.case.claim_review import ClaimReview
    from verikit.case.claims import SubClaim
    from verikit.case.observations import Observation
    from verikit.case.readings import Reading
    from verikit.case.staleness import StaleCell
    from verikit.records import Records

__all__ = ["JOURNAL", "Case"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case(CaseFiles):
    """An open case. Made by `new_case` and `open_case`; every property reads what is on the disk now.

    `clip` names the clip that the case is seen from (`for_clip`): its video, and names of what is derived from it.
    """

    # ----------------------------------------------------------------------------------------------- what the case is about

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
    def posts(self) -> Records[Post]:
        """The posts that make the claim, the one whose words are examined first. Raises AuditError for a changed file."""
        first = Post.from_claim(self.claim, file=f"inputs/{POST}" if (self.folder / "inputs" / POST).is_file() else "")
        return posts_table([first, *(self._post(path, sha) for path, sha in further_posts(self.entries).items())])

    def _post(self, path: str, sha256: str) -> Post:
        place = confined(self.folder, path)
        data = place.read_bytes() if place.is_file() else b""
        if sha256_bytes(data) != sha256:
            raise AuditError(f"{place.name}: not the post that was taken in; put the original back")
        return read_post(data, name=place.name, file=path)

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

    @property
    def grounds(self) -> Records[deciding.Ground]:
        """What decisions can rest on, by name, each with what it was read from: from one source it is one kind of evidence."""
        return deciding.grounds_of(self)

    def decide(
        self, sub_claim: str, *, status: Status | str, because: str, rests_on: Sequence[str] = (), by: str = ""
    ) -> Decision:
        """The decision on one sub-claim, written into the journal with the digests of the evidence that it rests on.

        `by` is who decided, where it was not the one who opened the case. Raises ValueError for a sub-claim that the claim does not have, evidence that was not derived, or no reason.
        """
        return deciding.decide(
            self,
            sub_claim,
            status=word_of(Status, status, where="decision: status"),
            because=because,
            rests_on=rests_on,
            by=by,
        )

    def split_claim(self, sub_claims: Sequence[SubClaim]) -> Claim:
        """The claim with these sub-claims in place of its own. Equal ones leave the journal as it is."""
        claim = self.claim
        changed = dataclasses.replace(claim, sub_claims=tuple(sub_claims))
        if changed != claim:
            self.change("decision", {"claim": changed.to_dict()})
        return changed

    def describe_post(
        self,
        *,
        posted: str = "",
        account: str = "",
        url: str = "",
        archived: str = "",
        language: str = "",
        translation: str = "",
        translator: str = "",
    ) -> Claim:
        """The claim with what became known of its post beside its words, which stay as they are. Nothing given changes nothing.

        Raises ValueError for a date that is none, and for a translation without its translator.
        """
        given = {"posted": posted, "account": account, "url": url, "archived": archived, "language": language}
        given |= {"translation": translation, "translator": translator}
        claim = self.claim
        changed = Claim.from_dict(claim.to_dict() | {name: value for name, value in given.items() if value})
        if changed.translation and not changed.translator:
            raise ValueError("describe_post: translator (who or what translated it) is missing")
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
        """The cells of the saved notebooks that are not as they last ran: edited since, out of order, deleted."""
        return stale_cells(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return self.card()._repr_mimebundle_(include, exclude)
