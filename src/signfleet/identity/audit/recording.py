"""Writes the audit trail in the transactions that make the changes, so that both commit or neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.wakeups import Topic
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit import store as queries
from signfleet.identity.audit.masking import difference, masked, plain
from signfleet.identity.audit.schemas import Action, AuditedEntity
from signfleet.web.caller.actor import acting

#: The network id of entries that belong to no network.
NO_NETWORK = 0


class AuditEntry(NamedTuple):
    """A change of one entity. Documents are Structs, builtin types or JSON text, or None if there is none."""

    action: Action
    entity: AuditedEntity
    id: int | None = None
    name: str | None = None
    before: Any = None
    after: Any = None
    #: The device concerned, if the entity is not a device.
    device_id: int | None = None


async def record(tx: Transaction, network_id: int | None, entry: AuditEntry, now: int) -> None:
    """Adds an entry to the trail, unless it is an update that changed nothing."""
    await record_all(tx, network_id, [entry], now)


async def record_all(tx: Transaction, network_id: int | None, entries: Sequence[AuditEntry], now: int) -> None:
    """Adds entries to the trail in their order, like `record`, and wakes who waits for changes; `now` is in ms."""
    actor = acting()
    rows = []
    for entry in entries:
        before, after = _documents(entry)
        if entry.action == "Update" and before == after:
            continue
        rows.append(
            {
                "network_id": network_id or NO_NETWORK,
                "date": now,
                "actor": actor.name,
                "actor_key": fold(actor.name),
                "address": actor.address and fold(actor.address),
                "action": entry.action,
                "entity": entry.entity,
                "entity_id": entry.id,
                "name": entry.name,
                "name_key": None if entry.name is None else fold(entry.name),
                "before": before,
                "after": after,
                "device_id": entry.id if entry.entity == "Device" else entry.device_id,
            }
        )
    if rows:
        ids = await tx.next_ids("audit", len(rows))
        await tx.execute_many(queries.INSERT, [row | {"id": id_} for row, id_ in zip(rows, ids, strict=True)])
        tx.announce(topic_of(network_id or NO_NETWORK))


def topic_of(network_id: int) -> Topic:
    """Returns what to listen to for the changes in a network."""
    return Topic("audit", network_id)


def _documents(entry: AuditEntry) -> tuple[str | None, str | None]:
    before = None if entry.before is None else plain(entry.before)
    after = None if entry.after is None else plain(entry.after)
    if before is not None and after is not None:
        before, after = difference(before, after)
    return _text(before), _text(after)


def _text(document: Any) -> str | None:
    return None if document is None else encode(masked(document)).decode()
