"""Reads and changes the person's profile. Two of its values are how long the person's tokens live."""

from __future__ import annotations

from signfleet.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.http.endpoint import Endpoints
from signfleet.profiles.schemas import Pair, ProfileDocument
from signfleet.profiles.service import BODY_LIMIT, Profiles, of_person

endpoints = Endpoints("Self", "/2022/06/REST/Self/Profile")

RETRIEVE = "bsn.api.self.profile.retrieve"
UPDATE = "bsn.api.self.profile.update"


@endpoints.get("/", caller="person", scope=RETRIEVE, answer=ProfileDocument, statuses="200", errors="400 401 403 5XX")
async def get_profile(call: Call) -> Answer:
    """Give the whole profile of the person."""
    return answer_json(await call.service(Profiles).all(of_person(call.person_id)))


@endpoints.post(
    "/",
    caller="person",
    scope=UPDATE,
    body=Pair,
    body_limit=BODY_LIMIT,
    answer=Pair,
    statuses="201",
    errors="300 400 401 403 406 409 413 415 5XX",
)
async def add_profile_value(call: Call) -> Answer:
    """Add a property to the profile of the person."""
    pair: Pair = call.body
    await call.service(Profiles).add(of_person(call.person_id), pair.key, pair.value, call.now)
    return answer_created(call, pair, endpoints.prefix, pair.key)


@endpoints.get(
    "/{key}/",
    caller="person",
    scope=RETRIEVE,
    answer=str,
    statuses="200 304",
    errors="300 400 401 403 404 406 5XX",
)
async def get_profile_value(call: Call, key: str) -> Answer:
    """Give one property of the profile of the person."""
    row = await call.service(Profiles).get(of_person(call.person_id), key)
    return answer_json(row.value, last_modified=row.last_modified_date, etag=str(row.last_modified_date))


@endpoints.put(
    "/{key}/",
    caller="person",
    scope=UPDATE,
    body=str,
    body_limit=BODY_LIMIT,
    statuses="201 204",
    errors="300 400 401 403 404 406 412 413 415 5XX",
)
async def put_profile_value(call: Call, key: str) -> Answer:
    """Set a property of the profile of the person."""
    owner = of_person(call.person_id)
    is_new = await call.service(Profiles).put(owner, key, call.body, call.precondition, call.now)
    return Answer(status=201) if is_new else NO_CONTENT


@endpoints.delete(
    "/{key}/",
    caller="person",
    scope=UPDATE,
    statuses="204",
    errors="300 400 401 403 404 406 412 5XX",
)
async def delete_profile_value(call: Call, key: str) -> Answer:
    """Remove a property from the profile of the person."""
    await call.service(Profiles).delete(of_person(call.person_id), key, call.precondition, call.now)
    return NO_CONTENT
