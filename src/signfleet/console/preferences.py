"""The language and the time zone that a person has chosen for the console: two values of their profile."""

from __future__ import annotations

from typing import Final, NamedTuple

from signfleet.console.translations import LANGUAGES
from signfleet.foundation.wire import zones
from signfleet.foundation.wire.text import fold
from signfleet.identity.profiles.service import Profiles, of_person

#: The keys in the profile, which other programs can read and set too.
LANGUAGE: Final = "console.language"
ZONE: Final = "console.timeZone"


class Preferences(NamedTuple):
    """What a person has chosen; empty: what the browser says."""

    language: str = ""
    zone: str = ""


async def preferences_of(person_id: int, profiles: Profiles) -> Preferences:
    """Returns the preferences of a person; what does not exist counts as not chosen."""
    chosen = await profiles.some(of_person(person_id), LANGUAGE, ZONE)
    language = chosen.get(fold(LANGUAGE), "")
    zone = chosen.get(fold(ZONE), "")
    return Preferences(language if language in LANGUAGES else "", (zones.canonical(zone) or "") if zone else "")
