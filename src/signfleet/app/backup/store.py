"""Takes a consistent copy of a store while others write to it, and fills an empty store from such a copy."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from signfleet.app.backup.archive import BackupError
from signfleet.foundation.storage.migrations import REVISION
from signfleet.foundation.storage.open import SQLITE
from signfleet.foundation.storage.postgres_address import BadAddress
from signfleet.foundation.storage.postgres_check import UnsuitableDatabase, connect_checked, refuse_without_create

_PICTURES: Final = "SELECT blob, thumbnail FROM screenshot ORDER BY network_id, id"
_HAS_TABLES: Final = "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)"


class Snapshot(NamedTuple):
    """A copy of the store at one moment, and the pictures that it lists."""

    path: Path
    schema: str
    pictures: list[str]


def kind(database: str) -> Literal["sqlite", "postgresql"]:
    """Returns `sqlite` or `postgresql`."""
    return "sqlite" if database.startswith(SQLITE) else "postgresql"


async def picture_names(database: str) -> list[str]:
    """Returns the names of all pictures and thumbnails that the store lists now. Raises `BackupError`."""
    with _failing_as("The store cannot be copied"):
        if database.startswith(SQLITE):
            return await asyncio.to_thread(_pictures_of_file, _path(database))
        connection = await connect_checked(database)
        try:
            return _names(await connection.fetch(_PICTURES))
        finally:
            await connection.close()


async def take(database: str, folder: Path) -> Snapshot:
    """Writes a copy into `folder`. Other processes may write meanwhile. Raises `BackupError`."""
    with _failing_as("The store cannot be copied"):
        if database.startswith(SQLITE):
            return await asyncio.to_thread(_take_sqlite, _path(database), folder / "signfleet.db")
        return await _take_postgresql(database, folder / "signfleet.dump")


def check(store: str, path: Path) -> None:
    """Reads a whole copy. Raises `BackupError` if it is damaged."""
    if store == "sqlite":
        try:
            with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as connection:
                (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            raise BackupError(f"The store in the backup is damaged: {error}.") from error
        if result != "ok":
            raise BackupError(f"The store in the backup is damaged: {result}.")


async def refuse_existing(database: str) -> None:
    """Raises `BackupError` if the target already has a store."""
    if database.startswith(SQLITE):
        if _path(database).exists():
            raise BackupError(f"There is a store at {database} already; restore into an empty folder.")
        return
    with _failing_as("The database cannot be filled"):
        connection = await connect_checked(database)
        try:
            filled = await connection.fetchval(_HAS_TABLES)
            await refuse_without_create(connection)
        finally:
            await connection.close()
    if filled:
        raise BackupError("The database has tables already; restore into an empty one.")


async def put_back(database: str, copy: Path) -> None:
    """Fills the empty store from a copy that `take` wrote. Raises `BackupError`."""
    if database.startswith(SQLITE):
        await asyncio.to_thread(_put_back_sqlite, _path(database), copy)
    else:
        options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-acl")
        await _run("pg_restore", database, *options, str(copy))


@contextmanager
def _failing_as(what: str) -> Iterator[None]:
    """Turns the errors of a store into a `BackupError` whose message begins with `what`."""
    try:
        yield
    except (BadAddress, UnsuitableDatabase) as error:
        raise BackupError(f"{what}: {error}") from error
    except (OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BackupError(f"{what}: {str(error) or 'it does not answer'}.") from error
    except ValueError as error:  # an address that cannot be parsed; the message may quote a part of the password
        raise BackupError(f"{what}: its address is not of the form postgresql://user:password@host/name.") from error


def _path(database: str) -> Path:
    return Path(database.removeprefix(SQLITE))


def _names(rows: list[asyncpg.Record] | list[tuple[str, str]]) -> list[str]:
    return [name for row in rows for name in row]


def _pictures_of_file(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return _names(connection.execute(_PICTURES).fetchall())
    finally:
        connection.close()


def _take_sqlite(path: Path, copy: Path) -> Snapshot:
    source, target = sqlite3.connect(path, timeout=30), sqlite3.connect(copy)
    try:
        source.backup(target)  # in one step: one read transaction, which blocks no writer
        target.execute("PRAGMA journal_mode=DELETE")  # everything in one file
        (schema,) = target.execute(REVISION).fetchone()
        return Snapshot(copy, schema, _names(target.execute(_PICTURES).fetchall()))
    finally:
        target.close()
        source.close()


async def _take_postgresql(database: str, copy: Path) -> Snapshot:
    connection = await connect_checked(database)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            schema = await connection.fetchval(REVISION)
            pictures = _names(await connection.fetch(_PICTURES))
            await _run("pg_dump", database, "--format=custom", f"--snapshot={snapshot}", f"--file={copy}", "--no-owner")
    finally:
        await connection.close()
    return Snapshot(copy, schema, pictures)


def _put_back_sqlite(path: Path, copy: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.touch(mode=0o600)
        shutil.copyfile(copy, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise BackupError(f"The store cannot be written: {error.strerror or error}.") from error


async def _run(program: str, database: str, *arguments: str) -> None:
    """Runs a client program of PostgreSQL. The password is in the environment, which other users cannot read."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not installed; it comes with PostgreSQL's client programs.")
    url = urlsplit(database)
    place = url.netloc.rpartition("@")
    user = place[0].partition(":")[0]
    address = urlunsplit(url._replace(netloc=f"{user}@{place[2]}" if user else place[2]))
    password = {"PGPASSWORD": unquote(url.password)} if url.password else {}
    process = await asyncio.create_subprocess_exec(
        found,
        f"--dbname={address}",
        *arguments,
        env={**os.environ, **password},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise BackupError(f"{program} failed: {errors.decode(errors='replace').strip()[-2000:]}")
