"""Delivers to webhooks: signs, posts, and pauses a receiver that fails, so that it stops nobody but itself."""

from __future__ import annotations

import asyncio
import random
import time
from typing import NamedTuple

from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.notify.outbox.channel import Answer, ChannelName, NotDelivered, PermanentFailure
from signfleet.notify.outbox.service import TAKEN, Outbox
from signfleet.notify.outbox.store import OutboxRow
from signfleet.notify.webhooks import store as queries
from signfleet.notify.webhooks.client import NoResponse, Response, WebhookClient
from signfleet.notify.webhooks.signing import WebhookKeys
from signfleet.notify.webhooks.store import DueWebhook, Target

#: The wait after a failed attempt starts here and doubles up to the longest, in ms; each is up to a quarter longer.
FIRST_WAIT = 10 * timespan.SECOND
LONGEST_WAIT = 2 * timespan.HOUR
LONGEST_RETRY_AFTER = timespan.HOUR
#: How many webhooks get their requests at the same time, and how many requests one gets before others have their turn.
AT_ONCE = 8
IN_A_ROW = 20

GONE = 410


class Trial(NamedTuple):
    """What came of a request that an administrator asked for."""

    answer: Response | None
    error: str | None
    #: ms
    duration: int


class WebhookDelivery:
    """The channel of webhooks."""

    name: ChannelName = "webhook"
    lifetime = timespan.DAY
    has_log = True

    def __init__(self, store: Store, client: WebhookClient, keys: WebhookKeys) -> None:
        self._store = store
        self._client = client
        self._keys = keys

    def wait(self, attempts: int) -> int:
        """Returns the time to wait after so many attempts, in ms."""
        wait: int = min(FIRST_WAIT * 2 ** min(attempts, 16), LONGEST_WAIT)
        return wait + random.randrange(wait // 4)  # noqa: S311 - no secret

    async def deliver(self, row: OutboxRow) -> Answer:
        """Returns when the receiver has answered 2xx. Raises `NotDelivered` or `PermanentFailure`."""
        target = await self._store.one(queries.TARGET, in_network=row.network_id, this_id=row.webhook_id)
        if target is None:
            raise PermanentFailure("The webhook was deleted.")
        try:
            response = await self.post(target, f"msg_{row.network_id}_{row.id}", row.content.encode())
        except NoResponse as error:
            raise NotDelivered(f"No answer: {error}.") from error
        answer = Answer(response.status, response.excerpt)
        if 200 <= response.status < 300:
            return answer
        failure = PermanentFailure if response.status == GONE else NotDelivered
        retry_after = min(response.retry_after * 1000, LONGEST_RETRY_AFTER)
        raise failure(_refusal(response.status), answer, retry_after)

    async def post(self, target: Target, message_id: str, body: bytes) -> Response:
        """Sends a signed request. Raises `NoResponse`."""
        now = clock.now()
        salts = [target.salt]
        if target.previous_salt is not None and now < (target.previous_until or 0):
            salts.append(target.previous_salt)
        return await self._client.post(target.url, self._keys.headers(message_id, now // 1000, body, salts), body)

    async def test(self, target: Target, message_id: str, body: bytes) -> Trial:
        """Sends a request at once, whatever waits, and returns what came of it."""
        began = time.monotonic()
        answer, error = None, None
        try:
            answer = await self.post(target, message_id, body)
            if not 200 <= answer.status < 300:
                error = _refusal(answer.status)
        except NoResponse as failure:
            error = f"No answer: {failure}."
        return Trial(answer, error, int((time.monotonic() - began) * 1000))


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return f"The receiver answered {status}; redirects are not followed."
    return f"The receiver answered {status}."


class WebhookQueue:
    """Delivers what is due, each webhook in a lane of its own."""

    def __init__(self, store: Store, outbox: Outbox, channel: WebhookDelivery) -> None:
        self._store = store
        self._outbox = outbox
        self._channel = channel

    async def send_due(self) -> None:
        """Sends every delivery that is due; a webhook that fails has to wait."""
        while due := await self._store.scan_all(queries.WITH_DUE, now=clock.now()):
            lanes = asyncio.Semaphore(AT_ONCE)
            outcomes = await asyncio.gather(*(self._send(lanes, each) for each in due), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _send(self, lanes: asyncio.Semaphore, webhook: DueWebhook) -> None:
        """Sends deliveries of one webhook, until one fails or other webhooks have their turn."""
        key = {"in_network": webhook.network_id, "this_id": webhook.id}
        async with lanes:
            rows = await self._store.all(queries.DUE_OF_WEBHOOK, **key, now=clock.now(), count=IN_A_ROW)
            for row in rows:
                failure = await self._outbox.deliver(row)
                if failure is TAKEN:
                    continue
                if failure is not None and not isinstance(failure, PermanentFailure):
                    await self._pause(key, failure)
                    return
                await self._resume(key)

    async def _pause(self, key: dict[str, int], failure: NotDelivered) -> None:
        async def work(tx: Transaction) -> None:
            target = await tx.one(queries.TARGET, **key)
            if target is not None:
                wait = max(self._channel.wait(target.failures), failure.retry_after)
                await tx.execute(queries.PAUSE, **key, until=clock.now() + wait)

        await self._store.write(work)

    async def _resume(self, key: dict[str, int]) -> None:
        target = await self._store.one(queries.TARGET, **key)
        if target is not None and target.failures:
            await self._store.write(lambda tx: tx.execute(queries.RESUME, **key))
