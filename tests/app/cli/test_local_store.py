"""Commands that prepare and administer an installation: init, network, person, user, application, token."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result

from signfleet import __version__
from signfleet.app.cli import cli
from signfleet.app.wiring import build, make_app
from signfleet.foundation import clock
from signfleet.foundation.settings import Settings
from signfleet.foundation.wire import datetime, timespan
from tests.running import environment

Invoke = Callable[..., Result]


@pytest.fixture
def database_of_cli(migrated_sqlite: Path, tmp_path: Path) -> str:
    (tmp_path / "signfleet.db").write_bytes(migrated_sqlite.read_bytes())
    return str(tmp_path)


@pytest.fixture
def invoke(database_of_cli: str) -> Invoke:
    """Runs a command on an empty store, in a thread: the current one may have an event loop."""

    def run(*arguments: str, input_: str = "") -> Result:
        given = [*arguments, "--data", database_of_cli]
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(CliRunner().invoke, cli, given, input=input_).result()

    return run


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return str(result.output)


def shown(result: Result) -> dict[str, str]:
    """Returns what a command shows of the entity that it created."""
    lines = (line.split("  ", 1) for line in ok(result).splitlines() if "  " in line)
    return {name: value.strip() for name, value in lines}


def table(result: Result) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in ok(result).splitlines()[1:]]


async def next_turn(_request: httpx.Request) -> None:
    """Gives the server's event loop a turn, which a command in another process does not need."""
    await asyncio.sleep(0)


@pytest.fixture
async def api(database_of_cli: str) -> AsyncIterator[httpx.AsyncClient]:
    """The server over the same store."""
    services = await build(Settings(data=database_of_cli, legacy_token_endpoint=True))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(services)),
        base_url="http://signfleet.test",
        event_hooks={"request": [next_turn]},
    )
    async with client:
        yield client
    await services.close()


async def sign_in(api: httpx.AsyncClient, client_id: str, client_secret: str) -> httpx.Response:
    return await api.post(
        "/realms/bsncloud/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, client_secret),
    )


async def test_init_gives_credentials_that_work(invoke: Invoke, api: httpx.AsyncClient) -> None:
    made = shown(invoke("init", "--network", "Venue", "--login", "jane@example.com", "--password", ""))
    token = (await sign_in(api, made["client id"], made["client secret"])).json()["access_token"]
    networks = await api.get("/2022/06/REST/Self/Networks/", headers={"Authorization": f"Bearer {token}"})
    assert [network["name"] for network in networks.json()] == ["Venue"]


def test_init_asks_for_what_no_flag_gives(invoke: Invoke) -> None:
    made = shown(invoke("init", input_="Venue\njane@example.com\n7t#Sqg7*\n"))
    assert made["login"] == "jane@example.com"
    assert "7t#Sqg7*" not in made.values()
    assert table(invoke("network", "list"))[0][1] == "Venue"
    assert table(invoke("person", "list"))[0][1] == "jane@example.com"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network", "V", "--login", "jane", "--password", ""], "'login' has to be an e-mail address"),
        (["--network", "a/b", "--login", "j@example.com", "--password", ""], "'name': a network's name has 1 to 30"),
        (["--network", "V", "--login", "j@example.com", "--password", "short"], "'password' is too weak"),
        (
            ["--network", "V", "--login", "j@example.com", "--password", "", "--application", " "],
            "'name': an application's name has 1 to 128 printable characters.",
        ),
    ],
)
def test_an_invalid_init_is_an_error_and_creates_nothing(invoke: Invoke, arguments: list[str], message: str) -> None:
    result = invoke("init", *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert table(invoke("network", "list")) == table(invoke("person", "list")) == []


def test_only_init_creates_a_store(tmp_path: Path) -> None:
    data = tmp_path / "mistyped"
    for command in (
        ["network", "list"],
        ["person", "create", "jane@example.com"],
        ["token", "issue", "--network", "V"],
    ):
        result = CliRunner().invoke(cli, [*command, "--data", str(data)])
        assert result.exit_code == 1
        assert f"There is no store at sqlite:///{data}/signfleet.db; name its folder with --data" in result.output
        assert not data.exists()
    arguments = ["init", "--network", "V", "--login", "jane@example.com", "--password", ""]
    ok(CliRunner().invoke(cli, [*arguments, "--data", str(data)]))
    assert (data / "signfleet.db").exists()


def test_a_folder_with_too_long_a_name_is_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["network", "list", "--data", str(tmp_path / ("x" * 300))])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "File name too long" in result.output


