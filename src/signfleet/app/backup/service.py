"""Writes, checks and restores backups."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from signfleet import __version__
from signfleet.app.backup import archive
from signfleet.app.backup import store as stores
from signfleet.app.backup.archive import FILES, FORMAT, STORES, BackupError, Manifest, Writer
from signfleet.foundation import clock
from signfleet.foundation.blobs.files import Blobs, open_blobs
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.storage.migrations import HEAD
from signfleet.foundation.wire.datetime import format as format_date

#: How many pictures are read at a time: object storage takes its time for each.
READ_AT_ONCE: Final = 16


async def back_up(settings: Settings, path: Path) -> Manifest:
    """Writes a backup of the store and its pictures to `path` and reads it back. Servers may keep running.

    Pictures are copied before and after the copy of the store: a picture that a sweep deletes in between is in the
    backup too. Raises `BackupError`.
    """
    blobs = open_blobs(settings.blobs_place)
    with archive.writing(path) as writer, tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        try:
            await _add_pictures(writer, blobs, await stores.picture_names(settings.database_url))
            snapshot = await stores.take(settings.database_url, Path(folder))
            writer.add_file(STORES[stores.kind(settings.database_url)], snapshot.path)
            missing = await _add_pictures(writer, blobs, snapshot.pictures)
        except StorageError as error:
            raise BackupError(f"A picture cannot be read: {error}.") from error
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            schema=snapshot.schema,
            store=stores.kind(settings.database_url),
            created=format_date(clock.now()),
            members=writer.members,
            missing=missing,
        )
        writer.finish(manifest)
    return await asyncio.to_thread(_verify_new, path)


def _verify_new(path: Path) -> Manifest:
    """Verifies a new backup and deletes a damaged one: a bad backup is worse than none."""
    try:
        return verify(path)
    except BackupError:
        path.unlink(missing_ok=True)
        raise


async def _add_pictures(writer: Writer, blobs: Blobs, names: Iterable[str]) -> list[str]:
    """Adds the pictures that are not in the archive yet; returns the names of those that do not exist."""
    new = [name for name in names if FILES + name not in writer.members]
    missing = []
    for start in range(0, len(new), READ_AT_ONCE):
        some = new[start : start + READ_AT_ONCE]
        for name, content in zip(some, await asyncio.gather(*map(blobs.get, some)), strict=True):
            if content is None:
                missing.append(name)
            else:
                writer.add(FILES + name, content)
    return missing


def verify(path: Path) -> Manifest:
    """Reads a whole backup, including its store. Raises `BackupError` if anything in it is damaged."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        return _extract_store(path, Path(folder))[0]


def _extract_store(path: Path, folder: Path) -> tuple[Manifest, Path]:
    copy = folder / "store"

    def extract(name: str, content: IO[bytes]) -> None:
        if name in STORES.values():
            with copy.open("wb") as file:
                shutil.copyfileobj(content, file)

    manifest = archive.read(path, extract)
    stores.check(manifest.store, copy)
    return manifest, copy


async def restore(settings: Settings, path: Path) -> Manifest:
    """Restores a backup into an empty store and its blob store.

    The store comes last: an interrupted restore leaves none behind. A store of an older schema is upgraded when the
    server starts. Raises `BackupError` for a damaged or newer backup, another kind of store, or an existing store.
    """
    await stores.refuse_existing(settings.database_url)
    with tempfile.TemporaryDirectory(prefix="signfleet-restore-") as folder:
        manifest, copy = await asyncio.to_thread(_extract_store, path, Path(folder))
        if manifest.schema > HEAD:
            raise BackupError(
                f"The backup has schema {manifest.schema}, written by signfleet {manifest.version}; version"
                f" {__version__} knows schemas up to {HEAD}."
            )
        if manifest.store != stores.kind(settings.database_url):
            raise BackupError(
                f"The backup is of a {manifest.store} store; name one with --database"
                if manifest.store == "postgresql"
                else "The backup is of a sqlite store; leave out --database, or name a sqlite:/// path"
            )
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await _put_pictures_back(open_blobs(settings.blobs_place), path)
        await stores.put_back(settings.database_url, copy)
    return manifest


async def _put_pictures_back(blobs: Blobs, path: Path) -> None:
    loop = asyncio.get_running_loop()

    def extract(name: str, content: IO[bytes]) -> None:
        if name.startswith(FILES):
            put = blobs.put(name.removeprefix(FILES), content.read())
            asyncio.run_coroutine_threadsafe(put, loop).result()

    try:
        await asyncio.to_thread(archive.read, path, extract)
    except StorageError as error:
        raise BackupError(f"A picture cannot be written: {error}.") from error
