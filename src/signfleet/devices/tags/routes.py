"""`/Devices/{device}/Tags`: the tags of a device."""

from __future__ import annotations

from typing import Any

from signfleet.access.operations.catalogue import MANAGE_TAGS, VIEW_DEVICE
from signfleet.devices.scopes import NAME, PREFIX, RETRIEVE, UPDATE
from signfleet.devices.tags.service import Tags
from signfleet.http.call import NO_CONTENT, Answer, Call
from signfleet.http.endpoint import Endpoints

PATH = "/{device}/Tags/"

endpoints = Endpoints(NAME, PREFIX)


@endpoints.get(
    PATH,
    scope=RETRIEVE,
    operation=VIEW_DEVICE,
    answer=dict[str, str],
    statuses="200",
    errors="300 400 401 403 404 406 5XX",
)
async def get_tags(call: Call, device: str) -> Answer:
    """Give the tags of a device: values by key."""
    return Answer(body=(await call.service(Tags).get(call.session, device)).encode())


@endpoints.post(
    PATH,
    scope=UPDATE,
    operation=MANAGE_TAGS,
    body=dict[str, Any],
    statuses="204",
    errors="400 401 403 404 415 5XX",
)
async def add_tags(call: Call, device: str) -> Answer:
    """Add tags to a device. Values may be text or of the type of their tag."""
    await call.service(Tags).add(call.session, device, call.body, call.now)
    return NO_CONTENT


@endpoints.delete(
    PATH,
    scope=UPDATE,
    operation=MANAGE_TAGS,
    body=list[str],
    statuses="204",
    errors="300 400 401 403 404 406 5XX",
)
async def delete_tags(call: Call, device: str) -> Answer:
    """Delete tags of a device by their keys; keys that it has not are passed over."""
    await call.service(Tags).remove(call.session, device, call.body, call.now)
    return NO_CONTENT
