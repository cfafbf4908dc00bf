"""The form of B-Deploy's answers, `{"error": null, "result": …}`, and how its clients spell parameters."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import msgspec

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.charsets import as_utf8, charset_of
from signfleet.web.http.errors import ErrorBody

T = TypeVar("T")

_ID: Final = re.compile(r"[0-9a-f]{24}", re.IGNORECASE | re.ASCII)
PAGE_SIZE, PAGE_LIMIT = 100, 1000
#: An offset beyond it is not a page that anybody reads.
PAGES_LIMIT: Final = 100_000
ROWS_AT_ONCE: Final = 5
#: How many records one call deletes.
IDS_LIMIT: Final = 1000


class PageWindow(NamedTuple):
    """A page by its number: `size` items after `offset`."""

    offset: int
    size: int


def new_id(now: int) -> str:
    """Returns an id of 24 hexadecimal digits that sorts by time."""
    return f"{now // 1000:08x}{secrets.token_hex(8)}"


def is_id(text: str | None) -> bool:
    return text is not None and _ID.fullmatch(text) is not None


def answer_result(result: Any, status: int = 200) -> Answer:
    """Answers with a result in the envelope."""
    return answer_json({"error": None, "result": result}, status=status)


async def encoded(rows: Sequence[T], entity: Callable[[T], Any]) -> list[msgspec.Raw]:
    """Encodes a page, a few rows at a time, so that other requests get their turn in between."""
    found = []
    for number, row in enumerate(rows, 1):
        found.append(msgspec.Raw(encode(entity(row))))
        if number % ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return found


def error_body(_call: Call, _status: int, error: ErrorBody) -> dict[str, Any]:
    """Returns an error in the envelope, with the members of other errors: clients show the text `error`."""
    return {"error": error.error, "message": error.message, "details": error.details, "result": None}


def given(call: Call, *names: str) -> str | None:
    """Returns the first of some query parameters: `query[x]` is spelt `query.x` too, and `None` means nothing."""
    for name in names:
        for spelling in (name, f"query[{name}]", f"query.{name}"):
            value = call.parameter(spelling)
            if value is not None and value != "None":
                return value
    return None


def all_given(call: Call, name: str) -> list[str]:
    """Returns the values of a query parameter that may be repeated."""
    pairs = parse_qsl(call.query, max_num_fields=IDS_LIMIT + 50)
    return [value for key, value in pairs if key.lower() == name]


def window(call: Call) -> PageWindow:
    """Returns the page that a call asks for. Raises `Invalid` for a number or size that is none."""
    number = _number(call, "page[pagenum]", 1, PAGES_LIMIT)
    size = _number(call, "page[pagesize]", PAGE_SIZE, PAGE_LIMIT)
    return PageWindow((number - 1) * size, size)


def _number(call: Call, name: str, default: int, most: int) -> int:
    text = call.parameter(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 6 and 1 <= int(text) <= most):
        raise Invalid(f"Query parameter '{name}' must be a number from 1 to {most}.")
    return int(text)


def is_descending(call: Call, *names: str) -> bool:
    """Returns whether a call asks for the reverse order: `sort[serial]=-1`."""
    return any(call.parameter(f"sort[{name}]") == "-1" for name in names)


def members(call: Call, known: Callable[[str], str | None]) -> dict[str, Any]:
    """Returns the members of a body that is a JSON object, by the names that `known` returns for folded ones.

    Clients send it as JSON, as bytes of no type, or without saying what it is. Raises `Invalid`.
    """
    body = read_object(call)
    found: dict[str, Any] = {}
    for name, value in body.items():
        own = known(fold(name))
        if own is not None and own not in found:
            found[own] = value
    return found


def read_object(call: Call) -> dict[str, Any]:
    """Returns a body that is a JSON object. Raises `Invalid`."""
    text = as_utf8(call.body or b"", charset_of(call.header(b"content-type")))
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The body must be one JSON object.") from error
