"""Deletes expired tokens, sessions, links and registrations; announces the end of trials and ends them."""

from __future__ import annotations

from functools import partial

import structlog

from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.wire import timespan
from signfleet.identity.access import store as queries
from signfleet.identity.networks.levels import FREE, announce_end, change_level
from signfleet.identity.networks.store import (
    ENDED_TRIAL,
    ENDED_TRIALS,
    EXPIRING_TRIALS,
    LOCK_NETWORK,
    NetworkRow,
)
from signfleet.identity.people.store import DELETE_OLD_LINKS, DELETE_OLD_REGISTRATIONS
from signfleet.identity.sign_in.code_store import DELETE_OLD_CODES

log = structlog.get_logger("housekeeping")

#: Expired tokens stay this long, so that a late client learns that its token has expired.
TOKEN_RETENTION = timespan.DAY
#: A registration that nobody activates is deleted after this time.
REGISTRATION_LIFETIME = 30 * timespan.DAY


class Housekeeping:
    """Runs every few minutes, in any process of an installation or in several at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tidy(self) -> None:
        now = clock.now()
        await self._announce_trials(now)
        await self._end_trials(now)
        for query in (queries.DELETE_OLD_SESSIONS, queries.DELETE_OLD_TOKENS, DELETE_OLD_CODES):
            await self._delete(query, before=now - TOKEN_RETENTION)
        await self._delete(DELETE_OLD_REGISTRATIONS, before=now - REGISTRATION_LIFETIME)

        async def work(tx: Transaction) -> None:
            await tx.execute(DELETE_OLD_LINKS, now=now)

        await self._store.write(work)

    async def _delete(self, query: Query, before: int) -> None:
        """Deletes in batches, so that other writers do not wait for all of them."""

        async def work(tx: Transaction) -> int:
            return await tx.execute(query, before=before)

        while await self._store.write(work):
            pass

    async def _announce_trials(self, now: int) -> None:
        for row in await self._store.scan_all(EXPIRING_TRIALS, now=now):
            await self._store.write(partial(announce_end, network_id=row.id, now=now))

    async def _end_trials(self, now: int) -> None:
        for row in await self._store.scan_all(ENDED_TRIALS, now=now):
            await self._end_trial(row, now)

    async def _end_trial(self, row: NetworkRow, now: int) -> None:
        async def work(tx: Transaction) -> bool:
            await tx.one(LOCK_NETWORK, id=row.id)
            if await tx.one(ENDED_TRIAL, id=row.id, now=now) is None:  # another transaction changed the level
                return False
            return await change_level(tx, row.id, FREE, now, trial=0, by_member=False)

        if await self._store.write(work):
            log.info("a network's trial has ended", network=row.id)
