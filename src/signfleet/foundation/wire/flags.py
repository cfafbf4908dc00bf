"""Flag enumerations: several words of one enumeration in one string, `"Read, Write"`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signfleet.foundation.wire.text import fold


def join(words: Iterable[str]) -> str:
    """Write flags the way the contract does, separated by a comma and a blank."""
    return ", ".join(words)


def parse(value: str | Sequence[str], known: Iterable[str], *, instead: str | None = None) -> list[str]:
    """Read flags from `"read,Write"` or `["read", "Write"]` in the spelling of `known`, in the order given, each once.

    A word that is not known counts as `instead`; without one it raises ValueError, as having no word at all does.
    """
    spelling = {fold(word): word for word in known}
    given = value.split(",") if isinstance(value, str) else value
    found: dict[str, None] = {}
    for word in given:
        canonical = spelling.get(fold(word.strip()), instead)
        if canonical is None:
            raise ValueError(f"Unsupported value '{word.strip()}'; known are {join(spelling.values())}")
        found[canonical] = None
    if not found:
        raise ValueError(f"at least one is needed of {join(spelling.values())}")
    return list(found)


def normalise(value: str | Sequence[str], known: Iterable[str], *, instead: str | None = None) -> str:
    """Read flags and write them back in the contract's spelling; ValueError as in `parse`."""
    return join(parse(value, known, instead=instead))
