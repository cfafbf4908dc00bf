"""/Self: the person behind the token."""

from __future__ import annotations

from signfleet.identity.people.registration import Registrations
from signfleet.identity.people.schemas import Person, PersonChange, Registration, person_of
from signfleet.identity.people.service import People
from signfleet.identity.self_.applications.routes import endpoints as application_endpoints
from signfleet.identity.self_.networks.routes import endpoints as network_endpoints
from signfleet.identity.self_.profile.routes import endpoints as profile_endpoints
from signfleet.identity.self_.session.routes import endpoints as session_endpoints
from signfleet.identity.self_.tokens.routes import endpoints as token_endpoints
from signfleet.identity.self_.users.profile.routes import endpoints as user_profile_endpoints
from signfleet.identity.self_.users.routes import endpoints as user_endpoints
from signfleet.identity.sign_in.proof import PasswordProof
from signfleet.identity.users.administration import UserAdministration
from signfleet.web.caller.scopes import USER_SCOPE
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoint, Endpoints, Parameter

endpoints = Endpoints("/2022/06/REST/Self")
password_endpoints = Endpoints("/2022/06/REST", caller="public")

RETURN_URL = Parameter("returnURL", "Where the page redirects afterwards, if the settings allow it.")


@endpoints.get("/", caller="person", answer=Person)
async def get_self(call: Call, people: People) -> Answer:
    """Get the person behind the access token."""
    row = await people.row(call.person_id)
    modified = row.person_last_modified_date
    return answer_json(person_of(row), last_modified=modified, etag=str(modified))


@endpoints.post(
    "/", caller="public", body=Registration, answer=Person, secret=True, parameters=(RETURN_URL,), more="429"
)
async def register(call: Call, registrations: Registrations) -> Answer:
    """Register a person; a mailed link activates the account."""
    return_url = call.parameter("returnURL")
    return answer_json(await registrations.register(call.body, return_url, call.address, call.now))


@endpoints.put("/", caller="person", body=PersonChange)
async def update_self(
    call: Call, proof: PasswordProof, people: People, user_administration: UserAdministration
) -> Answer:
    """Update names or password of the person; omitted and read-only properties stay."""
    change: PersonChange = call.body
    person = await people.row(call.person_id)
    await user_administration.check_same_person(call.session, person, change.id, change.login)
    if change.password is not None:
        # The password grants all scopes.
        call.session.check_can_grant(USER_SCOPE.split(), "change the password, which grants every scope")
        await proof.require(call.session, change.current_password, call.address, call.now)
    await people.update(call.person_id, change, call.precondition, call.now, call.session.id)
    return NO_CONTENT


@password_endpoints.get(
    "/{login}/Password/", parameters=(RETURN_URL,), aliases=("/2022/06/REST/Self/{login}/Password/",), more="429"
)
async def reset_password(call: Call, registrations: Registrations, login: str) -> Answer:
    """Get a link to choose a new password by mail; the answer is the same for every login."""
    return_url = call.parameter("returnURL")
    registrations.request_reset(login, return_url, call.address, call.now, server=call.proven_url)
    return Answer(status=202)


def all_endpoints() -> list[Endpoint]:
    """Returns the endpoints of /Self and of everything below it."""
    return [
        *endpoints,
        *password_endpoints,
        *application_endpoints,
        *network_endpoints,
        *profile_endpoints,
        *session_endpoints,
        *token_endpoints,
        *user_endpoints,
        *user_profile_endpoints,
    ]
