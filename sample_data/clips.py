"""Which sample clips there are: their shots, songs, dates, and what is hidden in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from filming import Clip, Move, Shot
from places import kitchen, library, rail_yard, roof, snow_courtyard, workshop
from scenes import Scene, corridor, corridor_actors, dormitory
from sound import seed_of
from town import bunting, fruit_counter, harbour, market
from wilds import brook, camp_fire, fence, forest_road

if TYPE_CHECKING:
    from collections.abc import Callable

    from drawing import Rng

COMMENT = "Rendered by the verikit project; shows no real place or person"
CAPTION = ("Солдат смотрит на танцы", "러시아의 북한 군인")
# The excerpt: frames 109 up to 259 of the dormitory, without its edges; 568x320 has the crop's shape.
VIRAL_FIRST, VIRAL_COUNT = 109, 150
VIRAL_CROP = (72, 20, 536, 302)
VIRAL_SIZE = (568, 320)
DECOY_SONG_FROM = 3.0
# The loop plays frames 75 up to 125 of its take twice in a row.
LOOP_FIRST, LOOP_PAST = 75, 125


def corridor_take(take: str) -> Callable[[Rng], Scene]:
    """Film the corridor once more: it is built from one seed for both takes; only the walkers differ."""

    def build(rng: Rng) -> Scene:
        return corridor(np.random.default_rng(seed_of("corridor")), corridor_actors(rng, take))

    return build


ARCHIVE = (
    Clip(
        "dormitory_evening",
        "Evening in the dormitory",
        "2023-02-11T19:42:07Z",
        "lantern",
        (Shot(dormitory, 14, Move((-24, 4), (22, -6), (0.84, 0.92), 3.0)),),
        26,
    ),
    Clip(
        "corridor_a",
        "Corridor, first take",
        "2022-10-05T09:14:31Z",
        "steps",
        (Shot(corridor_take("a"), 10, Move((-8, 0), (8, 4), (0.84, 0.87), 2.5)),),
    ),
    Clip(
        "corridor_b",
        "Corridor, second take",
        "2022-10-05T09:31:58Z",
        "morning",
        (Shot(corridor_take("b"), 9, Move((6, 4), (-8, -2), (0.84, 0.87), 3.0)),),
        31,
        0,
    ),
    Clip(
        "harbour",
        "Harbour with ferry",
        "2022-06-18T13:05:44Z",
        "tide",
        (Shot(harbour, 11, Move((-40, 10), (40, -6), (0.78, 0.84), 3.0)),),
        30,
    ),
    Clip(
        "market_street",
        "Market street on a Saturday",
        "2022-09-24T10:22:19Z",
        "fiddle",
        (
            Shot(market, 5.2, Move((-40, 10), (30, 0), (0.78, 0.86))),
            Shot(fruit_counter, 3.6, Move((20, -20), (-20, 20), (0.82, 0.9)), "cut"),
            Shot(bunting, 3.4, Move((0, 30), (20, -30), (0.8, 0.84)), "cut"),
        ),
        30,
    ),
    Clip(
        "forest_road",
        "Forest road and camp",
        "2023-08-03T16:48:02Z",
        "reeds",
        (
            Shot(forest_road, 3.8, Move((-20, 0), (20, -6), (0.82, 0.9))),
            Shot(fence, 2.8, Move((30, 0), (-30, 10), (0.82, 0.86)), "cut"),
            Shot(brook, 3.2, Move((-20, -30), (20, 30), (0.82, 0.86)), "dissolve", 0.8),
            Shot(camp_fire, 3.2, Move((-20, 10), (20, -10), (0.84, 0.9)), "fade", 1.2),
        ),
        30,
    ),
    Clip(
        "rail_yard",
        "Rail yard and engine shed",
        "2023-04-27T11:37:26Z",
        "anvil",
        (
            Shot(rail_yard, 7.4, Move((30, 0), (-40, 8), (0.8, 0.86), 2.5)),
            Shot(workshop, 4.6, Move((-20, 0), (26, 10), (0.82, 0.9)), "cut"),
        ),
        30,
    ),
    Clip(
        "snow_courtyard",
        "Courtyard in the snow",
        "2022-12-15T08:56:50Z",
        "frost",
        (Shot(snow_courtyard, 9.6, Move((-40, 6), (36, -6), (0.8, 0.86), 3.0)),),
        31,
        0,
    ),
)


DECOY = Clip(
    "decoy",
    "",
    "",
    "lantern",
    (Shot(kitchen, 8, Move((30, 4), (-30, -6), (0.82, 0.9))),),
    29,
    2,
    DECOY_SONG_FROM,
)


LOOP = Clip("loop", "", "", "swallow", (Shot(roof, 7, Move((-46, 10), (46, -10), (0.78, 0.88))),), 30)
NO_MATCH = Clip("no_match", "", "", "pages", (Shot(library, 8, Move((-30, -6), (34, 8), (0.82, 0.88))),), 30)
POST = {
    "url": "https://example.org/post/1",
    "account": "@front_watch_example",
    "posted": "2024-11-05T18:20:00Z",
    "language": "en",
    "text": "Leaked: a North Korean soldier in Russia watching dancing girls on social networks.",
    "archived": [],
    "note": "This post, the account and the footage are made up for the demonstration: the clip is rendered.",
}
