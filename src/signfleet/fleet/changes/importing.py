"""Imports files line by line: a dry run, the job, its retry, and its undoing.

`Imports` does what is the same for all files; what a line changes is up to its subclasses, each a kind of jobs. The
file is stored in chunks of lines, a transaction each, before its job exists. A step takes lines of one chunk.
"""

from __future__ import annotations

import hashlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar

from msgspec.json import decode

from signfleet.fleet.changes import import_files
from signfleet.fleet.changes.actions import Outcome
from signfleet.fleet.changes.import_columns import CellError, Head
from signfleet.fleet.changes.import_files import ImportedFiles
from signfleet.fleet.changes.import_schemas import ImportPreview, LineError, LineExample
from signfleet.fleet.changes.service import EXAMPLES, NEWEST, Changes, attempt, change_of, outcome_of
from signfleet.fleet.devices.store import FoundDevice
from signfleet.foundation.errors import Forbidden, Invalid, SignfleetError, TooLarge
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire.csv_text import Row, read_csv
from signfleet.foundation.wire.text import fold
from signfleet.identity.jobs import store as job_queries
from signfleet.identity.jobs.kinds import Change, Failure, NewJob, Progress, Run, Step
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.jobs.schemas import Job
from signfleet.web.caller.session import Session

#: How many lines a file may have, and how many errors a dry run lists.
LINES_LIMIT: Final = 100_000
ERRORS: Final = 100


class Edit(Protocol):
    """What a line changes."""

    @property
    def serial(self) -> str: ...


E = TypeVar("E", bound=Edit)


