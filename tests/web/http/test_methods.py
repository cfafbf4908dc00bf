"""Methods: HEAD, OPTIONS, and those that are not allowed."""

from __future__ import annotations

import httpx
import pytest

THING = "/2022/06/REST/Things/1/"


def allowed(answer: httpx.Response) -> set[str]:
    return {method.strip() for method in answer.headers["Allow"].split(",")}


def told(answer: httpx.Response) -> dict[str, str]:
    """The headers that say something about the thing, not about this very answer."""
    return {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}


def test_head_answers_what_get_does_without_the_body(client: httpx.Client) -> None:
    got, headed = client.get(THING), client.head(THING)
    assert (headed.status_code, headed.content) == (200, b"")
    assert told(headed) == told(got)


def test_head_of_a_failure_has_no_body(client: httpx.Client) -> None:
    answer = client.head("/nowhere")
    assert (answer.status_code, answer.content) == (404, b"")


def test_options_lists_the_allowed_methods_without_a_token(anyone: httpx.Client) -> None:
    answer = anyone.options(THING)
    assert (answer.status_code, answer.content) == (200, b"")
    assert allowed(answer) == {"GET", "HEAD", "PUT", "PATCH"}


@pytest.mark.parametrize("method", ["POST", "DELETE", "TRACE", "LOCK", "PROPFIND", "REPORT", "PURGE", "SEARCH"])
def test_another_method_is_405_and_lists_the_allowed_ones(client: httpx.Client, method: str) -> None:
    answer = client.request(method, THING)
    assert answer.status_code == 405
    assert allowed(answer) == {"GET", "HEAD", "PUT", "PATCH", "OPTIONS"}
    assert answer.json()["error"] == "method_not_allowed"
    assert method in answer.json()["message"]


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "PURGE"])
def test_any_method_of_an_unknown_path_is_404(client: httpx.Client, method: str) -> None:
    assert client.request(method, "/nowhere").status_code == 404
