"""Writes the audit trail, inside the units of work that make the changes: what is not kept was not done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit import store as queries
from signfleet.identity.audit.masking import difference, masked, plain
from signfleet.identity.audit.schemas import Action, AuditedEntity
from signfleet.web.caller.actor import acting

#: The network under which changes are kept that belong to none.
NO_NETWORK = 0


class AuditEntry(NamedTuple):
    """What happened to one thing. Documents are Structs, builtin types or JSON text; None for what is not there."""

    action: Action
    entity: AuditedEntity
    id: int | None = None
    name: str | None = None
    before: Any = None
    after: Any = None
    #: The device that it is about, for a change of another entity.
    device_id: int | None = None


async def record(tx: Transaction, network_id: int | None, change: AuditEntry, now: int) -> None:
    """Put a change into the trail. One that changed nothing leaves no entry."""
    await record_all(tx, network_id, [change], now)


async def record_all(tx: Transaction, network_id: int | None, changes: Sequence[AuditEntry], now: int) -> None:
    """Put changes into the trail, in their order; `now` is in ms."""
    actor = acting()
    rows = []
    for change in changes:
        before, after = _documents(change)
        if change.action == "Update" and before == after:
            continue
        rows.append(
            {
                "network_id": network_id or NO_NETWORK,
                "date": now,
                "actor": actor.name,
                "actor_key": fold(actor.name),
                "address": actor.address and fold(actor.address),
                "action": change.action,
                "entity": change.entity,
                "entity_id": change.id,
                "name": change.name,
                "name_key": None if change.name is None else fold(change.name),
                "before": before,
                "after": after,
                "device_id": change.id if change.entity == "Device" else change.device_id,
            }
        )
    if rows:
        ids = await tx.next_ids("audit", len(rows))
        await tx.execute_many(queries.INSERT, [row | {"id": id_} for row, id_ in zip(rows, ids, strict=True)])


def _documents(change: AuditEntry) -> tuple[str | None, str | None]:
    before = None if change.before is None else plain(change.before)
    after = None if change.after is None else plain(change.after)
    if before is not None and after is not None:
        before, after = difference(before, after)
    return _text(before), _text(after)


def _text(document: Any) -> str | None:
    return None if document is None else encode(masked(document)).decode()
