"""`signfleet demo`: what it prints and keeps, as its user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner

from signfleet.cli import cli
from tests.processes import ROOT, SIGNFLEET

#: As much of curl as the printed line needs; the machine may have none.
CURL = f"""#!{sys.executable}
import sys, httpx
arguments = [argument for argument in sys.argv[1:] if argument != "-s"]
given = {{}}
while len(arguments) > 1:
    place = next(place for place, argument in enumerate(arguments) if argument in ("-d", "-H"))
    name, value = arguments.pop(place), arguments.pop(place)
    given[name] = value
headers = dict([given["-H"].split(": ")]) if "-H" in given else {{"Content-Type": "application/x-www-form-urlencoded"}}
print(httpx.request("POST" if "-d" in given else "GET", arguments[0], content=given.get("-d"), headers=headers).text)
"""


class Demo:
    """A running demo: what it has printed, and the credentials that it keeps."""

    def __init__(self, printed: str, folder: Path) -> None:
        self.printed = printed
        self.path = folder / "credentials.json"
        self.credentials: dict[str, str] = json.loads(self.path.read_text())

    @property
    def line(self) -> str:
        return next(line.strip() for line in self.printed.splitlines() if line.strip().startswith("curl "))


@contextmanager
def running_demo(folder: Path, players: int = 3) -> Iterator[Demo]:
    process = subprocess.Popen(
        [*SIGNFLEET, "demo", "--port", "0", "--players", str(players), "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    with process:
        try:
            printed = ""
            assert process.stdout is not None
            for line in process.stdout:
                printed += line
                if "simulated players have joined" in line:
                    break
            yield Demo(printed, folder)
        finally:
            process.terminate()
            assert process.wait(30) == 0


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
    (tmp_path / "bin").mkdir()
    curl = tmp_path / "bin" / "curl"
    curl.write_text(CURL)
    curl.chmod(0o755)
    with running_demo(tmp_path / "data") as demo:
        assert "3 of 3 simulated players have joined." in demo.printed
        assert all(value in demo.printed for value in demo.credentials.values())
        listed = subprocess.run(
            ["sh", "-c", demo.line],
            env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(listed.stdout)["totalItemCount"] == len(devices(demo)) == 3


def test_a_second_start_goes_on_with_the_same_data(tmp_path: Path) -> None:
    with running_demo(tmp_path) as first:
        before = devices(first)
    with running_demo(tmp_path) as second:
        after = devices(second)
    assert {**second.credentials, "base_url": ""} == {**first.credentials, "base_url": ""}
    assert [device["id"] for device in after] == [device["id"] for device in before]


def test_every_installation_has_secrets_of_its_own_for_nobody_else_to_read(tmp_path: Path) -> None:
    with running_demo(tmp_path / "a", players=0) as one, running_demo(tmp_path / "b", players=0) as other:
        assert {*one.credentials} == {"base_url", "network", "login", "password", "client_id", "client_secret"}
        for name in ("password", "client_id", "client_secret"):
            assert one.credentials[name] != other.credentials[name]
        assert one.path.stat().st_mode & 0o777 == 0o600


def test_credentials_that_are_lost_are_told(tmp_path: Path) -> None:
    with running_demo(tmp_path, players=0) as demo:
        pass
    for kept, message in (("{", "is damaged"), ("{}", "is damaged"), (None, "does not belong to this store")):
        demo.path.unlink() if kept is None else demo.path.write_text(kept)
        result = CliRunner().invoke(cli, ["demo", "--port", "0", "--data", str(tmp_path)])
        assert result.exit_code == 1
        assert f"{message}; delete its folder to begin anew" in result.output
