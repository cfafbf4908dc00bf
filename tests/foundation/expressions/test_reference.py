"""The examples of the language's reference, each with the devices it finds in a small fleet."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.screenshots.catalogue import SCREENSHOTS
from signfleet.fleet.groups.catalogue import GROUPS
from signfleet.fleet.subscriptions.catalogue import SUBSCRIPTIONS
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import subscription
from signfleet.foundation.wire.text import fold
from tests.examples import FOLDER as EXAMPLES
from tests.foundation.expressions.fleet import put_fleet

EXAMPLE = EXAMPLES / "001-05-get-devices-id-int-answer.json"
NETWORK = 1
DEVICE_LISTING = Listing(DEVICES)
SUBSCRIPTION_LISTING = Listing(SUBSCRIPTIONS)


def _device(id: int, serial: str, tags: dict[str, str], **changes: Any) -> dict[str, Any]:
    """The Player of the contract's example, with values at dotted paths changed (`__` for a dot)."""
    document: dict[str, Any] = msgspec.json.decode(EXAMPLE.read_bytes())
    document |= {"id": id, "serial": serial, "tags": tags}
    for path, value in changes.items():
        *parents, name = path.split("__")
        holder = document
        for parent in parents:
            holder = holder[parent]
        holder[name] = copy.deepcopy(value)
    return document


WALL = {"id": 5, "name": "Wall", "screen": 1, "link": None}
FLEET = [
    _device(
        1,
        "46D89C101139",
        {"string::[Device].<City>": "Odesa", "number::[Device].<Floor>": "3", "boolean::[Device].<Outdoor>": "true"},
        settings__name="Lobby 1",
        settings__description="North hall of the building",
        settings__group={"id": 123, "name": "Default", "link": None},
        registrationDate="2024-01-10T00:00:00Z",
        lastModifiedDate="2024-02-01T00:00:00Z",
        status__health="Error",
        status__group={"id": 12, "name": "Default", "link": None},
        status__lastModifiedDate="2024-03-12T00:00:00Z",
    ),
    _device(
        2,
        "46D89C101140",
        {"string::[Device].<City>": "odesa", "stringArray::[Device].<Colors>": '"red","green"'},
        model="XD1034",
        settings__name="lobby 01",
        settings__description="South HALL, spare",
        settings__brightWall=WALL,
        settings__group={"id": 124, "name": "Hall", "link": None},
        settings__concatNameAndSerial=True,
        registrationDate="2024-03-07T00:00:00Z",
        lastModifiedDate="2023-12-31T23:59:59.999Z",
        status__health="Normal",
        status__group={"id": 15, "name": "hall", "link": None},
        status__lastModifiedDate="2024-02-01T00:00:00Z",
    ),
    _device(
        150,
        "46D89C101141",
        {"string::[Device].<City>": "Lviv", "number::[Device].<Floor>": "2", "numericArray::[Device].<Slots>": "1,2,5"},
        model="LS424",
        settings__name="Joe's bar test",
        settings__description=None,
        settings__group={"id": 123, "name": "default", "link": None},
        registrationDate="2024-01-01T00:00:00Z",
        lastModifiedDate="2024-01-01T00:00:00Z",
        status__health="Warning",
        status__group=None,
        status__lastModifiedDate="2024-03-13T00:00:00Z",
    ),
]

