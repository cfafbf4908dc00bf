"""Stores setups whole, and finds them by their names."""

from __future__ import annotations

import hashlib
from typing import Any, Final, NamedTuple

import msgspec

from signfleet.fleet.provisioning.envelope import PageWindow, encoded, is_id, new_id
from signfleet.fleet.provisioning.setups import document as documents
from signfleet.fleet.provisioning.setups import store as queries
from signfleet.foundation.errors import Forbidden, Invalid, NotFound, Unauthenticated
from signfleet.foundation.quotas import check_quota
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit.recording import AuditEntry, record

_COUNTER: Final = "Setup"


class SetupName(NamedTuple):
    """What a record says of its setup."""

    id: str
    name: str


class Setups:
    """The setups of networks. Documents come back as they were sent, with members that the server does not know."""

    def __init__(self, store: Store, most: int) -> None:
        """`most` is how many setups a network may have."""
        self._store = store
        self._most = most

    async def network_name(self, network_id: int, tx: Transaction | None = None) -> str:
        """Returns the name of a network."""
        row = await (tx or self._store).one(queries.NETWORK_NAME, id=network_id)
        if row is None:
            raise Unauthenticated("The network was deleted.")
        return row.name

    async def is_network(self, network_id: int, named: str | None) -> bool:
        """Returns whether a name is the network's; none stands for it too."""
        return named is None or fold(named) == fold(await self.network_name(network_id))

    async def require_network(self, network_id: int, named: str | None) -> None:
        """Raises `Forbidden` if another network is named."""
        if not await self.is_network(network_id, named):
            own = await self.network_name(network_id)
            raise Forbidden(f"'networkName' is '{named}'; this session is for the network '{own}'.")

    async def page(
        self, network_id: int, package: str | None, username: str | None, window: PageWindow, *, is_descending: bool
    ) -> list[msgspec.Raw]:
        """Returns a page of rows as JSON, by package name."""
        name = await self.network_name(network_id)
        rows = await self._store.scan_all(
            queries.PAGE_DESCENDING if is_descending else queries.PAGE,
            network_id=network_id,
            package_key=None if package is None else fold(package),
            username_key=None if username is None else fold(username),
            count=window.size,
            skipped=window.offset,
        )
        return await encoded(rows, lambda row: _row(row, name))

    async def find(self, network_id: int, id_: str) -> dict[str, Any] | None:
        """Returns the members of a setup's row and document side by side, None if there is none."""
        row = await self._store.one(queries.SETUP, network_id=network_id, id=id_.lower())
        if row is None:
            return None
        document: dict[str, Any] = msgspec.json.decode(row.document)
        return _row(row, await self.network_name(network_id)) | document

    async def package_key(self, network_id: int, id_: str) -> str | None:
        """Returns the folded name of a setup; None if there is none of that id."""
        row = await self._store.one(queries.SETUP, network_id=network_id, id=id_.lower())
        return None if row is None else row.package_key

    async def document(self, network_id: int, id_: str) -> dict[str, Any]:
        """Returns the document of a setup with its id. Raises `NotFound`."""
        row = await self._store.one(queries.SETUP, network_id=network_id, id=id_.lower())
        if row is None:
            raise NotFound.in_network("setup", id_)
        return {"_id": row.id, **msgspec.json.decode(row.document)}

    async def identify(
        self, network_id: int, *, id_: str | None = None, name: str = "", tx: Transaction | None = None
    ) -> list[SetupName]:
        """Returns the setup with an id, or those with a name: no more than two, which is too many to mean one."""
        key = {"network_id": network_id}
        if id_ is not None:
            rows = await (tx or self._store).all(queries.SETUP, **key, id=id_.lower())
        else:
            named = {"package_key": fold(name), "username_key": None, "count": 2, "skipped": 0}
            rows = await (tx or self._store).all(queries.PAGE, **key, **named)
        return [SetupName(row.id, _package_name(msgspec.json.decode(row.document))) for row in rows]

    async def create(self, network_id: int, document: dict[str, Any], now: int) -> str:
        """Stores a new setup and returns its id. Raises `Invalid` and `Forbidden`."""
        named = documents.check(document, await self.network_name(network_id))
        document.pop("_id", None)
        text, id_ = encode(document).decode(), new_id(now)

        async def work(tx: Transaction) -> None:
            await counters.add(tx, network_id, _COUNTER, 1)  # locks it
            total = await tx.one(counters.TOTAL, network_id=network_id, entity=_COUNTER)
            check_quota((total.total if total else 1) - 1, self._most, "setups in this network", "setups_per_network")
            await tx.execute(
                queries.INSERT_SETUP,
                network_id=network_id,
                id=id_,
                package_key=fold(named.package_name),
                username_key=fold(named.username),
                document=text,
                creation_date=now,
                last_modified_date=now,
            )
            after = _summary(document)
            await record(tx, network_id, AuditEntry("Create", "Setup", None, named.package_name, None, after), now)

        await self._store.write(work)
        return id_

    async def replace(self, network_id: int, document: dict[str, Any], now: int) -> dict[str, Any]:
        """Replaces the setup that `_id` names; returns the new document. Raises `Invalid`, `Forbidden`, `NotFound`."""
        id_ = document.get("_id")
        if not isinstance(id_, str) or not is_id(id_):
            raise Invalid("'_id' must be the id of a setup, 24 hexadecimal digits.")
        named = documents.check(document, await self.network_name(network_id))
        stored = {name: value for name, value in document.items() if name != "_id"}
        text = encode(stored).decode()

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK_SETUP, network_id=network_id, id=id_.lower())
            if row is None:
                raise NotFound.in_network("setup", id_)
            if row.document == text:
                return
            await tx.execute(
                queries.REPLACE_SETUP,
                in_network=network_id,
                this_id=row.id,
                new_package_key=fold(named.package_name),
                new_username_key=fold(named.username),
                new_document=text,
                now=max(now, row.last_modified_date + 1),
            )
            changes = _summary(msgspec.json.decode(row.document)), _summary(stored)
            await record(tx, network_id, AuditEntry("Update", "Setup", None, named.package_name, *changes), now)

        await self._store.write(work)
        return {"_id": id_.lower(), **stored}

    async def delete(self, network_id: int, id_: str, now: int) -> None:
        """Deletes a setup; records that refer to it stay. Raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK_SETUP, network_id=network_id, id=id_.lower())
            if row is None:
                raise NotFound.in_network("setup", id_)
            await tx.execute(queries.DELETE_SETUP, in_network=network_id, this_id=row.id)
            await counters.add(tx, network_id, _COUNTER, -1)
            before = _summary(msgspec.json.decode(row.document))
            await record(tx, network_id, AuditEntry("Delete", "Setup", None, str(before["packageName"]), before), now)

        await self._store.write(work)


def _row(row: queries.SetupRow, network_name: str) -> dict[str, Any]:
    dates = (row.creation_date, row.last_modified_date)
    return documents.row(row.id, row.document, network_name, dates)


def _summary(document: dict[str, Any]) -> dict[str, Any]:
    """Returns what the audit trail shows of a document, which may contain passwords: its name and a digest."""
    digest = hashlib.sha256(encode(document)).hexdigest()[:16]
    return {"packageName": _package_name(document), "digest": digest}


def _package_name(document: dict[str, Any]) -> str:
    return str(documents.member(documents.member(document, "bDeploy"), "packageName"))