def test_only_the_owner_can_read_a_store_in_an_open_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    arguments = ["init", "--network", "V", "--login", "jane@example.com", "--password", ""]
    ok(CliRunner().invoke(cli, [*arguments, "--data", str(tmp_path)]))
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.glob("signfleet.db*"))


def test_a_second_init_is_an_error(invoke: Invoke) -> None:
    arguments = ("init", "--network", "Venue", "--login", "jane@example.com", "--password", "")
    ok(invoke(*arguments))
    assert "exists already" in invoke(*arguments).output


async def test_an_application_acts_for_its_person(invoke: Invoke, api: httpx.AsyncClient) -> None:
    ok(invoke("person", "create", "jane@example.com"))
    made = shown(invoke("application", "create", "Reports", "--person", "jane@example.com", "--scope", "bsn.api.self"))
    answer = await sign_in(api, made["client id"], made["client secret"])
    assert answer.json()["scope"] == "bsn.api.self"
    assert table(invoke("application", "list"))[0][1:] == ["Reports", "jane@example.com", "bsn.api.self"]


@pytest.mark.parametrize("command", ["create", "secret"])
async def test_a_secret_expires_after_as_many_days_as_given(
    invoke: Invoke, api: httpx.AsyncClient, command: str
) -> None:
    ok(invoke("person", "create", "jane@example.com"))
    before = clock.now()
    days = ("--days", "90")
    made = shown(invoke("application", "create", "R", "--person", "jane@example.com", *(days * (command == "create"))))
    if command == "secret":
        assert "secret expires" not in made
        made = shown(invoke("application", "secret", made["client id"], *days))
    expires = datetime.parse(made["secret expires"])
    assert expires is not None
    assert before <= expires - 90 * timespan.DAY <= clock.now()
    assert table(invoke("application", "list"))[0][-1] == made["secret expires"]
    assert (await sign_in(api, made["client id"], made["client secret"])).status_code == 200
    if command == "create":
        assert "secret expires" not in shown(invoke("application", "secret", made["client id"]))
        assert made["secret expires"] not in invoke("application", "list").output


def test_a_network_may_begin_with_an_administrator(invoke: Invoke) -> None:
    ok(invoke("person", "create", "jane@example.com"))
    ok(invoke("network", "create", "Venue", "--administrator", "jane@example.com"))
    assert "is a member" in invoke("network", "admit", "Venue", "jane@example.com").output


def test_a_person_may_begin_as_a_member(invoke: Invoke) -> None:
    ok(invoke("network", "create", "Venue"))
    ok(invoke("person", "create", "joe@example.com", "--network", "Venue", "--role", "publishers"))
    assert "is a member" in invoke("network", "admit", "Venue", "joe@example.com").output


def test_a_member_is_admitted_with_a_role(invoke: Invoke) -> None:
    ok(invoke("network", "create", "Venue"))
    ok(invoke("person", "create", "joe@example.com"))
    assert (
        "there is no system role 'Chief'"
        in invoke("network", "admit", "Venue", "joe@example.com", "--role", "Chief").output
    )
    assert shown(invoke("network", "admit", "Venue", "joe@example.com", "--role", "Creators"))["role"] == "Creators"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["token", "issue", "--network", "Nowhere"], "There is no network 'Nowhere'"),
        (["application", "create", "A", "--person", "nobody@example.com"], "There is no person 'nobody@example.com'"),
        (["network", "admit", "Nowhere", "nobody@example.com"], "There is no network 'Nowhere'"),
        (["person", "create", "joe@example.com", "--network", "Nowhere"], "There is no network 'Nowhere'"),
    ],
)
def test_a_missing_network_or_person_is_an_error(invoke: Invoke, arguments: list[str], message: str) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, message in result.output) == (1, True)
    assert table(invoke("person", "list")) == []


