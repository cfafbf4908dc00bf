"""What the hot paths cost, counted rather than timed: statements, rows, calls of Python, memory, bytes of the log.

A change that makes a path dearer or cheaper on purpose deletes `costs.json` and runs this twice.
"""

from __future__ import annotations

import gc
import json
import sqlite3
import statistics
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from signfleet.app.wiring import Services, build, make_app
from signfleet.fleet.devices.service import Devices, DeviceView
from signfleet.foundation.settings import Settings
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.caller.session import Session
from tests.conftest import IssueSetupToken, SignIn
from tests.direct import Answer, DirectClient
from tests.fleet.devices.stored import register

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("bootstrapped", ["sqlite"], indirect=True)]

BASELINE = Path(__file__).with_name("costs.json")
#: By how much calls, memory and bytes may differ; statements and rows may not.
TOLERANCE = 0.05
EXACT = ("statements", "rows")
#: Interpreters differ in these.
OF_PYTHON = ("calls", "memory")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
DEVICES = 200
REPORTS = 32
#: More devices than a page has, so that a query for each would show.
GRANTED = 120
MEMORY_ROUNDS = 5
MAIN = "/2022/06/REST"
PLAYER = "/player/v1"
FILTER = quote("[Settings].[Name] IS 'D1*'")
SORT = quote("[Settings].[Name] DESC")
STATUS = {
    "firmware": {"version": "9.0.100"},
    "uptime": "1.02:03:04",
    "timezone": "CET",
    "storage": [{"interface": "SD1", "access": "Read, Write", "stats": {"sizeTotal": 1000, "sizeFree": 900}}],
}

Cost = dict[str, int]


