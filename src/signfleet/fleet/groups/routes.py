"""`/Groups/Regular`: the device groups of the chosen network."""

from __future__ import annotations

from zlib import crc32

from signfleet.fleet.groups.schemas import Group, GroupChange, GroupPage, NewGroup
from signfleet.fleet.groups.service import Groups
from signfleet.identity.access.operations.definitions import (
    CREATE_GROUP,
    DELETE_GROUP,
    EDIT_GROUP_PERMISSIONS,
    UPDATE_GROUP,
    VIEW_GROUP,
)
from signfleet.identity.access.schemas import Permission
from signfleet.identity.operation_trees.schemas import OperationDocument
from signfleet.identity.operation_trees.service import OperationTrees
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_created, answer_json
from signfleet.web.http.endpoint import FILTER, LISTING, Endpoints, Parameter
from signfleet.web.http.paging import answer_page, list_query

RETRIEVE = "bsn.api.main.groups.regular.retrieve"
CREATE = "bsn.api.main.groups.regular.create"
UPDATE = "bsn.api.main.groups.regular.update"
DELETE = "bsn.api.main.groups.regular.delete"
ERRORS = "300 400 401 403 404 406 5XX"
BODY_ERRORS = "400 401 403 404 415 5XX"

endpoints = Endpoints("/2022/06/REST/Groups/Regular", family="Groups")


@endpoints.get("/", scope=RETRIEVE, operation=VIEW_GROUP, parameters=LISTING, answer=GroupPage)
async def list_groups(call: Call, groups: Groups) -> Answer:
    """List the groups of the network."""
    query = list_query(call)
    return answer_page(await groups.list_(call.session, query), query.size)


@endpoints.get("/Count/", scope=RETRIEVE, operation=VIEW_GROUP, parameters=(FILTER,), answer=int)
async def count_groups(call: Call, groups: Groups) -> Answer:
    """Count the groups that a filter matches."""
    return answer_json(await groups.count(call.session, call.parameter("filter")))


@endpoints.get("/Operations/", scope="bsn.api.main.operations.retrieve", answer=OperationDocument)
async def list_group_operations(call: Call, operation_trees: OperationTrees) -> Answer:
    """List the business operations on groups, and which roles may do them."""
    return answer_json(await operation_trees.get(call.session, "Group"))


@endpoints.post("/", scope=CREATE, operation=CREATE_GROUP, body=NewGroup, answer=Group, errors=BODY_ERRORS)
async def create_group(call: Call, groups: Groups) -> Answer:
    """Create a group."""
    group = await groups.create(call.session, call.body, call.now)
    return answer_created(call, group, endpoints.prefix, group.id)


@endpoints.get("/{group}/", scope=RETRIEVE, operation=VIEW_GROUP, answer=Group, errors=ERRORS)
async def get_group(call: Call, groups: Groups, group: str) -> Answer:
    """Get a group by id or name, with the devices in it."""
    entity, row = await groups.get(call.session, group)
    answer = answer_json(entity)
    # The tag covers the devices too; preconditions of writes compare the group's own date alone.
    answer.etag = f"{row.last_modified_date}-{crc32(answer.body or b''):x}"
    return answer


@endpoints.put("/{group}/", scope=UPDATE, operation=UPDATE_GROUP, body=GroupChange, errors=f"{BODY_ERRORS} 412")
async def update_group(call: Call, groups: Groups, group: str) -> Answer:
    """Update the name or the description of a group."""
    await groups.update(call.session, group, call.body, call.precondition, call.now)
    return NO_CONTENT


@endpoints.delete(
    "/",
    scope=DELETE,
    operation=DELETE_GROUP,
    parameters=(Parameter("filter", "An expression that says which groups to delete.", required=True),),
    answer=int,
    statuses="200",
)
async def delete_groups(call: Call, groups: Groups) -> Answer:
    """Delete all groups that a filter matches, except Default; their devices move there."""
    return answer_json(await groups.delete_matching(call.session, call.parameter("filter"), call.now))


@endpoints.delete("/{group}/", scope=DELETE, operation=DELETE_GROUP, errors=f"{ERRORS} 412")
async def delete_group(call: Call, groups: Groups, group: str) -> Answer:
    """Delete a group; its devices move to the group Default."""
    await groups.delete(call.session, group, call.precondition, call.now)
    return NO_CONTENT


@endpoints.get("/{group}/Permissions/", scope=RETRIEVE, operation=VIEW_GROUP, answer=list[Permission], errors=ERRORS)
async def list_group_permissions(call: Call, groups: Groups, group: str) -> Answer:
    """List the permissions of a group."""
    return answer_json(await groups.permissions(call.session, group))


@endpoints.post(
    "/{group}/Permissions/",
    scope=UPDATE,
    operation=EDIT_GROUP_PERMISSIONS,
    body=list[Permission],
    statuses="204",
    errors=BODY_ERRORS,
)
async def add_group_permissions(call: Call, groups: Groups, group: str) -> Answer:
    """Add permissions to a group."""
    await groups.grants.add_permissions(call.session, group, call.body, call.now)
    return NO_CONTENT


@endpoints.delete(
    "/{group}/Permissions/", scope=UPDATE, operation=EDIT_GROUP_PERMISSIONS, body=list[Permission], errors=ERRORS
)
async def delete_group_permissions(call: Call, groups: Groups, group: str) -> Answer:
    """Remove permissions from a group."""
    await groups.grants.remove_permissions(call.session, group, call.body, call.now)
    return NO_CONTENT
