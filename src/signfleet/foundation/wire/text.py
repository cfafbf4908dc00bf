"""Comparison of text without regard to letter case, and characters that no store can hold."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def fold(text: str) -> str:
    """Give the key under which `text` is compared, sorted and kept unique without regard to letter case.

    Canonically equivalent spellings get the same key, and folding a key again changes nothing.
    """
    if text.isascii():
        return text.lower()
    # Decomposed first: only then does folding see every letter that carries a mark.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def forbidden_character(text: str) -> int | None:
    """Give the index of the first character that cannot be stored (NUL, lone surrogate), None when there is none."""
    found = _FORBIDDEN.search(text)
    return None if found is None else found.start()
