"""The SQL of networks."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import and_, bindparam, func, select

from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import network, network_subscription, user


class SettingsRow(Protocol):
    """The settings of a network. Lifetimes and dates are in ms."""

    user_access_token_lifetime: int
    user_refresh_token_lifetime: int
    device_access_token_lifetime: int
    device_refresh_token_lifetime: int
    device_registration_token_lifetime: int
    automatic_tagged_playlist_approval_enabled: int
    settings_last_modified_date: int


class SubscriptionRow(Protocol):
    """One record of a network's subscription. Dates are in ms."""

    subscription_id: int
    level: str
    subscription_creation_date: int
    subscription_last_modified_date: int
    expire_date: int | None


class NetworkRow(SettingsRow, SubscriptionRow, Protocol):
    """A network with its settings and the subscription in force, which every network has. Dates are in ms."""

    id: int
    name: str
    creation_date: int
    last_modified_date: int
    is_locked_out: int
    lockout_date: int | None
    last_lockout_date: int | None
    protocol_1_until: int | None


class MemberRow(Protocol):
    """A person's user in a network."""

    id: int
    role_id: int | None


class NetworkTotal(Protocol):
    """A COUNT."""

    total: int


#: The settings' columns, but for the date of their last change.
SETTINGS = (
    "user_access_token_lifetime",
    "user_refresh_token_lifetime",
    "device_access_token_lifetime",
    "device_refresh_token_lifetime",
    "device_registration_token_lifetime",
    "automatic_tagged_playlist_approval_enabled",
)

_newest = (
    select(func.max(network_subscription.c.id))
    .where(network_subscription.c.network_id == network.c.id)
    .correlate(network)
    .scalar_subquery()
)

#: Joins the subscription in force to a network.
IN_FORCE = and_(network_subscription.c.network_id == network.c.id, network_subscription.c.id == _newest)

SUBSCRIPTION_COLUMNS = (
    network_subscription.c.id.label("subscription_id"),
    network_subscription.c.level,
    network_subscription.c.creation_date.label("subscription_creation_date"),
    network_subscription.c.last_modified_date.label("subscription_last_modified_date"),
    network_subscription.c.expire_date,
)

_network = select(network, *SUBSCRIPTION_COLUMNS).select_from(network).join(network_subscription, IN_FORCE)
_of_person = _network.join(user, user.c.network_id == network.c.id).where(
    user.c.person_id == bindparam("person_id"), ~user.c.is_locked_out
)

NETWORK_BY_ID = Query(_network.where(network.c.id == bindparam("id")), NetworkRow)
NETWORK_BY_NAME = Query(_network.where(network.c.name_key == bindparam("name_key")), NetworkRow)
#: Locks a network until the transaction ends.
#: Locks a network until the transaction ends, so that changes of its settings come one after the other.
LOCK_NETWORK = Query(select(network.c.id, network.c.name).where(network.c.id == bindparam("id")).with_for_update())
ALL_NETWORKS = Query(_network, NetworkRow)
OF_PERSON_BY_ID = Query(_of_person.where(network.c.id == bindparam("id")), NetworkRow)
OF_PERSON_BY_NAME = Query(_of_person.where(network.c.name_key == bindparam("name_key")), NetworkRow)
NETWORKS_OF_PERSON = Query(_of_person.order_by(network.c.id), NetworkRow)

#: Counts the networks in which a person has a role.
COUNT_ADMINISTERED = Query(
    select(func.count().label("total"))
    .select_from(user)
    .where(user.c.person_id == bindparam("person_id"), user.c.role_id == bindparam("role_id")),
    NetworkTotal,
)

#: A person's user in a network.
MEMBER = Query(
    select(user.c.id, user.c.role_id).where(
        user.c.network_id == bindparam("network_id"), user.c.person_id == bindparam("person_id")
    ),
    MemberRow,
)

SUBSCRIPTIONS = Query(
    select(*SUBSCRIPTION_COLUMNS)
    .where(network_subscription.c.network_id == bindparam("network_id"))
    .order_by(network_subscription.c.id.desc()),
    SubscriptionRow,
)
#: Trials that have expired and are still in force.
_ended_trials = _network.where(
    network_subscription.c.level == "Trial", network_subscription.c.expire_date <= bindparam("now")
)
ENDED_TRIALS = Query(_ended_trials, NetworkRow)
ENDED_TRIAL = Query(_ended_trials.where(network.c.id == bindparam("id")), NetworkRow)
#: Trials in force whose end is to be announced.
_expiring_trials = _network.where(
    network_subscription.c.notice_date <= bindparam("now"), network_subscription.c.expire_date > bindparam("now")
)
EXPIRING_TRIALS = Query(_expiring_trials, NetworkRow)
EXPIRING_TRIAL = Query(_expiring_trials.where(network.c.id == bindparam("id")), NetworkRow)
ANNOUNCED = Query(
    network_subscription.update()
    .where(
        network_subscription.c.network_id == bindparam("of_network_id"), network_subscription.c.id == bindparam("id_")
    )
    .values(notice_date=None)
)

UPDATE_SETTINGS = Query(
    network.update()
    .where(network.c.id == bindparam("id_"))
    .values(
        **{column: bindparam(f"new_{column}") for column in SETTINGS},
        settings_last_modified_date=bindparam("now"),
    )
)
RENAME = Query(
    network.update()
    .where(network.c.id == bindparam("id_"))
    .values(name=bindparam("new_name"), name_key=bindparam("new_name_key"), last_modified_date=bindparam("now"))
)
SET_LOCKED = Query(
    network.update()
    .where(network.c.id == bindparam("id_"))
    .values(
        is_locked_out=bindparam("locked"),
        lockout_date=bindparam("new_lockout_date"),
        last_lockout_date=func.coalesce(bindparam("new_lockout_date"), network.c.last_lockout_date),
        last_modified_date=bindparam("now"),
    )
)
CLOSE_SUBSCRIPTION = Query(
    network_subscription.update()
    .where(
        network_subscription.c.network_id == bindparam("of_network_id"), network_subscription.c.id == bindparam("id_")
    )
    .values(expire_date=bindparam("now"))
)
INSERT_NETWORK = Query(network.insert())
INSERT_SUBSCRIPTION = Query(network_subscription.insert())
