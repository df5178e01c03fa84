"""Copies of known truth, made of real footage: `python -m benchmarks.copies compose --sources FOLDER --out FOLDER`.

A finder of copies is measured against truth that is known because the copies were made so: excerpts of real clips,
distorted (`benchmarks.distortions`) and encoded with x264. The same seed and sources give the same copies.
`python -m benchmarks.copies score FOLDER [--peers PYTHON]` measures verikit and its peers on them (`copy_runs`).

`copies.csv` in the sources' folder names what to use: file, role, start, end (seconds, empty for all but a take), scene. Roles:
original (a reference, of which copies are made), distractor (a reference only), other (never in a reference: what copies
are spliced into and laid over, and the negative queries), stranger (negative queries only), take (its first half is a
reference, its second half queries: the same scene, another take). Clips with the same `scene` show the same place.
Without copies.csv, clips by turns count as original, original, other, and every second such three goes to the other set.

Written are references/, references.csv (reference, source, scene, role, intro seconds), queries/ and truth.csv: query,
family (common, hard, negative, other_take), distortion, and for each copied segment reference, query_start, query_end,
reference_start, reference_end, speed (query seconds per reference second: above 1 is slower), mirrored, rotated (degrees
clockwise by which the query is turned), relation. A query with no segment has one row with an empty reference. Rows of
relation same_scene say that query and reference show one place in takes of their own; they have no spans. All times are
seconds from the first picture. A pair that no row names is a negative pair.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import shutil
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks import copy_runs
from benchmarks.distortions import DISTORTIONS, HARD, Kit, Plan, captioned, letterbox
from benchmarks.footage import CARDS, Footage, Source, even, fitted, footage_of, read_sources, shown, write_clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

__all__ = ["TRUTH", "compose", "main"]

TRUTH = (
    *("query", "family", "distortion", "reference", "query_start", "query_end", "reference_start", "reference_end"),
    *("speed", "mirrored", "rotated", "relation"),
)
REFERENCES = ("reference", "source", "scene", "role", "intro")

# Seconds of a copy where its distortion names none, and of the footage that a splice begins, parts and ends with.
WHOLE, APART = 8.0, (1.5, 3.5)
INTRO = 2.0
# Below this an original is too short for excerpts, so that it is only a distractor.
LEAST = 4.5
NEGATIVE = ("plain", "low", "letterbox", "meme", "vertical", "gamma", "blur", "caption", "crop20", "mirror", "pip30")
OTHER_TAKE = ("plain", "low", "caption", "crop20", "mirror", "grey", "letterbox", "speed0.85")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a query: footage from `start` on for `seconds` of the query. `reference` is empty for other footage."""

    footage: Footage
    start: float
    seconds: float
    source: Source | None = None


def played(pieces: Sequence[Piece], plan: Plan, rate: float) -> Iterator[tuple[float, Picture]]:
    """The query's pictures: its pieces one after the other, all in the first copy's size, through the plan's steps."""
    picture = next((piece for piece in pieces if piece.source), pieces[0]).footage.pictures[0]
    size = picture.shape[1], picture.shape[0]
    began, count, now = 0.0, 0, 0.0
    for piece in pieces:
        while now < began + piece.seconds - 1e-6:
            picture = piece.footage.at(piece.start + (now - began) / plan.speed)
            if picture.shape[1::-1] != size:
                picture = fitted(picture, size, cover=piece.source is None)
            for step in plan.steps:
                picture = step(picture, now)
            if plan.short_side is not None:
                scale = plan.short_side / min(picture.shape[:2])
                reduced = even(picture.shape[1] * scale), even(picture.shape[0] * scale)
                picture = cv2.resize(picture, reduced, interpolation=cv2.INTER_AREA)
            height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
            yield now, picture[:height, :width]
            count += 1
            now = count / rate
        began = now


