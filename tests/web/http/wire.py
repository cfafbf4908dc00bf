"""Raw sockets: what a client may send that no HTTP library would."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def connected(address: str, timeout: float = 60) -> Iterator[socket.socket]:
    """A connection to `http://host:port`."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=timeout) as connection:
        yield connection


def request(path: str, *headers: str, method: str = "GET", host: str | None = "x") -> bytes:
    """The head of a request."""
    names = [] if host is None else [f"Host: {host}"]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *names, *headers, "", ""]).encode()


def until_closed(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    return int(answer[9:12])


def ask(address: str, sent: bytes) -> bytes:
    """Send bytes, and read until the server closes."""
    with connected(address) as connection:
        connection.sendall(sent)
        return until_closed(connection)
