"""Step 05: what bears on editing with what this version has. It looks at three things and says which it does not look at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from verikit import _html
from verikit._files import plain
from verikit.container.inspection import inspect
from verikit.keyframes.shots import Shot, detect_shots
from verikit.media.scanning import scan_video
from verikit.media.video import open_video
from verikit.plots.drawing import Figure
from verikit.plots.frames import plot_shots
from verikit.records import Finding, Outcome, Records, mimebundle, timecode
from verikit.workflow.gently import look_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from verikit.case.folder import Case

__all__ = ["NOT_LOOKED_FOR", "Differs", "Edits", "edits_of_case"]

# The findings of step 02 that can come from editing. Each says itself what else it can come from.
EDITING = (
    "hidden_footage",
    "switched_off_tracks",
    "edit_count",
    "edit_speed",
    "edit_history",
    "encoder_chain",
    "unlisted_media",
    "media_times",
    "modified_later",
    "gaps",
    "same_times",
    "uneven_rate",
    "first_picture_key",
    "scan_parameters",
    "scan_key_spacing",
    "sound_track",
    "ai_label",
)
NOT_LOOKED_FOR = (
    "This version does not look for frozen or repeated pictures, loops, pieces put in or painted over, replaced sound or traces "
    "of an earlier encoding. None of them was looked for, and nothing follows about them."
)
# How step 04's figure of differences begins its words, after the clip's name and time.
LAID_ON = " laid on "
SAME_SPEED = 0.01


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """How the clip differs from an earlier copy that step 04 found: a sentence each, by what was measured there."""

    reference: str
    seconds: str
    differs: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The differences as JSON."""
        return dataclasses.asdict(self) | {"differs": list(self.differs)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return cls(**{**data, "differs": tuple(data["differs"])})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What bears on editing: the changes of shot, what the file says, and how the clip differs from earlier copies.

    `compared` is False where step 04 has not run, so that nothing could be laid beside the clip.
    """

    shots: Records[Shot]
    findings: Records[Finding]
    differs: Records[Differs]
    compared: bool
    timeline: Figure
    differences: tuple[Figure, ...] = ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The course of change over time, and the clip laid on each earlier copy."""
        return (self.timeline, *self.differences)

    def to_dict(self) -> dict[str, Any]:
        """Changes of shot, findings and differences as JSON, and what was not looked for."""
        return {
            "changes": [shot.to_dict() for shot in self.shots if shot.transition_in != "start"],
            "findings": [finding.to_dict() for finding in self.findings],
            "differs": [one.to_dict() for one in self.differs],
            "compared": self.compared,
            "not_looked_for": NOT_LOOKED_FOR,
        }

    def _sentences(self) -> Iterator[str]:
        changes = [shot for shot in self.shots if shot.transition_in != "start"]
        told = "; ".join(f"{shot.transition_in} at {timecode(shot.start)}" for shot in changes)
        yield f"Changes of shot: {told}." if changes else "Changes of shot: none; one view from beginning to end."
        seen = [finding for finding in self.findings if finding.outcome is Outcome.ANOMALY]
        looked = f"{len(self.findings)} things that editing can leave in a file were looked at"
        yield (
            f"The file: {looked}; {len(seen) or 'none'} seen, listed below."
            if seen
            else f"The file: {looked}; none seen."
        )
        for one in self.differs:
            yield f"Beside {one.reference} ({one.seconds}): {'; '.join(one.differs) or 'no difference was measured'}."
        if not self.differs:
            why = "step 04 found no earlier copy" if self.compared else "step 04 has not run"
            yield f"Beside an earlier copy: {why}, so nothing was laid beside the clip."
        yield NOT_LOOKED_FOR

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        said = [plain(sentence) for sentence in self._sentences()]
        seen = Records(
            [finding for finding in self.findings if finding.outcome is Outcome.ANOMALY],
            caption="What the file says that can come from editing",
            columns=("check", "summary", "limits"),
        )._repr_mimebundle_()
        shown = [_html.element("p", sentence) for sentence in said]
        html = _html.join([*shown, _html.Html(seen["text/html"])])
        return mimebundle(self, plain_text="\n".join([*said, seen["text/plain"]]), html=html)


def edits_of_case(case: Case) -> Edits:
    """Step 05: the clip's changes of shot, what its file says, and how it differs from earlier copies, recorded as `edits`.

    A change of shot is where two views meet: filming stops and goes on, or someone cut. Limits: a clip without any of what
    is looked at may have been edited all the same.
    """
    video = open_video(case.video)
    scan = scan_video(video, cache=case.scans)
    shots = detect_shots(scan)
    found = {finding.check: finding for finding in inspect(video, scan=scan).findings}
    findings = [found[name] for name in EDITING if name in found]
    compared = case.named("copies") in case.derived
    copies = case.evidence("copies") if compared else {"search": None, "compared": []}
    edits = Edits(
        shots=shots,
        findings=Records(findings, caption="What editing can leave in a file", columns=("check", "outcome", "summary")),
        differs=Records(_differs(copies), caption="Beside earlier copies", columns=("reference", "seconds", "differs")),
        compared=compared,
        timeline=plot_shots(scan, shots, look=look_of(case)),
        differences=tuple(_differences(case)),
    )
    parents = ["video", *(["copies"] if compared else [])]
    case.record(edits, name="edits", operation="edits_of_case", parents=parents)
    return edits


def _differs(copies: Mapping[str, Any]) -> Iterator[Differs]:
    """How the clip differs from each copy that is confirmed, in sentences about what was measured."""
    asked = {table["caption"]: table["records"] for table in copies["compared"]}
    for match in (copies["search"] or {}).get("matches", []):
        if not match["confirmed"]:
            continue
        reference, span = match["reference"], match["query_span"]
        rows = [rows for caption, rows in asked.items() if f"or {reference} (reference)" in caption]
        which = {row["question"]: row for row in (rows[0] if rows else [])}
        told = [*_played(match), *_left_out(which)]
        seconds = f"{timecode(span[0])} to {timecode(span[1])} of the clip"
        yield Differs(reference=reference, seconds=seconds, differs=tuple(told))


def _played(match: Mapping[str, Any]) -> Iterator[str]:
    """How the picture was turned and how fast it plays."""
    if match["mirrored"]:
        yield "the picture is mirrored"
    if match["rotated"]:
        yield f"the picture is turned by {match['rotated']} degrees"
    if match.get("negative"):
        yield "the colours are negative"
    if abs(match["speed"] - 1) > SAME_SPEED:
        yield f"it takes {match['speed']:.2f} times as long as the copy"


def _left_out(which: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What of the copy the clip does not show, and the other way round."""
    for question, less, more in (
        ("fuller in time", "it is a part of the copy's time", "the copy is a part of its time"),
        ("fuller in picture", "it shows a part of the copy's picture", "the copy shows a part of its picture"),
    ):
        row = which.get(question)
        if row is not None and row["which"] in {"reference", "query"}:
            told = less if row["which"] == "reference" else more
            yield f"{told} (clip: {row['query']}; copy: {row['reference']})"


def _differences(case: Case) -> Iterator[Figure]:
    """Step 04's figures of the clip laid on earlier copies, as they were kept, with their words."""
    import cv2  # noqa: PLC0415 - only who shows pictures pays for it
    import numpy as np  # noqa: PLC0415 - the same

    start = case.named("copies/")
    for name, thing in sorted(case.derived.items()):
        shows = str(thing.arguments.get("shows", ""))
        if name.startswith(start) and LAID_ON in shows:
            data = case.evidence_path(name.removeprefix(case.named(""))).read_bytes()
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            if picture is not None:
                high, wide = picture.shape[:2]
                mime = "image/png" if name.endswith(".png") else "image/jpeg"
                yield Figure(data=data, mime=mime, alt=shows, width=wide, height=high)
