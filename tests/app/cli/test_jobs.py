"""`signfleet change`, `import` and `jobs`: a dry run by default, and the permissions of the user who is named."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from signfleet.app.bootstrap import Tenant
from signfleet.app.cli import cli
from signfleet.app.wiring import build
from signfleet.fleet.devices.agent.store import SET_CAN
from signfleet.foundation.settings import Settings
from tests.fleet.devices.stored import register
from tests.running import bootstrapped

ALL_A = "[Serial] BEGINS WITH 'A'"


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--data", str(folder)])


def table(result: Result, status: int = 0) -> list[dict[str, Any]]:
    assert result.exit_code == status, result.output
    return list(json.loads(result.stdout))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Bootstraps a store with three devices; the player of the second one can only reboot."""
    folder = tmp_path_factory.mktemp("fleet")
    tenant = bootstrapped(folder)
    asyncio.run(_register(folder, tenant))
    return folder, tenant.login


async def _register(folder: Path, tenant: Tenant) -> None:
    services = await build(Settings(data=str(folder)))
    ids = await register(services.store, tenant.network_id, ["A1", "A2", "B1"])
    can = {"network_id": tenant.network_id, "device_id": ids[1], "can": '["reboot"]'}
    await services.store.write(lambda tx: tx.execute(SET_CAN, **can))
    await services.close()


def test_a_change_shows_what_it_would_do_runs_with_yes_and_is_undone(fleet: tuple[Path, str]) -> None:
    folder, login = fleet
    change = ["change", "--filter", ALL_A, "--user", login, "--set", "description=ground floor"]
    dry = run(folder, *change)
    assert (dry.exit_code, "A2" in dry.stdout, "ground floor" in dry.stdout) == (0, True, True)
    assert "--yes changes 2 devices" in dry.stderr
    preview = json.loads(run(folder, *change, "--json").stdout)
    assert (preview["count"], preview["examples"][0]["before"]) == (2, {"/settings/description": None})
    assert table(run(folder, "jobs", "--user", login, "--json")) == []
    done = run(folder, *change, "--yes")
    assert (done.exit_code, "2 done, 0 of them failed" in done.stderr) == (0, True), done.output
    (job,) = table(run(folder, "jobs", "--user", login, "--json"))
    shown = json.loads(run(folder, "jobs", "show", str(job["id"]), "--user", login, "--json").stdout)
    assert (shown["state"], shown["done"], shown["subject"]) == ("Finished", 2, ALL_A)
    undone = run(folder, "jobs", "undo", str(job["id"]), "--user", login)
    assert (undone.exit_code, "2 done" in undone.stderr) == (0, True), undone.output
    again = json.loads(run(folder, *change, "--json").stdout)
    assert again == preview
    late = run(folder, "jobs", "cancel", str(job["id"]), "--user", login)
    assert (late.exit_code, "has ended already" in late.output) == (1, True)


def test_a_command_to_many_lists_the_players_that_cannot_and_is_retried(fleet: tuple[Path, str]) -> None:
    folder, login = fleet
    change = ["change", "--filter", ALL_A, "--user", login, "--command", "logs", "--yes", "--json"]
    done = run(folder, *change)
    (failure,) = table(done, 1)
    assert (failure["device"], "cannot do the command 'logs'" in failure["reason"]) == ("A2", True)
    found = re.search(r"Job (\d+) finished: 2 done, 1 of them failed", done.stderr)
    assert found is not None, done.stderr
    retried = run(folder, "jobs", "retry", found[1], "--user", login, "--json")
    assert [each["device"] for each in table(retried, 1)] == ["A2"]
    assert table(run(folder, "jobs", "failures", found[1], "--user", login, "--json"))[0]["device"] == "A2"
    refused = run(folder, "jobs", "undo", found[1], "--user", login)
    assert (refused.exit_code, "cannot be undone" in refused.output) == (1, True)


def test_tags_groups_and_devices_change(fleet: tuple[Path, str]) -> None:
    folder, login = fleet
    for flags, shown in (
        (["--tag", "City=Rome", "--untag", "Floor"], "string::[Device].<City>"),
        (["--group", "Nowhere"], "Nowhere"),
        (["--delete"], "/serial"),
    ):
        dry = run(folder, "change", "--filter", "[Serial] IS 'B1'", "--user", login, *flags)
        assert (dry.exit_code, shown in dry.stdout) == (0, True), dry.output


def test_a_change_is_of_one_kind(fleet: tuple[Path, str]) -> None:
    folder, login = fleet
    for flags, status, reason in (
        ([], 2, "one kind of change"),
        (["--delete", "--group", "Hall"], 2, "one kind of change"),
        (["--delete", "--at-once", "5"], 2, "go with --command"),
        (["--set", "description"], 2, "expected NAME=VALUE"),
        (["--set", "nothing=1"], 1, "nothing"),
        (["--command", "jump"], 1, "jump"),
    ):
        refused = run(folder, "change", "--filter", ALL_A, "--user", login, *flags)
        assert (refused.exit_code, reason in refused.output) == (status, True), refused.output


def test_an_import_lists_the_lines_that_fail_and_makes_a_job_only_with_yes(fleet: tuple[Path, str]) -> None:
    folder, login = fleet
    file = folder / "devices.csv"
    file.write_text("serial,settings.name\nNOBODY,Lobby\n")
    before = len(table(run(folder, "jobs", "--user", login, "--json")))
    dry = run(folder, "import", str(file), "--user", login, "--json")
    assert [each["line"] for each in table(dry, 1)] == [2]
    assert "Nothing was changed" in dry.stderr
    assert len(table(run(folder, "jobs", "--user", login, "--json"))) == before
    done = run(folder, "import", str(file), "--user", login, "--yes", "--json")
    assert [each["line"] for each in table(done, 1)] == [2]
    job = table(run(folder, "jobs", "--user", login, "--json"))[0]
    assert (job["kind"], job["state"], job["total"], job["failed"]) == ("import", "Finished", 1, 1)
    stranger = run(folder, "import", str(file), "--user", "nobody@example.com")
    assert stranger.exit_code == 1
    assert "There is no user 'nobody@example.com'" in stranger.output


def test_records_are_imported_and_their_job_is_undone(fleet: tuple[Path, str]) -> None:
    folder, login = fleet
    file = folder / "records.csv"
    file.write_text("serial,name\nC1,Left\n")
    done = run(folder, "import", str(file), "--user", login, "--into", "provisioning-records", "--yes")
    assert (done.exit_code, '"changed":1' in done.stderr) == (0, True), done.output
    job = table(run(folder, "jobs", "--user", login, "--json"))[0]
    for left in (0, 1):
        undone = run(folder, "jobs", "undo", str(job["id"]), "--user", login, "--json")
        assert [each["device"] for each in table(undone, left)] == ["C1"] * left, "the second time it is gone already"
