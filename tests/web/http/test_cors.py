"""Pages of other origins: which may call, and what browsers get to know before and after they do."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.web.http.app import served

PAGE = "https://console.example"
EXPOSED = {"ETag", "Last-Modified", "Location", "Retry-After", "X-Request-Id"}


@pytest.fixture(scope="module")
def open_to_page() -> Iterator[httpx.Client]:
    with served(cors_origins=f"{PAGE}, http://localhost:5173/") as address, httpx.Client(base_url=address) as client:
        yield client


def preflight(client: httpx.Client, path: str, origin: str, method: str = "PUT") -> httpx.Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization, if-match"}
    return client.options(path, headers={"Origin": origin, **asked})


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:5173", "HTTPS://Console.Example"])
@pytest.mark.parametrize("path", ["/2022/06/REST/Things/7/", "/nowhere"])
def test_a_preflight_needs_no_token(open_to_page: httpx.Client, origin: str, path: str) -> None:
    answer = preflight(open_to_page, path, origin)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert {"PUT", "PATCH", "DELETE"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    named = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "if-match"} <= set(named)
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [("/open/large", 200), ("/2022/06/REST/Things/7/", 401), ("/nowhere", 404), ("/open/fail/throttled", 429)],
)
def test_answers_and_failures_can_be_read_by_the_page(open_to_page: httpx.Client, path: str, status: int) -> None:
    answer = open_to_page.get(path, headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, PAGE)
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
    assert "Origin" in answer.headers["Vary"]


def test_an_answer_that_has_not_changed_can_be_read_too(open_to_page: httpx.Client) -> None:
    answer = open_to_page.get("/open/large", headers={"Origin": PAGE, "If-None-Match": '"large"'})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (304, PAGE)


@pytest.mark.parametrize("origin", ["https://other.example", "null", "https://console.example.evil.example", ""])
def test_other_origins_are_not_allowed(open_to_page: httpx.Client, origin: str) -> None:
    for answer in (
        open_to_page.get("/open/parameters", headers={"Origin": origin}),
        preflight(open_to_page, "/2022/06/REST/Things/7/", origin),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]  # or a cache would give it to the page that may


def test_without_the_setting_no_origin_is_allowed(anyone: httpx.Client) -> None:
    answer = preflight(anyone, "/open/parameters", PAGE, "GET")
    assert (answer.status_code, answer.headers["Allow"]) == (200, "GET, HEAD")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "Vary" not in answer.headers


def test_every_origin_can_be_allowed() -> None:
    with served(cors_origins="*") as address:
        answer = httpx.get(f"{address}/open/parameters", headers={"Origin": "null"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_options_that_is_not_a_preflight_gets_the_usual_answer(open_to_page: httpx.Client) -> None:
    answer = open_to_page.options("/open/parameters", headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["Allow"]) == (200, "GET, HEAD")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
