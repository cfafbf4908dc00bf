"""Reads and changes profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from signfleet.foundation.errors import Conflict, Invalid, NotFound, TooLarge
from signfleet.foundation.storage.interface import Duplicate, Store, Transaction
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.ids import DOT_SEGMENTS
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import Action
from signfleet.identity.people.token_lifetimes import LIFETIMES, parse_lifetime
from signfleet.identity.profiles.store import PERSON_PROFILE, USER_PROFILE, ProfileQueries, ValueRow
from signfleet.web.contract.conditional import Precondition

KEY_LIMIT: Final = 62
#: Bytes of UTF-8.
VALUE_LIMIT: Final = 65_536
VALUES_LIMIT: Final = 100
#: Bytes of a request: JSON may escape one byte of a value as six.
BODY_LIMIT: Final = 6 * VALUE_LIMIT + 1024


class Owner(NamedTuple):
    """The person or user of a profile: the table and its rows."""

    queries: ProfileQueries
    columns: Mapping[str, int]
    #: Folded keys that every profile has, each with the check of its values. They cannot be added or removed.
    reserved: Mapping[str, Callable[[str, str], object]]
    #: The error for adding a reserved key: the contract has different ones for people and users.
    refusal: type[Invalid] | type[Conflict]

    @property
    def parameters(self) -> dict[str, int]:
        """Returns the parameters of `ProfileQueries`."""
        return {f"of_{column}": value for column, value in self.columns.items()}

    @property
    def network_id(self) -> int | None:
        return self.columns.get("network_id")

    def change(self, action: Action, key: str, before: str | None, after: str | None) -> AuditEntry:
        """Returns the audit entry for a change of one value."""
        was, becomes = (None if value is None else {key: value} for value in (before, after))
        owner = self.columns.get("user_id", self.columns.get("person_id"))
        return AuditEntry(action, "Profile", owner, key, was, becomes)


def of_person(person_id: int) -> Owner:
    """Returns a person as the owner of a profile."""
    reserved = {fold(name): parse_lifetime for name in LIFETIMES}
    return Owner(PERSON_PROFILE, {"person_id": person_id}, reserved, Invalid)


def of_user(network_id: int, user_id: int) -> Owner:
    """Returns a user as the owner of a profile."""
    return Owner(USER_PROFILE, {"network_id": network_id, "user_id": user_id}, {}, Conflict)


class Profiles:
    """Reads and changes profiles. Keys are compared without case."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self, owner: Owner) -> dict[str, str]:
        """Returns the whole profile."""
        return {row.name: row.value for row in await self._store.all(owner.queries.all, **owner.parameters)}

    async def get(self, owner: Owner, key: str) -> ValueRow:
        """Returns one property. Raises `NotFound`."""
        row = await self._store.one(owner.queries.one, of_key=fold(key), **owner.parameters)
        if row is None:
            raise NotFound(f"There is no profile property '{key}'.")
        return row

    async def some(self, owner: Owner, *keys: str) -> dict[str, str]:
        """Returns the properties with these keys that exist, by their folded keys."""
        rows = await self._store.all(owner.queries.some, of_keys=[fold(key) for key in keys], **owner.parameters)
        return {fold(row.name): row.value for row in rows}

    async def add(self, owner: Owner, key: str, value: str, now: int) -> None:
        """Adds a property. Raises `Conflict` if the key exists, `TooLarge`, `Invalid`."""
        _check(key, value)
        if fold(key) in owner.reserved:
            raise owner.refusal(f"'key': the profile property '{key}' is reserved.")

        async def work(tx: Transaction) -> None:
            await _lock(tx, owner)
            await _insert(tx, owner, key, value, now)

        try:
            await self._store.write(work)
        except Duplicate:
            raise Conflict(f"'key': there is a profile property '{key}' already.") from None

    async def put(self, owner: Owner, key: str, value: str, precondition: Precondition, now: int) -> bool:
        """Sets a property; returns whether its key is new. Raises `Stale`, `TooLarge`, `Invalid`."""
        _check(key, value)
        check_reserved = owner.reserved.get(fold(key))
        if check_reserved is not None:
            check_reserved(key, value)

        async def work(tx: Transaction) -> bool:
            await _lock(tx, owner)
            row = await tx.one(owner.queries.one, of_key=fold(key), **owner.parameters)
            if row is None:
                precondition.check_absent()
                await _insert(tx, owner, key, value, now)
                return True
            precondition.check(row.last_modified_date, row.last_modified_date)
            modified = next_moment(row.last_modified_date, now)
            await tx.execute(owner.queries.replace, of_key=fold(key), new_value=value, now=modified, **owner.parameters)
            await record(tx, owner.network_id, owner.change("Update", row.name, row.value, value), now)
            return False

        return await self._store.write(work)

    async def delete(self, owner: Owner, key: str, precondition: Precondition, now: int) -> None:
        """Removes a property. Raises `NotFound`, `Stale`, and `Invalid` for a reserved one."""
        if fold(key) in owner.reserved:
            raise Invalid(f"The profile property '{key}' is reserved and cannot be removed.")

        async def work(tx: Transaction) -> None:
            await _lock(tx, owner)
            row = await tx.one(owner.queries.one, of_key=fold(key), **owner.parameters)
            if row is None:
                raise NotFound(f"There is no profile property '{key}'.")
            precondition.check(row.last_modified_date, row.last_modified_date)
            await tx.execute(owner.queries.delete, of_key=fold(key), **owner.parameters)
            await record(tx, owner.network_id, owner.change("Delete", row.name, row.value, None), now)

        await self._store.write(work)


async def _lock(tx: Transaction, owner: Owner) -> None:
    """Locks a profile until the transaction ends. Raises `NotFound` if its owner has been deleted."""
    if await tx.one(owner.queries.lock, **owner.parameters) is None:
        raise NotFound("The owner of this profile has been deleted.")


async def _insert(tx: Transaction, owner: Owner, key: str, value: str, now: int) -> None:
    count = await tx.one(owner.queries.count, **owner.parameters)
    if count is not None and count.total >= VALUES_LIMIT:
        raise Invalid(f"A profile has at most {VALUES_LIMIT} properties.")
    await tx.execute(
        owner.queries.insert, name=key, name_key=fold(key), value=value, last_modified_date=now, **owner.columns
    )
    await record(tx, owner.network_id, owner.change("Create", key, None, value), now)


def _check(key: str, value: str) -> None:
    if not 1 <= len(key) <= KEY_LIMIT or not key.isprintable():
        raise Invalid(f"'key': a profile property's key has 1 to {KEY_LIMIT} printable characters.")
    if key in DOT_SEGMENTS:
        raise Invalid(f"'key': a profile property cannot be named '{key}', which has a meaning of its own in URLs.")
    if len(value.encode()) > VALUE_LIMIT:
        raise TooLarge(f"'value': a profile property's value has at most {VALUE_LIMIT} bytes.")
