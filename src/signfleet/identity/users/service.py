"""The rules of users."""

from __future__ import annotations

from signfleet.foundation.errors import NotFound
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Row, Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.identity.access.last_administrator import require_another_administrator
from signfleet.identity.access.operations.definitions import VIEW_USER
from signfleet.identity.access.operations.roles import ADMINISTRATORS, SystemRole
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.principals import PermissionDocuments
from signfleet.identity.access.schemas import Permission, Principal
from signfleet.identity.access.visible_permissions import VisiblePermissions
from signfleet.identity.roles.schemas import Role
from signfleet.identity.roles.service import role_of
from signfleet.identity.users import store as queries
from signfleet.identity.users.membership import admit, record_change
from signfleet.identity.users.schemas import User, user_of
from signfleet.web.caller.session import Session


class Users:
    """Users by id, network and person."""

    def __init__(self, store: Store, permissions: Permissions, documents: PermissionDocuments) -> None:
        self._documents = documents
        self._store = store
        self._visible_permissions = VisiblePermissions(store, permissions)

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

    async def entity(self, row: Row, reader: Session | None = None) -> User:
        """The user of a row, with those of its permissions that a reader may see: by default the user."""
        return user_of(row, await self.permissions(row, reader))

    async def permissions(self, row: Row, reader: Session | None = None) -> list[Permission]:
        """Those of a user's own permissions that a reader may see: by default the user.

        Only things can be hidden here, for the reader sees the user.
        """
        stated = await self._permissions(row)
        if not _names_things(stated):
            return stated
        return await self._visible_permissions.filter(reader or await self._member(row), stated)

    async def is_dated(self, row: Row) -> bool:
        """Whether the dates of a row show every change of the entity.

        What a user may do to single things comes and goes with those, seen by the reader or not.
        """
        return not _names_things(await self._permissions(row))

    async def _member(self, row: Row) -> Session:
        """The user as a reader, whichever network the present session has chosen."""
        changes = await self._store.one(counters.TOTAL, network_id=row.network_id, entity=counters.PERMISSION_CHANGES)
        return Session(
            id=0,
            person_id=row.person_id,
            application_id=None,
            network_id=row.network_id,
            user_id=row.id,
            role_id=row.role_id,
            device_id=None,
            login=row.login,
            scope="",
            last_modified=0,
            permission_changes=changes.total if changes else 0,
        )

    async def _permissions(self, row: Row) -> list[Permission]:
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
                await require_another_administrator(tx, user.network_id, user.id)
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
                await require_another_administrator(tx, user.network_id, user.id)
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
        """Makes a person a member at once, invited or not; gives the user's id. Raises `Invalid` for a member."""

        async def work(tx: Transaction) -> int:
            return await admit(
                tx,
                self._documents,
                network_id=network_id,
                person_id=person_id,
                role_id=role.id,
                description=description,
                now=now,
            )

        return await self._store.write(work)

    async def find(self, network_id: int, login: str) -> Row | None:
        """A user or an invitation of a network."""
        return await self._store.one(
            queries.MEMBER_BY_LOGIN, network_id=network_id, mailbox_key=mailbox_key(login.strip())
        )


def _names_things(stated: list[Permission]) -> bool:
    """Whether any of a user's permissions is for a single thing, beside the fixed one for the own entry."""
    return any(permission.entity_id is not None and not permission.is_fixed for permission in stated)
