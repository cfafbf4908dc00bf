"""The id of a request, and the line of log it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import LogCapture

from signfleet.web.http import request_log
from signfleet.web.http.request_log import redacted

THING = "/2022/06/REST/Things/1/"


@pytest.fixture
def lines(restored_logs: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    capture = LogCapture()
    structlog.configure(processors=[capture])
    monkeypatch.setattr(request_log, "log", structlog.get_logger())
    yield capture.entries


def test_every_answer_has_a_unique_id(anyone: httpx.Client) -> None:
    ids = [anyone.get(path).headers["X-Request-Id"] for path in ("/open/parameters", THING, "/nowhere")]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("sent", ["abc-123", "a.b_c", "x" * 64])
def test_a_valid_request_id_is_reused(anyone: httpx.Client, sent: str) -> None:
    assert anyone.get("/nowhere", headers={"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "<script>", "a\tb", "ü"])
def test_an_unsafe_request_id_is_replaced(anyone: httpx.Client, sent: str) -> None:
    answer = anyone.get("/nowhere", headers=[("X-Request-Id", sent.encode())])
    assert answer.headers["X-Request-Id"] != sent


def test_a_line_names_the_caller_the_request_and_its_outcome(client: httpx.Client, lines: list[Any]) -> None:
    answer = client.get(THING)
    [line] = lines
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": THING,
        "status": 200,
        "bytes": len(answer.content),
        "id": answer.headers["X-Request-Id"],
        "address": "127.0.0.1",
        "session": 1,
        "network": 1,
    }


def test_a_line_contains_no_token_and_no_query(client: httpx.Client, lines: list[Any]) -> None:
    client.get("/2022/06/REST/Things/1/Tokens/hunter2/?password=hunter2")
    client.get("/nowhere?hunter2", headers={"Authorization": "Bearer hunter2"})
    assert len(lines) == 2
    assert "hunter2" not in str(lines)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/2022/06/REST/Devices/1/Tokens/abc/", "/2022/06/REST/Devices/1/Tokens/***/"),
        ("/2022/06/rest/self/tokens/abc", "/2022/06/rest/self/tokens/***"),
        ("/REST/Device/1/Token/abc", "/REST/Device/1/Token/***"),
        ("/Provisioning/Setups/Tokens/", "/Provisioning/Setups/Tokens/"),
        (f"/wrong/{'x' * 43}/address", "/wrong/***/address"),
        ("/2022/06/REST/Devices/D7D834000029/", "/2022/06/REST/Devices/D7D834000029/"),
        ("/wrong/Bearer abc", "/wrong/Bearer ***"),
    ],
)
def test_possible_tokens_are_masked(path: str, shown: str) -> None:
    assert redacted(path) == shown
