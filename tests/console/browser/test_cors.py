"""Scripts of pages from other origins call the API in a real browser, which enforces CORS itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import pytest

from signfleet.testing import TestingServer
from signfleet.web.http.cors import EXPOSED
from tests.console.browser import conftest
from tests.console.browser.conftest import PATIENCE, Player

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Calls the API as a script does, and returns what the browser lets the script see.
FETCH = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        const text = await answer.text();
        return {status: answer.status, headers: Object.fromEntries(answer.headers), text};
    } catch (error) {
        return {failure: error.name};
    }
}"""


class Scene(NamedTuple):
    """A server, a page that it lists in `cors_origins`, and one that it does not list."""

    server: TestingServer
    listed: Page
    unlisted: Page

    def fetch(self, path: str, *, by: Page | None = None, token: str | None = None, **options: Any) -> dict[str, Any]:
        """Calls a path of the API from the listed page, or from the page `by`."""
        headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        url = self.server.api_url + path
        seen: dict[str, Any] = (by or self.listed).evaluate(FETCH, [url, {"headers": headers, **options}])
        return seen


@pytest.fixture(scope="module")
def scene(blank: int, browser: Browser, server: TestingServer) -> Iterator[Scene]:
    # The same port under another name is another origin.
    listed, unlisted = f"http://127.0.0.1:{blank}", f"http://localhost:{blank}"
    context = browser.new_context()
    opened = [context.new_page() for _ in range(2)]
    for page, address in zip(opened, (listed, unlisted), strict=True):
        page.set_default_timeout(PATIENCE)
        page.goto(address)
    yield Scene(server, *opened)
    context.close()


@pytest.fixture(scope="module")
def token(scene: Scene) -> str:
    return scene.server.token()


@pytest.fixture(scope="module")
def device(scene: Scene) -> str:
    return f"/Devices/{conftest.device(scene.server, Player.CORS)['serial']}/"


def test_a_script_reads_a_device_and_its_validators(scene: Scene, token: str, device: str) -> None:
    seen = scene.fetch(device, token=token)
    assert (seen["status"], seen["headers"]["content-type"]) == (200, "application/json; charset=utf-8")
    assert '"serial"' in seen["text"]
    assert {"etag", "last-modified", "x-request-id"} <= seen["headers"].keys()


def test_a_script_changes_only_what_it_has_read(scene: Scene, token: str, device: str) -> None:
    """The preflight allows PATCH, a JSON body and If-Match."""
    etag = scene.fetch(device, token=token)["headers"]["etag"]
    patch: dict[str, Any] = {
        "method": "PATCH",
        "headers": {"Content-Type": "application/json", "If-Match": etag},
        "body": '[{"op": "replace", "path": "/settings/description", "value": "Foyer"}]',
    }
    statuses = [scene.fetch(device, token=token, **patch)["status"] for _ in range(2)]
    assert statuses == [204, 412]


def test_a_script_reads_the_location_of_a_new_group(scene: Scene, token: str) -> None:
    body = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": '{"name": "Foyer"}'}
    seen = scene.fetch("/Groups/Regular/", token=token, **body)
    assert seen["status"] == 201
    assert "/Groups/Regular/" in seen["headers"]["location"]


def test_a_script_reads_when_to_retry(scene: Scene, token: str) -> None:
    scene.server.fault("TooManyRequests", "/Devices/Count/", method="GET", seconds=7)
    seen = scene.fetch("/Devices/Count/", token=token)
    assert (seen["status"], seen["headers"]["retry-after"]) == (429, "7")


@pytest.mark.parametrize(("path", "sent", "status"), [("/Self/", None, 401), ("/Devices/Nobody/", "token", 404)])
def test_a_script_reads_why_a_request_failed(
    scene: Scene, token: str, path: str, sent: str | None, status: int
) -> None:
    seen = scene.fetch(path, token=token if sent else "mistyped")
    assert seen["status"] == status
    assert '"message"' in seen["text"]
    assert "x-request-id" in seen["headers"]


def test_a_script_sees_no_other_headers(scene: Scene, token: str, device: str) -> None:
    """Beside what every script may read (the Fetch standard's safelist)."""
    safe = {"cache-control", "content-language", "content-length", "content-type", "expires", "pragma"}
    seen = scene.fetch(device, token=token)
    assert seen["headers"].keys() <= safe | set(EXPOSED.lower().split(", "))


def test_a_page_that_is_not_listed_reads_nothing(scene: Scene, token: str, device: str) -> None:
    assert scene.fetch(device, by=scene.unlisted, token=token) == {"failure": "TypeError"}
    # No header needs a preflight here: the server answers, and the browser hides the answer from the script.
    assert scene.fetch("/Self/", by=scene.unlisted) == {"failure": "TypeError"}


def test_a_page_that_is_not_listed_changes_nothing(scene: Scene, token: str, device: str) -> None:
    before = scene.fetch(device, token=token)["headers"]["etag"]
    assert scene.fetch(device, by=scene.unlisted, token=token, method="DELETE") == {"failure": "TypeError"}
    assert scene.fetch(device, token=token)["headers"]["etag"] == before


def test_a_page_opened_from_a_file_controls_a_player(browser: Browser, tmp_path: Path) -> None:
    """Its origin is `null`: token, preflighted change and failure are readable where `cors_origins` is `*`."""
    (tmp_path / "page.html").write_text("<!doctype html><title>Remote</title>")
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto((tmp_path / "page.html").as_uri())
    with TestingServer(tmp_path / "data", cors_origins="*") as server:
        server.reset(devices=1)
        serial = server.installation()["devices"][0]["serial"]
        form = {
            "grant_type": "password",
            "username": f"{server.network}/{server.login}",
            "password": server.password,
            "client_id": server.client_id,
            "client_secret": server.client_secret,
        }
        encoded = {"Content-Type": "application/x-www-form-urlencoded"}
        signed_in = {"method": "POST", "headers": encoded, "body": urlencode(form)}
        issued = page.evaluate(FETCH, [f"{server.base_url}/2019/03/REST/token", signed_in])
        token = {"Authorization": f"Bearer {json.loads(issued['text'])['access_token']}"}
        query = f"?destinationType=player&destinationName={serial}"
        info = page.evaluate(FETCH, [f"{server.base_url}/rest/v1/info/{query}", {"headers": token}])
        assert (info["status"], serial in info["text"]) == (200, True)
        change = {"method": "PUT", "headers": token | {"Content-Type": "application/json"}, "body": "{}"}
        sent = page.evaluate(FETCH, [f"{server.base_url}/rest/v1/custom/{query}", change])
        assert (sent["status"], "not connected" in sent["text"]) == (404, True)
    page.close()
