"""`/console/people/roles`: the roles of the network; people create, copy, change and delete their own."""

from __future__ import annotations

from typing import Final

import msgspec

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import Difference, FormData, beside, differing
from signfleet.console.pages import Pages
from signfleet.console.people.tabs import page
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.foundation.errors import Invalid, Stale
from signfleet.identity.access.operations.definitions import (
    CREATE_ROLE,
    DELETE_ROLE,
    EDIT_ROLE_PERMISSIONS,
    UPDATE_ROLE,
    VIEW_ROLE,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission
from signfleet.identity.roles.schemas import NewRole, Role, RoleChange
from signfleet.identity.roles.service import Roles, version_of_role
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 50
PATH: Final = "/console/people/roles/"
NAME_LIMIT: Final = 128
DESCRIPTION_LIMIT: Final = 4096
FIELDS: Final = {"name": "name", "description": "description"}
LABELS: Final = {"name": later("Name"), "description": later("Description")}

pages = Pages("/console/people/roles")


class ListedRole(msgspec.Struct, rename="camel"):
    """What the list shows of a role."""

    id: int
    is_custom: bool
    name: str
    description: str
    user_count: int


_decoder = msgspec.json.Decoder(list[ListedRole])


@pages.get("/", operation=VIEW_ROLE)
async def list_roles(view: View, roles: Roles, permissions: Permissions) -> Answer:
    """List the roles of the network, a page at a time."""
    marker = view.call.parameter("marker")
    found = await roles.list_(view.session, ListQuery(None, None, marker, PAGE_SIZE))
    return await page(
        view,
        permissions,
        "role-rows.html" if view.wants_rows else "roles.html",
        roles=_decoder.decode(b"[%b]" % b",".join(found.items)),
        marker=marker,
        more=f"{PATH}?marker={found.next_marker}" if found.next_marker else None,
        may_create=await permissions.allows(view.session, CREATE_ROLE),
    )


@pages.get("/new/", operation=CREATE_ROLE)
async def show_new_role(view: View, roles: Roles, permissions: Permissions) -> Answer:
    """Get the form that creates a role, perhaps as a copy of another one."""
    given = {"name": "", "description": "", "copy": view.call.parameter("copy") or ""}
    return await _new(view, roles, permissions, given, errors={})


@pages.post("/new/", operation=CREATE_ROLE)
async def create_role(view: View, roles: Roles, permissions: Permissions) -> Answer:
    """Create a role of the form, with the permissions of the role that it copies."""
    await permissions.require_everywhere(view.session, CREATE_ROLE)
    form = FormData(view.call)
    given = {name: form.get(name) for name in ("name", "description", "copy")}
    try:
        _check(given)
        copied = await _permissions_of(view, roles, permissions, given["copy"])
        role = await roles.create(view.session, NewRole(given["name"], given["description"] or None, copied), view.now)
    except Invalid as error:
        return await _new(view, roles, permissions, given, errors=beside(error, FIELDS), status=400)
    return view.redirect(f"{PATH}{role.id}/")


@pages.get("/{role}/", operation=VIEW_ROLE)
async def show_role(view: View, roles: Roles, permissions: Permissions, role: str) -> Answer:
    """Get one role: its users, its permissions, and what can be changed."""
    found = await roles.get(view.session, role)
    return await _role(view, permissions, found, {"name": found.name, "description": found.description}, errors={})


@pages.post("/{role}/", operation=UPDATE_ROLE)
async def change_role(view: View, roles: Roles, permissions: Permissions, role: str) -> Answer:
    """Change name or description of a role, unless somebody else has changed them since the form was shown."""
    await permissions.require_everywhere(view.session, UPDATE_ROLE)
    form = FormData(view.call)
    found = await roles.get(view.session, role)
    given = {name: form.get(name) for name in FIELDS}
    try:
        _check(given)
        change = RoleChange(name=given["name"], description=given["description"])
        await roles.update(view.session.network, role, change, view.now, form.precondition)
    except Invalid as error:
        return await _role(view, permissions, found, given, errors=beside(error, FIELDS), status=400)
    except Stale:
        found = await roles.get(view.session, str(found.id))
        theirs = {"name": found.name, "description": found.description}
        conflict = differing({name: view.text(label) for name, label in LABELS.items()}, given, theirs)
        if conflict:
            return await _role(view, permissions, found, given, errors={}, conflict=conflict, status=412)
    return view.redirect(f"{PATH}{found.id}/?saved=1")


@pages.post("/{role}/delete", operation=DELETE_ROLE)
async def delete_role(view: View, roles: Roles, permissions: Permissions, role: str) -> Answer:
    """Delete a role that no user has."""
    await permissions.require_everywhere(view.session, DELETE_ROLE)
    found = await roles.get(view.session, role)
    loss = Loss("role", found.name, len(found.permissions))
    if not found.user_count and (asked := question(view, loss, f"{PATH}{found.id}/")) is not None:
        return asked
    try:
        await roles.delete(view.session.network, role, view.now)
    except Invalid as error:
        values = {"name": found.name, "description": found.description}
        return await _role(view, permissions, found, values, errors={"delete": error.message}, status=400)
    return view.redirect(PATH)


def _check(given: dict[str, str]) -> None:
    for name, limit in (("name", NAME_LIMIT), ("description", DESCRIPTION_LIMIT)):
        if len(given[name]) > limit:
            raise Invalid(f"'{name}' has at most {limit} characters.")


async def _permissions_of(view: View, roles: Roles, permissions: Permissions, ref: str) -> list[Permission] | None:
    """Returns the permissions of the role that a new one copies; None for none."""
    if not ref:
        return None
    await permissions.require(view.session, VIEW_ROLE)
    return (await roles.get(view.session, ref)).permissions


async def _new(
    view: View,
    roles: Roles,
    permissions: Permissions,
    given: dict[str, str],
    *,
    errors: dict[str, str],
    status: int = 200,
) -> Answer:
    names = {str(id_): name for id_, name in (await roles.names(view.session.network)).items()}
    return await page(view, permissions, "new-role.html", status, given=given, errors=errors, roles=names)


async def _role(
    view: View,
    permissions: Permissions,
    role: Role,
    values: dict[str, str],
    *,
    errors: dict[str, str],
    conflict: list[Difference] | None = None,
    status: int = 200,
) -> Answer:
    session = view.session
    return await page(
        view,
        permissions,
        "role.html",
        status,
        role=role,
        values=values,
        version=version_of_role(role),
        errors=errors,
        conflict=conflict,
        may={
            "create": await permissions.allows(session, CREATE_ROLE),
            "update": role.is_custom and await permissions.allows(session, UPDATE_ROLE),
            "delete": role.is_custom and await permissions.allows(session, DELETE_ROLE),
            "permissions": role.is_custom and await permissions.allows(session, EDIT_ROLE_PERMISSIONS),
        },
        is_saved=view.call.parameter("saved") is not None,
    )
