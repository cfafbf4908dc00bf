"""Reads and changes the person's profile. Two of its values are how long the person's tokens live."""

from __future__ import annotations

from signfleet.identity.profiles.schemas import Pair, ProfileDocument
from signfleet.identity.profiles.service import BODY_LIMIT, Profiles, of_person
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Self/Profile", caller="person")


@endpoints.get("/", answer=ProfileDocument)
async def get_profile(call: Call, profiles: Profiles) -> Answer:
    """Get the whole profile of the person."""
    return answer_json(await profiles.all(of_person(call.person_id)))


@endpoints.post("/", body=Pair, body_limit=BODY_LIMIT, answer=Pair)
async def add_profile_value(call: Call, profiles: Profiles) -> Answer:
    """Add a property to the profile of the person."""
    pair: Pair = call.body
    await profiles.add(of_person(call.person_id), pair.key, pair.value, call.now)
    return answer_created(call, pair, endpoints.prefix, pair.key)


@endpoints.get("/{key}/", answer=str)
async def get_profile_value(call: Call, profiles: Profiles, key: str) -> Answer:
    """Get one property of the profile of the person."""
    row = await profiles.get(of_person(call.person_id), key)
    return answer_json(row.value, last_modified=row.last_modified_date, etag=str(row.last_modified_date))


@endpoints.put("/{key}/", body=str, body_limit=BODY_LIMIT)
async def put_profile_value(call: Call, profiles: Profiles, key: str) -> Answer:
    """Replace or add a property of the profile of the person."""
    owner = of_person(call.person_id)
    is_new = await profiles.put(owner, key, call.body, call.precondition, call.now)
    return Answer(status=201) if is_new else NO_CONTENT


@endpoints.delete("/{key}/")
async def delete_profile_value(call: Call, profiles: Profiles, key: str) -> Answer:
    """Remove a property from the profile of the person."""
    await profiles.delete(of_person(call.person_id), key, call.precondition, call.now)
    return NO_CONTENT