async def test_a_setup_token_is_known_to_the_server(invoke: Invoke, api: httpx.AsyncClient) -> None:
    made = shown(invoke("init", "--network", "Venue", "--login", "jane@example.com", "--password", ""))
    setup_token = invoke("token", "issue", "--network", "venue").stdout.strip()
    token = (await sign_in(api, made["client id"], made["client secret"])).json()["access_token"]
    api.headers["Authorization"] = f"Bearer {token}"
    await api.put("/2022/06/REST/Self/Session/Network/", json={"name": "Venue"})
    answer = await api.get(f"/2022/06/REST/Provisioning/Setups/Tokens/{setup_token}/")
    assert (answer.status_code, answer.json()["token"]) == (200, setup_token)


async def test_setup_tokens_are_limited_listed_and_revoked(invoke: Invoke, api: httpx.AsyncClient) -> None:
    ok(invoke("network", "create", "Venue"))
    setup_token = invoke("token", "issue", "--network", "venue", "--uses", "1", "--days", "7").stdout.strip()
    ok(invoke("token", "issue", "--network", "venue"))
    answers = [await join(api, setup_token, serial) for serial in ("A1", "A2")]
    assert [answer.status_code for answer in answers] == [201, 401]
    listed = ok(invoke("token", "list", "--network", "venue"))
    assert setup_token not in listed
    (row,) = [line for line in listed.splitlines() if "1 of 1" in line]
    assert "Revoked" in ok(invoke("token", "revoke", "--network", "venue", row.split()[0]))
    assert len(ok(invoke("token", "list", "--network", "venue")).splitlines()) == 2
    refused = invoke("token", "revoke", "--network", "venue", row.split()[0])
    assert (refused.exit_code, "There is no setup token with the id" in refused.output) == (1, True)


async def test_the_operator_releases_unblocks_and_decides_claims(invoke: Invoke, api: httpx.AsyncClient) -> None:
    for name in ("One", "Two"):
        ok(invoke("network", "create", name))
    one, two = [invoke("token", "issue", "--network", name).stdout.strip() for name in ("One", "Two")]
    first = (await join(api, one, "A1")).json()
    api.headers["Authorization"] = f"Bearer {first['access_token']}"
    assert (await api.get("/player/v1/settings")).status_code == 200
    assert (await join(api, one, "A1")).status_code == 409
    ok(invoke("device", "release", "One", "A1"))
    assert (await join(api, one, "A1")).status_code == 200
    assert (await join(api, two, "A1")).status_code == 409
    refused = invoke("device", "accept-claim", "Two", "A1")
    assert (refused.exit_code, "does not claim" in refused.output) == (1, True)
    assert "no player without a secret" in ok(invoke("network", "protocol-1", "One", "--days", "0"))
    assert "Until 20" in ok(invoke("network", "protocol-1", "One", "--days", "30"))
    assert "/player/v1/join/" in ok(invoke("network", "join-by-record", "One", "--allow"))
    assert "only with a setup token" in ok(invoke("network", "join-by-record", "One", "--forbid"))
    assert ok(invoke("device", "claims")).splitlines()[1:] == []
    assert ok(invoke("device", "blocked", "One")).splitlines()[1:] == []
    missing = [invoke("device", command, "One", "B2") for command in ("release", "unblock", "reject-claim")]
    assert [result.exit_code for result in missing] == [1, 1, 1]


async def join(api: httpx.AsyncClient, setup_token: str, serial: str) -> httpx.Response:
    """Registers a player."""
    body = {"serial": serial, "model": "HD1024", "firmware": "9.0.145"}
    headers = {"Authorization": f"Bearer {setup_token}"}
    return await api.post("/player/v1/register", json=body, headers=headers)


# --- changes while the server runs


