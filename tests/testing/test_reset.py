"""A reset deletes everything and seeds the same installation again."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from signfleet.testing import TestingServer
from tests.testing.conftest import as_admin

TOKEN = "/realms/bsncloud/protocol/openid-connect/token"


def sign_in(server: TestingServer) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": server.client_id, "client_secret": server.client_secret}
    return httpx.post(server.base_url + TOKEN, data=form)


def fail_to_sign_in(server: TestingServer) -> int:
    form = {"grant_type": "password", "client_id": "x", "username": f"{server.network}/{server.login}", "password": "x"}
    return httpx.post(f"{server.api_url}/Token", data=form, timeout=60).status_code


def test_the_same_seed_gives_the_same_installation(server: TestingServer, admin: httpx.Client) -> None:
    before = server.installation()
    assert [device["id"] for device in before["devices"]] == [1, 2]
    group = admin.post("/Groups/Regular/", json={"name": "Gamma"}).json()
    assert admin.delete(f"/Devices/{before['devices'][0]['serial']}/").status_code == 204
    assert server.reset(devices=2) == before
    with as_admin(server) as again:
        assert again.get("/Devices/Count/").json() == 2
        assert again.get("/Groups/Regular/Gamma/").status_code == 404
        assert again.post("/Groups/Regular/", json={"name": "Gamma"}).json()["id"] == group["id"]


def test_another_seed_gives_other_players(server: TestingServer) -> None:
    serials = {device["serial"] for device in server.installation()["devices"]}
    others = {device["serial"] for device in server.reset(devices=2, seed=5)["devices"]}
    assert len(others) == 2 and not serials & others


def test_credentials_stay_and_tokens_are_revoked(server: TestingServer) -> None:
    token = sign_in(server).json()["access_token"]
    call: dict[str, Any] = {"headers": {"Authorization": f"Bearer {token}"}}
    assert httpx.get(f"{server.api_url}/Self/Networks/", **call).status_code == 200
    server.reset(devices=0)
    assert httpx.get(f"{server.api_url}/Self/Networks/", **call).status_code == 401
    assert sign_in(server).status_code == 200


def test_every_account_can_sign_in(server: TestingServer) -> None:
    accounts = server.installation()["accounts"]
    assert len({account["role"] for account in accounts}) == 6
    for account in accounts:
        headers = {"Authorization": f"Bearer {server.token(account['login'])}"}
        session = httpx.get(f"{server.api_url}/Self/Session/", headers=headers).json()
        assert session["network"]["name"] == account["network"]


def test_the_other_networks_administrator_sees_no_device(server: TestingServer) -> None:
    headers = {"Authorization": f"Bearer {server.token('other@example.com')}"}
    assert httpx.get(f"{server.api_url}/Devices/Count/", headers=headers).json() == 0


def test_a_reset_clears_throttles(server: TestingServer) -> None:
    statuses = {fail_to_sign_in(server) for _ in range(11)}
    assert 429 in statuses
    server.reset(devices=0)
    assert fail_to_sign_in(server) != 429


def test_a_reset_deletes_pictures_and_mails(running: TestingServer) -> None:
    running.reset(devices=1, pictures=True)
    running.advance(16 * 60)
    person = {"login": "somebody@example.com", "password": running.password}
    assert httpx.post(f"{running.api_url}/Self/", json=person, timeout=60).status_code == 200
    running.advance(60)
    pictures = running.data / "blobs" / "screenshots"
    assert [path for path in pictures.rglob("*") if path.is_file()]
    assert list((running.data / "outbox").iterdir())
    running.reset(devices=0)
    assert not [path for path in pictures.rglob("*") if path.is_file()]
    assert not list((running.data / "outbox").iterdir())


def test_a_reset_removes_faults_and_resets_the_clock(server: TestingServer) -> None:
    server.fault("Unavailable", "*", times=100)
    server.advance(3600)
    server.reset(devices=0)
    assert httpx.get(f"{server.base_url}/testing/v1/clock").json()["aheadSeconds"] == 0
    assert httpx.get(f"{server.base_url}/testing/v1/faults").json() == {"items": []}
    assert sign_in(server).status_code == 200


def test_requests_during_a_reset_wait(server: TestingServer) -> None:
    statuses: set[int] = set()
    is_over = threading.Event()

    def call() -> None:
        while not is_over.is_set():
            statuses.add(sign_in(server).status_code)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        for _ in range(3):
            server.reset(devices=1)
    finally:
        is_over.set()
        thread.join()
    assert statuses == {200}


def test_a_seed_adds_the_next_players(server: TestingServer) -> None:
    first = server.installation()["devices"]
    assert server.seed(devices=1)["devices"] == [*first, *server.installation()["devices"][2:]]
    assert len(server.seed(devices=1, seed=5)["devices"]) == 4
    serials = [device["serial"] for device in server.installation()["devices"]]
    assert len(set(serials)) == 4
    assert server.reset(devices=3)["devices"][:3][2]["serial"] == serials[2]


@pytest.mark.parametrize(
    "body", [{"devices": -1}, {"devices": 501}, {"devices": "many"}, {"seed": -1}, {"players": 3}, [], "x"]
)
@pytest.mark.parametrize("path", ["/reset", "/seed"])
def test_an_invalid_seed_changes_nothing(running: TestingServer, path: str, body: Any) -> None:
    before = running.installation()
    assert httpx.post(f"{running.base_url}/testing/v1{path}", json=body).status_code == 400
    assert running.installation() == before
