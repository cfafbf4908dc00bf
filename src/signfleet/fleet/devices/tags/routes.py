"""`/Devices/{device}/Tags`: the tags of a device."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.devices.scopes import PREFIX
from signfleet.fleet.devices.tags.service import Tags
from signfleet.identity.access.operations.definitions import MANAGE_TAGS, VIEW_DEVICE
from signfleet.web.http.call import NO_CONTENT, Answer, Call
from signfleet.web.http.endpoint import Endpoints

PATH = "/{device}/Tags/"

endpoints = Endpoints(PREFIX)


@endpoints.get(PATH, operation=VIEW_DEVICE, answer=dict[str, str])
async def get_tags(call: Call, tags: Tags, device: str) -> Answer:
    """Get the tags of a device: values by key."""
    return Answer(body=(await tags.get(call.session, device)).encode())


@endpoints.post(PATH, operation=MANAGE_TAGS, body=dict[str, Any])
async def add_tags(call: Call, tags: Tags, device: str) -> Answer:
    """Add tags to a device. Values may be text or of the type of their tag."""
    await tags.add(call.session, device, call.body, call.now)
    return NO_CONTENT


@endpoints.delete(PATH, operation=MANAGE_TAGS, body=list[str])
async def delete_tags(call: Call, tags: Tags, device: str) -> Answer:
    """Delete tags of a device by their keys; keys that it does not have are ignored."""
    await tags.remove(call.session, device, call.body, call.now)
    return NO_CONTENT
