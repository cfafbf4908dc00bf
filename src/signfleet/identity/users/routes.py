"""`/Users`: the users of the chosen network, for its administrators."""

from __future__ import annotations

from hashlib import sha256

from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import (
    CREATE_USER,
    DELETE_USER,
    EDIT_USER_PERMISSIONS,
    REVOKE_USER_TOKENS,
    UPDATE_USER,
    VIEW_USER,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission
from signfleet.identity.operation_trees.schemas import OperationDocument
from signfleet.identity.operation_trees.service import OperationTrees
from signfleet.identity.tokens.schemas import TokenInfo
from signfleet.identity.tokens.service import Tokens
from signfleet.identity.users.administration import UserAdministration
from signfleet.identity.users.schemas import NewUser, User, UserChange, UserPage
from signfleet.identity.users.service import Users
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import LISTING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.users.retrieve"
CREATE = "bsn.api.main.users.create"
UPDATE = "bsn.api.main.users.update"
DELETE = "bsn.api.main.users.delete"
ERRORS = "300 400 401 403 404 406 5XX"
BODY_ERRORS = "400 401 403 404 415 5XX"

endpoints = Endpoints("/2022/06/REST/Users", family="Users")


@endpoints.get("/", scope=RETRIEVE, operation=VIEW_USER, parameters=LISTING, answer=UserPage)
async def list_users(call: Call, user_administration: UserAdministration) -> Answer:
    """List the users of the network."""
    query = list_query(call)
    return answer_page(await user_administration.list_(call.session, query), query.size)


def answer_user(user: User, version: int, last_modified: int | None) -> Answer:
    """Answers with a user. `version` is the date of the row; `last_modified` is None if no date shows every change."""
    body = encode(user)
    return Answer(body=body, last_modified=last_modified, etag=f"{version}-{sha256(body).hexdigest()[:16]}")


@endpoints.get("/Operations/", scope="bsn.api.main.operations.retrieve", answer=OperationDocument)
async def list_user_operations(call: Call, operation_trees: OperationTrees) -> Answer:
    """List the business operations on users, and which roles may do them."""
    return answer_json(await operation_trees.get(call.session, "User"))


@endpoints.post("/", scope=CREATE, operation=CREATE_USER, body=NewUser, answer=User, secret=True, errors=BODY_ERRORS)
async def create_user(call: Call, user_administration: UserAdministration) -> Answer:
    """Create a user by inviting a person. Only this answer has the password that is suggested to them."""
    user = await user_administration.create(call.session, call.body, call.now)
    return answer_created(call, user, endpoints.prefix, user.id)


@endpoints.get("/{user}/", scope=RETRIEVE, operation=VIEW_USER, answer=User, statuses="200 304", errors=ERRORS)
async def get_user(call: Call, user_administration: UserAdministration, users: Users, user: str) -> Answer:
    """Get a user by id or login."""
    row = await user_administration.row(call.session, user)
    entity = await user_administration.entity(call.session, row)
    return answer_user(entity, row.last_modified_date, await users.last_change(row))


@endpoints.put("/{user}/", scope=UPDATE, operation=UPDATE_USER, body=UserChange, errors=f"{BODY_ERRORS} 412")
async def update_user(call: Call, user_administration: UserAdministration, user: str) -> Answer:
    """Update a user's description or role, or lock them out of the network."""
    await user_administration.update(call.session, user, call.body, call.precondition, call.now)
    return NO_CONTENT


@endpoints.delete("/{user}/", scope=DELETE, operation=DELETE_USER, errors=ERRORS)
async def delete_user(call: Call, user_administration: UserAdministration, user: str) -> Answer:
    """Remove a user from the network; the person stays."""
    await user_administration.delete(call.session, user, call.now)
    return NO_CONTENT


@endpoints.get("/{user}/Permissions/", scope=RETRIEVE, operation=VIEW_USER, answer=list[Permission], errors=ERRORS)
async def list_user_permissions(call: Call, user_administration: UserAdministration, user: str) -> Answer:
    """List the permissions of a user, apart from those of their role."""
    return answer_json(await user_administration.permissions(call.session, user))


@endpoints.post(
    "/{user}/Permissions/",
    scope=UPDATE,
    operation=EDIT_USER_PERMISSIONS,
    body=list[Permission],
    statuses="204",
    errors=BODY_ERRORS,
)
async def add_user_permissions(call: Call, user_administration: UserAdministration, user: str) -> Answer:
    """Add permissions to a user for all entities of a kind; add those for one entity at that entity."""
    await user_administration.grants.add_permissions(call.session, user, call.body, call.now)
    return NO_CONTENT


@endpoints.delete(
    "/{user}/Permissions/", scope=UPDATE, operation=EDIT_USER_PERMISSIONS, body=list[Permission], errors=ERRORS
)
async def delete_user_permissions(call: Call, user_administration: UserAdministration, user: str) -> Answer:
    """Remove permissions of a user for all entities of a kind."""
    await user_administration.grants.remove_permissions(call.session, user, call.body, call.now)
    return NO_CONTENT


@endpoints.get(
    "/{user}/Tokens/{token}/",
    scope="bsn.api.main.users.token.validate",
    operation=VIEW_USER,
    answer=TokenInfo,
    secret=True,
    errors=ERRORS,
)
async def get_user_token(
    call: Call, user_administration: UserAdministration, tokens: Tokens, user: str, token: str
) -> Answer:
    """Check an access or refresh token of a user in this network."""
    row = await user_administration.row(call.session, user)
    return answer_json(await tokens.get_of_user(row.network_id, row.id, token, call.now))


@endpoints.delete(
    "/{user}/Tokens/{token}/", scope="bsn.api.main.users.token.revoke", operation=REVOKE_USER_TOKENS, errors=ERRORS
)
async def revoke_user_token(
    call: Call, user_administration: UserAdministration, permissions: Permissions, tokens: Tokens, user: str, token: str
) -> Answer:
    """Revoke an access or refresh token of a user in this network."""
    row = await user_administration.row(call.session, user)
    await permissions.require_on(call.session, REVOKE_USER_TOKENS, row.id)
    await tokens.revoke_of_user(row.network_id, row.id, token, call.now)
    return NO_CONTENT
