"""Answers leave the server in one piece, in the order of their requests, and whole."""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Iterator

import pytest

from tests.web.http.wire import request, until_closed


@pytest.fixture
def connection(address: str) -> Iterator[socket.socket]:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        yield connection


def test_head_and_body_arrive_together(connection: socket.socket) -> None:
    for _ in range(20):
        connection.sendall(request("/open/parameters"))
        assert connection.recv(65_536).endswith(b'{"name":null,"size":100}')


def test_requests_that_are_sent_at_once_are_answered_in_their_order(connection: socket.socket) -> None:
    sent = [f"/open/parameters?returnURL={number}" for number in range(20)]
    connection.sendall(b"".join(map(request, sent)) + request("/nowhere", "Connection: close"))
    answers = until_closed(connection)
    places = [answers.index(b'{"name":"%d"' % number) for number in range(20)]
    assert places == sorted(places)
    assert b"404 Not Found" in answers[places[-1] :]


@pytest.mark.parametrize("path", ["/open/parameters", "/open/large", "/open/long"])
def test_a_connection_closes_after_the_whole_answer(connection: socket.socket, path: str) -> None:
    connection.sendall(request(path, "Connection: close"))
    head, _, body = until_closed(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body.endswith((b"}", b"]", b"\r\n0\r\n\r\n"))
    if path == "/open/long":
        assert body.count(b"x") == 1_000_000


def test_a_client_that_half_closes_is_answered(address: str) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    for _ in range(50):
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(request("/open/parameters"))
            connection.shutdown(socket.SHUT_WR)
            assert until_closed(connection).endswith(b'{"name":null,"size":100}')


def test_a_client_that_leaves_before_its_answer_is_not_a_failure(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    for path in ("/open/parameters", "/open/large", "/open/long") * 50:
        with socket.create_connection((host, int(port))) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, not closed
            connection.sendall(request(path))
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(request("/open/parameters", "Connection: close"))
        assert until_closed(connection).startswith(b"HTTP/1.1 200")
    assert not [line for line in caplog.records if line.levelno >= logging.WARNING]
