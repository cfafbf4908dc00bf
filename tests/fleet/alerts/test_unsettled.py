"""What changes without an event is found once a minute, and what does not change is not read for that."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from signfleet.fleet.alerts.changes import AlertChanges, Comparison
from signfleet.fleet.alerts.evaluation import Evaluation
from signfleet.fleet.alerts.matching import DeviceMatcher
from signfleet.fleet.alerts.store import CHANGED, LIVE
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import alert
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import MINUTE
from signfleet.notify.events.kinds import ErrorReported
from signfleet.notify.events.recording import Event, record
from tests.fleet.alerts.dark_site import ALERTS, RULES, SITE, WINDOWS, Site
from tests.fleet.devices.stored import register

STEPS: Final = 30
HEALTHS: Final = (
    *(("Normal", None), ("Error", None), ("Error", "silent"), ("Error", "storageFull")),
    *(("Warning", "storageNearlyFull"), ("Warning", "silent"), ("Unknown", "neverReported")),
)
CONDITIONS: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "health", "health": ["Error"]},
    {"kind": "health", "health": ["Error", "Warning"], "reasons": ["silent", "storageNearlyFull"]},
    {"kind": "health", "health": ["Unknown", "Normal"]},
    {"kind": "silent", "minutes": 5},
    {"kind": "silent", "minutes": 30},
    {"kind": "event", "events": ["ErrorReported"]},
)
FILTERS: Final = (None, None, f"[Serial] IS NOT '{SITE[0]}'", "[Settings].[Description] IS 'Here'")
LIVE_ALERTS: Final = Query(select(alert.c.id, alert.c.state).where(alert.c.resolve_date.is_(None)))


class Changing:
    """A site at which anything changes at random, without the events that servers record."""

    def __init__(self, site: Site, admin: AsyncClient, seed: int) -> None:
        self.site, self.admin, self.chance = site, admin, random.Random(seed)
        self.rules: list[int] = []
        self.windows: list[int] = []
        self.steps: list[Callable[[], Awaitable[None]]] = [
            *(self.health, self.health, self.health, self.report_error, self.describe, self.delete),
            *(self.add_rule, self.add_rule, self.change_rule, self.delete_rule),
            *(self.add_window, self.delete_window, self.handle, self.handle),
        ]

    async def step(self) -> None:
        await self.chance.choice(self.steps)()
        self.site.time += self.chance.choice((1, 1, 2, 7, 40)) * MINUTE

    def some(self) -> list[int]:
        return self.chance.sample(self.site.ids, self.chance.randint(1, 4))

    async def health(self) -> None:
        await self.site.set_health(*self.chance.choice(HEALTHS), self.some())

    async def report_error(self) -> None:
        event = Event(ErrorReported(error_name="fan"), self.some()[0], None)
        network_id, time = self.site.network_id, self.site.time
        await self.site.services.store.write(lambda tx: record(tx, network_id, event, now=time))

    async def describe(self) -> None:
        change = {"op": "replace", "path": "/settings/description", "value": self.chance.choice(("Here", "There"))}
        for id_ in self.some():
            assert (await self.admin.patch(f"/Devices/{id_}/", json=[change])).status_code in (204, 404)

    async def delete(self) -> None:
        if len(self.site.ids) > 6:
            id_ = self.site.ids.pop(self.chance.randrange(len(self.site.ids)))
            assert (await self.admin.delete(f"/Devices/{id_}/")).status_code == 204

    def rule(self) -> dict[str, Any]:
        condition = self.chance.choice(CONDITIONS)
        delay = 0 if condition["kind"] == "event" else self.chance.choice((0, 0, 3, 20))
        rule = {"name": f"Rule {self.chance.random()}", "condition": condition, "minutes": delay}
        return rule | {"filter": self.chance.choice(FILTERS), "isEnabled": self.chance.random() < 0.8}

    async def add_rule(self) -> None:
        made = await self.admin.post(RULES, json=self.rule())
        assert made.status_code == 201, made.text
        self.rules.append(made.json()["id"])

    async def change_rule(self) -> None:
        if self.rules:
            answer = await self.admin.put(f"{RULES}{self.chance.choice(self.rules)}/", json=self.rule())
            assert answer.status_code < 300, answer.text

    async def delete_rule(self) -> None:
        if self.rules:
            id_ = self.rules.pop(self.chance.randrange(len(self.rules)))
            assert (await self.admin.delete(f"{RULES}{id_}/")).status_code == 204

    async def add_window(self) -> None:
        end = self.site.time + self.chance.choice((2, 15)) * MINUTE
        window = {"name": "Works", "begin": datetime.format(self.site.time), "end": datetime.format(end)}
        made = await self.admin.post(WINDOWS, json=window | {"filter": self.chance.choice(FILTERS)})
        assert made.status_code == 201, made.text
        self.windows.append(made.json()["id"])

    async def delete_window(self) -> None:
        if self.windows:
            await self.admin.delete(f"{WINDOWS}{self.windows.pop()}/")

    async def handle(self) -> None:
        """Resolves, acknowledges or mutes an alert."""
        shown = [row.id for row in await self.site.services.store.scan_all(LIVE_ALERTS) if row.state != "pending"]
        if shown:
            action = self.chance.choice(("resolve", "acknowledge", "mute"))
            until = datetime.format(self.site.time + 400 * MINUTE)
            await self.admin.post(f"{ALERTS}{self.chance.choice(shown)}/{action}/", json={"until": until})


@pytest.mark.parametrize("seed", [14])
async def test_after_each_minute_nothing_is_left_that_a_comparison_of_everything_would_change(
    site: Site, admin: AsyncClient, seed: int
) -> None:
    changing, known = Changing(site, admin, seed), list(site.ids)
    for number in range(STEPS):
        await changing.step()
        await site.wait(1)
        assert await left(site, known) == [], f"step {number}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"condition": CONDITIONS[0], "minutes": 60}, {"condition": CONDITIONS[0], "minutes": 3}),
        ({"condition": CONDITIONS[4], "minutes": 60}, {"condition": CONDITIONS[3], "minutes": 30}),
    ],
    ids=["a shorter delay", "a shorter silence"],
)
async def test_a_pending_alert_opens_when_its_rule_as_it_is_now_says_so(
    site: Site, admin: AsyncClient, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Thirty-six minutes after the last report, after which the rule as it was would have waited long."""
    rules = (await admin.get(RULES)).json()
    for rule in rules["items"] if isinstance(rules, dict) else rules:
        assert (await admin.delete(f"{RULES}{rule['id']}/")).status_code == 204
    made = (await admin.post(RULES, json={"name": "Dark", **before})).json()
    await site.set_health("Error", None)
    await site.wait(34)
    assert {row.state for row in await site.services.store.scan_all(LIVE_ALERTS)} == {"pending"}
    assert (await admin.put(f"{RULES}{made['id']}/", json={"name": "Dark", **after})).status_code == 204
    await site.wait(2)
    assert [row.state for row in await site.services.store.scan_all(LIVE_ALERTS)] == ["open"] * len(SITE)


