"""What a recipient looks at: a sealed package as checked, with its claim, its verdict line by line, and what is not shown.

The package is read where it lies and never unpacked. Where there is no package yet, the same is shown of the case that one
works in, so that whoever seals it sees what the recipient will see.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import package_folder, plain, sha256_bytes
from verikit.case import bag
from verikit.case.additions import Reviewed, review_package
from verikit.case.auditing import JOURNAL, withheld_of
from verikit.case.bag import read_member
from verikit.case.card import CaseCard
from verikit.case.claims import Claim, in_words
from verikit.case.clips import clips_of
from verikit.case.derived import VERDICT, derived_of
from verikit.case.header import journaled_header
from verikit.case.journal import read_journal, strict_json
from verikit.case.opening import open_case
from verikit.case.posts import Post, further_posts, read_post
from verikit.case.readings import READING, Reading, reading_of, reading_text
from verikit.case.running import fill_cells
from verikit.case.verdicts import Decision, Verdict
from verikit.case.verifying import opened_package, verify_package
from verikit.errors import AuditError
from verikit.records import Records, mimebundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from verikit.case.folder import Case
    from verikit.case.journal import Entry
    from verikit.case.verification import Verification

__all__ = ["Received", "VerdictLine", "Words", "is_package", "open_package", "prepare_check"]

CHECK = "09_check_a_case.ipynb"
NO_PACKAGE = (
    "No package is named, so there is nothing to check yet: this shows the case that you work in as its recipient will see "
    'it. Seal it (`verikit seal CASE`), then write the package\'s place between the quotes above, such as "../case.zip".'
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A sentence that a step says, in the forms in which results show themselves."""

    text: str

    def to_dict(self) -> dict[str, Any]:
        """The sentence as JSON."""
        return {"text": self.text}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return mimebundle(self, plain_text=plain(self.text), html=_html.element("p", self.text))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VerdictLine:
    """One line of the verdict: what it is about, what was concluded, why, and the evidence with the files that hold it.

    `changed` names the evidence that is not any more what it was when this was decided.
    """

    part: str
    outcome: str
    because: str
    evidence: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The line as JSON."""
        lists = {name: list(getattr(self, name)) for name in ("evidence", "files", "changed")}
        return dataclasses.asdict(self) | lists

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VerdictLine:
        """The inverse of `to_dict`."""
        return cls(**{**data, **{name: tuple(data[name]) for name in ("evidence", "files", "changed")}})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A package as checked and as it tells of itself, or the case at hand where no package was named.

    `entries` are those of its journal, none where that does not hold: then nothing of the case is shown. `package` and
    `verification` are None where no package was named, `case` is None where one was.
    """

    entries: tuple[Entry, ...]
    files: Mapping[str, bytes]
    package: Path | None = None
    verification: Verification | None = None
    case: Case | None = None

    def to_dict(self) -> dict[str, Any]:
        """The check and the verdict's lines as JSON."""
        checked = None if self.verification is None else self.verification.to_dict()
        return {"verification": checked, "lines": [line.to_dict() for line in self.lines]}

    def _json(self, name: str) -> Any:
        """What was derived under a name, as far as its file is the one that the journal tells of."""
        thing = derived_of(self.entries).get(name)
        data = b"" if thing is None else self.files.get(thing.path, b"")
        return strict_json(data) if thing is not None and sha256_bytes(data) == thing.sha256 else None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, or None where there is none, or none that can be shown."""
        found = self._json(VERDICT)
        return None if found is None else Verdict.from_dict(found)

    @property
    def second_reading(self) -> Reading | None:
        """What a second reader said of it before it was sealed."""
        found = self._json(READING)
        return None if found is None else Reading.from_dict(found)

    @property
    def card(self) -> CaseCard | Words:
        """The claim, the files and where each part stands."""
        if not self.entries:
            return Words(text="The package does not hold, so nothing of its case is shown here.")
        verdict, clips, claim = self.verdict, clips_of(self.entries), self._claim
        posts = self._posts(claim)
        return CaseCard(
            case=self.entries[0].case,
            claim=claim,
            video=clips[0].file,
            sha256=clips[0].sha256,
            size=clips[0].size,
            decisions=tuple(decision for decision, _ in self._decided.values()),
            label=None if verdict is None else verdict.label,
            clips=tuple(clips) if len(clips) > 1 else (),
            posts=posts if len(posts) > 1 else (),
            reading=self.second_reading,
        )

    @property
    def _claim(self) -> Claim:
        return Claim.from_dict(journaled_header(self.entries)["claim"])

    def _posts(self, claim: Claim) -> tuple[Post, ...]:
        there = [path for path in further_posts(self.entries) if path in self.files]
        return (Post.from_claim(claim), *(read_post(self.files[path], name=path, file=path) for path in there))

    @property
    def _decided(self) -> dict[str, tuple[Decision, Mapping[str, str]]]:
        """The latest decision on each part, with the digests of its evidence then."""
        bodies = [e.body for e in self.entries if e.kind == "decision" and "sub_claim" in e.body]
        return {body["sub_claim"]: (Decision.from_dict(body), body["evidence"]) for body in bodies}

    @property
    def lines(self) -> Records[VerdictLine]:
        """The verdict line by line, each with its evidence and the file that holds it in the package."""
        columns = ("part", "outcome", "because", "evidence", "files", "changed")
        return Records(self._lines(), caption="The verdict, line by line", columns=columns)

    def _lines(self) -> Iterator[VerdictLine]:
        verdict = self.verdict
        if verdict is None and self.entries:
            yield VerdictLine(part="label", outcome="no verdict", because="")
        elif verdict is not None:
            copy = verdict.earlier_copy
            shown = [copy.evidence] if copy is not None and copy.evidence else []
            because = f"{verdict.summary} An earlier copy: {copy}" if copy is not None else verdict.summary
            yield self._line("label", in_words(verdict.label), because, digests=dict.fromkeys(shown, ""))
            words = ", ".join(in_words(word) for word in verdict.media)
            yield self._line("media", words, verdict.media_because, digests=dict.fromkeys(verdict.media_rests_on, ""))
        for decision, digests in self._decided.values():
            yield self._line(decision.sub_claim, in_words(decision.status), decision.because, digests=digests)

    def _line(self, *told: str, digests: Mapping[str, str]) -> VerdictLine:
        """A line of part, outcome and reason; its evidence with the digests it had then, where they were told."""
        derived = derived_of(self.entries)
        changed = [
            name
            for name, digest in digests.items()
            if name not in derived or (digest and derived[name].sha256 != digest)
        ]
        files = tuple(derived[name].path for name in digests if name in derived)
        part, outcome, because = told
        return VerdictLine(
            part=part, outcome=outcome, because=because, evidence=tuple(digests), files=files, changed=tuple(changed)
        )

    @property
    def not_shown(self) -> Words:
        """What is withheld from the package, and what none of its files can show."""
        hidden = withheld_of(self.entries).items()
        said = [f"Withheld: {path}, because {entry.body.get('reason')}." for path, entry in hidden]
        verdict = self.verdict
        said += [f"Limits, in the analyst's words: {verdict.limits}"] if verdict is not None else []
        return Words(text=" ".join(said) or "Nothing is withheld, and no verdict states its limits.")

    def review(
        self,
        by: str = "",
        *,
        agrees: Sequence[str] = (),
        dissents: Mapping[str, str] | None = None,
        text: str = "",
        key: Path | str = "",
    ) -> Reviewed | Reading | Words:
        """Record the recipient's review: who, agreement by part, dissent with its reason, and a text.

        With a package it is added there, signed with `key` (a private SSH key); its seal string stays what it is. Without
        one it is the second reading of the case at hand. Without a name nothing is recorded but that nobody reviewed.
        """
        if not by.strip():
            if self.case is not None:
                self.case.note("Step 09 ran, before sealing: no recipient has reviewed this case yet.")
            return Words(text="No review is recorded. Write your name, where you agree and where not, and run again.")
        if self.case is not None:
            return self.case.second_reader(by, agrees=agrees, dissents=dissents or {}, text=text)
        words = self.review_text(by, agrees=agrees, dissents=dissents or {}, text=text)
        if self.package is None or not str(key):
            raise ValueError("review: key is missing: the private SSH key to sign with, such as ~/.ssh/id_ed25519")
        return review_package(self.package, by=by, text=words, key=Path(key).expanduser())

    def review_text(self, by: str, *, agrees: Sequence[str], dissents: Mapping[str, str], text: str) -> str:
        """A review in sentences: agreement and dissent by part, then the text. Raises ValueError for parts there are not."""
        verdict = self.verdict
        if verdict is not None:
            return reading_text(reading_of(verdict, by=by, agrees=tuple(agrees), dissents=dissents, text=text))
        if agrees or dissents:
            raise ValueError("review: there is no verdict to agree with or dissent from; write a text")
        return text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        if self.verification is None:
            return Words(text=NO_PACKAGE)._repr_mimebundle_()
        return self.verification._repr_mimebundle_()


def open_package(
    package: Path | str = "",
    *,
    key: Path | None = None,
    expect_seal: str | None = None,
    tsa_roots: Path | None = None,
    review_key: Path | None = None,
) -> Received:
    """A sealed package, checked, with what it tells; without one, the case at hand as its recipient would see it.

    The keyword arguments are those of `verify_package`. Raises what it raises,
    FileNotFoundError where neither a package is named nor a case is at hand, and AuditError where a package holds and what
    its journal tells is not of a case's form.
    """
    if str(package) in {"", "."}:
        case = open_case()
        paths = (further_posts(case.entries), (thing.path for thing in derived_of(case.entries).values()))
        there = [path for group in paths for path in group if path.endswith(".json")]
        files = {path: (case.folder / path).read_bytes() for path in there if (case.folder / path).is_file()}
        return Received(entries=case.entries, files=files, case=case)
    path = Path(package).expanduser()
    checked = verify_package(path, key=key, expect_seal=expect_seal, tsa_roots=tsa_roots, review_key=review_key)
    with opened_package(path) as contents:
        members = {name.removeprefix(bag.PAYLOAD): member for name, member in contents.members.items()}
        entries = _entries(checked, lambda: read_member(members[JOURNAL]))
        # Of a package that does not hold, nothing more is read.
        wanted = {f"derived/{VERDICT}.json", f"derived/{READING}.json", *further_posts(entries)} if entries else set()
        files = {name: read_member(members[name]) for name in wanted if name in members}
    received = Received(entries=entries, files=files, package=path, verification=checked)
    try:
        _ = received.card, list(received.lines), received.not_shown
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as fault:
        # Whoever seals may write anything into a journal that holds.
        raise AuditError(
            f"{path}: holds, and what it tells is not of a case's form: {plain(repr(fault))[:200]}"
        ) from fault
    return received


def _entries(checked: Verification, read: Callable[[], bytes]) -> tuple[Entry, ...]:
    """The journal's entries; none where it does not hold."""
    if checked["journal"].state != "holds" or checked["hashes"].state == "broken":
        return ()
    return read_journal(read())


def is_package(path: Path) -> bool:
    """Whether someone who names this means a package, not a case: a file, or a folder that is a bag."""
    return path.is_file() or (path / bag.BAGIT).is_file()


def prepare_check(package: Path) -> Path:
    """A folder beside a package with notebook 09, the package's place filled in, for JupyterLab. An older one is kept.

    Raises FileNotFoundError without a package, and AuditError for what is none.
    """
    with opened_package(package):
        pass
    folder = package.parent / f"{package.stem}-check"
    target = folder / "notebooks" / CHECK
    if target.is_file():
        return folder
    source = package_folder("notebooks") / CHECK
    if not source.is_file():
        raise AuditError(f"{source.name}: not in this installation; reinstall verikit")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    place = os.path.relpath(package.resolve(), target.parent.resolve())
    fill_cells(target, tag_sources={"parameters": f"package = {Path(place).as_posix()!r}"})
    return folder
