"""What an operator installs: the wheel, the Debian package, the container, the systemd unit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
from importlib import metadata
from pathlib import Path

import httpx
import pytest
import yaml

from signfleet import __version__
from signfleet.foundation.settings import Settings
from tests.processes import ROOT
from tests.running import Running, environment


def run(*command: str | Path, folder: Path = ROOT, **variables: str) -> str:
    everything = [str(part) for part in command]
    done = subprocess.run(
        everything, check=False, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answers(command: list[str], variables: dict[str, str], data: Path) -> bool:
    """Starts `signfleet serve`, stops it again, and returns whether it was ready."""
    with subprocess.Popen(
        [*command, "serve", "--port", "0", "--data", str(data)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=variables,
        cwd=data,
    ) as process:
        try:
            server = Running(process)
            while process.poll() is None and httpx.get(f"{server.address}/health/ready").status_code != 200:
                time.sleep(0.05)  # ready once the installation is bootstrapped
            return process.poll() is None
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built from a copy."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    pip = ("-m", "pip", "--python", sys.executable, "--disable-pip-version-check")
    interpreter = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    run(interpreter, *pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, source)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_runs_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    """The environment has the wheel, the libraries that are installed here, and nothing of the source tree."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    target = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    shutil.unpack_archive(wheel, target, "zip")
    (target / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    variables = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    command = [str(tmp_path / "venv" / "bin" / "python"), "-P", "-m", "signfleet"]
    where = run(command[0], "-P", "-c", "import signfleet; print(signfleet.__file__)", folder=tmp_path)
    assert where.startswith(str(target))
    (tmp_path / "data").mkdir()
    assert answers(command, variables, tmp_path / "data")


def test_a_wheel_names_every_library_that_it_needs() -> None:
    """The locked requirements include everything that the project needs."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = {name_of(line) for line in tomllib.load(file)["project"]["dependencies"]}
    locked = {
        name_of(line) for line in (ROOT / "requirements" / "runtime.txt").read_text().splitlines() if "==" in line
    }
    assert wanted <= locked
    imported = {name for name in wanted if metadata.version(name)}
    assert imported == wanted


def name_of(requirement: str) -> str:
    return re.split(r"[\s;=<>\[]", requirement, maxsplit=1)[0].lower()


def test_a_debian_package_runs(wheel: Path, tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed: this is no Debian")
    interpreter = shutil.which("python3", path=Path(sys.base_prefix) / "bin") or sys.executable
    tree = tmp_path / "tree"
    for name in ("deploy", "docs", "requirements", "tools"):
        shutil.copytree(ROOT / name, tree / name)
    for name in ("README.md", "COMPATIBILITY.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    package = tree / run("tools/build_deb.sh", interpreter, wheel, folder=tree).split()[-1]
    control = run("dpkg-deb", "--field", package)
    assert f"Version: {__version__}" in control
    run("dpkg-deb", "--extract", package, tmp_path / "root")
    root = tmp_path / "root"
    for path in ("usr/bin/signfleet", "lib/systemd/system/signfleet.service", "etc/signfleet/signfleet.toml"):
        assert (root / path).is_file()
    variables = environment() | {"PYTHONPATH": str(root / "usr/lib/signfleet")}
    (tmp_path / "data").mkdir()
    assert answers([interpreter, "-P", "-m", "signfleet"], variables, tmp_path / "data")


def test_the_sample_settings_are_valid() -> None:
    text = (ROOT / "deploy" / "signfleet.toml").read_text()
    offered = tomllib.loads("\n".join(re.findall(r"^(?:# )?(\w+ = .+)$", text, re.MULTILINE)))
    assert offered.keys() <= set(Settings.__struct_fields__)


def test_the_container_passes_its_linter() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint is not available for this machine's architecture")
    assert run(linter, "Dockerfile") == ""


def test_the_container_is_unprivileged_and_reports_its_health() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line.split()[1] for line in lines if line.startswith("USER")] == ["10001"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY") and "--from" not in line:
            source = line.split()[1]
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored


def test_the_composition_waits_for_its_database() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    assert services["signfleet"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert {"healthcheck", "volumes"} <= services["database"].keys()
    variables = {name for name in services["signfleet"]["environment"] if name.startswith("SIGNFLEET_")}
    assert {name.removeprefix("SIGNFLEET_").lower() for name in variables} <= set(Settings.__struct_fields__)


def test_the_unit_is_hardened() -> None:
    """systemd rates the exposure of a service from 0 (none) to 10."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: this machine has no systemd")
    run("systemd-analyze", "security", "--offline=true", "--threshold=20", ROOT / "deploy" / "signfleet.service")
