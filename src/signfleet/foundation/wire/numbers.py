"""Whole numbers written with a fraction: in JSON `5.0` is the same number as `5`, and some writers have no integers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: A longer body is searched in a thread, in steps of this many bytes between its texts; each text and number takes a
#: microsecond.
LONG = 8192
#: Up to this number a float represents every whole number exactly.
EXACT = 2**53

_NUMBER = re.compile(rb"-?\d++(?:\.\d++)?+(?:[eE][+-]?\d{1,3}+)?+")
_REST_OF_NUMBER = re.compile(rb"[-+.\deE]*+")


def with_whole_numbers(body: bytes) -> bytes | None:
    """Returns JSON whose whole numbers have no fraction; None if nothing changes."""
    if b"." not in body and b"e" not in body.lower():
        return None
    # Not one expression for texts and numbers: no other thread could run while it reads a long text.
    parts = body.split(b'"')
    in_text = False
    for place, part in enumerate(parts):
        if not in_text:
            if b"." in part or b"e" in part or b"E" in part:
                parts[place] = b"".join(_NUMBER.sub(_whole, step) for step in _steps(part))
            in_text = True
        else:
            in_text = _escapes_what_follows(part)
    changed = b'"'.join(parts)
    return None if changed == body else changed


def _steps(part: bytes) -> Iterator[bytes]:
    """Splits a part after each 8 KB, but never inside a number."""
    start = 0
    while start < len(part):
        rest = _REST_OF_NUMBER.match(part, start + LONG)
        end = rest.end() if rest else len(part)
        yield part[start:end]
        start = end


def _escapes_what_follows(part: bytes) -> bool:
    """Checks whether the quote after a part belongs to the text: it does after an odd number of backslashes."""
    return part.endswith(b"\\") and (len(part) - len(part.rstrip(b"\\"))) % 2 == 1


def _whole(match: re.Match[bytes]) -> bytes:
    token = match[0]
    if token.lstrip(b"-").isdigit():
        return token
    number = float(token)
    return b"%d" % number if number.is_integer() and abs(number) <= EXACT else token


def whole_numbers(value: Any) -> Any:
    """Does what `with_whole_numbers` does with decoded JSON."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= EXACT else value
    if isinstance(value, dict):
        return {name: whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole_numbers(inner) for inner in value]
    return value
