"""What of a change goes into the audit trail: the members that differ, and no secrets."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

MASK: Final = "********"

_SECRETS: Final = ("password", "passphrase", "secret", "token", "privatekey")
"""A member whose name ends with one of these, in whatever spelling, is never written down."""

_CREDENTIALS: Final = re.compile(r"(://[^/?#\s:@]*:)[^/?#\s]+(?=@)")
"""The password in `http://user:password@host`: proxies are addressed like this."""


def plain(value: Any) -> Any:
    """A document as builtin types: of a Struct, of JSON text or bytes, or as it is."""
    if isinstance(value, str | bytes):
        return msgspec.json.decode(value)
    return msgspec.to_builtins(value)


def difference(before: Any, after: Any) -> tuple[Any, Any]:
    """What differs between two documents, member by member; what is only in one of them is None in the other."""
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
    """The document with every secret in it replaced; what is empty tells nothing and stays."""
    if isinstance(value, dict):
        return {key: masked(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [masked(item, name) for item in value]
    is_secret = name.lower().replace("_", "").endswith(_SECRETS)
    if not isinstance(value, str) or not value:
        return value
    return MASK if is_secret else _CREDENTIALS.sub(rf"\1{MASK}", value)
