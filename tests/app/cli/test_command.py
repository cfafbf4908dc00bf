"""`signfleet command` and `signfleet commands`: with a server and players that obey, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from signfleet.app.cli import cli
from signfleet.app.wiring import build
from signfleet.fleet.devices.agent.store import SET_CAN
from signfleet.foundation.settings import Settings
from signfleet.simulator.fleet import fleet
from tests.api import Api
from tests.fleet.devices.stored import register
from tests.running import PATIENCE, bootstrapped, environment, running_server

#: The number of the first player that obeys.
FIRST = 100


def run(folder: Path, name: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [name, *arguments, "--data", str(folder)])


def table(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return list(json.loads(result.output))


@contextmanager
def obeying(folder: Path, players: int) -> Iterator[None]:
    """Runs a server with simulated players that listen."""
    tenant = bootstrapped(folder)
    with running_server("--data", str(folder)) as server, Api(server.address, tenant) as api:
        api.add_players(players)
        secrets = str(folder / "players.secrets")
        arguments = ["--url", server.address, "--players", str(players), "--secrets", secrets]
        command = [sys.executable, "-m", "signfleet", "simulate", "--first", str(FIRST), "--listen", *arguments]
        with subprocess.Popen(
            command, env=environment() | {"SETUP_TOKEN": api.setup_token()}, stdout=subprocess.DEVNULL
        ) as simulator:
            try:
                while api.get("/Devices/")["totalItemCount"] < 2 * players:
                    assert simulator.poll() is None
                yield
            finally:
                simulator.terminate()
                simulator.wait(PATIENCE)


def test_a_filter_brings_pictures_and_the_list_shows_what_became_of_commands(tmp_path: Path) -> None:
    with obeying(tmp_path, 2):
        # The first two have gone; their commands wait.
        away, present = ([profile.serial for profile in fleet(2, first=first)] for first in (0, FIRST))
        among = ", ".join(f"'{serial}'" for serial in present)
        pictures = ["--filter", f"[Serial] IS IN ({among})", "--output", str(tmp_path / "pictures"), "--wait", "60"]
        rows = table(run(tmp_path, "command", "screenshot", *pictures, "--json"))
        assert sorted((row["device"], row["state"]) for row in rows) == sorted((each, "succeeded") for each in present)
        files = sorted((tmp_path / "pictures").iterdir())
        assert [str(file) for file in files] == sorted(row["files"] for row in rows)
        assert all(file.read_bytes()[:2] == b"\xff\xd8" for file in files)
        (waiting,) = table(run(tmp_path, "command", "identify", "--device", away[0], "--wait", "0", "--json"))
        assert waiting["state"] == "queued"
        listed = table(run(tmp_path, "commands", "--filter", "[State] IS 'queued'", "--json"))
        assert [(row["device"], row["command"]) for row in listed] == [(away[0], "identify")]
        text = run(tmp_path, "commands", "--count", "1")
        assert (text.exit_code, away[0] in text.output) == (0, True)
        picture = next(row for row in rows if row["device"] == present[0])
        show = ["show", str(picture["id"]), "--output", str(tmp_path / "again"), "--json"]
        shown = json.loads(run(tmp_path, "command", *show).stdout)
        assert (shown["device"], shown["state"], shown["arguments"]) == (present[0], "succeeded", {"quality": None})
        assert Path(shown["files"]).read_bytes() == Path(picture["files"]).read_bytes()
        assert run(tmp_path, "command", "cancel", str(waiting["id"])).exit_code == 0
        late = run(tmp_path, "command", "cancel", str(waiting["id"]))
        assert (late.exit_code, "The command is cancelled" in late.output) == (1, True)


def test_players_that_cannot_do_a_command_are_listed_and_get_none(tmp_path: Path) -> None:
    tenant = bootstrapped(tmp_path)

    async def register_two() -> None:
        services = await build(Settings(data=str(tmp_path)))
        ids = await register(services.store, tenant.network_id, ["A1", "A2"])
        can = {"network_id": tenant.network_id, "device_id": ids[1], "can": '["reboot"]'}
        await services.store.write(lambda tx: tx.execute(SET_CAN, **can))
        await services.close()

    asyncio.run(register_two())
    rows = table(run(tmp_path, "command", "logs", "--filter", "[Serial] IS 'A*'", "--wait", "0", "--json"))
    assert [(row["device"], row["state"]) for row in rows] == [("A1", "queued"), ("A2", "unable")]
    assert "those that it can do are: reboot" in rows[1]["message"]
    missing = run(tmp_path, "command", "show", "77")
    assert (missing.exit_code, "no command" in missing.output) == (1, True)


def test_what_cannot_be_sent_ends_with_a_status_and_its_reason(tmp_path: Path) -> None:
    bootstrapped(tmp_path)
    for arguments, status, reason in (
        (["reboot"], 2, "Name either devices"),
        (["reboot", "--device", "A1", "--filter", "[Serial] IS 'A*'"], 2, "Name either devices"),
        (["reboots", "--device", "A1"], 1, "A1"),
        (["display", "--device", "A1", "--argument", "power"], 2, "expected NAME=VALUE"),
        (["reboot", "--filter", "[Serial] IZ 'A'"], 1, "IZ"),
        (["reboot", "--device", "A1", "--network", "None"], 1, "None"),
    ):
        result = run(tmp_path, "command", *arguments)
        assert (result.exit_code, reason in result.output) == (status, True), result.output
