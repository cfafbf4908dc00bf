"""Reads the person's users, one for each network, with role, permissions and notification settings."""

from __future__ import annotations

from signfleet.identity.access.schemas import Permission
from signfleet.identity.roles.schemas import Role
from signfleet.identity.users.notifications import Notifications
from signfleet.identity.users.routes import answer_user
from signfleet.identity.users.schemas import TEMPLATES_LIMIT, NotificationSettings, User
from signfleet.identity.users.service import Users
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints

endpoints = Endpoints("/2022/06/REST/Self/Users", caller="person")


@endpoints.get("/", answer=list[User])
async def list_users(call: Call, users: Users) -> Answer:
    """List the person's users: one for each network."""
    return answer_json([await users.entity(row) for row in await users.of_person(call.person_id)])


@endpoints.get("/{user}/", answer=User)
async def get_user(call: Call, users: Users, user: str) -> Answer:
    """Get one of the person's users."""
    row = await users.own(call.person_id, user)
    return answer_user(await users.entity(row), row.last_modified_date, await users.last_change(row))


@endpoints.get("/{user}/Role/", answer=Role)
async def get_role(call: Call, users: Users, user: str) -> Answer:
    """Get the role of a user; 204 for a user without a role."""
    role = await users.role(await users.own(call.person_id, user))
    return NO_CONTENT if role is None else answer_json(role)


@endpoints.get("/{user}/Role/Permissions/", answer=list[Permission])
async def list_role_permissions(call: Call, users: Users, user: str) -> Answer:
    """List the permissions of the role of a user."""
    role = await users.role(await users.own(call.person_id, user))
    return answer_json([] if role is None else role.permissions)


@endpoints.get("/{user}/Permissions/", answer=list[Permission])
async def list_permissions(call: Call, users: Users, user: str) -> Answer:
    """List the permissions of a user, apart from those of the role."""
    return answer_json(await users.permissions(await users.own(call.person_id, user)))


@endpoints.get("/{user}/Notifications/", answer=NotificationSettings)
async def get_notifications(call: Call, notifications: Notifications, users: Users, user: str) -> Answer:
    """Get the notification settings of a user."""
    return Answer(body=await notifications.get(await users.own(call.person_id, user)))


@endpoints.put("/{user}/Notifications/", body=NotificationSettings, partial=True, body_limit=2 * TEMPLATES_LIMIT)
async def put_notifications(call: Call, notifications: Notifications, users: Users, user: str) -> Answer:
    """Update the notification settings of a user; properties that the body omits stay."""
    await notifications.put(await users.own(call.person_id, user), call.body, call.now)
    return NO_CONTENT
