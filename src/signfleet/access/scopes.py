"""Scopes: dotted, hierarchical, compared without case. `bsn.api.main` grants everything below it."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def covers_any(granted: str, required: tuple[str, ...]) -> bool:
    """Whether the space-separated scopes of `granted` reach one of those required."""
    return any(covers(granted, scope) for scope in required)


def covers(granted: str, required: str) -> bool:
    """Whether the space-separated scopes of `granted` reach `required`."""
    required = required.lower() + "."
    return any(required.startswith(scope + ".") for scope in granted.lower().split())
