"""Settings from flags, environment and a TOML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from signfleet.settings import Settings, SettingsError, described, load


def config_file(folder: Path, text: str) -> str:
    path = folder / "signfleet.toml"
    path.write_text(text)
    return str(path)


def test_without_anything_the_defaults_hold() -> None:
    assert load(environment={}) == Settings()


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    config = config_file(tmp_path, 'port = 1\nhost = "file"\ndata = "file"')
    settings = load(
        {"port": "3", "host": None}, environment={"SIGNFLEET_PORT": "2", "SIGNFLEET_HOST": "env"}, config=config
    )
    assert (settings.port, settings.host, settings.data) == (3, "env", "file")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    config = config_file(tmp_path, "port = 1")
    assert load(environment={"SIGNFLEET_CONFIG": config}).port == 1


def test_a_file_named_by_flag_wins_over_one_named_by_the_environment(tmp_path: Path) -> None:
    assert load(environment={"SIGNFLEET_CONFIG": "/nowhere"}, config=config_file(tmp_path, "port = 1")).port == 1


def test_variables_of_others_are_let_be() -> None:
    assert load(environment={"PORT": "1", "SIGNFLEETPORT": "1"}) == Settings()


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_switch_is_read_from_text(text: str, value: bool) -> None:
    assert load(environment={"SIGNFLEET_ACCESS_LOG": text}).access_log is value


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SIGNFLEET_PRT": "1"}, "environment: there is no setting 'SIGNFLEET_PRT'; known are data, database,"),
        ({"SIGNFLEET_PORT": "many"}, "environment: setting 'SIGNFLEET_PORT': Expected `int`"),
        ({"SIGNFLEET_PORT": "65536"}, "environment: setting 'SIGNFLEET_PORT': Expected `int` <= 65535"),
        ({"SIGNFLEET_LOG_LEVEL": "loud"}, "environment: setting 'SIGNFLEET_LOG_LEVEL': Invalid enum value 'loud'"),
        ({"SIGNFLEET_ACCESS_LOG": "perhaps"}, "environment: setting 'SIGNFLEET_ACCESS_LOG': Expected `bool`"),
        ({"SIGNFLEET_CONFIG": "/nowhere.toml"}, "file /nowhere.toml: [Errno 2] No such file"),
    ],
)
def test_a_mistake_in_the_environment_is_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(environment=environment)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prt = 1", "there is no setting 'prt'"),
        ('port = "many"', "setting 'port': Expected `int`"),
        ("port = [1]", "setting 'port': Expected `int`, got `array`"),
        ("[port]\nnumber = 1", "setting 'port': Expected `int`, got `object`"),
        ("port =", "Invalid value"),
        ("port = 1\nport = 2", "Cannot overwrite a value"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    config = config_file(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load(environment={}, config=config)
    assert str(raised.value).startswith(f"file {config}: {message}")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "signfleet.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=str(path)):
        load(environment={}, config=str(path))


def test_a_wrong_value_is_not_told_for_it_may_be_a_secret() -> None:
    with pytest.raises(SettingsError) as raised:
        load({"port": "hunter2"}, environment={})
    assert "hunter2" not in str(raised.value)


def test_the_database_lies_in_the_data_folder_unless_one_is_named() -> None:
    assert load({"data": "there"}, environment={}).database_url == "sqlite:///there/signfleet.db"
    assert load({"database": "postgresql://host/name"}, environment={}).database_url == "postgresql://host/name"


def test_every_setting_is_described() -> None:
    assert [setting.name for setting in described()] == list(Settings.__struct_fields__)
    assert all(setting.description.endswith(".") and setting.kind for setting in described())
