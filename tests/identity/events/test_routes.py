"""Events: each change has its own, those who may see them list them, and streams carry them on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.clock import now
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.identity.access.operations.definitions import VIEW_AUDIT, VIEW_USER
from signfleet.identity.access.operations.roles import ADMINISTRATORS, CREATORS, VIEWERS
from signfleet.notify.events.kinds import DeviceRemoved, HealthChanged, UserAdded
from signfleet.notify.events.recording import Event, record
from signfleet.simulator.fleet import fleet
from signfleet.simulator.screenshots import picture
from tests.conftest import ON_SQLITE, ROOT, CallAs, IssueSetupToken, SignIn

EVENTS = f"{ROOT}/admin/v1/events/"
PLAYER = f"{ROOT}/player/v1"
PATIENCE = 60
STATUS = {"storage": [{"interface": "SD1", "access": "Read", "stats": {"sizeTotal": 1000, "sizeFree": 900}}]}
ERROR = {"errorName": "RealizeFailure", "reason": "no codec"}
DOWNLOAD = {"fileName": "a.mp4", "progress": 100, "status": "ok"}


async def happen(store: Store, network_id: int, *events: Event) -> None:
    async def work(tx: Transaction) -> None:
        await record(tx, network_id, *events, now=now())

    await store.write(work)


def user(name: str) -> Event:
    return Event(UserAdded(login=f"{name}@example.com", user_id=1))


async def kinds(client: AsyncClient, **query: str) -> list[str]:
    answer = await client.get(EVENTS, params={"sort": "[Id] ASC", **query})
    assert answer.status_code == 200, answer.text
    return [item["kind"] for item in answer.json()["items"]]


async def joined(client: AsyncClient, setup_token: str, serial: str = "E1") -> tuple[int, dict[str, str]]:
    """Lets a player join; returns its device and headers."""
    body = {"serial": serial, "model": "XT1144", "firmware": "9.0.100"}
    headers = {"Authorization": f"Bearer {setup_token}"}
    answer = await client.post(f"{PLAYER}/register", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["device"]["id"], {"Authorization": f"Bearer {answer.json()['access_token']}"}


class Reader:
    """Reads a stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._blocks = self._read(response)
        self.last_id = ""

    async def _read(self, response: httpx.Response) -> AsyncIterator[dict[str, str]]:
        block: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                block[name] = value
            else:
                if "data" in block:
                    yield block
                block = {}

    async def next(self) -> dict[str, Any]:
        """Returns the data of the next message, with its kind."""
        async with asyncio.timeout(PATIENCE):
            block = await anext(self._blocks)
        self.last_id = block.get("id", self.last_id)
        return {"event": block["event"], **json.loads(block["data"])}

    async def names(self, count: int) -> list[str]:
        return [str((await self.next()).get("name")).partition("@")[0] for _ in range(count)]


@asynccontextmanager
async def streaming(address: str, token: str, after: str = "", **query: str) -> AsyncIterator[Reader]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    if after:
        headers["Last-Event-ID"] = after
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        url = f"{address}/admin/v1/events/"
        async with client.stream("GET", url, headers=headers, params=query) as response:
            assert response.status_code == 200, await response.aread()
            yield Reader(response)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(PATIENCE * 100):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def fed(services: Services, count: int = 1) -> None:
    """Waits until so many streams get what happens from now on."""
    networks = services.event_feeds._networks
    await until(lambda: sum(len(feed.streams) for of in networks.values() for feed in of.feeds.values()) >= count)


# --- what is recorded ---------------------------------------------------------------------------------------------


async def test_the_life_of_a_device_leaves_events(
    client: AsyncClient, admin: AsyncClient, issue_setup_token: IssueSetupToken
) -> None:
    device, player = await joined(client, await issue_setup_token())
    report = {"sequence": 1, "status": STATUS, "errors": [ERROR, ERROR], "downloads": [DOWNLOAD, DOWNLOAD]}
    for _ in range(2):  # the second one is a repeat
        assert (await client.post(f"{PLAYER}/report", json=report, headers=player)).status_code == 200
    assert (await admin.delete(f"/Devices/{device}/")).status_code == 204
    happened = ["DeviceRegistered", "HealthChanged", "ErrorReported", "DownloadsReported", "DeviceRemoved"]
    assert await kinds(admin, filter=f"[Event].[DeviceId] IS {device}") == happened
    answer = await admin.get(EVENTS, params={"filter": "[Serial] IS 'e1'", "sort": "[Id] ASC"})
    items = answer.json()["items"]
    assert [item["name"] for item in items] == ["XT1144", "Error", "RealizeFailure", "a.mp4", None]
    assert items[0]["data"] == {"model": "XT1144", "firmware": "9.0.100", "isNew": True}
    assert items[1]["data"].items() >= {"from": "Unknown", "to": "Error"}.items()
    assert items[2]["data"]["count"] == 2
    assert items[3]["data"] == {"fileName": "a.mp4", "status": "ok", "progress": 100.0, "count": 2}
    assert {item["deviceId"] for item in items} == {device}


