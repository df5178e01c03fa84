"""Places: known distances, known zones, and texts that are no place."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verikit.geo import Point, distance, offset_at, read_point, zone_at

LONDON, PARIS, SYDNEY = (
    Point(latitude=51.5074, longitude=-0.1278),
    Point(latitude=48.8566, longitude=2.3522),
    Point(latitude=-33.8688, longitude=151.2093),
)
points = st.builds(Point, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))


def test_known_distances():
    assert distance(LONDON, PARIS) == pytest.approx(343_500, rel=0.006)
    assert distance(LONDON, SYDNEY) == pytest.approx(16_994_000, rel=0.006)


@given(points, points)
def test_a_distance_is_symmetric_zero_to_itself_and_at_most_half_around(one, other):
    assert distance(one, one) == 0
    assert distance(one, other) == pytest.approx(distance(other, one), abs=1e-3)
    assert distance(one, other) <= 20_015_200


@pytest.mark.parametrize(
    ("place", "zone", "moment", "hours"),
    [
        (LONDON, "Europe/London", "2021-01-01T12:00:00+00:00", 0.0),
        (LONDON, "Europe/London", "2021-07-01T12:00:00+00:00", 1.0),
        (SYDNEY, "Australia/Sydney", "2021-07-01T12:00:00+00:00", 10.0),
        (Point(latitude=28.6, longitude=77.2), "Asia/Kolkata", "2021-07-01T12:00:00+02:00", 5.5),
    ],
)
def test_a_place_has_the_clock_of_its_zone_on_that_day(place, zone, moment, hours):
    assert zone_at(place) == zone
    assert offset_at(place, dt.datetime.fromisoformat(moment)) == hours


@given(points)
def test_every_place_has_a_zone_or_none_and_no_error(place):
    assert zone_at(place) is None or "/" in zone_at(place)


@pytest.mark.parametrize("text", ["51.5335,-0.1261", "51.5335, -0.1261", " +51.5335 -0.1261 ", "51.5335;-0.1261"])
def test_a_place_is_read_from_decimal_degrees(text):
    assert read_point(text) == Point(latitude=51.5335, longitude=-0.1261)


@pytest.mark.parametrize("text", ["", "London", "51.5", "95,0", "0,181", "51.5,-0.1,3", "nan,nan", "1e3,0"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError, match="place"):
        read_point(text)


@given(points)
def test_a_point_written_as_json_is_read_again_the_same(place):
    assert Point.from_dict(place.to_dict()) == place
