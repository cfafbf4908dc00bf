"""A status is read strictly in types and leniently in words."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.reporting import statuses
from signfleet.fleet.players.status import read_status
from signfleet.foundation.errors import Invalid
from signfleet.simulator.fleet import invent


def read(sent: dict[str, Any]) -> dict[str, Any]:
    return dict(msgspec.to_builtins(read_status(sent)))


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"script": {"type": "autorun"}}, "Autorun"),
        ({"script": {"type": "Quantum"}}, "Unknown"),
        ({"storage": [{"interface": "sd1"}]}, "SD1"),
        ({"storage": [{"interface": "NVMe"}]}, "Unknown"),
        ({"storage": [{"system": "exfat"}]}, "ExFAT"),
        ({"storage": [{"system": "btrfs"}]}, "Unknown"),
        ({"storage": [{"access": "read,WRITE"}]}, "Read, Write"),
        ({"storage": [{"access": ["Write"]}]}, "Write"),
        ({"storage": [{"access": "Read, Execute"}]}, "Read, Unknown"),
        ({"network": {"interfaces": [{"type": "wifi"}]}}, "WiFi"),
        ({"network": {"interfaces": [{"type": "Mesh"}]}}, "Unknown"),
        ({"network": {"interfaces": [{"proto": "ndp, dhcpv6"}]}}, "NDP, DHCPv6"),
        ({"network": {"interfaces": [{"proto": ["DHCP"]}]}}, "DHCP"),
        ({"presentation": {"type": "brightwallpresentation"}}, "BrightWallPresentation"),
    ],
)
def test_words_get_their_usual_spelling_and_unknown_ones_become_unknown(sent: dict[str, Any], stored: str) -> None:
    def leaf(value: Any, along: Any) -> Any:
        if isinstance(along, dict) and isinstance(value, dict):
            (name,) = along
            return leaf(value[name], along[name])
        if isinstance(along, list) and isinstance(value, list) and isinstance(along[0], dict):
            return leaf(value[0], along[0])
        return value

    assert leaf(read(sent), sent) == stored


def test_unknown_members_are_dropped() -> None:
    assert "battery" not in read({"battery": {"level": 3}, "timezone": "CET"})


@given(st.integers(1, 10_000), st.sampled_from(["", "SD1", "Read,WRITE", "DHCP", "x" * 200, None]))
def test_a_status_in_its_exact_form_is_read_as_any_other(number: int, word: str | None) -> None:
    (sent, *_) = statuses(invent(number, number))
    for storage in sent["storage"]:
        storage |= {"access": word, "system": word}
    if sent.get("network"):
        for interface in sent["network"]["interfaces"]:
            interface["proto"] = word

    def outcome(status: dict[str, Any]) -> Any:
        try:
            return read(status)
        except Invalid as error:
            return str(error)

    assert outcome(sent) == outcome(sent | {"colour": "unknown, so that it is no exact form"})


def test_members_match_in_any_letter_case_and_exact_names_take_precedence() -> None:
    sent = {"TIMEZONE": "CET", "Network": {"Interfaces": [{"NAME": "eth0"}]}, "uptime": "00:00:01", "Uptime": "x"}
    status = read(sent)
    assert (status["timezone"], status["uptime"]) == ("CET", "00:00:01")
    assert status["network"]["interfaces"][0]["name"] == "eth0"


@pytest.mark.parametrize(
    ("seconds", "stored"), [(0, "00:00:00"), (93_784, "1.02:03:04"), (59.5, "00:00:59.500"), (1e9, "11574.01:46:40")]
)
def test_an_uptime_may_be_a_number_of_seconds(seconds: float, stored: str) -> None:
    assert read({"UpTime": seconds})["uptime"] == stored


@pytest.mark.parametrize("uptime", [-1, True, 1e300, [], {}])
def test_an_uptime_that_is_no_time_is_refused(uptime: Any) -> None:
    with pytest.raises(Invalid, match=r"'status\.uptime'"):
        read({"uptime": uptime})


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", None])
def test_a_date_that_is_not_set_is_null(text: str | None) -> None:
    assert read({"currentSettingsTimestamp": text})["currentSettingsTimestamp"] is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from(
    [
        "group",
        "presentation",
        "script",
        "storage",
        "network",
        "interfaces",
        "stats",
        "uptime",
        "proto",
        "access",
        "type",
    ]
)
documents = st.recursive(
    json_values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(members, documents, max_size=5))
def test_every_json_object_is_read_or_refused_as_invalid(sent: dict[str, Any]) -> None:
    try:
        stored = read(sent)
    except Invalid as error:
        assert "'status" in error.message
        return
    assert read(stored) == stored
