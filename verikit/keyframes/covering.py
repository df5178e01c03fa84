"""Few pictures that stand for all: a small, spread-out set of frames that every other frame looks like.

Two frames look alike when their 64-bit hashes differ in few bits. First as many sharp frames are taken as there are
unlike each other. Then the choice is filled up and bettered: every frame that looks like a chosen one counts, and a
chosen one counts less the more it is blurred, so that a blurred one must stand for some frames that no other stands for.
The price of blur falls until enough frames look like a chosen one.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from verikit.keyframes.exchanging import Choice, exchange, fill, middlemost, parts, take_unlike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bits = NDArray[np.uint64]
    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["Aims", "Chosen", "choose"]

# So many frames of a shot, evenly spread, tell how many of it look like one of its frames.
SAMPLE = 500
# At most so many frames are chosen beyond one a group. Film that shakes throughout comes to it after some ten minutes;
# then those that stand for most are taken.
MOST_FURTHER = 3000
# The worth of a chosen frame is its quality (0 to 1), 1 if it is sharp, less this. It is 0.5 for one that is just sharp
# and -0.5 for one that is just not: about half of the chosen ones pay for themselves.
DUE = 1.24
# In units of the price, what a frame costs that looks like a chosen one: more than the worth of any, so that it must stand
# for frames of its own.
REPEAT = 0.85
# Of the repeats that are allowed, the part for such frames; the rest is for groups that look like others throughout.
REPEATS = 0.75
# Until enough frames look like a chosen one, the price falls by this factor, so many times, and then to nothing.
FALL, FALLS = 0.7, 6
# How quality weighs in a frame's rank against the number of frames that look like it: little, since that number is what
# makes it important.
FURTHER_POWER = 0.33
# Pictures that have nothing to do with each other differ in half of the 64 bits. For its rank a frame counts the more the
# nearer it comes to that, from all that rank before it; in this part at least, so that worth tells among those alike.
UNRELATED, LEAST_NEWS = 32, 0.05
# Bits by which hashes from small pictures may be off.
NEARLY = 2
# Bits between hashes of one and the same picture, coded twice.
SAME = 2
NONE = -1
FAR = 65


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Aims:
    """When two frames are alike, and when enough are chosen.

    `alike`: bits within which they are. `enough`: the share of frames that at least look like a chosen one. `price`: of
    blur, in frames. `reach`: frames nearer to each other than that show much the same. `most_repeats`: the share of chosen
    ones that may look like others.
    """

    alike: int
    enough: float
    price: float
    reach: int
    most_repeats: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was chosen: `rows` by importance, and for each frame of the film which of them it looks like most.

    `owner` int64 (n,) counts in `rows`; -1 where a frame looks like none. `left` are the groups that have rows
    and gave none, as they all look like chosen ones.
    """

    rows: tuple[int, ...]
    owner: Rows
    left: tuple[int, ...]


@dataclasses.dataclass(slots=True, kw_only=True)
class _State:
    """Which rows are chosen, and how many bits each frame is from the nearest of them."""

    hashes: Bits
    rows: list[int]
    apart: NDArray[np.uint8]
    owner: Rows

    @classmethod
    def with_rows(cls, hashes: Bits, rows: Sequence[int]) -> _State:
        count = len(hashes)
        state = cls(hashes=hashes, rows=[], apart=np.full(count, FAR, np.uint8), owner=np.full(count, NONE, np.int64))
        for row in rows:
            state.take(row)
        return state

    def take(self, row: int) -> None:
        apart = np.bitwise_count(self.hashes ^ self.hashes[row])
        nearer = apart < self.apart
        self.owner[nearer] = len(self.rows)
        self.apart[nearer] = apart[nearer]
        self.rows.append(row)


