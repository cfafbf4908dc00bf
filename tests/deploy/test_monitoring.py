"""The dashboard and the alert rules use metrics that the server has; the server listens on its port for them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import httpx
import pytest

from tests.processes import ROOT, free_port
from tests.running import running_server

RULES = ROOT / "deploy" / "prometheus" / "signfleet.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "signfleet.json"


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a server with a port for metrics answers there."""
    port = free_port()
    folder = tmp_path_factory.mktemp("server")
    with running_server("--data", str(folder), "--monitoring-port", str(port)) as server:
        assert httpx.get(f"{server.address}/metrics").status_code == 404
        return httpx.get(f"http://127.0.0.1:{port}/metrics").text


def unknown_metrics(text: str, metrics: str) -> set[str]:
    known = set(re.findall(r"^# TYPE (\w+) ", metrics, re.MULTILINE))
    used = {re.sub("_bucket$", "", name) for name in re.findall(r"\b(?:signfleet|process)_\w+", text)}
    assert used
    return used - known


def test_the_alert_rules_use_metrics_that_exist(metrics: str) -> None:
    text = "\n".join(line for line in RULES.read_text().splitlines() if not line.lstrip().startswith("#"))
    assert unknown_metrics(text, metrics) == set()


def test_the_dashboard_uses_metrics_that_exist(metrics: str) -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        for target in panel["targets"]:
            assert unknown_metrics(target["expr"], metrics) == set(), panel["title"]


def test_prometheus_accepts_rules_and_metrics(metrics: str) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed; `make test` installs it where apt-get may")
    for command, given in (("rules", None), ("metrics", metrics)):
        arguments = [program, "check", command, *([str(RULES)] if given is None else [])]
        checked = subprocess.run(arguments, input=given, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
