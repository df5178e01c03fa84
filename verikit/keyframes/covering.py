"""Few pictures that stand for all: a small, spread-out set of frames that every other frame looks like.

Two frames look alike when their 64-bit hashes differ in few bits. Frames are chosen one after another among those that
look like none chosen so far, so that no two chosen are alike; when no such frame is left, each one looks like a chosen
one. Both hold at once, in whatever order they are taken (a maximal independent set of a graph is a dominating one), so
the order is free to favour sharp and still frames and those that stand for many others. A few may be alike after all,
where such a frame stands for many that no other stands for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Bits = NDArray[np.uint64]
    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

__all__ = ["Aims", "Chosen", "choose"]

# Frames compared each with each at once: a million pairs, some megabytes. A view that lasts longer is met again in the
# next window, where it is known already.
WINDOW = 1024
# So many frames of a shot, evenly spread, are compared with each of its frames when its first one is chosen.
SAMPLE = 500
# At most so many frames are chosen beyond one a group. Film that shakes throughout comes to it after some ten minutes;
# then those that stand for most are taken.
MOST_FURTHER = 3000
# Bits beyond the limit of alikeness from which on a frame counts in full, and the weight of one just beyond it: hashes
# from small pictures are some bits off, and of frames of equal merit the one that is clearly unlike those chosen shows
# more.
NEARLY, CLEARLY = 2, 6
NEARLY_WEIGHT = 0.4
# How quality weighs against the number of frames that a further row stands for: little, since a row that stands for more
# spares others. At the same recall 0.33 gave sharper keyframes than 0, 0.7 and 1.5.
FURTHER_POWER = 0.33
# The share of the chosen ones that may look like others because they stand for more frames that no other stands for.
REPEATS = 0.015
# Bits between hashes of one and the same picture, coded twice.
SAME = 2
NONE = -1
FAR = 65


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Aims:
    """When two frames are alike, and when enough are chosen.

    `alike`: bits within which they are. `enough`: the share of frames that look like a chosen one. `many`: so many
    frames of a view are never left out. `most_repeats`: the share of chosen ones that may look like others for the sake
    of their group.
    """

    alike: int
    enough: float
    many: int
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
    Then others, those first that stand for the most frames, until enough of the frames `counted` look like a chosen one
    and none is left that stands for many more. `quality` (0 to 1) decides between rows that stand for much the same. A
    group whose rows all look like chosen ones gives one all the same, its least alike, as long as such repeats are few; a
    first one is also let in beyond that, unless it shows the very same picture.
    Deterministic; beside the result, memory is some bytes a frame.
    """
    alike = aims.alike
    usable = np.zeros(len(hashes), np.bool_)
    usable[np.concatenate([np.empty(0, np.int64), *groups])] = True
    state = _State.with_rows(hashes, [])
    clear = _unlike(state, np.flatnonzero(usable & sharp), alike=alike)
    worth: dict[int, float] = {}
    late = []
    # Groups with few rows have the least choice, so they come first.
    for index in sorted(range(len(groups)), key=lambda index: len(groups[index])):
        found = _first(state, groups[index], clear=clear, quality=quality, alike=alike)
        if found is not None:
            worth[found[0]] = found[1]
        elif len(groups[index]):
            late.append(index)
    first = np.array(sorted(worth, key=lambda row: (-worth[row], row)), np.int64)
    others = [
        (float((np.bitwise_count(hashes ^ hashes[row]) <= alike).sum()), row) for row in clear if row not in worth
    ]
    further = _further(state, shown=shown, usable=usable, quality=quality, aims=aims)
    # Once more from the start, no further than needed; then with the best rows for the same frames, by importance.
    state = _State.with_rows(hashes, [*first.tolist(), *(row for _, row in others)])
    most = len(first) + MOST_FURTHER
    others += _add(state, further, most=most, shown=shown, counted=shown & counted, aims=aims)
    state = _State.with_rows(hashes, [*first.tolist(), *_spread(others, first, reach=aims.many)])
    better = _bettered(state.rows, hashes, shown=shown, groups=groups, quality=quality, alike=alike)
    state = _State.with_rows(hashes, better)
    left = _repeat(
        state, [groups[index] for index in late], quality=quality, alike=alike, most_repeats=aims.most_repeats
    )
    state.owner[~shown | (state.apart > alike)] = NONE
    return Chosen(rows=tuple(state.rows), owner=state.owner, left=tuple(sorted(late[place] for place in left)))


