"""Lists and exports the audit trail, and deletes entries after the retention."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec

from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.csv_text import rows_as_csv, safe
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access import permission_store as permission_queries
from signfleet.identity.access.operations.definitions import VIEW_DEVICE, VIEW_GROUP, VIEW_ROLE, VIEW_USER
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit import store as queries
from signfleet.identity.audit.catalogue import AUDIT
from signfleet.identity.audit.schemas import AuditRecord
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page

#: How many entries an export reads at once.
CHUNK: Final = 1000

COLUMNS: Final = AuditRecord.__struct_encode_fields__


class AuditTrail:
    """The audit trail of each network; `retention` is in days."""

    def __init__(self, store: Store, permissions: Permissions, retention: int) -> None:
        self._store = store
        self._permissions = permissions
        self._retention = retention
        self._all = Collection(store, AUDIT)

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of the changes that the caller may see, newest first unless the query has a sort."""
        found = await self._all.find(session.network, query, await self.scope(session))
        return found.page([encode(record) for record in await self._records(session.network, found.ids)])

    async def scope(self, session: Session) -> Scope:
        """Returns the scope of changes to entities that the caller may see, or could see when they were deleted.

        It leaves out changes by users, or of users, whom the caller may not see.
        """
        scope_of = self._permissions.scope_with_former
        return queries.visible(
            devices=await scope_of(session, VIEW_DEVICE, queries.DEVICE_ID),
            groups=await scope_of(session, VIEW_GROUP, queries.ENTITY_ID),
            roles=await scope_of(session, VIEW_ROLE, queries.ENTITY_ID),
            users=await scope_of(session, VIEW_USER, queries.ENTITY_ID),
            members=await self._permissions.scope(session, VIEW_USER, queries.USER_ID),
        )

    def lines(
        self, network_id: int, filter_: str | None, sort: str | None, scope: Scope = EVERYTHING
    ) -> AsyncGenerator[bytes, None]:
        """Returns all matching changes of a scope as JSON Lines. Raises `Invalid` at once, not during the export."""
        AUDIT.filter(filter_), AUDIT.sort(sort)
        return self._exported(network_id, ListQuery(filter_, sort, None, CHUNK), scope, b"", _lines)

    def csv(
        self, network_id: int, filter_: str | None, sort: str | None, scope: Scope = EVERYTHING
    ) -> AsyncGenerator[bytes, None]:
        """Returns all matching changes of a scope as CSV (RFC 4180) with a heading; `before` and `after` are JSON.

        Raises `Invalid` at once, not during the export.
        """
        AUDIT.filter(filter_), AUDIT.sort(sort)
        return self._exported(network_id, ListQuery(filter_, sort, None, CHUNK), scope, rows_as_csv([COLUMNS]), _rows)

    async def sweep(self, now: int) -> None:
        """Deletes entries and archived permissions older than the retention."""
        before = now - self._retention * DAY

        async def work(tx: Transaction) -> int:
            former = await tx.execute(permission_queries.DELETE_OLD_FORMER, before=before)
            return former + await tx.execute(queries.DELETE_OLD, before=before)

        while await self._store.write(work):
            pass

    async def _exported(
        self,
        network_id: int,
        query: ListQuery,
        scope: Scope,
        heading: bytes,
        write: Callable[[list[AuditRecord]], bytes],
    ) -> AsyncGenerator[bytes, None]:
        yield heading
        while True:
            page = await self._all.rows(network_id, query, scope)
            yield write(await self._records(network_id, page.ids))
            if page.next_marker is None:
                return
            query = query._replace(marker=page.next_marker)

    async def _records(self, network_id: int, ids: list[int]) -> list[AuditRecord]:
        rows = {row.id: row for row in await self._store.all(queries.AMONG, network_id=network_id, ids=ids)}
        return [_record(rows[id_]) for id_ in ids if id_ in rows]


def _record(row: queries.AuditRow) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        date=datetime.format(row.date),
        actor=row.actor,
        address=row.address,
        action=row.action,
        entity=row.entity,
        entity_id=row.entity_id,
        device_id=row.device_id,
        name=row.name,
        before=None if row.before is None else msgspec.Raw(row.before.encode()),
        after=None if row.after is None else msgspec.Raw(row.after.encode()),
    )


def _cells(record: AuditRecord) -> list[str]:
    """Returns the cells as text. One that a spreadsheet would evaluate as a formula gets an apostrophe before it."""
    values = (getattr(record, field) for field in AuditRecord.__struct_fields__)
    texts = (
        "" if value is None else bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
        for value in values
    )
    return [safe(text) for text in texts]


def _lines(records: list[AuditRecord]) -> bytes:
    return b"".join(encode(record) + b"\n" for record in records)


def _rows(records: list[AuditRecord]) -> bytes:
    return rows_as_csv(map(_cells, records))
