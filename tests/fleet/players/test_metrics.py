"""Players send numbers; operators see the last ones and their history, and filter by them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from signfleet.app.wiring import Services
from signfleet.fleet.devices.metrics.history import MINUTES, QUARTERS, chart, fold, present_slots
from signfleet.fleet.devices.metrics.names import PATTERN
from signfleet.fleet.players.items import read_items
from signfleet.fleet.players.schemas import LooseReport, Report
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device_metrics_hour
from signfleet.foundation.wire.timespan import DAY, HOUR, MINUTE
from tests.conftest import ROOT, CallAs
from tests.fleet.players.conftest import HD1024, PLAYER

pytestmark = pytest.mark.anyio

ADMIN = f"{ROOT}/admin/v1"
NOON = 1_710_331_200_000
HOURS = Query(device_metrics_hour.select().order_by(device_metrics_hour.c.hour, device_metrics_hour.c.step))

Send = Callable[..., Awaitable[dict[str, Any]]]
Measure = Callable[..., Awaitable[None]]


@pytest.fixture
def send(player: AsyncClient) -> Send:
    """Sends a report with metrics, as JSON; returns the answer."""
    sequence = 0

    async def report(metrics: str) -> dict[str, Any]:
        nonlocal sequence
        sequence += 1
        body = f'{{"sequence": {sequence}, "metrics": {metrics}}}'
        answer = await player.post(f"{PLAYER}/report", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return report


@pytest.fixture
def measure(services: Services, registered: dict[str, Any]) -> Measure:
    """Reports metrics at a moment."""
    sequence = 0

    async def report(moment: int, **metrics: float) -> None:
        nonlocal sequence
        sequence += 1
        network_id, device_id = registered["network"]["id"], registered["device"]["id"]
        await services.reports.receive(network_id, device_id, Report(sequence=sequence, metrics={**metrics}), moment)

    return report


async def metrics(admin: AsyncClient, **query: str) -> dict[str, Any]:
    answer = await admin.get(f"{ADMIN}/devices/{HD1024['serial']}/metrics/", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_last_values_and_the_history_of_a_player_are_shown(admin: AsyncClient, send: Send) -> None:
    assert await metrics(admin) == {"date": None, "latest": {}, "step": "00:01:00", "dates": [], "series": []}
    assert "rejected" not in await send('{"Temperature": 48.5, "disk.free": 12, "cpu": null}')
    await send('{"temperature": 50}')
    seen = await metrics(admin)
    assert seen["latest"] == {"temperature": 50}
    assert seen["date"] is not None
    assert [series["name"] for series in seen["series"]] == ["disk.free", "temperature"]
    last = seen["series"][1]
    assert max(value for value in last["maximum"] if value is not None) == 50
    assert min(value for value in last["minimum"] if value is not None) == 48.5
    one = await metrics(admin, name="Disk.Free", range="30d")
    assert (one["step"], [series["name"] for series in one["series"]]) == ("00:15:00", ["disk.free"])


async def test_a_report_without_metrics_leaves_them(admin: AsyncClient, send: Send, player: AsyncClient) -> None:
    await send('{"cpu": 3}')
    assert (await player.post(f"{PLAYER}/report", json={"sequence": 9})).status_code == 200
    assert (await player.post(f"{PLAYER}/report", json={"sequence": 10, "metrics": {}})).status_code == 200
    assert (await metrics(admin))["latest"] == {"cpu": 3}


NUMBER, NAME = "Expected a number from -9007199254740991 to 9007199254740991 - at 'metrics.", "as the name of a metric"
WRONG = {
    '"temperature": "48"': NUMBER + "temperature'.",
    '"temperature": 1e999': NUMBER + "temperature'.",
    '"temperature": 1e17': NUMBER + "temperature'.",
    '"temperature": true': NUMBER + "temperature'.",
    '"temperature": [1]': NUMBER + "temperature'.",
    '"": 1': "Expected 1 to 48 letters, digits, '_' or '-', in parts that dots separate " + NAME,
    '"a b": 1': NAME,
    '"a..b": 1': NAME,
    '"a\'b": 1': NAME,
    f'"{"a" * 49}": 1': NAME,
    '"a\\n": 1': NAME,
}


async def test_a_wrong_metric_is_rejected_and_the_others_are_stored(admin: AsyncClient, send: Send) -> None:
    for turn, (wrong, reason) in enumerate(WRONG.items()):
        (rejected,) = (await send(f'{{"cpu": {turn}, {wrong}, "memory": 8}}'))["rejected"]
        assert (rejected["in"], rejected["index"]) == ("metrics", 1)
        assert reason in rejected["reason"]
        assert (await metrics(admin))["latest"] == {"cpu": turn, "memory": 8}


async def test_metrics_that_are_no_object_fail_the_report(player: AsyncClient) -> None:
    answer = await player.post(f"{PLAYER}/report", json={"sequence": 1, "metrics": [1]})
    assert answer.status_code == 400
    assert "'metrics'" in answer.json()["message"]


async def test_the_first_64_metrics_count(admin: AsyncClient, send: Send) -> None:
    await send("{" + ",".join(f'"m{number:02}": {number}' for number in range(70)) + "}")
    assert list((await metrics(admin))["latest"]) == [f"m{number:02}" for number in range(64)]


async def test_hours_that_end_are_stored_by_the_minute_for_a_day_and_by_the_quarter_for_a_month(
    services: Services, measure: Measure
) -> None:
    for minutes, value in ((0, 10.0), (0, 14.0), (20, 30.0), (60, 1.0), (60 * 26, 2.0)):
        await measure(NOON + minutes * MINUTE, temperature=value)
    rows = [(row.hour, row.step, row.slots) for row in await services.store.scan_all(HOURS)]
    assert rows == [
        (NOON, 1, '[[0,{"temperature":[10.0,12.0,14.0]}],[20,{"temperature":[30.0]}]]'),
        (NOON, 15, '[[0,{"temperature":[10.0,12.0,14.0]}],[15,{"temperature":[30.0]}]]'),
        (NOON + HOUR, 1, '[[0,{"temperature":[1.0]}]]'),
        (NOON + HOUR, 15, '[[0,{"temperature":[1.0]}]]'),
    ]

    async def left(now: int) -> list[tuple[int, int]]:
        await services.metrics_retention.sweep(now)
        return [((row.hour - NOON) // HOUR, row.step) for row in await services.store.scan_all(HOURS)]

    assert await left(NOON + DAY + HOUR) == [(0, 1), (0, 15), (1, 1), (1, 15)]
    assert await left(NOON + DAY + HOUR + 1) == [(0, 15), (1, 1), (1, 15)]
    assert await left(NOON + 30 * DAY + HOUR + 1) == [(1, 15)]


async def test_a_wrong_range_or_name_is_refused(admin: AsyncClient, registered: dict[str, Any]) -> None:
    for query, reason in ({"range": "1y"}, "one of 24h, 7d, 30d"), ({"name": "a b"}, "Query parameter 'name'"):
        answer = await admin.get(f"{ADMIN}/devices/{HD1024['serial']}/metrics/", params=query)
        assert answer.status_code == 400
        assert reason in answer.json()["message"]


FILTERS = [
    ("[Metrics].[temperature] IS GREATER THAN 70", ["HOT"]),
    ("[Metrics].[Temperature] IS LESS THAN 70", ["COLD"]),
    ("[Device].[Metrics].[temperature] IS IN (20, 71.5)", ["HOT", "COLD"]),
    ("[Metrics].[disk.free-2_a] IS 5", ["HOT"]),
    ("[Metrics].[disk].[free-2_a] IS NOT NULL", ["HOT"]),
    ("[Metrics].[temperature] IS NULL", ["NONE"]),
    ("[Metrics].[temperature] IS NOT 20", ["HOT", "NONE"]),
    ("[Metrics].[temperature] IS GREATER THAN 10 AND [Status].[Health] IS 'Normal'", ["HOT", "COLD"]),
    ("[Metrics].[unheard-of] IS GREATER THAN 0", []),
]


async def test_lists_are_filtered_and_sorted_by_metrics(admin: AsyncClient, call_as: CallAs, setup_token: str) -> None:
    reports: dict[str, dict[str, float]] = {
        "HOT": {"temperature": 71.5, "disk.free-2_a": 5},
        "COLD": {"temperature": 20},
        "NONE": {},
    }
    for serial, sent in reports.items():
        joined = await call_as(setup_token).post(f"{PLAYER}/register", json=HD1024 | {"serial": serial})
        player = call_as(joined.json()["access_token"])
        await player.post(f"{PLAYER}/report", json={"sequence": 1} | ({"metrics": sent} if sent else {}))
    for filter_, serials in FILTERS:
        for path in "/Devices/", f"{ADMIN}/health/":
            answer = await admin.get(path, params={"filter": filter_})
            assert answer.status_code == 200, answer.text
            assert [item["serial"] for item in answer.json()["items"]] == serials, filter_
        assert (await admin.get("/Devices/Count/", params={"filter": filter_})).json() == len(serials)
    assert (await admin.get("/Devices/Regions/", params={"filter": FILTERS[0][0]})).status_code == 200
    for direction, order in ("DESC", ["HOT", "COLD"]), ("ASC", ["COLD", "HOT"]):
        query: dict[str, Any] = {"sort": f"[Metrics].[temperature] {direction}", "pageSize": 1}
        found = []
        while query.get("marker") != "":
            page = (await admin.get("/Devices/", params=query)).json()
            found += [item["serial"] for item in page["items"]]
            query["marker"] = page["nextMarker"] or ""
        assert [serial for serial in found if serial != "NONE"] == order
        assert len(found) == 3
    for filter_, place in ("[Metrics] IS NULL", 1), ("[Id] IS 1 AND [Metrics].[a b] IS 1", 15):
        answer = await admin.get("/Devices/", params={"filter": filter_})
        assert answer.status_code == 400
        assert f"at {place}; name a number below it, such as [Metrics].[temperature]" in answer.json()["message"]


Measured = list[tuple[int, dict[str, float]]]
NAMES = st.sampled_from(["cpu", "disk.free", "temperature"])
VALUES = st.floats(-1e6, 1e6) | st.integers(-(2**53) + 1, 2**53 - 1).map(float)
#: Minutes since the last report, and what a report has.
REPORTS = st.lists(st.tuples(st.integers(0, 50), st.dictionaries(NAMES, VALUES, min_size=1)), max_size=40)


@given(REPORTS, st.sampled_from([MINUTES, QUARTERS]), st.integers(0, 300))
def test_a_chart_has_the_least_average_and_most_of_each_slot(sent: Measured, step: int, since: int) -> None:
    stored: tuple[int, str] | None = None
    ended: list[tuple[int, str]] = []
    model: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    now = NOON
    for minutes, values in sent:
        now += minutes * MINUTE + 7
        before = stored
        begin, text, old = fold(stored, values, now)
        stored = begin, text
        ended += [(before[0], slots) for of, slots in old if before is not None and of == step]
        for name, value in values.items():
            model[now - now % (step * MINUTE)][name].append(value)
    hours = [] if stored is None else [*ended, (stored[0], present_slots(stored[1], step))]
    first = NOON + since * MINUTE
    found = chart(hours, first, None)
    kept = {date: slot for date, slot in sorted(model.items()) if date >= first}
    assert found.dates == list(kept)
    assert list(found.points) == sorted({name for slot in kept.values() for name in slot})
    for name, points in found.points.items():
        for point, slot in zip(points, kept.values(), strict=True):
            values = slot.get(name)
            assert (point is None) == (values is None)
            if point is not None and values is not None:
                assert (point.least, point.most) == (min(values), max(values))
                assert point.least <= point.average <= point.most
                scale = max(map(abs, values))
                assert point.average == pytest.approx(sum(values) / len(values), rel=1e-5, abs=scale * 1e-9)


@given(REPORTS, st.integers(1, 3 * HOUR))
def test_a_clock_that_is_set_back_neither_fails_nor_loses_a_value(sent: Measured, back: int) -> None:
    stored: tuple[int, str] | None = None
    ended = 0
    for turn, (_, values) in enumerate(sent):
        begin, text, old = fold(stored, values, NOON + HOUR if turn % 2 == 0 else NOON + HOUR - back)
        assert stored is None or begin >= stored[0]
        stored = begin, text
        ended += len(old)
    if stored is not None:
        assert ended == 0
        assert chart([(stored[0], present_slots(stored[1], MINUTES))], 0, None).dates


def test_a_slot_has_at_most_64_metrics() -> None:
    stored: tuple[int, str] | None = None
    for turn in range(3):
        begin, text, _ = fold(stored, {f"m{turn}.{number}": 1.0 for number in range(64)}, NOON)
        stored = begin, text
    assert stored is not None
    assert len(chart([(stored[0], present_slots(stored[1], QUARTERS))], 0, None).points) == 64


@given(
    st.dictionaries(
        st.text(max_size=60), st.none() | st.booleans() | st.integers() | st.floats() | st.text(), max_size=80
    )
)
def test_metrics_of_any_kind_are_taken_rejected_or_absent(given_: dict[str, Any]) -> None:
    loose = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in given_.items() if not _is_huge(value)}
    found = read_items(LooseReport(sequence=1, metrics=loose), NOON)
    rejected = {list(loose)[item.index] for item in found.rejected}
    for name in list(loose)[:64]:
        value = given_[name]
        is_absent = value is None or (isinstance(value, float) and not math.isfinite(value))  # JSON has it as null
        assert is_absent or (name in rejected) != (found.metrics.get(name.lower()) is not None)
    assert all(PATTERN.fullmatch(name) and abs(value) < 2**53 for name, value in found.metrics.items())


def _is_huge(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= 2**63
