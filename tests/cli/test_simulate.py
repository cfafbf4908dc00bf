"""`signfleet simulate` against a server in a process of its own."""

import socket

from click.testing import CliRunner

from signfleet.cli import cli


def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = ["--url", f"http://127.0.0.1:{port}", "--setup-token", "x", "--players", "2", "--rounds", "1"]
    result = CliRunner().invoke(cli, ["simulate", *arguments])
    assert result.exit_code == 1
    assert "0 of 2 players registered" in result.output
    assert "did not answer" in result.output