async def test_a_report_without_news_leaves_no_event(
    client: AsyncClient, admin: AsyncClient, issue_setup_token: IssueSetupToken
) -> None:
    device, player = await joined(client, await issue_setup_token())
    for sequence in range(1, 4):
        report = {"sequence": sequence, "status": {"uptime": "00:01:00"}}
        assert (await client.post(f"{PLAYER}/report", json=report, headers=player)).status_code == 200
    assert await kinds(admin, filter=f"[DeviceId] IS {device}") == ["DeviceRegistered", "HealthChanged"]


async def test_refused_players_and_claims_leave_events(
    client: AsyncClient, admin: AsyncClient, issue_setup_token: IssueSetupToken
) -> None:
    setup_token = await issue_setup_token()
    _, player = await joined(client, setup_token)
    await client.post(f"{PLAYER}/report", json={"sequence": 1}, headers=player)
    body = {"serial": "E1", "model": "XT1144", "firmware": "9.0.100"}
    headers = {"Authorization": f"Bearer {setup_token}"}
    assert (await client.post(f"{PLAYER}/register", json=body, headers=headers)).status_code == 409
    body["serial"] = "E2"
    device, _ = await joined(client, setup_token, "E2")
    await admin.delete(f"/Devices/{device}/")
    assert (await client.post(f"{PLAYER}/register", json=body, headers=headers)).status_code == 403
    assert (await admin.post(f"{ROOT}/admin/v1/serial-claims/", json={"serial": "F9"})).status_code < 300
    happened = ["SecretRefused", "DeviceRegistered", "DeviceRemoved", "BlockedSerialRefused", "SerialClaimed"]
    assert (await kinds(admin))[-5:] == happened


async def test_the_network_and_its_accounts_leave_events(admin: AsyncClient) -> None:
    assert await kinds(admin) == ["NetworkCreated", "UserAdded"]
    person = {"login": "new@example.com", "firstName": "New", "lastName": "Person", "roleName": "Viewers"}
    created = await admin.post("/Users/", json=person)
    if created.status_code < 300:
        assert (await kinds(admin))[-1] == "UserAdded"


@ON_SQLITE
async def test_users_and_pictures_leave_events(
    admin: AsyncClient, client: AsyncClient, sign_in: SignIn, issue_setup_token: IssueSetupToken
) -> None:
    await sign_in("joe@example.com", role=VIEWERS)
    user_id = (await admin.get("/Users/joe@example.com/")).json()["id"]
    for is_locked_out in (True, False):
        locked = await admin.put("/Users/joe@example.com/", json={"isLockedOut": is_locked_out})
        assert locked.status_code == 204, locked.text
    assert (await admin.delete("/Users/joe@example.com/")).status_code == 204
    page = (await admin.get(EVENTS, params={"filter": "[Kind] IS IN ('UserLocked', 'UserRemoved')"})).json()
    about = {"login": "joe@example.com", "userId": user_id}
    locks = [about | {"isLockedOut": is_locked_out} for is_locked_out in (False, True)]
    assert [item["data"] for item in page["items"]] == [about, *locks]
    device, player = await joined(client, await issue_setup_token())
    drawn = picture(next(fleet(1)), 0, size=(320, 180))
    headers = player | {"Content-Type": "image/jpeg"}
    sent = await client.put(f"{PLAYER}/screenshots/2026-03-01T12:00:00.000Z", content=drawn, headers=headers)
    assert sent.status_code == 201, sent.text
    (item,) = (await admin.get(EVENTS, params={"filter": "[Kind] IS 'ScreenshotReceived'"})).json()["items"]
    assert (item["deviceId"], item["data"]) == (device, {"screenshotId": sent.json()["id"]})


# --- the list -----------------------------------------------------------------------------------------------------


