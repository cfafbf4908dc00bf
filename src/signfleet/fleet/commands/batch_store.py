"""The SQL of batches of commands."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import BigInteger, Integer, ScalarSelect, and_, bindparam, func, or_, select, union_all

from signfleet.fleet.commands.schemas import BatchState
from signfleet.fleet.commands.store import COLUMNS, CommandRow
from signfleet.foundation.storage.query import Query, among, with_id
from signfleet.foundation.storage.tables import command, command_batch, job


class BatchRow(Protocol):
    network_id: int
    id: int
    name: str
    #: JSON
    arguments: str
    filter: str
    author: str
    creation_date: int
    #: ms
    lifetime: int
    at_once: int | None
    stop_after: int | None
    #: ms
    jitter: int
    state: BatchState
    total: int
    skipped: int
    unable: int
    last_device_id: int
    end_date: int | None
    #: The job that creates its commands.
    job_id: int | None


class OpenBatchRow(BatchRow, Protocol):
    """A batch that has not ended, and how many of its jobs have not."""

    is_running: int


_THIS_BATCH = and_(command_batch.c.network_id == bindparam("network_id"), command_batch.c.id == bindparam("batch_id"))
_ITS_COMMANDS = and_(command.c.network_id == bindparam("network_id"), command.c.batch_id == bindparam("batch_id"))
#: Not released yet. The states that time and players cannot change.
_UNRELEASED = and_(command.c.state == "queued", command.c.release_date.is_(None))

INSERT = Query(command_batch.insert())
BATCH = Query(select(command_batch).where(_THIS_BATCH), BatchRow)
#: Locks a batch until the transaction ends. Lock order: the batch before devices and commands.
LOCK = Query(select(command_batch).where(_THIS_BATCH).with_for_update(), BatchRow)
PAGE = Query(
    select(command_batch)
    .where(
        command_batch.c.network_id == bindparam("network_id"),
        command_batch.c.id < bindparam("before"),
        or_(among(command_batch.c.name, "names"), command_batch.c.author == bindparam("caller")),
    )
    .order_by(command_batch.c.id.desc())
    .limit(bindparam("limit", type_=Integer())),
    BatchRow,
)
OPEN = Query(
    select(
        command_batch,
        select(func.count())
        .where(
            job.c.network_id == command_batch.c.network_id,
            job.c.id == command_batch.c.job_id,
            job.c.finished_date.is_(None),
        )
        .scalar_subquery()
        .label("is_running"),
    )
    .where(command_batch.c.end_date.is_(None))
    .order_by(command_batch.c.network_id, command_batch.c.id)
    .limit(1000),
    OpenBatchRow,
)
#: Locks the batch of a job, as `LOCK` does.
LOCK_OF_JOB = Query(
    select(command_batch)
    .where(command_batch.c.network_id == bindparam("network_id"), command_batch.c.job_id == bindparam("of_job"))
    .with_for_update(),
    BatchRow,
)
SET_PROGRESS = Query(
    command_batch.update()
    .where(with_id(command_batch.c.id))
    .values(
        total=command_batch.c.total + bindparam("created"),
        skipped=command_batch.c.skipped + bindparam("passed_over"),
        unable=command_batch.c.unable + bindparam("left_out"),
        last_device_id=bindparam("new_last"),
        state=bindparam("new_state"),
    )
)
SET_STATE = Query(
    command_batch.update()
    .where(with_id(command_batch.c.id))
    .values(state=bindparam("new_state"), end_date=bindparam("new_end_date"))
)


class BatchProgress(Protocol):
    """Whether a batch has unreleased commands, and how many are released without an outcome, or failed.

    The numbers stop at the limits of the batch, so that they cost the same for any size.
    """

    unreleased: int
    unfinished: int
    failures: int


def _at_most(name: str, *states: str, released: bool | None = None) -> ScalarSelect[int]:
    """Counts commands of a batch in some states up to the parameter `name`, by short walks along an index."""
    conditions = [_ITS_COMMANDS]
    if released is not None:
        conditions.append(command.c.release_date.is_not(None) if released else command.c.release_date.is_(None))
    walks = [select(command.c.id).where(*conditions, command.c.state == state) for state in states]
    found = (union_all(*walks) if len(walks) > 1 else walks[0]).limit(bindparam(name, type_=Integer())).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


PROGRESS = Query(
    select(
        _at_most("one", "queued", released=False).label("unreleased"),
        _at_most("most", "queued", "sent", "running", released=True).label("unfinished"),
        _at_most("failures_limit", "failed", "rejected", "expired", "lost").label("failures"),
    ),
    BatchProgress,
)


class StateCount(Protocol):
    state: str
    commands: int


STATES = Query(
    select(command.c.state, func.count().label("commands")).where(_ITS_COMMANDS).group_by(command.c.state), StateCount
)


class NextCommand(Protocol):
    id: int
    device_id: int


NEXT = Query(
    select(command.c.id, command.c.device_id)
    .where(_ITS_COMMANDS, _UNRELEASED)
    .order_by(command.c.id)
    .limit(bindparam("limit", type_=Integer())),
    NextCommand,
)
#: What a batch that ends has not released, locked until the transaction ends.
LOCK_REST = Query(
    select(*COLUMNS)
    .where(_ITS_COMMANDS, _UNRELEASED)
    .order_by(command.c.id)
    .limit(bindparam("limit", type_=Integer()))
    .with_for_update(),
    CommandRow,
)
RELEASE = Query(
    command.update()
    .where(with_id(command.c.id))
    .values(
        release_date=bindparam("moment", type_=BigInteger()),
        expiration_date=bindparam("expiration", type_=BigInteger()),
        due_date=bindparam("expiration", type_=BigInteger()),
    )
)
