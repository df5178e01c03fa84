"""Comparing two fingerprints: aligned spans, mirrored or not, held against the pictures and their motion."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np

from verikit import _html
from verikit._files import plain
from verikit.errors import MediaError
from verikit.matching.alignment import BIN, Line, find_lines
from verikit.matching.geometry import Registration, features_of, register, unflipped
from verikit.matching.motion import Laying, MotionAgreement, agreement_backwards, agreement_by_offset, compare_motion
from verikit.media.hashing import hamming
from verikit.media.sampling import STILL_LONG_SIDE
from verikit.records import Records, Span, mimebundle, timecode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint

__all__ = ["Match", "StillPair", "compare", "match_records", "rank", "register_pictures", "still_image", "still_pairs"]

# Pairs of stills that are registered for one aligned stretch.
REGISTERED = 4
# A still of the reference may lie this far in time from the aligned instant.
STILL_REACH = 0.6

# Hashed instants of a query that are aligned at a time: five minutes.
PIECE = 1200
# A stretch that goes on across two pieces leaves at most this many instants between them.
CONTINUING = 4

# Correlation of what changes above which two stretches are the same take, and below which the place agrees and the take
# does not; between them nothing is decided. Measured on 17 real clips: copies under 12 distortions 0.81 and more (median
# 0.98), two takes of one room 0.05 to 0.12. A speed other than 1 is one more thing to choose, and so must agree better.
SAME_TAKE, SAME_TAKE_OTHER_SPEED, OTHER_TAKE = 0.7, 0.8, 0.35
# Where the place agrees and the take does not, other moments are tried: for stretches of at least so many seconds, in
# steps as wide as hashed instants lie apart, and never more than so many.
LEAST_ELSEWHERE, COARSE_STEP, MOST_TRIED = 2.0, 0.25, 4000
# Correlations that differ by less than this are alike.
SAME = 0.03

# A match counts as confirmed only if this many points agree in a pair of stills, or the hashes agree this closely.
CONFIRMING_INLIERS = 15
CONFIRMING_DISTANCE = 48.0
# ... over at least this many hashed instants.
CONFIRMING_INSTANTS = 6
# In less than four seconds a scene that hardly moves fits many speeds.
CONFIRMING_AT_OTHER_SPEED = 16
# Of two stretches that lie on the same seconds of the reference, the weaker must agree this closely: a loop does.
AGREEING_TWICE = 0.9


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Seconds of a query that agree with seconds of a reference.

    speed: query seconds per reference second. mirrored: left and right are exchanged. score: higher is surer, from 0
    to 1, comparable across queries and references; it is no probability. confirmed: the toolkit's own decision.
    relation: same_footage, same_scene (the place agrees, what changes in it does not) or undecided. backwards: the
    stretch agrees when it is played backwards. homography: row by row, maps upright pixels of
    the query to upright pixels of the reference, None where no geometry holds. distance: mean Hamming distance in bits.
    motion: correlation of the course of change, None where too short or too still to tell.
    """

    reference: str
    reference_sha256: str
    query_span: Span
    reference_span: Span
    speed: float
    mirrored: bool
    rotated: int
    score: float
    matched_frames: int
    confirmed: bool
    relation: str
    backwards: bool
    inliers: int
    homography: tuple[tuple[float, ...], ...] | None
    distance: float
    motion: float | None

    def to_dict(self) -> dict[str, Any]:
        """The contract's MATCH, with the mean distance and the motion correlation."""
        return {
            "reference": self.reference,
            "reference_sha256": self.reference_sha256,
            "query_span": self.query_span.to_list(),
            "reference_span": self.reference_span.to_list(),
            "speed": self.speed,
            "mirrored": self.mirrored,
            "rotated": self.rotated,
            "score": self.score,
            "matched_frames": self.matched_frames,
            "confirmed": self.confirmed,
            "relation": self.relation,
            "backwards": self.backwards,
            "geometry": {
                "homography": None if self.homography is None else [list(row) for row in self.homography],
                "inliers": self.inliers,
            },
            "distance": self.distance,
            "motion": self.motion,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        geometry = data["geometry"]
        rows = geometry["homography"]
        plain_fields = {name: value for name, value in data.items() if name != "geometry"}
        return cls(
            **{
                **plain_fields,
                "query_span": Span.from_list(data["query_span"]),
                "reference_span": Span.from_list(data["reference_span"]),
                "inliers": geometry["inliers"],
                "homography": None if rows is None else tuple(tuple(row) for row in rows),
            }
        )

    @property
    def laying(self) -> Laying:
        """How the query's span is laid on the reference's."""
        offset = self.reference_span.start - self.query_span.start / self.speed
        return Laying(span=self.query_span, speed=self.speed, offset=offset, mirrored=self.mirrored)

    def sentence(self) -> str:
        """The match in one sentence, in words that claim no more than was seen."""
        kind = {
            "same_footage": "is consistent with the same footage as",
            "same_scene": "shows the same scene as, but is not shown to be the same take as,",
            "undecided": "resembles, without enough to decide,",
        }[self.relation]
        kind = "is, played backwards, consistent with footage around" if self.backwards else kind
        flipped = ", mirrored," if self.mirrored else ""
        one, other = _tenths(self.query_span), _tenths(self.reference_span)
        return f"{one} of the clip{flipped} {kind} {other} of {plain(self.reference)}."

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        rows = [(name.replace("_", " "), str(value)) for name, value in self.to_dict().items()]
        text = "\n".join([self.sentence(), *(f"{name}: {plain(value)}" for name, value in rows)])
        html = _html.join([_html.element("p", self.sentence()), _html.definition(rows, caption="Match")])
        return mimebundle(self, plain_text=text, html=html)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StillPair:
    """Two stills (JPEG bytes) of one aligned instant, and how the query's lies on the reference's."""

    query_time: float
    reference_time: float
    query: bytes
    reference: bytes
    registration: Registration | None

    @property
    def inliers(self) -> int:
        """Matched points that agree; 0 where no geometry holds."""
        return 0 if self.registration is None else self.registration.inliers


def compare(query: Fingerprint, reference: Fingerprint) -> Records[Match]:
    """Which seconds of `query` agree with which seconds of `reference`, surest first.

    Raises IncompatibleError where the two were made by different hashers. Limits: a match says that the same pictures
    appear in both, not which is the earlier; no match says only that this comparison found none.
    """
    return match_records(rank(_matches(query, reference)))


def rank(matches: Iterable[Match]) -> list[Match]:
    """Matches with the surest first; equal scores in the order of names and spans, so that the order is stable."""
    return sorted(matches, key=lambda m: (-m.score, m.reference, m.query_span.start))


def match_records(matches: Iterable[Match]) -> Records[Match]:
    """Matches as a table."""
    columns = (
        "reference",
        "query_span",
        "reference_span",
        "speed",
        "mirrored",
        "backwards",
        "relation",
        "confirmed",
        "score",
    )
    return Records(matches, caption="Matches, surest first", columns=columns)


def _matches(query: Fingerprint, reference: Fingerprint) -> list[Match]:
    query.require_same_hasher(reference)
    found = []
    for mirrored, codes in ((False, query.codes[0]), (True, query.mirrored)):
        found += [(mirrored, line) for line in _lines(codes, query, reference)]
    # A symmetrical picture matches both ways; the better way is kept where the two overlap.
    found.sort(key=lambda pair: -pair[1].weight)
    kept: list[tuple[bool, Line]] = []
    for mirrored, line in found:
        if not any(flipped != mirrored and _overlap(line, other) for flipped, other in kept):
            kept.append((mirrored, line))
    return _once_each([_describe(query, reference, line, mirrored=mirrored) for mirrored, line in kept])


def _once_each(matches: list[Match]) -> list[Match]:
    """Matches of which no weak one claims seconds of the reference that a surer one has."""
    settled: list[Match] = []
    for match in rank(matches):
        taken = any(
            other.relation == "same_footage"
            and match.reference_span.overlap(other.reference_span) > match.reference_span.duration / 2
            for other in settled
        )
        if taken and match.confirmed and (match.motion or 0.0) < AGREEING_TWICE:
            settled.append(dataclasses.replace(match, confirmed=False, relation="undecided"))
        else:
            settled.append(match)
    return settled


def _overlap(one: Line, other: Line) -> bool:
    return bool(one.queries[0] <= other.queries[-1] and other.queries[0] <= one.queries[-1])


def _lines(codes: NDArray[np.uint8], query: Fingerprint, reference: Fingerprint) -> list[Line]:
    """The aligned stretches, found piece by piece of the query, so that two long films do not fill the memory."""
    lines: list[Line] = []
    for start in range(0, len(codes), PIECE):
        piece = slice(start, start + PIECE)
        distances = _distances(codes[piece], query.usable[piece], reference)
        for line in find_lines(distances, query.times[piece], reference.times):
            moved = dataclasses.replace(line, queries=line.queries + start)
            before = next((one for one in lines if _continues(one, moved)), None)
            if before is None:
                lines.append(moved)
            else:
                lines[lines.index(before)] = before.joined(moved)
    return lines


def _continues(one: Line, other: Line) -> bool:
    """Whether a stretch goes on in the next piece: the same line, without a gap."""
    apart = other.queries[0] - one.queries[-1]
    return bool(one.speed == other.speed and abs(one.offset - other.offset) <= BIN and 0 < apart <= CONTINUING)


def _distances(codes: NDArray[np.uint8], usable: NDArray[np.bool_], reference: Fingerprint) -> NDArray[np.uint16]:
    """Least Hamming distance over the reference's windows, (queries, references); above 256 where a side is flat."""
    least = hamming(codes, reference.codes[0])
    for window in reference.codes[1:]:
        np.minimum(least, hamming(codes, window), out=least)
    least[~usable] = 257
    least[:, ~reference.usable] = 257
    return least


def _describe(query: Fingerprint, reference: Fingerprint, line: Line, *, mirrored: bool) -> Match:
    step = float(query.times[1] - query.times[0]) if len(query.times) > 1 else 0.0
    start = float(query.times[line.queries[0]])
    end = min(float(query.times[line.queries[-1]]) + step, query.duration)
    # Whole microseconds, as JSON writes them, so that a match read back equals the match.
    span = Span(round(start, 6), round(end, 6))
    laying = Laying(span=span, speed=line.speed, offset=line.offset, mirrored=mirrored)
    laying, placing, agreement, inliers = _laid(query, reference, laying)
    speed, offset = laying.speed, laying.offset
    if agreement is not None and agreement.correlation >= SAME_TAKE:
        speed, offset = agreement.speed, agreement.offset
    distance = float(line.distances.mean())
    relation = _relation(agreement, inliers=inliers)
    backwards = False
    if relation == "same_scene":
        turned = agreement_backwards(query, reference, laying=laying, placing=placing)
        if turned is not None and turned >= SAME_TAKE:
            relation, backwards = "undecided", True
    least = CONFIRMING_INSTANTS if speed == 1.0 else CONFIRMING_AT_OTHER_SPEED
    enough = inliers >= CONFIRMING_INLIERS or distance <= CONFIRMING_DISTANCE
    return Match(
        reference=reference.name,
        reference_sha256=reference.sha256,
        query_span=span,
        reference_span=_inside(offset + start / speed, offset + end / speed, reference.duration),
        speed=round(speed, 4),
        mirrored=mirrored,
        rotated=0,
        score=_score(line, inliers, agreement),
        matched_frames=len(line.queries),
        confirmed=relation == "same_footage" and enough and len(line.queries) >= least,
        relation=relation,
        backwards=backwards,
        inliers=inliers,
        homography=None if placing is None else _rounded(placing),
        distance=round(distance, 2),
        motion=None if agreement is None else round(agreement.correlation, 4),
    )


def _laid(
    query: Fingerprint, reference: Fingerprint, laying: Laying
) -> tuple[Laying, NDArray[np.float64] | None, MotionAgreement | None, int]:
    """How the query lies on the reference in time and picture, how far what changes agrees, and the matched points.

    A camera that stands still shows the same picture all day, so that hashes alone may align the wrong minute: where
    the place agrees and what changes does not, every other moment of the reference is tried.
    """
    placing, agreement, inliers = _placed(query, reference, laying)
    if _correlation(agreement) >= SAME_TAKE or inliers < CONFIRMING_INLIERS or laying.span.duration < LEAST_ELSEWHERE:
        return laying, placing, agreement, inliers
    step = max(COARSE_STEP, (query.duration + reference.duration) / MOST_TRIED)
    offsets, found = agreement_by_offset(query, reference, laying=laying, placing=placing, step=step)
    if np.isnan(found).all() or np.nanmax(found) < OTHER_TAKE:
        return laying, placing, agreement, inliers
    elsewhere = dataclasses.replace(laying, speed=1.0, offset=float(offsets[np.nanargmax(found)]))
    there = _placed(query, reference, elsewhere)
    if _correlation(there[1]) < SAME_TAKE:
        return laying, placing, agreement, inliers
    return elsewhere, *there


def _placed(
    query: Fingerprint, reference: Fingerprint, laying: Laying
) -> tuple[NDArray[np.float64] | None, MotionAgreement | None, int]:
    """The geometry along a laying, the agreement of what changes under it, and the matched points."""
    pairs = still_pairs(query, reference, laying=laying)
    inliers = pairs[0].inliers if pairs else 0
    placing = _full_size(pairs[0].registration if pairs else None, query, reference)
    agreement = compare_motion(query, reference, laying=laying, placing=None)
    if placing is not None:
        placed = compare_motion(query, reference, laying=laying, placing=placing)
        # One whole picture laid on the other is the simplest guess. A geometry that agrees less than that is wrong.
        if _correlation(placed) < _correlation(agreement) - SAME:
            placing, inliers = None, 0
        agreement = max(agreement, placed, key=_correlation)
    return placing, agreement, inliers


def _inside(start: float, end: float, duration: float) -> Span:
    first = round(min(max(start, 0.0), duration), 6)
    return Span(first, max(first, round(min(end, duration), 6)))


def _full_size(
    registration: Registration | None, query: Fingerprint, reference: Fingerprint
) -> NDArray[np.float64] | None:
    """The homography between the videos' own pixels rather than their stills'."""
    if registration is None:
        return None
    one, other = (max(1.0, max(side.width, side.height) / STILL_LONG_SIDE) for side in (query, reference))
    return registration.scaled(query=(one, one), reference=(other, other))


def _rounded(matrix: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 6) for value in row) for row in matrix)


