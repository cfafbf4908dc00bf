"""Reads of a SQLite file in the event loop: short ones from one snapshot a turn, and trials of longer ones."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.sqlite_connection import connect, failures, fetch

R = TypeVar("R")

#: A read that may scan is given so many steps of SQLite's machine in the event loop, some half a millisecond; every so
#: many of them it is looked at.
TRIAL_STEPS, TRIAL_PERIOD = 4000, 500


class Snapshots:
    """A connection that shows one state of the store for a turn of the event loop, the next in the next turn.

    What many requests read in one turn shares the locks of one transaction. A task that has waited, for a write of its
    own too, goes on in a later turn.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connect(path, read_only=True, in_loop=True)
        self._cursor = self._connection.cursor()
        #: How often the connection was replaced: data versions of two connections do not compare.
        self._replaced = 0
        self._version: int | None = None

    def fetch(self, query: Query[R], params: dict[str, Any]) -> list[R]:
        try:
            if self._version is None:
                self._begin()
            return fetch(self._cursor, query, params)
        except StorageError:
            self._replace()
            raise

    def _replace(self) -> None:
        """Takes a new connection after a failure: the old one may have cached pages that were never read."""
        self._version = None
        with suppress(sqlite3.Error):  # then the next failure tries again
            connection = connect(self._path, read_only=True, in_loop=True)
            self._connection.close()
            self._connection, self._cursor = connection, connection.cursor()
            self._replaced += 1

    def version(self) -> int:
        """`Store.version` in this turn."""
        if self._version is not None:
            return self._version
        try:
            return self._begin()
        except StorageError:
            self._replace()
            raise

    def _begin(self) -> int:
        loop = asyncio.get_running_loop()
        with failures("read"):
            if self._connection.in_transaction:  # left behind by a failure of the disk
                self._connection.rollback()
            self._cursor.execute("BEGIN")
            data_version = int(self._cursor.execute("PRAGMA data_version").fetchall()[0][0])
        self._version = version = (self._replaced << 32) + data_version
        loop.call_soon(self._end)
        return version

    def _end(self) -> None:
        if self._version is not None:
            self._version = None
            with suppress(sqlite3.Error):  # the next turn ends what is left of it
                self._cursor.execute("COMMIT")

    def close(self) -> None:
        self._version = None
        self._connection.close()


class Trial:
    """A connection that gives up a statement which goes on for too long."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._periods = 0
        self._connect()

    def _connect(self) -> None:
        connection = connect(self._path, read_only=True, in_loop=True)
        connection.set_progress_handler(self._is_over, TRIAL_PERIOD)
        self._connection, self._cursor = connection, connection.cursor()

    def fetch(self, query: Query[R], params: dict[str, Any]) -> list[R] | None:
        """The rows, or None if there was more to do than `TRIAL_STEPS`."""
        self._periods = 0
        try:
            return fetch(self._cursor, query, params)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return None
            raise
        except StorageError:
            with suppress(sqlite3.Error):
                failed = self._connection
                self._connect()
                failed.close()
            raise

    def _is_over(self) -> bool:
        self._periods += 1
        return self._periods > TRIAL_STEPS // TRIAL_PERIOD

    def close(self) -> None:
        self._connection.close()
