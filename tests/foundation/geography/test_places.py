"""Which place a point belongs to."""

import math
from array import array

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signfleet.foundation.geography.places import FARTHEST_KM, STRIPS_PER_DEGREE, Gazetteer, Place, find, load, strip_of

LATITUDES = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, -89.99, 0.0, 89.99, 90.0]))
LONGITUDES = st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, -179.999, 0.0, 179.999, 180.0]))
POINTS = st.tuples(LATITUDES, LONGITUDES)


def gazetteer(places: list[tuple[float, float, int]]) -> Gazetteer:
    """Nameless places at latitude and longitude in degrees, with radii in 0.1 km."""
    places = sorted(places, key=lambda place: (strip_of(place[0]), round(place[1] * 1e5)))
    strips = [strip_of(latitude) for latitude, _, _ in places]
    return Gazetteer(
        starts=array("I", [sum(s < strip for s in strips) for strip in range(180 * STRIPS_PER_DEGREE + 2)]),
        latitudes=array("i", [round(latitude * 1e5) for latitude, _, _ in places]),
        longitudes=array("i", [round(longitude * 1e5) for _, longitude, _ in places]),
        radii=bytes(radius for _, _, radius in places),
        name_ends=array("I", [0] * len(places)),
        names=b"",
        place_regions=array("H", [0] * len(places)),
        regions=[("", "", "", "", "")],
    )


def straight_through_the_earth(latitude: float, longitude: float) -> tuple[float, float, float]:
    north, east = math.radians(latitude), math.radians(longitude)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)


def distances(places: Gazetteer, point: tuple[float, float]) -> list[float]:
    """In km to every place, by another way than the code's."""
    here = straight_through_the_earth(*point)
    return [
        2 * 6371.0 * math.asin(min(1.0, math.dist(here, straight_through_the_earth(lat / 1e5, lon / 1e5)) / 2))
        for lat, lon in zip(places.latitudes, places.longitudes, strict=True)
    ]


def assert_nearest(places: Gazetteer, point: tuple[float, float]) -> None:
    found = places.nearest(*point)
    away = distances(places, point)
    to_edges = [km - radius / 10 for km, radius in zip(away, places.radii, strict=True)]
    if found is None:
        assert all(km > FARTHEST_KM - 0.01 for km in away)
    else:
        assert away[found] < FARTHEST_KM + 0.01
        within_reach = [edge for edge, km in zip(to_edges, away, strict=True) if km < FARTHEST_KM - 0.01]
        assert to_edges[found] <= min(within_reach, default=math.inf) + 0.01


@given(st.data())
def test_the_nearest_edge_wins_anywhere_on_the_globe(data: st.DataObject) -> None:
    point = data.draw(POINTS)
    close_by = st.tuples(
        st.floats(-2, 2).map(lambda d: max(-90.0, min(90.0, point[0] + d))),
        st.floats(-3, 3).map(lambda d: (point[1] + d + 180) % 360 - 180),
    )
    spots = data.draw(st.lists(st.one_of(close_by, POINTS), max_size=12))
    assert_nearest(gazetteer([(*spot, data.draw(st.integers(0, 50))) for spot in spots]), point)


@pytest.mark.parametrize(
    ("point", "place"),
    [
        ((12.0, 179.9), (12.0, -179.9)),
        ((12.0, -179.9), (12.0, 179.9)),
        ((89.9, 0.0), (89.9, 180.0)),
        ((-89.9, -90.0), (-89.9, 90.0)),
        ((90.0, 0.0), (89.0, 77.0)),
    ],
    ids=["date line eastward", "date line westward", "across the north pole", "across the south pole", "on the pole"],
)
def test_a_place_is_found_across_the_edges_of_the_map(point: tuple[float, float], place: tuple[float, float]) -> None:
    assert gazetteer([(*place, 0), (0.0, 0.0, 0)]).nearest(*point) == (1 if place[0] > 0 else 0)


def test_a_city_reaches_farther_than_a_village() -> None:
    places = gazetteer([(50.00, 10.0, 50), (50.06, 10.0, 2)])  # 6.7 km apart
    assert places.nearest(50.03, 10.0) == 0
    assert places.nearest(50.055, 10.0) == 1


def test_of_two_places_equally_near_the_first_is_taken() -> None:
    assert gazetteer([(10.0, 20.0, 3), (10.0, 20.0, 3)]).nearest(10.0, 20.0) == 0


@pytest.mark.parametrize("point", [(48.2, 16.37), (61.0, -140.0), (-20.5, 57.4)])
def test_the_nearest_of_all_known_places_wins(point: tuple[float, float]) -> None:
    assert_nearest(load(), point)


@given(POINTS)
@example((0.0, -140.0))
@example((-75.0, 0.0))
def test_any_point_has_an_answer_and_always_the_same(point: tuple[float, float]) -> None:
    place = find(*point)
    assert place is None or (len(place.country) == 2 and place.country_name and place.locality)
    assert find(*point) == place


@given(POINTS, st.integers(-3, 3))
def test_longitudes_go_round_the_globe(point: tuple[float, float], turns: int) -> None:
    latitude, longitude = point[0], round(point[1], 3)
    assert find(latitude, longitude + 360 * turns) == find(latitude, longitude)


@pytest.mark.parametrize(
    "point", [(91.0, 0.0), (-90.01, 0.0), (math.nan, 0.0), (0.0, math.nan), (0.0, math.inf), (math.inf, 0.0)]
)
def test_invalid_coordinates_have_no_place(point: tuple[float, float]) -> None:
    assert find(*point) is None


@pytest.mark.parametrize(
    ("point", "place"),
    [
        (
            (37.4152, -122.1224),
            Place("US", "United States", "CA", "California", "Santa Clara County", "Palo Alto"),
        ),
        (
            (38.8513, -91.9604),
            Place("US", "United States", "MO", "Missouri", "Callaway County", "Fulton"),
        ),
        ((47.3769, 8.5417), Place("CH", "Switzerland", "ZH", "Zurich", "Bezirk Zürich", "Zürich")),
        ((35.68, 139.69), Place("JP", "Japan", "Tokyo", "Tokyo", "", "Tokyo")),
        ((1.3, 103.8), Place("SG", "Singapore", "", "", "", "Singapore")),
        ((-36.85, 174.76), Place("NZ", "New Zealand", "AUK", "Auckland", "Auckland", "Auckland")),
        ((-16.8, -179.99), Place("FJ", "Fiji", "N", "Northern", "", "Labasa")),
    ],
    ids=lambda value: value.locality if isinstance(value, Place) else "",
)
def test_well_known_places_are_known(point: tuple[float, float], place: Place) -> None:
    assert find(*point) == place


@pytest.mark.parametrize("point", [(0.0, 0.0), (90.0, 0.0), (-90.0, 0.0), (-48.9, -123.4)])
def test_the_high_seas_and_the_poles_are_nowhere(point: tuple[float, float]) -> None:
    assert find(*point) is None


def test_every_place_of_the_gazetteer_is_well_formed() -> None:
    places = load()
    assert len(places) == 193277
    assert list(places.starts) == sorted(places.starts)
    assert places.starts[-1] == len(places)
    assert places.name_ends[-1] == len(places.names)
    assert all(len(country) == 2 and name for country, name, *_ in places.regions)
    assert max(places.place_regions) == len(places.regions) - 1
    assert max(places.radii) <= 50
