"""The server as a process: how it starts, what it publishes, how it stops."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from signfleet.app.bootstrap import bootstrap
from signfleet.app.server import CannotListen, address_of, listen, run
from signfleet.app.wiring import Services
from signfleet.foundation import stop_signals
from signfleet.foundation.geography import places
from signfleet.foundation.settings import Settings, SettingsError
from signfleet.simulator.fleet import fleet
from signfleet.simulator.screenshots import picture
from tests.api import Api
from tests.running import bootstrapped, running_server


@pytest.fixture
def data(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """A data folder whose store has no network yet."""
    shutil.copy(migrated_sqlite, tmp_path / "signfleet.db")
    return tmp_path


def test_it_publishes_its_address_answers_and_stops_on_a_signal(tmp_path: Path) -> None:
    with running_server("--data", str(tmp_path)) as server:
        assert httpx.get(f"{server.address}/nowhere").status_code == 404
        assert server.stop() == 0
    assert (tmp_path / "signfleet.db").exists()
    assert [event["event"] for event in server.log] == ["listening", "request", "stopped"]


def test_an_interrupt_stops_it_as_well(data: Path) -> None:
    with running_server("--data", str(data), "--no-access-log") as server:
        httpx.get(f"{server.address}/nowhere")
        assert server.stop(signal.SIGINT) == 0
    assert [event["event"] for event in server.log] == ["listening", "stopped"]


def test_an_idle_connection_does_not_delay_the_stop(data: Path) -> None:
    with running_server("--data", str(data)) as server, httpx.Client(base_url=server.address) as client:
        client.get("/nowhere")
        assert server.stop() == 0


def test_a_stream_of_events_ends_with_the_server(data: Path) -> None:
    tenant = bootstrapped(data)
    with running_server("--data", str(data)) as server, Api(server.address, tenant) as api:
        headers = {"Authorization": f"Bearer {api.token}", "Accept": "text/event-stream"}
        with httpx.stream("GET", f"{server.address}/admin/v1/events/", headers=headers, timeout=60) as stream:
            parts = stream.iter_text()
            assert next(parts).startswith("retry: ")
            server.process.terminate()
            assert "The server is stopping" in "".join(parts)
        assert server.stop() == 0


@pytest.mark.parametrize(("trusted", "address"), [("127.0.0.1", "192.0.2.7"), ("192.0.2.1", "127.0.0.1")])
def test_only_a_trusted_proxy_may_set_the_clients_address(data: Path, trusted: str, address: str) -> None:
    with running_server("--data", str(data), "--trusted-proxies", trusted) as server:
        httpx.get(f"{server.address}/nowhere", headers={"X-Forwarded-For": "192.0.2.7"})
        server.stop()
    assert server.log[1]["address"] == address


@pytest.mark.parametrize(
    ("trusted", "address"),
    [("127.0.0.1/8", "192.0.2.7"), ("::1, 127.0.0.0/8", "192.0.2.7"), ("10.0.0.0/8", "127.0.0.1")],
)
def test_a_network_of_proxies_is_trusted(data: Path, trusted: str, address: str) -> None:
    with running_server("--data", str(data), "--trusted-proxies", trusted) as server:
        httpx.get(f"{server.address}/nowhere", headers={"X-Forwarded-For": "192.0.2.7"})
        server.stop()
    assert server.log[1]["address"] == address


def test_a_proxy_that_is_no_network_stops_the_start(data: Path) -> None:
    with pytest.raises(SettingsError, match=r"'trusted_proxies': '127.0.0.1/33' does not appear"):
        run(Settings(data=str(data), port=0, trusted_proxies="127.0.0.1, 127.0.0.1/33"))


def test_the_unspecified_ipv6_address_takes_both_families(data: Path) -> None:
    with running_server("--data", str(data), "--host", "::") as server:
        port = urlsplit(server.address).port
        assert httpx.get(f"http://127.0.0.1:{port}/nowhere").status_code == 404
        assert httpx.get(f"http://[::1]:{port}/nowhere").status_code == 404
        server.stop()
    assert [line["address"] for line in server.log if line["event"] == "request"] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    "hosts", [["127.0.0.1", "::1"], ["127.0.0.1,::1"], ["0.0.0.0", "::"], ["127.0.0.1", "127.0.0.2", "::1"]]
)
def test_it_listens_on_several_hosts(data: Path, hosts: list[str]) -> None:
    flags = [word for host in hosts for word in ("--host", host)]
    with running_server("--data", str(data), *flags) as server:
        port = urlsplit(server.address).port
        assert port
        assert httpx.get(f"http://127.0.0.1:{port}/nowhere").status_code == 404
        assert httpx.get(f"http://[::1]:{port}/nowhere").status_code == 404
        assert server.stop() == 0


def test_a_taken_host_frees_the_others(data: Path) -> None:
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=r"Cannot listen on 127\.0\.0\.2"):
            listen(["127.0.0.1", "127.0.0.2"], port)
        socket.create_server(("127.0.0.1", port)).close()


def test_a_taken_port_is_an_error(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=f"Cannot listen on 127.0.0.1 port {port}: Address already in use"):
            run(Settings(data=str(data), port=port))


def test_an_address_reaches_the_listener_from_this_machine() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_companion_that_fails_stops_the_server(data: Path) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("no players")

    with pytest.raises(RuntimeError, match="no players"):
        run(Settings(data=str(data), port=0), fail)


def test_places_are_read_before_it_answers(data: Path) -> None:
    places.load.cache_clear()
    known = []

    async def look(*_: object) -> None:
        known.append(places.load.cache_info().currsize)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    run(Settings(data=str(data), port=0), look)
    assert known == [1]


def test_a_companion_ends_with_the_server(data: Path) -> None:
    ended = []

    async def stop_and_wait(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    run(Settings(data=str(data), port=0), stop_and_wait)
    assert ended


def test_an_error_of_a_companion_after_the_stop_signal_is_no_failure(data: Path) -> None:
    async def fail_when_cancelled(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("the server has gone")

    run(Settings(data=str(data), port=0), fail_when_cancelled)


def test_a_signal_before_it_listens_stops_it(tmp_path: Path) -> None:
    stop_signals.block()
    try:
        signal.raise_signal(signal.SIGTERM)
        run(Settings(data=str(tmp_path), port=0))
    finally:
        stop_signals.unblock()
    assert not (tmp_path / "signfleet.db").exists()


def test_it_is_ready_when_its_companion_has_ended(data: Path) -> None:
    seen = []

    async def ask(address: str, *paths: str) -> None:
        async with httpx.AsyncClient(base_url=address) as client:
            seen.extend([(await client.get(path)).status_code for path in paths])

    async def ask_and_stop(address: str) -> None:
        try:
            await ask(address, "/health/ready")
        finally:
            signal.raise_signal(signal.SIGTERM)

    async def look(_services: Services, address: str) -> None:
        await ask(address, "/health/ready", "/health/live")
        later.append(asyncio.create_task(ask_and_stop(address)))

    later: list[asyncio.Task[None]] = []
    run(Settings(data=str(data), port=0), look)
    assert seen == [503, 200, 200]


def test_a_picture_in_decoding_does_not_prevent_the_stop(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signfleet.app.server.GRACE", 1)
    jpeg = picture(next(fleet(1)), 0, size=(320, 180))
    statuses: list[int] = []
    decoders: list[int] = []

    async def upload(services: Services, address: str) -> None:
        now = time.time_ns() // 1_000_000
        network = await bootstrap(services.store, services.people, network="Demo", login="a@example.com", now=now)
        setup = await services.provisioning.issue(network.network_id, now)
        async with httpx.AsyncClient(base_url=f"{address}/player/v1", timeout=30) as player:
            player.headers["Authorization"] = f"Bearer {setup.token}"
            joined = await player.post("/register", json={"serial": "S1", "model": "HD1024", "firmware": "1"})
            player.headers.update({"Authorization": f"Bearer {joined.json()['access_token']}"})
            for second in range(2):
                path = f"/screenshots/2024-03-13T12:00:0{second}Z"
                answer = await player.put(path, content=jpeg, headers={"Content-Type": "image/jpeg"})
                statuses.append(answer.status_code)
                decoders.extend(services.pictures.pids)
                for pid in services.pictures.pids:
                    os.kill(pid, signal.SIGSTOP)
                asyncio.get_running_loop().call_later(0.3, signal.raise_signal, signal.SIGTERM)

    run(Settings(data=str(data), port=0), upload)
    assert statuses == [201]
    assert decoders
    for pid in decoders:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_the_server_consists_of_is_no_subject_of_the_search_for_cyclic_garbage(tmp_path: Path) -> None:
    frozen: list[int] = []

    async def companion(_services: Services, _address: str) -> None:
        frozen.append(gc.get_freeze_count())
        raise EOFError

    thresholds = gc.get_threshold()
    with pytest.raises(EOFError):
        run(Settings(data=str(tmp_path), port=0), companion)
    assert frozen[0] > 10_000
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, thresholds)
