"""The SQL of users."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import BigInteger, and_, bindparam, case, func, or_, select

from signfleet.foundation.storage.query import Query, among
from signfleet.foundation.storage.tables import (
    network,
    network_subscription,
    permission,
    person,
    role,
    saved_view,
    session,
    user,
    user_notification,
    user_profile,
)
from signfleet.foundation.wire.collation import order_key
from signfleet.identity.access.operations.roles import SYSTEM_ROLES
from signfleet.identity.networks.store import IN_FORCE, SUBSCRIPTION_COLUMNS, SubscriptionRow
from signfleet.identity.people.store import PERSON_COLUMNS, PersonRow


class UserRow(PersonRow, SubscriptionRow, Protocol):
    """A user with the person and the network. Dates are in ms."""

    id: int
    network_id: int
    role_id: int | None
    description: str | None
    creation_date: int
    last_modified_date: int
    last_login_date: int | None
    is_locked_out: int
    last_lockout_date: int | None
    person_is_locked_out: int
    network_name: str
    network_is_locked_out: int
    #: ms
    user_access_token_lifetime: int
    #: ms
    user_refresh_token_lifetime: int
    #: None for a system role.
    custom_role_name: str | None
    role_last_modified_date: int | None


class PermissionRow(Protocol):
    """A permission of a user or role."""

    #: 0 for all instances.
    entity_id: int
    operation_uid: str
    is_allowed: int
    #: ms
    creation_date: int


class NotificationsRow(Protocol):
    """The notification settings of a user, as JSON."""

    document: str
    #: ms
    last_modified_date: int


_user = (
    select(
        user,
        *PERSON_COLUMNS,
        person.c.is_locked_out.label("person_is_locked_out"),
        network.c.name.label("network_name"),
        network.c.is_locked_out.label("network_is_locked_out"),
        network.c.user_access_token_lifetime,
        network.c.user_refresh_token_lifetime,
        role.c.name.label("custom_role_name"),
        role.c.last_modified_date.label("role_last_modified_date"),
        *SUBSCRIPTION_COLUMNS,
    )
    .select_from(user)
    .join(person, person.c.id == user.c.person_id)
    .join(network, network.c.id == user.c.network_id)
    .outerjoin(role, and_(role.c.network_id == user.c.network_id, role.c.id == user.c.role_id))
    .join(network_subscription, IN_FORCE)
)

#: Folded, for filters and sorts.
LOGIN = select(person.c.login_key).where(person.c.id == user.c.person_id).scalar_subquery()
ROLE_NAME = case(
    *((user.c.role_id == known.id, known.name.lower()) for known in SYSTEM_ROLES),
    else_=select(role.c.name_key)
    .where(role.c.network_id == user.c.network_id, role.c.id == user.c.role_id)
    .scalar_subquery(),
)
#: For sorts.
ROLE_ORDER = case(
    *((user.c.role_id == known.id, order_key(known.name)) for known in SYSTEM_ROLES),
    else_=select(role.c.name_order)
    .where(role.c.network_id == user.c.network_id, role.c.id == user.c.role_id)
    .scalar_subquery(),
)

#: The column that permissions on single users are matched with.
USER_ID = user.c.id

_member = _user.where(user.c.network_id == bindparam("network_id"))
MEMBER_BY_ID = Query(_member.where(user.c.id == bindparam("id")), UserRow)
MEMBER_BY_LOGIN = Query(_member.where(person.c.mailbox_key == bindparam("mailbox_key")), UserRow)
USERS_AMONG = Query(_member.where(among(user.c.id, "ids")), UserRow)

#: Like `access.permission_store.LOCK_USERS_OF_ROLE`, for a deletion: nobody may change permissions on the user
#: meanwhile either.
LOCK_TO_DELETE = Query(
    select(user.c.id)
    .where(
        user.c.network_id == bindparam("network_id"),
        or_(user.c.role_id == bindparam("role_id"), user.c.id == bindparam("user_id")),
    )
    .order_by(user.c.id)
    .with_for_update()
)
#: Locks one user until the transaction ends.
LOCK_ONE = Query(
    select(user.c.id)
    .where(user.c.network_id == bindparam("network_id"), user.c.id == bindparam("id"))
    .with_for_update(key_share=True)
)

#: An invitation that nobody has accepted is a user whose person is no account.
_pending = _user.where(person.c.mailbox_key == bindparam("mailbox_key"), person.c.activation_date.is_(None))
INVITATIONS = Query(_pending.order_by(user.c.id), UserRow)
#: Locks an invitation until the transaction ends.
LOCK_INVITATION = Query(_pending.where(user.c.id == bindparam("id")).with_for_update(of=user), UserRow)
_of_placeholder = _user.where(user.c.person_id == bindparam("person_id"), person.c.activation_date.is_(None))
INVITATION_OF_PLACEHOLDER = Query(_of_placeholder.order_by(user.c.id).limit(1), UserRow)
LOCK_INVITATIONS_OF_PLACEHOLDER = Query(_of_placeholder.order_by(user.c.id).with_for_update(of=user), UserRow)
SET_PERSON = Query(
    user.update()
    .where(user.c.network_id == bindparam("in_network"), user.c.id == bindparam("user_id"))
    .values(person_id=bindparam("new_person_id"), last_modified_date=bindparam("now"))
)

USER_BY_ID = Query(_user.where(user.c.id == bindparam("id")), UserRow)
USER_IN_NETWORK = Query(
    _user.where(user.c.network_id == bindparam("network_id"), user.c.person_id == bindparam("person_id")), UserRow
)
USERS_OF_PERSON = Query(_user.where(user.c.person_id == bindparam("person_id")).order_by(user.c.id), UserRow)
USERS_OF_NETWORK = Query(
    _user.where(user.c.network_id == bindparam("network_id")).order_by(person.c.login_key), UserRow
)

PERMISSIONS_OF_PRINCIPAL = Query(
    select(permission)
    .where(
        permission.c.network_id == bindparam("network_id"),
        permission.c.principal_type == bindparam("principal_type"),
        permission.c.principal_id == bindparam("principal_id"),
    )
    .order_by(permission.c.creation_date, permission.c.entity, permission.c.entity_id, permission.c.operation_uid),
    PermissionRow,
)

NOTIFICATIONS = Query(
    select(user_notification.c.document, user_notification.c.last_modified_date).where(
        user_notification.c.network_id == bindparam("network_id"), user_notification.c.user_id == bindparam("user_id")
    ),
    NotificationsRow,
)
INSERT_NOTIFICATIONS = Query(user_notification.insert())
REPLACE_NOTIFICATIONS = Query(
    user_notification.update()
    .where(
        user_notification.c.network_id == bindparam("of_network_id"),
        user_notification.c.user_id == bindparam("of_user_id"),
    )
    .values(document=bindparam("new_document"), last_modified_date=bindparam("now"))
)

SET_ROLE = Query(
    user.update()
    .where(user.c.network_id == bindparam("in_network"), user.c.id == bindparam("user_id"))
    .values(role_id=bindparam("new_role_id"), last_modified_date=bindparam("now"))
)
SET_LOCKED = Query(
    user.update()
    .where(user.c.network_id == bindparam("in_network"), user.c.id == bindparam("user_id"))
    .values(
        is_locked_out=bindparam("locked"),
        last_lockout_date=func.coalesce(bindparam("lockout_date"), user.c.last_lockout_date),
        last_modified_date=bindparam("now"),
    )
)
_THIS = and_(user.c.network_id == bindparam("in_network"), user.c.id == bindparam("user_id"))
UPDATE_USER = Query(
    user.update()
    .where(_THIS)
    .values(
        description=bindparam("new_description"),
        role_id=bindparam("new_role_id"),
        is_locked_out=bindparam("locked"),
        last_lockout_date=func.coalesce(bindparam("lockout_date", type_=BigInteger()), user.c.last_lockout_date),
        last_modified_date=bindparam("now"),
    )
)
TOUCH_USER = Query(user.update().where(_THIS).values(last_modified_date=bindparam("now")))
#: Deletes what belongs to a user, then the user. The tokens of a session are deleted with it.
DELETIONS = tuple(
    Query(table.delete().where(table.c.network_id == bindparam("in_network"), column == bindparam("user_id")))
    for table, column in (
        (session, session.c.user_id),
        (user_profile, user_profile.c.user_id),
        (saved_view, saved_view.c.user_id),
        (user_notification, user_notification.c.user_id),
        (user, user.c.id),
    )
)
INSERT_USER = Query(user.insert())
SET_LAST_LOGIN = Query(
    user.update()
    .where(user.c.network_id == bindparam("in_network"), user.c.id == bindparam("user_id"))
    .values(last_login_date=bindparam("now"))
)
