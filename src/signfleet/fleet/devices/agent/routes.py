"""`/admin/v1/devices/{device}/agent`: what the software of a player says of itself."""

from __future__ import annotations

from signfleet.fleet.devices.agent.schemas import Agent
from signfleet.fleet.devices.agent.service import Agents
from signfleet.fleet.devices.scopes import RETRIEVE
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/admin/v1/devices", family="Devices", scope=RETRIEVE, operation=VIEW_DEVICE)


@endpoints.get("/{device}/agent/", answer=Agent)
async def get_agent(call: Call, agents: Agents, device: str) -> Answer:
    """Get which commands the player of a device can do, and whether it has applied its settings."""
    return answer_json(await agents.get(call.session, device))
