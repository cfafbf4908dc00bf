from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.fleet.subscriptions.catalogue import SUBSCRIPTIONS
from signfleet.foundation.expressions.properties import Property, properties_of
from signfleet.foundation.expressions.types import Kind
from signfleet.foundation.wire.types import DateTime, Secret, TimeSpan


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, rename="camel"):
    some_text: str | None
    password: Secret | None


class Item(msgspec.Struct):
    name: str


class Thing(msgspec.Struct, rename="camel"):
    id: int
    ratio: float | None
    is_on: bool
    day: DateTime | None
    span: TimeSpan
    word: Literal["A", "B"] | None
    colour: Colour
    names: list[str] | None
    numbers: Annotated[list[int], msgspec.Meta(max_length=3)]
    items: list[Item]
    free: dict[str, Any]
    inner: Inner | msgspec.UnsetType | None
    second: Annotated[DateTime, msgspec.Meta(extra={"step": 1000})]
    code: str
    other: Thing | None = None


def test_properties_are_derived_from_the_type() -> None:
    assert properties_of(Thing, {"code": ("x", "y")}) == (
        Property("id", Kind.NUMBER, whole=True),
        Property("ratio", Kind.NUMBER),
        Property("isOn", Kind.BOOLEAN),
        Property("day", Kind.DATE_TIME),
        Property("span", Kind.TIME_SPAN),
        Property("word", Kind.ENUM, ("A", "B")),
        Property("colour", Kind.ENUM, ("red", "blue")),
        Property("names", Kind.STRING_ARRAY),
        Property("numbers", Kind.NUMERIC_ARRAY),
        Property("inner", Kind.OBJECT),
        Property("inner.someText", Kind.STRING),
        Property("second", Kind.DATE_TIME, step=1000),
        Property("code", Kind.ENUM, ("x", "y"), open=True),
    )


@pytest.mark.parametrize("word", ["password", "passphrase"])
def test_no_catalogue_contains_a_secret(word: str) -> None:
    for catalogue in (DEVICES, SUBSCRIPTIONS, SCREENSHOTS):
        assert not [path for path in catalogue.properties if word in path]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Settings.Synchronization.Content.Start", Kind.TIME_SPAN),
        ("Settings.Location.AdminAreaLevel1LongName", Kind.STRING),
        ("Settings.Screenshots.Orientation", Kind.ENUM),
        ("Settings.Lws", Kind.OBJECT),
        ("Status.CurrentSettingsTimestamp", Kind.DATE_TIME),
        ("Status.Network.ExternalIp", Kind.STRING),
        ("Subscription.ActivityPeriod", Kind.TIME_SPAN),
        ("TaggedGroups", Kind.STRING_ARRAY),
    ],
)
def test_properties_of_devices_are_known_at_any_depth(path: str, kind: Kind) -> None:
    assert DEVICES.properties[path.lower()].kind is kind
