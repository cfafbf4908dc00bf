"""The stream that makes pages change by themselves, and the parts of pages that it makes them ask for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, get_args

import httpx
import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import VIEWERS
from signfleet.identity.events.facts import LIMIT, WORDS
from signfleet.notify.events.kinds import HealthChanged, Kind
from signfleet.notify.events.recording import Event
from tests.conftest import ON_SQLITE, ROOT, SignIn
from tests.console.browsing import sign_in as sign_in_by_form
from tests.identity.events.conftest import live as _live
from tests.identity.events.test_routes import happen, until, user

live = _live

PATIENCE = 60


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


@ON_SQLITE
async def test_without_a_session_there_is_no_stream(client: AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/console/events", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?next=%2Fconsole%2Fevents")


@ON_SQLITE
@pytest.mark.parametrize(
    ("path", "part", "begins"),
    [
        ("/console/now/", "state", "<h1>"),
        ("/console/players/", "found", '<div class="empty">'),
        ("/console/players/", "rows", '<hx-partial hx-target="#count"'),
        ("/console/alerts/", "found", '<div class="empty">'),
    ],
)
async def test_a_part_of_a_page_is_answered_alone(client: AsyncClient, path: str, part: str, begins: str) -> None:
    await sign_in_by_form(client)
    headers = {"HX-Request": "true", "X-Refresh": "true", "X-Fragment": part}
    answer = await client.get(ROOT + path, headers=headers)
    assert answer.status_code == 200
    assert answer.text.strip().startswith(begins)
    assert "<html" not in answer.text