async def password_sign_in(api: httpx.AsyncClient, username: str, password: str) -> httpx.Response:
    form = {"grant_type": "password", "client_id": "tests", "username": username, "password": password}
    return await api.post("/2022/06/REST/Token", data=form)


@pytest.fixture
def bootstrapped(invoke: Invoke) -> dict[str, str]:
    """A network `Main` with its administrator and Joe, who is a viewer; Joe's password."""
    ok(invoke("person", "create", "jane@example.com"))
    ok(invoke("network", "create", "Main", "--administrator", "jane@example.com"))
    return shown(invoke("person", "create", "joe@example.com", "--network", "Main"))


async def test_a_password_is_set(invoke: Invoke, api: httpx.AsyncClient, bootstrapped: dict[str, str]) -> None:
    assert (await password_sign_in(api, "joe@example.com", bootstrapped["password"])).status_code == 200
    made = shown(invoke("person", "password", "joe@example.com"))["password"]
    assert (await password_sign_in(api, "joe@example.com", bootstrapped["password"])).status_code == 400
    assert (await password_sign_in(api, "joe@example.com", made)).status_code == 200
    for given in ("weak", ""):
        weak = invoke("person", "password", "joe@example.com", "--password", given)
        assert weak.exit_code == 1
        assert "too weak" in weak.output
    assert invoke("person", "create", "new@example.com", "--password", "").exit_code == 1


@pytest.mark.parametrize(
    "who", [("person", "{}", "joe@example.com"), ("user", "{}", "Main", "joe@example.com"), ("network", "{}", "Main")]
)
async def test_people_users_and_networks_are_locked_and_unlocked_at_once(
    invoke: Invoke, api: httpx.AsyncClient, bootstrapped: dict[str, str], who: tuple[str, ...]
) -> None:
    answer = await password_sign_in(api, "Main/joe@example.com", bootstrapped["password"])
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    for verb, status in (("lock", 401), ("unlock", 200)):
        ok(invoke(*(part.format(verb) for part in who)))
        assert (await api.get("/2022/06/REST/Devices/", headers=headers)).status_code == status


def test_the_last_administrator_of_a_network_is_locked_only_with_force(
    invoke: Invoke, bootstrapped: dict[str, str]
) -> None:
    refused = invoke("person", "lock", "jane@example.com")
    assert refused.exit_code == 1
    assert "last administrator of the network 'Main'" in refused.output
    ok(invoke("person", "lock", "jane@example.com", "--force"))
    ok(invoke("person", "unlock", "jane@example.com"))
    ok(invoke("user", "role", "Main", "joe@example.com", "Administrators"))
    ok(invoke("person", "lock", "jane@example.com"))


def test_a_user_gets_another_role(invoke: Invoke, bootstrapped: dict[str, str]) -> None:
    ok(invoke("user", "role", "Main", "joe@example.com", "creators"))
    rows = table(invoke("user", "list", "Main"))
    assert [row[1:] for row in rows] == [
        ["jane@example.com", "Administrators", "member"],
        ["joe@example.com", "Creators", "member"],
    ]
    assert invoke("user", "lock", "Main", "jane@example.com").exit_code == 1  # one has to stay


async def test_a_network_gets_a_level_that_its_members_cannot_take(
    invoke: Invoke, api: httpx.AsyncClient, bootstrapped: dict[str, str]
) -> None:
    ok(invoke("network", "level", "Main", "Content"))
    answer = await password_sign_in(api, "Main/joe@example.com", bootstrapped["password"])
    assert answer.json()["user"]["network"]["subscription"]["level"] == "Content"


async def test_an_application_gets_a_new_secret_and_is_deleted(
    invoke: Invoke, api: httpx.AsyncClient, bootstrapped: dict[str, str]
) -> None:
    first = shown(invoke("application", "create", "Importer", "--person", "joe@example.com"))
    second = shown(invoke("application", "secret", first["client id"]))
    assert (await sign_in(api, first["client id"], first["client secret"])).status_code == 401
    assert (await sign_in(api, first["client id"], second["client secret"])).status_code == 200
    ok(invoke("application", "delete", first["client id"]))
    assert (await sign_in(api, first["client id"], second["client secret"])).status_code == 401


