"""Client generators read the OpenAPI document without a warning."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from signfleet.app import wiring
from signfleet.web.http.openapi import document
from tests.processes import ROOT

NODE_PROGRAMS = ROOT / "tests" / "node" / "node_modules" / ".bin"


@pytest.fixture
def api(tmp_path: Path) -> Path:
    """The document as a file."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document(wiring.endpoints())))
    return path


def run(*command: str | Path, folder: Path) -> str:
    """Runs a program, which must succeed; returns its output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_openapi_python_client(api: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("openapi-python-client")
    config = ROOT / "tests" / "clients" / "openapi-python-client.yaml"
    printed = run(program, "generate", "--path", api, "--config", config, "--output-path", "made", folder=tmp_path)
    assert printed.splitlines() == ["Generating made"]
    assert list((tmp_path / "made").rglob("get_devices_device.py")) or list((tmp_path / "made").rglob("models"))


def test_openapi_typescript(api: Path, tmp_path: Path) -> None:
    program = NODE_PROGRAMS / "openapi-typescript"
    if not program.exists() or shutil.which("node") is None:
        pytest.skip("its Node programs are not installed; `make test` installs them where npm is")
    assert "warning" not in run(program, api, "-o", "made.ts", folder=tmp_path).lower()
    run(NODE_PROGRAMS / "tsc", "--noEmit", "made.ts", folder=tmp_path)
