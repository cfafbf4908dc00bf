"""`/rest-device/v2`: which setup the player with a serial gets, as clients of B-Deploy manage it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.fleet.provisioning.envelope import (
    IDS_LIMIT,
    all_given,
    answer_result,
    error_body,
    given,
    is_descending,
    is_id,
    members,
    window,
)
from signfleet.fleet.provisioning.records.schemas import MEMBERS
from signfleet.fleet.provisioning.records.service import ProvisioningRecords, Wanted
from signfleet.fleet.provisioning.setups.routes import BODIES, PAGE, SETUPS
from signfleet.fleet.provisioning.setups.service import Setups
from signfleet.foundation.errors import Invalid
from signfleet.identity.access.operations.definitions import SETUP_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer, Call
from signfleet.web.http.endpoint import Endpoints, Parameter

_PATH: Final = "/v2/device"
_NO_BODY: Final = "400 401 403 406 5XX"
_ONE: Final = (
    Parameter("_id", "The id of one record; `id` means the same."),
    Parameter("serial", "The serial number of one record."),
)
_NETWORK: Final = Parameter("query[networkName]", "The network; records of another one are not found.")
_FILTERS: Final = (
    *_ONE,
    _NETWORK,
    Parameter("query[setupName]", "The name of the setup."),
    Parameter("query[username]", "The login in the record."),
    Parameter("sort[serial]", "`1`, or `-1` for the reverse order."),
)

endpoints = Endpoints("/rest-device", family="B-Deploy", operation=SETUP_DEVICE, error_body=error_body)


@endpoints.get(_PATH, scope=f"{SETUPS}.retrieve", parameters=(*_FILTERS, *PAGE), answer=dict[str, Any], secret=True)
async def list_records(
    call: Call, permissions: Permissions, provisioning_records: ProvisioningRecords, setups: Setups
) -> Answer:
    """List the provisioning records of the network; `total` is how many it has, `matched` how many match."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    id_ = given(call, "_id", "id")
    is_other = not await setups.is_network(call.network_id, given(call, "networkName"))
    wanted = Wanted(id_, given(call, "serial"), given(call, "username"), given(call, "setupName"))
    page = await provisioning_records.page(
        call.network_id, wanted, window(call), is_descending=is_descending(call, "serial", "SerialNumber")
    )
    if is_other or (id_ is not None and not is_id(id_)):
        page = page._replace(matched=0, players=[])
    return answer_result({"total": page.total, "matched": page.matched, "players": page.players, "priv": None})


@endpoints.post(
    _PATH, scope=f"{SETUPS}.create", body=bytes, consumes=BODIES, answer=dict[str, Any], more="409", secret=True
)
async def create_record(call: Call, permissions: Permissions, provisioning_records: ProvisioningRecords) -> Answer:
    """Create the record of a serial number; the result is its id."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_result(await provisioning_records.create(call.network_id, _members(call), call.now), 201)


@endpoints.put(
    _PATH,
    scope=f"{SETUPS}.update",
    body=bytes,
    consumes=BODIES,
    parameters=_ONE[:1],
    answer=dict[str, Any],
    statuses="200",
    more="404 409",
    secret=True,
)
async def replace_record(call: Call, permissions: Permissions, provisioning_records: ProvisioningRecords) -> Answer:
    """Update a record. Without `setupId`, `setupName` and `url` it has no setup; other members may be left out."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    id_ = given(call, "_id", "id")
    return answer_result(await provisioning_records.replace(call.network_id, id_, _members(call), call.now))


@endpoints.delete(
    _PATH,
    scope=f"{SETUPS}.delete",
    parameters=(*_ONE, _NETWORK, Parameter("_ids", "The ids of several records; may be repeated.")),
    answer=dict[str, Any],
    statuses="200",
    more="404",
)
async def delete_records(
    call: Call, permissions: Permissions, provisioning_records: ProvisioningRecords, setups: Setups
) -> Answer:
    """Delete the record that `_id` or `serial` names, or those of all `_ids`."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    await setups.require_network(call.network_id, given(call, "networkName"))
    if ids := all_given(call, "_ids"):
        return await _delete_all(call, provisioning_records, ids)
    wanted = Wanted(given(call, "_id", "id"), given(call, "serial"))
    if wanted.id is None and wanted.serial is None:
        raise Invalid("Query parameter '_id', 'serial' or '_ids' must name what is to be deleted.")
    await provisioning_records.delete(call.network_id, wanted, call.now)
    return answer_result(None)


@endpoints.delete(
    _PATH + "/ids/{ids}",
    scope=f"{SETUPS}.delete",
    answer=dict[str, Any],
    statuses="200",
    errors=_NO_BODY,
)
async def delete_records_by_path(
    call: Call, permissions: Permissions, provisioning_records: ProvisioningRecords, ids: str
) -> Answer:
    """Delete the records whose ids are in the path, as a JSON list or a single text."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    try:
        named: str | list[str] = msgspec.json.decode(ids, type=str | list[str])
    except msgspec.MsgspecError:
        named = ids
    return await _delete_all(call, provisioning_records, [named] if isinstance(named, str) else named)


@endpoints.get("/v2/count-setups/{setup}", scope=f"{SETUPS}.retrieve", answer=dict[str, Any], errors=_NO_BODY)
async def count_records_of_setup(
    call: Call, permissions: Permissions, provisioning_records: ProvisioningRecords, setup: str
) -> Answer:
    """Count the records whose player gets a setup."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_result(await provisioning_records.count_of_setup(call.network_id, setup))


@endpoints.get("/v2/application", scope=f"{SETUPS}.retrieve", answer=dict[str, Any])
async def list_applications(call: Call, permissions: Permissions) -> Answer:
    """List the vendor's partner applications: always none, since a server of one's own has no such catalogue."""
    await permissions.require_everywhere(call.session, SETUP_DEVICE)
    return answer_result({"PartnerApplicationFile": []})


async def _delete_all(call: Call, provisioning_records: ProvisioningRecords, ids: list[str]) -> Answer:
    if len(ids) > IDS_LIMIT:
        raise Invalid(f"At most {IDS_LIMIT} records are deleted at once.")
    known = [id_ for id_ in dict.fromkeys(ids) if is_id(id_)]
    deleted = await provisioning_records.delete_all(call.network_id, known, call.now)
    failed = [id_ for id_ in dict.fromkeys(ids) if id_.lower() not in deleted]
    message = f"{len(deleted)} deleted" + (f", {len(failed)} not found" if failed else "")
    return answer_result({"deletedCount": len(deleted), "deletedIds": deleted, "failedIds": failed, "message": message})


def _members(call: Call) -> dict[str, Any]:
    return members(call, MEMBERS.get)
