"""Lists jobs and what they could not do, and cancels them."""

from __future__ import annotations

import msgspec

from signfleet.foundation.errors import Invalid, NotFound
from signfleet.foundation.expressions.listing import EVERYTHING, Scope
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.operations.definitions import MANAGE_JOBS
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.jobs import store as queries
from signfleet.identity.jobs.catalogue import FAILURES, JOBS
from signfleet.identity.jobs.schemas import Job, JobFailure
from signfleet.identity.jobs.store import FailureRow, JobRow
from signfleet.web.caller.session import Session
from signfleet.web.collection import Collection
from signfleet.web.contract.paging import ListQuery, Page


class JobLists:
    """The jobs of a network. Without the operation 'Manage Jobs' a caller sees only their own."""

    def __init__(self, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions
        self._all = Collection(store, JOBS, queries.JOB_COLUMNS)
        self._failures = Collection(store, FAILURES, queries.FAILURE_COLUMNS)

    async def list_(self, session: Session, query: ListQuery) -> Page:
        """Returns a page of jobs, newest first unless the query has a sort."""
        found = await self._all.find(session.network, query, await self._scope(session))
        return found.page([encode(entity(row)) for row in found.rows])

    async def get(self, session: Session, ref: str) -> Job:
        """Returns a job. Raises `NotFound`."""
        return entity(await self.row(session, ref))

    async def failures(self, session: Session, ref: str, query: ListQuery) -> Page:
        """Returns a page of what a job could not do, in the order in which it came. Raises `NotFound`."""
        row = await self.row(session, ref)
        found = await self._failures.find(session.network, query, queries.failures_of(row.id))
        return found.page([encode(_failure(failure)) for failure in found.rows])

    async def cancel(self, session: Session, ref: str, now: int) -> None:
        """Ends a job before its next step; what it has done stays. Raises `NotFound`, and `Invalid` if it has ended."""
        found = await self.row(session, ref)

        async def work(tx: Transaction) -> None:
            row = await tx.one(queries.LOCK_JOB, network_id=found.network_id, id=found.id)
            if row is None:
                raise NotFound.in_network("job", ref)
            if row.finished_date is not None:
                raise Invalid(f"Job {row.id} has ended already.")
            if row.user_id is None:
                raise Invalid(f"Job {row.id} completes a change that is made already; it cannot be cancelled.")
            await tx.execute(queries.CANCEL, in_network=row.network_id, this_id=row.id, now=now)
            before, after = ({"isCancelled": is_cancelled} for is_cancelled in (bool(row.is_cancelled), True))
            await record(tx, row.network_id, AuditEntry("Update", "Job", row.id, row.kind, before, after), now)

        await self._store.write(work)

    async def row(self, session: Session, ref: str) -> JobRow:
        """Returns the row of a job that the caller may see. Raises `NotFound`."""
        number = id_of(ref)
        row = None
        if number is not None:
            row = await self._store.one(queries.JOB, network_id=session.network, id=number)
        may_see_all = await self._permissions.allows(session, MANAGE_JOBS)
        if row is None or not (may_see_all or (row.user_id is not None and row.user_id == session.user_id)):
            raise NotFound.in_network("job", ref)
        return row

    async def _scope(self, session: Session) -> Scope:
        may_see_all = await self._permissions.allows(session, MANAGE_JOBS)
        return EVERYTHING if may_see_all else queries.created_by(session.user_id)


def entity(row: JobRow) -> Job:
    """Returns a job as clients see it."""
    return Job(
        id=row.id,
        kind=row.kind,
        state=row.state,  # type: ignore[arg-type]  # only the runner writes it
        subject=row.subject,
        total=row.total,
        done=row.done,
        failed=row.failed,
        creation_date=datetime.format(row.creation_date),
        last_modified_date=datetime.format(row.last_modified_date),
        finished_date=None if row.finished_date is None else datetime.format(row.finished_date),
        created_by=row.created_by,
        is_cancelled=bool(row.is_cancelled),
        result=None if row.result is None else msgspec.Raw(row.result.encode()),
        error=row.error,
    )


def _failure(row: FailureRow) -> JobFailure:
    return JobFailure(
        id=row.id,
        device_id=row.device_id,
        name=row.name,
        line=row.line,
        column=row.column_name,
        reason=row.reason,
    )
