"""Recognises the passwords that attackers try first, in any letter case, with substituted letters and endings."""

from __future__ import annotations

import gzip
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

#: Characters that substitute letters, and letters that look alike: `P@$$w0rd` and `Passw0rd` are one word.
_LETTERS: Final = str.maketrans("@4310!|5$7l", "aaeioiissti")
_DIGITS: Final = "0123456789"
_SYMBOLS: Final = "!@#$%^&*()-_=+[]{};:'\",.<>/?\\|`~ "
#: A shorter core is not compared: nearly every password of digits around a few letters would match.
_CORE_LENGTH: Final = 4


def is_common(password: str) -> bool:
    """Returns whether the password is in the list, perhaps disguised.

    Letter case, usual substitutions, and digits and symbols before and after the word make no difference.
    """
    folded = unicodedata.normalize("NFKC", password).casefold()
    ending = folded.rstrip(_SYMBOLS)
    candidates = {folded, ending, folded.strip(_SYMBOLS)}
    cores = {ending.rstrip(_DIGITS + _SYMBOLS), ending.strip(_DIGITS + _SYMBOLS)}
    candidates |= {core for core in cores if len(core) >= _CORE_LENGTH}
    return not load().isdisjoint(_plain(candidate) for candidate in candidates)


@cache
def load() -> frozenset[str]:
    """Reads the list. Its entries are stored without disguises, so that only the password is converted."""
    text = gzip.decompress(files(__package__).joinpath("common_passwords.gz").read_bytes()).decode()
    return frozenset(text.split())


def _plain(text: str) -> str:
    return text.translate(_LETTERS)
