"""What people do with alerts: list, acknowledge, mute and resolve them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.catalogue import ALERTS
from signfleet.fleet.alerts.joining import rules_of
from signfleet.fleet.alerts.schemas import Alert, AlertCause, date_of
from signfleet.fleet.alerts.store import AlertRow, change_of
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.web.caller.actor import acting
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page

#: The longest that an alert can be muted, in ms.
LONGEST_MUTE = 366 * 24 * 3_600_000

_read_cause = msgspec.json.Decoder(AlertCause).decode


class Alerts:
    """The alerts of a network. One about a device that the caller may not view does not exist for the caller.

    Who may update the device may acknowledge, mute and resolve its alerts; the methods raise `Forbidden` otherwise.
    """

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions
        self._all = Collection(store, ALERTS, within=queries.SHOWN)

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of alerts, newest first unless the query has a sort."""
        found = await self._all.find(session.network, query, await self._scope(session))
        rows = await self._store.all(queries.AMONG, network_id=session.network, ids=found.ids)
        known = {row.id: row for row in rows}
        return found.page([encode(_entity(known[id_])) for id_ in found.ids if id_ in known])

    async def get(self, session: Session, ref: str) -> Alert:
        """Returns an alert. Raises `NotFound`."""
        row = await self._store.one(queries.ALERT, in_network=session.network, this_id=_id(ref))
        return _entity(await self._visible(session, ref, row, self._store))

    async def acknowledge(self, session: Session, ref: str, note: str | None, now: int) -> None:
        """Notes that somebody takes care of an alert. Raises `NotFound`, `Invalid`."""
        await self._change(session, ref, now, "acknowledged", lambda row: {"note": note, "due_date": None})

    async def mute(self, session: Session, ref: str, until: str, note: str | None, now: int) -> None:
        """Makes an alert quiet until a date; if its cause lasts, it opens again then. Raises `NotFound`, `Invalid`."""
        due = date_of(until, "until")
        if due is None or not now < due <= now + LONGEST_MUTE:
            raise Invalid("'until' has to be a date in the future, at most 366 days ahead.")
        await self._change(session, ref, now, "muted", lambda row: {"note": note, "due_date": due})

    async def resolve(self, session: Session, ref: str, note: str | None, now: int) -> None:
        """Ends an alert; if its cause lasts, the next evaluation opens another. Raises `NotFound`, `Invalid`."""
        ended = {"note": note, "due_date": None, "resolve_date": now}
        await self._change(session, ref, now, "resolved", lambda row: ended)

    async def _change(
        self, session: Session, ref: str, now: int, state: str, values: Callable[[AlertRow], dict[str, Any]]
    ) -> None:
        network_id = session.network

        async def work(tx: Transaction) -> None:
            locked = await tx.one(queries.LOCK_ALERT, in_network=network_id, this_id=_id(ref))
            row = await self._visible(session, ref, locked, tx)
            await self._permissions.require_on(session, UPDATE_DEVICE, row.device_id, tx)
            if row.resolve_date is not None:
                raise Invalid(f"Alert {ref} is resolved already.")
            change = {"state": state, "actor": acting().name, **values(row)}
            await tx.execute(queries.CHANGE_ALERT, **change_of(row, **change))
            before = {"state": row.state, "note": row.note, "mutedUntil": _muted_until(row.state, row.due_date)}
            after = {"state": state, "note": change["note"], "mutedUntil": _muted_until(state, change["due_date"])}
            entry = AuditEntry("Update", "Alert", row.id, row.rule_name, before, after, row.device_id or None)
            await record(tx, network_id, entry, now)

        await self._store.write(work)

    async def _visible(self, session: Session, ref: str, row: AlertRow | None, tx: Store | Transaction) -> AlertRow:
        """Returns an alert that the caller may see. Raises `NotFound`."""
        device_id = 0 if row is None else row.device_id
        may_view = await self._permissions.allows_on(session, VIEW_DEVICE, device_id, tx)
        if row is None or row.state == "pending" or not may_view:
            raise NotFound.in_network("alert", ref)
        return row

    async def _scope(self, session: Session) -> Scope:
        scope = await self._permissions.scope(session, VIEW_DEVICE, queries.DEVICE_ID)
        return scope.or_where(queries.OF_NETWORK, "of the network")


def _entity(row: AlertRow) -> Alert:
    rules = rules_of(row)
    return Alert(
        id=row.id,
        rule_id=row.rule_id,
        rule_name=row.rule_name,
        rule_ids=[rule.id for rule in rules],
        rules=rules,
        cause=_read_cause(row.cause_data),
        device_id=row.device_id,
        serial=row.serial,
        state=row.state,  # type: ignore[arg-type]  # the store has these words alone
        reason=row.reason,
        since_date=datetime.format(row.since_date),
        open_date=datetime.format(row.open_date or row.since_date),
        last_date=datetime.format(row.last_date),
        count=row.count,
        actor=row.actor,
        note=row.note,
        muted_until=_muted_until(row.state, row.due_date),
        resolve_date=_date(row.resolve_date),
    )


def _muted_until(state: str, due_date: int | None) -> str | None:
    return _date(due_date) if state == "muted" else None


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)


def _id(ref: str) -> int:
    return int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else 0
