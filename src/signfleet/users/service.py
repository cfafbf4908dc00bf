"""The rules of users."""

from __future__ import annotations

from signfleet.access.operations.roles import SYSTEM_ROLES, SystemRole
from signfleet.errors import Invalid, NotFound
from signfleet.storage.interface import Duplicate, Row, Store, Transaction
from signfleet.users import store as queries

_ROLE_NAMES = {role.id: role.name for role in SYSTEM_ROLES}


def role_name(row: Row) -> str | None:
    """The name of a user's role, from a row of `users.store`."""
    return None if row.role_id is None else _ROLE_NAMES.get(row.role_id, row.custom_role_name)


def system_role(name: str) -> SystemRole:
    """The system role of that name, in any letter case. Raises `Invalid`."""
    for role in SYSTEM_ROLES:
        if role.name.lower() == name.strip().lower():
            return role
    known = ", ".join(role.name for role in SYSTEM_ROLES)
    raise Invalid(f"'role': there is no system role '{name}'; there are {known}.")


async def insert_user(
    tx: Transaction, *, network_id: int, person_id: int, role_id: int | None, description: str | None, now: int
) -> int:
    """Make a person a member of a network, inside a unit of work; gives the user's id. Raises `Duplicate`."""
    user_id = await tx.next_id("user")
    await tx.execute(
        queries.INSERT_USER,
        network_id=network_id,
        id=user_id,
        person_id=person_id,
        role_id=role_id,
        description=description,
        creation_date=now,
        last_modified_date=now,
        last_login_date=None,
        is_locked_out=False,
        last_lockout_date=None,
    )
    return user_id


class Users:
    """Users by id, network and person."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def row(self, user_id: int) -> Row:
        row = await self._store.one(queries.USER_BY_ID, id=user_id)
        if row is None:
            raise NotFound(f"There is no user {user_id}.")
        return row

    async def of_person(self, person_id: int) -> list[Row]:
        return await self._store.all(queries.USERS_OF_PERSON, person_id=person_id)

    async def of_network(self, network_id: int) -> list[Row]:
        return await self._store.scan_all(queries.USERS_OF_NETWORK, network_id=network_id)

    async def in_network(self, network_id: int, person_id: int) -> Row | None:
        """The person's user in that network."""
        return await self._store.one(queries.USER_IN_NETWORK, network_id=network_id, person_id=person_id)

    async def create(
        self, *, network_id: int, person_id: int, role: SystemRole, description: str | None = None, now: int
    ) -> int:
        """Make a person a member; gives the user's id. Raises `Invalid` if they are one already."""

        async def work(tx: Transaction) -> int:
            return await insert_user(
                tx, network_id=network_id, person_id=person_id, role_id=role.id, description=description, now=now
            )

        try:
            return await self._store.write(work)
        except Duplicate:
            raise Invalid("This person is a member of the network already.") from None
