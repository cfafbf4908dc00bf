"""The rules of profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from signfleet.foundation.errors import Conflict, Invalid, NotFound, TooLarge
from signfleet.foundation.storage.interface import Duplicate, Row, Store, Transaction
from signfleet.foundation.wire.datetime import next_moment
from signfleet.foundation.wire.ids import DOT_SEGMENTS
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.audit.schemas import Action
from signfleet.identity.people.token_lifetimes import LIFETIMES, parse_lifetime
from signfleet.identity.profiles.store import PERSON_PROFILE, USER_PROFILE, ProfileQueries
from signfleet.web.contract.conditional import Precondition

KEY_LIMIT: Final = 62
#: Bytes of UTF-8.
VALUE_LIMIT: Final = 65_536
VALUES_LIMIT: Final = 100
#: Of a request: each byte of a value may come as an escape of six.
BODY_LIMIT: Final = 6 * VALUE_LIMIT + 1024


class Owner(NamedTuple):
    """Whose profile: which table, and which of its rows."""

    queries: ProfileQueries
    columns: Mapping[str, int]
    #: Keys that are there from the start, folded, each with the check of its values. They cannot be made or removed.
    reserved: Mapping[str, Callable[[str, str], object]]
    #: What is raised for making a reserved key: the contract tells it for people and for users differently.
    refusal: type[Invalid] | type[Conflict]

    @property
    def which(self) -> dict[str, int]:
        return {f"of_{column}": value for column, value in self.columns.items()}

    @property
    def network_id(self) -> int | None:
        return self.columns.get("network_id")

    def change(self, action: Action, key: str, before: str | None, after: str | None) -> AuditEntry:
        """A change of one value, for the audit trail."""
        was, becomes = (None if value is None else {key: value} for value in (before, after))
        owner = self.columns.get("user_id", self.columns.get("person_id"))
        return AuditEntry(action, "Profile", owner, key, was, becomes)


def of_person(person_id: int) -> Owner:
    reserved = {fold(name): parse_lifetime for name in LIFETIMES}
    return Owner(PERSON_PROFILE, {"person_id": person_id}, reserved, Invalid)


def of_user(network_id: int, user_id: int) -> Owner:
    return Owner(USER_PROFILE, {"network_id": network_id, "user_id": user_id}, {}, Conflict)


class Profiles:
    """Reads and changes profiles. Keys are compared without case."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def all(self, owner: Owner) -> dict[str, str]:
        return {row.name: row.value for row in await self._store.all(owner.queries.all, **owner.which)}

    async def get(self, owner: Owner, key: str) -> Row:
        """The row with `value` and `last_modified_date`. Raises `NotFound`."""
        row = await self._store.one(owner.queries.one, of_key=fold(key), **owner.which)
        if row is None:
            raise NotFound(f"There is no profile property '{key}'.")
        return row

    async def add(self, owner: Owner, key: str, value: str, now: int) -> None:
        """Add a value. Raises `Conflict` if the key is there, `TooLarge`, `Invalid`."""
        _check(key, value)
        if fold(key) in owner.reserved:
            raise owner.refusal(f"'key': the profile property '{key}' is reserved.")

        async def work(tx: Transaction) -> None:
            await _hold(tx, owner)
            await _insert(tx, owner, key, value, now)

        try:
            await self._store.write(work)
        except Duplicate:
            raise Conflict(f"'key': there is a profile property '{key}' already.") from None

    async def put(self, owner: Owner, key: str, value: str, precondition: Precondition, now: int) -> bool:
        """Set a value; gives whether its key is new. Raises `Stale`, `TooLarge`, `Invalid`."""
        _check(key, value)
        check_reserved = owner.reserved.get(fold(key))
        if check_reserved is not None:
            check_reserved(key, value)

        async def work(tx: Transaction) -> bool:
            await _hold(tx, owner)
            row = await tx.one(owner.queries.one, of_key=fold(key), **owner.which)
            if row is None:
                precondition.check_absent()
                await _insert(tx, owner, key, value, now)
                return True
            precondition.check(row.last_modified_date, row.last_modified_date)
            modified = next_moment(row.last_modified_date, now)
            await tx.execute(owner.queries.replace, of_key=fold(key), new_value=value, now=modified, **owner.which)
            await record(tx, owner.network_id, owner.change("Update", row.name, row.value, value), now)
            return False

        return await self._store.write(work)

    async def delete(self, owner: Owner, key: str, precondition: Precondition, now: int) -> None:
        """Remove a value. Raises `NotFound`, `Stale`, `Invalid` for a reserved one."""
        if fold(key) in owner.reserved:
            raise Invalid(f"The profile property '{key}' is reserved and cannot be removed.")

        async def work(tx: Transaction) -> None:
            await _hold(tx, owner)
            row = await tx.one(owner.queries.one, of_key=fold(key), **owner.which)
            if row is None:
                raise NotFound(f"There is no profile property '{key}'.")
            precondition.check(row.last_modified_date, row.last_modified_date)
            await tx.execute(owner.queries.delete, of_key=fold(key), **owner.which)
            await record(tx, owner.network_id, owner.change("Delete", row.name, row.value, None), now)

        await self._store.write(work)


async def _hold(tx: Transaction, owner: Owner) -> None:
    """Keep a profile from others until the unit of work ends. Raises `NotFound` where its owner is gone."""
    if await tx.one(owner.queries.hold, **owner.which) is None:
        raise NotFound("The owner of this profile is gone.")


async def _insert(tx: Transaction, owner: Owner, key: str, value: str, now: int) -> None:
    count = await tx.one(owner.queries.count, **owner.which)
    if count is not None and count.held >= VALUES_LIMIT:
        raise Invalid(f"A profile holds at most {VALUES_LIMIT} properties.")
    await tx.execute(
        owner.queries.insert, name=key, name_key=fold(key), value=value, last_modified_date=now, **owner.columns
    )
    await record(tx, owner.network_id, owner.change("Create", key, None, value), now)


def _check(key: str, value: str) -> None:
    if not 1 <= len(key) <= KEY_LIMIT or not key.isprintable():
        raise Invalid(f"'key': a profile property's key has 1 to {KEY_LIMIT} printable characters.")
    if key in DOT_SEGMENTS:
        raise Invalid(
            f"'key': a profile property cannot be named '{key}', which has a meaning of its own in addresses."
        )
    if len(value.encode()) > VALUE_LIMIT:
        raise TooLarge(f"'value': a profile property's value has at most {VALUE_LIMIT} bytes.")
