"""Reads and changes roles. System roles are fixed; a custom role may do what its permissions allow, nothing else."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from signfleet.foundation.errors import Invalid, NotFound, of_another
from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.expressions.markers import Markers
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction, UnitOfWork
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.collation import order_key
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.access import grants
from signfleet.identity.access.grantor import Grantor
from signfleet.identity.access.operations.definitions import EDIT_ROLE_PERMISSIONS, VIEW_USER
from signfleet.identity.access.operations.roles import SYSTEM_ROLES, SystemRole
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.principals import PermissionDocuments
from signfleet.identity.access.schemas import Permission
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.permission_lists import PermissionList
from signfleet.identity.roles import store as queries
from signfleet.identity.roles.schemas import NewRole, Role, RoleChange, RoleMember
from signfleet.identity.roles.store import RoleRow
from signfleet.identity.roles.system import created, system_role_of, system_role_permissions
from signfleet.web.caller.session import Session
from signfleet.web.contract.conditional import NONE, Precondition, version_of
from signfleet.web.contract.paging import ListQuery, Page

T = TypeVar("T")

#: Roles are sorted by id alone.
_MARKERS = Markers()

#: Ids up to this one are reserved for system roles.
RESERVED: Final = 1000


def check_name(name: str) -> str:
    """Returns a role's name, trimmed. Raises `Invalid`."""
    name = name.strip()
    if name in ("", ".", "..") or not name.isprintable() or "/" in name or id_of(name) is not None:
        raise Invalid("'name': a role's name has 1 to 128 characters and no '/', and is not a number.")
    if any(fold(role.name) == fold(name) for role in SYSTEM_ROLES):
        raise Invalid(f"'name': there is a role '{name}' already.")
    return name


def version_of_role(role: Role | RoleRow) -> str:
    """Returns the version of what `Roles.update` changes; the permissions of a role do not count."""
    return version_of([role.name, role.description or ""])


async def role_of(
    store: Store | Transaction, network_id: int, role_id: int, *, with_users: bool, scope: Scope = EVERYTHING
) -> Role | None:
    """Returns a system or custom role of a network, with its users in `scope`; None if there is no such role."""
    system = system_role_of(role_id)
    if system is not None:
        return await _system(store, network_id, system, scope, with_users=with_users)
    row = await store.one(queries.ROLE_BY_ID, network_id=network_id, id=role_id)
    return None if row is None else await _custom(store, row, scope, with_users=with_users)


async def _system(
    store: Store | Transaction, network_id: int, role: SystemRole, scope: Scope, *, with_users: bool
) -> Role:
    return Role(
        id=role.id,
        is_custom=False,
        name=role.name,
        description="",
        creation_date=created(role),
        user_count=await _user_count(store, network_id, role.id, scope),
        users=await _users(store, network_id, role.id, scope) if with_users else None,
        permissions=system_role_permissions(role),
    )


async def _custom(store: Store | Transaction, row: RoleRow, scope: Scope, *, with_users: bool) -> Role:
    return Role(
        id=row.id,
        is_custom=True,
        name=row.name,
        description=row.description or "",
        creation_date=datetime.format(row.creation_date),
        user_count=await _user_count(store, row.network_id, row.id, scope),
        users=await _users(store, row.network_id, row.id, scope) if with_users else None,
        permissions=await grants.of_principal(store, row.network_id, "Role", row.id),
    )


async def _user_count(store: Store | Transaction, network_id: int, role_id: int, scope: Scope) -> int:
    query = queries.count_users(scope) if scope.conditions else queries.COUNT_USERS
    row = await store.one(query, network_id=network_id, role_id=role_id, **scope.parameters)
    return 0 if row is None else row.users


async def _users(store: Store | Transaction, network_id: int, role_id: int, scope: Scope) -> list[RoleMember]:
    query = queries.users_in(scope) if scope.conditions else queries.USERS
    rows = await store.all(query, network_id=network_id, role_id=role_id, **scope.parameters)
    return [RoleMember(row.id, "User", row.login) for row in rows]


