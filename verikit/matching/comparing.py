"""Comparing two fingerprints: how the one may lie on the other, and which seconds then agree in picture and in change."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np

from verikit.matching.alignment import HALF, Stretch, find_stretches
from verikit.matching.ends import settled_span
from verikit.matching.laying import Laying, apart, by_areas, from_stills, lay
from verikit.matching.likeness import backwards, likeness
from verikit.matching.matches import Match, match_records, rank
from verikit.matching.panning import shifted
from verikit.matching.placements import filed, find_placements
from verikit.matching.probing import Probe, probe
from verikit.matching.relations import LEAST_CHANGING, relation_of, score_of
from verikit.matching.stills import spread
from verikit.media.hashing import hamming
from verikit.media.sampling import STILL_EVERY
from verikit.media.scan import HASHES_PER_SECOND
from verikit.records import Records, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from verikit.matching.fingerprinting import Fingerprint
    from verikit.matching.likeness import Likeness
    from verikit.matching.placements import Placement
    from verikit.matching.probing import Variant

__all__ = ["RADIUS", "compare", "compare_probe", "likeness_under"]

# Bits of 256. Unrelated pictures lie at 128 +- 12 (measured on real clips); that several agree on one offset in time makes
# up for the chance pairs that a radius this wide lets through, and captions need the width.
RADIUS = 84
# Instants of a query whose hashes must agree on one offset, and how far apart the offsets may lie, in instants.
LEAST_INSTANTS, OFFSETS = 4, 2
# Ways to lay the query on the reference that are looked at: by hashes, and by features.
MOST_BY_HASHES, MOST_BY_FEATURES = 2, 4
# Hashed instants of a query that are aligned at a time: five minutes.
PIECE = 1200
# Local features count for a stretch if their stills lie this near to its line, in seconds.
NEAR_LINE = 1.1

# Distinct places of local features from which the scene is the same: chance reaches about 20 (docs/copies.md).
SAME_PLACES = 25
# Mean correlation of the laid pictures, each with the one it is most like, from which that is more than shared letters.
SCENE_ALIKE = 0.7
# Steps of grey of which a still picture has at least so many, and a scene that moves: titles and logos have one or two,
# test cards eleven or twelve, films 7 (fog) to 45.
GREYS_OF_A_PICTURE, GREYS_OF_A_SCENE = 14, 5
# Two ways are one if they lay the reference's corners no further apart than this part of its width.
SAME_PLACING = 0.04
# The most that a scene without the take scores.
MOST_FOR_SCENE = 0.3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Way:
    """One way to lay the query on the reference, and the local features that tell of it, where it is by features."""

    laying: Laying
    placement: Placement | None = None
    variant: Variant | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """A stretch, the way it was found, and the piece of the query it is of."""

    stretch: Stretch
    way: _Way
    likeness: Likeness
    start: int


def compare(query: Fingerprint, reference: Fingerprint) -> Records[Match]:
    """Which seconds of `query` agree with which seconds of `reference`, surest first.

    Raises IncompatibleError where the two were made by different methods. Limits: a match says that the same pictures
    appear in both, not which is the earlier; no match says only that this comparison found none.
    """
    return match_records(compare_probe(probe(query), reference))


def compare_probe(made: Probe, reference: Fingerprint) -> list[Match]:
    """The matches of a query made ready by `probe` with one reference, surest first."""
    made.query.require_same_hasher(reference)
    by_features = _by_features(made, reference)
    by_hashes = [_with_features(way, by_features, reference) for way in _by_hashes(made, reference)]
    ways = [*by_hashes, *(way for way in by_features if not any(way.placement is one.placement for one in by_hashes))]
    found = _once_each([one for way in ways for one in _along(made.query, reference, way)])
    matches = [_match(made, reference, one) for one in found]
    if by_features and not any(match.relation == "same_footage" for match in matches):
        matches = _looked_at_again(made, reference, by_features[0], held=matches)
    return rank(match for match in matches if not _shows_a_card(made.query, match))


def _looked_at_again(made: Probe, reference: Fingerprint, way: _Way, *, held: list[Match]) -> list[Match]:
    """What is found where the place agrees and nothing was confirmed: the take after all, or only the scene."""
    if way.laying.places < SAME_PLACES:
        return held
    panned = dataclasses.replace(way, laying=shifted(made.query, reference, way.laying))
    found = [_match(made, reference, one) for one in _once_each(_along(made.query, reference, panned))]
    if any(match.relation == "same_footage" for match in found):
        return found
    scene = _same_scene(made, reference, way)
    scene = None if scene is None else _if_backwards(made, reference, way, scene=scene)
    # Where the place agrees all through, a few instants that happen to change alike say nothing.
    return held if scene is None else [scene]


def _shows_a_card(query: Fingerprint, match: Match) -> bool:
    """Whether a match rests on a logo, a title or a test card: nothing changes in it, and it has few greys."""
    if match.relation == "same_footage":
        return False
    least = GREYS_OF_A_SCENE if match.relation == "same_scene" else GREYS_OF_A_PICTURE
    span = match.query_span
    rows = np.nonzero((query.times >= span.start - 0.01) & (query.times < span.end) & query.usable)[0]
    greys = [_greys(query.thumbs[row]) for row in spread(rows, most=12)] if len(rows) else [0]
    return match.motion is None and float(np.median(greys)) < least


def _greys(thumb: NDArray[np.uint8]) -> int:
    """How many steps of four grey levels nine tenths of a small picture lie in."""
    held = np.sort(np.bincount((thumb >> 2).ravel(), minlength=64))[::-1]
    return int(np.searchsorted(np.cumsum(held), 0.9 * thumb.size)) + 1


def likeness_under(query: Fingerprint, reference: Fingerprint, match: Match) -> Likeness | None:
    """How all instants of both agree where the query lies as `match` says; None where too little of them is shared."""
    laid = lay(query, reference, Laying(placing=np.array(match.homography), negative=match.negative))
    return None if laid is None else likeness(laid, negative=match.negative)


def _by_hashes(made: Probe, reference: Fingerprint) -> list[_Way]:
    """Ways in which several instants' hashes agree on one offset."""
    query = made.query
    found: list[tuple[float, _Way]] = []
    for turned, negative in itertools.product(made.turned, (False, True)):
        distances = hamming(turned.codes[query.usable], reference.codes)[:, reference.usable].astype(np.int64)
        weight = _agreeing(256 - distances if negative else distances, query.usable, reference.usable)
        if weight > 0:
            laying = by_areas(query, reference, mirrored=turned.mirrored, rotated=turned.rotated, negative=negative)
            found.append((weight, _Way(laying=laying)))
    found.sort(key=lambda pair: -pair[0])
    return [way for _, way in found[:MOST_BY_HASHES]]


