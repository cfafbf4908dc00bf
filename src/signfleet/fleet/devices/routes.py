"""`/Devices`: the devices of the chosen network."""

from __future__ import annotations

from zlib import crc32

from signfleet.fleet.devices.agent.routes import endpoints as agent_endpoints
from signfleet.fleet.devices.beacons.routes import endpoints as beacon_endpoints
from signfleet.fleet.devices.deletion import DeviceDeletion
from signfleet.fleet.devices.document import etag
from signfleet.fleet.devices.history.routes import endpoints as history_endpoints
from signfleet.fleet.devices.metrics.routes import endpoints as metric_endpoints
from signfleet.fleet.devices.models.routes import endpoints as model_endpoints
from signfleet.fleet.devices.notes.routes import endpoints as note_endpoints
from signfleet.fleet.devices.permissions.routes import endpoints as permission_endpoints
from signfleet.fleet.devices.regions.routes import endpoints as region_endpoints
from signfleet.fleet.devices.schemas import Player, PlayerPage
from signfleet.fleet.devices.scopes import PREFIX
from signfleet.fleet.devices.screenshots.routes import endpoints as screenshot_endpoints
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.settings import DeviceSettings
from signfleet.fleet.devices.tags.routes import endpoints as tag_endpoints
from signfleet.fleet.devices.tokens.routes import endpoints as token_endpoints
from signfleet.identity.access.operations.definitions import DELETE_DEVICE, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.operation_trees.schemas import OperationDocument
from signfleet.identity.operation_trees.service import OperationTrees
from signfleet.web.contract.patch import Changes
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import FILTER, LISTING, Endpoint, Endpoints, Parameter
from signfleet.web.http.paging import answer_page, list_query

endpoints = Endpoints(PREFIX)

#: In bytes: a client may send back a whole Player as it was read, with its tags and permissions.
PLAYER_LIMIT = 262_144


@endpoints.get("/", operation=VIEW_DEVICE, parameters=LISTING, answer=PlayerPage)
async def list_devices(call: Call, devices: Devices) -> Answer:
    """List the devices of the network."""
    query = list_query(call)
    return answer_page(await devices.list_(call.session, query), query.size)


@endpoints.get("/Count/", operation=VIEW_DEVICE, parameters=(FILTER,), answer=int)
async def count_devices(call: Call, devices: Devices) -> Answer:
    """Count the devices that a filter matches."""
    return answer_json(await devices.count(call.session, call.parameter("filter")))


@endpoints.get("/Operations/", answer=OperationDocument)
async def list_device_operations(call: Call, operation_trees: OperationTrees) -> Answer:
    """List the business operations on devices, and which roles may do them."""
    return answer_json(await operation_trees.get(call.session, "Device"))


@endpoints.get("/{device}/", operation=VIEW_DEVICE, answer=Player)
async def get_device(call: Call, devices: Devices, device: str) -> Answer:
    """Get a device by id or serial."""
    row, document, is_partial = await devices.get(call.session, device)
    if is_partial:  # no date changes when users become visible or hidden, so the tag covers the content
        return Answer(body=document, etag=f"{etag(row)}-{crc32(document):x}")
    return Answer(body=document, last_modified=row.changed_date, etag=etag(row))


@endpoints.put("/{device}/", operation=UPDATE_DEVICE, body=Player, partial=True, body_limit=PLAYER_LIMIT)
async def replace_device(call: Call, device_settings: DeviceSettings, device: str) -> Answer:
    """Update the settings of a device; what the body leaves out stays."""
    await device_settings.replace(call.session, device, call.body, call.precondition, call.now)
    return NO_CONTENT


@endpoints.patch("/{device}/", operation=UPDATE_DEVICE, body=Changes)
async def patch_device(call: Call, device_settings: DeviceSettings, device: str) -> Answer:
    """Replace single values of the settings of a device."""
    await device_settings.patch(call.session, device, call.body, call.precondition, call.now)
    return NO_CONTENT


@endpoints.delete("/{device}/", operation=DELETE_DEVICE)
async def delete_device(call: Call, device_deletion: DeviceDeletion, device: str) -> Answer:
    """Delete a device and everything that belongs to it."""
    await device_deletion.delete(call.session, device, call.precondition, call.now)
    return NO_CONTENT


@endpoints.delete(
    "/",
    operation=DELETE_DEVICE,
    parameters=(Parameter("filter", "An expression that says which devices to delete.", required=True),),
    answer=int,
)
async def delete_devices(call: Call, device_deletion: DeviceDeletion) -> Answer:
    """Delete all devices that a filter matches."""
    deleted = await device_deletion.delete_matching(call.session, call.parameter("filter"), call.now)
    return answer_json(deleted)


def all_endpoints() -> list[Endpoint]:
    """Returns the endpoints of /Devices and of everything below it."""
    return [
        *endpoints,
        *agent_endpoints,
        *beacon_endpoints,
        *history_endpoints,
        *metric_endpoints,
        *model_endpoints,
        *note_endpoints,
        *permission_endpoints,
        *region_endpoints,
        *screenshot_endpoints,
        *tag_endpoints,
        *token_endpoints,
    ]
