"""Reads the audit trail, page by page or all of it, and forgets what is too old."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

import msgspec

from signfleet.audit import store as queries
from signfleet.audit.catalogue import AUDIT
from signfleet.audit.schemas import AuditRecord
from signfleet.collection import Collection
from signfleet.http.paging import ListQuery, Page
from signfleet.storage.interface import Row, Store, Transaction
from signfleet.wire import datetime
from signfleet.wire.json import encode
from signfleet.wire.timespan import DAY

#: How many entries are read at once for an export.
CHUNK: Final = 1000

#: What spreadsheets take for the beginning of a formula, some of them in full width too.
FORMULA_BEGINS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")

COLUMNS: Final = AuditRecord.__struct_encode_fields__


class Audit:
    """The audit trail of each network; `retention` is in days."""

    def __init__(self, store: Store, retention: int) -> None:
        self._store = store
        self._retention = retention
        self._all = Collection(store, AUDIT)

    async def list_(self, network_id: int, query: ListQuery) -> Page:
        """A page, the newest first unless a sort says otherwise."""
        found = await self._all.find(network_id, query)
        return found.page([encode(record) for record in await self._records(network_id, found.ids)])

    def lines(self, network_id: int, filter_: str | None, sort: str | None) -> AsyncIterator[bytes]:
        """All that matches as JSON Lines. Raises `Invalid` at once, not when it is read."""
        AUDIT.filter(filter_), AUDIT.sort(sort)
        return self._exported(network_id, filter_, sort, b"", _lines)

    def csv(self, network_id: int, filter_: str | None, sort: str | None) -> AsyncIterator[bytes]:
        """All that matches as CSV (RFC 4180) with a heading; `before` and `after` are JSON in their cells.

        Raises `Invalid` at once, not when it is read.
        """
        AUDIT.filter(filter_), AUDIT.sort(sort)
        return self._exported(network_id, filter_, sort, _csv([COLUMNS]), _rows)

    async def sweep(self, now: int) -> None:
        """Forget what is older than the retention allows."""
        before = now - self._retention * DAY

        async def work(tx: Transaction) -> int:
            return await tx.execute(queries.DELETE_OLD, before=before)

        while await self._store.write(work):
            pass

    async def _exported(
        self,
        network_id: int,
        filter_: str | None,
        sort: str | None,
        heading: bytes,
        write: Callable[[list[AuditRecord]], bytes],
    ) -> AsyncIterator[bytes]:
        yield heading
        marker = None
        while True:
            page = await self._all.rows(network_id, ListQuery(filter_, sort, marker, CHUNK))
            yield write(await self._records(network_id, page.ids))
            marker = page.next_marker
            if marker is None:
                return

    async def _records(self, network_id: int, ids: list[int]) -> list[AuditRecord]:
        rows = {row.id: row for row in await self._store.all(queries.AMONG, network_id=network_id, ids=ids)}
        return [_record(rows[id_]) for id_ in ids if id_ in rows]


def _record(row: Row) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        date=datetime.format(row.date),
        actor=row.actor,
        address=row.address,
        action=row.action,
        entity=row.entity,
        entity_id=row.entity_id,
        name=row.name,
        before=None if row.before is None else msgspec.Raw(row.before.encode()),
        after=None if row.after is None else msgspec.Raw(row.after.encode()),
    )


def _cells(record: AuditRecord) -> list[str]:
    """Cells as text. One that a spreadsheet would take for a formula gets an apostrophe before it."""
    values = (getattr(record, field) for field in AuditRecord.__struct_fields__)
    texts = (
        "" if value is None else bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
        for value in values
    )
    return [f"'{text}" if text.startswith(FORMULA_BEGINS) else text for text in texts]


def _lines(records: list[AuditRecord]) -> bytes:
    return b"".join(encode(record) + b"\n" for record in records)


def _rows(records: list[AuditRecord]) -> bytes:
    return _csv(map(_cells, records))


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
