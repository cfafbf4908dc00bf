"""Reads of a SQLite file in the event loop: short ones from one snapshot per turn, and trials of longer ones."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.sqlite_connection import connect, failures, fetch

R = TypeVar("R")

#: A statement that may scan gets so many steps of SQLite's machine in the event loop, about half a millisecond; SQLite
#: calls `Trial` after each period.
TRIAL_STEPS, TRIAL_PERIOD = 4000, 500
#: A statement that was too long goes to a thread at once so many times, before it gets a trial again. A trial that
#: fails costs as much as a short list.
SKIPPED_TRIALS = 63
#: Of how many statements to remember that.
REMEMBERED = 4096


class Snapshots:
    """A connection on which all reads within one turn of the event loop see the same state of the store.

    The first read of a turn begins a transaction and schedules its end, so that the reads of a turn share its locks:

        turn 1   request A reads          BEGIN, SELECT; schedules `_end`
                 request B reads          SELECT, from the same snapshot
                 request A awaits a write
        turn 2   `_end`                   COMMIT
        turn 5   A's write is done,
                 A reads again            BEGIN, SELECT: sees its own write

    A task that has awaited anything continues in a later turn, after `_end`, so it never misses its own write.
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
        """Connects again after a failure: the old connection may have cached pages that were never read."""
        self._version = None
        with suppress(sqlite3.Error):  # the next failure tries again
            connection = connect(self._path, read_only=True, in_loop=True)
            self._connection.close()
            self._connection, self._cursor = connection, connection.cursor()
            self._replaced += 1

    def version(self) -> int:
        """Returns `Store.version` as of this turn."""
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
            if self._connection.in_transaction:  # a failed COMMIT left it open
                self._connection.rollback()
            self._cursor.execute("BEGIN")
            data_version = int(self._cursor.execute("PRAGMA data_version").fetchall()[0][0])
        self._version = version = (self._replaced << 32) + data_version
        loop.call_soon(self._end)
        return version

    def _end(self) -> None:
        if self._version is not None:
            self._version = None
            with suppress(sqlite3.Error):  # `_begin` of the next turn rolls back what is left
                self._cursor.execute("COMMIT")

    def close(self) -> None:
        self._version = None
        self._connection.close()


class Trial:
    """A connection that interrupts a statement which is too long for the event loop.

    SQLite calls `_is_over` after every `TRIAL_PERIOD` steps, and stops the statement when it returns True:

        ten rows by an index        200 steps: no call, `fetch` returns the rows
        a scan of a thousand rows   500, 1000, … 4500 steps: the ninth call stops it, `fetch` returns None
        the same scan again         no trial, `fetch` returns None at once
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._periods = 0
        #: How many more trials to skip, by statement and network.
        self._long: OrderedDict[tuple[Query, Any], int] = OrderedDict()
        self._connect()

    def _connect(self) -> None:
        connection = connect(self._path, read_only=True, in_loop=True, scans=True)
        connection.set_progress_handler(self._is_over, TRIAL_PERIOD)
        self._connection, self._cursor = connection, connection.cursor()

    def fetch(self, query: Query[R], params: dict[str, Any]) -> list[R] | None:
        """Returns the rows, or None if the statement needs more than `TRIAL_STEPS`, or did shortly before."""
        key = query, params.get("network_id")
        skip = self._long.get(key)
        if skip:
            self._long[key] = skip - 1
            return None
        self._periods = 0
        try:
            return fetch(self._cursor, query, params)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                self._long[key] = SKIPPED_TRIALS
                if len(self._long) > REMEMBERED:
                    self._long.popitem(last=False)
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
