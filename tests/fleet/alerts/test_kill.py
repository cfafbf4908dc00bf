"""A server that is killed while it evaluates alerts and sends their mails: no mail is lost, and none is doubled."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import alert, outbox
from signfleet.foundation.wire.timespan import MINUTE
from tests.conftest import ON_SQLITE, CallAs
from tests.fleet.health.sweeping import join, report
from tests.notify.mail.server import Received, mail_server
from tests.running import PATIENCE, environment

#: The jobs of a server, some time later: leases and claims of those that died have ended.
JOBS = """
import asyncio, sys
from signfleet.app.wiring import build
from signfleet.foundation import clock
from signfleet.foundation.settings import Settings

async def main():
    clock.set_ahead(int(sys.argv[3]))
    mail = {"smtp_host": "127.0.0.1", "smtp_port": int(sys.argv[2]), "smtp_security": "none"}
    services = await build(Settings(data=sys.argv[1], alert_gather_seconds=1, **mail))
    services.background.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""
READ_ONLY = {"storage": [{"interface": "SD1", "access": "Read"}]}


class Stalling(Received):
    """Does not answer while `stalls` is set."""

    stalls = False

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        if self.stalls:
            self.attempts += 1
            await asyncio.sleep(PATIENCE)
        return await super().handle_DATA(server, session, envelope)


@ON_SQLITE
async def test_killed_servers_send_one_mail_for_each_alert(
    services: Services, admin: AsyncClient, call_as: CallAs, setup_token: str, tmp_path: Path
) -> None:
    async def start(later: int) -> asyncio.subprocess.Process:
        arguments = [sys.executable, "-c", JOBS, str(tmp_path), str(controller.port), str(later)]
        return await asyncio.create_subprocess_exec(*arguments, env=environment())

    async def kill(process: asyncio.subprocess.Process) -> None:
        assert process.returncode is None, "it ended by itself"
        process.kill()
        await process.wait()

    async def rows(table: Any) -> list[Any]:
        return list(await services.store.scan_all(Query(table.select())))

    async def until(table: Any, is_reached: Callable[[list[Any]], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                if is_reached(await rows(table)):
                    return
                await asyncio.sleep(0.02)

    (user,) = (await admin.get("/Self/Users/")).json()
    asked = {f"{name}NotificationEnabled": True for name in ("deviceFailure", "devicesFailure")}
    assert (await admin.put(f"/Self/Users/{user['id']}/Notifications/", json=asked)).status_code == 204
    received = Stalling()
    with mail_server(received) as controller:
        await report(await join(call_as, setup_token, "A1"), status=READ_ONLY)
        process = await start(0)
        await until(alert, lambda found: len(found) == 1)
        await kill(process)  # the alert is open, and nobody has heard of it
        assert received.attempts == 0
        received.stalls = True
        process = await start(6 * MINUTE)
        await until(outbox, lambda _: received.attempts == 1)
        await report(await join(call_as, setup_token, "A2"), status=READ_ONLY)
        await kill(process)  # amid the delivery of one mail, and the evaluation of another alert
        received.stalls = False
        process = await start(12 * MINUTE)
        await until(outbox, lambda found: not found and len(received.messages) == 2)
        await asyncio.sleep(2.5)  # longer than the evaluator's period and the wait for mails that belong together
        await kill(process)
    assert sorted(str(mail["Subject"])[:9] for mail in received.messages) == ["Player A1", "Player A2"]
    assert sorted((found.serial, found.state) for found in await rows(alert)) == [("A1", "open"), ("A2", "open")]
    assert await rows(outbox) == []
