"""/Self: the person behind the token, and their networks."""

from __future__ import annotations

from signfleet.http.call import Answer, Call, answer_json
from signfleet.http.endpoint import Endpoint, Endpoints
from signfleet.networks.schemas import Network
from signfleet.people.schemas import Person, person_of
from signfleet.self_.session.routes import endpoints as session_endpoints

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


@endpoints.get(
    "/Networks/",
    caller="person",
    scope="bsn.api.self.networks.retrieve",
    answer=list[Network],
    statuses="200",
    errors="300 400 401 403 406 5XX",
)
async def list_networks(call: Call) -> Answer:
    """List the networks in which the person is a member."""
    return answer_json(await call.services.networks.of_person(call.person_id))


def all_endpoints() -> list[Endpoint]:
    """Those of /Self and of everything below it."""
    return [*endpoints, *session_endpoints]
