"""Frames that are worth their place: a choice that is bettered by exchanging frames for others.

Each frame that looks like a chosen one counts for the choice. Each chosen frame counts by its own worth: above 0 if it is
sharp, the more below the more it is blurred, such that a blurred one must stand for some frames that no other stands for.
A frame that looks like a chosen one costs more than any worth, so that it also must stand for frames of its own. The best
such choice is a matter of exchanges: one frame for another, or for two.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Bits = NDArray[np.uint64]
    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["WINDOW", "Choice", "exchange", "fill", "middlemost", "parts", "take_unlike"]

# Frames compared each with each at once: a million pairs, some megabytes. A view that lasts longer is met again in the
# next window, where it is known already.
WINDOW = 1024
# Of the frames that could stand in for a chosen one so many are tried, the worthiest, on so many of the frames that it
# stands for: a still camera leaves thousands of either.
TRIED, SEEN = 256, 512
# No exchange for less, in frames: sums of 32 bits are not the same in every order.
GAIN = 1e-3
NEVER = -1e9


@dataclasses.dataclass(slots=True, kw_only=True)
class Choice:
    """Which rows are chosen, and how many of them each frame looks like.

    `wanted` float32 (n,): what it counts that a frame looks like a chosen one. `worth` float32 (n,): what a chosen frame
    counts by itself; minus infinity for those that may not be chosen. `group` int64 (n,), -1 for none: the last row of a
    group is not given up. A row that looks like a chosen one costs `repeat`, and such are at most the share
    `most_repeats`. Frames within `alike` bits look alike.
    """

    hashes: Bits
    wanted: Floats
    worth: Floats
    group: Rows
    alike: int
    repeat: float
    most_repeats: float
    rows: set[int] = dataclasses.field(default_factory=set)
    count: NDArray[np.uint16] = dataclasses.field(init=False)
    of_group: Rows = dataclasses.field(init=False)
    usable: Flags = dataclasses.field(init=False)
    pairs: int = 0

    def __post_init__(self) -> None:
        self.count = np.zeros(len(self.hashes), np.uint16)
        self.of_group = np.zeros(int(self.group.max(initial=-1)) + 1, np.int64)
        self.usable = np.isfinite(self.worth)

    def take(self, row: int) -> None:
        """Choose a row that is not chosen."""
        self.pairs += int(self.count[row])
        self.count[self.like(row)] += 1
        self.rows.add(row)
        self.of_group[self.group[row]] += 1

    def give_up(self, row: int) -> Rows:
        """Choose a chosen row no longer; the frames that looked like it."""
        near = self.like(row)
        self.count[near] -= 1
        self.rows.remove(row)
        self.of_group[self.group[row]] -= 1
        self.pairs -= int(self.count[row])
        return near

    def like(self, row: int) -> Rows:
        """The frames that look like this one."""
        return np.flatnonzero(np.bitwise_count(self.hashes ^ self.hashes[row]) <= self.alike)

    def near(self, rows: Rows, others: Rows) -> Flags:
        """Which of the rows (down) looks like which of the others (across)."""
        near: Flags = np.bitwise_count(self.hashes[rows][:, None] ^ self.hashes[others]) <= self.alike
        return near

    def may_repeat(self) -> bool:
        """Whether one more of the rows may look like another one."""
        return self.pairs + 1 <= self.most_repeats * len(self.rows)

    def merit(self, rows: Rows, gain: NDArray[np.float32], *, price: float) -> NDArray[np.float32]:
        """What the choice counts more with each of the rows, which bring in so much; `NEVER` where one may not be taken."""
        count = self.count[rows]
        allowed = (count == 0) | ((count == 1) & (gain > 0) & self.may_repeat())
        merit: NDArray[np.float32] = np.where(allowed, gain + price * (self.worth[rows] - self.repeat * count), NEVER)
        return merit


def take_unlike(choice: Choice, rows: Rows, *, most: int) -> None:
    """Take as many of the rows as there are unlike each other, about `most` of them if there are so many.

    First those that few others look like, which rule out few: that leaves the most.
    """
    share = -(-most // max(1, -(-len(rows) // WINDOW)))
    for part in parts(rows):
        open_rows = part[choice.count[part] == 0]
        near = choice.near(open_rows, open_rows)
        free, like = np.ones(len(open_rows), np.bool_), near.sum(axis=0)
        for _ in range(min(share, len(open_rows))):
            if not free.any():
                break
            best = middlemost(np.where(free, -like, -WINDOW - 1).astype(np.float32))
            choice.take(int(open_rows[best]))
            newly = free & near[best]
            free &= ~newly
            like = like - near[newly].sum(axis=0)


def fill(choice: Choice, *, price: float, most: int, lack: float = 0.0) -> None:
    """Take what counts more than its price, until of the frames wanted no more than `lack` look like none.

    About `most` rows at most.
    """
    share = -(-most // -(-len(choice.hashes) // WINDOW))
    lacking = float(choice.wanted[choice.count == 0].sum())
    for window in parts(np.arange(len(choice.hashes))):
        uncovered = choice.count[window] == 0
        frames = window[uncovered & (choice.wanted[window] > 0)]
        rows = window[(choice.count[window] <= 1) & choice.usable[window]]
        if not len(rows) or lacking <= lack:
            continue
        near = choice.near(frames, rows)
        weight = choice.wanted[frames]
        gain = weight @ near.astype(np.float32)
        for _ in range(min(share, len(rows))):
            merit = choice.merit(rows, gain, price=price)
            best = middlemost(merit)
            if lacking <= lack or merit[best] <= 0:
                break
            choice.take(int(rows[best]))
            newly = near[:, best] & (weight > 0)
            gain = gain - weight[newly] @ near[newly].astype(np.float32)
            lacking -= float(weight[newly].sum())
            weight = np.where(newly, np.float32(0), weight)


def exchange(choice: Choice, *, price: float) -> None:
    """Give each chosen row up for the one or the two that count most in its place, or for none. The poorest first."""
    for row in sorted(choice.rows, key=lambda row: (float(choice.worth[row]), row)):
        near = choice.give_up(row)
        for other in _instead(choice, row, near, price=price):
            choice.take(other)


def _instead(choice: Choice, row: int, near: Rows, *, price: float) -> list[int]:
    """What counts most in the place of a row that was given up, with the frames `near` it; itself if nothing counts more."""
    only = not choice.of_group[choice.group[row]]
    frames, share = _left(choice, row, near)
    others = near[choice.usable[near] & (choice.count[near] <= 1)]
    if only:
        others = others[choice.group[others] == choice.group[row]]
    if len(others) > TRIED:
        others = others[np.argsort(-choice.worth[others], kind="stable")[:TRIED]]
    others = np.union1d(others, [row])
    like = choice.near(frames, others).astype(np.float32)
    weight = (choice.wanted[frames] * share).astype(np.float32)
    gain = weight @ like
    merit = choice.merit(others, gain, price=price)
    place = int(np.searchsorted(others, row))
    # It was there before: whatever it looks like, it may stay.
    merit[place] = gain[place] + price * (choice.worth[row] - choice.repeat * choice.count[row])
    both = merit[:, None] + merit - (like * weight[:, None]).T @ like
    both = np.where(choice.near(others, others), NEVER, both)
    alone, two = middlemost(merit), int(both.argmax())
    best = max(float(merit[alone]), float(both.flat[two]))
    if best <= merit[place] + GAIN:
        return [row] if only or merit[place] > 0 else []
    if best <= 0 and not only:
        return []
    return [int(others[alone])] if merit[alone] >= best else [int(others[one]) for one in divmod(two, len(others))]


def _left(choice: Choice, row: int, near: Rows) -> tuple[Rows, int]:
    """Frames wanted that look like no chosen row, among those `near` one and around it; for how many each stands."""
    around = np.arange(max(0, row - WINDOW // 2), min(row + WINDOW // 2, len(choice.hashes)))
    frames = np.union1d(near, around)
    frames = frames[(choice.count[frames] == 0) & (choice.wanted[frames] > 0)]
    step = max(1, -(-len(frames) // SEEN))
    return frames[::step], step


def middlemost(worth: NDArray[np.float32]) -> int:
    """The place of the greatest value; among equals the one nearest the middle."""
    equals = np.flatnonzero(worth == worth.max())
    return int(equals[np.argmin(np.abs(equals - (len(worth) - 1) / 2))])


def parts(rows: Rows) -> Iterator[Rows]:
    """The rows, a window at a time."""
    for start in range(0, len(rows), WINDOW):
        yield rows[start : start + WINDOW]
