"""Further accounts of the demo: a user for each role, and the administrator of a second network."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signfleet.app.wiring import Services

SECOND_NETWORK = "Demo Two"


class Account(TypedDict):
    """A user of a network, with the password of the person."""

    network: str
    login: str
    password: str
    role: str


def make_accounts(network: str, administrator: str, password: str) -> list[Account]:
    """Returns an account for each role of the first network, and for an administrator of the second."""
    from signfleet.identity.access.operations.roles import ADMINISTRATORS, SYSTEM_ROLES
    from signfleet.identity.access.passwords import generate

    accounts = [Account(network=network, login=administrator, password=password, role=ADMINISTRATORS.name)]
    for role in SYSTEM_ROLES[1:]:
        login = f"{role.name.lower().removesuffix('s').replace(' ', '.')}@example.com"
        accounts.append(Account(network=network, login=login, password=generate(), role=role.name))
    second = Account(network=SECOND_NETWORK, login="admin2@example.com", password=generate(), role=ADMINISTRATORS.name)
    return [*accounts, second]


async def admit(services: Services, accounts: Sequence[Account], now: int) -> None:
    """Creates the missing networks, people and users."""
    from signfleet.identity.roles.system import system_role

    for account in accounts:
        network = await services.networks.find(account["network"])
        network_id = (await services.networks.create(account["network"], now)).id if network is None else network.id
        person = await services.people.find(account["login"])
        if person is None:
            await services.people.create(login=account["login"], password=account["password"], now=now)
            person = await services.people.find(account["login"])
            assert person is not None
        if await services.users.in_network(network_id, person.person_id) is None:
            role = system_role(account["role"])
            await services.users.create(network_id=network_id, person_id=person.person_id, role=role, now=now)
