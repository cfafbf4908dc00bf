"""Stores files in a folder of this machine, or in object storage with the API of S3, Google Cloud or Azure."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
import prometheus_client
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.storage.open import CannotOpen

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

#: A request for a file fails within a minute. An endpoint without TLS is used only if the operator names one.
_CLIENT: ClientConfig = {"allow_http": True, "connect_timeout": "5s", "timeout": "30s"}
_RETRIES: RetryConfig = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}


#: The schemes of the addresses of object storage.
OBJECT_STORAGE: Final = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl")
#: A single letter before the colon is a Windows drive. Errors quote only this, since an address may have a password.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")
_CANNOT: Final = "The setting blobs names no place for pictures:"

ERRORS = prometheus_client.Counter(
    "signfleet_blob_errors", "Operations on stored files that failed, by operation.", ["operation"]
)
for _operation in ("put", "get", "delete"):
    ERRORS.labels(_operation)

#: How many files are deleted at a time: object storage takes long for each.
DELETED_AT_ONCE = 32


class Blobs:
    """Puts, gets and deletes files by name. A name consists of our own words and numbers, separated by slashes.

    Every method raises `StorageError` if the folder or the object storage fails.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, name: str, content: bytes) -> None:
        """Stores `content` under `name` atomically."""
        try:
            await obstore.put_async(self._store, name, content)
        except (BaseError, OSError) as error:
            ERRORS.labels("put").inc()
            raise StorageError(f"file {name} could not be stored: {_reason(error)}") from error

    async def get(self, name: str) -> bytes | None:
        """Returns the content under `name`; None if there is none."""
        try:
            found = await obstore.get_async(self._store, name)
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            ERRORS.labels("get").inc()
            raise StorageError(f"file {name} could not be read: {_reason(error)}") from error

    async def delete(self, names: Sequence[str]) -> None:
        """Deletes those of `names` that exist, and what an interrupted process wrote of them."""
        if isinstance(self._store, LocalStore):
            await asyncio.to_thread(self._delete_half_written, names)
        for start in range(0, len(names), DELETED_AT_ONCE):
            some = names[start : start + DELETED_AT_ONCE]
            for failure in await asyncio.gather(*map(self._delete, some), return_exceptions=True):
                if failure is not None:
                    raise failure

    async def _delete(self, name: str) -> None:
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            ERRORS.labels("delete").inc()
            raise StorageError(f"file {name} could not be deleted: {_reason(error)}") from error

    def _delete_half_written(self, names: Sequence[str]) -> None:
        """Deletes the temporary files that a folder has until a file is complete; object storage has none."""
        assert isinstance(self._store, LocalStore)
        folder = Path(self._store.prefix or "")
        for name in names:
            (folder / f"{name}#1").unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    """Returns the first line of the library's message; a dump of its structures follows."""
    return str(error).partition("\n")[0].rstrip()


def open_blobs(place: str) -> Blobs:
    """Opens `place`: a folder, which is created if necessary, or a URL such as `s3://bucket/prefix`, `gs://…`, `az://…`.

    Credentials and endpoints of object storage come from its usual environment variables (`AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL` and so on). Raises `CannotOpen`.
    """
    scheme = _SCHEME.match(place)
    if scheme and scheme[1].lower() not in OBJECT_STORAGE:
        raise CannotOpen(f"{_CANNOT} '{scheme[1]}:' is neither a folder nor one of {', '.join(OBJECT_STORAGE)}.")
    try:
        if scheme:
            return Blobs(from_url(place, client_options=_CLIENT, retry_config=_RETRIES))
        Path(place).mkdir(mode=0o700, parents=True, exist_ok=True)
        return Blobs(LocalStore(place, automatic_cleanup=True, mkdir=True))
    except (BaseError, OSError, ValueError) as error:
        reason = _reason(error).rstrip(".")
        reason = reason if scheme is None else reason.replace(place, "the address")
        raise CannotOpen(f"{_CANNOT} {scheme[0] + '…' if scheme else place}: {reason}.") from error
