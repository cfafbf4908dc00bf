"""Recognises passwords that guessers try first, whatever their letter case, digits for letters, and ending."""

from __future__ import annotations

import gzip
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

#: What is written for a letter, and letters that are written alike: `P@$$w0rd` and `Passw0rd` are one word.
_LETTERS: Final = str.maketrans("@4310!|5$7l", "aaeioiissti")
_DIGITS: Final = "0123456789"
_SYMBOLS: Final = "!@#$%^&*()-_=+[]{};:'\",.<>/?\\|`~ "
#: A shorter core is no word: nearly every password with many digits around a few letters would have one in the list.
_CORE_LENGTH: Final = 4


def is_common(password: str) -> bool:
    """Return whether the password is one of the list, perhaps disguised.

    Letter case, usual replacements of letters, and digits and symbols before and after the word make no difference.
    """
    folded = unicodedata.normalize("NFKC", password).casefold()
    ending = folded.rstrip(_SYMBOLS)
    candidates = {folded, ending, folded.strip(_SYMBOLS)}
    cores = {ending.rstrip(_DIGITS + _SYMBOLS), ending.strip(_DIGITS + _SYMBOLS)}
    candidates |= {core for core in cores if len(core) >= _CORE_LENGTH}
    return not load().isdisjoint(_plain(candidate) for candidate in candidates)


@cache
def load() -> frozenset[str]:
    """Read the list, whose entries are plain already: their disguises are taken off once, when the file is made."""
    text = gzip.decompress(files(__package__).joinpath("common_passwords.gz").read_bytes()).decode()
    return frozenset(text.split())


def _plain(text: str) -> str:
    return text.translate(_LETTERS)