class Imports(ABC, Generic[E]):
    """Imports files of one kind. A `JobKind` too."""

    #: The kind of the jobs, and the scope that a token needs.
    name: str
    scope: str

    def __init__(self, store: Store, files: ImportedFiles, changes: Changes, runner: JobRunner) -> None:
        self._store = store
        self._files = files
        self._changes = changes
        self._runner = runner
        runner.register(self)

    @abstractmethod
    def read_head(self, names: list[str]) -> Head:
        """Reads the heading. Raises `Invalid`."""

    @abstractmethod
    def read_row(self, head: Head, cells: list[str]) -> E:
        """Reads a row. Raises `CellError`."""

    @abstractmethod
    async def problems(self, session: Session, edits: dict[int, E]) -> dict[int, CellError]:
        """Returns what is wrong with lines, as far as the store says it without changing anything."""

    @abstractmethod
    async def act(
        self, tx: Transaction, session: Session, found: FoundDevice | None, edit: E, now: int
    ) -> Outcome | None:
        """Does what a line says; returns old and new values, None if nothing had to change."""

    @abstractmethod
    async def put_back(
        self, tx: Transaction, session: Session, change: job_queries.ChangeRow, outcome: Outcome, now: int
    ) -> None:
        """Puts the old values back. Raises `Conflict` where the new ones are not there any more."""

    async def find(self, tx: Transaction, session: Session, edit: E) -> FoundDevice | None:
        """Returns the device that a line is about, if it is about one. Raises `CellError`."""
        return None

    def column_of(self, head: Head, message: str) -> str | None:
        """Returns the column that an error message is about, if it names one."""
        return None

    async def require_allowed(self, session: Session) -> None:
        """Raises `Forbidden` for a caller who may not import any line."""
        if not session.covers(self.scope):
            raise Forbidden(f"The access token lacks the scope '{self.scope}', so it cannot import this file.")

    async def check(self, session: Session, content: bytes, now: int) -> ImportPreview:
        """Reads a whole file, and does the first lines in a transaction that is rolled back. Changes nothing."""
        head, rows, _ = await self._open(session, content)
        count, errors, seen = 0, [], dict[str, int]()
        examples: list[LineExample] = []
        while chunk := await run_in_thread(_some, rows):
            count = _counted(count, chunk)
            edits = await run_in_thread(self._edits, head, chunk)
            found = await self.problems(
                session, {n: each for n, each in edits.items() if not isinstance(each, CellError)}
            )
            for line, edit in edits.items():
                problem = edit if isinstance(edit, CellError) else found.get(line) or _repeated(edit, line, seen)
                if problem is not None:
                    errors.append(LineError(line=line, column=problem.column, reason=problem.message))
                elif not isinstance(edit, CellError) and len(examples) < EXAMPLES:
                    examples.append(await self._try(session, line, edit, now))
        return ImportPreview(count=count, examples=examples, error_count=len(errors), errors=errors[:ERRORS])

    async def submit(self, session: Session, content: bytes, key: str | None, now: int) -> Job:
        """Stores a file and starts its import as a job. Raises `Invalid`, `Forbidden`, `QuotaReached`, `Conflict`."""
        _, rows, names = await self._open(session, content)
        salt = secrets.token_hex(16) if key is None else f"{session.user_id} {key}"
        upload = (await run_in_thread(hashlib.sha256, salt.encode() + content)).hexdigest()
        count = 0
        while chunk := await run_in_thread(_some, rows):
            count = _counted(count, chunk)
            await self._files.add(session.network, upload, chunk, now)
        if not count:
            raise Invalid("The file has no line but the heading.")
        new = NewJob(self.name, f"{count} lines", {"upload": upload, "columns": names}, session, count, key)
        return await self._changes.start(session, new, now)

    async def retry(self, session: Session, ref: str, key: str | None, now: int) -> Job:
        """Starts an import of just the lines that a job has failed at. Raises `NotFound`, `Invalid`."""
        row, given = await self._own(session, ref)
        if not row.failed:
            raise Invalid(f"Job {row.id} has failed at no line.")
        if not await self._files.after(row.network_id, given["upload"], 0):
            raise Invalid(f"The file of job {row.id} has been deleted; import it again.")
        new = NewJob(self.name, row.subject, {**given, "retry": row.id}, session, row.failed, key)
        return await self._changes.start(session, new, now)

    async def undo(self, session: Session, ref: str, key: str | None, now: int) -> Job:
        """Starts to put the old values back where those that a job wrote are still there. Raises like `retry`."""
        row, _ = await self._own(session, ref)
        total = 0 if row.result is None else decode(row.result)["changed"]
        new = NewJob(self.name, row.subject, {"undo": row.id}, session, total, key)
        return await self._changes.start(session, new, now)

    async def next_step(self, run: Run) -> Step:
        """Takes the next lines of the file, or of the failures of another import, or changes to put back."""
        await self.require_allowed(run.caller)
        if "undo" in run.input:
            return await self._next_undone(run)
        head = self.read_head(run.input["columns"])
        after, changed, skipped = run.position or (0, 0, 0)
        rows, after = await (self._failed(run, after) if "retry" in run.input else self._lines(run, after))

        async def step(tx: Transaction) -> Progress:
            results = [await self._import(tx, run, head, row) for row in rows]
            changes = [result for result in results if isinstance(result, Change)]
            counts = changed + len(changes), skipped + results.count(None)
            return Progress(
                (after, *counts),
                len(rows),
                is_last=not rows,
                failures=[result for result in results if isinstance(result, Failure)],
                changes=changes,
                result={"changed": counts[0], "skipped": counts[1]},
            )

        return step

    async def _next_undone(self, run: Run) -> Step:
        """Takes the last ones of the changes that are left to put back."""
        key = {"network_id": run.network_id, "job_id": run.input["undo"]}
        before = NEWEST if run.position is None else run.position
        rows = await self._store.all(job_queries.CHANGES_BEFORE, **key, before_id=before, limit=run.size)

        async def step(tx: Transaction) -> Progress:
            failures = [failure for row in rows if (failure := await self._undo(tx, run, row)) is not None]
            return Progress(rows[-1].id if rows else None, len(rows), is_last=len(rows) < run.size, failures=failures)

        return step

    async def _undo(self, tx: Transaction, run: Run, row: job_queries.ChangeRow) -> Failure | None:
        try:
            await tx.nested(lambda tx: self.put_back(tx, run.caller, row, outcome_of(row), run.now))
        except SignfleetError as error:
            return Failure(error.message, row.device_id, row.name)
        return None

    async def _own(self, session: Session, ref: str) -> tuple[job_queries.JobRow, dict[str, Any]]:
        """Returns an import that has ended, and its input. Raises `NotFound`, `Invalid`, `Forbidden`."""
        await self.require_allowed(session)
        row, given = await self._changes.finished(session, ref, self.name)
        if "undo" in given:
            raise Invalid(f"Job {row.id} undoes job {given['undo']}; undo or retry that one instead.")
        return row, given

    async def _open(self, session: Session, content: bytes) -> tuple[Head, Iterator[Row], list[str]]:
        """Returns the heading, the rows after it, and the names in it. Raises `Invalid`, `Forbidden`."""
        await self.require_allowed(session)
        rows = read_csv(content)
        first = await run_in_thread(next, rows, None)
        if first is None:
            raise Invalid("The file is empty; its first line names the columns.")
        return self.read_head(first.cells), rows, first.cells

    async def _lines(self, run: Run, after: int) -> tuple[list[Row], int]:
        """Returns the next lines of the file, and the last of them."""
        rows = (await self._files.after(run.network_id, run.input["upload"], after))[: run.size]
        return rows, rows[-1].line if rows else after

    async def _failed(self, run: Run, after: int) -> tuple[list[Row], int]:
        """Returns the lines of the next failures, as far as they are in one chunk, and the last of these failures."""
        key = {"network_id": run.network_id, "job_id": run.input["retry"]}
        failures = await self._store.all(job_queries.FAILURES_AFTER, **key, after=after, limit=run.size)
        if not failures:
            return [], after
        line = (failures[0].line or 0) - 1
        chunk = {row.line: row for row in await self._files.after(run.network_id, run.input["upload"], line)}
        own = [failure for failure in failures if failure.line in chunk] or failures[:1]
        return [chunk[each.line] for each in own if each.line in chunk], own[-1].id

    async def _import(self, tx: Transaction, run: Run, head: Head, row: Row) -> Failure | Change | None:
        """Imports a line; returns what it changed if anything, or why it could not."""
        device: FoundDevice | None = None
        try:
            edit = self.read_row(head, row.cells)
            device = found = await self.find(tx, run.caller, edit)
            outcome = await tx.nested(lambda tx: self.act(tx, run.caller, found, edit, run.now))
        except SignfleetError as error:
            column = error.column if isinstance(error, CellError) else self.column_of(head, error.message)
            serial = row.cells[head.serial] if head.serial < len(row.cells) else None
            return Failure(error.message, None if device is None else device.id, serial, row.line, column)
        if outcome is None:
            return None
        return change_of(outcome, None if device is None else device.id, edit.serial)

    async def _try(self, session: Session, line: int, edit: E, now: int) -> LineExample:
        async def work(tx: Transaction) -> LineExample:
            found = await self.find(tx, session, edit)
            (before, after), problem = await attempt(tx, lambda tx: self.act(tx, session, found, edit, now))
            id_ = None if found is None else found.id
            return LineExample(line=line, id=id_, serial=edit.serial, before=before, after=after, error=problem)

        return await self._store.write(work)

    def _edits(self, head: Head, chunk: list[Row]) -> dict[int, E | CellError]:
        """Reads rows; returns what each changes, or what is wrong, by its line."""
        edits: dict[int, E | CellError] = {}
        for row in chunk:
            try:
                edits[row.line] = self.read_row(head, row.cells)
            except CellError as error:
                edits[row.line] = error
        return edits


def _some(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, import_files.CHUNK))


def _counted(count: int, chunk: list[Row]) -> int:
    if count + len(chunk) > LINES_LIMIT:
        raise TooLarge(f"A file has at most {LINES_LIMIT} lines; import it in parts.")
    return count + len(chunk)


def _repeated(edit: Edit, line: int, seen: dict[str, int]) -> CellError | None:
    """Returns what is wrong with a serial that an earlier line has too."""
    other = seen.setdefault(fold(edit.serial), line)
    return None if other == line else CellError(f"The serial '{edit.serial}' is on line {other} too.", "serial")
