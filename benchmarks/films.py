"""Films of known truth, composed of real single takes: `python -m benchmarks.films --sources FOLDER --out FOLDER`.

A detector of shots is measured against truth that is known to the picture because the film was made so: takes of real
cameras, joined by cuts, dissolves, fades and wipes, with flashes, pans, banners and the like inside the shots, encoded
with x264. The same seed and sources give the same film.

The sources must be single takes; a clip with a cut inside would make the truth wrong, so look at them. `takes.csv` in
their folder names what to use of each: file, first, last (pictures counted from 0), left, top, right, bottom (shares
of the picture to cut off, as black bars). Without it every clip in the folder counts as one take.

Beside NAME.mp4 stand NAME.mp4.gt.csv (kind, first picture of the transition, first picture of the new shot alone;
`ignore` rows are not scored) and NAME.mp4.distractors.csv (kind, first picture, first picture after).
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import av
import numpy as np

from benchmarks.effects import EASINGS, EFFECTS, RETIMINGS, SPACE, Join, joined
from benchmarks.takes import Studio, measured, read_takes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.takes import Measured, Take

__all__ = ["FORMATS", "RECIPE", "Format", "Recipe", "compose", "main"]

Card = TypeVar("Card")

# Pictures between the end of a transition and the beginning of the next, or of an effect.
APART = 12


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a film looks like: its size, the picture's size inside black bars, its rate, whether that varies, coding."""

    size: tuple[int, int] = (640, 360)
    picture: tuple[int, int] | None = None
    rate: int = 25
    variable: bool = False
    low: bool = False