@pytest.mark.parametrize(
    "command",
    [
        ("person", "lock", "nobody@example.com"),
        ("person", "password", "nobody@example.com"),
        ("network", "lock", "Nowhere"),
        ("network", "level", "Nowhere", "Trial"),
        ("user", "list", "Nowhere"),
        ("user", "role", "Main", "nobody@example.com", "Viewers"),
        ("user", "role", "Main", "joe@example.com", "Kings"),
        ("application", "secret", "nothing"),
        ("application", "delete", "nothing"),
    ],
)
def test_a_missing_entity_is_named(invoke: Invoke, bootstrapped: dict[str, str], command: tuple[str, ...]) -> None:
    result = invoke(*command)
    assert result.exit_code == 1
    assert "There is no" in result.output or "there is no" in result.output


# --- what commands print


def as_json(result: Result) -> Any:
    return json.loads(ok(result))


def test_lists_show_locks_levels_and_activation(invoke: Invoke, bootstrapped: dict[str, str]) -> None:
    ok(invoke("network", "create", "Other"))
    ok(invoke("network", "level", "Other", "Content"))
    ok(invoke("network", "lock", "Other"))
    ok(invoke("person", "lock", "joe@example.com"))
    assert {row[1]: row[2:4] for row in table(invoke("network", "list"))} == {
        "Main": ["Control", "open"],
        "Other": ["Content", "locked"],
    }
    assert {row["login"]: row["state"] for row in as_json(invoke("person", "list", "--json"))} == {
        "jane@example.com": "active",
        "joe@example.com": "locked",
    }


def test_commands_print_what_they_did(invoke: Invoke, bootstrapped: dict[str, str]) -> None:
    application = shown(invoke("application", "create", "A", "--person", "joe@example.com"))["client id"]
    for command, words in {
        ("person", "lock", "joe@example.com"): "Locked joe@example.com",
        ("person", "unlock", "joe@example.com"): "Unlocked joe@example.com",
        ("user", "lock", "Main", "joe@example.com"): "Locked joe@example.com out of the network Main",
        ("user", "unlock", "Main", "joe@example.com"): "Unlocked joe@example.com in the network Main",
        ("network", "rename", "Main", "Hall"): "The network Main is now named Hall.",
        ("network", "rename", "hall", "Main"): "The network hall is now named Main.",
        ("network", "lock", "Main"): "Locked the network Main",
        ("network", "unlock", "Main"): "Unlocked the network Main",
        ("network", "level", "Main", "Content"): "The network Main now has the level Content",
        ("application", "delete", application): f"Deleted the application {application}",
    }.items():
        assert ok(invoke(*command)).startswith(words)


def test_standard_output_gets_only_the_setup_token(invoke: Invoke, bootstrapped: dict[str, str]) -> None:
    issued = invoke("token", "issue", "--network", "Main", "--uses", "2", "--days", "1")
    assert issued.stdout.count("\n") == 1
    assert "Valid until 20" in issued.stderr
    assert "for 2 new players" in issued.stderr
    assert "signfleet token revoke --network Main" in issued.stderr
    as_object = as_json(invoke("token", "issue", "--network", "Main", "--json"))
    assert {*as_object} == {"token", "id", "expires", "uses"}


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (("network", "list"), {"id", "name", "level", "state", "created"}),
        (("network", "create", "New"), {"id", "name"}),
        (("network", "admit", "Main", "guest@example.com"), {"user", "network", "login", "role"}),
        (("person", "list"), {"id", "login", "firstName", "lastName", "state", "created"}),
        (("person", "create", "new@example.com"), {"id", "login", "password"}),
        (("person", "password", "joe@example.com"), {"login", "password"}),
        (("user", "list", "Main"), {"id", "login", "role", "state"}),
        (("user", "role", "Main", "joe@example.com", "Creators"), {"network", "login", "role"}),
        (
            ("application", "create", "A", "--person", "joe@example.com"),
            {"name", "clientId", "clientSecret"},
        ),
        (("token", "list", "--network", "Main"), None),
        (("application", "list"), None),
        (("device", "blocked", "Main"), None),
        (("device", "claims"), None),
        (("network", "protocol-1", "Main", "--days", "30"), {"network", "protocol1Until"}),
        (("network", "join-by-record", "Main", "--allow"), {"network", "joinAddress"}),
        (("subscription", "add", "Main"), {"network", "type", "added", "ids"}),
        (
            ("permission", "explain", "--user", "joe@example.com", "--operation", "Device.UpdateDevice"),
            {"user", "role", "operation", "device", "allowed", "reason", "rules"},
        ),
    ],
)
def test_programs_get_json(
    invoke: Invoke, bootstrapped: dict[str, str], command: tuple[str, ...], names: set[str] | None
) -> None:
    ok(invoke("person", "create", "guest@example.com"))
    found = as_json(invoke(*command, "--json"))
    if names is None:
        assert found == []
    else:
        assert {*(found[0] if isinstance(found, list) else found)} == names


