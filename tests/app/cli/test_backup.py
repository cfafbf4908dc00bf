"""`signfleet backup`, `restore`, `upgrade` and `doctor`, and stores of other versions."""

from __future__ import annotations

import json
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from signfleet.app.cli import cli
from signfleet.foundation.storage.migrations import HEAD
from tests.running import running_server

OLDER, NEWER = "0000", "9999"


def run(*arguments: str | Path) -> Result:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(CliRunner().invoke, cli, [str(argument) for argument in arguments]).result()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation") / "data"
    folder.mkdir(mode=0o700)
    made = run("init", "--network", "Venue", "--login", "jane@example.com", "--password", "", "--data", folder)
    assert made.exit_code == 0, made.output
    return folder


@pytest.fixture
def data(installation: Path, tmp_path: Path) -> Path:
    """The data folder of a new installation."""
    return shutil.copytree(installation, tmp_path / "data")


def set_revision(data: Path, revision: str) -> None:
    with sqlite3.connect(data / "signfleet.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def revision(data: Path) -> str:
    with sqlite3.connect(data / "signfleet.db") as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_a_restored_backup_is_the_same_installation(data: Path, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "backup.tar", tmp_path / "elsewhere"
    backup = run("backup", file, "--data", data)
    assert backup.exit_code == 0, backup.output
    assert json.loads(run("restore", file, "--dry-run", "--json").output)["file"] == str(file)
    assert run("restore", file, "--data", elsewhere).exit_code == 0
    assert run("person", "list", "--data", elsewhere).output == run("person", "list", "--data", data).output
    assert (elsewhere.stat().st_mode & 0o777, (elsewhere / "signfleet.db").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_backup_is_taken_while_the_server_runs(tmp_path: Path) -> None:
    with running_server("--data", str(tmp_path / "live")):
        backup = run("backup", tmp_path / "backup.tar", "--data", tmp_path / "live")
    assert backup.exit_code == 0, backup.output


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_file_that_cannot_be_used_is_named(data: Path, command: str, tmp_path: Path) -> None:
    missing = tmp_path / "no such folder" / "backup.tar"
    folder = data if command == "backup" else tmp_path / "elsewhere"
    result = run(command, missing, "--data", folder)
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert f"{missing}: No such file or directory." in result.output


def test_a_backup_without_a_store_is_an_error(tmp_path: Path) -> None:
    result = run("backup", tmp_path / "backup.tar", "--data", tmp_path / "mistyped")
    assert result.exit_code == 1
    assert "There is no store at" in result.output


@pytest.mark.parametrize(
    "command", [["network", "list"], ["person", "list"], ["upgrade"], ["token", "issue", "--network", "Venue"]]
)
def test_a_store_of_a_newer_version_is_refused(data: Path, command: list[str]) -> None:
    set_revision(data, NEWER)
    result = run(*command, "--data", data)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert f"has schema {NEWER}, which a newer version of signfleet wrote" in result.output
    assert len(result.output.splitlines()) == 1


def test_a_server_refuses_a_store_of_a_newer_version(data: Path) -> None:
    set_revision(data, NEWER)
    # Not in a thread: a server takes the signals of the main one.
    result = CliRunner().invoke(cli, ["serve", "--port", "0", "--data", str(data)])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "which a newer version of signfleet wrote" in result.output


@pytest.mark.parametrize("command", [["network", "list"], ["person", "list"], ["token", "issue", "--network", "Venue"]])
def test_only_an_upgrade_changes_the_schema(data: Path, command: list[str]) -> None:
    set_revision(data, OLDER)
    result = run(*command, "--data", data)
    assert (result.exit_code, revision(data)) == (1, OLDER)
    assert "then run `signfleet upgrade`" in result.output


def test_an_upgrade_of_a_current_store_changes_nothing(data: Path) -> None:
    result = run("upgrade", "--data", data)
    assert (result.exit_code, result.output) == (0, f"The store has schema {HEAD} already.\n")
    shown = json.loads(run("upgrade", "--data", data, "--json").output)
    assert shown == {"from": HEAD, "to": HEAD, "backup": None}
    assert not (data / "backups").exists()


@pytest.mark.parametrize("json_flag", [[], ["--json"]], ids=["text", "json"])
def test_an_upgrade_begins_with_a_backup(tmp_path: Path, json_flag: list[str]) -> None:
    """The store is one of the first version, with the oldest schema."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from signfleet.foundation.storage import migrations

    data = tmp_path / "data"
    data.mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{data / 'signfleet.db'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    result = run("upgrade", "--data", data, *json_flag)
    assert result.exit_code == 0, result.output
    assert revision(data) == HEAD
    (file,) = (data / "backups").iterdir()
    if json_flag:
        shown = json.loads(result.output)
        assert (shown["from"], shown["to"], shown["backup"]["file"]) == ("0001", HEAD, str(file))
        assert {"size", "created", "version", "pictures"} <= shown["backup"].keys()
    else:
        assert result.output.endswith(f"Upgraded the store from schema 0001 to {HEAD}.\n")
    assert run("restore", file, "--data", tmp_path / "back").exit_code == 0
    assert revision(tmp_path / "back") == "0001"


def test_a_doctor_finds_no_problem_in_a_new_installation(data: Path) -> None:
    result = run("doctor", "--data", data)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "0 problems"), result.output


def test_a_doctor_shows_no_secrets(data: Path) -> None:
    result = run(
        *("doctor", "--data", data, "--smtp-password", "hush-1", "--blobs", "s3://key:hush-2@bucket/prefix"),
        *("--database", "postgresql://jane:hush-3@127.0.0.1:1/x?password=hush-4"),
    )
    assert result.exit_code == 1
    assert "hush" not in result.output
    assert "postgresql://***@127.0.0.1:1/x" in result.output


def test_a_doctor_names_each_problem(data: Path) -> None:
    data.chmod(0o755)
    set_revision(data, OLDER)
    result = run("doctor", "--data", data)
    assert result.exit_code == 1
    assert "chmod 700" in result.output
    assert "`signfleet upgrade`" in result.output
    assert result.output.splitlines()[-1] == "2 problems"


def test_wrong_counts_of_devices_are_a_problem_until_they_are_counted_again(data: Path) -> None:
    with sqlite3.connect(data / "signfleet.db") as store:
        store.execute("INSERT INTO device_count VALUES (1, 'network', '', 'Normal', 3)")
    result = run("doctor", "--data", data)
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "1 problem")
    assert "`signfleet device recount`" in result.output
    rows = json.loads(run("device", "recount", "--data", data, "--json").output)
    assert rows == [{"networkId": 1, "by": "network", "key": "", "health": "Normal", "correctedBy": -3}]
    assert run("doctor", "--data", data).exit_code == 0


def test_programs_get_the_problems_as_json(data: Path) -> None:
    parts = {"program", "settings", "dataFolder", "store", "pictures", "problems"}
    sound = run("doctor", "--data", data, "--json")
    assert (sound.exit_code, json.loads(sound.output).keys()) == (0, parts)
    data.chmod(0o755)
    result = run("doctor", "--data", data, "--json", "--smtp-password", "hush")
    report = json.loads(result.output)
    assert (result.exit_code, report["problems"]) == (1, 1)
    assert {"name": "smtp_password", "value": "(set)", "problem": ""} in report["settings"]
    (problem,) = [each for part in parts - {"problems"} for each in report[part] if each["problem"]]
    assert problem == {"name": "mode", "value": "0755", "problem": "Others can read it: chmod 700."}


def test_a_doctor_changes_no_file_permissions(data: Path) -> None:
    (data / "signfleet.db").chmod(0o644)
    assert run("doctor", "--data", data).exit_code == 0
    assert (data / "signfleet.db").stat().st_mode & 0o777 == 0o644


def test_the_log_does_not_go_to_the_standard_output(data: Path) -> None:
    """A folder below the data folder that other users may list causes a warning in the log."""
    data.chmod(0o755)
    (data / "notes").mkdir()
    made = run("init", "--network", "Two", "--login", "joe@example.com", "--password", "", "--json", "--data", data)
    assert json.loads(made.stdout)["login"] == "joe@example.com"
    assert "other users may list the folder" in made.stderr
