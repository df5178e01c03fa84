"""Comparing two fingerprints: aligned spans, mirrored or not, held against the pictures and their motion."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from verikit.matching.alignment import BIN, Line, find_lines
from verikit.matching.matches import Match, match_records, rank
from verikit.matching.motion import Laying, MotionAgreement, agreement_backwards, agreement_by_offset, compare_motion
from verikit.matching.stills import full_size, still_pairs
from verikit.media.hashing import hamming
from verikit.records import Records, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint

__all__ = ["compare"]

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


def compare(query: Fingerprint, reference: Fingerprint) -> Records[Match]:
    """Which seconds of `query` agree with which seconds of `reference`, surest first.

    Raises IncompatibleError where the two were made by different hashers. Limits: a match says that the same pictures
    appear in both, not which is the earlier; no match says only that this comparison found none.
    """
    return match_records(_matches(query, reference))


def _matches(query: Fingerprint, reference: Fingerprint) -> list[Match]:
    """All matches, surest first."""
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
    """The matches, surest first, of which no weak one claims seconds of the reference that a surer one has."""
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
    placing = full_size(pairs[0].registration if pairs else None, query, reference)
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


def _rounded(matrix: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 6) for value in row) for row in matrix)


def _correlation(agreement: MotionAgreement | None) -> float:
    return -1.0 if agreement is None else agreement.correlation


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