async def role_named(tx: Transaction, network_id: int, name: str) -> int:
    """Returns the id of a role by name; nobody deletes the role until the transaction ends. Raises `Invalid`."""
    for role in SYSTEM_ROLES:
        if fold(role.name) == fold(name.strip()):
            return role.id
    row = await tx.one(queries.SHARE_ROLE, network_id=network_id, name_key=fold(name.strip()))
    if row is None:
        raise Invalid(f"'roleName': there is no role '{name}' in this network.")
    return row.id


class Roles:
    """Reads and changes the roles of a network."""

    def __init__(
        self, store: Store, permissions: Permissions, documents: PermissionDocuments, jobs: JobRunner, *, most: int
    ) -> None:
        self._documents = documents
        self._jobs = jobs
        self._most = most
        self._store = store
        self._permissions = permissions
        self.grants = PermissionList(
            store, "Role", lock=self._lock_to_grant, touch=_touch, name_of=lambda row: row.name
        )

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page: system roles first, then custom ones, oldest first. There is no filter and no sort."""
        network_id, scope = session.network, await self._members(session)
        after = 0 if query.marker is None else _MARKERS.decode(query.marker)[1]
        system = [role for role in SYSTEM_ROLES if role.id > after][: query.size + 1]
        rows = await self._store.all(
            queries.ROLES_AFTER, network_id=network_id, after=after, limit=query.size + 1 - len(system)
        )
        roles = [await _system(self._store, network_id, role, scope, with_users=False) for role in system]
        roles += [await _custom(self._store, row, scope, with_users=False) for row in rows]
        shown = roles[: query.size]
        count = await self._store.one(queries.COUNT, network_id=network_id)
        total = len(SYSTEM_ROLES) + (count.total if count else 0)
        return Page(
            items=[encode(role) for role in shown],
            total=total,
            matching=total,
            next_marker=_MARKERS.encode((), shown[-1].id) if len(roles) > len(shown) else None,
            sort=None,
            filter=None,
        )

    async def names(self, network_id: int) -> dict[int, str]:
        """Returns the names of all roles by id, in the order of `list_`."""
        rows = await self._store.all(queries.ROLES_AFTER, network_id=network_id, after=0, limit=self._most)
        return {role.id: role.name for role in SYSTEM_ROLES} | {row.id: row.name for row in rows}

    async def get(self, session: Session, ref: str) -> Role:
        """Returns a role by id or name, with its users that the caller may see. Raises `NotFound`."""
        role_id = await self._id(self._store, session.network, ref)
        scope = await self._members(session)
        role = await role_of(self._store, session.network, role_id, with_users=True, scope=scope)
        if role is None:
            raise NotFound.in_network("role", ref)
        return role

    async def create(self, session: Session, new: NewRole, now: int) -> Role:
        """Creates a custom role.

        Raises `Invalid` for a taken name or an impossible permission, `QuotaReached`, and `Forbidden` for permissions
        that the caller may not grant.
        """
        network_id = session.network
        name = check_name(new.name)
        if new.permissions:
            await self._permissions.require_everywhere(session, EDIT_ROLE_PERMISSIONS)

        async def work(tx: Transaction) -> Role:
            await counters.add(tx, network_id, "Role", 0)  # locks the counter against other creations
            count = await tx.one(queries.COUNT, network_id=network_id)
            check_quota(count.total if count else 0, self._most, "custom roles in this network", "roles_per_network")
            role_id = RESERVED + await tx.next_id("role")
            await tx.execute(
                queries.INSERT,
                network_id=network_id,
                id=role_id,
                name=name,
                name_key=fold(name),
                name_order=order_key(name),
                is_custom=True,
                description=new.description,
                creation_date=now,
                last_modified_date=now,
            )
            for_role = [_for(permission, role_id) for permission in new.permissions or ()]
            grantor = await Grantor.of(session, tx)
            await grants.add_permissions(tx, network_id, for_role, now, grantor=grantor)
            role = await role_of(tx, network_id, role_id, with_users=True)
            assert role is not None
            await record(tx, network_id, AuditEntry("Create", "Role", role_id, name, None, role), now)
            return role

        return await self._write(work, name)

    async def update(
        self, network_id: int, ref: str, change: RoleChange, now: int, precondition: Precondition = NONE
    ) -> None:
        """Changes name or description of a custom role. Raises `NotFound`, `Stale`, `Invalid`."""

        async def work(tx: Transaction) -> int | None:
            row = await self._custom_row(tx, network_id, ref)
            precondition.check_version(version_of_role(row))
            if change.id and change.id != row.id:
                other: SystemRole | RoleRow | None = system_role_of(change.id)
                other = other or await tx.one(queries.ROLE_BY_ID, network_id=network_id, id=change.id)
                if other is not None:
                    raise of_another("id", "role", other.name, row.name)
            name = row.name if change.name is msgspec.UNSET else change.name.strip()
            if fold(name) != row.name_key:
                check_name(name)
            description = row.description if change.description is msgspec.UNSET else change.description
            await tx.execute(
                queries.UPDATE,
                in_network=network_id,
                this_id=row.id,
                new_name=name,
                new_name_key=fold(name),
                new_name_order=order_key(name),
                new_description=description,
                now=next_moment(row.last_modified_date, now),
            )
            job = None
            if name != row.name:
                job = await self._documents.rename(tx, network_id, "Role", row.id, now)
            before = {"name": row.name, "description": row.description}
            after = {"name": name, "description": description}
            await record(tx, network_id, AuditEntry("Update", "Role", row.id, row.name, before, after), now)
            return job

        await self._finish(network_id, await self._write(work, "" if change.name is msgspec.UNSET else change.name))

    async def delete(self, network_id: int, ref: str, now: int) -> None:
        """Deletes a custom role that no user has. Raises `NotFound`, `Invalid`."""

        async def work(tx: Transaction) -> int | None:
            row = await self._custom_row(tx, network_id, ref)
            users = await _user_count(tx, network_id, row.id, EVERYTHING)
            if users:
                raise Invalid(f"The role '{row.name}' has {users} users; give them another one first.")
            before = await _custom(tx, row, EVERYTHING, with_users=False)
            job = await self._documents.remove(tx, network_id, "Role", row.id, now)
            await tx.execute(queries.DELETE, in_network=network_id, this_id=row.id)
            await record(tx, network_id, AuditEntry("Delete", "Role", row.id, row.name, before), now)
            return job

        await self._finish(network_id, await self._store.write(work))

    async def _finish(self, network_id: int, job: int | None) -> None:
        if job is not None:
            await self._jobs.finish(network_id, job)

    async def _lock_to_grant(self, tx: Transaction, session: Session, ref: str) -> RoleRow:
        return await self._custom_row(tx, session.network, ref)

    async def _members(self, session: Session) -> Scope:
        """Returns the scope of the users that the caller may see."""
        return await self._permissions.scope(session, VIEW_USER, queries.USER_ID)

    async def _custom_row(self, tx: Transaction, network_id: int, ref: str) -> RoleRow:
        """Locks a custom role until the transaction ends.

        Raises `NotFound`, and `Invalid` for a system role.
        """
        role_id = await self._id(tx, network_id, ref)
        if system_role_of(role_id) is not None:
            raise Invalid(f"'{ref}' is a system role; it cannot be changed.")
        row = await tx.one(queries.LOCK_ROLE, network_id=network_id, id=role_id)
        if row is None:
            raise NotFound.in_network("role", ref)
        return row

    async def _id(self, store: Store | Transaction, network_id: int, ref: str) -> int:
        number = id_of(ref)
        if number is not None:
            return number
        for role in SYSTEM_ROLES:
            if fold(role.name) == fold(ref):
                return role.id
        row = await store.one(queries.ROLE_BY_NAME, network_id=network_id, name_key=fold(ref))
        if row is None:
            raise NotFound.in_network("role", ref)
        return row.id

    async def _write(self, work: UnitOfWork[T], name: str) -> T:
        try:
            return await self._store.write(work)
        except Duplicate:
            raise Invalid(f"'name': there is a role '{name}' already.") from None


async def _touch(tx: Transaction, row: RoleRow, now: int) -> None:
    modified = next_moment(row.last_modified_date, now)
    await tx.execute(queries.TOUCH, in_network=row.network_id, this_id=row.id, now=modified)


def _for(permission: Permission, role_id: int) -> Permission:
    """Returns the permission with a new role as principal, whose id the client could not know."""
    principal = msgspec.structs.replace(permission.principal, type="Role", id=role_id, name=msgspec.UNSET)
    return msgspec.structs.replace(permission, principal=principal)
