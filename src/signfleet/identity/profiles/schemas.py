"""A profile in JSON: an object of texts by key. One property is a pair, or its text alone."""

from __future__ import annotations

import msgspec

ProfileDocument = dict[str, str]


class Pair(msgspec.Struct):
    """A property of a profile."""

    key: str
    value: str
