"""Stores the metrics of a report, inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping

from signfleet.fleet.devices.metrics import store as queries
from signfleet.fleet.devices.metrics.history import fold
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode


async def store_metrics(tx: Transaction, keys: dict[str, int], values: Mapping[str, float], now: int) -> None:
    """Stores values, by name, that a player measured at `now` (ms); the caller has locked the device."""
    row = await tx.one(queries.PRESENT, **keys)
    hour, slots, ended = fold(None if row is None else (row.hour, row.slots), values, now)
    if row is not None and ended:
        rows = [{**keys, "step": step, "hour": row.hour, "slots": text} for step, text in ended]
        await tx.execute_many(queries.INSERT_HOUR, rows)
    await tx.execute(
        queries.STORE_METRICS,
        **keys,
        date=now,
        properties=encode({f"metrics.{name}": value for name, value in values.items()}).decode(),
        latest=encode(values).decode(),
        hour=hour,
        slots=slots,
    )
