"""`/console/people/`: the users of the network; people invite, change, lock and remove them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData, beside
from signfleet.console.pages import Pages
from signfleet.console.people.tabs import page
from signfleet.console.translations import later
from signfleet.console.view import View
from signfleet.foundation.errors import Invalid, Stale
from signfleet.identity.access.operations.definitions import (
    CHANGE_USER_ROLE,
    CREATE_USER,
    DELETE_USER,
    EDIT_USER_PERMISSIONS,
    LOCK_USER,
    UNLOCK_USER,
    UPDATE_USER,
    VIEW_AUDIT,
    VIEW_USER,
)
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.roles.service import Roles
from signfleet.identity.roles.system import role_name
from signfleet.identity.users.administration import UserAdministration
from signfleet.identity.users.schemas import NewUser, NewUserPerson, UserChange
from signfleet.identity.users.store import UserRow
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 100
BY_LOGIN: Final = "[person].[login] ASC"
PEOPLE: Final = "/console/people/"
#: The fields of the form that invites, by their names in the API.
INVITATION: Final = {
    "person.login": "login",
    "login": "login",
    "firstName": "firstName",
    "lastName": "lastName",
    "roleName": "role",
    "description": "description",
}
#: What the form of a user edits, with its labels.
EDITED: Final = {"role": later("Role"), "description": later("Description"), "locked": later("Locked out")}

pages = Pages("/console/people")


class Names(msgspec.Struct, rename="camel"):
    """The person of a user in a list."""

    login: str
    first_name: str | None
    last_name: str | None
    activation_date: str | None


class ListedUser(msgspec.Struct, rename="camel"):
    """What the list shows of a user."""

    id: int
    person: Names
    role_name: str | None
    is_locked_out: bool
    last_login_date: str | None


_decoder = msgspec.json.Decoder(list[ListedUser])


@pages.get("/", operation=VIEW_USER)
async def list_users(view: View, user_administration: UserAdministration, permissions: Permissions) -> Answer:
    """List the users of the network, a page at a time."""
    text = (view.call.parameter("search") or "").strip()
    sort, marker = view.call.parameter("sort") or BY_LOGIN, view.call.parameter("marker")
    filter_ = text if text.startswith(("[", "(")) else _containing(text)
    found, error = None, None
    try:
        found = await user_administration.list_(view.session, ListQuery(filter_, sort, marker, PAGE_SIZE))
    except Invalid as wrong:
        error = wrong.message

    def address(**other: Any) -> str:
        given = {"search": text, "sort": sort, **other}
        return "?" + urlencode({name: value for name, value in given.items() if value})

    return await page(
        view,
        permissions,
        "user-rows.html" if view.wants_rows and found else "users.html",
        400 if error else 200,
        users=[] if found is None else _decoder.decode(b"[%b]" % b",".join(found.items)),
        found=found,
        error=error,
        text=text,
        marker=marker,
        sort=sort,
        filter=filter_,
        address=address,
        may_invite=await permissions.allows(view.session, CREATE_USER),
    )


@pages.get("/invite/", operation=CREATE_USER)
async def show_invitation(view: View, permissions: Permissions, roles: Roles) -> Answer:
    """Get the form that invites a person."""
    return await _invitation(view, permissions, roles, {}, errors={})


@pages.post("/invite/", operation=CREATE_USER)
async def invite(view: View, permissions: Permissions, roles: Roles, user_administration: UserAdministration) -> Answer:
    """Invite the person of the form; a mail lets them accept."""
    await permissions.require_everywhere(view.session, CREATE_USER)
    form = FormData(view.call)
    given = {name: form.get(name).strip() for name in set(INVITATION.values())}
    person = NewUserPerson(given["login"], None, given["firstName"] or None, given["lastName"] or None)
    new = NewUser(person, given["description"][:4096] or None, given["role"] or None)
    try:
        user = await user_administration.create(view.session, new, view.now)
    except Invalid as error:
        return await _invitation(view, permissions, roles, given, errors=beside(error, INVITATION), status=400)
    return view.redirect(f"{PEOPLE}users/{user.id}/?invited=1")


@pages.get("/users/{user}/", operation=VIEW_USER)
async def show_user(
    view: View, user_administration: UserAdministration, permissions: Permissions, roles: Roles, user: str
) -> Answer:
    """Get one user, and what can be changed."""
    row = await user_administration.row(view.session, user)
    return await _user(view, permissions, roles, row, _values(row))


@pages.post("/users/{user}/", operation=UPDATE_USER)
async def change_user(
    view: View, user_administration: UserAdministration, permissions: Permissions, roles: Roles, user: str
) -> Answer:
    """Change role, description or lock of a user, unless somebody else has changed them since the form was shown."""
    form = FormData(view.call)
    row = await user_administration.row(view.session, user)
    mine = {"role": form.get("role"), "description": form.get("description"), "locked": form.get("locked")}
    if not await permissions.allows_on(view.session, CHANGE_USER_ROLE, row.id):
        mine["role"] = row_role(row)
    if not await permissions.allows_on(view.session, UNLOCK_USER if row.is_locked_out else LOCK_USER, row.id):
        mine["locked"] = _values(row)["locked"]
    try:
        change = UserChange(
            description=_checked(mine["description"]) or None,
            role_name=mine["role"] or None,
            is_locked_out=mine["locked"] == "yes",
        )
        await user_administration.update(view.session, str(row.id), change, form.precondition, view.now)
    except Invalid as error:
        errors = beside(error, {"roleName": "role", "description": "description"})
        return await _user(view, permissions, roles, row, mine, version=form.get("version"), errors=errors, status=400)
    except Stale:
        row = await user_administration.row(view.session, user)
        theirs = _values(row)
        conflict = [(label, mine[name], theirs[name]) for name, label in EDITED.items() if mine[name] != theirs[name]]
        if conflict:
            return await _user(view, permissions, roles, row, mine, conflict=conflict, status=412)
    return view.redirect(f"{PEOPLE}users/{row.id}/?saved=1")


@pages.post("/users/{user}/remove", operation=DELETE_USER)
async def remove_user(view: View, user_administration: UserAdministration, user: str) -> Answer:
    """Remove a user from the network, or withdraw an invitation."""
    row = await user_administration.row(view.session, user)
    stated = [each for each in await user_administration.permissions(view.session, str(row.id)) if not each.is_fixed]
    loss = Loss("invitation", row.login) if row.activation_date is None else Loss("user", row.login, len(stated))
    if (asked := question(view, loss, f"{PEOPLE}users/{row.id}/")) is not None:
        return asked
    await user_administration.delete(view.session, str(row.id), view.now)
    return view.redirect(PEOPLE)


def _containing(text: str) -> str | None:
    if not text:
        return None
    return "[person].[login] CONTAINS '{}'".format(text.replace("\\", "\\\\").replace("'", "''"))


def _checked(description: str) -> str:
    if len(description) > 4096:
        raise Invalid("'description' has at most 4096 characters.")
    return description


def row_role(row: UserRow) -> str:
    """Returns the name of a user's role, empty without one."""
    return role_name(row) or ""


