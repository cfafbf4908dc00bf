"""`signfleet serve`: its flags, and starts that fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from signfleet import __version__
from signfleet.app.cli import cli
from signfleet.foundation.settings import describe_settings


def invoke(*arguments: str, **environment: str) -> tuple[int, str]:
    result = CliRunner(env=environment).invoke(cli, arguments)
    return result.exit_code, result.output


def test_every_setting_has_a_flag() -> None:
    code, output = invoke("serve", "--help")
    assert code == 0
    assert all(f"--{setting.name.replace('_', '-')}" in output for setting in describe_settings())


def test_an_invalid_setting_is_an_error() -> None:
    code, output = invoke("serve", "--port", "many")
    assert code == 2
    assert "flags: setting 'port' has to be a whole number from 0 to 65535." in output


def test_an_unknown_variable_is_an_error() -> None:
    code, output = invoke("serve", SIGNFLEET_PRT="1")
    assert code == 2
    assert "there is no setting 'SIGNFLEET_PRT'" in output


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("mysql://host/name", "database: expected sqlite:///path or postgresql://user:password@host/name."),
        ("postgresql://someone:hunter2@127.0.0.1:1/name", "Cannot open the postgresql database:"),
        ("sqlite:////dev/null/store.db", "Cannot open the sqlite database:"),
        ("postgresql://someone:hunter2/1@host/name", "database: expected sqlite:///path or postgresql://"),
        ("postgresql://someone:hunter2@[host/name", "database: expected sqlite:///path or postgresql://"),
    ],
)
def test_a_database_that_cannot_be_opened_is_an_error(tmp_path: Path, database: str, message: str) -> None:
    code, output = invoke("serve", "--port", "0", "--data", str(tmp_path), "--database", database)
    assert code == 1
    assert output.startswith(f"Error: {message}")
    assert "hunter2" not in output


def test_a_missing_folder_of_templates_is_an_error(tmp_path: Path) -> None:
    folder = str(tmp_path / "nowhere")
    code, output = invoke("serve", "--port", "0", "--data", str(tmp_path), "--mail-templates", folder)
    assert (code, output) == (1, f"Error: mail_templates: there is no folder '{folder}'.\n")


def test_the_version_is_printed() -> None:
    assert invoke("version") == invoke("--version") == (0, f"{__version__}\n")


def test_the_api_is_described_without_a_server() -> None:
    code, output = invoke("openapi")
    assert code == 0
    assert json.loads(output)["openapi"] == "3.1.0"