async def test_programs_get_json_of_an_accepted_claim(invoke: Invoke, api: httpx.AsyncClient) -> None:
    init = ("init", "--network", "One", "--login", "jane@example.com", "--password", "", "--json")
    made = as_json(invoke(*init))
    ok(invoke("network", "create", "Two"))
    setup_token = invoke("token", "issue", "--network", "Two").stdout.strip()
    assert (await join(api, setup_token, "A1")).status_code == 201
    token = (await sign_in(api, made["clientId"], made["clientSecret"])).json()["access_token"]
    api.headers["Authorization"] = f"Bearer {token}"
    await api.put("/2022/06/REST/Self/Session/Network/", json={"name": "One"})
    assert (await api.post("/admin/v1/serial-claims/", json={"serial": "A1"})).is_success
    accepted = invoke("device", "accept-claim", "One", "A1", "--json")
    assert as_json(accepted) == {"serial": "A1", "network": "One", "deleted": True}


def test_programs_get_the_version_as_json() -> None:
    assert as_json(CliRunner().invoke(cli, ["version", "--json"])) == {"version": __version__}


#: Commands that run on, write a format of their own, or print one sentence to confirm a change.
WITHOUT_JSON = {"serve", "demo", "tls-front", "audit export", "openapi"} | {
    *("network lock", "network unlock", "network level", "network rename"),
    *("person lock", "person unlock", "user lock", "user unlock"),
    *("login", "logout", "api"),
    *("application delete", "token revoke", "device release", "device unblock", "device reject-claim"),
    *("command cancel", "jobs cancel"),
}


def test_every_command_that_prints_data_has_json() -> None:
    def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))
            else:
                yield " ".join((*path, name)), command

    without = {name for name, command in commands(cli) if not any("--json" in option.opts for option in command.params)}
    assert without == WITHOUT_JSON


def test_help_shows_the_whole_summary_of_each_command() -> None:
    for arguments in (["--help"], ["device", "--help"], ["network", "--help"]):
        text = ok(CliRunner().invoke(cli, arguments))
        assert "..." not in text.partition("Commands:")[2]
    assert "such as after its storage was replaced." in " ".join(
        ok(CliRunner().invoke(cli, ["device", "--help"])).split()
    )


def test_characters_outside_the_encoding_of_the_output_are_escaped(database_of_cli: str) -> None:
    command = [sys.executable, "-m", "signfleet", "network", "create", "Łódź", "--data", database_of_cli]
    done = subprocess.run(command, capture_output=True, env=environment() | {"PYTHONIOENCODING": "latin-1"}, check=True)
    assert b"\\u0141\xf3d\\u017a" in done.stdout
    listed = subprocess.run(
        [*command[:3], "network", "list", "--json", "--data", database_of_cli],
        capture_output=True,
        env=environment() | {"PYTHONIOENCODING": "latin-1"},
        check=True,
    )
    assert [network["name"] for network in json.loads(listed.stdout)] == ["Łódź"]
