"""/Self: the person behind the token."""

from __future__ import annotations

from signfleet.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.http.endpoint import Endpoint, Endpoints
from signfleet.people.schemas import Person, PersonChange, person_of
from signfleet.self_.networks.routes import endpoints as network_endpoints
from signfleet.self_.profile.routes import endpoints as profile_endpoints
from signfleet.self_.session.routes import endpoints as session_endpoints
from signfleet.self_.tokens.routes import endpoints as token_endpoints
from signfleet.self_.users.profile import endpoints as user_profile_endpoints
from signfleet.self_.users.routes import endpoints as user_endpoints

endpoints = Endpoints("Self", "/2022/06/REST/Self")


@endpoints.get(
    "/",
    caller="person",
    scope="bsn.api.self.info.retrieve",
    answer=Person,
    statuses="200 304",
    errors="300 400 401 403 406 5XX",
)
async def get_self(call: Call) -> Answer:
    """Give the person behind the access token."""
    row = await call.services.people.row(call.person_id)
    modified = row.person_last_modified_date
    return answer_json(person_of(row), last_modified=modified, etag=str(modified))


@endpoints.put(
    "/",
    caller="person",
    scope="bsn.api.self.info.update",
    body=PersonChange,
    statuses="204",
    errors="300 400 401 403 406 412 415 5XX",
)
async def update_self(call: Call) -> Answer:
    """Change names or password of the person; what is left out, and what cannot be changed, stays."""
    await call.services.people.update(call.person_id, call.body, call.precondition, call.now, call.session.id)
    return NO_CONTENT


def all_endpoints() -> list[Endpoint]:
    """Those of /Self and of everything below it."""
    return [
        *endpoints,
        *network_endpoints,
        *profile_endpoints,
        *session_endpoints,
        *token_endpoints,
        *user_endpoints,
        *user_profile_endpoints,
    ]