EXAMPLES: list[tuple[str, list[int]]] = [
    ("[Model] IS 'HD1024'", [1]),
    ("[model] is 'HD1024'", [1]),
    ("[Serial] IS '46D89C101139'", [1]),
    ("[serial] IS '46D89C101139'", [1]),
    ("[Device].[Serial] IS '46D89C101139'", [1]),
    ("[Settings].[Name] IS 'Lobby*'", [1, 2]),
    ("[Settings].[Name] IS 'Lobby ?'", [1]),
    ("[Settings].[Name] IS NOT '*test*'", [1, 2]),
    ("[Description] IS '*hall*'", [1, 2]),
    ("[Settings].[Name] BEGINS WITH 'Lob'", [1, 2]),
    ("[Settings].[Name] ENDS WITH '01'", [2]),
    ("[Settings].[Description] CONTAINS 'building'", [1]),
    ("[Settings].[Description] DOES NOT CONTAIN 'spare'", [1, 150]),
    ("[Settings].[Description] CONTAINS ALL ('north', 'hall')", [1]),
    ("[Settings].[Description] CONTAINS ANY ('north', 'south')", [1, 2]),
    ("[Model] IS IN ('HD1024','XD1034')", [1, 2]),
    ("[Model] IS NOT IN ('LS424')", [1, 2]),
    ("[Status].[Group].[ID] IS IN (12,15)", [1, 2]),
    ("[Status].[Group].[Name] IS IN ('Default','Hall')", [1, 2]),
    ("[Settings].[Group].[Id] IS 123", [1, 150]),
    ("[Settings].[Group].[Name] IS 'Default' AND [Status].[Health] IS NOT 'Normal'", [1, 150]),
    ("[Status].[Health] IS IN ('Warning', 'Error')", [1, 150]),
    ("[Settings].[BrightWall] IS NULL", [1, 150]),
    ("[Settings].[BrightWall] IS NOT NULL", [2]),
    ("[Settings].[ConcatNameAndSerial] IS 'TRUE'", [2]),
    ("[Id] IS GREATER THAN 0", [1, 2, 150]),
    ("[Id] IS LESS THAN 100", [1, 2]),
    ("[Id] IS IN THE RANGE 100 AND 200", [150]),
    ("[Id] IS NOT IN THE RANGE 100 AND 200 AND [Model] IS 'HD1024'", [1]),
    ("[RegistrationDate] IS AFTER '2024-01-01T00:00:00.000Z'", [1, 2]),
    ("[LastModifiedDate] IS BEFORE '2024-01-01T00:00:00.000Z'", [2]),
    ("[RegistrationDate] IS IN THE RANGE '2024-01-01T00:00:00.000Z' AND '2024-02-01T00:00:00.000Z'", [1, 150]),
    ("[RegistrationDate] IN THE LAST (days, 7, '2024-03-13T00:00:00.000Z')", [2]),
    ("[Status].[LastModifiedDate] NOT IN THE LAST (months, 1, '2024-03-13T00:00:00.000Z')", [2]),
    ("[RegistrationDate] IS IN ('2024-01-01T00:00:00.000Z', '2024-01-02T00:00:00.000Z')", [150]),
    ("([Model] IS 'HD1024' OR [Model] IS 'XD1034') AND [Status].[Health] IS 'Error'", [1]),
    ("[Model] IS 'HD1024' OR [Model] IS 'XD1034' AND [Status].[Health] IS 'Error'", [1]),
    ("<City> IS 'Odesa'", [1, 2]),
    ("<Floor> IS GREATER THAN 2", [1]),
    ("<Colors> CONTAINS ANY ('red','blue')", [2]),
    ("<Slots> CONTAINS ALL (1,2)", [150]),
    ("<Outdoor> IS 'TRUE'", [1]),
    ("string::[Device].<City> IS 'Odesa' AND [Model] IS 'HD1024'", [1]),
    ("[Settings].[Name] IS 'Joe''s bar'", []),
    ("[Settings].[Name] IS 'Joe''s bar*'", [150]),
    # Beyond the reference's list: quirks of clients, and our decisions.
    ("[Settings].[Group.Name] IS 'HALL'", [2]),
    ("[TargetGroup].[Name] IS 'hall' AND [HealthStatus] IS 'normal'", [2]),
    ("[ConcatNameAndSerial] IS TRUE OR [Player].[ConcatUnitNameAndSerial] IS TRUE", [2]),
    ("[CurrentSubscription].[DeviceId] IS 12345 AND [CurrentSubscription].[Device].[Id] IS 12345", [1, 2, 150]),
    ("[ReportedGroup].[Id] IS 12 AND [FirmwareVersion] IS '8.5.35' AND [Uptime] IS NOT NULL", [1]),
    ("[TargetTimeZone] IS NOT NULL AND [ReportedTimeZone] IS NOT NULL", [1, 2, 150]),
    ("[Settings].[Description] IS NOT 'x'", [1, 2, 150]),
    ("[Settings].[Description] IS NULL", [150]),
    ("[Settings].[ConcatNameAndSerial] IS NOT true", [1, 150]),
    ("[Settings].[Synchronization].[Status].[Period] IS LESS THAN '00:10:00'", [1, 2, 150]),
    ("<City> IS NOT 'Odesa'", [150]),
    ("<Floor> IS NOT 3", [150]),
    ("<Floor> IS NULL", [2]),
    ("<Floor> IS NOT NULL", [1, 150]),
    ("<Colors> CONTAINS 'RED' AND <Colors> DOES NOT CONTAIN 'blue'", [2]),
    ("[sys].[Device].<City> IS 'Odesa'", []),
    ("number::<City> IS 1", []),
    ("[Settings].[Network].[TimeServers] CONTAINS 'HTTP://time.brightsignnetwork.com/'", [1, 2, 150]),
    ("[Id] IS IN THE RANGE 150 AND 150", [150]),
    ("[Id] IS GREATER THAN 149.5 AND [Id] IS NOT 1.5", [150]),
]

