"""Streamed answers: they end with their last chunk or when the client leaves, and are logged at their end."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import LogCapture

from signfleet.app import server
from signfleet.web.http import request_log
from tests.web.http import app
from tests.web.http.app import Ticks
from tests.web.http.wire import connected, request, until_closed

#: Far more than anything here takes on a busy machine.
LIMIT = 30


class Lines(LogCapture):
    """Captures log lines, and lets another thread wait for them."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def __call__(self, *arguments: Any) -> Any:
        try:
            return super().__call__(*arguments)
        finally:
            with self._changed:
                self._changed.notify_all()

    def first(self, count: int, method: str = "GET") -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._of(method)) >= count, LIMIT)
        return self._of(method)

    def of_path(self, path: str) -> list[Any]:
        """Returns the lines of a path; those of an earlier test's streams may come late."""

        def found() -> list[Any]:
            return [line for line in self.entries if line["path"] == path]

        with self._changed:
            assert self._changed.wait_for(lambda: bool(found()), LIMIT)
        return found()

    def _of(self, method: str) -> list[Any]:
        return [line for line in self.entries if line["method"] == method]


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    monkeypatch.setattr(app, "ticks", Ticks())
    return app.ticks


@pytest.fixture
def lines(restored_logs: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    capture = Lines()
    structlog.configure(processors=[capture])
    monkeypatch.setattr(request_log, "log", structlog.get_logger())
    yield capture


def read_ticks(connection: socket.socket, count: int) -> None:
    text = b""
    while text.count(b"tick") < count:
        text += connection.recv(65_536)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_stream_ends_when_its_reader_leaves(address: str, ticks: Ticks, lines: Lines) -> None:
    with connected(address) as connection:
        connection.sendall(request("/open/ticks?count=10000"))
        read_ticks(connection, 6)
    assert ticks.closed.wait(LIMIT)
    assert ticks.made < 100
    [line] = lines.first(1)
    assert line["path"] == "/open/ticks"
    assert line["incomplete"]
    assert line["bytes"] % 5 == 0
    assert 6 <= line["bytes"] / 5 <= ticks.made
    assert line["ms"] >= 250


def test_a_stream_that_waits_ends_when_its_connection_is_reset(address: str, ticks: Ticks) -> None:
    with connected(address) as connection:
        connection.sendall(request("/open/ticks?count=1"))
        read_ticks(connection, 1)
        reset(connection)
    assert ticks.closed.wait(LIMIT)


def test_a_late_request_body_does_not_stop_a_stream(address: str, ticks: Ticks) -> None:
    with connected(address) as connection:
        connection.sendall(request("/open/ticks?count=10000", "Content-Length: 10") + b"12345")
        read_ticks(connection, 3)
        connection.sendall(b"67890")
        read_ticks(connection, 3)
    assert ticks.closed.wait(LIMIT)


def test_a_client_that_sends_no_more_gets_the_whole_stream(address: str, lines: Lines) -> None:
    with connected(address) as connection:
        connection.sendall(request("/open/long", "Connection: close"))
        connection.shutdown(socket.SHUT_WR)
        _head, _, body = until_closed(connection).partition(b"\r\n\r\n")
        assert body.count(b"x") == 1_000_000
    [line] = lines.of_path("/open/long")
    assert not line.get("incomplete")


def test_head_of_a_stream_has_no_body(anyone: httpx.Client, ticks: Ticks, lines: Lines) -> None:
    assert anyone.head("/open/ticks?count=10000").status_code == 200
    assert anyone.head("/open/ticks?count=10000").content == b""
    assert ticks.made == 0
    assert [line["bytes"] for line in lines.first(2, "HEAD")] == [0, 0]


def test_a_whole_stream_is_logged_with_its_bytes(address: str, lines: Lines) -> None:
    with connected(address) as connection:
        connection.sendall(request("/open/long", "Connection: close"))
        until_closed(connection)
    [line] = lines.first(1)
    assert line["bytes"] == 1_000_000
    assert "incomplete" not in line


def test_the_server_stops_while_a_stream_runs(ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GRACE", 1)
    with app.served(access_log=False) as address, connected(address) as connection:
        connection.sendall(request("/open/ticks?count=10000"))
        read_ticks(connection, 2)
    assert ticks.closed.is_set()
