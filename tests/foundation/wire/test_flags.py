"""Flag enumerations: several words in one string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire import flags

PROTOCOLS = ("Static", "DHCPv4", "DHCPv6", "NDP")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("NDP, DHCPv6", "NDP, DHCPv6"),
        ("static", "Static"),
        ("dhcpv4,ndp", "DHCPv4, NDP"),
        (["NDP", "dhcpV6"], "NDP, DHCPv6"),
        ("NDP, ndp", "NDP"),
    ],
)
def test_flags_are_written_in_the_spelling_of_the_contract(given: str | list[str], written: str) -> None:
    assert flags.normalise(given, PROTOCOLS) == written


@given(st.lists(st.sampled_from(PROTOCOLS), min_size=1, unique=True))
def test_joined_flags_are_read_back(words: list[str]) -> None:
    assert flags.parse(flags.join(words), PROTOCOLS) == words
    assert flags.parse(words, PROTOCOLS) == words


def test_an_unknown_word_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="Unsupported value 'Wired'; known are Static, DHCPv4, DHCPv6, NDP"):
        flags.parse("Static, Wired", PROTOCOLS)


@pytest.mark.parametrize("given", ["", ",", "Static,", []])
def test_an_empty_word_is_refused(given: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"known are|at least one"):
        flags.parse(given, PROTOCOLS)


def test_an_unknown_word_may_count_as_another() -> None:
    assert flags.normalise("Wired, static, Optical", PROTOCOLS, instead="Unknown") == "Unknown, Static"
