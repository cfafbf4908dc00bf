"""A server that is killed and comes back at the same address, under pages that are open."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.console.browser.conftest import PATIENCE, watch
from tests.running import running_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def api(address: str, given: dict[str, str]) -> httpx.Client:
    """Returns a client with a token of the administrator."""
    fields = {key: given[key] for key in ("client_id", "client_secret", "password")}
    login = f"{given['network']}/{given['login']}"
    form = {"grant_type": "password", "username": login, **fields}
    token = httpx.post(f"{address}/2022/06/REST/Token", data=form, timeout=120).json()["access_token"]
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=120)


def test_pages_say_so_come_back_show_what_happened_and_lose_nothing(browser: Browser, tmp_path: Path) -> None:
    faults: list[str] = []
    port = str(free_port())
    context = browser.new_context(locale="en")
    with running_server("--data", str(tmp_path), "--port", port, "--legacy-token-endpoint") as server:
        address = server.address
        server.wait_until_bootstrapped()
        given = json.loads((tmp_path / "credentials.json").read_text())
        with api(address, given) as http:
            setup = http.post("/admin/v1/setup-tokens/").json()["token"]
            for number in (1, 2):
                known = {"serial": f"RESTART-{number}", "model": "TEST", "firmware": "1", "name": f"Player {number}"}
                joined = http.post("/player/v1/register", json=known, headers={"Authorization": f"Bearer {setup}"})
                assert joined.status_code in (200, 201), joined.text
        device = joined.json()["device"]["id"]
        page, detail = context.new_page(), context.new_page()
        page.goto(f"{address}/console/sign-in")
        for each in (page, detail):
            each.set_default_timeout(PATIENCE)
            watch(each, address, faults, "ERR_")
        page.fill("#login", given["login"])
        page.fill("#password", given["password"])
        page.click("main button")
        page.wait_for_url("**/console/now/")
        page.goto(f"{address}/console/players/")
        detail.goto(f"{address}/console/players/{device}/")
        for each in (page, detail):
            each.wait_for_selector("#live[data-state=live]")
        page.check(f"#p{device} [type=checkbox]")
        detail.fill("#f-note", "half a sentence")
        server.stop(signal.SIGKILL)
        for each in (page, detail):
            each.wait_for_selector("#live[data-state=broken]")
        assert "Interrupted" in page.inner_text("#live[role=status]")
    context.route("**/console/events", lambda request: request.abort())  # the page is late: it misses what happens
    with running_server("--data", str(tmp_path), "--port", port, "--legacy-token-endpoint"):
        with api(address, given) as http:
            changed = [{"op": "replace", "path": "/settings/name", "value": "Renamed meanwhile"}]
            assert http.patch(f"/2022/06/REST/Devices/{device}/", json=changed).status_code == 204
        context.unroute("**/console/events")
        page.wait_for_selector("#rows :text('Renamed meanwhile')")
        for each in (page, detail):
            each.wait_for_selector("#live:is([data-state=back], [data-state=live])")
        assert page.is_checked(f"#p{device} [type=checkbox]")
        assert page.inner_text("[data-selected]") == "1"
        assert detail.input_value("#f-note") == "half a sentence"
        context.close()
    assert faults == []
