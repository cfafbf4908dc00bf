"""The rules that a new network begins with: players that lose contact, and players with a fault."""

from __future__ import annotations

from typing import Final

from signfleet.fleet.alerts import store as queries
from signfleet.fleet.alerts.schemas import Condition
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold

DEFAULT_RULES: Final = {
    "Player lost contact": Condition(kind="health", health=["Error"], reasons=["silent"]),
    "Player has a fault": Condition(kind="health", health=["Error"], reasons=["storageReadOnly", "storageFull"]),
}


async def insert_default_rules(tx: Transaction, network_id: int, now: int) -> None:
    """Inserts the rules of a new network. Their alerts go to users whose notification settings ask for them."""
    ids = await tx.next_ids("alert_rule", len(DEFAULT_RULES))
    for id_, (name, condition) in zip(ids, DEFAULT_RULES.items(), strict=True):
        await tx.execute(
            queries.INSERT_RULE,
            network_id=network_id,
            id=id_,
            name=name,
            name_key=fold(name),
            is_enabled=True,
            filter=None,
            condition=encode(condition).decode(),
            delay=0,
            notifies_users=True,
            mail_to="[]",
            webhooks="[]",
            creation_date=now,
            last_modified_date=now,
        )
