"""Suggests known words that are spelt like an unknown one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MAX_LENGTH = 80


def nearest(word: str, known: Iterable[str], *, count: int = 3, likeness: float = 0.6) -> list[str]:
    """Returns up to `count` of the `known` words that are spelt like `word`, nearest first; `likeness` is 0 to 1."""
    if len(word) > _MAX_LENGTH:
        return []
    spelling = {name.lower(): name for name in known}
    return [spelling[match] for match in get_close_matches(word.lower(), spelling, count, likeness)]
