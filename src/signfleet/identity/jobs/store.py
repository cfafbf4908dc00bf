"""The SQL of jobs."""

from __future__ import annotations

from inspect import get_annotations
from typing import Protocol

from sqlalchemy import Integer, Table, and_, bindparam, func, or_, select, tuple_

from signfleet.foundation.expressions.listing import Scope
from signfleet.foundation.storage import counters
from signfleet.foundation.storage.query import Query, with_id
from signfleet.foundation.storage.tables import (
    job,
    job_change,
    job_failure,
    job_input,
    network,
    network_total,
    person,
    user,
)

#: How many rows one transaction of the retention deletes.
BATCH = 1000


class JobRow(Protocol):
    """A job without its input."""

    network_id: int
    id: int
    kind: str
    state: str
    subject: str
    creation_date: int
    last_modified_date: int
    finished_date: int | None
    created_by: str
    address: str | None
    user_id: int | None
    total: int | None
    done: int
    failed: int
    position: str
    result: str | None
    error: str | None
    error_type: str | None
    is_cancelled: int
    attempts: int
    lease_owner: str | None
    lease_until: int | None


class DueRow(Protocol):
    network_id: int
    id: int


class InputRow(Protocol):
    input: str


class RequestRow(Protocol):
    """A job that a request with the same Idempotency-Key created."""

    id: int
    kind: str
    input: str


class FailureRow(Protocol):
    id: int
    device_id: int | None
    name: str | None
    line: int | None
    column_name: str | None
    reason: str


class CreatorRow(Protocol):
    """What a job's session is made of."""

    person_id: int
    login: str
    role_id: int | None
    is_locked_out: int
    permission_changes: int | None


class ChangeRow(Protocol):
    id: int
    before: str
    after: str
    device_id: int | None
    name: str | None


NETWORK_ID = bindparam("network_id", type_=job.c.network_id.type)
_THIS = and_(job.c.network_id == NETWORK_ID, job.c.id == bindparam("id"))

INSERT = Query(job.insert())
INSERT_INPUT = Query(job_input.insert())
INSERT_FAILURE = Query(job_failure.insert())
INSERT_CHANGE = Query(job_change.insert())

JOB = Query(select(job).where(_THIS), JobRow)
LOCK_JOB = Query(select(job).where(_THIS).with_for_update(), JobRow)
INPUT = Query(
    select(job_input.c.input).where(job_input.c.network_id == NETWORK_ID, job_input.c.job_id == bindparam("id")),
    InputRow,
)
JOB_OF_REQUEST = Query(
    select(job.c.id, job.c.kind, job_input.c.input)
    .join(job_input, and_(job_input.c.network_id == job.c.network_id, job_input.c.job_id == job.c.id))
    .where(
        job.c.network_id == NETWORK_ID,
        job.c.user_id == bindparam("user_id"),
        job.c.request_key == bindparam("request_key"),
    ),
    RequestRow,
)
#: Jobs that no process works on.
DUE = Query(
    select(job.c.network_id, job.c.id)
    .where(job.c.lease_until <= bindparam("now"))
    .order_by(job.c.lease_until, job.c.id)
    .limit(bindparam("limit", type_=Integer())),
    DueRow,
)
COUNT_UNFINISHED = Query(
    select(func.count().label("total")).where(
        job.c.network_id == NETWORK_ID, job.c.lease_until.is_not(None), job.c.user_id.is_not(None)
    )
)

_UPDATED = with_id(job.c.id)
CLAIM = Query(
    job.update()
    .where(_UPDATED)
    .values(
        state="Running",
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
        attempts=job.c.attempts + 1,
    )
)
RELEASE = Query(
    job.update()
    .where(_UPDATED, job.c.lease_owner == bindparam("owner"), job.c.lease_until.is_not(None))
    .values(lease_owner=None, lease_until=0, attempts=0)
)
ADVANCE = Query(
    job.update()
    .where(_UPDATED)
    .values(
        {name: bindparam(f"new_{name}") for name in ("state", "done", "failed", "position", "result", "lease_until")}
        | {"finished_date": bindparam("finished"), "last_modified_date": bindparam("now"), "attempts": 0}
    )
)
END = Query(
    job.update()
    .where(_UPDATED, job.c.lease_until.is_not(None))
    .values(
        state=bindparam("new_state"),
        error=bindparam("new_error"),
        error_type=bindparam("new_error_type"),
        lease_until=None,
        finished_date=bindparam("now"),
        last_modified_date=bindparam("now"),
    )
)
CANCEL = Query(job.update().where(_UPDATED).values(is_cancelled=True, last_modified_date=bindparam("now")))

#: The person who created a job, as a member of its network now.
PERSON = Query(
    select(
        user.c.person_id,
        person.c.login,
        user.c.role_id,
        or_(user.c.is_locked_out, person.c.is_locked_out, network.c.is_locked_out).label("is_locked_out"),
        select(network_total.c.total)
        .where(network_total.c.network_id == user.c.network_id, network_total.c.entity == counters.PERMISSION_CHANGES)
        .scalar_subquery()
        .label("permission_changes"),
    )
    .join(person, person.c.id == user.c.person_id)
    .join(network, network.c.id == user.c.network_id)
    .where(user.c.network_id == NETWORK_ID, user.c.id == bindparam("user_id")),
    CreatorRow,
)

#: The columns that lists read.
JOB_COLUMNS = tuple(job.c[name] for name in get_annotations(JobRow))
FAILURE_COLUMNS = tuple(job_failure.c[name] for name in get_annotations(FailureRow))


FAILURES_AFTER = Query(
    select(job_failure)
    .where(
        job_failure.c.network_id == NETWORK_ID,
        job_failure.c.job_id == bindparam("job_id"),
        job_failure.c.id > bindparam("after"),
    )
    .order_by(job_failure.c.id)
    .limit(bindparam("limit", type_=Integer())),
    FailureRow,
)
#: The last changes of a job come first: what it changed twice is put back in two steps.
CHANGES_BEFORE = Query(
    select(job_change)
    .where(
        job_change.c.network_id == NETWORK_ID,
        job_change.c.job_id == bindparam("job_id"),
        job_change.c.id < bindparam("before_id"),
    )
    .order_by(job_change.c.id.desc())
    .limit(bindparam("limit", type_=Integer())),
    ChangeRow,
)


def created_by(user_id: int | None) -> Scope:
    """Returns the scope of the jobs that a user has created."""
    return Scope("own jobs", (job.c.user_id == bindparam("creator_id"),), {"creator_id": user_id})


def failures_of(job_id: int) -> Scope:
    """Returns the scope of the failures of a job."""
    return Scope("failures of a job", (job_failure.c.job_id == bindparam("of_job"),), {"of_job": job_id})


def _delete_part(table: Table) -> Query:
    """Deletes some rows that belong to jobs that finished before a date."""
    old = and_(job.c.network_id == table.c.network_id, job.c.id == table.c.job_id)
    keys = list(table.primary_key.columns)
    found = select(*keys).join(job, old).where(job.c.finished_date < bindparam("before")).limit(BATCH)
    return Query(table.delete().where(tuple_(*keys).in_(found)))


_OLD = select(job.c.network_id, job.c.id).where(job.c.finished_date < bindparam("before")).limit(BATCH)
#: Delete some of what is too old; each repeats until it deletes nothing.
DELETIONS = (
    *(_delete_part(table) for table in (job_failure, job_change, job_input)),
    Query(job.delete().where(tuple_(job.c.network_id, job.c.id).in_(_OLD))),
)