SUBSCRIPTIONS_FOUND: list[tuple[str, list[int]]] = [
    ("[Device] IS NULL AND [Status] IS IN ('Active', 'Suspending')", [1]),
    ("[Id] IS GREATER THAN 0 AND [Status] IS IN ('Active', 'Suspending')", [1, 2]),
    ("[Type] IS 'Commercial' AND [ExpirationDate] IS NOT NULL", [2]),
    ("[Device].[Serial] IS '46C89C101829'", [2]),
    ("[DeviceSubscription].[Device].[Id] IS 9", [2]),
    ("[ActivityPeriod] IS '365.00:00:00'", [1, 2]),
    ("[Type] CONTAINS 'em'", [3]),
]


@pytest.fixture
async def fleet(store: Store) -> Store:
    await put_fleet(store, NETWORK, FLEET)
    return store


async def test_each_example_finds_its_devices(fleet: Store) -> None:
    for text, expected in EXAMPLES:
        assert await DEVICE_LISTING.ids(fleet, NETWORK, filter=DEVICES.filter(text)) == expected, text


async def test_each_example_of_subscriptions_finds_its_own(store: Store) -> None:
    year = 365 * 86_400_000
    same = {column.name: None for column in subscription.columns} | {
        "network_id": NETWORK,
        "type": "Commercial",
        "status": "Active",
        "activity_period": year,
        "creation_date": 0,
        "last_modified_date": 0,
    }
    serial = "46C89C101829"
    rows = [
        same | {"id": 1},
        same | {"id": 2, "device_id": 9, "serial": serial, "serial_key": fold(serial), "expiration_date": year},
        same | {"id": 3, "type": "Demo", "status": "Suspended", "activity_period": 1},
    ]

    async def work(tx: Transaction) -> None:
        await tx.execute_many(Query(subscription.insert()), rows)

    await store.write(work)
    for text, expected in SUBSCRIPTIONS_FOUND:
        assert await SUBSCRIPTION_LISTING.ids(store, NETWORK, filter=SUBSCRIPTIONS.filter(text)) == expected, text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Status].[Health] IS 'Normla'", "Unsupported value 'Normla' for [Status].[Health] at 22; the nearest known"),
        ("[Nope] IS 1", "Unknown property [Nope] at 1;"),
        ("[Id] BEGINS WITH '1'", "Unsupported operator BEGINS WITH at 6 for [Id], which is of type number; use IS,"),
        ("[Id] IS 'abc'", "Unsupported value 'abc' for [Id] at 9; expected a number such as 12."),
        ("[Hostname] IS 'x'", "Unknown property [Hostname] at 1; did you mean [Settings].[Network].[Hostname]?"),
        ("[Settings].[Nmae] IS 'x'", "Unknown property [Settings].[Nmae] at 1; did you mean [Settings].[Name],"),
        ("[Settings].[Lws].[Password] IS 'x'", "Unknown property [Settings].[Lws].[Password] at 1;"),
        ("[Settings].[Name] IS 5", "Unsupported value 5 for [Settings].[Name] at 22; expected a text such as 'Lobby'."),
        ("[Settings] IS 'x'", "Unsupported operator IS at 12 for [Settings], which is of type object; use IS NULL,"),
        ("[Id] IS 99999999999999999999", "Unsupported value 99999999999999999999 for [Id] at 9; numbers reach from"),
        ("[RegistrationDate] IS AFTER 'now'", "Unsupported value 'now' for [RegistrationDate] at 29; a date and time"),
        ("[Status].[Uptime] IS '99:00:00'", "Unsupported value '99:00:00' for [Status].[Uptime] at 22; the hours of"),
        ("[Settings].[ConcatNameAndSerial] IS 'maybe'", "Unsupported value 'maybe' for"),
        ("<Floor> IS GREATER THAN 'abc'", "Unsupported value 'abc' for <Floor> at 25; expected a number such as 12."),
        (" OR ".join(["<A> IS 1"] * 26), "The filter has more than 25 criteria on tags at 301; use lists."),
        ("number::<Floor> BEGINS WITH 'abc'", "Unsupported operator BEGINS WITH at 17 for number::<Floor>,"),
    ],
)
def test_a_meaningless_expression_is_refused_with_alternatives(text: str, message: str) -> None:
    with pytest.raises(Invalid) as error:
        DEVICES.filter(text)
    assert error.value.message.startswith(message)
    assert error.value.details == "filter"


