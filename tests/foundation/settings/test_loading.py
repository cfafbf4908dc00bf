"""Settings from flags, environment and a TOML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from signfleet.foundation.settings import Settings, SettingsError, describe_settings, load


def config_file(folder: Path, text: str) -> str:
    path = folder / "signfleet.toml"
    path.write_text(text)
    return str(path)


def test_without_any_source_every_setting_has_its_default() -> None:
    assert load(environment={}) == Settings()


def test_flags_override_the_environment_which_overrides_the_file(tmp_path: Path) -> None:
    config = config_file(tmp_path, 'port = 1\nhost = "file"\ndata = "file"')
    settings = load(
        {"port": "3", "host": None}, environment={"SIGNFLEET_PORT": "2", "SIGNFLEET_HOST": "env"}, config=config
    )
    assert (settings.port, settings.host, settings.data) == (3, "env", "file")


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    config = config_file(tmp_path, "port = 1")
    assert load(environment={"SIGNFLEET_CONFIG": config}).port == 1


def test_a_file_named_by_flag_overrides_one_named_by_the_environment(tmp_path: Path) -> None:
    assert load(environment={"SIGNFLEET_CONFIG": "/nowhere"}, config=config_file(tmp_path, "port = 1")).port == 1


def test_variables_without_the_prefix_are_ignored() -> None:
    assert load(environment={"PORT": "1", "SIGNFLEETPORT": "1"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "tcp://10.43.0.9:8080"),
        ("PORT", "udp://[fd00::9]:53"),
        ("SERVICE_HOST", "10.43.0.9"),
        ("SERVICE_PORT", "8080"),
        ("SERVICE_PORT_HTTP", "8080"),
        ("PORT_8080_TCP", "tcp://10.43.0.9:8080"),
        ("PORT_8080_TCP_ADDR", "10.43.0.9"),
        ("PORT_8080_TCP_PORT", "8080"),
        ("PORT_8080_TCP_PROTO", "tcp"),
        ("DB_SERVICE_HOST", "10.43.0.10"),
        ("DB_PORT", "tcp://10.43.0.10:5432"),
        ("DB_PORT_5432_TCP", "tcp://10.43.0.10:5432"),
        ("NAME", "/web/signfleet"),
        ("ENV_PATH", "/bin"),
        ("VERSION", "0.1.0"),
    ],
)
def test_variables_of_an_orchestrator_are_ignored(name: str, value: str) -> None:
    assert load(environment={f"SIGNFLEET_{name}": value}) == Settings()


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_an_empty_variable_counts_as_unset(name: str) -> None:
    assert load(environment={f"SIGNFLEET_{name.upper()}": ""}) == Settings()


def test_a_variable_may_name_a_file_with_the_value(tmp_path: Path) -> None:
    secret = tmp_path / "smtp"
    secret.write_text("pass wörd \n", encoding="utf-8")
    assert load(environment={"SIGNFLEET_SMTP_PASSWORD_FILE": str(secret)}).smtp_password == "pass wörd "


def test_a_variable_and_its_file_variable_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="set either SIGNFLEET_SMTP_HOST or SIGNFLEET_SMTP_HOST_FILE, not both"):
        load(environment={"SIGNFLEET_SMTP_HOST": "a", "SIGNFLEET_SMTP_HOST_FILE": str(tmp_path)})


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_the_error_names_the_variable_of_an_unreadable_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^environment: SIGNFLEET_SMTP_PASSWORD_FILE: "):
        load(environment={"SIGNFLEET_SMTP_PASSWORD_FILE": str(path)})


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "signfleet.toml"
    path.write_bytes(b'\xef\xbb\xbfmail_from = "M\xc3\xbcller <a@example.com>"')
    assert load(environment={}, config=str(path)).mail_from == "Müller <a@example.com>"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_switch_is_read_from_text(text: str, value: bool) -> None:
    assert load(environment={"SIGNFLEET_ACCESS_LOG": text}).access_log is value


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SIGNFLEET_PRT": "1"}, "environment: there is no setting 'SIGNFLEET_PRT'; known are data, database,"),
        ({"SIGNFLEET_PORT": "many"}, "environment: setting 'SIGNFLEET_PORT' has to be a whole number from 0 to 65535."),
        (
            {"SIGNFLEET_PORT": "65536"},
            "environment: setting 'SIGNFLEET_PORT' has to be a whole number from 0 to 65535.",
        ),
        (
            {"SIGNFLEET_LOG_LEVEL": "loud"},
            "environment: setting 'SIGNFLEET_LOG_LEVEL' has to be debug or info or warning or error.",
        ),
        ({"SIGNFLEET_ACCESS_LOG": "perhaps"}, "environment: setting 'SIGNFLEET_ACCESS_LOG' has to be true or false."),
        ({"SIGNFLEET_CONFIG": "/nowhere.toml"}, "file /nowhere.toml: [Errno 2] No such file"),
    ],
)
def test_the_error_names_the_variable_at_fault(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(environment=environment)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prt = 1", "there is no setting 'prt'"),
        ('port = "many"', "setting 'port' has to be a whole number"),
        ("port = [1]", "setting 'port' has to be a whole number"),
        ("[port]\nnumber = 1", "setting 'port' has to be a whole number"),
        ("port =", "Invalid value"),
        ("port = 1\nport = 2", "Cannot overwrite a value"),
    ],
)
def test_the_error_names_the_file_and_the_setting_at_fault(tmp_path: Path, text: str, message: str) -> None:
    config = config_file(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load(environment={}, config=config)
    assert str(raised.value).startswith(f"file {config}: {message}")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "public_url",
            ["", "https://signs.example.com", "http://[::1]:8080/", "https://example.com/signs"],
            ["signs.example.com", "/signs", "ftp://example.com", "https://", "https://a b", "https://example.com?a=b"],
        ),
        (
            "trusted_proxies",
            ["", "*", "127.0.0.1", "10.0.0.0/8, ::1"],
            ["nginx", "http://127.0.0.1", "127.0.0.1; 127.0.0.2"],
        ),
        (
            "return_origins",
            ["", "https://one.example", " https://one.example/ , http://two.example:8443"],
            ["one.example", "*", "https://one.example/path", "https://one.example https://two.example"],
        ),
        ("mail_from", ["a@example.com", "Signs <a@example.com>"], ["", "Signs", "a@b@c", "a@example.com\r\nBcc: b@c"]),
    ],
)
def test_a_text_has_to_match_the_form_of_its_setting(name: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        assert getattr(load({name: text}, environment={}), name) == text
    for text in bad:
        with pytest.raises(SettingsError, match=f"^flags: setting '{name}' has to be text such as "):
            load({name: text}, environment={})


def test_the_error_names_a_configuration_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "signfleet.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=str(path)):
        load(environment={}, config=str(path))


def test_the_error_does_not_show_the_value_which_may_be_a_secret() -> None:
    with pytest.raises(SettingsError) as raised:
        load({"port": "hunter2"}, environment={})
    assert "hunter2" not in str(raised.value)


def test_the_database_is_in_the_data_folder_unless_one_is_named() -> None:
    assert load({"data": "there"}, environment={}).database_url == "sqlite:///there/signfleet.db"
    assert load({"database": "postgresql://host/name"}, environment={}).database_url == "postgresql://host/name"


def test_every_setting_has_a_description() -> None:
    assert [setting.name for setting in describe_settings()] == list(Settings.__struct_fields__)
    assert all(setting.description.endswith(".") and setting.kind for setting in describe_settings())