async def left(site: Site, ids: list[int]) -> list[object]:
    """Returns what a comparison of all devices would change now.

    A pending alert in maintenance may wait for the date on which it would open. A rule that has not joined is looked
    at each minute, so the date on which it would is only for those that wait for no other reason.
    """
    store = site.services.store
    evaluation = Evaluation(store, site.services.outbox, DeviceMatcher(store))
    rules = await evaluation.rules(site.network_id)
    comparison: Comparison = await evaluation.compare(site.network_id, rules, [0, *ids], site.time)
    rows = await store.all(LIVE, in_network=site.network_id, ids=comparison.subjects)
    changes = AlertChanges(comparison, site.time).compare(rows)
    stored = {row.id: row for row in rows}
    changed = [
        (row.cause, row.device_id, name)
        for change in changes.changed
        for name in CHANGED
        if name != "due_date" and change[f"new_{name}"] != getattr(row := stored[change["this_id"]], name)
    ]
    deleted = [id_ for id_ in changes.deleted if stored[id_].device_id not in comparison.quiet]
    return [*changes.inserted, *changed, *deleted]


async def test_devices_that_have_their_alert_are_not_read_again(
    site: Site, admin: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rules about the health, one about silence, and a filter that matches none: a hundred devices cost nothing."""
    silent = {"name": "Silent", "condition": {"kind": "silent", "minutes": 5}}
    nowhere = {"name": "Nowhere", "condition": {"kind": "health", "health": ["Error"]}, "filter": "[Model] IS 'None'"}
    for rule in (silent, nowhere):
        assert (await admin.post(RULES, json=rule)).status_code == 201
    await site.go_dark()
    await site.wait(8)
    few = await rows_read(site, monkeypatch)
    site.ids = await register(site.services.store, site.network_id, [f"T{number:03}" for number in range(100)])
    await site.go_dark()
    await site.wait(8)
    assert len(await site.services.store.scan_all(LIVE_ALERTS)) == 100 + len(SITE)
    assert await rows_read(site, monkeypatch) == few < 100


async def rows_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> int:
    """Returns how many rows the evaluation of the next minute reads."""
    store, rows = site.services.store, 0

    def counting(read: Callable[..., Awaitable[list[Any]]]) -> Callable[..., Awaitable[list[Any]]]:
        async def counted(query: Any, **params: Any) -> list[Any]:
            nonlocal rows
            found = await read(query, **params)
            rows += len(found)
            return found

        return counted

    with monkeypatch.context() as patched:
        for name in ("all", "scan_all"):
            patched.setattr(store, name, counting(getattr(store, name)))
        await site.wait(1)
    return rows
