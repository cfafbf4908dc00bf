"""`/Devices/{device}/Beacons`: the beacons that a device sends."""

from __future__ import annotations

from signfleet.fleet.devices.beacons.service import Beacons
from signfleet.fleet.devices.schemas import Beacon
from signfleet.fleet.devices.scopes import PREFIX
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, VIEW_DEVICE
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints(PREFIX)


@endpoints.get("/{device}/Beacons/", operation=VIEW_DEVICE, answer=list[Beacon])
async def list_beacons(call: Call, beacons: Beacons, device: str) -> Answer:
    """List the beacons of a device."""
    return answer_json(await beacons.list_(call.session, device))


@endpoints.get("/{device}/Beacons/{name}/", operation=VIEW_DEVICE, answer=Beacon)
async def get_beacon(call: Call, beacons: Beacons, device: str, name: str) -> Answer:
    """Get a beacon of a device by its name."""
    return answer_json(await beacons.get(call.session, device, name))


@endpoints.post("/{device}/Beacons/", operation=UPDATE_DEVICE, body=Beacon, answer=Beacon)
async def create_beacon(call: Call, beacons: Beacons, device: str) -> Answer:
    """Add a beacon to a device."""
    beacon: Beacon = call.body
    await beacons.add(call.session, device, beacon, call.now)
    return answer_created(call, beacon, endpoints.prefix, device, "Beacons", beacon.name)


@endpoints.delete("/{device}/Beacons/{name}/", operation=UPDATE_DEVICE)
async def delete_beacon(call: Call, beacons: Beacons, device: str, name: str) -> Answer:
    """Delete a beacon of a device."""
    await beacons.delete(call.session, device, name, call.now)
    return NO_CONTENT