@dataclasses.dataclass
class Bench:
    """A set in the making."""

    out: Path
    held: bool
    seed: int
    references: list[tuple[Source, str, float]] = dataclasses.field(default_factory=list)
    others: list[Footage] = dataclasses.field(default_factory=list)
    truth: list[dict[str, object]] = dataclasses.field(default_factory=list)

    def begin(self) -> None:
        """Begin the two tables."""
        for name, header in (("references.csv", REFERENCES), ("truth.csv", TRUTH)):
            with (self.out / name).open("w", newline="") as stream:
                csv.writer(stream).writerow(header)

    def rng(self, *words: str) -> np.random.Generator:
        """Chance that depends on the names alone, so that a part of a set comes out as in the whole."""
        return np.random.default_rng([self.seed, *(zlib.crc32(word.encode()) for word in words)])

    def kit(self, rng: np.random.Generator) -> Kit:
        """Tools for one query, with one of the other clips from a moment of its own."""
        other = self.others[int(rng.integers(len(self.others)))]
        begin = float(rng.uniform(0, other.seconds))
        return Kit(rng=rng, held=self.held, other=lambda now: other.at(begin + now))

    def add_reference(self, source: Source, role: str, *, intro: str = "", worse: Plan | None = None) -> None:
        """Put a stretch among the references: as it is, or after a card, or as a worse copy."""
        suffix = f".{role}" if worse else ""
        whole = source.start == 0 and source.end > 1e6
        if whole and not intro and not worse:
            target = self.out / "references" / f"{source.name}{source.path.suffix}"
            shutil.copyfile(source.path, target)
        else:
            target = self.out / "references" / f"{source.name}{suffix}.mp4"
            plan = worse or Plan(crf=20)
            write_clip(target, self._after_card(source, intro, plan), rate=25.0, crf=plan.crf)
        self.references.append((source, target.name, INTRO if intro else 0.0))
        with (self.out / "references.csv").open("a", newline="") as stream:
            csv.writer(stream).writerow((target.name, source.path.name, source.scene, role, INTRO if intro else 0.0))

    def _after_card(self, source: Source, intro: str, plan: Plan) -> Iterator[tuple[float, Picture]]:
        begin = INTRO if intro else 0.0
        for now, picture in shown(source):
            if now == 0 and intro:
                card = CARDS[intro](picture.shape[1], picture.shape[0], self.held)
                yield from ((k / 25, card) for k in range(round(INTRO * 25)))
            for step in plan.steps:
                picture = step(picture, now)  # noqa: PLW2901 each step takes the picture of the one before
            yield begin + now, picture

    def add_query(self, name: str, family: str, distortion: str, pieces: Sequence[Piece], plan: Plan) -> None:
        """Write a query with its truth."""
        path = self.out / "queries" / f"{name}__{distortion}.mp4"
        rate = plan.rate or min(25.0, max(piece.footage.rate for piece in pieces))
        write_clip(path, played(pieces, plan, rate), rate=rate, crf=plan.crf, bit_rate=plan.bit_rate)
        about = {"query": path.name, "family": family, "distortion": distortion}
        rows = [about | row for row in self._told(pieces, plan, rate)] or [about | {"reference": ""}]
        with (self.out / "truth.csv").open("a", newline="") as stream:
            csv.DictWriter(stream, TRUTH).writerows(rows)
        self.truth += rows

    def _told(self, pieces: Sequence[Piece], plan: Plan, rate: float) -> Iterator[dict[str, object]]:
        """What the references share with a query's pieces."""
        began = 0.0
        for piece in pieces:
            # The next piece begins with the first picture at or after this one's end, as in `played`.
            ended = int(np.ceil((began + piece.seconds - 1e-6) * rate)) / rate
            for source, reference, intro in self.references:
                if piece.source is None or source.scene != piece.source.scene:
                    continue
                first = piece.start + piece.source.start - source.start
                last = first + (ended - began) / plan.speed
                # A last picture may stand a little longer than its clip goes on.
                if source.path == piece.source.path and first >= 0 and last <= source.end - source.start + 0.1:
                    spans = (began, ended, intro + first, intro + last)
                    told = dict(zip(TRUTH[4:8], (round(value, 4) for value in spans), strict=True))
                    told |= {"speed": plan.speed, "mirrored": int(plan.mirrored), "rotated": plan.rotated}
                    yield {"reference": reference, "relation": "same_footage"} | told
                else:
                    yield {"reference": reference, "relation": "same_scene"}
            began = ended


