"""Lists, invites, changes and removes users for the administrators of a network."""

from __future__ import annotations

from typing import Final

import msgspec

from signfleet.foundation.errors import NotFound, of_another
from signfleet.foundation.rate_limit import RateLimit
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.mailboxes import mailbox_key
from signfleet.identity.access import passwords
from signfleet.identity.access.grantor import NO_RIGHTS, Grantor, rights_of
from signfleet.identity.access.last_administrator import require_another_administrator
from signfleet.identity.access.operations.definitions import (
    CHANGE_USER_ROLE,
    DELETE_USER,
    EDIT_USER_PERMISSIONS,
    LOCK_USER,
    UNLOCK_USER,
    UPDATE_USER,
    USER,
    VIEW_USER,
)
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.access.permission_store import LOCK_USERS_OF_ROLE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.principals import PermissionDocuments
from signfleet.identity.access.schemas import Permission
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.people.links import INVITATION, OneTimeLinks
from signfleet.identity.people.schemas import person_of
from signfleet.identity.people.service import People, insert_person, record_new
from signfleet.identity.people.store import LOCK_MAILBOX, PersonRow
from signfleet.identity.permission_lists import PermissionList
from signfleet.identity.roles.service import role_named
from signfleet.identity.users import store as queries
from signfleet.identity.users.catalogue import USERS
from signfleet.identity.users.membership import insert_user, record_change, remove_user, require_no_member, user_by_id
from signfleet.identity.users.schemas import NewUser, User, UserChange
from signfleet.identity.users.service import Users
from signfleet.identity.users.store import UserRow
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.conditional import Precondition
from signfleet.web.contract.paging import ListQuery, Page

#: How many invitations a network may mail to one mailbox at once, and the seconds until one more is allowed.
INVITATIONS_PER_MAILBOX: Final = (10, 600.0)


