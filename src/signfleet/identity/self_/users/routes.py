"""Reads the person's users: one in each network they are a member of, with role, permissions and notifications."""

from __future__ import annotations

from typing import Any

from signfleet.foundation.errors import NotFound
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access.schemas import Permission
from signfleet.identity.roles.schemas import Role
from signfleet.identity.users.notifications import TEMPLATES_LIMIT, Notifications, NotificationSettings
from signfleet.identity.users.routes import answer_user
from signfleet.identity.users.schemas import User
from signfleet.identity.users.service import Users
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Self/Users", caller="person")


async def own_user(call: Call, users: Users, segment: str) -> Any:
    """The user that a path segment names, if it is the caller's own. Raises `NotFound`."""
    number = id_of(segment)
    if number is None:
        raise NotFound(f"A user is named by its id here, not '{segment}'.")
    return await users.own(call.person_id, number)


@endpoints.get("/", answer=list[User])
async def list_users(call: Call, users: Users) -> Answer:
    """List the person's users: one for each network."""
    return answer_json([await users.entity(row) for row in await users.of_person(call.person_id)])


@endpoints.get("/{user}/", answer=User)
async def get_user(call: Call, users: Users, user: str) -> Answer:
    """Give one of the person's users."""
    row = await own_user(call, users, user)
    return answer_user(row, await users.entity(row), is_dated=await users.is_dated(row))


@endpoints.get("/{user}/Role/", answer=Role)
async def get_role(call: Call, users: Users, user: str) -> Answer:
    """Give the role of a user; nothing without one."""
    role = await users.role(await own_user(call, users, user))
    return NO_CONTENT if role is None else answer_json(role)


@endpoints.get("/{user}/Role/Permissions/", answer=list[Permission])
async def list_role_permissions(call: Call, users: Users, user: str) -> Answer:
    """List what the role of a user is allowed and denied."""
    role = await users.role(await own_user(call, users, user))
    return answer_json([] if role is None else role.permissions)


@endpoints.get("/{user}/Permissions/", answer=list[Permission])
async def list_permissions(call: Call, users: Users, user: str) -> Answer:
    """List what the user alone is allowed and denied, apart from the role."""
    return answer_json(await users.permissions(await own_user(call, users, user)))


@endpoints.get("/{user}/Notifications/", answer=NotificationSettings)
async def get_notifications(call: Call, notifications: Notifications, users: Users, user: str) -> Answer:
    """Tell which events the user is told of."""
    return Answer(body=await notifications.get(await own_user(call, users, user)))


@endpoints.put("/{user}/Notifications/", body=NotificationSettings, partial=True, body_limit=2 * TEMPLATES_LIMIT)
async def put_notifications(call: Call, notifications: Notifications, users: Users, user: str) -> Answer:
    """Choose which events the user is told of; what is left out stays."""
    await notifications.put(await own_user(call, users, user), call.body, call.now)
    return NO_CONTENT