async def test_the_list_is_filtered_sorted_and_paged(admin: AsyncClient, services: Services, network: Tenant) -> None:
    await happen(services.store, network.network_id, *(user(f"u{number}") for number in range(5)))
    query = {"filter": "[Event].[Name] IS 'u*'", "sort": "[Event].[Name] DESC", "pageSize": "2"}
    names: list[str] = []
    marker = None
    while True:
        page = (await admin.get(EVENTS, params=query | ({"marker": marker} if marker else {}))).json()
        names += [item["name"][:2] for item in page["items"]]
        assert page["matchingItemCount"] == 5
        if not page["isTruncated"]:
            break
        marker = page["nextMarker"]
    assert names == ["u4", "u3", "u2", "u1", "u0"]


@ON_SQLITE
async def test_an_unknown_kind_is_refused_with_the_known_ones(admin: AsyncClient) -> None:
    answer = await admin.get(EVENTS, params={"filter": "[Kind] IS 'HealthChange'"})
    assert answer.status_code == 400
    assert "HealthChanged" in answer.json()["message"]


async def test_each_caller_sees_the_events_of_what_they_may_see(
    admin: AsyncClient,
    client: AsyncClient,
    services: Services,
    call_as: CallAs,
    sign_in: SignIn,
    network: Tenant,
    issue_setup_token: IssueSetupToken,
) -> None:
    setup_token = await issue_setup_token()
    hidden, _ = await joined(client, setup_token, "HIDDEN")
    await joined(client, setup_token, "SHOWN")
    viewer = call_as(await sign_in("viewer@example.com", role=VIEWERS))
    creator = call_as(await sign_in("creator@example.com", role=CREATORS))
    denial = {
        "entityId": hidden,
        "operationUID": "7d71c53e-ae40-59c4-f972-28e8b4dfabcf",
        "principal": {"type": "Role", "id": VIEWERS.id},
        "isAllowed": False,
    }
    await happen(services.store, network.network_id, Event(DeviceRemoved(), None, "ELSEWHERE"))
    assert await kinds(viewer) == ["DeviceRegistered", "DeviceRegistered", "DeviceRemoved"]
    assert (await admin.post(f"/Devices/{hidden}/Permissions/", json=[denial])).status_code < 300
    assert [item["serial"] for item in (await viewer.get(EVENTS)).json()["items"]] == ["SHOWN"]
    assert await kinds(creator) == []
    assert "UserAdded" in await kinds(admin)
    auditor = call_as(await sign_in("auditor@example.com", role=VIEWERS))
    users = (await admin.get("/Users/")).json()["items"]
    principal = {"type": "User", "id": next(each["id"] for each in users if "auditor" in each["person"]["login"])}
    given = [
        {"operationUID": operation.uid, "principal": principal, "isAllowed": is_allowed}
        for operation, is_allowed in ((VIEW_AUDIT, True), (VIEW_USER, False))
    ]
    answer = await admin.post(f"/Users/{principal['id']}/Permissions/", json=given)
    assert answer.is_success, answer.text
    assert {"NetworkCreated", "UserAdded"} & set(await kinds(auditor)) == {"NetworkCreated"}
    # The denial outlives the device.
    assert (await admin.delete(f"/Devices/{hidden}/")).status_code == 204
    assert [item["serial"] for item in (await viewer.get(EVENTS)).json()["items"]] == ["SHOWN"]
    assert len(await kinds(admin, filter="[Serial] IS 'HIDDEN'")) == 2


@ON_SQLITE
async def test_a_token_without_the_scope_sees_nothing(call_as: CallAs, sign_in: SignIn) -> None:
    narrow = call_as(await sign_in("narrow@example.com", role=ADMINISTRATORS, scope="bsn.api.main.devices"))
    assert (await narrow.get(EVENTS)).status_code == 403


# --- the stream ---------------------------------------------------------------------------------------------------


async def test_a_stream_carries_what_happens_from_now_on(
    live: str, admin_token: str, services: Services, network: Tenant
) -> None:
    await happen(services.store, network.network_id, user("before"))
    async with streaming(live, admin_token) as stream:
        await fed(services)
        await happen(services.store, network.network_id + 1, user("elsewhere"))
        await happen(services.store, network.network_id, user("one"), user("two"))
        assert await stream.next() | {"id": 0, "date": ""} == {
            "event": "UserAdded",
            "id": 0,
            "date": "",
            "kind": "UserAdded",
            "deviceId": None,
            "serial": None,
            "name": "one@example.com",
            "data": {"login": "one@example.com", "userId": 1},
        }
        assert await stream.names(1) == ["two"]


