"""Two processes on one store: what one revokes or locks, the other refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, build, make_app
from signfleet.foundation.settings import Settings
from tests.conftest import BASE, SignIn


@pytest.fixture
async def elsewhere(settings: Settings, admin_token: str) -> AsyncIterator[AsyncClient]:
    """Returns the administrator's client of a second server that has cached the token."""
    services = await build(settings)
    app: Any = make_app(services)
    headers = {"Authorization": f"Bearer {admin_token}"}
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE, headers=headers) as client:
        assert (await client.get("/Devices/Count/")).status_code == 200
        yield client
    await services.close()


async def answers_eventually(client: AsyncClient, status: int, headers: dict[str, str] | None = None) -> bool:
    """Returns whether the server answers `status` in time: PostgreSQL notifies it a moment after a change."""
    for _ in range(2000):
        if (await client.get("/Devices/Count/", headers=headers)).status_code == status:
            return True
        await asyncio.sleep(0.005)
    return False


async def test_a_revoked_token_works_on_no_server(admin: AsyncClient, admin_token: str, elsewhere: AsyncClient) -> None:
    assert (await admin.delete(f"/Self/Tokens/{admin_token}/")).status_code == 204
    assert await answers_eventually(elsewhere, 401)


async def test_a_locked_network_is_locked_on_every_server(
    services: Services, network: Tenant, elsewhere: AsyncClient
) -> None:
    row = await services.networks.row(network.network_id)
    await services.networks.set_locked(row, True, time.time_ns() // 1_000_000)
    assert await answers_eventually(elsewhere, 401)


async def test_a_chosen_network_is_chosen_on_every_server(
    services: Services, network: Tenant, elsewhere: AsyncClient, sign_in: SignIn
) -> None:
    token = await sign_in(choose=False)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await elsewhere.get("/Devices/Count/", headers=headers)).status_code == 403
    session = await services.sessions.authenticate(token, time.time_ns() // 1_000_000)
    await services.session_changes.choose_network(session, network.network_id, None, time.time_ns() // 1_000_000)
    assert await answers_eventually(elsewhere, 200, headers)
