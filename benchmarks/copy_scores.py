"""What a finder of copies is worth on copies of known truth: ranking, decisions, spans; verikit and its peers.

How it is scored. A pair is a query and a reference. A pair's score is that of its surest match, none counts below all.
Positive pairs are those of which the truth knows copied segments; pairs of one scene in two takes stand apart; all
other pairs are negative.

- recall@0FP: the share of positive pairs that score above the highest negative pair of the whole run. The threshold is
  read off the same run, so this is an upper bound, the oracle's. "no cards": without the queries of plain cards, which
  a finder that takes black for black cannot pass.
- uAP: micro average precision over all pairs, ties counted against the finder. By distortion or family: its positive
  pairs among its queries' negative pairs and those of the negative family.
- confirmed, and relations: the tool's own calls, by the best that it says of the pair. Confirmed elsewhere: a true pair
  of which it confirms seconds that no true segment touches in both clips.
- spans: of each true segment, the match of that reference that overlaps it most in both clips; the mean distance of
  begin and end from the truth's, in seconds; the speed's error; whether mirrored and rotated are right.
- other take: what is called same_footage among the pairs of one scene in two takes.
- CPU: decoding and fingerprinting per minute of video, then searching per query, all threads, without imports.
"""

from __future__ import annotations

import csv
import dataclasses
import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "RELATIONS",
    "Found",
    "Pair",
    "Segment",
    "Set",
    "at_no_false",
    "average_precision",
    "placed",
    "read_set",
    "table",
    "upper",
]

# Distortions of the negative queries that show plain cards.
CARDED = {"card", "opening"}
RELATIONS = ("same_footage", "same_scene", "undecided", "none")

Pair = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Seconds of a query that are seconds of a reference."""

    query: tuple[float, float]
    reference: tuple[float, float]
    speed: float
    mirrored: bool
    rotated: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """A set's truth: (family, distortion) of each query, the references, segments of positive pairs, other takes.

    second: references that are worse copies of others. What is true of these is harder and counted apart.
    """

    folder: Path
    queries: Mapping[str, tuple[str, str]]
    references: tuple[str, ...]
    positive: Mapping[Pair, tuple[Segment, ...]]
    same_scene: frozenset[Pair]
    second: frozenset[str] = frozenset()

    def negative(self) -> list[Pair]:
        """All pairs of which the truth knows nothing in common."""
        pairs = [(query, reference) for query in self.queries for reference in self.references]
        return [pair for pair in pairs if pair not in self.positive and pair not in self.same_scene]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a finder said: the matches of each pair (contract's MATCH; a peer gives only a score), and what it cost."""

    matches: Mapping[Pair, tuple[Mapping[str, object], ...]]
    version: str
    minutes: float
    reading: float
    searching: float

    def score(self, pair: Pair) -> float:
        """The pair's score, minus infinity where there is no match."""
        return max((float(match["score"]) for match in self.matches.get(pair, ())), default=-math.inf)

    def confirmed(self, pair: Pair) -> bool:
        """Whether the finder itself calls it a copy."""
        return any(match.get("confirmed") for match in self.matches.get(pair, ()))

    def relation(self, pair: Pair) -> str:
        """The strongest that it says of the pair."""
        said = {str(match.get("relation")) for match in self.matches.get(pair, ())}
        return next((relation for relation in RELATIONS if relation in said), "none")


