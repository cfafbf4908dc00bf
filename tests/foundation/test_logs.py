"""What is logged, and what is not."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from signfleet.foundation import logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, restored_logs: None) -> Lines:
    """Configures the log and reads what was written since."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(written, write_through=True))
    logs.configure("info")
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_an_event_is_a_line_of_json(lines: Lines) -> None:
    structlog.get_logger("anything").info("listening", port=8080, name="Übersicht")
    [event] = lines()
    assert event.pop("time").endswith("Z")
    assert event == {"level": "info", "event": "listening", "port": 8080, "name": "Übersicht"}


def test_events_below_the_level_are_dropped(lines: Lines) -> None:
    structlog.get_logger("anything").debug("detail")
    logging.getLogger("signfleet.anything").debug("detail")
    assert lines() == []


def test_the_standard_library_logs_the_same_way(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("dropped %s of %d", "one", 2)
    [event] = lines()
    assert (event["event"], event["level"], event["logger"]) == ("dropped one of 2", "warning", "uvicorn.error")


def test_a_failure_carries_its_traceback(lines: Lines) -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        logging.getLogger("signfleet").error("failed", exc_info=error)
        structlog.get_logger("signfleet").error("failed", exc_info=error)
    for event in lines():
        assert event["exception"].startswith("Traceback")
        assert event["exception"].endswith("ValueError: broken")


@pytest.mark.parametrize(
    "name", ["token", "refresh_token", "password", "newPassword", "client_secret", "Authorization"]
)
def test_values_with_a_secret_name_are_masked(lines: Lines, name: str) -> None:
    structlog.get_logger("anything").info("event", **{name: "hunter2", "inner": {name: "hunter2"}})
    [event] = lines()
    assert event[name] == "***"
    assert event["inner"] == {name: "***"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-ghi failed", "Authorization: Bearer *** failed"),
        ("authorization: basic YTpi, then", "authorization: basic ***, then"),
        ("cannot reach postgresql://signfleet:hunter2@db/x", "cannot reach postgresql://signfleet:***@db/x"),
        ("http://127.0.0.1:8080/path", "http://127.0.0.1:8080/path"),
    ],
)
def test_credentials_inside_a_text_are_masked(lines: Lines, text: str, shown: str) -> None:
    structlog.get_logger("anything").info(text)
    logging.getLogger("anything").warning(text)
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        structlog.get_logger("anything").error("failed", exc_info=error)
    first, second, third = lines()
    assert first["event"] == second["event"] == shown
    assert third["exception"].endswith(f"RuntimeError: {shown}")


def test_any_value_can_be_logged(lines: Lines) -> None:
    structlog.get_logger("anything").info("event", thing=object, data=b"\x00")
    [event] = lines()
    assert event["thing"] == "<class 'object'>"


def test_a_terminal_gets_readable_lines(monkeypatch: pytest.MonkeyPatch, restored_logs: None) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", terminal)
    logs.configure("info")
    structlog.get_logger("anything").info("listening", token="hunter2")
    logging.getLogger("anything").warning("careful")
    assert "listening" in terminal.getvalue()
    assert "careful" in terminal.getvalue()
    assert "hunter2" not in terminal.getvalue()


def test_frequent_events_are_written_together_a_moment_later(lines: Lines) -> None:
    async def log() -> tuple[int, int]:
        for number in range(3):
            assert logs.log_frequent("request", {"id": number, "path": "/ü"})
            await asyncio.sleep(0)
        before = len(lines())
        await asyncio.sleep(2 * logs.FLUSHED_AFTER)  # the loop runs the earlier timer first, however late
        return before, len(lines())

    assert asyncio.run(log()) == (0, 3)
    event = lines()[0]
    structlog.get_logger("anything").info("other")
    assert list(event) == ["time", "level", "id", "path", "event"]
    assert len(event.pop("time")) == len(lines()[-1]["time"])
    assert event == {"level": "info", "id": 0, "path": "/ü", "event": "request"}


def test_frequent_events_come_before_later_ones(lines: Lines) -> None:
    async def log() -> None:
        logs.log_frequent("request", {})
        structlog.get_logger("anything").warning("later")

    asyncio.run(log())
    assert [event["event"] for event in lines()] == ["request", "later"]


def test_structlog_logs_frequent_events_if_they_are_not_lines_of_json(lines: Lines) -> None:
    logs.configure("warning")
    assert not logs.log_frequent("request", {})
