"""Adds jobs and writes how far they have come, inside transactions of others."""

from __future__ import annotations

from typing import Final

from signfleet.foundation import clock
from signfleet.foundation.errors import Conflict, Forbidden
from signfleet.foundation.quotas import QuotaReached
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.foundation.wire.json import encode
from signfleet.foundation.wire.text import fold
from signfleet.identity.audit.recording import AuditEntry, record
from signfleet.identity.jobs import store as queries
from signfleet.identity.jobs.kinds import NewJob, Progress
from signfleet.identity.jobs.store import JobRow
from signfleet.web.caller.actor import acting
from signfleet.web.caller.scopes import USER_SCOPE
from signfleet.web.caller.session import Session

#: How many unfinished jobs the people of a network may have.
UNFINISHED_LIMIT: Final = 50
#: How many failures of a job are listed; all are counted.
FAILURES_LIMIT: Final = 10_000
#: How many changes a job remembers the old values of.
CHANGES_LIMIT: Final = 100_000


async def insert_job(tx: Transaction, network_id: int, new: NewJob, now: int) -> int:
    """Adds a job and returns its id; the next sweep of the runner starts it, or `JobRunner.finish` at once."""
    actor, id_ = acting(), await tx.next_id("job")
    await tx.execute(
        queries.INSERT,
        network_id=network_id,
        id=id_,
        kind=new.kind,
        state="Waiting",
        subject=new.subject,
        subject_key=fold(new.subject),
        creation_date=now,
        last_modified_date=now,
        finished_date=None,
        created_by=actor.name,
        created_by_key=fold(actor.name),
        address=actor.address,
        user_id=None if new.session is None else new.session.user_id,
        request_key=new.request_key,
        total=new.total,
        done=0,
        failed=0,
        position="null",
        result=None,
        error=None,
        error_type=None,
        is_cancelled=False,
        attempts=0,
        lease_owner=None,
        lease_until=0,
    )
    await tx.execute(queries.INSERT_INPUT, network_id=network_id, job_id=id_, input=encode(new.input).decode())
    return id_


async def request(tx: Transaction, network_id: int, new: NewJob, now: int) -> int:
    """Adds a job that a person asks for; a repeated Idempotency-Key gets the job of the first request.

    Raises `QuotaReached`, and `Conflict` if the first request was another one.
    """
    if new.request_key is not None and new.session is not None:
        same = await tx.one(
            queries.JOB_OF_REQUEST,
            network_id=network_id,
            user_id=new.session.user_id,
            request_key=new.request_key,
        )
        if same is not None and (same.kind, same.input) != (new.kind, encode(new.input).decode()):
            raise Conflict("The header Idempotency-Key was used for another request; choose a new one.")
        if same is not None:
            return same.id
    count = await tx.one(queries.COUNT_UNFINISHED, network_id=network_id)
    if count is not None and count.total >= UNFINISHED_LIMIT:
        raise QuotaReached(
            f"This network has {count.total} unfinished jobs, at most {UNFINISHED_LIMIT}; wait for one, or cancel one."
        )
    id_ = await insert_job(tx, network_id, new, now)
    await record(tx, network_id, AuditEntry("Create", "Job", id_, new.kind, None, {"subject": new.subject}), now)
    return id_


async def record_progress(tx: Transaction, row: JobRow, progress: Progress, *, lease: int) -> None:
    """Writes what a step has done, and renews the lease for `lease` ms."""
    now, key = clock.now(), {"network_id": row.network_id, "job_id": row.id}
    listed = progress.failures[: max(0, FAILURES_LIMIT - row.failed)]
    if listed:
        await tx.execute_many(
            queries.INSERT_FAILURE,
            [
                {
                    **key,
                    "id": row.failed + number,
                    "device_id": failure.device_id,
                    "name": failure.name,
                    "line": failure.line,
                    "column_name": failure.column,
                    "reason": failure.reason,
                }
                for number, failure in enumerate(listed, 1)
            ],
        )
    if progress.changes and row.done < CHANGES_LIMIT:
        await tx.execute_many(
            queries.INSERT_CHANGE,
            [{**key, "id": row.done + number, **change._asdict()} for number, change in enumerate(progress.changes, 1)],
        )
    await tx.execute(
        queries.ADVANCE,
        in_network=row.network_id,
        this_id=row.id,
        new_state="Finished" if progress.is_last else "Running",
        new_done=row.done + progress.done,
        new_failed=row.failed + len(progress.failures),
        new_position=row.position if progress.position is None else encode(progress.position).decode(),
        new_result=row.result if progress.result is None else encode(progress.result).decode(),
        new_lease_until=None if progress.is_last else now + lease,
        finished=now if progress.is_last else None,
        now=now,
    )


async def session_of(store: Store, row: JobRow) -> Session | None:
    """Returns a session with the present permissions of the person who created a job; None for the server's own.

    Raises `Forbidden` if they are no longer a member, or locked out.
    """
    if row.user_id is None:
        return None
    person = await store.one(queries.PERSON, network_id=row.network_id, user_id=row.user_id)
    if person is None or person.is_locked_out:
        raise Forbidden(f"'{row.created_by}', who started this job, is locked out or no longer a member.")
    return Session(
        id=0,
        person_id=person.person_id,
        application_id=None,
        network_id=row.network_id,
        user_id=row.user_id,
        role_id=person.role_id,
        device_id=None,
        login=person.login,
        scope=USER_SCOPE,
        last_modified=0,
        permission_changes=person.permission_changes or 0,
    )
