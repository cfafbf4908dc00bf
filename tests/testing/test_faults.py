"""Requests meet the faults that a test requests."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest

from signfleet.testing import TestingServer

COUNT = "/Devices/Count/"
TOKEN = "/realms/bsncloud/protocol/openid-connect/token"


@pytest.mark.parametrize(("kind", "status"), [("TooManyRequests", 429), ("Unavailable", 503)])
def test_as_many_requests_fail_as_requested(server: TestingServer, admin: httpx.Client, kind: str, status: int) -> None:
    server.fault(kind, COUNT, times=2, seconds=7)
    answers = [admin.get(COUNT) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].json().keys() == {"error", "message", "details"}


def test_faults_come_before_authentication(server: TestingServer) -> None:
    server.fault("Unavailable", COUNT)
    assert [httpx.get(server.api_url + COUNT).status_code for _ in range(2)] == [503, 401]


def test_a_token_endpoint_refuses_in_its_own_form(server: TestingServer) -> None:
    server.fault("Unavailable", TOKEN)
    answer = httpx.post(server.base_url + TOKEN, data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


def test_an_answer_is_lost_after_the_work_is_done(server: TestingServer, admin: httpx.Client) -> None:
    server.fault("LostAnswer", "/Groups/Regular/", method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        admin.post("/Groups/Regular/", json={"name": "Gamma"})
    assert admin.get("/Groups/Regular/Gamma/").status_code == 200


def test_an_answer_to_a_refusal_is_lost_too(server: TestingServer, admin: httpx.Client) -> None:
    server.fault("LostAnswer", "/Devices/{device}/")
    with pytest.raises(httpx.RemoteProtocolError):
        admin.get("/Devices/Nobody/")
    assert admin.get("/Devices/Nobody/").status_code == 404


def test_an_answer_is_slow(server: TestingServer, admin: httpx.Client) -> None:
    server.fault("Slow", COUNT, seconds=1)
    before = time.monotonic()
    assert admin.get(COUNT).status_code == 200
    assert time.monotonic() - before >= 1


def test_deleting_faults_ends_a_delay(server: TestingServer, admin: httpx.Client) -> None:
    server.fault("Slow", COUNT, seconds=600)
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(admin.get(COUNT)))
    thread.start()
    while httpx.get(f"{server.base_url}/testing/v1/faults").json()["items"]:
        time.sleep(0.01)
    server.clear_faults()
    thread.join()
    assert [answer.status_code for answer in answers] == [200]


def test_only_the_named_route_and_method_fail(server: TestingServer, admin: httpx.Client) -> None:
    serial = server.installation()["devices"][0]["serial"]
    server.fault("Unavailable", "/2022/06/rest/devices/{device}", method="DELETE")
    assert admin.get(f"/Devices/{serial}/").status_code == 200
    assert admin.get(COUNT).status_code == 200
    assert admin.delete(f"/Devices/{serial}/").status_code == 503
    assert admin.delete(f"/Devices/{serial}/").status_code == 204


def test_faults_spare_the_routes_of_tests_and_health(server: TestingServer, admin: httpx.Client) -> None:
    server.fault("Unavailable", "*", times=100)
    assert [admin.get(path).status_code for path in (COUNT, "/Roles/", "/Self/")] == [503] * 3
    for path in ("/health/live", "/health/ready", "/metrics", "/testing/v1/", "/testing/v1/faults"):
        assert httpx.get(server.base_url + path).status_code == 200
    assert len(server.seed(devices=1)["devices"]) == 3
    server.clear_faults()
    assert admin.get(COUNT).json() == 3


def test_the_list_shows_how_many_failures_remain(server: TestingServer, admin: httpx.Client) -> None:
    server.fault("Unavailable", COUNT, times=3)
    admin.get(COUNT)
    (fault,) = httpx.get(f"{server.base_url}/testing/v1/faults").json()["items"]
    assert (fault["kind"], fault["route"], fault["times"]) == ("Unavailable", COUNT, 2)


def test_a_route_that_does_not_exist_is_refused_with_the_nearest(server: TestingServer) -> None:
    with pytest.raises(ValueError, match=r"there is no route '/Device/Count/'; did you mean .*'/Devices/Count/'"):
        server.fault("Unavailable", "/Device/Count/")
    for route in ("/testing/v1/reset", "/health/live", ""):
        with pytest.raises(ValueError, match="there is no route"):
            server.fault("Unavailable", route)


@pytest.mark.parametrize(
    "wrong", [{"kind": "Meteor"}, {"times": 0}, {"seconds": -1}, {"seconds": 601}, {"method": "BREW"}, {"more": 1}]
)
def test_an_invalid_fault_is_refused(running: TestingServer, wrong: dict[str, Any]) -> None:
    body = {"kind": "Slow", "route": COUNT, **wrong}
    assert httpx.post(f"{running.base_url}/testing/v1/faults", json=body).status_code == 400
