"""The network and accounts of a testing server, with the same public ids, names and secrets each time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from signfleet.app.bootstrap import Tenant, bootstrap
from signfleet.fleet.alerts.defaults import insert_default_rules
from signfleet.fleet.groups.creation import insert_default_group
from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Transaction
from signfleet.identity.access.operations.roles import ADMINISTRATORS, SYSTEM_ROLES
from signfleet.identity.access.passwords import hash_now
from signfleet.identity.networks.schemas import NetworkSettings
from signfleet.identity.networks.service import insert_network
from signfleet.identity.people.service import NewPerson, insert_person
from signfleet.identity.users.membership import insert_administrator, insert_user
from signfleet.testing.schemas import Account

if TYPE_CHECKING:
    from signfleet.app.wiring import Services

NETWORK, OTHER_NETWORK = "Testing", "Other"
LOGIN, OTHER_LOGIN = "administrator@example.com", "other@example.com"
PASSWORD = "Testing-0nly!"  # noqa: S105 - public, and of a store that only tests use
CLIENT_ID = "7e577e57-0000-4000-8000-000000000001"
CLIENT_SECRET = "testing-only-not-a-secret"  # noqa: S105 - as above

#: A user of the first network for each role, and the administrator of the other network.
ACCOUNTS = [
    Account(NETWORK, LOGIN, PASSWORD, ADMINISTRATORS.name),
    *(
        Account(NETWORK, f"{role.name.lower().removesuffix('s').replace(' ', '.')}@example.com", PASSWORD, role.name)
        for role in SYSTEM_ROLES[1:]
    ),
    Account(OTHER_NETWORK, OTHER_LOGIN, PASSWORD, ADMINISTRATORS.name),
]


@cache
def _password_hash() -> str:
    """Returns the password's hash. All accounts share it, since hashing takes as long as everything else."""
    return hash_now(PASSWORD)


async def bootstrap_for_tests(services: Services) -> Tenant:
    """Creates both networks, their people and the application in an empty store."""
    tenant = await bootstrap(
        services.store,
        services.people,
        network=NETWORK,
        login=LOGIN,
        password=PASSWORD,
        application="Tests",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        now=clock.now(),
    )
    password_hash, now = _password_hash(), clock.now()

    async def work(tx: Transaction) -> None:
        for role, account in zip(SYSTEM_ROLES[1:], ACCOUNTS[1:-1], strict=True):
            person_id = await insert_person(tx, NewPerson(account.login, password_hash, None, None, now), now)
            await insert_user(
                tx,
                network_id=tenant.network_id,
                person_id=person_id,
                role_id=role.id,
                description=None,
                now=now,
            )
        other_id = await insert_network(tx, OTHER_NETWORK, NetworkSettings(), now)
        await insert_default_group(tx, other_id, now)
        await insert_default_rules(tx, other_id, now)
        person_id = await insert_person(tx, NewPerson(OTHER_LOGIN, password_hash, None, None, now), now)
        await insert_administrator(tx, other_id, person_id, now)

    await services.store.write(work)
    return tenant
