"""`/rest-setup/v3/setup` and `/v2`: the setups that players get, as clients of B-Deploy manage them."""

from __future__ import annotations

from typing import Any, Final

from signfleet.fleet.provisioning.envelope import (
    answer_result,
    error_body,
    given,
    is_descending,
    is_id,
    read_object,
    window,
)
from signfleet.fleet.provisioning.setups.service import Setups
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import SETUP_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints, Parameter
from signfleet.web.http.media import JSON_TYPE

SETUPS: Final = "bsn.api.main.devices.setups"
#: A client sends JSON as bytes without a type.
BODIES: Final = (JSON_TYPE, "application/octet-stream")
PAGE: Final = (
    Parameter("page[pageNum]", "The number of the page, from 1."),
    Parameter("page[pageSize]", "How many items a page has: 1 to 1000, 100 by default."),
)
_PATH: Final = "/v3/setup"
_OLDER: Final = ("/rest-setup/v2/setup",)
_OLDER_BY_ID: Final = ("/rest-setup/v2/setup/{setup}",)
_FILTERS: Final = (
    Parameter("_id", "The id of one setup."),
    Parameter("query[networkName]", "The network; setups of another one are not found."),
    Parameter("query[packageName]", "The name of the setup."),
    Parameter("query[username]", "The login in the setup."),
    Parameter("sort[packageName]", "`1`, or `-1` for the reverse order."),
)

endpoints = Endpoints("/rest-setup", family="B-Deploy", operation=SETUP_DEVICE, error_body=error_body)


@endpoints.get(
    _PATH, scope=f"{SETUPS}.retrieve", parameters=(*_FILTERS, *PAGE), answer=dict[str, Any], secret=True, aliases=_OLDER
)
async def list_setups(call: Call, permissions: Permissions, setups: Setups) -> Answer:
    """List the setups of the network, or the one that `_id` names."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    if not await setups.is_network(call.network_id, given(call, "networkName")):
        return answer_result([])
    id_ = given(call, "_id")
    if id_ is not None:
        found = await setups.find(call.network_id, id_) if is_id(id_) else None
        return answer_result([] if found is None else [found])
    return answer_result(
        await setups.page(
            call.network_id,
            given(call, "packageName"),
            given(call, "username"),
            window(call),
            is_descending=is_descending(call, "packageName"),
        )
    )


@endpoints.get(_PATH + "/{setup}", scope=f"{SETUPS}.retrieve", answer=dict[str, Any], secret=True, aliases=_OLDER_BY_ID)
async def get_setup(call: Call, permissions: Permissions, setups: Setups, setup: str) -> Answer:
    """Get the document of a setup as it was sent, with its id."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_json(await setups.document(call.network_id, setup))


@endpoints.post(
    _PATH, scope=f"{SETUPS}.create", body=bytes, consumes=BODIES, answer=dict[str, Any], secret=True, aliases=_OLDER
)
async def create_setup(call: Call, permissions: Permissions, setups: Setups) -> Answer:
    """Create a setup from a document with `bDeploy.networkName` and `bDeploy.packageName`; the result is its id."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_result(await setups.create(call.network_id, read_object(call), call.now), 201)


@endpoints.put(
    _PATH,
    scope=f"{SETUPS}.update",
    body=bytes,
    consumes=BODIES,
    answer=dict[str, Any],
    statuses="200",
    more="404",
    secret=True,
    aliases=_OLDER,
)
async def replace_setup(call: Call, permissions: Permissions, setups: Setups) -> Answer:
    """Replace the setup that `_id` in the document names; the result is the document."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_result(await setups.replace(call.network_id, read_object(call), call.now))


@endpoints.delete(
    _PATH,
    scope=f"{SETUPS}.delete",
    parameters=_FILTERS[:2],
    answer=dict[str, Any],
    statuses="200",
    more="404",
    aliases=_OLDER,
)
async def delete_setup(call: Call, permissions: Permissions, setups: Setups) -> Answer:
    """Delete the setup that `_id` names."""
    id_ = given(call, "_id", "id")
    if id_ is None:
        raise Invalid("Query parameter '_id' must name the setup.")
    return await _delete(call, permissions, setups, id_)


@endpoints.delete(
    _PATH + "/{setup}", scope=f"{SETUPS}.delete", answer=dict[str, Any], statuses="200", aliases=_OLDER_BY_ID
)
async def delete_setup_by_path(call: Call, permissions: Permissions, setups: Setups, setup: str) -> Answer:
    """Delete a setup."""
    return await _delete(call, permissions, setups, setup)


async def _delete(call: Call, permissions: Permissions, setups: Setups, id_: str) -> Answer:
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    await setups.require_network(call.network_id, given(call, "networkName"))
    await setups.delete(call.network_id, id_, call.now)
    return answer_result(None)
