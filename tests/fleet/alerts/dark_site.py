"""A site whose players go dark and come back when a test says so."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.fleet.alerts.evaluator import AlertEvaluator
from signfleet.fleet.devices.store import ITS_STATUS, THIS_DEVICE
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, device_status, outbox
from signfleet.foundation.wire.timespan import MINUTE
from tests.conftest import ROOT
from tests.world import now

ALERTS, HOOKS = f"{ROOT}/admin/v1/alerts/", f"{ROOT}/admin/v1/webhooks/"
RULES, WINDOWS = f"{ALERTS}rules/", f"{ALERTS}windows/"
SITE = [f"S{number:02}" for number in range(12)]
MESSAGES = Query(outbox.select().order_by(outbox.c.id))


class Site:
    """Twelve players of a network, which go dark and come back when a test says so; `time` passes as it says."""

    def __init__(self, services: Services, network_id: int, ids: list[int]) -> None:
        self.services, self.network_id, self.ids = services, network_id, ids
        self.time = now()

    async def set_health(self, health: str, reason: str | None, ids: list[int] | None = None) -> None:
        changed = device.update().where(THIS_DEVICE).values(health=health, health_reason=reason, health_since=self.time)
        reported = device_status.update().where(ITS_STATUS).values(status_date=self.time)

        async def work(tx: Transaction) -> None:
            for id_ in self.ids if ids is None else ids:
                for update in (changed, reported):
                    await tx.execute(Query(update), in_network=self.network_id, of_device=id_)

        await self.services.store.write(work)

    async def go_dark(self, ids: list[int] | None = None) -> None:
        await self.set_health("Error", "silent", ids)

    async def come_back(self, ids: list[int] | None = None) -> None:
        await self.set_health("Normal", None, ids)

    async def wait(self, minutes: float, evaluator: AlertEvaluator | None = None) -> None:
        """Lets time pass, with an evaluation each minute."""
        for _ in range(int(minutes)):
            self.time += MINUTE
            await (evaluator or self.services.alert_evaluator).run(self.time)

    async def mails(self) -> list[Any]:
        """Returns the mails in the outbox, with their texts."""
        rows = await self.services.store.scan_all(MESSAGES)
        return [
            SimpleNamespace(**{"to": row.receiver, "subject": row.subject, **json.loads(row.content)})
            for row in rows
            if row.channel == "mail"
        ]


async def alerts(client: AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    answer = await client.get(ALERTS, params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])
