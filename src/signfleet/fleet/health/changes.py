"""Writes a change of health: the device's columns, the period that ends, and the event."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from signfleet.fleet.health import store as queries
from signfleet.fleet.health.rules import Reason, Verdict
from signfleet.fleet.health.store import StoredHealth
from signfleet.fleet.health.wording import describe
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.text import fold
from signfleet.notify.events.kinds import HealthChanged
from signfleet.notify.events.recording import Event, record


def reason_of(row: StoredHealth) -> Reason | None:
    """Returns the stored reason of a device's health."""
    if row.health_reason is None:
        return None
    return Reason(row.health_reason, row.health_reason_date, row.health_reason_subject, row.health_reason_number)


async def write_changes(tx: Transaction, found: Sequence[tuple[StoredHealth, Verdict]], now: int) -> None:
    """Writes the verdicts that differ from what locked devices have; nothing for the others."""
    changed = [pair for pair in found if (pair[0].health, reason_of(pair[0])) != (pair[1].health, pair[1].reason)]
    moved = [pair for pair in changed if pair[0].health != pair[1].health]
    for network_id, pairs in groupby(moved, key=lambda pair: pair[0].network_id):
        both = list(pairs)
        await _end_periods(tx, network_id, [row for row, _ in both], now)
        await record(tx, network_id, *(_event(row, verdict, now) for row, verdict in both), now=now)
    if changed:
        await tx.execute_many(queries.SET_HEALTH, [_columns(row, verdict, now) for row, verdict in changed])


def _columns(row: StoredHealth, verdict: Verdict, now: int) -> dict[str, Any]:
    code, date, subject, number = verdict.reason or (None, None, None, None)
    return {
        "in_network": row.network_id,
        "of_device": row.id,
        "new_health": verdict.health,
        "new_since": row.health_since if row.health == verdict.health else _end(row, now),
        "new_reason": code,
        "new_reason_date": date,
        "new_reason_subject": subject,
        "new_reason_subject_key": None if subject is None else fold(subject),
        "new_reason_number": number,
    }


def _event(row: StoredHealth, verdict: Verdict, now: int) -> Event:
    reason = verdict.reason
    data = HealthChanged(
        from_=row.health,
        to=verdict.health,
        reason=reason and describe(reason, now),
        code=reason and reason.code,
        date=None if reason is None or reason.date is None else datetime.format(reason.date),
        subject=reason and reason.subject,
        free_percent=reason and reason.number,
    )
    return Event(data, row.id, row.serial)


def _end(row: StoredHealth, now: int) -> int:
    """Returns when the present health of a device ends: no two periods end at once, even if the clock steps back."""
    return max(now, row.health_since + 1)


async def _end_periods(tx: Transaction, network_id: int, rows: Sequence[StoredHealth], now: int) -> None:
    """Inserts the periods that end, with the totals of all periods of their devices."""
    before = {
        total.device_id: total
        for total in await tx.all(queries.LAST_TOTALS, network_id=network_id, ids=[row.id for row in rows])
    }
    ids = await tx.next_ids("health_period", len(rows))
    await tx.execute_many(
        queries.INSERT_PERIOD,
        [_period(row, id_, before.get(row.id), _end(row, now)) for row, id_ in zip(rows, ids, strict=True)],
    )


def _period(row: StoredHealth, id_: int, before: queries.LastTotals | None, end: int) -> dict[str, Any]:
    subject = row.health_reason_subject
    time = {row.health: end - row.health_since}
    return {
        "network_id": row.network_id,
        "id": id_,
        "device_id": row.id,
        "since_date": row.health_since,
        "until_date": end,
        "health": row.health,
        "reason": row.health_reason,
        "reason_date": row.health_reason_date,
        "reason_subject": subject,
        "reason_subject_key": None if subject is None else fold(subject),
        "reason_number": row.health_reason_number,
        "normal": (before.normal if before else 0) + time.get("Normal", 0),
        "warning": (before.warning if before else 0) + time.get("Warning", 0),
        "error": (before.error if before else 0) + time.get("Error", 0),
    }