async def test_a_stream_continues_after_the_last_event(
    live: str, admin_token: str, services: Services, network: Tenant
) -> None:
    """More than a page happens while nobody listens, and more while the stream catches up."""
    async with streaming(live, admin_token) as stream:
        await fed(services)
        await happen(services.store, network.network_id, user("first"))
        assert await stream.names(1) == ["first"]
    missed = [user(f"m{number}") for number in range(450)]
    await happen(services.store, network.network_id, *missed)
    async with streaming(live, admin_token, after=stream.last_id) as stream:
        late = [happen(services.store, network.network_id, user(f"l{number}")) for number in range(20)]
        await asyncio.gather(*late)
        names = await stream.names(470)
    assert names[:450] == [f"m{number}" for number in range(450)]
    assert sorted(names[450:]) == sorted(f"l{number}" for number in range(20))


async def test_events_of_another_server_arrive(
    live: str, neighbour: str, admin_token: str, client: AsyncClient, issue_setup_token: IssueSetupToken
) -> None:
    """Two servers on one PostgreSQL, two processes on one SQLite file: the stores know nothing of each other."""
    setup_token = await issue_setup_token()
    async with streaming(neighbour, admin_token, filter="[Kind] IS 'DeviceRegistered'") as stream:
        await asyncio.sleep(0.1)
        await joined(client, setup_token)
        assert (await stream.next())["serial"] == "E1"


async def test_streams_get_what_their_filter_and_permissions_admit(
    live: str, admin_token: str, sign_in: SignIn, services: Services, network: Tenant
) -> None:
    viewer_token = await sign_in("viewer@example.com", role=VIEWERS)
    async with (
        streaming(live, viewer_token) as viewer,
        streaming(live, admin_token, filter="[Name] IS 'Error'") as errors,
        streaming(live, admin_token, filter="[Name] IS 'Error'") as same,
    ):
        await fed(services, 3)
        feeds = services.event_feeds._networks[network.network_id].feeds
        assert len(feeds) == 2
        await happen(
            services.store,
            network.network_id,
            user("secret"),
            Event(HealthChanged(from_="Error", to="Normal"), 7, "S7"),
            Event(HealthChanged(from_="Normal", to="Error"), 7, "S7"),
        )
        assert await viewer.names(2) == ["Normal", "Error"]
        assert await errors.names(1) == ["Error"]
        assert await same.names(1) == ["Error"]
    await until(lambda: not services.event_feeds._networks)


async def test_a_stream_ends_when_its_token_is_revoked(live: str, sign_in: SignIn, services: Services) -> None:
    token = await sign_in("viewer@example.com", role=VIEWERS)
    async with streaming(live, token) as stream:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
            assert (await client.delete(f"{live}/2022/06/REST/Self/Tokens/{token}/")).status_code < 300
        last = await stream.next()
    assert last["event"] == "end"
    assert "revoked" in last["reason"]


@ON_SQLITE
async def test_a_stream_ends_when_its_caller_may_see_less(
    live: str, sign_in: SignIn, services: Services, admin: AsyncClient, issue_setup_token: IssueSetupToken
) -> None:
    device, _ = await joined(admin, await issue_setup_token())
    token = await sign_in("viewer@example.com", role=VIEWERS)
    denial = {
        "entityId": device,
        "operationUID": "7d71c53e-ae40-59c4-f972-28e8b4dfabcf",
        "principal": {"type": "Role", "id": VIEWERS.id},
        "isAllowed": False,
    }
    async with streaming(live, token) as stream:
        await fed(services)
        assert (await admin.post(f"/Devices/{device}/Permissions/", json=[denial])).status_code < 300
        assert (await stream.next())["event"] == "end"


@ON_SQLITE
@pytest.mark.parametrize(("header", "status"), [("nonsense", 400), ("0-1", 200), ("", 200)])
async def test_only_ids_of_a_stream_continue_one(live: str, admin_token: str, header: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {admin_token}", "Accept": "text/event-stream", "Last-Event-ID": header}
    async with httpx.AsyncClient() as client, client.stream("GET", f"{live}/admin/v1/events/", headers=headers) as got:
        assert got.status_code == status
        if status == 400:
            assert "Last-Event-ID" in json.loads(await got.aread())["message"]
