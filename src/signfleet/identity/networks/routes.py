"""`/admin/v1/network`: the name of the chosen network."""

from __future__ import annotations

from signfleet.identity.access.operations.definitions import UPDATE_NETWORK_SETTINGS, VIEW_NETWORK
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.networks.schemas import NamedNetwork
from signfleet.identity.networks.service import Networks
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

SCOPE = "bsn.api.main.network"

endpoints = Endpoints("/admin/v1/network", family="Network")


@endpoints.get("/", scope=f"{SCOPE}.retrieve", operation=VIEW_NETWORK, answer=NamedNetwork, statuses="200 304")
async def get_network_name(call: Call, networks: Networks, permissions: Permissions) -> Answer:
    """Get the name of the chosen network."""
    await permissions.require_on(call.session, VIEW_NETWORK, call.network_id)
    row = await networks.row(call.network_id)
    return answer_json(NamedNetwork(row.name), etag=str(row.last_modified_date))


@endpoints.put("/", scope=f"{SCOPE}.update", operation=UPDATE_NETWORK_SETTINGS, body=NamedNetwork, more="412")
async def put_network_name(call: Call, networks: Networks, permissions: Permissions) -> Answer:
    """Update the name of the chosen network; from then on, people sign in as `Network/login` with the new name."""
    await permissions.require_on(call.session, UPDATE_NETWORK_SETTINGS, call.network_id)
    await networks.rename(call.network_id, call.body.name, call.now, call.precondition)
    return NO_CONTENT
