"""Commands that prepare an installation: init, network, person, application, token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from signfleet.cli import cli
from signfleet.settings import Settings
from signfleet.wiring import build, make_app

Invoke = Callable[..., Result]


@pytest.fixture
def database_of_cli(migrated_sqlite: Path, tmp_path: Path) -> str:
    (tmp_path / "signfleet.db").write_bytes(migrated_sqlite.read_bytes())
    return str(tmp_path)


@pytest.fixture
def invoke(database_of_cli: str) -> Invoke:
    """Runs a command on an empty store; in a thread, for this one may have an event loop already."""

    def run(*arguments: str, input_: str = "") -> Result:
        given = [*arguments, "--data", database_of_cli]
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(CliRunner().invoke, cli, given, input=input_).result()

    return run


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return str(result.output)


def shown(result: Result) -> dict[str, str]:
    """What a command has shown of the one thing that it made."""
    lines = (line.split("  ", 1) for line in ok(result).splitlines() if "  " in line)
    return {name: value.strip() for name, value in lines}


def table(result: Result) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in ok(result).splitlines()[1:]]


@pytest.fixture
async def api(database_of_cli: str) -> AsyncIterator[httpx.AsyncClient]:
    """The server over the same store."""
    services = await build(Settings(data=database_of_cli))
    transport = httpx.ASGITransport(make_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://signfleet.test") as client:
        yield client
    await services.close()


async def sign_in(api: httpx.AsyncClient, client_id: str, client_secret: str) -> httpx.Response:
    return await api.post(
        "/realms/bsncloud/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, client_secret),
    )


@pytest.mark.anyio
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
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_made(invoke: Invoke, arguments: list[str], message: str) -> None:
    result = invoke("init", *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert table(invoke("network", "list")) == table(invoke("person", "list")) == []


def test_init_twice_is_told(invoke: Invoke) -> None:
    arguments = ("init", "--network", "Venue", "--login", "jane@example.com", "--password", "")
    ok(invoke(*arguments))
    assert "exists already" in invoke(*arguments).output


@pytest.mark.anyio
async def test_an_application_acts_for_its_person(invoke: Invoke, api: httpx.AsyncClient) -> None:
    ok(invoke("person", "create", "jane@example.com"))
    made = shown(invoke("application", "create", "Reports", "--person", "jane@example.com", "--scope", "bsn.api.self"))
    answer = await sign_in(api, made["client id"], made["client secret"])
    assert answer.json()["scope"] == "bsn.api.self"
    assert table(invoke("application", "list"))[0][1:] == ["Reports", "jane@example.com", "bsn.api.self"]


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
def test_what_is_not_there_is_told(invoke: Invoke, arguments: list[str], message: str) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, message in result.output) == (1, True)
    assert table(invoke("person", "list")) == []


@pytest.mark.anyio
async def test_a_setup_token_is_known_to_the_server(invoke: Invoke, api: httpx.AsyncClient) -> None:
    made = shown(invoke("init", "--network", "Venue", "--login", "jane@example.com", "--password", ""))
    setup_token = ok(invoke("token", "issue", "--network", "venue")).strip()
    token = (await sign_in(api, made["client id"], made["client secret"])).json()["access_token"]
    api.headers["Authorization"] = f"Bearer {token}"
    await api.put("/2022/06/REST/Self/Session/Network/", json={"name": "Venue"})
    answer = await api.get(f"/2022/06/REST/Provisioning/Setups/Tokens/{setup_token}/")
    assert (answer.status_code, answer.json()["token"]) == (200, setup_token)
