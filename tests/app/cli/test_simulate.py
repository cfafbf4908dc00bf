"""`signfleet simulate` against a server in a process of its own."""

import contextlib
import json
import socket
import socketserver
import ssl
import threading

import pytest
import trustme
from click.testing import CliRunner

from signfleet.app.cli import cli


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "nonsense"], "'--url': expected an address such as http://127.0.0.1:8080."),
        (["--url", "http://[::1"], "'--url': expected an address such as http://127.0.0.1:8080."),
        (["--url", ""], "'--url': expected an address such as http://127.0.0.1:8080."),
        (["--join-address", "http://127.0.0.1/join/x"], "'--join-address': expected an address such as"),
        (["--join-address", "nonsense/player/v1/join/x"], "'--join-address': expected an address such as"),
        (["--setup-token", ""], "'--setup-token': expected a token as `signfleet token issue` prints it."),
        (["--setup-token", "tökén"], "'--setup-token': expected a token as `signfleet token issue` prints it."),
    ],
)
def test_an_invalid_address_or_token_is_an_error(arguments: list[str], message: str) -> None:
    result = CliRunner(env={"SETUP_TOKEN": "x"}).invoke(cli, ["simulate", "--rounds", "1", *arguments])
    assert result.exit_code == 2
    assert message in result.output


def test_a_token_or_a_join_address_is_needed() -> None:
    result = CliRunner(env={"SETUP_TOKEN": None}).invoke(cli, ["simulate", "--rounds", "1"])
    assert result.exit_code == 2
    assert "Missing option '--setup-token' or '--join-address'." in result.output


def test_a_server_that_does_not_answer_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = ["--url", f"http://127.0.0.1:{port}", "--setup-token", "x", "--players", "2", "--rounds", "1"]
    result = CliRunner().invoke(cli, ["simulate", *arguments])
    assert result.exit_code == 1
    assert "0 of 2 players registered" in result.output
    assert "did not answer" in result.output
    address = f"http://127.0.0.1:{port}/player/v1/join/a-Key_1"
    listed = CliRunner().invoke(cli, ["simulate", "--join-address", address, "--players", "1", "--rounds", "1"])
    assert f"http://127.0.0.1:{port} did not answer" in listed.output
    as_json = CliRunner().invoke(cli, ["simulate", *arguments, "--json"])
    assert as_json.exit_code == 1
    counts = json.loads(as_json.stdout)
    assert (counts["players"], counts["registered"], counts["lastRefusal"]) == (2, 0, None)
    assert {"reports", "pictures", "refused", "retries", "seconds"} <= counts.keys()


def test_a_rejected_certificate_is_named() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    class Silent(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                context.wrap_socket(self.connection, server_side=True).close()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"https://127.0.0.1:{server.server_address[1]}"
        arguments = ["--url", url, "--setup-token", "x", "--players", "1", "--rounds", "1"]
        result = CliRunner().invoke(cli, ["simulate", *arguments])
        server.shutdown()
        thread.join()
    assert result.exit_code == 1
    assert f"The certificate of {url} is not accepted: " in result.output
    assert "SSL_CERT_FILE" in result.output