def test_an_unknown_property_of_a_small_collection_lists_all_its_properties() -> None:
    with pytest.raises(Invalid) as error:
        GROUPS.filter("[Xyzzy] IS 1")
    assert error.value.message == (
        "Unknown property [Xyzzy] at 1; known are [Id], [Name], [CreationDate], [LastModifiedDate]."
    )


def test_only_players_have_tags() -> None:
    with pytest.raises(Invalid, match=r"Unsupported tag <City> at 1; only players have tags\."):
        SUBSCRIPTIONS.filter("<City> IS 'Odesa'")
    with pytest.raises(Invalid, match=r"Unsupported tag <City> at 1; only players have tags\."):
        SUBSCRIPTIONS.sort("<City>")


@pytest.mark.parametrize(
    "text", ["[groupName] IS 'Default'", "[Serial] IS 'x'", "[DeviceScreenShot].[UTCTimestamp] IS NOT NULL"]
)
def test_screenshots_are_filtered_by_their_own_properties(text: str) -> None:
    filter = SCREENSHOTS.filter(text)
    assert filter is not None
    assert filter.echo == text


def test_a_property_of_the_subscriptions_device_is_not_taken_for_the_entity() -> None:
    filter = SUBSCRIPTIONS.filter("[Device] IS NULL")
    assert filter is not None


@pytest.mark.parametrize(
    "text", ["[LastModifiedDate] ASC", "[Settings].[Name] ASC", "[Device].[Serial] desc", "[Id]", "<Floor> DESC"]
)
def test_sorts_of_devices(text: str) -> None:
    assert DEVICES.sort(text).echo.lower() == text.lower()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Settings]", "Unsupported sort by [Settings] at 1, which is of type object;"),
        ("[TaggedGroups]", "Unsupported sort by [TaggedGroups] at 1, which is of type stringArray;"),
        ("stringArray::<Colors>", "Unsupported sort by stringArray::<Colors> at 1; an array has no order."),
        ("[Nmae]", "Unknown property [Nmae] at 1; did you mean"),
    ],
)
def test_unordered_properties_cannot_be_sorted_by(text: str, message: str) -> None:
    with pytest.raises(Invalid) as error:
        DEVICES.sort(text)
    assert error.value.message.startswith(message)
    assert error.value.details == "sort"


@pytest.mark.parametrize("text", [None, "", "   "])
def test_an_empty_text_is_no_filter_and_the_default_sort(text: str | None) -> None:
    assert DEVICES.filter(text) is None
    assert DEVICES.sort(text).echo == "[Device].[Id] ASC"
    assert SUBSCRIPTIONS.sort(text).echo == "[DeviceSubscription].[Id] ASC"
    assert SCREENSHOTS.sort(text).echo == "[DeviceScreenShot].[UTCTimestamp] DESC"
    assert SCREENSHOTS.grouping(text) is None
