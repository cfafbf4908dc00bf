"""Flag enumerations: several words of one enumeration in one string, `"Read, Write"`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from signfleet.foundation.wire.text import fold


def join(words: Iterable[str]) -> str:
    """Returns flags as the contract writes them, separated by a comma and a space."""
    return ", ".join(words)


def parse(value: str | Sequence[str], known: Iterable[str], *, instead: str | None = None) -> list[str]:
    """Reads flags from `"read,Write"` or `["read", "Write"]`, each once and in order, in the spelling of `known`.

    An unknown word counts as `instead`. Raises ValueError for one without `instead`, and for no word at all.
    """
    spelling = _spelling(tuple(known))
    given = value.split(",") if isinstance(value, str) else value
    found: dict[str, None] = {}
    for word in given:
        canonical = spelling.get(fold(word.strip()), instead)
        if canonical is None:
            raise ValueError(f"Unsupported value '{word.strip()}'; known are {join(spelling.values())}")
        found[canonical] = None
    if not found:
        raise ValueError(f"at least one of {join(spelling.values())} is required")
    return list(found)


@cache
def _spelling(known: tuple[str, ...]) -> dict[str, str]:
    return {fold(word): word for word in known}


def normalise(value: str | Sequence[str], known: Iterable[str], *, instead: str | None = None) -> str:
    """Returns flags in the contract's spelling. Raises ValueError as `parse` does."""
    return join(parse(value, known, instead=instead))
