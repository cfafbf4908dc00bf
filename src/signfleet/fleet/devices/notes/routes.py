"""`/Devices/{device}/Notes` and `/Devices/All/Notes`, which newer clients call."""

from __future__ import annotations

from signfleet.fleet.devices.notes.schemas import Note, NoteChange, NotePage
from signfleet.fleet.devices.notes.service import Notes
from signfleet.fleet.devices.scopes import NAME, PREFIX, RETRIEVE, UPDATE
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, VIEW_DEVICE
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import LISTING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

endpoints = Endpoints(PREFIX, family=NAME)


@endpoints.get(
    "/All/Notes/",
    scope=RETRIEVE,
    operation=VIEW_DEVICE,
    parameters=LISTING,
    answer=NotePage,
    errors="300 400 401 403 406 5XX",
)
async def list_notes(call: Call, notes: Notes) -> Answer:
    """List the notes of all devices that have one. Filter and sort by the properties of devices."""
    query = list_query(call)
    return answer_page(await notes.list_(call.session, query), query.size)


@endpoints.get(
    "/{device}/Notes/", scope=RETRIEVE, operation=VIEW_DEVICE, answer=Note, errors="300 400 401 403 404 406 5XX"
)
async def get_note(call: Call, notes: Notes, device: str) -> Answer:
    """Get the note of a device."""
    return answer_json(await notes.get(call.session, device))


@endpoints.put(
    "/{device}/Notes/", scope=UPDATE, operation=UPDATE_DEVICE, body=NoteChange, errors="300 400 401 403 404 406 415 5XX"
)
async def put_note(call: Call, notes: Notes, device: str) -> Answer:
    """Replace the note of a device; an empty text deletes it."""
    change: NoteChange = call.body
    await notes.put(call.session, device, change, call.now)
    return NO_CONTENT
