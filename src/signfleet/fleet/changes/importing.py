"""Changes the devices that the lines of a file name: a dry run, the job, and its retry.

The file is stored in chunks of lines, a transaction each, before its job exists. A step takes lines of one chunk.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from msgspec.json import decode

from signfleet.fleet.changes import import_store as queries
from signfleet.fleet.changes.actions import SettingsAction, TagsAction
from signfleet.fleet.changes.import_columns import CellError, Head, RowEdit, read_head, read_row
from signfleet.fleet.changes.import_schemas import ImportPreview, LineError
from signfleet.fleet.changes.schemas import Example
from signfleet.fleet.changes.service import EXAMPLES, Changes
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.store import FoundDevice
from signfleet.foundation.errors import Forbidden, Invalid, NotFound, SignfleetError, TooLarge
from signfleet.foundation.expressions.listing import Listing
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire.csv_text import Row, read_csv
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.jobs import store as job_queries
from signfleet.identity.jobs.kinds import Failure, NewJob, Progress, Run, Step
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.jobs.schemas import Job
from signfleet.web.caller.session import Session

#: How many lines are stored and read at once, how many a file may have, and how many errors a dry run lists.
CHUNK: Final = 100
LINES_LIMIT: Final = 100_000
ERRORS: Final = 100
SCOPE: Final = "bsn.api.main.devices.update"
_AT: Final = re.compile(r"'/?(settings[./][A-Za-z0-9./]+)'")


class DeviceImports:
    """Imports files. A `JobKind` too. `retention` is in days."""

    name = "import"

    def __init__(
        self,
        store: Store,
        devices: Devices,
        changes: Changes,
        *,
        settings: SettingsAction,
        tags: TagsAction,
        runner: JobRunner,
        retention: int,
    ) -> None:
        self._store = store
        self._devices = devices
        self._changes = changes
        self._settings = settings
        self._tags = tags
        self._runner = runner
        self._retention = retention
        self._listing = Listing(DEVICES)
        runner.register(self)

    async def check(self, session: Session, content: bytes, now: int) -> ImportPreview:
        """Reads a whole file, and does the first lines in a transaction that is rolled back. Changes nothing."""
        head, rows, _ = await self._open(session, content)
        count, errors, seen = 0, [], dict[str, int]()
        examples: list[Example] = []
        while chunk := await run_in_thread(_some, rows):
            count = _counted(count, chunk)
            edits = await run_in_thread(_edits, head, chunk)
            known = await self._known(session, [each.serial for each in edits.values() if isinstance(each, RowEdit)])
            for line, edit in edits.items():
                problem = edit if isinstance(edit, CellError) else _problem(edit, line, known, seen)
                if problem is not None:
                    errors.append(LineError(line=line, column=problem.column, reason=problem.message))
                elif isinstance(edit, RowEdit) and len(examples) < EXAMPLES:
                    examples.append(await self._try(session, edit, now))
        return ImportPreview(count=count, examples=examples, error_count=len(errors), errors=errors[:ERRORS])

    async def submit(self, session: Session, content: bytes, key: str | None, now: int) -> Job:
        """Stores a file and starts its import as a job. Raises `Invalid`, `Forbidden`, `QuotaReached`, `Conflict`."""
        _, rows, names = await self._open(session, content)
        salt = secrets.token_hex(16) if key is None else f"{session.user_id} {key}"
        upload = (await run_in_thread(hashlib.sha256, salt.encode() + content)).hexdigest()
        count = 0
        while chunk := await run_in_thread(_some, rows):
            count = _counted(count, chunk)
            await self._store_chunk(session.network, upload, chunk, now)
        if not count:
            raise Invalid("The file has no line but the heading.")
        new = NewJob(self.name, f"{count} lines", {"upload": upload, "columns": names}, session, count, key)
        return await self._changes.start(session, new, now)

    async def retry(self, session: Session, ref: str, key: str | None, now: int) -> Job:
        """Starts an import of just the lines that a job has failed at. Raises `NotFound`, `Invalid`."""
        row, given = await self._changes.finished(session, ref, self.name)
        if not row.failed:
            raise Invalid(f"Job {row.id} has failed at no line.")
        _require_scope(session)
        if await self._store.one(queries.NEXT, network_id=row.network_id, upload=given["upload"], after=0) is None:
            raise Invalid(f"The file of job {row.id} has been deleted; import it again.")
        new = NewJob(self.name, row.subject, {**given, "retry": row.id}, session, row.failed, key)
        return await self._changes.start(session, new, now)

    async def next_step(self, run: Run) -> Step:
        """Takes the next lines of the file, or of the failures of another import."""
        head = read_head(run.input["columns"])
        after, changed, skipped = run.position or (0, 0, 0)
        rows, after = await (self._failed(run, after) if "retry" in run.input else self._lines(run, after))

        async def step(tx: Transaction) -> Progress:
            results = [await self._import(tx, run, head, row) for row in rows]
            counts = changed + results.count(True), skipped + results.count(False)
            return Progress(
                (after, *counts),
                len(rows),
                is_last=not rows,
                failures=[result for result in results if isinstance(result, Failure)],
                result={"changed": counts[0], "skipped": counts[1]},
            )

        return step

    async def delete_old(self, now: int) -> None:
        """Deletes files after the retention of jobs."""
        before = now - self._retention * DAY
        given = {"before": before, "limit": queries.BATCH}
        while await self._store.write(lambda tx: tx.execute(queries.DELETE_OLD, **given)):
            pass

    async def _open(self, session: Session, content: bytes) -> tuple[Head, Iterator[Row], list[str]]:
        """Returns the heading, the rows after it, and the names in it. Raises `Invalid`, `Forbidden`."""
        _require_scope(session)
        rows = read_csv(content)
        first = await run_in_thread(next, rows, None)
        if first is None:
            raise Invalid("The file is empty; its first line names the columns.")
        return read_head(first.cells), rows, first.cells

    async def _store_chunk(self, network_id: int, upload: str, chunk: list[Row], now: int) -> None:
        key = {"network_id": network_id, "upload": upload}
        text = (await run_in_thread(encode, chunk)).decode()

        async def work(tx: Transaction) -> None:
            await tx.execute(queries.DELETE, **key, line=chunk[-1].line)
            await tx.execute(queries.INSERT, **key, last_line=chunk[-1].line, creation_date=now, rows=text)

        await self._store.write(work)

    async def _lines(self, run: Run, after: int) -> tuple[list[Row], int]:
        """Returns the next lines of the file, and the last of them."""
        rows = (await self._chunk(run, after))[: run.size]
        return rows, rows[-1].line if rows else after

    async def _failed(self, run: Run, after: int) -> tuple[list[Row], int]:
        """Returns the lines of the next failures, as far as they are in one chunk, and the last of these failures."""
        key = {"network_id": run.network_id, "job_id": run.input["retry"]}
        failures = await self._store.all(job_queries.FAILURES_AFTER, **key, after=after, limit=run.size)
        if not failures:
            return [], after
        chunk = {row.line: row for row in await self._chunk(run, (failures[0].line or 0) - 1)}
        own = [failure for failure in failures if failure.line in chunk] or failures[:1]
        return [chunk[each.line] for each in own if each.line in chunk], own[-1].id

    async def _chunk(self, run: Run, after: int) -> list[Row]:
        key = {"network_id": run.network_id, "upload": run.input["upload"]}
        row = await self._store.one(queries.NEXT, **key, after=after)
        return [] if row is None else [Row(line, cells) for line, cells in decode(row.rows) if line > after]

    async def _import(self, tx: Transaction, run: Run, head: Head, row: Row) -> Failure | bool:
        """Imports a line; returns whether it changed anything, or why it could not."""
        device: FoundDevice | None = None
        try:
            edit = read_row(head, row.cells)
            try:
                device = found = await self._devices.find(run.caller, edit.serial, tx=tx)
            except NotFound as error:
                raise CellError(error.message, "serial") from error
            return await tx.nested(lambda tx: self._act(tx, run.caller, found, edit, run.now)) is not None
        except SignfleetError as error:
            named = error.column if isinstance(error, CellError) else _column(head, error.message)
            serial = row.cells[head.serial] if head.serial < len(row.cells) else None
            return Failure(error.message, None if device is None else device.id, serial, row.line, named)

    async def _act(
        self, tx: Transaction, session: Session, found: FoundDevice, edit: RowEdit, now: int
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Changes a device; returns old and new values, None if nothing had to change."""
        outcomes = []
        if edit.edit is not None:
            outcomes.append(await self._settings.act(edit.edit)(tx, session, found, now))
        if edit.tags or edit.removed:
            outcomes.append(await self._tags.act(edit.tags, edit.removed, {})(tx, session, found, now))
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        for outcome in outcomes:
            if outcome is not None:
                before |= outcome.before
                after |= outcome.after
        return (before, after) if after else None

    async def _try(self, session: Session, edit: RowEdit, now: int) -> Example:
        async def act(tx: Transaction, session: Session, found: FoundDevice, now: int) -> Any:
            return await self._act(tx, session, found, edit, now)

        return await self._store.write(lambda tx: self._changes.attempt(tx, session, edit.serial, act, now))

    async def _known(self, session: Session, serials: list[str]) -> set[str]:
        """Returns the folded ones of these serials whose devices the caller may see."""
        rows = await self._store.all(
            queries.IDS_OF_SERIALS, network_id=session.network, keys=[fold(serial) for serial in serials]
        )
        scope = await self._devices.scope(session)
        query = self._listing.matching_among(None, scope)
        ids = [row.id for row in rows]
        visible = {
            row.id for row in await self._store.all(query, network_id=session.network, ids=ids, **scope.parameters)
        }
        return {row.serial_key for row in rows if row.id in visible}


