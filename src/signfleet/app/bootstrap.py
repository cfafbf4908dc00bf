"""Creates what an installation needs before anybody can sign in, in one transaction.

`serve` does so on its first start; `init`, `demo` and tests call it themselves.
"""

from __future__ import annotations

import msgspec

from signfleet.fleet.alerts.defaults import insert_default_rules
from signfleet.fleet.groups.creation import insert_default_group
from signfleet.foundation.errors import Conflict
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.identity.access import passwords
from signfleet.identity.applications import service as applications
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks.schemas import NetworkSettings
from signfleet.identity.networks.service import check_name, insert_network
from signfleet.identity.people.service import People, insert_person, record_new
from signfleet.identity.users.membership import insert_administrator
from signfleet.notify.events import kinds, recording


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A new network: its ids and credentials. Nothing else returns the password and the secret."""

    network: str
    network_id: int
    group_id: int
    login: str
    password: str
    person_id: int
    user_id: int
    client_id: str
    client_secret: str


async def is_bootstrapped(people: People) -> bool:
    """Returns whether there is any person."""
    return bool(await people.list_())


async def bootstrap(
    store: Store,
    people: People,
    *,
    network: str,
    login: str,
    password: str | None = None,
    application: str = "Command line",
    client_id: str | None = None,
    client_secret: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    now: int,
) -> Tenant:
    """Creates a person, a network with group `Default`, an administrator and an application.

    Generates a password, client id and secret where they are None. `now` is in ms. Raises `Invalid` for a bad name,
    login or password, and `Conflict` if the network, the login or the client id exists.
    """
    password = password or passwords.generate()
    name = check_name(network)
    application_name = applications.check_name(application)
    new = await people.prepared(login, password, first_name, last_name, activation_date=now)

    async def work(tx: Transaction) -> Tenant:
        person_id = await insert_person(tx, new, now)
        await record_new(tx, person_id, now)
        network_id = await insert_network(tx, name, NetworkSettings(), now)
        group_id = await insert_default_group(tx, network_id, now)
        await insert_default_rules(tx, network_id, now)
        await record(tx, network_id, AuditEntry("Create", "Network", network_id, name, None, {}), now)
        await recording.record(tx, network_id, recording.Event(kinds.NetworkCreated(network_name=name)), now=now)
        user_id = await insert_administrator(tx, network_id, person_id, now)
        credentials = await applications.insert_application(
            tx, name=application_name, person_id=person_id, now=now, client_id=client_id, client_secret=client_secret
        )
        return Tenant(
            network=name,
            network_id=network_id,
            group_id=group_id,
            login=new.login,
            password=password,
            person_id=person_id,
            user_id=user_id,
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
        )

    try:
        return await store.write(work)
    except Duplicate:
        raise Conflict(f"The network '{name}', the login '{new.login}' or the client id exists already.") from None
