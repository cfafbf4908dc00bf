"""The server as a process: how it starts, what it tells, how it stops."""

from __future__ import annotations

import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest

from signfleet.server import CannotListen, address_of, run
from signfleet.settings import Settings
from tests.running import running_server


def test_it_tells_its_address_answers_and_stops_when_asked(tmp_path: Path) -> None:
    with running_server("--data", str(tmp_path)) as server:
        assert httpx.get(f"{server.address}/nowhere").status_code == 404
        assert server.stop() == 0
    assert (tmp_path / "signfleet.db").exists()
    assert [event["event"] for event in server.log] == ["listening", "request", "stopped"]


def test_an_interrupt_stops_it_as_well(tmp_path: Path) -> None:
    with running_server("--data", str(tmp_path), "--no-access-log") as server:
        httpx.get(f"{server.address}/nowhere")
        assert server.stop(signal.SIGINT) == 0
    assert [event["event"] for event in server.log] == ["listening", "stopped"]


def test_a_connection_that_idles_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with running_server("--data", str(tmp_path)) as server, httpx.Client(base_url=server.address) as client:
        client.get("/nowhere")
        assert server.stop() == 0


@pytest.mark.parametrize(("trusted", "address"), [("127.0.0.1", "192.0.2.7"), ("192.0.2.1", "127.0.0.1")])
def test_only_a_trusted_proxy_may_say_where_a_call_comes_from(tmp_path: Path, trusted: str, address: str) -> None:
    with running_server("--data", str(tmp_path), "--trusted-proxies", trusted) as server:
        httpx.get(f"{server.address}/nowhere", headers={"X-Forwarded-For": "192.0.2.7"})
        server.stop()
    assert server.log[1]["address"] == address


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=f"Cannot listen on 127.0.0.1 port {port}: Address already in use"):
            run(Settings(data=str(tmp_path), port=port))


def test_an_address_reaches_the_listener_from_this_machine() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_failing_start_stops_the_server(tmp_path: Path) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("no players")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="no players"):
        run(Settings(data=str(tmp_path), port=0), fail)
    assert threading.active_count() == before
