"""`signfleet simulate` against a server in a process of its own."""

import socket

import pytest
from click.testing import CliRunner

from signfleet.cli import cli


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "nonsense"], "'--url': expected an address such as http://127.0.0.1:8080."),
        (["--url", "http://[::1"], "'--url': expected an address such as http://127.0.0.1:8080."),
        (["--url", ""], "'--url': expected an address such as http://127.0.0.1:8080."),
        (["--setup-token", ""], "'--setup-token': expected a token as `signfleet token issue` prints it."),
        (["--setup-token", "tökén"], "'--setup-token': expected a token as `signfleet token issue` prints it."),
    ],
)
def test_what_cannot_be_an_address_or_a_token_is_told(arguments: list[str], message: str) -> None:
    result = CliRunner(env={"SETUP_TOKEN": "x"}).invoke(cli, ["simulate", "--rounds", "1", *arguments])
    assert result.exit_code == 2
    assert message in result.output


def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = ["--url", f"http://127.0.0.1:{port}", "--setup-token", "x", "--players", "2", "--rounds", "1"]
    result = CliRunner().invoke(cli, ["simulate", *arguments])
    assert result.exit_code == 1
    assert "0 of 2 players registered" in result.output
    assert "did not answer" in result.output
