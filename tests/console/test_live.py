"""The stream that makes pages change by themselves, and the parts of pages that it makes them ask for."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any, get_args
from urllib.parse import urljoin

import httpx
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.identity.audit.schemas import AuditedEntity
from signfleet.identity.events import hints
from signfleet.identity.events.facts import LIMIT, WORDS
from signfleet.notify.events.kinds import HealthChanged, Kind
from signfleet.notify.events.recording import Event
from tests.conftest import ON_SQLITE, ROOT, SignIn
from tests.console.browsing import sign_in as sign_in_by_form
from tests.fleet.devices.stored import register
from tests.identity.events.conftest import live as _live
from tests.identity.events.conftest import neighbour as _neighbour
from tests.identity.events.test_routes import happen, until, user
from tests.world import World

live, neighbour = _live, _neighbour

PATIENCE = 60
RULE = {"name": "Dark", "condition": {"kind": "silent", "minutes": 5}}
#: Every list, and pages that change as a whole.
LISTS = (
    "now/", "players/", "players/?search=nothing", "players/1/", "players/1/timeline/", "players/1/pictures/",
    "players/1/audit/", "wall/", "wall/links/", "map/", "alerts/", "alerts/rules/", "alerts/webhooks/",
    "alerts/webhooks/1/", "alerts/windows/", "groups/", "tags/", "subscriptions/", "people/", "people/roles/",
    "people/setup-tokens/", "audit/", "jobs/",
)  # fmt: skip


@asynccontextmanager
async def streaming(address: str, token: str, services: Services) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Opens the stream of a browser with a token in its cookie, and yields its messages; beats do not count."""

    async def messages(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
        kind = ""
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind != "beat":
                yield kind, json.loads(value)

    cookies = {"signfleet": token}
    async with httpx.AsyncClient(timeout=PATIENCE, cookies=cookies) as client:
        headers = {"Accept": "text/event-stream"}
        async with client.stream("GET", f"{address}/console/events", headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            groups = services.fact_feeds._groups
            await until(lambda: any(group.streams for group in groups.values()))
            yield messages(response)


def turned_dark(device: int) -> Event:
    return Event(HealthChanged(from_="Normal", to="Error"), device, f"S{device}")


def test_every_kind_of_event_has_a_word() -> None:
    assert set(WORDS) == set(get_args(Kind))


def test_every_kind_of_thing_has_a_word_or_belongs_to_a_person_alone() -> None:
    alone = {"Application", "Permission", "Person", "Profile", "Session"}
    assert hints.WORDS.keys() | alone == set(get_args(AuditedEntity))


async def test_a_stream_says_what_happened_to_which_devices_and_ends_with_the_session(
    live: str, client: AsyncClient, admin_token: str, services: Services, network: Tenant
) -> None:
    await happen(services.store, network.network_id, turned_dark(1))
    async with streaming(live, admin_token, services) as stream, asyncio.timeout(PATIENCE):
        await happen(services.store, network.network_id, turned_dark(9), turned_dark(7), user("somebody"))
        assert await anext(stream) == ("facts", {"health": [7, 9], "user": []})
        await happen(services.store, network.network_id, *map(turned_dark, range(LIMIT)))
        assert await anext(stream) == ("facts", {"many": []})
        client.cookies.set("signfleet", admin_token, domain="signfleet.test", path="/")
        await client.post(f"{ROOT}/console/sign-out", headers={"Origin": ROOT})
        await services.stream_guard.check()
        assert (await anext(stream))[0] == "end"


@ON_SQLITE
async def test_a_stream_says_nothing_of_what_its_reader_may_not_see(
    live: str, sign_in: SignIn, services: Services, network: Tenant
) -> None:
    async with (
        streaming(live, await sign_in("v@example.com", role=VIEWERS), services) as stream,
        asyncio.timeout(PATIENCE),
    ):
        await happen(services.store, network.network_id, user("secret"), turned_dark(3))
        assert await anext(stream) == ("facts", {"health": [3]})


async def test_what_people_change_in_another_process_reaches_those_who_may_see_it(
    live: str,
    neighbour: str,
    admin: AsyncClient,
    admin_token: str,
    sign_in: SignIn,
    services: Services,
    network: Tenant,
) -> None:
    shown, hidden = await register(services.store, network.network_id, ["SHOWN", "HIDDEN"])
    denial = {"entityId": hidden, "operationUID": VIEW_DEVICE.uid, "isAllowed": False}
    viewers = {"principal": {"type": "Role", "id": VIEWERS.id}}
    assert (await admin.post(f"/Devices/{hidden}/Permissions/", json=[denial | viewers])).is_success
    viewer_token = await sign_in("v@example.com", role=VIEWERS)
    async with (
        streaming(live, admin_token, services) as stream,
        streaming(live, viewer_token, services) as viewer,
        httpx.AsyncClient(base_url=neighbour, headers={"Authorization": f"Bearer {admin_token}"}) as people,
        asyncio.timeout(PATIENCE),
    ):
        for path, body in (
            ("/admin/v1/alerts/rules/", RULE),
            (f"/2022/06/REST/Devices/{hidden}/Tags/", {"string::[Device].<City>": "Lyon"}),
            (f"/2022/06/REST/Devices/{shown}/Tags/", {"string::[Device].<City>": "Paris"}),
            ("/2022/06/REST/Groups/Regular/", {"name": "Lobby"}),
        ):
            assert (await people.post(path, json=body)).is_success
        assert await gathered(stream, "group") == {"rule": set(), "device": {hidden, shown}, "group": set()}
        assert await gathered(viewer, "group") == {"device": {shown}, "group": set()}


async def gathered(stream: AsyncIterator[tuple[str, Any]], last: str) -> dict[str, set[int]]:
    """Returns the facts of a stream up to one with a word; those of one second come together."""
    found: dict[str, set[int]] = {}
    async for _, facts in stream:
        for word, ids in facts.items():
            found.setdefault(word, set()).update(ids)
        if last in facts:
            break
    return found


@ON_SQLITE
async def test_without_a_session_there_is_no_stream(client: AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/console/events", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?next=%2Fconsole%2Fevents")


@ON_SQLITE
async def test_each_part_of_a_page_that_changes_by_itself_is_answered_alone(client: AsyncClient, world: World) -> None:
    await sign_in_by_form(client)
    assert (await world.admin.post(f"{ROOT}/admin/v1/alerts/rules/", json=RULE)).is_success
    hook = {"name": "Desk", "url": "https://hooks.example.com/"}
    assert (await world.admin.post(f"{ROOT}/admin/v1/webhooks/", json=hook)).is_success
    await world.admin.post("/Devices/A1/Tags/", json={"string::[Device].<City>": "Paris"})
    for path in LISTS:
        page = await client.get(f"{ROOT}/console/{path}", follow_redirects=True)
        parts = re.findall(r'<(\w+)(?: class="[^"]*")? id="([^"]*)"[^>]* data-live="([^"]+)"([^>]*)', page.text)
        parts = [part for part in parts if part[1] != "live"]
        assert parts, path
        ids = re.findall(r'<tr id="([^"]+)" data-row', page.text)  # by which a row is the same as before
        assert (len(ids), len({*ids})) == (page.text.count("data-row"),) * 2, path
        for _, part, words, rest in parts:
            assert set(words.split()) <= {*WORDS.values(), *(word for word, _ in hints.WORDS.values()), "*", "none"}
            source = re.search(r'data-src="([^"]*)"', rest)
            headers = {"HX-Request": "true", "X-Refresh": "true", "X-Fragment": part}
            answer = await client.get(urljoin(str(page.url), unescape(source[1]) if source else ""), headers=headers)
            assert (answer.status_code, "<html" in answer.text) == (200, False), (path, part, answer.text)
