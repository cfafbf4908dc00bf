"""`signfleet demo`: what it prints and stores, as its user sees it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from click.testing import CliRunner

from signfleet.app.cli import cli
from signfleet.identity.access.operations.roles import SYSTEM_ROLES
from tests.curl import curl_on_path
from tests.preloaded import Command
from tests.processes import free_port
from tests.running import PATIENCE, Demo, demo_arguments, environment, running_demo, start_demo


def devices(demo: Demo) -> list[dict[str, Any]]:
    """Returns the devices, as a client with the stored credentials sees them."""
    credentials = demo.credentials
    with httpx.Client(base_url=credentials["base_url"]) as client:
        token = client.post(
            "/realms/bsncloud/protocol/openid-connect/token",
            data={"grant_type": "client_credentials"},
            auth=(credentials["client_id"], credentials["client_secret"]),
        ).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        client.put("/2022/06/REST/Self/Session/Network/", json={"name": credentials["network"]}).raise_for_status()
        return list(client.get("/2022/06/REST/Devices/").json()["items"])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A first start with eight players, still running."""
    with running_demo(tmp_path_factory.mktemp("demo") / "data", players=8) as running:
        yield running


class Ended(NamedTuple):
    """A demo that has ended: its folder, its credentials and its devices."""

    folder: Path
    credentials: dict[str, Any]
    devices: list[dict[str, Any]]

    def copy(self, folder: Path) -> Path:
        """Copies the folder for a test that continues with it; returns the path of the credentials."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return folder / "credentials.stopped.json"


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("ended")
    with running_demo(folder) as demo:
        return Ended(folder, demo.credentials, devices(demo))


def test_the_first_start_prints_a_line_that_lists_the_players(demo: Demo, tmp_path: Path) -> None:
    assert "8 of 8 simulated players have joined." in demo.printed
    first, login, password, *_ = demo.printed.splitlines()
    assert first == f"Open {demo.credentials['base_url']}/console/ in a browser and sign in:"
    assert (login.split()[-1], password.split()[-1]) == (demo.credentials["login"], demo.credentials["password"])
    assert all(value in demo.printed for name, value in demo.credentials.items() if name != "accounts")
    listed = subprocess.run(
        ["sh", "-c", demo.line], env=curl_on_path(tmp_path), capture_output=True, text=True, check=True
    )
    assert json.loads(listed.stdout)["totalItemCount"] == len(devices(demo)) == 8
    assert not any(secret in demo.line for secret in (demo.credentials["password"], demo.credentials["client_secret"]))
    assert len(demo.line) < 100 + len(str(demo.path.parent))


def test_another_line_shows_what_happens_live(demo: Demo, tmp_path: Path) -> None:
    line = next(line.strip() for line in demo.printed.splitlines() if "text/event-stream" in line)
    environment = curl_on_path(tmp_path)
    with subprocess.Popen(["sh", "-c", f"exec {line}"], env=environment, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        beginning = curl.stdout.readline()
        curl.terminate()
    assert beginning == "retry: 3000\n"


def test_a_third_line_makes_a_place_go_dark_which_soon_shows(demo: Demo) -> None:
    line = next(line.strip() for line in demo.printed.splitlines() if line.strip().startswith("echo "))
    place, file = line.removeprefix("echo ").split(" > ")
    assert Path(file) == demo.path.parent / "dark"
    assert place in {device["settings"]["location"]["country"] for device in devices(demo)}
    assert {device["settings"]["synchronization"]["status"]["period"] for device in devices(demo)} == {"00:00:20"}


def test_players_have_tags_to_filter_by(demo: Demo) -> None:
    tagged = [device["tags"] for device in devices(demo)]
    assert {"string::[Device].<Owner>", "number::[Device].<Floor>", "dateTime::[Device].<Installed>"} <= {*tagged[0]}
    assert any("boolean::[Device].<Outdoor>" in tags for tags in tagged)


def test_every_installation_has_its_own_secrets_in_a_private_file(demo: Demo, ended: Ended) -> None:
    names = {"base_url", "network", "login", "password", "client_id", "client_secret", "accounts"}
    assert {*demo.credentials} == {*ended.credentials} == names
    for name in ("password", "client_id", "client_secret"):
        assert demo.credentials[name] != ended.credentials[name]
    assert demo.path.stat().st_mode & 0o777 == 0o600


def test_there_is_a_user_for_each_role_and_a_second_network(demo: Demo) -> None:
    seen: dict[str, list[str]] = {}
    for account in demo.credentials["accounts"]:
        form = {"grant_type": "password", "client_id": "x", "client_secret": "x", "password": account["password"]}
        form["username"] = f"{account['network']}/{account['login']}"
        answer = httpx.post(f"{demo.credentials['base_url']}/2022/06/REST/Token", data=form).json()
        assert answer["user"]["role"]["name"] == account["role"]
        seen.setdefault(account["network"], []).append(account["role"])
    assert seen == {"Demo": [role.name for role in SYSTEM_ROLES], "Demo Two": ["Administrators"]}


def test_strangers_can_register(demo: Demo) -> None:
    address = demo.credentials["base_url"]
    answer = httpx.post(f"{address}/2022/06/REST/Self/", json={"login": "joe@example.com"})
    assert (answer.status_code, answer.json()["activationDate"]) == (200, None)


def test_a_second_demo_on_a_taken_port_leaves_the_first_ones_file(demo: Demo) -> None:
    port = demo.credentials["base_url"].rpartition(":")[2]
    with start_demo(demo.path.parent, players=0, port=int(port)) as process:
        assert "Address already in use" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1
    assert sign_in(json.loads(demo.path.read_text())) == 200


def test_a_second_start_continues_with_the_same_data(ended: Ended, tmp_path: Path) -> None:
    ended.copy(tmp_path)
    with running_demo(tmp_path) as second:
        after = devices(second)
    assert {**second.credentials, "base_url": ""} == {**ended.credentials, "base_url": ""}
    assert [(device["id"], device["tags"]) for device in after] == [
        (device["id"], device["tags"]) for device in ended.devices
    ]


def test_lost_credentials_are_an_error(ended: Ended, tmp_path: Path) -> None:
    file = ended.copy(tmp_path)
    for content, message in (("{", "is damaged"), ("{}", "is damaged"), (None, "does not belong to this store")):
        file.unlink() if content is None else file.write_text(content)
        result = CliRunner().invoke(cli, ["demo", "--port", "0", "--data", str(tmp_path)])
        assert result.exit_code == 1
        assert f"{message}; delete its folder to start again" in result.output


def test_older_credentials_without_accounts_get_them(ended: Ended, tmp_path: Path) -> None:
    before = ended.credentials
    file = ended.copy(tmp_path)
    file.write_text(json.dumps({name: value for name, value in before.items() if name != "accounts"}))
    with running_demo(tmp_path, players=0) as demo:
        assert demo.credentials["password"] == before["password"]
        assert [account["login"] for account in demo.credentials["accounts"]] == [
            account["login"] for account in before["accounts"]
        ]


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below"):
        result = CliRunner().invoke(cli, ["demo", "--port", "0", "--data", str(folder)])
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: Cannot write to the folder {folder}: ")


def answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def sign_in(credentials: dict[str, Any]) -> int:
    """Signs in as the demo's application; returns the status."""
    return httpx.post(
        f"{credentials['base_url']}/realms/bsncloud/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=(credentials["client_id"], credentials["client_secret"]),
    ).status_code


