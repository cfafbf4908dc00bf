"""Whole numbers that are written with a fraction: to JSON `5.0` is the same number as `5`, and some writers know no
integers.
"""

from __future__ import annotations

import re
from typing import Any

#: A longer body is searched for them outside the event loop: that takes a microsecond for each text and number.
LONG = 8192
#: Up to here a float is exactly the number that was written.
EXACT = 2**53

_TEXT_OR_FLOAT = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?\d++(?:\.\d++)?+(?:[eE][+-]?\d{1,3}+)?+')


def with_whole_numbers(body: bytes) -> bytes | None:
    """JSON whose whole numbers are written as such; None where there is nothing to change."""
    if b"." not in body and b"e" not in body.lower():
        return None
    changed = _TEXT_OR_FLOAT.sub(_whole, body)
    return None if changed == body else changed


def _whole(match: re.Match[bytes]) -> bytes:
    token = match[0]
    if token.startswith(b'"') or token.lstrip(b"-").isdigit():
        return token
    number = float(token)
    return b"%d" % number if number.is_integer() and abs(number) <= EXACT else token


def whole_numbers(value: Any) -> Any:
    """`with_whole_numbers` of what was decoded already."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= EXACT else value
    if isinstance(value, dict):
        return {name: whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole_numbers(inner) for inner in value]
    return value
