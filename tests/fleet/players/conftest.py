"""A network that players can join, and players that did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.conftest import ROOT, CallAs

PLAYER = f"{ROOT}/player/v1"
HD1024: dict[str, Any] = {"serial": "46C89C101839", "model": "HD1024", "firmware": "8.5.35"}

Register = Callable[..., Awaitable[Response]]


@pytest.fixture
def register(call_as: CallAs, setup_token: str) -> Register:
    """Registers a player: an HD1024, but for what is given otherwise."""

    async def send(token: str = setup_token, **differently: Any) -> Response:
        return await call_as(token).post(f"{PLAYER}/register", json=HD1024 | differently)

    return send


@pytest.fixture
async def registered(register: Register) -> dict[str, Any]:
    """The answer of a player's registration."""
    answer = await register()
    assert answer.status_code == 201
    return dict(answer.json())


@pytest.fixture
def player(call_as: CallAs, registered: dict[str, Any]) -> AsyncClient:
    """A client with a registered player's access token."""
    return call_as(registered["access_token"])


Device = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
def device(admin: AsyncClient) -> Device:
    """The device as an operator sees it."""

    async def get() -> dict[str, Any]:
        answer = await admin.get(f"/Devices/{HD1024['serial']}/")
        assert answer.status_code == 200
        return dict(answer.json())

    return get