class Counter:
    """Counts what every connection to SQLite does."""

    def __init__(self) -> None:
        self.statements = 0
        self.rows = 0
        self._last = ""

    def connect(self, *args: Any, **options: Any) -> sqlite3.Connection:
        counter = self

        class Cursor(sqlite3.Cursor):
            def fetchall(self) -> list[Any]:
                rows = super().fetchall()
                counter.rows += len(rows)
                return rows

        class Connection(sqlite3.Connection):
            def cursor(self, *_: Any) -> sqlite3.Cursor:
                return super().cursor(Cursor)

        connection = CONNECT(*args, factory=Connection, **options)
        connection.set_trace_callback(self._count)
        return connection

    def _count(self, statement: str) -> None:
        # How often transactions begin and end depends on which requests come together. A statement shows again for each
        # trigger of its table, even where the trigger's condition is false.
        again = statement == self._last and statement.startswith(("UPDATE", "INSERT", "DELETE"))
        self._last = statement
        if not again and not statement.startswith(("PRAGMA", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")):
            self.statements += 1


CONNECT = sqlite3.connect


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter()
    monkeypatch.setattr(sqlite3, "connect", counter.connect)
    return counter


@pytest.fixture
async def services(counter: Counter, settings: Settings) -> AsyncIterator[Services]:
    built = await build(settings)
    yield built
    await built.close()


class Server(DirectClient):
    """Counts what requests cost, without a connection: only the server's own work."""

    def __init__(self, services: Services, counter: Counter) -> None:
        super().__init__(make_app(services))
        self._counter = counter

    async def cost(self, ask: Callable[[], Awaitable[Answer]]) -> Cost:
        """Counts one request. The second one counts: the first fills caches."""
        status, answer = await ask()
        assert status < 300, answer
        statements, rows, calls = self._counter.statements, self._counter.rows, 0

        def count(_frame: Any, event: str, _argument: Any) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            status, _ = await ask()
        finally:
            sys.setprofile(None)
        assert status < 300
        return {
            "statements": self._counter.statements - statements,
            "rows": self._counter.rows - rows,
            "calls": calls,
        }

    async def cost_of_read(self, ask: Callable[[], Awaitable[Answer]]) -> Cost:
        """Counts as `cost` does, with the memory, which in a write depends on how the two threads overlap."""
        return await self.cost(ask) | {"memory": await memory(ask)}


async def memory(ask: Callable[[], Awaitable[Answer]]) -> int:
    """Returns how many bytes one request has in use at its height, beyond those before: the median of a few."""
    peaks = []
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(MEMORY_ROUNDS):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            await ask()
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    return int(statistics.median(peaks))


async def joined(server: Server, setup_token: str) -> str:
    """Lets a player join; returns its access token."""
    body = {"serial": "46C89C101839", "model": "HD1024", "firmware": "9.0.100"}
    status, answer = await server.ask("POST", f"{PLAYER}/register", setup_token, body)
    assert status == 201
    return str(json.loads(answer)["access_token"])


async def allow_to_view(server: Server, token: str, user_id: int, serial: str) -> None:
    principal = {"type": "User", "id": user_id}
    permission = {"operationUID": VIEW_DEVICE.uid, "principal": principal, "isAllowed": True}
    status, answer = await server.ask("POST", f"{MAIN}/Devices/{serial}/Permissions/", token, [permission])
    assert status < 300, answer


async def log_bytes(path: Path, reports: Callable[[int], Awaitable[Answer]]) -> int:
    """Returns the bytes that one report adds to the write-ahead log."""
    connection = CONNECT(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    log = path.with_name(f"{path.name}-wal")
    before = log.stat().st_size
    for number in range(REPORTS):
        assert (await reports(number))[0] < 300
    return (log.stat().st_size - before) // REPORTS


async def test_hot_paths_stay_within_their_recorded_costs(
    services: Services,
    counter: Counter,
    settings: Settings,
    network: Any,
    admin_token: str,
    issue_setup_token: IssueSetupToken,
    sign_in: SignIn,
) -> None:
    server = Server(services, counter)
    await register(services.store, network.network_id, [f"D{number}" for number in range(DEVICES)])
    ulla = await sign_in("ulla@example.com", role=None)
    await sign_in("otto@example.com", role=None)
    for login in ("ulla@example.com", "otto@example.com"):  # one does not see the other
        user = await services.users.find(network.network_id, login)
        assert user is not None
        for number in range(GRANTED):
            await allow_to_view(server, admin_token, user.id, f"D{number}")
    player = await joined(server, await issue_setup_token())
    sequence = iter(range(1, 1_000))

    def report(_number: int = 0) -> Awaitable[Answer]:
        return server.ask("POST", f"{PLAYER}/report", player, {"sequence": next(sequence), "status": STATUS})

    def get(target: str, token: str = admin_token) -> Callable[[], Awaitable[Answer]]:
        return lambda: server.ask("GET", f"{MAIN}{target}", token)

    names = iter(f"Name {number}" for number in range(10, 99))

    def patch(member: str) -> Callable[[], Awaitable[Answer]]:
        def ask() -> Awaitable[Answer]:
            change = [{"op": "replace", "path": f"/settings/{member}", "value": next(names)}]
            return server.ask("PATCH", f"{MAIN}/Devices/D7/", admin_token, change)

        return ask

    def find_to_delete() -> Awaitable[Answer]:
        """Asks which devices to delete, as each step of a mass deletion does in the event loop."""
        return server.ask("DELETE", f"{MAIN}/Devices/?filter={quote('[Id] IS 0')}", admin_token)

    path = settings.database_file
    assert path is not None
    costs: dict[str, Cost] = {
        "get a device": await server.cost_of_read(get("/Devices/D7/")),
        "list 100 devices": await server.cost_of_read(get("/Devices/?pageSize=100")),
        "list 100 granted devices": await server.cost_of_read(get("/Devices/?pageSize=100", ulla)),
        "filter and sort devices": await server.cost_of_read(get(f"/Devices/?filter={FILTER}&sort={SORT}&pageSize=20")),
        "count devices": await server.cost_of_read(get("/Devices/Count/")),
        "list regions": await server.cost_of_read(get("/Devices/Regions/")),
        "patch a device": await server.cost(patch("name")),
        "patch a description": await server.cost(patch("description")),
        "find devices to delete": await server.cost(find_to_delete),
        "report": await server.cost(report) | {"bytes": await log_bytes(path, report)},
    }
    if not BASELINE.exists():
        BASELINE.write_text(json.dumps({"python": PYTHON, "costs": costs}, indent=2) + "\n")
        raise AssertionError(f"{BASELINE.name} was missing and has been written: review it")
    assert not changes(costs), "was, is"


def changes(costs: dict[str, Cost]) -> dict[str, tuple[int, int]]:
    """Returns what differs from the baseline, by path and kind: as it was, and as it is."""
    baseline = json.loads(BASELINE.read_text())
    recorded: dict[str, Cost] = baseline["costs"]
    assert costs.keys() <= recorded.keys()
    kinds = EXACT if baseline["python"] != PYTHON else (*EXACT, *OF_PYTHON)
    return {
        f"{name}: {kind}": (recorded[name][kind], cost[kind])
        for name, cost in costs.items()
        for kind in (*kinds, "bytes")
        if kind in cost
        and abs(cost[kind] - recorded[name][kind]) > (0 if kind in EXACT else TOLERANCE * recorded[name][kind])
    }


async def test_a_further_statement_of_a_get_is_noticed(
    services: Services, counter: Counter, network: Any, admin_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(services, counter)
    await register(services.store, network.network_id, ["D7"])
    find = Devices.find
    get = Devices.get

    async def get_after_finding(devices: Devices, session: Session, ref: str) -> DeviceView:
        await find(devices, session, ref)
        return await get(devices, session, ref)

    def ask() -> Awaitable[Answer]:
        return server.ask("GET", f"{MAIN}/Devices/D7/", admin_token)

    assert not changes({"get a device": await server.cost_of_read(ask)})
    monkeypatch.setattr(Devices, "get", get_after_finding)
    assert changes({"get a device": await server.cost_of_read(ask)})["get a device: statements"] == (1, 2)
