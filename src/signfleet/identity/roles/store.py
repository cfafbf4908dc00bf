"""The SQL of custom roles."""

from __future__ import annotations

from sqlalchemy import BigInteger, and_, bindparam, func, select

from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import person, role, user

_role = select(role).where(role.c.network_id == bindparam("network_id"))
ROLE_BY_ID = Query(_role.where(role.c.id == bindparam("id")))
#: For a change: kept from others until the unit of work ends.
ROLE_TO_CHANGE = Query(_role.where(role.c.id == bindparam("id")).with_for_update())
#: For a user who is to have it: until the unit of work ends it is not deleted.
ROLE_TO_GIVE = Query(_role.where(role.c.name_key == bindparam("name_key")).with_for_update(read=True))
ROLE_BY_NAME = Query(_role.where(role.c.name_key == bindparam("name_key")))
ROLES_AFTER = Query(
    _role.where(role.c.id > bindparam("after", type_=BigInteger())).order_by(role.c.id).limit(bindparam("limit"))
)
COUNT = Query(select(func.count().label("total")).select_from(role).where(role.c.network_id == bindparam("network_id")))

#: By what permissions for single users find theirs.
USER_ID = user.c.id
_HAS_ROLE = and_(user.c.network_id == bindparam("network_id"), user.c.role_id == bindparam("role_id"))


def users_in(scope: Scope) -> Query:
    """The users of a role that a scope admits."""
    users = select(user.c.id, person.c.login).join(person, person.c.id == user.c.person_id)
    return Query(users.where(_HAS_ROLE, *scope.conditions).order_by(user.c.id))


def count_users(scope: Scope) -> Query:
    """How many users of a role a scope admits."""
    return Query(select(func.count().label("users")).select_from(user).where(_HAS_ROLE, *scope.conditions))


#: The same for whom may see everybody: prepared once.
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
