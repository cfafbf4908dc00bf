"""The sort order of names: `É` among `E`, `Screen 2` before `Screen 10`.

Both stores compare the results of `order_key` byte by byte, so they agree on every script, and a page can continue
after any name. The key has two levels. The first has the letters without marks: spaces and punctuation before numbers,
numbers before letters, and each number by its size. The second is the folded name itself, where the first level does
not determine it: two names have one key only if they differ at most in letter case.

The order of letters is that of Unicode's default collation for the scripts in use, not of any language: `Ä` is among
`A` in Swedish names too. Letters outside the tables sort by code point after those of their script.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from signfleet.foundation.wire.text import fold

#: How many characters of a name count, and how many a level of a key may have: PostgreSQL's indexes accept entries of
#: 2,704 bytes.
LIMIT: Final = 256

_SPECIALS: Final = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
"""ASCII besides digits and letters, in sort order: in keys these are the characters from 2 on."""
_OTHER_SPECIAL: Final = chr(2 + len(_SPECIALS))
"""Precedes each space, punctuation mark and symbol outside ASCII."""
_LEVEL: Final = "\x01"
_LENGTHS: Final = 0x2F
"""A number begins with the character whose code is this plus its count of digits; its digits follow."""
_DIGITS: Final = 48
"""How many digits a number has at most, so that the characters for their counts end below the letters."""
_BEHIND: Final = "\U0010ffff"
"""Sorts a letter after another one."""
_CACHED_BELOW: Final = 0x3100
"""The alphabets end here: the many characters above are looked up each time instead of being cached."""

#: Letters that differ only on the second level, and whole words of them.
_LIKE: Final = dict(zip("øđðłħґךםןףץک", "oddlhгכמנפצك", strict=True)) | {"æ": "ae", "œ": "oe", "ـ": ""}
_SMALL_KANA: Final = dict(zip("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ", strict=True))
#: Letters whose code points do not have their sort order: they sort after the first letter of their word.
_PLACES: Final = (
    "bɓ dɖɗ eǝəɛ gɣ iıɩ kƙ nɲŋ oɔ tŧ uʊ vʋ yƴ zʒþƿ аә гғ дђ еє жҗ зѕ иіј кқҡ лљ нңњ оө тћ уүұ хҳһ чҷџ"
    " بپ ثٹ جچ ذڈ زڑژ كگ نں هھہ يی"
)

_IS_SECOND_LEVEL: Final = frozenset({1, 7, 8, *range(10, 37), 107, 122, *range(200, 241)})
"""The combining classes of marks that are not vowels or consonants themselves."""
_NUMBER: Final = re.compile(f"0*([0-9]{{1,{_DIGITS}}})")
_AMBIGUOUS: Final = re.compile(rf"[\x00-\x1f\x7f]|(?<![0-9])0[0-9]|[0-9]{{{_DIGITS + 1}}}")
_VOWEL_BEFORE: Final = re.compile("([เ-ไເ-ໄ])(.)")
"""Thai and Lao write some vowels before the consonant that they follow."""


class _Weights(dict[int, str]):
    """The first level of each character; caches those of the alphabets."""

    def __missing__(self, code: int) -> str:
        weight = _weight(chr(code))
        if code < _CACHED_BELOW:
            self[code] = weight
        return weight


def _weight(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Cf", "Cs"}:
        return chr(2) if character.isspace() else ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category[0] == "M":
        variant = character == "\u034f" or unicodedata.name(character, "").startswith("VARIATION SELECTOR")
        return "" if variant or unicodedata.combining(character) in _IS_SECOND_LEVEL else character
    return _OTHER_SPECIAL + character if category[0] in "PSZ" else character


_ASCII: Final = {ord(special): chr(2 + place) for place, special in enumerate(_SPECIALS)}
_WEIGHTS: Final = _Weights(
    _ASCII
    | {ord(letter): like for letter, like in (_LIKE | _SMALL_KANA).items()}
    | {ord(letter): word[0] + _BEHIND * place for word in _PLACES.split() for place, letter in enumerate(word) if place}
)
# A katakana is the hiragana 0x60 before it.
_WEIGHTS.update({code: _SMALL_KANA.get(chr(code - 0x60), chr(code - 0x60)) for code in range(0x30A1, 0x30F7)})


def order_key(name: str) -> str:
    """Returns the text that a name sorts by, in bytes or code points, the same for every letter case.

    It has at most `2 * LIMIT + 1` characters and no NUL. A folded name has the same key.
    """
    return _order_key(fold(name)[:LIMIT])


@lru_cache(2048)
def _order_key(folded: str) -> str:
    letters = folded
    if not folded.isascii():
        # A ligature may become eighteen letters: the first 512 are enough.
        letters = unicodedata.normalize("NFKD", folded)[: 2 * LIMIT].casefold()
        letters = unicodedata.normalize("NFKD", letters).replace("и\u0306", "й")
        letters = _VOWEL_BEFORE.sub(r"\2\1", letters)
    weights = letters.translate(_WEIGHTS)
    first = _NUMBER.sub(_number, weights)
    determined = folded.isascii() or weights == folded.translate(_ASCII)
    if determined and len(first) <= LIMIT and not _AMBIGUOUS.search(folded):
        return first
    return first[:LIMIT] + _LEVEL + folded


def _number(found: re.Match[str]) -> str:
    digits = found[1]
    return chr(_LENGTHS + len(digits)) + digits
