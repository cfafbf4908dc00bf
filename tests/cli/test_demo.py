"""`signfleet demo`: what it prints and keeps, as its user meets it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner

from signfleet.access.operations.roles import SYSTEM_ROLES
from signfleet.cli import cli
from tests.curl import curl_on_path
from tests.running import Demo, running_demo


def devices(demo: Demo) -> list[dict[str, Any]]:
    """The devices, as a client with the kept credentials sees them."""
    kept = demo.credentials
    with httpx.Client(base_url=kept["base_url"]) as client:
        token = client.post(
            "/realms/bsncloud/protocol/openid-connect/token",
            data={"grant_type": "client_credentials"},
            auth=(kept["client_id"], kept["client_secret"]),
        ).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        client.put("/2022/06/REST/Self/Session/Network/", json={"name": kept["network"]}).raise_for_status()
        return list(client.get("/2022/06/REST/Devices/").json()["items"])


def test_the_first_start_gives_players_and_a_line_that_lists_them(tmp_path: Path) -> None:
    with running_demo(tmp_path / "data") as demo:
        assert "3 of 3 simulated players have joined." in demo.printed
        assert all(value in demo.printed for name, value in demo.credentials.items() if name != "accounts")
        listed = subprocess.run(
            ["sh", "-c", demo.line], env=curl_on_path(tmp_path), capture_output=True, text=True, check=True
        )
        assert json.loads(listed.stdout)["totalItemCount"] == len(devices(demo)) == 3


def test_players_have_tags_to_filter_by(tmp_path: Path) -> None:
    with running_demo(tmp_path, players=8) as demo:
        tagged = [device["tags"] for device in devices(demo)]
    assert {"string::[Device].<Owner>", "number::[Device].<Floor>", "dateTime::[Device].<Installed>"} <= {*tagged[0]}
    assert any("boolean::[Device].<Outdoor>" in tags for tags in tagged)


def test_a_second_start_goes_on_with_the_same_data(tmp_path: Path) -> None:
    with running_demo(tmp_path) as first:
        before = devices(first)
    with running_demo(tmp_path) as second:
        after = devices(second)
    assert {**second.credentials, "base_url": ""} == {**first.credentials, "base_url": ""}
    assert [(device["id"], device["tags"]) for device in after] == [(device["id"], device["tags"]) for device in before]


def test_every_installation_has_secrets_of_its_own_for_nobody_else_to_read(tmp_path: Path) -> None:
    with running_demo(tmp_path / "a", players=0) as one, running_demo(tmp_path / "b", players=0) as other:
        assert {*one.credentials} == {
            "base_url",
            "network",
            "login",
            "password",
            "client_id",
            "client_secret",
            "accounts",
        }
        for name in ("password", "client_id", "client_secret"):
            assert one.credentials[name] != other.credentials[name]
        assert one.path.stat().st_mode & 0o777 == 0o600


def test_there_is_a_user_for_each_role_and_a_second_network(tmp_path: Path) -> None:
    with running_demo(tmp_path, players=0) as demo:
        seen = {}
        for account in demo.credentials["accounts"]:
            form = {"grant_type": "password", "client_id": "x", "client_secret": "x", "password": account["password"]}
            form["username"] = f"{account['network']}/{account['login']}"
            answer = httpx.post(f"{demo.credentials['base_url']}/2022/06/REST/Token", data=form).json()
            assert answer["user"]["role"]["name"] == account["role"]
            seen.setdefault(account["network"], []).append(account["role"])
    assert seen == {"Demo": [role.name for role in SYSTEM_ROLES], "Demo Two": ["Administrators"]}


def test_strangers_can_register(tmp_path: Path) -> None:
    with running_demo(tmp_path, players=0) as demo:
        address = demo.credentials["base_url"]
        answer = httpx.post(f"{address}/2022/06/REST/Self/", json={"login": "joe@example.com"})
    assert (answer.status_code, answer.json()["activationDate"]) == (200, None)


def test_credentials_that_are_lost_are_told(tmp_path: Path) -> None:
    with running_demo(tmp_path, players=0) as demo:
        pass
    for kept, message in (("{", "is damaged"), ("{}", "is damaged"), (None, "does not belong to this store")):
        demo.path.unlink() if kept is None else demo.path.write_text(kept)
        result = CliRunner().invoke(cli, ["demo", "--port", "0", "--data", str(tmp_path)])
        assert result.exit_code == 1
        assert f"{message}; delete its folder to begin anew" in result.output


def test_credentials_of_before_there_were_accounts_get_them(tmp_path: Path) -> None:
    with running_demo(tmp_path, players=0) as demo:
        pass
    kept = demo.credentials
    demo.path.write_text(json.dumps({name: value for name, value in kept.items() if name != "accounts"}))
    with running_demo(tmp_path, players=0) as demo:
        assert demo.credentials["password"] == kept["password"]
        assert [account["login"] for account in demo.credentials["accounts"]] == [
            account["login"] for account in kept["accounts"]
        ]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below"):
        result = CliRunner().invoke(cli, ["demo", "--port", "0", "--data", str(folder)])
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: Nothing can be kept in the folder {folder}: ")
