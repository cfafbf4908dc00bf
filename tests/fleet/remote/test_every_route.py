"""Each route of Remote DWS, from a caller through the server to a simulated player and back."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.fleet.remote.table import ROUTES, Route
from signfleet.simulator.machine import Machine
from signfleet.simulator.remote.dispatch import answer
from signfleet.simulator.remote.state import State
from tests.conftest import ON_SQLITE
from tests.fleet.commands.conftest import PLAYER, say
from tests.fleet.remote.calling import HEALTHY, NOW, request_of
from tests.fleet.remote.test_routes import ask, taken

CAPTURE = {"method": "POST", "route": "/v1/diagnostics/packet-capture"}


async def relayed(admin: AsyncClient, player: AsyncClient, route: Route, *, by_message: bool) -> tuple[Any, Any]:
    """Calls a route; returns what the player said and the answer."""
    state = State(Machine(HEALTHY, NOW))
    if route.name == "DELETE diagnostics/packet-capture/":
        answer(state, CAPTURE, NOW)
    wanted = request_of(route)
    path, data, query = wanted["path"], wanted["data"], wanted["query"]
    if by_message:
        more = "".join(f"?{name}={value}" for name, value in query.items())
        message = {"route": f"/v1/{path}{more}", "method": route.method, "data": data}
        asked = ask(admin, "PUT", "sendWsMessage", json=message)
    else:
        asked = ask(admin, route.method, f"{path}/", params=query, json={"data": data})
    try:
        got = await taken(player)
        said = answer(state, got["arguments"], NOW)
        if said.file is not None:
            await player.put(f"{PLAYER}/commands/{got['id']}/files/{said.result['file']}", content=said.file)
        await say(player, got["id"], "succeeded", result=said.result)
        return said, (await asked)
    finally:
        asked.cancel()


@pytest.mark.contract("Remote DWS")
@pytest.mark.parametrize("by_message", [False, True], ids=["route", "message"])
@ON_SQLITE
async def test_a_route_reaches_the_player_and_its_result_the_caller(
    admin: AsyncClient, player: AsyncClient, by_message: bool
) -> None:
    for route in ROUTES:
        if by_message and route.reads != (route.method == "GET"):
            continue
        said, answered = await relayed(admin, player, route, by_message=by_message)
        assert answered.status_code == 200, (route.name, answered.text)
        body = answered.json()
        assert body["route"] == f"/v1/{request_of(route)['path']}"
        assert body["method"] == route.method
        if said.file is None:
            assert body["data"]["result"] == said.result["data"], route.name
