"""Case-insensitive comparison of text, and characters that no store accepts."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def fold(text: str) -> str:
    """Returns the key for case-insensitive comparison and uniqueness of `text`.

    Canonically equivalent spellings have the same key, and folding a key again changes nothing.
    """
    if text.isascii():
        return text.lower()
    # Decomposed first, so that folding sees every letter that has a mark.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def forbidden_character(text: str) -> int | None:
    """Returns the index of the first character that cannot be stored (NUL, lone surrogate), or None."""
    found = _FORBIDDEN.search(text)
    return None if found is None else found.start()
