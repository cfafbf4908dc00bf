"""Reads and changes the profile of one of the person's users."""

from __future__ import annotations

from signfleet.identity.profiles.schemas import Pair, ProfileDocument
from signfleet.identity.profiles.service import BODY_LIMIT, Owner, Profiles, of_user
from signfleet.identity.users.service import Users
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Self/Users", caller="person")


@endpoints.get("/{user}/Profile/", answer=ProfileDocument)
async def get_user_profile(call: Call, profiles: Profiles, users: Users, user: str) -> Answer:
    """Get the whole profile of a user."""
    return answer_json(await profiles.all(await _owner(call, users, user)))


@endpoints.post("/{user}/Profile/", body=Pair, body_limit=BODY_LIMIT, answer=Pair)
async def add_user_profile_value(call: Call, profiles: Profiles, users: Users, user: str) -> Answer:
    """Add a property to the profile of a user."""
    pair: Pair = call.body
    await profiles.add(await _owner(call, users, user), pair.key, pair.value, call.now)
    return answer_created(call, pair, endpoints.prefix, user, "Profile", pair.key)


@endpoints.get("/{user}/Profile/{key}/", answer=str)
async def get_user_profile_value(call: Call, profiles: Profiles, users: Users, user: str, key: str) -> Answer:
    """Get one property of the profile of a user."""
    row = await profiles.get(await _owner(call, users, user), key)
    return answer_json(row.value, last_modified=row.last_modified_date, etag=str(row.last_modified_date))


@endpoints.put("/{user}/Profile/{key}/", body=str, body_limit=BODY_LIMIT)
async def put_user_profile_value(call: Call, profiles: Profiles, users: Users, user: str, key: str) -> Answer:
    """Replace or add a property of the profile of a user."""
    owner = await _owner(call, users, user)
    is_new = await profiles.put(owner, key, call.body, call.precondition, call.now)
    return Answer(status=201) if is_new else NO_CONTENT


@endpoints.delete("/{user}/Profile/{key}/")
async def delete_user_profile_value(call: Call, profiles: Profiles, users: Users, user: str, key: str) -> Answer:
    """Remove a property from the profile of a user."""
    await profiles.delete(await _owner(call, users, user), key, call.precondition, call.now)
    return NO_CONTENT


async def _owner(call: Call, users: Users, user: str) -> Owner:
    row = await users.own(call.person_id, user)
    return of_user(row.network_id, row.id)
