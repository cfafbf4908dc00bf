"""The log: one JSON object per line on standard error, or readable lines on a terminal, with secrets masked.

Messages that libraries log through the standard library go the same way. Lines that cannot be written are dropped and
counted: a full disk, or a pipe that nobody reads, neither fails nor delays a response.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import msgspec
import structlog

from signfleet.foundation import clock
from signfleet.foundation.output import Output
from signfleet.foundation.wire import datetime

HIDDEN = "***"

#: Seconds that frequent lines wait for one another: written one by one they cost a request a tenth of its time.
FLUSHED_AFTER = 0.01

_SECRET_NAME = re.compile("token|password|secret|authorization|cookie", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic)\s+)[^\s,;'\"]+|(?P<user>://[^/\s:@]*:)[^/\s@]+(?=@)", re.IGNORECASE
)

_encode = msgspec.json.Encoder(enc_hook=repr).encode

#: Where frequent events go, unless the log is for a terminal or omits them.
_buffer: Output | None = None


def configure(level: str = "info") -> None:
    """Sends everything from `level` on to standard error. May be called again."""
    global _buffer  # noqa: PLW0603 - there is one log
    number = logging.getLevelNamesMapping()[level.upper()]
    on_terminal = sys.stderr.isatty()
    output: Any = Output(sys.stderr)
    if _buffer is not None:
        _buffer.flush()
    _buffer = None if on_terminal or number > logging.INFO else output
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        redact,
    ]
    render: list[Any] = (
        [structlog.dev.ConsoleRenderer()]
        if on_terminal
        else [structlog.processors.format_exc_info, redact_exception, as_json]
    )
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(output) if on_terminal else structlog.BytesLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    _configure_standard_library(number, output, shared, [*render[:-1], as_text if not on_terminal else render[-1]])


def log_frequent(event: str, values: dict[str, Any]) -> bool:
    """Logs an event of the event loop at "info", whose `values` hold no secrets; returns whether it did.

    Its line waits `FLUSHED_AFTER` for more, or until another line follows: many lines make one write, and structlog
    would take several times as long. False if the log is not JSON at "info": structlog does it then.
    """
    if _buffer is None:
        return False
    seconds, microseconds = divmod(clock.system_microseconds(), 1_000_000)
    moment = f"{datetime.format_seconds(seconds)}.{microseconds:06d}Z"
    line: bytes = _encode({"time": moment, "level": "info", **values, "event": event})
    if _buffer.add(line + b"\n"):
        asyncio.get_running_loop().call_later(FLUSHED_AFTER, _buffer.flush)
    return True


def _configure_standard_library(level: int, output: Any, shared: list[Any], render: list[Any]) -> None:
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Their messages at "info" are useful only to their developers.
    for chatty in ("alembic", "asyncio", "httpx", "httpcore", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks values with the name of a secret, and credentials inside texts. A structlog processor, as those below."""
    for name, value in event.items():
        if value is None or value is True or value is False:
            continue
        if _is_secret(name):
            event[name] = HIDDEN
        elif type(value) is str:
            if " " in value or "://" in value:
                event[name] = without_credentials(value)
        elif type(value) is not int and type(value) is not float:
            event[name] = _redacted(name, value)
    return event


def redact_exception(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks credentials in the text of an exception, which is formatted after `redact`."""
    if "exception" in event:
        event["exception"] = without_credentials(event["exception"])
    return event


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _redacted(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, dict):
        return {key: _redacted(str(key), inner) for key, inner in value.items()}
    return value


def without_credentials(text: str) -> str:
    """Returns `text` with masks for what follows `Bearer` or `Basic`, and for passwords in addresses."""
    if " " not in text and "://" not in text:
        return text  # most texts; both look-ups take less time than the pattern
    return _SECRET_TEXT.sub(lambda match: (match["scheme"] or match["user"]) + HIDDEN, text)


def as_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> bytes:
    """Returns the event as a line of JSON, time and level first."""
    return _encode({"time": event.pop("time"), "level": event.pop("level"), **event})


def as_text(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Does what `as_json` does for the standard library, which writes text."""
    return as_json(logger, method, event).decode()
