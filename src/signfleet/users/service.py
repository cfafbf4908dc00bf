"""The rules of users."""

from __future__ import annotations

from signfleet.access.administrators import demand_another
from signfleet.access.operations.catalogue import VIEW_USER
from signfleet.access.operations.roles import ADMINISTRATORS, SystemRole
from signfleet.access.schemas import Permission, Principal
from signfleet.audit.recording import Change, record
from signfleet.errors import Invalid, NotFound
from signfleet.roles.schemas import Role
from signfleet.roles.service import role_of
from signfleet.storage.interface import Duplicate, Row, Store, Transaction
from signfleet.users import store as queries
from signfleet.users.schemas import User, told, user_of
from signfleet.wire import datetime
from signfleet.wire.datetime import next_moment


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
    row: Row = await tx.one(queries.USER_BY_ID, id=user_id)
    await record(tx, network_id, Change("Create", "User", user_id, row.login, None, told(row)), now)
    return user_id


async def insert_administrator(tx: Transaction, network_id: int, person_id: int, now: int) -> int:
    """Make a person the first member of a new network, inside a unit of work; gives the user's id."""
    return await insert_user(
        tx,
        network_id=network_id,
        person_id=person_id,
        role_id=ADMINISTRATORS.id,
        description="Network Administrator",
        now=now,
    )


async def record_change(tx: Transaction, before: Row, now: int) -> None:
    """Put what has become of a user, whose row was `before`, into the audit trail."""
    after = await tx.one(queries.USER_BY_ID, id=before.id)
    change = Change("Update", "User", before.id, before.login, told(before), told(after))
    await record(tx, before.network_id, change, now)


class Users:
    """Users by id, network and person."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def row(self, user_id: int) -> Row:
        row = await self._store.one(queries.USER_BY_ID, id=user_id)
        if row is None:
            raise NotFound(f"There is no user {user_id}.")
        return row

    async def own(self, person_id: int, user_id: int) -> Row:
        """One of the person's own users. Raises `NotFound`."""
        row = await self._store.one(queries.USER_BY_ID, id=user_id)
        if row is None or row.person_id != person_id:
            raise NotFound(f"You are no user {user_id}.")
        return row

    async def entity(self, row: Row) -> User:
        return user_of(row, await self.permissions(row))

    async def permissions(self, row: Row) -> list[Permission]:
        """What is stated for the user alone: seeing the own entry, which is fixed, and what was given to them."""
        principal = Principal(login=row.login, type="User", id=row.id)
        own = Permission(
            entity_id=row.id,
            operation_uid=VIEW_USER.uid,
            principal=principal,
            is_fixed=True,
            is_allowed=True,
            creation_date=datetime.format(row.creation_date),
        )
        return [own, *await self._stated(row.network_id, principal)]

    async def role(self, row: Row) -> Role | None:
        """The user's role; None without one."""
        return (
            None if row.role_id is None else await role_of(self._store, row.network_id, row.role_id, with_users=False)
        )

    async def _stated(self, network_id: int, principal: Principal) -> list[Permission]:
        rows = await self._store.all(
            queries.PERMISSIONS_OF_PRINCIPAL,
            network_id=network_id,
            principal_type=principal.type,
            principal_id=principal.id,
        )
        return [
            Permission(
                entity_id=row.entity_id or None,
                operation_uid=row.operation_uid,
                principal=principal,
                is_allowed=bool(row.is_allowed),
                creation_date=datetime.format(row.creation_date),
            )
            for row in rows
        ]

    async def set_role(self, user: Row, role_id: int | None, now: int) -> None:
        """Give a user another role, or none; it counts from the next request."""

        async def work(tx: Transaction) -> None:
            if role_id != ADMINISTRATORS.id:
                await demand_another(tx, user.network_id, user.id)
            await tx.execute(
                queries.SET_ROLE,
                in_network=user.network_id,
                user_id=user.id,
                new_role_id=role_id,
                now=next_moment(user.last_modified_date, now),
            )
            await record_change(tx, user, now)

        await self._store.write(work)

    async def set_locked(self, user: Row, locked: bool, now: int) -> None:
        """Lock a user out of the network, at once, or let them in again."""

        async def work(tx: Transaction) -> None:
            if locked:
                await demand_another(tx, user.network_id, user.id)
            await tx.execute(
                queries.SET_LOCKED,
                in_network=user.network_id,
                user_id=user.id,
                locked=locked,
                lockout_date=now if locked else None,
                now=next_moment(user.last_modified_date, now),
            )
            await record_change(tx, user, now)

        await self._store.write(work)

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
