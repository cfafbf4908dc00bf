"""Stores messages in the transactions that cause them, and delivers them until their receivers have accepted them.

A delivery begins with a claim: one process moves the date of the next attempt to the end of its claim, which succeeds
for one only. It ends with the deletion or the end of the row. A process that dies in between leaves a claim that
expires, and another process delivers again: a receiver gets each message at least once, under the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from signfleet.foundation import clock
from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.notify.outbox import store as queries
from signfleet.notify.outbox.channel import Answer, Channel, Message, NotDelivered, PermanentFailure
from signfleet.notify.outbox.store import OutboxRow

log = structlog.get_logger("outbox")

#: How long a process has a message for itself while it sends it.
CLAIM = 5 * timespan.MINUTE
#: A delivery that takes longer has failed: it ends well before its claim does.
LONGEST_DELIVERY = 2 * timespan.MINUTE
#: How long delivered messages stay as a log, and those that were given up.
DELIVERED_RETENTION = 7 * timespan.DAY
FAILED_RETENTION = 30 * timespan.DAY
#: Returned for a message that another process delivers.
TAKEN = NotDelivered("Another process delivers it.")
#: How many deliveries of a channel run at once: one slow receiver does not stop the others.
AT_ONCE = 4


class Outbox:
    """Stores messages and sends those that are due. `wake` signals the sending tasks that there is a new one."""

    def __init__(self, store: Store, *channels: Channel) -> None:
        self._store = store
        self._channels = {channel.name: channel for channel in channels}
        self.wake = asyncio.Event()
        self.wake_webhooks = asyncio.Event()

    async def put(self, tx: Transaction, message: Message, now: int) -> int:
        """Stores a message in a transaction and returns its id; the caller calls `send` after its commit."""
        id_ = await tx.next_id("outbox")
        await tx.execute(
            queries.INSERT,
            **message._asdict(),
            id=id_,
            state="waiting",
            creation_date=now,
            next_attempt_date=now,
            give_up_date=now + self._channels[message.channel].lifetime,
            attempts=0,
            last_attempt_date=None,
            duration=None,
            status=None,
            answer=None,
            last_error=None,
        )
        return id_

    def send(self) -> None:
        """Wakes the tasks that send; call it after a message is committed."""
        self.wake.set()
        self.wake_webhooks.set()

    async def send_due(self) -> None:
        """Sends every mail that is due, and postpones those that the mail server does not accept."""
        while rows := await self._store.all(queries.DUE, channel="mail", now=clock.now()):
            await self._send_all(rows)

    async def _send_all(self, rows: Sequence[OutboxRow]) -> None:
        turns = asyncio.Semaphore(AT_ONCE)

        async def send(row: OutboxRow) -> None:
            async with turns:
                await self.deliver(row)

        # One that fails for the store's sake does not stop the others, whose receivers may have their message already.
        for outcome in await asyncio.gather(*(send(row) for row in rows), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def deliver(self, row: OutboxRow) -> NotDelivered | None:
        """Delivers one message; returns why it was not delivered, or None. `TAKEN`: another process delivers it."""
        claimed = clock.now()
        until = claimed + CLAIM
        key = {"in_network": row.network_id, "this_id": row.id}

        async def claim(tx: Transaction) -> bool:
            params = {"due": row.next_attempt_date, "until": until, "attempt": claimed}
            return await tx.execute(queries.CLAIM, **key, **params) == 1

        if not await self._store.write(claim):
            return TAKEN
        channel = self._channels[row.channel]  # type: ignore[index]  # the store has the names of channels alone
        failure: NotDelivered | None = None
        answer = Answer()
        try:
            async with asyncio.timeout(LONGEST_DELIVERY / 1000):
                answer = await channel.deliver(row)
        except NotDelivered as error:
            failure = error
        except TimeoutError:
            failure = NotDelivered(f"The delivery took more than {LONGEST_DELIVERY // 1000} seconds")
        now = clock.now()

        async def finish(tx: Transaction) -> None:
            if failure is None and not channel.has_log:
                await tx.execute(queries.DELETE_DELIVERED, **key, due=until)
                return
            result = _result(row, channel, failure, answer, now)
            await tx.execute(queries.POSTPONE, **key, due=until, new_duration=max(0, now - claimed), **result)

        await self._store.write(finish)
        _log(row, failure, given_up=failure is not None and _is_given_up(row, failure, now))
        return failure

    async def replay(self, network_id: int, message_id: int, now: int) -> None:
        """Makes a message due again that was given up, or delivered to a webhook. Raises `NotFound`, `Invalid`."""

        async def work(tx: Transaction) -> None:
            await self.replay_in(tx, network_id, message_id, now)

        await self._store.write(work)
        self.send()

    async def replay_in(self, tx: Transaction, network_id: int, message_id: int, now: int) -> OutboxRow:
        """Does what `replay` does in a transaction, and returns the row as it was before."""
        row = await tx.one(queries.LOCK, in_network=network_id, this_id=message_id)
        if row is None:
            raise NotFound(f"There is no message {message_id} in the outbox.")
        if row.state == "waiting":
            raise Invalid(f"Message {message_id} waits for its next attempt already.")
        lifetime = self._channels[row.channel].lifetime  # type: ignore[index]  # as above
        await tx.execute(queries.REPLAY, in_network=network_id, this_id=message_id, now=now, give_up=now + lifetime)
        return row

    async def sweep(self, now: int) -> None:
        """Deletes messages after their retention."""
        for state, retention in (("delivered", DELIVERED_RETENTION), ("failed", FAILED_RETENTION)):
            while await self._delete_old(state, now - retention) == queries.BATCH:
                pass

    async def _delete_old(self, state: str, before: int) -> int:
        async def work(tx: Transaction) -> int:
            return await tx.execute(queries.DELETE_OLD, state=state, before=before)

        return await self._store.write(work)


def _is_given_up(row: OutboxRow, failure: NotDelivered, now: int) -> bool:
    return isinstance(failure, PermanentFailure) or now >= row.give_up_date


def _result(
    row: OutboxRow, channel: Channel, failure: NotDelivered | None, answer: Answer, now: int
) -> dict[str, object]:
    """Returns the parameters of `POSTPONE` for the outcome of an attempt."""
    if failure is None:
        outcome: dict[str, object] = {"next": None, "new_state": "delivered", "reason": None}
    elif _is_given_up(row, failure, now):
        outcome = {"next": None, "new_state": "failed", "reason": str(failure)}
    else:
        following = now + max(channel.wait(row.attempts), failure.retry_after)
        outcome = {"next": following, "new_state": "waiting", "reason": str(failure)}
    seen = answer if failure is None else failure.answer
    return {**outcome, "new_status": seen.status, "new_answer": seen.text}


def _log(row: OutboxRow, failure: NotDelivered | None, *, given_up: bool) -> None:
    facts = {"channel": row.channel, "message": row.id, "attempts": row.attempts + 1}
    if failure is None:
        log.info("message delivered", **facts)
        return
    write = log.error if given_up else log.warning
    write("message not delivered", **facts, reason=str(failure), given_up=given_up)
