"""Which addresses webhooks may reach."""

from __future__ import annotations

import ipaddress

import pytest

from signfleet.notify.webhooks.addresses import WebhookAddresses, is_public

SPECIAL = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450::1",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("text", SPECIAL)
def test_special_addresses_are_refused(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_admitted_over_tls_only(text: str) -> None:
    addresses = WebhookAddresses("")
    assert addresses.admits(ipaddress.ip_address(text), is_secure=True)
    assert not addresses.admits(ipaddress.ip_address(text), is_secure=False)


def test_the_setting_names_addresses_that_are_reached_in_any_way() -> None:
    addresses = WebhookAddresses("10.1.0.0/16, 127.0.0.1,fd12::/16")
    for text in ("10.1.255.1", "127.0.0.1", "::ffff:127.0.0.1", "fd12::9"):
        assert addresses.admits(ipaddress.ip_address(text), is_secure=False), text
    assert not addresses.admits(ipaddress.ip_address("10.2.0.1"), is_secure=True)