def _with_features(way: _Way, by_features: list[_Way], reference: Fingerprint) -> _Way:
    """A way by hashes with the features of the first that tells of the same, so that one is looked at and both count."""
    for other in by_features:
        alike = (other.laying.mirrored, other.laying.negative) == (way.laying.mirrored, way.laying.negative)
        if alike and apart(way.laying, other.laying, reference) < SAME_PLACING:
            laying = dataclasses.replace(way.laying, places=other.laying.places)
            return _Way(laying=laying, placement=other.placement, variant=other.variant)
    return way


def _agreeing(distances: NDArray[np.int64], mine: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> float:
    """The weight of the hashes that agree on one offset, and 0 where too few instants do."""
    near = np.nonzero(distances <= RADIUS)
    if len(near[0]) < LEAST_INSTANTS:
        return 0.0
    rows, columns = np.nonzero(mine)[0][near[0]], np.nonzero(theirs)[0][near[1]]
    offsets = columns - rows - int((columns - rows).min())
    votes = np.bincount(offsets, weights=1 - distances[near] / RADIUS)
    together = np.convolve(votes, np.ones(2 * OFFSETS + 1), "same")
    top = int(np.argmax(together))
    agreeing = np.unique(rows[np.abs(offsets - top) <= OFFSETS])
    return float(together[top]) if len(agreeing) >= LEAST_INSTANTS else 0.0


def _by_features(made: Probe, reference: Fingerprint) -> list[_Way]:
    """Ways in which most local features agree."""
    query, index = made.query, filed(reference.words)
    sizes = (np.array(query.still_size, np.float64), np.array(reference.still_size, np.float64))
    found = []
    for variant in made.variants:
        placements = find_placements(
            variant.features, variant.words, reference=reference.features, index=index, sizes=sizes
        )
        for placement in placements[:MOST_BY_FEATURES]:
            laying = from_stills(
                placement.matrix,
                query,
                reference,
                mirrored=variant.mirrored,
                negative=variant.negative,
                places=placement.places,
            )
            found.append(_Way(laying=laying, placement=placement, variant=variant))
    return sorted(found, key=lambda way: -way.laying.places)[:MOST_BY_FEATURES]


def _along(query: Fingerprint, reference: Fingerprint, way: _Way) -> list[_Found]:
    """The stretches that agree under one way, piece by piece of the query, so that two long films do not fill the memory."""
    found: list[_Found] = []
    for start in range(0, len(query.times), PIECE):
        laid = lay(query, reference, way.laying, rows=slice(start, start + PIECE))
        if laid is None:
            continue
        alike = likeness(laid, negative=way.laying.negative)
        stretches = find_stretches(alike, start=start / HASHES_PER_SECOND)
        found += [_Found(stretch=stretch, way=way, likeness=alike, start=start) for stretch in stretches]
    return found


def _once_each(found: list[_Found]) -> list[_Found]:
    """The heaviest stretches of which no two claim the same instants of the query."""
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: -one.stretch.weight):
        first, last = one.start + one.stretch.first, one.start + one.stretch.last
        taken = sum(
            max(0, min(last, other.start + other.stretch.last) - max(first, other.start + other.stretch.first))
            for other in kept
        )
        if taken <= (last - first) / 4:
            kept.append(one)
    return kept