def becomes_usable(process: Command, folder: Path, port: int) -> None:
    """Waits until the demo is ready; meanwhile every credential in its file works."""
    is_ready = False
    while not is_ready and process.poll() is None:
        is_ready = answers(port, "/health/ready")
        if is_ready or (folder / "credentials.json").exists():
            credentials = json.loads((folder / "credentials.json").read_text())
            assert credentials["base_url"] == f"http://127.0.0.1:{port}"
            assert sign_in(credentials) == 200


def test_ready_means_usable_and_the_file_contains_only_what_works(tmp_path: Path) -> None:
    with start_demo(tmp_path, players=0, port=(port := free_port())) as process:
        becomes_usable(process, tmp_path, port)
        process.terminate()
        assert process.communicate(timeout=PATIENCE)[1] == ""
    assert not (tmp_path / "credentials.json").exists()


def test_after_a_crash_the_file_does_not_show_the_old_port(ended: Ended, tmp_path: Path) -> None:
    ended.copy(tmp_path)
    with start_demo(tmp_path, players=0, port=(port := free_port())) as process:
        becomes_usable(process, tmp_path, port)
        process.kill()
    assert (tmp_path / "credentials.json").exists()
    with start_demo(tmp_path, players=0, port=(port := free_port())) as process:
        while not answers(port, "/health/live") and process.poll() is None:
            time.sleep(0.02)
        files = [json.loads(path.read_text()) for path in tmp_path.glob("credentials.json")]
        assert [file["base_url"] for file in files] in ([], [f"http://127.0.0.1:{port}"])
        process.terminate()
        process.communicate(timeout=PATIENCE)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows which signals a process blocks")
@pytest.mark.parametrize(("number", "moments"), [(signal.SIGTERM, (0, 0.1, 0.4, 1.5)), (signal.SIGINT, (0, 0.7))])
def test_it_can_be_stopped_at_any_moment(tmp_path: Path, number: signal.Signals, moments: Sequence[float]) -> None:
    for place, seconds in enumerate(moments):
        folder = tmp_path / str(place)
        with start_demo(folder, players=12) if seconds else start_new_interpreter(folder) as process:
            while not is_in_charge_of_signals(process.pid):
                time.sleep(0.005)
            time.sleep(seconds)
            process.send_signal(number)
            process.send_signal(number)
            _, errors = process.communicate(timeout=PATIENCE)
            assert (process.returncode, errors) == (0, "")


def start_new_interpreter(folder: Path) -> subprocess.Popen[str]:
    """Starts a demo whose modules are not loaded yet."""
    command = [sys.executable, "-m", "signfleet", *demo_arguments(folder, players=12)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def is_in_charge_of_signals(pid: int) -> bool:
    """Returns whether the command handles signals; while the interpreter starts, they kill it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    blocked, caught = (int(line.partition("\t")[2], 16) for line in lines if line.startswith(("SigBlk:", "SigCgt:")))
    return bool((blocked | caught) >> (signal.SIGTERM - 1) & 1)
