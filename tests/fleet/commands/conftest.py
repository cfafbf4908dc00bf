"""A network with a device A1, its player, and operators that send commands to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.wiring import Services
from signfleet.fleet.commands.schemas import CommandRules
from signfleet.foundation.wire.timespan import HOUR
from signfleet.identity.access.token_issue import Lifetimes, open_session
from signfleet.web.caller.scopes import DEVICE_SCOPE
from tests.conftest import ROOT, CallAs
from tests.fleet.devices.stored import register
from tests.world import now

ADMIN = f"{ROOT}/admin/v1"
PLAYER = f"{ROOT}/player/v1"

Send = Callable[..., Awaitable[dict[str, Any]]]


async def token_of(services: Services, network_id: int, device_id: int) -> str:
    """Issues an access token of a player."""
    issued = await services.store.write(
        lambda tx: open_session(
            tx,
            scope=DEVICE_SCOPE,
            lifetimes=Lifetimes(HOUR, HOUR),
            now=now(),
            device_id=device_id,
            network_id=network_id,
        )
    )
    return issued.access_token


@pytest.fixture
async def device_id(services: Services, network: Any) -> int:
    """Registers the device A1."""
    (made,) = await register(services.store, network.network_id, ["A1"], now=now())
    return made


@pytest.fixture
async def player(services: Services, network: Any, device_id: int, call_as: CallAs) -> AsyncClient:
    """Returns a client with the token of A1's player."""
    return call_as(await token_of(services, network.network_id, device_id))


@pytest.fixture
def send(admin: AsyncClient, device_id: int) -> Send:
    """Sends a command to A1, or to another device."""

    async def post(name: str, status: int = 201, device: str | int = "A1", **more: Any) -> dict[str, Any]:
        answer = await admin.post(f"{ADMIN}/commands/", json={"device": device, "name": name, **more})
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    return post


@pytest.fixture
async def danger(services: Services, network: Any) -> None:
    """Lets the network allow dangerous commands."""
    await services.commands.set_rules(network.network_id, CommandRules(danger_allowed=True), now())


async def say(player: AsyncClient, command_id: int, state: str, **more: Any) -> Response:
    """Says what became of a command."""
    return await player.post(f"{PLAYER}/commands/{command_id}", json={"state": state, **more})


async def get(admin: AsyncClient, command_id: int) -> dict[str, Any]:
    """Returns a command as operators see it."""
    answer = await admin.get(f"{ADMIN}/commands/{command_id}/")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
