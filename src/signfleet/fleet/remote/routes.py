"""`/rest/v1`: Remote DWS, one door for each method; `table.py` has the routes behind them.

A door admits callers who may use any of its routes; `Remote` requires the operation of the route itself.
"""

from __future__ import annotations

from typing import Any, Final

from signfleet.fleet.remote.messages import error_body, player_of, read_message, read_request
from signfleet.fleet.remote.service import Remote
from signfleet.fleet.remote.table import ROUTES
from signfleet.identity.access.operations.definitions import (
    SETUP_DEVICE,
    UNIT_CONTROL,
    VIEW_DEVICE,
    VIEW_SCREENSHOTS,
)
from signfleet.web.caller.actor import act_as
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import Endpoints, Handler, Parameter
from signfleet.web.http.media import JSON_TYPE

REMOTE: Final = "bsn.api.main.devices.remote"
#: Bytes of a request: files are uploaded in it.
REQUEST_LIMIT: Final = 262_144
#: Clients and shells send JSON under these names.
BODIES: Final = (JSON_TYPE, "application/octet-stream", "application/x-www-form-urlencoded", "text/plain")
ERRORS: Final = "400 401 403 404 406 409 413 415 429 5XX"
_PLAYER: Final = (
    Parameter("destinationType", "Always `player`.", required=True),
    Parameter("destinationName", "The serial number of the player.", required=True),
)

endpoints = Endpoints(
    "/rest/v1",
    family="Remote DWS",
    operation=VIEW_DEVICE,
    parameters=_PLAYER,
    answer=dict[str, Any],
    statuses="200",
    errors=ERRORS,
    error_body=error_body,
    secret=True,
)


def _documented(handler: Handler) -> Handler:
    """Adds the routes behind a door to its documentation."""
    method = handler.__name__.partition("_")[0].upper().replace("REPLACE", "PUT").replace("CREATE", "POST")
    lines = [
        f"* `{route.pattern}`: {route.operation.singular}; answers `{route.answers}`"
        + (f"; takes `{route.takes}`" if route.takes else "")
        for route in ROUTES
        if route.method == method
    ]
    handler.__doc__ = f"{handler.__doc__}\n\nThe routes, and the permission that each needs:\n\n" + "\n".join(lines)
    return handler


@endpoints.get("/{route:path}", scope=f"{REMOTE}.retrieve")
@_documented
async def get_of_player(call: Call, remote: Remote, route: str) -> Answer:
    """Get what a player says of itself by a route of its web interface."""
    return await _relayed(call, remote)


@endpoints.put("/sendWsMessage", scope=f"{REMOTE}.update", body=bytes, consumes=BODIES, body_limit=REQUEST_LIMIT)
async def replace_by_message(call: Call, remote: Remote) -> Answer:
    """Update or read any route of a player: the body has `route`, `method` and `data`."""
    request = await read_message(call)
    return await call.unless_left(remote.ask(call.session, player_of(call), request, call.now))


@endpoints.put(
    "/{route:path}",
    scope=f"{REMOTE}.update",
    operation=UNIT_CONTROL,
    alternatives=(SETUP_DEVICE,),
    body=bytes,
    body_optional=True,
    consumes=BODIES,
    body_limit=REQUEST_LIMIT,
)
@_documented
async def replace_of_player(call: Call, remote: Remote, route: str) -> Answer:
    """Update a player by a route of its web interface."""
    return await _relayed(call, remote)


@endpoints.post(
    "/{route:path}",
    scope=f"{REMOTE}.create",
    operation=VIEW_SCREENSHOTS,
    alternatives=(SETUP_DEVICE, UNIT_CONTROL),
    statuses="200",
    body=bytes,
    body_optional=True,
    consumes=BODIES,
    body_limit=REQUEST_LIMIT,
)
@_documented
async def create_on_player(call: Call, remote: Remote, route: str) -> Answer:
    """Create something on a player by a route of its web interface, such as a snapshot."""
    return await _relayed(call, remote)


@endpoints.delete(
    "/{route:path}",
    scope=f"{REMOTE}.delete",
    operation=UNIT_CONTROL,
    alternatives=(SETUP_DEVICE,),
    body=bytes,
    body_optional=True,
    consumes=BODIES,
    body_limit=REQUEST_LIMIT,
)
@_documented
async def delete_on_player(call: Call, remote: Remote, route: str) -> Answer:
    """Delete something on a player by a route of its web interface."""
    return await _relayed(call, remote)


async def _relayed(call: Call, remote: Remote) -> Answer:
    act_as(call.actor)  # a GET sends a command too
    serial, request = player_of(call), await read_request(call)
    return await call.unless_left(remote.ask(call.session, serial, request, call.now))
