"""A profile on the wire: an object of texts by key; one of them as a pair, or alone as a JSON string."""

from __future__ import annotations

import msgspec

ProfileDocument = dict[str, str]


class Pair(msgspec.Struct):
    """A property of a profile."""

    key: str
    value: str
