"""Completing a Location from its coordinates."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.geography.location import FIELDS, LEVELS, complete_location
from tests.examples import FOLDER as EXAMPLES

PALO_ALTO = json.loads((EXAMPLES / "001-05-get-devices-id-int-answer.json").read_text())["settings"]["location"]
COORDINATES = {"gpsLatitude": PALO_ALTO["gpsLatitude"], "gpsLongitude": PALO_ALTO["gpsLongitude"]}

NAMES = st.none() | st.sampled_from(["US", "united states", "CA", "California", "Palo Alto", "", "A/B", "Elsewhere"])
LOCATIONS = st.fixed_dictionaries(
    {},
    optional={
        "gpsLatitude": st.none() | st.floats(-90, 90) | st.just(PALO_ALTO["gpsLatitude"]),
        "gpsLongitude": st.none() | st.floats(-180, 180) | st.just(PALO_ALTO["gpsLongitude"]),
        **dict.fromkeys(FIELDS[3:], NAMES),
    },
)


def test_coordinates_alone_give_the_contracts_example() -> None:
    location = complete_location(COORDINATES)
    assert location == PALO_ALTO
    assert list(location) == list(PALO_ALTO)


def test_null_members_are_as_good_as_missing_ones() -> None:
    assert complete_location(dict.fromkeys(FIELDS) | COORDINATES) == PALO_ALTO


def test_a_given_name_does_not_change_and_appears_in_the_paths() -> None:
    location = complete_location({**COORDINATES, "locality": "Main Street"})
    assert location["locality"] == "Main Street"
    assert location["localityLongName"] is None
    assert location["path"] == "/US/CA/Santa Clara County/Main Street/"
    assert location["pathLongName"] == "/United States/California/Santa Clara County/Main Street/"


def test_a_given_path_does_not_change() -> None:
    location = complete_location({**COORDINATES, "path": "/mine/"})
    assert location["path"] == "/mine/"
    assert location["pathLongName"] == PALO_ALTO["pathLongName"]


@pytest.mark.parametrize(
    "given_names",
    [{"country": "us"}, {"countryLongName": "UNITED STATES"}, {"country": "United States"}],
    ids=["short", "long", "long as short"],
)
def test_an_alternative_name_of_the_same_area_does_not_prevent_completion(given_names: dict[str, str]) -> None:
    assert complete_location({**COORDINATES, **given_names}) == {
        **PALO_ALTO,
        **given_names,
        "path": f"/{given_names.get('country', 'US')}/CA/Santa Clara County/Palo Alto/",
        "pathLongName": f"/{given_names.get('countryLongName', 'United States')}"
        "/California/Santa Clara County/Palo Alto/",
    }


def test_no_member_is_derived_below_an_area_that_contradicts_the_coordinates() -> None:
    location = complete_location({**COORDINATES, "adminAreaLevel1": "Nevada"})
    assert (location["country"], location["countryLongName"]) == ("US", "United States")
    assert location["adminAreaLevel1LongName"] is None
    assert location["adminAreaLevel2"] is None
    assert location["locality"] is None
    assert location["path"] == "/US/Nevada/"


@pytest.mark.parametrize(
    "coordinates",
    [
        {},
        {"gpsLatitude": 37.4},
        {"gpsLongitude": -122.1},
        {"gpsLatitude": None, "gpsLongitude": -122.1},
        {"gpsLatitude": 0.0, "gpsLongitude": 0.0},
    ],
    ids=["none", "latitude only", "longitude only", "null", "high seas"],
)
def test_without_a_place_only_the_paths_are_made(coordinates: dict[str, Any]) -> None:
    location = complete_location({**coordinates, "country": "FR", "locality": "Lyon"})
    assert location == {
        **dict.fromkeys(FIELDS),
        **coordinates,
        "country": "FR",
        "locality": "Lyon",
        "path": "/FR/Lyon/",
        "pathLongName": "/FR/Lyon/",
    }


def test_an_empty_location_has_no_path() -> None:
    assert complete_location({}) == dict.fromkeys(FIELDS)


def test_a_level_that_the_place_does_not_have_is_left_out_of_the_paths() -> None:
    singapore = complete_location({"gpsLatitude": 1.3, "gpsLongitude": 103.8})
    assert singapore["adminAreaLevel1"] is None
    assert singapore["path"] == "/SG/Singapore/"


def test_a_slash_in_a_name_does_not_split_it_in_the_path() -> None:
    assert complete_location({"country": "CH", "locality": "Biel/Bienne"})["path"] == "/CH/Biel-Bienne/"


@given(LOCATIONS)
def test_given_members_do_not_change_and_completion_is_idempotent(location: dict[str, Any]) -> None:
    complete = complete_location(location)
    assert {member: complete[member] for member, value in location.items() if value is not None} == {
        member: value for member, value in location.items() if value is not None
    }
    assert list(complete) == list(FIELDS)
    assert complete_location(complete) == complete


@given(LOCATIONS)
def test_the_path_has_one_part_for_each_known_level(location: dict[str, Any]) -> None:
    complete = complete_location({**location, "path": None})
    known = [complete[short] for short, _ in LEVELS if complete[short]]
    assert len((complete["path"] or "/").split("/")) == (len(known) + 2 if known else 2)
