"""Makes people members of networks and takes them out again, inside units of work.

A member's person is an account. An invitation is a user whose person is a placeholder: made from what the inviter
typed, without activation, so nobody can sign in as it. Accepting it gives the user to the account of that mailbox.
"""

from __future__ import annotations

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.interface import Row, Transaction
from signfleet.foundation.wire.datetime import next_moment
from signfleet.identity.access import grants
from signfleet.identity.access.operations.roles import ADMINISTRATORS
from signfleet.identity.access.principals import PermissionDocuments
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.networks.store import LOCK_NETWORK
from signfleet.identity.people import store as people
from signfleet.identity.users import store as queries
from signfleet.identity.users.schemas import told


async def insert_user(
    tx: Transaction, *, network_id: int, person_id: int, role_id: int | None, description: str | None, now: int
) -> int:
    """Makes a person a member of a network, inside a unit of work; gives the user's id. Raises `Duplicate`."""
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
    await record(tx, network_id, AuditEntry("Create", "User", user_id, row.login, None, told(row)), now)
    return user_id


async def insert_administrator(tx: Transaction, network_id: int, person_id: int, now: int) -> int:
    """Makes a person the first member of a new network, inside a unit of work; gives the user's id."""
    return await insert_user(
        tx,
        network_id=network_id,
        person_id=person_id,
        role_id=ADMINISTRATORS.id,
        description="Network Administrator",
        now=now,
    )


async def demand_no_member(tx: Transaction, network_id: int, mailbox_key: str, field: str) -> None:
    """Raises `Invalid` naming `field` if a network has a user or an invitation of this mailbox.

    It locks the network until the transaction ends: nobody else adds the same mailbox meanwhile.
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
    """Makes an account a member on an operator's word, and so accepts an invitation that is open; gives the user's id.

    Raises `Invalid` if the person is a member already.
    """
    account: Row = await tx.one(people.PERSON_BY_ID, id=person_id)
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
    joined: Row = await tx.one(queries.USER_BY_ID, id=user.id)
    modified = next_moment(joined.last_modified_date, now)
    await tx.execute(queries.SET_ROLE, in_network=network_id, user_id=user.id, new_role_id=role_id, now=modified)
    await record_change(tx, joined, now)
    return int(user.id)


async def join(tx: Transaction, documents: PermissionDocuments, user: Row, account: Row, now: int) -> None:
    """Gives an invitation's user to the account that accepts it; the placeholder goes."""
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


async def remove_user(tx: Transaction, documents: PermissionDocuments, user: Row, now: int) -> None:
    """Removes a user from the network with all that was permitted to it; an invitation's placeholder goes, too."""
    await documents.remove(tx, user.network_id, "User", user.id, now)
    await grants.delete_of_entities(tx, user.network_id, "User", [user.id], now)
    for query in queries.DELETIONS:
        await tx.execute(query, in_network=user.network_id, user_id=user.id)
    await tx.execute(people.DELETE_REGISTRATION, id=user.person_id)
    await record(tx, user.network_id, AuditEntry("Delete", "User", user.id, user.login, told(user)), now)


async def record_change(tx: Transaction, before: Row, now: int) -> None:
    """Puts what has become of a user, whose row was `before`, into the audit trail."""
    after = await tx.one(queries.USER_BY_ID, id=before.id)
    change = AuditEntry("Update", "User", before.id, before.login, told(before), told(after))
    await record(tx, before.network_id, change, now)