class UserAdministration:
    """The users of the chosen network. A user that the caller may not see is answered like one that does not exist."""

    def __init__(
        self,
        store: Store,
        users: Users,
        people: People,
        permissions: Permissions,
        *,
        links: OneTimeLinks,
        documents: PermissionDocuments,
        jobs: JobRunner,
    ) -> None:
        self._jobs = jobs
        self._documents = documents
        self._store = store
        self._links = links
        self._invitations = RateLimit(*INVITATIONS_PER_MAILBOX, "Too many attempts to invite this person")
        self._users = users
        self._people = people
        self._permissions = permissions
        self._all = Collection(store, USERS)
        self.grants = PermissionList(
            store, "User", lock=self._lock_to_grant, touch=_touch, name_of=lambda row: row.login
        )

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of the users that the caller may see."""
        scope = await self._permissions.scope(session, VIEW_USER, queries.USER_ID)
        found = await self._all.find(session.network, query, scope)
        rows = await self._store.all(queries.USERS_AMONG, network_id=session.network, ids=found.ids)
        known = {row.id: row for row in rows}
        return found.page([encode(await self.entity(session, known[id_])) for id_ in found.ids if id_ in known])

    async def entity(self, session: Session, row: UserRow) -> User:
        """Returns the entity of a row, with the permissions that the caller may see."""
        return await self._users.entity(row, session)

    async def row(self, session: Session, ref: str, tx: Transaction | None = None) -> UserRow:
        """Returns a user by id or login. Raises `NotFound`."""
        number = id_of(ref)
        key = {"mailbox_key": mailbox_key(ref)} if number is None else {"id": number}
        query = queries.MEMBER_BY_LOGIN if number is None else queries.MEMBER_BY_ID
        row = await self._seen(session, tx, query, **key)
        if row is None:
            raise NotFound.in_network("user", ref)
        return row

    async def _locked(self, session: Session, ref: str, lock: Query, tx: Transaction) -> UserRow:
        """Locks a user, and what else the query `lock` locks, until the transaction ends. Raises `NotFound`."""
        found = await self.row(session, ref, tx)
        await tx.all(lock, network_id=found.network_id, user_id=found.id, role_id=ADMINISTRATORS.id)
        row = await tx.one(queries.MEMBER_BY_ID, network_id=found.network_id, id=found.id)
        if row is None:
            raise NotFound.in_network("user", ref)
        return row

    async def create(self, session: Session, new: NewUser, now: int) -> User:
        """Invites a person into the network; a mail lets them accept or decline.

        It does not look up whether the mailbox has an account, so answer, time and mail do not reveal it. A password in
        the answer is a suggestion for the invited person, and is not stored. Raises `Invalid`, `Throttled`, and
        `Forbidden` for a role that the caller may not give.
        """
        network_id = session.network
        if new.role_name is not None:
            await self._permissions.require_everywhere(session, CHANGE_USER_ROLE)
        suggested = passwords.generate() if new.person.password is None else None
        if new.person.password is not None:
            passwords.check_policy(new.person.password)
        prepared = await self._people.prepared(
            new.person.login, None, new.person.first_name, new.person.last_name, activation_date=None
        )
        mailbox = mailbox_key(prepared.login)
        self._invitations.check(f"{network_id} {mailbox}")

        async def work(tx: Transaction) -> int:
            await require_no_member(tx, network_id, mailbox, "person.login")
            role_id = None if new.role_name is None else await role_named(tx, network_id, new.role_name)
            if role_id is not None:
                grantor = await Grantor.of(session, tx)
                await grantor.require_for_change(NO_RIGHTS, await rights_of(tx, network_id, None, role_id))
            person_id = await insert_person(tx, prepared, now)
            await record_new(tx, person_id, now)
            user_id = await insert_user(
                tx, network_id=network_id, person_id=person_id, role_id=role_id, description=new.description, now=now
            )
            row = await user_by_id(tx, user_id)
            await self._links.mail(tx, INVITATION, row, now, network=row.network_name)
            return user_id

        user_id = await self._store.write(work)
        self._links.send()
        row = await self._users.row(user_id)
        user = await self._users.entity(row, session)
        user.person = person_of(row, suggested)
        return user

    async def update(
        self, session: Session, ref: str, change: UserChange, precondition: Precondition, now: int
    ) -> None:
        """Changes description, role or lock; omitted properties stay.

        Raises `NotFound`, `Stale`, `Invalid`, and `Forbidden` if the caller may not make one of the changes.
        """

        async def work(tx: Transaction) -> None:
            row = await self._locked(session, ref, LOCK_USERS_OF_ROLE, tx)
            precondition.check(row.last_modified_date, row.last_modified_date)
            await self._permissions.require_on(session, UPDATE_USER, row.id, tx)
            if change.id and change.id != row.id:
                other = await self._seen(session, tx, queries.MEMBER_BY_ID, id=change.id)
                if other is not None:
                    raise of_another("id", "user", other.login, row.login)
            if change.person is not None:
                named = change.person.id, change.person.login
                await self.check_same_person(session, row, *named, tx, names=("person.id", "person.login"))
            description = row.description if change.description is msgspec.UNSET else change.description
            role_id, locked = row.role_id, bool(row.is_locked_out)
            if change.role_name is not msgspec.UNSET:
                name = change.role_name
                role_id = None if name is None else await role_named(tx, row.network_id, name)
            if change.is_locked_out is not msgspec.UNSET:
                locked = change.is_locked_out
            is_unlocked = bool(row.is_locked_out) and not locked
            if role_id != row.role_id:
                await self._permissions.require_on(session, CHANGE_USER_ROLE, row.id, tx)
            if role_id != row.role_id or is_unlocked:  # a user who is locked out has no rights
                before, after = [await rights_of(tx, row.network_id, row.id, each) for each in (row.role_id, role_id)]
                await (await Grantor.of(session, tx)).require_for_change(NO_RIGHTS if is_unlocked else before, after)
            if locked != bool(row.is_locked_out):
                await self._permissions.require_on(session, LOCK_USER if locked else UNLOCK_USER, row.id, tx)
            if role_id != row.role_id or locked:
                await require_another_administrator(tx, row.network_id, row.id)
            await tx.execute(
                queries.UPDATE_USER,
                in_network=row.network_id,
                user_id=row.id,
                new_description=description,
                new_role_id=role_id,
                locked=locked,
                lockout_date=now if locked and not row.is_locked_out else None,
                now=next_moment(row.last_modified_date, now),
            )
            await record_change(tx, row, now)

        await self._store.write(work)

    async def check_same_person(
        self,
        session: Session,
        person: PersonRow,
        id_: int | None,
        login: str | None,
        tx: Transaction | None = None,
        *,
        names: tuple[str, str] = ("id", "login"),
    ) -> None:
        """Raises `Invalid` if the `id_` or `login` of a body, which have `names` there, belongs to another person.

        It ignores people who have no user in the chosen network that the caller sees.
        """
        if session.network_id is None:
            return
        if id_ and id_ != person.person_id:
            other = await self._seen(session, tx, queries.USER_IN_NETWORK, person_id=id_)
            if other is not None:
                raise of_another(names[0], "person", other.login, person.login)
        key = mailbox_key(login.strip()) if login else ""
        if key and key != person.mailbox_key:
            other = await self._seen(session, tx, queries.MEMBER_BY_LOGIN, mailbox_key=key)
            if other is not None:
                raise of_another(names[1], "person", other.login, person.login)

    async def _seen(
        self, session: Session, tx: Transaction | None, query: Query[UserRow], **key: int | str
    ) -> UserRow | None:
        """Returns the user of the chosen network with a key, if the caller may see it."""
        row = await (tx or self._store).one(query, network_id=session.network_id, **key)
        visible: UserRow | None = await self._permissions.visible(session, VIEW_USER, row, tx)
        return visible

    async def delete(self, session: Session, ref: str, now: int) -> None:
        """Removes a user from the network, or withdraws an invitation; the account stays.

        Raises `NotFound`, `Forbidden`, `Invalid`.
        """

        async def work(tx: Transaction) -> int | None:
            found = await self.row(session, ref, tx)
            if found.activation_date is None:  # lock order: the mailbox before its users
                await tx.all(LOCK_MAILBOX, mailbox_key=found.mailbox_key)
            row = await self._locked(session, ref, queries.LOCK_TO_DELETE, tx)
            await self._permissions.require_on(session, DELETE_USER, row.id, tx)
            await (await Grantor.of(session, tx)).require_to_lift(USER, [row.id])
            await require_another_administrator(tx, row.network_id, row.id)
            return await remove_user(tx, self._documents, row, now)

        job = await self._store.write(work)
        if job is not None:
            await self._jobs.finish(session.network, job)

    async def permissions(self, session: Session, ref: str) -> list[Permission]:
        """Returns the permissions of a user alone, apart from the role."""
        row = await self.row(session, ref)
        return await self._users.permissions(row, session)

    async def _lock_to_grant(self, tx: Transaction, session: Session, ref: str) -> UserRow:
        row = await self._locked(session, ref, LOCK_USERS_OF_ROLE, tx)
        await self._permissions.require_on(session, EDIT_USER_PERMISSIONS, row.id, tx)
        return row


async def _touch(tx: Transaction, row: UserRow, now: int) -> None:
    modified = next_moment(row.last_modified_date, now)
    await tx.execute(queries.TOUCH_USER, in_network=row.network_id, user_id=row.id, now=modified)
