"""A PostgreSQL that hangs or whose connections die without a word: answers within seconds, and no stale permission."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import build, make_app
from signfleet.foundation.settings import Settings
from tests.api import MAIN, Api
from tests.app.cli.test_serve import invoke
from tests.conftest import BASE
from tests.line import line_to_postgres
from tests.postgres import Postgres, name_of
from tests.running import bootstrapped as bootstrapped_in
from tests.running import running_server

on_postgresql = pytest.mark.parametrize("bootstrapped", ["postgresql"], indirect=True)


@pytest.fixture
def url(postgres: Postgres, migrated_postgresql: str) -> Iterator[str]:
    url = postgres.create(migrated_postgresql)
    yield url
    postgres.drop(url)


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """Every process of the server that serves this database is stopped, and continues afterwards."""

    async def processes() -> list[int]:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch(
                "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", name_of(url)
            )
        finally:
            await connection.close()
        return [row["pid"] for row in rows]

    pids = asyncio.run(processes())
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def statuses(http: httpx.Client, path: str, wanted: int, attempts: int = 100) -> list[int]:
    """The statuses of calls of `path` until the first `wanted` one."""
    seen: list[int] = []
    while not seen or (seen[-1] != wanted and len(seen) < attempts):
        seen.append(http.get(path).status_code)
        time.sleep(0.1)
    return seen


def test_a_hanging_database_is_503_and_does_not_delay_the_stop(url: str, tmp_path: Path) -> None:
    network = bootstrapped_in(tmp_path, url)
    with line_to_postgres(url) as (line, through):
        arguments = ("--data", str(tmp_path), "--database", through, "--no-access-log")
        with running_server(*arguments) as server, Api(server.address, network) as api:
            api.get("/Devices/Count/")
            line.silence()
            # httpx gives up after 30 s: neither the call under way when it falls silent nor a later one waits so long.
            assert api.http.get(f"{MAIN}/Devices/").status_code == 503
            assert api.http.get("/health/ready").status_code == 503
            assert api.http.get("/health/live").status_code == 200
            credentials = {"client_id": network.client_id, "client_secret": network.client_secret}
            refused = httpx.post(
                f"{server.address}/realms/bsncloud/protocol/openid-connect/token",
                data={"grant_type": "client_credentials", **credentials},
            )
            assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
            assert server.stop() == 0


def test_a_database_that_answers_again_is_used_again(url: str, tmp_path: Path) -> None:
    network = bootstrapped_in(tmp_path, url)
    with line_to_postgres(url) as (line, through):
        arguments = ("--data", str(tmp_path), "--database", through, "--no-access-log")
        with running_server(*arguments) as server, Api(server.address, network) as api:
            line.silence()
            assert api.http.get(f"{MAIN}/Devices/").status_code == 503
            line.restore()
            assert set(statuses(api.http, f"{MAIN}/Devices/", 200)[:-1]) <= {503}
            assert statuses(api.http, "/health/ready", 200)[-1] == 200
            server.stop()


def test_stopped_database_processes_are_replaced(url: str, tmp_path: Path) -> None:
    network = bootstrapped_in(tmp_path, url)
    arguments = ("--data", str(tmp_path), "--database", url, "--no-access-log")
    with running_server(*arguments) as server, Api(server.address, network) as api:
        api.get("/Devices/Count/")
        with stopped(url):
            seen = statuses(api.http, f"{MAIN}/Devices/", 200)
            assert set(seen[:-1]) <= {503}
            assert seen[-1] == 200
            assert statuses(api.http, "/health/ready", 200)[-1] == 200
            assert server.stop() == 0


@on_postgresql
async def test_a_revoked_token_is_refused_although_the_notification_never_arrives(
    bootstrapped: tuple[str, Tenant], tmp_path: Path
) -> None:
    url, network = bootstrapped
    with line_to_postgres(url) as (line, through):
        ours = await build(Settings(data=str(tmp_path), database=through))
        theirs = await build(Settings(data=str(tmp_path), database=url))
        try:
            transports = [httpx.ASGITransport(make_app(services)) for services in (ours, theirs)]
            clients = [httpx.AsyncClient(transport=transport, base_url=BASE) for transport in transports]
            login = {"grant_type": "client_credentials"}
            path = "http://signfleet.test/realms/bsncloud/protocol/openid-connect/token"
            credentials = (network.client_id, network.client_secret)
            tokens = (await clients[0].post(path, auth=credentials, data=login)).json()
            header = {"Authorization": f"Bearer {tokens['access_token']}"}
            assert (await clients[0].get("/Self/Session/", headers=header)).status_code == 200

            line.silence(having_sent=b"LISTEN", new=False)
            revoke = "http://signfleet.test/realms/bsncloud/protocol/openid-connect/revoke"
            assert (
                await clients[1].post(revoke, auth=credentials, data={"token": tokens["access_token"]})
            ).status_code == 200
            assert (await clients[1].get("/Self/Session/", headers=header)).status_code == 401
            for _ in range(2400):
                if (await clients[0].get("/Self/Session/", headers=header)).status_code == 401:
                    break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("the token is still good")
        finally:
            await ours.close()
            await theirs.close()


def test_a_database_that_does_not_answer_at_the_start_ends_it(url: str, tmp_path: Path) -> None:
    with line_to_postgres(url) as (line, through):
        line.silence()
        code, output = invoke("serve", "--port", "0", "--data", str(tmp_path), "--database", through)
        assert (code, output) == (1, "Error: Cannot open the postgresql database: it does not answer.\n")
