"""Finds users, and changes them for the operator."""

from __future__ import annotations

from signfleet.foundation.errors import NotFound
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.ids import id_of
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
from signfleet.identity.users.schemas import User, last_change, user_of
from signfleet.identity.users.store import UserRow
from signfleet.web.caller.session import Session


class Users:
    """Users by id, network and person."""

    def __init__(self, store: Store, permissions: Permissions, documents: PermissionDocuments) -> None:
        self._documents = documents
        self._store = store
        self._visible_permissions = VisiblePermissions(store, permissions)

    async def row(self, user_id: int) -> UserRow:
        """Returns the row of a user. Raises `NotFound`."""
        row = await self._store.one(queries.USER_BY_ID, id=user_id)
        if row is None:
            raise NotFound(f"There is no user {user_id}.")
        return row

    async def own(self, person_id: int, ref: str) -> UserRow:
        """Returns one of the person's users, by id. Raises `NotFound`."""
        user_id = id_of(ref)
        if user_id is None:
            raise NotFound(f"You have no user '{ref}'; name it by its id.")
        row = await self._store.one(queries.USER_BY_ID, id=user_id)
        if row is None or row.person_id != person_id:
            raise NotFound(f"You have no user {user_id}.")
        return row

    async def entity(self, row: UserRow, reader: Session | None = None) -> User:
        """Returns the entity of a row, with the permissions that `reader` may see; by default the user reads."""
        return user_of(row, await self.permissions(row, reader))

    async def permissions(self, row: UserRow, reader: Session | None = None) -> list[Permission]:
        """Returns the permissions of a user that `reader` may see; by default the user reads.

        A reader who sees the user may still not see the entity that a permission is for.
        """
        stated = await self._permissions(row)
        if not _has_instances(stated):
            return stated
        return await self._visible_permissions.filter(reader or await self.session_of(row), stated)

    async def last_change(self, row: UserRow) -> int | None:
        """Returns when anything of the User entity changed last, in ms; None if no date shows every change.

        Permissions on single entities disappear with the entity, and that changes no date of the user.
        """
        return None if _has_instances(await self._permissions(row)) else last_change(row)

    async def session_of(self, row: UserRow) -> Session:
        """Returns a session of the user, to see what the user sees, whatever network the caller has chosen."""
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

    async def _permissions(self, row: UserRow) -> list[Permission]:
        """Returns the permissions of the user alone: the fixed one to view themselves, and the stored ones."""
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

    async def role(self, row: UserRow) -> Role | None:
        """Returns the user's role, or None."""
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

    async def set_role(self, user: UserRow, role_id: int | None, now: int) -> None:
        """Sets or removes a user's role, from the next request on. Raises `Invalid` for the last administrator."""

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

    async def set_locked(self, user: UserRow, locked: bool, now: int) -> None:
        """Locks a user out of the network from the next request on, or unlocks them.

        Raises `Invalid` for the last administrator.
        """

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

    async def of_person(self, person_id: int) -> list[UserRow]:
        """Returns the rows of a person's users."""
        return await self._store.all(queries.USERS_OF_PERSON, person_id=person_id)

    async def of_network(self, network_id: int) -> list[UserRow]:
        """Returns the rows of a network's users, by login."""
        return await self._store.scan_all(queries.USERS_OF_NETWORK, network_id=network_id)

    async def in_network(self, network_id: int, person_id: int) -> UserRow | None:
        """Returns the person's user in a network."""
        return await self._store.one(queries.USER_IN_NETWORK, network_id=network_id, person_id=person_id)

    async def create(
        self, *, network_id: int, person_id: int, role: SystemRole, description: str | None = None, now: int
    ) -> int:
        """Makes a person a member at once, invited or not; returns the user's id. Raises `Invalid` for a member."""

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

    async def find(self, network_id: int, login: str) -> UserRow | None:
        """Returns a user or an invitation of a network."""
        return await self._store.one(
            queries.MEMBER_BY_LOGIN, network_id=network_id, mailbox_key=mailbox_key(login.strip())
        )


def _has_instances(stated: list[Permission]) -> bool:
    """Returns whether any permission is for a single entity, apart from the fixed one for the user."""
    return any(permission.entity_id is not None and not permission.is_fixed for permission in stated)
