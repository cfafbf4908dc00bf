"""The SQL of users."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, select

from signfleet.networks.store import IN_FORCE, SUBSCRIPTION_COLUMNS
from signfleet.people.store import PERSON_COLUMNS
from signfleet.storage.query import Query
from signfleet.storage.tables import network, network_subscription, person, role, user

_user = (
    select(
        user,
        *PERSON_COLUMNS,
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
    .outerjoin(network_subscription, IN_FORCE)
)

USER_BY_ID = Query(_user.where(user.c.id == bindparam("id")))
USER_IN_NETWORK = Query(
    _user.where(user.c.network_id == bindparam("network_id"), user.c.person_id == bindparam("person_id"))
)
USERS_OF_PERSON = Query(_user.where(user.c.person_id == bindparam("person_id")).order_by(user.c.id))
USERS_OF_NETWORK = Query(_user.where(user.c.network_id == bindparam("network_id")).order_by(person.c.login_key))

INSERT_USER = Query(user.insert())
SET_LAST_LOGIN = Query(
    user.update()
    .where(user.c.network_id == bindparam("in_network"), user.c.id == bindparam("user_id"))
    .values(last_login_date=bindparam("now"))
)
