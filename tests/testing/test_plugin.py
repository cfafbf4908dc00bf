"""A project that has installed the package uses the fixtures; its tests are the samples of the documentation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from signfleet import __version__
from tests.processes import ROOT, free_port
from tests.running import environment

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The samples of the page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder for the path on which the package is installed, as pip leaves it: with its entry points."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = tmp_path / "site" / f"signfleet-{__version__}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: signfleet\nVersion: {__version__}\n")
    lines = [f"{name} = {target}" for name, target in project["entry-points"]["pytest11"].items()]
    (folder / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    return folder.parent


def run_pytest(project: Path, installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in a project of its own, which has the package and its libraries."""
    path = os.pathsep.join([str(installed), str(ROOT / "src")])
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-markers", "-rA", *arguments]
    own = {name: value for name, value in environment().items() if not name.startswith("PYTEST")}
    return subprocess.run(
        command,
        cwd=project,
        env={**own, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_samples_of_the_documentation_pass(tmp_path: Path, installed: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    samples = [block for block in blocks("python") if "def test_" in block]
    (project / "test_samples.py").write_text("\n".join(samples))
    (project / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture(scope='session')\ndef signfleet_settings():\n"
        "    return {'client_token_lifetime': 77}\n"
    )
    (project / "test_settings.py").write_text(
        "import httpx\n\n\ndef test_settings_reach_the_server(signfleet_server):\n"
        "    form = {'grant_type': 'client_credentials', 'client_id': signfleet_server.client_id,\n"
        "            'client_secret': signfleet_server.client_secret}\n"
        "    url = signfleet_server.base_url + '/realms/bsncloud/protocol/openid-connect/token'\n"
        "    assert httpx.post(url, data=form).json()['expires_in'] == 77\n"
    )
    ended = run_pytest(project, installed)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 passed" in ended.stdout


def test_an_unused_fixture_starts_no_server(tmp_path: Path, installed: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "test_own.py").write_text(
        "import sys\n\n\ndef test_own():\n    assert 'signfleet.testing.process' not in sys.modules\n"
        "    assert 'signfleet.app.wiring' not in sys.modules\n"
    )
    ended = run_pytest(project, installed)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_steps_of_the_workflow_start_and_seed_a_server(tmp_path: Path) -> None:
    (sample,) = blocks("yaml")
    steps = yaml.safe_load(sample)["jobs"]["other"]["steps"]
    start, seed = (step["run"] for step in steps if step.get("name") in ("Start the double", "Seed it"))
    script = "\n".join(["set -e", start, seed, "kill $!", "wait $!"]).replace("8080", str(free_port()))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        ["bash", "-c", script],
        env={**environment(), "PATH": path, "RUNNER_TEMP": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert '"devices":[{"id":1,' in ended.stdout
