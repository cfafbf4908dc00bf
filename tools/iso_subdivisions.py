"""Matches GeoNames' first-level areas with ISO 3166-2 subdivisions by their names (part of `build_places.py`).

Only codes made of letters are useful: a reader sees Bavaria in `BY`, but not Tokyo in `13`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from difflib import get_close_matches

import pycountry

# Areas whose GeoNames name resembles no name of theirs in ISO 3166-2.
UNLIKE_NAMES = {
    "CH.GR": "GR",
    "CL.08": "LI",
    "CN.20": "NM",
    "CO.34": "DC",
    "FR.75": "NAQ",
    "MX.09": "CMX",
    "NG.11": "FC",
    "RU.15": "CHU",
    "RU.29": "KEM",
    "RU.47": "MOS",
    "RU.48": "MOW",
    "RU.79": "TY",
    "RU.93": "ZAB",
    "US.DC": "DC",
}
# Areas that have no code but a name like another's.
WITHOUT_CODE = {"MG.31", "TW.04"}

# Words for the kind of area.
KINDS = frozenset(
    """
    aimak and area atholhu atoll autonomous canton capital city commune community county de del departamento department
    district division do emirate federal governorate island islands kommune krai kray la metropolitan municipality
    novads oblast oblisi oblysy of opstina parish prefecture province provincia rajons rayon region regional republic
    special state territory the unitary urban voivodeship zone
    """.split()  # noqa: SIM905 - a list of words reads better as words
)


def iso_codes(areas: dict[str, str], cldr: dict[str, str]) -> dict[str, str]:
    """Returns ISO 3166-2 codes (without the country) by GeoNames code, for those of `areas` that have a useful one.

    `areas` are names by GeoNames code, `cldr` English names of subdivisions by CLDR's key, such as `usca`.
    """
    by_country: dict[str, dict[str, str]] = {}
    for code, name in areas.items():
        if code not in WITHOUT_CODE:
            by_country.setdefault(code.split(".")[0], {})[code] = name
    found: dict[str, str] = {}
    for country, own in by_country.items():
        found |= _Country(country, cldr).match(own)
    return {area: code for area, code in found.items() if code.isalpha()}


class _Country:
    """The subdivisions of a country: their names, local and English, by ISO code."""

    def __init__(self, country: str, cldr: dict[str, str]) -> None:
        self.names: dict[str, set[str]] = {}
        self.nested: set[str] = set()  # codes below the first level
        for subdivision in (s for s in pycountry.subdivisions if s.country_code == country):
            code = subdivision.code.split("-")[1]
            self.names[code] = set(filter(None, re.split(r" \[|\]|/", subdivision.name)))
            english = cldr.get(f"{country}{code}".lower())
            if english:
                self.names[code].add(english)
            if subdivision.parent_code:
                self.nested.add(code)

    def match(self, areas: dict[str, str]) -> dict[str, str]:
        """Returns the codes of the areas by GeoNames code, none of them twice.

        Equal names take a code first, then names equal but for words such as "Province", then GeoNames codes that are
        ISO codes (a few countries' are; all others are numbers), then similar names.
        """
        found: dict[str, str] = {}
        for find in (self._given, self._by(plain), self._by(essential), self._same_code, self._similar):
            for area, name in areas.items():
                if area not in found:
                    code = find(area, name, self.names.keys() - set(found.values()))
                    if code:
                        found[area] = code
        return found

    def _given(self, area: str, _name: str, _free: set[str]) -> str | None:
        return UNLIKE_NAMES.get(area)

    def _by(self, simplify: Callable[[str], str]) -> Callable[[str, str, set[str]], str | None]:
        def find(_area: str, name: str, free: set[str]) -> str | None:
            wanted = simplify(name)
            codes = {code for code in free if wanted in map(simplify, self.names[code])}
            codes = codes if len(codes) == 1 else codes - self.nested
            return codes.pop() if len(codes) == 1 else None

        return find

    def _same_code(self, area: str, _name: str, free: set[str]) -> str | None:
        code = area.split(".")[1]
        return code if code.isalpha() and code in free else None

    def _similar(self, _area: str, name: str, free: set[str]) -> str | None:
        first_level_last = sorted(free, key=lambda code: (code not in self.nested, code))
        codes = {essential(n): code for code in first_level_last for n in sorted(self.names[code])}
        close = get_close_matches(essential(name), codes, n=1, cutoff=0.8)
        return codes[close[0]] if close else None


def _words(name: str) -> list[str]:
    """Returns the words of a name in lower case, without accents and apostrophes."""
    name = unicodedata.normalize("NFKD", name.translate({ord(c): None for c in "'’ʼʻ`"}))
    name = "".join(c for c in name if not unicodedata.combining(c)).casefold()
    return re.findall(r"\w+", name.translate(str.maketrans("ıłđøə", "ildoa")))


def plain(name: str) -> str:
    """Returns a name without case, accents and punctuation."""
    return "".join(_words(name))


def essential(name: str) -> str:
    """Returns a plain name without the words for the kind of area."""
    return "".join(word for word in _words(name) if word not in KINDS) or plain(name)
