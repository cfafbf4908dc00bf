"""Reduces the documents of a change for the audit trail: only members that differ, secrets masked."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import msgspec

MASK: Final = "********"

_SECRETS: Final = ("password", "passphrase", "secret", "token", "privatekey")
"""The value of a member whose name ends with one of these, in any spelling, is never stored."""

_CREDENTIALS: Final = re.compile(r"(://[^/?#\s:@]*:)[^/?#\s]+(?=@)")
"""The password in `http://user:password@host`, as in addresses of proxies."""


def plain(value: Any) -> Any:
    """Returns a Struct, or JSON as text or bytes, as builtin types."""
    if isinstance(value, str | bytes):
        return msgspec.json.decode(value)
    return msgspec.to_builtins(value)


def difference(before: Any, after: Any) -> tuple[Any, Any]:
    """Returns the parts of two documents that differ, member by member; a member that one lacks is None there."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return before, after
    was: dict[str, Any] = {}
    becomes: dict[str, Any] = {}
    for name in before | after:
        old, new = before.get(name), after.get(name)
        if old != new:
            was[name], becomes[name] = difference(old, new)
    return was, becomes


def masked(value: Any, name: str = "") -> Any:
    """Returns the document with every secret masked. Empty values stay, since they reveal nothing."""
    if isinstance(value, dict):
        return {key: masked(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [masked(item, name) for item in value]
    if not isinstance(value, str) or not value:
        return value
    if _is_secret(name):
        return MASK
    return _CREDENTIALS.sub(rf"\1{MASK}", value) if "://" in value else value


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    return name.lower().replace("_", "").endswith(_SECRETS)
