"""The outbox: stores a mail in the transaction that causes it, until a mail server has accepted it."""

from __future__ import annotations

import asyncio

import structlog

from signfleet.foundation import clock
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import timespan
from signfleet.notify.mail import store as queries
from signfleet.notify.mail.composing import Mail
from signfleet.notify.mail.delivery import Delivery, NotDelivered, PermanentFailure

log = structlog.get_logger("mail")

#: The wait after a failed attempt starts here and doubles up to the longest, in ms.
FIRST_WAIT = timespan.MINUTE
LONGEST_WAIT = 2 * timespan.HOUR
#: A mail that no mail server has accepted for so long stays for the operator to see, but is not sent again.
GIVE_UP_AFTER = 5 * timespan.DAY
#: How long a process has a mail for itself while it sends it.
CLAIM = 5 * timespan.MINUTE


class Outbox:
    """Stores mails and sends those that are due. `wake` signals the sending task that there is a new one."""

    def __init__(self, store: Store, delivery: Delivery) -> None:
        self._store = store
        self._delivery = delivery
        self.wake = asyncio.Event()

    async def put(self, tx: Transaction, mail: Mail, now: int) -> None:
        """Stores a mail in a transaction; the caller sets `wake` after its commit."""
        await tx.execute(
            queries.INSERT,
            id=await tx.next_id("mail"),
            recipient=mail.recipient,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            creation_date=now,
            next_attempt_date=now,
            attempts=0,
            last_error=None,
        )

    async def send_due(self) -> None:
        """Sends every mail that is due, and postpones those that the mail server does not accept."""
        while rows := await self._store.all(queries.DUE, now=clock.now()):
            for row in rows:
                if await self._claim(row):
                    await self._send(row)

    async def _claim(self, row: queries.MailRow) -> bool:
        async def work(tx: Transaction) -> bool:
            until = clock.now() + CLAIM
            return await tx.execute(queries.CLAIM, id_=row.id, due=row.next_attempt_date, until=until) == 1

        return await self._store.write(work)

    async def _send(self, row: queries.MailRow) -> None:
        mail = Mail(row.recipient, row.subject, row.text, row.html)
        try:
            await self._delivery.deliver(mail, row.id, row.creation_date)
        except NotDelivered as error:
            await self._postpone(row, str(error), given_up=isinstance(error, PermanentFailure))
            return

        async def work(tx: Transaction) -> None:
            await tx.execute(queries.DELETE, id=row.id)

        await self._store.write(work)
        log.info("mail delivered", mail=row.id, attempts=row.attempts + 1)

    async def _postpone(self, row: queries.MailRow, reason: str, *, given_up: bool) -> None:
        now = clock.now()
        given_up = given_up or now - row.creation_date >= GIVE_UP_AFTER
        following = None if given_up else now + min(FIRST_WAIT * 2 ** min(row.attempts, 16), LONGEST_WAIT)

        async def work(tx: Transaction) -> None:
            await tx.execute(queries.POSTPONE, id_=row.id, next=following, reason=reason)

        await self._store.write(work)
        write = log.error if given_up else log.warning
        write("mail not delivered", mail=row.id, attempts=row.attempts + 1, reason=reason, given_up=given_up)
