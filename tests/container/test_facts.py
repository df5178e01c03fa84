from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verikit.container.credentials import Credentials
from verikit.container.elements import Tag
from verikit.container.facts import Facts, collect_facts
from verikit.container.times_places import parse_place, parse_time


def tag(key, value, origin="here@1"):
    return Tag(group="keys", key=key, value=value, origin=origin)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2021-05-25T09:21:51-0700", ("2021-05-25T09:21:51-07:00", "local")),
        ("2021-05-25 16:21:51 UTC", ("2021-05-25T16:21:51Z", "utc")),
        ("UTC 2021-05-25 16:21:51", ("2021-05-25T16:21:51Z", "utc")),
        ("2014-12-19T00:39:23.000000Z", ("2014-12-19T00:39:23Z", "utc")),
        ("2022-08-08T21:49Z", ("2022-08-08T21:49:00Z", "utc")),
        ("2016:05:31 17:01:35", ("2016-05-31T17:01:35", "unknown")),
        ("MON MAR 10 14:05:33 2008", ("2008-03-10T14:05:33", "unknown")),
        ("2019-07-01", ("2019-07-01", "unknown")),
        ("2019", None),
        ("2021-02-30T10:00:00Z", None),
        ("2021-05-25T09:21:51+99:99", None),
        ("", None),
    ],
)
def test_times_keep_what_the_file_says_of_their_zone(text, read):
    assert parse_time(text) == read


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+37.7450-122.4301+066.374/", (37.745, -122.4301, 66.374)),
        ("+51.5932-0.2431/", (51.5932, -0.2431, None)),
        ("+5130.5-00007.25/", (51.508333, -0.120833, None)),
        ("+513030-0000730/", (51.508333, -0.125, None)),
        ("-33-070/", (-33.0, -70.0, None)),
        ("+91.0+000.0/", None),
        ("+5161-00000/", None),
        ("London", None),
    ],
)
def test_places_are_read_in_degrees_minutes_and_seconds(text, place):
    read = parse_place(text)
    assert read == (place if place is None else pytest.approx(place, abs=1e-5))


def test_equal_values_are_joined_with_all_their_origins():
    tags = [
        tag("movie created", "2021-05-25T16:21:51Z", "moov/mvhd@36"),
        tag("creation_time", "2021-05-25T16:21:51.000000Z", "FFmpeg"),
    ]
    facts = collect_facts(tags, credentials=Credentials())
    assert [(c.value, c.basis, c.origin) for c in facts.created] == [
        ("2021-05-25T16:21:51Z", "utc", "moov/mvhd@36; FFmpeg")
    ]


def test_readers_that_disagree_stand_side_by_side():
    tags = [
        tag("movie created", "1967-05-18T03:33:20Z", "moov/mvhd@36"),
        tag("creation_time", "2033-05-18T03:33:20Z", "FFmpeg"),
    ]
    facts = collect_facts(tags, credentials=Credentials())
    assert [c.value for c in facts.created] == ["1967-05-18T03:33:20Z", "2033-05-18T03:33:20Z"]


def test_the_better_key_gives_the_device_and_the_other_stays_in_said():
    tags = [tag("©mod", "iPhone 5", "udta"), tag("com.apple.quicktime.model", "iPhone 12", "keys")]
    facts = collect_facts(tags, credentials=Credentials())
    assert facts.model == "iPhone 12"
    assert facts.values("model") == ("iPhone 12", "iPhone 5")
    assert facts.origins("model", "iPhone 5") == ("udta",)


def test_two_places_are_both_kept_and_the_best_key_comes_first():
    tags = [tag("©xyz", "+10+020/", "udta"), tag("com.apple.quicktime.location.ISO6709", "+11+021/", "keys")]
    facts = collect_facts(tags, credentials=Credentials())
    assert [(p.latitude, p.origin) for p in facts.locations] == [(11.0, "keys"), (10.0, "udta")]
    assert facts.location == facts.locations[0]


keys = st.sampled_from(["©xyz", "©mak", "creation_time", "ISFT", "comment", "Encoded_Date", "title", "other"])


@given(st.lists(st.builds(tag, keys, st.text(max_size=30), st.sampled_from(["a@1", "b@2"])), max_size=10))
def test_facts_written_and_read_again_are_the_same(tags):
    facts = collect_facts(tags, credentials=Credentials())
    assert Facts.from_dict(facts.to_dict()) == facts