FORMATS = (
    Format(),
    Format(rate=30),
    Format(size=(1280, 720)),
    Format(size=(480, 854), rate=30),
    Format(rate=30, variable=True),
    Format(picture=(480, 360)),
    Format(rate=50),
    Format(size=(1280, 720), rate=24),
    Format(picture=(204, 360), rate=30),
    Format(rate=24, low=True),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a film is made of.

    wipes: (way, angle) of the wipes, `soft_edges` their edges. The decks are dealt to the films one after the other,
    so that a set of films holds all that is in them.
    """

    cuts: int = 22
    dissolves: int = 4
    fades: int = 3
    wipes: int = 4
    distractors: int = 11
    ways: tuple[tuple[str, float], ...] = (
        ("line", 0),
        ("line", 180),
        ("line", 90),
        ("line", 45),
        ("line", 135),
        ("iris-out", 0),
        ("iris-in", 0),
        ("clock", -90),
        ("push", 0),
        ("push", 180),
        ("slide", 0),
        ("slide", 90),
        ("line", 270),
        ("doors", 0),
    )
    soft_edges: tuple[float, ...] = (0.004, 0.004, 0.1, 0.3)
    easings: tuple[str, ...] = tuple(EASINGS)
    effects: tuple[str, ...] = (*EFFECTS, *RETIMINGS)


RECIPE = Recipe()


def dealt(deck: Sequence[Card], number: int, *, film: int, seed: int) -> list[Card]:
    """What the `film`-th film gets of a deck that is shuffled anew each time that it has gone round."""
    cards: list[Card] = []
    for turn in range((film + 1) * number // len(deck) + 1):
        order = np.random.default_rng([seed, turn, len(deck)]).permutation(len(deck))
        cards += [deck[int(place)] for place in order]
    return cards[film * number : (film + 1) * number]


def planned_joins(recipe: Recipe, film: int, seed: int, rng: np.random.Generator) -> list[Join]:
    """The film's joins, in the order in which they come."""
    joins = [Join(kind="cut")] * recipe.cuts
    for way, angle in dealt(recipe.ways, recipe.wipes, film=film, seed=seed):
        length, soft = int(rng.integers(8, 46)), float(rng.choice(recipe.soft_edges))
        joins.append(Join(kind="wipe", way=way, angle=angle, out=length, into=length, soft=soft))
    lengths = dealt([(6, 12), (12, 20), (20, 35), (35, 61)], recipe.dissolves, film=film, seed=seed)
    for least, most in lengths:
        length = int(rng.integers(least, most))
        joins.append(Join(kind="dissolve", out=length, into=length, easing=str(rng.choice(recipe.easings))))
    for way in dealt(["both", "both", "white", "out", "in"], recipe.fades, film=film, seed=seed):
        kind = "fadewhite" if way == "white" or (way != "both" and rng.random() < 0.2) else "fade"
        out, into = int(rng.integers(5, 26)), int(rng.integers(5, 26))
        hold = int(rng.integers(0, 13)) if way in {"both", "white"} else int(rng.integers(2, 13))
        joins.append(
            Join(kind=kind, way=way, out=0 if way == "in" else out, into=0 if way == "out" else into, hold=hold)
        )
    return [joins[int(place)] for place in rng.permutation(len(joins))]


def planned_lengths(before: Sequence[Join], after: Sequence[Join], rng: np.random.Generator) -> list[int]:
    """Pictures of each shot that stand alone: some of 3 to 8 between cuts, many of 10 to 70, some of 5 to 9 seconds."""
    lengths = []
    for one, other in zip(before, after, strict=True):
        chance = rng.random()
        if chance < 0.12 and one.kind == other.kind == "cut":
            lengths.append(int(rng.integers(3, 9)))
        elif chance < 0.74:
            lengths.append(int(rng.integers(10 if one.kind == other.kind == "cut" else APART, 71)))
        elif chance < 0.93:
            lengths.append(int(rng.integers(70, 121)))
        else:
            lengths.append(int(rng.integers(125, 221)))
    return lengths


@dataclasses.dataclass
class Film:
    """A film in the making: it is encoded picture by picture while the truth is written down."""

    path: Path
    format: Format
    rng: np.random.Generator
    count: int = 0
    truth: list[tuple[str, int, int, str]] = dataclasses.field(default_factory=list)
    distractors: list[tuple[str, int, int, str]] = dataclasses.field(default_factory=list)

    def __enter__(self) -> Film:
        width, height = self.format.size
        options = {"preset": str(self.rng.choice(["veryfast", "fast"])), "g": str(self.rng.choice([50, 250]))}
        options |= {"crf": str(36 if self.format.low else self.rng.integers(18, 31))}
        self.container = av.open(str(self.path), "w")
        self.stream = self.container.add_stream("libx264", rate=self.format.rate, options=options)
        self.stream.width, self.stream.height, self.stream.pix_fmt = width, height, "yuv420p"
        # Six ticks a picture, so that a phone's uneven rate can be shown.
        self.tick = Fraction(1, self.format.rate * 6)
        self.stream.time_base = self.stream.codec_context.time_base = self.tick
        self.now = 0
        return self

    def add(self, pictures: NDArray[np.uint8]) -> None:
        """Append pictures, set in black bars where the format has them."""
        width, height = self.format.size
        for picture in pictures:
            whole = picture
            if self.format.picture:
                whole = np.zeros((height, width, 3), np.uint8)
                w, h = self.format.picture
                whole[(height - h) // 2 : (height + h) // 2, (width - w) // 2 : (width + w) // 2] = picture
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(whole), format="rgb24")
            frame.pts, frame.time_base = self.now, self.tick
            self.container.mux(self.stream.encode(frame))
            self.now += int(self.rng.choice([4, 5, 6, 6, 7, 12])) if self.format.variable else 6
            self.count += 1

    def __exit__(self, *_: object) -> None:
        self.container.mux(self.stream.encode())
        self.container.close()
        _table(self.path.with_name(f"{self.path.name}.gt.csv"), TRUTH, self.truth)
        _table(self.path.with_name(f"{self.path.name}.distractors.csv"), DISTRACTORS, self.distractors)


TRUTH = ("kind", "first_frame_of_transition", "first_full_frame_of_new_shot", "note")
DISTRACTORS = ("kind", "first_frame", "first_frame_after", "note")


def _table(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([names, *rows])


def compose(path: Path, takes: dict[Take, Measured], *, film: int, seed: int, recipe: Recipe = RECIPE) -> Film:
    """Write the `film`-th film of a set with its truth; how it came out."""
    rng = np.random.default_rng([seed, film])
    form = FORMATS[film % len(FORMATS)]
    joins = planned_joins(recipe, film, seed, rng)
    # A cut at both ends stands for the film's own beginning and end.
    before, after = [Join(kind="cut"), *joins], [*joins, Join(kind="cut")]
    lengths = planned_lengths(before, after, rng)
    effects = dict(
        zip(_roomy(lengths, rng), dealt(recipe.effects, recipe.distractors, film=film, seed=seed), strict=False)
    )
    studio = Studio(takes=takes, size=form.picture or form.size, rng=rng)
    # Where all takes are short, shots are.
    longest = max(has.count for has in takes.values())
    with Film(path=path, format=form, rng=rng) as made:
        tail: NDArray[np.uint8] | None = None
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            effect = effects.get(number)
            if effect and one.into + other.out + 2 * APART + 3 * SPACE[effect] > longest:
                effect = None
            length = max(lengths[number], SPACE[effect] + 2 * APART) if effect else lengths[number]
            length = min(length, longest - one.into - other.out)
            count = one.into + length + other.out
            at = one.into + APART + int(rng.integers(0, max(1, length - 2 * APART - SPACE[effect]))) if effect else 0
            order, ends = RETIMINGS[effect](count, at, rng) if effect in RETIMINGS else (np.arange(count), 0)
            pictures, note = studio.shot(order, None if tail is None else tail[-1])
            if effect:  # before the join: what an effect does to the whole shot, it does to the shot's part of that
                span = (at, ends) if effect in RETIMINGS else EFFECTS[effect](pictures, at, rng)
                start = made.count + one.length - one.into
                made.distractors.append((effect, start + span[0], start + span[1], note))
            if tail is not None:
                _join(made, tail, pictures[: one.into], one, note)
            alone = pictures[one.into : len(pictures) - other.out]
            if tail is None:
                _rise(made, alone, rng)
            elif number == len(joins):
                _sink(made, alone, rng)
            made.add(alone)
            tail = pictures[len(pictures) - max(1, other.out) :]
    return made


def _rise(made: Film, pictures: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Some films rise from black. That leads from no other shot and is not scored."""
    length = int(rng.integers(6, 21))
    if len(pictures) > 2 * length and rng.random() < 0.3:
        _darken(pictures[:length])
        made.truth.append(("ignore", 0, length, "the film rises from black"))


def _sink(made: Film, pictures: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Some films sink into black at their end. That leads to no other shot and is not scored."""
    length = int(rng.integers(6, 21))
    if len(pictures) > 2 * length and rng.random() < 0.3:
        _darken(pictures[len(pictures) - length :][::-1])
        after = made.count + len(pictures)
        made.truth.append(("ignore", after - length, after, "the film sinks into black"))


def _darken(pictures: NDArray[np.uint8]) -> None:
    shares = np.arange(1, len(pictures) + 1, dtype=np.float32) / (len(pictures) + 1)
    pictures[:] = np.round(pictures * shares[:, None, None, None])


def _join(made: Film, tail: NDArray[np.uint8], head: NDArray[np.uint8], join: Join, note: str) -> None:
    first = made.count
    made.add(joined(tail[len(tail) - join.out :], head, join))
    detail = (
        f" {join.way} {join.angle:g} soft {join.soft:g}" if join.kind == "wipe" else f" {join.way} hold {join.hold}"
    )
    made.truth.append((join.kind, first, made.count, note + (detail if join.kind != "cut" and join.way else "")))


def _roomy(lengths: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Shots for the effects: not the shortest, longer ones first by chance."""
    places = [place for place, length in enumerate(lengths) if length >= 25]
    weights = np.array([min(lengths[place], 100) for place in places], float)
    return [int(p) for p in rng.choice(places, len(places), replace=False, p=weights / weights.sum())]


def main(arguments: Sequence[str] | None = None) -> None:
    """Compose films from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.films", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sources", type=Path, required=True, help="a folder of single takes, with or without takes.csv"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    takes = measured(read_takes(chosen.sources))
    for film in range(chosen.films):
        path = chosen.out / f"film_{chosen.seed}_{film:02}.mp4"
        made = compose(path, takes, film=film, seed=chosen.seed)
        print(f"{path.name}: {made.count} pictures, {len(made.truth)} transitions, {len(made.distractors)} distractors")


if __name__ == "__main__":
    main()
