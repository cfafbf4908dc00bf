"""Adds people to networks and removes them, inside transactions of the caller.

A member's person is an account. An invitation is a user whose person is a placeholder: it has the names that the
inviter typed and no activation date, so nobody can sign in with it. Accepting gives the user to the account of the
mailbox.
"""

from __future__ import annotations

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.datetime import next_moment
from signfleet.identity.access import grants
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.access.principals import PermissionDocuments
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks.store import LOCK_NETWORK
from signfleet.identity.people import store as people
from signfleet.identity.people.service import person_by_id
from signfleet.identity.people.store import PersonRow
from signfleet.identity.users import store as queries
from signfleet.identity.users.schemas import audit_view
from signfleet.identity.users.store import UserRow
from signfleet.notify.events import kinds, recording


async def user_by_id(tx: Transaction, user_id: int) -> UserRow:
    """Returns the row of a user. Raises `NotFound`."""
    row = await tx.one(queries.USER_BY_ID, id=user_id)
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    return row


async def insert_user(
    tx: Transaction, *, network_id: int, person_id: int, role_id: int | None, description: str | None, now: int
) -> int:
    """Makes a person a member of a network and returns the user's id. Raises `Duplicate`."""
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
    row = await user_by_id(tx, user_id)
    await record(tx, network_id, AuditEntry("Create", "User", user_id, row.login, None, audit_view(row)), now)
    event = recording.Event(kinds.UserAdded(login=row.login, user_id=user_id))
    await recording.record(tx, network_id, event, now=now)
    return user_id


async def insert_administrator(tx: Transaction, network_id: int, person_id: int, now: int) -> int:
    """Makes a person the first member of a new network and returns the user's id."""
    return await insert_user(
        tx,
        network_id=network_id,
        person_id=person_id,
        role_id=ADMINISTRATORS.id,
        description="Network Administrator",
        now=now,
    )


async def require_no_member(tx: Transaction, network_id: int, mailbox_key: str, field: str) -> None:
    """Raises `Invalid` naming `field` if a network has a user or an invitation of this mailbox.

    It locks the network until the transaction ends, so that nobody adds the same mailbox at the same time.
    """
    await tx.one(LOCK_NETWORK, id=network_id)
    member = await tx.one(queries.MEMBER_BY_LOGIN, network_id=network_id, mailbox_key=mailbox_key)
    if member is not None:
        raise Invalid(f"'{field}': '{member.login}' is a user of this network already.")


async def admit(
    tx: Transaction,
    documents: PermissionDocuments,
    *,
    network_id: int,
    person_id: int,
    role_id: int | None,
    description: str | None,
    now: int,
) -> int:
    """Makes an account a member for the operator, accepting an open invitation; returns the user's id.

    Raises `Invalid` if the person is a member already.
    """
    account = await person_by_id(tx, person_id)
    await tx.all(people.LOCK_MAILBOX, mailbox_key=account.mailbox_key)
    await tx.one(LOCK_NETWORK, id=network_id)
    user = await tx.one(queries.MEMBER_BY_LOGIN, network_id=network_id, mailbox_key=account.mailbox_key)
    if user is None:
        return await insert_user(
            tx, network_id=network_id, person_id=person_id, role_id=role_id, description=description, now=now
        )
    if user.activation_date is not None:
        raise Invalid("This person is a member of the network already.")
    await join(tx, documents, user, account, now)
    joined = await user_by_id(tx, user.id)
    modified = next_moment(joined.last_modified_date, now)
    await tx.execute(queries.SET_ROLE, in_network=network_id, user_id=user.id, new_role_id=role_id, now=modified)
    await record_change(tx, joined, now)
    return user.id


async def join(tx: Transaction, documents: PermissionDocuments, user: UserRow, account: PersonRow, now: int) -> None:
    """Gives the user of an invitation to the account that accepts it, and deletes the placeholder."""
    await tx.execute(
        queries.SET_PERSON,
        in_network=user.network_id,
        user_id=user.id,
        new_person_id=account.person_id,
        now=next_moment(user.last_modified_date, now),
    )
    await tx.execute(people.DELETE_REGISTRATION, id=user.person_id)
    await record_change(tx, user, now)
    if account.login != user.login:
        await documents.rename(tx, user.network_id, "User", user.id, now)


async def remove_user(tx: Transaction, documents: PermissionDocuments, user: UserRow, now: int) -> int | None:
    """Deletes a user with all of its permissions, and the placeholder of an invitation.

    Returns the job that deletes the permissions if there are many.
    """
    job = await documents.remove(tx, user.network_id, "User", user.id, now)
    await grants.delete_of_entities(tx, user.network_id, "User", [user.id], now)
    for query in queries.DELETIONS:
        await tx.execute(query, in_network=user.network_id, user_id=user.id)
    await tx.execute(people.DELETE_REGISTRATION, id=user.person_id)
    await record(tx, user.network_id, AuditEntry("Delete", "User", user.id, user.login, audit_view(user)), now)
    event = recording.Event(kinds.UserRemoved(login=user.login, user_id=user.id))
    await recording.record(tx, user.network_id, event, now=now)
    return job


async def record_change(tx: Transaction, before: UserRow, now: int) -> None:
    """Records in the audit trail that the user of row `before` has changed."""
    after = await user_by_id(tx, before.id)
    change = AuditEntry("Update", "User", before.id, before.login, audit_view(before), audit_view(after))
    await record(tx, before.network_id, change, now)
    if bool(before.is_locked_out) != bool(after.is_locked_out):
        data = kinds.UserLocked(login=after.login, user_id=after.id, is_locked_out=bool(after.is_locked_out))
        await recording.record(tx, before.network_id, recording.Event(data), now=now)
