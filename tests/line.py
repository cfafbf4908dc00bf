"""A line to a server, by TCP or Unix socket, that can fall silent: nothing arrives, and neither end gets an error."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.postgres import name_of


class _Connection:
    """One connection through the line: what the client has sent so far, and whether bytes pass."""

    def __init__(self, client: socket.socket) -> None:
        self.client = client
        self.upstream: socket.socket | None = None
        self.sent = b""
        self.passes = threading.Event()
        self.passes.set()

    def close(self) -> None:
        self.passes.set()
        for end in (self.client, self.upstream):
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()


class Line:
    """Listens at `port` and passes everything on, until `silence` is called."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._connections: list[_Connection] = []
        self._is_silent = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    def silence(self, having_sent: bytes = b"", *, new: bool = True) -> None:
        """From now on nothing passes on connections that have sent this text; nor on `new` ones."""
        self._is_silent = new
        for connection in self._connections:
            if having_sent in connection.sent:
                connection.passes.clear()

    def restore(self) -> None:
        """Everything passes again, also what was sent meanwhile."""
        self._is_silent = False
        for connection in self._connections:
            connection.passes.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = _Connection(self._listener.accept()[0])
                if self._is_silent:
                    connection.passes.clear()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: _Connection) -> None:
        connection.passes.wait()
        with suppress(OSError):
            connection.upstream = self._connect()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
            while chunk := connection.client.recv(65536):
                connection.sent += chunk
                connection.passes.wait()
                connection.upstream.sendall(chunk)
        connection.close()

    def _answer(self, connection: _Connection) -> None:
        assert connection.upstream is not None
        with suppress(OSError):
            while chunk := connection.upstream.recv(65536):
                connection.passes.wait()
                connection.client.sendall(chunk)
        connection.passes.wait()
        connection.close()


def _connect_unix(path: Path) -> socket.socket:
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(str(path))
    return upstream


@contextmanager
def line_to_postgres(url: str) -> Iterator[tuple[Line, str]]:
    """A line to the database at `url`, a Unix socket as `tests.postgres` gives, and the URL through it."""
    parts = urlsplit(url)
    folder = Path(parse_qs(parts.query)["host"][0])
    (path,) = (path for path in folder.iterdir() if path.name.startswith(".s.PGSQL.") and path.suffix != ".lock")
    line = Line(lambda: _connect_unix(path))
    try:
        yield line, f"postgresql://{parts.username}:@127.0.0.1:{line.port}/{name_of(url)}"
    finally:
        line.close()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to a TCP port of this machine."""
    line = Line(lambda: socket.create_connection(("127.0.0.1", port)))
    try:
        yield line
    finally:
        line.close()
