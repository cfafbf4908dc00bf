"""`signfleet login`, `signfleet api` and `signfleet logout` against a server, with a browser that is a script."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from signfleet.app.cli import cli
from signfleet.app.cli.loopback import Loopback
from signfleet.testing import TestingServer
from tests.processes import ROOT

#: Signs in, agrees, and follows the answer to the command line.
BROWSER = """
import re, sys, httpx
from html import unescape
address, login, password = sys.argv[1:]
server = address.partition("/console/")[0]
with httpx.Client(headers={"Origin": server}, timeout=60) as browser:
    asked = browser.get(address)
    form = browser.get(server + asked.headers["location"]).text
    wanted = unescape(re.search(r'name="next" value="([^"]+)"', form)[1])
    fields = {"login": login, "password": password, "next": wanted}
    page = browser.get(server + browser.post(server + "/console/sign-in", data=fields).headers["location"]).text
    given = {name: unescape(value) for name, value in re.findall(r'name="(\\w+)" value="([^"]*)"', page)}
    given["network"] = re.search(r'value="(\\d+)" selected', page)[1]
    back = browser.post(server + "/console/authorize", data=given | {"decision": "allow"}).headers["location"]
    print(httpx.get(back, timeout=60).status_code)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestingServer]:
    with TestingServer(tmp_path_factory.mktemp("server")) as server:
        yield server


def test_a_person_signs_in_with_a_browser_calls_the_api_and_signs_out(server: TestingServer, tmp_path: Path) -> None:
    script = tmp_path / "browser.py"
    script.write_text(BROWSER)
    browser = f"{sys.executable} {script} %s {server.login} '{server.password}'"
    environment = {"PYTHONPATH": f"{ROOT / 'src'}", "XDG_CONFIG_HOME": str(tmp_path), "BROWSER": browser}
    command = [sys.executable, "-m", "signfleet"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        whole = [*command, *arguments]
        return subprocess.run(whole, capture_output=True, text=True, env=environment, timeout=120, check=False)

    signed_in = run("login", server.base_url)
    assert signed_in.returncode == 0, signed_in.stderr
    stored = tmp_path / "signfleet" / "login.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert stat.S_IMODE(stored.parent.stat().st_mode) == 0o700
    tokens = json.loads(stored.read_text())
    assert tokens["access_token"] not in signed_in.stdout + signed_in.stderr
    devices = f"{len(server.installation()['devices'])}\n"
    assert run("api", "/2022/06/REST/Devices/Count/").stdout == devices
    stored.write_text(json.dumps(tokens | {"expires": 0}))
    assert run("api", "/2022/06/REST/Devices/Count/").stdout == devices
    renewed = json.loads(stored.read_text())
    assert renewed["refresh_token"] != tokens["refresh_token"]
    refused = run("api", "/2022/06/REST/Users/", "--body", "{}")
    assert (refused.returncode, "Status 400." in refused.stderr, "person" in refused.stdout) == (1, True, True)
    assert run("logout").returncode == 0
    assert not stored.exists()
    headers = {"Authorization": f"Bearer {renewed['access_token']}"}
    assert httpx.get(f"{server.base_url}/2022/06/REST/Self/", headers=headers).status_code == 401
    assert "You are not signed in" in run("api", "/healthz").stderr


def test_the_command_hears_only_the_answer_to_its_own_question() -> None:
    with Loopback("right") as loopback:
        found: list[dict[str, str] | None] = []
        waiting = threading.Thread(target=lambda: found.append(loopback.wait(60)))
        waiting.start()
        for query in ("?state=wrong&code=a", "?code=a", "?state=&code=a"):
            assert httpx.get(loopback.address + query).status_code == 404
        assert httpx.get(loopback.address.replace("/callback", "/") + "?state=right").status_code == 404
        assert httpx.get(f"{loopback.address}?state=right&code=b").status_code == 200
        waiting.join()
    assert found == [{"state": "right", "code": "b"}]


def test_nobody_answers_in_time() -> None:
    with Loopback("right") as loopback:
        assert loopback.wait(0) is None


@pytest.mark.parametrize("address", ["ftp://signage.example", "https://a:b@signage.example", "https://x/?y", "http://"])
def test_an_unfit_address_is_an_error(address: str) -> None:
    result = CliRunner().invoke(cli, ["login", address])
    assert (result.exit_code, "expected an address such as" in result.output) == (2, True)


def test_a_damaged_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "signfleet").mkdir()
    (tmp_path / "signfleet" / "login.json").write_text("{")
    result = CliRunner(env={"XDG_CONFIG_HOME": str(tmp_path)}).invoke(cli, ["api", "/x"])
    assert (result.exit_code, "cannot be read" in result.output) == (1, True)
