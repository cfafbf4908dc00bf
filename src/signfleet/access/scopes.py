"""Scopes: dotted, hierarchical, compared without case. `bsn.api.main` grants everything below it."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def covers(granted: str, required: str) -> bool:
    """Whether the space-separated scopes of `granted` reach `required`."""
    required = required.lower() + "."
    return any(required.startswith(scope + ".") for scope in granted.lower().split())