def read_set(folder: Path, *, only: set[str] = frozenset()) -> Set:
    """The truth beside the files that `benchmarks.copies` wrote; copies of some distortions only, if such are named."""
    with (folder / "references.csv").open(newline="") as stream:
        roles = {row["reference"]: row["role"] for row in csv.DictReader(stream)}
    queries: dict[str, tuple[str, str]] = {}
    positive: dict[Pair, list[Segment]] = {}
    same_scene: set[Pair] = set()
    with (folder / "truth.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            pair = row["query"], row["reference"]
            asked = not only or row["distortion"] in only or row["family"] in {"negative", "other_take"}
            if not asked or not (folder / "queries" / row["query"]).exists():
                continue
            queries[row["query"]] = row["family"], row["distortion"]
            # Who takes references out of the table leaves the truth about them unasked.
            if row["reference"] not in roles:
                continue
            if row["relation"] == "same_scene":
                same_scene.add(pair)
            else:
                times = [float(row[name]) for name in ("query_start", "query_end", "reference_start", "reference_end")]
                segment = Segment(
                    query=(times[0], times[1]),
                    reference=(times[2], times[3]),
                    speed=float(row["speed"]),
                    mirrored=row["mirrored"] == "1",
                    rotated=int(row["rotated"]),
                )
                positive.setdefault(pair, []).append(segment)
    return Set(
        folder=folder,
        queries=queries,
        references=tuple(roles),
        positive={pair: tuple(segments) for pair, segments in positive.items()},
        same_scene=frozenset(same_scene - positive.keys()),
        second=frozenset(name for name, role in roles.items() if role == "copy"),
    )


def average_precision(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Micro average precision; a tie between a positive and a negative pair counts against the finder."""
    ranked = sorted([(-score, 1) for score in positive] + [(-score, 0) for score in negative])
    hits, total = 0, 0.0
    for place, (score, true) in enumerate(ranked, 1):
        if true and score < math.inf:
            hits += 1
            total += hits / place
    return total / max(1, len(positive))


def at_no_false(positive: Sequence[float], highest: float) -> float:
    """The share of positive pairs above the highest negative one."""
    return sum(score > highest for score in positive) / max(1, len(positive))


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Shared seconds of two spans."""
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def placed(segment: Segment, matches: Iterable[Mapping[str, object]]) -> dict[str, float] | None:
    """How far the best match lies from a true segment; None where none overlaps it in both clips."""

    def shared(match: Mapping[str, object]) -> float:
        return min(overlap(segment.query, match["query_span"]), overlap(segment.reference, match["reference_span"]))

    best = max((match for match in matches if "query_span" in match), key=shared, default=None)
    if best is None or shared(best) <= 0:
        return None
    off = {
        name: sum(abs(a - b) for a, b in zip(true, best[f"{name}_span"], strict=True)) / 2
        for name, true in (("query", segment.query), ("reference", segment.reference))
    }
    rotated = int(best["rotated"])
    return off | {
        "speed": abs(float(best["speed"]) / segment.speed - 1),
        "mirrored": float(best["mirrored"] == segment.mirrored),
        "rotated": float(rotated == segment.rotated),
        "rotated_either_way": float(rotated in {segment.rotated, (360 - segment.rotated) % 360}),
    }


def astray(segments: Sequence[Segment], matches: Iterable[Mapping[str, object]]) -> bool:
    """Whether a confirmed match of a true pair lies beside all of its true segments."""
    sure = [match for match in matches if match.get("confirmed") and "query_span" in match]
    return any(all(placed(segment, [match]) is None for segment in segments) for match in sure)


def row(truth: Set, found: Found, pairs: Sequence[Pair], highest: tuple[float, float]) -> dict[str, object]:
    """The measures over true pairs. `highest`: of a negative pair in the whole run, and of one without plain cards."""
    scores = [found.score(pair) for pair in pairs]
    near = {query for query, (family, _) in truth.queries.items() if family == "negative"} | {
        query for query, _ in pairs
    }
    negative = [found.score(pair) for pair in truth.negative() if pair[0] in near]
    segments = [(found.matches.get(pair, ()), segment) for pair in pairs for segment in truth.positive[pair]]
    spans = [placed(segment, matches) for matches, segment in segments]
    told = [one for one in spans if one is not None]
    means = {name: float(np.mean([one[name] for one in told])) for name in told[0]} if told else {}
    return {
        "pairs": len(pairs),
        "recall_at_no_false": at_no_false(scores, highest[0]),
        "recall_at_no_false_without_cards": at_no_false(scores, highest[1]),
        "uap": average_precision(scores, negative),
        "confirmed": sum(found.confirmed(pair) for pair in pairs),
        "relations": dict(Counter(found.relation(pair) for pair in pairs)),
        "segments": len(segments),
        "placed": len(told),
        **means,
    }


def grouped(truth: Set) -> dict[str, list[Pair]]:
    """True pairs by distortion, common ones first, then by family, all, and those with second, worse copies."""
    groups: dict[str, list[Pair]] = {}
    for family in ("common", "hard"):
        for pair in truth.positive:
            if truth.queries[pair[0]][0] == family and pair[1] not in truth.second:
                groups.setdefault(truth.queries[pair[0]][1], []).append(pair)
    copies = [pair for pair in truth.positive if pair[1] not in truth.second]
    for family in ("common", "hard"):
        groups[f"all {family}"] = [pair for pair in copies if truth.queries[pair[0]][0] == family]
    second = [pair for pair in truth.positive if pair[1] in truth.second]
    return groups | {"all": copies} | ({"second copies": second} if second else {})


def table(truth: Set, found: Found) -> dict[str, object]:
    """All measures of one finder on one set, by distortion, family and in all, as JSON."""
    negative = truth.negative()
    scores = {pair: found.score(pair) for pair in negative}
    highest = max(scores.values(), default=-math.inf)
    carded = (score for pair, score in scores.items() if truth.queries[pair[0]][1] not in CARDED)
    below = max(carded, default=-math.inf)
    false = [pair for pair in negative if found.confirmed(pair)]
    copies = [pair for pair in truth.positive if pair[1] not in truth.second]
    calls = {
        family: dict(
            Counter(found.relation(pair) for pair in truth.same_scene if truth.queries[pair[0]][0] in families)
        )
        for family, families in (("other_take", {"other_take"}), ("copies", {"common", "hard"}))
    }
    return {
        "version": found.version,
        "rows": {name: row(truth, found, pairs, (highest, below)) for name, pairs in grouped(truth).items()},
        "highest_negative": None if highest == -math.inf else highest,
        "highest_negatives": [
            [*pair, scores[pair]]
            for pair in sorted(negative, key=lambda p: -scores[p])[:10]
            if scores[pair] > -math.inf
        ],
        "negative_pairs": len(negative),
        "false_confirmed": false,
        "confirmed_recall": sum(found.confirmed(pair) for pair in copies) / max(1, len(copies)),
        "oracle_recall": at_no_false([found.score(pair) for pair in copies], highest),
        "same_footage_of_copies": sum(found.relation(pair) == "same_footage" for pair in copies) / max(1, len(copies)),
        "other_takes": calls,
        "confirmed_elsewhere": [pair for pair in copies if astray(truth.positive[pair], found.matches.get(pair, ()))],
        "other_takes_confirmed": [pair for pair in truth.same_scene if found.confirmed(pair)],
        "cpu_per_minute": found.reading / max(found.minutes, 1e-9),
        "cpu_per_search": found.searching / max(1, len(truth.queries)),
    }


def upper(hits: int, total: int) -> float:
    """The upper end of the exact (Clopper-Pearson) one-sided 95 % interval of a share, found by halving."""
    low, high = hits / max(1, total), 1.0
    for _ in range(60):
        middle = (low + high) / 2
        # The chance of so few hits or fewer at this share, summed in logarithms.
        logs = [
            math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
            + k * math.log(max(middle, 1e-300)) + (total - k) * math.log(max(1 - middle, 1e-300))
            for k in range(hits + 1)
        ]  # fmt: skip
        low, high = (middle, high) if sum(map(math.exp, logs)) > 0.05 else (low, middle)
    return high
