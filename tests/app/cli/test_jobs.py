"""`signfleet import` and `signfleet jobs`: a dry run by default, and the permissions of the user who is named."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from signfleet.app.cli import cli
from tests.running import bootstrapped


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--data", str(folder)])


def test_an_import_lists_the_lines_that_fail_and_makes_a_job_only_with_yes(tmp_path: Path) -> None:
    login = bootstrapped(tmp_path).login
    table = tmp_path / "devices.csv"
    table.write_text("serial,settings.name\nNOBODY,Lobby\n")
    dry = run(tmp_path, "import", str(table), "--user", login, "--json")
    assert dry.exit_code == 1
    assert "Nothing was changed" in dry.output
    assert "NOBODY" in dry.output
    assert json.loads(run(tmp_path, "jobs", "--user", login, "--json").output) == []
    done = run(tmp_path, "import", str(table), "--user", login, "--yes", "--json")
    assert done.exit_code == 1, done.output
    assert [each["line"] for each in json.loads(done.output)] == [2]
    (job,) = json.loads(run(tmp_path, "jobs", "--user", login, "--json").output)
    assert (job["kind"], job["state"], job["total"], job["failed"]) == ("import", "Finished", 1, 1)
    stranger = run(tmp_path, "import", str(table), "--user", "nobody@example.com")
    assert stranger.exit_code == 1
    assert "There is no user 'nobody@example.com'" in stranger.output
