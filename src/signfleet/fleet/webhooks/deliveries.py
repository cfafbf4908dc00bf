"""Lists what the outbox of a network contains, and sends again what was given up."""

from __future__ import annotations

from signfleet.fleet.webhooks import store as queries
from signfleet.fleet.webhooks.catalogue import OUTBOX
from signfleet.fleet.webhooks.schemas import OutboxMessage
from signfleet.foundation.errors import NotFound
from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.json import encode
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.notify.outbox import store as outbox_queries
from signfleet.notify.outbox.service import Outbox
from signfleet.notify.outbox.store import OutboxRow
from signfleet.notify.webhooks import store as webhook_queries
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page


class Deliveries:
    """The messages of networks: alert mails and deliveries to webhooks."""

    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._store = store
        self._outbox = outbox
        self._all = Collection(store, OUTBOX)

    async def list_(self, network_id: int, query: ListQuery, webhook_id: int | None = None) -> Page:
        """Returns a page of the messages, of one webhook or of all channels, newest first."""
        scope: Scope = EVERYTHING if webhook_id is None else queries.deliveries_of(webhook_id)
        found = await self._all.find(network_id, query, scope)
        rows = await self._store.all(outbox_queries.AMONG, network_id=network_id, ids=found.ids)
        known = {row.id: row for row in rows}
        return found.page([encode(_entity(known[id_])) for id_ in found.ids if id_ in known])

    async def replay(self, network_id: int, ref: str, now: int, webhook_id: int | None = None) -> None:
        """Sends a message again that was given up, or delivered to a webhook. Raises `NotFound`, `Invalid`."""
        id_ = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else 0

        async def work(tx: Transaction) -> None:
            row = await self._outbox.replay_in(tx, network_id, id_, now)
            if webhook_id not in (None, row.webhook_id):
                raise NotFound(f"There is no delivery {ref} of this webhook.")
            if row.webhook_id is not None:
                await tx.execute(webhook_queries.RESUME, in_network=network_id, this_id=row.webhook_id)
            entry = AuditEntry("Update", "Message", id_, row.subject, {"state": row.state}, {"state": "waiting"})
            await record(tx, network_id, entry, now)

        await self._store.write(work)
        self._outbox.send()


def _entity(row: OutboxRow) -> OutboxMessage:
    return OutboxMessage(
        id=row.id,
        channel=row.channel,  # type: ignore[arg-type]  # the store has these words alone
        receiver=row.receiver,
        webhook_id=row.webhook_id,
        subject=row.subject,
        state=row.state,  # type: ignore[arg-type]  # as above
        creation_date=datetime.format(row.creation_date),
        next_attempt_date=_date(row.next_attempt_date),
        give_up_date=datetime.format(row.give_up_date),
        attempts=row.attempts,
        last_attempt_date=_date(row.last_attempt_date),
        duration=row.duration,
        status=row.status,
        answer=row.answer,
        last_error=row.last_error,
    )


def _date(ms: int | None) -> str | None:
    return None if ms is None else datetime.format(ms)
