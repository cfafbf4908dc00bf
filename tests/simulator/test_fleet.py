"""A simulated fleet depends only on its seed number."""

from collections import Counter

from signfleet.fleet.devices.models import models
from signfleet.foundation.wire import zones
from signfleet.simulator import fleet
from signfleet.simulator.fleet import DEFAULT_SEED, GROUPS
from signfleet.simulator.places import PLACES


def test_a_seed_always_invents_the_same_fleet() -> None:
    assert list(fleet.fleet(50, seed=7)) == list(fleet.fleet(50, seed=7))
    assert list(fleet.fleet(50, seed=7)) != list(fleet.fleet(50, seed=8))


def test_a_player_is_the_same_in_fleets_of_any_size() -> None:
    assert list(fleet.fleet(3, first=5)) == list(fleet.fleet(8))[5:]


def test_serial_numbers_are_unique() -> None:
    profiles = list(fleet.fleet(5000))
    assert len({profile.serial for profile in profiles}) == 5000


def test_a_small_demo_has_every_condition() -> None:
    profiles = list(fleet.fleet(25, DEFAULT_SEED))
    assert {profile.condition for profile in profiles} == {condition for condition, _ in fleet.CONDITIONS}
    assert {profile.link for profile in profiles} == {link for link, _ in fleet.LINKS}
    assert {profile.group for profile in profiles} == set(GROUPS)
    families = Counter(models.family_of(profile.model) for profile in profiles)
    assert len(families) >= 5
    assert families["Unknown"] >= 1


def test_every_place_has_its_names_its_coordinates_and_a_time_zone() -> None:
    assert len(PLACES) >= 40
    for place in PLACES:
        assert place.locality
        assert place.country_long
        assert -90 <= place.latitude <= 90
        assert -180 <= place.longitude <= 180
        assert zones.zone(place.timezone) != zones.zone("UTC")


def test_a_place_is_named_by_its_town_region_or_country_in_any_letter_case() -> None:
    (berlin,) = [place for place in PLACES if place.locality == "Berlin"]
    assert all(berlin.is_named(name) for name in ("BERLIN", "de", "Germany"))
    assert not any(berlin.is_named(name) for name in ("", "US", "Berl"))
