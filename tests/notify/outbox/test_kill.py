"""A server that is killed during a delivery: the message arrives again under its id, and none is lost."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import time_machine

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import build
from signfleet.fleet.webhooks.schemas import NewWebhook
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Transaction
from signfleet.notify.outbox.channel import Message
from signfleet.notify.outbox.service import CLAIM
from signfleet.notify.webhooks.delivery import WebhookQueue
from tests.conftest import ON_SQLITE
from tests.notify.webhooks.receiver import receiving, silence
from tests.running import PATIENCE, environment
from tests.world import now

SENDER = """
import asyncio, sys
from signfleet.app.wiring import build
from signfleet.foundation.settings import Settings
from signfleet.notify.webhooks.delivery import WebhookQueue

async def main():
    services = await build(Settings(data=sys.argv[1], database=sys.argv[2], webhook_addresses="127.0.0.1"))
    await WebhookQueue(services.store, services.outbox, services.webhook_delivery).send_due()

asyncio.run(main())
"""


@ON_SQLITE
async def test_a_killed_delivery_is_repeated_under_its_id(bootstrapped: tuple[str, Tenant], tmp_path: Path) -> None:
    database, network = bootstrapped
    settings = Settings(data=str(tmp_path), database=database, webhook_addresses="127.0.0.1")
    services = await build(settings)
    async with receiving() as receiver:
        receiver.answer = silence
        new = NewWebhook(name="Desk", url=receiver.url)
        hook = await services.webhooks.create(network.network_id, new, now())

        async def put(tx: Transaction) -> None:
            for number in range(3):
                message = Message("webhook", "Desk", "test", f"[{number}]", network.network_id, hook.id)
                await services.outbox.put(tx, message, now())

        await services.store.write(put)
        arguments = (sys.executable, "-c", SENDER, str(tmp_path), database)
        process = await asyncio.create_subprocess_exec(*arguments, env=environment())
        async with asyncio.timeout(PATIENCE):
            await receiver.arrived.wait()
        process.send_signal(signal.SIGKILL)
        await process.wait()
        receiver.answer = 200
        queue = WebhookQueue(services.store, services.outbox, services.webhook_delivery)
        await queue.send_due()
        interrupted, *others = receiver.ids
        assert interrupted not in others  # still claimed by the process that died
        assert len(set(others)) == 2
        with time_machine.travel((now() + CLAIM) / 1000 + 1):
            await queue.send_due()
        assert receiver.ids == [interrupted, *others, interrupted]
        assert sorted({request.body for request in receiver.requests}) == [b"[0]", b"[1]", b"[2]"]
    await services.close()
