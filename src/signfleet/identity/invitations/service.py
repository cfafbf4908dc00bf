"""Accepts and declines invitations, by a mailed link or for a person who is signed in."""

from __future__ import annotations

from signfleet.foundation.errors import Forbidden, Invalid, NotFound
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access import passwords
from signfleet.identity.access.passwords import Passwords
from signfleet.identity.access.principals import PermissionDocuments
from signfleet.identity.invitations.schemas import Invitation, invitation_of
from signfleet.identity.people import store as people
from signfleet.identity.people.links import INVITATION, OneTimeLinks, prove, unknown_link, use_link
from signfleet.identity.people.registration import record_proof
from signfleet.identity.people.service import People, person_by_id
from signfleet.identity.people.store import LinkRow, PersonRow
from signfleet.identity.users import store as queries
from signfleet.identity.users.membership import join, record_change, remove_user
from signfleet.identity.users.store import UserRow
from signfleet.web.caller.actor import act_under


class Invitations:
    """Lists invitations, and lets the invited person accept or decline."""

    def __init__(
        self,
        store: Store,
        people: People,
        passwords: Passwords,
        links: OneTimeLinks,
        documents: PermissionDocuments,
    ) -> None:
        self._people = people
        self._documents = documents
        self._store = store
        self._passwords = passwords
        self._links = links

    # --- by a mailed link

    async def of_link(self, token: str, now: int) -> tuple[LinkRow, UserRow] | None:
        """Returns the link and the first user that it invites to; None for a dead link."""
        link = await self._links.find(INVITATION, token, now)
        if link is None:
            return None
        user = await self._store.one(queries.INVITATION_OF_PLACEHOLDER, person_id=link.person_id)
        return None if user is None else (link, user)

    async def accept_by_link(self, token: str, password: str, now: int) -> None:
        """Makes the reader of the mail a member; if the mailbox was never proved, `password` becomes theirs.

        Raises `NotFound` for a dead link; `Invalid` for a weak password, after which the link still works.
        """
        link = await self._links.find(INVITATION, token, now)
        if link is None:
            raise unknown_link()
        hashed = None
        if not link.is_proved:
            passwords.check_policy(password)
            hashed = await self._passwords.hash(password)

        async def work(tx: Transaction) -> None:
            used = await use_link(tx, INVITATION, token, now)
            act_under(used.login)
            users = await tx.all(queries.LOCK_INVITATIONS_OF_PLACEHOLDER, person_id=used.person_id)
            account = await tx.one(people.PERSON_OF_MAILBOX, mailbox_key=used.mailbox_key)
            proved = used if account is None else account
            if proved.proof_date is None:
                if hashed is None:  # the account has been deleted since
                    raise unknown_link()
                await prove(tx, proved, hashed, now)
                await record_proof(tx, proved, now)
            for user in users:
                if account is None:
                    await record_change(tx, user, now)
                else:
                    await join(tx, self._documents, user, account, now)

        try:
            await self._store.write(work)
        except Duplicate:
            raise Invalid("You are a member of this network already.") from None

    async def decline_by_link(self, token: str, now: int) -> None:
        """Deletes the users that the link invites to. Raises `NotFound` for a dead link."""

        async def work(tx: Transaction) -> None:
            used = await use_link(tx, INVITATION, token, now)
            act_under(used.login)
            for user in await tx.all(queries.LOCK_INVITATIONS_OF_PLACEHOLDER, person_id=used.person_id):
                await remove_user(tx, self._documents, user, now)

        await self._store.write(work)

    # --- by a person who is signed in

    async def of_person(self, person_id: int) -> list[Invitation]:
        """Returns the open invitations, oldest first."""
        person = await self._people.row(person_id)
        rows = await self._store.all(queries.INVITATIONS, mailbox_key=person.mailbox_key)
        return [invitation_of(row) for row in rows]

    async def accept(self, person_id: int, ref: str, now: int) -> None:
        """Makes a person a member. Raises `NotFound`, and `Forbidden` if they never proved the mailbox."""

        async def work(tx: Transaction) -> None:
            person, user = await _locked(tx, person_id, ref)
            if person.proof_date is None:
                raise Forbidden(
                    "It is not proved yet that this mailbox is yours. Accept by the link in the mail, or reset your"
                    " password first."
                )
            await join(tx, self._documents, user, person, now)

        try:
            await self._store.write(work)
        except Duplicate:
            raise Invalid("You are a member of this network already.") from None

    async def decline(self, person_id: int, ref: str, now: int) -> None:
        """Deletes the user that a person is invited to be. Raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            _, user = await _locked(tx, person_id, ref)
            await remove_user(tx, self._documents, user, now)

        await self._store.write(work)


async def _locked(tx: Transaction, person_id: int, ref: str) -> tuple[PersonRow, UserRow]:
    """Locks the mailbox of a person and an invitation until the transaction ends. Raises `NotFound`."""
    person = await person_by_id(tx, person_id)
    number, user = id_of(ref), None
    if number is not None:
        await tx.all(people.LOCK_MAILBOX, mailbox_key=person.mailbox_key)
        user = await tx.one(queries.LOCK_INVITATION, mailbox_key=person.mailbox_key, id=number)
    if user is None:
        raise NotFound(f"You have no invitation '{ref}'.")
    return person, user