def _values(row: UserRow) -> dict[str, str]:
    """Returns what the form of a user shows."""
    return {
        "role": row_role(row),
        "description": row.description or "",
        "locked": "yes" if row.is_locked_out else "",
    }


async def _invitation(
    view: View,
    permissions: Permissions,
    roles: Roles,
    given: dict[str, str],
    *,
    errors: dict[str, str],
    status: int = 200,
) -> Answer:
    return await page(
        view,
        permissions,
        "invite.html",
        status,
        given={name: given.get(name, "") for name in INVITATION.values()},
        errors=errors,
        roles=list((await roles.names(view.session.network)).values()),
        may_give_roles=await permissions.allows(view.session, CHANGE_USER_ROLE),
    )


async def _user(
    view: View,
    permissions: Permissions,
    roles: Roles,
    row: UserRow,
    values: dict[str, str],
    *,
    version: str | None = None,
    errors: dict[str, str] | None = None,
    conflict: list[tuple[str, str, str]] | None = None,
    status: int = 200,
) -> Answer:
    session, id_ = view.session, row.id
    return await page(
        view,
        permissions,
        "user.html",
        status,
        user=row,
        role=row_role(row),
        values=values,
        version=version or str(row.last_modified_date),
        errors=errors or {},
        conflict=conflict,
        roles=list((await roles.names(session.network)).values()),
        may={
            "update": await permissions.allows_on(session, UPDATE_USER, id_),
            "role": await permissions.allows_on(session, CHANGE_USER_ROLE, id_),
            "lock": await permissions.allows_on(session, UNLOCK_USER if row.is_locked_out else LOCK_USER, id_),
            "permissions": await permissions.allows_on(session, EDIT_USER_PERMISSIONS, id_),
            "remove": await permissions.allows_on(session, DELETE_USER, id_),
            "audit": await permissions.allows(session, VIEW_AUDIT),
        },
        is_self=id_ == session.user_id,
        done=next((word for name, word in _DONE.items() if view.call.parameter(name)), None),
    )


_DONE: Final = {"invited": later("Invited; a mail lets them accept."), "saved": later("Saved.")}