def copied(bench: Bench, source: Source, footage: Footage, partner: tuple[Source, Footage], only: set[str]) -> None:
    """Write all copies of one original."""
    for distortion in sorted(only & set(DISTORTIONS)):
        rng = bench.rng(source.name, distortion)
        kit = bench.kit(rng)
        plan = DISTORTIONS[distortion](kit)
        # `seconds` are of the query; what it takes of the original is that by its speed.
        seconds = min(plan.seconds or WHOLE, footage.seconds * plan.speed - 0.1)
        start = float(rng.uniform(0, footage.seconds - seconds / plan.speed))
        mine = Piece(footage=footage, start=start, seconds=seconds, source=source)
        host = bench.others[int(rng.integers(len(bench.others)))]
        hosts = [
            Piece(footage=host, start=float(rng.uniform(0, host.seconds)), seconds=float(rng.uniform(*APART)))
            for _ in range(3)
        ]
        pieces = [mine]
        if plan.arrangement == "spliced":
            pieces = [hosts[0], mine, hosts[1]]
        elif plan.arrangement == "twice":
            pieces = [mine, hosts[0], mine]
        elif plan.arrangement == "two":
            span = min(4.0, partner[1].seconds - 0.1)
            begin = float(rng.uniform(0, partner[1].seconds - span))
            pieces = [mine, hosts[2], Piece(footage=partner[1], start=begin, seconds=span, source=partner[0])]
        bench.add_query(source.name, "hard" if distortion in HARD else "common", distortion, pieces, plan)


def negatives(bench: Bench, source: Source, footage: Footage, only: Sequence[str], family: str) -> None:
    """Write queries of footage that is in no reference; of a scene that is, where its family is other_take."""
    for distortion in only:
        rng = bench.rng(source.name, distortion, "negative")
        kit = bench.kit(rng)
        plan = Plan() if distortion == "plain" else DISTORTIONS[distortion](kit)
        seconds = min(WHOLE, footage.seconds * plan.speed - 0.1)
        start = float(rng.uniform(0, footage.seconds - seconds / plan.speed))
        bench.add_query(
            source.name, family, distortion, [Piece(footage=footage, start=start, seconds=seconds, source=source)], plan
        )


