"""The SQL of networks."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, func, select

from signfleet.storage.query import Query
from signfleet.storage.tables import network, network_subscription, user

_newest = (
    select(func.max(network_subscription.c.id))
    .where(network_subscription.c.network_id == network.c.id)
    .correlate(network)
    .scalar_subquery()
)

#: The subscription in force, to be joined to a network.
IN_FORCE = and_(network_subscription.c.network_id == network.c.id, network_subscription.c.id == _newest)

SUBSCRIPTION_COLUMNS = (
    network_subscription.c.id.label("subscription_id"),
    network_subscription.c.level,
    network_subscription.c.creation_date.label("subscription_creation_date"),
    network_subscription.c.last_modified_date.label("subscription_last_modified_date"),
    network_subscription.c.expire_date,
)

_network = select(network, *SUBSCRIPTION_COLUMNS).select_from(network).outerjoin(network_subscription, IN_FORCE)
_of_person = _network.join(user, user.c.network_id == network.c.id).where(
    user.c.person_id == bindparam("person_id"), ~user.c.is_locked_out
)

NETWORK_BY_ID = Query(_network.where(network.c.id == bindparam("id")))
NETWORK_BY_NAME = Query(_network.where(network.c.name_key == bindparam("name_key")))
ALL_NETWORKS = Query(_network.order_by(network.c.name_key))
NETWORKS_OF_PERSON = Query(_of_person.order_by(network.c.id))

INSERT_NETWORK = Query(network.insert())
INSERT_SUBSCRIPTION = Query(network_subscription.insert())