def _require_scope(session: Session) -> None:
    if not session.covers(SCOPE):
        raise Forbidden(f"The access token lacks the scope '{SCOPE}', so it cannot import devices.")


def _some(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, CHUNK))


def _counted(count: int, chunk: list[Row]) -> int:
    if count + len(chunk) > LINES_LIMIT:
        raise TooLarge(f"A file has at most {LINES_LIMIT} lines; import it in parts.")
    return count + len(chunk)


def _edits(head: Head, chunk: list[Row]) -> dict[int, RowEdit | CellError]:
    """Reads rows; returns what each changes, or what is wrong, by its line."""
    edits: dict[int, RowEdit | CellError] = {}
    for row in chunk:
        try:
            edits[row.line] = read_row(head, row.cells)
        except CellError as error:
            edits[row.line] = error
    return edits


def _problem(edit: RowEdit, line: int, known: set[str], seen: dict[str, int]) -> CellError | None:
    """Returns what is wrong with the serial of a line: no such device, or one that an earlier line names."""
    serial = fold(edit.serial)
    if serial not in known:
        return CellError(NotFound.in_network("device", edit.serial).message, "serial")
    other = seen.setdefault(serial, line)
    return None if other == line else CellError(f"The serial '{edit.serial}' is on line {other} too.", "serial")


def _column(head: Head, message: str) -> str | None:
    """Returns the column whose path an error message names."""
    found = _AT.search(message)
    path = None if found is None else fold(found[1].replace("/", "."))
    return next((column.name for column in head.columns if fold(".".join(column.path)) == path), None)
