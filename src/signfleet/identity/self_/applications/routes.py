"""Registers, changes and deletes the person's applications, and replaces their secrets."""

from __future__ import annotations

import msgspec

from signfleet.foundation.errors import of_another
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.applications.schemas import Application, ApplicationChange, application_of
from signfleet.identity.applications.service import Applications
from signfleet.identity.self_.applications.schemas import (
    ApplicationUpdate,
    NewApplication,
    NewSecret,
    secret_expiry,
)
from signfleet.web.caller.scopes import USER_SCOPE
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.documented import documented
from signfleet.web.http.endpoint import FILTER, SORT, Endpoints, Parameter

endpoints = Endpoints("/2022/06/REST/Self/Applications", family="Self", caller="person")

RETRIEVE = "bsn.api.self.applications.retrieve"
CREATE = "bsn.api.self.applications.create"
UPDATE = "bsn.api.self.applications.update"
DELETE = "bsn.api.self.applications.delete"


@endpoints.get("/", scope=RETRIEVE, parameters=(FILTER, SORT), answer=list[Application])
async def list_applications(call: Call, applications: Applications) -> Answer:
    """List the applications that act for the person, the oldest first unless they are sorted."""
    rows = await applications.matching(call.person_id, call.parameter("filter"), call.parameter("sort"))
    return answer_json([application_of(row) for row in rows])


@endpoints.get("/Count/", scope=RETRIEVE, parameters=(FILTER,), answer=int)
async def count_applications(call: Call, applications: Applications) -> Answer:
    """Count the applications that act for the person and that a filter matches."""
    return answer_json(await applications.count(call.person_id, call.parameter("filter")))


@endpoints.get("/Scopes/", scope=RETRIEVE, answer=list[str])
async def list_scopes(_call: Call) -> Answer:
    """List the scopes that an application can have. A scope includes everything below it."""
    named = {row.scope for row in documented() if row.scope.startswith("bsn.")}
    return answer_json(sorted(named | set(USER_SCOPE.split())))


@endpoints.post(
    "/", scope=CREATE, body=NewApplication, answer=Application, secret=True, errors="400 401 403 406 415 5XX"
)
async def create_application(call: Call, applications: Applications) -> Answer:
    """Register an application that acts for the person; only this answer has its secret."""
    new: NewApplication = call.body
    scope = _own_scopes(call) if new.scopes is None else _checked(call, new.scopes)
    expiry = secret_expiry(new.secret_expiration_date)
    credentials = await applications.create(
        new.name, call.person_id, call.now, scope, new.description, secret_expiry=expiry
    )
    row = await applications.own(call.person_id, credentials.id)
    return answer_created(call, application_of(row, credentials.client_secret), endpoints.prefix, row.id)


@endpoints.get("/{application}/", scope=RETRIEVE, answer=Application, statuses="200 304")
async def get_application(call: Call, applications: Applications, application: str) -> Answer:
    """Get one of the applications that act for the person."""
    row = await applications.own(call.person_id, id_of(application))
    modified = row.last_modified_date
    return answer_json(application_of(row), last_modified=modified, etag=str(modified))


@endpoints.put("/{application}/", scope=UPDATE, body=ApplicationUpdate, errors="400 401 403 404 406 412 415 5XX")
async def update_application(call: Call, applications: Applications, application: str) -> Answer:
    """Update an application's name, description, scopes or the expiry of its secret; omitted properties stay."""
    body: ApplicationUpdate = call.body
    await _check_same(call, applications, id_of(application), body)
    scope = None if body.scopes is None else _checked(call, body.scopes)
    expiry = None
    if body.secret_expiration_date is not msgspec.UNSET:
        expiry = secret_expiry(body.secret_expiration_date)
        row = await applications.own(call.person_id, id_of(application))
        if expiry.is_later_than(row.secret_expiration_date):
            call.session.check_can_grant(row.scope.split())  # as for a new secret
    change = ApplicationChange(body.name, body.description, scope, expiry)
    await applications.update(call.person_id, id_of(application), change, call.precondition, call.now)
    return NO_CONTENT


@endpoints.delete(
    "/",
    scope=DELETE,
    parameters=(Parameter("filter", "An expression that says which applications to delete.", required=True),),
    answer=int,
    statuses="200",
)
async def delete_applications(call: Call, applications: Applications) -> Answer:
    """Delete those of the person's applications that a filter matches; their tokens end at once."""
    return answer_json(await applications.delete_matching(call.person_id, call.parameter("filter"), call.now))


@endpoints.delete("/{application}/", scope=DELETE, errors="400 401 403 404 406 412 5XX")
async def delete_application(call: Call, applications: Applications, application: str) -> Answer:
    """Delete an application; its tokens end at once."""
    await applications.delete(call.person_id, id_of(application), call.precondition, call.now)
    return NO_CONTENT


@endpoints.post(
    "/{application}/Secret/",
    scope=UPDATE,
    body=NewSecret,
    body_optional=True,
    answer=Application,
    secret=True,
    statuses="200",
    errors="400 401 403 404 406 415 5XX",
)
async def rotate_secret(call: Call, applications: Applications, application: str) -> Answer:
    """Replace the secret of an application; only this answer has it. The old secret and its tokens end at once."""
    number = id_of(application)
    expiry = secret_expiry(None if call.body is None else call.body.secret_expiration_date)
    row = await applications.own(call.person_id, number)
    call.session.check_can_grant(row.scope.split())  # the secret grants every scope of the application
    secret = await applications.rotate_secret(call.person_id, number, call.now, expiry)
    return answer_json(application_of(await applications.own(call.person_id, number), secret))


async def _check_same(
    call: Call, applications: Applications, application_id: int | None, body: ApplicationUpdate
) -> None:
    """Raises `Invalid` if the body has the id or client id of another application of the person."""
    for row in await applications.of_person(call.person_id):
        if row.id != application_id and (body.id == row.id or body.client_id == row.client_id):
            raise of_another("id" if body.id == row.id else "clientId", "application", row.id, application_id)


def _own_scopes(call: Call) -> str:
    """Returns all scopes that the caller may grant."""
    return USER_SCOPE if all(map(call.session.may_grant, USER_SCOPE.split())) else call.session.scope


def _checked(call: Call, scopes: list[str]) -> str:
    each = " ".join(scopes).split()  # one string may have several scopes
    call.session.check_can_grant(each)
    return " ".join(each)
