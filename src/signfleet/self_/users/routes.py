"""Reads the person's users: one in each network they are a member of, with role, permissions and notifications."""

from __future__ import annotations

from typing import Any

from signfleet.access.schemas import Permission
from signfleet.errors import NotFound
from signfleet.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.http.endpoint import Endpoints
from signfleet.roles.schemas import Role
from signfleet.users.notifications import TEMPLATES_LIMIT, Notifications, NotificationSettings
from signfleet.users.routes import answer_user
from signfleet.users.schemas import User
from signfleet.users.service import Users
from signfleet.wire.ids import id_of

endpoints = Endpoints("/2022/06/REST/Self/Users", caller="person")


async def own_user(call: Call, segment: str) -> Any:
    """The user that a path segment names, if it is the caller's own. Raises `NotFound`."""
    number = id_of(segment)
    if number is None:
        raise NotFound(f"A user is named by its id here, not '{segment}'.")
    return await call.service(Users).own(call.person_id, number)


@endpoints.get("/", answer=list[User])
async def list_users(call: Call) -> Answer:
    """List the person's users: one for each network."""
    users = call.service(Users)
    return answer_json([await users.entity(row) for row in await users.of_person(call.person_id)])


@endpoints.get("/{user}/", answer=User)
async def get_user(call: Call, user: str) -> Answer:
    """Give one of the person's users."""
    row = await own_user(call, user)
    users = call.service(Users)
    return answer_user(row, await users.entity(row), is_dated=await users.is_dated(row))


@endpoints.get("/{user}/Role/", answer=Role)
async def get_role(call: Call, user: str) -> Answer:
    """Give the role of a user; nothing without one."""
    role = await call.service(Users).role(await own_user(call, user))
    return NO_CONTENT if role is None else answer_json(role)


@endpoints.get("/{user}/Role/Permissions/", answer=list[Permission])
async def list_role_permissions(call: Call, user: str) -> Answer:
    """List what the role of a user is allowed and denied."""
    role = await call.service(Users).role(await own_user(call, user))
    return answer_json([] if role is None else role.permissions)


@endpoints.get("/{user}/Permissions/", answer=list[Permission])
async def list_permissions(call: Call, user: str) -> Answer:
    """List what the user alone is allowed and denied, apart from the role."""
    return answer_json(await call.service(Users).permissions(await own_user(call, user)))


@endpoints.get("/{user}/Notifications/", answer=NotificationSettings)
async def get_notifications(call: Call, user: str) -> Answer:
    """Tell which events the user is told of."""
    return Answer(body=await call.service(Notifications).get(await own_user(call, user)))


@endpoints.put("/{user}/Notifications/", body=NotificationSettings, partial=True, body_limit=2 * TEMPLATES_LIMIT)
async def put_notifications(call: Call, user: str) -> Answer:
    """Choose which events the user is told of; what is left out stays."""
    await call.service(Notifications).put(await own_user(call, user), call.body, call.now)
    return NO_CONTENT
