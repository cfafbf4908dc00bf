"""Stores what the software of a player says of itself, inside the transaction of a registration or a report."""

from __future__ import annotations

from typing import Any, Final

from signfleet.fleet.devices.agent import store as queries
from signfleet.fleet.devices.agent.schemas import MOST_COMMANDS, MOST_FAILED, AppliedSettings
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.wire.json import encode
from signfleet.notify.events.kinds import EventData, FailedSetting, SettingsApplied, SettingsRefused

#: Bits of `device_agent.announced`.
APPLIED: Final = 1
REFUSED: Final = 2


async def store_can(tx: Transaction, keys: dict[str, int], can: list[str]) -> None:
    """Stores which commands a player can do; the caller has locked the device, or inserts it."""
    await tx.execute(queries.SET_CAN, **keys, can=_list_of(can))


async def store_report(
    tx: Transaction,
    keys: dict[str, int],
    can: list[str] | None,
    applied: AppliedSettings | None,
    *,
    settings_etag: str,
    now: int,
) -> list[EventData]:
    """Stores what a report says if it is news; returns the events. The caller has locked the device.

    Each outcome of the present settings, whose entity tag is `settings_etag`, is an event once: not with each report,
    and not for settings that are not those of the device.
    """
    row = await tx.one(queries.AGENT, **keys)
    if can is not None and (row is None or row.can != _list_of(can)):
        await store_can(tx, keys, can)
    if applied is None:
        return []
    etag, failed = applied.settings_etag.strip('"'), (applied.failed or [])[:MOST_FAILED]
    is_same = row is not None and row.applied_etag == etag
    announced = row.announced if row is not None and is_same else 0
    outcome = REFUSED if failed else APPLIED
    is_news = etag == settings_etag and not announced & outcome
    text = encode(failed).decode() if failed else None
    if row is not None and is_same and row.failed == text and not is_news:
        return []
    values: dict[str, Any] = {
        "applied_etag": etag,
        "applied_date": now,
        "failed": text,
        "announced": announced | outcome if is_news else announced,
    }
    await tx.execute(queries.SET_APPLIED, **keys, **values)
    if not is_news:
        return []
    quoted = f'"{etag}"'
    if not failed:
        return [SettingsApplied(settings_etag=quoted)]
    parts = [FailedSetting(path=part.path, reason=part.reason) for part in failed]
    return [SettingsRefused(settings_etag=quoted, failed=parts)]


def _list_of(can: list[str]) -> str:
    """Returns the stored list of commands, as JSON: in lower case, sorted, each once."""
    return encode(sorted({name.lower() for name in can[:MOST_COMMANDS]})).decode()