def choose(
    hashes: Bits, *, shown: Flags, counted: Flags, groups: Sequence[Rows], quality: Floats, sharp: Flags, aims: Aims
) -> Chosen:
    """Rows that stand for all frames `shown`, from each of the `groups` (rows that may be chosen) at least one.

    First as many `sharp` rows are taken as there are unlike each other, and of groups without such a row the best one.
    Then others as long as they stand for more frames `shown` than they cost at the price of blur, and some are exchanged
    for what counts more. At last, of the frames `counted` enough must look like a chosen one, whatever the price. A group
    whose rows all look like chosen ones gives one all the same, its least alike, as long as such repeats are few; a
    first one is also let in beyond that, unless it shows the very same picture.
    Deterministic; beside the result, memory is some bytes a frame.
    """
    group, worth = np.full(len(hashes), NONE), np.full(len(hashes), -np.inf, np.float32)
    for place, rows in enumerate(groups):
        group[rows] = place
        worth[rows] = quality[rows] + sharp[rows] - np.float32(DUE)
    choice = Choice(
        hashes=hashes,
        wanted=shown.astype(np.float32),
        worth=worth,
        group=group,
        alike=aims.alike,
        repeat=REPEAT,
        most_repeats=REPEATS * aims.most_repeats,
    )
    take_unlike(choice, np.flatnonzero(choice.usable & sharp), most=MOST_FURTHER // 2)
    _take_one_each(choice, groups, quality=quality)
    _better(choice, counted=shown & counted, aims=aims)
    ranked = _by_importance(choice, groups, quality=quality, reach=aims.reach)
    state = _State.with_rows(hashes, ranked[: int((choice.of_group > 0).sum()) + MOST_FURTHER])
    late = [place for place, rows in enumerate(groups) if len(rows) and not choice.of_group[place]]
    left = _repeat(
        state, [groups[place] for place in late], quality=quality, alike=aims.alike, most_repeats=aims.most_repeats
    )
    state.owner[~shown | (state.apart > aims.alike)] = NONE
    return Chosen(rows=tuple(state.rows), owner=state.owner, left=tuple(sorted(late[place] for place in left)))


def _take_one_each(choice: Choice, groups: Sequence[Rows], *, quality: Floats) -> None:
    """Of each group without a chosen row take the best that looks like no chosen one.

    Groups with few rows have the least choice, so they come first.
    """
    for place in sorted(range(len(groups)), key=lambda place: len(groups[place])):
        rows = groups[place][choice.count[groups[place]] == 0]
        if len(rows) and not choice.of_group[place]:
            choice.take(int(rows[middlemost(_typical(choice, rows, groups[place]) * quality[rows] ** 2)]))


def _typical(choice: Choice, rows: Rows, group: Rows) -> Floats:
    """How many of a group look like each of the rows, about."""
    some = group[:: -(-len(group) // SAMPLE)]
    share = np.float32(len(group) / len(some))
    return np.concatenate([choice.near(part, some).sum(axis=1) * share for part in parts(rows)]).astype(np.float32)


def _better(choice: Choice, *, counted: Flags, aims: Aims) -> None:
    """Fill the choice up at the price of blur, exchange, and lower the price as far as needed."""
    most, price = 2 * MOST_FURTHER, aims.price
    fill(choice, price=price, most=most)
    exchange(choice, price=price)
    fill(choice, price=price, most=most)
    choice.wanted = counted.astype(np.float32)
    may_lack = (1 - aims.enough) * float(choice.wanted.sum())
    for fall in (*(FALL**number for number in range(1, FALLS + 1)), 0.0):
        fill(choice, price=price * fall, most=most, lack=may_lack)


def _by_importance(choice: Choice, groups: Sequence[Rows], *, quality: Floats, reach: int) -> list[int]:
    """The chosen rows: of each group its best, those first that are typical of many frames, then the others."""
    chosen = np.array(sorted(choice.rows), np.int64)
    first: dict[int, float] = {}
    for place in np.flatnonzero(choice.of_group).tolist():
        rows = chosen[choice.group[chosen] == place]
        # The film's few first choices are those that people see: quality counts twice.
        merit = _typical(choice, rows, groups[place]) * quality[rows] ** 2
        first[int(rows[middlemost(merit)])] = float(merit.max())
    others = [
        (len(choice.like(row)) * merit, row)
        for row, merit in zip(chosen.tolist(), (quality[chosen] ** FURTHER_POWER).tolist(), strict=True)
        if row not in first
    ]
    best = sorted(first, key=lambda row: (-first[row], row))
    return [*best, *_spread(choice, others, np.array(best, np.int64), reach=reach)]


def _spread(choice: Choice, found: Sequence[tuple[float, int]], before: Rows, *, reach: int) -> list[int]:
    """Rows by their worth, less where one `before` them or taken earlier is nearer than `reach` rows, or looks like them."""
    rows = np.array([row for _, row in found], np.int64)
    worth = np.array([worth for worth, _ in found])
    near, unlike = np.full(len(rows), reach), np.full(len(rows), FAR, np.uint8)
    for row in before.tolist():
        near, unlike = _nearer(choice, rows, row, near=near, unlike=unlike)
    order = []
    for _ in rows:
        shows = np.clip((unlike.astype(np.float32) - choice.alike) / (UNRELATED - choice.alike), LEAST_NEWS, 1)
        best = int(np.argmax(worth * near * shows))
        order.append(int(rows[best]))
        worth[best] = -1.0
        near, unlike = _nearer(choice, rows, order[-1], near=near, unlike=unlike)
    return order


def _nearer(
    choice: Choice, rows: Rows, row: int, *, near: Rows, unlike: NDArray[np.uint8]
) -> tuple[Rows, NDArray[np.uint8]]:
    """How many rows and how many bits each of the rows is from the nearest taken one, once `row` is taken."""
    apart = np.bitwise_count(choice.hashes[rows] ^ choice.hashes[row])
    return np.minimum(near, np.maximum(np.abs(rows - row), 1)), np.minimum(unlike, apart)


def _repeat(state: _State, groups: Sequence[Rows], *, quality: Floats, alike: int, most_repeats: float) -> list[int]:
    """Take a row of each group as far as repeats are allowed, least alike first; the places of groups that get none."""
    left = []
    repeats = first_repeats = _repeated(state, alike=alike)
    for place in sorted(range(len(groups)), key=lambda place: -int(state.apart[groups[place]].max())):
        rows = groups[place]
        farthest = int(state.apart[rows].max())
        if repeats + 1 <= most_repeats * (len(state.rows) + 1) or (repeats == first_repeats and farthest > SAME):
            far = rows[state.apart[rows] + NEARLY >= farthest]
            row = int(far[middlemost(quality[far])])
            state.take(row)
            # What looks like both belongs to the one of its own group.
            same = rows[np.bitwise_count(state.hashes[rows] ^ state.hashes[row]) == state.apart[rows]]
            state.owner[same] = len(state.rows) - 1
            repeats += 1
        else:
            left.append(place)
    return left


def _repeated(state: _State, *, alike: int) -> int:
    """How many chosen rows look like one that was chosen before."""
    rows = np.array(state.rows, np.int64)
    count = 0
    for part in parts(np.arange(len(rows))):
        near = np.bitwise_count(state.hashes[rows[part]][:, None] ^ state.hashes[rows]) <= alike
        count += int((near & (np.arange(len(rows)) < part[:, None])).any(axis=1).sum())
    return count
