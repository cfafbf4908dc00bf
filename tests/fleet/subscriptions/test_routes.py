"""GET of /Subscriptions/, /Subscriptions/Count/ and /Subscriptions/Operations/."""

from __future__ import annotations

import json
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.subscriptions import store as queries
from signfleet.fleet.subscriptions.lifecycle import GRACE_PERIOD
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import CREATORS, NETWORK_MANAGERS, VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.devices.stored import example, register
from tests.identity.access.granted import grant

EXAMPLE = example("004-01-get-subscriptions-answer")


async def put(services: Services, network_id: int, id_: int, **changes: Any) -> None:
    """Stores the contract's example under an id, with some columns changed."""
    shown = datetime.parse(EXAMPLE["items"][0]["creationDate"])
    row = {
        "network_id": network_id,
        "id": id_,
        "device_id": None,
        "serial": None,
        "serial_key": None,
        "type": "Commercial",
        "activity_period": 365 * DAY,
        "status": "Active",
        "creation_date": shown,
        "last_modified_date": shown,
        "activation_date": shown,
        "suspension_date": None,
        "expiration_date": None,
        "due_date": None,
    }

    async def work(tx: Transaction) -> None:
        await tx.execute(queries.INSERT, **row | changes)

    await services.store.write(work)


@pytest.mark.contract("GET /Subscriptions/")
async def test_a_page_of_subscriptions_matches_the_contract_example(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    await put(services, network.network_id, 424574)
    await put(services, network.network_id, 424570)
    await put(services, network.network_id, 424571, status="Suspended")
    query = {"filter": "[Device] IS NULL AND [Status] IS IN ('Active', 'Suspending')", "sort": "[CreationDate] DESC"}
    first = (await admin.get("/Subscriptions/", params={**query, "pageSize": 1})).json()
    assert list(first) == list(EXAMPLE)
    last = (await admin.get("/Subscriptions/", params={**query, "marker": first["nextMarker"], "pageSize": 1})).json()
    items = sorted(first["items"] + last["items"], key=lambda item: item["id"])
    assert json.dumps(items[1]) == json.dumps(EXAMPLE["items"][0])
    assert (first["matchingItemCount"], first["isTruncated"], last["isTruncated"]) == (2, True, False)
    assert (first["sortExpression"], first["filterExpression"]) == (
        EXAMPLE["sortExpression"],
        EXAMPLE["filterExpression"],
    )


@pytest.mark.contract("GET /Subscriptions/Count/")
async def test_the_count_is_a_bare_number(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await put(services, network.network_id, 1)
    await put(services, network.network_id, 2, type="Demo")
    assert (await admin.get("/Subscriptions/Count/", params={"filter": "[Type] IS 'Demo'"})).text == "1"
    assert (await admin.get("/Subscriptions/Count/", params={"filter": "[Id] IS GREATER THAN 0"})).text == "2"


@pytest.mark.contract("GET /Subscriptions/Operations/")
async def test_the_operations_match_the_contract_example(admin: AsyncClient) -> None:
    answer = await admin.get("/Subscriptions/Operations/")
    assert json.dumps(answer.json()) == json.dumps(example("004-03-get-subscriptions-operations-answer"))


@pytest.mark.contract("GET /Subscriptions/")
async def test_only_roles_with_the_view_operation_list_subscriptions(sign_in: SignIn, call_as: CallAs) -> None:
    seen = {}
    for role in (NETWORK_MANAGERS, VIEWERS, CREATORS):
        client = call_as(await sign_in(f"{role.id}@example.com", role=role))
        seen[role.name] = (await client.get("/Subscriptions/Count/")).status_code
    assert seen == {"Network Managers": 200, "Viewers": 200, "Creators": 403}


@pytest.mark.contract("GET /Subscriptions/")
async def test_the_subscription_of_a_hidden_device_is_hidden(
    services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    ids = await register(services.store, network.network_id, ["A1", "A2"])
    for number, (id_, serial) in enumerate(zip(ids, ["A1", "A2"], strict=True)):
        await put(services, network.network_id, 10 + number, device_id=id_, serial=serial, serial_key=serial.lower())
    await put(services, network.network_id, 20)
    client = call_as(await sign_in("vera@example.com", role=VIEWERS))
    await grant(services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=ids[0], role_id=VIEWERS.id)
    page = (await client.get("/Subscriptions/")).json()
    assert [item["id"] for item in page["items"]] == [11, 20]
    assert page["totalItemCount"] == page["matchingItemCount"] == 2
    assert (await client.get("/Subscriptions/Count/", params={"filter": "[Device].[Serial] IS 'A1'"})).json() == 0


@ON_SQLITE
@pytest.mark.settings(subscriptions="managed")
async def test_each_status_that_time_brings_is_an_event_of_the_device(
    admin: AsyncClient, call_as: CallAs, services: Services, setup_token: str
) -> None:
    player = {"serial": "A1", "model": "HD1024", "firmware": "9.0.1"}
    joined = await call_as(setup_token).post(f"{ROOT}/player/v1/register", json=player)
    (grace,) = (await admin.get("/Subscriptions/")).json()["items"]
    start = datetime.parse(grace["activationDate"])
    assert start is not None
    for later in (DAY, GRACE_PERIOD - DAY, GRACE_PERIOD + 1, 10 * GRACE_PERIOD, 11 * GRACE_PERIOD):
        await services.subscriptions.sweep(start + later)
    query = {"filter": "[Kind] IS 'SubscriptionAged'", "sort": "[Id] ASC"}
    events = (await admin.get(f"{ROOT}/admin/v1/events/", params=query)).json()["items"]
    ages = [("Active", "Suspending"), ("Suspending", "Suspended"), ("Suspended", None)]
    assert [(event["data"]["from"], event["data"].get("to")) for event in events] == ages
    assert [event["name"] for event in events] == [to for _, to in ages]
    assert {event["data"]["subscriptionId"] for event in events} == {grace["id"]}
    device_id = joined.json()["device"]["id"]
    assert {(event["deviceId"], event["serial"]) for event in events} == {(device_id, "A1")}
