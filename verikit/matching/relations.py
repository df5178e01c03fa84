"""How surely a stretch is the same take: by how far what changes agrees, for how long, and how much better than elsewhere.

How the thresholds were set, and on what: docs/copies.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from verikit.matching.alignment import Stretch

__all__ = ["LEAST_CHANGING", "relation_of", "score_of"]

# Correlation of what changes from which two stretches are the same take, and how many instants' worth of change it takes
# to say that they are or are not.
SAME_TAKE, LEAST_CHANGING = 0.4, 6.0
# Where the scene stands still the picture agrees with every moment, and of all moments one changes a little alike: what
# changes must agree more if the picture agrees with the rest of the reference within so little.
SAME_TAKE_STANDING, STANDING = 0.7, 0.08
# It is also the same take where so many instants' worth of change agree, and better by so much than anywhere else in the
# reference: other takes agreed by up to 0.40 so, and by 0.44 at another speed (docs/copies.md).
LONG, FAR_BETTER, SAME_TAKE_ALONE, SAME_TAKE_ALONE_AT_OTHER_SPEED = 18.0, 0.3, 0.5, 0.6
# Weight of a stretch from which it is confirmed. Other takes of a scene reached 3.8 where this was chosen (docs/copies.md).
CONFIRMING = 4.5
# At another speed than the reference's one more thing was chosen, and what repeats itself, such as a belt or an empty
# road, fits some speed: it must change more alike, and weigh more.
SAME_TAKE_AT_OTHER_SPEED, CONFIRMING_AT_OTHER_SPEED = 0.65, 8.0


def relation_of(stretch: Stretch) -> str:
    """Same footage where what changes agrees, for long enough, and weighs enough against what does not."""
    own = stretch.speed == 1.0
    least = CONFIRMING if own else CONFIRMING_AT_OTHER_SPEED
    if stretch.change is None or stretch.changing < LEAST_CHANGING or stretch.weight < least:
        return "undecided"
    return "same_footage" if stretch.change >= _alike_from(stretch, own=own) else "undecided"


def _alike_from(stretch: Stretch, *, own: bool) -> float:
    """How far what changes in a stretch must agree to be the same take."""
    alike = SAME_TAKE if own else SAME_TAKE_AT_OTHER_SPEED
    if stretch.elsewhere > stretch.picture - STANDING:
        alike = max(alike, SAME_TAKE_STANDING)
    alone = stretch.second is not None and (stretch.change or 0.0) - stretch.second >= FAR_BETTER
    if alone and stretch.changing >= LONG:
        alike = min(alike, SAME_TAKE_ALONE if own else SAME_TAKE_ALONE_AT_OTHER_SPEED)
    return alike


def score_of(stretch: Stretch, *, places: int) -> float:
    """One number from 0 to 1: the weight of what agrees over time, and the places that agree."""
    return round(float(1 - np.exp(-(stretch.weight / 8 + min(places, 200) / 100))), 6)