def cards(bench: Bench) -> None:
    """Write queries of plain cards: alone, moving to other footage, and a caption on black that references have too."""
    for card, draw in CARDS.items():
        for width, height in ((640, 360), (480, 360)):
            still = Footage(pictures=[draw(width, height, bench.held)] * 2, times=[0.0, 2.5], seconds=5.0)
            alone = [Piece(footage=still, start=0, seconds=5.0)]
            bench.add_query(f"card-{card}-{width}", "negative", "card", alone, Plan(rate=25))
            host = Piece(footage=bench.others[width // 160 % len(bench.others)], start=0.5, seconds=4.0)
            opening = [dataclasses.replace(alone[0], seconds=2.0), host]
            bench.add_query(f"opening-{card}-{width}", "negative", "opening", opening, Plan(rate=25))


def compose(sources: Sequence[Source], out: Path, *, held: bool, seed: int, only: set[str], most: int) -> Bench:
    """Write references, queries and truth of one set."""
    for folder in ("references", "queries"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    bench = Bench(out=out, held=held, seed=seed)
    bench.begin()
    by_role = {
        role: [s for s in sources if s.role == role] for role in ("original", "distractor", "other", "stranger", "take")
    }
    originals = by_role["original"][:most]
    bench.others = [footage_of(source, most=9, rate=15) for source in by_role["other"]]
    referenced(bench, originals, by_role["distractor"], by_role["take"])
    cards(bench)
    began = time.monotonic()
    ahead = footage_of(originals[0])
    for row, source in enumerate(originals):
        following = originals[(row + 1) % len(originals)]
        footage, ahead = ahead, footage_of(following)
        copied(bench, source, footage, (following, ahead), only)
        print(f"{source.name}: {len(bench.truth)} rows, {time.monotonic() - began:.0f} s", flush=True)
    for source in (*by_role["other"], *by_role["stranger"]):
        known = any(source.scene == one.scene for one, _, _ in bench.references)
        chosen = OTHER_TAKE if known else NEGATIVE
        negatives(bench, source, footage_of(source, most=12), chosen, "other_take" if known else "negative")
    for source in by_role["take"]:
        footage = footage_of(later(source), most=12)
        negatives(bench, later(source), footage, OTHER_TAKE, "other_take")
    return bench


def referenced(
    bench: Bench, originals: Sequence[Source], distractors: Sequence[Source], takes: Sequence[Source]
) -> None:
    """Write the references: some after a card, two of them twice, one with a caption that queries have too."""
    openings = [*CARDS, "", "", ""]
    for row, source in enumerate(originals):
        bench.add_reference(source, "original", intro=openings[row % len(openings)] if row % 2 else "")
    rng = bench.rng("references")
    for source in originals[:2]:
        kit = bench.kit(rng)
        bench.add_reference(source, "copy", worse=letterbox(kit) + captioned(kit) + Plan(crf=34))
    for row, source in enumerate(distractors):
        worse = captioned(bench.kit(rng)) if row < 3 else None
        intro = openings[row] if row < len(CARDS) else ""
        bench.add_reference(source, "distractor", intro=intro, worse=worse)
    for source in takes:
        bench.add_reference(dataclasses.replace(source, end=middle(source)), "take")


def middle(source: Source) -> float:
    """Where the reference's half of a take ends."""
    return (source.start + source.end) / 2


def later(source: Source) -> Source:
    """The half of a take that its queries are of, one second apart from the reference's half."""
    return dataclasses.replace(source, start=middle(source) + 1.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compose copies, or score what finds them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.copies", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    composing = verbs.add_parser("compose", help="make copies of known truth")
    composing.add_argument(
        "--sources", type=Path, required=True, help="a folder of real clips, with or without copies.csv"
    )
    composing.add_argument("--out", type=Path, required=True)
    composing.add_argument("--set", choices=("dev", "held"), default="dev", help="which strengths, places and words")
    composing.add_argument("--seed", type=int, default=1)
    composing.add_argument("--only", default=",".join(DISTORTIONS), help="distortions, separated by commas")
    composing.add_argument("--most", type=int, default=10**6, help="originals")
    scoring = verbs.add_parser("score", help="measure verikit and its peers on copies of known truth")
    scoring.add_argument("folder", type=Path, help="what `compose` wrote")
    scoring.add_argument("--by", choices=("search", "compare"), default="search", help="one archive, or pair by pair")
    scoring.add_argument("--only", default="", help="distortions, separated by commas; the negative queries stay in")
    scoring.add_argument("--jobs", type=int, default=1)
    scoring.add_argument("--cache", type=Path, help="where scans are kept; beside the set by default")
    scoring.add_argument(
        "--peers", nargs="*", default=[], metavar="PYTHON", help="Pythons that imagehash and its like live in"
    )
    scoring.add_argument("--tools", nargs="*", default=copy_runs.TOOLS, choices=copy_runs.TOOLS)
    scoring.add_argument("--errors", action="store_true", help="list the copies that verikit does not confirm")
    scoring.add_argument("--out", type=Path, help="a JSON file for all measures and matches")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    if options.verb == "score":
        copy_runs.main(options)
        return
    held = options.set == "held"
    sources = read_sources(options.sources, held=held)
    made = compose(
        sources, options.out, held=held, seed=options.seed, only=set(options.only.split(",")), most=options.most
    )
    queries = {str(row["query"]) for row in made.truth}
    print(f"{len(queries)} queries, {len(made.references)} references, {len(made.truth)} rows of truth")


if __name__ == "__main__":
    main()
