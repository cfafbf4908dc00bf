"""The player models: the contract's answers, and lookup by name."""

import json
import re
from importlib import resources

import pytest

from signfleet.fleet.devices.models import models as catalog
from signfleet.fleet.devices.models.models import LISTED_MODELS, family_of, find
from tests.examples import FOLDER as EXAMPLES

FAMILIES = json.loads(resources.files(catalog.__package__).joinpath("models.json").read_bytes())["families"]
ALL = [*LISTED_MODELS, "LGUV5N", "MD435", "HD226", "HD1026", "XD236", "XD1036", "XS156"]


def example(start: str) -> object:
    (path,) = EXAMPLES.glob(f"{start}-*-answer.json")
    return json.loads(path.read_text())


def model(name: str) -> catalog.Model:
    found = find(name)
    assert found is not None
    return found


def test_the_list_is_the_contracts() -> None:
    assert list(LISTED_MODELS) == example("001-34")


def test_one_model_is_answered_as_the_contract_spells_it() -> None:
    assert model("xd1034").name == example("001-35")


def test_the_connectors_are_the_contracts() -> None:
    assert list(model("XD1034").connectors) == example("001-36")


def test_one_connector_is_answered_as_the_contract_spells_it() -> None:
    assert model("XD1034").connector("hdmi") == example("001-37")


def test_the_video_modes_are_the_contracts() -> None:
    assert list(model("XD1034").video_modes("HDMI") or ()) == example("001-38")


@pytest.mark.parametrize("name", ALL)
def test_every_model_is_found_in_any_letter_case_with_a_known_family(name: str) -> None:
    assert model(name.lower()) is model(name)
    assert model(name).family in FAMILIES
    assert family_of(name.lower()) == model(name).family


@pytest.mark.parametrize("name", ALL)
def test_every_connector_has_well_formed_modes_and_none_twice(name: str) -> None:
    for connector in model(name).connectors:
        modes = model(name).video_modes(connector) or ()
        assert modes
        assert len(set(modes)) == len(modes)
        assert [mode for mode in modes if not re.fullmatch(r"\d+x\d+x\d+(\.\d+)?[pi]", mode)] == []


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("HD1024", "Pagani"),
        ("XD1034", "Malibu"),
        ("XT1143", "Impala"),
        ("LS423", "Pantera"),
        ("4k1042", "Tiger"),
        ("AU335", "Sebring"),
        ("XT2145", "Cobra"),
        ("XC4055", "Raptor"),
        ("HD226", "Unknown"),
        ("XD1132", "Lynx"),
        ("hd222", "Bobcat"),
        ("no such model", "Unknown"),
        ("", "Unknown"),
    ],
)
def test_the_family_follows_from_the_model(name: str, family: str) -> None:
    assert family_of(name) == family


def test_newer_models_are_known_without_being_listed() -> None:
    assert model("XD1036").connectors == ("HDMI",)
    assert "XD1036" not in LISTED_MODELS


@pytest.mark.parametrize("name", ["XD1132", "HD210", "toaster", ""])
def test_retired_and_unknown_models_are_not_found(name: str) -> None:
    assert find(name) is None


def test_an_audio_player_has_no_connectors() -> None:
    assert model("AU325").connectors == ()


def test_an_unknown_connector_is_not_found() -> None:
    assert model("XD1034").connector("VGA") is None
    assert model("XD1034").video_modes("VGA") is None


@pytest.mark.parametrize("name", ["HD223", "HO523", "HS124", "LS424", "LS425", "HS125"])
def test_models_of_high_definition_offer_no_more_than_that(name: str) -> None:
    modes = model(name).video_modes("HDMI") or ()
    assert modes[0] == "1920x1200x60p"
    assert "1440x1088x57p" in modes
    assert not any(mode.startswith("3840x") for mode in modes)
