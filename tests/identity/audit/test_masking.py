"""The recorded part of a change: differences only, with secrets masked."""

from __future__ import annotations

from typing import Any

import pytest

from signfleet.fleet.devices.schemas import Player
from signfleet.foundation.wire.types import Secret
from signfleet.identity.audit.masking import MASK, difference, masked, plain


@pytest.mark.parametrize(
    ("before", "after", "recorded"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ({"b": 2}, {"b": 3})),
        ({"a": {"b": 1, "c": [1]}}, {"a": {"b": 1, "c": [2]}}, ({"a": {"c": [1]}}, {"a": {"c": [2]}})),
        ({"a": 1}, {}, ({"a": 1}, {"a": None})),
        ({}, {"a": 1}, ({"a": None}, {"a": 1})),
        ({"a": None}, {"a": {"b": 1}}, ({"a": None}, {"a": {"b": 1}})),
        ({"a": 1}, {"a": 1}, ({}, {})),
    ],
)
def test_only_differences_are_recorded(before: Any, after: Any, recorded: Any) -> None:
    assert difference(before, after) == recorded


@pytest.mark.parametrize(
    "name", ["password", "Password", "passphrase", "clientSecret", "client_secret", "accessToken", "private_key"]
)
def test_secrets_are_masked_at_any_depth(name: str) -> None:
    assert masked({"a": [{name: "hidden"}]}) == {"a": [{name: MASK}]}


def test_an_empty_secret_is_not_masked() -> None:
    assert masked({"password": "", "passphrase": None}) == {"password": "", "passphrase": None}


@pytest.mark.parametrize(
    ("address", "recorded"),
    [
        ("http://joe:p@ss:w0rd@proxy:3128/", f"http://joe:{MASK}@proxy:3128/"),
        ("http://proxy:3128/?to=joe@example.com", "http://proxy:3128/?to=joe@example.com"),
        ("http://joe@proxy/", "http://joe@proxy/"),
        ("joe@example.com", "joe@example.com"),
    ],
)
def test_the_password_in_an_address_is_masked(address: str, recorded: str) -> None:
    assert masked({"network": {"proxyServer": [address]}}) == {"network": {"proxyServer": [recorded]}}


def test_every_secret_of_a_device_is_masked() -> None:
    schema = str(Player.__module__)
    assert schema == "signfleet.fleet.devices.schemas"
    import signfleet.fleet.devices.schemas as schemas

    secrets = {
        name
        for kind in vars(schemas).values()
        for name, annotation in getattr(kind, "__annotations__", {}).items()
        if "Secret" in str(annotation)
    }
    assert secrets == {"password", "passphrase"}
    assert Secret is not None
    assert all(masked({name: "hidden"}) == {name: MASK} for name in secrets)


def test_documents_can_be_text() -> None:
    assert plain('{"a":1}') == plain(b'{"a":1}') == {"a": 1}