def _match(made: Probe, reference: Fingerprint, found: _Found) -> Match:
    query, stretch = made.query, found.stretch
    mine, theirs = settled_span(query, reference, stretch=stretch, likeness=found.likeness, start=found.start)
    places = _places(made, reference, found.way, span=mine, speed=stretch.speed, offset=stretch.offset)
    relation = relation_of(stretch)
    return Match(
        reference=reference.name,
        reference_sha256=reference.sha256,
        query_span=mine,
        reference_span=theirs,
        speed=round(stretch.speed, 4),
        mirrored=found.way.laying.mirrored,
        rotated=found.way.laying.rotated,
        negative=found.way.laying.negative,
        score=score_of(stretch, places=places),
        matched_frames=stretch.last - stretch.first,
        confirmed=relation == "same_footage",
        relation=relation,
        backwards=False,
        inliers=places,
        homography=_rounded(found.way.laying.placing),
        picture=round(stretch.picture, 4),
        motion=None if stretch.change is None else round(stretch.change, 4),
        weight=round(stretch.weight, 3),
        changing=round(stretch.changing, 2),
    )


def _places(made: Probe, reference: Fingerprint, way: _Way, *, span: Span, speed: float, offset: float) -> int:
    """Distinct places whose local features agree under a way, in stills that lie along the line."""
    if way.placement is None or way.variant is None:
        return 0
    rows = way.placement.queries
    mine = made.query.still_times[made.stills[way.variant.features.stills[rows]]]
    theirs = reference.still_times[reference.features.stills[way.placement.references]]
    near = (mine >= span.start - 0.5) & (mine <= span.end + 0.5)
    near &= np.abs(offset + mine / speed - theirs) <= NEAR_LINE
    squares = np.unique(np.floor(way.variant.features.places[rows[near], :2] / 6).astype(np.int64), axis=0)
    return len(squares)


def _same_scene(made: Probe, reference: Fingerprint, way: _Way) -> Match | None:
    """The scene without the take: many places agree, both sides move, and what moves does not agree."""
    if way.laying.places < SAME_PLACES or way.placement is None or way.variant is None:
        return None
    mine = made.query.still_times[made.stills[way.variant.features.stills[way.placement.queries]]]
    theirs = reference.still_times[reference.features.stills[way.placement.references]]
    laid = lay(made.query, reference, way.laying, rows=slice(0, PIECE))
    if laid is None:
        return None
    alike = likeness(laid, negative=way.laying.negative)
    picture = float(alike.picture.max(axis=1).mean())
    if picture < SCENE_ALIKE:
        # Letters that two films share, in a caption or a logo, are no scene.
        return None
    moving = min(float((change / (change + HALF)).sum()) for change in (alike.query_change, alike.reference_change))
    one, other = (
        Span(round(float(times.min()), 6), round(min(float(times.max()) + STILL_EVERY, side.duration), 6))
        for times, side in ((mine, made.query), (theirs, reference))
    )
    return Match(
        reference=reference.name,
        reference_sha256=reference.sha256,
        query_span=one,
        reference_span=other,
        speed=1.0,
        mirrored=way.laying.mirrored,
        rotated=way.laying.rotated,
        negative=way.laying.negative,
        score=round(float(MOST_FOR_SCENE * (1 - np.exp(-way.laying.places / 100))), 6),
        matched_frames=len(np.unique(mine)),
        confirmed=False,
        relation="same_scene" if moving >= LEAST_CHANGING else "undecided",
        backwards=False,
        inliers=way.laying.places,
        homography=_rounded(way.laying.placing),
        picture=round(picture, 4),
        motion=None,
        weight=0.0,
        changing=round(moving, 2),
    )


def _if_backwards(made: Probe, reference: Fingerprint, way: _Way, *, scene: Match) -> Match:
    """The scene, or where the query agrees when it is played backwards, that: undecided, for who looks to decide."""
    laid = lay(made.query, reference, way.laying, rows=slice(0, PIECE))
    if laid is None:
        return scene
    alike = backwards(likeness(laid, negative=way.laying.negative))
    stretch = next(iter(find_stretches(alike)), None)
    if stretch is None or stretch.change is None or relation_of(stretch) != "same_footage":
        return scene
    count = len(alike.query_change)
    rows = np.array([count - stretch.last, count - stretch.first]) / HASHES_PER_SECOND
    # Played backwards, what an instant shows lasts towards the reference's earlier times.
    steps = np.array([stretch.first - 1, stretch.last - 1]) / HASHES_PER_SECOND
    times = np.clip(steps / stretch.speed + stretch.offset, 0, None)
    return dataclasses.replace(
        scene,
        query_span=Span(float(rows[0]), round(min(float(rows[1]), made.query.duration), 6)),
        reference_span=Span(round(float(times[0]), 6), round(min(float(times[1]), reference.duration), 6)),
        speed=round(stretch.speed, 4),
        relation="undecided",
        backwards=True,
        picture=round(stretch.picture, 4),
        motion=round(stretch.change, 4),
        weight=round(stretch.weight, 3),
        changing=round(stretch.changing, 2),
    )


def _rounded(matrix: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 6) for value in row) for row in matrix / matrix[2, 2])
