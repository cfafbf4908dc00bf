"""Whole numbers that are written with a fraction: to JSON `5.0` is the same number as `5`, and some writers know no
integers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: A longer body is searched for them outside the event loop, in steps of this many bytes between its texts: that takes
#: a microsecond for each text and number.
LONG = 8192
#: Up to here a float is exactly the number that was written.
EXACT = 2**53

_NUMBER = re.compile(rb"-?\d++(?:\.\d++)?+(?:[eE][+-]?\d{1,3}+)?+")
_REST_OF_NUMBER = re.compile(rb"[-+.\deE]*+")


def with_whole_numbers(body: bytes) -> bytes | None:
    """JSON whose whole numbers are written as such; None where there is nothing to change."""
    if b"." not in body and b"e" not in body.lower():
        return None
    # Not one expression for texts and numbers: it would not let other threads run while it reads a long text.
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
    """A part cut behind each 8 KB, but never within a number."""
    start = 0
    while start < len(part):
        rest = _REST_OF_NUMBER.match(part, start + LONG)
        end = rest.end() if rest else len(part)
        yield part[start:end]
        start = end


def _escapes_what_follows(part: bytes) -> bool:
    """Whether the quote behind a part of a text belongs to the text: behind an odd number of backslashes."""
    return part.endswith(b"\\") and (len(part) - len(part.rstrip(b"\\"))) % 2 == 1


def _whole(match: re.Match[bytes]) -> bytes:
    token = match[0]
    if token.lstrip(b"-").isdigit():
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
