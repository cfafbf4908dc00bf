"""Opens what every service is built over: the store, the files, the key that signs links."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from signfleet.foundation.blobs.files import Blobs, open_blobs
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.blobs.pictures import Pictures
from signfleet.foundation.blobs.store import link_key
from signfleet.foundation.private_files import BLOB_NAMES, DATA_NAMES, tighten
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.open import open_store


@dataclass
class Foundation:
    """The settings and what is opened by them."""

    settings: Settings
    store: Store
    blobs: Blobs
    links: Links
    pictures: Pictures
    #: 32 random bytes that all processes of the installation share; keys for other purposes derive from it.
    key: bytes = field(repr=False)


async def open_foundation(settings: Settings, *, upgrade: bool) -> Foundation:
    """Opens the store and the files.

    Upgrades a store with an older schema and tightens the rights of files; without `upgrade` it refuses such a store
    and leaves the rights alone. Raises `CannotOpen`.
    """
    if upgrade:
        _tighten_files(settings)
    blobs = open_blobs(settings.blobs_place)
    store = await open_store(
        settings.database_url,
        connections=settings.database_connections,
        upgrade=upgrade,
        scan_limit=settings.search_time_limit,
        pooler=settings.database_pooler,
    )
    key = await link_key(store)
    return Foundation(settings, store, blobs, Links(key), Pictures(), key)


def _tighten_files(settings: Settings) -> None:
    tighten(settings.data_folder, DATA_NAMES)
    if "://" not in settings.blobs_place:
        tighten(Path(settings.blobs_place), BLOB_NAMES)
