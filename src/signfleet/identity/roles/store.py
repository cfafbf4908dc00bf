"""The SQL of custom roles."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import BigInteger, and_, bindparam, func, select

from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import person, role, user


class RoleRow(Protocol):
    """A custom role. Dates are in ms."""

    id: int
    network_id: int
    name: str
    name_key: str
    description: str | None
    creation_date: int
    last_modified_date: int


class RoleMemberRow(Protocol):
    """A user of a role."""

    id: int
    login: str


class UserCountRow(Protocol):
    """How many users a role has."""

    users: int


class RoleTotal(Protocol):
    """How many custom roles a network has."""

    total: int


_role = select(role).where(role.c.network_id == bindparam("network_id"))
ROLE_BY_ID = Query(_role.where(role.c.id == bindparam("id")), RoleRow)
#: Locks a role for a change until the transaction ends.
LOCK_ROLE = Query(_role.where(role.c.id == bindparam("id")).with_for_update(), RoleRow)
#: Share-locks a role that a user gets: nobody deletes it until the transaction ends.
SHARE_ROLE = Query(_role.where(role.c.name_key == bindparam("name_key")).with_for_update(read=True), RoleRow)
ROLE_BY_NAME = Query(_role.where(role.c.name_key == bindparam("name_key")), RoleRow)
ROLES_AFTER = Query(
    _role.where(role.c.id > bindparam("after", type_=BigInteger())).order_by(role.c.id).limit(bindparam("limit")),
    RoleRow,
)
COUNT = Query(
    select(func.count().label("total")).select_from(role).where(role.c.network_id == bindparam("network_id")), RoleTotal
)

#: The column that permissions on single users are matched with.
USER_ID = user.c.id
_HAS_ROLE = and_(user.c.network_id == bindparam("network_id"), user.c.role_id == bindparam("role_id"))


def users_in(scope: Scope) -> Query[RoleMemberRow]:
    """Returns the query for the users of a role that a scope admits."""
    users = select(user.c.id, person.c.login).join(person, person.c.id == user.c.person_id)
    return Query(users.where(_HAS_ROLE, *scope.conditions).order_by(user.c.id), RoleMemberRow)


def count_users(scope: Scope) -> Query[UserCountRow]:
    """Returns the query that counts the users of a role that a scope admits."""
    return Query(
        select(func.count().label("users")).select_from(user).where(_HAS_ROLE, *scope.conditions), UserCountRow
    )


#: The same for callers who may see all users: compiled once.
USERS, COUNT_USERS = users_in(EVERYTHING), count_users(EVERYTHING)

INSERT = Query(role.insert())
_THIS = and_(role.c.network_id == bindparam("in_network"), role.c.id == bindparam("this_id"))
UPDATE = Query(
    role.update()
    .where(_THIS)
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        name_order=bindparam("new_name_order"),
        description=bindparam("new_description"),
        last_modified_date=bindparam("now"),
    )
)
TOUCH = Query(role.update().where(_THIS).values(last_modified_date=bindparam("now")))
DELETE = Query(role.delete().where(_THIS))
