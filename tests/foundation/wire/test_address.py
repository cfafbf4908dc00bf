"""Addresses of callers: one spelling each, and what counts as one place."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire.address import ADDRESS_LIMIT, canonical, subscriber


@pytest.mark.parametrize(
    ("address", "spelling", "place"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::FFFF:C000:207", "192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:1::a", "2001:db8:0:1::a", "2001:db8:0:1::/64"),
        ("2001:0db8:0000:0001:ffff:0:0:1", "2001:db8:0:1:ffff::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        (" 192.0.2.7 ", "192.0.2.7", "192.0.2.7"),
        ("", "", ""),
        ("unix:", "unix:", "unix:"),
        ("_hidden", "_hidden", "_hidden"),
        ("two\nlines", "", ""),
    ],
)
def test_an_address_has_one_spelling_and_one_subscriber(address: str, spelling: str, place: str) -> None:
    assert (canonical(address), subscriber(address)) == (spelling, place)


def test_text_that_is_not_an_address_is_truncated() -> None:
    assert canonical("x" * 100_000) == subscriber("x" * 100_000) == "x" * ADDRESS_LIMIT


@given(st.ip_addresses())
def test_canonical_addresses_are_equal_to_the_original(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert ip_address(canonical(str(address))) == (mapped or address)


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_all_addresses_of_an_ipv6_subscriber_are_one_place(address: IPv6Address, host: int) -> None:
    if address.ipv4_mapped is None:
        neighbour = IPv6Address((int(address) >> 64 << 64) + host)
        if neighbour.ipv4_mapped is None:
            assert subscriber(str(address)) == subscriber(str(neighbour))
