from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import Column, column
from sqlalchemy.dialects import postgresql

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.history.catalogue import DOWNLOADS, ERRORS
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.fleet.groups.catalogue import GROUPS
from signfleet.fleet.subscriptions.catalogue import SUBSCRIPTIONS
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import Property
from signfleet.foundation.expressions.types import Kind
from signfleet.foundation.storage.tables import subscription
from signfleet.identity.audit.catalogue import AUDIT
from signfleet.identity.users.catalogue import USERS
from tests.examples import FOLDER as EXAMPLES

EXAMPLE = EXAMPLES / "001-05-get-devices-id-int-answer.json"


@pytest.fixture
def document() -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(EXAMPLE.read_bytes())
    return decoded


def test_flatten_returns_comparable_values_of_properties_without_a_column(document: dict[str, Any]) -> None:
    document["taggedGroups"] = [{"id": 1, "name": "North"}, {"id": 2, "name": "Straße"}]
    flat = DEVICES.flatten(document)
    assert (
        flat.items()
        >= {
            "settings.description": "primary display",
            "settings.lws": True,
            "settings.lws.enableUpdateNotifications": True,
            "settings.synchronization.schedule.period": 21_600_000,
            "settings.screenshots.quality": 50,
            "settings.screenshots.orientation": "Landscape",
            "settings.network.timeServers": ["http://time.brightsignnetwork.com/"],
            "status.currentSettingsTimestamp": 1620125106000,
            "subscription.type": "Commercial",
            "taggedGroups": ["north", "strasse"],
        }.items()
    )


def test_flatten_leaves_out_nulls_secrets_and_what_has_a_column(document: dict[str, Any]) -> None:
    flat = DEVICES.flatten(document)
    assert not flat.keys() & {
        "id",
        "serial",
        "settings.name",
        "settings.brightWall",
        "settings.lws.password",
        "settings.ldws.password",
    }
    assert DEVICES.flatten({}) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("settings.description", 5),
        ("settings.description", "a\x00b"),
        ("status.uptime", "soon"),
        ("status.currentSettingsTimestamp", "0001-01-01T00:00:00"),
        ("status.currentSettingsTimestamp", "yesterday"),
        ("settings.screenshots.quality", 2**60),
        ("settings.network.timeServers", 5),
        ("settings", []),
    ],
)
def test_a_value_outside_its_type_compares_as_null(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    holder = document
    for parent in parents:
        holder = holder[parent]
    holder[name] = value
    flat = DEVICES.flatten(document)
    assert flat.get(path, True) is True


@pytest.mark.parametrize("catalogue", [DEVICES, SUBSCRIPTIONS, SCREENSHOTS, AUDIT, USERS, GROUPS, ERRORS, DOWNLOADS])
def test_text_compares_bytewise_whatever_the_collation_of_the_database(catalogue: Catalogue) -> None:
    for found in catalogue.properties.values():
        place = catalogue.columns.own.get(found.path)
        if isinstance(place, Column) and (found.kind is Kind.STRING or found.open):
            kind = place.type.dialect_impl(postgresql.dialect())
            assert getattr(kind, "collation", None) == "C", found.path


def test_a_property_without_a_column_fails_its_declaration() -> None:
    with pytest.raises(ValueError, match="colour of subscription need a column"):
        Catalogue(
            [Property("colour", Kind.STRING)],
            Columns(subscription, {"size": column("size")}),
            entities=("Subscription",),
            default_sort="[Colour]",
        )