def _correlation(agreement: MotionAgreement | None) -> float:
    return -1.0 if agreement is None else agreement.correlation


def _tenths(span: Span) -> str:
    """A span as far as it is known: to about a tenth of a second."""
    return f"{timecode(span.start)[:-2]} to {timecode(span.end)[:-2]}"


def _relation(agreement: MotionAgreement | None, *, inliers: int) -> str:
    if agreement is None:
        return "undecided"
    if agreement.correlation >= (SAME_TAKE if agreement.speed == 1.0 else SAME_TAKE_OTHER_SPEED):
        return "same_footage"
    if agreement.correlation < OTHER_TAKE and inliers >= CONFIRMING_INLIERS:
        return "same_scene"
    return "undecided"


def _score(line: Line, inliers: int, agreement: MotionAgreement | None) -> float:
    """One number from 0 to 1 out of three kinds of evidence: hashes over time, matched points, motion."""
    hashes = 1 - np.exp(-line.weight / 4)
    points = min(inliers, 60) / 60
    motion = max(0.0, agreement.correlation) if agreement is not None else 0.0
    return round(float(0.4 * hashes + 0.35 * points + 0.25 * motion), 6)


def still_pairs(query: Fingerprint, reference: Fingerprint, *, laying: Laying) -> list[StillPair]:
    """Pairs of stills along a laying, registered, most matched points first."""
    span = laying.span
    if not query.stills or not reference.stills:
        return []
    near = (query.still_times >= span.start - STILL_REACH) & (query.still_times <= span.end + STILL_REACH)
    inside = np.nonzero(near)[0]
    chosen = inside[np.unique(np.linspace(0, len(inside) - 1, min(REGISTERED, len(inside))).astype(int))]
    pairs = []
    for index in chosen:
        place = laying.offset + query.still_times[index] / laying.speed
        nearest = int(np.abs(reference.still_times - place).argmin())
        if abs(reference.still_times[nearest] - place) > STILL_REACH:
            continue
        one, other = query.stills[index], reference.stills[nearest]
        pairs.append(
            StillPair(
                query_time=float(query.still_times[index]),
                reference_time=float(reference.still_times[nearest]),
                query=one,
                reference=other,
                registration=register_stills(one, other, mirrored=laying.mirrored),
            )
        )
    return sorted(pairs, key=lambda pair: -pair.inliers)


def register_stills(query: bytes, reference: bytes, *, mirrored: bool) -> Registration | None:
    """The registration of two JPEG stills, as `register_pictures` gives it."""
    return register_pictures(still_image(query), still_image(reference), mirrored=mirrored)


def register_pictures(query: NDArray[np.uint8], reference: NDArray[np.uint8], *, mirrored: bool) -> Registration | None:
    """The registration of two RGB pictures; a mirrored query is flipped first, and the flip is part of the result."""
    flipped = np.ascontiguousarray(query[:, ::-1]) if mirrored else query
    found = register(features_of(flipped), features_of(reference))
    return unflipped(found, width=query.shape[1]) if found is not None and mirrored else found


def still_image(data: bytes) -> NDArray[np.uint8]:
    """A JPEG still as RGB, shape (height, width, 3)."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise MediaError("a still that is no JPEG picture; scan the video again")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
