"""`/Devices/{device}/Beacons`: the beacons that a device sends."""

from __future__ import annotations

from signfleet.access.operations.catalogue import UPDATE_DEVICE, VIEW_DEVICE
from signfleet.devices.beacons.service import Beacons
from signfleet.devices.schemas import Beacon
from signfleet.devices.scopes import NAME, PREFIX, RETRIEVE, UPDATE
from signfleet.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.http.endpoint import Endpoints

endpoints = Endpoints(NAME, PREFIX)


@endpoints.get(
    "/{device}/Beacons/",
    scope=RETRIEVE,
    operation=VIEW_DEVICE,
    answer=list[Beacon],
    statuses="200",
    errors="300 400 401 403 404 406 5XX",
)
async def list_beacons(call: Call, device: str) -> Answer:
    """List the beacons of a device."""
    return answer_json(await call.service(Beacons).list_(call.session, device))


@endpoints.get(
    "/{device}/Beacons/{name}/",
    scope=RETRIEVE,
    operation=VIEW_DEVICE,
    answer=Beacon,
    statuses="200",
    errors="300 400 401 403 404 406 5XX",
)
async def get_beacon(call: Call, device: str, name: str) -> Answer:
    """Get a beacon of a device by its name."""
    return answer_json(await call.service(Beacons).get(call.session, device, name))


@endpoints.post(
    "/{device}/Beacons/",
    scope=UPDATE,
    operation=UPDATE_DEVICE,
    body=Beacon,
    answer=Beacon,
    statuses="201",
    errors="300 400 401 403 404 406 415 5XX",
)
async def create_beacon(call: Call, device: str) -> Answer:
    """Add a beacon to a device."""
    beacon: Beacon = call.body
    await call.service(Beacons).add(call.session, device, beacon, call.now)
    return answer_created(call, beacon, endpoints.prefix, device, "Beacons", beacon.name)


@endpoints.delete(
    "/{device}/Beacons/{name}/",
    scope=UPDATE,
    operation=UPDATE_DEVICE,
    statuses="204",
    errors="300 400 401 403 404 406 5XX",
)
async def delete_beacon(call: Call, device: str, name: str) -> Answer:
    """Delete a beacon of a device."""
    await call.service(Beacons).delete(call.session, device, name, call.now)
    return NO_CONTENT
