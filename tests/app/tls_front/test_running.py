"""`signfleet tls-front` as clients see it, over real TLS, before a server that shows what reaches it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from signfleet.app.cli import cli
from tests.fronting import RunningFront, running_front

PIECE, PIECES = bytes(range(256)) * 4096, 24
#: The client of the stream has left.
LEFT = threading.Event()


class Server(BaseHTTPRequestHandler):
    """Answers with what it got, streams, and breaks off."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        digest, size = sha256(), 0
        for part in self._body():
            digest.update(part)
            size += len(part)
        self._answer({"target": self.path, "fields": dict(self.headers), "size": size, "sha256": digest.hexdigest()})

    do_PUT = do_DELETE = do_POST

    def do_GET(self) -> None:
        if self.path == "/stream":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"data: 1\n\n")
            self.connection.settimeout(60)
            assert self.connection.recv(1) == b""
            LEFT.set()
        elif self.path == "/broken":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"not all")
            self.close_connection = True
        elif self.path == "/nothing":
            self.close_connection = True
        elif self.path == "/long":
            self.send_response(200)
            self.send_header("Content-Length", str(len(PIECE) * PIECES))
            self.end_headers()
            for _ in range(PIECES):
                self.wfile.write(PIECE)
        else:
            self._answer({"target": self.path, "fields": dict(self.headers)})

    def _body(self) -> Iterator[bytes]:
        if self.headers["Transfer-Encoding"] == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            yield self.rfile.read(int(self.headers["Content-Length"] or 0))

    def _answer(self, found: object) -> None:
        text = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Keep-Alive", "timeout=9")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFront]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        with running_front(address, tmp_path_factory.mktemp("front") / "tls", "--name", "Signs.Example") as running:
            yield running
        server.shutdown()
        thread.join()


@contextmanager
def connected(
    front: RunningFront, host: str = "api.bsn.cloud", *, by_proxy: bool = False
) -> Iterator[http.client.HTTPConnection]:
    """Connects from an address of its own."""
    port = urlsplit(front.variables["HTTPS_PROXY"]).port if by_proxy else front.port
    plain = socket.create_connection(("127.0.0.1", port or 0), timeout=60, source_address=("127.0.0.7", 0))
    if by_proxy:
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert plain.recv(200) == b"HTTP/1.1 200 Connection established\r\n\r\n"
    trusting = ssl.create_default_context(cafile=front.authority)
    connection = http.client.HTTPConnection(host)
    with trusting.wrap_socket(plain, server_hostname=host) as connection.sock:
        yield connection


@pytest.mark.parametrize("by_proxy", [False, True], ids=["port", "proxy"])
def test_a_request_arrives_as_it_was_sent_with_its_sender(front: RunningFront, by_proxy: bool) -> None:
    said = {"X-Forwarded-For": "192.0.2.1", "x-forwarded-host": "evil.example", "Forwarded": "for=x", "X-Own": "é"}
    with connected(front, "ws.bsn.cloud", by_proxy=by_proxy) as connection:
        for _ in range(2):
            connection.request("DELETE", "/rest/v1/files/a%2Fb//c%20/?x=%7B&y", b"body", said)
            answer = connection.getresponse()
            got = json.loads(answer.read())
            assert (got["target"], got["size"]) == ("/rest/v1/files/a%2Fb//c%20/?x=%7B&y", 4)
            fields = {name.lower(): value for name, value in got["fields"].items()}
            assert {name: value for name, value in fields.items() if "forwarded" in name} == {
                "x-forwarded-for": "127.0.0.7",
                "x-forwarded-proto": "https",
                "x-forwarded-host": "ws.bsn.cloud",
            }
            assert (fields["host"], fields["x-own"]) == ("ws.bsn.cloud", "é")
            assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
            assert answer.headers["Keep-Alive"] is None, "that is between the front and the server"


def memory(front: RunningFront) -> int:
    """Returns the most KB of memory that the front ever used."""
    status = Path(f"/proc/{front.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def test_long_bodies_pass_without_being_loaded(front: RunningFront) -> None:
    with connected(front) as connection:
        connection.request("GET", "/")
        connection.getresponse().read()
        before = memory(front)
        connection.request("POST", "/", iter([PIECE] * PIECES), encode_chunked=True)
        got = json.loads(connection.getresponse().read())
        assert got["sha256"] == sha256(PIECE * PIECES).hexdigest()
        connection.request("GET", "/long")
        assert connection.getresponse().read() == PIECE * PIECES
    assert memory(front) - before < len(PIECE) * PIECES / 1024 / 2


def test_a_stream_arrives_at_once_and_ends_with_its_reader(front: RunningFront) -> None:
    with connected(front) as connection:
        connection.request("GET", "/stream")
        with connection.getresponse() as answer:
            assert answer.readline() == b"data: 1\n"
            assert not LEFT.is_set()
    assert LEFT.wait(60), "the server learns that nobody reads any more"


def test_an_answer_that_breaks_off_does_not_look_complete(front: RunningFront) -> None:
    with connected(front) as connection:
        connection.request("GET", "/broken")
        with connection.getresponse() as answer, pytest.raises((http.client.IncompleteRead, OSError)):
            answer.read()


@pytest.mark.parametrize("line", ["CONNECT bank.example:443", "CONNECT api.bsn.cloud:22", "GET http://api.bsn.cloud/"])
def test_the_proxy_leads_nowhere_else(front: RunningFront, line: str) -> None:
    port = urlsplit(front.variables["HTTPS_PROXY"]).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=60) as plain:
        plain.sendall(f"{line} HTTP/1.1\r\n\r\n".encode())
        assert plain.makefile("rb").read().startswith(b"HTTP/1.1 403 ")


def test_what_it_prints_is_for_a_shell_and_a_hosts_file(front: RunningFront) -> None:
    assert "# 127.0.0.1 api.bsn.cloud auth.bsn.cloud ws.bsn.cloud provision.bsn.cloud signs.example\n" in front.printed
    assert {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "HTTPS_PROXY"} <= front.variables.keys()
    assert all(line.startswith(("#", "export ")) for line in front.printed.splitlines())
    assert "There is a new authority" in front.printed


def test_a_server_that_does_not_answer_is_named(front: RunningFront) -> None:
    with connected(front, "signs.example") as connection:
        connection.request("GET", "/nothing")
        answer = connection.getresponse()
        error = json.loads(answer.read())
    assert (answer.status, error["error"]) == (502, "bad_gateway")
    assert re.fullmatch(r"The server http://127\.0\.0\.1:\d+ does not answer; is it running\?", error["message"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "a b"], "'a b' is no host name"),
        (["--name", "10.0.0.1"], "'10.0.0.1' is no host name"),
        (["--name", "x, DNS:bank.example"], "is no host name"),
        (["--server", "nonsense"], "expected an address such as http://127.0.0.1:8080"),
    ],
)
def test_a_mistake_is_explained(tmp_path: Path, arguments: list[str], message: str) -> None:
    found = CliRunner().invoke(cli, ["tls-front", "--folder", str(tmp_path / "tls"), *arguments])
    assert (found.exit_code, message in found.output) == (2, True)
    assert not (tmp_path / "tls").exists()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = ["--port", str(taken.getsockname()[1]), "--folder", str(tmp_path)]
        found = CliRunner().invoke(cli, ["tls-front", *arguments])
    assert found.exit_code == 1
    assert "Address already in use" in found.output
