"""`/Roles`: the roles of the chosen network."""

from __future__ import annotations

from signfleet.identity.access.operations.definitions import (
    CREATE_ROLE,
    DELETE_ROLE,
    EDIT_ROLE_PERMISSIONS,
    UPDATE_ROLE,
    VIEW_ROLE,
)
from signfleet.identity.access.schemas import Permission
from signfleet.identity.operation_trees.schemas import OperationDocument
from signfleet.identity.operation_trees.service import OperationTrees
from signfleet.identity.roles.schemas import NewRole, Role, RoleChange, RolePage
from signfleet.identity.roles.service import Roles
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import PAGING, Endpoints
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.roles.retrieve"
CREATE = "bsn.api.main.roles.create"
UPDATE = "bsn.api.main.roles.update"
DELETE = "bsn.api.main.roles.delete"
ERRORS = "300 400 401 403 404 406 5XX"
BODY_ERRORS = "400 401 403 404 415 5XX"

endpoints = Endpoints("/2022/06/REST/Roles", family="Roles")


@endpoints.get("/", scope=RETRIEVE, operation=VIEW_ROLE, parameters=PAGING, answer=RolePage)
async def list_roles(call: Call, roles: Roles) -> Answer:
    """List the roles of the network: system roles first, then custom ones."""
    query = list_query(call)
    return answer_page(await roles.list_(call.session, query), query.size)


@endpoints.get("/Operations/", scope="bsn.api.main.operations.retrieve", answer=OperationDocument)
async def list_role_operations(call: Call, operation_trees: OperationTrees) -> Answer:
    """List the business operations on roles, and which roles may do them."""
    return answer_json(await operation_trees.get(call.session, "Role"))


@endpoints.post("/", scope=CREATE, operation=CREATE_ROLE, body=NewRole, answer=Role, errors=BODY_ERRORS)
async def create_role(call: Call, roles: Roles) -> Answer:
    """Create a custom role."""
    role = await roles.create(call.session, call.body, call.now)
    return answer_created(call, role, endpoints.prefix, role.id)


@endpoints.get("/{role}/", scope=RETRIEVE, operation=VIEW_ROLE, answer=Role, errors=ERRORS)
async def get_role(call: Call, roles: Roles, role: str) -> Answer:
    """Get a role by id or name."""
    return answer_json(await roles.get(call.session, role))


@endpoints.put("/{role}/", scope=UPDATE, operation=UPDATE_ROLE, body=RoleChange, errors=BODY_ERRORS)
async def update_role(call: Call, roles: Roles, role: str) -> Answer:
    """Update name or description of a custom role."""
    await roles.update(call.network_id, role, call.body, call.now)
    return NO_CONTENT


@endpoints.delete("/{role}/", scope=DELETE, operation=DELETE_ROLE, errors=ERRORS)
async def delete_role(call: Call, roles: Roles, role: str) -> Answer:
    """Delete a custom role that no user has."""
    await roles.delete(call.network_id, role, call.now)
    return NO_CONTENT


@endpoints.get("/{role}/Permissions/", scope=RETRIEVE, operation=VIEW_ROLE, answer=list[Permission], errors=ERRORS)
async def list_role_permissions(call: Call, roles: Roles, role: str) -> Answer:
    """List the permissions of a role."""
    return answer_json((await roles.get(call.session, role)).permissions)


@endpoints.post(
    "/{role}/Permissions/",
    scope=UPDATE,
    operation=EDIT_ROLE_PERMISSIONS,
    body=list[Permission],
    statuses="204",
    errors=BODY_ERRORS,
)
async def add_role_permissions(call: Call, roles: Roles, role: str) -> Answer:
    """Add permissions to a custom role."""
    await roles.grants.add_permissions(call.session, role, call.body, call.now)
    return NO_CONTENT


@endpoints.delete(
    "/{role}/Permissions/", scope=UPDATE, operation=EDIT_ROLE_PERMISSIONS, body=list[Permission], errors=ERRORS
)
async def delete_role_permissions(call: Call, roles: Roles, role: str) -> Answer:
    """Remove permissions from a custom role."""
    await roles.grants.remove_permissions(call.session, role, call.body, call.now)
    return NO_CONTENT