def _first(
    state: _State, group: Rows, *, clear: Sequence[int], quality: Floats, alike: int
) -> tuple[int, float] | None:
    """The best of a group's rows that are `clear`, else the best unlike the rows chosen so far, which it takes.

    With its worth; None if the group has neither.
    """
    rows = np.intersect1d(group, np.array(clear, np.int64))
    taken = len(rows) > 0
    if not taken:
        rows = group[state.apart[group] > alike]
    if not len(rows):
        return None
    some = state.hashes[group[:: -(-len(group) // SAMPLE)]]
    share = len(group) / len(some)
    gains = [
        (np.bitwise_count(state.hashes[part][:, None] ^ some) <= alike).sum(axis=1) * share for part in _parts(rows)
    ]
    # The film's few first choices are those that people see: quality counts twice.
    merit = quality[rows] if taken else _merit(state, rows, quality=quality, alike=alike)
    worth = np.concatenate(gains) * merit**2
    best = _middlemost(worth)
    if not taken:
        state.take(int(rows[best]))
    return int(rows[best]), float(worth[best])


def _unlike(state: _State, rows: Rows, *, alike: int) -> list[int]:
    """As many of the rows as there are unlike each other.

    First those that few others look like, which rule out few: that leaves the most. Adds them to `state`.
    """
    most = -(-MOST_FURTHER // 2 // max(1, -(-len(rows) // WINDOW)))
    found = []
    for part in _parts(rows):
        open_rows = part[state.apart[part] > alike]
        near = np.bitwise_count(state.hashes[open_rows][:, None] ^ state.hashes[open_rows]) <= alike
        free, like = np.ones(len(open_rows), np.bool_), near.sum(axis=0)
        for _ in range(min(most, len(open_rows))):
            if not free.any():
                break
            best = _middlemost(np.where(free, -like, -WINDOW - 1).astype(np.float32))
            found.append(int(open_rows[best]))
            state.take(found[-1])
            newly = free & near[best]
            free &= ~newly
            like = like - near[newly].sum(axis=0)
    return found


def _further(state: _State, *, shown: Flags, usable: Flags, quality: Floats, aims: Aims) -> list[tuple[float, int]]:
    """(worth, row) of rows that, with those chosen, leave no frame that looks like none. Uses up `state`.

    Some may look like chosen ones, if they stand for more than others do.
    """
    starts = range(0, len(shown), WINDOW)
    # Of long films each window may propose twice its part.
    most = -(-2 * MOST_FURTHER // len(starts))
    found: list[tuple[float, int]] = []
    repeats = 0
    for start in starts:
        window = np.arange(start, min(start + WINDOW, len(shown)))
        open_rows = window[shown[window] & (state.apart[window] > aims.alike)]
        rows = window[usable[window]]
        near = np.bitwise_count(state.hashes[open_rows][:, None] ^ state.hashes[rows]) <= aims.alike
        gain = near.sum(axis=0)
        free = state.apart[rows] > aims.alike
        uncovered = np.ones(len(open_rows), np.bool_)
        for _ in range(min(most, len(rows))):
            may = free | (repeats + 1 <= REPEATS * len(state.rows))
            worth = np.where(may, gain, 0) * quality[rows] ** FURTHER_POWER
            best = _middlemost(worth)
            if worth[best] <= 0:
                break
            repeats += not free[best]
            found.append((float(worth[best]), int(rows[best])))
            state.take(int(rows[best]))
            newly = uncovered & near[:, best]
            uncovered &= ~newly
            gain = gain - near[newly].sum(axis=0)
            free = state.apart[rows] > aims.alike
    return sorted(found, key=lambda one: (-one[0], one[1]))


def _spread(found: Sequence[tuple[float, int]], before: Rows, *, reach: int) -> list[int]:
    """Rows by their worth, less where one `before` them or taken earlier is nearer than `reach` rows."""
    rows = np.array([row for _, row in found], np.int64)
    worth = np.array([worth for worth, _ in found])
    around = np.sort(before)
    near = np.full(len(rows), reach)
    if len(around):
        place = np.searchsorted(around, rows)
        left, right = around[np.maximum(place - 1, 0)], around[np.minimum(place, len(around) - 1)]
        near = np.minimum(near, np.minimum(np.abs(rows - left), np.abs(right - rows)))
    order = []
    for _ in rows:
        best = int(np.argmax(worth * near))
        order.append(int(rows[best]))
        worth[best] = -1.0
        near = np.minimum(near, np.maximum(np.abs(rows - rows[best]), 1))
    return order


def _add(
    state: _State, further: Sequence[tuple[float, int]], *, most: int, shown: Flags, counted: Flags, aims: Aims
) -> list[tuple[float, int]]:
    """Take of the further rows, the worthiest first, what is needed to cover `enough`, and all that cover `many`."""
    added = []
    may_lack = (1 - aims.enough) * int(counted.sum())
    uncovered = int((counted & (state.apart > aims.alike)).sum())
    for worth, row in further:
        if len(state.rows) >= most:
            break
        newly = (state.apart > aims.alike) & (np.bitwise_count(state.hashes ^ state.hashes[row]) <= aims.alike)
        if uncovered > may_lack or int((shown & newly).sum()) >= aims.many:
            state.take(row)
            added.append((worth, row))
            uncovered -= int((counted & newly).sum())
    return added


def _bettered(
    rows: Sequence[int], hashes: Bits, *, shown: Flags, groups: Sequence[Rows], quality: Floats, alike: int
) -> list[int]:
    """The same rows, each exchanged for the best one of its group that looks like all frames that it alone stands for."""
    group_of = np.full(len(hashes), NONE)
    for place, group in enumerate(groups):
        group_of[group] = place
    rows = list(rows)
    standing = np.zeros(len(hashes), np.uint16)
    for row in rows:
        standing += np.bitwise_count(hashes ^ hashes[row]) <= alike
    # The poorest first: they gain most.
    for place in sorted(range(len(rows)), key=lambda place: (float(quality[rows[place]]), rows[place])):
        row = rows[place]
        near = np.bitwise_count(hashes ^ hashes[row]) <= alike
        alone = np.flatnonzero(near & (standing == 1))
        if not len(alone):
            continue
        others = alone[(group_of[alone] == group_of[row]) & (quality[alone] > quality[row])]
        # A still camera leaves thousands: the best of them and a part of the frames tell enough.
        others = others[np.argsort(-quality[others], kind="stable")[:SAMPLE]]
        wanted = hashes[alone[shown[alone]][:: -(-len(alone) // SAMPLE)]]
        good = others[(np.bitwise_count(hashes[others][:, None] ^ wanted) <= alike).all(axis=1)]
        if len(good):
            rows[place] = int(good[0])
            standing += np.bitwise_count(hashes ^ hashes[good[0]]) <= alike
            standing -= near
    return rows


def _repeat(state: _State, groups: Sequence[Rows], *, quality: Floats, alike: int, most_repeats: float) -> list[int]:
    """Take a row of each group as far as repeats are allowed, least alike first; the places of groups that get none."""
    left = []
    repeats = first_repeats = _repeated(state, alike=alike)
    for place in sorted(range(len(groups)), key=lambda place: -int(state.apart[groups[place]].max())):
        rows = groups[place]
        farthest = int(state.apart[rows].max())
        if repeats + 1 <= most_repeats * (len(state.rows) + 1) or (repeats == first_repeats and farthest > SAME):
            far = rows[state.apart[rows] + NEARLY >= farthest]
            row = int(far[_middlemost(quality[far])])
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
    for part in _parts(np.arange(len(rows))):
        near = np.bitwise_count(state.hashes[rows[part]][:, None] ^ state.hashes[rows]) <= alike
        count += int((near & (np.arange(len(rows)) < part[:, None])).any(axis=1).sum())
    return count


def _merit(state: _State, rows: Rows, *, quality: Floats, alike: int) -> Floats:
    """Quality, less for rows that are but a few bits from those chosen."""
    beyond = (state.apart[rows].astype(np.float32) - alike - NEARLY) / (CLEARLY - NEARLY)
    merit: Floats = quality[rows] * (NEARLY_WEIGHT + (1 - NEARLY_WEIGHT) * np.clip(beyond, 0, 1)).astype(np.float32)
    return merit


def _middlemost(worth: NDArray[np.floating[Any]]) -> int:
    """The place of the greatest value; among equals the one nearest the middle."""
    equals = np.flatnonzero(worth == worth.max())
    return int(equals[np.argmin(np.abs(equals - (len(worth) - 1) / 2))])


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), WINDOW):
        yield rows[start : start + WINDOW]
