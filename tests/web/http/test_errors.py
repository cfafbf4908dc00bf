"""What a failure looks like from outside."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize(
    ("name", "status", "error", "message", "details"),
    [
        ("conflict", 409, "conflict", "It is there already.", "id 7"),
        ("not-found", 404, "not_found", "There is no such thing.", ""),
        ("throttled", 429, "too_many_requests", "Too many attempts.", ""),
        ("unexpected", 500, "server_error", "The server failed unexpectedly; its log says why.", ""),
        ("stopped", 503, "unavailable", "The server is stopping; try again shortly.", ""),
        ("storage", 503, "unavailable", "The store cannot be reached at the moment; try again shortly.", ""),
    ],
)
def test_a_failure_is_a_status_and_the_error_entity(
    anyone: httpx.Client, name: str, status: int, error: str, message: str, details: str
) -> None:
    answer = anyone.get(f"/open/fail/{name}")
    assert answer.status_code == status
    assert answer.json() == {"error": error, "message": message, "details": details}


def test_a_temporary_failure_has_retry_after(anyone: httpx.Client) -> None:
    assert anyone.get("/open/fail/throttled").headers["Retry-After"] == "30"
    assert anyone.get("/open/fail/storage").headers["Retry-After"] == "2"
    assert anyone.get("/open/fail/stopped").headers["Retry-After"] == "2"


def test_an_unexpected_failure_does_not_reveal_its_cause(anyone: httpx.Client) -> None:
    assert "hunter2" not in anyone.get("/open/fail/unexpected").text


def test_token_endpoints_fail_with_errors_of_oauth(anyone: httpx.Client) -> None:
    answer = anyone.get("/open/fail/oauth")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/json; charset=utf-8")
    assert answer.json() == {"error": "invalid_client", "error_description": "Who?"}
    assert answer.headers["WWW-Authenticate"] == "Basic"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_oauth_error_may_lack_a_description(anyone: httpx.Client) -> None:
    assert anyone.get("/open/fail/oauth-bare").json() == {"error": "invalid_grant"}
